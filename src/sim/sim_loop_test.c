#include "sim/sim.h"

#include "net/http.h"
#include "net/udp.h"
#include "sim/sim_two_test.h"

struct lane_log {
    char text[16];
    size_t n;
};

static void work_w(void *arg)
{
    struct lane_log *l = arg;
    l->text[l->n++] = 'w';
}

static void done_d(void *arg)
{
    struct lane_log *l = arg;
    l->text[l->n++] = 'd';
}

static void lanes_work_in_order_and_take_their_time(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    struct lane_log log = {{0}, 0};
    sim_node_set_lane(t.ann, LANE_DISK_ORDERED, 10 * MSEC);
    lane_run(t.a.loop, LANE_DISK_ORDERED, work_w, done_d, &log);
    lane_run(t.a.loop, LANE_DISK_ORDERED, work_w, done_d, &log);
    assert_int_equal(lane_queued(t.a.loop, LANE_DISK_ORDERED), 2);
    assert_string_equal(log.text, "");
    sim_run_for(t.sim, 10 * MSEC);
    assert_string_equal(log.text, "wwd");
    sim_run_for(t.sim, 10 * MSEC);
    assert_string_equal(log.text, "wwdd");
    assert_int_equal(lane_queued(t.a.loop, LANE_DISK_ORDERED), 0);
    two_down(&t);
}

static void nothing(void *arg)
{
    (void)arg;
}

static void a_crash_skips_work_but_gives_jobs_back(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    struct lane_log log = {{0}, 0};
    sim_node_set_lane(t.ann, LANE_DISK_ORDERED, 10 * MSEC);
    lane_run(t.a.loop, LANE_DISK_ORDERED, work_w, done_d, &log);
    lane_run(t.a.loop, LANE_DISK_ORDERED, work_w, done_d, &log);
    sim_run_for(t.sim, 1 * MSEC);
    sim_node_on_crash(t.ann, nothing, NULL);
    sim_node_crash(t.ann);
    assert_string_equal(log.text, "wdd");
    sim_node_restart(t.ann);
    assert_int_equal(lane_queued(t.a.loop, LANE_DISK_ORDERED), 0);
    two_down(&t);
}

static void append(void *arg)
{
    char **at = arg;
    *(*at)++ = 'x';
}

struct mark {
    char *text;
    char c;
};

static void on_mark(void *arg)
{
    struct mark *m = arg;
    size_t n = strlen(m->text);
    m->text[n] = m->c;
}

static void timers_fire_in_time_and_in_starting_order(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    char text[8] = "";
    struct mark m[4] = {{text, 'a'}, {text, 'b'}, {text, 'c'}, {text, 'd'}};
    timer_start(t.a.loop, 20, on_mark, &m[0]);
    timer_start(t.a.loop, 10, on_mark, &m[1]);
    timer_start(t.b.loop, 10, on_mark, &m[2]);
    timer_cancel(timer_start(t.a.loop, 10, on_mark, &m[3]));
    timer_cancel(NULL);
    sim_run_for(t.sim, 9);
    assert_string_equal(text, "");
    sim_run_for(t.sim, 1);
    assert_string_equal(text, "bc");
    sim_run_for(t.sim, 10);
    assert_string_equal(text, "bca");
    two_down(&t);
}

static void the_wall_jumps_and_the_clock_does_not(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    uint64_t now_us = loop_now_us(t.a.loop);
    assert_true(now_us > 0);
    assert_true(loop_wall_us(t.a.loop) == SIM_WALL_US);
    sim_node_jump_wall(t.ann, -86400 * (int64_t)SEC);
    sim_run_for(t.sim, 5 * SEC);
    assert_int_equal(loop_now_us(t.a.loop), now_us + 5 * SEC);
    assert_true(loop_wall_us(t.a.loop) == SIM_WALL_US + (5 - 86400) * (int64_t)SEC);
    assert_true(loop_wall_us(t.b.loop) == SIM_WALL_US + 5 * (int64_t)SEC);
    two_down(&t);
}

struct names {
    int calls;
    size_t n;
    struct addr first;
    enum err code;
};

