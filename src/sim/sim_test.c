#include "sim/sim.h"

#include "base/mem.h"
#include "base/test.h"
#include "net/conn.h"
#include "net/http.h"
#include "net/udp.h"

#include <stdio.h>
#include <stdlib.h>

/* Byte i of every stream in these tests. */
static uint8_t pattern(uint64_t i)
{
    return (uint8_t)(i * 7 + (i >> 8) * 13 + (i >> 16) * 29);
}

/* One side of a conn: sends `todo` bytes of the pattern, checks what it gets. */
struct side {
    struct loop *loop;
    struct conn *conn;
    uint64_t todo, sent, got;
    uint64_t open_us, end_us;      /* when it opened; when the other's last byte was read */
    bool open, ended, wrong, idle; /* idle: does not read */
    bool end_after;                /* FIN after the last byte */
    int closed;
    enum err code;
};

static void side_pump(struct side *s)
{
    uint8_t block[8192];
    while (s->sent < s->todo) {
        size_t n = s->todo - s->sent < sizeof block ? (size_t)(s->todo - s->sent) : sizeof block;
        for (size_t i = 0; i < n; i++)
            block[i] = pattern(s->sent + i);
        ssize_t put = conn_send(s->conn, block, n);
        if (put < 0)
            return;
        s->sent += (uint64_t)put;
    }
    if (s->end_after) {
        s->end_after = false;
        conn_shut(s->conn);
    }
}

static void side_drain(struct side *s)
{
    uint8_t block[5000];
    ssize_t n;
    while ((n = conn_recv(s->conn, block, sizeof block)) > 0)
        for (ssize_t i = 0; i < n; i++)
            s->wrong |= block[i] != pattern(s->got++);
    if (n == CONN_END) {
        s->ended = true;
        s->end_us = loop_now_us(s->loop);
    }
}

static void on_side(void *arg, enum conn_event ev, const struct why *why)
{
    struct side *s = arg;
    switch (ev) {
    case CONN_OPEN:
        assert_false(s->open);
        s->open = true;
        s->open_us = loop_now_us(s->loop);
        side_pump(s);
        break;
    case CONN_READABLE:
        if (!s->idle)
            side_drain(s);
        break;
    case CONN_WRITABLE:
        side_pump(s);
        break;
    case CONN_CLOSED:
        s->closed++;
        s->code = why->code;
        break;
    }
}

static void on_accept(void *arg, struct conn *c)
{
    struct side *s = arg;
    assert_null(s->conn);
    s->conn = c;
    s->open = true;
    s->open_us = loop_now_us(s->loop);
    conn_watch(c, on_side, s);
    side_pump(s);
}

/* Ann dials Bob, who listens on port 80. */
struct two {
    struct sim *sim;
    struct sim_node *ann, *bob;
    struct side a, b;
    struct listener *l;
};

static void two_up(struct two *t, uint64_t seed, struct sim_link link)
{
    *t = (struct two){.sim = sim_new(seed)};
    t->ann = sim_node_add(t->sim, "ann", addr_v4(10, 0, 0, 1, 0), link);
    t->bob = sim_node_add(t->sim, "bob", addr_v4(10, 0, 0, 2, 0), link);
    t->a.loop = sim_node_loop(t->ann);
    t->b.loop = sim_node_loop(t->bob);
    struct addr at = addr_v4(0, 0, 0, 0, 80);
    t->l = tcp_listen(t->b.loop, &at, on_accept, &t->b, NULL);
    assert_non_null(t->l);
}

static void two_dial(struct two *t)
{
    struct addr to = addr_v4(10, 0, 0, 2, 80);
    t->a.conn = tcp_dial(t->a.loop, &to, NULL, on_side, &t->a);
}

static void two_down(struct two *t)
{
    conn_close(t->a.conn);
    conn_close(t->b.conn);
    listener_close(t->l);
    sim_run_for(t->sim, 100 * SEC);
    sim_free(t->sim);
}

static const struct sim_link lan = {.latency_us = 10 * MSEC};

