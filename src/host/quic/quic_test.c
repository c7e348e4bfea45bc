/* QUIC over the simulator's UDP: a stream keeps what net/conn.h promises, and nobody gets in who
 * does not show who he is. */
#include "host/quic/quic.h"

#include "base/map.h"
#include "base/mem.h"
#include "host/quic/quic_in.h"
#include "sim/sim_pair_test.h"
#include "sim/sim_world.h"

#include <string.h>

enum { MUXES_MAX = 64 };

struct town {
    struct world w;
    struct quic_self *self[2];
    struct keys *keys[2];
    struct quic *q[2];
    struct mux *muxes[MUXES_MAX]; /* all that were made; over or not */
    size_t count;
    bool deaf;
    accept_cb *accept;
    void *arg;
    /* what the tests ask for */
    unsigned came, closed, made;
    struct mux *last;
    struct conn *streams[QUIC_STREAMS_MAX]; /* that came */
    size_t stream_count;
    struct why why;
};

static void on_closed(void *arg, const struct why *why)
{
    struct town *t = arg;
    t->closed++;
    t->why = *why;
}

static void keep(struct town *t, struct mux *m)
{
    assert_true(t->count < MUXES_MAX);
    t->muxes[t->count++] = t->last = m;
}

/* --- a connection with one stream, as a conn: what CONN_CHECKS wants ----------------------------
 */

struct one {
    struct conn conn;
    struct town *t;
    struct quic_conn *dial;
    struct conn *s;
    bool open, want_write;
    bool *gone;
};

static void on_stream_event(void *arg, enum conn_event ev, const struct why *why)
{
    conn_raise(&((struct one *)arg)->conn, ev, why);
}

static void one_opens(struct one *o, struct conn *s)
{
    bool gone = false;
    o->s = s;
    o->open = true;
    o->gone = &gone;
    conn_watch(s, on_stream_event, o);
    conn_raise(&o->conn, CONN_OPEN, NULL);
    if (!gone && o->want_write)
        conn_raise(&o->conn, CONN_WRITABLE, NULL);
    if (!gone)
        o->gone = NULL;
}

static ssize_t one_recv(struct conn *c, void *to, size_t n)
{
    struct one *o = (struct one *)c;
    return o->open ? conn_recv(o->s, to, n) : CONN_AGAIN;
}

static ssize_t one_sendv(struct conn *c, const struct iovec *iov, int count)
{
    struct one *o = (struct one *)c;
    o->want_write |= !o->open;
    return o->open ? conn_sendv(o->s, iov, count) : CONN_AGAIN;
}

static void one_shut(struct conn *c)
{
    struct one *o = (struct one *)c;
    if (o->open)
        conn_shut(o->s);
}

/* As TCP does it: what was written arrives.  The connection stays, as a host's does. */
static void one_close(struct conn *c)
{
    struct one *o = (struct one *)c;
    if (o->gone)
        *o->gone = true;
    one_shut(c);
    conn_close(o->s);
    quic_dial_cancel(o->dial);
    free(o);
}

static const struct conn_ops one_ops = {"one", one_recv, one_sendv, one_close, one_shut};

static struct one *one_new(struct town *t, struct loop *loop, const struct addr *peer)
{
    struct one *o = MEM_NEW(struct one);
    o->conn = (struct conn){.ops = &one_ops, .loop = loop, .peer = *peer};
    o->t = t;
    return o;
}

static void ignore_stream(void *arg, struct conn *s)
{
    (void)arg;
    conn_close(s);
}

/* QUIC says nothing of a stream without bytes: one goes ahead. */
static void on_made(void *arg, struct mux *m, const struct peer_id *peer, const struct why *why)
{
    static const struct mux_events events = {ignore_stream, on_closed};
    struct one *o = arg;
    o->dial = NULL;
    if (!m) {
        conn_raise(&o->conn, CONN_CLOSED, why);
        return;
    }
    assert_true(peer_id_equal(peer, &o->t->self[1]->id));
    keep(o->t, m);
    mux_watch(m, &events, o->t);
    o->conn.local = m->local;
    struct conn *s = mux_open(m, NULL);
    assert_int_equal(conn_send(s, "!", 1), 1);
    one_opens(o, s);
}

