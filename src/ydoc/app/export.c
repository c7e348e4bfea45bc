#include "ydoc/app/export.h"

#include "base/mem.h"

#include <string.h>
#include <strings.h>

/* A line of the document: its pieces, and what its end says of it. */
struct piece {
    struct cur text;
    const json_t *marks; /* NULL: none */
};

enum block { PLAIN, HEADER, BULLET, ORDERED, CHECKED, UNCHECKED, QUOTE, CODE };

struct line {
    struct piece *pieces;
    size_t n, cap;
    enum block block;
    unsigned level; /* of a header 1 to 6, of a list's item 0 to 8 */
};

typedef void line_fn(void *arg, const struct line *line);

static const char *text_of(const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));
    return s ? s : "";
}

static bool is_set(const json_t *marks, const char *a, const char *b)
{
    const json_t *v = json_object_get(marks, a);
    if (!v)
        v = json_object_get(marks, b);
    return v && !json_is_null(v) && !json_is_false(v);
}

static unsigned number_of(const json_t *marks, const char *name, unsigned most)
{
    double v = json_number_value(json_object_get(marks, name));
    return v < 1 ? 0 : v > most ? most : (unsigned)v;
}

static enum block list_of(const char *kind)
{
    return !strcmp(kind, "ordered")     ? ORDERED
           : !strcmp(kind, "checked")   ? CHECKED
           : !strcmp(kind, "unchecked") ? UNCHECKED
                                        : BULLET;
}

/* Quill, "Formats": block formats are attributes of the line's newline. */
static void read_end(struct line *line, const json_t *marks)
{
    const char *header = json_object_get(marks, "header") ? "header" : "heading";
    line->block = PLAIN;
    line->level = number_of(marks, header, 6);
    if (line->level > 0) {
        line->block = HEADER;
    } else if (is_set(marks, "list", "list")) {
        line->block = list_of(text_of(marks, "list"));
        line->level = number_of(marks, "indent", 8);
    } else if (is_set(marks, "blockquote", "blockquote")) {
        line->block = QUOTE;
    } else if (is_set(marks, "code-block", "codeBlock")) {
        line->block = CODE;
    }
}

static void add_piece(struct line *line, struct cur text, const json_t *marks)
{
    if (text.n == 0)
        return;
    if (line->n == line->cap)
        line->pieces =
            mem_realloc(line->pieces, (line->cap = 2 * line->cap + 8) * sizeof *line->pieces);
    line->pieces[line->n++] = (struct piece){text, marks};
}

static void each_line(const json_t *delta, line_fn *tell, void *arg)
{
    struct line line = {0};
    size_t i;
    const json_t *op;
    json_array_foreach(delta, i, op) {
        const json_t *insert = json_object_get(op, "insert");
        const json_t *marks = json_object_get(op, "attributes");
        struct cur text = cur_of(json_string_value(insert), json_string_length(insert));
        while (text.n > 0) {
            const uint8_t *end = memchr(text.p, '\n', text.n);
            add_piece(&line, cur_take(&text, end ? (size_t)(end - text.p) : text.n), marks);
            if (!end)
                continue;
            cur_take(&text, 1);
            read_end(&line, marks);
            tell(arg, &line);
            line.n = 0;
        }
    }
    if (line.n > 0) {
        read_end(&line, NULL);
        tell(arg, &line);
    }
    free(line.pieces);
}

/* What may be followed without harm; NULL: nothing. */
static const char *link_of(const json_t *marks)
{
    static const char *const good[] = {"http://", "https://", "mailto:"};
    const json_t *link = json_object_get(marks, "link");
    const char *url = json_is_object(link) ? text_of(link, "href") : text_of(marks, "link");
    for (const char *p = url; *p; p++)
        if ((unsigned char)*p <= ' ' || *p == 0x7f)
            return NULL;
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        if (strncasecmp(url, good[i], strlen(good[i])) == 0)
            return url;
    return NULL;
}

/* --- HTML ------------------------------------------------------------------------------------- */

struct html {
    struct buf *out;
    const char *open; /* the element that lines are in now; NULL: none */
};

