/* A stream of Yamux over the simulator's TCP: all that net/conn.h promises, and two of ours doing
 * what comes to their minds. */
#include "host/mux/yamux.h"

#include "host/mux/duo_test.h"
#include "net/conn_test.h"

#define LIMIT_US (600 * SEC) /* simulated: it costs nothing */

/* A session with one stream, as a filter: what CONN_CHECKS wants. */
struct one {
    struct conn conn;
    struct mux *mux;
    struct conn *s;
    bool dialled, open, want_write;
    bool *gone;
};

static void on_stream_event(void *arg, enum conn_event ev, const struct why *why)
{
    struct one *o = arg;
    conn_raise(&o->conn, ev, why);
}

static void one_opens(struct one *o, struct conn *s)
{
    bool gone = false;
    o->s = s;
    o->open = true;
    o->gone = &gone;
    conn_watch(s, on_stream_event, o);
    conn_raise(&o->conn, CONN_OPEN, NULL);
    if (gone)
        return;
    if (o->want_write)
        conn_raise(&o->conn, CONN_WRITABLE, NULL);
    if (!gone)
        o->gone = NULL;
}

static void on_one_stream(void *arg, struct conn *s)
{
    one_opens(arg, s);
}

static void on_one_closed(void *arg, const struct why *why)
{
    struct one *o = arg;
    if (!o->open)
        conn_raise(&o->conn, CONN_CLOSED, why);
}

static void one_starts(struct one *o)
{
    static const struct mux_events events = {on_one_stream, on_one_closed};
    o->mux = yamux_new(o->conn.below, o->dialled, &events, o);
    if (o->dialled)
        one_opens(o, mux_open(o->mux, NULL));
}

static void on_one_below(void *arg, enum conn_event ev, const struct why *why)
{
    struct one *o = arg;
    if (ev == CONN_OPEN)
        one_starts(o);
    if (ev == CONN_CLOSED)
        conn_raise(&o->conn, ev, why);
}

static ssize_t one_recv(struct conn *c, void *to, size_t n)
{
    struct one *o = (struct one *)c;
    return o->open ? conn_recv(o->s, to, n) : CONN_AGAIN;
}

static ssize_t one_sendv(struct conn *c, const struct iovec *iov, int count)
{
    struct one *o = (struct one *)c;
    o->want_write |= !o->open;
    return o->open ? conn_sendv(o->s, iov, count) : CONN_AGAIN;
}

static void one_shut(struct conn *c)
{
    struct one *o = (struct one *)c;
    if (o->open)
        conn_shut(o->s);
}

/* As TCP does it: what was written arrives. */
static void one_close(struct conn *c)
{
    struct one *o = (struct one *)c;
    if (o->gone)
        *o->gone = true;
    one_shut(c);
    conn_close(o->s);
    if (o->mux)
        mux_close(o->mux);
    else
        conn_close(o->conn.below);
    free(o);
}

static const struct conn_ops one_ops = {"one", one_recv, one_sendv, one_close, one_shut};

static struct conn *dress(struct world *w, struct conn *below, bool dialled, conn_cb *cb, void *arg)
{
    struct one *o = MEM_NEW(struct one);
    (void)w;
    o->conn = (struct conn){.ops = &one_ops, .loop = below->loop, .below = below};
    o->dialled = dialled;
    conn_watch(&o->conn, cb, arg);
    conn_watch(below, on_one_below, o);
    if (!dialled)
        one_starts(o);
    return &o->conn;
}

static bool run(struct world *w, bool (*until)(void *arg), void *arg)
{
    return sim_run_until(w->priv, until, arg, LIMIT_US);
}

static int open_world(void **state)
{
    static const struct sim_link link = {
        .latency_us = 5 * MSEC, .jitter_us = 100, .up_rate = 20000000, .down_rate = 20000000};
    struct world *w = MEM_NEW(struct world);
    struct sim *sim = sim_new(5);
    w->priv = sim;
    w->at_a = addr_v4(10, 0, 0, 1, 0);
    w->at_b = addr_v4(10, 0, 0, 2, 0);
    w->a = sim_node_loop(sim_node_add(sim, "ann", w->at_a, link));
    w->b = sim_node_loop(sim_node_add(sim, "bob", w->at_b, link));
    w->settle_us = SEC;
    w->run = run;
    w->dress = dress;
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    sim_free(w->priv);
    free(w);
    return 0;
}

/* Two sessions, and streams between them that say a pattern of their own. */

enum { LINES = 48 };

