#include "base/map.h"

#include "base/siphash.h"
#include "base/test.h"

/* SipHash, appendix A: key 00..0f, input 00..0e; and the first lines of the reference program's
 * vectors_sip64. */
static void siphash_gives_the_published_values(void **state)
{
    (void)state;
    static const uint64_t want[] = {
        UINT64_C(0x726fdb47dd0e0e31), UINT64_C(0x74f839c593dc67fd), UINT64_C(0x0d6c8009d9a94f5a),
        UINT64_C(0x85676696d7fb7e2d), UINT64_C(0xcf2794e0277187b7), UINT64_C(0x18765564cd99a68d),
        UINT64_C(0xcbc9466e58fee3ce), UINT64_C(0xab0200f58b01d137), UINT64_C(0x93f5f5799a932462)};
    const uint64_t k0 = UINT64_C(0x0706050403020100), k1 = UINT64_C(0x0f0e0d0c0b0a0908);
    uint8_t in[15];
    for (uint8_t i = 0; i < sizeof in; i++)
        in[i] = i;
    for (size_t n = 0; n < sizeof want / sizeof *want; n++)
        assert_true(siphash(k0, k1, in, n) == want[n]);
    assert_true(siphash(k0, k1, in, 15) == UINT64_C(0xa129ca6149be45e5));
}

static void the_hash_is_its_seeds(void **state)
{
    (void)state;
    assert_true(map_hash(1, "key", 3) == map_hash(1, "key", 3));
    assert_true(map_hash(1, "key", 3) != map_hash(2, "key", 3));
    assert_true(map_hash(0, "key", 3) != map_hash(0, "kez", 3));
    assert_true(map_hash(0, NULL, 0) != map_hash(0, "", 1));
}

static void holds_what_was_put(void **state)
{
    (void)state;
    struct map *m = map_new(7);
    int one, two;
    char key[] = "k";
    assert_null(map_get(m, "k", 1));
    assert_null(map_drop(m, "k", 1));
    assert_null(map_put(m, key, 1, &one));
    key[0] = 'x'; /* keys are copied */
    assert_ptr_equal(map_get(m, "k", 1), &one);
    assert_ptr_equal(map_put(m, "k", 1, &two), &one);
    assert_int_equal(map_count(m), 1);
    assert_null(map_put(m, "", 0, &one)); /* the empty key, and one that holds NULs */
    assert_null(map_put(m, "\0", 1, &two));
    assert_ptr_equal(map_get(m, NULL, 0), &one);
    assert_ptr_equal(map_drop(m, "k", 1), &two);
    assert_null(map_get(m, "k", 1));
    assert_int_equal(map_count(m), 2);
    map_free(m);
    map_free(NULL);
}

static void walks_in_the_order_of_putting(void **state)
{
    (void)state;
    struct map *m = map_new(7);
    char values[8];
    for (size_t i = 0; i < 8; i++)
        map_put(m, &(char){(char)('h' - i)}, 1, &values[i]);
    map_drop(m, "f", 1);            /* value 2 */
    map_put(m, "e", 1, &values[3]); /* in its old place */
    map_put(m, "f", 1, &values[2]); /* at the end */
    const size_t want[] = {0, 1, 3, 4, 5, 6, 7, 2};
    size_t at = 0, n, i = 0;
    const void *key;
    for (void *v; (v = map_next(m, &at, &key, &n)); i++) {
        assert_ptr_equal(v, &values[want[i]]);
        assert_int_equal(n, 1);
        assert_int_equal(*(const char *)key, 'h' - (int)want[i]);
        assert_ptr_equal(map_drop(m, key, n), v); /* the one just given may be dropped */
    }
    assert_int_equal(i, 8);
    assert_int_equal(map_count(m), 0);
    at = 0;
    assert_null(map_next(m, &at, NULL, NULL));
    map_free(m);
}

/* Against an array that says the same, through growth, holes and rebuilding. */
static void agrees_with_an_array_over_many_turns(void **state)
{
    (void)state;
    enum { KEYS = 500 };
    static char is_there[KEYS];
    struct map *m = map_new(42);
    uint32_t dice = 1;
    size_t count = 0;
    for (int turn = 0; turn < 20000; turn++) {
        dice = dice * 1664525 + 1013904223;
        uint32_t k = (dice >> 8) % KEYS;
        if (dice >> 31) {
            assert_ptr_equal(map_put(m, &k, sizeof k, &is_there[k]),
                             is_there[k] ? &is_there[k] : NULL);
            count += !is_there[k];
            is_there[k] = 1;
        } else {
            assert_ptr_equal(map_drop(m, &k, sizeof k), is_there[k] ? &is_there[k] : NULL);
            count -= (size_t)is_there[k];
            is_there[k] = 0;
        }
        assert_int_equal(map_count(m), count);
    }
    for (uint32_t k = 0; k < KEYS; k++)
        assert_ptr_equal(map_get(m, &k, sizeof k), is_there[k] ? &is_there[k] : NULL);
    map_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(siphash_gives_the_published_values),
        cmocka_unit_test(the_hash_is_its_seeds),
        cmocka_unit_test(holds_what_was_put),
        cmocka_unit_test(walks_in_the_order_of_putting),
        cmocka_unit_test(agrees_with_an_array_over_many_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
