#include "host/gossip/gossip_out.h"

#include "base/list.h"
#include "base/mem.h"
#include "host/mux/purse.h"

#include <stdlib.h>

enum rank { OUT_SUB, OUT_MUST, OUT_IDS, OUT_MESSAGE, OUT_RANKS }; /* in the order of their turn */
enum { FRAME = 16 };     /* bytes around a message in an RPC, and around the control */
enum { NOISE_MAX = 64 }; /* bytes that come where nothing should */

struct thing {
    struct link link;
    struct buf bytes;            /* as it stands in the RPC or in its control */
    struct gossip_held *message; /* OUT_MESSAGE */
    size_t drawn;                /* from the purse of the stream's peer */
};

struct gossip_out {
    struct gossip_out_cfg cfg;
    struct conn *stream; /* NULL: there is none now */
    struct link things[OUT_RANKS];
    size_t bytes[OUT_RANKS], count[OUT_RANKS];
    struct buf wire; /* of the RPC that is going out */
    struct timer *flush;
    bool flush_now; /* it waits for nothing but the turn */
    uint64_t flushed_us;
    size_t dropped, noise;
};

static size_t size_of(const struct thing *t)
{
    return t->message ? t->message->whole.n : buf_len(&t->bytes);
}

static void thing_free(struct gossip_out *o, enum rank r, struct thing *t)
{
    if (t->drawn > 0)
        tab_give(o->stream->tab, t->drawn);
    o->bytes[r] -= size_of(t);
    o->count[r]--;
    list_drop(&t->link);
    gossip_held_drop(t->message);
    buf_done(&t->bytes);
    free(t);
}

static void forget(struct gossip_out *o)
{
    for (int r = 0; r < OUT_RANKS; r++)
        LIST_EACH(&o->things[r], struct thing, t, link)
            thing_free(o, (enum rank)r, t);
    buf_done(&o->wire);
    timer_cancel(o->flush);
    o->flush = NULL;
}

static void lose(struct gossip_out *o, const struct why *why)
{
    struct why said = *why;
    gossip_out_stream(o, NULL);
    o->cfg.lost(o->cfg.arg, &said);
}

/* --- the next RPC --------------------------------------------------------------------------- */

/* Things of one rank, while they fit behind `have` bytes; the first always does. */
static void take(struct gossip_out *o, enum rank r, struct buf *to, size_t have)
{
    LIST_EACH(&o->things[r], struct thing, t, link) {
        size_t all = have + buf_len(to);
        if (all > 0 && all + size_of(t) + FRAME > GOSSIP_SAY_MAX)
            return;
        if (!t->message)
            buf_put(to, buf_bytes(&t->bytes), buf_len(&t->bytes));
        else if (o->cfg.wants(o->cfg.arg, t->message))
            gossip_put_msg(to, t->message->whole);
        thing_free(o, r, t);
    }
}

/* False: nothing waits. */
static bool make_rpc(struct gossip_out *o)
{
    struct buf rpc = {0}, control = {0};
    take(o, OUT_SUB, &rpc, 0);
    take(o, OUT_MUST, &control, buf_len(&rpc));
    take(o, OUT_IDS, &control, buf_len(&rpc));
    gossip_put_control(&rpc, &control);
    if (list_empty(&o->things[OUT_SUB]) && list_empty(&o->things[OUT_MUST]))
        take(o, OUT_MESSAGE, &rpc, 0);
    bool any = buf_len(&rpc) > 0;
    if (any) {
        buf_uvarint(&o->wire, buf_len(&rpc));
        buf_put(&o->wire, buf_bytes(&rpc), buf_len(&rpc));
    }
    buf_done(&rpc);
    buf_done(&control);
    return any;
}

static void write_on(struct gossip_out *o)
{
    while (o->stream && (buf_len(&o->wire) > 0 || make_rpc(o))) {
        ssize_t n = conn_send(o->stream, buf_bytes(&o->wire), buf_len(&o->wire));
        if (n <= 0)
            return; /* CONN_WRITABLE or CONN_CLOSED comes */
        buf_eat(&o->wire, (size_t)n);
    }
    buf_done(&o->wire); /* an idle stream holds no room */
}

static void on_flush(void *arg)
{
    struct gossip_out *o = arg;
    struct why why;
    o->flush = NULL;
    o->flushed_us = loop_now_us(o->cfg.loop);
    write_on(o);
    if (o->stream && o->bytes[OUT_SUB] + o->bytes[OUT_MUST] > GOSSIP_OUT_MUST_BYTES) {
        why_set(&why, ERR_LIMIT, "it takes too little of what it must be told");
        lose(o, &why);
    }
}

/* --- what waits ----------------------------------------------------------------------------- */

/* What is never dropped is held even where the peer has enough already. */
static bool is_dropped(enum rank r)
{
    return r == OUT_IDS || r == OUT_MESSAGE;
}

