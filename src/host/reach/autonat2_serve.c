/* Answering: one address of those that are asked about is dialled, and the nonce said there. */
#include "host/reach/autonat2.h"

#include "base/mem.h"
#include "host/host_in.h"
#include "host/host_quic.h"
#include "host/host_ws.h"
#include "host/mux/messages.h"
#include "host/mux/multistream.h"
#include "host/mux/yamux.h"
#include "host/reach/autonat2_msg.h"
#include "host/upgrade.h"

#include <stdlib.h>

#define MINUTE_US (60 * SEC)
#define READ_US (10 * SEC)  /* for the question, and for each part of the data */
#define ALL_US (90 * SEC)   /* for all of it */
#define HEARD_US (10 * SEC) /* for the other side to say that it heard the nonce */

struct asked_us {
    struct addr by;
    uint64_t at_us; /* 0: none */
};

struct autonat2_server {
    struct host *host;
    bool lab;
    struct link questions;
    size_t count;
    struct asked_us asked[AUTONAT2_DIALS_MAX]; /* of the last minute, a ring */
    size_t next;
};

/* One question, until it is answered. */
struct question {
    struct link link;
    struct autonat2_server *server;
    struct peer_id peer;
    struct addr from; /* as we see it */
    struct messages *stream;
    uint64_t nonce, index;
    struct multiaddr_route
        route;             /* of the address that is dialled; reach and addr of none: not yet */
    uint64_t wanted_bytes; /* still to come before we dial */
    struct upgrade *upgrade;
    struct quic *socket;
    struct quic_conn *quic;
    struct mux *mux; /* what was dialled */
    struct conn *back;
    struct multistream *agreeing;
    struct messages *nonce_stream;
    struct timer *late;
    struct timer *end; /* the answer is said in a turn of its own */
    enum autonat2_dialled dialled;
};

static void hang_up(struct question *q)
{
    upgrade_cancel(q->upgrade);
    quic_dial_cancel(q->quic);
    multistream_cancel(q->agreeing);
    conn_close(q->back);
    messages_free(q->nonce_stream);
    mux_close(q->mux);
    quic_close(q->socket);
}

static void question_free(struct question *q)
{
    list_drop(&q->link);
    q->server->count--;
    timer_cancel(q->end);
    timer_cancel(q->late);
    messages_free(q->stream);
    hang_up(q);
    free(q);
}

static void answer(struct question *q, enum autonat2_status status)
{
    struct autonat2_msg m = {.kind = AUTONAT2_ANSWER,
                             .status = status,
                             .index = q->index,
                             .dialled = status == AUTONAT2_OK ? q->dialled : AUTONAT2_NOT_DIALLED};
    struct buf out = {0};
    autonat2_encode(&m, &out);
    if (messages_send(q->stream, buf_bytes(&out), buf_len(&out), NULL) == OK)
        messages_shut(q->stream);
    buf_done(&out);
    question_free(q);
}

/* --- dialling back -------------------------------------------------------------------------- */

static void on_end(void *arg)
{
    struct question *q = arg;
    q->end = NULL;
    answer(q, AUTONAT2_OK);
}

static void dialled(struct question *q, enum autonat2_dialled how)
{
    q->dialled = how;
    if (!q->end)
        q->end = timer_start(q->server->host->loop, 0, on_end, q);
}

static void on_heard(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct question *q = arg;
    (void)why;
    bool heard = ev == MESSAGES_ONE && autonat2_heard_decode(msg, NULL) == OK;
    dialled(q, heard || q->dialled == AUTONAT2_REACHED ? AUTONAT2_REACHED : AUTONAT2_NO_BACK);
}

static void on_agreed(void *arg, const char *protocol, const struct why *why)
{
    struct question *q = arg;
    struct buf out = {0};
    (void)why;
    q->agreeing = NULL;
    if (!protocol) {
        dialled(q, AUTONAT2_NO_BACK);
        return;
    }
    q->nonce_stream = messages_new(q->back, AUTONAT2_MESSAGE_MAX, on_heard, q);
    q->back = NULL;
    messages_expect(q->nonce_stream, HEARD_US);
    autonat2_back_encode(q->nonce, &out);
    if (messages_send(q->nonce_stream, buf_bytes(&out), buf_len(&out), NULL) == OK)
        messages_shut(q->nonce_stream);
    else
        dialled(q, AUTONAT2_NO_BACK);
    buf_done(&out);
}

