#include "tunnel/lasting_state.h"

#include "base/test.h"
#include "tunnel/lasting_pair_test.h"

/* One round: both write, and `most` bytes of each arrive. */
static void round_of(struct lasting_pair *p, size_t most)
{
    struct why why;
    for (unsigned i = 0; i < 2; i++)
        pair_write(&p->e[i]);
    for (unsigned i = 0; i < 2; i++) {
        enum err code = pair_read(p, i, most, &why);
        if (code != OK)
            fail_msg("%s", why.text);
        assert_true(pair_take(p, i));
    }
}

static bool both_over(const struct lasting_pair *p)
{
    return lasting_state_over(&p->e[0].state) && lasting_state_over(&p->e[1].state);
}

/* A conversation of two ends, each ending when it has said all, cut once after `at` bytes that
 * arrive each way.  How many bytes arrived before it was over. */
static size_t talk(size_t at, size_t bytes0, size_t bytes1, size_t step)
{
    struct lasting_pair p;
    struct why why;
    size_t arrived = 0, left[2] = {bytes0, bytes1};
    pair_open(&p, 0);
    for (unsigned rounds = 0; !both_over(&p) && rounds < 100000; rounds++) {
        for (unsigned i = 0; i < 2; i++) {
            left[i] -= pair_say(&p, i, left[i]);
            if (left[i] == 0)
                lasting_state_end(&p.e[i].state);
            p.e[i].state.ack_due |= p.e[i].state.told != lasting_state_got(&p.e[i].state);
        }
        size_t most = arrived <= at && at < arrived + step ? at - arrived : step;
        round_of(&p, most);
        arrived += step;
        if (most < step && pair_cut(&p, &why) != OK)
            fail_msg("%s", why.text);
    }
    assert_true(both_over(&p));
    assert_int_equal(p.e[0].heard, bytes1);
    assert_int_equal(p.e[1].heard, bytes0);
    pair_close(&p);
    return arrived;
}

static void nothing_is_lost_or_doubled_wherever_it_is_cut(void **state)
{
    (void)state;
    size_t all = talk(SIZE_MAX, 300, 50, 7);
    assert_true(all > 400);
    for (size_t at = 0; at < all; at++)
        talk(at, 300, 50, 7);
    for (size_t at = 0; at < 100; at++) /* one has nothing to say but its end */
        talk(at, 40, 0, 3);
    for (size_t at = 0; at < 60; at++)
        talk(at, 0, 0, 1);
}

static void much_goes_through_many_cuts(void **state)
{
    (void)state;
    for (size_t at = 1; at < 2000000; at += 77777)
        talk(at, 900000, 500000, 65536);
}

static void who_does_not_take_holds_up_who_says(void **state)
{
    (void)state;
    struct lasting_pair p;
    size_t said = 0;
    pair_open(&p, 64 << 20);
    p.e[1].deaf = true;
    for (unsigned i = 0; i < 1000; i++) {
        said += pair_say(&p, 0, 100000);
        round_of(&p, SIZE_MAX);
    }
    assert_int_equal(buf_len(&p.e[1].state.held), LASTING_WINDOW);
    assert_int_equal(said, LASTING_WINDOW + LASTING_WAITING_MAX);
    assert_int_equal(lasting_state_room(&p.e[0].state), 0);
    p.e[1].deaf = false;
    assert_true(pair_take(&p, 1));
    round_of(&p, SIZE_MAX);
    round_of(&p, SIZE_MAX);
    assert_true(lasting_state_room(&p.e[0].state) > 0);
    pair_close(&p);
}

/* Without acknowledgements nothing is let go, and so no more is taken than may be kept. */
static void what_is_not_acknowledged_is_kept_up_to_a_limit(void **state)
{
    (void)state;
    struct lasting_pair p;
    struct why why;
    const struct lasting_frame all = {.kind = LASTING_ACK, .may = UINT64_MAX};
    pair_open(&p, 0);
    assert_int_equal(lasting_state_heard(&p.e[0].state, &all, &why), OK);
    for (unsigned i = 0; i < 1000; i++) {
        pair_say(&p, 0, 100000);
        pair_write(&p.e[0]);
    }
    assert_int_equal(buf_len(&p.e[0].state.kept), LASTING_KEPT_MAX);
    pair_close(&p);
}

