#include "host/host.h"

#include "base/mem.h"
#include "base/test.h"
#include "host/net_test.h"
#include "host/talk/echo.h"
#include "host/talk/ping.h"

#include <string.h>

enum { NODES = 3 };

struct node {
    struct sim_node *sim;
    struct loop *loop;
    struct keys *keys;
    struct host *host;
    struct echo *echo;
    struct host_watch watch;
    unsigned connected, identified, gone;
};

struct kit {
    struct sim *sim;
    enum reach reach;
    struct node n[NODES];
    /* what the callbacks were told */
    unsigned told;
    bool good;
    struct why why;
    struct peer_id peer;
    uint64_t rtt_us;
    unsigned searches;
    struct conn *stream;
    char protocol[64];
};

static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct node *n = arg;
    (void)peer;
    n->connected += ev == HOST_CONNECTED;
    n->identified += ev == HOST_IDENTIFIED;
    n->gone += ev == HOST_GONE;
}

static struct multiaddr at(const struct kit *k, unsigned i)
{
    struct multiaddr a;
    struct addr addr = addr_v4(10, 0, 0, (uint8_t)(i + 1), 4001);
    multiaddr_of_addr(&a, &addr, k->reach);
    return a;
}

static void begin(struct kit *k, unsigned i)
{
    struct node *n = &k->n[i];
    struct multiaddr here = at(k, i);
    n->host = net_host(n->loop, n->keys, &here, false);
    n->echo = echo_new(n->host, true);
    n->watch = (struct host_watch){.cb = on_host, .arg = n};
    host_watch(n->host, &n->watch);
}

static void end(struct node *n)
{
    echo_free(n->echo);
    host_free(n->host);
    n->echo = NULL;
    n->host = NULL;
}

static int open_kit_over(void **state, enum reach reach)
{
    struct kit *k = *state = mem_zalloc(sizeof *k);
    k->reach = reach;
    k->sim = sim_new(1);
    for (unsigned i = 0; i < NODES; i++) {
        k->n[i].sim = net_machine(k->sim, i, 5 * MSEC);
        k->n[i].loop = sim_node_loop(k->n[i].sim);
        k->n[i].keys = net_keys(i);
        begin(k, i);
    }
    return 0;
}

static int open_kit(void **state)
{
    return open_kit_over(state, REACH_TCP);
}

static int open_quic(void **state)
{
    return open_kit_over(state, REACH_QUIC);
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    conn_close(k->stream);
    for (unsigned i = 0; i < NODES; i++) {
        end(&k->n[i]);
        keys_free(k->n[i].keys);
    }
    sim_run_for(k->sim, 60 * SEC);
    sim_free(k->sim);
    free(k);
    return 0;
}

static void on_dial(void *arg, const struct peer_id *peer, const struct why *why)
{
    struct kit *k = arg;
    k->told++;
    k->good = peer != NULL;
    if (peer)
        k->peer = *peer;
    else
        k->why = *why;
}

static void on_ping(void *arg, uint64_t rtt_us, const struct why *why)
{
    struct kit *k = arg;
    k->told++;
    k->rtt_us = rtt_us;
    k->good = rtt_us > 0;
    if (why)
        k->why = *why;
}

static void on_open(void *arg, const struct host_stream *s, const struct why *why)
{
    struct kit *k = arg;
    k->told++;
    k->good = s != NULL;
    if (s) {
        k->stream = s->conn;
        snprintf(k->protocol, sizeof k->protocol, "%s", s->protocol);
    } else {
        k->why = *why;
    }
}

static const struct peer_id *id(const struct kit *k, unsigned i)
{
    return host_id(k->n[i].host);
}

static void dial(struct kit *k, unsigned from, unsigned to)
{
    struct multiaddr a = at(k, to);
    assert_int_equal(multiaddr_add_peer(&a, id(k, to)), OK);
    host_dial(k->n[from].host, NULL, &a, 1, on_dial, k);
    sim_run_for(k->sim, 2 * SEC);
}

