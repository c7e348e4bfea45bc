#include "base/lines.h"

#include <string.h>
#include <strings.h>

bool line_next(struct cur *c, struct cur *line)
{
    const uint8_t *end = c->n ? memchr(c->p, '\n', c->n) : NULL;
    if (!end)
        return false;
    *line = cur_take(c, (size_t)(end - c->p));
    cur_u8(c);
    if (line->n > 0 && line->p[line->n - 1] == '\r')
        line->n--;
    return true;
}

struct cur line_trim(struct cur c)
{
    while (c.n > 0 && (c.p[0] == ' ' || c.p[0] == '\t'))
        cur_u8(&c);
    while (c.n > 0 && (c.p[c.n - 1] == ' ' || c.p[c.n - 1] == '\t'))
        c.n--;
    return c;
}

bool line_begins(struct cur c, const char *word)
{
    size_t n = strlen(word);
    return c.n >= n && (n == 0 || strncasecmp((const char *)c.p, word, n) == 0);
}

bool line_is(struct cur c, const char *word)
{
    return c.n == strlen(word) && line_begins(c, word);
}

bool line_header(struct cur line, const char *name, struct cur *value)
{
    if (!line_begins(line, name))
        return false;
    cur_take(&line, strlen(name));
    if (cur_u8(&line) != ':')
        return false;
    *value = line_trim(line);
    return true;
}
