/* Operations: a walk in each network, and what is stored where it ends. */
#include "files/find/dht.h"

#include "base/mem.h"
#include "files/find/dht_in.h"

#include <string.h>

static const char other_stored[] = "another value is stored than the one that was expected";

/* Ending: always from a turn of the loop of its own. */

static void op_free(struct dht_op *op)
{
    struct dht *d = op->d;
    LIST_EACH(&op->queries, struct dht_query, q, op_link) {
        list_drop(&q->op_link);
        q->op = NULL; /* the answer still serves the table */
    }
    list_drop(&op->link);
    d->active_count -= op->running;
    timer_cancel(op->end);
    for (size_t i = 0; i < DHT_SIDES; i++) {
        if (d->side[i].joining == op)
            d->side[i].joining = NULL;
        dht_lookup_free(op->walk[i].lookup);
    }
    map_free(op->told);
    free(op->blooms);
    buf_done(&op->bytes);
    free(op);
}

static void judge(struct dht_op *op)
{
    struct dht_result *r = &op->result;
    bool any = r->stored > 0 || op->has_item || r->scraped || op->kind == DHT_OP_JOIN ||
               (op->told && map_count(op->told) > 0);
    if (r->why.code || (any && op->kind != DHT_OP_PUT) || r->stored > 0)
        return;
    if (r->replies == 0)
        why_set(&r->why, ERR_TIMEOUT, "no node of the DHT answered");
    else if (op->kind == DHT_OP_PUT)
        why_set(&r->why, ERR_CLOSED, "none of %zu nodes of the DHT took it", r->replies);
    else
        why_set(&r->why, ERR_NOT_FOUND, "%zu nodes of the DHT were asked, and none knows of it",
                r->replies);
}

static void on_end(void *arg)
{
    struct dht_op *op = arg;
    struct dht *d = op->d;
    op->end = NULL;
    if (op->blooms) {
        op->result.scraped = true;
        op->result.seeds = dht_bloom_size(op->blooms->seeds);
        op->result.peers = dht_bloom_size(op->blooms->peers);
    }
    judge(op);
    if (op->kind == DHT_OP_JOIN)
        for (size_t i = 0; i < DHT_SIDES; i++)
            if (d->side[i].joining == op)
                dht_joined(&d->side[i], d);
    struct dht_op last = *op; /* the handle is dead before its owner hears of it */
    struct buf bytes = op->bytes;
    op->bytes = (struct buf){0};
    op_free(op);
    dht_pump(d);
    if (last.done)
        last.done(last.arg, &last.result);
    else if (last.got)
        last.got(last.arg, last.has_item ? &last.item : NULL, &last.result);
    buf_done(&bytes);
}

static void end_soon(struct dht_op *op)
{
    if (!op->end)
        op->end = timer_start(op->d->env.loop, 0, on_end, op);
}

/* Walking */

static void ask_lookup(struct dht_op *op, struct dht_msg *m)
{
    const struct dht *d = op->d;
    m->has_target = true;
    m->target = op->target;
    switch (op->kind) {
    case DHT_OP_JOIN:
        m->method = DHT_FIND_NODE;
        m->want4 = m->want6 = d->side[0].on && d->side[1].on; /* BEP 32, "bootstrapping" */
        return;
    case DHT_OP_PEERS:
        m->method = DHT_GET_PEERS;
        m->noseed = op->announces && op->announce.seed;
        return;
    case DHT_OP_SCRAPE:
        m->method = DHT_GET_PEERS;
        m->scrape = true;
        return;
    case DHT_OP_GET:
    case DHT_OP_PUT:
        m->method = DHT_GET;
        return;
    }
}

static bool walk_is_over(const struct dht_walk *w)
{
    return !w->lookup || (w->storing && w->awaited == 0);
}

static void end_if_over(struct dht_op *op)
{
    bool over = true;
    for (size_t i = 0; i < DHT_SIDES; i++)
        over = over && walk_is_over(&op->walk[i]);
    if (over)
        end_soon(op);
}

static void store_on(struct dht_op *op, struct dht_walk *w, const struct dht_found *f)
{
    struct dht_msg m = {.token = cur_of(f->token, f->token_len)};
    if (op->kind == DHT_OP_PUT) {
        m.method = DHT_PUT;
        m.item = op->item;
        m.has_seq = op->item.is_mutable;
        m.has_cas = op->has_cas && f->has_value; /* BEP 44, "cas" */
        m.cas = op->cas;
    } else {
        m.method = DHT_ANNOUNCE_PEER;
        m.has_target = true;
        m.target = op->target;
        m.port = op->announce.port;
        m.implied_port = op->announce.implied;
        m.seed = op->announce.seed;
    }
    w->awaited += dht_ask(op->d, &f->node, true, DHT_FOR_STORING, op, &m) != NULL;
}

