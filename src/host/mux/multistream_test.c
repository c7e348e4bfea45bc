/* multistream over the simulator's TCP: two of ours, and one of ours against bytes by hand. */
#include "host/mux/multistream.h"

#include "host/mux/duo_test.h"
#include "host/mux/multistream_msg.h"

#define HEADER "\x13/multistream/1.0.0\n"

/* A talk's end. */
struct told {
    int times;
    char agreed[MULTISTREAM_NAME_MAX + 1]; /* "": nothing */
    struct why why;
    bool in_start;
};

static void on_told(void *arg, const char *agreed, const struct why *why)
{
    struct told *t = arg;
    assert_false(t->in_start);
    assert_true((agreed == NULL) == (why != NULL));
    t->times++;
    if (agreed)
        snprintf(t->agreed, sizeof t->agreed, "%s", agreed);
    else
        t->why = *why;
}

/* We speak "/yamux/1.0.0" and everything under "/kad/". */
static const char *choose(void *arg, const char *name)
{
    (void)arg;
    if (strncmp(name, "/kad/", 5) == 0)
        return "/kad/1.0.0";
    return strcmp(name, "/yamux/1.0.0") == 0 ? "/yamux/1.0.0" : NULL;
}

static struct multistream *dial(struct conn *c, const char *const *names, size_t n, struct told *t)
{
    *t = (struct told){.in_start = true};
    struct multistream *m = multistream_dial(c, names, n, on_told, t);
    t->in_start = false;
    return m;
}

static struct multistream *accept_it(struct conn *c, struct told *t)
{
    *t = (struct told){.in_start = true};
    /* choose's arg and cb's are one */
    struct multistream *m = multistream_accept(c, choose, on_told, t);
    t->in_start = false;
    return m;
}

static bool both_told(void *arg)
{
    struct told *t = arg;
    return t[0].times && t[1].times;
}

static bool one_told(void *arg)
{
    return ((struct told *)arg)->times > 0;
}

static void two_agree_on_the_first_name_that_both_speak(void **state)
{
    static const char *const names[] = {"/noise", "/tls/1.0.0", "/yamux/1.0.0", "/kad/1.0.0"};
    struct duo d;
    struct told t[2];
    (void)state;
    duo_open(&d, 1);
    dial(d.a, names, 4, &t[0]);
    accept_it(d.b, &t[1]);
    assert_true(sim_run_until(d.sim, both_told, t, SEC));
    assert_string_equal(t[0].agreed, "/yamux/1.0.0");
    assert_string_equal(t[1].agreed, "/yamux/1.0.0");
    sim_run_for(d.sim, 60 * SEC); /* no deadline is left */
    assert_int_equal(t[0].times + t[1].times, 2);
    duo_close(&d);
}

static void none_in_common_is_told_to_who_asked_and_the_other_waits_for_more(void **state)
{
    static const char *const names[] = {"/noise", "/tls/1.0.0"};
    struct duo d;
    struct told t[2];
    (void)state;
    duo_open(&d, 2);
    dial(d.a, names, 2, &t[0]);
    accept_it(d.b, &t[1]);
    assert_true(sim_run_until(d.sim, one_told, &t[0], SEC));
    assert_int_equal(t[0].why.code, ERR_NOT_FOUND);
    assert_non_null(strstr(t[0].why.text, "/noise"));
    assert_int_equal(t[1].times, 0);
    conn_close(d.a);
    d.a = NULL;
    assert_true(sim_run_until(d.sim, one_told, &t[1], SEC));
    assert_int_equal(t[1].why.code, ERR_CLOSED);
    duo_close(&d);
}

static void header_and_first_proposal_go_in_one_write(void **state)
{
    static const char *const names[] = {"/noise"};
    struct duo d;
    struct told t;
    struct hand h;
    (void)state;
    duo_open(&d, 3);
    hand_take(&h, d.b);
    struct multistream *m = dial(d.a, names, 1, &t);
    sim_run_for(d.sim, SEC);
    assert_int_equal(buf_len(&h.got), 20 + 8);
    assert_memory_equal(buf_bytes(&h.got), HEADER "\x07/noise\n", 28);
    multistream_cancel(m);
    d.b = NULL;
    hand_drop(&h);
    duo_close(&d);
}

