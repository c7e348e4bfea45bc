/* LSD between machines of the simulator. */
#include "files/find/lsd.h"

#include "base/mem.h"
#include "base/test.h"
#include "files/find/lsd_msg.h"
#include "net/mcast.h"
#include "sim/sim.h"

#include <string.h>

enum { BOXES = 4 };

static const uint8_t film[SHA1_LEN] = {1}, song[SHA1_LEN] = {2};

struct box {
    struct sim_node *machine;
    struct lsd *lsd;
    struct addr at, last;
    unsigned heard[3]; /* by the infohash's first byte */
};

struct net {
    struct sim *sim;
    struct box box[BOXES];
};

static void on_heard(void *arg, const uint8_t infohash[SHA1_LEN], const struct addr *peer)
{
    struct box *b = arg;
    b->heard[infohash[0]]++;
    b->last = *peer;
}

static void start(struct box *b, struct addr listen)
{
    struct lsd_cfg cfg = {
        .loop = sim_node_loop(b->machine), .listen = listen, .heard = on_heard, .arg = b};
    cfg.listen.port = 6881;
    b->lsd = lsd_new(&cfg);
}

/* Three in one network, the fourth in another; all listen on 0.0.0.0. */
static struct net *net_new(uint64_t seed)
{
    struct net *n = MEM_NEW(struct net);
    n->sim = sim_new(seed);
    sim_set_multicast(n->sim, true);
    for (uint8_t i = 0; i < BOXES; i++) {
        struct box *b = &n->box[i];
        b->at = addr_v4(192, 168, i == 3 ? 2 : 1, (uint8_t)(i + 1), 6881);
        b->machine = sim_node_add(n->sim, "box", b->at, (struct sim_link){.latency_us = MSEC});
        start(b, addr_v4(0, 0, 0, 0, 0));
    }
    return n;
}

static void net_free(struct net *n)
{
    for (size_t i = 0; i < BOXES; i++)
        lsd_free(n->box[i].lsd);
    sim_free(n->sim);
    free(n);
}

static void who_has_it_too_hears_where_from(void **state)
{
    (void)state;
    struct net *n = net_new(1);
    lsd_set(n->box[0].lsd, film, true);
    lsd_set(n->box[2].lsd, song, true);
    sim_run_for(n->sim, SEC);
    lsd_set(n->box[1].lsd, film, true);
    lsd_set(n->box[3].lsd, film, true);
    sim_run_for(n->sim, SEC);
    assert_int_equal(n->box[0].heard[1], 1);
    assert_true(addr_equal(&n->box[0].last, &n->box[1].at));
    assert_int_equal(n->box[2].heard[1], 0); /* has another */
    assert_int_equal(n->box[3].heard[1], 0); /* is elsewhere */
    assert_int_equal(n->box[1].heard[1], 0); /* not itself */
    assert_int_equal(lsd_places(n->box[0].lsd), 1);
    sim_run_for(n->sim, 60 * SEC);
    assert_int_equal(n->box[1].heard[1], 1); /* the second time */
    net_free(n);
}

static struct addr v6(uint8_t network, uint8_t host)
{
    struct addr a = {.family = ADDR_V6, .ip = {0xfd, network, [15] = host}};
    return a;
}

/* BEP 14: the group of IPv6 is another, and speaks of the addresses of IPv6. */
static void over_ipv6_it_is_heard_too(void **state)
{
    (void)state;
    struct net *n = MEM_NEW(struct net);
    n->sim = sim_new(7);
    sim_set_multicast(n->sim, true);
    for (uint8_t i = 0; i < BOXES; i++) {
        struct box *b = &n->box[i];
        b->at = v6(i == 3 ? 2 : 1, (uint8_t)(i + 1));
        b->machine = sim_node_add(n->sim, "box", b->at, (struct sim_link){.latency_us = MSEC});
        b->at.port = 6881;
        start(b, (struct addr){.family = ADDR_V6});
    }
    lsd_set(n->box[0].lsd, film, true);
    sim_run_for(n->sim, SEC);
    lsd_set(n->box[1].lsd, film, true);
    lsd_set(n->box[3].lsd, film, true);
    sim_run_for(n->sim, SEC);
    assert_int_equal(n->box[0].heard[1], 1);
    assert_true(addr_equal(&n->box[0].last, &n->box[1].at));
    assert_int_equal(n->box[3].heard[1], 0); /* is elsewhere */
    net_free(n);
}

/* Who listens for both is told of by both, each by its own. */
static void who_is_reached_both_ways_is_heard_both_ways(void **state)
{
    (void)state;
    struct net *n = net_new(8);
    for (uint8_t i = 0; i < 2; i++) {
        struct box *b = &n->box[i];
        lsd_free(b->lsd);
        sim_node_add_ip(b->machine, v6(1, (uint8_t)(i + 1)));
        struct lsd_cfg cfg = {.loop = sim_node_loop(b->machine),
                              .listen = addr_v4(0, 0, 0, 0, 6881),
                              .v6 = true,
                              .heard = on_heard,
                              .arg = b};
        b->lsd = lsd_new(&cfg);
    }
    lsd_set(n->box[0].lsd, film, true);
    sim_run_for(n->sim, SEC);
    lsd_set(n->box[1].lsd, film, true);
    sim_run_for(n->sim, SEC);
    assert_int_equal(lsd_places(n->box[0].lsd), 2);
    assert_int_equal(n->box[0].heard[1], 2);
    net_free(n);
}

