/* Chunks from who offered them into the store; or only the word that nothing more is wanted. */
#include "files/hand/hands_in.h"

#include "base/mem.h"
#include "core/policy.h"

#include <stdlib.h>
#include <string.h>

enum {
    READ = 128 << 10,        /* bytes at once */
    GATHER_MAX = HAND_CHUNK, /* that wait for the disk; then nothing is read */
    GATHER_COUNT = 4096,     /* chunks of them */
    TURN = 16,               /* reads in one turn; then others have theirs */
};
#define PAUSE_MIN_US (5 * MSEC)

struct fetch {
    struct get *g;
    enum hand_end end;
    struct host_open *open;
    struct conn *conn;
    struct buf out, in;
    bool framed; /* `frame` stands before the next chunk */
    struct hand_frame frame;
    uint64_t next; /* chunk that comes */
    struct buf bytes, hashes;
    size_t count;
    struct timer *later, *idle;
    uint64_t last_us;
    bool ended, over; /* it is to be told; there is no other try */
    struct why why;
    fetch_cb *cb;
    void *arg;
};

void fetch_cancel(struct fetch *f)
{
    if (!f)
        return;
    host_open_cancel(f->open);
    conn_close(f->conn);
    timer_cancel(f->later);
    timer_cancel(f->idle);
    buf_done(&f->out);
    buf_done(&f->in);
    buf_done(&f->bytes);
    buf_done(&f->hashes);
    free(f);
}

/* Told by step(), when nobody holds f any more. */
static void end(struct fetch *f, bool over, const struct why *why)
{
    if (f->ended)
        return;
    f->ended = true;
    f->over = over;
    f->why = why ? *why : (struct why){0};
}

static struct hand_store *store(const struct fetch *f)
{
    return f->g->store;
}

/* --- from the line ------------------------------------------------------------------------------
 */

/* What stands before a chunk.  False: it has not all come, or it is none. */
static bool take_frame(struct fetch *f)
{
    struct cur c = buf_cur(&f->in);
    size_t before = c.n;
    enum err err = OK;
    struct why why;
    f->framed = hand_frame_read(&f->frame, &c, &err, &why);
    buf_eat(&f->in, before - c.n);
    if (f->framed && f->frame.kind == HAND_FRAME_END)
        err = why_set(&why, ERR_CLOSED, "the other side says: %s", f->frame.words);
    else if (f->framed && f->next == hand_store_offer(store(f))->chunks)
        err = why_set(&why, ERR_INVALID, "more came than was offered");
    if (err != OK)
        end(f, true, &why);
    return err == OK && f->framed;
}

/* What has come, as far as it is whole. */
static void take(struct fetch *f)
{
    while (f->framed || take_frame(f)) {
        uint64_t at;
        size_t len;
        hand_offer_at(hand_store_offer(store(f)), f->next, &at, &len);
        if (buf_len(&f->in) < len)
            return;
        buf_put(&f->bytes, buf_bytes(&f->in), len);
        buf_put(&f->hashes, f->frame.hash, SHA256_LEN);
        buf_eat(&f->in, len);
        f->count++;
        f->next++;
        f->framed = false;
    }
}

static void on_later(void *arg);

/* How much may be read now; 0: a timer brings us back. */
static size_t allowance(struct fetch *f)
{
    struct policy *p = f->g->h->cfg.env->policy;
    uint64_t now = loop_now_us(f->g->h->loop);
    size_t n = policy_may(p, POLICY_DOWN, READ, now);
    if (n == 0 && !f->later) {
        uint64_t wait = policy_wait_us(p, POLICY_DOWN, 1, now);
        f->later =
            timer_start(f->g->h->loop, wait > PAUSE_MIN_US ? wait : PAUSE_MIN_US, on_later, f);
    }
    return n;
}

static void note(struct fetch *f, size_t n)
{
    uint64_t now = loop_now_us(f->g->h->loop);
    policy_spend(f->g->h->cfg.env->policy, POLICY_DOWN, n, now);
    hand_pace_count(&f->g->pace, now, n);
    f->last_us = now;
}

/* False: nothing more comes now. */
static bool read_some(struct fetch *f)
{
    struct why why;
    size_t may = allowance(f);
    if (may == 0)
        return false;
    ssize_t n = conn_recv(f->conn, buf_room(&f->in, may), may);
    if (n > 0) {
        buf_grew(&f->in, (size_t)n);
        note(f, (size_t)n);
        take(f);
    } else if (n == CONN_END && f->end != HAND_GOES_ON) {
        end(f, true, NULL);
    } else if (n == CONN_END) {
        why_set(&why, ERR_CLOSED, "the other side hung up");
        end(f, false, &why);
    }
    return n > 0;
}

