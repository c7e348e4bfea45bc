#include "api/events.h"

#include "api/fake_test.h"

struct world {
    struct loop loop;
    struct bus *bus;
    struct events *events;
    struct httpd_call call;
    int peers; /* of the status; 0: there is none */
};

static json_t *snapshot(void *arg)
{
    const struct world *w = arg;
    if (w->peers == 0)
        return json_pack("{s:s}", "now", "everything");
    return json_pack("{s:{s:i, s:i, s:{s:i}}}", "status", "uptime_s", (int)(w->loop.now_us / SEC),
                     "port", 7, "host", "peers", w->peers);
}

static int setup(void **state)
{
    struct world *w = MEM_NEW(struct world);
    fake_init(&w->loop);
    w->bus = bus_new();
    w->events = events_new(&w->loop, w->bus, snapshot, w);
    w->call = (struct httpd_call){.method = "GET", .path = "/api/v1/events"};
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    events_free(w->events);
    bus_free(w->bus);
    buf_done(&w->call.out);
    assert_true(list_empty(&w->loop.timers));
    free(w);
    return 0;
}

static void post(struct world *w, enum bus_kind kind, const char *type, const char *id, int value)
{
    bus_post(w->bus, kind, type, id, json_pack("{s:i}", "v", value));
}

/* What comes within `us`; free(). */
static char *after(struct world *w, uint64_t us)
{
    fake_run_for(&w->loop, us);
    return fake_take(&w->call);
}

static void begin(struct world *w)
{
    events_serve(w->events, &w->call);
    free(fake_take(&w->call));
}

static void a_listener_gets_a_snapshot_and_then_what_happens(void **state)
{
    struct world *w = *state;
    post(w, BUS_ONCE, "file.added", "a", 1);
    events_serve(w->events, &w->call);
    assert_int_equal(w->call.status, 200);
    char *text = fake_take(&w->call);
    assert_string_equal(text,
                        "event: snapshot\nid: 1-5a5a5a5a\ndata: {\"now\":\"everything\"}\n\n");
    free(text);
    post(w, BUS_ONCE, "file.done", "a", 2);
    text = fake_take(&w->call); /* at once */
    assert_string_equal(text, "event: file.done\nid: 2-5a5a5a5a\n"
                              "data: {\"type\":\"file.done\",\"id\":\"a\",\"data\":{\"v\":2}}\n\n");
    free(text);
}

static void a_state_is_told_four_times_a_second_and_the_last_one_wins(void **state)
{
    struct world *w = *state;
    begin(w);
    unsigned told = 0;
    for (int ms = 0; ms <= 1990; ms += 10) { /* 200 changes, told at 0, 250, ..., 1750 ms */
        post(w, BUS_STATE, "file.progress", "a", ms);
        char *text = after(w, ms < 1990 ? 10 * MSEC : 0);
        told += fake_count(text, "event: ");
        free(text);
    }
    assert_int_equal(told, 8);
    char *text = after(w, SEC);
    assert_int_equal(fake_count(text, "event: "), 1);
    assert_non_null(strstr(text, "\"v\":1990"));
    free(text);
}

static void things_do_not_wait_for_each_other_and_keep_their_order(void **state)
{
    struct world *w = *state;
    begin(w);
    for (int i = 0; i < 10; i++) {
        post(w, BUS_STATE, "file.progress", "a", i);
        post(w, BUS_STATE, "file.progress", "b", i);
        post(w, BUS_STATE, "peer.progress", "a", i);
    }
    char *text = after(w, 0);
    assert_int_equal(fake_count(text, "event: "), 3);
    assert_int_equal(fake_count(text, "\"v\":9"), 3);
    assert_true(strstr(text, "id: 28-") < strstr(text, "id: 29-"));
    assert_true(strstr(text, "id: 29-") < strstr(text, "id: 30-"));
    free(text);
}

static void an_id_never_passes_a_state_that_was_not_told_yet(void **state)
{
    struct world *w = *state;
    begin(w);
    post(w, BUS_STATE, "file.progress", "a", 1);
    free(after(w, 0));
    post(w, BUS_STATE, "file.progress", "a", 2); /* 2: waits */
    post(w, BUS_ONCE, "file.done", "a", 3);      /* 3: at once */
    char *text = fake_take(&w->call);
    assert_non_null(strstr(text, "event: file.done\nid: 1-"));
    free(text);
    text = after(w, SEC);
    assert_non_null(strstr(text, "event: file.progress\nid: 3-"));
    free(text);
}

static void a_prefix_chooses_and_what_it_leaves_out_still_counts(void **state)
{
    struct world *w = *state;
    w->call.query = (const char *[]){"type", "file.", NULL};
    begin(w);
    post(w, BUS_ONCE, "peer.seen", "p", 1);
    post(w, BUS_ONCE, "file.done", "a", 2);
    char *text = fake_take(&w->call);
    assert_null(strstr(text, "peer.seen"));
    assert_non_null(strstr(text, "id: 2-"));
    free(text);
}

static void a_status_is_told_by_its_members_that_are_others(void **state)
{
    struct world *w = *state;
    w->peers = 1;
    begin(w);
    char *text = after(w, 3 * SEC);
    assert_string_equal(text, ""); /* only the uptime is another */
    free(text);
    w->peers = 2;
    text = after(w, 2 * SEC);
    assert_string_equal(text, "event: node.status\nid: 0-5a5a5a5a\ndata: {\"type\":\"node.status\","
                              "\"id\":\"node\",\"data\":{\"host\":{\"peers\":2}}}\n\n");
    free(text);
    text = after(w, 2 * SEC);
    assert_string_equal(text, "");
    free(text);
}

