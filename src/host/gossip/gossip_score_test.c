#include "host/gossip/gossip_score.h"

#include "base/test.h"

#define SECOND UINT64_C(1000000)

static const struct gossip_weights *const w = &gossip_weights;

static double all(const struct gossip_marks *m, const struct gossip_conduct *c, uint64_t now_us)
{
    return gossip_score(gossip_topic_score(m, w, now_us), c, w);
}

static void nothing_is_worth_nothing(void **state)
{
    (void)state;
    struct gossip_marks m = {0};
    struct gossip_conduct c = {.same_address = 1};
    assert_true(all(&m, &c, 5 * SECOND) == 0);
    assert_true(gossip_marks_empty(&m));
}

static void time_in_the_mesh_is_worth_a_little_and_has_an_end(void **state)
{
    (void)state;
    struct gossip_marks m = {0};
    gossip_mark_mesh(&m, w, true, SECOND);
    double soon = gossip_topic_score(&m, w, 11 * SECOND);
    double late = gossip_topic_score(&m, w, 100000 * SECOND);
    assert_true(soon > 0.09 && soon < 0.11);
    assert_true(late == w->mesh_time * w->mesh_time_cap);
    gossip_mark_mesh(&m, w, false, 12 * SECOND);
    assert_true(gossip_topic_score(&m, w, 20 * SECOND) == 0);
}

static void who_brings_messages_first_gains_up_to_the_cap(void **state)
{
    (void)state;
    struct gossip_marks m = {0};
    gossip_mark_first(&m, w);
    assert_true(gossip_topic_score(&m, w, 0) == w->first);
    for (unsigned i = 0; i < 100000; i++)
        gossip_mark_first(&m, w);
    assert_true(gossip_topic_score(&m, w, 0) == w->first * w->first_cap);
}

static void a_few_wrong_messages_are_the_end(void **state)
{
    (void)state;
    struct gossip_marks m = {0};
    struct gossip_conduct c = {0};
    for (unsigned i = 0; i < 100; i++) /* however good it was */
        gossip_mark_first(&m, w);
    gossip_mark_invalid(&m);
    gossip_mark_invalid(&m);
    assert_true(all(&m, &c, 0) < 0);
    gossip_mark_invalid(&m);
    gossip_mark_invalid(&m);
    assert_true(all(&m, &c, 0) < GOSSIP_SCORE_GRAYLIST);
}

static void counters_have_an_end(void **state)
{
    (void)state;
    struct gossip_marks m = {0};
    struct gossip_conduct c = {0};
    for (unsigned i = 0; i < 100000; i++) {
        gossip_mark_invalid(&m);
        gossip_penalty(&c, 1e6);
    }
    double score = all(&m, &c, 0);
    assert_true(score < -1e8 && score > -1e12);
}

static void breaking_a_rule_twice_is_forgiven_and_more_is_not(void **state)
{
    (void)state;
    struct gossip_marks m = {0};
    struct gossip_conduct c = {0};
    gossip_penalty(&c, 2);
    assert_true(all(&m, &c, 0) == 0);
    gossip_penalty(&c, 1);
    assert_true(all(&m, &c, 0) == w->conduct);
}

static void everything_is_forgotten_in_time(void **state)
{
    (void)state;
    struct gossip_marks m = {0};
    struct gossip_conduct c = {0};
    gossip_mark_first(&m, w);
    gossip_mark_invalid(&m);
    gossip_penalty(&c, 10);
    for (unsigned i = 0; i < 2000; i++) {
        gossip_marks_decay(&m, w);
        gossip_conduct_decay(&c, w);
    }
    assert_true(gossip_marks_empty(&m));
    assert_true(c.penalty == 0);
}

static void who_leaves_loses_what_was_good_and_keeps_what_was_bad(void **state)
{
    (void)state;
    struct gossip_marks m = {0};
    for (unsigned i = 0; i < 10; i++)
        gossip_mark_first(&m, w);
    gossip_mark_invalid(&m);
    gossip_marks_gone(&m);
    assert_true(gossip_topic_score(&m, w, 0) == w->invalid);
}

static void too_many_of_one_address_lose_unless_in_a_laboratory(void **state)
{
    (void)state;
    struct gossip_conduct c = {.same_address = w->colocated_allowed};
    assert_true(gossip_score(0, &c, w) == 0);
    c.same_address += 2;
    assert_true(gossip_score(0, &c, w) == 4 * w->colocated);
    assert_true(gossip_score(0, &c, &gossip_weights_lab) == 0);
}

static void an_app_has_its_say(void **state)
{
    (void)state;
    struct gossip_conduct c = {.app = 150};
    assert_true(gossip_score(0, &c, w) > GOSSIP_SCORE_PUBLISH);
    assert_true(gossip_score(0, &c, w) == 150);
    assert_true(gossip_score(1e9, &c, w) == 150 + w->topic_cap);
}

static void who_brings_too_little_to_a_mesh_loses_where_a_rate_is_expected(void **state)
{
    (void)state;
    struct gossip_weights strict = *w;
    struct gossip_marks m = {0};
    strict.rate = -1;
    strict.rate_expected = 4;
    gossip_mark_mesh(&m, &strict, true, SECOND);
    uint64_t before = SECOND + strict.rate_after_us - 1, after = before + 1;
    assert_true(gossip_topic_score(&m, &strict, before) > 0);
    assert_true(gossip_topic_score(&m, &strict, after) < -15);
    for (unsigned i = 0; i < 4; i++)
        gossip_mark_delivered(&m, &strict);
    assert_true(gossip_topic_score(&m, &strict, after) > 0);
    m.rate = 0;
    gossip_mark_mesh(&m, &strict, false, after); /* and it sticks (P3b) */
    assert_true(gossip_topic_score(&m, &strict, after) == -16);
    assert_true(gossip_topic_score(&m, w, after) == -16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_worth_nothing),
        cmocka_unit_test(time_in_the_mesh_is_worth_a_little_and_has_an_end),
        cmocka_unit_test(who_brings_messages_first_gains_up_to_the_cap),
        cmocka_unit_test(a_few_wrong_messages_are_the_end),
        cmocka_unit_test(counters_have_an_end),
        cmocka_unit_test(breaking_a_rule_twice_is_forgiven_and_more_is_not),
        cmocka_unit_test(everything_is_forgotten_in_time),
        cmocka_unit_test(who_leaves_loses_what_was_good_and_keeps_what_was_bad),
        cmocka_unit_test(too_many_of_one_address_lose_unless_in_a_laboratory),
        cmocka_unit_test(an_app_has_its_say),
        cmocka_unit_test(who_brings_too_little_to_a_mesh_loses_where_a_rate_is_expected),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