static void begin_storing(struct dht_op *op, struct dht_walk *w)
{
    struct dht_found found[2 * DHT_K];
    w->storing = true;
    if (!op->announces && op->kind != DHT_OP_PUT)
        return;
    size_t n = dht_lookup_found(w->lookup, found, 2 * DHT_K);
    for (size_t i = 0; i < n; i++)
        if (found[i].token_len > 0)
            store_on(op, w, &found[i]);
}

static void step(struct dht_op *op, struct dht_walk *w)
{
    struct dht_node to;
    bool has_id;
    if (op->end || w->storing)
        return;
    while (dht_lookup_next(w->lookup, &to, &has_id)) {
        struct dht_msg m = {.kind = DHT_QUERY};
        ask_lookup(op, &m);
        if (!dht_ask(op->d, &to, has_id, DHT_FOR_LOOKUP, op, &m))
            dht_lookup_failed(w->lookup, &to.addr);
    }
    if (dht_lookup_done(w->lookup))
        begin_storing(op, w);
    end_if_over(op);
}

static void seed(struct dht_op *op, const struct dht_side *s, struct dht_walk *w)
{
    struct dht *d = op->d;
    struct dht_node near[2 * DHT_K];
    size_t n = dht_table_closest(s->table, &op->target, near, 2 * DHT_K);
    w->lookup = dht_lookup_new(&op->target, dht_table_own(s->table));
    for (size_t i = 0; i < n; i++)
        dht_lookup_seed(w->lookup, &near[i]);
    for (size_t i = 0; n < DHT_K && i < d->router_count; i++)
        if (d->routers[i].addr.family == s->family)
            dht_lookup_seed_addr(w->lookup, &d->routers[i].addr, !d->routers[i].is_node);
}

static void take_peers(struct dht_op *op, const struct dht_msg *m);

/* We are one of the nodes: who announced to us need not be asked for. */
static void take_own(struct dht_op *op, const struct dht_side *s)
{
    struct dht_msg m = {.kind = DHT_REPLY};
    m.value_count = dht_store_peers(s->store, &op->target, op->announces && op->announce.seed,
                                    m.values, DHT_VALUES_SENT);
    take_peers(op, &m);
}

static void begin(struct dht_op *op)
{
    struct dht *d = op->d;
    op->running = true;
    d->active_count++;
    for (size_t i = 0; i < DHT_SIDES; i++) {
        bool here = op->kind != DHT_OP_JOIN || d->side[i].joining == op;
        if (d->side[i].on && here)
            seed(op, &d->side[i], &op->walk[i]);
    }
    for (size_t i = 0; i < DHT_SIDES; i++)
        if (d->side[i].on && op->kind == DHT_OP_PEERS)
            take_own(op, &d->side[i]);
    for (size_t i = 0; i < DHT_SIDES; i++)
        if (op->walk[i].lookup)
            step(op, &op->walk[i]);
    end_if_over(op);
}

/* Waiting in line */

static struct dht_op *next_op(struct dht *d)
{
    struct dht_op *op = LIST_FIRST(&d->urgent, struct dht_op, link);
    return op ? op : LIST_FIRST(&d->waiting, struct dht_op, link);
}

static void on_pump(void *arg)
{
    struct dht *d = arg;
    struct dht_op *op;
    d->pump_timer = NULL;
    while (d->active_count < DHT_OPS_ACTIVE && dht_knows_anybody(d) && (op = next_op(d))) {
        list_drop(&op->link);
        list_push(&d->active, &op->link);
        begin(op);
    }
}

void dht_pump(struct dht *d)
{
    if (!d->pump_timer && next_op(d))
        d->pump_timer = timer_start(d->env.loop, 0, on_pump, d);
}

static struct dht_op *op_new(struct dht *d, enum dht_op_kind kind, const struct dht_id *target,
                             bool urgent, void *arg)
{
    struct dht_op *op = MEM_NEW(struct dht_op);
    op->d = d;
    op->kind = kind;
    op->target = *target;
    op->arg = arg;
    list_init(&op->queries);
    list_push(urgent ? &d->urgent : &d->waiting, &op->link);
    dht_pump(d);
    return op;
}

/* Answers */