static void on_found(void *arg, const struct addr *found, size_t n, const struct why *why)
{
    struct names *r = arg;
    r->calls++;
    r->n = n;
    r->code = why ? why->code : OK;
    if (n > 0)
        r->first = found[0];
}

static void names_are_found_numbers_too_and_others_not(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    struct names known = {0}, number = {0}, six = {0}, unknown = {0}, cancelled = {0};
    sim_name_add(t.sim, "tracker.example", addr_v4(10, 0, 0, 2, 0));
    sim_name_add(t.sim, "tracker.example", addr_v4(10, 0, 0, 3, 0));
    resolve_start(t.a.loop, "tracker.example", 6969, on_found, &known);
    resolve_start(t.a.loop, "1.2.3.4", 5, on_found, &number);
    resolve_start(t.a.loop, "::1", 5, on_found, &six);
    resolve_start(t.a.loop, "nobody.example", 5, on_found, &unknown);
    resolve_cancel(resolve_start(t.a.loop, "tracker.example", 1, on_found, &cancelled));
    assert_int_equal(number.calls, 0);
    sim_run_for(t.sim, SEC);
    assert_int_equal(known.n, 2);
    assert_int_equal(known.first.port, 6969);
    assert_int_equal(number.n, 1);
    assert_int_equal(number.first.ip[3], 4);
    assert_int_equal(six.first.family, ADDR_V6);
    assert_int_equal(unknown.calls, 1);
    assert_int_equal(unknown.n, 0);
    assert_int_equal(unknown.code, ERR_NOT_FOUND);
    assert_int_equal(cancelled.calls, 0);
    two_down(&t);
}

struct datagrams {
    int count, out_of_order, last;
    uint64_t first_us;
    struct addr from;
};

static void on_datagram(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct datagrams *d = arg;
    int nth;
    assert_int_equal(n, sizeof nth);
    memcpy(&nth, bytes, n);
    d->out_of_order += nth < d->last;
    d->last = nth;
    d->from = *from;
    d->count++;
}

static void datagrams(struct sim_link link, int count, struct datagrams *got)
{
    struct two t;
    two_up(&t, 9, link);
    struct addr at = addr_v4(0, 0, 0, 0, 0), to = addr_v4(10, 0, 0, 2, 6881);
    struct datagrams none = {0};
    struct udp *a = udp_open(t.a.loop, &at, on_datagram, &none, NULL);
    struct udp *b = udp_open(t.b.loop, &to, on_datagram, got, NULL);
    assert_non_null(a);
    assert_non_null(b);
    assert_null(udp_open(t.b.loop, &to, on_datagram, got, NULL)); /* in use */
    for (int i = 0; i < count; i++)
        udp_send(a, &to, &i, sizeof i);
    assert_int_equal(got->count, 0);
    sim_run_for(t.sim, SEC);
    if (got->count > 0)
        assert_int_equal(got->from.port, udp_addr(a).port);
    udp_close(a);
    udp_close(b);
    two_down(&t);
}

static void datagrams_are_lost_and_reordered_as_the_line_says(void **state)
{
    (void)state;
    struct datagrams plain = {0}, lossy = {0}, narrow = {0};
    datagrams(LAN, 1000, &plain);
    assert_int_equal(plain.count, 1000);
    assert_int_equal(plain.out_of_order, 0);
    datagrams((struct sim_link){.jitter_us = 5 * MSEC, .loss_ppm = 100000}, 1000, &lossy);
    assert_in_range(lossy.count, 770, 850); /* 0.9 * 0.9 */
    assert_true(lossy.out_of_order > 100);
    datagrams((struct sim_link){.up_rate = 4000, .queue_us = 100 * MSEC}, 1000, &narrow);
    assert_in_range(narrow.count, 100, 102); /* 100 ms of the line, and what it was sending */
}

static void on_answer(void *arg, const struct http_answer *a, const struct why *why)
{
    int *calls = arg;
    assert_null(a);
    assert_int_equal(why->code, ERR_CLOSED);
    ++*calls;
}