static void on_stream(void *arg, struct conn *s)
{
    struct town *t = arg;
    char first;
    if (t->deaf) {
        conn_close(s);
        return;
    }
    if (!t->accept) {
        assert_true(t->stream_count < QUIC_STREAMS_MAX);
        t->streams[t->stream_count++] = s;
        return;
    }
    struct one *o = one_new(t, s->loop, &s->peer);
    o->conn.local = s->local;
    o->s = s;
    o->open = true;
    assert_int_equal(conn_recv(s, &first, 1), 1);
    conn_watch(s, on_stream_event, o);
    t->accept(t->arg, &o->conn);
}

static bool on_welcome(void *arg, const struct addr *from)
{
    (void)from;
    return !((struct town *)arg)->deaf;
}

static void on_came(void *arg, struct mux *m, const struct peer_id *peer)
{
    static const struct mux_events events = {on_stream, on_closed};
    struct town *t = arg;
    assert_true(peer_id_equal(peer, &t->self[0]->id));
    t->came++;
    keep(t, m);
    mux_watch(m, &events, t);
}

static const struct quic_events hears = {on_welcome, on_came};

static struct quic *socket_of(struct town *t, unsigned i)
{
    struct why why;
    if (!t->q[i])
        t->q[i] = quic_open(t->self[i], i ? &t->w.at_b : &t->w.at_a, i ? &hears : NULL, t, &why);
    assert_non_null(t->q[i]);
    return t->q[i];
}

static struct conn *dial(struct world *w, const struct addr *to, conn_cb *cb, void *arg)
{
    struct town *t = (struct town *)w;
    struct one *o = one_new(t, w->a, to);
    conn_watch(&o->conn, cb, arg);
    o->dial = quic_dial(socket_of(t, 0), to, NULL, on_made, o);
    return &o->conn;
}

static struct addr listen_at(struct world *w, accept_cb *cb, void *arg)
{
    struct town *t = (struct town *)w;
    t->deaf = false;
    t->accept = cb;
    t->arg = arg;
    return quic_addr(socket_of(t, 1));
}

/* The port stays, and refuses. */
static void unlisten(struct world *w)
{
    struct town *t = (struct town *)w;
    t->deaf = true;
}

static struct quic_self *somebody(struct town *t, unsigned i)
{
    uint8_t entropy[16] = {(uint8_t)(i + 1)};
    struct why why;
    t->keys[i] = keys_of_entropy(entropy, sizeof entropy);
    struct quic_self *self = quic_self_new(i ? t->w.b : t->w.a, t->keys[i], &why);
    if (!self)
        fail_msg("%s", why.text);
    return self;
}

static int open_world(void **state)
{
    struct town *t = *state = mem_zalloc(sizeof *t);
    sim_pair_open(&t->w, NULL);
    t->w.dial = dial;
    t->w.listen = listen_at;
    t->w.unlisten = unlisten;
    for (unsigned i = 0; i < 2; i++)
        t->self[i] = somebody(t, i);
    return 0;
}

static void close_streams(struct town *t)
{
    while (t->stream_count > 0)
        conn_close(t->streams[--t->stream_count]);
}

static int close_world(void **state)
{
    struct town *t = *state;
    close_streams(t);
    for (size_t i = 0; i < t->count; i++)
        mux_close(t->muxes[i]);
    for (unsigned i = 0; i < 2; i++) {
        quic_close(t->q[i]);
        quic_self_free(t->self[i]);
        keys_free(t->keys[i]);
    }
    sim_pair_close(&t->w);
    free(t);
    return 0;
}

/* --- who may come -------------------------------------------------------------------------------
 */

static void on_dialled(void *arg, struct mux *m, const struct peer_id *peer, const struct why *why)
{
    static const struct mux_events events = {ignore_stream, on_closed};
    struct town *t = arg;
    (void)peer;
    t->made++;
    if (m) {
        keep(t, m);
        mux_watch(m, &events, t);
        t->why.code = OK;
    } else {
        t->why = *why;
    }
}

static void start(struct town *t, const struct peer_id *expected)
{
    struct addr to = quic_addr(socket_of(t, 1));
    quic_dial(socket_of(t, 0), &to, expected, on_dialled, t);
}

