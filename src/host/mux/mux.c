#include "host/mux/mux.h"

#include "base/list.h"

void mux_watch(struct mux *m, const struct mux_events *events, void *arg)
{
    m->events = *events;
    m->arg = arg;
}

struct conn *mux_open(struct mux *m, struct why *why)
{
    return m->ops->open(m, why);
}

void mux_shut(struct mux *m)
{
    m->ops->shut(m);
}

void mux_close(struct mux *m)
{
    if (m)
        m->ops->close(m);
}

void mux_tend(struct mux *m, bool on)
{
    m->ops->tend(m, on);
}

size_t mux_count(const struct mux *m)
{
    return m->ops->count(m);
}

uint64_t mux_rtt_us(const struct mux *m)
{
    return m->ops->rtt_us(m);
}

void mux_on_end(struct conn *s, void (*cb)(void *arg), void *arg)
{
    struct mux_stream *stream = (struct mux_stream *)s;
    stream->ended = cb;
    stream->ended_arg = arg;
}

void mux_draw_from(struct mux *m, struct purse *p)
{
    m->purse = purse_hold(p);
}

void mux_stream_begins(struct mux_stream *s, struct mux *m)
{
    tab_open(&s->tab, m->purse);
    s->conn.tab = &s->tab;
}

void mux_stream_done(struct mux_stream *s)
{
    tab_close(&s->tab);
}

void mux_stream_ends(struct mux_stream *s)
{
    if (s->ended)
        s->ended(s->ended_arg);
    s->ended = NULL;
}

/* Below the filters that may lie over it, whose tab is the stream's.  NULL: it is no stream. */
static struct mux_stream *stream_below(const struct conn *s)
{
    return s->tab ? LIST_OF(s->tab, struct mux_stream, tab) : NULL;
}

enum mux_took mux_datagram(struct conn *s, struct cur bytes)
{
    struct mux_stream *stream = stream_below(s);
    return stream && stream->datagram ? stream->datagram(&stream->conn, bytes) : MUX_NONE;
}

void mux_on_datagram(struct conn *s, void (*cb)(void *arg, struct cur bytes), void *arg)
{
    struct mux_stream *stream = stream_below(s);
    if (!stream)
        return;
    stream->came = cb;
    stream->came_arg = arg;
}
