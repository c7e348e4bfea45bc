/* Fifty hosts in the simulator and a topic; each is connected to a few others. */
#include "host/gossip/gossip.h"

#include "base/mem.h"
#include "base/test.h"
#include "host/net_test.h"

#include <stdio.h>
#include <string.h>

enum { NODES = 50, DIALS = 4, KINDS = 64 };

struct node {
    struct sim_node *sim;
    struct loop *loop;
    struct keys *keys;
    struct host *host;
    struct gossip *gossip;
    struct gossip_sub *sub;
    unsigned heard[KINDS]; /* messages, by their first byte: how often each */
    unsigned others;
};

struct kit {
    struct sim *sim;
    struct node n[NODES];
};

static enum gossip_verdict on_news(void *arg, const struct gossip_news *news)
{
    struct node *n = arg;
    struct cur data = news->data;
    uint8_t kind = cur_u8(&data);
    if (kind < KINDS)
        n->heard[kind]++;
    else
        n->others++;
    return GOSSIP_ACCEPT;
}

static void begin(struct kit *k, unsigned i)
{
    struct node *n = &k->n[i];
    struct multiaddr here = net_at(i);
    n->host = net_host(n->loop, n->keys, &here, true);
    struct gossip_cfg gc = {.host = n->host, .keys = n->keys, .lab = true};
    n->gossip = gossip_new(&gc);
    n->sub = gossip_subscribe(n->gossip, "news", on_news, n, NULL);
    assert_non_null(n->sub);
}

static void end(struct node *n)
{
    gossip_free(n->gossip);
    host_free(n->host);
    n->gossip = NULL;
    n->host = NULL;
}

static void dial(struct kit *k, unsigned from, unsigned to)
{
    net_dial(k->n[from].host, k->n[to].host);
}

/* A ring with chords: each dials four, and has eight neighbours. */
static int open_kit(void **state)
{
    struct kit *k = *state = mem_zalloc(sizeof *k);
    k->sim = sim_new(1);
    for (unsigned i = 0; i < NODES; i++) {
        k->n[i].sim = net_machine(k->sim, i, 10 * MSEC);
        k->n[i].loop = sim_node_loop(k->n[i].sim);
        k->n[i].keys = net_keys(i);
        begin(k, i);
    }
    static const unsigned far[DIALS] = {1, 7, 19, 29};
    for (unsigned i = 0; i < NODES; i++)
        for (unsigned d = 0; d < DIALS; d++)
            dial(k, i, (i + far[d]) % NODES);
    sim_run_for(k->sim, 10 * SEC);
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

static void say(struct node *n, uint8_t kind, size_t len)
{
    size_t peers = 0;
    uint8_t *data = mem_zalloc(len);
    data[0] = kind;
    assert_int_equal(gossip_publish(n->gossip, "news", cur_of(data, len), &peers, NULL), OK);
    assert_true(peers > 0);
    free(data);
}

static unsigned how_many_heard(const struct kit *k, uint8_t kind)
{
    unsigned n = 0;
    for (unsigned i = 0; i < NODES; i++)
        n += k->n[i].heard[kind] == 1;
    return n;
}

static void a_message_comes_to_all_once(void **state)
{
    struct kit *k = *state;
    for (uint8_t i = 0; i < 20; i++)
        say(&k->n[i * 2], i, 100);
    sim_run_for(k->sim, 5 * SEC);
    for (uint8_t i = 0; i < 20; i++)
        assert_int_equal(how_many_heard(k, i), NODES); /* its author too */
}

static void a_large_message_comes_to_all_once(void **state)
{
    struct kit *k = *state;
    say(&k->n[3], 1, GOSSIP_DATA_MAX);
    say(&k->n[4], 2, 64 << 10);
    sim_run_for(k->sim, 20 * SEC);
    assert_int_equal(how_many_heard(k, 1), NODES);
    assert_int_equal(how_many_heard(k, 2), NODES);
}

static void meshes_are_of_the_size_that_they_should_be(void **state)
{
    struct kit *k = *state;
    sim_run_for(k->sim, 30 * SEC);
    for (unsigned i = 0; i < NODES; i++) {
        size_t listeners = gossip_listeners(k->n[i].gossip, "news", NULL, 0);
        size_t mesh = gossip_mesh(k->n[i].gossip, "news", NULL, 0);
        if (mesh > GOSSIP_D_HIGH || mesh < GOSSIP_D_LOW)
            fail_msg("n%02u: %zu listeners, %zu in the mesh", i, listeners, mesh);
    }
}

static void a_message_comes_to_all_though_a_fifth_of_the_links_is_dead(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < NODES; i++)
        for (unsigned j = 0; j < i; j++)
            if ((i * 31 + j * 17) % 5 == 0) /* nobody is told */
                sim_cut(k->n[i].sim, k->n[j].sim);
    for (uint8_t i = 0; i < 10; i++)
        say(&k->n[i * 5], i, 100);
    sim_run_for(k->sim, 10 * SEC);
    for (uint8_t i = 0; i < 10; i++)
        assert_int_equal(how_many_heard(k, i), NODES);
}

