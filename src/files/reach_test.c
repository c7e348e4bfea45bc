/* What a node knows of being reachable, from who came to it. */
#include "files/files.h"

#include "base/test.h"
#include "support/sim_node.h"

static const struct sim_link lan = {
    .latency_us = 2 * MSEC, .up_rate = 12500000, .down_rate = 12500000};

static struct node *start(struct sim *sim, const char *name, struct addr ip)
{
    static const char *const sets[] = {"files.dht=off", "files.port-mapping=off",
                                       "files.transports=tcp", NULL};
    struct node *n = node_new(sim, name, ip, lan);
    node_start(n, &files_app, sets);
    return n;
}

static bool is_open(struct node *n)
{
    json_t *j = node_call(n, "file.reach", NULL, NULL);
    bool open = json_is_true(json_object_get(j, "open"));
    assert_int_equal(json_is_string(json_object_get(j, "came")), open);
    json_decref(j);
    return open;
}

/* Ann shares, Bob comes to her. */
static void meet(struct addr ann_ip, struct addr bob_ip, bool proves)
{
    struct sim *sim = sim_new(1);
    struct node *ann = start(sim, "ann", ann_ip), *bob = start(sim, "bob", bob_ip);
    char at[ADDR_TEXT];
    ann_ip.port = 6881;
    node_write(ann, "/stuff/f", "some bytes", 10);
    json_t *r = node_call(ann, "file.add", json_pack("{s:s}", "path", "/stuff/f"), NULL);
    json_t *added = node_job(ann, json_string_value(json_object_get(r, "job")));
    assert_false(is_open(ann));
    json_decref(node_call(bob, "file.get",
                          json_pack("{s:O, s:[s]}", "link", json_object_get(added, "magnet"),
                                    "peer", addr_format(&ann_ip, at)),
                          NULL));
    sim_run_for(sim, 5 * SEC);
    assert_true(node_has(bob, "/downloads/f", "some bytes", 10));
    assert_int_equal(is_open(ann), proves);
    assert_false(is_open(bob)); /* nobody came to him */
    json_decref(r);
    json_decref(added);
    node_free(ann);
    node_free(bob);
    sim_free(sim);
}

static void a_peer_from_far_away_proves_that_the_port_is_open(void **state)
{
    (void)state;
    meet(addr_v4(11, 0, 0, 1, 0), addr_v4(12, 0, 0, 2, 0), true);
}

static void a_peer_of_the_same_network_proves_nothing(void **state)
{
    (void)state;
    meet(addr_v4(10, 0, 0, 1, 0), addr_v4(10, 0, 0, 2, 0), false);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_from_far_away_proves_that_the_port_is_open),
        cmocka_unit_test(a_peer_of_the_same_network_proves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
