#include "files/find/dht_table.h"

#include "base/test.h"

#define NOW (100000 * SEC)

static const struct dht_id zero = {{0}};

/* A node whose id shares `bits` bits with zero; `n` tells them apart.  At home: no limits. */
static struct dht_node node(unsigned bits, uint8_t n)
{
    struct dht_id chance = {{0}};
    chance.b[DHT_ID_LEN - 1] = n;
    return (struct dht_node){dht_id_in_bucket(&zero, bits, &chance),
                             addr_v4(10, (uint8_t)bits, 0, n, 6881)};
}

static void fill(struct dht_table *t, unsigned bits, uint8_t from, uint8_t count)
{
    for (uint8_t i = 0; i < count; i++) {
        struct dht_node n = node(bits, (uint8_t)(from + i));
        dht_table_replied(t, &n, NOW);
    }
}

static bool has(const struct dht_table *t, const struct dht_node *n)
{
    struct dht_node all[DHT_TABLE_MAX];
    size_t count = dht_table_all(t, all, DHT_TABLE_MAX);
    for (size_t i = 0; i < count; i++)
        if (dht_id_equal(&all[i].id, &n->id) && addr_equal(&all[i].addr, &n->addr))
            return true;
    return false;
}

static void a_bucket_holds_eight_and_keeps_the_others_as_spares(void **state)
{
    (void)state;
    struct dht_table *t = dht_table_new(&zero);
    fill(t, 0, 0, 20);
    assert_int_equal(dht_table_count(t), DHT_K);
    struct dht_node first = node(0, 0), ninth = node(0, 8), last = node(0, 19);
    assert_true(has(t, &first));
    assert_false(has(t, &ninth));
    struct dht_node other = node(0, 99);
    assert_false(dht_table_wants(t, &other)); /* full of good ones */
    dht_table_failed(t, &first);
    assert_true(has(t, &first)); /* once is not bad */
    dht_table_failed(t, &first);
    assert_false(has(t, &first));
    assert_true(has(t, &last)); /* the spare that answered last */
    assert_int_equal(dht_table_count(t), DHT_K);
    dht_table_free(t);
}

static void an_answer_forgives(void **state)
{
    (void)state;
    struct dht_table *t = dht_table_new(&zero);
    fill(t, 3, 0, 1);
    struct dht_node n = node(3, 0);
    dht_table_failed(t, &n);
    dht_table_replied(t, &n, NOW);
    dht_table_failed(t, &n);
    assert_int_equal(dht_table_count(t), 1);
    dht_table_failed(t, &n);
    assert_int_equal(dht_table_count(t), 0); /* bad, and nobody has its place yet */
    struct dht_node next = node(3, 1);
    assert_true(dht_table_wants(t, &next));
    dht_table_replied(t, &n, NOW);
    assert_int_equal(dht_table_count(t), 1);
    dht_table_free(t);
}

static void only_an_answer_makes_an_entry(void **state)
{
    (void)state;
    struct dht_table *t = dht_table_new(&zero);
    struct dht_node n = node(5, 1), own = {zero, addr_v4(10, 9, 9, 9, 1)};
    assert_true(dht_table_wants(t, &n));
    assert_false(dht_table_wants(t, &own));
    dht_table_asked(t, &n, NOW);
    dht_table_failed(t, &n);
    assert_int_equal(dht_table_count(t), 0);
    dht_table_replied(t, &own, NOW);
    assert_int_equal(dht_table_count(t), 0);
    dht_table_replied(t, &n, NOW);
    assert_int_equal(dht_table_good(t, NOW), 1);
    assert_false(dht_table_wants(t, &n));
    dht_table_free(t);
}

static void who_was_silent_for_15_minutes_is_due(void **state)
{
    (void)state;
    struct dht_table *t = dht_table_new(&zero);
    struct dht_node a = node(1, 1), b = node(2, 2), due;
    dht_table_replied(t, &a, NOW);
    dht_table_replied(t, &b, NOW + SEC);
    assert_false(dht_table_due(t, NOW + DHT_GOOD_US - 1, &due));
    assert_true(dht_table_due(t, NOW + DHT_GOOD_US + SEC, &due));
    assert_true(dht_id_equal(&due.id, &a.id)); /* silent longest */
    assert_true(dht_table_due(t, NOW + DHT_GOOD_US + SEC, &due));
    assert_true(dht_id_equal(&due.id, &b.id));
    assert_false(dht_table_due(t, NOW + DHT_GOOD_US + SEC, &due)); /* both are asked */
    dht_table_asked(t, &a, NOW + DHT_GOOD_US + SEC);               /* good: it answered once */
    assert_int_equal(dht_table_good(t, NOW + DHT_GOOD_US + SEC), 1);
    dht_table_replied(t, &b, NOW + DHT_GOOD_US + 2 * SEC);
    assert_int_equal(dht_table_good(t, NOW + DHT_GOOD_US + 2 * SEC), 2);
    assert_false(dht_table_due(t, NOW + DHT_GOOD_US + 60 * SEC, &due));
    dht_table_free(t);
}

