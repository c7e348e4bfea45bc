/* A peer that nobody can dial, a relay, and somebody who wants to reach it, in the simulator. */
#include "base/mem.h"
#include "base/test.h"
#include "host/net_test.h"
#include "host/reach/relay_client.h"
#include "host/reach/relay_server.h"
#include "host/talk/echo.h"
#include "host/talk/ping.h"
#include "host/trust.h"

#include <string.h>

enum { HIDDEN, RELAY, CALLER, NODES };

struct node {
    struct sim_node *sim;
    struct loop *loop;
    struct keys *keys;
    struct host *host;
    struct echo *echo;
    struct relay_client *client;
    struct relay_server *server;
};

struct kit {
    struct sim *sim;
    struct node n[NODES];
    struct relay_server_cfg lends;
    struct trust_book *trust; /* the relay's */
    /* what the callbacks were told */
    unsigned told;
    bool good, limited, ended, reset;
    struct why why;
    struct conn *stream;
    size_t sent, to_send, back;
};

static const struct peer_id *id(const struct kit *k, unsigned i)
{
    return host_id(k->n[i].host);
}

/* /ip4/RELAY/tcp/4001/p2p/RELAY[/p2p-circuit/p2p/HIDDEN] */
static struct multiaddr through(const struct kit *k, bool circuit)
{
    struct multiaddr a = net_at(RELAY);
    assert_int_equal(multiaddr_add_peer(&a, id(k, RELAY)), OK);
    if (circuit) {
        assert_int_equal(multiaddr_add(&a, MA_P2P_CIRCUIT, cur_of(NULL, 0)), OK);
        assert_int_equal(multiaddr_add_peer(&a, id(k, HIDDEN)), OK);
    }
    return a;
}

static void begin(struct kit *k, unsigned i)
{
    struct node *n = &k->n[i];
    struct multiaddr here = net_at(i);
    struct host_cfg cfg = {.loop = n->loop,
                           .keys = n->keys,
                           .agent = "shoal/test",
                           .listen = &here,
                           .listen_count = 1,
                           .trust = i == RELAY ? k->trust : NULL,
                           .lab = true};
    n->host = host_new(&cfg, NULL);
    assert_non_null(n->host);
    n->echo = echo_new(n->host, true);
    n->client = relay_client_new(n->host, NULL, true);
    if (i == RELAY) {
        k->lends.host = n->host;
        k->lends.keys = n->keys;
        n->server = relay_server_new(&k->lends);
    }
}

static void end(struct node *n)
{
    relay_server_free(n->server);
    relay_client_free(n->client);
    echo_free(n->echo);
    host_free(n->host);
    n->server = NULL;
    n->client = NULL;
    n->echo = NULL;
    n->host = NULL;
}

static int open_lending(void **state, bool strangers)
{
    struct kit *k = *state = mem_zalloc(sizeof *k);
    struct sim_link line = {.latency_us = 5 * MSEC};
    k->sim = sim_new(1);
    k->trust = trust_open(NULL, NULL);
    k->lends = (struct relay_server_cfg){.strangers = strangers,
                                         .limit = {RELAY_CIRCUIT_S, RELAY_CIRCUIT_BYTES},
                                         .rate = RELAY_RATE,
                                         .lab = true};
    for (unsigned i = 0; i < NODES; i++) {
        static const char *const names[] = {"hidden", "relay", "caller"};
        k->n[i].sim = sim_node_add(k->sim, names[i], net_ip(i), line);
        if (i == HIDDEN)
            sim_node_behind(k->n[i].sim, addr_v4(192, 0, 2, 1, 0), SIM_PORT_RESTRICTED);
        k->n[i].loop = sim_node_loop(k->n[i].sim);
        k->n[i].keys = net_keys(i);
        begin(k, i);
    }
    struct multiaddr relay = through(k, false);
    assert_int_equal(relay_client_name(k->n[HIDDEN].client, &relay, NULL), OK);
    sim_run_for(k->sim, 5 * SEC);
    return 0;
}

static int open_kit(void **state)
{
    return open_lending(state, true);
}

static int open_for_the_trusted(void **state)
{
    return open_lending(state, false);
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    conn_close(k->stream);
    for (unsigned i = 0; i < NODES; i++) {
        end(&k->n[i]);
        keys_free(k->n[i].keys);
    }
    trust_free(k->trust);
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
    if (why)
        k->why = *why;
}