/* What it asks us over this connection is not answered: it ends at once. */
static void on_stream(void *arg, struct conn *s)
{
    (void)arg;
    conn_close(s);
}

static void on_closed(void *arg, const struct why *why)
{
    struct question *q = arg;
    (void)why;
    if (!q->end)
        dialled(q, AUTONAT2_NO_BACK);
}

static const struct mux_events events = {.stream = on_stream, .closed = on_closed};

static void say_nonce(struct question *q)
{
    static const char *const names[] = {AUTONAT2_BACK_PROTOCOL};
    q->back = mux_open(q->mux, NULL);
    if (q->back)
        q->agreeing = multistream_dial(q->back, names, 1, on_agreed, q);
    else
        dialled(q, AUTONAT2_NO_BACK);
}

static void on_upgraded(void *arg, struct conn *secured, const char *muxer, const struct why *why)
{
    struct question *q = arg;
    (void)muxer; /* there is one */
    (void)why;
    q->upgrade = NULL;
    if (!secured) {
        dialled(q, AUTONAT2_UNREACHED);
        return;
    }
    q->mux = yamux_new(secured, true, &events, q);
    say_nonce(q);
}

static void on_quic(void *arg, struct mux *m, const struct peer_id *peer, const struct why *why)
{
    struct question *q = arg;
    (void)peer;
    (void)why;
    q->quic = NULL;
    if (!m) {
        dialled(q, AUTONAT2_UNREACHED);
        return;
    }
    q->mux = m;
    mux_watch(m, &events, q);
    say_nonce(q);
}

static void dial_back(struct question *q)
{
    struct host *h = q->server->host;
    messages_expect(q->stream, 0);
    messages_pause(q->stream, true);
    if (q->route.reach == REACH_QUIC) {
        q->quic = host_quic_dial_afresh(h, &q->route.addr, &q->peer, on_quic, q, &q->socket, NULL);
        if (!q->quic)
            answer(q, AUTONAT2_INTERNAL_ERROR);
        return;
    }
    struct conn *c = q->route.reach == REACH_TCP
                         ? tcp_dial(h->loop, &q->route.addr, NULL, NULL, NULL)
                         : host_ws_dial(h, &q->route, NULL);
    if (c)
        q->upgrade = upgrade_dial(h->self, c, &q->peer, on_upgraded, q);
    else
        answer(q, AUTONAT2_INTERNAL_ERROR);
}

/* --- what is asked -------------------------------------------------------------------------- */

/* "IPv4 only servers SHOULD refuse requests for dialing IPv6 addresses": ours, of this family. */
static bool has_family(const struct autonat2_server *s, const struct addr *to)
{
    const struct own *own = &s->host->own;
    for (size_t i = 0; i < own->count; i++) {
        struct multiaddr_route r;
        bool known = multiaddr_route(&own->addrs[i], &r, NULL) == OK;
        if (known && r.addr.family == to->family &&
            (s->lab || to->family == ADDR_V4 || !addr_is_private(&r.addr)))
            return true;
    }
    return false;
}

static bool would_dial(const struct autonat2_server *s, const struct multiaddr_route *r)
{
    bool foreign = addr_is_private(&r->addr) || addr_is_loopback(&r->addr);
    return !r->relayed && !r->named && addr_is_dialable(&r->addr) && (s->lab || !foreign) &&
           has_family(s, &r->addr);
}

/* The first that we would dial; false: none is. */
static bool choose(struct question *q, const struct autonat2_msg *m)
{
    for (size_t i = 0; i < m->addr_count; i++) {
        struct multiaddr a;
        if (multiaddr_decode(&a, m->addrs[i], NULL) != OK ||
            multiaddr_route(&a, &q->route, NULL) != OK || !would_dial(q->server, &q->route))
            continue;
        q->index = i;
        return true;
    }
    return false;
}

