#include "tunnel/tun/wall.h"

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

enum { KEY = 1 + 2 + 2 + IP_LEN };

/* Between a port of ours and one of a peer's, begun by us. */
struct flow {
    struct link link; /* in wall.flows, the quietest first */
    uint8_t key[KEY];
    enum ip_kind kind;
    bool fin_out, fin_in;
    uint64_t last_us;
};

struct wall {
    uint8_t ours[IP_LEN];
    struct map *by_key;
    struct link flows;
    struct wall_grant grants[WALL_GRANTS_MAX];
    size_t grant_count;
};

struct wall *wall_new(const uint8_t ours[IP_LEN], uint64_t seed)
{
    struct wall *w = MEM_NEW(struct wall);
    memcpy(w->ours, ours, IP_LEN);
    w->by_key = map_new(seed);
    list_init(&w->flows);
    return w;
}

static void forget(struct wall *w, struct flow *f)
{
    map_drop(w->by_key, f->key, KEY);
    list_drop(&f->link);
    free(f);
}

void wall_free(struct wall *w)
{
    if (!w)
        return;
    LIST_EACH(&w->flows, struct flow, f, link)
        forget(w, f);
    map_free(w->by_key);
    free(w);
}

size_t wall_flows(const struct wall *w)
{
    return map_count(w->by_key);
}

/* --- grants ----------------------------------------------------------------------------------- */

static bool same_kind(const struct wall_grant *a, const struct wall_grant *b)
{
    return a->kind == b->kind && memcmp(a->peer, b->peer, IP_LEN) == 0;
}

enum err wall_grant(struct wall *w, const struct wall_grant *g, struct why *why)
{
    for (size_t i = 0; i < w->grant_count; i++) {
        const struct wall_grant *old = &w->grants[i];
        if (same_kind(old, g) && old->first <= g->first && old->last >= g->last)
            return OK;
    }
    if (w->grant_count == WALL_GRANTS_MAX)
        return why_set(why, ERR_LIMIT, "at most %d ports and ranges are granted", WALL_GRANTS_MAX);
    w->grants[w->grant_count++] = *g;
    return OK;
}

void wall_revoke(struct wall *w, const struct wall_grant *g)
{
    size_t kept = 0;
    for (size_t i = 0; i < w->grant_count; i++) {
        const struct wall_grant *old = &w->grants[i];
        if (!same_kind(old, g) || old->first < g->first || old->last > g->last)
            w->grants[kept++] = *old;
    }
    w->grant_count = kept;
}

const struct wall_grant *wall_grant_at(const struct wall *w, size_t i)
{
    return i < w->grant_count ? &w->grants[i] : NULL;
}

static bool is_granted(const struct wall *w, enum ip_kind kind, const uint8_t peer[IP_LEN],
                       uint16_t port)
{
    for (size_t i = 0; i < w->grant_count; i++) {
        const struct wall_grant *g = &w->grants[i];
        if (g->kind == kind && g->first <= port && port <= g->last &&
            memcmp(g->peer, peer, IP_LEN) == 0)
            return true;
    }
    return false;
}

/* --- flows ------------------------------------------------------------------------------------ */

static void key_of(uint8_t key[KEY], enum ip_kind kind, uint16_t our_port,
                   const uint8_t peer[IP_LEN], uint16_t port)
{
    key[0] = (uint8_t)kind;
    key[1] = (uint8_t)(our_port >> 8);
    key[2] = (uint8_t)our_port;
    key[3] = (uint8_t)(port >> 8);
    key[4] = (uint8_t)port;
    memcpy(key + 5, peer, IP_LEN);
}

static bool is_over(const struct flow *f, uint64_t now_us)
{
    uint64_t patience = f->kind == IP_UDP         ? WALL_UDP_US
                        : f->fin_in && f->fin_out ? WALL_CLOSED_US
                                                  : WALL_TCP_US;
    return now_us - f->last_us > patience;
}

/* NULL: there is none, or it was quiet for too long. */
static struct flow *find(struct wall *w, const uint8_t key[KEY], uint64_t now_us)
{
    struct flow *f = map_get(w->by_key, key, KEY);
    if (f && is_over(f, now_us)) {
        forget(w, f);
        return NULL;
    }
    return f;
}

