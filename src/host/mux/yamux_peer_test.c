/* Yamux against an other side moved by hand, frame by frame: what others do, what they do wrong,
 * and what they do on purpose. */
#include "host/mux/yamux.h"

#include "host/mux/duo_test.h"
#include "host/mux/yamux_msg.h"
#include "host/mux/yamux_state.h"

enum { STREAMS = 2048 };

struct peer {
    struct duo d;
    struct hand h;   /* the other side */
    struct mux *mux; /* ours */
    bool reads;      /* our owner reads what comes, at once */
    struct conn *s[STREAMS];
    bool told[STREAMS];
    unsigned shown;
    uint64_t got;
    bool ended, closed;
    struct why why, stream_why;
};

struct ear { /* which stream an event is of */
    struct peer *p;
    unsigned i;
};
static struct ear ears[STREAMS];

static void peer_read(struct peer *p, unsigned i, size_t most)
{
    static uint8_t bytes[1 << 20];
    ssize_t n = 0;
    while (most > 0 &&
           (n = conn_recv(p->s[i], bytes, most < sizeof bytes ? most : sizeof bytes)) > 0) {
        p->got += (uint64_t)n;
        most -= (size_t)n;
    }
    p->ended |= n == CONN_END;
}

static void on_ear(void *arg, enum conn_event ev, const struct why *why)
{
    struct ear *e = arg;
    if (ev == CONN_READABLE && e->p->reads)
        peer_read(e->p, e->i, SIZE_MAX);
    if (ev == CONN_CLOSED) {
        assert_false(e->p->told[e->i]);
        e->p->told[e->i] = true;
        e->p->stream_why = *why;
    }
}

static void watch(struct peer *p, struct conn *s)
{
    assert_true(p->shown < STREAMS);
    p->s[p->shown] = s;
    ears[p->shown] = (struct ear){p, p->shown};
    conn_watch(s, on_ear, &ears[p->shown++]);
}

static void on_shown(void *arg, struct conn *s)
{
    watch(arg, s);
}

static void on_peer_closed(void *arg, const struct why *why)
{
    struct peer *p = arg;
    assert_false(p->closed);
    p->closed = true;
    p->why = *why;
}

/* Ours is the client where `client`; the other side is told what it says by feed(). */
static struct peer *peer_open(bool client)
{
    static const struct mux_events events = {on_shown, on_peer_closed};
    struct peer *p = MEM_NEW(struct peer);
    duo_open(&p->d, 1);
    p->mux = yamux_new(p->d.a, client, &events, p);
    hand_take(&p->h, p->d.b);
    p->d.a = p->d.b = NULL;
    p->reads = true;
    return p;
}

static void peer_close(struct peer *p)
{
    for (unsigned i = 0; i < p->shown; i++)
        conn_close(p->s[i]);
    mux_close(p->mux);
    hand_drop(&p->h);
    duo_close(&p->d);
    free(p);
}

static void pass(struct peer *p)
{
    sim_run_for(p->d.sim, SEC);
}

/* A frame, with as many bytes behind it as `bytes` says. */
static void frame(struct peer *p, enum yamux_type type, unsigned flags, uint32_t id,
                  uint32_t length, size_t bytes)
{
    struct buf b = {0};
    yamux_write(buf_room(&b, YAMUX_HEADER_LEN),
                &(struct yamux_frame){type, (uint16_t)flags, id, length});
    buf_grew(&b, YAMUX_HEADER_LEN);
    memset(buf_room(&b, bytes + 1), 'x', bytes);
    buf_grew(&b, bytes);
    while (buf_len(&b) > 0 && !p->h.closed) {
        ssize_t n = conn_send(p->h.c, buf_bytes(&b), buf_len(&b));
        if (n > 0)
            buf_eat(&b, (size_t)n);
        else
            sim_run_for(p->d.sim, 10 * MSEC);
    }
    buf_done(&b);
}

/* The next frame from ours; false: none is there.  Bytes of DATA are dropped. */
static bool heard(struct peer *p, struct yamux_frame *f)
{
    struct cur c = buf_cur(&p->h.got);
    if (c.n < YAMUX_HEADER_LEN)
        return false;
    assert_int_equal(yamux_read(&c, f, NULL), OK);
    buf_eat(&p->h.got, YAMUX_HEADER_LEN + (f->type == YAMUX_DATA ? f->length : 0));
    return true;
}

