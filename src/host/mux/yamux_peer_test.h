/* host/mux/yamux_peer_test.h - for tests: Yamux against an other side moved by hand, frame by
 * frame.
 */
#ifndef SHOAL_HOST_MUX_YAMUX_PEER_TEST_H
#define SHOAL_HOST_MUX_YAMUX_PEER_TEST_H
#include "host/mux/yamux.h"

#include "host/mux/duo_test.h"
#include "host/mux/yamux_msg.h"
#include "host/mux/yamux_state.h"

enum { STREAMS = 2048 };

struct peer {
    struct duo d;
    struct hand h;   /* the other side */
    struct mux *mux; /* ours */
    bool reads;      /* our owner reads what comes, at once */
    struct conn *s[STREAMS];
    bool told[STREAMS];
    unsigned shown;
    uint64_t got;
    bool ended, closed;
    struct why why, stream_why;
};

struct ear { /* which stream an event is of */
    struct peer *p;
    unsigned i;
};
static struct ear ears[STREAMS];

static inline void peer_read(struct peer *p, unsigned i, size_t most)
{
    static uint8_t bytes[1 << 20];
    ssize_t n = 0;
    while (most > 0 &&
           (n = conn_recv(p->s[i], bytes, most < sizeof bytes ? most : sizeof bytes)) > 0) {
        p->got += (uint64_t)n;
        most -= (size_t)n;
    }
    p->ended |= n == CONN_END;
}

static inline void on_ear(void *arg, enum conn_event ev, const struct why *why)
{
    struct ear *e = arg;
    if (ev == CONN_READABLE && e->p->reads)
        peer_read(e->p, e->i, SIZE_MAX);
    if (ev == CONN_CLOSED) {
        assert_false(e->p->told[e->i]);
        e->p->told[e->i] = true;
        e->p->stream_why = *why;
    }
}

static inline void watch(struct peer *p, struct conn *s)
{
    assert_true(p->shown < STREAMS);
    p->s[p->shown] = s;
    ears[p->shown] = (struct ear){p, p->shown};
    conn_watch(s, on_ear, &ears[p->shown++]);
}

static inline void on_shown(void *arg, struct conn *s)
{
    watch(arg, s);
}

static inline void on_peer_closed(void *arg, const struct why *why)
{
    struct peer *p = arg;
    assert_false(p->closed);
    p->closed = true;
    p->why = *why;
}

/* Ours is the client where `client`; the other side is told what it says by feed(). */
static inline struct peer *peer_open(bool client)
{
    static const struct mux_events events = {on_shown, on_peer_closed};
    struct peer *p = MEM_NEW(struct peer);
    duo_open(&p->d, 1);
    p->mux = yamux_new(p->d.a, client, &events, p);
    hand_take(&p->h, p->d.b);
    p->d.a = p->d.b = NULL;
    p->reads = true;
    return p;
}

static inline void peer_close(struct peer *p)
{
    for (unsigned i = 0; i < p->shown; i++)
        conn_close(p->s[i]);
    mux_close(p->mux);
    hand_drop(&p->h);
    duo_close(&p->d);
    free(p);
}

static inline void pass(struct peer *p)
{
    sim_run_for(p->d.sim, SEC);
}

/* A frame, with as many bytes behind it as `bytes` says. */
static inline void frame(struct peer *p, enum yamux_type type, unsigned flags, uint32_t id,
                         uint32_t length, size_t bytes)
{
    struct buf b = {0};
    yamux_write(buf_room(&b, YAMUX_HEADER_LEN),
                &(struct yamux_frame){type, (uint16_t)flags, id, length});
    buf_grew(&b, YAMUX_HEADER_LEN);
    memset(buf_room(&b, bytes + 1), 'x', bytes);
    buf_grew(&b, bytes);
    while (buf_len(&b) > 0 && !p->h.closed) {
        ssize_t n = conn_send(p->h.c, buf_bytes(&b), buf_len(&b));
        if (n > 0)
            buf_eat(&b, (size_t)n);
        else
            sim_run_for(p->d.sim, 10 * MSEC);
    }
    buf_done(&b);
}

/* The next frame from ours; false: none is there.  Bytes of DATA are dropped. */
static inline bool heard(struct peer *p, struct yamux_frame *f)
{
    struct cur c = buf_cur(&p->h.got);
    if (c.n < YAMUX_HEADER_LEN)
        return false;
    assert_int_equal(yamux_read(&c, f, NULL), OK);
    buf_eat(&p->h.got, YAMUX_HEADER_LEN + (f->type == YAMUX_DATA ? f->length : 0));
    return true;
}

static inline void hear(struct peer *p, enum yamux_type type, unsigned flags, uint32_t id,
                        uint32_t length)
{
    struct yamux_frame f;
    assert_true(heard(p, &f));
    assert_int_equal(f.type, type);
    assert_int_equal(f.flags, flags);
    assert_int_equal(f.stream, id);
    assert_int_equal(f.length, length);
}

static inline void hear_nothing(struct peer *p)
{
    assert_int_equal(buf_len(&p->h.got), 0);
}

static inline void hear_the_end(struct peer *p, enum err code, const char *words)
{
    pass(p);
    struct yamux_frame f = {0};
    while (heard(p, &f))
        ;
    assert_int_equal(f.type, YAMUX_GO_AWAY);
    assert_int_equal(f.length, YAMUX_PROTOCOL_ERROR);
    assert_true(p->closed);
    assert_int_equal(p->why.code, code);
    if (!strstr(p->why.text, words))
        fail_msg("%s", p->why.text);
}

#endif
