#include "host/reach/observed.h"

#include "base/test.h"

#define HOUR_US (UINT64_C(3600) * 1000000)

static struct addr observer(unsigned i)
{
    return addr_v4(80, (uint8_t)i, 1, 1, 4001);
}

static const struct addr *us(void)
{
    static struct addr a;
    a = addr_v4(192, 0, 2, 7, 4001);
    return &a;
}

static size_t agreed(const struct observed *o, uint64_t now_us)
{
    struct addr out[4];
    return observed_agreed(o, OBSERVED_AGREE, now_us, out, 4);
}

static void three_networks_make_an_address(void **state)
{
    struct observed o = {0};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct addr by = observer(i);
        assert_int_equal(agreed(&o, 10), 0);
        observed_add(&o, us(), &by, 10);
    }
    assert_int_equal(agreed(&o, 10), 1);
}

static void many_of_one_network_are_one(void **state)
{
    struct observed o = {0};
    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        struct addr by = addr_v4(80, 1, (uint8_t)i, 1, 4001);
        observed_add(&o, us(), &by, 10);
    }
    assert_int_equal(agreed(&o, 10), 0);
}

static void what_was_said_long_ago_does_not_count(void **state)
{
    struct observed o = {0};
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct addr by = observer(i);
        observed_add(&o, us(), &by, 10);
    }
    assert_int_equal(agreed(&o, 10 + HOUR_US), 0);
}

static void who_says_much_pushes_out_the_oldest_alone(void **state)
{
    struct observed o = {0};
    struct addr liar = observer(9);
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct addr by = observer(i);
        observed_add(&o, us(), &by, 1000);
    }
    for (unsigned i = 0; i < OBSERVED_MAX - 1; i++) {
        struct addr wrong = addr_v4(9, 9, 9, (uint8_t)i, 1);
        observed_add(&o, &wrong, &liar, 2000 + i);
    }
    assert_int_equal(agreed(&o, 3000), 1);
}

static void the_newest_come_first(void **state)
{
    struct observed o = {0};
    struct addr by = observer(1), out[2];
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct addr at = addr_v4(192, 0, 2, (uint8_t)i, 4001);
        observed_add(&o, &at, &by, 10 + i);
    }
    observed_add(&o, us(), &by, 5);
    assert_int_equal(observed_newest(&o, 20, out, 2), 2);
    assert_int_equal(out[0].ip[3], 2);
    assert_int_equal(out[1].ip[3], 1);
    assert_int_equal(observed_newest(&o, 20 + HOUR_US, out, 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_networks_make_an_address),
        cmocka_unit_test(many_of_one_network_are_one),
        cmocka_unit_test(what_was_said_long_ago_does_not_count),
        cmocka_unit_test(the_newest_come_first),
        cmocka_unit_test(who_says_much_pushes_out_the_oldest_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
