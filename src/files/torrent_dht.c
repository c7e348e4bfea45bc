/* A torrent in the DHT: peers are looked for and we are announced, under each of its names. */
#include "files/torrent_in.h"

#include "base/mem.h"

#include <string.h>

/* BEP 5 leaves it open; stores forget a peer after half an hour or so. */
#define WALK_US (15 * 60 * SEC) /* and up to as much more, so that torrents do not go together */
#define WALK_SEED_US (20 * 60 * SEC) /* and up to half as much more */
#define WALK_AGAIN_US (30 * SEC) /* nobody was found, and somebody is needed: doubled each time */

enum { WALK_DOUBLINGS = 5, PEERS_PER_WALK = 250 };

/* Private torrents never (BEP 27); while only a link is known, as all clients do. */
static bool may_walk(const struct torrent *t)
{
    return t->env->dht && torrent_may_connect(t) && !(t->mi && t->mi->private_);
}

static void on_timer(void *arg);

static void walk_after(struct torrent *t, uint64_t wait_us)
{
    timer_cancel(t->dht.timer);
    t->dht.timer = timer_start(t->env->wire.loop, wait_us, on_timer, t);
}

static void plan_next(struct torrent *t)
{
    struct torrent_dht *w = &t->dht;
    uint64_t chance = loop_random_u64(t->env->wire.loop);
    /* Who was found may be nobody: ourselves, or gone. */
    bool needy = !torrent_is_complete(t) && (w->found == 0 || t->member_count == 0);
    if (torrent_is_complete(t))
        walk_after(t, WALK_SEED_US + chance % (WALK_SEED_US / 2));
    else if (needy)
        walk_after(t, WALK_AGAIN_US << (w->empty < WALK_DOUBLINGS ? w->empty : WALK_DOUBLINGS));
    else
        walk_after(t, WALK_US + chance % WALK_US);
    w->empty = needy ? w->empty + 1 : 0;
}

/* What we announced comes back, too. */
static bool is_us(const struct torrent *t, const struct addr *a)
{
    struct dht_stats st = dht_stats(t->env->dht);
    return a->port == t->env->wire.port &&
           (addr_same_ip(a, &st.seen4) || addr_same_ip(a, &st.seen6) ||
            addr_same_ip(a, &t->env->from));
}

static void on_peers(void *arg, const struct addr *peers, size_t n)
{
    struct torrent *t = arg;
    for (size_t i = 0; i < n && t->dht.found < PEERS_PER_WALK; i++) {
        if (is_us(t, &peers[i]))
            continue;
        torrent_add_peer(t, &peers[i], PEER_DHT);
        t->dht.found++;
    }
    torrent_changed(t);
}

static void walk_done(struct torrent *t, size_t i, const struct dht_result *r)
{
    struct torrent_dht *w = &t->dht;
    w->op[i] = NULL;
    free(w->why);
    w->why = NULL;
    if (w->found == 0)
        w->why = r->why.code ? mem_strdup(r->why.text)
                             : mem_printf("%zu nodes of the DHT were asked, and none knows another",
                                          r->replies);
    for (size_t k = 0; k < INFOHASH_WIRE_MAX; k++)
        if (w->op[k])
            return;
    plan_next(t);
    torrent_changed(t);
}

static void on_first(void *arg, const struct dht_result *r)
{
    walk_done(arg, 0, r);
}

static void on_second(void *arg, const struct dht_result *r)
{
    walk_done(arg, 1, r);
}

static void on_timer(void *arg)
{
    static dht_done_cb *const done[INFOHASH_WIRE_MAX] = {on_first, on_second};
    struct torrent *t = arg;
    const uint8_t *name[INFOHASH_WIRE_MAX];
    t->dht.timer = NULL;
    if (!may_walk(t))
        return;
    struct dht_announce announce = {
        .port = t->env->wire.port, .implied = t->env->dht_implied, .seed = torrent_is_complete(t)};
    size_t n = infohash_wire(&t->hash, name);
    t->dht.found = 0;
    for (size_t i = 0; i < n; i++) {
        struct cur c = cur_of(name[i], INFOHASH_LEN);
        struct dht_id id = dht_id_read(&c);
        t->dht.op[i] = dht_peers(t->env->dht, &id, &announce, !announce.seed, on_peers, done[i], t);
    }
}

void torrent_dht_told(struct torrent *t, const struct addr *peer)
{
    if (may_walk(t) && !is_us(t, peer))
        torrent_add_peer(t, peer, PEER_DHT);
}

void torrent_dht_wake(struct torrent *t)
{
    vouch_wake(t);
    if (!may_walk(t))
        return;
    for (size_t i = 0; i < INFOHASH_WIRE_MAX; i++)
        if (t->dht.op[i])
            return;
    t->dht.empty = 0;
    walk_after(t, 0);
}

void torrent_dht_rest(struct torrent *t)
{
    vouch_rest(t);
    for (size_t i = 0; i < INFOHASH_WIRE_MAX; i++) {
        dht_cancel(t->dht.op[i]);
        t->dht.op[i] = NULL;
    }
    timer_cancel(t->dht.timer);
    t->dht.timer = NULL;
    free(t->dht.why);
    t->dht.why = NULL;
}

void torrent_dht_heard(struct member *m, uint16_t port)
{
    struct addr a = session_addr(m->s);
    a.port = port;
    if (may_walk(m->t))
        dht_hint(m->t->env->dht, &a);
}

const char *torrent_dht_says(const struct torrent *t)
{
    if (!may_walk(t))
        return NULL;
    if (!dht_knows_anybody(t->env->dht))
        return "no node of the DHT is known yet";
    return t->dht.op[0] ? "asking the DHT" : t->dht.why;
}