static void take_peers(struct dht_op *op, const struct dht_msg *m)
{
    struct addr fresh[DHT_VALUES_MAX];
    size_t n = 0;
    for (size_t i = 0; i < m->value_count && map_count(op->told) < DHT_OP_PEERS_MAX; i++) {
        uint8_t key[ADDR_KEY];
        addr_key(&m->values[i], key);
        if (!map_get(op->told, key, sizeof key)) {
            map_put(op->told, key, sizeof key, op);
            fresh[n++] = m->values[i];
        }
    }
    if (n > 0 && op->found)
        op->found(op->arg, fresh, n);
}

static void merge(uint8_t into[DHT_BLOOM_LEN], struct cur bloom)
{
    for (size_t i = 0; i < DHT_BLOOM_LEN && bloom.n == DHT_BLOOM_LEN; i++)
        into[i] |= bloom.p[i];
}

/* BEP 33, "handling legacy responses": values alone count as peers. */
static void take_blooms(struct dht_op *op, const struct dht_msg *m)
{
    if (m->bloom_peers.n == 0 && m->value_count == 0)
        return;
    if (!op->blooms)
        op->blooms = MEM_NEW(struct dht_blooms);
    merge(op->blooms->seeds, m->bloom_seeds);
    merge(op->blooms->peers, m->bloom_peers);
    for (size_t i = 0; m->bloom_peers.n == 0 && i < m->value_count; i++)
        dht_bloom_add(op->blooms->peers, &m->values[i]);
}

/* The item as the operation keeps it: its bytes copied. */
static void keep_item(struct dht_op *op, const struct dht_item *item)
{
    uint8_t key[DHT_KEY_LEN + DHT_SIG_LEN] = {0};
    if (item->is_mutable) {
        memcpy(key, item->key, DHT_KEY_LEN);
        memcpy(key + DHT_KEY_LEN, item->sig, DHT_SIG_LEN);
    }
    buf_clear(&op->bytes);
    buf_put(&op->bytes, key, sizeof key);
    buf_put(&op->bytes, item->salt.p, item->salt.n);
    buf_put(&op->bytes, item->v.p, item->v.n);
    struct cur c = buf_cur(&op->bytes);
    op->item = *item;
    op->item.key = cur_take(&c, DHT_KEY_LEN).p;
    op->item.sig = cur_take(&c, DHT_SIG_LEN).p;
    op->item.salt = cur_take(&c, item->salt.n);
    op->item.v = cur_take(&c, item->v.n);
    if (!item->is_mutable)
        op->item.key = op->item.sig = NULL;
    op->has_item = true;
}

/* BEP 44: what comes is believed when its hash or its signature says so. */
static bool is_believed(const struct dht_op *op, const struct dht_msg *m, struct dht_item *item)
{
    *item = m->item;
    item->salt = cur_of(op->salt, op->salt_len);
    if (item->v.n == 0 || m->v_bad || item->is_mutable != op->is_mutable)
        return false;
    if (item->is_mutable && (!m->has_seq || !item->sig))
        return false;
    struct dht_id target = dht_item_target(item);
    return dht_id_equal(&target, &op->target) && dht_item_is_good(item);
}

static bool take_item(struct dht_op *op, const struct dht_msg *m)
{
    struct dht_item item;
    if (!is_believed(op, m, &item))
        return false;
    if (!op->has_item || item.seq > op->item.seq)
        keep_item(op, &item);
    if (!item.is_mutable)
        end_soon(op); /* there is no better one */
    return true;
}

/* What a put hears on its way.  With cas, another value than the expected one ends it before
 * anything is stored on those who have none. */
static bool look_at_old(struct dht_op *op, const struct dht_msg *m)
{
    struct dht_item item;
    if (m->item.v.n == 0)
        return false;
    if (op->has_cas && m->item.seq != op->cas && is_believed(op, m, &item)) {
        why_set(&op->result.why, ERR_STATE, "%s", other_stored);
        end_soon(op);
    }
    return true;
}

static bool take_values(struct dht_op *op, const struct dht_msg *m)
{
    switch (op->kind) {
    case DHT_OP_JOIN:
        return false;
    case DHT_OP_PEERS:
        take_peers(op, m);
        return m->value_count > 0;
    case DHT_OP_SCRAPE:
        take_blooms(op, m);
        return m->value_count > 0;
    case DHT_OP_GET:
        return take_item(op, m);
    case DHT_OP_PUT:
        return look_at_old(op, m);
    }
    return false;
}

static struct dht_walk *walk_of(struct dht_op *op, const struct dht_query *q)
{
    return &op->walk[dht_side_index(q->side)];
}