static void hear(struct peer *p, enum yamux_type type, unsigned flags, uint32_t id, uint32_t length)
{
    struct yamux_frame f;
    assert_true(heard(p, &f));
    assert_int_equal(f.type, type);
    assert_int_equal(f.flags, flags);
    assert_int_equal(f.stream, id);
    assert_int_equal(f.length, length);
}

static void hear_nothing(struct peer *p)
{
    assert_int_equal(buf_len(&p->h.got), 0);
}

static void hear_the_end(struct peer *p, enum err code, const char *words)
{
    pass(p);
    struct yamux_frame f = {0};
    while (heard(p, &f))
        ;
    assert_int_equal(f.type, YAMUX_GO_AWAY);
    assert_int_equal(f.length, YAMUX_PROTOCOL_ERROR);
    assert_true(p->closed);
    assert_int_equal(p->why.code, code);
    if (!strstr(p->why.text, words))
        fail_msg("%s", p->why.text);
}

static void a_stream_is_acknowledged_read_and_ended(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_DATA, YAMUX_SYN, 1, 5, 5);
    pass(p);
    assert_int_equal(p->shown, 1);
    assert_int_equal(p->got, 5);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 1, 0);
    frame(p, YAMUX_DATA, YAMUX_FIN, 1, 3, 3);
    pass(p);
    assert_int_equal(p->got, 8);
    assert_true(p->ended);
    assert_int_equal(conn_send(p->s[0], "abc", 3), 3);
    conn_shut(p->s[0]);
    pass(p);
    hear(p, YAMUX_DATA, 0, 1, 3);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_FIN, 1, 0);
    assert_int_equal(conn_send(p->s[0], "x", 1), CONN_FAILED);
    hear_nothing(p);
    peer_close(p);
}

static void ours_begins_with_its_first_bytes_or_in_the_next_turn(void **state)
{
    (void)state;
    struct peer *p = peer_open(true);
    watch(p, mux_open(p->mux, NULL));
    watch(p, mux_open(p->mux, NULL));
    conn_send(p->s[1], "abc", 3);
    pass(p);
    hear(p, YAMUX_DATA, YAMUX_SYN, 3, 3);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0);
    conn_close(mux_open(p->mux, NULL)); /* nobody ever hears of it */
    pass(p);
    hear_nothing(p);
    peer_close(p);
}

static void frames_come_in_any_pieces(void **state)
{
    (void)state;
    static const char all[] = "\0\0\0\1\0\0\0\1\0\0\0\3abc"
                              "\0\2\0\1\0\0\0\0\0\0\0\7"
                              "\0\0\0\4\0\0\0\1\0\0\0\2de";
    struct peer *p = peer_open(false);
    for (size_t i = 0; i < sizeof all - 1; i++) {
        assert_int_equal(conn_send(p->h.c, all + i, 1), 1);
        sim_run_for(p->d.sim, 100 * MSEC);
        assert_int_equal(p->shown, i >= 11);
        assert_int_equal(p->ended, i == sizeof all - 2);
    }
    assert_int_equal(p->got, 5);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 1, 0);
    hear(p, YAMUX_PING, YAMUX_ACK, 0, 7);
    peer_close(p);
}

/* "Late" frames crossed the last one on the wire. */
static void frames_for_streams_that_are_over_are_ignored(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_WINDOW_UPDATE, 0, 1, 5, 0);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 2, 5, 0);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_FIN, 3, UINT32_MAX, 0);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_RST, 2, 0, 0);
    frame(p, YAMUX_DATA, YAMUX_RST, 5, 10, 10);
    frame(p, YAMUX_DATA, 0, 7, 1 << 20, 1 << 20); /* more than any window */
    frame(p, YAMUX_PING, YAMUX_SYN, 0, 99, 0);
    pass(p);
    assert_false(p->closed);
    assert_int_equal(p->shown, 0);
    hear(p, YAMUX_PING, YAMUX_ACK, 0, 99);
    hear_nothing(p);
    peer_close(p);
}

static void an_answer_to_no_ping_is_ignored(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_PING, YAMUX_ACK, 0, 1, 0);
    frame(p, YAMUX_PING, 0, 0, 1, 0);
    pass(p);
    assert_false(p->closed);
    assert_int_equal(mux_rtt_us(p->mux), 0);
    hear_nothing(p);
    peer_close(p);
}

