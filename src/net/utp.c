#include "net/utp.h"

#include "base/mem.h"
#include "net/utp_in.h"

#include <string.h>

enum { ID_TRIES = 16 };

/* A SYN whose address is not proven: what our answer said. */
struct knock {
    struct link link; /* in the order in which they came */
    struct addr from;
    uint16_t recv_id; /* by which they will speak to us */
    uint16_t seq;     /* our number, which they must have heard */
    uint16_t ack;     /* theirs */
    uint64_t at_us;
};

void utp_key(const struct addr *a, uint16_t id, uint8_t key[ADDR_KEY + 2])
{
    addr_key(a, key);
    key[ADDR_KEY] = (uint8_t)(id >> 8);
    key[ADDR_KEY + 1] = (uint8_t)id;
}

static struct utp_conn *find(struct utp *u, const struct addr *from, uint16_t id)
{
    uint8_t key[ADDR_KEY + 2];
    if (u->last && u->last->recv_id == id && addr_equal(&u->last->conn.peer, from))
        return u->last;
    utp_key(from, id, key);
    struct utp_conn *c = map_get(u->conns, key, sizeof key);
    if (c)
        u->last = c;
    return c;
}

static void put(struct utp *u, struct utp_conn *c)
{
    uint8_t key[ADDR_KEY + 2];
    utp_key(&c->conn.peer, c->recv_id, key);
    map_put(u->conns, key, sizeof key, c);
    list_push(&u->all, &c->link);
}

void utp_forget(struct utp_conn *c)
{
    struct utp *u = c->u;
    uint8_t key[ADDR_KEY + 2];
    utp_key(&c->conn.peer, c->recv_id, key);
    if (map_get(u->conns, key, sizeof key) == c) /* one that never began has no place of its own */
        map_drop(u->conns, key, sizeof key);
    if (u->last == c)
        u->last = NULL;
    list_drop(&c->in_dirty);
    list_drop(&c->link);
    if (u->depth > 0)
        list_push(&u->dead, &c->link);
    else
        utp_conn_free(c);
}

/* Turns: whoever is touched is looked at once, when the outermost call from outside ends, or in
 * the next turn. */

static void on_soon(void *arg)
{
    struct utp *u = arg;
    u->soon = NULL;
    utp_pause(u);
}

void utp_touch(struct utp_conn *c)
{
    struct utp *u = c->u;
    if (!list_empty(&c->in_dirty))
        return;
    list_push(&u->dirty, &c->in_dirty);
    if (u->depth == 0 && !u->soon)
        u->soon = timer_start(u->env.loop, 0, on_soon, u);
}

void utp_enter(struct utp *u)
{
    u->depth++;
}

static void reap(struct utp *u)
{
    LIST_EACH(&u->dead, struct utp_conn, c, link)
        utp_conn_free(c);
}

/* Those touched meanwhile, by what the owners of these did, have their turn too; but each owner
 * once, so that two of them cannot keep the loop. */
void utp_leave(struct utp *u)
{
    size_t turns = map_count(u->conns) + 1;
    if (u->depth == 1) {
        for (struct utp_conn *c;
             turns > 0 && (c = LIST_FIRST(&u->dirty, struct utp_conn, in_dirty)); turns--) {
            list_drop(&c->in_dirty);
            utp_conn_step(c);
        }
        reap(u);
    }
    if (--u->depth == 0 && !list_empty(&u->dirty) && !u->soon)
        u->soon = timer_start(u->env.loop, 0, on_soon, u);
}

void utp_pause(struct utp *u)
{
    if (list_empty(&u->dirty))
        return;
    timer_cancel(u->soon);
    u->soon = NULL;
    utp_enter(u);
    utp_leave(u);
}

/* Answers without a connection. */

void utp_send_state(struct utp *u, const struct addr *to, const struct utp_packet *p)
{
    uint8_t bytes[UTP_HEADER];
    struct iovec part = {bytes, sizeof bytes};
    utp_write(bytes, p, false);
    u->env.send(u->env.arg, to, &part, 1, sizeof bytes, false);
}

