/* Three hosts in a row in the simulator: what one says passes the one in the middle, which may take
 * its time to judge it, and which may name one to the other. */
#include "host/gossip/gossip_in.h"

#include "base/mem.h"
#include "base/test.h"
#include "host/name/envelope.h"
#include "host/net_test.h"

#include <stdlib.h>

enum { ANN, MID, BOB, NODES, NOWHERE = 200, TICKETS_MAX = 256 };

struct node {
    struct sim_node *sim;
    struct loop *loop;
    struct keys *keys;
    struct host *host;
    struct gossip *gossip;
    struct gossip_sub *sub;
    enum gossip_verdict says;
    unsigned heard;
    uint64_t ticket[TICKETS_MAX];
};

struct kit {
    struct sim *sim;
    struct node n[NODES];
};

static enum gossip_verdict on_news(void *arg, const struct gossip_news *news)
{
    struct node *n = arg;
    assert_true(n->heard < TICKETS_MAX);
    n->ticket[n->heard++] = news->ticket;
    return n->says;
}

static int open_kit(void **state)
{
    struct kit *k = *state = MEM_NEW(struct kit);
    k->sim = sim_new(1);
    for (unsigned i = 0; i < NODES; i++) {
        struct node *n = &k->n[i];
        struct multiaddr here = net_at(i);
        n->sim = net_machine(k->sim, i, 5 * MSEC);
        n->loop = sim_node_loop(n->sim);
        n->keys = net_keys(i);
        n->host = net_host(n->loop, n->keys, &here, true);
        struct gossip_cfg gc = {.host = n->host, .keys = n->keys, .lab = true};
        n->gossip = gossip_new(&gc);
        n->sub = gossip_subscribe(n->gossip, "news", on_news, n, NULL);
    }
    net_dial(k->n[ANN].host, k->n[MID].host);
    net_dial(k->n[BOB].host, k->n[MID].host);
    sim_run_for(k->sim, 5 * SEC);
    return 0;
}

