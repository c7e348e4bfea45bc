/* One connection to a peer: its streams, and which protocol each of them speaks. */
#include "host/host_in.h"

#include "base/mem.h"
#include "host/mux/multistream.h"
#include "host/mux/yamux.h"
#include "host/trust.h"

#include <stdlib.h>
#include <string.h>

enum { TALKS_MAX = 256 }; /* inbound streams whose protocol is not known yet; more are reset */
#define FAR_US (3 * MSEC) /* a round trip that is worth saving */
enum { NAMES_MAX = 8 };   /* protocols in one question */

struct talk {
    struct link link; /* in connection.talks */
    struct connection *c;
    struct conn *stream;
    struct use *use; /* of stream */
    struct multistream *ms;
    struct timer *turn; /* the next one: it is known what is spoken, or that nothing can be */
    const char *names[NAMES_MAX]; /* ours to ask; of one from the other side: none */
    host_open_cb *cb;             /* NULL: from the other side */
    void *arg;
};

static void talk_free(struct talk *t)
{
    list_drop(&t->link);
    multistream_cancel(t->ms);
    timer_cancel(t->turn);
    conn_close(t->stream);
    free(t);
}

void talk_cancel(struct talk *t)
{
    if (t)
        talk_free(t);
}

static struct host_stream hand_over(struct talk *t, const char *protocol)
{
    struct host_stream s = {.conn = t->stream,
                            .peer = &t->c->peer->id,
                            .protocol = protocol,
                            .limited = t->c->way.limited};
    t->stream = NULL;
    talk_free(t);
    return s;
}

/* --- asked ---------------------------------------------------------------------------------- */

static const char *choose(void *arg, const char *name)
{
    const struct talk *t = arg;
    const struct host_protocol *p = host_protocol(t->c->host, name);
    return p && (p->limited || !t->c->way.limited) ? p->name : NULL;
}

static void on_chosen(void *arg, const char *protocol, const struct why *why)
{
    struct talk *t = arg;
    struct host *h = t->c->host;
    const struct host_protocol *p = protocol ? host_protocol(h, protocol) : NULL;
    t->ms = NULL;
    if (!p) {
        if (!protocol)
            log_debug(h->log, "a stream agreed on no protocol: %s", why->text);
        talk_free(t);
        return;
    }
    if (!use_agree(t->use, p->name)) {
        log_debug(h->log, "a stream too many of %s", p->name);
        talk_free(t);
        return;
    }
    struct host_stream s = hand_over(t, p->name);
    p->cb(p->arg, &s);
}

static void on_stream(void *arg, struct conn *s)
{
    struct connection *c = arg;
    size_t n = 0;
    LIST_EACH(&c->talks, struct talk, other, link)
        n += other->cb == NULL;
    struct use *use = n < TALKS_MAX ? use_begin(c, s, true) : NULL;
    if (!use) {
        conn_close(s);
        return;
    }
    struct talk *t = MEM_NEW(struct talk);
    t->c = c;
    t->stream = s;
    t->use = use;
    list_push(&c->talks, &t->link);
    t->ms = multistream_accept(s, choose, on_chosen, t);
}

/* --- asking --------------------------------------------------------------------------------- */

static void on_agreed(void *arg, const char *protocol, const struct why *why)
{
    struct talk *t = arg;
    host_open_cb *cb = t->cb;
    void *cb_arg = t->arg;
    t->ms = NULL;
    if (!protocol) {
        talk_free(t);
        cb(cb_arg, NULL, why);
        return;
    }
    (void)use_agree(t->use, protocol); /* as many as we like */
    struct host_stream s = hand_over(t, protocol);
    cb(cb_arg, &s, NULL);
}

static void on_refused(void *arg)
{
    struct talk *t = arg;
    struct why why;
    t->turn = NULL;
    why_set(&why, ERR_LIMIT, "too many streams to this peer wait to be answered");
    host_open_cb *cb = t->cb;
    void *cb_arg = t->arg;
    talk_free(t);
    cb(cb_arg, NULL, &why);
}

/* The first of them that the peer has said it speaks, where asking is known to take long; else
 * NULL. Near by a question costs less than what it saves: greetings that go with the first bytes
 * are written one by one.  Over a relay nothing is taken for granted: who punches a hole tries
 * plainly while it asks. */
static const char *known_of(const struct connection *c, const char *const *names, size_t n)
{
    const struct peer *p = c->peer;
    bool far = p->identified && c->way.path != PATH_RELAYED && mux_rtt_us(c->mux) >= FAR_US;
    for (size_t i = 0; far && i < n; i++)
        for (size_t k = 0; k < p->protocol_count; k++)
            if (strcmp(p->protocols[k], names[i]) == 0)
                return names[i];
    return NULL;
}

static void on_known(void *arg)
{
    struct talk *t = arg;
    t->turn = NULL;
    on_agreed(t, t->names[0], NULL);
}

/* Without a question: the answer comes with the first bytes (mux/multistream.h). */
static void take_its_word(struct talk *t, const char *name)
{
    t->names[0] = name;
    t->turn = timer_start(t->c->host->loop, 0, on_known, t); /* before the greeting's own turn */
    t->stream = multistream_lazy(t->stream, name, NULL, NULL);
}