static void connecting_takes_one_round_trip(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, lan);
    uint64_t from_us = sim_now_us(t.sim);
    two_dial(&t);
    assert_false(t.a.open); /* never from inside dial */
    sim_run_for(t.sim, SEC);
    assert_true(t.a.open && t.b.open);
    assert_int_equal(t.a.open_us - from_us, 40 * MSEC);
    assert_int_equal(t.b.open_us - from_us, 60 * MSEC);
    assert_true(addr_same_ip(&t.b.conn->peer, &t.a.conn->local));
    assert_int_equal(t.b.conn->peer.port, t.a.conn->local.port);
    two_down(&t);
}

static void nobody_listening_is_refused_and_nobody_there_times_out(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, lan);
    struct addr to = addr_v4(10, 0, 0, 2, 81);
    struct conn *c = tcp_dial(t.a.loop, &to, NULL, on_side, &t.a);
    sim_run_for(t.sim, 40 * MSEC);
    assert_int_equal(t.a.closed, 1);
    assert_int_equal(t.a.code, ERR_CLOSED);
    conn_close(c);
    to = addr_v4(10, 9, 9, 9, 80);
    c = tcp_dial(t.a.loop, &to, NULL, on_side, &t.a);
    sim_run_for(t.sim, CONN_HANDSHAKE_US - 1);
    assert_int_equal(t.a.closed, 1);
    sim_run_for(t.sim, 1);
    assert_int_equal(t.a.closed, 2);
    assert_int_equal(t.a.code, ERR_TIMEOUT);
    conn_close(c);
    two_down(&t);
}

static void an_address_of_no_family_of_ours_fails_in_the_next_turn(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, lan);
    struct addr to = addr_of_bytes("\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16, 80);
    t.a.conn = tcp_dial(t.a.loop, &to, NULL, on_side, &t.a);
    assert_int_equal(t.a.closed, 0);
    sim_run_for(t.sim, 0);
    assert_int_equal(t.a.closed, 1);
    assert_int_equal(t.a.code, ERR_IO);
    two_down(&t);
}

static uint64_t seconds_for(struct two *t, uint64_t bytes)
{
    t->a.todo = bytes;
    t->a.end_after = true;
    two_dial(t);
    sim_run_for(t->sim, 3600 * SEC);
    assert_true(t->b.ended);
    assert_false(t->b.wrong);
    assert_int_equal(t->b.got, bytes);
    return t->b.end_us - t->a.open_us;
}

static void one_stream_fills_the_line_within_five_percent(void **state)
{
    (void)state;
    static const uint64_t rates[] = {50000, 1000000, 4000000};
    for (size_t i = 0; i < 3; i++)
        for (int down = 0; down < 2; down++) {
            struct two t;
            two_up(&t, 1, lan);
            struct sim_link slow = lan;
            *(down ? &slow.down_rate : &slow.up_rate) = rates[i];
            sim_node_set_link(down ? t.bob : t.ann, slow);
            uint64_t us = seconds_for(&t, rates[i] * 20);
            assert_in_range(us, 20 * SEC, 21 * SEC);
            two_down(&t);
        }
}

static void streams_of_one_line_share_it(void **state)
{
    (void)state;
    struct sim *sim = sim_new(3);
    struct sim_link slow = lan;
    slow.up_rate = 1000000;
    struct sim_node *hub = sim_node_add(sim, "hub", addr_v4(10, 0, 0, 1, 0), slow);
    struct side up[5] = {0}, down[5] = {0};
    struct listener *l[5];
    for (uint8_t i = 0; i < 5; i++) {
        struct sim_node *n = sim_node_add(sim, "leaf", addr_v4(10, 0, 1, i, 0), lan);
        down[i].loop = sim_node_loop(n);
        struct addr at = addr_v4(10, 0, 1, i, 80);
        l[i] = tcp_listen(down[i].loop, &at, on_accept, &down[i], NULL);
        up[i] = (struct side){.loop = sim_node_loop(hub), .todo = 1000 * 1000 * 1000};
        up[i].conn = tcp_dial(up[i].loop, &at, NULL, on_side, &up[i]);
    }
    sim_run_for(sim, 60 * SEC);
    uint64_t sum = 0;
    for (int i = 0; i < 5; i++) {
        assert_in_range(down[i].got, 60 * 1000 * 1000 / 10, 60 * 1000 * 1000 / 2);
        sum += down[i].got;
        conn_close(up[i].conn);
        conn_close(down[i].conn);
        listener_close(l[i]);
    }
    assert_in_range(sum, 57 * 1000 * 1000, 60 * 1000 * 1000);
    sim_free(sim);
}