static void the_nearest_come_first(void **state)
{
    (void)state;
    struct dht_table *t = dht_table_new(&zero);
    for (unsigned bits = 0; bits < 30; bits++)
        fill(t, bits, 0, DHT_K);
    struct dht_node all[DHT_TABLE_MAX], out[DHT_K];
    size_t count = dht_table_all(t, all, DHT_TABLE_MAX);
    assert_int_equal(count, 30 * DHT_K);
    struct dht_id target = {{0}};
    for (unsigned x = 0; x < 4096; x++) {
        target.b[0] = (uint8_t)(x >> 4);
        target.b[1] = (uint8_t)(x << 4);
        target.b[3] = (uint8_t)x;
        target.b[DHT_ID_LEN - 1] = (uint8_t)(x * 7);
        assert_int_equal(dht_table_closest(t, &target, out, DHT_K), DHT_K);
        for (size_t i = 1; i < DHT_K; i++)
            assert_true(dht_id_nearer(&target, &out[i - 1].id, &out[i].id) < 0);
        size_t nearer = 0; /* than the last of them */
        for (size_t i = 0; i < count; i++)
            nearer += dht_id_nearer(&target, &all[i].id, &out[DHT_K - 1].id) < 0;
        assert_int_equal(nearer, DHT_K - 1);
    }
    assert_int_equal(dht_table_closest(t, &target, out, 3), 3);
    dht_table_free(t);
}

static void one_stranger_has_one_entry(void **state)
{
    (void)state;
    struct dht_table *t = dht_table_new(&zero);
    for (uint16_t i = 0; i < 100; i++) {
        struct dht_node n = node(i % 20, (uint8_t)i);
        n.addr = addr_v4(8, 8, 8, 8, (uint16_t)(1000 + i));
        assert_int_equal(dht_table_wants(t, &n), i == 0);
        dht_table_replied(t, &n, NOW);
    }
    assert_int_equal(dht_table_count(t), 1);
    /* The same node with a new id takes its own place. */
    struct dht_node again = node(7, 77);
    again.addr = addr_v4(8, 8, 8, 8, 1000);
    dht_table_replied(t, &again, NOW);
    assert_int_equal(dht_table_count(t), 1);
    assert_true(has(t, &again));
    dht_table_free(t);
}

static void one_network_has_one_entry_in_a_bucket(void **state)
{
    (void)state;
    struct dht_table *t = dht_table_new(&zero);
    for (uint8_t i = 0; i < 200; i++) {
        struct dht_node n = node(i % 2, i);
        n.addr = addr_v4(8, 8, 8, i, 1000);
        dht_table_replied(t, &n, NOW);
    }
    assert_int_equal(dht_table_count(t), 2);
    dht_table_free(t);
}

static void a_secure_id_has_the_place_of_one_that_is_not(void **state)
{
    (void)state;
    struct dht_id own = {{0}};
    struct dht_table *t;
    struct addr at = addr_v4(21, 75, 31, 124, 6881);
    struct dht_id chance = {{0}}, id = dht_id_for(&at, &chance);
    own.b[0] = (uint8_t)~id.b[0]; /* so that it comes into bucket 0 */
    t = dht_table_new(&own);
    for (uint8_t i = 0; i < DHT_K; i++) {
        struct dht_node n = {dht_id_in_bucket(&own, 0, &chance),
                             addr_v4((uint8_t)(30 + i), 1, 1, 1, 6881)};
        n.id.b[5] = i;
        dht_table_replied(t, &n, NOW);
    }
    assert_int_equal(dht_table_count(t), DHT_K);
    struct dht_node loose = {id, addr_v4(99, 1, 1, 1, 6881)}, secure = {id, at};
    assert_false(dht_table_wants(t, &loose));
    assert_true(dht_table_wants(t, &secure));
    dht_table_replied(t, &secure, NOW);
    assert_true(has(t, &secure));
    assert_int_equal(dht_table_count(t), DHT_K);
    dht_table_free(t);
}

static void a_bucket_without_change_is_stale(void **state)
{
    (void)state;
    struct dht_table *t = dht_table_new(&zero);
    struct dht_id chance = {{1, 2, 3}}, target;
    fill(t, 4, 0, 3);
    assert_false(dht_table_stale(t, NOW + DHT_GOOD_US - 1, &chance, &target));
    assert_true(dht_table_stale(t, NOW + DHT_GOOD_US, &chance, &target));
    assert_int_equal(dht_id_common(&zero, &target), 4);
    assert_false(dht_table_stale(t, NOW + DHT_GOOD_US, &chance, &target));
    dht_table_free(t);
}

static void a_new_id_keeps_who_still_has_a_place(void **state)
{
    (void)state;
    struct dht_table *t = dht_table_new(&zero);
    for (unsigned bits = 0; bits < 4; bits++)
        fill(t, bits, 0, DHT_K);
    struct dht_id own = {{0xff}};
    dht_table_rebase(t, &own);
    assert_memory_equal(dht_table_own(t), &own, sizeof own);
    struct dht_node out[DHT_TABLE_MAX];
    size_t n = dht_table_all(t, out, DHT_TABLE_MAX);
    assert_int_equal(n, 2 * DHT_K); /* what was near is far: one bucket, and the far one near */
    for (size_t i = 0; i < n; i++) {
        struct dht_node first;
        assert_int_equal(dht_table_closest(t, &out[i].id, &first, 1), 1);
        assert_true(dht_id_equal(&first.id, &out[i].id));
    }
    dht_table_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_bucket_holds_eight_and_keeps_the_others_as_spares),
        cmocka_unit_test(an_answer_forgives),
        cmocka_unit_test(only_an_answer_makes_an_entry),
        cmocka_unit_test(who_was_silent_for_15_minutes_is_due),
        cmocka_unit_test(the_nearest_come_first),
        cmocka_unit_test(one_stranger_has_one_entry),
        cmocka_unit_test(one_network_has_one_entry_in_a_bucket),
        cmocka_unit_test(a_secure_id_has_the_place_of_one_that_is_not),
        cmocka_unit_test(a_bucket_without_change_is_stale),
        cmocka_unit_test(a_new_id_keeps_who_still_has_a_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