static void put_escaped(struct buf *out, struct cur text)
{
    for (size_t i = 0; i < text.n; i++)
        switch (text.p[i]) {
        case '<':
            buf_str(out, "&lt;");
            break;
        case '>':
            buf_str(out, "&gt;");
            break;
        case '&':
            buf_str(out, "&amp;");
            break;
        case '"':
            buf_str(out, "&quot;");
            break;
        case '\'':
            buf_str(out, "&#39;");
            break;
        default:
            if (text.p[i] >= ' ' || text.p[i] == '\t') /* HTML has no way to say the others */
                buf_u8(out, text.p[i]);
        }
}

static const struct {
    const char *name, *other, *tag, *md;
} inlines[] = {
    {"bold", "strong", "strong", "**"},     {"italic", "em", "em", "*"},
    {"strike", "strikethrough", "s", "~~"}, {"underline", "u", "u", ""},
    {"code", "code", "code", ""}, /* Markdown's is put_code() */
};
enum { INLINES = sizeof inlines / sizeof *inlines };

static void html_piece(struct buf *out, const struct piece *p)
{
    const char *url = link_of(p->marks);
    if (url) {
        buf_str(out, "<a href=\"");
        put_escaped(out, cur_of(url, strlen(url)));
        buf_str(out, "\" rel=\"noopener noreferrer\">");
    }
    for (size_t i = 0; i < INLINES; i++)
        if (is_set(p->marks, inlines[i].name, inlines[i].other))
            buf_printf(out, "<%s>", inlines[i].tag);
    put_escaped(out, p->text);
    for (size_t i = INLINES; i-- > 0;)
        if (is_set(p->marks, inlines[i].name, inlines[i].other))
            buf_printf(out, "</%s>", inlines[i].tag);
    if (url)
        buf_str(out, "</a>");
}

static void html_within(struct html *h, const char *element)
{
    if (h->open == element || (h->open && element && !strcmp(h->open, element)))
        return;
    if (h->open)
        buf_printf(h->out, "</%s>\n", h->open);
    if (element)
        buf_printf(h->out, "<%s>\n", element);
    h->open = element;
}

static const char *html_around(enum block block)
{
    switch (block) {
    case PLAIN:
    case HEADER:
        return NULL;
    case ORDERED:
        return "ol";
    case BULLET:
    case CHECKED:
    case UNCHECKED:
        return "ul";
    case QUOTE:
        return "blockquote";
    case CODE:
        return "pre";
    }
    return NULL;
}

static void html_line(void *arg, const struct line *line)
{
    struct html *h = arg;
    char tag[8] = "p";
    enum block b = line->block;
    bool item = b == BULLET || b == ORDERED || b == CHECKED || b == UNCHECKED;
    html_within(h, html_around(b));
    if (b == HEADER) {
        tag[0] = 'h';
        tag[1] = (char)('0' + line->level);
        tag[2] = '\0';
    }
    if (item && line->level > 0)
        buf_printf(h->out, "<li class=\"indent-%u\">", line->level);
    else if (b != CODE)
        buf_printf(h->out, "<%s>", item ? "li" : tag);
    if (b == CHECKED || b == UNCHECKED)
        buf_printf(h->out, "<input type=\"checkbox\" disabled%s> ", b == CHECKED ? " checked" : "");
    for (size_t i = 0; i < line->n; i++)
        html_piece(h->out, &line->pieces[i]);
    if (b != CODE)
        buf_printf(h->out, "</%s>", item ? "li" : tag);
    buf_u8(h->out, '\n');
}

void export_html(const char *title, const json_t *delta, struct buf *out)
{
    struct html h = {.out = out};
    struct cur name = cur_of(title, strlen(title));
    buf_str(out, "<!doctype html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n"
                 "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
                 "style-src 'unsafe-inline'\">\n<title>");
    put_escaped(out, name);
    buf_str(out, "</title>\n<style>body { max-width: 45em; margin: 2em auto; padding: 0 1em; "
                 "font-family: sans-serif; line-height: 1.5; } p { white-space: pre-wrap; "
                 "margin: 0; min-height: 1.5em; }</style>\n</head>\n<body>\n<h1>");
    put_escaped(out, name);
    buf_str(out, "</h1>\n");
    each_line(delta, html_line, &h);
    html_within(&h, NULL);
    buf_str(out, "</body>\n</html>\n");
}

