#include "files/meta/bencode.h"

#include <inttypes.h>
#include <string.h>

/* One reading: the place we have come to, and what it may still cost. */
struct reader {
    struct arena *arena;
    struct cur c;
    size_t total; /* bytes at the start, for the places in error texts */
    size_t nodes; /* values made */
    struct why *why;
};

static size_t place(const struct reader *r)
{
    return r->total - r->c.n;
}

/* The next byte, which stays where it is; 0 at the end. */
static uint8_t peek(const struct reader *r)
{
    struct cur look = r->c;
    return cur_u8(&look);
}

static bool is_digit(uint8_t b)
{
    return b >= '0' && b <= '9';
}

static enum err bad(struct reader *r, const char *what)
{
    if (r->c.n == 0)
        return why_set(r->why, ERR_INVALID, "bencode: cut short after %zu bytes", r->total);
    return why_set(r->why, ERR_INVALID, "bencode: byte %zu: %s", place(r), what);
}

/* Digits up to `end`, without leading zeros, at most `most`. */
static enum err number(struct reader *r, uint8_t end, uint64_t most, uint64_t *out)
{
    if (!is_digit(peek(r)))
        return bad(r, "a digit is missing");
    bool zero = peek(r) == '0';
    uint64_t v = 0;
    for (unsigned digits = 0; is_digit(peek(r)); digits++) {
        if (zero && digits > 0)
            return bad(r, "a number with a leading zero");
        unsigned d = cur_u8(&r->c) - (unsigned)'0';
        if (v > (most - d) / 10)
            return why_set(r->why, ERR_LIMIT, "bencode: byte %zu: a number above %" PRIu64,
                           place(r), most);
        v = v * 10 + d;
    }
    if (r->c.n == 0 || peek(r) != end)
        return bad(r, "a number does not end as it must");
    cur_u8(&r->c);
    *out = v;
    return OK;
}

static enum err integer(struct reader *r, struct ben *out)
{
    cur_u8(&r->c); /* the 'i' */
    bool minus = peek(r) == '-';
    if (minus)
        cur_u8(&r->c);
    if (minus && peek(r) == '0') /* BEP 3: "i-0e is invalid" */
        return bad(r, "minus zero, or a leading zero");
    /* The magnitude of INT64_MIN is one more than that of INT64_MAX. */
    uint64_t v = 0;
    enum err err = number(r, 'e', (uint64_t)INT64_MAX + minus, &v);
    if (err != OK)
        return err;
    out->type = BEN_INT;
    out->i = minus ? -(int64_t)(v - 1) - 1 : (int64_t)v;
    return OK;
}

static enum err string(struct reader *r, struct cur *out)
{
    uint64_t n = 0;
    enum err err = number(r, ':', SIZE_MAX / 2, &n);
    if (err != OK)
        return err;
    if (n > r->c.n)
        return why_set(r->why, ERR_INVALID,
                       "bencode: byte %zu: a string of %" PRIu64 " bytes, %zu are left", place(r),
                       n, r->c.n);
    *out = cur_take(&r->c, (size_t)n);
    return OK;
}

static enum err value(struct reader *r, struct ben *out, unsigned depth);

/* Members of a list or dictionary, up to its 'e'.  Recursion is bounded by BEN_DEPTH. */
static enum err members(struct reader *r, struct ben *out, unsigned depth)
{
    cur_u8(&r->c); /* the 'l' or 'd' */
    if (depth >= BEN_DEPTH)
        return why_set(r->why, ERR_LIMIT, "bencode: byte %zu: nested deeper than %d levels",
                       place(r), BEN_DEPTH);
    struct ben **tail = &out->kids;
    while (r->c.n > 0 && peek(r) != 'e') {
        if (++r->nodes > BEN_NODES)
            return why_set(r->why, ERR_LIMIT, "bencode: more than %d values", BEN_NODES);
        struct ben *kid = arena_zalloc(r->arena, sizeof *kid);
        enum err err = out->type == BEN_DICT ? string(r, &kid->key) : OK;
        if (err == OK)
            err = value(r, kid, depth + 1);
        if (err != OK)
            return err;
        *tail = kid;
        tail = &kid->next;
        out->count++;
    }
    if (r->c.n == 0)
        return bad(r, "");
    cur_u8(&r->c);
    return OK;
}

static enum err value(struct reader *r, struct ben *out, unsigned depth)
{
    struct cur from = r->c;
    enum err err;
    switch (peek(r)) {
    case 'i':
        err = integer(r, out);
        break;
    case 'l':
    case 'd':
        out->type = peek(r) == 'd' ? BEN_DICT : BEN_LIST;
        err = members(r, out, depth);
        break;
    default:
        if (!is_digit(peek(r)))
            return bad(r, "no value begins so");
        out->type = BEN_STR;
        err = string(r, &out->str);
    }
    out->raw = cur_take(&from, from.n - r->c.n);
    return err;
}

enum err ben_parse_front(struct arena *a, struct cur *bytes, const struct ben **out,
                         struct why *why)
{
    struct reader r = {.arena = a, .c = *bytes, .total = bytes->n, .nodes = 1, .why = why};
    struct ben *top = arena_zalloc(a, sizeof *top);
    *out = NULL;
    enum err err = value(&r, top, 0);
    if (err != OK)
        return err;
    *bytes = r.c;
    *out = top;
    return OK;
}

enum err ben_parse(struct arena *a, struct cur bytes, const struct ben **out, struct why *why)
{
    size_t total = bytes.n;
    enum err err = ben_parse_front(a, &bytes, out, why);
    if (err != OK || bytes.n == 0)
        return err;
    *out = NULL;
    return why_set(why, ERR_INVALID, "bencode: %zu bytes left over after byte %zu", bytes.n,
                   total - bytes.n);
}

const struct ben *ben_get(const struct ben *d, const char *key, enum ben_type type)
{
    if (!d || d->type != BEN_DICT)
        return NULL;
    size_t n = strlen(key);
    for (const struct ben *kid = d->kids; kid; kid = kid->next)
        if (kid->key.n == n && memcmp(kid->key.p, key, n) == 0)
            return kid->type == type ? kid : NULL; /* of keys given twice, the first */
    return NULL;
}

int64_t ben_int(const struct ben *d, const char *key, int64_t fallback)
{
    const struct ben *kid = ben_get(d, key, BEN_INT);
    return kid ? kid->i : fallback;
}

struct cur ben_str(const struct ben *d, const char *key)
{
    const struct ben *kid = ben_get(d, key, BEN_STR);
    return kid ? kid->str : cur_of(NULL, 0);
}

void ben_put_int(struct buf *b, int64_t v)
{
    buf_printf(b, "i%" PRId64 "e", v);
}

void ben_put_str(struct buf *b, const void *s, size_t n)
{
    buf_printf(b, "%zu:", n);
    buf_put(b, s, n);
}

void ben_put_key(struct buf *b, const char *key)
{
    ben_put_str(b, key, strlen(key));
}
