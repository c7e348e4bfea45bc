#include "support/liar.h"

#include "base/list.h"
#include "base/map.h"
#include "base/mem.h"
#include "files/peer/wire_msg.h"
#include "net/conn.h"

#include <string.h>

enum { PORT = 6881, READ = 65536 };

struct lie {
    struct link link;
    struct liar *l;
    struct conn *conn;
    struct buf in, out;
    struct addr peer;
    bool greeted;
};

struct victim {
    struct link link;
    struct addr ip;
    size_t served;
};

struct liar {
    struct sim_node *machine;
    struct listener *listener;
    struct link lies, victims;
    enum liar_kind kind;
    uint8_t infohash[SHA1_LEN], id[20];
    size_t asked;
};

static void drop(struct lie *c)
{
    list_drop(&c->link);
    conn_close(c->conn);
    buf_done(&c->in);
    buf_done(&c->out);
    free(c);
}

static void flush(struct lie *c)
{
    while (buf_len(&c->out) > 0) {
        ssize_t n = conn_send(c->conn, buf_bytes(&c->out), buf_len(&c->out));
        if (n <= 0)
            return;
        buf_eat(&c->out, (size_t)n);
    }
}

static void greet(struct lie *c)
{
    buf_eat(&c->in, WIRE_HANDSHAKE_LEN);
    c->greeted = true;
    wire_put_simple(&c->out, c->l->kind == LIAR_PLAIN ? WIRE_HAVE_NONE : WIRE_HAVE_ALL);
    wire_put_ext_handshake(&c->out, &(struct wire_ext_own){.port = PORT, .client = "Liar 1.0"});
    wire_put_simple(&c->out, WIRE_UNCHOKE);
}

static void count_served(struct liar *l, const struct addr *ip)
{
    LIST_EACH(&l->victims, struct victim, v, link) {
        if (addr_same_ip(&v->ip, ip)) {
            v->served++;
            return;
        }
    }
    struct victim *v = MEM_NEW(struct victim);
    v->ip = *ip;
    v->served = 1;
    list_push(&l->victims, &v->link);
}

static void act(struct lie *c, const struct wire_msg *msg)
{
    if (msg->type == WIRE_KEEPALIVE) /* they take the time; we answer */
        wire_put_simple(&c->out, WIRE_KEEPALIVE);
    if (msg->type != WIRE_REQUEST)
        return;
    c->l->asked++;
    if (c->l->kind != LIAR_WRONG)
        return;
    count_served(c->l, &c->peer);
    wire_put_piece_header(&c->out, msg->piece, msg->begin, msg->len);
    uint8_t *lie = mem_zalloc(msg->len);
    memset(lie, 0xbd, msg->len);
    buf_put(&c->out, lie, msg->len);
    free(lie);
}

static void answer(struct lie *c)
{
    if (!c->greeted && buf_len(&c->in) >= WIRE_HANDSHAKE_LEN)
        greet(c);
    size_t len;
    while (c->greeted && wire_frame(buf_cur(&c->in), &len, NULL) == OK && len > 0 &&
           len <= buf_len(&c->in)) {
        struct wire_msg msg;
        if (wire_read(cur_of(buf_bytes(&c->in), len), &msg, NULL) == OK)
            act(c, &msg);
        buf_eat(&c->in, len);
    }
    flush(c);
}

/* False: it is over. */
static bool hear(struct lie *c)
{
    for (;;) {
        uint8_t *room = buf_room(&c->in, READ);
        ssize_t n = conn_recv(c->conn, room, READ);
        if (n == CONN_END)
            return false;
        if (n <= 0)
            return true;
        buf_grew(&c->in, (size_t)n);
        answer(c);
    }
}

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct lie *c = arg;
    (void)why;
    switch (ev) {
    case CONN_OPEN:
    case CONN_WRITABLE:
        flush(c);
        break;
    case CONN_READABLE:
        if (!hear(c))
            drop(c);
        break;
    case CONN_CLOSED:
        drop(c);
        break;
    }
}

static struct lie *lie_new(struct liar *l, const struct addr *peer)
{
    struct lie *c = MEM_NEW(struct lie);
    c->l = l;
    c->peer = *peer;
    wire_put_handshake(&c->out, l->infohash, l->id);
    list_push(&l->lies, &c->link);
    return c;
}

static void on_accept(void *arg, struct conn *conn)
{
    struct lie *c = lie_new(arg, &conn->peer);
    c->conn = conn;
    conn_watch(conn, on_conn, c);
    flush(c);
}

struct liar *liar_new(struct sim *sim, const char *name, struct addr ip, struct sim_link link,
                      enum liar_kind kind, const uint8_t infohash[SHA1_LEN])
{
    struct liar *l = MEM_NEW(struct liar);
    struct addr at = ip;
    at.port = PORT;
    l->machine = sim_node_add(sim, name, ip, link);
    l->kind = kind;
    list_init(&l->lies);
    list_init(&l->victims);
    memcpy(l->infohash, infohash, SHA1_LEN);
    loop_random(sim_node_loop(l->machine), l->id, sizeof l->id);
    l->listener = tcp_listen(sim_node_loop(l->machine), &at, on_accept, l, NULL);
    return l;
}

static void hang_up(struct liar *l)
{
    LIST_EACH(&l->lies, struct lie, c, link) {
        drop(c);
    }
}

void liar_free(struct liar *l)
{
    if (!l)
        return;
    hang_up(l);
    LIST_EACH(&l->victims, struct victim, v, link) {
        free(v);
    }
    listener_close(l->listener);
    free(l);
}

void liar_reform(struct liar *l)
{
    hang_up(l);
    l->kind = LIAR_PLAIN;
}

static struct lie *find(const struct liar *l, const struct addr *ip)
{
    LIST_EACH(&l->lies, struct lie, c, link) {
        if (addr_same_ip(&c->peer, ip))
            return c;
    }
    return NULL;
}

void liar_dial(struct liar *l, const struct addr *to)
{
    if (find(l, to))
        return;
    struct lie *c = lie_new(l, to);
    c->conn = tcp_dial(sim_node_loop(l->machine), to, NULL, on_conn, c);
}

bool liar_is_let_in(const struct liar *l, const struct addr *ip)
{
    const struct lie *c = find(l, ip);
    return c && c->greeted;
}

size_t liar_served(const struct liar *l, const struct addr *ip)
{
    LIST_EACH(&l->victims, struct victim, v, link) {
        if (addr_same_ip(&v->ip, ip))
            return v->served;
    }
    return 0;
}

size_t liar_asked(const struct liar *l)
{
    return l->asked;
}
