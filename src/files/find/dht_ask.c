/* Queries of ours: a transaction each, slow after DHT_SLOW_US, dead after DHT_DEAD_US. */
#include "files/find/dht.h"

#include "base/mem.h"
#include "files/find/dht_in.h"

#include <string.h>

static const char client[] = "SH01"; /* BEP 5: two letters of BEP 20, two of a version */

static void on_query_timer(void *arg);

static void start_timer(struct dht *d)
{
    const struct dht_query *fresh = LIST_FIRST(&d->fresh, struct dht_query, link);
    const struct dht_query *slow = LIST_FIRST(&d->slow, struct dht_query, link);
    uint64_t at = UINT64_MAX, now = dht_now(d);
    if (fresh)
        at = fresh->sent_us + DHT_SLOW_US;
    if (slow && slow->sent_us + DHT_DEAD_US < at)
        at = slow->sent_us + DHT_DEAD_US;
    if (at == UINT64_MAX || d->query_timer)
        return;
    d->query_timer = timer_start(d->env.loop, at > now ? at - now : 0, on_query_timer, d);
}

static void unlist(struct dht *d, struct dht_query *q)
{
    map_drop(d->queries, &q->tid, sizeof q->tid);
    list_drop(&q->link);
    list_drop(&q->op_link);
}

void dht_query_free(struct dht *d, struct dht_query *q)
{
    unlist(d, q);
    free(q);
}

static void failed(struct dht *d, struct dht_query *q, const struct dht_msg *m)
{
    unlist(d, q);
    if (q->op)
        dht_op_failed(q->op, q, m);
    free(q);
}

static void on_dead(struct dht *d, struct dht_query *q)
{
    /* When nobody else answered meanwhile, it may be our own line that is silent. */
    if (q->has_id && d->heard_us > q->sent_us)
        dht_table_failed(q->side->table, &q->to);
    failed(d, q, NULL);
}

static void on_slow(struct dht *d, struct dht_query *q)
{
    list_drop(&q->link);
    list_push(&d->slow, &q->link);
    q->is_slow = true;
    if (q->op)
        dht_op_slow(q->op, q);
}

static void on_query_timer(void *arg)
{
    struct dht *d = arg;
    struct dht_query *q;
    uint64_t now = dht_now(d);
    d->query_timer = NULL;
    while ((q = LIST_FIRST(&d->fresh, struct dht_query, link)) && now - q->sent_us >= DHT_SLOW_US)
        on_slow(d, q);
    while ((q = LIST_FIRST(&d->slow, struct dht_query, link)) && now - q->sent_us >= DHT_DEAD_US)
        on_dead(d, q);
    start_timer(d);
}

/* Encode and send. */
void dht_put_msg(struct dht *d, const struct addr *to, struct dht_msg *m, struct buf *b)
{
    m->version = cur_of(client, sizeof client - 1);
    dht_msg_put(b, m);
    d->env.send(d->env.arg, to, buf_bytes(b), buf_len(b));
}

static uint32_t new_tid(struct dht *d)
{
    uint32_t tid;
    do
        tid = (uint32_t)loop_random_u64(d->env.loop);
    while (map_get(d->queries, &tid, sizeof tid));
    return tid;
}

struct dht_query *dht_ask(struct dht *d, const struct dht_node *to, bool has_id,
                          enum dht_purpose purpose, struct dht_op *op, struct dht_msg *m)
{
    struct dht_side *s = dht_side_of(d, &to->addr);
    if (!s || map_count(d->queries) >= DHT_UNDER_WAY_MAX)
        return NULL;
    struct dht_query *q = MEM_NEW(struct dht_query);
    *q = (struct dht_query){.tid = new_tid(d),
                            .to = *to,
                            .has_id = has_id,
                            .purpose = purpose,
                            .op = op,
                            .side = s,
                            .sent_us = dht_now(d)};
    list_init(&q->op_link);
    list_push(&d->fresh, &q->link);
    if (op)
        list_push(&op->queries, &q->op_link);
    map_put(d->queries, &q->tid, sizeof q->tid, q);
    struct buf b = {0};
    m->kind = DHT_QUERY;
    m->tid = cur_of(&q->tid, sizeof q->tid);
    m->id = *dht_table_own(s->table);
    m->read_only = d->env.read_only;
    dht_put_msg(d, &to->addr, m, &b);
    buf_done(&b);
    d->asked++;
    start_timer(d);
    return q;
}

void dht_ask_node(struct dht *d, const struct dht_node *to, bool has_id,
                  const struct dht_id *target)
{
    struct dht_msg m = {.method = target ? DHT_FIND_NODE : DHT_PING};
    if (target) {
        m.has_target = true;
        m.target = *target;
    }
    dht_ask(d, to, has_id, DHT_FOR_TABLE, NULL, &m);
}

void dht_ask_told(struct dht *d, const struct dht_node *n)
{
    struct dht_side *s = dht_side_of(d, &n->addr);
    if (s && dht_table_wants(s->table, n) && bucket_take(d->pings, 1, dht_now(d)))
        dht_ask_node(d, n, true, NULL);
}

/* Whoever names a network must be in it: a stranger from outside cannot make us send to this
 * machine or to its private network. */
static bool may_tell(const struct addr *from, const struct addr *a)
{
    if (addr_is_loopback(a))
        return addr_is_loopback(from);
    return !dht_id_exempt(a) || dht_id_exempt(from);
}

static void drop_forbidden(const struct addr *from, struct dht_msg *m)
{
    size_t n = 0;
    for (size_t i = 0; i < m->node_count; i++)
        if (may_tell(from, &m->nodes[i].addr))
            m->nodes[n++] = m->nodes[i];
    m->node_count = n;
    n = 0;
    for (size_t i = 0; i < m->value_count; i++)
        if (may_tell(from, &m->values[i]))
            m->values[n++] = m->values[i];
    m->value_count = n;
}

static bool is_mere_router(const struct dht *d, const struct addr *a)
{
    for (size_t i = 0; i < d->router_count; i++)
        if (addr_equal(&d->routers[i].addr, a))
            return !d->routers[i].is_node;
    return false;
}

static void replied(struct dht *d, struct dht_query *q, struct dht_msg *m)
{
    struct dht_node n = {m->id, q->to.addr};
    bool knew = dht_knows_anybody(d);
    d->heard_us = dht_now(d);
    drop_forbidden(&n.addr, m);
    unlist(d, q);
    if (!is_mere_router(d, &n.addr))
        dht_table_replied(q->side->table, &n, d->heard_us);
    dht_votes_count(d, q->side, &n.addr, &m->you);
    for (size_t i = 0; q->purpose == DHT_FOR_TABLE && i < m->node_count; i++)
        dht_ask_told(d, &m->nodes[i]);
    if (q->op)
        dht_op_replied(q->op, q, m);
    free(q);
    dht_need_tick(d);
    if (!knew)
        dht_pump(d);
}

void dht_answered(struct dht *d, const struct addr *from, struct dht_msg *m)
{
    uint32_t tid;
    if (m->tid.n != sizeof tid)
        return;
    memcpy(&tid, m->tid.p, sizeof tid);
    struct dht_query *q = map_get(d->queries, &tid, sizeof tid);
    if (!q || !addr_equal(&q->to.addr, from))
        return;
    if (m->kind == DHT_REPLY && m->has_id)
        replied(d, q, m);
    else
        failed(d, q, m);
}
