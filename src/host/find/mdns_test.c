/* Hosts in one network of the simulator, with nothing configured. */
#include "host/find/mdns.h"

#include "base/mem.h"
#include "base/test.h"
#include "host/find/mdns_msg.h"
#include "host/net_test.h"
#include "net/mcast.h"

#include <string.h>

enum { NODES = 4 };

struct node {
    struct sim_node *machine;
    struct keys *keys;
    struct host *host;
    struct mdns *mdns;
};

struct kit {
    struct sim *sim;
    struct node n[NODES];
    struct mcast *ear; /* of somebody who listens */
    struct iface at;
    unsigned asked, answered;
};

static void begin(struct kit *k, unsigned i, const char *listen, bool lab)
{
    struct node *n = &k->n[i];
    struct multiaddr at;
    struct why why;
    assert_int_equal(multiaddr_parse(&at, listen, &why), OK);
    struct host_cfg cfg = {.loop = sim_node_loop(n->machine),
                           .keys = n->keys,
                           .agent = "shoal/test",
                           .lab = lab,
                           .listen = &at,
                           .listen_count = 1};
    n->host = host_new(&cfg, &why);
    assert_non_null(n->host);
    n->mdns = mdns_new(&(struct mdns_cfg){.host = n->host, .lab = lab});
}

static void end(struct node *n)
{
    mdns_free(n->mdns);
    host_free(n->host);
    n->mdns = NULL;
    n->host = NULL;
}

/* Three in one network, the fourth in another. */
static int open_kit(void **state)
{
    struct kit *k = *state = MEM_NEW(struct kit);
    k->sim = sim_new(1);
    sim_set_multicast(k->sim, true);
    for (unsigned i = 0; i < NODES; i++) {
        struct addr ip = addr_v4(192, 168, i == 3 ? 2 : 1, (uint8_t)(i + 1), 0);
        k->n[i].machine = sim_node_add(k->sim, "n", ip, (struct sim_link){.latency_us = MSEC});
        k->n[i].keys = net_keys(i);
    }
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    mcast_close(k->ear);
    for (unsigned i = 0; i < NODES; i++) {
        end(&k->n[i]);
        keys_free(k->n[i].keys);
    }
    sim_free(k->sim);
    free(k);
    return 0;
}

static bool met(struct kit *k, unsigned a, unsigned b)
{
    return host_connected(k->n[a].host, host_id(k->n[b].host));
}

static void on_packet(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct kit *k = arg;
    struct mdns_msg m;
    (void)from;
    assert_int_equal(mdns_read(cur_of(bytes, n), &m, NULL), OK);
    k->asked += m.who;
    k->answered += m.response;
}

/* On the machine of the third, which runs no host then. */
static void listen_in(struct kit *k)
{
    struct addr group = addr_v4(224, 0, 0, 251, 5353);
    struct loop *loop = sim_node_loop(k->n[2].machine);
    struct why why;
    assert_int_equal(iface_list(loop, &k->at, 1), 1);
    k->ear = mcast_open(loop, &group, on_packet, k, &why);
    assert_int_equal(mcast_join(k->ear, &k->at, &why), OK);
}

static void ask(struct kit *k)
{
    struct buf b = {0};
    mdns_put_query(&b);
    mcast_send(k->ear, &k->at, buf_bytes(&b), buf_len(&b));
    buf_done(&b);
}

static void all_of_one_network_meet_and_nobody_else(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < NODES; i++)
        begin(k, i, "/ip4/0.0.0.0/tcp/4001", false);
    sim_run_for(k->sim, 10 * SEC);
    for (unsigned a = 0; a < 3; a++)
        for (unsigned b = 0; b < a; b++)
            assert_true(met(k, a, b));
    assert_false(met(k, 0, 3));
}

static void who_comes_later_is_met_too(void **state)
{
    struct kit *k = *state;
    begin(k, 0, "/ip4/0.0.0.0/tcp/4001", false);
    sim_run_for(k->sim, 3600 * SEC);
    begin(k, 1, "/ip4/192.168.1.2/tcp/0", false);
    sim_run_for(k->sim, 3 * SEC);
    assert_true(met(k, 0, 1));
}

