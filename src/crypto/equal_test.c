#include "crypto/equal.h"

#include "base/test.h"

static void only_the_same_bytes_are_equal(void **state)
{
    (void)state;
    uint8_t a[33], b[33];
    memset(a, 0x5a, sizeof a);
    memset(b, 0x5a, sizeof b);
    assert_true(equal_secret(a, b, sizeof a));
    for (unsigned bit = 0; bit < 8 * sizeof b; bit++) {
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_false(equal_secret(a, b, sizeof a));
        assert_int_equal(equal_secret(a, b, bit / 8), 1); /* those before it still are */
        b[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_true(equal_secret(NULL, NULL, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_same_bytes_are_equal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