static bool has_room(const struct gossip_out *o, enum rank r, size_t n)
{
    switch (r) {
    case OUT_IDS:
        return o->bytes[r] + n <= GOSSIP_OUT_IDS_BYTES;
    case OUT_MESSAGE:
        return o->count[r] == 0 ||
               (o->count[r] < GOSSIP_OUT_MESSAGES && o->bytes[r] + n <= GOSSIP_OUT_BYTES);
    case OUT_SUB:
    case OUT_MUST:
    case OUT_RANKS:
        break;
    }
    return o->stream || o->bytes[r] + n <= GOSSIP_OUT_MUST_BYTES; /* a new stream begins anew */
}

/* A write of its own costs more than the message in it. */
static void flush_soon(struct gossip_out *o)
{
    if (!o->stream || (o->flush && o->flush_now))
        return;
    uint64_t since_us = loop_now_us(o->cfg.loop) - o->flushed_us;
    o->flush_now =
        since_us >= GOSSIP_OUT_APART_US || gossip_out_waiting(o) >= GOSSIP_OUT_FULL_BYTES;
    if (o->flush && !o->flush_now)
        return;
    timer_cancel(o->flush);
    o->flush =
        timer_start(o->cfg.loop, o->flush_now ? 0 : GOSSIP_OUT_APART_US - since_us, on_flush, o);
}

/* Takes what is in bytes; keeps m. */
static void push(struct gossip_out *o, enum rank r, struct buf *bytes, struct gossip_held *m)
{
    size_t n = m ? m->whole.n : buf_len(bytes);
    bool room = has_room(o, r, n);
    bool drawn =
        room && o->stream && tab_take(o->stream->tab, n, "what it has to be told", NULL) == OK;
    if (!room || (o->stream && !drawn && is_dropped(r))) {
        o->dropped++;
        buf_done(bytes);
        return;
    }
    struct thing *t = MEM_NEW(struct thing);
    t->bytes = *bytes;
    t->message = m ? gossip_held_keep(m) : NULL;
    t->drawn = drawn ? n : 0;
    o->bytes[r] += n;
    o->count[r]++;
    list_push(&o->things[r], &t->link);
    flush_soon(o);
}

void gossip_out_sub(struct gossip_out *o, struct cur topic, bool subscribe)
{
    struct buf b = {0};
    gossip_put_sub(&b, topic, subscribe);
    push(o, OUT_SUB, &b, NULL);
}

void gossip_out_act(struct gossip_out *o, const struct gossip_action *a)
{
    struct buf b = {0};
    switch (a->act) {
    case GOSSIP_SAY_MESSAGE:
        push(o, OUT_MESSAGE, &b, a->message);
        break;
    case GOSSIP_SAY_GRAFT:
        gossip_put_graft(&b, a->topic);
        push(o, OUT_MUST, &b, NULL);
        break;
    case GOSSIP_SAY_PRUNE:
        gossip_put_prune(&b, a->topic, a->backoff_s, a->peers);
        push(o, OUT_MUST, &b, NULL);
        break;
    case GOSSIP_SAY_IDS:
        gossip_put_ids(&b, a->kind, a->topic, a->ids);
        push(o, OUT_IDS, &b, NULL);
        break;
    case GOSSIP_MEET:
        break;
    }
}

/* --- life ----------------------------------------------------------------------------------- */

/* Nothing comes on this stream but its end ("The outbound stream is used only to write data"). */
static void read_off(struct gossip_out *o)
{
    uint8_t byte[NOISE_MAX];
    struct why why;
    ssize_t n = 0;
    while (o->noise <= NOISE_MAX && (n = conn_recv(o->stream, byte, sizeof byte)) > 0)
        o->noise += (size_t)n;
    if (o->noise > NOISE_MAX) {
        why_set(&why, ERR_INVALID, "it writes where it should only read");
        lose(o, &why);
    }
}

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct gossip_out *o = arg;
    switch (ev) {
    case CONN_OPEN:
        break;
    case CONN_READABLE:
        read_off(o);
        break;
    case CONN_WRITABLE:
        write_on(o);
        break;
    case CONN_CLOSED:
        lose(o, why);
        break;
    }
}

void gossip_out_stream(struct gossip_out *o, struct conn *stream)
{
    forget(o);
    conn_close(o->stream);
    o->stream = stream;
    o->noise = 0;
    if (stream) {
        conn_watch(stream, on_conn, o);
        read_off(o);
    }
}

struct gossip_out *gossip_out_new(const struct gossip_out_cfg *cfg)
{
    struct gossip_out *o = MEM_NEW(struct gossip_out);
    o->cfg = *cfg;
    for (int r = 0; r < OUT_RANKS; r++)
        list_init(&o->things[r]);
    return o;
}

void gossip_out_free(struct gossip_out *o)
{
    if (!o)
        return;
    gossip_out_stream(o, NULL);
    free(o);
}

size_t gossip_out_waiting(const struct gossip_out *o)
{
    size_t n = buf_len(&o->wire);
    for (int r = 0; r < OUT_RANKS; r++)
        n += o->bytes[r];
    return n;
}

size_t gossip_out_dropped(const struct gossip_out *o)
{
    return o->dropped;
}

size_t gossip_out_messages(const struct gossip_out *o)
{
    return o->count[OUT_MESSAGE];
}