/* What is behind the talk's last byte is the protocol's, however it came. */
static void not_a_byte_of_what_follows_is_read(void **state)
{
    static const char talk[] = HEADER "\x0d/yamux/1.0.0\nYAMUX";
    static const char *const names[] = {"/yamux/1.0.0"};
    (void)state;
    for (int by_byte = 0; by_byte < 4; by_byte++) {
        struct duo d;
        struct told t;
        char rest[10];
        duo_open(&d, 4);
        if (by_byte & 2)
            dial(d.a, names, 1, &t);
        else
            accept_it(d.a, &t);
        if (by_byte & 1)
            for (size_t i = 0; i < sizeof talk - 1; i++) {
                assert_int_equal(conn_send(d.b, talk + i, 1), 1);
                sim_run_for(d.sim, 50 * MSEC);
            }
        else
            assert_int_equal(conn_send(d.b, talk, sizeof talk - 1), sizeof talk - 1);
        sim_run_for(d.sim, 50 * MSEC);
        assert_string_equal(t.agreed, "/yamux/1.0.0");
        assert_int_equal(conn_recv(d.a, rest, sizeof rest), 5);
        assert_memory_equal(rest, "YAMUX", 5);
        duo_close(&d);
    }
}

static void every_truncation_ends_with_a_reason(void **state)
{
    static const char talk[] = HEADER "\x0d/yamux/1.0.0\n";
    static const char *const names[] = {"/yamux/1.0.0"};
    (void)state;
    for (size_t n = 0; n < 2 * (sizeof talk - 1); n++) {
        struct duo d;
        struct told t;
        size_t len = n / 2;
        duo_open(&d, 5);
        if (n & 1)
            dial(d.a, names, 1, &t);
        else
            accept_it(d.a, &t);
        if (len > 0)
            assert_int_equal(conn_send(d.b, talk, len), len);
        conn_shut(d.b);
        sim_run_for(d.sim, SEC);
        assert_int_equal(t.times, 1);
        assert_int_equal(t.why.code, ERR_CLOSED);
        duo_close(&d);
    }
}

/* What becomes of one who hears this; "" still waiting. */
static const char *fate(bool dials, const void *bytes, size_t n)
{
    static const char *const names[] = {"/yamux/1.0.0"};
    static struct told t;
    struct duo d;
    duo_open(&d, 6);
    struct multistream *m = dials ? dial(d.a, names, 1, &t) : accept_it(d.a, &t);
    conn_send(d.b, bytes, n);
    sim_run_for(d.sim, SEC);
    if (!t.times)
        multistream_cancel(m);
    duo_close(&d);
    return !t.times ? "" : t.agreed[0] ? t.agreed : t.why.text;
}

#define FATE(dials, bytes) fate(dials, bytes, sizeof(bytes) - 1)

