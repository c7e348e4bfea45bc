#include "host/mux/messages.h"

#include "base/mem.h"
#include "base/test.h"
#include "host/mux/purse.h"
#include "sim/sim.h"

#include <string.h>

struct end {
    struct conn *conn; /* before it is taken */
    struct messages *m;
    struct buf got; /* all messages, each followed by '|' */
    unsigned messages, ends, gone;
    struct why why;
    unsigned free_after; /* messages; 0: never */
};

struct kit {
    struct sim *sim;
    struct loop *a, *b;
    struct listener *l;
    struct end here, there; /* here speaks by hand or by messages */
    struct purse *purse;    /* where a test asks for it: `there` draws from its tab */
    struct tab tab;
};

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct end *e = arg;
    switch (ev) {
    case MESSAGES_ONE:
        buf_put(&e->got, msg.p, msg.n);
        buf_str(&e->got, "|");
        if (++e->messages == e->free_after) {
            messages_free(e->m);
            e->m = NULL;
        }
        break;
    case MESSAGES_END:
        e->ends++;
        break;
    case MESSAGES_GONE:
        e->gone++;
        e->why = *why;
        break;
    }
}

static void on_raw(void *arg, enum conn_event ev, const struct why *why)
{
    (void)arg;
    (void)ev;
    (void)why;
}

static void on_accept(void *arg, struct conn *c)
{
    struct kit *k = arg;
    k->purse = purse_new(NULL, 1);
    tab_open(&k->tab, k->purse);
    c->tab = &k->tab;
    k->there.m = messages_new(c, 1000, on_message, &k->there);
}

static int open_kit(void **state)
{
    struct kit *k = *state = mem_zalloc(sizeof *k);
    struct sim_link line = {.latency_us = 5 * MSEC};
    k->sim = sim_new(1);
    k->a = sim_node_loop(sim_node_add(k->sim, "a", addr_v4(10, 0, 0, 1, 0), line));
    k->b = sim_node_loop(sim_node_add(k->sim, "b", addr_v4(10, 0, 0, 2, 0), line));
    struct addr at = addr_v4(10, 0, 0, 2, 80);
    k->l = tcp_listen(k->b, &at, on_accept, k, NULL);
    k->here.conn = tcp_dial(k->a, &at, NULL, on_raw, k);
    sim_run_for(k->sim, SEC);
    assert_non_null(k->there.m);
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    conn_close(k->here.conn);
    messages_free(k->here.m);
    messages_free(k->there.m);
    assert_int_equal(k->tab.bytes, 0); /* all was given back */
    tab_close(&k->tab);
    purse_drop(k->purse);
    listener_close(k->l);
    buf_done(&k->here.got);
    buf_done(&k->there.got);
    sim_run_for(k->sim, SEC);
    sim_free(k->sim);
    free(k);
    return 0;
}

static void say(struct kit *k, const void *bytes, size_t n)
{
    assert_int_equal(conn_send(k->here.conn, bytes, n), (ssize_t)n);
    sim_run_for(k->sim, SEC);
}

static void heard(const struct end *e, const char *text)
{
    assert_int_equal(buf_len(&e->got), strlen(text));
    if (*text)
        assert_memory_equal(buf_bytes(&e->got), text, strlen(text));
}

static void speak(struct kit *k)
{
    k->here.m = messages_new(k->here.conn, 1000, on_message, &k->here);
    k->here.conn = NULL;
}

static void messages_come_as_they_were_sent_both_ways(void **state)
{
    struct kit *k = *state;
    speak(k);
    assert_int_equal(messages_send(k->here.m, "one", 3, NULL), OK);
    assert_int_equal(messages_send(k->here.m, "", 0, NULL), OK);
    assert_int_equal(messages_send(k->there.m, "answer", 6, NULL), OK);
    messages_shut(k->here.m);
    sim_run_for(k->sim, SEC);
    heard(&k->there, "one||");
    heard(&k->here, "answer|");
    assert_int_equal(k->there.ends, 1);
    assert_int_equal(k->here.ends + k->here.gone + k->there.gone, 0);
}

static void a_message_in_single_bytes_is_one(void **state)
{
    struct kit *k = *state;
    const char *bytes = "\x05hello";
    for (size_t i = 0; i < 6; i++)
        say(k, bytes + i, 1);
    heard(&k->there, "hello|");
}

static void one_past_the_limit_ends_it_before_it_comes(void **state)
{
    struct kit *k = *state;
    uint8_t most[1002] = {0xe8, 0x07};
    say(k, most, sizeof most); /* 1,000 */
    assert_int_equal(k->there.messages, 1);
    say(k, "\xe9\x07", 2);
    assert_int_equal(k->there.gone, 1);
    assert_int_equal(k->there.why.code, ERR_LIMIT);
}

static void a_length_that_is_no_shortest_varint_ends_it(void **state)
{
    struct kit *k = *state;
    say(k, "\x81\x00", 2);
    assert_int_equal(k->there.gone, 1);
    assert_int_equal(k->there.why.code, ERR_INVALID);
}

static void an_endless_length_ends_it(void **state)
{
    struct kit *k = *state;
    say(k, "\xff\xff\xff\xff", 4);
    assert_int_equal(k->there.gone, 1);
    assert_int_equal(k->there.why.code, ERR_LIMIT);
}