struct line { /* one stream; its two ends are lines of the same number in a and b */
    struct conn *c;
    struct side *side;
    bool used, shut, reset, ended, told;
    bool eager; /* says more whenever it may */
    unsigned number;
    uint64_t wrote, read;
};

struct side {
    struct mux *mux;
    struct line lines[LINES];
    unsigned opened, accepted;
    struct line *by_number[LINES]; /* of those that the other opened: by the first byte */
    bool closed;
    struct why why;
    struct side *other;
    bool lazy; /* reads only when the dice say so */
    uint64_t got;
};

static uint8_t spoken(unsigned number, uint64_t at)
{
    return at == 0 ? (uint8_t)number : (uint8_t)((at * 131 + number * 17) >> 3);
}

static void line_read(struct line *l, size_t most)
{
    uint8_t bytes[3000];
    ssize_t n = 0;
    while (l->c && most > 0 && (n = conn_recv(l->c, bytes, most < 3000 ? most : 3000)) > 0) {
        for (ssize_t i = 0; i < n; i++) {
            if (l->read == 0 && l->number == LINES) /* theirs: now we know which */
                l->number = bytes[i];
            if (bytes[i] != spoken(l->number, l->read++))
                fail_msg("stream %u, byte %u is not what was said", l->number,
                         (unsigned)l->read - 1);
        }
        l->side->got += (uint64_t)n;
        most -= (size_t)n;
    }
    l->ended |= n == CONN_END;
}

static void line_say(struct line *l, size_t n)
{
    static uint8_t bytes[100000];
    n = n < sizeof bytes ? n : sizeof bytes;
    for (size_t i = 0; i < n; i++)
        bytes[i] = spoken(l->number, l->wrote + i);
    struct iovec parts[4] = {
        {bytes, n / 5}, {bytes + n / 5, 0}, {bytes + n / 5, n / 3}, {bytes + n / 5 + n / 3, 0}};
    parts[3].iov_len = n - n / 5 - n / 3;
    ssize_t took = conn_sendv(l->c, parts, 4);
    if (took > 0)
        l->wrote += (uint64_t)took;
}

static void on_line(void *arg, enum conn_event ev, const struct why *why)
{
    struct line *l = arg;
    assert_false(l->told);
    assert_non_null(l->c);
    if (ev == CONN_READABLE && !l->side->lazy)
        line_read(l, SIZE_MAX);
    for (int i = 0; ev == CONN_WRITABLE && l->eager && i < 4; i++)
        line_say(l, 100000);
    if (ev == CONN_CLOSED) {
        assert_non_null(why);
        l->told = true;
    }
}

static struct line *free_line(struct side *side)
{
    for (int i = 0; i < LINES; i++)
        if (!side->lines[i].used)
            return &side->lines[i];
    return NULL;
}

static void on_side_stream(void *arg, struct conn *c)
{
    struct side *side = arg;
    struct line *l = free_line(side);
    side->accepted++;
    if (!l) {
        conn_close(c);
        return;
    }
    *l = (struct line){.c = c, .side = side, .used = true, .number = LINES};
    conn_watch(c, on_line, l);
}

static void on_side_closed(void *arg, const struct why *why)
{
    struct side *side = arg;
    assert_false(side->closed);
    side->closed = true;
    side->why = *why;
}

static void sides_open(struct side sides[2], struct duo *d)
{
    static const struct mux_events events = {on_side_stream, on_side_closed};
    sides[0].mux = yamux_new(d->a, true, &events, &sides[0]);
    sides[1].mux = yamux_new(d->b, false, &events, &sides[1]);
    sides[0].other = &sides[1];
    sides[1].other = &sides[0];
    d->a = d->b = NULL;
}

static struct line *side_dial(struct side *side)
{
    struct line *l = free_line(side);
    struct conn *c = l ? mux_open(side->mux, NULL) : NULL;
    if (!c)
        return NULL;
    *l = (struct line){.c = c, .side = side, .used = true, .number = (unsigned)(l - side->lines)};
    side->opened++;
    conn_watch(c, on_line, l);
    return l;
}

static void line_close(struct line *l)
{
    conn_close(l->c);
    *l = (struct line){0};
}

static void sides_close(struct side sides[2])
{
    for (int k = 0; k < 2; k++) {
        for (int i = 0; i < LINES; i++)
            if (sides[k].lines[i].used)
                line_close(&sides[k].lines[i]);
        mux_close(sides[k].mux);
    }
}