static void settle(struct town *t, uint64_t us)
{
    sim_run_for(t->w.priv, us);
}

/* Both ends; theirs last. */
static struct mux *connect_them(struct town *t)
{
    start(t, &t->self[1]->id);
    settle(t, SEC);
    assert_int_equal(t->why.code, OK);
    assert_true(t->count == 2 && t->came == 1);
    return t->muxes[0];
}

static void somebody_else_than_expected_is_refused(void **state)
{
    struct town *t = *state;
    char text[PEER_ID_FORMAT];
    start(t, &t->self[0]->id);
    settle(t, SEC);
    assert_int_equal(t->why.code, ERR_DENIED);
    assert_non_null(strstr(t->why.text, peer_id_format(&t->self[1]->id, text)));
    assert_int_equal(t->came, 0);
    assert_int_equal(quic_half_open(t->q[1], NULL), 0);
}

static void who_shows_no_certificate_is_refused(void **state)
{
    struct town *t = *state;
    gnutls_certificate_free_credentials(t->self[0]->cred);
    gnutls_certificate_allocate_credentials(&t->self[0]->cred);
    start(t, NULL);
    settle(t, SEC);
    assert_int_equal(t->came, 0);
    assert_int_equal(t->why.code, ERR_CLOSED);
    assert_non_null(strstr(t->why.text, "TLS alert 116")); /* certificate_required */
}

static void who_does_not_answer_is_given_up(void **state)
{
    struct town *t = *state;
    struct addr nobody = addr_v4(10, 0, 0, 9, 1);
    quic_dial(socket_of(t, 0), &nobody, NULL, on_dialled, t);
    settle(t, CONN_HANDSHAKE_US + SEC);
    assert_int_equal(t->made, 1);
    assert_int_equal(t->why.code, ERR_TIMEOUT);
}

static void a_cancelled_dial_is_silent(void **state)
{
    struct town *t = *state;
    struct addr to = quic_addr(socket_of(t, 1));
    for (uint64_t us = 0; us < 40 * MSEC; us += MSEC) {
        struct quic_conn *c = quic_dial(socket_of(t, 0), &to, NULL, on_dialled, t);
        settle(t, us);
        if (t->made > 0)
            break;
        quic_dial_cancel(c);
    }
    assert_int_equal(t->made, 1); /* the last one */
}

/* The seventeenth and those behind him are sent away with a token, and come again with it. */
static void many_at_once_prove_their_addresses_and_all_get_in(void **state)
{
    struct town *t = *state;
    for (unsigned i = 0; i < 30; i++)
        start(t, &t->self[1]->id);
    settle(t, 12 * MSEC);
    assert_int_equal(quic_half_open(t->q[1], NULL), QUIC_RETRY_AT);
    settle(t, 5 * SEC);
    assert_int_equal(t->made, 30);
    assert_int_equal(t->came, 30);
}

static void ignore_datagram(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    (void)arg, (void)from, (void)bytes, (void)n;
}

static void packets_that_are_none_do_no_harm(void **state)
{
    static const uint8_t firsts[] = {0xc0, 0x40, 0xff, 0x00, 0xd1, 0xe3};
    struct town *t = *state;
    uint8_t bytes[1400];
    struct why why;
    connect_them(t);
    struct udp *u = udp_open(t->w.a, &t->w.at_a, ignore_datagram, NULL, &why);
    struct addr to = quic_addr(t->q[1]);
    for (unsigned i = 0; i < 3000; i++) {
        loop_random(t->w.a, bytes, sizeof bytes);
        bytes[0] = firsts[i % sizeof firsts];
        if (i % 2) /* version 1 */
            memcpy(bytes + 1, "\0\0\0\1", 4);
        udp_send(u, &to, bytes, i % 3 ? i % 1400 : i % 1201);
        settle(t, MSEC);
    }
    udp_close(u);
    settle(t, 11 * SEC);
    assert_int_equal(t->closed, 0);
    assert_int_equal(quic_half_open(t->q[1], NULL), 0);
    start(t, NULL);
    settle(t, SEC);
    assert_int_equal(t->came, 2);
}

/* --- how it ends --------------------------------------------------------------------------------
 */

struct seen {
    bool ended, closed, open;
    struct conn *c;
};