static void http_says_that_it_is_not_here(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    int calls = 0;
    struct http_request rq = {.url = "http://tracker.example/"};
    http_start(t.a.loop, &rq, on_answer, &calls);
    http_cancel(http_start(t.a.loop, &rq, on_answer, &calls));
    assert_int_equal(calls, 0);
    sim_run_for(t.sim, SEC);
    assert_int_equal(calls, 1);
    char *text = http_escape("aZ9-._~ \xff/", 10);
    assert_string_equal(text, "aZ9-._~%20%FF%2F");
    free(text);
    two_down(&t);
}

static uint64_t busy_run(uint64_t seed, FILE *trace)
{
    struct two t;
    two_up(&t, seed, (struct sim_link){10 * MSEC, 9 * MSEC, 20000, 900000, 3000000, 0, 0, 0});
    sim_trace_to(t.sim, trace);
    t.a.todo = 3000000;
    t.b.todo = 1000000;
    two_dial(&t);
    char text[8] = "", *at = text;
    uint8_t key[16];
    loop_random(t.a.loop, key, sizeof key);
    timer_start(t.a.loop, key[0], append, &at);
    sim_run_for(t.sim, 600 * SEC);
    assert_int_equal(t.b.got, t.a.todo);
    assert_int_equal(t.a.got, t.b.todo);
    uint64_t hash = sim_trace_hash(t.sim);
    assert_true(sim_trace_count(t.sim) > 100);
    sim_trace_to(t.sim, NULL);
    two_down(&t);
    return hash;
}

static void the_same_seed_gives_the_same_run_and_another_another(void **state)
{
    (void)state;
    char *text[2];
    size_t n[2];
    uint64_t hash[2];
    for (int i = 0; i < 2; i++) {
        FILE *trace = open_memstream(&text[i], &n[i]);
        hash[i] = busy_run(42, trace);
        fclose(trace);
    }
    assert_int_equal(hash[0], hash[1]);
    assert_int_equal(n[0], n[1]);
    assert_memory_equal(text[0], text[1], n[0]);
    assert_true(strstr(text[0], " ann open 10.0.0.2:80 ") != NULL);
    assert_int_not_equal(busy_run(43, NULL), hash[0]);
    free(text[0]);
    free(text[1]);
}

static bool bob_has_half(void *arg)
{
    const struct two *t = arg;
    return t->b.got >= t->a.todo / 2;
}

static void a_run_stops_where_its_test_says(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    t.a.todo = 1000000;
    two_dial(&t);
    assert_true(sim_run_until(t.sim, bob_has_half, &t, 60 * SEC));
    assert_in_range(t.b.got, 500000, 600000);
    t.a.todo = 1000000000;
    uint64_t now_us = sim_now_us(t.sim);
    assert_false(sim_run_until(t.sim, bob_has_half, &t, SEC));
    assert_int_equal(sim_now_us(t.sim), now_us + SEC);
    two_down(&t);
}

static void handles_left_open_are_freed_with_the_world(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, LAN);
    t.a.todo = 1000000;
    two_dial(&t);
    sim_run_for(t.sim, 100 * MSEC);
    timer_start(t.a.loop, SEC, never, NULL);
    resolve_start(t.a.loop, "x", 1, on_found, NULL);
    sim_at(t.sim, sim_now_us(t.sim) + SEC, never, NULL);
    lane_run(t.a.loop, LANE_CPU, never, never, NULL);
    sim_free(t.sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lanes_work_in_order_and_take_their_time),
        cmocka_unit_test(a_crash_skips_work_but_gives_jobs_back),
        cmocka_unit_test(timers_fire_in_time_and_in_starting_order),
        cmocka_unit_test(the_wall_jumps_and_the_clock_does_not),
        cmocka_unit_test(names_are_found_numbers_too_and_others_not),
        cmocka_unit_test(datagrams_are_lost_and_reordered_as_the_line_says),
        cmocka_unit_test(http_says_that_it_is_not_here),
        cmocka_unit_test(the_same_seed_gives_the_same_run_and_another_another),
        cmocka_unit_test(a_run_stops_where_its_test_says),
        cmocka_unit_test(handles_left_open_are_freed_with_the_world),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