static void who_wants_files_is_not_told_the_status(void **state)
{
    struct world *w = *state;
    w->peers = 1;
    w->call.query = (const char *[]){"type", "file.", NULL};
    begin(w);
    w->peers = 2;
    char *text = after(w, 2 * SEC);
    assert_string_equal(text, "");
    free(text);
}

static char *resume(struct world *w, const char *id)
{
    w->call.headers = (const char *[]){"Last-Event-ID", id, NULL};
    events_serve(w->events, &w->call);
    return after(w, 0);
}

static void a_client_that_was_cut_off_gets_what_it_missed(void **state)
{
    struct world *w = *state;
    for (int i = 1; i <= 5; i++)
        post(w, BUS_ONCE, "file.note", "a", i);
    char *text = resume(w, "3-5a5a5a5a");
    assert_null(strstr(text, "snapshot"));
    assert_null(strstr(text, "\"v\":3"));
    assert_non_null(strstr(text, "\"v\":4"));
    assert_non_null(strstr(text, "\"v\":5"));
    free(text);
}

static void who_resumes_is_told_the_whole_status(void **state)
{
    struct world *w = *state;
    post(w, BUS_ONCE, "file.note", "a", 1);
    w->peers = 3;
    char *text = resume(w, "1-5a5a5a5a");
    assert_null(strstr(text, "snapshot"));
    assert_non_null(strstr(text, "\"data\":{\"port\":7,\"host\":{\"peers\":3}}"));
    free(text);
}

static void an_id_that_means_nothing_here_gets_a_snapshot(void **state)
{
    struct world *w = *state;
    for (int i = 1; i <= BUS_KEEP + 10; i++)
        post(w, BUS_ONCE, "file.note", "a", i);
    /* too old, not yet, of another run, nonsense */
    const char *const ids[] = {"3-5a5a5a5a", "9999-5a5a5a5a", "1030-11111111", "x", "", "-1"};
    for (size_t i = 0; i < sizeof ids / sizeof *ids; i++) {
        char *text = resume(w, ids[i]);
        assert_non_null(strstr(text, "event: snapshot\nid: 1034-"));
        assert_int_equal(fake_count(text, "event: "), 1);
        free(text);
        w->call.gone(w->call.gone_arg);
    }
}

static void silence_is_broken_by_a_heartbeat(void **state)
{
    struct world *w = *state;
    begin(w);
    char *text = after(w, 61 * SEC);
    assert_int_equal(fake_count(text, ": still here\n\n"), 4);
    free(text);
}

static void a_client_that_does_not_read_is_let_go(void **state)
{
    struct world *w = *state;
    begin(w);
    w->call.room = 200;
    for (int i = 0; i < 100; i++)
        post(w, BUS_ONCE, "file.note", "a", i);
    assert_true(w->call.over);
    fake_run_for(&w->loop, SEC);
    assert_true(list_empty(&w->loop.timers)); /* nothing of it is left */
}

static void a_client_that_leaves_is_forgotten(void **state)
{
    struct world *w = *state;
    begin(w);
    post(w, BUS_STATE, "file.progress", "a", 1);
    w->call.gone(w->call.gone_arg);
    post(w, BUS_STATE, "file.progress", "a", 2);
    char *text = after(w, SEC);
    assert_string_equal(text, "");
    free(text);
}

static void only_so_many_may_listen(void **state)
{
    struct world *w = *state;
    struct httpd_call calls[EVENTS_LISTENERS_MAX + 1];
    for (size_t i = 0; i <= EVENTS_LISTENERS_MAX; i++) {
        calls[i] = (struct httpd_call){.method = "GET", .path = "/api/v1/events"};
        events_serve(w->events, &calls[i]);
        assert_int_equal(calls[i].status, i < EVENTS_LISTENERS_MAX ? 200 : 503);
    }
    for (size_t i = 0; i <= EVENTS_LISTENERS_MAX; i++) {
        if (calls[i].gone)
            calls[i].gone(calls[i].gone_arg);
        buf_done(&calls[i].out);
    }
}

static void more_things_than_the_limit_are_told_early(void **state)
{
    struct world *w = *state;
    begin(w);
    post(w, BUS_STATE, "x", "first", 0);
    free(after(w, 0));
    for (int i = 0; i <= EVENTS_PENDING_MAX; i++) {
        char id[16];
        snprintf(id, sizeof id, "%d", i);
        post(w, BUS_STATE, "x", id, i);
    }
    char *text = fake_take(&w->call);
    assert_int_equal(fake_count(text, "event: "), EVENTS_PENDING_MAX + 1);
    free(text);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_listener_gets_a_snapshot_and_then_what_happens),
        TEST(a_state_is_told_four_times_a_second_and_the_last_one_wins),
        TEST(things_do_not_wait_for_each_other_and_keep_their_order),
        TEST(an_id_never_passes_a_state_that_was_not_told_yet),
        TEST(a_status_is_told_by_its_members_that_are_others),
        TEST(who_wants_files_is_not_told_the_status),
        TEST(who_resumes_is_told_the_whole_status),
        TEST(a_prefix_chooses_and_what_it_leaves_out_still_counts),
        TEST(a_client_that_was_cut_off_gets_what_it_missed),
        TEST(an_id_that_means_nothing_here_gets_a_snapshot),
        TEST(silence_is_broken_by_a_heartbeat),
        TEST(a_client_that_does_not_read_is_let_go),
        TEST(a_client_that_leaves_is_forgotten),
        TEST(only_so_many_may_listen),
        TEST(more_things_than_the_limit_are_told_early),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
