/* Who is there: told at a pace, gone with a seat; and what a seat for our owner's own alone hears.
 */
#include "ydoc/room/room_world_test.h"

static void presence_is_echoed_and_greets_who_comes_and_goes_with_its_seat(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    show(&g[0], 10, 1, "{\"n\":1}");
    pump(&g[0]);
    assert_int_equal(g[0].presences, 1); /* an idle provider reconnects where it hears nothing */
    sit(&w, &g[1], 11, false, false);
    pump(&g[1]);
    assert_true(sees(&g[1], 10, "{\"n\":1}"));
    show(&g[1], 11, 1, "{\"n\":2}"); /* who may not write is seen, too */
    settle(&w, g, 2);
    assert_true(sees(&g[0], 11, "{\"n\":2}"));
    leave(&g[0]);
    pump(&g[1]);
    assert_true(sees(&g[1], 10, ""));
    assert_true(sees(&g[1], 11, "{\"n\":2}"));
    leave(&g[1]);
    close_world(&w);
}

static void presence_that_is_not_renewed_expires(void **state)
{
    (void)state;
    struct world w;
    struct guest g;
    open_world(&w);
    sit(&w, &g, 10, true, false);
    show(&g, 10, 1, "{}");
    show(&g, 20, 1, "{}");
    sim_run_for(w.sim, AWARENESS_LIFE_US - ROOM_EXPIRE_US);
    show(&g, 10, 2, "{}");
    sim_run_for(w.sim, 2 * ROOM_EXPIRE_US);
    pump(&g);
    assert_true(sees(&g, 10, "{}"));
    assert_true(sees(&g, 20, ""));
    part(&w, &g, 1);
}

static void a_cursor_is_told_at_a_pace_and_ends_where_it_is(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2];
    char json[40];
    open_world(&w);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, true, false);
    for (uint64_t i = 1; i <= 200; i++) {
        snprintf(json, sizeof json, "{\"at\":%u}", (unsigned)i);
        show(&g[0], 10, i, json);
        if (i == 1) {
            pump(&g[1]);
            assert_true(sees(&g[1], 10, json)); /* at once */
        }
        sim_run_for(w.sim, 5 * MSEC);
    }
    sim_run_for(w.sim, ROOM_PRESENCE_US);
    pump(&g[1]);
    assert_in_range(g[1].presences, 18, 22);
    assert_true(sees(&g[1], 10, json));
    part(&w, g, 2);
}

static void a_seat_may_hear_of_our_owner_alone(void **state)
{
    (void)state;
    struct world w;
    struct guest g[2], topic = {.doc = ydoc_new(12, true, 1), .here = awareness_new(1)};
    open_world(&w);
    list_init(&topic.inbox);
    struct seat_cfg cfg = {.send = to_guest, .arg = &topic, .own_only = true};
    topic.seat = room_sit(w.room, &cfg, NULL);
    sit(&w, &g[0], 10, true, false);
    sit(&w, &g[1], 11, false, true);
    settle(&w, g, 2);
    type_at(&g[1], 0, "foreign");
    show(&g[1], 11, 1, "{}");
    settle(&w, g, 2);
    pump(&topic);
    assert_int_equal(topic.updates, 0);
    assert_int_equal(topic.presences, 0);
    type_at(&g[0], 0, "our own");
    show(&g[0], 10, 1, "{}");
    settle(&w, g, 2);
    pump(&topic);
    assert_int_equal(topic.updates, 1);
    assert_int_equal(topic.presences, 1);
    leave(&g[0]); /* which is told, too */
    settle(&w, g + 1, 1);
    pump(&topic);
    assert_int_equal(topic.presences, 2);
    leave(&g[1]);
    leave(&topic);
    close_world(&w);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(presence_is_echoed_and_greets_who_comes_and_goes_with_its_seat),
        cmocka_unit_test(presence_that_is_not_renewed_expires),
        cmocka_unit_test(a_cursor_is_told_at_a_pace_and_ends_where_it_is),
        cmocka_unit_test(a_seat_may_hear_of_our_owner_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
