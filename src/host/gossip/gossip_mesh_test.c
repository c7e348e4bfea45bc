/* Who is in the mesh, and who is not asked for a while. */
#include "host/gossip/gossip_state_test.h"

static void the_mesh_is_filled_at_the_heartbeat(void **state)
{
    struct kit *k = *state;
    crowd(k, 20);
    assert_int_equal(mesh(k), 0);
    beats(k, 1);
    assert_int_equal(mesh(k), GOSSIP_D);
    assert_int_equal(told(k, GOSSIP_SAY_GRAFT, NULL), GOSSIP_D);
    beats(k, 5);
    assert_int_equal(mesh(k), GOSSIP_D);
}

static void twelve_are_kept_and_thirteen_are_too_many(void **state)
{
    struct kit *k = *state;
    crowd(k, 20);
    for (unsigned i = 1; i <= GOSSIP_D_HIGH; i++)
        graft(k, i);
    assert_int_equal(mesh(k), GOSSIP_D_HIGH);
    beats(k, 1);
    assert_int_equal(mesh(k), GOSSIP_D_HIGH);
    graft(k, 13); /* odd: it dialled us, and there is no room */
    assert_int_equal(mesh(k), GOSSIP_D_HIGH);
    assert_int_equal(told(k, GOSSIP_SAY_PRUNE, k->p[13]), 1);
    graft(k, 14); /* whom we dialled is let in all the same */
    assert_int_equal(mesh(k), GOSSIP_D_HIGH + 1);
    beats(k, 1);
    assert_int_equal(mesh(k), GOSSIP_D);
}

static void some_of_the_mesh_were_dialled_by_us(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 1; i <= 12; i++) {
        here(k, i, GOSSIP_V12, false);
        subscribe(k, i, NEWS, true);
        graft(k, i);
    }
    for (unsigned i = 13; i <= 16; i++) {
        here(k, i, GOSSIP_V12, true);
        subscribe(k, i, NEWS, true);
    }
    beats(k, 1);
    size_t out = 0;
    for (unsigned i = 13; i <= 16; i++)
        out += in_mesh(k, i);
    assert_true(out >= GOSSIP_D_OUT);
    beats(k, 1);
    out = 0;
    for (unsigned i = 13; i <= 16; i++)
        out += in_mesh(k, i);
    assert_int_equal(mesh(k), GOSSIP_D); /* it was too large */
    assert_true(out >= GOSSIP_D_OUT);
}

static void the_best_stay_when_it_shrinks(void **state)
{
    struct kit *k = *state;
    crowd(k, 14);
    for (unsigned i = 1; i <= 4; i++)
        gossip_peer_rate(k->p[i], 10);
    for (unsigned i = 1; i <= 12; i++)
        graft(k, i);
    graft(k, 14);
    beats(k, 1);
    assert_int_equal(mesh(k), GOSSIP_D);
    for (unsigned i = 1; i <= 4; i++)
        assert_true(in_mesh(k, i));
}

static void who_is_below_zero_leaves_the_mesh_and_does_not_come_back(void **state)
{
    struct kit *k = *state;
    crowd(k, 6);
    beats(k, 1);
    assert_true(in_mesh(k, 3));
    gossip_peer_rate(k->p[3], -1);
    beats(k, 1);
    assert_false(in_mesh(k, 3));
    assert_int_equal(told(k, GOSSIP_SAY_PRUNE, k->p[3]), 1);
    beats(k, 100);
    assert_false(in_mesh(k, 3));
    graft(k, 3);
    assert_false(in_mesh(k, 3));
}

static void a_mesh_that_brings_little_takes_in_two_that_are_better(void **state)
{
    struct kit *k = *state;
    crowd(k, 20);
    beats(k, 1);
    for (unsigned i = 1; i <= 20; i++)
        if (!in_mesh(k, i))
            gossip_peer_rate(k->p[i], 50);
    beats(k, 58);
    assert_int_equal(mesh(k), GOSSIP_D);
    beats(k, 2);
    assert_int_equal(mesh(k), GOSSIP_D + 2);
    beats(k, 30);
    assert_int_equal(mesh(k), GOSSIP_D + 2);
}

/* --- backoff -------------------------------------------------------------------------------- */