static void touch(struct wall *w, struct flow *f, uint64_t now_us)
{
    f->last_us = now_us;
    list_drop(&f->link);
    list_push(&w->flows, &f->link);
}

static struct flow *begin(struct wall *w, const uint8_t key[KEY], enum ip_kind kind)
{
    if (map_count(w->by_key) == WALL_FLOWS_MAX)
        forget(w, LIST_FIRST(&w->flows, struct flow, link));
    struct flow *f = MEM_NEW(struct flow);
    memcpy(f->key, key, KEY);
    f->kind = kind;
    list_push(&w->flows, &f->link);
    map_put(w->by_key, f->key, KEY, f);
    return f;
}

static bool has_ports(enum ip_kind kind)
{
    return kind == IP_TCP || kind == IP_UDP;
}

/* --- the rules -------------------------------------------------------------------------------- */

static bool is_between(const struct ip_ends *e, const uint8_t from[IP_LEN],
                       const uint8_t to[IP_LEN])
{
    return memcmp(e->src, from, IP_LEN) == 0 && memcmp(e->dst, to, IP_LEN) == 0;
}

/* What a granted port answers begins no flow: it passes by its grant, and the peer could fill the
 * table with it.  A segment in the middle of a connection does begin one, since it may be older
 * than this process. */
enum wall_verdict wall_out(struct wall *w, const struct ip_packet *p, const uint8_t peer[IP_LEN],
                           uint64_t now_us)
{
    const struct ip_ends *e = &p->ends;
    uint8_t key[KEY];
    if (!is_between(e, w->ours, peer))
        return WALL_FORGED;
    if (!has_ports(e->kind) || is_granted(w, e->kind, peer, e->src_port))
        return WALL_PASS;
    key_of(key, e->kind, e->src_port, peer, e->dst_port);
    struct flow *f = find(w, key, now_us);
    if (!f && p->rst)
        return WALL_PASS;
    if (!f)
        f = begin(w, key, e->kind);
    if (p->syn) /* a new connection by the ports of an old one */
        f->fin_in = f->fin_out = false;
    f->fin_out |= p->fin || p->rst; /* what was on its way still comes */
    f->fin_in |= p->rst;
    touch(w, f, now_us);
    return WALL_PASS;
}

/* An error is about what we sent: to this peer, by a flow that is known, or an echo. */
static bool is_about_ours(struct wall *w, const struct ip_ends *about, const uint8_t peer[IP_LEN],
                          uint64_t now_us)
{
    uint8_t key[KEY];
    if (!is_between(about, w->ours, peer))
        return false;
    if (!has_ports(about->kind) || is_granted(w, about->kind, peer, about->src_port))
        return true;
    key_of(key, about->kind, about->src_port, peer, about->dst_port);
    return find(w, key, now_us) != NULL;
}

enum wall_verdict wall_in(struct wall *w, const struct ip_packet *p, const uint8_t peer[IP_LEN],
                          uint64_t now_us)
{
    const struct ip_ends *e = &p->ends;
    uint8_t key[KEY];
    if (!is_between(e, peer, w->ours))
        return WALL_FORGED;
    switch (e->kind) {
    case IP_ECHO:
    case IP_ECHO_REPLY:
        return WALL_PASS;
    case IP_ERROR:
        return is_about_ours(w, &p->about, peer, now_us) ? WALL_PASS : WALL_CLOSED;
    case IP_TCP:
    case IP_UDP:
        break;
    }
    if (is_granted(w, e->kind, peer, e->dst_port))
        return WALL_PASS;
    key_of(key, e->kind, e->dst_port, peer, e->src_port);
    struct flow *f = find(w, key, now_us);
    if (!f)
        return WALL_CLOSED;
    if (p->syn && !p->ack) /* it begins a connection itself, by a port that we used */
        return WALL_CLOSED;
    f->fin_in |= p->fin || p->rst;
    f->fin_out |= p->rst;
    touch(w, f, now_us);
    return WALL_PASS;
}