/* --- Markdown --------------------------------------------------------------------------------- */

struct md {
    struct buf *out;
    bool code;   /* inside a fence */
    bool plain;  /* no line has a mark: the text is Markdown already, and stays as it is */
    unsigned at; /* the number of the last item */
};

static bool has_marks(const json_t *delta)
{
    size_t i;
    const json_t *op;
    json_array_foreach(delta, i, op)
        if (json_object_size(json_object_get(op, "attributes")) > 0)
            return true;
    return false;
}

/* CommonMark section 2.4: any ASCII punctuation may stand behind a backslash. */
static void md_text(struct buf *out, struct cur text)
{
    for (size_t i = 0; i < text.n; i++) {
        if (memchr("\\`*_[]<>#~|", text.p[i], 11))
            buf_u8(out, '\\');
        buf_u8(out, text.p[i]);
    }
}

/* CommonMark section 6.1: more backticks around it than there are in it. */
static void put_code(struct buf *out, struct cur text)
{
    size_t most = 0, run = 0;
    for (size_t i = 0; i < text.n; i++) {
        run = text.p[i] == '`' ? run + 1 : 0;
        most = run > most ? run : most;
    }
    for (size_t i = 0; i <= most; i++)
        buf_u8(out, '`');
    buf_str(out, most ? " " : "");
    buf_put(out, text.p, text.n);
    buf_str(out, most ? " " : "");
    for (size_t i = 0; i <= most; i++)
        buf_u8(out, '`');
}

static void md_piece(struct buf *out, const struct piece *p)
{
    const char *url = link_of(p->marks);
    buf_str(out, url ? "[" : "");
    for (size_t i = 0; i < INLINES; i++)
        if (is_set(p->marks, inlines[i].name, inlines[i].other))
            buf_str(out, inlines[i].md);
    if (is_set(p->marks, "code", "code"))
        put_code(out, p->text);
    else
        md_text(out, p->text);
    for (size_t i = INLINES; i-- > 0;)
        if (is_set(p->marks, inlines[i].name, inlines[i].other))
            buf_str(out, inlines[i].md);
    if (!url)
        return;
    buf_str(out, "](<");
    for (; *url; url++)
        if (*url != '<' && *url != '>' && *url != '\\')
            buf_u8(out, (uint8_t)*url);
    buf_str(out, ">)");
}

static void md_begin(struct md *m, const struct line *line)
{
    struct buf *out = m->out;
    switch (line->block) {
    case PLAIN:
    case CODE:
        break;
    case HEADER:
        buf_printf(out, "%.*s ", (int)line->level, "######");
        break;
    case QUOTE:
        buf_str(out, "> ");
        break;
    case ORDERED:
        buf_printf(out, "%*s%u. ", (int)line->level * 3, "", ++m->at);
        return;
    case BULLET:
        buf_printf(out, "%*s- ", (int)line->level * 3, "");
        return;
    case CHECKED:
        buf_printf(out, "%*s- [x] ", (int)line->level * 3, "");
        return;
    case UNCHECKED:
        buf_printf(out, "%*s- [ ] ", (int)line->level * 3, "");
        return;
    }
    m->at = 0;
}

static void md_line(void *arg, const struct line *line)
{
    struct md *m = arg;
    bool code = line->block == CODE;
    if (code != m->code)
        buf_str(m->out, "```\n");
    m->code = code;
    md_begin(m, line);
    for (size_t i = 0; i < line->n; i++)
        if (code || m->plain)
            buf_put(m->out, line->pieces[i].text.p, line->pieces[i].text.n);
        else
            md_piece(m->out, &line->pieces[i]);
    buf_u8(m->out, '\n');
}

void export_md(const json_t *delta, struct buf *out)
{
    struct md m = {.out = out, .plain = !has_marks(delta)};
    each_line(delta, md_line, &m);
    if (m.code)
        buf_str(out, "```\n");
}