static void who_opens_with_our_ids_or_twice_is_hung_up_on(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2, 0, 0);
    hear_the_end(p, ERR_INVALID, "a client opens stream 2");
    peer_close(p);
    p = peer_open(true);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0, 0);
    hear_the_end(p, ERR_INVALID, "a server opens stream 1");
    peer_close(p);
    p = peer_open(true);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2, 0, 0);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2, 0, 0);
    hear_the_end(p, ERR_INVALID, "opened twice");
    assert_true(p->told[0]);
    peer_close(p);
}

static void who_speaks_no_yamux_is_hung_up_on(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    conn_send(p->h.c, "GET / HTTP/1.1\r\n", 16);
    hear_the_end(p, ERR_INVALID, "version 71");
    peer_close(p);
}

static void more_than_the_window_ends_the_session(void **state)
{
    (void)state;
    /* The first frame of a stream: CVE-2026-32314. */
    struct peer *p = peer_open(false);
    frame(p, YAMUX_DATA, YAMUX_SYN, 1, YAMUX_WINDOW + 1, 0);
    hear_the_end(p, ERR_INVALID, "262145 bytes, 262144 allowed");
    peer_close(p);
    p = peer_open(false);
    frame(p, YAMUX_DATA, YAMUX_SYN, 1, UINT32_MAX, 0);
    hear_the_end(p, ERR_INVALID, "262144 allowed");
    peer_close(p);
    /* The last byte that is allowed, and one more. */
    p = peer_open(false);
    p->reads = false;
    frame(p, YAMUX_DATA, YAMUX_SYN, 1, YAMUX_WINDOW, YAMUX_WINDOW);
    pass(p);
    assert_false(p->closed);
    frame(p, YAMUX_DATA, 0, 1, 1, 1);
    hear_the_end(p, ERR_INVALID, "1 bytes, 0 allowed");
    peer_read(p, 0, SIZE_MAX); /* what came before is still there */
    assert_int_equal(p->got, YAMUX_WINDOW);
    peer_close(p);
}

/* Credit that overflows a sum, on every frame that may carry some (GHSA-4w32-2493-32g7,
 * CVE-2024-32984). */
static void credit_without_end_is_only_much(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, UINT32_MAX, 0);
    frame(p, YAMUX_WINDOW_UPDATE, 0, 1, UINT32_MAX, 0);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_FIN, 1, UINT32_MAX, 0);
    pass(p);
    assert_false(p->closed);
    assert_int_equal(conn_send(p->s[0], "abc", 3), 3);
    pass(p);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 1, 0);
    hear(p, YAMUX_DATA, 0, 1, 3);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_RST, 1, UINT32_MAX, 0);
    pass(p);
    assert_true(p->told[0]);
    assert_int_equal(p->stream_why.code, ERR_CLOSED);
    peer_close(p);
}

static size_t say_much(struct conn *c, size_t most)
{
    static const uint8_t zeros[32768];
    size_t all = 0;
    ssize_t n = 1;
    while (all < most && n > 0)
        if ((n = conn_send(c, zeros, sizeof zeros < most - all ? sizeof zeros : most - all)) > 0)
            all += (size_t)n;
    return all;
}

static void we_send_what_we_may_and_credit_with_a_fin_counts(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    size_t sent = 0;
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 100, 0);
    for (int i = 0; i < 5; i++) {
        pass(p);
        sent += say_much(p->s[0], SIZE_MAX);
    }
    assert_int_equal(sent, YAMUX_WINDOW + 100);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_FIN, 1, 50, 0);
    pass(p);
    assert_true(p->ended);
    assert_int_equal(say_much(p->s[0], SIZE_MAX), 50);
    peer_close(p);
}

static void credit_is_given_when_the_owner_reads_and_half_a_window_at_once(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    p->reads = false;
    frame(p, YAMUX_DATA, YAMUX_SYN, 1, YAMUX_WINDOW, YAMUX_WINDOW);
    pass(p);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 1, 0);
    hear_nothing(p);
    peer_read(p, 0, YAMUX_WINDOW / 2 - 1);
    pass(p);
    hear_nothing(p);
    peer_read(p, 0, 1);
    pass(p);
    struct yamux_frame ping;
    assert_true(heard(p, &ping)); /* how far is it? */
    assert_int_equal(ping.type, YAMUX_PING);
    hear(p, YAMUX_WINDOW_UPDATE, 0, 1, YAMUX_WINDOW / 2);
    hear_nothing(p);
    peer_close(p);
}

