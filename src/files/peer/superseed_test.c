#include "files/peer/superseed.h"

#include "base/test.h"
#include "files/meta/bits.h"

static void each_piece_is_shown_once_before_any_twice(void **state)
{
    (void)state;
    struct superseed *s = superseed_new(20, 7);
    unsigned times[20] = {0};
    for (int i = 0; i < 40; i++) {
        int64_t p = superseed_next(s, NULL);
        assert_in_range(p, 0, 19);
        times[p]++;
        for (int k = 0; k < 20; k++)
            assert_true(times[k] <= (unsigned)i / 20 + 1);
    }
    superseed_free(s);
}

static void a_peer_is_not_shown_what_it_has(void **state)
{
    (void)state;
    struct superseed *s = superseed_new(10, 1);
    uint8_t all_but_seven[2] = {0xfe, 0xc0}, all[2] = {0xff, 0xc0};
    for (int i = 0; i < 5; i++)
        assert_int_equal(superseed_next(s, all_but_seven), 7);
    assert_int_equal(superseed_next(s, all), SUPERSEED_NONE);
    superseed_free(s);
}

static void the_next_comes_when_it_was_passed_on(void **state)
{
    (void)state;
    assert_false(superseed_is_passed(3, 3, true, 2)); /* it has it: now it shall give it */
    assert_true(superseed_is_passed(3, 3, false, 1)); /* somebody got it */
    assert_false(superseed_is_passed(3, 4, false, 1));
    assert_true(superseed_is_passed(3, 3, true, 0)); /* there is nobody to give it to */
    assert_false(superseed_is_passed(SUPERSEED_NONE, 0, false, 0));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_piece_is_shown_once_before_any_twice),
        cmocka_unit_test(a_peer_is_not_shown_what_it_has),
        cmocka_unit_test(the_next_comes_when_it_was_passed_on),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
