#include "host/dnsaddr.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

/* A name, and what its texts must end in. */
struct question {
    struct multiaddr at;
    unsigned depth;
};

struct dnsaddr {
    struct loop *loop;
    struct question questions[DNSADDR_LOOKUPS_MAX]; /* those before `next` were asked */
    size_t count, next;
    struct multiaddr found[DNSADDR_FOUND_MAX];
    size_t found_count;
    struct why why; /* of the last name that had none */
    struct resolve_text *lookup;
    struct timer *end;
    dnsaddr_cb *cb;
    void *arg;
};

static void ask(struct dnsaddr *d);

void dnsaddr_cancel(struct dnsaddr *d)
{
    if (!d)
        return;
    resolve_text_cancel(d->lookup);
    timer_cancel(d->end);
    free(d);
}

static void on_end(void *arg)
{
    struct dnsaddr *d = arg;
    d->end = NULL;
    d->cb(d->arg, d->found, d->found_count, d->found_count > 0 ? NULL : &d->why);
    free(d);
}

/* --- what a text says ----------------------------------------------------------------------- */

/* What follows the first part. */
static struct cur rest_of(const struct multiaddr *a)
{
    struct cur at = cur_of(a->bytes, a->len);
    struct multiaddr_part first;
    multiaddr_next(&at, &first);
    return at;
}

/* Part by part: /p2p/Qm.. is no end of an address whose last part merely ends in these bytes. */
static bool ends_in(const struct multiaddr *a, struct cur end)
{
    struct cur at = cur_of(a->bytes, a->len);
    struct multiaddr_part part;
    while (at.n > end.n && multiaddr_next(&at, &part))
        continue;
    return at.n == end.n && (end.n == 0 || memcmp(at.p, end.p, end.n) == 0);
}

static void add_name(struct dnsaddr *d, const struct multiaddr *a, unsigned depth)
{
    if (depth > DNSADDR_DEPTH_MAX || d->count == DNSADDR_LOOKUPS_MAX)
        return;
    for (size_t i = 0; i < d->count; i++)
        if (multiaddr_equal(&d->questions[i].at, a))
            return;
    d->questions[d->count++] = (struct question){.at = *a, .depth = depth};
}

static void add_found(struct dnsaddr *d, const struct multiaddr *a)
{
    for (size_t i = 0; i < d->found_count; i++)
        if (multiaddr_equal(&d->found[i], a))
            return;
    if (d->found_count < DNSADDR_FOUND_MAX)
        d->found[d->found_count++] = *a;
}

/* What we cannot read or have no way for is for others. */
static void take(struct dnsaddr *d, const struct question *q, const char *text)
{
    static const char key[] = "dnsaddr=";
    struct multiaddr a;
    struct multiaddr_route r;
    if (strncmp(text, key, sizeof key - 1) != 0 ||
        multiaddr_parse(&a, text + sizeof key - 1, NULL) != OK ||
        multiaddr_route(&a, &r, NULL) != OK || !ends_in(&a, rest_of(&q->at)))
        return;
    if (r.named == MA_DNSADDR)
        add_name(d, &a, q->depth + 1);
    else
        add_found(d, &a);
}

/* --- one name after the other --------------------------------------------------------------- */

static void on_texts(void *arg, const char *const *found, size_t n, const struct why *why)
{
    struct dnsaddr *d = arg;
    struct question q = d->questions[d->next++];
    d->lookup = NULL;
    if (why)
        d->why = *why;
    for (size_t i = 0; i < n; i++)
        take(d, &q, found[i]);
    ask(d);
}

static void ask(struct dnsaddr *d)
{
    struct multiaddr_route r;
    if (d->next == d->count || multiaddr_route(&d->questions[d->next].at, &r, &d->why) != OK) {
        d->end = timer_start(d->loop, 0, on_end, d);
        return;
    }
    char *name = mem_printf("_dnsaddr.%s", r.host);
    d->lookup = resolve_text_start(d->loop, name, on_texts, d);
    free(name);
}

struct dnsaddr *dnsaddr_start(struct loop *loop, const struct multiaddr *at, dnsaddr_cb *cb,
                              void *arg)
{
    struct dnsaddr *d = MEM_NEW(struct dnsaddr);
    d->loop = loop;
    d->cb = cb;
    d->arg = arg;
    why_set(&d->why, ERR_NOT_FOUND, "its texts name no address that we could dial");
    add_name(d, at, 1);
    ask(d);
    return d;
}