static void an_end_inside_a_message_is_told(void **state)
{
    struct kit *k = *state;
    say(k, "\x05he", 3);
    conn_shut(k->here.conn);
    sim_run_for(k->sim, SEC);
    assert_int_equal(k->there.gone, 1);
    assert_int_equal(k->there.ends, 0);
    assert_int_equal(k->there.why.code, ERR_CLOSED);
}

static void who_is_silent_for_too_long_is_given_up(void **state)
{
    struct kit *k = *state;
    messages_expect(k->there.m, 3 * SEC);
    sim_run_for(k->sim, SEC);
    say(k, "\x02hi", 3);
    sim_run_for(k->sim, 1900 * MSEC); /* it began anew when one came */
    assert_int_equal(k->there.gone, 0);
    sim_run_for(k->sim, 2 * SEC);
    assert_int_equal(k->there.gone, 1);
    assert_int_equal(k->there.why.code, ERR_TIMEOUT);
}

static void paused_nothing_is_told(void **state)
{
    struct kit *k = *state;
    messages_pause(k->there.m, true);
    say(k, "\x01x", 2);
    assert_int_equal(k->there.messages, 0);
    messages_pause(k->there.m, false);
    sim_run_for(k->sim, SEC);
    heard(&k->there, "x|");
}

static void freed_in_a_callback_it_is_silent(void **state)
{
    struct kit *k = *state;
    k->there.free_after = 2;
    say(k, "\x01x\x01y\x01z", 6);
    assert_int_equal(k->there.messages, 2);
    assert_int_equal(k->there.gone + k->there.ends, 0);
}

static void too_much_that_nobody_takes_is_refused(void **state)
{
    struct kit *k = *state;
    uint8_t bytes[1000] = {0};
    struct why why;
    enum err e = OK;
    size_t sent = 0;
    while (e == OK && sent++ < 100000)
        e = messages_send(k->there.m, bytes, sizeof bytes, &why);
    assert_int_equal(e, ERR_LIMIT);
    assert_true(messages_queued(k->there.m) <= MESSAGES_QUEUED_MAX + sizeof bytes);
}

static void freed_after_a_shut_what_is_queued_goes_out(void **state)
{
    struct kit *k = *state;
    uint8_t bytes[1000] = {0};
    size_t sent = 0, read = 0;
    speak(k);
    messages_pause(k->there.m, true);
    while (messages_queued(k->here.m) < 100000) {
        assert_int_equal(messages_send(k->here.m, bytes, sizeof bytes, NULL), OK);
        sent++;
    }
    messages_shut(k->here.m);
    messages_free(k->here.m);
    k->here.m = NULL;
    messages_pause(k->there.m, false);
    sim_run_for(k->sim, 5 * SEC);
    read = k->there.messages;
    assert_int_equal(read, sent);
    assert_int_equal(k->there.ends, 1);
}

static void the_stream_can_be_had_back_with_what_follows(void **state)
{
    struct kit *k = *state;
    say(k, "\x01x", 2);
    struct conn *c = messages_take(k->there.m);
    k->there.m = NULL;
    conn_watch(c, on_raw, k);
    say(k, "raw", 3);
    char raw[8];
    assert_int_equal(conn_recv(c, raw, sizeof raw), 3);
    assert_memory_equal(raw, "raw", 3);
    conn_close(c);
}

static void what_is_held_of_a_message_is_drawn_until_all_of_it_is_there(void **state)
{
    struct kit *k = *state;
    uint8_t message[1002] = {0xe8, 0x07};
    say(k, message, 502);
    assert_int_equal(k->tab.bytes, 500);
    say(k, message + 502, 500);
    assert_int_equal(k->there.messages, 1);
    assert_int_equal(k->tab.bytes, 0);
}

static void who_makes_us_hold_too_much_already_sends_no_long_message(void **state)
{
    struct kit *k = *state;
    struct tab other;
    uint8_t message[1002] = {0xe8, 0x07};
    struct why why;
    tab_open(&other, k->purse);
    assert_int_equal(tab_take(&other, PURSE_BYTES_MAX - 499, "other things", NULL), OK);
    assert_int_equal(messages_send(k->there.m, message, 500, &why), ERR_LIMIT);
    assert_non_null(strstr(why.text, "no room for a message to it"));
    assert_int_equal(messages_send(k->there.m, message, 400, &why), OK);
    say(k, message, 502);
    assert_int_equal(k->there.gone, 1);
    assert_int_equal(k->there.why.code, ERR_LIMIT);
    tab_close(&other);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(messages_come_as_they_were_sent_both_ways),
        CASE(a_message_in_single_bytes_is_one),
        CASE(one_past_the_limit_ends_it_before_it_comes),
        CASE(a_length_that_is_no_shortest_varint_ends_it),
        CASE(an_endless_length_ends_it),
        CASE(an_end_inside_a_message_is_told),
        CASE(who_is_silent_for_too_long_is_given_up),
        CASE(paused_nothing_is_told),
        CASE(freed_in_a_callback_it_is_silent),
        CASE(too_much_that_nobody_takes_is_refused),
        CASE(freed_after_a_shut_what_is_queued_goes_out),
        CASE(the_stream_can_be_had_back_with_what_follows),
        CASE(what_is_held_of_a_message_is_drawn_until_all_of_it_is_there),
        CASE(who_makes_us_hold_too_much_already_sends_no_long_message),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