static void what_is_said_on_one_side_of_a_cut_comes_to_that_side_and_after_it_to_all(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < NODES / 2; i++)
        for (unsigned j = NODES / 2; j < NODES; j++)
            sim_cut(k->n[i].sim, k->n[j].sim);
    say(&k->n[1], 1, 100);
    sim_run_for(k->sim, 10 * SEC);
    assert_int_equal(how_many_heard(k, 1), NODES / 2);
    for (unsigned i = 0; i < NODES / 2; i++)
        for (unsigned j = NODES / 2; j < NODES; j++)
            sim_heal(k->n[i].sim, k->n[j].sim);
    for (unsigned i = NODES / 2; i < NODES; i += 5) /* as who looks for peers does */
        dial(k, i, i - NODES / 2);
    sim_run_for(k->sim, 90 * SEC);
    say(&k->n[1], 2, 100);
    say(&k->n[NODES - 1], 3, 100);
    sim_run_for(k->sim, 10 * SEC);
    assert_int_equal(how_many_heard(k, 2), NODES);
    assert_int_equal(how_many_heard(k, 3), NODES);
}

static void those_who_left_are_not_missed(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 10; i < 20; i++)
        end(&k->n[i]);
    say(&k->n[0], 1, 100);
    sim_run_for(k->sim, 10 * SEC);
    assert_int_equal(how_many_heard(k, 1), NODES - 10);
}

static void who_listens_no_more_hears_no_more(void **state)
{
    struct kit *k = *state;
    gossip_unsubscribe(k->n[7].sub);
    sim_run_for(k->sim, 3 * SEC);
    say(&k->n[0], 1, 100);
    sim_run_for(k->sim, 5 * SEC);
    assert_int_equal(k->n[7].heard[1], 0);
    assert_int_equal(how_many_heard(k, 1), NODES - 1);
    k->n[7].sub = gossip_subscribe(k->n[7].gossip, "news", on_news, &k->n[7], NULL);
    sim_run_for(k->sim, 20 * SEC);
    say(&k->n[0], 2, 100);
    sim_run_for(k->sim, 5 * SEC);
    assert_int_equal(how_many_heard(k, 2), NODES);
}

static void who_only_speaks_is_heard(void **state)
{
    struct kit *k = *state;
    gossip_unsubscribe(k->n[7].sub);
    sim_run_for(k->sim, 3 * SEC);
    say(&k->n[7], 1, 100);
    sim_run_for(k->sim, 5 * SEC);
    assert_int_equal(how_many_heard(k, 1), NODES - 1);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(a_message_comes_to_all_once),
        CASE(a_large_message_comes_to_all_once),
        CASE(meshes_are_of_the_size_that_they_should_be),
        CASE(a_message_comes_to_all_though_a_fifth_of_the_links_is_dead),
        CASE(what_is_said_on_one_side_of_a_cut_comes_to_that_side_and_after_it_to_all),
        CASE(those_who_left_are_not_missed),
        CASE(who_listens_no_more_hears_no_more),
        CASE(who_only_speaks_is_heard),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
