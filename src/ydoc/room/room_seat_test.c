/* What seats say, and what they hear of each other. */
#include "ydoc/room/room_world_test.h"

static void what_one_writes_is_told_to_the_others_when_it_is_kept(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, false, true);
    settle(&w, g, 2);
    type_at(&g[0], 0, "hello");
    sim_run_for(w.sim, SHELF_GATHER_US - 1);
    pump(&g[1]);
    assert_true(reads(g[1].doc, ""));
    sim_run_for(w.sim, 1);
    pump(&g[1]);
    assert_true(reads(g[1].doc, "hello"));
    pump(&g[0]);
    assert_int_equal(g[0].updates, 0); /* the writer knows */
    part(&w, g, 2);
}

static void what_a_peer_tells_is_on_disk_there_and_told_at_once(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, false, true);
    settle(&w, g, 2);
    type_at(&g[1], 0, "hello");
    pump(&g[0]);
    assert_true(reads(g[0].doc, "hello"));
    w.shelf.fails = true; /* ours does not follow */
    sim_run_for(w.sim, SHELF_GATHER_US);
    assert_true(reads(room_doc(w.room), ""));
    w.shelf.fails = false;
    sim_run_for(w.sim, ROOM_AGAIN_US);
    settle(&w, g, 2);
    assert_true(reads(room_doc(w.room), "hello"));
    assert_int_equal(g[0].updates, 1); /* and once is enough */
    part(&w, g, 2);
}

static void an_answer_waits_for_what_it_holds_to_be_kept(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, true, false);
    ask(&g[1]);
    pump(&g[1]);
    assert_int_equal(g[1].answers, 1); /* though there was nothing */
    type_at(&g[0], 0, "a");
    ask(&g[1]);
    pump(&g[1]);
    assert_int_equal(g[1].answers, 1);
    sim_run_for(w.sim, SHELF_GATHER_US);
    pump(&g[1]);
    assert_int_equal(g[1].answers, 2);
    assert_true(reads(g[1].doc, "a"));
    part(&w, g, 2);
}

static void what_is_known_is_neither_kept_nor_told_again(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    struct buf all = {0}, message = {0};
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, true, false);
    type_at(&g[0], 0, "abc");
    settle(&w, g, 2);
    unsigned appends = w.shelf.appends, updates = g[0].updates;
    ydoc_encode(g[0].doc, UPDATE_V1, NULL, &all);
    sync_update(buf_cur(&all), &message);
    assert_int_equal(seat_take(g[1].seat, buf_cur(&message), NULL), OK);
    settle(&w, g, 2);
    assert_int_equal(w.shelf.appends, appends);
    assert_int_equal(g[0].updates, updates);
    buf_done(&all);
    buf_done(&message);
    part(&w, g, 2);
}

static void an_update_that_waits_is_passed_on_once(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    struct buf first = {0}, second = {0};
    struct ydoc *d = ydoc_new(77, true, 1);
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, true, false);
    settle(&w, g, 2);
    ydoc_begin(d);
    assert_int_equal(ytext_insert(d, "text", 0, "a", 1, NULL, NULL), OK);
    ydoc_commit(d, UPDATE_V1, &first);
    ydoc_begin(d);
    assert_int_equal(ytext_insert(d, "text", 1, "b", 1, NULL, NULL), OK);
    ydoc_commit(d, UPDATE_V1, &second);
    for (int i = 0; i < 3; i++)
        assert_int_equal(seat_take_update(g[0].seat, buf_cur(&second), "x", NULL), OK);
    settle(&w, g, 2);
    assert_int_equal(w.shelf.appends, 1);
    assert_int_equal(g[1].updates, 1);
    assert_int_equal(seat_take_update(g[0].seat, buf_cur(&first), "x", NULL), OK);
    settle(&w, g, 2);
    assert_true(reads(g[1].doc, "ab"));
    ydoc_free(d);
    buf_done(&first);
    buf_done(&second);
    part(&w, g, 2);
}

