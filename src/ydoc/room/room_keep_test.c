/* What is being written down, and what happens when it cannot be; at last everything at random. */
#include "ydoc/room/room_world_test.h"

static void what_could_not_be_kept_is_taken_back_and_asked_for_again(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, true, false);
    type_at(&g[0], 0, "kept");
    settle(&w, g, 2);
    w.shelf.fails = true;
    type_at(&g[0], 4, " lost");
    type_at(&g[0], 9, "!");
    settle(&w, g, 2);
    assert_true(reads(room_doc(w.room), "kept"));
    assert_true(reads(g[1].doc, "kept"));
    assert_int_equal(g[0].denials, 1);
    assert_int_equal(g[1].denials, 1);
    assert_string_equal(g[1].reason, "the change could not be kept: the disk is full");
    unsigned appends = w.shelf.appends;
    type_at(&g[0], 10, "?"); /* while nothing can be kept it is not tried at each key */
    settle(&w, g, 2);
    assert_int_equal(w.shelf.appends, appends);
    sim_run_for(w.sim, ROOM_AGAIN_US);
    settle(&w, g, 2);
    assert_int_equal(w.shelf.appends, appends + 1); /* once more, and again in vain */
    w.shelf.fails = false;
    sim_run_for(w.sim, ROOM_AGAIN_US);
    settle(&w, g, 2);
    assert_true(reads(g[1].doc, "kept lost!?"));
    assert_true(reads(room_doc(w.room), "kept lost!?"));
    part(&w, g, 2);
}

static void what_was_promised_when_a_write_failed_is_given_later(void **state)
{
    (void)state;
    struct world w;
    struct guest g[3];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, true, false);
    type_at(&g[0], 0, "a");
    settle(&w, g, 2);
    w.shelf.fails = true;
    type_at(&g[0], 1, "b");
    seat_pause(g[1].seat); /* its state vector then has "b" */
    sit(&w, &g[2], 12, true, false);
    ask(&g[2]); /* what it is answered has "b" */
    settle(&w, g, 3);
    w.shelf.fails = false;
    sim_run_for(w.sim, ROOM_AGAIN_US);
    settle(&w, g, 3);
    seat_resume(g[1].seat);
    settle(&w, g, 3);
    for (int i = 0; i < 3; i++) {
        assert_true(reads(g[i].doc, "ab"));
        leave(&g[i]);
    }
    close_world(&w);
}

struct told {
    int times;
    enum err code;
};

static void on_told(void *arg, const struct why *why)
{
    struct told *t = arg;
    t->times++;
    t->code = why ? why->code : OK;
}

static void our_own_edits_are_told_when_kept_or_taken_back(void **state)
{
    (void)state;
    struct world w;
    struct guest g;
    struct told told = {0};
    open_world(&w);
    sit(&w, &g, 10, true, false);
    room_begin(w.room);
    room_commit(w.room, "me", on_told, &told);
    assert_int_equal(told.times, 1); /* nothing changed */
    room_begin(w.room);
    assert_int_equal(ytext_insert(room_doc(w.room), "text", 0, "ours", 4, NULL, NULL), OK);
    room_commit(w.room, "me", on_told, &told);
    assert_int_equal(told.times, 1);
    settle(&w, &g, 1);
    assert_int_equal(told.times, 2);
    assert_int_equal(told.code, OK);
    assert_true(reads(g.doc, "ours"));
    const char *text = "all of ours, \xff";
    room_set_text(w.room, "text", cur_of(text, strlen(text) - 3), "me", on_told, &told);
    settle(&w, &g, 1);
    assert_int_equal(told.times, 3);
    assert_true(reads(g.doc, "all of ours"));
    room_set_text(w.room, "text", cur_of(text, strlen(text)), "me", on_told, &told);
    assert_int_equal(told.times, 4);
    assert_int_equal(told.code, ERR_INVALID);
    w.shelf.fails = true;
    room_begin(w.room);
    assert_int_equal(ytext_insert(room_doc(w.room), "text", 0, "no ", 3, NULL, NULL), OK);
    room_commit(w.room, "me", on_told, &told);
    settle(&w, &g, 1);
    assert_int_equal(told.times, 5);
    assert_int_equal(told.code, ERR_FULL);
    assert_true(reads(room_doc(w.room), "all of ours"));
    part(&w, &g, 1);
}

enum { GUESTS = 6 };

static uint64_t draw(struct world *w, uint64_t below)
{
    return loop_random_u64(w->loop) % below;
}

/* Whether something was typed. */
static bool step(struct world *w, struct guest *g)
{
    bool typed = false;
    char text[2] = {(char)('a' + draw(w, 26))};
    switch (draw(w, 12)) {
    case 0:
        seat_pause(g->seat);
        break;
    case 1:
    case 2:
        seat_resume(g->seat);
        break;
    case 3:
        stand_up(g); /* cut off, and back */
        sit_down(w, g, draw(w, 2), true);
        ask(g);
        break;
    case 4:
        w->shelf.fails = draw(w, 3) == 0;
        break;
    case 5:
        sim_run_for(w->sim, draw(w, 2 * ROOM_AGAIN_US));
        break;
    case 6:
        w->shelf.is_long = true;
        break;
    default:
        type_at(g, draw(w, ydoc_length(g->doc, "text") + 1), text);
        typed = true;
    }
    if (draw(w, 2))
        pump(g);
    sim_run_for(w->sim, draw(w, SHELF_GATHER_US));
    return typed;
}

static void whatever_happens_nothing_is_lost_and_all_end_with_what_is_on_disk(void **state)
{
    (void)state;
    struct world w;
    struct guest g[GUESTS];
    uint64_t typed = 0;
    open_world(&w);
    for (size_t i = 0; i < GUESTS; i++) {
        sit(&w, &g[i], 100 + i, true, false);
        ask(&g[i]);
    }
    for (int n = 0; n < 5000; n++)
        typed += step(&w, &g[draw(&w, GUESTS)]);
    w.shelf.fails = false;
    for (size_t i = 0; i < GUESTS; i++)
        seat_resume(g[i].seat);
    settle(&w, g, GUESTS);
    sim_run_for(w.sim, ROOM_AGAIN_US);
    settle(&w, g, GUESTS);
    struct ydoc *disk = ydoc_new(1, true, 1);
    assert_int_equal(shelf_load(&w.shelf, &known, disk, NULL), OK);
    assert_true(same_bytes(disk, room_doc(w.room)));
    assert_int_equal(ydoc_length(disk, "text"), typed);
    for (size_t i = 0; i < GUESTS; i++) {
        assert_true(same_bytes(disk, g[i].doc));
        leave(&g[i]);
    }
    ydoc_free(disk);
    close_world(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_could_not_be_kept_is_taken_back_and_asked_for_again),
        cmocka_unit_test(what_was_promised_when_a_write_failed_is_given_later),
        cmocka_unit_test(our_own_edits_are_told_when_kept_or_taken_back),
        cmocka_unit_test(whatever_happens_nothing_is_lost_and_all_end_with_what_is_on_disk),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
