/* Datagrams beside streams, over the simulator's UDP. */
#include "base/mem.h"
#include "base/test.h"
#include "host/quic/quic_in.h"
#include "sim/sim.h"

#include <string.h>

/* Ann, who dialled, and Bob: a connection with one stream. */
struct town {
    struct sim *sim;
    struct sim_node *node[2];
    struct keys *keys[2];
    struct quic_self *self[2];
    struct quic *q[2];
    struct mux *mux[2];
    struct conn *stream[2];
    struct buf heard; /* the first byte of each that came to Bob */
    size_t bytes;
    bool close; /* the stream in which the next comes */
};

static const struct sim_link line = {
    .latency_us = 5 * MSEC, .up_rate = 1250000, .down_rate = 1250000};

static void on_closed(void *arg, const struct why *why)
{
    (void)arg, (void)why;
}

static void on_datagram(void *arg, struct cur bytes)
{
    struct town *t = arg;
    assert_true(bytes.n > 0);
    t->bytes += bytes.n;
    buf_u8(&t->heard, bytes.p[0]);
    if (!t->close)
        return;
    conn_close(t->stream[1]);
    t->stream[1] = NULL;
}

static void on_stream(void *arg, struct conn *s)
{
    struct town *t = arg;
    t->stream[1] = s;
    mux_on_datagram(s, on_datagram, t);
}

static const struct mux_events mux_events = {on_stream, on_closed};

static bool on_welcome(void *arg, const struct addr *from)
{
    (void)arg, (void)from;
    return true;
}

static void on_came(void *arg, struct mux *m, const struct peer_id *peer)
{
    struct town *t = arg;
    (void)peer;
    t->mux[1] = m;
    mux_watch(m, &mux_events, t);
}

static void on_made(void *arg, struct mux *m, const struct peer_id *peer, const struct why *why)
{
    struct town *t = arg;
    (void)peer, (void)why;
    t->mux[0] = m;
    mux_watch(m, &mux_events, t);
}

static const struct quic_events hears = {on_welcome, on_came};

static int open_town(void **state)
{
    struct town *t = *state = MEM_NEW(struct town);
    struct why why;
    t->sim = sim_new(3);
    for (unsigned i = 0; i < 2; i++) {
        uint8_t entropy[16] = {(uint8_t)(i + 1)};
        struct addr ip = addr_v4(8, 0, 0, (uint8_t)(i + 1), 0), at = ip;
        at.port = 4001;
        t->node[i] = sim_node_add(t->sim, i ? "bob" : "ann", ip, line);
        t->keys[i] = keys_of_entropy(entropy, sizeof entropy);
        t->self[i] = quic_self_new(sim_node_loop(t->node[i]), t->keys[i], &why);
        t->q[i] = quic_open(t->self[i], &at, &hears, t, &why);
    }
    struct addr to = quic_addr(t->q[1]);
    quic_dial(t->q[0], &to, NULL, on_made, t);
    sim_run_for(t->sim, SEC);
    assert_non_null(t->mux[0]);
    t->stream[0] = mux_open(t->mux[0], &why);
    assert_int_equal(conn_send(t->stream[0], "!", 1), 1);
    sim_run_for(t->sim, SEC);
    assert_non_null(t->stream[1]);
    return 0;
}

static int close_town(void **state)
{
    struct town *t = *state;
    for (unsigned i = 0; i < 2; i++) {
        conn_close(t->stream[i]);
        mux_close(t->mux[i]);
        quic_close(t->q[i]);
        quic_self_free(t->self[i]);
        keys_free(t->keys[i]);
    }
    sim_free(t->sim);
    buf_done(&t->heard);
    free(t);
    return 0;
}

static bool say(struct town *t, uint8_t first, size_t n)
{
    uint8_t bytes[2000] = {first};
    enum mux_took took = mux_datagram(t->stream[0], cur_of(bytes, n));
    if (took == MUX_SENT_SPEAK)
        conn_send(t->stream[0], ".", 1);
    return took != MUX_NONE;
}

static void they_arrive_whole_and_beside_what_the_stream_says(void **state)
{
    struct town *t = *state;
    char got[4];
    assert_true(say(t, 1, 1280));
    assert_int_equal(conn_send(t->stream[0], "abc", 3), 3);
    assert_true(say(t, 2, 1));
    sim_run_for(t->sim, SEC);
    assert_int_equal(buf_len(&t->heard), 2);
    assert_memory_equal(buf_bytes(&t->heard), "\1\2", 2);
    assert_int_equal(t->bytes, 1281);
    assert_int_equal(conn_recv(t->stream[1], got, 4), 4); /* with its first byte */
    assert_memory_equal(got, "!abc", 4);
    assert_true(mux_datagram(t->stream[1], cur_of("x", 1))); /* nobody listens there */
    sim_run_for(t->sim, SEC);
}