/* False: too many in this minute. */
static bool may_ask(struct autonat2_server *s, const struct addr *by)
{
    uint64_t now = loop_now_us(s->host->loop);
    size_t same = 0;
    for (size_t i = 0; i < AUTONAT2_DIALS_MAX; i++)
        same += s->asked[i].at_us && now - s->asked[i].at_us < MINUTE_US &&
                addr_same_ip(&s->asked[i].by, by);
    uint64_t oldest = s->asked[s->next].at_us;
    if ((oldest && now - oldest < MINUTE_US) || (!s->lab && same >= AUTONAT2_DIALS_OF_ONE_MAX))
        return false;
    s->asked[s->next] = (struct asked_us){.by = *by, .at_us = now};
    s->next = (s->next + 1) % AUTONAT2_DIALS_MAX;
    return true;
}

/* Else we could be used to shake hands with anybody at no cost. */
static void ask_data(struct question *q)
{
    uint64_t more = loop_random_u64(q->server->host->loop);
    struct autonat2_msg m = {.kind = AUTONAT2_ASK_DATA, .index = q->index};
    struct buf out = {0};
    m.wanted_bytes = AUTONAT2_DATA_MIN + more % (AUTONAT2_DATA_MAX - AUTONAT2_DATA_MIN + 1);
    q->wanted_bytes = m.wanted_bytes;
    autonat2_encode(&m, &out);
    if (messages_send(q->stream, buf_bytes(&out), buf_len(&out), NULL) != OK)
        question_free(q);
    buf_done(&out);
}

static void on_question(struct question *q, const struct autonat2_msg *m)
{
    q->nonce = m->nonce;
    if (loop_proxy(q->server->host->loop) || !may_ask(q->server, &q->from))
        answer(q, AUTONAT2_REJECTED);
    else if (!choose(q, m))
        answer(q, AUTONAT2_REFUSED);
    else if (addr_same_ip(&q->route.addr, &q->from))
        dial_back(q);
    else
        ask_data(q);
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct question *q = arg;
    struct autonat2_msg m;
    bool data = q->wanted_bytes > 0;
    (void)why;
    if (ev == MESSAGES_END && q->dialled == AUTONAT2_NOT_DIALLED && !data)
        return; /* it says no more, and waits */
    if (ev != MESSAGES_ONE || autonat2_decode(&m, msg, NULL) != OK ||
        m.kind != (data ? AUTONAT2_DATA : AUTONAT2_ASK)) {
        question_free(q);
        return;
    }
    if (!data) {
        on_question(q, &m);
        return;
    }
    if (m.data.n == 0) { /* costs it nothing */
        question_free(q);
        return;
    }
    q->wanted_bytes -= m.data.n < q->wanted_bytes ? m.data.n : q->wanted_bytes;
    if (q->wanted_bytes == 0)
        dial_back(q);
}

static void on_late(void *arg)
{
    struct question *q = arg;
    q->late = NULL;
    question_free(q);
}

static bool is_asking(const struct autonat2_server *s, const struct peer_id *peer)
{
    LIST_EACH(&s->questions, struct question, q, link)
        if (peer_id_equal(&q->peer, peer))
            return true;
    return false;
}

static void on_request(void *arg, const struct host_stream *hs)
{
    struct autonat2_server *s = arg;
    if (hs->conn->peer.family == ADDR_NONE || s->count == AUTONAT2_ASKED_MAX ||
        is_asking(s, hs->peer)) {
        conn_close(hs->conn);
        return;
    }
    struct question *q = MEM_NEW(struct question);
    q->server = s;
    q->peer = *hs->peer;
    q->from = hs->conn->peer;
    list_push(&s->questions, &q->link);
    s->count++;
    q->stream = messages_new(hs->conn, AUTONAT2_MESSAGE_MAX, on_message, q);
    messages_expect(q->stream, READ_US);
    q->late = timer_start(s->host->loop, ALL_US, on_late, q);
}

struct autonat2_server *autonat2_serve(struct host *h, bool lab)
{
    struct autonat2_server *s = MEM_NEW(struct autonat2_server);
    struct host_protocol p = {.name = AUTONAT2_REQUEST_PROTOCOL, .cb = on_request, .arg = s};
    s->host = h;
    s->lab = lab;
    list_init(&s->questions);
    host_handle(h, &p);
    return s;
}

void autonat2_serve_end(struct autonat2_server *s)
{
    if (!s)
        return;
    host_ignore(s->host, AUTONAT2_REQUEST_PROTOCOL);
    LIST_EACH(&s->questions, struct question, q, link)
        question_free(q);
    free(s);
}
