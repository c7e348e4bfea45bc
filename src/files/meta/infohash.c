#include "files/meta/infohash.h"

#include <string.h>

const uint8_t *infohash_id(const struct infohash *h)
{
    return h->has_v1 ? h->v1 : h->has_v2 ? h->v2 : NULL;
}

size_t infohash_wire(const struct infohash *h, const uint8_t *out[INFOHASH_WIRE_MAX])
{
    size_t n = 0;
    if (h->has_v1)
        out[n++] = h->v1;
    if (h->has_v2)
        out[n++] = h->v2;
    return n;
}

bool infohash_is_wire(const struct infohash *h, const uint8_t wire[INFOHASH_LEN])
{
    return (h->has_v1 && memcmp(h->v1, wire, INFOHASH_LEN) == 0) ||
           (h->has_v2 && memcmp(h->v2, wire, INFOHASH_LEN) == 0);
}

bool infohash_same(const struct infohash *a, const struct infohash *b)
{
    bool both_v1 = a->has_v1 && b->has_v1, both_v2 = a->has_v2 && b->has_v2;
    if ((both_v1 && memcmp(a->v1, b->v1, sizeof a->v1) != 0) ||
        (both_v2 && memcmp(a->v2, b->v2, sizeof a->v2) != 0))
        return false;
    return both_v1 || both_v2;
}

void infohash_learn(struct infohash *a, const struct infohash *b)
{
    if (!a->has_v1 && b->has_v1)
        memcpy(a->v1, b->v1, sizeof a->v1);
    if (!a->has_v2 && b->has_v2)
        memcpy(a->v2, b->v2, sizeof a->v2);
    a->has_v1 |= b->has_v1;
    a->has_v2 |= b->has_v2;
}
