#include "ydoc/marks.h"

#include "base/mem.h"
#include "ydoc/any.h"
#include "ydoc/lib0.h"

#include <stdlib.h>
#include <string.h>

static bool same(struct cur a, struct cur b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

void marks_done(struct marks *m)
{
    for (size_t i = 0; i < m->n; i++)
        free(m->at[i].bytes);
    free(m->at);
    *m = (struct marks){0};
}

struct cur marks_key(const struct marks *m, size_t i)
{
    return cur_of(m->at[i].bytes, m->at[i].key_n);
}

struct cur marks_value(const struct marks *m, size_t i)
{
    return cur_of(m->at[i].bytes + m->at[i].key_n, m->at[i].value_n);
}

size_t marks_find(const struct marks *m, struct cur key)
{
    size_t i = 0;
    while (i < m->n && !same(marks_key(m, i), key))
        i++;
    return i;
}

bool marks_equal(const struct marks *m, struct cur key, struct cur value)
{
    size_t i = marks_find(m, key);
    return i < m->n ? same(marks_value(m, i), value) : value.n == 1 && *value.p == ANY_NULL;
}

static void join(struct mark *to, struct cur key, struct cur value)
{
    uint8_t *bytes = mem_zalloc(key.n + value.n);
    if (key.n > 0)
        memcpy(bytes, key.p, key.n);
    if (value.n > 0)
        memcpy(bytes + key.n, value.p, value.n);
    *to = (struct mark){bytes, key.n, value.n};
}

void marks_set(struct marks *m, struct cur key, struct cur value)
{
    size_t i = marks_find(m, key);
    struct mark next;
    join(&next, key, value);
    if (i < m->n) {
        free(m->at[i].bytes);
        m->at[i] = next;
        return;
    }
    if (m->n == m->cap) {
        m->cap = m->cap ? 2 * m->cap : 4;
        m->at = mem_realloc(m->at, m->cap * sizeof *m->at);
    }
    m->at[m->n++] = next;
}

void marks_drop(struct marks *m, struct cur key)
{
    size_t i = marks_find(m, key);
    if (i == m->n)
        return;
    free(m->at[i].bytes);
    m->n--;
    memmove(m->at + i, m->at + i + 1, (m->n - i) * sizeof *m->at);
}

void marks_apply(struct marks *m, struct cur key, struct cur value)
{
    if (value.n == 1 && *value.p == ANY_NULL)
        marks_drop(m, key);
    else
        marks_set(m, key, value);
}

void marks_read(struct marks *m, struct cur object)
{
    if (cur_u8(&object) != ANY_OBJECT)
        return;
    for (uint64_t n = lib0_uint(&object); n > 0 && !object.bad; n--) {
        struct cur key = lib0_bytes(&object);
        struct cur value = any_take(&object);
        marks_set(m, key, value);
    }
}

void marks_copy(struct marks *m, const struct marks *from)
{
    for (size_t i = 0; i < from->n; i++)
        marks_set(m, marks_key(from, i), marks_value(from, i));
}