static void what_the_path_does_not_carry_is_refused(void **state)
{
    struct town *t = *state;
    assert_true(say(t, 1, QUIC_DATAGRAM_MAX - 1));
    assert_false(say(t, 2, QUIC_DATAGRAM_MAX));
    sim_run_for(t->sim, SEC);
    assert_int_equal(buf_len(&t->heard), 1);
}

static void what_waits_is_bounded_and_not_old(void **state)
{
    struct town *t = *state;
    for (unsigned i = 0; i < 10000; i++) {
        assert_true(say(t, 1, 1000)); /* taken or lost */
        assert_true(buf_len(&((struct quic_stream *)t->stream[0])->c->datagrams) <=
                    QUIC_DATAGRAMS_MAX);
    }
    sim_cut(t->node[0], t->node[1]);
    sim_run_for(t->sim, SEC);
    buf_clear(&t->heard);
    sim_heal(t->node[0], t->node[1]);
    assert_true(say(t, 2, 1000));
    sim_run_for(t->sim, 10 * SEC);
    for (size_t i = 0; i < buf_len(&t->heard); i++)
        assert_int_equal(buf_bytes(&t->heard)[i], 2); /* those of before are old */
    assert_int_equal(buf_len(&((struct quic_stream *)t->stream[0])->c->datagrams), 0);
}

/* A line of 10 Mbit/s carries as many as go through it, and the rest is lost. */
static void more_than_the_line_carries_is_lost(void **state)
{
    struct town *t = *state;
    for (unsigned ms = 0; ms < 5000; ms++) {
        say(t, 1, 1200); /* 24 Mbit/s */
        say(t, 1, 1200);
        say(t, 1, 600);
        sim_run_for(t->sim, MSEC);
    }
    assert_in_range(t->bytes, 5 * 1250000 * 7 / 10, 5 * 1250000);
}

static void streams_are_not_starved(void **state)
{
    struct town *t = *state;
    uint8_t block[10000] = {0};
    size_t got = 0;
    for (unsigned ms = 0; ms < 5000; ms++) {
        for (unsigned i = 0; i < 3; i++)
            say(t, 1, 1200);
        conn_send(t->stream[0], block, sizeof block);
        for (ssize_t n; (n = conn_recv(t->stream[1], block, sizeof block)) > 0;)
            got += (size_t)n;
        sim_run_for(t->sim, MSEC);
    }
    assert_true(got > 1250000 && t->bytes > 1250000); /* of 6 MB, at least a fifth each */
}

static void the_stream_may_be_closed_while_they_are_told(void **state)
{
    struct town *t = *state;
    t->close = true;
    for (uint8_t i = 1; i < 6; i++)
        assert_true(say(t, i, 10));
    sim_run_for(t->sim, SEC);
    assert_int_equal(buf_len(&t->heard), 1);
    assert_null(t->stream[1]);
    for (uint8_t i = 1; i < 6; i++)
        say(t, i, 10); /* to a stream that is no more */
    sim_run_for(t->sim, SEC);
    assert_int_equal(buf_len(&t->heard), 1);
}

/* Both have said all: the stream is no more as soon as its owner closes it. */
static void a_stream_that_is_over_may_be_closed_while_they_are_told(void **state)
{
    struct town *t = *state;
    conn_shut(t->stream[1]);
    sim_run_for(t->sim, SEC);
    for (uint8_t i = 1; i < 4; i++)
        assert_true(say(t, i, 10));
    conn_shut(t->stream[0]);
    t->close = true;
    sim_run_for(t->sim, SEC);
    assert_int_equal(buf_len(&t->heard), 1);
    assert_null(t->stream[1]);
}

static void what_names_no_stream_is_nothing(void **state)
{
    struct town *t = *state;
    struct quic_conn *c = (struct quic_conn *)t->mux[1];
    static const struct {
        const char *bytes;
        size_t n;
    } bad[] = {{"", 0}, {"\x80", 1}, {"\x05x", 2}, {"\xff\xff\xff\xff\xff\xff\xff\xff\x7fx", 10}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        quic_datagram_came(c, cur_of(bad[i].bytes, bad[i].n));
    sim_run_for(t->sim, SEC);
    assert_int_equal(buf_len(&t->heard), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_town, close_town)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(they_arrive_whole_and_beside_what_the_stream_says),
        CASE(what_the_path_does_not_carry_is_refused),
        CASE(what_waits_is_bounded_and_not_old),
        CASE(more_than_the_line_carries_is_lost),
        CASE(streams_are_not_starved),
        CASE(the_stream_may_be_closed_while_they_are_told),
        CASE(a_stream_that_is_over_may_be_closed_while_they_are_told),
        CASE(what_names_no_stream_is_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
