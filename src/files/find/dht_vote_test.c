#include "files/find/dht_vote.h"

#include "base/test.h"

static const struct addr none = {.family = ADDR_NONE};

static struct addr voter(unsigned i)
{
    return addr_v4((uint8_t)(20 + i / 200), (uint8_t)(i % 200), 1, 1, 6881);
}

static void vote(struct dht_votes *v, unsigned from, unsigned n, struct addr says)
{
    for (unsigned i = 0; i < n; i++) {
        struct addr a = voter(from + i);
        dht_votes_add(v, &a, &says);
    }
}

static void believes_enough_voters(void **state)
{
    (void)state;
    struct dht_votes v = {0};
    struct addr us = addr_v4(1, 2, 3, 4, 0), r = dht_votes_result(&v);
    assert_true(addr_same_ip(&r, &none));
    vote(&v, 0, DHT_VOTES_MIN - 1, us);
    assert_int_equal(dht_votes_result(&v).family, ADDR_NONE);
    vote(&v, DHT_VOTES_MIN, 1, us);
    r = dht_votes_result(&v);
    assert_true(addr_same_ip(&r, &us));
}

static void one_voter_has_one_vote(void **state)
{
    (void)state;
    struct dht_votes v = {0};
    struct addr us = addr_v4(1, 2, 3, 4, 0);
    for (uint16_t i = 0; i < 100; i++) {
        struct addr from = addr_v4(8, 8, 8, 8, (uint16_t)(1000 + i));
        dht_votes_add(&v, &from, &us);
    }
    assert_int_equal(dht_votes_result(&v).family, ADDR_NONE);
}

static void a_minority_changes_nothing_and_a_move_is_followed(void **state)
{
    (void)state;
    struct dht_votes v = {0};
    struct addr us = addr_v4(1, 2, 3, 4, 0), lie = addr_v4(6, 6, 6, 6, 0), r;
    vote(&v, 0, 12, us);
    vote(&v, 100, 11, lie);
    r = dht_votes_result(&v);
    assert_true(addr_same_ip(&r, &us));
    struct addr moved = addr_v4(4, 3, 2, 1, 0);
    vote(&v, 200, DHT_VOTES_MAX, moved); /* the old votes are forgotten */
    r = dht_votes_result(&v);
    assert_true(addr_same_ip(&r, &moved));
}

static void nobodys_address_is_no_vote(void **state)
{
    (void)state;
    struct dht_votes v = {0};
    vote(&v, 0, 20, addr_v4(0, 0, 0, 0, 0));
    vote(&v, 20, 20, addr_v4(224, 0, 0, 1, 0));
    assert_int_equal(v.count, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(believes_enough_voters),
        cmocka_unit_test(one_voter_has_one_vote),
        cmocka_unit_test(a_minority_changes_nothing_and_a_move_is_followed),
        cmocka_unit_test(nobodys_address_is_no_vote),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