static void act(struct side *side, uint64_t dice)
{
    struct line *l = &side->lines[dice / 64 % LINES];
    size_t amount = (size_t)1 << dice / 4096 % 17;
    side->lazy = dice >> 40 & 1;
    if (dice % 16 == 0)
        side_dial(side);
    if (!l->used)
        return;
    if (l->told) {
        line_close(l);
        return;
    }
    switch (dice % 16) {
    case 1: /* it ends as it should */
        if (l->number < LINES && !l->shut)
            conn_shut(l->c);
        l->shut = true;
        break;
    case 2:
        if (l->shut && l->ended)
            line_close(l);
        break;
    case 3: /* or not */
        if (dice / 16 % 4 == 0)
            line_close(l);
        break;
    case 4:
    case 5:
    case 6:
    case 7:
    case 8:
        if (!l->shut && l->number < LINES)
            line_say(l, amount);
        break;
    default:
        line_read(l, dice % 16 < 12 ? amount : SIZE_MAX);
    }
}

static void two_of_ours_understand_each_other_whatever_they_do(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) {
        struct duo d;
        static struct side sides[2];
        memset(sides, 0, sizeof sides);
        duo_open(&d, seed);
        sides_open(sides, &d);
        uint64_t dice = seed * UINT64_C(0x9e3779b97f4a7c15);
        for (int i = 0; i < 12000; i++) {
            dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
            act(&sides[dice >> 63], dice >> 8);
            if (dice >> 60 == 3)
                sim_run_for(d.sim, (dice >> 32 & 7) * 2 * MSEC);
        }
        sim_run_for(d.sim, SEC);
        if (sides[0].closed || sides[1].closed)
            fail_msg("seed %u: %s %s", (unsigned)seed, sides[0].why.text, sides[1].why.text);
        assert_true(sides[0].opened > 100 && sides[1].opened > 100);
        assert_true(sides[0].got > 1000000 && sides[1].got > 1000000);
        sides_close(sides);
        duo_close(&d);
    }
}

static void those_who_wait_to_write_get_equal_shares(void **state)
{
    struct duo d;
    static struct side sides[2];
    (void)state;
    memset(sides, 0, sizeof sides);
    duo_open(&d, 2);
    sides_open(sides, &d);
    struct line *l[4];
    for (int i = 0; i < 4; i++) {
        l[i] = side_dial(&sides[0]);
        l[i]->eager = true;
    }
    for (int t = 0; t < 1000; t++) {
        for (int i = 0; i < 4; i++) /* the first is always there first */
            for (int k = 0; k < 4; k++)
                line_say(l[i], 100000);
        sim_run_for(d.sim, MSEC);
    }
    for (int i = 1; i < 4; i++) {
        assert_true(l[i]->wrote > l[0]->wrote * 8 / 10);
        assert_true(l[i]->wrote < l[0]->wrote * 12 / 10);
    }
    sides_close(sides);
    duo_close(&d);
}

static void so_many_may_wait_to_be_acknowledged(void **state)
{
    struct duo d;
    static struct side sides[2];
    struct conn *all[YAMUX_ACK_MAX];
    struct why why;
    (void)state;
    memset(sides, 0, sizeof sides);
    duo_open(&d, 3);
    sides_open(sides, &d);
    for (int i = 0; i < YAMUX_ACK_MAX; i++) {
        all[i] = mux_open(sides[0].mux, &why);
        assert_non_null(all[i]);
    }
    assert_null(mux_open(sides[0].mux, &why));
    assert_int_equal(why.code, ERR_LIMIT);
    sim_run_for(d.sim, SEC); /* the other side takes 48 and resets the others */
    assert_int_equal(sides[1].accepted, YAMUX_ACK_MAX);
    struct conn *more = mux_open(sides[0].mux, &why);
    assert_non_null(more);
    conn_close(more);
    for (int i = 0; i < YAMUX_ACK_MAX; i++)
        conn_close(all[i]);
    sides_close(sides);
    duo_close(&d);
}

static void after_a_goodbye_nobody_opens_and_streams_go_on(void **state)
{
    struct duo d;
    static struct side sides[2];
    struct why why;
    (void)state;
    memset(sides, 0, sizeof sides);
    duo_open(&d, 4);
    sides_open(sides, &d);
    struct line *l = side_dial(&sides[0]);
    line_say(l, 10);
    sim_run_for(d.sim, SEC);
    mux_shut(sides[0].mux);
    assert_null(mux_open(sides[0].mux, &why));
    assert_int_equal(why.code, ERR_STATE);
    sim_run_for(d.sim, SEC);
    assert_null(mux_open(sides[1].mux, &why));
    assert_int_equal(why.code, ERR_STATE);
    line_say(l, 1000);
    sim_run_for(d.sim, SEC);
    assert_int_equal(sides[1].got, 1010);
    assert_false(sides[0].closed || sides[1].closed);
    sides_close(sides);
    duo_close(&d);
}

