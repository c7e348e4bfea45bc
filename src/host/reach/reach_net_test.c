/* All of it together, in the simulator: two who may stand behind routers, and one in the open. */
#include "base/mem.h"
#include "base/test.h"
#include "host/net_test.h"
#include "host/reach/reach.h"
#include "host/talk/echo.h"

#include <string.h>

enum { ANN, OPEN, BOB, NODES };

struct node {
    struct sim_node *sim;
    struct loop *loop;
    struct keys *keys;
    struct host *host;
    struct echo *echo;
    struct reaching *reach;
    enum verdict verdict;
    unsigned verdicts;
};

struct kit {
    struct sim *sim;
    enum reach reach; /* of the addresses that are named; all listen by TCP too */
    struct node n[NODES];
    unsigned told;
    bool good;
    struct why why;
    size_t early[NODES]; /* places at relays, 2 s after the start */
};

static struct addr ip(unsigned i)
{
    return i == OPEN ? addr_v4(198, 51, 100, 2, 4001) : addr_v4(10, 0, 0, (uint8_t)(i + 1), 4001);
}

static struct multiaddr at(const struct kit *k, unsigned i)
{
    struct multiaddr a;
    struct addr addr = ip(i);
    multiaddr_of_addr(&a, &addr, k->reach);
    return a;
}

static const struct peer_id *id(const struct kit *k, unsigned i)
{
    return host_id(k->n[i].host);
}

static void on_verdict(void *arg, enum verdict v)
{
    struct node *n = arg;
    n->verdict = v;
    n->verdicts++;
}

static void begin(struct kit *k, unsigned i)
{
    struct node *n = &k->n[i];
    struct multiaddr here[2] = {at(k, i)};
    struct addr addr = ip(i);
    multiaddr_of_addr(&here[1], &addr, REACH_TCP);
    struct host_cfg cfg = {.loop = n->loop,
                           .keys = n->keys,
                           .agent = "shoal/test",
                           .listen = here,
                           .listen_count = k->reach == REACH_QUIC ? 2 : 1,
                           .lab = k->reach == REACH_TCP};
    n->host = host_new(&cfg, NULL);
    assert_non_null(n->host);
    n->echo = echo_new(n->host, true);
    struct reach_cfg rc = {.host = n->host,
                           .keys = n->keys,
                           .relay = i == OPEN,
                           .strangers = true,
                           .lab = k->reach == REACH_TCP,
                           .heard = on_verdict,
                           .arg = n};
    n->reach = reach_new(&rc);
}

static void end(struct node *n)
{
    reach_free(n->reach);
    echo_free(n->echo);
    host_free(n->host);
}

static void on_dial(void *arg, const struct peer_id *peer, const struct why *why)
{
    struct kit *k = arg;
    k->told++;
    k->good = peer != NULL;
    if (why)
        k->why = *why;
}

/* Their routers; -1: Bob has none. */
static struct kit *open_reach(enum sim_nat_kind ann, int bob, enum reach reach)
{
    struct kit *k = mem_zalloc(sizeof *k);
    struct sim_link line = {.latency_us = 20 * MSEC};
    k->sim = sim_new(1);
    k->reach = reach;
    for (unsigned i = 0; i < NODES; i++) {
        static const char *const names[] = {"ann", "open", "bob"};
        k->n[i].sim = sim_node_add(k->sim, names[i], ip(i), line);
        if (i == ANN)
            sim_node_behind(k->n[i].sim, addr_v4(192, 0, 2, 1, 0), ann);
        if (i == BOB && bob >= 0)
            sim_node_behind(k->n[i].sim, addr_v4(203, 0, 113, 1, 0), (enum sim_nat_kind)bob);
        k->n[i].loop = sim_node_loop(k->n[i].sim);
        k->n[i].keys = net_keys(i);
        begin(k, i);
    }
    struct multiaddr open = at(k, OPEN);
    host_dial(k->n[ANN].host, id(k, OPEN), &open, 1, on_dial, k);
    host_dial(k->n[BOB].host, id(k, OPEN), &open, 1, on_dial, k);
    sim_run_for(k->sim, 2 * SEC);
    for (unsigned i = 0; i < NODES; i++) {
        struct reach_stat s;
        reach_stat(k->n[i].reach, &s);
        k->early[i] = s.relays;
    }
    sim_run_for(k->sim, 58 * SEC);
    assert_true(k->good);
    return k;
}

static struct kit *open_with(enum sim_nat_kind ann, int bob)
{
    return open_reach(ann, bob, REACH_TCP);
}

/* As in the world, where one who sees us is not enough to tell others; and by AutoNAT it is TCP
 * that is asked about, so that the relay is named here. */
static int open_quic(void **state)
{
    struct kit *k = open_reach(SIM_PORT_RESTRICTED, SIM_ADDRESS_RESTRICTED, REACH_QUIC);
    struct multiaddr relay = at(k, OPEN);
    *state = k;
    assert_int_equal(multiaddr_add_peer(&relay, id(k, OPEN)), OK);
    assert_int_equal(reach_name_relay(k->n[ANN].reach, &relay, NULL), OK);
    sim_run_for(k->sim, 5 * SEC);
    return 0;
}

