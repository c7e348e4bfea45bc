#include "files/find/dht.h"

#include "base/mem.h"
#include "files/find/dht_in.h"
#include "files/meta/bencode.h"

#include <string.h>

#define TICK_US (10 * SEC)
#define STORE_TICK_US (60 * SEC)
#define JOIN_US (20 * 60 * SEC) /* and up to half as much more: the walk to our own id, again */
#define JOIN_SOON_US (5 * SEC)  /* while few are known; doubled each time */

enum { DUE_PER_TICK = 2, JOIN_DOUBLINGS = 6, COMPACT4 = 26, COMPACT6 = 38 };

uint64_t dht_now(const struct dht *d)
{
    return loop_now_us(d->env.loop);
}

struct dht_side *dht_side_of(struct dht *d, const struct addr *a)
{
    for (size_t i = 0; i < DHT_SIDES; i++)
        if (d->side[i].on && d->side[i].family == a->family)
            return &d->side[i];
    return NULL;
}

unsigned dht_side_index(const struct dht_side *s)
{
    return s->family == ADDR_V6;
}

static bool side_knows(const struct dht *d, const struct dht_side *s)
{
    bool any = s->on && dht_table_count(s->table) > 0;
    for (size_t i = 0; s->on && !any && i < d->router_count; i++)
        any = d->routers[i].addr.family == s->family;
    return any;
}

bool dht_knows_anybody(const struct dht *d)
{
    return side_knows(d, &d->side[0]) || side_knows(d, &d->side[1]);
}

static struct dht_id random_id(struct dht *d)
{
    struct dht_id id;
    loop_random(d->env.loop, id.b, DHT_ID_LEN);
    return id;
}

/* Our address, and the id that goes with it (BEP 42) */

void dht_votes_count(struct dht *d, struct dht_side *s, const struct addr *voter,
                     const struct addr *says)
{
    if (says->family != s->family)
        return;
    dht_votes_add(&s->votes, voter, says);
    struct addr seen = dht_votes_result(&s->votes);
    if (seen.family == ADDR_NONE || addr_same_ip(&seen, &s->seen))
        return;
    s->seen = seen;
    if (dht_id_is_secure(dht_table_own(s->table), &seen))
        return;
    struct dht_id chance = random_id(d), id = dht_id_for(&seen, &chance);
    log_debug(d->log, "our address is another: a new id, which goes with it");
    dht_table_rebase(s->table, &id);
    dht_store_rebase(s->store, &id);
    s->join_us = 0; /* who is near us now? */
}

/* Upkeep */

void dht_joined(struct dht_side *s, struct dht *d)
{
    s->joining = NULL;
    uint64_t wait = JOIN_US + loop_random_u64(d->env.loop) % (JOIN_US / 2);
    if (dht_table_count(s->table) < DHT_K) {
        wait = JOIN_SOON_US << (s->joins < JOIN_DOUBLINGS ? s->joins : JOIN_DOUBLINGS);
        s->joins++;
    } else {
        s->joins = 0;
    }
    s->join_us = dht_now(d) + wait;
    dht_need_tick(d);
}

static void keep_side(struct dht *d, struct dht_side *s)
{
    struct dht_node due;
    struct dht_id chance = random_id(d), target;
    uint64_t now = dht_now(d);
    if (!side_knows(d, s))
        return;
    if (!s->joining && now >= s->join_us) {
        dht_join(d, s, dht_table_own(s->table));
        return;
    }
    /* A questionable node is asked for nodes of its bucket: one packet checks it and finds who may
     * take an empty place. */
    for (int i = 0; i < DUE_PER_TICK && dht_table_due(s->table, now, &due); i++) {
        const struct dht_id *own = dht_table_own(s->table);
        target = dht_id_in_bucket(own, dht_id_common(own, &due.id), &chance);
        dht_ask_node(d, &due, true, &target);
    }
    if (!s->joining && dht_table_stale(s->table, now, &chance, &target))
        dht_join(d, s, &target);
}

static void keep_stores(struct dht *d)
{
    uint64_t now = dht_now(d);
    if (now - d->ticked_us < STORE_TICK_US)
        return;
    d->ticked_us = now;
    for (size_t i = 0; i < DHT_SIDES; i++)
        dht_store_tick(d->side[i].store, loop_random_u64(d->env.loop), now);
}

