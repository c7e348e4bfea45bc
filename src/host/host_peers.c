/* Whom we know: the connected, and some others, the oldest of which are forgotten. */
#include "host/host_in.h"

#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct peer *peer_find(const struct host *h, const struct peer_id *id)
{
    return map_get(h->peers, id->bytes, id->len);
}

void peer_forget_said(struct host *h, struct peer *p)
{
    words_drop(h->words, p->agent);
    for (size_t i = 0; i < p->protocol_count; i++)
        words_drop(h->words, p->protocols[i]);
    free(p->protocols);
    p->agent = NULL;
    p->protocols = NULL;
    p->protocol_count = 0;
    p->identified = false;
}

static void destroy(struct host *h, struct peer *p)
{
    peer_forget_said(h, p);
    buf_done(&p->addrs);
    purse_drop(p->purse);
    buf_done(&p->record);
    map_drop(h->peers, p->id.bytes, p->id.len);
    list_drop(&p->link);
    free(p);
}

static void make_room(struct host *h)
{
    struct peer *victim = NULL;
    if (h->idle_count < KNOWN_MAX)
        return;
    LIST_EACH(&h->idle, struct peer, p, link) {
        if (!victim || peer_weight(p) < peer_weight(victim))
            victim = p;
        if (peer_weight(victim) == 0)
            break;
    }
    h->idle_count--;
    destroy(h, victim);
}

struct peer *peer_get(struct host *h, const struct peer_id *id)
{
    struct peer *p = peer_find(h, id);
    if (p)
        return p;
    make_room(h);
    p = MEM_NEW(struct peer);
    p->id = *id;
    list_init(&p->conns);
    list_push(&h->idle, &p->link);
    h->idle_count++;
    map_put(h->peers, p->id.bytes, p->id.len, p);
    return p;
}

void peer_moved(struct host *h, struct peer *p)
{
    bool busy = !list_empty(&p->conns);
    list_drop(&p->link);
    list_push(busy ? &h->busy : &h->idle, &p->link);
    if (busy) {
        h->idle_count--;
    } else {
        h->idle_count++;
        buf_done(&p->record);
    }
}

unsigned peer_weight(const struct peer *p)
{
    unsigned sum = 0;
    for (size_t i = 0; i < TAGS_MAX; i++) {
        unsigned w = p->tags[i].name ? p->tags[i].weight : 0;
        sum = sum > UINT32_MAX - w ? UINT32_MAX : sum + w;
    }
    return sum;
}

void peer_tend(const struct peer *p)
{
    bool needed = false;
    for (size_t i = 0; i < TAGS_MAX; i++)
        needed |= p->tags[i].name && p->tags[i].weight >= HOST_TEND;
    LIST_EACH(&p->conns, struct connection, c, link)
        if (c->mux)
            mux_tend(c->mux, needed || c->host->doubt);
}

/* --- is there still a way out? ---------------------------------------------------------------- */

static void tend_all(struct host *h)
{
    LIST_EACH(&h->busy, struct peer, p, link)
        peer_tend(p);
}

static void on_sure(void *arg)
{
    struct host *h = arg;
    h->doubt = NULL;
    tend_all(h);
}

void host_doubt(struct host *h)
{
    timer_cancel(h->doubt);
    h->doubt = timer_start(h->loop, (MUX_TEND_TICKS + 2) * MUX_TEND_US, on_sure, h);
    tend_all(h);
}

void peers_done(struct host *h)
{
    struct link *lists[] = {&h->busy, &h->idle};
    for (size_t i = 0; i < 2; i++)
        LIST_EACH(lists[i], struct peer, p, link)
            destroy(h, p);
}

/* --- addresses ------------------------------------------------------------------------------ */

static struct cur next_addr(struct cur *at)
{
    return cur_take(at, cur_be16(at));
}

size_t peer_addrs(const struct peer *p, struct multiaddr *out, size_t cap)
{
    struct cur at = buf_cur(&p->addrs);
    size_t n = 0;
    while (at.n > 0 && n < cap) {
        struct cur one = next_addr(&at);
        if (multiaddr_decode(&out[n], one, NULL) == OK)
            n++;
    }
    return n;
}

static bool is_addr(struct cur c, const struct multiaddr *a)
{
    return c.n == a->len && memcmp(c.p, a->bytes, c.n) == 0;
}

/* How many there are besides this one. */
static size_t count_others(const struct peer *p, const struct multiaddr *a)
{
    size_t n = 0;
    for (struct cur at = buf_cur(&p->addrs); at.n > 0;)
        n += !is_addr(next_addr(&at), a);
    return n;
}

void peer_learn(struct peer *p, const struct multiaddr *a)
{
    struct buf kept = {0};
    struct multiaddr bare = *a;
    multiaddr_drop_peer(&bare);
    if (bare.len == 0)
        return;
    size_t others = count_others(p, &bare);
    size_t drop = others < HOST_ADDRS_MAX ? 0 : others - (HOST_ADDRS_MAX - 1); /* the oldest */
    for (struct cur at = buf_cur(&p->addrs); at.n > 0;) {
        struct cur one = next_addr(&at);
        if (is_addr(one, &bare) || (drop > 0 && drop--))
            continue;
        buf_be16(&kept, (uint16_t)one.n);
        buf_put(&kept, one.p, one.n);
    }
    buf_be16(&kept, bare.len);
    buf_put(&kept, bare.bytes, bare.len);
    buf_done(&p->addrs);
    p->addrs = kept;
}