/* 20 bytes for 20 or more, and not many. */
static void send_reset(struct utp *u, const struct addr *to, const struct utp_packet *p)
{
    uint64_t now_us = loop_now_us(u->env.loop);
    if (bucket_take(u->resets, 1, now_us) == 0)
        return;
    struct utp_packet reset = {.type = UTP_RESET,
                               .id = p->id,
                               .sent_us = (uint32_t)now_us,
                               .delay_us = (uint32_t)now_us - p->sent_us,
                               .seq = (uint16_t)loop_random_u64(u->env.loop),
                               .ack = p->seq};
    utp_send_state(u, to, &reset);
}

/* Knocks. */

static void knock_free(struct utp *u, struct knock *k)
{
    list_drop(&k->link);
    u->knock_n--;
    free(k);
}

/* Who could have many addresses has a /64. */
static bool same_house(const struct addr *a, const struct addr *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, a->family == ADDR_V6 ? 8 : 4) == 0;
}

static struct knock *knock_find(struct utp *u, const struct addr *from, uint16_t recv_id)
{
    LIST_EACH(&u->knocks, struct knock, k, link)
        if (k->recv_id == recv_id && addr_equal(&k->from, from))
            return k;
    return NULL;
}

/* Room for one more from there?  The oldest goes: what floods us pushes out mostly itself. */
static bool knock_room(struct utp *u, const struct addr *from)
{
    uint64_t now_us = loop_now_us(u->env.loop);
    size_t theirs = 0;
    LIST_EACH(&u->knocks, struct knock, k, link) {
        if (now_us - k->at_us >= UTP_KNOCK_US)
            knock_free(u, k);
        else
            theirs += same_house(&k->from, from);
    }
    if (theirs >= UTP_KNOCKS_PER_IP_MAX)
        return false;
    if (u->knock_n >= UTP_KNOCKS_MAX)
        knock_free(u, LIST_FIRST(&u->knocks, struct knock, link));
    return true;
}

static void answer(struct utp *u, const struct knock *k, const struct utp_packet *p)
{
    uint32_t now_us = (uint32_t)loop_now_us(u->env.loop);
    struct utp_packet state = {.type = UTP_STATE,
                               .id = p->id,
                               .sent_us = now_us,
                               .delay_us = now_us - p->sent_us,
                               .window = UTP_RECV_MAX,
                               .seq = k->seq,
                               .ack = k->ack};
    utp_send_state(u, &k->from, &state);
}

static void on_syn(struct utp *u, const struct addr *from, const struct utp_packet *p)
{
    uint16_t recv_id = (uint16_t)(p->id + 1);
    struct knock *k = knock_find(u, from, recv_id);
    if (find(u, from, p->id) || find(u, from, recv_id) || map_count(u->conns) >= UTP_CONNS_MAX)
        return; /* BEP 29: "unexpected in the existing stream, and ignored" */
    if (!u->accept) {
        send_reset(u, from, p);
        return;
    }
    if (!k) {
        if (!knock_room(u, from))
            return;
        k = MEM_NEW(struct knock);
        *k = (struct knock){.from = *from,
                            .recv_id = recv_id,
                            .seq = (uint16_t)loop_random_u64(u->env.loop),
                            .ack = p->seq,
                            .at_us = loop_now_us(u->env.loop)};
        list_push(&u->knocks, &k->link);
        u->knock_n++;
    }
    answer(u, k, p);
}

/* Whoever says our number back hears us.  Where that number counts as sent (BEP 29's diagram) or
 * not (what clients do), our first DATA is the one behind. */
static struct utp_conn *prove(struct utp *u, struct knock *k, const struct utp_packet *p)
{
    bool knows = p->ack == k->seq || p->ack == (uint16_t)(k->seq - 1);
    if (!knows || !u->accept || p->type == UTP_RESET || p->type == UTP_SYN)
        return NULL;
    struct utp_conn *c =
        utp_conn_new(u, &k->from, k->recv_id, (uint16_t)(k->recv_id - 1), (uint16_t)(p->ack + 1));
    utp_inbox_init(&c->in, k->ack);
    c->stage = UTP_OPEN;
    c->their_window = p->window;
    c->told_window = UTP_RECV_MAX;
    put(u, c);
    knock_free(u, k);
    u->accept(u->accept_arg, &c->conn);
    return c;
}

