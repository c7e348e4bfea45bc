#include "core/bus.h"

#include "base/mem.h"
#include "base/test.h"

#include <stdio.h>

/* Writes down what it hears, as "1:file.a#x 2:...", and may act while it listens. */
struct ear {
    struct bus *bus;
    struct bus_sub *sub, *other;
    char heard[256];
    unsigned posts_left, count;
    bool leaves;
    struct ear *joins; /* subscribed from inside, once */
};

static void on_event(void *arg, const struct bus_event *ev)
{
    struct ear *e = arg;
    size_t n = strlen(e->heard);
    snprintf(e->heard + n, sizeof e->heard - n, "%d:%s#%s ", (int)ev->seq, ev->type, ev->id);
    e->count++;
    if (e->posts_left > 0) {
        e->posts_left--;
        bus_post(e->bus, BUS_ONCE, "file.more", "m", NULL);
    }
    if (e->joins) {
        bus_subscribe(e->bus, "", on_event, e->joins);
        e->joins = NULL;
    }
    if (e->leaves) {
        bus_unsubscribe(e->other);
        bus_unsubscribe(e->sub);
        e->sub = e->other = NULL;
    }
}

static void post(struct bus *b, const char *type)
{
    bus_post(b, BUS_ONCE, type, "x", json_pack("{s:s}", "type", type));
}

static void listeners_hear_what_begins_with_their_prefix(void **state)
{
    (void)state;
    struct bus *b = bus_new();
    struct ear all = {.bus = b}, files = {.bus = b};
    post(b, "file.early");
    all.sub = bus_subscribe(b, "", on_event, &all);
    files.sub = bus_subscribe(b, "file.", on_event, &files);
    post(b, "file.a");
    post(b, "job.b");
    assert_string_equal(all.heard, "2:file.a#x 3:job.b#x ");
    assert_string_equal(files.heard, "2:file.a#x ");
    bus_unsubscribe(files.sub);
    bus_unsubscribe(NULL);
    post(b, "file.c");
    assert_int_equal(files.count, 1);
    assert_int_equal(all.count, 3);
    bus_free(b); /* with a listener left */
}

static void events_posted_from_inside_keep_their_order_for_all(void **state)
{
    (void)state;
    struct bus *b = bus_new();
    struct ear first = {.bus = b, .posts_left = 2}, second = {.bus = b};
    bus_subscribe(b, "", on_event, &first);
    bus_subscribe(b, "", on_event, &second);
    post(b, "file.a");
    assert_string_equal(first.heard, "1:file.a#x 2:file.more#m 3:file.more#m ");
    assert_string_equal(second.heard, first.heard);
    post(b, "file.b");
    assert_int_equal(second.count, 4);
    bus_free(b);
}

static void a_listener_may_drop_itself_and_others_on_the_way(void **state)
{
    (void)state;
    struct bus *b = bus_new();
    struct ear first = {.bus = b, .leaves = true}, second = {.bus = b}, third = {.bus = b};
    first.sub = bus_subscribe(b, "", on_event, &first);
    first.other = bus_subscribe(b, "", on_event, &second);
    bus_subscribe(b, "", on_event, &third);
    post(b, "file.a");
    post(b, "file.b");
    assert_int_equal(first.count, 1);
    assert_int_equal(second.count, 0);
    assert_int_equal(third.count, 2);
    bus_free(b);
}

/* Not what was posted before it came and is still on its way: bus_replay gives that. */
static void a_listener_that_joins_on_the_way_hears_what_comes_after(void **state)
{
    (void)state;
    struct bus *b = bus_new();
    struct ear late = {.bus = b}, first = {.bus = b, .posts_left = 1, .joins = &late};
    bus_subscribe(b, "", on_event, &first);
    post(b, "file.a");
    assert_int_equal(first.count, 2);
    assert_int_equal(late.count, 0);
    post(b, "file.b");
    assert_string_equal(late.heard, "3:file.b#x ");
    bus_free(b);
}

static void late_listeners_resume_where_they_stopped(void **state)
{
    (void)state;
    struct bus *b = bus_new();
    struct ear e = {.bus = b};
    assert_true(bus_replay(b, 0, on_event, &e)); /* nothing happened, nothing is lost */
    for (int i = 0; i < 3; i++)
        post(b, "file.a");
    assert_int_equal(bus_last(b), 3);
    assert_true(bus_replay(b, 1, on_event, &e));
    assert_string_equal(e.heard, "2:file.a#x 3:file.a#x ");
    assert_true(bus_replay(b, 3, on_event, &e));
    assert_int_equal(e.count, 2);
    assert_false(bus_replay(b, 4, on_event, &e)); /* a number of another run */
    bus_free(b);
}

static void only_the_newest_are_kept(void **state)
{
    (void)state;
    struct bus *b = bus_new();
    for (int i = 0; i < BUS_KEEP + 1; i++)
        post(b, "file.a");
    struct ear e = {.bus = b};
    assert_false(bus_replay(b, 0, on_event, &e));
    assert_int_equal(e.count, BUS_KEEP);
    assert_true(bus_replay(b, 1, on_event, &e));
    bus_free(b);
}

/* More than are kept, posted by one callback: all are heard. */
static void a_burst_from_inside_loses_nothing(void **state)
{
    (void)state;
    struct bus *b = bus_new();
    struct ear e = {.bus = b, .posts_left = 3 * BUS_KEEP};
    bus_subscribe(b, "", on_event, &e);
    post(b, "file.a");
    assert_int_equal(e.count, 3 * BUS_KEEP + 1);
    struct ear late = {.bus = b};
    assert_false(bus_replay(b, 0, on_event, &late));
    assert_int_equal(late.count, BUS_KEEP);
    bus_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(listeners_hear_what_begins_with_their_prefix),
        cmocka_unit_test(events_posted_from_inside_keep_their_order_for_all),
        cmocka_unit_test(a_listener_may_drop_itself_and_others_on_the_way),
        cmocka_unit_test(a_listener_that_joins_on_the_way_hears_what_comes_after),
        cmocka_unit_test(late_listeners_resume_where_they_stopped),
        cmocka_unit_test(only_the_newest_are_kept),
        cmocka_unit_test(a_burst_from_inside_loses_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