static void two_hosts_meet_and_know_each_other(void **state)
{
    struct kit *k = *state;
    struct host_peer p;
    dial(k, 0, 1);
    assert_int_equal(k->told, 1);
    if (!k->good)
        fail_msg("%s", k->why.text);
    assert_true(peer_id_equal(&k->peer, id(k, 1)));
    assert_true(host_peer(k->n[1].host, id(k, 0), &p));
    assert_true(p.inbound && p.identified);
    assert_string_equal(p.agent, "shoal/test");
    assert_true(host_peer_speaks(k->n[1].host, id(k, 0), PING_PROTOCOL));
    assert_true(host_peer_speaks(k->n[0].host, id(k, 1), PING_PROTOCOL));
    assert_int_equal(p.addr_count, 1);
    struct multiaddr a0 = at(k, 0);
    assert_true(multiaddr_equal(&p.addrs[0], &a0));
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(k->n[i].connected, 1);
        assert_int_equal(k->n[i].identified, 1);
        assert_int_equal(k->n[i].gone, 0);
    }
}

static void whoever_answers_instead_is_hung_up_on(void **state)
{
    struct kit *k = *state;
    struct multiaddr a = at(k, 1);
    assert_int_equal(multiaddr_add_peer(&a, id(k, 2)), OK);
    host_dial(k->n[0].host, NULL, &a, 1, on_dial, k);
    sim_run_for(k->sim, 20 * SEC);
    assert_int_equal(k->told, 1);
    assert_false(k->good);
    assert_non_null(strstr(k->why.text, "12D3Koo")); /* who it was */
    assert_false(host_connected(k->n[0].host, id(k, 1)));
    assert_int_equal(k->n[1].connected, 0);
}

static void a_peer_is_reached_by_an_address_that_somebody_told(void **state)
{
    struct kit *k = *state;
    struct multiaddr a = at(k, 1), nowhere = at(k, 7);
    host_learn(k->n[0].host, id(k, 1), &a, 1);
    host_learn(k->n[0].host, id(k, 1), &nowhere, 1); /* tried first, and it never answers */
    ping_start(k->n[0].host, id(k, 1), on_ping, k);
    sim_run_for(k->sim, 3 * SEC);
    assert_int_equal(k->told, 1);
    assert_true(k->good);
    assert_in_range(k->rtt_us, 20 * MSEC, 25 * MSEC);
}

/* A finder that knows where node 1 is, after a while. */
struct host_search {
    struct kit *kit;
    struct timer *timer;
    host_found_cb *cb;
    void *arg;
};

static void on_search(void *arg)
{
    struct host_search s = *(struct host_search *)arg;
    struct multiaddr a = at(s.kit, 1);
    free(arg);
    host_learn(s.kit->n[0].host, id(s.kit, 1), &a, 1);
    s.cb(s.arg, true);
}

static struct host_search *search(void *arg, const struct peer_id *peer, host_found_cb *cb,
                                  void *cb_arg)
{
    struct kit *k = arg;
    struct host_search *s = MEM_NEW(struct host_search);
    assert_true(peer_id_equal(peer, id(k, 1)));
    *s = (struct host_search){.kit = k, .cb = cb, .arg = cb_arg};
    s->timer = timer_start(k->n[0].loop, 500 * MSEC, on_search, s);
    k->searches++;
    return s;
}

static void search_cancel(struct host_search *s)
{
    timer_cancel(s->timer);
    free(s);
}

static void who_is_wanted_is_looked_for_and_strangers_are_not(void **state)
{
    struct kit *k = *state;
    struct host_finder finder = {.arg = k, .start = search, .cancel = search_cancel};
    host_set_finder(k->n[0].host, &finder);
    ping_start(k->n[0].host, id(k, 1), on_ping, k);
    sim_run_for(k->sim, 2 * SEC);
    assert_false(k->good);
    assert_int_equal(k->searches, 0);
    host_tag(k->n[0].host, id(k, 1), "test", 1);
    ping_start(k->n[0].host, id(k, 1), on_ping, k);
    sim_run_for(k->sim, 2 * SEC);
    assert_true(k->good);
    assert_int_equal(k->searches, 1);
}