static void on_ping(void *arg, uint64_t rtt_us, const struct why *why)
{
    struct kit *k = arg;
    k->told++;
    k->good = rtt_us > 0;
    if (why)
        k->why = *why;
}

static void push(struct kit *k)
{
    static const uint8_t zeros[4096];
    while (k->sent < k->to_send) {
        size_t n = k->to_send - k->sent;
        ssize_t took = conn_send(k->stream, zeros, n < sizeof zeros ? n : sizeof zeros);
        if (took <= 0)
            return;
        k->sent += (size_t)took;
    }
    conn_shut(k->stream);
}

static void pull(struct kit *k)
{
    uint8_t bytes[4096];
    for (;;) {
        ssize_t n = conn_recv(k->stream, bytes, sizeof bytes);
        k->ended |= n == CONN_END;
        if (n <= 0)
            return;
        k->back += (size_t)n;
    }
}

static void on_stream_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct kit *k = arg;
    if (ev == CONN_CLOSED) {
        k->reset = true;
        k->why = *why;
    } else {
        push(k);
        pull(k);
    }
}

static void on_echo(void *arg, const struct host_stream *s, const struct why *why)
{
    struct kit *k = arg;
    k->told++;
    k->good = s != NULL;
    if (!s) {
        k->why = *why;
        return;
    }
    k->limited = s->limited;
    k->stream = s->conn;
    conn_watch(k->stream, on_stream_conn, k);
    push(k);
    pull(k);
}

static void dial(struct kit *k)
{
    struct multiaddr a = through(k, true);
    k->told = 0;
    host_dial(k->n[CALLER].host, NULL, &a, 1, on_dial, k);
    sim_run_for(k->sim, 5 * SEC);
    assert_int_equal(k->told, 1);
}

static void dial_well(struct kit *k)
{
    dial(k);
    if (!k->good)
        fail_msg("%s", k->why.text);
}

static void echo_bytes(struct kit *k, size_t n)
{
    static const char *const names[] = {ECHO_PROTOCOL};
    k->to_send = n;
    host_open(k->n[CALLER].host, id(k, HIDDEN), names, 1, on_echo, k);
    sim_run_for(k->sim, 10 * SEC);
}

static void the_hidden_one_says_where_it_is_reached(void **state)
{
    struct kit *k = *state;
    struct multiaddr told[8];
    struct multiaddr want = through(k, true);
    multiaddr_drop_peer(&want);
    assert_int_equal(relay_server_reservations(k->n[RELAY].server), 1);
    size_t n = host_advertised(k->n[HIDDEN].host, told, 8);
    assert_true(n >= 1);
    assert_true(multiaddr_equal(&told[0], &want));
}

static void it_cannot_be_dialled_but_through_the_relay(void **state)
{
    struct kit *k = *state;
    struct multiaddr plain = net_at(HIDDEN);
    struct host_peer p;
    host_dial(k->n[CALLER].host, id(k, HIDDEN), &plain, 1, on_dial, k);
    sim_run_for(k->sim, 60 * SEC);
    assert_int_equal(k->told, 1);
    assert_false(k->good);
    dial_well(k);
    assert_true(host_peer(k->n[CALLER].host, id(k, HIDDEN), &p));
    assert_string_equal(p.path, "relayed");
    assert_true(p.limited && !p.inbound && p.identified);
    assert_int_equal(p.remote.family, ADDR_NONE);
    assert_true(host_peer(k->n[HIDDEN].host, id(k, CALLER), &p));
    assert_string_equal(p.path, "relayed");
    assert_true(p.limited && p.inbound && p.identified);
    assert_int_equal(relay_server_circuits(k->n[RELAY].server), 1);
}

static void it_answers_pings_and_echoes_through_the_relay(void **state)
{
    struct kit *k = *state;
    dial_well(k);
    ping_start(k->n[CALLER].host, id(k, HIDDEN), on_ping, k);
    sim_run_for(k->sim, 2 * SEC);
    assert_true(k->good);
    echo_bytes(k, 50000);
    assert_true(k->good && k->limited);
    assert_int_equal(k->back, 50000);
    assert_true(k->ended);
    assert_false(k->reset);
    assert_true(relay_server_bytes(k->n[RELAY].server) > 100000);
}

