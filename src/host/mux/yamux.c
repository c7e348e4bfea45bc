#include "host/mux/yamux.h"

#include "base/mem.h"
#include "host/mux/yamux_in.h"

static const struct mux_ops yamux_ops;

static struct yamux *yamux_of(struct mux *m)
{
    return (struct yamux *)m;
}

/* Telling of the end. */

static void tell_all(struct yamux *y)
{
    struct ystream *s;
    while (!y->closed && (s = LIST_FIRST(&y->streams, struct ystream, all)))
        ystream_end(s, y->why, true);
    if (!y->closed && !y->told && y->mux.events.closed) {
        y->told = true;
        y->mux.events.closed(y->mux.arg, y->why);
    }
}

static void release(struct yamux *y)
{
    buf_done(&y->out);
    purse_drop(y->mux.purse);
    free(y->table.slots);
    free(y->why);
    free(y);
}

/* Between the two, events may go up. */
static void enter(struct yamux *y)
{
    y->busy = true;
}

static void leave(struct yamux *y)
{
    y->busy = false;
    if (y->closed)
        release(y);
}

static void on_kick(void *arg)
{
    struct yamux *y = arg;
    y->kick = NULL;
    enter(y);
    if (y->over) {
        tell_all(y);
    } else {
        y->unread = y->unread && !yamux_pull(y);
        yamux_serve(y);
        if (y->unread)
            yamux_wake(y);
    }
    leave(y);
}

void yamux_wake(struct yamux *y)
{
    if (!y->kick && !y->closed)
        y->kick = timer_start(y->mux.loop, 0, on_kick, y);
}

void yamux_fail(struct yamux *y, int code, const struct why *why)
{
    if (y->over)
        return;
    if (code >= 0) {
        yamux_put(y, YAMUX_GO_AWAY, 0, 0, (uint32_t)code);
        yamux_flush(y);
        if (y->over)
            return;
    }
    y->over = true;
    y->why = mem_dup(why, sizeof *why);
    timer_cancel(y->tick);
    y->tick = NULL;
    yamux_wake(y);
}

static void on_below(void *arg, enum conn_event ev, const struct why *why)
{
    struct yamux *y = arg;
    if (y->over)
        return;
    enter(y);
    switch (ev) {
    case CONN_OPEN:
        break;
    case CONN_READABLE:
        y->unread = !yamux_pull(y);
        break;
    case CONN_WRITABLE:
        y->blocked = false;
        break;
    case CONN_CLOSED:
        yamux_fail(y, -1, why);
        break;
    }
    if (!y->over)
        yamux_serve(y);
    if (y->unread)
        yamux_wake(y);
    leave(y);
}

/* Watching over it. */

static void ping(struct yamux *y)
{
    y->ping++;
    y->ping_at_us = loop_now_us(y->mux.loop);
    yamux_put(y, YAMUX_PING, YAMUX_SYN, 0, y->ping);
    yamux_wake(y);
}

void yamux_measure(struct yamux *y)
{
    const uint64_t fresh_us = 10 * SEC;
    if (y->ping_at_us || (y->rtt_us && loop_now_us(y->mux.loop) - y->rtt_at_us < fresh_us))
        return;
    ping(y);
}

/* A ping "can also be used to heart-beat": only after a silence, since who talks is alive. */
static void on_tick(void *arg)
{
    struct yamux *y = arg;
    struct why why;
    uint64_t every_us = y->tended ? MUX_TEND_US : YAMUX_TICK_US;
    y->quiet = y->heard ? 0 : y->quiet + 1;
    y->stuck = y->blocked && !y->moved ? y->stuck + 1 : 0;
    y->moved = y->heard = false;
    y->tick = timer_start(y->mux.loop, every_us, on_tick, y);
    if (y->stuck * every_us >= YAMUX_TICK_US) {
        why_set(&why, ERR_TIMEOUT, "yamux: nothing could be written for %u s",
                (unsigned)(YAMUX_TICK_US / SEC));
        yamux_fail(y, -1, &why);
    } else if (y->quiet >= (y->tended ? MUX_TEND_TICKS : YAMUX_TICKS)) {
        why_set(&why, ERR_TIMEOUT, "yamux: no answer to a ping");
        yamux_fail(y, -1, &why);
    } else if (y->quiet > 0 && !y->ping_at_us) {
        ping(y);
    }
    if (y->tended && (y->quiet == 1 || y->quiet == 2) && y->mux.silent) /* 2: tended since then */
        y->mux.silent(y->mux.arg);
}