static void who_was_pruned_is_not_asked_before_its_time(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    beats(k, 1);
    assert_true(in_mesh(k, 1));
    prune(k, 1, 10);
    assert_false(in_mesh(k, 1));
    beats(k, 11); /* and not in the slack behind it */
    assert_false(in_mesh(k, 1));
    beats(k, 1);
    assert_true(in_mesh(k, 1));
}

static void a_prune_without_a_time_is_for_a_minute(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    beats(k, 1);
    prune(k, 1, 0);
    beats(k, 61);
    assert_false(in_mesh(k, 1));
    beats(k, 1);
    assert_true(in_mesh(k, 1));
}

/* GHSA-gc42-3jg7-rxr2: the end of a backoff was computed with what the peer said. */
static void a_backoff_of_all_eternity_is_an_hour(void **state)
{
    struct kit *k = *state;
    crowd(k, 2);
    beats(k, 1);
    prune(k, 1, UINT64_MAX);
    prune(k, 2, 3601);
    beats(k, 3601);
    assert_false(in_mesh(k, 1) || in_mesh(k, 2));
    beats(k, 1);
    assert_true(in_mesh(k, 1) && in_mesh(k, 2));
}

static void a_graft_during_the_backoff_is_refused_and_punished(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    beats(k, 1);
    gossip_peer_rate(k->p[1], -0.1);
    beats(k, 1); /* we prune it */
    gossip_peer_rate(k->p[1], 0);
    assert_false(in_mesh(k, 1));
    for (unsigned i = 0; i < 3; i++)
        graft(k, 1);
    assert_false(in_mesh(k, 1));
    assert_int_equal(told(k, GOSSIP_SAY_PRUNE, k->p[1]), 1 + 3);
    assert_true(gossip_peer_score(k->state, k->p[1], k->now_us) < 0);
    for (unsigned i = 0; i < 4; i++)
        graft(k, 1);
    assert_false(gossip_peer_heard(k->state, k->p[1], k->now_us));
}

static void a_flood_of_grafts_is_answered_so_many_times(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    prune(k, 1, 60);
    for (unsigned i = 0; i < GOSSIP_GRAFTS_MAX + 100; i++)
        graft(k, 1);
    assert_int_equal(told(k, GOSSIP_SAY_PRUNE, NULL), GOSSIP_GRAFTS_MAX);
}

static void a_graft_of_a_topic_that_is_not_ours_is_not_answered(void **state)
{
    struct kit *k = *state;
    struct buf part = {0};
    crowd(k, 1);
    gossip_put_graft(&part, text("olds"));
    control(k, 1, &part);
    assert_int_equal(k->count, 0);
    assert_int_equal(gossip_state_size(k->state).topics, 1);
}

static void the_backoff_outlives_the_connection(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    beats(k, 1);
    prune(k, 1, 30);
    gossip_peer_gone(k->state, k->p[1], k->now_us);
    here(k, 1, GOSSIP_V12, false);
    subscribe(k, 1, NEWS, true);
    beats(k, 31);
    assert_false(in_mesh(k, 1));
    beats(k, 1);
    assert_true(in_mesh(k, 1));
}

/* Who left a topic and comes back asks nobody before the time that it told him. */
static void after_leaving_a_topic_nobody_is_grafted_for_ten_seconds(void **state)
{
    struct kit *k = *state;
    crowd(k, 6);
    beats(k, 1);
    k->count = 0;
    gossip_state_leave(k->state, text(NEWS), k->now_us);
    assert_int_equal(told(k, GOSSIP_SAY_PRUNE, NULL), 6);
    assert_int_equal(k->said[0].backoff_s, GOSSIP_BACKOFF_LEAVE_US / S);
    k->count = 0;
    assert_int_equal(gossip_state_join(k->state, text(NEWS), k->now_us, NULL), OK);
    beats(k, 11);
    assert_int_equal(told(k, GOSSIP_SAY_GRAFT, NULL), 0);
    beats(k, 1);
    assert_int_equal(told(k, GOSSIP_SAY_GRAFT, NULL), 6);
}

/* --- peers that are named ------------------------------------------------------------------- */

static const struct said *last(const struct kit *k, enum gossip_act act)
{
    for (size_t i = k->count; i-- > 0;)
        if (k->said[i].act == act)
            return &k->said[i];
    fail_msg("nothing of that kind was said");
    return NULL;
}