static void on_end(void *arg, enum conn_event ev, const struct why *why)
{
    struct seen *e = arg;
    char bytes[64];
    ssize_t n = CONN_AGAIN;
    (void)why;
    if (ev == CONN_READABLE)
        while ((n = conn_recv(e->c, bytes, sizeof bytes)) > 0)
            ;
    e->ended |= n == CONN_END;
    e->closed |= ev == CONN_CLOSED;
}

/* A stream of ours, and what the other side sees of it. */
static struct conn *open_one(struct town *t, struct seen *e)
{
    struct conn *s = mux_open(connect_them(t), NULL);
    conn_send(s, "x", 1);
    settle(t, SEC);
    assert_int_equal(t->stream_count, 1);
    *e = (struct seen){.c = t->streams[0]};
    conn_watch(e->c, on_end, e);
    on_end(e, CONN_READABLE, NULL);
    return s;
}

static void shut_and_closed_is_an_end(void **state)
{
    struct town *t = *state;
    struct seen e;
    struct conn *s = open_one(t, &e);
    conn_shut(s);
    conn_close(s);
    settle(t, SEC);
    assert_true(e.ended && !e.closed);
}

static void closed_alone_is_a_reset(void **state)
{
    struct town *t = *state;
    struct seen e;
    struct conn *s = open_one(t, &e);
    conn_close(s);
    settle(t, SEC);
    assert_true(e.closed && !e.ended);
}

static void on_closed_alone(void *arg, enum conn_event ev, const struct why *why)
{
    struct seen *e = arg;
    (void)why;
    e->closed |= ev == CONN_CLOSED;
}

static void more_than_its_purse_has_room_for_resets_the_stream_alone(void **state)
{
    static const char bytes[600];
    struct town *t = *state;
    struct purse *p = purse_new(NULL, 1);
    struct mux *m = connect_them(t);
    struct conn *s[2];
    struct seen e[2];
    p->budget.limit[BUDGET_BYTES] = 1000;
    mux_draw_from(t->muxes[1], p);
    for (int i = 0; i < 2; i++) { /* nobody reads them */
        s[i] = mux_open(m, NULL);
        conn_send(s[i], "x", 1);
        settle(t, SEC);
        e[i] = (struct seen){.c = t->streams[i]};
        conn_watch(e[i].c, on_closed_alone, &e[i]);
        assert_int_equal(conn_send(s[i], bytes, sizeof bytes - 1), sizeof bytes - 1);
        settle(t, SEC);
    }
    assert_true(e[1].closed && !e[0].closed);
    assert_int_equal(p->budget.used[BUDGET_BYTES], 600 + 1);
    on_end(&e[0], CONN_READABLE, NULL);
    assert_int_equal(p->budget.used[BUDGET_BYTES], 1); /* of the one that is over */
    close_streams(t);
    assert_int_equal(p->budget.used[BUDGET_BYTES], 0);
    conn_close(s[0]);
    conn_close(s[1]);
    settle(t, SEC);
    purse_drop(p);
}

/* What is not acknowledged is the peer's to answer for. */
static void what_is_not_acknowledged_is_drawn_from_the_purse(void **state)
{
    static const char bytes[64 << 10];
    struct town *t = *state;
    struct purse *p = purse_new(NULL, 1);
    struct mux *m = connect_them(t);
    ssize_t n, took = 0;
    p->budget.limit[BUDGET_BYTES] = 200 << 10;
    mux_draw_from(m, p);
    struct conn *s = mux_open(m, NULL);
    while ((n = conn_send(s, bytes, sizeof bytes)) > 0)
        took += n;
    assert_int_equal(n, CONN_AGAIN);
    assert_int_equal(p->budget.used[BUDGET_BYTES], took);
    assert_true(took >= QUIC_HELD_OWN && took <= 100 << 10); /* half of it is for others */
    settle(t, 5 * SEC);
    assert_int_equal(p->budget.used[BUDGET_BYTES], 0);
    p->budget.limit[BUDGET_BYTES] = 0;
    assert_int_equal(conn_send(s, "x", 1), CONN_FAILED); /* nothing is left */
    conn_close(s);
    settle(t, SEC);
    purse_drop(p);
}