static void the_window_grows_for_who_takes_all_and_is_given_back(void **state)
{
    (void)state;
    struct lasting_pair p;
    const uint64_t spare = 3 << 20;
    pair_open(&p, spare);
    for (unsigned i = 0; i < 400; i++) {
        while (pair_say(&p, 0, 100000) > 0)
            pair_write(&p.e[0]);
        round_of(&p, SIZE_MAX);
    }
    assert_int_equal(p.e[1].state.window, 1 << 20); /* the next step would not fit */
    assert_int_equal(p.spare, spare + LASTING_WINDOW - (1 << 20));
    pair_close(&p);
    assert_int_equal(p.spare, spare);
}

/* Who says more in each round than in the one before is never without leave to. */
static void the_window_grows_before_it_is_used_up(void **state)
{
    (void)state;
    struct lasting_pair p;
    pair_open(&p, 64 << 20);
    for (size_t each = 32 << 10; each <= 1 << 20; each *= 2) {
        size_t said = 0;
        for (size_t n = 1; said < each && n > 0; said += n) {
            n = pair_say(&p, 0, each - said);
            pair_write(&p.e[0]);
        }
        assert_int_equal(said, each);
        assert_int_equal(p.e[0].state.sent, p.e[0].state.acked + buf_len(&p.e[0].state.kept));
        round_of(&p, SIZE_MAX);
        round_of(&p, SIZE_MAX);
    }
    pair_close(&p);
}

static enum err hears(struct lasting_state *s, struct lasting_frame f)
{
    struct why why;
    enum err code = lasting_state_heard(s, &f, &why);
    assert_true(code == OK || why.text[0]);
    return code;
}

static void what_cannot_be_is_refused(void **state)
{
    (void)state;
    struct lasting_pair p;
    struct why why;
    pair_open(&p, 0);
    struct lasting_state *s = &p.e[0].state;
    pair_say(&p, 0, 100);
    pair_write(&p.e[0]);
    assert_int_equal(hears(s, (struct lasting_frame){LASTING_ACK, 0, 101, 0}), ERR_INVALID);
    assert_int_equal(hears(s, (struct lasting_frame){LASTING_ACK, 0, 60, 0}), OK);
    assert_int_equal(hears(s, (struct lasting_frame){LASTING_ACK, 0, 59, 0}), ERR_INVALID);
    assert_int_equal(lasting_state_rewind(s, 59, &why), ERR_INVALID);
    assert_int_equal(lasting_state_rewind(s, 101, &why), ERR_INVALID);
    assert_int_equal(lasting_state_rewind(s, 100, &why), OK);
    assert_int_equal(hears(s, (struct lasting_frame){LASTING_DATA, LASTING_WINDOW + 1, 0, 0}),
                     ERR_LIMIT);
    assert_int_equal(hears(s, (struct lasting_frame){LASTING_DATA, LASTING_WINDOW, 0, 0}), OK);
    assert_int_equal(hears(s, (struct lasting_frame){LASTING_END, 0, 0, 0}), OK);
    assert_int_equal(hears(s, (struct lasting_frame){LASTING_END, 0, 0, 0}), ERR_INVALID);
    assert_int_equal(hears(s, (struct lasting_frame){LASTING_DATA, 1, 0, 0}), ERR_INVALID);
    assert_int_equal(hears(s, (struct lasting_frame){LASTING_BROKEN, 0, 0, 0}), ERR_CLOSED);
    /* An end that was not said is not acknowledged. */
    assert_int_equal(hears(s, (struct lasting_frame){LASTING_ACK, 0, 101, 0}), ERR_INVALID);
    lasting_state_end(s);
    assert_int_equal(hears(s, (struct lasting_frame){LASTING_ACK, 0, 101, 0}), ERR_INVALID);
    pair_write(&p.e[0]);
    assert_int_equal(hears(s, (struct lasting_frame){LASTING_ACK, 0, 101, 0}), OK);
    assert_int_equal(hears(s, (struct lasting_frame){LASTING_ACK, 0, 100, 0}), ERR_INVALID);
    pair_close(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_is_lost_or_doubled_wherever_it_is_cut),
        cmocka_unit_test(much_goes_through_many_cuts),
        cmocka_unit_test(who_does_not_take_holds_up_who_says),
        cmocka_unit_test(what_is_not_acknowledged_is_kept_up_to_a_limit),
        cmocka_unit_test(the_window_grows_for_who_takes_all_and_is_given_back),
        cmocka_unit_test(the_window_grows_before_it_is_used_up),
        cmocka_unit_test(what_cannot_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
