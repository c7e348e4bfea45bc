#include "host/find/own.h"

#include "net/mcast.h"

/* Which are told first, where not all of them can be. */
enum rank { RANK_PUBLIC, RANK_PRIVATE, RANK_LOOPBACK, RANK_COUNT, RANK_NEVER };

/* RFC 3927 section 2.1; RFC 4291 section 2.5.6. */
static bool is_link_local(const struct addr *a)
{
    if (a->family == ADDR_V4)
        return a->ip[0] == 169 && a->ip[1] == 254;
    return a->ip[0] == 0xfe && (a->ip[1] & 0xc0) == 0x80;
}

static enum rank rank_of(const struct host *h, const struct addr *a)
{
    if (is_link_local(a))
        return RANK_NEVER;
    if (addr_is_loopback(a))
        return h->cfg.lab ? RANK_LOOPBACK : RANK_NEVER;
    return addr_is_private(a) ? RANK_PRIVATE : RANK_PUBLIC;
}

static void add(struct own *o, const struct addr *a, enum reach reach)
{
    struct multiaddr m;
    multiaddr_of_addr(&m, a, reach);
    for (size_t i = 0; i < o->count; i++)
        if (multiaddr_equal(&o->addrs[i], &m))
            return;
    if (o->count < HOST_ADDRS_MAX)
        o->addrs[o->count++] = m;
}

/* Those of one ear that have this rank. */
static void add_of_ear(const struct host *h, const struct ear *ear, const struct iface *ifaces,
                       size_t n, enum rank rank, struct own *out)
{
    struct addr at = ear->at;
    if (!addr_is_any(&at)) {
        if (rank_of(h, &at) == rank)
            add(out, &at, ear->reach);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        struct addr a = ifaces[i].addr;
        a.port = at.port;
        if (a.family == at.family && rank_of(h, &a) == rank)
            add(out, &a, ear->reach);
    }
}

static void look(const struct host *h, struct own *out)
{
    struct iface ifaces[IFACES_MAX];
    size_t n = iface_list(h->loop, ifaces, IFACES_MAX);
    out->count = 0;
    if (loop_proxy(h->loop))
        return;
    for (enum rank rank = RANK_PUBLIC; rank < RANK_COUNT; rank++)
        for (size_t i = 0; i < h->ear_count; i++)
            add_of_ear(h, &h->ears[i], ifaces, n, rank, out);
}

static bool same(const struct own *a, const struct own *b)
{
    bool yes = a->count == b->count;
    for (size_t i = 0; yes && i < a->count; i++)
        yes = multiaddr_equal(&a->addrs[i], &b->addrs[i]);
    return yes;
}

static void on_look(void *arg)
{
    struct host *h = arg;
    struct own now;
    look(h, &now);
    h->look = timer_start(h->loop, OWN_LOOK_US, on_look, h);
    if (same(&now, &h->own))
        return;
    h->own = now;
    identify_push(h);
    host_tell(h, HOST_ADDRESSES, NULL);
}

void own_begin(struct host *h)
{
    look(h, &h->own);
    h->look = timer_start(h->loop, OWN_LOOK_US, on_look, h);
}

void own_end(struct host *h)
{
    timer_cancel(h->look);
}