static void a_protocol_that_did_not_opt_in_is_not_spoken(void **state)
{
    struct kit *k = *state;
    static const char *const names[] = {"/plain/1.0.0"};
    struct host_protocol p = {.name = names[0], .cb = NULL};
    host_handle(k->n[HIDDEN].host, &p); /* its callback is never called */
    dial_well(k);
    host_open(k->n[CALLER].host, id(k, HIDDEN), names, 1, on_echo, k);
    sim_run_for(k->sim, 60 * SEC);
    assert_false(k->good);
}

static void past_its_bytes_both_are_reset(void **state)
{
    struct kit *k = *state;
    dial_well(k);
    echo_bytes(k, 400000);
    assert_true(k->reset);
    assert_true(k->back < RELAY_CIRCUIT_BYTES);
    assert_int_equal(relay_server_circuits(k->n[RELAY].server), 0);
    assert_false(host_connected(k->n[CALLER].host, id(k, HIDDEN)));
    assert_false(host_connected(k->n[HIDDEN].host, id(k, CALLER)));
    assert_true(host_connected(k->n[HIDDEN].host, id(k, RELAY)));
}

static void past_its_time_both_are_reset(void **state)
{
    struct kit *k = *state;
    dial_well(k);
    sim_run_for(k->sim, (RELAY_CIRCUIT_S - 10) * SEC);
    assert_true(host_connected(k->n[CALLER].host, id(k, HIDDEN)));
    sim_run_for(k->sim, 20 * SEC);
    assert_false(host_connected(k->n[CALLER].host, id(k, HIDDEN)));
    assert_false(host_connected(k->n[HIDDEN].host, id(k, CALLER)));
}

static void trust_in(struct kit *k, unsigned i, enum trust t)
{
    assert_int_equal(trust_set(k->trust, id(k, i), t, NULL, NULL), OK);
    relay_server_trust_changed(k->n[RELAY].server);
}

static void who_is_trusted_is_not_counted(void **state)
{
    struct kit *k = *state;
    struct host_peer p;
    trust_in(k, CALLER, TRUST_TRUSTED);
    dial_well(k);
    assert_true(host_peer(k->n[CALLER].host, id(k, HIDDEN), &p));
    assert_false(p.limited);
    echo_bytes(k, 400000);
    assert_int_equal(k->back, 400000);
    sim_run_for(k->sim, 2 * RELAY_CIRCUIT_S * SEC);
    assert_true(host_connected(k->n[HIDDEN].host, id(k, CALLER)));
}

static void trust_that_is_gone_takes_what_it_gave(void **state)
{
    struct kit *k = *state;
    trust_in(k, HIDDEN, TRUST_TRUSTED);
    dial_well(k);
    assert_int_equal(relay_server_circuits(k->n[RELAY].server), 1);
    trust_in(k, HIDDEN, TRUST_STRANGER);
    assert_int_equal(relay_server_circuits(k->n[RELAY].server), 0);
    sim_run_for(k->sim, 1 * SEC);
    assert_false(host_connected(k->n[CALLER].host, id(k, HIDDEN)));
}

static void strangers_have_no_place_at_a_relay_for_the_trusted(void **state)
{
    struct kit *k = *state;
    assert_int_equal(relay_server_reservations(k->n[RELAY].server), 0);
    trust_in(k, HIDDEN, TRUST_TRUSTED);
    sim_run_for(k->sim, RELAY_PAUSE_LAST_US);
    assert_int_equal(relay_server_reservations(k->n[RELAY].server), 1);
    dial_well(k); /* a stranger, to somebody who is trusted */
    trust_in(k, HIDDEN, TRUST_STRANGER);
    assert_int_equal(relay_server_reservations(k->n[RELAY].server), 0);
}

static void a_place_is_kept_for_hours(void **state)
{
    struct kit *k = *state;
    sim_run_for(k->sim, 5 * RELAY_RESERVED_S * SEC / 2);
    assert_int_equal(relay_server_reservations(k->n[RELAY].server), 1);
    dial_well(k);
}

static void who_does_not_renew_loses_its_place(void **state)
{
    struct kit *k = *state;
    relay_client_free(k->n[HIDDEN].client);
    k->n[HIDDEN].client = NULL;
    sim_run_for(k->sim, (RELAY_RESERVED_S + 10) * SEC);
    assert_int_equal(relay_server_reservations(k->n[RELAY].server), 0);
    dial(k);
    assert_false(k->good);
    assert_non_null(strstr(k->why.text, "no reservation"));
}