static int open_hidden(void **state)
{
    *state = open_with(SIM_PORT_RESTRICTED, SIM_PORT_RESTRICTED);
    return 0;
}

static int open_half(void **state)
{
    *state = open_with(SIM_PORT_RESTRICTED, -1);
    return 0;
}

static int open_hard(void **state)
{
    *state = open_with(SIM_SYMMETRIC, SIM_SYMMETRIC);
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < NODES; i++) {
        end(&k->n[i]);
        keys_free(k->n[i].keys);
    }
    sim_run_for(k->sim, 60 * SEC);
    sim_free(k->sim);
    free(k);
    return 0;
}

static void who_is_hidden_learns_it_and_finds_a_relay(void **state)
{
    struct kit *k = *state;
    struct reach_stat s;
    assert_int_equal(k->n[ANN].verdict, VERDICT_PRIVATE);
    reach_stat(k->n[ANN].reach, &s);
    assert_int_equal(s.relays, 1);
    reach_stat(k->n[OPEN].reach, &s);
    assert_int_equal(s.reservations, 2);
}

static void who_is_in_the_open_learns_it(void **state)
{
    struct kit *k = *state;
    struct reach_stat s;
    assert_int_equal(k->n[BOB].verdict, VERDICT_PUBLIC);
    assert_int_equal(k->n[BOB].verdicts, 1);
    reach_stat(k->n[BOB].reach, &s);
    assert_int_equal(s.relays, 0);
}

static bool advertises(const struct kit *k, unsigned i, struct addr ip)
{
    struct multiaddr told[8];
    bool found = false;
    size_t n = host_advertised(k->n[i].host, told, 8);
    for (size_t a = 0; a < n; a++) {
        struct multiaddr_route r;
        assert_int_equal(multiaddr_route(&told[a], &r, NULL), OK);
        found |= addr_same_ip(&r.addr, &ip);
    }
    return found;
}

static void where_nobody_reaches_us_is_advertised_no_more(void **state)
{
    struct kit *k = *state;
    assert_false(advertises(k, ANN, addr_v4(192, 0, 2, 1, 0)));
    assert_true(advertises(k, ANN, ip(OPEN))); /* the relay */
    assert_true(advertises(k, OPEN, ip(OPEN)));
}

static void call_from(struct kit *k, unsigned from, unsigned to)
{
    struct multiaddr a = at(k, OPEN);
    assert_int_equal(multiaddr_add_peer(&a, id(k, OPEN)), OK);
    assert_int_equal(multiaddr_add(&a, MA_P2P_CIRCUIT, cur_of(NULL, 0)), OK);
    assert_int_equal(multiaddr_add_peer(&a, id(k, to)), OK);
    host_dial(k->n[from].host, NULL, &a, 1, on_dial, k);
}

/* Bob calls Ann through the relay. */
static void call(struct kit *k)
{
    k->good = false;
    call_from(k, BOB, ANN);
    sim_run_for(k->sim, 1 * SEC);
    if (!k->good)
        fail_msg("%s", k->why.text);
}

static void path_is(const struct kit *k, const char *path, size_t conns)
{
    for (unsigned i = 0; i < NODES; i += 2) {
        struct host_peer p;
        assert_true(host_peer(k->n[i].host, id(k, BOB - i), &p));
        assert_string_equal(p.path, path);
        assert_int_equal(p.conns, conns);
        assert_int_equal(p.limited, strcmp(path, "relayed") == 0);
    }
}

static void a_hole_is_punched_between_two_hidden_ones(void **state)
{
    struct kit *k = *state;
    struct host_peer p;
    call(k);
    path_is(k, "relayed", 1);
    sim_run_for(k->sim, 10 * SEC);
    path_is(k, "hole-punched", 2);
    assert_true(host_peer(k->n[BOB].host, id(k, ANN), &p));
    assert_false(p.inbound); /* who called is the client */
    sim_run_for(k->sim, 60 * SEC);
    path_is(k, "hole-punched", 1); /* the relay is let go */
}

static void over_quic_too(void **state)
{
    struct kit *k = *state;
    call(k);
    sim_run_for(k->sim, 5 * SEC);
    path_is(k, "hole-punched", 3); /* both came through, and there is the relay's */
    sim_run_for(k->sim, 60 * SEC);
    path_is(k, "hole-punched", 1);
}

static void a_relay_is_met_over_both(void **state)
{
    struct kit *k = *state;
    struct host_peer p;
    assert_true(host_peer(k->n[ANN].host, id(k, OPEN), &p));
    assert_int_equal(p.conns, 2);
}

/* Nobody has said yet that it cannot be dialled. */
static void who_has_private_addresses_alone_has_a_place_at_once(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < NODES; i++)
        assert_int_equal(k->early[i], i != OPEN);
}

static void two_who_call_each_other_meet_directly(void **state)
{
    struct kit *k = *state;
    call_from(k, BOB, ANN);
    call_from(k, ANN, BOB);
    sim_run_for(k->sim, 60 * SEC);
    path_is(k, "hole-punched", 1);
}