static void garbage_is_told_in_words(void **state)
{
    (void)state;
    assert_non_null(strstr(FATE(false, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"), "something else"));
    assert_non_null(strstr(FATE(true, "SSH-2.0-OpenSSH_9.2p1 Debian"), "something else"));
    assert_non_null(strstr(FATE(true, HEADER "\x0d/other/1.0.0\n"), "answered /other/1.0.0"));
    assert_non_null(strstr(FATE(false, HEADER "\x83\x00na\n"), "not the length"));
    assert_non_null(strstr(FATE(false, HEADER "\xff\xff\xff\xff"), "more than 257"));
    assert_non_null(strstr(FATE(false, HEADER "\x82\x02"), "258 bytes"));
    assert_non_null(strstr(FATE(false, HEADER "\x04ls\nx"), "no line"));
    assert_string_equal(FATE(false, HEADER "\x09/noise/x\n"), "");
}

static void lists_and_simultaneous_connect_are_answered_na(void **state)
{
    static const char ask[] = HEADER "\x03ls\n"
                                     "\x1d/libp2p/simultaneous-connect\n";
    struct duo d;
    struct told t;
    struct hand h;
    (void)state;
    duo_open(&d, 7);
    hand_take(&h, d.b);
    struct multistream *m = accept_it(d.a, &t);
    conn_send(h.c, ask, sizeof ask - 1);
    sim_run_for(d.sim, SEC);
    assert_int_equal(buf_len(&h.got), 20 + 4 + 4);
    assert_memory_equal(buf_bytes(&h.got), HEADER "\x03na\n\x03na\n", 28);
    assert_int_equal(t.times, 0);
    multistream_cancel(m);
    d.b = NULL;
    hand_drop(&h);
    duo_close(&d);
}

static void who_waits_for_our_header_gets_it_for_his(void **state)
{
    struct duo d;
    struct told t;
    struct hand h;
    (void)state;
    duo_open(&d, 8);
    hand_take(&h, d.b);
    struct multistream *m = accept_it(d.a, &t);
    conn_send(h.c, HEADER, 20);
    sim_run_for(d.sim, SEC);
    assert_int_equal(buf_len(&h.got), 20);
    multistream_cancel(m);
    d.b = NULL;
    hand_drop(&h);
    duo_close(&d);
}

static void so_many_proposals_are_answered_and_one_more_hangs_up(void **state)
{
    (void)state;
    for (int extra = 0; extra < 2; extra++) {
        struct buf all = {0};
        buf_put(&all, HEADER, 20);
        for (int i = 0; i < MULTISTREAM_TRIES_MAX + extra; i++)
            multistream_write(&all, "/no");
        multistream_write(&all, "/yamux/1.0.0");
        const char *end = fate(false, buf_bytes(&all), buf_len(&all));
        assert_non_null(strstr(end, extra ? "none of 64" : "/yamux/1.0.0"));
        buf_done(&all);
    }
}

static void drip(void *arg)
{
    struct hand *h = arg;
    if (!h->closed)
        conn_send(h->c, "\x03", 1);
}

static void who_drips_bytes_is_left_at_the_deadline(void **state)
{
    struct duo d;
    struct told t;
    struct hand h;
    (void)state;
    duo_open(&d, 9);
    hand_take(&h, d.b);
    accept_it(d.a, &t);
    conn_send(h.c, HEADER "\x81\x02", 22);
    for (int i = 1; i < 20; i++)
        sim_at(d.sim, sim_now_us(d.sim) + (uint64_t)i * SEC, drip, &h);
    sim_run_for(d.sim, MULTISTREAM_DEADLINE_US - 1);
    assert_int_equal(t.times, 0);
    sim_run_for(d.sim, 2);
    assert_int_equal(t.times, 1);
    assert_int_equal(t.why.code, ERR_TIMEOUT);
    sim_run_for(d.sim, 20 * SEC);
    assert_int_equal(t.times, 1);
    d.b = NULL;
    hand_drop(&h);
    duo_close(&d);
}

static void a_cancelled_talk_is_silent_at_every_step(void **state)
{
    static const char *const names[] = {"/noise", "/yamux/1.0.0"};
    (void)state;
    for (uint64_t after = 0; after < 60 * MSEC; after += MSEC) {
        struct duo d;
        struct told t[2];
        duo_open(&d, 10);
        struct multistream *a = dial(d.a, names, 2, &t[0]), *b = accept_it(d.b, &t[1]);
        sim_run_for(d.sim, after);
        int before = t[0].times + t[1].times;
        if (!t[0].times)
            multistream_cancel(a);
        if (!t[1].times)
            multistream_cancel(b);
        sim_run_for(d.sim, 20 * SEC);
        assert_int_equal(t[0].times + t[1].times, before);
        duo_close(&d);
    }
}

static void a_conn_that_fails_ends_the_talk_with_its_reason(void **state)
{
    struct duo d;
    struct told t;
    (void)state;
    duo_open(&d, 11);
    accept_it(d.a, &t);
    conn_send(d.a, "x", 1); /* unread there, so that closing is a reset */
    sim_run_for(d.sim, SEC);
    conn_close(d.b);
    d.b = NULL;
    sim_run_for(d.sim, SEC);
    assert_int_equal(t.times, 1);
    assert_int_equal(t.why.code, ERR_CLOSED);
    duo_close(&d);
}

/* The lazy filter */

static void lazy_sends_its_greeting_with_the_first_bytes_and_waits_for_nothing(void **state)
{
    struct duo d;
    struct told t;
    struct hand h;
    char ask[10];
    (void)state;
    duo_open(&d, 12);
    accept_it(d.b, &t);
    hand_take(&h, multistream_lazy(d.a, "/kad/1.0.0", NULL, NULL));
    d.a = NULL;
    assert_int_equal(conn_send(h.c, "ask", 3), 3);
    assert_true(sim_run_until(d.sim, one_told, &t, SEC));
    assert_string_equal(t.agreed, "/kad/1.0.0");
    assert_int_equal(conn_recv(d.b, ask, sizeof ask), 3);
    conn_send(d.b, "answer", 6);
    sim_run_for(d.sim, SEC);
    assert_int_equal(buf_len(&h.got), 6);
    assert_memory_equal(buf_bytes(&h.got), "answer", 6);
    conn_shut(d.b);
    sim_run_for(d.sim, SEC);
    assert_true(h.ended);
    hand_drop(&h);
    duo_close(&d);
}

static void lazy_greets_in_the_next_turn_when_nothing_is_written(void **state)
{
    struct duo d;
    struct told t;
    struct hand h;
    (void)state;
    duo_open(&d, 13);
    accept_it(d.b, &t);
    hand_take(&h, multistream_lazy(d.a, "/kad/1.0.0", NULL, NULL));
    d.a = NULL;
    assert_true(sim_run_until(d.sim, one_told, &t, SEC));
    assert_string_equal(t.agreed, "/kad/1.0.0");
    sim_run_for(d.sim, SEC);
    assert_int_equal(buf_len(&h.got), 0);
    hand_drop(&h);
    duo_close(&d);
}

static const char *lazy_fate(const void *answer, size_t n)
{
    static char text[300];
    struct duo d;
    struct hand h;
    duo_open(&d, 14);
    hand_take(&h, multistream_lazy(d.a, "/kad/1.0.0", NULL, NULL));
    d.a = NULL;
    conn_send(d.b, answer, n);
    sim_run_for(d.sim, SEC);
    if (h.closed)
        assert_int_equal(conn_send(h.c, "x", 1), CONN_FAILED);
    snprintf(text, sizeof text, "%s", h.closed ? h.why.text : "");
    hand_drop(&h);
    duo_close(&d);
    return text;
}

static void lazy_tells_a_refusal_as_the_end_of_the_conn(void **state)
{
    (void)state;
    assert_string_equal(lazy_fate(HEADER "\x0b/kad/1.0.0\n", 32), "");
    assert_non_null(strstr(lazy_fate(HEADER "\x03na\n", 24), "does not speak /kad/1.0.0"));
    assert_non_null(strstr(lazy_fate(HEADER "\x04odd\n", 25), "answered odd"));
    assert_non_null(strstr(lazy_fate("HTTP/1.1 400 Bad Request", 24), "something else"));
}

static void lazy_shut_before_anything_is_written_still_greets(void **state)
{
    struct duo d;
    struct hand h, them;
    (void)state;
    duo_open(&d, 15);
    hand_take(&them, d.b);
    d.b = NULL;
    hand_take(&h, multistream_lazy(d.a, "/kad/1.0.0", NULL, NULL));
    d.a = NULL;
    conn_shut(h.c);
    sim_run_for(d.sim, SEC);
    assert_int_equal(buf_len(&them.got), 20 + 12);
    assert_true(them.ended);
    hand_drop(&h);
    hand_drop(&them);
    duo_close(&d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_agree_on_the_first_name_that_both_speak),
        cmocka_unit_test(none_in_common_is_told_to_who_asked_and_the_other_waits_for_more),
        cmocka_unit_test(header_and_first_proposal_go_in_one_write),
        cmocka_unit_test(not_a_byte_of_what_follows_is_read),
        cmocka_unit_test(every_truncation_ends_with_a_reason),
        cmocka_unit_test(garbage_is_told_in_words),
        cmocka_unit_test(lists_and_simultaneous_connect_are_answered_na),
        cmocka_unit_test(who_waits_for_our_header_gets_it_for_his),
        cmocka_unit_test(so_many_proposals_are_answered_and_one_more_hangs_up),
        cmocka_unit_test(who_drips_bytes_is_left_at_the_deadline),
        cmocka_unit_test(a_cancelled_talk_is_silent_at_every_step),
        cmocka_unit_test(a_conn_that_fails_ends_the_talk_with_its_reason),
        cmocka_unit_test(lazy_sends_its_greeting_with_the_first_bytes_and_waits_for_nothing),
        cmocka_unit_test(lazy_greets_in_the_next_turn_when_nothing_is_written),
        cmocka_unit_test(lazy_tells_a_refusal_as_the_end_of_the_conn),
        cmocka_unit_test(lazy_shut_before_anything_is_written_still_greets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
