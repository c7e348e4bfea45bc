#include "files/peer/choke.h"

#include "base/test.h"

enum { N = 12 };

static void fill(struct choke_peer *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = (struct choke_peer){.id = (uint32_t)i + 1, .interested = true, .gives = 1000 * i};
}

static const struct choke_peer *peer(const struct choke_peer *p, size_t n, uint32_t id)
{
    for (size_t i = 0; i < n; i++)
        if (p[i].id == id)
            return &p[i];
    fail();
    return NULL;
}

static size_t open_count(const struct choke_peer *p, size_t n)
{
    size_t open = 0;
    for (size_t i = 0; i < n; i++)
        open += p[i].open;
    return open;
}

static void those_who_give_most_are_served(void **state)
{
    (void)state;
    struct choke c = {0};
    struct choke_peer p[N];
    fill(p, N);
    choke_round(&c, p, N, false, 100 * SEC, 7);
    assert_int_equal(open_count(p, N), CHOKE_SLOTS);
    for (uint32_t id = N; id > N - (CHOKE_SLOTS - 1); id--)
        assert_true(peer(p, N, id)->open);
    assert_true(c.optimistic >= 1 && c.optimistic <= N - (CHOKE_SLOTS - 1));
    assert_true(peer(p, N, c.optimistic)->open);
}

static void nobody_is_served_who_is_not_interested(void **state)
{
    (void)state;
    struct choke c = {0};
    struct choke_peer p[N];
    fill(p, N);
    for (size_t i = 0; i < N; i++)
        p[i].interested = i == 3;
    choke_round(&c, p, N, false, 100 * SEC, 7);
    assert_int_equal(open_count(p, N), 1);
    assert_true(peer(p, N, 4)->open);
}

static void the_optimistic_slot_stays_thirty_seconds_and_then_moves(void **state)
{
    (void)state;
    struct choke c = {0};
    struct choke_peer p[N];
    fill(p, N);
    choke_round(&c, p, N, false, 100 * SEC, 7);
    uint32_t first = c.optimistic;
    choke_round(&c, p, N, false, 110 * SEC, 8);
    choke_round(&c, p, N, false, 120 * SEC, 9);
    assert_int_equal(c.optimistic, first);
    choke_round(&c, p, N, false, 130 * SEC, 10);
    assert_int_not_equal(c.optimistic, first);
}

static void everybody_gets_the_optimistic_slot_in_time(void **state)
{
    (void)state;
    struct choke c = {0};
    struct choke_peer p[N];
    fill(p, N);
    uint32_t seen = 0;
    for (uint64_t round = 0; round < 300; round++) {
        choke_round(&c, p, N, false, round * CHOKE_ROUND_US,
                    round * UINT64_C(0x9e3779b97f4a7c15) >> 32);
        seen |= 1u << c.optimistic;
    }
    for (uint32_t id = 1; id <= N - (CHOKE_SLOTS - 1); id++)
        assert_true(seen >> id & 1);
}

static void a_new_peer_is_three_times_as_likely(void **state)
{
    (void)state;
    unsigned fresh = 0;
    for (uint64_t random = 0; random < 4000; random++) {
        struct choke c = {0};
        struct choke_peer p[CHOKE_SLOTS + 1];
        fill(p, CHOKE_SLOTS + 1); /* 1 and 2 are left for the draw */
        p[0].connected_us = 95 * SEC;
        choke_round(&c, p, CHOKE_SLOTS + 1, false, 100 * SEC, random);
        fresh += c.optimistic == 1;
    }
    assert_int_equal(fresh, 3000);
}

static void who_snubs_us_gets_only_the_optimistic_slot(void **state)
{
    (void)state;
    struct choke c = {0};
    struct choke_peer p[3];
    fill(p, 3);
    p[2].snubbed = true;
    choke_round(&c, p, 3, false, 100 * SEC, 0);
    assert_int_equal(c.optimistic, 3);
    c.optimistic = 0;
    fill(p, 3);
    for (size_t i = 0; i < 3; i++)
        p[i].snubbed = true;
    choke_round(&c, p, 3, false, 200 * SEC, 0);
    assert_int_equal(open_count(p, 3), 1);
}

static void seeds_serve_the_fastest_takers_for_a_turn(void **state)
{
    (void)state;
    struct choke c = {.optimistic = 1, .optimistic_until_us = 1000 * SEC};
    struct choke_peer p[N];
    fill(p, N);
    for (size_t i = 0; i < N; i++) {
        p[i].takes = 100 * i;
        p[i].open = i >= 2;
        p[i].opened_us = i >= 2 ? 90 * SEC : 0;
    }
    choke_round(&c, p, N, true, 100 * SEC, 0);
    for (uint32_t id = N; id > N - (CHOKE_SLOTS - 1); id--)
        assert_true(peer(p, N, id)->open);
}

static void on_a_seed_whoever_waits_longest_is_next_after_the_turn(void **state)
{
    (void)state;
    struct choke c = {0};
    struct choke_peer p[N];
    fill(p, N);
    for (size_t i = 0; i < N; i++) {
        p[i].takes = 1000;
        p[i].open = i >= 4; /* their turns are over */
        p[i].opened_us = i >= 4 ? 100 * SEC : i * SEC;
    }
    choke_round(&c, p, N, true, 100 * SEC + CHOKE_TURN_US, 0);
    for (uint32_t id = 1; id <= 4; id++)
        assert_true(peer(p, N, id)->open);
    assert_int_equal(open_count(p, N), CHOKE_SLOTS);
}

static void no_peers_is_no_trouble(void **state)
{
    (void)state;
    struct choke c = {.optimistic = 5};
    struct choke_peer none;
    choke_round(&c, &none, 0, true, SEC, 1);
    assert_int_equal(c.optimistic, 0);
    assert_true(choke_grant(CHOKE_SLOTS - 1));
    assert_false(choke_grant(CHOKE_SLOTS));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(those_who_give_most_are_served),
        cmocka_unit_test(nobody_is_served_who_is_not_interested),
        cmocka_unit_test(the_optimistic_slot_stays_thirty_seconds_and_then_moves),
        cmocka_unit_test(everybody_gets_the_optimistic_slot_in_time),
        cmocka_unit_test(a_new_peer_is_three_times_as_likely),
        cmocka_unit_test(who_snubs_us_gets_only_the_optimistic_slot),
        cmocka_unit_test(seeds_serve_the_fastest_takers_for_a_turn),
        cmocka_unit_test(on_a_seed_whoever_waits_longest_is_next_after_the_turn),
        cmocka_unit_test(no_peers_is_no_trouble),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
