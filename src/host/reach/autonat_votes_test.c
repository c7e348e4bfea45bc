#include "base/test.h"
#include "host/reach/autonat_in.h"

static struct peer_id voter(uint8_t i)
{
    return (struct peer_id){.len = 1, .bytes = {i}};
}

static void say(struct autonat_votes *v, uint8_t from, uint8_t to, bool reached, uint64_t now_us)
{
    for (uint8_t i = from; i < to; i++) {
        struct peer_id by = voter(i);
        autonat_vote(v, &by, reached, now_us);
    }
}

static void three_make_a_verdict(void **state)
{
    struct autonat_votes v = {0};
    (void)state;
    say(&v, 0, 2, true, 1);
    assert_int_equal(autonat_count(&v, AUTONAT_AGREE, 1), VERDICT_UNKNOWN);
    say(&v, 2, 3, true, 1);
    assert_int_equal(autonat_count(&v, AUTONAT_AGREE, 1), VERDICT_PUBLIC);
    say(&v, 3, 6, false, 1);
    assert_int_equal(autonat_count(&v, AUTONAT_AGREE, 1), VERDICT_UNKNOWN);
    say(&v, 6, 7, false, 1);
    assert_int_equal(autonat_count(&v, AUTONAT_AGREE, 1), VERDICT_PRIVATE);
}

static void one_that_says_it_often_has_one_vote(void **state)
{
    struct autonat_votes v = {0};
    (void)state;
    for (unsigned i = 0; i < 10; i++)
        say(&v, 5, 6, true, 1 + i);
    assert_int_equal(autonat_count(&v, AUTONAT_AGREE, 20), VERDICT_UNKNOWN);
}

static void votes_end_with_their_hour(void **state)
{
    struct autonat_votes v = {0};
    struct peer_id by = voter(1);
    (void)state;
    say(&v, 0, 3, false, 1);
    assert_int_equal(autonat_voted_us(&v, &by), 1);
    assert_int_equal(autonat_count(&v, AUTONAT_AGREE, AUTONAT_VOTE_US), VERDICT_PRIVATE);
    assert_int_equal(autonat_count(&v, AUTONAT_AGREE, AUTONAT_VOTE_US + 1), VERDICT_UNKNOWN);
}

static void the_oldest_makes_room(void **state)
{
    struct autonat_votes v = {0};
    struct peer_id first = voter(0), second = voter(1);
    (void)state;
    for (uint8_t i = 0; i < AUTONAT_VOTES_MAX + 1; i++)
        say(&v, i, (uint8_t)(i + 1), true, 10u + i);
    assert_int_equal(autonat_voted_us(&v, &first), 0);
    assert_int_equal(autonat_voted_us(&v, &second), 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_make_a_verdict),
        cmocka_unit_test(one_that_says_it_often_has_one_vote),
        cmocka_unit_test(votes_end_with_their_hour),
        cmocka_unit_test(the_oldest_makes_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
