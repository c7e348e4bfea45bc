/* ydoc/marks.h - the attributes in force at a place of a text, or wanted there: key to value.
 *
 * A few entries, in the order in which they came; it owns copies of all bytes. */
#ifndef SHOAL_YDOC_MARKS_H
#define SHOAL_YDOC_MARKS_H

#include "base/cur.h"

#include <stdbool.h>
#include <stddef.h>

struct marks {
    struct mark {
        uint8_t *bytes; /* the key, then the value */
        size_t key_n, value_n;
    } * at;
    size_t n, cap;
};

/* Frees all and leaves it empty. */
void marks_done(struct marks *m);

/* The entry's place, or m->n. */
size_t marks_find(const struct marks *m, struct cur key);
static inline bool marks_has(const struct marks *m, struct cur key)
{
    return marks_find(m, key) < m->n;
}
struct cur marks_key(const struct marks *m, size_t i);
struct cur marks_value(const struct marks *m, size_t i);

/* Does the key have this value?  A key that is not there has null. */
bool marks_equal(const struct marks *m, struct cur key, struct cur value);

/* Set a value, or take the key away. */
void marks_set(struct marks *m, struct cur key, struct cur value);
/* Nothing when it is not there. */
void marks_drop(struct marks *m, struct cur key);
/* As a text's mark does: null takes the key away. */
void marks_apply(struct marks *m, struct cur key, struct cur value);
/* Of an object in the encoding of ydoc/any.h. */
void marks_read(struct marks *m, struct cur object);
void marks_copy(struct marks *m, const struct marks *from);

#endif
