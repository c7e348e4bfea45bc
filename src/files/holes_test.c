/* Whole nodes in the simulator that have only uTP: through home routers, and through bad lines. */
#include "files/files.h"

#include "base/mem.h"
#include "base/test.h"
#include "support/sim_node.h"

enum { SIZE = 4 * 1024 * 1024, PIECE = 64 * 1024, NO_ROUTER = SIM_SYMMETRIC + 1, KINDS };

/* What the seed gives takes minutes: all that time the others look for each other. */
static const struct sim_link slow = {
    .latency_us = 10 * MSEC, .up_rate = 16 * 1024, .down_rate = 1000000, .queue_us = 3 * SEC};
static const struct sim_link quick = {
    .latency_us = 15 * MSEC, .up_rate = 1000000, .down_rate = 2000000};

struct town {
    struct sim *sim;
    struct node *seed, *ann, *bob;
    uint8_t *bytes;
    char *id, *link;
};

static struct node *start(struct sim *sim, const char *name, struct addr ip, struct addr outside,
                          int kind, struct sim_link link)
{
    static const char *const sets[] = {"files.dht=off", "files.lsd=off", "files.port-mapping=off",
                                       "files.transports=utp", NULL};
    struct node *n = node_new(sim, name, ip, link);
    if (kind != NO_ROUTER)
        sim_node_behind(n->machine, outside, (enum sim_nat_kind)kind);
    node_start(n, &files_app, sets);
    return n;
}

static struct town *town_new(uint64_t seed, int ann, int bob, struct sim_link of_seed,
                             struct sim_link of_others)
{
    struct town *t = MEM_NEW(struct town);
    struct addr none = {0}, out_a = addr_v4(45, 0, 0, 2, 0), out_b = addr_v4(45, 0, 0, 3, 0);
    t->sim = sim_new(seed);
    t->seed = start(t->sim, "seed", addr_v4(45, 0, 0, 1, 0), none, NO_ROUTER, of_seed);
    t->ann = start(t->sim, "ann", ann == NO_ROUTER ? out_a : addr_v4(10, 0, 0, 2, 0), out_a, ann,
                   of_others);
    t->bob = start(t->sim, "bob", bob == NO_ROUTER ? out_b : addr_v4(10, 0, 0, 3, 0), out_b, bob,
                   of_others);
    t->bytes = mem_zalloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        t->bytes[i] = (uint8_t)(i * 7 + i / 251 + i / 65536);
    node_write(t->seed, "/stuff/film.bin", t->bytes, SIZE);
    node_share(t->seed, json_pack("{s:s, s:i}", "path", "/stuff/film.bin", "piece_size", PIECE),
               &t->id, &t->link);
    return t;
}

static void get(struct town *t, struct node *who)
{
    json_decref(node_call(who, "file.get",
                          json_pack("{s:s, s:[s]}", "link", t->link, "peer", "45.0.0.1:6881"),
                          NULL));
}

static void town_free(struct town *t)
{
    node_free(t->seed);
    node_free(t->ann);
    node_free(t->bob);
    sim_free(t->sim);
    free(t->bytes);
    free(t->id);
    free(t->link);
    free(t);
}

/* Is `who` connected, by uTP, to this IP? */
static bool knows(struct town *t, struct node *who, const char *ip)
{
    json_t *j = node_call(who, "file.show", json_pack("{s:s}", "id", t->id), NULL);
    json_t *list = json_object_get(j, "peer_list");
    bool yes = false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *peer = json_array_get(list, i);
        const char *at = json_string_value(json_object_get(peer, "addr"));
        if (strncmp(at, ip, strlen(ip)) != 0 || !json_is_true(json_object_get(peer, "connected")))
            continue;
        assert_string_equal(json_string_value(json_object_get(peer, "transport")), "utp");
        yes = true;
    }
    json_decref(j);
    return yes;
}

static bool they_meet(int ann, int bob)
{
    struct town *t = town_new(9, ann, bob, slow, quick);
    bool met = false;
    get(t, t->ann);
    get(t, t->bob);
    for (int i = 0; i < 18 && !met; i++) {
        sim_run_for(t->sim, 10 * SEC);
        met = knows(t, t->ann, "45.0.0.3:") && knows(t, t->bob, "45.0.0.2:");
    }
    town_free(t);
    return met;
}

/* A symmetric router shows each of those that it writes to another port.  Who lets in only the port
 * that he was told of does not let that in; all others do. */
static bool in_theory(int a, int b)
{
    bool strict_a = a == SIM_PORT_RESTRICTED || a == SIM_SYMMETRIC;
    bool strict_b = b == SIM_PORT_RESTRICTED || b == SIM_SYMMETRIC;
    return !(a == SIM_SYMMETRIC && strict_b) && !(b == SIM_SYMMETRIC && strict_a);
}

static void each_pair_of_routers_that_can_be_passed_is_and_no_other(void **state)
{
    (void)state;
    for (int a = 0; a < KINDS; a++) {
        for (int b = 0; b < KINDS; b++) {
            if (they_meet(a, b) != in_theory(a, b))
                fail_msg("router %d and router %d: theory says %s", a, b,
                         in_theory(a, b) ? "yes" : "no");
        }
    }
}

static bool both_have_it(struct town *t)
{
    return node_has(t->ann, "/downloads/film.bin", t->bytes, SIZE) &&
           node_has(t->bob, "/downloads/film.bin", t->bytes, SIZE);
}

static uint64_t through_bad_lines(uint64_t seed)
{
    static const struct sim_link bad = {.latency_us = 20 * MSEC,
                                        .jitter_us = 15 * MSEC,
                                        .loss_ppm = 50000,
                                        .up_rate = 300000,
                                        .down_rate = 1000000,
                                        .twice_ppm = 10000};
    struct town *t = town_new(seed, SIM_PORT_RESTRICTED, SIM_ADDRESS_RESTRICTED, bad, bad);
    get(t, t->ann);
    get(t, t->bob);
    for (int i = 0; i < 60 && !both_have_it(t); i++)
        sim_run_for(t->sim, 10 * SEC);
    assert_true(both_have_it(t));
    uint64_t trace = sim_trace_hash(t->sim);
    town_free(t);
    return trace;
}

static void a_torrent_comes_whole_through_bad_lines(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 3; seed++)
        through_bad_lines(seed);
    assert_int_equal(through_bad_lines(1), through_bad_lines(1)); /* and in the same way */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_pair_of_routers_that_can_be_passed_is_and_no_other),
        cmocka_unit_test(a_torrent_comes_whole_through_bad_lines),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