struct talk *connection_open(struct connection *c, const char *const *names, size_t n,
                             host_open_cb *cb, void *arg)
{
    struct talk *t = MEM_NEW(struct talk);
    t->c = c;
    t->cb = cb;
    t->arg = arg;
    n = n < NAMES_MAX ? n : NAMES_MAX;
    for (size_t i = 0; i < n; i++)
        t->names[i] = names[i];
    list_push(&c->talks, &t->link);
    t->stream = mux_open(c->mux, NULL);
    const char *known = known_of(c, names, n);
    if (t->stream)
        t->use = use_begin(c, t->stream, false);
    if (t->stream && known) {
        take_its_word(t, known);
    } else if (t->stream) {
        t->ms = multistream_dial(t->stream, t->names, n, on_agreed, t);
    } else {
        t->turn = timer_start(c->host->loop, 0, on_refused, t);
    }
    return t;
}

/* --- life ----------------------------------------------------------------------------------- */

static void end_talks(struct connection *c, const struct why *why)
{
    for (struct talk *t; (t = LIST_FIRST(&c->talks, struct talk, link));) {
        host_open_cb *cb = t->cb;
        void *arg = t->arg;
        talk_free(t);
        if (cb)
            cb(arg, NULL, why);
    }
}

bool hole_is_open(const struct hole *o, uint64_t now_us)
{
    return o->at.family != ADDR_NONE && now_us - o->ended_us < HOLE_US;
}

/* Who goes through an open hole comes directly. */
static void remember_hole(struct connection *c)
{
    struct hole *o = &c->peer->holes[c->way.reach == REACH_QUIC ? HOLE_QUIC : HOLE_TCP];
    if (c->way.path == PATH_PUNCHED ||
        (c->way.path == PATH_DIRECT && addr_equal(&o->at, &c->mux->peer)))
        *o = (struct hole){.at = c->mux->peer, .ended_us = loop_now_us(c->host->loop)};
}

void connection_close(struct connection *c, const struct why *why)
{
    struct host *h = c->host;
    struct peer *p = c->peer;
    remember_hole(c);
    log_debug(h->log, "a connection is over: %s", why->text);
    list_drop(&c->link);
    h->conn_count--;
    identify_end(c);
    end_talks(c, why);
    uses_end(c);
    mux_close(c->mux);
    budget_give(&p->purse->budget, BUDGET_CONNS, 1);
    buf_done(&c->said);
    free(c);
    if (!list_empty(&p->conns))
        return;
    peer_moved(h, p);
    host_tell(h, HOST_GONE, &p->id);
}

static void on_closed(void *arg, const struct why *why)
{
    connection_close(arg, why);
}

static void on_silent(void *arg)
{
    const struct connection *c = arg;
    host_doubt(c->host);
}

static const struct mux_events events = {.stream = on_stream, .closed = on_closed};

static size_t conns_of(const struct peer *p)
{
    size_t n = 0;
    for (const struct link *l = p->conns.next; l != &p->conns; l = l->next)
        n++;
    return n;
}

/* NULL: too many of this peer, or it is ourselves or blocked. */
static struct connection *begin(struct host *h, const struct peer_id *who, const struct way *way)
{
    struct peer *p = peer_get(h, who);
    size_t others = conns_of(p);
    if (peer_id_equal(&p->id, &h->id) || trust_of(h->cfg.trust, &p->id) == TRUST_BLOCKED)
        return NULL;
    if (!p->purse)
        p->purse = purse_new(h->common, HOST_PEER_CONNS_MAX);
    if (budget_take(&p->purse->budget, BUDGET_CONNS, 1, "a connection", NULL) != OK)
        return NULL;
    struct connection *c = MEM_NEW(struct connection);
    c->host = h;
    c->peer = p;
    c->way = *way;
    c->opened_us = loop_now_us(h->loop);
    list_init(&c->talks);
    list_init(&c->uses);
    list_push_front(&p->conns, &c->link);
    h->conn_count++;
    if (others == 0)
        peer_moved(h, p);
    return c;
}

static void go_on(struct connection *c, struct mux *m)
{
    struct host *h = c->host;
    struct peer *p = c->peer;
    c->mux = m;
    m->silent = on_silent;
    mux_draw_from(m, p->purse);
    if (h->punches)
        h->punches->met(h->punches_arg, c);
    identify_begin(c);
    dial_connected(h, p);
    open_connected(h, p);
    peer_tend(p);
    host_trim_soon(h);
    if (conns_of(p) == 1)
        host_tell(h, HOST_CONNECTED, &p->id); /* last: whoever hears it may hang up */
}

bool connection_new(struct host *h, struct conn *secured, const char *muxer, const struct way *way)
{
    struct connection *c = begin(h, secure_peer(secured), way);
    (void)muxer; /* there is one */
    if (!c) {
        conn_close(secured);
        return false;
    }
    go_on(c, yamux_new(secured, !way->inbound, &events, c));
    return true;
}

bool connection_new_muxed(struct host *h, struct mux *m, const struct peer_id *peer,
                          const struct way *way)
{
    struct connection *c = begin(h, peer, way);
    if (!c) {
        mux_close(m);
        return false;
    }
    mux_watch(m, &events, c);
    go_on(c, m);
    return true;
}

static int rank(const struct way *w)
{
    return w->limited ? 0 : w->path == PATH_RELAYED ? 1 : 2;
}

struct connection *connection_best(const struct peer *p, bool limited_too)
{
    struct connection *best = NULL;
    LIST_EACH(&p->conns, struct connection, c, link)
        if ((limited_too || !c->way.limited) && (!best || rank(&c->way) > rank(&best->way)))
            best = c;
    return best;
}

bool peer_is_direct(const struct peer *p)
{
    const struct connection *best = p ? connection_best(p, true) : NULL;
    return best && best->way.path != PATH_RELAYED;
}