static void a_finder_that_goes_ends_what_it_looked_for(void **state)
{
    struct kit *k = *state;
    struct host_finder finder = {.arg = k, .start = search, .cancel = search_cancel};
    host_set_finder(k->n[0].host, &finder);
    host_tag(k->n[0].host, id(k, 1), "test", 1);
    ping_start(k->n[0].host, id(k, 1), on_ping, k);
    sim_run_for(k->sim, 100 * MSEC);
    assert_int_equal(k->searches, 1);
    host_set_finder(k->n[0].host, NULL);
    sim_run_for(k->sim, 2 * SEC);
    assert_int_equal(k->told, 1);
    assert_false(k->good);
}

/* Node 1 by these names: of the host, and of texts that keep the address with it. */
static void name_it(struct kit *k, struct addr first)
{
    char text[MULTIADDR_TEXT], *said = NULL;
    struct multiaddr named;
    sim_name_add(k->sim, "b.example", first);
    sim_name_add(k->sim, "b.example", addr_v4(10, 0, 0, 2, 0));
    char *at_name = mem_printf("/dns4/b.example/tcp/4001/p2p/%s", peer_id_format(id(k, 1), text));
    assert_int_equal(multiaddr_parse(&named, at_name, NULL), OK);
    said = mem_printf("dnsaddr=%s", multiaddr_format(&named, text));
    sim_text_add(k->sim, "_dnsaddr.example", said);
    free(at_name);
    free(said);
}

static void dial_text(struct kit *k, const char *before_peer)
{
    char who[PEER_ID_FORMAT], *text;
    struct multiaddr a;
    text = mem_printf("%s/p2p/%s", before_peer, peer_id_format(id(k, 1), who));
    assert_int_equal(multiaddr_parse(&a, text, NULL), OK);
    free(text);
    host_dial(k->n[0].host, NULL, &a, 1, on_dial, k);
    sim_run_for(k->sim, 2 * SEC);
}

static void the_next_address_of_a_name_is_tried(void **state)
{
    struct kit *k = *state;
    name_it(k, addr_v4(10, 0, 0, 3, 0)); /* somebody else */
    dial_text(k, "/dns4/b.example/tcp/4001");
    assert_int_equal(k->told, 1);
    assert_true(k->good);
}

static void a_name_has_addresses_of_the_kind_asked_for(void **state)
{
    struct kit *k = *state;
    name_it(k, addr_v4(10, 0, 0, 3, 0));
    dial_text(k, "/dns6/b.example/tcp/4001");
    assert_int_equal(k->told, 1);
    assert_false(k->good);
    assert_non_null(strstr(k->why.text, "of the kind asked for"));
}

static void a_peer_is_found_by_a_name_that_keeps_its_address(void **state)
{
    struct kit *k = *state;
    name_it(k, addr_v4(10, 0, 0, 2, 0));
    dial_text(k, "/dnsaddr/example");
    assert_int_equal(k->told, 1);
    if (!k->good)
        fail_msg("%s", k->why.text);
    host_hang_up(k->n[0].host, id(k, 1));
    k->told = 0;
    dial_text(k, "/dnsaddr/nobody.example");
    assert_int_equal(k->told, 1);
}

static void nobody_knows_where_it_is(void **state)
{
    struct kit *k = *state;
    ping_start(k->n[0].host, id(k, 1), on_ping, k);
    sim_run_for(k->sim, SEC);
    assert_int_equal(k->told, 1);
    assert_false(k->good);
    assert_int_equal(k->why.code, ERR_NOT_FOUND);
}

static void a_stream_carries_bytes_both_ways_and_ends(void **state)
{
    struct kit *k = *state;
    dial(k, 0, 1);
    const char *const names[] = {"/nobody/speaks/this", ECHO_PROTOCOL};
    host_open(k->n[0].host, id(k, 1), names, 2, on_open, k);
    sim_run_for(k->sim, SEC);
    assert_string_equal(k->protocol, ECHO_PROTOCOL);
    char got[16];
    assert_int_equal(conn_send(k->stream, "hello", 5), 5);
    conn_shut(k->stream);
    sim_run_for(k->sim, SEC);
    assert_int_equal(conn_recv(k->stream, got, sizeof got), 5);
    assert_memory_equal(got, "hello", 5);
    assert_int_equal(conn_recv(k->stream, got, sizeof got), CONN_END);
}

