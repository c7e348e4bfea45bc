/* ProseMirror's nodes as a delta: blocks become lines, what they stand in becomes their formats. */
#include "base/mem.h"
#include "ydoc/app/export.h"

#include <string.h>

/* What a block stands in. */
struct within {
    const char *list; /* NULL: none */
    unsigned indent;
    unsigned header; /* 0: none */
    bool quote, code;
};

static bool is(const char *tag, const char *camel, const char *snake)
{
    return strcmp(tag, camel) == 0 || strcmp(tag, snake) == 0;
}

static void end_line(json_t *out, const struct within *in)
{
    json_t *marks = json_object();
    if (in->header > 0)
        json_object_set_new(marks, "header", json_integer(in->header));
    else if (in->code)
        json_object_set_new(marks, "code-block", json_true());
    else if (in->list)
        json_object_set_new(marks, "list", json_string(in->list));
    else if (in->quote)
        json_object_set_new(marks, "blockquote", json_true());
    if (in->list && in->indent > 0)
        json_object_set_new(marks, "indent", json_integer(in->indent));
    json_array_append_new(out, json_pack("{s:s, s:o}", "insert", "\n", "attributes", marks));
}

/* A newline in a text is a line's end of its block too. */
static void put_text(json_t *out, const json_t *delta, const struct within *in)
{
    size_t i;
    const json_t *op;
    json_array_foreach(delta, i, op) {
        const json_t *insert = json_object_get(op, "insert"),
                     *marks = json_object_get(op, "attributes");
        struct cur text = cur_of(json_string_value(insert), json_string_length(insert));
        while (text.n > 0) {
            const uint8_t *end = memchr(text.p, '\n', text.n);
            struct cur line = cur_take(&text, end ? (size_t)(end - text.p) : text.n);
            json_t *piece = json_object();
            json_object_set_new(piece, "insert", json_stringn((const char *)line.p, line.n));
            if (marks)
                json_object_set(piece, "attributes", (json_t *)marks);
            json_array_append_new(out, piece);
            if (!end)
                continue;
            cur_take(&text, 1);
            end_line(out, in);
        }
    }
}

static struct within step_in(const struct within *in, const char *tag, const json_t *marks)
{
    struct within now = *in;
    bool ordered = is(tag, "orderedList", "ordered_list");
    if (ordered || is(tag, "bulletList", "bullet_list") || is(tag, "taskList", "task_list")) {
        now.indent += in->list != NULL;
        now.list = ordered ? "ordered" : "bullet";
    } else if (is(tag, "taskItem", "task_item")) {
        now.list = json_is_true(json_object_get(marks, "checked")) ? "checked" : "unchecked";
    } else if (is(tag, "heading", "header")) {
        double level = json_number_value(json_object_get(marks, "level"));
        now.header = level >= 1 && level <= 6 ? (unsigned)level : 1;
    } else if (is(tag, "blockquote", "block_quote")) {
        now.quote = true;
    } else if (is(tag, "codeBlock", "code_block")) {
        now.code = true;
    }
    return now;
}

/* True where the last line is open: it holds text, and waits for its end.  As deep as ydoc_tree()
 * goes. */
static bool flatten(json_t *out, const json_t *nodes, const struct within *in)
{
    bool open = false;
    size_t i;
    const json_t *node;
    json_array_foreach(nodes, i, node) {
        const json_t *text = json_object_get(node, "text");
        const char *tag = json_string_value(json_object_get(node, "tag"));
        if (text) {
            put_text(out, text, in);
            open = true;
        } else if (tag && is(tag, "hardBreak", "hard_break")) {
            end_line(out, in);
        } else if (tag) {
            const json_t *children = json_object_get(node, "children");
            struct within now = step_in(in, tag, json_object_get(node, "attributes"));
            if (open)
                end_line(out, in);
            open = false;
            if (flatten(out, children, &now) || json_array_size(children) == 0)
                end_line(out, &now);
        }
    }
    return open;
}

json_t *export_delta(const json_t *tree)
{
    static const struct within nothing = {0};
    json_t *out = json_array();
    if (flatten(out, tree, &nothing))
        end_line(out, &nothing);
    return out;
}