static void end(struct node *n)
{
    gossip_free(n->gossip);
    host_free(n->host);
    n->gossip = NULL;
    n->host = NULL;
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

static void publish(struct kit *k, unsigned i, unsigned times)
{
    size_t peers;
    for (unsigned n = 0; n < times; n++)
        assert_int_equal(gossip_publish(k->n[i].gossip, "news", cur_of("news", 4), &peers, NULL),
                         OK);
    sim_run_for(k->sim, 2 * SEC);
}

/* --- judged later --------------------------------------------------------------------------- */

static void what_is_judged_later_goes_on_when_it_is_accepted(void **state)
{
    struct kit *k = *state;
    k->n[MID].says = GOSSIP_LATER;
    publish(k, ANN, 2);
    assert_int_equal(k->n[MID].heard, 2);
    assert_int_equal(k->n[BOB].heard, 0);
    gossip_judge(k->n[MID].gossip, k->n[MID].ticket[1], GOSSIP_ACCEPT);
    gossip_judge(k->n[MID].gossip, k->n[MID].ticket[1], GOSSIP_ACCEPT); /* twice: nothing */
    gossip_judge(k->n[MID].gossip, 12345, GOSSIP_ACCEPT);
    sim_run_for(k->sim, SEC);
    assert_int_equal(k->n[BOB].heard, 1);
    gossip_judge(k->n[MID].gossip, k->n[MID].ticket[0], GOSSIP_REJECT);
    sim_run_for(k->sim, SEC);
    assert_int_equal(k->n[BOB].heard, 1);
    assert_int_equal(gossip_stat(k->n[MID].gossip).refused, 1);
    publish(k, MID, 1); /* its own does not wait */
    assert_int_equal(k->n[BOB].heard, 2);
}

static void all_who_judge_later_are_waited_for_and_the_harshest_is_heard(void **state)
{
    struct kit *k = *state;
    struct node *mid = &k->n[MID];
    struct node other = {.says = GOSSIP_LATER};
    struct gossip_sub *sub = gossip_subscribe(mid->gossip, "news", on_news, &other, NULL);
    mid->says = GOSSIP_LATER;
    publish(k, ANN, 2);
    gossip_judge(mid->gossip, mid->ticket[0], GOSSIP_ACCEPT);
    gossip_judge(mid->gossip, mid->ticket[1], GOSSIP_IGNORE);
    sim_run_for(k->sim, SEC);
    assert_int_equal(k->n[BOB].heard, 0);
    gossip_judge(mid->gossip, other.ticket[0], GOSSIP_ACCEPT);
    gossip_judge(mid->gossip, other.ticket[1], GOSSIP_ACCEPT);
    sim_run_for(k->sim, SEC);
    assert_int_equal(k->n[BOB].heard, 1);
    other.says = GOSSIP_REJECT; /* then nobody else needs to think */
    publish(k, ANN, 1);
    assert_int_equal(gossip_stat(mid->gossip).refused, 1);
    gossip_unsubscribe(sub);
}

static void so_many_are_judged_at_once_and_those_that_take_too_long_are_ignored(void **state)
{
    struct kit *k = *state;
    struct node *mid = &k->n[MID];
    mid->says = GOSSIP_LATER;
    publish(k, ANN, GOSSIP_LATER_PEER_MAX + 10);
    assert_int_equal(mid->heard, GOSSIP_LATER_PEER_MAX + 10);
    assert_int_equal(gossip_stat(mid->gossip).dropped, 10);
    gossip_judge(mid->gossip, mid->ticket[GOSSIP_LATER_PEER_MAX], GOSSIP_ACCEPT); /* too many */
    gossip_judge(mid->gossip, mid->ticket[GOSSIP_LATER_PEER_MAX - 1], GOSSIP_ACCEPT);
    sim_run_for(k->sim, GOSSIP_LATER_US + 2 * SEC);
    gossip_judge(mid->gossip, mid->ticket[0], GOSSIP_ACCEPT);
    sim_run_for(k->sim, SEC);
    assert_int_equal(k->n[BOB].heard, 1);
    mid->says = GOSSIP_ACCEPT; /* there is room again */
    publish(k, ANN, 1);
    assert_int_equal(k->n[BOB].heard, 2);
}

static void what_is_judged_when_its_bringer_has_left_goes_on(void **state)
{
    struct kit *k = *state;
    k->n[MID].says = GOSSIP_LATER;
    publish(k, ANN, 2);
    end(&k->n[ANN]);
    sim_run_for(k->sim, 2 * SEC);
    gossip_judge(k->n[MID].gossip, k->n[MID].ticket[0], GOSSIP_ACCEPT);
    gossip_judge(k->n[MID].gossip, k->n[MID].ticket[1], GOSSIP_REJECT);
    sim_run_for(k->sim, SEC);
    assert_int_equal(k->n[BOB].heard, 1);
}

/* --- peers that are named ------------------------------------------------------------------- */

static void who_leaves_a_topic_brings_those_together_who_stay(void **state)
{
    struct kit *k = *state;
    publish(k, MID, 30); /* it is worth being believed */
    assert_false(host_connected(k->n[ANN].host, host_id(k->n[BOB].host)));
    gossip_unsubscribe(k->n[MID].sub);
    sim_run_for(k->sim, 5 * SEC);
    assert_true(host_connected(k->n[ANN].host, host_id(k->n[BOB].host)));
    sim_run_for(k->sim, 10 * SEC);
    publish(k, ANN, 1);
    assert_int_equal(k->n[BOB].heard, 30 + 1);
}

static void who_was_of_no_use_yet_is_not_believed(void **state)
{
    struct kit *k = *state;
    publish(k, MID, 3);
    gossip_unsubscribe(k->n[MID].sub);
    sim_run_for(k->sim, 5 * SEC);
    assert_false(host_connected(k->n[ANN].host, host_id(k->n[BOB].host)));
}

/* Number i's record: it is where number `at` is. */
static void seal(struct buf *out, struct peer_id *who, unsigned i, unsigned at,
                 const struct keys *by)
{
    struct keys *keys = net_keys(i);
    struct pubkey key;
    struct peer_record r = {.seq = 1, .count = 1, .addrs = {net_at(at)}};
    pubkey_of_ed25519(&key, keys_peer_public(keys));
    peer_id_of_key(&key, who);
    r.peer = *who;
    peer_record_seal(&r, out, by ? by : keys);
    keys_free(keys);
}

static void meet(struct kit *k, unsigned i, unsigned at, const struct keys *by)
{
    struct buf record = {0};
    struct peer_id who;
    seal(&record, &who, i, at, by);
    gossip_meet(k->n[ANN].gossip, cur_of(who.bytes, who.len), buf_cur(&record));
    buf_done(&record);
}

static void so_many_are_dialled_at_once_and_in_a_minute(void **state)
{
    struct kit *k = *state;
    struct gossip *g = k->n[ANN].gossip;
    for (unsigned i = 0; i < GOSSIP_MEETS_MAX + 5; i++)
        meet(k, 50 + i, NOWHERE, NULL);
    assert_int_equal(g->meet_count, GOSSIP_MEETS_MAX);
    sim_run_for(k->sim, 120 * SEC);
    assert_int_equal(g->meet_count, 0);
    for (unsigned i = 0; i < 2 * GOSSIP_MEETS_MINUTE; i++) {
        meet(k, 100 + i, BOB, NULL); /* he is somebody else, which is soon known */
        sim_run_for(k->sim, 500 * MSEC);
        assert_int_equal(g->meet_count, 0);
        assert_true(g->meets_begun <= GOSSIP_MEETS_MINUTE);
    }
    sim_run_for(k->sim, 60 * SEC);
    meet(k, 99, NOWHERE, NULL);
    assert_int_equal(g->meet_count, 1);
}

static void a_record_that_another_signed_is_no_record(void **state)
{
    struct kit *k = *state;
    const struct peer_id *bob = host_id(k->n[BOB].host);
    struct gossip *g = k->n[ANN].gossip;
    struct buf record = {0};
    struct peer_id other;
    meet(k, 50, NOWHERE, k->n[MID].keys);
    seal(&record, &other, 51, NOWHERE, NULL); /* good, and about another */
    gossip_meet(g, cur_of(bob->bytes, bob->len), buf_cur(&record));
    gossip_meet(g, cur_of("x", 1), buf_cur(&record));
    gossip_meet(g, cur_of(host_id(k->n[ANN].host)->bytes, host_id(k->n[ANN].host)->len),
                cur_of(NULL, 0));
    assert_int_equal(g->meet_count, 0);
    buf_done(&record);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(what_is_judged_later_goes_on_when_it_is_accepted),
        CASE(all_who_judge_later_are_waited_for_and_the_harshest_is_heard),
        CASE(so_many_are_judged_at_once_and_those_that_take_too_long_are_ignored),
        CASE(what_is_judged_when_its_bringer_has_left_goes_on),
        CASE(who_leaves_a_topic_brings_those_together_who_stay),
        CASE(who_was_of_no_use_yet_is_not_believed),
        CASE(so_many_are_dialled_at_once_and_in_a_minute),
        CASE(a_record_that_another_signed_is_no_record),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