static void loss_slows_but_never_corrupts(void **state)
{
    (void)state;
    uint64_t before = 0;
    static const uint32_t ppm[] = {0, 1000, 10000, 100000};
    for (size_t i = 0; i < 4; i++) {
        struct two t;
        struct sim_link link = lan;
        link.up_rate = 5000000;
        link.jitter_us = 5 * MSEC;
        link.loss_ppm = ppm[i] / 2; /* the way has two lines */
        two_up(&t, 1, link);
        uint64_t us = seconds_for(&t, 5000000);
        assert_true(us > before);
        before = us * 3 / 2;
        two_down(&t);
    }
}

static void who_does_not_read_stops_the_sender(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, lan);
    t.a.todo = 10 * 1024 * 1024;
    t.b.idle = true;
    two_dial(&t);
    sim_run_for(t.sim, 3600 * SEC);
    assert_int_equal(t.a.closed, 0);
    assert_in_range(t.a.sent, 448 * 1024, 512 * 1024); /* one buffer at each end */
    t.b.idle = false;
    side_drain(&t.b);
    sim_run_for(t.sim, 60 * SEC);
    assert_int_equal(t.b.got, t.a.todo);
    assert_false(t.b.wrong);
    two_down(&t);
}

static void what_was_sent_before_closing_arrives(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, lan);
    t.a.todo = 200 * 1000;
    two_dial(&t);
    sim_run_for(t.sim, 45 * MSEC);
    assert_int_equal(t.a.sent, t.a.todo);
    conn_close(t.a.conn);
    t.a.conn = NULL;
    sim_run_for(t.sim, SEC);
    assert_int_equal(t.b.got, t.a.todo);
    assert_true(t.b.ended);
    two_down(&t);
}

static void sending_to_one_who_has_closed_is_reset(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, lan);
    two_dial(&t);
    sim_run_for(t.sim, SEC);
    conn_close(t.b.conn);
    t.b.conn = NULL;
    sim_run_for(t.sim, SEC);
    assert_true(t.a.ended);
    assert_int_equal(t.a.closed, 0);
    t.a.todo = 1;
    side_pump(&t.a);
    sim_run_for(t.sim, SEC);
    assert_int_equal(t.a.closed, 1);
    assert_int_equal(t.a.code, ERR_CLOSED);
    two_down(&t);
}

static void closing_with_bytes_unread_resets(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, lan);
    t.a.todo = 10;
    t.b.idle = true;
    two_dial(&t);
    sim_run_for(t.sim, SEC);
    conn_close(t.b.conn);
    t.b.conn = NULL;
    sim_run_for(t.sim, SEC);
    assert_int_equal(t.a.closed, 1);
    assert_int_equal(t.a.code, ERR_CLOSED);
    two_down(&t);
}

static void a_cut_stalls_and_healing_resumes(void **state)
{
    (void)state;
    struct two t;
    struct sim_link link = lan;
    link.up_rate = 1000000;
    two_up(&t, 1, link);
    t.a.todo = 20 * 1000 * 1000;
    two_dial(&t);
    sim_run_for(t.sim, 5 * SEC);
    sim_cut(t.ann, t.bob);
    sim_run_for(t.sim, SEC);
    uint64_t got = t.b.got;
    assert_true(got > 0);
    sim_run_for(t.sim, 30 * SEC);
    assert_int_equal(t.b.got, got);
    sim_heal(t.ann, t.bob);
    sim_run_for(t.sim, 60 * SEC);
    assert_int_equal(t.b.got, t.a.todo);
    assert_false(t.b.wrong);
    two_down(&t);
}