static void who_was_called_dials_back_where_it_can(void **state)
{
    struct kit *k = *state;
    call(k);
    sim_run_for(k->sim, 5 * SEC);
    path_is(k, "direct", 2);
    sim_run_for(k->sim, 60 * SEC);
    path_is(k, "direct", 1);
}

static void where_no_hole_can_be_punched_the_relay_stays(void **state)
{
    struct kit *k = *state;
    call(k);
    sim_run_for(k->sim, 60 * SEC);
    path_is(k, "relayed", 1);
}

static void what_is_relayed_is_tried_again(void **state)
{
    struct kit *k = *state;
    call(k);
    sim_run_for(k->sim, 30 * SEC);
    path_is(k, "relayed", 1);
    sim_node_router(k->n[ANN].sim, SIM_PORT_RESTRICTED);
    sim_node_router(k->n[BOB].sim, SIM_PORT_RESTRICTED);
    sim_run_for(k->sim, 90 * SEC);
    path_is(k, "hole-punched", 1);
}

static void one_that_does_not_answer_makes_all_suspect(void **state)
{
    struct kit *k = *state;
    call(k);
    sim_run_for(k->sim, 60 * SEC);
    assert_true(host_connected(k->n[BOB].host, id(k, ANN)));
    sim_cut(k->n[BOB].sim, NULL);
    host_tag(k->n[BOB].host, id(k, OPEN), "test", HOST_TEND); /* who is needed now */
    sim_run_for(k->sim, 13 * SEC);
    assert_false(host_connected(k->n[BOB].host, id(k, OPEN)));
    assert_false(host_connected(k->n[BOB].host, id(k, ANN)));
}

/* --- what may not go over a relay that counts ---------------------------------------------------
 */

#define STRICT "/test/direct/1.0.0"

static void on_asked(void *arg, const struct host_stream *s)
{
    (void)arg;
    conn_close(s->conn);
}

static void on_stream(void *arg, const struct host_stream *s, const struct why *why)
{
    struct kit *k = arg;
    k->told++;
    k->good = s && !s->limited;
    if (s)
        conn_close(s->conn);
    else
        k->why = *why;
}

/* Bob wants a stream to Ann, to whom he has a relayed connection. */
static void ask_strictly(struct kit *k)
{
    static const char *const names[] = {STRICT};
    struct host_protocol p = {.name = STRICT, .cb = on_asked};
    host_handle(k->n[ANN].host, &p);
    call(k);
    path_is(k, "relayed", 1);
    k->told = 0;
    k->good = false;
    host_open(k->n[BOB].host, id(k, ANN), names, 1, on_stream, k);
    sim_run_for(k->sim, 10 * MSEC);
    assert_int_equal(k->told, 0);
}

static void what_may_not_be_relayed_waits_for_the_direct_way(void **state)
{
    struct kit *k = *state;
    ask_strictly(k);
    sim_run_for(k->sim, 5 * SEC);
    assert_int_equal(k->told, 1);
    assert_true(k->good);
}

static void it_does_not_wait_for_ever(void **state)
{
    struct kit *k = *state;
    ask_strictly(k);
    sim_run_for(k->sim, HOST_PUNCH_US - SEC);
    assert_int_equal(k->told, 0);
    sim_run_for(k->sim, 2 * SEC);
    assert_int_equal(k->told, 1);
    assert_false(k->good);
    assert_non_null(strstr(k->why.text, "no direct way was found"));
}

static void it_hears_that_the_peer_is_gone(void **state)
{
    struct kit *k = *state;
    ask_strictly(k);
    host_hang_up(k->n[BOB].host, id(k, ANN));
    sim_run_for(k->sim, HOST_PUNCH_US + SEC);
    assert_int_equal(k->told, 1);
    assert_string_equal(k->why.text, "the connection was lost");
}

int main(void)
{
#define CASE(name, open) cmocka_unit_test_setup_teardown(name, open, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(who_is_hidden_learns_it_and_finds_a_relay, open_hidden),
        CASE(who_is_in_the_open_learns_it, open_half),
        CASE(where_nobody_reaches_us_is_advertised_no_more, open_hidden),
        CASE(a_hole_is_punched_between_two_hidden_ones, open_hidden),
        CASE(over_quic_too, open_quic),
        CASE(a_relay_is_met_over_both, open_quic),
        CASE(who_has_private_addresses_alone_has_a_place_at_once, open_quic),
        CASE(what_is_relayed_is_tried_again, open_hard),
        CASE(two_who_call_each_other_meet_directly, open_hidden),
        CASE(who_was_called_dials_back_where_it_can, open_half),
        CASE(where_no_hole_can_be_punched_the_relay_stays, open_hard),
        CASE(what_may_not_be_relayed_waits_for_the_direct_way, open_hidden),
        CASE(one_that_does_not_answer_makes_all_suspect, open_hidden),
        CASE(it_does_not_wait_for_ever, open_hard),
        CASE(it_hears_that_the_peer_is_gone, open_hard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