/* Half a window more comes and is read; what credit is given for it? */
static uint32_t credit_for_half(struct peer *p, uint32_t size)
{
    struct yamux_frame f = {0};
    frame(p, YAMUX_DATA, 0, 1, size / 2, size / 2);
    sim_run_for(p->d.sim, 200 * MSEC);
    while (heard(p, &f) && f.type != YAMUX_WINDOW_UPDATE)
        ;
    assert_int_equal(f.type, YAMUX_WINDOW_UPDATE);
    return f.length;
}

static void a_window_that_is_filled_in_two_round_trips_doubles(void **state)
{
    (void)state;
    enum { HALF = YAMUX_WINDOW / 2 };
    struct peer *p = peer_open(false);
    struct yamux_frame f;
    frame(p, YAMUX_DATA, YAMUX_SYN, 1, HALF, HALF);
    pass(p);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 1, 0);
    assert_true(heard(p, &f));
    assert_int_equal(f.type, YAMUX_PING);
    hear(p, YAMUX_WINDOW_UPDATE, 0, 1, HALF);
    assert_int_equal(credit_for_half(p, YAMUX_WINDOW), HALF); /* the round trip is not known */
    frame(p, YAMUX_PING, YAMUX_ACK, 0, f.length + 1, 0);      /* not that one */
    pass(p);
    assert_int_equal(mux_rtt_us(p->mux), 0);
    frame(p, YAMUX_PING, YAMUX_ACK, 0, f.length, 0);
    sim_run_for(p->d.sim, 10 * SEC);
    assert_true(mux_rtt_us(p->mux) >= 2 * SEC && mux_rtt_us(p->mux) < 3 * SEC);
    assert_int_equal(credit_for_half(p, YAMUX_WINDOW), HALF); /* it took 10 s */
    assert_int_equal(credit_for_half(p, YAMUX_WINDOW), HALF + YAMUX_WINDOW);
    assert_int_equal(credit_for_half(p, 2 * YAMUX_WINDOW), YAMUX_WINDOW + 2 * YAMUX_WINDOW);
    peer_close(p);
}

static void an_orphan_s_late_bytes_are_answered_with_a_reset(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0, 0);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 3, 0, 0);
    pass(p);
    for (int i = 0; i < 2; i++) {
        conn_send(p->s[i], "bye", 3);
        conn_shut(p->s[i]);
        conn_close(p->s[i]);
    }
    p->shown = 0;
    assert_int_equal(mux_count(p->mux), 0);
    pass(p);
    buf_clear(&p->h.got);
    frame(p, YAMUX_DATA, YAMUX_FIN, 1, 4, 4); /* that was all: no need */
    frame(p, YAMUX_DATA, 0, 3, 4, 4);
    frame(p, YAMUX_DATA, 0, 3, 4, 4);
    pass(p);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_RST, 3, 0);
    hear_nothing(p);
    peer_close(p);
}

static void a_stream_that_is_only_closed_is_reset(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 0, 0);
    pass(p);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 1, 0);
    conn_close(p->s[0]);
    p->shown = 0;
    pass(p);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_RST, 1, 0);
    peer_close(p);
}

static void more_after_the_end_resets_the_stream_alone(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_DATA, YAMUX_SYN | YAMUX_FIN, 1, 1, 1);
    frame(p, YAMUX_DATA, 0, 1, 1, 1);
    pass(p);
    assert_true(p->told[0]);
    assert_false(p->closed);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_RST, 1, 0);
    peer_close(p);
}

static void so_many_unacknowledged_are_taken_and_one_more_is_reset(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    struct buf b = {0};
    for (uint32_t i = 0; i <= YAMUX_ACK_MAX;
         i++) { /* in one piece: nothing is acknowledged between */
        yamux_write(buf_room(&b, YAMUX_HEADER_LEN),
                    &(struct yamux_frame){YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2 * i + 1, 0});
        buf_grew(&b, YAMUX_HEADER_LEN);
    }
    assert_int_equal(conn_send(p->h.c, buf_bytes(&b), buf_len(&b)), buf_len(&b));
    buf_done(&b);
    pass(p);
    assert_int_equal(p->shown, YAMUX_ACK_MAX);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_RST, 2 * YAMUX_ACK_MAX + 1, 0);
    for (uint32_t i = 0; i < YAMUX_ACK_MAX; i++)
        hear(p, YAMUX_WINDOW_UPDATE, YAMUX_ACK, 2 * i + 1, 0);
    hear_nothing(p);
    peer_close(p);
}