static void a_cut_ends_a_busy_conn_after_a_minute_and_spares_an_idle_one(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, lan);
    t.a.todo = 1000 * 1000 * 1000;
    two_dial(&t);
    sim_run_for(t.sim, 5 * SEC);
    sim_cut(t.bob, NULL);
    sim_run_for(t.sim, 59 * SEC);
    assert_int_equal(t.a.closed, 0);
    sim_run_for(t.sim, 2 * SEC);
    assert_int_equal(t.a.closed, 1);
    assert_int_equal(t.a.code, ERR_TIMEOUT);
    assert_int_equal(t.b.closed, 0); /* it has nothing to say, so it does not know */
    sim_heal(t.bob, NULL);
    t.b.todo = 1;
    side_pump(&t.b);
    sim_run_for(t.sim, SEC);
    assert_int_equal(t.b.code, ERR_CLOSED);
    two_down(&t);
}

static void dialling_across_a_cut_times_out(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, lan);
    sim_cut(t.ann, t.bob);
    two_dial(&t);
    sim_run_for(t.sim, CONN_HANDSHAKE_US);
    assert_int_equal(t.a.code, ERR_TIMEOUT);
    assert_null(t.b.conn);
    two_down(&t);
}

/* What an app does at a crash: free itself as ever. */
static void free_bob(void *arg)
{
    struct two *t = arg;
    conn_close(t->b.conn);
    listener_close(t->l);
    t->b.conn = NULL;
    t->l = NULL;
}

static void never(void *arg)
{
    (void)arg;
    fail();
}

static void a_crash_is_silence_then_resets(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, lan);
    t.b.todo = 100;
    two_dial(&t);
    sim_run_for(t.sim, SEC);
    struct timer *forgotten = timer_start(t.b.loop, SEC, never, NULL);
    (void)forgotten;
    sim_node_on_crash(t.bob, free_bob, &t);
    sim_node_crash(t.bob);
    t.a.todo = 1000;
    side_pump(&t.a);
    sim_run_for(t.sim, 30 * SEC);
    assert_int_equal(t.a.closed, 0);
    assert_false(t.a.ended);
    sim_node_restart(t.bob);
    sim_run_for(t.sim, 20 * SEC);
    assert_int_equal(t.a.closed, 1);
    assert_int_equal(t.a.code, ERR_CLOSED);
    two_down(&t);
}

static void a_crash_that_nobody_mends_times_out(void **state)
{
    (void)state;
    struct two t;
    two_up(&t, 1, lan);
    t.a.todo = 10 * 1000 * 1000;
    t.b.idle = true; /* so that at the crash all is acknowledged, and the window shut */
    two_dial(&t);
    sim_run_for(t.sim, 10 * SEC);
    sim_node_on_crash(t.bob, free_bob, &t);
    sim_node_crash(t.bob);
    sim_run_for(t.sim, 61 * SEC);
    assert_int_equal(t.a.closed, 1);
    assert_int_equal(t.a.code, ERR_TIMEOUT);
    two_down(&t);
}

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
    two_up(&t, 1, lan);
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
    two_up(&t, 1, lan);
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
    two_up(&t, 1, lan);
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
    two_up(&t, 1, lan);
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
    two_up(&t, 1, lan);
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
    datagrams(lan, 1000, &plain);
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
    two_up(&t, 1, lan);
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
    two_up(&t, 1, lan);
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
    two_up(&t, 1, lan);
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
        cmocka_unit_test(connecting_takes_one_round_trip),
        cmocka_unit_test(nobody_listening_is_refused_and_nobody_there_times_out),
        cmocka_unit_test(an_address_of_no_family_of_ours_fails_in_the_next_turn),
        cmocka_unit_test(one_stream_fills_the_line_within_five_percent),
        cmocka_unit_test(streams_of_one_line_share_it),
        cmocka_unit_test(loss_slows_but_never_corrupts),
        cmocka_unit_test(who_does_not_read_stops_the_sender),
        cmocka_unit_test(what_was_sent_before_closing_arrives),
        cmocka_unit_test(sending_to_one_who_has_closed_is_reset),
        cmocka_unit_test(closing_with_bytes_unread_resets),
        cmocka_unit_test(a_cut_stalls_and_healing_resumes),
        cmocka_unit_test(a_cut_ends_a_busy_conn_after_a_minute_and_spares_an_idle_one),
        cmocka_unit_test(dialling_across_a_cut_times_out),
        cmocka_unit_test(a_crash_is_silence_then_resets),
        cmocka_unit_test(a_crash_that_nobody_mends_times_out),
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
