/* Answering: whoever asks is dialled where we see him, and nowhere else. */
#include "host/reach/autonat_in.h"

#include "base/mem.h"
#include "host/host_in.h"
#include "host/mux/messages.h"
#include "host/reach/autonat_msg.h"
#include "host/upgrade.h"

#include <stdlib.h>

#define MINUTE_US (60 * SEC)
#define READ_US (10 * SEC)

struct autonat_server {
    struct host *host;
    bool lab;
    struct link asked;
    struct {
        struct addr of;
        uint64_t at_us;         /* 0: none */
    } dials[AUTONAT_DIALS_MAX]; /* of the last minute, a ring */
    size_t next;
};

struct asked_by;
/* A dial back. */
struct back {
    struct asked_by *asked;
    struct addr to;
    struct upgrade *upgrade; /* NULL: it failed */
};

/* One question, until it is answered. */
struct asked_by {
    struct link link;
    struct autonat_server *server;
    struct peer_id peer;
    struct addr from; /* as we see it */
    struct messages *stream;
    struct back dials[AUTONAT_ADDRS_TRIED_MAX]; /* all at once: who asks waits */
    size_t count, failed;
};

static void question_free(struct asked_by *q)
{
    list_drop(&q->link);
    messages_free(q->stream);
    for (size_t i = 0; i < q->count; i++)
        upgrade_cancel(q->dials[i].upgrade);
    free(q);
}

static void answer(struct asked_by *q, enum autonat_status status, const struct addr *reached)
{
    struct autonat_msg m = {.response = true, .status = status};
    struct multiaddr a = {0};
    struct buf out = {0};
    if (reached)
        multiaddr_of_addr(&a, reached, REACH_TCP);
    m.addr = cur_of(a.bytes, a.len);
    autonat_encode(&m, &out);
    if (messages_send(q->stream, buf_bytes(&out), buf_len(&out), NULL) == OK)
        messages_shut(q->stream);
    buf_done(&out);
    question_free(q);
}

/* --- dialling back -------------------------------------------------------------------------- */

static void on_upgraded(void *arg, struct conn *secured, const char *muxer, const struct why *why)
{
    struct back *b = arg;
    struct asked_by *q = b->asked;
    (void)muxer;
    (void)why;
    b->upgrade = NULL;
    conn_close(secured);
    if (secured)
        answer(q, AUTONAT_OK, &b->to);
    else if (++q->failed == q->count)
        answer(q, AUTONAT_DIAL_ERROR, NULL);
}

/* From any port: what a router lets in because we came from a known one proves nothing. */
static void dial_back(struct asked_by *q)
{
    struct host *h = q->server->host;
    for (size_t i = 0; i < q->count; i++) {
        struct back *b = &q->dials[i];
        struct conn *c = tcp_dial(h->loop, &b->to, NULL, NULL, NULL);
        b->asked = q;
        b->upgrade = upgrade_dial(h->self, c, &q->peer, on_upgraded, b);
    }
}

/* --- what is asked -------------------------------------------------------------------------- */

/* "implementations MUST NOT dial any multiaddress unless it is based on the IP address the
 * requesting node is observed as": of what it says only the ports are taken. */
static void choose(struct asked_by *q, const struct autonat_msg *m)
{
    for (size_t i = 0; i < m->addr_count && q->count < AUTONAT_ADDRS_TRIED_MAX; i++) {
        struct multiaddr a;
        struct multiaddr_route r;
        struct addr at = q->from;
        bool known = false;
        if (multiaddr_decode(&a, m->addrs[i], NULL) != OK || multiaddr_route(&a, &r, NULL) != OK ||
            r.relayed || r.named || r.reach != REACH_TCP || r.addr.family != at.family)
            continue;
        at.port = r.addr.port;
        for (size_t k = 0; k < q->count; k++)
            known |= addr_equal(&q->dials[k].to, &at);
        if (!known && addr_is_dialable(&at))
            q->dials[q->count++].to = at;
    }
}

/* False: too many in this minute. */
static bool may_dial(struct autonat_server *s, const struct addr *of)
{
    uint64_t now = loop_now_us(s->host->loop);
    size_t same = 0;
    for (size_t i = 0; i < AUTONAT_DIALS_MAX; i++)
        same += s->dials[i].at_us && now - s->dials[i].at_us < MINUTE_US &&
                addr_same_ip(&s->dials[i].of, of);
    uint64_t oldest = s->dials[s->next].at_us;
    if ((oldest && now - oldest < MINUTE_US) || (!s->lab && same >= AUTONAT_DIALS_OF_ONE_MAX))
        return false;
    s->dials[s->next].of = *of;
    s->dials[s->next].at_us = now;
    s->next = (s->next + 1) % AUTONAT_DIALS_MAX;
    return true;
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct asked_by *q = arg;
    struct autonat_msg m;
    (void)why;
    if (ev != MESSAGES_ONE || q->count > 0) { /* it went, or says more than it may */
        question_free(q);
        return;
    }
    if (autonat_decode(&m, msg, NULL) != OK || m.response ||
        (m.peer.len && !peer_id_equal(&m.peer, &q->peer))) {
        answer(q, AUTONAT_BAD_REQUEST, NULL);
        return;
    }
    choose(q, &m);
    if (q->count == 0 || !may_dial(q->server, &q->from)) {
        answer(q, AUTONAT_DIAL_REFUSED, NULL);
        return;
    }
    messages_expect(q->stream, 0);
    messages_pause(q->stream, true);
    dial_back(q);
}

static bool is_asking(const struct autonat_server *s, const struct peer_id *peer)
{
    LIST_EACH(&s->asked, struct asked_by, q, link)
        if (peer_id_equal(&q->peer, peer))
            return true;
    return false;
}

static void on_stream(void *arg, const struct host_stream *hs)
{
    struct autonat_server *s = arg;
    const struct addr *from = &hs->conn->peer;
    bool ours = s->lab || !(addr_is_private(from) || addr_is_loopback(from));
    if (from->family == ADDR_NONE || !ours || is_asking(s, hs->peer)) {
        conn_close(hs->conn);
        return;
    }
    struct asked_by *q = MEM_NEW(struct asked_by);
    q->server = s;
    q->peer = *hs->peer;
    q->from = *from;
    list_push(&s->asked, &q->link);
    q->stream = messages_new(hs->conn, AUTONAT_MESSAGE_MAX, on_message, q);
    messages_expect(q->stream, READ_US);
}

struct autonat_server *autonat_serve(struct host *h, bool lab)
{
    struct autonat_server *s = MEM_NEW(struct autonat_server);
    struct host_protocol p = {.name = AUTONAT_PROTOCOL, .cb = on_stream, .arg = s};
    s->host = h;
    s->lab = lab;
    list_init(&s->asked);
    host_handle(h, &p);
    return s;
}

void autonat_serve_end(struct autonat_server *s)
{
    if (!s)
        return;
    host_ignore(s->host, AUTONAT_PROTOCOL);
    LIST_EACH(&s->asked, struct asked_by, q, link)
        question_free(q);
    free(s);
}
