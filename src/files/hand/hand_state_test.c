#include "files/hand/hand_state.h"

#include "base/test.h"

static const struct peer_id ann = {1, {1}}, bob = {1, {2}};

static void a_code_stands_until_its_time(void **state)
{
    (void)state;
    struct hand_state s = hand_state_new(1000);
    assert_true(hand_state_admits(&s, &ann, 999));
    assert_false(hand_state_admits(&s, &ann, 1000));
    assert_false(hand_state_is_over(&s, 999));
    assert_true(hand_state_is_over(&s, 1000));
}

static void the_fourth_wrong_guess_is_the_last(void **state)
{
    (void)state;
    struct hand_state s = hand_state_new(1000);
    for (int i = 0; i < HAND_GUESSES; i++) {
        assert_true(hand_state_admits(&s, &ann, 0));
        assert_false(hand_state_is_over(&s, 0));
        hand_state_wrong(&s);
    }
    assert_false(hand_state_admits(&s, &bob, 0));
    assert_true(hand_state_is_over(&s, 0));
    hand_state_wrong(&s);
    assert_int_equal(s.guesses, 0);
}

static void who_guessed_right_may_come_again_until_he_has_it(void **state)
{
    (void)state;
    struct hand_state s = hand_state_new(1000);
    hand_state_right(&s, &ann);
    assert_true(hand_state_admits(&s, &ann, 5000)); /* his line was cut; no hurry */
    assert_false(hand_state_admits(&s, &bob, 0));
    assert_false(hand_state_is_over(&s, 5000));
    hand_state_kept(&s);
    assert_false(hand_state_admits(&s, &ann, 0));
    assert_false(hand_state_is_over(&s, 5000)); /* it is being fetched */
}

static void nobody_has_it_before_he_guessed(void **state)
{
    (void)state;
    struct hand_state s = hand_state_new(1000);
    hand_state_kept(&s);
    assert_false(s.used);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_code_stands_until_its_time),
        cmocka_unit_test(the_fourth_wrong_guess_is_the_last),
        cmocka_unit_test(who_guessed_right_may_come_again_until_he_has_it),
        cmocka_unit_test(nobody_has_it_before_he_guessed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