static void streams_of_a_closed_connection_are_told(void **state)
{
    struct town *t = *state;
    struct seen e;
    struct conn *s = open_one(t, &e);
    struct seen ours = {.c = s};
    conn_watch(s, on_end, &ours);
    mux_close(t->muxes[0]);
    t->muxes[0] = NULL;
    assert_false(ours.closed); /* not from inside */
    settle(t, SEC);
    assert_true(ours.closed && e.closed);
    assert_int_equal(t->closed, 1);
    conn_close(s);
}

static void a_socket_that_is_closed_is_told(void **state)
{
    struct town *t = *state;
    connect_them(t);
    settle(t, 5 * 60 * SEC); /* it is kept alive */
    assert_int_equal(t->closed, 0);
    quic_close(t->q[1]);
    t->q[1] = NULL;
    settle(t, SEC);
    assert_int_equal(t->closed, 2); /* theirs too, by the last packet */
}

/* Its machine was restarted, and knows nothing of us: it says so at once, if we ask. */
/* Both ways nothing arrives; one of the two is needed now. */
static void who_is_tended_is_missed_within_seconds(void **state)
{
    struct town *t = *state;
    struct mux *m = connect_them(t);
    mux_tend(m, true);
    settle(t, 300 * SEC);
    assert_int_equal(t->closed, 0);
    sim_cut(sim_node_of(t->w.a), sim_node_of(t->w.b));
    settle(t, 2 * MUX_TEND_US);
    assert_int_equal(t->closed, 0);
    settle(t, 2 * MUX_TEND_US);
    assert_int_equal(t->closed, 1);
    assert_int_equal(t->why.code, ERR_TIMEOUT);
}

static void a_peer_that_vanished_is_noticed(void **state)
{
    struct town *t = *state;
    struct mux *m = connect_them(t);
    struct why why;
    struct map *empty = map_new(1), *all = t->q[1]->by_cid;
    t->q[1]->by_cid = empty;
    struct conn *s = mux_open(m, &why);
    uint8_t bytes[100] = {0};
    conn_send(s, bytes, sizeof bytes);
    settle(t, SEC);
    assert_int_equal(t->closed, 1);
    conn_close(s);
    t->q[1]->by_cid = all;
    map_free(empty);
}

static void streams_have_a_limit_and_come_back(void **state)
{
    struct town *t = *state;
    struct mux *m = connect_them(t);
    struct conn *s[QUIC_STREAMS_MAX];
    struct why why;
    for (unsigned round = 0; round < 2; round++) {
        for (unsigned i = 0; i < QUIC_STREAMS_MAX; i++) {
            s[i] = mux_open(m, &why);
            assert_non_null(s[i]);
            conn_send(s[i], "x", 1);
        }
        assert_null(mux_open(m, &why));
        assert_int_equal(why.code, ERR_LIMIT);
        assert_int_equal(mux_count(m), QUIC_STREAMS_MAX);
        settle(t, SEC);
        assert_int_equal(t->stream_count, QUIC_STREAMS_MAX);
        for (unsigned i = 0; i < QUIC_STREAMS_MAX; i++)
            conn_close(s[i]);
        settle(t, SEC);
        assert_null(mux_open(m, &why)); /* those who were asked hold them still */
        close_streams(t);
        settle(t, SEC);
    }
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world),

/* clang-format off */
int main(void)
{
    const struct CMUnitTest tests[] = {
        CONN_CHECKS(CASE)
        CASE(somebody_else_than_expected_is_refused)
        CASE(who_shows_no_certificate_is_refused)
        CASE(who_does_not_answer_is_given_up)
        CASE(a_cancelled_dial_is_silent)
        CASE(many_at_once_prove_their_addresses_and_all_get_in)
        CASE(packets_that_are_none_do_no_harm)
        CASE(shut_and_closed_is_an_end)
        CASE(closed_alone_is_a_reset)
        CASE(what_is_not_acknowledged_is_drawn_from_the_purse)
        CASE(more_than_its_purse_has_room_for_resets_the_stream_alone)
        CASE(streams_of_a_closed_connection_are_told)
        CASE(a_socket_that_is_closed_is_told)
        CASE(who_is_tended_is_missed_within_seconds)
        CASE(a_peer_that_vanished_is_noticed)
        CASE(streams_have_a_limit_and_come_back)
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
