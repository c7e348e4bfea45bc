/* conf_edit(): one line of somebody's shoal.conf changes, and not a byte of the others.
 *
 * What is a section, a key and a comment must be the same here as to libinih, which does the
 * reading; conf_fuzz.c holds the two against each other. */
#include "base/conf.h"

#include "base/conf_value.h"
#include "base/mem.h"

#include <string.h>

/* Bytes of the text, from `at` up to `end`. */
struct span {
    size_t at, end;
};

enum line_kind { LINE_OTHER, LINE_SECTION, LINE_KEY };

struct line {
    enum line_kind kind;
    struct span name;  /* of the section or the key */
    struct span value; /* trimmed, without a comment behind it */
    size_t end;        /* one past its newline */
};

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static struct span trim(const char *text, struct span s)
{
    while (s.at < s.end && is_space(text[s.at]))
        s.at++;
    while (s.end > s.at && is_space(text[s.end - 1]))
        s.end--;
    return s;
}

/* The first of `stops`, or of a ";" behind white space (an inline comment), or the end. */
static size_t find(const char *text, struct span s, const char *stops)
{
    for (size_t i = s.at; i < s.end; i++)
        if (strchr(stops, text[i]) || (text[i] == ';' && i > s.at && is_space(text[i - 1])))
            return i;
    return s.end;
}

/* The line that begins at `at`. */
static struct line read_line(const char *text, size_t n, size_t at)
{
    const char *newline = memchr(text + at, '\n', n - at);
    struct line l = {.end = newline ? (size_t)(newline - text) + 1 : n};
    struct span all = trim(text, (struct span){at, l.end});
    if (at == 0 && all.end - all.at >= 3 && !memcmp(text + all.at, "\xef\xbb\xbf", 3))
        all = trim(text, (struct span){all.at + 3, all.end}); /* behind a byte order mark */
    if (all.at == all.end || text[all.at] == ';' || text[all.at] == '#')
        return l;
    if (text[all.at] == '[') {
        size_t close = find(text, (struct span){all.at + 1, all.end}, "]");
        l.kind = close < all.end && text[close] == ']' ? LINE_SECTION : LINE_OTHER;
        l.name = (struct span){all.at + 1, close};
        return l;
    }
    size_t sign = find(text, all, "=:");
    if (sign == all.end || text[sign] == ';')
        return l;
    l.kind = LINE_KEY;
    l.name = trim(text, (struct span){all.at, sign});
    struct span value = {sign + 1, all.end};
    value.end = find(text, value, "");
    l.value = trim(text, value);
    if (l.value.at == l.value.end) /* of nothing the place is right behind the sign */
        l.value = (struct span){sign + 1, sign + 1};
    return l;
}

/* Where things are, for one key. */
struct places {
    bool found, section_found;
    struct line line; /* the key's, when found; the last one, if several */
    size_t line_at;   /* where it begins */
    size_t behind;    /* of the section's last key, or of its heading */
};

static bool is(const char *text, struct span s, const char *word, size_t n)
{
    return s.end - s.at == n && !memcmp(text + s.at, word, n);
}

static struct places look(const char *text, size_t n, const char *key)
{
    size_t section_len = strcspn(key, ".");
    struct places p = {0};
    struct span section = {0, 0};
    for (size_t at = 0; at < n;) {
        struct line l = read_line(text, n, at);
        if (l.kind == LINE_SECTION)
            section = l.name;
        bool here = section.end > section.at && is(text, section, key, section_len);
        bool whole = section.end == section.at; /* above all sections: "files.listen = ..." */
        if (l.kind != LINE_OTHER && here) {
            p.section_found = true;
            p.behind = l.end;
        }
        if (l.kind == LINE_KEY &&
            ((here && is(text, l.name, key + section_len + 1, strlen(key + section_len + 1))) ||
             (whole && is(text, l.name, key, strlen(key))))) {
            p.found = true;
            p.line = l;
            p.line_at = at;
        }
        at = l.end;
    }
    return p;
}

static void check_value(const char *key, const char *value)
{
    const struct conf_key any = {.name = key, .type = CONF_TEXT, .fallback = ""};
    if (value && conf_value_check(&any, value, NULL) != OK)
        abort();
    if (!strchr(key, '.'))
        abort();
}

void conf_edit(struct buf *out, const char *text, size_t n, const char *key, const char *value)
{
    check_value(key, value);
    if (n == 0)
        text = ""; /* an empty buffer's bytes are NULL */
    const char *first = memchr(text, '\n', n);
    const char *newline = first && first > text && first[-1] == '\r' ? "\r\n" : "\n";
    int section_len = (int)strcspn(key, ".");
    const char *name = key + section_len + 1;
    struct places p = look(text, n, key);

    if (!value) {
        size_t from = p.found ? p.line_at : n, to = p.found ? p.line.end : n;
        buf_put(out, text, from);
        buf_put(out, text + to, n - to);
    } else if (p.found) {
        struct span old = p.line.value;
        buf_put(out, text, old.at);
        if (old.at == old.end)
            buf_str(out, " ");
        buf_str(out, value);
        buf_put(out, text + old.end, n - old.end);
    } else if (p.section_found) {
        buf_put(out, text, p.behind);
        if (text[p.behind - 1] != '\n')
            buf_str(out, newline);
        buf_printf(out, "%s = %s%s", name, value, newline);
        buf_put(out, text + p.behind, n - p.behind);
    } else {
        buf_put(out, text, n);
        if (n > 0 && text[n - 1] != '\n')
            buf_str(out, newline);
        buf_printf(out, "%s[%.*s]%s%s = %s%s", n > 0 ? newline : "", section_len, key, newline,
                   name, value, newline);
    }
}