static void a_session_s_end_is_told_to_its_streams_and_then_to_its_owner(void **state)
{
    struct duo d;
    static struct side sides[2];
    (void)state;
    memset(sides, 0, sizeof sides);
    duo_open(&d, 5);
    sides_open(sides, &d);
    struct line *l[3];
    for (int i = 0; i < 3; i++) {
        l[i] = side_dial(&sides[0]);
        line_say(l[i], 100);
    }
    sim_run_for(d.sim, SEC);
    assert_int_equal(mux_count(sides[0].mux), 3);
    assert_int_equal(mux_count(sides[1].mux), 3);
    mux_close(sides[0].mux);
    for (int i = 0; i < 3; i++) {
        assert_false(l[i]->told); /* in later turns */
        assert_int_equal(conn_send(l[i]->c, "x", 1), CONN_FAILED);
    }
    sides[0].mux = NULL;
    sim_run_for(d.sim, SEC);
    assert_false(sides[0].closed);
    assert_true(sides[1].closed);
    assert_int_equal(sides[1].why.code, ERR_CLOSED);
    assert_non_null(strstr(sides[1].why.text, "goodbye"));
    for (int i = 0; i < 3; i++)
        assert_true(l[i]->told && sides[1].lines[i].told);
    sides_close(sides);
    duo_close(&d);
}

static void a_silent_session_is_pinged_and_lives(void **state)
{
    struct duo d;
    static struct side sides[2];
    (void)state;
    memset(sides, 0, sizeof sides);
    duo_open(&d, 6);
    sides_open(sides, &d);
    assert_int_equal(mux_rtt_us(sides[0].mux), 0);
    sim_run_for(d.sim, 61 * SEC);
    assert_true(mux_rtt_us(sides[0].mux) >= 20 * MSEC);
    sim_run_for(d.sim, 600 * SEC);
    assert_false(sides[0].closed || sides[1].closed);
    sides_close(sides);
    duo_close(&d);
}

static void whose_machine_is_gone_is_found_out(void **state)
{
    struct duo d;
    static struct side sides[2];
    (void)state;
    memset(sides, 0, sizeof sides);
    duo_open(&d, 7);
    sides_open(sides, &d);
    sim_cut(d.ann, d.bob);
    sim_run_for(d.sim, 95 * SEC);
    assert_true(sides[0].closed && sides[1].closed);
    assert_int_equal(sides[0].why.code, ERR_TIMEOUT);
    sides_close(sides);
    duo_close(&d);
}

static void who_is_tended_is_missed_within_seconds(void **state)
{
    struct duo d;
    static struct side sides[2];
    (void)state;
    memset(sides, 0, sizeof sides);
    duo_open(&d, 8);
    sides_open(sides, &d);
    mux_tend(sides[0].mux, true);
    sim_run_for(d.sim, 600 * SEC);
    assert_false(sides[0].closed || sides[1].closed);
    sim_cut(d.ann, d.bob);
    sim_run_for(d.sim, 2 * MUX_TEND_US);
    assert_false(sides[0].closed);
    sim_run_for(d.sim, 2 * MUX_TEND_US);
    assert_true(sides[0].closed && !sides[1].closed); /* which nobody needs so much */
    assert_int_equal(sides[0].why.code, ERR_TIMEOUT);
    sides_close(sides);
    duo_close(&d);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world),
    const struct CMUnitTest tests[] = {
        CONN_CHECKS(CASE) cmocka_unit_test(two_of_ours_understand_each_other_whatever_they_do),
        cmocka_unit_test(those_who_wait_to_write_get_equal_shares),
        cmocka_unit_test(so_many_may_wait_to_be_acknowledged),
        cmocka_unit_test(after_a_goodbye_nobody_opens_and_streams_go_on),
        cmocka_unit_test(a_session_s_end_is_told_to_its_streams_and_then_to_its_owner),
        cmocka_unit_test(a_silent_session_is_pinged_and_lives),
        cmocka_unit_test(whose_machine_is_gone_is_found_out),
        cmocka_unit_test(who_is_tended_is_missed_within_seconds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
