/* A document as a file. */
#include "base/mem.h"
#include "ydoc/app/docs_in.h"
#include "ydoc/app/export.h"

#include <stdlib.h>
#include <string.h>

static json_t *json_of(struct buf *text)
{
    json_t *out = json_loadb((const char *)buf_bytes(text), buf_len(text), JSON_ALLOW_NUL, NULL);
    buf_done(text);
    return out ? out : json_array();
}

/* The text, or, where that is empty, what an editor over ProseMirror keeps: the names are those of
 * Tiptap and of y-prosemirror's own examples. */
static json_t *delta_of(struct ydoc *doc)
{
    static const char *const others[] = {"default", "prosemirror"};
    struct buf said = {0};
    ydoc_delta(doc, DOCS_ROOT, &said);
    json_t *delta = json_of(&said);
    for (size_t i = 0; i < 2 && json_array_size(delta) == 0; i++) {
        ydoc_tree(doc, others[i], &said);
        json_t *tree = json_of(&said);
        json_decref(delta);
        delta = export_delta(tree);
        json_decref(tree);
    }
    return delta;
}

static void put_txt(const json_t *delta, struct buf *out)
{
    size_t i;
    const json_t *op;
    json_array_foreach(delta, i, op) {
        const json_t *insert = json_object_get(op, "insert");
        buf_put(out, json_string_value(insert), json_string_length(insert));
    }
}

static json_t *export_json(const struct shelf_doc *doc, struct ydoc *y, const char *format)
{
    struct buf out = {0};
    char id[DOC_ID_TEXT];
    json_t *delta = delta_of(y);
    if (!strcmp(format, "txt"))
        put_txt(delta, &out);
    else if (!strcmp(format, "html"))
        export_html(doc->title, delta, &out);
    else
        export_md(delta, &out);
    json_decref(delta);
    json_t *answer =
        json_pack("{s:s, s:s, s:s, s:o}", "id", doc_id_text(&doc->id, id), "title", doc->title,
                  "format", format, "text",
                  json_stringn(buf_len(&out) ? (const char *)buf_bytes(&out) : "", buf_len(&out)));
    buf_done(&out);
    return answer;
}

void docs_on_export(void *app, struct call *c)
{
    struct docs *d = app;
    struct shelf_doc doc;
    int64_t revision;
    const char *format = call_text(c, "format");
    if (!docs_named(d, c, &doc, &revision))
        return;
    if (revision > 0) {
        struct ydoc *past = docs_revision(d, c, &doc.id, revision);
        if (past)
            call_ok(c, export_json(&doc, past, format ? format : "md"));
        ydoc_free(past);
        return;
    }
    struct room *room = docs_room(d, c, &doc.id);
    if (!room)
        return;
    call_ok(c, export_json(&doc, room_doc(room), format ? format : "md"));
    room_done(room);
}