/* It names the connection by either number: by ours, or by the one that we speak with. */
static struct utp_conn *find_reset(struct utp *u, const struct addr *from, uint16_t id)
{
    struct utp_conn *c = find(u, from, id);
    for (int off = -1; !c && off <= 1; off += 2) {
        c = find(u, from, (uint16_t)(id + off));
        if (c && c->send_id != id)
            c = NULL;
    }
    return c;
}

static void dispatch(struct utp *u, const struct addr *from, const struct utp_packet *p)
{
    if (p->type == UTP_SYN) {
        on_syn(u, from, p);
        return;
    }
    struct utp_conn *c = p->type == UTP_RESET ? find_reset(u, from, p->id) : find(u, from, p->id);
    struct knock *k = c ? NULL : knock_find(u, from, p->id);
    if (k)
        c = prove(u, k, p);
    if (c)
        utp_conn_packet(c, p);
    else if (!k && (p->type == UTP_DATA || p->type == UTP_FIN))
        send_reset(u, from, p);
}

bool utp_packet(struct utp *u, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct utp_packet p;
    if (!utp_is_packet(cur_of(bytes, n)))
        return false;
    if (utp_read(cur_of(bytes, n), &p, NULL))
        return true; /* broken, but meant for us */
    u->depth++;      /* the pause is when what is owed is done */
    dispatch(u, from, &p);
    if (--u->depth == 0)
        reap(u);
    return true;
}

void utp_listen(struct utp *u, accept_cb *cb, void *arg)
{
    u->accept = cb;
    u->accept_arg = arg;
}

/* Dialling. */

static bool is_free(struct utp *u, const struct addr *to, uint16_t id)
{
    return !find(u, to, id) && !knock_find(u, to, id);
}

/* Both ids of the new one: neither may be taken, as the other side may count like us. */
static bool pick_id(struct utp *u, const struct addr *to, uint16_t *id)
{
    for (int tries = 0; tries < ID_TRIES; tries++) {
        *id = (uint16_t)loop_random_u64(u->env.loop);
        if (is_free(u, to, *id) && is_free(u, to, (uint16_t)(*id + 1)))
            return true;
    }
    return false;
}

struct conn *utp_dial(struct utp *u, const struct addr *to, uint64_t within_us, conn_cb *cb,
                      void *arg)
{
    uint16_t id = 0;
    bool may = map_count(u->conns) < UTP_CONNS_MAX && pick_id(u, to, &id);
    uint16_t seq = (uint16_t)loop_random_u64(u->env.loop);
    struct utp_conn *c = utp_conn_new(u, to, id, (uint16_t)(id + 1), (uint16_t)(seq + 1));
    conn_watch(&c->conn, cb, arg);
    c->within_us = within_us < CONN_HANDSHAKE_US ? within_us : CONN_HANDSHAKE_US;
    if (may) {
        put(u, c);
        utp_send_syn(c);
        utp_touch(c); /* which starts its timer */
    } else {
        list_push(&u->all, &c->link);
        utp_conn_fail(c, ERR_LIMIT, "too many connections");
    }
    return &c->conn;
}

/* Life. */

struct utp *utp_new(const struct utp_env *env)
{
    struct utp *u = MEM_NEW(struct utp);
    u->env = *env;
    u->conns = map_new(loop_random_u64(env->loop));
    list_init(&u->all);
    list_init(&u->dirty);
    list_init(&u->dead);
    list_init(&u->knocks);
    u->pool.max = (env->held_max ? env->held_max : UTP_HELD_MAX) / sizeof(struct utp_block);
    u->resets = bucket_new(UTP_RESETS_PER_S, UTP_RESETS_PER_S, loop_now_us(env->loop));
    return u;
}

void utp_free(struct utp *u)
{
    if (!u)
        return;
    LIST_EACH(&u->all, struct utp_conn, c, link)
        utp_conn_free(c);
    reap(u);
    LIST_EACH(&u->knocks, struct knock, k, link)
        knock_free(u, k);
    timer_cancel(u->soon);
    bucket_free(u->resets);
    utp_pool_done(&u->pool);
    map_free(u->conns);
    free(u);
}

size_t utp_count(const struct utp *u)
{
    return map_count(u->conns);
}

size_t utp_held(const struct utp *u)
{
    return (u->pool.used + u->pool.free_n) * sizeof(struct utp_block);
}
