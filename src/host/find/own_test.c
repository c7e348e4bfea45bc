#include "host/find/own.h"

#include "base/mem.h"
#include "base/test.h"
#include "sim/sim.h"

#include <string.h>

struct kit {
    struct sim *sim;
    struct sim_node *machine;
    struct keys *keys;
    struct host *host;
    struct host_watch watch;
    unsigned changes;
};

static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct kit *k = arg;
    (void)peer;
    k->changes += ev == HOST_ADDRESSES;
}

static void begin(struct kit *k, bool lab, const char *const *listen, size_t n)
{
    struct multiaddr at[4];
    struct why why;
    for (size_t i = 0; i < n; i++)
        assert_int_equal(multiaddr_parse(&at[i], listen[i], &why), OK);
    struct host_cfg cfg = {.loop = sim_node_loop(k->machine),
                           .keys = k->keys,
                           .agent = "shoal/test",
                           .lab = lab,
                           .listen = at,
                           .listen_count = n};
    k->host = host_new(&cfg, &why);
    assert_non_null(k->host);
    k->watch = (struct host_watch){.cb = on_host, .arg = k};
    host_watch(k->host, &k->watch);
}

static int open_kit(void **state)
{
    struct kit *k = *state = MEM_NEW(struct kit);
    uint8_t entropy[16] = {1};
    k->sim = sim_new(1);
    k->machine = sim_node_add(k->sim, "a", addr_v4(192, 168, 1, 7, 0), (struct sim_link){0});
    k->keys = keys_of_entropy(entropy, sizeof entropy);
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    host_free(k->host);
    keys_free(k->keys);
    sim_free(k->sim);
    free(k);
    return 0;
}

static void add_ip(struct kit *k, const char *text)
{
    struct addr a;
    assert_int_equal(addr_parse(&a, text, NULL), OK);
    a.port = 0;
    sim_node_add_ip(k->machine, a);
}

/* One a line; the callee's. */
static char *told(struct kit *k)
{
    struct multiaddr at[HOST_ADDRS_MAX];
    char one[MULTIADDR_TEXT];
    struct buf b = {0};
    size_t n = host_advertised(k->host, at, HOST_ADDRS_MAX);
    for (size_t i = 0; i < n; i++)
        buf_printf(&b, "%s\n", multiaddr_format(&at[i], one));
    return buf_take_str(&b);
}

static void tells(struct kit *k, const char *what)
{
    char *text = told(k);
    assert_string_equal(text, what);
    free(text);
}

static const char *const wild[] = {"/ip4/0.0.0.0/tcp/4001", "/ip6/::/tcp/4001"};

static void who_listens_everywhere_tells_of_each_interface(void **state)
{
    struct kit *k = *state;
    add_ip(k, "[2001:db8::7]:0");
    add_ip(k, "127.0.0.1:0");
    add_ip(k, "169.254.7.7:0");
    begin(k, false, wild, 2);
    tells(k, "/ip6/2001:db8::7/tcp/4001\n/ip4/192.168.1.7/tcp/4001\n");
}

static void loopback_is_told_of_in_laboratories(void **state)
{
    struct kit *k = *state;
    add_ip(k, "127.0.0.1:0");
    begin(k, true, wild, 1);
    tells(k, "/ip4/192.168.1.7/tcp/4001\n/ip4/127.0.0.1/tcp/4001\n");
}

static void one_address_is_told_as_it_is(void **state)
{
    static const char *const here[] = {"/ip4/192.168.1.7/tcp/4001"};
    struct kit *k = *state;
    add_ip(k, "203.0.113.9:0");
    begin(k, false, here, 1);
    tells(k, "/ip4/192.168.1.7/tcp/4001\n");
}

static void a_network_that_comes_is_told_of_within_a_minute(void **state)
{
    struct kit *k = *state;
    begin(k, false, wild, 2);
    sim_run_for(k->sim, 3 * OWN_LOOK_US);
    assert_int_equal(k->changes, 0);
    add_ip(k, "203.0.113.9:0");
    sim_run_for(k->sim, OWN_LOOK_US);
    assert_int_equal(k->changes, 1);
    tells(k, "/ip4/203.0.113.9/tcp/4001\n/ip4/192.168.1.7/tcp/4001\n");
}

static void of_many_the_public_ones_are_told_first(void **state)
{
    static const char *const ports[] = {"/ip4/0.0.0.0/tcp/1", "/ip4/0.0.0.0/tcp/2",
                                        "/ip4/0.0.0.0/tcp/3"};
    struct kit *k = *state;
    char text[MULTIADDR_TEXT];
    struct multiaddr at[2 * HOST_ADDRS_MAX];
    add_ip(k, "10.0.0.1:0");
    add_ip(k, "10.1.0.1:0");
    add_ip(k, "203.0.113.9:0");
    begin(k, false, ports, 3); /* 12 in all */
    assert_int_equal(host_advertised(k->host, at, 2 * HOST_ADDRS_MAX), HOST_ADDRS_MAX);
    assert_string_equal(multiaddr_format(&at[2], text), "/ip4/203.0.113.9/tcp/3");
}

#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(who_listens_everywhere_tells_of_each_interface),
        CASE(loopback_is_told_of_in_laboratories),
        CASE(one_address_is_told_as_it_is),
        CASE(a_network_that_comes_is_told_of_within_a_minute),
        CASE(of_many_the_public_ones_are_told_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