static void who_is_sent_away_for_want_of_room_is_told_of_others(void **state)
{
    struct kit *k = *state;
    crowd(k, 40);
    for (unsigned i = 1; i <= GOSSIP_D_HIGH; i++)
        graft(k, i);
    graft(k, 13);
    assert_int_equal(last(k, GOSSIP_SAY_PRUNE)->named, GOSSIP_PX_MAX);
    gossip_peer_rate(k->p[15], -1);
    graft(k, 15);
    assert_ptr_equal(last(k, GOSSIP_SAY_PRUNE)->to, k->p[15]);
    assert_int_equal(last(k, GOSSIP_SAY_PRUNE)->named, 0); /* it is bad */
    here(k, 41, GOSSIP_V10, false);
    graft(k, 41);
    assert_int_equal(last(k, GOSSIP_SAY_PRUNE)->named, 0); /* it would not understand */
    graft(k, 14); /* one too many: at the heartbeat they shrink */
    beats(k, 1);
    assert_int_equal(last(k, GOSSIP_SAY_PRUNE)->named, GOSSIP_PX_MAX);
}

static void prune_naming(struct kit *k, unsigned i, unsigned names)
{
    struct buf part = {0}, peers = {0};
    for (unsigned n = 0; n < names; n++)
        gossip_put_px(&peers, text("somebody"), text(""));
    gossip_put_prune(&part, text(NEWS), 60, &peers);
    buf_done(&peers);
    control(k, i, &part);
}

static void those_are_met_whom_a_useful_peer_of_the_mesh_names(void **state)
{
    struct kit *k = *state;
    crowd(k, 6);
    beats(k, 1);
    gossip_peer_rate(k->p[1], GOSSIP_SCORE_PX - 1);
    gossip_peer_rate(k->p[2], GOSSIP_SCORE_PX);
    gossip_peer_rate(k->p[3], GOSSIP_SCORE_PX);
    prune_naming(k, 1, 3);
    assert_int_equal(told(k, GOSSIP_MEET, NULL), 0);
    prune_naming(k, 2, 3);
    assert_int_equal(told(k, GOSSIP_MEET, k->p[2]), 3);
    prune_naming(k, 2, 3); /* once for each time that it sends us away */
    assert_int_equal(told(k, GOSSIP_MEET, k->p[2]), 3);
    prune_naming(k, 3, GOSSIP_PX_MAX + 1);
    assert_int_equal(told(k, GOSSIP_MEET, k->p[3]), GOSSIP_PX_MAX);
}

static void nobody_is_met_while_the_mesh_is_full(void **state)
{
    struct kit *k = *state;
    crowd(k, 8);
    for (unsigned i = 1; i <= 8; i++)
        graft(k, i);
    gossip_peer_rate(k->p[1], GOSSIP_SCORE_PX);
    prune_naming(k, 1, 3);
    assert_int_equal(told(k, GOSSIP_MEET, NULL), 0);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(the_mesh_is_filled_at_the_heartbeat),
        CASE(twelve_are_kept_and_thirteen_are_too_many),
        CASE(some_of_the_mesh_were_dialled_by_us),
        CASE(the_best_stay_when_it_shrinks),
        CASE(who_is_below_zero_leaves_the_mesh_and_does_not_come_back),
        CASE(a_mesh_that_brings_little_takes_in_two_that_are_better),
        CASE(who_was_pruned_is_not_asked_before_its_time),
        CASE(a_prune_without_a_time_is_for_a_minute),
        CASE(a_backoff_of_all_eternity_is_an_hour),
        CASE(a_graft_during_the_backoff_is_refused_and_punished),
        CASE(a_flood_of_grafts_is_answered_so_many_times),
        CASE(a_graft_of_a_topic_that_is_not_ours_is_not_answered),
        CASE(the_backoff_outlives_the_connection),
        CASE(after_leaving_a_topic_nobody_is_grafted_for_ten_seconds),
        CASE(who_is_sent_away_for_want_of_room_is_told_of_others),
        CASE(those_are_met_whom_a_useful_peer_of_the_mesh_names),
        CASE(nobody_is_met_while_the_mesh_is_full),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
