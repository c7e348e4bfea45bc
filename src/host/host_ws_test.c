#include "host/host_ws.h"

#include "base/mem.h"
#include "base/test.h"
#include "host/net_test.h"

#include <string.h>

struct kit {
    struct sim *sim;
    struct sim_node *machine[2];
    struct keys *keys[2];
    struct host *host[2];
    bool told, good;
    struct why why;
};

static void on_dial(void *arg, const struct peer_id *peer, const struct why *why)
{
    struct kit *k = arg;
    k->told = true;
    k->good = peer != NULL;
    if (why)
        k->why = *why;
}

static bool is_told(void *arg)
{
    return ((struct kit *)arg)->told;
}

static struct host *begin(struct kit *k, unsigned i, const char *listen, struct why *why)
{
    struct multiaddr at;
    assert_int_equal(multiaddr_parse(&at, listen, NULL), OK);
    struct host_cfg cfg = {.loop = sim_node_loop(k->machine[i]),
                           .keys = k->keys[i],
                           .agent = "shoal/test",
                           .listen = &at,
                           .listen_count = 1};
    k->host[i] = host_new(&cfg, why);
    return k->host[i];
}

static int open_kit(void **state)
{
    struct kit *k = *state = MEM_NEW(struct kit);
    k->sim = sim_new(1);
    for (uint8_t i = 0; i < 2; i++) {
        k->machine[i] = net_machine(k->sim, i, 5 * MSEC);
        k->keys[i] = net_keys(i);
    }
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < 2; i++) {
        host_free(k->host[i]);
        keys_free(k->keys[i]);
    }
    sim_free(k->sim);
    free(k);
    return 0;
}

static void dial(struct kit *k, const char *text)
{
    struct multiaddr at;
    assert_int_equal(multiaddr_parse(&at, text, NULL), OK);
    k->told = false;
    host_dial(k->host[1], NULL, &at, 1, on_dial, k);
    assert_true(sim_run_until(k->sim, is_told, k, 60 * SEC));
}

static void hosts_meet_over_a_websocket(void **state)
{
    struct kit *k = *state;
    struct multiaddr told;
    struct why why;
    char text[MULTIADDR_TEXT];
    begin(k, 0, "/ip4/0.0.0.0/tcp/4001/ws", &why);
    begin(k, 1, "/ip4/10.0.0.2/tcp/4001", &why);
    assert_int_equal(host_advertised(k->host[0], &told, 1), 1);
    assert_string_equal(multiaddr_format(&told, text), "/ip4/10.0.0.1/tcp/4001/ws");
    sim_name_add(k->sim, "shoal.example", addr_v4(10, 0, 0, 1, 0));
    dial(k, "/dns4/shoal.example/tcp/4001/ws");
    assert_true(k->good);
    sim_run_for(k->sim, SEC);
    assert_true(host_connected(k->host[0], host_id(k->host[1])));
    struct host_peer p;
    assert_true(host_peer(k->host[1], host_id(k->host[0]), &p));
    assert_true(p.identified);
}

static void who_speaks_no_websocket_is_not_met(void **state)
{
    struct kit *k = *state;
    struct why why;
    begin(k, 0, "/ip4/10.0.0.1/tcp/4001", &why);
    begin(k, 1, "/ip4/10.0.0.2/tcp/4001/ws", &why);
    dial(k, "/ip4/10.0.0.1/tcp/4001/ws");
    assert_false(k->good);
    assert_non_null(strstr(k->why.text, "WebSocket"));
    dial(k, "/ip4/10.0.0.1/tcp/4001/wss");
    assert_false(k->good);
}

static void without_a_certificate_wss_is_not_listened_on(void **state)
{
    struct kit *k = *state;
    struct why why;
    assert_null(begin(k, 0, "/ip4/0.0.0.0/tcp/4001/wss", &why));
    assert_non_null(strstr(why.text, "there is no certificate"));
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(hosts_meet_over_a_websocket),
        CASE(who_speaks_no_websocket_is_not_met),
        CASE(without_a_certificate_wss_is_not_listened_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