/* So much waits for the disk that nothing is read. */
static bool is_full(const struct fetch *f)
{
    return buf_len(&f->bytes) >= GATHER_MAX || f->count >= GATHER_COUNT;
}

static bool is_whole(const struct fetch *f)
{
    return f->end == HAND_GOES_ON && f->next == hand_store_offer(store(f))->chunks;
}

static void read_on(struct fetch *f)
{
    for (unsigned i = 0; f->conn && !f->ended && !is_whole(f) && !is_full(f); i++) {
        if (i == TURN && !f->later)
            f->later = timer_start(f->g->h->loop, 0, on_later, f);
        if (i == TURN || !read_some(f))
            return;
    }
}

/* --- to the disk --------------------------------------------------------------------------------
 */

static void put(struct fetch *f)
{
    if (f->count == 0 || hand_store_busy(store(f)))
        return;
    hand_store_put(store(f), &f->bytes,
                   (const uint8_t(*)[SHA256_LEN])(const void *)buf_bytes(&f->hashes), f->count,
                   get_on_put, f->g);
    buf_clear(&f->hashes);
    f->count = 0;
}

static void step(struct fetch *f)
{
    read_on(f);
    if (!f->ended && f->end == HAND_GOES_ON) {
        put(f);
        if (is_whole(f) && f->count == 0 && !hand_store_busy(store(f)))
            end(f, true, NULL);
    }
    if (!f->ended)
        return;
    fetch_cb *cb = f->cb;
    void *arg = f->arg;
    bool over = f->over;
    struct why why = f->why;
    fetch_cancel(f);
    cb(arg, over, why.code == OK ? NULL : &why);
}

void fetch_on_put(struct fetch *f, const struct why *why)
{
    if (why) /* wrong bytes are no accident: the line has hashes of its own.  A full disk is */
        end(f, why->code == ERR_INVALID, why);
    step(f);
}

static void on_later(void *arg)
{
    struct fetch *f = arg;
    f->later = NULL;
    step(f);
}

/* --- the stream ---------------------------------------------------------------------------------
 */

static void flush(struct fetch *f)
{
    while (buf_len(&f->out) > 0) {
        ssize_t n = conn_send(f->conn, buf_bytes(&f->out), buf_len(&f->out));
        if (n <= 0)
            return;
        buf_eat(&f->out, (size_t)n);
    }
    if (f->end != HAND_GOES_ON)
        conn_shut(f->conn);
}

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct fetch *f = arg;
    switch (ev) {
    case CONN_OPEN:
        break;
    case CONN_READABLE:
        break;
    case CONN_WRITABLE:
        flush(f);
        break;
    case CONN_CLOSED:
        end(f, false, why);
        break;
    }
    step(f);
}

static void on_idle(void *arg)
{
    struct fetch *f = arg;
    struct loop *loop = f->g->h->loop;
    uint64_t quiet = loop_now_us(loop) - f->last_us;
    struct why why;
    f->idle = NULL;
    bool ours = f->later || (f->end == HAND_GOES_ON && hand_store_busy(store(f)));
    if (quiet < HAND_QUIET_US || ours) {
        f->idle =
            timer_start(loop, quiet < HAND_QUIET_US ? HAND_QUIET_US - quiet : SEC, on_idle, f);
        return;
    }
    why_set(&why, ERR_TIMEOUT, "nothing came for a minute");
    end(f, false, &why);
    step(f);
}

static void put_want(struct fetch *f)
{
    struct hand_want w = {.chunk = f->next, .end = f->end};
    struct buf b = {0};
    memcpy(w.token, f->g->token, sizeof w.token);
    hand_want_put(&b, &w);
    buf_uvarint(&f->out, buf_len(&b));
    buf_put(&f->out, buf_bytes(&b), buf_len(&b));
    buf_done(&b);
}

static void on_stream(void *arg, const struct host_stream *s, const struct why *why)
{
    struct fetch *f = arg;
    f->open = NULL;
    if (!s) {
        end(f, false, why);
        step(f);
        return;
    }
    f->conn = s->conn;
    conn_watch(f->conn, on_conn, f);
    f->last_us = loop_now_us(f->g->h->loop);
    f->idle = timer_start(f->g->h->loop, HAND_QUIET_US, on_idle, f);
    put_want(f);
    flush(f);
    f->later = timer_start(f->g->h->loop, 0, on_later, f);
}

struct fetch *fetch_start(struct get *g, enum hand_end how, fetch_cb *cb, void *arg)
{
    static const char *const protocols[] = {HAND_DATA_PROTOCOL};
    struct fetch *f = MEM_NEW(struct fetch);
    f->g = g;
    f->end = how;
    f->next = how == HAND_GOES_ON ? hand_store_next(g->store) : 0;
    f->cb = cb;
    f->arg = arg;
    f->open = host_open(g->h->host, &g->peer, protocols, 1, on_stream, f);
    return f;
}