static void more_streams_than_we_bear_are_reset(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    for (uint32_t i = 0; i < YAMUX_STREAMS_MAX + 10; i++) {
        frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2 * i + 1, 0, 0);
        sim_run_for(p->d.sim, MSEC);
    }
    pass(p);
    assert_int_equal(p->shown, YAMUX_STREAMS_MAX);
    assert_int_equal(mux_count(p->mux), YAMUX_STREAMS_MAX);
    unsigned resets = 0;
    for (struct yamux_frame f; heard(p, &f);)
        resets += f.flags == YAMUX_RST;
    assert_int_equal(resets, 10);
    conn_close(p->s[--p->shown]); /* one goes, one may come */
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 99999, 0, 0);
    pass(p);
    assert_int_equal(p->shown, YAMUX_STREAMS_MAX);
    assert_false(p->closed);
    peer_close(p);
}

/* HTTP/2's rapid reset, in Yamux. */
static void opening_and_resetting_has_a_rate_and_leaves_nothing(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    p->reads = false;
    unsigned i = 0;
    for (; i < YAMUX_CHURN_BURST && !p->closed; i++) {
        frame(p, YAMUX_DATA, YAMUX_SYN, 2 * i + 1, 10, 10);
        frame(p, YAMUX_WINDOW_UPDATE, YAMUX_RST, 2 * i + 1, 0, 0);
        if (i % 64 == 63) {
            sim_run_for(p->d.sim, MSEC * 100);
            while (p->shown > 0)
                conn_close(p->s[--p->shown]);
            memset(p->told, 0, sizeof p->told);
        }
    }
    assert_false(p->closed);
    assert_int_equal(mux_count(p->mux), 0);
    for (; i < 4 * YAMUX_CHURN_BURST && !p->closed; i++) {
        frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN | YAMUX_RST, 2 * i + 1, 0, 0);
        if (i % 64 == 63)
            sim_run_for(p->d.sim, MSEC);
    }
    hear_the_end(p, ERR_LIMIT, "opened to be reset");
    peer_close(p);
}

static void pings_are_answered_with_their_value(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    frame(p, YAMUX_PING, YAMUX_SYN, 0, 0xdeadbeef, 0);
    frame(p, YAMUX_PING, YAMUX_SYN, 0, 0, 0);
    pass(p);
    hear(p, YAMUX_PING, YAMUX_ACK, 0, 0xdeadbeef);
    hear(p, YAMUX_PING, YAMUX_ACK, 0, 0);
    peer_close(p);
}

/* Reading never waits for writing, and nobody who does not read makes us hold much. */
static void who_asks_on_and_does_not_read_is_heard_and_owed_one_answer(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    p->h.deaf = true;
    frame(p, YAMUX_DATA, YAMUX_SYN, 1, 1, 1);
    frame(p, YAMUX_WINDOW_UPDATE, 0, 1, 64 << 20, 0);
    pass(p);
    size_t sent = 0;
    for (size_t n = 1; n > 0; sent += n) {
        n = say_much(p->s[0], SIZE_MAX);
        pass(p);
    }
    assert_true(sent < 4 << 20);
    for (uint32_t i = 0; i < 20000; i++)
        frame(p, YAMUX_PING, YAMUX_SYN, 0, i, 0);
    frame(p, YAMUX_DATA, 0, 1, 1000, 1000);
    pass(p);
    assert_int_equal(p->got, 1001); /* it was read all the same */
    assert_false(p->closed);
    p->h.deaf = false;
    hand_read(&p->h);
    pass(p);
    unsigned pongs = 0;
    uint32_t last = 0;
    for (struct yamux_frame f; heard(p, &f);)
        if (f.type == YAMUX_PING && f.flags == YAMUX_ACK) {
            pongs++;
            last = f.length;
        }
    assert_int_equal(pongs, 1);
    assert_int_equal(last, 19999);
    peer_close(p);
}

static void who_takes_nothing_for_long_is_given_up(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    p->h.deaf = true;
    frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 1, 64 << 20, 0);
    pass(p);
    for (int i = 0; i < 5; i++) {
        say_much(p->s[0], SIZE_MAX);
        pass(p);
    }
    for (int i = 0; i < 65 && !p->closed; i++) {
        frame(p, YAMUX_PING, YAMUX_SYN, 0, 1, 0); /* it is not silent */
        pass(p);
    }
    assert_true(p->closed);
    assert_int_equal(p->why.code, ERR_TIMEOUT);
    assert_non_null(strstr(p->why.text, "written"));
    peer_close(p);
}