static bool has_stored(const struct dht *d)
{
    size_t n = 0;
    for (size_t i = 0; i < DHT_SIDES; i++)
        n += dht_store_swarms(d->side[i].store) + dht_store_items(d->side[i].store);
    return n > 0;
}

static void on_tick(void *arg)
{
    struct dht *d = arg;
    d->tick = NULL;
    for (size_t i = 0; i < DHT_SIDES; i++)
        keep_side(d, &d->side[i]);
    keep_stores(d);
    dht_need_tick(d);
}

void dht_need_tick(struct dht *d)
{
    if (d->tick || (!dht_knows_anybody(d) && !has_stored(d)))
        return;
    uint64_t wait = TICK_US, now = dht_now(d);
    for (size_t i = 0; i < DHT_SIDES; i++) {
        const struct dht_side *s = &d->side[i];
        if (!s->joining && side_knows(d, s) && s->join_us < now + wait)
            wait = s->join_us > now ? s->join_us - now : 0;
    }
    d->tick = timer_start(d->env.loop, wait, on_tick, d);
}

/* Kept over a restart */

static void put_nodes(const struct dht_side *s, struct buf *out)
{
    struct dht_node nodes[DHT_SAVED_MAX];
    struct buf list = {0};
    size_t n = dht_table_all(s->table, nodes, DHT_SAVED_MAX);
    for (size_t i = 0; i < n; i++) {
        buf_put(&list, nodes[i].id.b, DHT_ID_LEN);
        buf_put(&list, nodes[i].addr.ip, s->family == ADDR_V6 ? 16 : 4);
        buf_be16(&list, nodes[i].addr.port);
    }
    ben_put_str(out, buf_bytes(&list), buf_len(&list));
    buf_done(&list);
}

void dht_save(const struct dht *d, struct buf *out)
{
    static const char *const id_keys[] = {"id4", "id6"}, *const node_keys[] = {"nodes", "nodes6"};
    buf_u8(out, 'd');
    for (size_t i = 0; i < DHT_SIDES; i++) {
        ben_put_key(out, id_keys[i]);
        ben_put_str(out, dht_table_own(d->side[i].table)->b, DHT_ID_LEN);
    }
    for (size_t i = 0; i < DHT_SIDES; i++) {
        ben_put_key(out, node_keys[i]);
        put_nodes(&d->side[i], out);
    }
    ben_put_key(out, "version");
    ben_put_int(out, 1);
    buf_u8(out, 'e');
}

/* What was known is asked again, not believed. */
static void ask_saved(struct dht *d, struct cur list, size_t each)
{
    for (size_t i = 0; list.n >= each && i < DHT_SAVED_MAX; i++) {
        struct dht_node n = {.id = dht_id_read(&list)};
        struct cur ip = cur_take(&list, each - DHT_ID_LEN - 2);
        n.addr = addr_of_bytes(ip.p, ip.n, cur_be16(&list));
        if (!addr_is_dialable(&n.addr) || !dht_side_of(d, &n.addr))
            continue;
        struct dht_side *s = dht_side_of(d, &n.addr);
        if (i < 4 * DHT_K) /* the nearest, at once; the walk that follows finds the others */
            dht_ask_node(d, &n, true, dht_table_own(s->table));
        else
            dht_ask_told(d, &n);
    }
}

static void restore(struct dht *d, struct cur saved)
{
    const struct ben *top = NULL;
    struct arena *a = arena_new();
    if (saved.n > DHT_SAVED_BYTES_MAX || ben_parse(a, saved, &top, NULL) != OK ||
        ben_int(top, "version", 0) != 1)
        top = NULL;
    static const char *const id_keys[] = {"id4", "id6"}, *const node_keys[] = {"nodes", "nodes6"};
    for (size_t i = 0; i < DHT_SIDES; i++) {
        struct dht_side *s = &d->side[i];
        struct cur id = ben_str(top, id_keys[i]);
        struct dht_id own = id.n == DHT_ID_LEN ? dht_id_read(&id) : random_id(d);
        s->table = dht_table_new(&own);
        s->store = dht_store_new(&own, loop_random_u64(d->env.loop), dht_now(d));
    }
    ask_saved(d, ben_str(top, node_keys[0]), COMPACT4);
    ask_saved(d, ben_str(top, node_keys[1]), COMPACT6);
    arena_free(a);
}

/* Life */

