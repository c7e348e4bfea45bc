/* At which relays a peer that found some has its places. */
#include "base/mem.h"
#include "base/test.h"
#include "host/net_test.h"
#include "host/reach/relay_client.h"
#include "host/reach/relay_server.h"
#include "host/trust.h"

enum { US, FRIEND, STRANGERS, NODES = STRANGERS + 2 };

struct kit {
    struct sim *sim;
    struct keys *keys[NODES];
    struct host *host[NODES];
    struct relay_server *server[NODES];
    struct relay_client *client;
    struct trust_book *trust;
};

static int open_kit(void **state)
{
    struct kit *k = *state = MEM_NEW(struct kit);
    k->sim = sim_new(1);
    k->trust = trust_open(NULL, NULL);
    for (unsigned i = 0; i < NODES; i++) {
        struct multiaddr here = net_at(i);
        k->keys[i] = net_keys(i);
        struct host_cfg cfg = {.loop = sim_node_loop(net_machine(k->sim, i, 5 * MSEC)),
                               .keys = k->keys[i],
                               .agent = "shoal/test",
                               .listen = &here,
                               .listen_count = 1,
                               .trust = i == US ? k->trust : NULL,
                               .lab = true};
        k->host[i] = host_new(&cfg, NULL);
        assert_non_null(k->host[i]);
        struct relay_server_cfg lends = {.host = k->host[i],
                                         .keys = k->keys[i],
                                         .strangers = true,
                                         .limit = {RELAY_CIRCUIT_S, RELAY_CIRCUIT_BYTES},
                                         .rate = RELAY_RATE,
                                         .lab = true};
        if (i != US)
            k->server[i] = relay_server_new(&lends);
    }
    k->client = relay_client_new(k->host[US], NULL, true);
    relay_client_want(k->client, true);
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    relay_client_free(k->client);
    for (unsigned i = 0; i < NODES; i++) {
        relay_server_free(k->server[i]);
        host_free(k->host[i]);
        keys_free(k->keys[i]);
    }
    trust_free(k->trust);
    sim_run_for(k->sim, 60 * SEC);
    sim_free(k->sim);
    free(k);
    return 0;
}

static void meet(struct kit *k, unsigned i)
{
    net_dial(k->host[US], k->host[i]);
    sim_run_for(k->sim, 5 * SEC);
}

static bool is_at(const struct kit *k, unsigned i)
{
    struct peer_id at[RELAYS_FOUND_MAX + 1];
    size_t n = relay_client_relays(k->client, at, RELAYS_FOUND_MAX + 1);
    bool found = false;
    for (size_t j = 0; j < n; j++)
        found |= peer_id_equal(&at[j], host_id(k->host[i]));
    assert_true(n <= RELAYS_FOUND_MAX);
    return found;
}

static void a_friend_takes_the_place_of_a_stranger(void **state)
{
    struct kit *k = *state;
    struct why why;
    assert_int_equal(trust_set(k->trust, host_id(k->host[FRIEND]), TRUST_TRUSTED, NULL, &why), OK);
    meet(k, STRANGERS);
    meet(k, STRANGERS + 1);
    assert_true(is_at(k, STRANGERS) && is_at(k, STRANGERS + 1));
    meet(k, FRIEND);
    assert_true(is_at(k, FRIEND));
    assert_int_equal(is_at(k, STRANGERS) + is_at(k, STRANGERS + 1), RELAYS_FOUND_MAX - 1);
}

static void a_stranger_takes_nobodys(void **state)
{
    struct kit *k = *state;
    meet(k, STRANGERS);
    meet(k, STRANGERS + 1);
    meet(k, FRIEND); /* who is none yet */
    assert_true(is_at(k, STRANGERS) && is_at(k, STRANGERS + 1) && !is_at(k, FRIEND));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(a_friend_takes_the_place_of_a_stranger),
        CASE(a_stranger_takes_nobodys),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
