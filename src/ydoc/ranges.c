#include "ydoc/ranges.h"

#include "base/mem.h"
#include "ydoc/lib0.h"

#include <stdlib.h>

void ranges_done(struct ranges *r)
{
    free(r->at);
    *r = (struct ranges){0};
}

void ranges_add(struct ranges *r, uint64_t client, uint64_t clock, uint64_t len)
{
    struct range *last = r->n > 0 ? &r->at[r->n - 1] : NULL;
    if (last && last->client == client && last->clock + last->len == clock) {
        last->len += len;
        return;
    }
    if (r->n == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 4;
        r->at = mem_realloc(r->at, r->cap * sizeof *r->at);
    }
    r->at[r->n++] = (struct range){client, clock, len};
}

static int by_place(const void *a, const void *b)
{
    const struct range *x = a, *y = b;
    if (x->client != y->client)
        return x->client > y->client ? -1 : 1;
    if (x->clock != y->clock)
        return x->clock < y->clock ? -1 : 1;
    return 0;
}

static void sort(struct range *at, size_t n)
{
    for (size_t i = 1; i < n; i++)
        if (by_place(&at[i - 1], &at[i]) > 0) { /* mostly it is in order already */
            qsort(at, n, sizeof *at, by_place);
            return;
        }
}

void ranges_tidy(struct ranges *r)
{
    size_t n = 0;
    sort(r->at, r->n);
    for (size_t i = 0; i < r->n; i++) {
        struct range *last = n > 0 ? &r->at[n - 1] : NULL, next = r->at[i];
        if (last && last->client == next.client && next.clock <= last->clock + last->len) {
            if (next.clock + next.len > last->clock + last->len)
                last->len = next.clock + next.len - last->clock;
        } else {
            r->at[n++] = next;
        }
    }
    r->n = n;
}

void ranges_put(const struct ranges *r, bool spaced, struct buf *out)
{
    uint64_t clients = 0;
    for (size_t i = 0; i < r->n; i++)
        clients += i == 0 || r->at[i].client != r->at[i - 1].client;
    lib0_put_uint(out, clients);
    for (size_t i = 0, end; i < r->n; i = end) {
        for (end = i + 1; end < r->n && r->at[end].client == r->at[i].client;)
            end++;
        lib0_put_uint(out, r->at[i].client);
        lib0_put_uint(out, end - i);
        uint64_t from = 0;
        for (size_t k = i; k < end; k++) {
            lib0_put_uint(out, r->at[k].clock - from);
            lib0_put_uint(out, r->at[k].len - (spaced ? 1 : 0));
            if (spaced)
                from = r->at[k].clock + r->at[k].len;
        }
    }
}

enum err ranges_read(struct ranges *r, bool spaced, struct cur *in, struct why *why)
{
    for (uint64_t clients = lib0_uint(in); clients > 0 && !in->bad; clients--) {
        uint64_t client = lib0_uint(in);
        uint64_t from = 0;
        for (uint64_t n = lib0_uint(in); n > 0 && !in->bad; n--) {
            uint64_t clock = from + lib0_uint(in);
            uint64_t len = lib0_uint(in) + (spaced ? 1 : 0);
            if (clock + len > LIB0_MAX)
                return why_set(why, ERR_INVALID, "a deleted range ends beyond 2^53");
            if (r->n >= RANGES_MAX)
                return why_set(why, ERR_LIMIT, "more than %zu deleted ranges", RANGES_MAX);
            if (len > 0)
                ranges_add(r, client, clock, len);
            if (spaced)
                from = clock + len;
        }
    }
    return in->bad ? why_set(why, ERR_INVALID, "the deleted ranges are cut short") : OK;
}

void states_done(struct states *s)
{
    free(s->at);
    *s = (struct states){0};
}

void states_add(struct states *s, uint64_t client, uint64_t clock)
{
    if (s->n == s->cap) {
        s->cap = s->cap ? 2 * s->cap : 4;
        s->at = mem_realloc(s->at, s->cap * sizeof *s->at);
    }
    s->at[s->n++] = (struct range){client, clock, 0};
}

void states_tidy(struct states *s)
{
    sort(s->at, s->n);
}

uint64_t states_get(const struct states *s, uint64_t client)
{
    size_t low = 0, high = s->n;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (s->at[mid].client > client)
            low = mid + 1;
        else
            high = mid;
    }
    return low < s->n && s->at[low].client == client ? s->at[low].clock : 0;
}

void states_put(const struct states *s, struct buf *out)
{
    lib0_put_uint(out, s->n);
    for (size_t i = 0; i < s->n; i++) {
        lib0_put_uint(out, s->at[i].client);
        lib0_put_uint(out, s->at[i].clock);
    }
}

enum err states_read(struct states *s, struct cur in, struct why *why)
{
    for (uint64_t n = lib0_uint(&in); n > 0 && !in.bad; n--) {
        uint64_t client = lib0_uint(&in);
        uint64_t clock = lib0_uint(&in);
        states_add(s, client, clock); /* two bytes each at least: no more than the message */
    }
    if (!cur_done(&in))
        return why_set(why, ERR_INVALID, "a state vector that is cut short or has a tail");
    states_tidy(s);
    return OK;
}
