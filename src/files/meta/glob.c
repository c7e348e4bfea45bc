#include "files/meta/glob.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <string.h>

static const char between[] = " ,\t\r\n";

struct globs {
    size_t count;
    char *pattern[GLOBS_MAX];
};

struct globs *globs_parse(const char *text, struct why *why)
{
    struct globs *g = MEM_NEW(struct globs);
    for (text += strspn(text, between); *text; text += strspn(text, between)) {
        size_t n = strcspn(text, between);
        if (g->count == GLOBS_MAX || n > GLOB_LEN_MAX) {
            why_set(why, ERR_LIMIT, "at most %d patterns of at most %d bytes each", GLOBS_MAX,
                    GLOB_LEN_MAX);
            globs_free(g);
            return NULL;
        }
        g->pattern[g->count++] = mem_strndup(text, n);
        text += n;
    }
    return g;
}

void globs_free(struct globs *g)
{
    if (!g)
        return;
    for (size_t i = 0; i < g->count; i++)
        free(g->pattern[i]);
    free(g);
}

size_t globs_count(const struct globs *g)
{
    return g->count;
}

static char small(char c)
{
    return (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
}

/* Bytes of the character that `text` begins with; a malformed one is a byte. */
static size_t char_len(const char *text, size_t n)
{
    uint32_t code;
    size_t len = utf8_char((const uint8_t *)text, n, &code);
    return len > 0 ? len : 1;
}

static bool matches(const char *p, const char *name, size_t n)
{
    const char *star = NULL;    /* what comes behind the last '*' */
    size_t at = 0, resumed = 0; /* in the name: where we are, where that '*' ends so far */
    while (at < n) {
        if (*p == '*') {
            star = ++p;
            resumed = at;
        } else if (*p == '?') {
            p++;
            at += char_len(name + at, n - at);
        } else if (*p != '\0' && small(*p) == small(name[at])) {
            p++;
            at++;
        } else if (star) { /* the last '*' takes one byte more */
            p = star;
            at = ++resumed;
        } else {
            return false;
        }
    }
    return p[strspn(p, "*")] == '\0';
}

const char *globs_match(const struct globs *g, const char *path)
{
    size_t n = strlen(path);
    while (n > 0 && (path[n - 1] == ' ' || path[n - 1] == '.'))
        n--;
    size_t last = n;
    while (last > 0 && path[last - 1] != '/')
        last--;
    for (size_t i = 0; i < g->count; i++) {
        size_t from = strchr(g->pattern[i], '/') ? 0 : last;
        if (matches(g->pattern[i], path + from, n - from))
            return g->pattern[i];
    }
    return NULL;
}