static void a_reader_is_told_that_he_may_not_write(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, false, false);
    settle(&w, g, 2);
    assert_int_equal(g[1].denials, 1); /* when he came; his empty answer was no attempt */
    assert_int_equal(g[0].denials, 0);
    type_at(&g[1], 0, "graffiti");
    settle(&w, g, 2);
    assert_int_equal(g[1].denials, 2);
    assert_int_equal(w.shelf.appends, 0);
    assert_true(reads(g[0].doc, ""));
    seat_set_writes(g[1].seat, true); /* and what he wrote is asked for */
    settle(&w, g, 2);
    assert_true(reads(g[0].doc, "graffiti"));
    room_set_writable(w.room, false);
    settle(&w, g, 2);
    assert_int_equal(g[0].denials, 1);
    type_at(&g[0], 0, "x");
    settle(&w, g, 2);
    assert_int_equal(g[0].denials, 2);
    assert_true(reads(room_doc(w.room), "graffiti"));
    part(&w, g, 2);
}

static void nonsense_is_refused_and_changes_nothing(void **state)
{
    (void)state;
    struct world w;
    struct guest g;
    struct buf big = {0};
    open_world(&w);
    sit(&w, &g, 10, true, false);
    assert_int_equal(seat_take(g.seat, cur_of("\x00\x02\x02\x01\x01", 5), NULL), ERR_INVALID);
    assert_int_equal(seat_take(g.seat, cur_of("", 0), NULL), ERR_INVALID);
    memset(buf_room(&big, ROOM_MESSAGE_MAX + 1), 0, ROOM_MESSAGE_MAX + 1);
    buf_grew(&big, ROOM_MESSAGE_MAX + 1);
    assert_int_equal(seat_take(g.seat, buf_cur(&big), NULL), ERR_LIMIT);
    assert_int_equal(w.shelf.appends, 0);
    buf_done(&big);
    part(&w, &g, 1);
}

static void who_paused_gets_all_at_once(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, true, false);
    settle(&w, g, 2);
    type_at(&g[0], 0, "a");
    seat_pause(g[1].seat); /* "a" is on its way to the disk */
    show(&g[0], 10, 1, "{\"n\":1}");
    for (int i = 0; i < 20; i++) {
        type_at(&g[0], 0, "b");
        settle(&w, g, 2);
    }
    type_at(&g[1], 0, "c"); /* it may write all the while */
    settle(&w, g, 2);
    assert_true(reads(g[0].doc, "cbbbbbbbbbbbbbbbbbbbba") ||
                reads(g[0].doc, "bbbbbbbbbbbbbbbbbbbbac"));
    assert_int_equal(g[1].updates + g[1].presences, 0);
    ask(&g[1]);
    type_at(&g[0], 0, "d");
    seat_resume(g[1].seat); /* "d" is on its way to the disk */
    pump(&g[1]);
    assert_int_equal(g[1].updates, 1); /* of "a" */
    settle(&w, g, 2);
    assert_in_range(g[1].updates, 2, 3);
    assert_int_equal(g[1].answers, 1); /* what was asked in between is answered */
    assert_true(same_bytes(g[0].doc, g[1].doc));
    assert_true(sees(&g[1], 10, "{\"n\":1}"));
    part(&w, g, 2);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_one_writes_is_told_to_the_others_when_it_is_kept),
        cmocka_unit_test(what_a_peer_tells_is_on_disk_there_and_told_at_once),
        cmocka_unit_test(an_answer_waits_for_what_it_holds_to_be_kept),
        cmocka_unit_test(what_is_known_is_neither_kept_nor_told_again),
        cmocka_unit_test(an_update_that_waits_is_passed_on_once),
        cmocka_unit_test(a_reader_is_told_that_he_may_not_write),
        cmocka_unit_test(nonsense_is_refused_and_changes_nothing),
        cmocka_unit_test(who_paused_gets_all_at_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