static void it_is_said_at_once_after_a_minute_and_then_every_five(void **state)
{
    (void)state;
    struct net *n = net_new(2);
    lsd_set(n->box[1].lsd, film, true);
    sim_run_for(n->sim, SEC);
    lsd_set(n->box[0].lsd, film, true);
    static const unsigned minutes[] = {0, 1, 6, 11};
    for (unsigned m = 0, said = 0; m <= 12; m++) {
        sim_run_for(n->sim, 2 * SEC);
        said += said < 4 && minutes[said] == m;
        assert_int_equal(n->box[1].heard[1], said);
        sim_run_for(n->sim, 58 * SEC);
    }
    net_free(n);
}

static void what_is_taken_back_is_not_said_any_more(void **state)
{
    (void)state;
    struct net *n = net_new(3);
    lsd_set(n->box[1].lsd, film, true);
    sim_run_for(n->sim, SEC);
    lsd_set(n->box[0].lsd, film, true);
    lsd_set(n->box[0].lsd, film, true); /* once more: nothing */
    sim_run_for(n->sim, SEC);
    lsd_set(n->box[0].lsd, film, false);
    lsd_set(n->box[0].lsd, film, false);
    sim_run_for(n->sim, 1000 * SEC);
    assert_int_equal(n->box[1].heard[1], 1);
    net_free(n);
}

static void who_listens_elsewhere_says_nothing_here(void **state)
{
    (void)state;
    struct net *n = net_new(4);
    lsd_free(n->box[0].lsd);
    start(&n->box[0], addr_v4(127, 0, 0, 1, 0));
    lsd_set(n->box[1].lsd, film, true);
    lsd_set(n->box[0].lsd, film, true);
    sim_run_for(n->sim, 100 * SEC);
    assert_int_equal(n->box[1].heard[1], 0);
    assert_int_equal(lsd_places(n->box[0].lsd), 0);
    net_free(n);
}

static void a_thousand_torrents_are_said_at_the_rate(void **state)
{
    (void)state;
    struct net *n = net_new(5);
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t hash[SHA1_LEN] = {1, (uint8_t)(i >> 8), (uint8_t)i};
        lsd_set(n->box[1].lsd, hash, true);
    }
    sim_run_for(n->sim, 1000 * SEC);
    for (unsigned i = 0; i < 1000; i++) {
        uint8_t hash[SHA1_LEN] = {1, (uint8_t)(i >> 8), (uint8_t)i};
        lsd_set(n->box[0].lsd, hash, true);
    }
    sim_run_for(n->sim, 50 * SEC);
    assert_in_range(n->box[1].heard[1], 50 * LSD_PER_S, 51 * LSD_PER_S);
    net_free(n);
}

struct mouth {
    struct mcast *m;
    struct iface at;
};

static void nothing(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    (void)arg;
    (void)from;
    (void)bytes;
    (void)n;
}

static struct mouth mouth_open(struct net *n, size_t box)
{
    struct mouth mouth;
    struct why why;
    struct addr group = addr_v4(239, 192, 152, 143, 6771);
    struct loop *loop = sim_node_loop(n->box[box].machine);
    assert_int_equal(iface_list(loop, &mouth.at, 1), 1);
    mouth.m = mcast_open(loop, &group, nothing, NULL, &why);
    return mouth;
}

static void a_flood_is_heard_at_the_rate_and_nonsense_not_at_all(void **state)
{
    (void)state;
    struct net *n = net_new(6);
    struct buf b = {0};
    lsd_set(n->box[0].lsd, film, true);
    sim_run_for(n->sim, SEC);
    struct mouth mallory = mouth_open(n, 2);
    lsd_put(&b, "h", 6881, film, "x");
    for (int i = 0; i < 5000; i++) {
        mcast_send(mallory.m, &mallory.at, "BT-SEARCH", 9);
        mcast_send(mallory.m, &mallory.at, buf_bytes(&b), buf_len(&b));
    }
    sim_run_for(n->sim, SEC);
    assert_in_range(n->box[0].heard[1], LSD_HEARD_PER_S, 2 * LSD_HEARD_PER_S);
    buf_done(&b);
    mcast_close(mallory.m);
    net_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_has_it_too_hears_where_from),
        cmocka_unit_test(over_ipv6_it_is_heard_too),
        cmocka_unit_test(who_is_reached_both_ways_is_heard_both_ways),
        cmocka_unit_test(it_is_said_at_once_after_a_minute_and_then_every_five),
        cmocka_unit_test(what_is_taken_back_is_not_said_any_more),
        cmocka_unit_test(who_listens_elsewhere_says_nothing_here),
        cmocka_unit_test(a_thousand_torrents_are_said_at_the_rate),
        cmocka_unit_test(a_flood_is_heard_at_the_rate_and_nonsense_not_at_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