static void a_protocol_that_it_does_not_speak_is_refused_with_words(void **state)
{
    struct kit *k = *state;
    dial(k, 0, 1);
    const char *const names[] = {"/nobody/speaks/this"};
    host_open(k->n[0].host, id(k, 1), names, 1, on_open, k);
    sim_run_for(k->sim, SEC);
    assert_int_equal(k->told, 2);
    assert_false(k->good);
}

static void open_known(struct kit *k, bool ask)
{
    static const char *const names[] = {"/nobody/speaks/this", ECHO_PROTOCOL};
    dial(k, 0, 1);
    sim_run_for(k->sim, 120 * SEC); /* how far it is is known after a silence */
    host_open(k->n[0].host, id(k, 1), ask ? names : names + 1, ask ? 2 : 1, on_open, k);
    sim_run_for(k->sim, 0);
}

static void what_a_peer_has_said_it_speaks_costs_one_round_trip(void **state)
{
    struct kit *k = *state;
    char got[16];
    open_known(k, true);
    assert_string_equal(k->protocol, ECHO_PROTOCOL);
    assert_int_equal(conn_send(k->stream, "hello", 5), 5);
    sim_run_for(k->sim, 25 * MSEC); /* a round trip takes 20 */
    assert_int_equal(conn_recv(k->stream, got, sizeof got), 5);
}

static void on_refused(void *arg, enum conn_event ev, const struct why *why)
{
    struct kit *k = arg;
    if (ev == CONN_CLOSED) {
        k->good = false;
        k->why = *why;
    }
}

static void what_it_speaks_no_more_closes_the_stream(void **state)
{
    struct kit *k = *state;
    open_known(k, false);
    assert_true(k->good);
    host_ignore(k->n[1].host, ECHO_PROTOCOL);
    conn_watch(k->stream, on_refused, k);
    assert_int_equal(conn_send(k->stream, "hello", 5), 5);
    sim_run_for(k->sim, SEC);
    assert_false(k->good);
    assert_non_null(strstr(k->why.text, "does not speak " ECHO_PROTOCOL));
}

static void two_dials_to_one_peer_are_one_connection(void **state)
{
    struct kit *k = *state;
    struct multiaddr a = at(k, 1);
    assert_int_equal(multiaddr_add_peer(&a, id(k, 1)), OK);
    host_dial(k->n[0].host, NULL, &a, 1, on_dial, k);
    host_dial(k->n[0].host, NULL, &a, 1, on_dial, k);
    sim_run_for(k->sim, 2 * SEC);
    assert_int_equal(k->told, 2);
    struct host_peer p;
    assert_true(host_peer(k->n[0].host, id(k, 1), &p));
    assert_int_equal(p.conns, 1);
}

static void what_is_spoken_later_is_told(void **state)
{
    struct kit *k = *state;
    dial(k, 0, 1);
    echo_free(k->n[1].echo);
    k->n[1].echo = NULL;
    sim_run_for(k->sim, 5 * SEC);
    assert_false(host_peer_speaks(k->n[0].host, id(k, 1), PING_PROTOCOL));
    assert_int_equal(k->n[0].identified, 2);
}

struct held {
    struct conn *conns[2 * HOST_STREAMS_MAX];
    size_t n;
};

static void on_held(void *arg, const struct host_stream *s)
{
    struct held *h = arg;
    h->conns[h->n++] = s->conn;
}

static void on_mine(void *arg, const struct host_stream *s, const struct why *why)
{
    (void)why;
    if (s)
        on_held(arg, s);
}