void dht_op_replied(struct dht_op *op, const struct dht_query *q, const struct dht_msg *m)
{
    struct dht_walk *w = walk_of(op, q);
    if (q->purpose == DHT_FOR_STORING) {
        w->awaited--;
        op->result.stored++;
        end_if_over(op);
        return;
    }
    op->result.replies++;
    bool has_value = take_values(op, m);
    /* The other network's nodes, when a walk asked for both. */
    for (size_t i = 0; i < m->node_count; i++)
        if (m->nodes[i].addr.family != q->side->family)
            dht_ask_told(op->d, &m->nodes[i]);
    dht_lookup_replied(w->lookup, &q->to.addr, m, has_value);
    step(op, w);
}

void dht_op_failed(struct dht_op *op, const struct dht_query *q, const struct dht_msg *m)
{
    struct dht_walk *w = walk_of(op, q);
    if (q->purpose == DHT_FOR_LOOKUP) {
        dht_lookup_failed(w->lookup, &q->to.addr);
        step(op, w);
        return;
    }
    w->awaited--;
    if (m && m->error == DHT_E_CAS)
        why_set(&op->result.why, ERR_STATE,
                "another value is stored than the one that was "
                "expected");
    if (m && m->error == DHT_E_SEQ)
        why_set(&op->result.why, ERR_STATE, "a newer value is stored already");
    end_if_over(op);
}

void dht_op_slow(struct dht_op *op, const struct dht_query *q)
{
    struct dht_walk *w = walk_of(op, q);
    if (q->purpose != DHT_FOR_LOOKUP)
        return;
    dht_lookup_slow(w->lookup, &q->to.addr);
    step(op, w);
}

/* Beginnings and ends */

struct dht_op *dht_peers(struct dht *d, const struct dht_id *infohash,
                         const struct dht_announce *announce, bool urgent, dht_peers_cb *found,
                         dht_done_cb *done, void *arg)
{
    struct dht_op *op = op_new(d, DHT_OP_PEERS, infohash, urgent, arg);
    op->told = map_new(loop_random_u64(d->env.loop));
    op->found = found;
    op->done = done;
    op->announces = announce && !d->env.read_only;
    if (announce)
        op->announce = *announce;
    return op;
}

struct dht_op *dht_scrape(struct dht *d, const struct dht_id *infohash, dht_done_cb *done,
                          void *arg)
{
    struct dht_op *op = op_new(d, DHT_OP_SCRAPE, infohash, false, arg);
    op->done = done;
    return op;
}

struct dht_op *dht_get_immutable(struct dht *d, const struct dht_id *target, dht_item_cb *cb,
                                 void *arg)
{
    struct dht_op *op = op_new(d, DHT_OP_GET, target, true, arg);
    op->got = cb;
    return op;
}

static void know_salt(struct dht_op *op, struct cur salt)
{
    op->salt_len = salt.n < DHT_SALT_MAX ? salt.n : DHT_SALT_MAX;
    if (op->salt_len > 0)
        memcpy(op->salt, salt.p, op->salt_len);
}

struct dht_op *dht_get_mutable(struct dht *d, const uint8_t key[DHT_KEY_LEN], struct cur salt,
                               dht_item_cb *cb, void *arg)
{
    struct dht_id target = dht_key_target(key, salt);
    struct dht_op *op = op_new(d, DHT_OP_GET, &target, true, arg);
    know_salt(op, salt);
    op->is_mutable = true;
    op->got = cb;
    return op;
}

struct dht_op *dht_put(struct dht *d, const struct dht_item *item, const int64_t *cas,
                       dht_done_cb *done, void *arg, struct why *why)
{
    if (!dht_item_is_good(item)) {
        why_set(why, ERR_INVALID, "the item is not whole, longer than %d bytes, or wrongly signed",
                DHT_VALUE_MAX);
        return NULL;
    }
    struct dht_id target = dht_item_target(item);
    struct dht_op *op = op_new(d, DHT_OP_PUT, &target, true, arg);
    keep_item(op, item);
    know_salt(op, item->salt);
    op->is_mutable = item->is_mutable;
    op->has_cas = cas != NULL;
    op->cas = cas ? *cas : 0;
    op->done = done;
    return op;
}

struct dht_op *dht_join(struct dht *d, struct dht_side *s, const struct dht_id *target)
{
    s->joining = op_new(d, DHT_OP_JOIN, target, true, NULL);
    return s->joining;
}

void dht_cancel(struct dht_op *op)
{
    if (!op)
        return;
    struct dht *d = op->d;
    op_free(op);
    dht_pump(d);
}

static void free_all(struct link *list)
{
    LIST_EACH(list, struct dht_op, op, link) {
        op_free(op);
    }
}

void dht_ops_free(struct dht *d)
{
    free_all(&d->active);
    free_all(&d->urgent);
    free_all(&d->waiting);
    timer_cancel(d->pump_timer);
    d->pump_timer = NULL;
}