static void tend(struct mux *m, bool on)
{
    struct yamux *y = yamux_of(m);
    if (y->over || y->tended == on)
        return;
    y->tended = on;
    y->quiet = on ? 1 : 0; /* nobody knows how long it has been silent: it is asked at once */
    y->stuck = 0;
    y->heard = false;
    if (on && !y->ping_at_us)
        ping(y);
    timer_cancel(y->tick);
    y->tick = timer_start(m->loop, on ? MUX_TEND_US : YAMUX_TICK_US, on_tick, y);
}

struct mux *yamux_new(struct conn *below, bool client, const struct mux_events *events, void *arg)
{
    struct yamux *y = MEM_NEW(struct yamux);
    y->mux = (struct mux){.ops = &yamux_ops,
                          .loop = below->loop,
                          .events = *events,
                          .arg = arg,
                          .peer = below->peer,
                          .local = below->local};
    y->below = below;
    y->client = client;
    y->spare = YAMUX_HELD_MAX;
    y->table.seed = loop_random_u64(below->loop);
    y->ping = (uint32_t)loop_random_u64(below->loop);
    list_init(&y->streams);
    list_init(&y->orphans);
    list_init(&y->leaving);
    list_init(&y->writers);
    list_init(&y->owing);
    conn_watch(below, on_below, y);
    y->tick = timer_start(y->mux.loop, YAMUX_TICK_US, on_tick, y);
    y->unread = true; /* what came before we watched */
    yamux_wake(y);
    return &y->mux;
}

static struct conn *open_stream(struct mux *m, struct why *why)
{
    struct yamux *y = yamux_of(m);
    uint32_t id = yamux_next_id(y->last_id, y->client);
    if (y->over || y->parting || y->they_part || id == 0) {
        why_set(why, ERR_STATE, "yamux: the connection is ending");
        return NULL;
    }
    /* "implementations SHOULD at most allow an ACK backlog of 256 streams" */
    if (y->unacked_out >= YAMUX_ACK_MAX) {
        why_set(why, ERR_LIMIT, "yamux: %d streams wait to be acknowledged", YAMUX_ACK_MAX);
        return NULL;
    }
    y->last_id = id;
    struct ystream *s = ystream_new(y, id, true);
    ystream_owe(s, YAMUX_SYN);
    return &s->conn;
}

static void part(struct mux *m)
{
    struct yamux *y = yamux_of(m);
    if (y->over || y->parting)
        return;
    y->parting = true;
    yamux_put(y, YAMUX_GO_AWAY, 0, 0, YAMUX_NORMAL);
    yamux_wake(y);
}

static void free_orphans(struct link *list)
{
    struct ystream *s;
    while ((s = LIST_FIRST(list, struct ystream, all)))
        ystream_end(s, NULL, false);
}

static void close_mux(struct mux *m)
{
    struct yamux *y = yamux_of(m);
    struct why why;
    struct ystream *s;
    if (!y->over) { /* the last words, as far as they go at once */
        yamux_serve_owed(y);
        part(m);
        yamux_flush(y);
    }
    why_set(&why, ERR_CLOSED, "the connection was closed");
    y->over = y->closed = true;
    while ((s = LIST_FIRST(&y->streams, struct ystream, all)))
        ystream_end(s, y->why ? y->why : &why, false);
    free_orphans(&y->orphans);
    free_orphans(&y->leaving);
    timer_cancel(y->kick);
    timer_cancel(y->tick);
    if (y->why && y->why->code == ERR_TIMEOUT) /* a goodbye that nobody hears would keep the port */
        tcp_reset(y->below);
    else
        conn_close(y->below);
    if (!y->busy)
        release(y);
}

static size_t count(const struct mux *m)
{
    return ((const struct yamux *)m)->count;
}

static uint64_t rtt_us(const struct mux *m)
{
    return ((const struct yamux *)m)->rtt_us;
}

static const struct mux_ops yamux_ops = {.name = "yamux",
                                         .open = open_stream,
                                         .shut = part,
                                         .close = close_mux,
                                         .tend = tend,
                                         .count = count,
                                         .rtt_us = rtt_us};