static void a_goodbye_with_a_reason_is_the_end_and_one_without_is_not(void **state)
{
    (void)state;
    for (uint32_t code = 0; code < 4; code++) {
        struct peer *p = peer_open(true);
        struct why why;
        frame(p, YAMUX_GO_AWAY, 0, 0, code, 0);
        pass(p);
        assert_int_equal(p->closed, code != YAMUX_NORMAL);
        assert_null(mux_open(p->mux, &why));
        assert_int_equal(why.code, ERR_STATE);
        frame(p, YAMUX_WINDOW_UPDATE, YAMUX_SYN, 2, 0, 0);
        pass(p);
        assert_int_equal(p->shown, code == YAMUX_NORMAL);
        peer_close(p);
    }
}

static void after_our_goodbye_new_streams_are_reset(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    mux_shut(p->mux);
    pass(p);
    hear(p, YAMUX_GO_AWAY, 0, 0, YAMUX_NORMAL);
    frame(p, YAMUX_DATA, YAMUX_SYN, 1, 10, 10);
    pass(p);
    hear(p, YAMUX_WINDOW_UPDATE, YAMUX_RST, 1, 0);
    assert_int_equal(p->shown, 0);
    peer_close(p);
}

/* rust closes a connection without streams after 10 s: that is no fault. */
static void hanging_up_is_told_as_the_end(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    conn_shut(p->h.c);
    pass(p);
    assert_true(p->closed);
    assert_int_equal(p->why.code, ERR_CLOSED);
    peer_close(p);
}

static void all_streams_together_hold_so_much(void **state)
{
    (void)state;
    struct peer *p = peer_open(false);
    p->reads = false;
    unsigned full = YAMUX_HELD_MAX / YAMUX_WINDOW;
    for (unsigned i = 0; i <= full; i++)
        frame(p, YAMUX_DATA, YAMUX_SYN, 2 * i + 1, YAMUX_WINDOW, YAMUX_WINDOW);
    sim_run_for(p->d.sim, 20 * SEC);
    assert_false(p->closed);
    assert_int_equal(p->shown, full + 1);
    assert_false(p->told[full - 1]);
    assert_true(p->told[full]);
    assert_int_equal(p->stream_why.code, ERR_LIMIT);
    peer_read(p, 0, SIZE_MAX); /* one is read, and there is room again */
    frame(p, YAMUX_DATA, YAMUX_SYN, 2 * full + 3, YAMUX_WINDOW, YAMUX_WINDOW);
    sim_run_for(p->d.sim, SEC);
    assert_false(p->told[full + 1]);
    peer_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_stream_is_acknowledged_read_and_ended),
        cmocka_unit_test(ours_begins_with_its_first_bytes_or_in_the_next_turn),
        cmocka_unit_test(frames_come_in_any_pieces),
        cmocka_unit_test(frames_for_streams_that_are_over_are_ignored),
        cmocka_unit_test(an_answer_to_no_ping_is_ignored),
        cmocka_unit_test(who_opens_with_our_ids_or_twice_is_hung_up_on),
        cmocka_unit_test(who_speaks_no_yamux_is_hung_up_on),
        cmocka_unit_test(more_than_the_window_ends_the_session),
        cmocka_unit_test(credit_without_end_is_only_much),
        cmocka_unit_test(we_send_what_we_may_and_credit_with_a_fin_counts),
        cmocka_unit_test(credit_is_given_when_the_owner_reads_and_half_a_window_at_once),
        cmocka_unit_test(a_window_that_is_filled_in_two_round_trips_doubles),
        cmocka_unit_test(an_orphan_s_late_bytes_are_answered_with_a_reset),
        cmocka_unit_test(a_stream_that_is_only_closed_is_reset),
        cmocka_unit_test(more_after_the_end_resets_the_stream_alone),
        cmocka_unit_test(so_many_unacknowledged_are_taken_and_one_more_is_reset),
        cmocka_unit_test(more_streams_than_we_bear_are_reset),
        cmocka_unit_test(opening_and_resetting_has_a_rate_and_leaves_nothing),
        cmocka_unit_test(pings_are_answered_with_their_value),
        cmocka_unit_test(who_asks_on_and_does_not_read_is_heard_and_owed_one_answer),
        cmocka_unit_test(who_takes_nothing_for_long_is_given_up),
        cmocka_unit_test(a_goodbye_with_a_reason_is_the_end_and_one_without_is_not),
        cmocka_unit_test(after_our_goodbye_new_streams_are_reset),
        cmocka_unit_test(hanging_up_is_told_as_the_end),
        cmocka_unit_test(all_streams_together_hold_so_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