static void a_relay_that_comes_back_is_found_again(void **state)
{
    struct kit *k = *state;
    struct multiaddr told[8];
    end(&k->n[RELAY]);
    sim_run_for(k->sim, 2 * SEC);
    size_t n = host_advertised(k->n[HIDDEN].host, told, 8);
    assert_int_equal(n, 1); /* where it listens */
    sim_run_for(k->sim, 30 * SEC);
    begin(k, RELAY);
    sim_run_for(k->sim, 120 * SEC);
    assert_int_equal(host_advertised(k->n[HIDDEN].host, told, 8), 2);
    dial_well(k);
}

/* --- hostile ones --------------------------------------------------------------------------- */

static void on_said(void *arg, enum conn_event ev, const struct why *why)
{
    struct kit *k = arg;
    (void)why;
    k->reset |= ev == CONN_CLOSED;
    if (ev != CONN_CLOSED)
        pull(k);
}

static void on_hop(void *arg, const struct host_stream *s, const struct why *why)
{
    struct kit *k = arg;
    (void)why;
    assert_non_null(s);
    k->stream = s->conn;
    conn_watch(k->stream, on_said, k);
}

static void say_to_the_relay(struct kit *k, const void *bytes, size_t n)
{
    static const char *const names[] = {RELAY_HOP_PROTOCOL};
    struct multiaddr relay = through(k, false);
    host_dial(k->n[CALLER].host, NULL, &relay, 1, on_dial, k);
    sim_run_for(k->sim, 2 * SEC);
    host_open(k->n[CALLER].host, id(k, RELAY), names, 1, on_hop, k);
    sim_run_for(k->sim, 1 * SEC);
    assert_int_equal(conn_send(k->stream, bytes, n), n);
    pull(k);
    sim_run_for(k->sim, 5 * SEC);
}

static void nonsense_is_answered_as_malformed(void **state)
{
    struct kit *k = *state;
    say_to_the_relay(k, "\x02\x08\x07", 3);
    assert_true(k->back > 0); /* a status, and the end */
    assert_true(k->ended);
}

static void a_giant_message_ends_the_stream(void **state)
{
    struct kit *k = *state;
    say_to_the_relay(k, "\xff\xff\x03", 3);
    assert_true(k->reset);
}

static void silence_ends_the_stream(void **state)
{
    struct kit *k = *state;
    say_to_the_relay(k, "\x02", 1);
    sim_run_for(k->sim, 20 * SEC);
    assert_true(k->reset);
}

static void on_stop_stream(void *arg, const struct host_stream *s, const struct why *why)
{
    struct kit *k = arg;
    (void)why;
    k->told++;
    if (s) {
        k->stream = s->conn;
        conn_watch(k->stream, on_said, k);
        pull(k);
    }
}

static void calls_of_who_is_no_relay_of_ours_are_not_taken(void **state)
{
    struct kit *k = *state;
    static const char *const names[] = {RELAY_STOP_PROTOCOL};
    struct multiaddr a = net_at(CALLER);
    host_dial(k->n[HIDDEN].host, id(k, CALLER), &a, 1, on_dial, k);
    sim_run_for(k->sim, 2 * SEC);
    host_open(k->n[CALLER].host, id(k, HIDDEN), names, 1, on_stop_stream, k);
    sim_run_for(k->sim, 2 * SEC);
    assert_true(!k->stream || k->reset);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(the_hidden_one_says_where_it_is_reached),
        CASE(it_cannot_be_dialled_but_through_the_relay),
        CASE(it_answers_pings_and_echoes_through_the_relay),
        CASE(a_protocol_that_did_not_opt_in_is_not_spoken),
        CASE(past_its_bytes_both_are_reset),
        CASE(past_its_time_both_are_reset),
        CASE(who_is_trusted_is_not_counted),
        CASE(trust_that_is_gone_takes_what_it_gave),
        cmocka_unit_test_setup_teardown(strangers_have_no_place_at_a_relay_for_the_trusted,
                                        open_for_the_trusted, close_kit),
        CASE(a_place_is_kept_for_hours),
        CASE(who_does_not_renew_loses_its_place),
        CASE(a_relay_that_comes_back_is_found_again),
        CASE(nonsense_is_answered_as_malformed),
        CASE(a_giant_message_ends_the_stream),
        CASE(silence_ends_the_stream),
        CASE(calls_of_who_is_no_relay_of_ours_are_not_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
