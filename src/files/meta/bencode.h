/* files/meta/bencode.h - bencoding (BEP 3, "bencoding"): reading foreign bytes, writing our own.
 *
 * Reading gives a tree in an arena whose strings are views of the input, which must outlive it.
 * Bounded: BEN_DEPTH levels, BEN_NODES values, and no size is believed before its bytes are there.
 * Accepted though not canonical, as every client does: dictionary keys out of order and keys given
 * twice (the first counts).  Refused: leading zeros, "-0", integers beyond 64 bits, bytes left
 * over. */
#ifndef SHOAL_FILES_META_BENCODE_H
#define SHOAL_FILES_META_BENCODE_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

enum { BEN_DEPTH = 32, BEN_NODES = 2000000 };

enum ben_type { BEN_INT, BEN_STR, BEN_LIST, BEN_DICT };

struct ben {
    enum ben_type type;
    int64_t i;        /* BEN_INT */
    struct cur str;   /* BEN_STR */
    struct cur raw;   /* the value's own bytes, as they came: what an infohash is made of */
    struct cur key;   /* of a dictionary's member */
    struct ben *kids; /* first member of a list or dictionary */
    struct ben *next; /* the next sibling */
    size_t count;     /* members */
};

/* One value that fills all of `bytes`. */
MUST_CHECK enum err ben_parse(struct arena *a, struct cur bytes, const struct ben **out,
                              struct why *why);
/* One value at the front; *bytes moves past it (ut_metadata's data follows its dictionary). */
MUST_CHECK enum err ben_parse_front(struct arena *a, struct cur *bytes, const struct ben **out,
                                    struct why *why);

/* Members by key; NULL when absent or of another type, or when d is NULL or no dictionary. */
const struct ben *ben_get(const struct ben *d, const char *key, enum ben_type type);
int64_t ben_int(const struct ben *d, const char *key, int64_t fallback);
/* The string member, or an empty cursor. */
struct cur ben_str(const struct ben *d, const char *key);

/* Writing: the caller gives keys in order (asserted in debug builds by tests, not here). */
void ben_put_int(struct buf *b, int64_t v);
void ben_put_str(struct buf *b, const void *s, size_t n);
void ben_put_key(struct buf *b, const char *key);

#endif
