#include "files/meta/infohash.h"

#include "base/test.h"

static struct infohash made(int v1, int v2)
{
    struct infohash h = {.has_v1 = v1 > 0, .has_v2 = v2 > 0};
    memset(h.v1, v1, sizeof h.v1);
    memset(h.v2, v2, sizeof h.v2);
    return h;
}

static void v1_is_the_id_and_else_v2_cut(void **state)
{
    (void)state;
    const uint8_t *wire[INFOHASH_WIRE_MAX];
    struct infohash hybrid = made(1, 2), v2 = made(0, 2), none = made(0, 0);
    assert_ptr_equal(infohash_id(&hybrid), hybrid.v1);
    assert_ptr_equal(infohash_id(&v2), v2.v2);
    assert_null(infohash_id(&none));
    assert_int_equal(infohash_wire(&hybrid, wire), 2);
    assert_ptr_equal(wire[0], hybrid.v1);
    assert_ptr_equal(wire[1], hybrid.v2);
    assert_int_equal(infohash_wire(&none, wire), 0);
    assert_true(infohash_is_wire(&hybrid, hybrid.v2));
    assert_false(infohash_is_wire(&v2, hybrid.v1));
    assert_false(infohash_is_wire(&none, none.v1));
}

static void the_same_is_what_shares_a_hash_and_contradicts_in_none(void **state)
{
    (void)state;
    struct infohash hybrid = made(1, 2), v1 = made(1, 0), v2 = made(0, 2), other = made(1, 3);
    assert_true(infohash_same(&hybrid, &v1));
    assert_true(infohash_same(&v2, &hybrid));
    assert_false(infohash_same(&v1, &v2));
    assert_false(infohash_same(&hybrid, &other));
    infohash_learn(&v1, &hybrid);
    assert_true(infohash_same(&v1, &v2));
    infohash_learn(&v1, &other); /* what is known stays */
    assert_memory_equal(v1.v2, v2.v2, sizeof v2.v2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(v1_is_the_id_and_else_v2_cut),
        cmocka_unit_test(the_same_is_what_shares_a_hash_and_contradicts_in_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