struct dht *dht_new(const struct dht_env *env, struct cur saved)
{
    struct dht *d = MEM_NEW(struct dht);
    uint64_t now = loop_now_us(env->loop);
    d->env = *env;
    d->log = log_child(env->log, "dht");
    d->side[0] = (struct dht_side){.family = ADDR_V4, .on = env->v4};
    d->side[1] = (struct dht_side){.family = ADDR_V6, .on = env->v6};
    d->queries = map_new(loop_random_u64(env->loop));
    d->stranger_seed = loop_random_u64(env->loop);
    list_init(&d->fresh);
    list_init(&d->slow);
    list_init(&d->active);
    list_init(&d->urgent);
    list_init(&d->waiting);
    d->answers = bucket_new(DHT_ANSWER_RATE, DHT_ANSWER_RATE, now);
    d->longs = bucket_new(DHT_LONG_RATE, 2 * DHT_LONG_RATE, now);
    d->pings = bucket_new(DHT_PINGS_PER_S, 4 * DHT_PINGS_PER_S, now);
    d->ticked_us = now;
    restore(d, saved);
    return d;
}

void dht_free(struct dht *d)
{
    if (!d)
        return;
    struct dht_query *q;
    dht_ops_free(d);
    for (size_t at = 0; (q = map_next(d->queries, &at, NULL, NULL));)
        dht_query_free(d, q);
    timer_cancel(d->query_timer);
    timer_cancel(d->tick);
    for (size_t i = 0; i < DHT_SIDES; i++) {
        dht_table_free(d->side[i].table);
        dht_store_free(d->side[i].store);
    }
    map_free(d->queries);
    bucket_free(d->answers);
    bucket_free(d->longs);
    bucket_free(d->pings);
    log_free(d->log);
    free(d);
}

void dht_packet(struct dht *d, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct dht_msg m;
    struct why why;
    struct arena *a = arena_new();
    if (dht_msg_read(a, cur_of(bytes, n), &m, &why) == OK) {
        switch (m.kind) {
        case DHT_QUERY:
            dht_answer(d, from, &m, n);
            break;
        case DHT_REPLY:
        case DHT_ERROR:
            dht_answered(d, from, &m);
            break;
        }
    }
    arena_free(a);
}

void dht_add_router(struct dht *d, const struct addr *a, bool is_node)
{
    for (size_t i = 0; i < d->router_count; i++)
        if (addr_equal(&d->routers[i].addr, a))
            return;
    if (d->router_count == DHT_ROUTERS_MAX || !addr_is_dialable(a) || !dht_side_of(d, a))
        return;
    d->routers[d->router_count++] = (struct dht_router){*a, is_node};
    struct dht_side *s = dht_side_of(d, a);
    if (dht_table_count(s->table) < DHT_K)
        s->join_us = 0;
    timer_cancel(d->tick); /* it may have been set for later */
    d->tick = NULL;
    dht_need_tick(d);
    dht_pump(d);
}

void dht_hint(struct dht *d, const struct addr *a)
{
    struct dht_node n = {.addr = *a};
    struct dht_side *s = dht_side_of(d, a);
    if (!s || !addr_is_dialable(a) || !bucket_take(d->pings, 1, dht_now(d)))
        return;
    dht_ask_node(d, &n, false, dht_table_own(s->table));
}

/* Facts */

struct dht_stats dht_stats(const struct dht *d)
{
    uint64_t now = dht_now(d);
    const struct dht_side *v4 = &d->side[0], *v6 = &d->side[1];
    struct dht_stats st = {
        .nodes4 = dht_table_count(v4->table),
        .nodes6 = dht_table_count(v6->table),
        .good4 = dht_table_good(v4->table, now),
        .good6 = dht_table_good(v6->table, now),
        .swarms = dht_store_swarms(v4->store) + dht_store_swarms(v6->store),
        .peers = dht_store_peer_count(v4->store) + dht_store_peer_count(v6->store),
        .items = dht_store_items(v4->store) + dht_store_items(v6->store),
        .active = d->active_count,
        .asked = d->asked,
        .answered = d->answered,
        .dropped = d->dropped,
        .seen4 = v4->seen,
        .seen6 = v6->seen,
    };
    LIST_EACH(&d->urgent, struct dht_op, u, link) {
        st.waiting++;
    }
    LIST_EACH(&d->waiting, struct dht_op, w, link) {
        st.waiting++;
    }
    return st;
}

struct dht_id dht_own_id(const struct dht *d, enum addr_family family)
{
    return *dht_table_own(d->side[family == ADDR_V6].table);
}