static void who_listens_elsewhere_says_nothing_here(void **state)
{
    struct kit *k = *state;
    sim_node_add_ip(k->n[0].machine, addr_v4(10, 0, 0, 1, 0));
    listen_in(k);
    begin(k, 0, "/ip4/10.0.0.1/tcp/4001", false);
    sim_run_for(k->sim, 100 * SEC);
    ask(k);
    sim_run_for(k->sim, 100 * SEC);
    assert_int_equal(k->answered, 0);
    assert_int_equal(k->asked, 1); /* by ourselves */
}

static void who_listens_on_loopback_is_silent(void **state)
{
    struct kit *k = *state;
    sim_node_add_ip(k->n[0].machine, addr_v4(127, 0, 0, 1, 0));
    sim_node_add_ip(k->n[2].machine, addr_v4(127, 0, 0, 3, 0));
    listen_in(k);
    begin(k, 0, "/ip4/127.0.0.1/tcp/4001", false);
    sim_run_for(k->sim, 100 * SEC);
    assert_int_equal(k->asked, 0);
}

/* RFC 6762 section 5.2: one second, and each pause at least twice the one before. */
static void it_is_asked_less_and_less(void **state)
{
    struct kit *k = *state;
    listen_in(k);
    begin(k, 0, "/ip4/0.0.0.0/tcp/4001", false);
    sim_run_for(k->sim, 500 * MSEC);
    assert_int_equal(k->asked, 1);
    sim_run_for(k->sim, SEC); /* 1.5: after 1 */
    assert_int_equal(k->asked, 2);
    sim_run_for(k->sim, 2 * SEC); /* 3.5: after 1 + 2 */
    assert_int_equal(k->asked, 3);
    sim_run_for(k->sim, 6 * 3600 * SEC);
    assert_in_range(k->asked, 6 * 6, 6 * 6 + 12);
}

static void a_flood_of_questions_is_answered_once_a_second(void **state)
{
    struct kit *k = *state;
    listen_in(k);
    begin(k, 0, "/ip4/0.0.0.0/tcp/4001", false);
    sim_run_for(k->sim, 300 * SEC);
    k->answered = 0;
    for (int i = 0; i < 1000; i++) {
        ask(k);
        sim_run_for(k->sim, 10 * MSEC);
    }
    assert_in_range(k->answered, 9, 11);
}

static void a_new_address_is_told_unasked(void **state)
{
    struct kit *k = *state;
    listen_in(k);
    begin(k, 0, "/ip4/0.0.0.0/tcp/4001", false);
    sim_run_for(k->sim, 3000 * SEC);
    k->answered = 0;
    sim_node_add_ip(k->n[0].machine, addr_v4(192, 168, 1, 77, 0));
    sim_run_for(k->sim, 62 * SEC);
    assert_true(k->answered > 0);
}

/* Of many names that nobody answers at, few are remembered and nobody is dialled twice a minute. */
static void lies_cost_little(void **state)
{
    struct kit *k = *state;
    struct peer_id liar;
    struct host_peer known;
    listen_in(k);
    begin(k, 0, "/ip4/0.0.0.0/tcp/4001", false);
    sim_run_for(k->sim, SEC);
    for (unsigned i = 0; i < 2000; i++) {
        struct pubkey key;
        struct multiaddr a;
        struct buf b = {0};
        uint8_t pub[32] = {(uint8_t)i, (uint8_t)(i >> 8)};
        struct addr at = addr_v4(192, 168, 1, 200, 9);
        pubkey_of_ed25519(&key, pub);
        peer_id_of_key(&key, &liar);
        multiaddr_of_addr(&a, &at, REACH_TCP);
        mdns_put_answer(&b, "x", &liar, &a, 1);
        mcast_send(k->ear, &k->at, buf_bytes(&b), buf_len(&b));
        buf_done(&b);
    }
    sim_run_for(k->sim, SEC);
    assert_false(host_peer(k->n[0].host, &liar, &known)); /* the last: past the burst */
    assert_int_equal(host_peers(k->n[0].host, &liar, 1), 0);
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(all_of_one_network_meet_and_nobody_else),
        CASE(who_comes_later_is_met_too),
        CASE(who_listens_elsewhere_says_nothing_here),
        CASE(who_listens_on_loopback_is_silent),
        CASE(it_is_asked_less_and_less),
        CASE(a_flood_of_questions_is_answered_once_a_second),
        CASE(a_new_address_is_told_unasked),
        CASE(lies_cost_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