static void one_peer_has_so_many_streams_of_a_protocol(void **state)
{
    struct kit *k = *state;
    struct held theirs = {0}, ours = {0};
    static const char *const names[] = {"/held/1"};
    host_handle(k->n[1].host, &(struct host_protocol){names[0], on_held, &theirs, false});
    dial(k, 0, 1);
    for (unsigned i = 0; i < HOST_STREAMS_MAX + 5; i++)
        host_open(k->n[0].host, id(k, 1), names, 1, on_mine, &ours);
    sim_run_for(k->sim, SEC);
    assert_int_equal(theirs.n, HOST_STREAMS_MAX);
    conn_close(theirs.conns[0]); /* room for another */
    host_open(k->n[0].host, id(k, 1), names, 1, on_mine, &ours);
    sim_run_for(k->sim, SEC);
    assert_int_equal(theirs.n, HOST_STREAMS_MAX + 1);
    for (size_t i = 1; i < theirs.n; i++)
        conn_close(theirs.conns[i]);
    for (size_t i = 0; i < ours.n; i++)
        conn_close(ours.conns[i]);
}

static void a_peer_that_goes_is_gone(void **state)
{
    struct kit *k = *state;
    dial(k, 0, 1);
    struct peer_id was = *id(k, 1);
    end(&k->n[1]);
    sim_run_for(k->sim, 2 * SEC);
    assert_int_equal(k->n[0].gone, 1);
    assert_false(host_connected(k->n[0].host, &was));
    begin(k, 1);
}

static void cancelled_all_is_silent(void **state)
{
    struct kit *k = *state;
    struct multiaddr a = at(k, 1);
    const char *const names[] = {ECHO_PROTOCOL};
    host_learn(k->n[0].host, id(k, 1), &a, 1);
    for (unsigned ms = 0; ms < 200; ms += 5) {
        struct ping *p = ping_start(k->n[0].host, id(k, 1), on_ping, k);
        struct host_dial *d = host_dial(k->n[0].host, id(k, 1), NULL, 0, on_dial, k);
        struct host_open *o = host_open(k->n[0].host, id(k, 1), names, 1, on_open, k);
        sim_run_for(k->sim, ms < 15 ? ms * MSEC : 5 * MSEC);
        if (k->told > 0)
            break;
        ping_cancel(p);
        host_dial_cancel(d);
        host_open_cancel(o);
    }
    k->told = 0;
    sim_run_for(k->sim, 30 * SEC);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(two_hosts_meet_and_know_each_other),
        CASE(whoever_answers_instead_is_hung_up_on),
        CASE(a_peer_is_reached_by_an_address_that_somebody_told),
        CASE(who_is_wanted_is_looked_for_and_strangers_are_not),
        CASE(a_finder_that_goes_ends_what_it_looked_for),
        CASE(the_next_address_of_a_name_is_tried),
        CASE(a_name_has_addresses_of_the_kind_asked_for),
        CASE(a_peer_is_found_by_a_name_that_keeps_its_address),
        CASE(nobody_knows_where_it_is),
        CASE(a_stream_carries_bytes_both_ways_and_ends),
        CASE(a_protocol_that_it_does_not_speak_is_refused_with_words),
        CASE(what_a_peer_has_said_it_speaks_costs_one_round_trip),
        CASE(what_it_speaks_no_more_closes_the_stream),
        CASE(two_dials_to_one_peer_are_one_connection),
        CASE(what_is_spoken_later_is_told),
        CASE(one_peer_has_so_many_streams_of_a_protocol),
        CASE(a_peer_that_goes_is_gone),
        CASE(cancelled_all_is_silent),
#define QUIC(name) {#name " over QUIC", name, open_quic, close_kit, NULL}
        QUIC(two_hosts_meet_and_know_each_other),
        QUIC(whoever_answers_instead_is_hung_up_on),
        QUIC(a_peer_is_reached_by_an_address_that_somebody_told),
        QUIC(a_stream_carries_bytes_both_ways_and_ends),
        QUIC(a_protocol_that_it_does_not_speak_is_refused_with_words),
        QUIC(what_a_peer_has_said_it_speaks_costs_one_round_trip),
        QUIC(what_it_speaks_no_more_closes_the_stream),
        QUIC(two_dials_to_one_peer_are_one_connection),
        QUIC(what_is_spoken_later_is_told),
        QUIC(one_peer_has_so_many_streams_of_a_protocol),
        QUIC(a_peer_that_goes_is_gone),
        QUIC(cancelled_all_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
