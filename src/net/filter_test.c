/* The helper of filters, by the smallest filters that use each part of it. */
#include "net/filter.h"

#include "base/mem.h"

#include "sim/sim_pair_test.h"

enum { HELLO = 'h', MASK = 0x5a, FRAME_MAX = 200 };

/* A byte of hello, then frames: a length and so many masked bytes; an empty one is the goodbye. */
struct frames {
    struct filter f;
    struct buf raw;
    bool over; /* the goodbye has come */
};

static void frames_shake(struct filter *f)
{
    uint8_t hello;
    ssize_t n = filter_pull(f, &hello, 1);
    if (n == CONN_END)
        filter_fail_with(f, ERR_CLOSED, "hung up");
    else if (n == 1 && hello != HELLO)
        filter_fail_with(f, ERR_INVALID, "no hello, but %d", hello);
    else if (n == 1)
        filter_open(f);
}

static void put_masked(struct buf *to, const uint8_t *bytes, size_t n)
{
    uint8_t *room = buf_room(to, n);
    for (size_t i = 0; i < n; i++)
        room[i] = bytes[i] ^ MASK;
    buf_grew(to, n);
}

static ssize_t frames_unwrap(struct filter *f)
{
    struct frames *s = (struct frames *)f;
    ssize_t got = 1;
    while (got > 0) {
        struct cur in = buf_cur(&s->raw);
        size_t n = cur_u8(&in);
        struct cur body = cur_take(&in, n);
        if (s->over || (!in.bad && n == 0)) {
            s->over = true;
            return CONN_END;
        }
        if (!in.bad) {
            put_masked(&f->in, body.p, n);
            buf_eat(&s->raw, 1 + n);
            return (ssize_t)n;
        }
        got = filter_fill(f, &s->raw, 100);
    }
    if (got == CONN_END)
        filter_fail_with(f, ERR_CLOSED, "cut");
    return got == CONN_AGAIN ? CONN_AGAIN : CONN_FAILED;
}

static size_t frames_write(struct filter *f, const uint8_t *bytes, size_t n)
{
    assert_in_range(n, 1, FRAME_MAX);
    buf_u8(&f->out, (uint8_t)n);
    put_masked(&f->out, bytes, n);
    return n;
}

static void frames_bye(struct filter *f)
{
    buf_u8(&f->out, 0);
}

static void frames_done(struct filter *f)
{
    buf_done(&((struct frames *)f)->raw);
}

static void frames_blame(const struct filter *f, struct why *why)
{
    (void)f;
    why_in(why, why->code, "frames");
}

static const struct filter_ops frames_ops = {
    .conn = FILTER_CONN("frames"),
    .shake = frames_shake,
    .unwrap = frames_unwrap,
    .write = frames_write,
    .chunk = FRAME_MAX,
    .bye = frames_bye,
    .done = frames_done,
    .blame = frames_blame,
};

static struct conn *frames_over(struct world *w, struct conn *below, bool dialled, conn_cb *cb,
                                void *arg)
{
    struct frames *s = MEM_NEW(struct frames);
    (void)w;
    filter_init(&s->f, &frames_ops, below, cb, arg);
    filter_deadline(&s->f, CONN_HANDSHAKE_US, "no hello in time");
    buf_u8(&s->f.out, HELLO);
    if (!dialled)
        filter_begin(&s->f);
    return &s->f.conn;
}

/* What only passes bytes on, once it is open. */
static const struct filter_ops pass_ops = {.conn = FILTER_CONN("pass"), .shake = filter_pass};

static struct conn *pass_over(struct world *w, struct conn *below, bool dialled, conn_cb *cb,
                              void *arg)
{
    struct filter *f = MEM_NEW(struct filter);
    (void)w;
    filter_init(f, &pass_ops, below, cb, arg);
    if (!dialled)
        filter_begin(f);
    return &f->conn;
}

static int open_framed(void **state)
{
    *state = MEM_NEW(struct world);
    sim_pair_open(*state, frames_over);
    return 0;
}

static int open_pass(void **state)
{
    *state = MEM_NEW(struct world);
    sim_pair_open(*state, pass_over);
    return 0;
}

static int close_world(void **state)
{
    sim_pair_close(*state);
    free(*state);
    return 0;
}

static bool server_is_told(void *arg)
{
    return ((struct pair *)arg)->server.seen[CONN_CLOSED] > 0;
}

/* A client without the filter, which says `text` and has no more after `us`. */
static void refused_with(struct world *w, const char *text, uint64_t us, const char *words)
{
    struct pair p;
    struct conn *(*dress)(struct world *, struct conn *, bool, conn_cb *, void *) = w->dress;
    pair_listen(&p, w);
    p.client.idle = true;
    w->dress = NULL;
    pair_dial(&p);
    w->dress = dress;
    sim_run_for(w->priv, SEC);
    conn_send(p.client.c, text, strlen(text));
    sim_run_for(w->priv, us);
    conn_shut(p.client.c);
    world_run(w, server_is_told, &p);
    assert_string_equal(p.server.why.text, words);
    assert_int_equal(p.server.seen[CONN_CLOSED], 1);
    pair_close(&p);
}

static void what_fails_is_told_once_and_blamed(void **state)
{
    refused_with(*state, "x", SEC, "frames: no hello, but 120");
    refused_with(*state, "", SEC, "frames: hung up");
    refused_with(*state, "", 11 * SEC, "frames: no hello in time");
    refused_with(*state, "h\3ab", SEC, "frames: cut");
}

static void half_a_frame_is_no_news(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_open(&p, w);
    world_settle(w);
    struct conn *below = p.client.c->below;
    assert_int_equal(conn_send(below, "\2\x5a", 2), 2);
    world_settle(w);
    assert_int_equal(p.server.seen[CONN_READABLE], 0);
    assert_int_equal(conn_send(below, "\x5d", 1), 1); /* the pattern's first two are 0 and 7 */
    world_settle(w);
    assert_int_equal(p.server.seen[CONN_READABLE], 1);
    assert_int_equal(p.server.got, 2);
    pair_close(&p);
}

static bool server_ended(void *arg)
{
    return ((struct pair *)arg)->server.ended;
}

static void an_end_said_before_it_is_open_follows_the_handshake(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_listen(&p, w);
    pair_dial(&p);
    conn_shut(p.client.c);
    world_run(w, server_ended, &p);
    assert_int_equal(p.client.seen[CONN_OPEN], 1);
    assert_int_equal(p.server.seen[CONN_CLOSED], 0);
    pair_close(&p);
}

int main(void)
{
#define FRAMED(name) cmocka_unit_test_setup_teardown(name, open_framed, close_world),
#define PASS(name) cmocka_unit_test_setup_teardown(name, open_pass, close_world),
    const struct CMUnitTest tests[] = {
        CONN_CHECKS(FRAMED) CONN_CHECKS(PASS) FRAMED(what_fails_is_told_once_and_blamed)
            FRAMED(half_a_frame_is_no_news)
                FRAMED(an_end_said_before_it_is_open_follows_the_handshake)
                    PASS(an_end_said_before_it_is_open_follows_the_handshake)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
