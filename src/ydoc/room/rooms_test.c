/* Rooms open, linger, close, and are watched. */
#include "ydoc/room/room_world_test.h"

static void a_room_lingers_and_closes(void **state)
{
    (void)state;
    struct world w;
    struct guest g;
    open_world(&w);
    sit(&w, &g, 10, true, false);
    type_at(&g, 0, "stays");
    leave(&g);
    struct room *before = w.room;
    room_done(w.room);
    sim_run_for(w.sim, ROOM_LINGER_US - 1);
    w.room = rooms_open(w.rooms, &known, NULL);
    assert_ptr_equal(w.room, before);
    room_done(w.room);
    sim_run_for(w.sim, ROOM_LINGER_US);
    assert_int_equal(map_count(w.rooms->open), 0);
    w.room = rooms_open(w.rooms, &known, NULL);
    assert_true(reads(room_doc(w.room), "stays"));
    struct doc_id unknown = {{2}};
    struct why why;
    assert_null(rooms_open(w.rooms, &unknown, &why));
    assert_int_equal(why.code, ERR_NOT_FOUND);
    close_world(&w);
}

static void what_left_the_shelf_is_read_anew_when_it_is_back(void **state)
{
    (void)state;
    struct world w;
    open_world(&w);
    for (int held = 0; held < 2; held++) {
        room_set_text(w.room, "text", cur_of("was", 3), "me", NULL, NULL);
        sim_run_for(w.sim, SEC);
        struct room *before = w.room;
        if (!held)
            room_done(w.room);
        buf_clear(&w.shelf.kept);
        rooms_forget(w.rooms, &known);
        w.room = rooms_open(w.rooms, &known, NULL);
        assert_true(reads(room_doc(w.room), ""));
        if (held) {
            assert_true(reads(room_doc(before), "was"));
            assert_false(room_writable(before));
            room_done(before);
            sim_run_for(w.sim, 1);
        }
        assert_int_equal(map_count(w.rooms->open), 1);
    }
    close_world(&w);
}

static void leave_it(void *arg, const struct why *why)
{
    struct guest *g = arg;
    assert_int_equal(why->code, ERR_NOT_FOUND);
    struct room *room = g->seat->room;
    leave(g);
    room_done(room);
}

static void who_sits_at_what_left_the_shelf_is_told_at_once(void **state)
{
    (void)state;
    struct world w;
    struct guest told[2], other;
    open_world(&w);
    for (int i = 0; i < 2; i++) {
        sit(&w, &told[i], 10 + (uint64_t)i, true, false);
        told[i].seat->cfg.gone = leave_it;
        if (i > 0)
            (void)rooms_open(w.rooms, &known, NULL);
    }
    sit(&w, &other, 12, true, false);
    struct room *room = rooms_open(w.rooms, &known, NULL);
    assert_ptr_equal(room, w.room);
    rooms_forget(w.rooms, &known);
    assert_int_equal(room->seat_count, 1); /* and who cannot be told so may not write */
    assert_false(room_writable(room));
    leave(&other);
    room_done(room);
    sim_run_for(w.sim, 1);
    assert_int_equal(map_count(w.rooms->open), 0);
    w.room = rooms_open(w.rooms, &known, NULL);
    close_world(&w);
}

static void so_many_rooms_and_seats_and_no_more(void **state)
{
    (void)state;
    struct world w;
    struct room *rooms[ROOMS_MAX];
    struct why why;
    open_world(&w);
    rooms[0] = w.room;
    for (int i = 1; i < ROOMS_MAX; i++) {
        struct doc_id id = {{1, (uint8_t)i}};
        rooms[i] = rooms_open(w.rooms, &id, &why);
        assert_non_null(rooms[i]);
    }
    struct doc_id more = {{1, 0, 1}};
    assert_null(rooms_open(w.rooms, &more, &why));
    assert_int_equal(why.code, ERR_LIMIT);
    room_done(rooms[7]); /* it lingers, but gives way */
    rooms[7] = rooms_open(w.rooms, &more, &why);
    assert_non_null(rooms[7]);
    struct seat *seats[SEATS_MAX];
    struct guest g = {0};
    list_init(&g.inbox);
    struct seat_cfg cfg = {.send = to_guest, .arg = &g, .local = true};
    for (int i = 0; i < SEATS_MAX; i++) {
        seats[i] = room_sit(w.room, &cfg, &why);
        assert_non_null(seats[i]);
    }
    assert_null(room_sit(w.room, &cfg, &why));
    assert_int_equal(why.code, ERR_LIMIT);
    for (int i = 0; i < SEATS_MAX; i++)
        seat_leave(seats[i]);
    for (int i = 1; i < ROOMS_MAX; i++)
        room_done(rooms[i]);
    close_world(&w);
}

static void on_watch(void *arg, struct room *room, enum room_event ev)
{
    (void)room;
    ((int *)arg)[ev]++;
}

static void who_watches_hears_of_changes_that_are_kept(void **state)
{
    (void)state;
    struct world w;
    struct guest g;
    int one[2] = {0}, all[2] = {0};
    struct room_watch a = {.cb = on_watch, .arg = one}, b = {.cb = on_watch, .arg = all};
    open_world(&w);
    room_watch(w.room, &a);
    rooms_watch(w.rooms, &b);
    sit(&w, &g, 10, true, false);
    type_at(&g, 0, "x");
    show(&g, 10, 1, "{}");
    assert_int_equal(one[ROOM_CHANGED], 0);
    w.shelf.is_long = true;
    settle(&w, &g, 1);
    assert_int_equal(one[ROOM_CHANGED], 1);
    assert_int_equal(all[ROOM_CHANGED], 1);
    assert_int_equal(one[ROOM_PRESENCE], 1);
    assert_int_equal(w.shelf.folds, 1);
    room_unwatch(&a);
    room_unwatch(&b);
    part(&w, &g, 1);
}

static void on_open(void *arg, struct room *room)
{
    room_set_writable(room, false);
    ++*(int *)arg;
}

static void who_watches_is_told_of_a_room_before_anybody_sits_there(void **state)
{
    (void)state;
    struct world w;
    int opened = 0;
    struct room_watch watch = {.cb = on_watch, .opened = on_open, .arg = &opened};
    static const struct doc_id other = {{1, 2}};
    open_world(&w);
    rooms_watch(w.rooms, &watch);
    struct room *again = rooms_open(w.rooms, &known, NULL);
    assert_int_equal(opened, 0);
    struct room *room = rooms_open(w.rooms, &other, NULL);
    assert_non_null(room);
    assert_int_equal(opened, 1);
    assert_false(room_writable(room));
    room_done(room);
    room_done(again);
    room_unwatch(&watch);
    close_world(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_room_lingers_and_closes),
        cmocka_unit_test(what_left_the_shelf_is_read_anew_when_it_is_back),
        cmocka_unit_test(who_sits_at_what_left_the_shelf_is_told_at_once),
        cmocka_unit_test(so_many_rooms_and_seats_and_no_more),
        cmocka_unit_test(who_watches_hears_of_changes_that_are_kept),
        cmocka_unit_test(who_watches_is_told_of_a_room_before_anybody_sits_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
