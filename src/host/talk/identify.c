/* Who are you?  Asked and answered on each connection, and told anew when it changes
 * (libp2p/specs identify/README.md). */
#include "host/host_in.h"
#include "host/mux/messages.h"
#include "host/name/envelope.h"
#include "host/talk/identify_msg.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

#define ANSWER_US (10 * SEC)
#define PUSH_AFTER_US (1 * SEC) /* several changes are told at once */

/* --- what we say ---------------------------------------------------------------------------- */

static struct cur text(const char *s)
{
    return cur_of(s, strlen(s));
}

/* QUIC is the lowest of its streams; all else is TCP, or is not seen. */
static enum reach reach_of(const struct conn *stream)
{
    while (stream->below)
        stream = stream->below;
    return strcmp(stream->ops->name, "quic") == 0 ? REACH_QUIC : REACH_TCP;
}

static void say(const struct host *h, const struct conn *stream, struct buf *out)
{
    const struct addr *observed = &stream->peer;
    struct pubkey key;
    struct buf key_bytes = {0}, record = {0};
    struct peer_record r = {.peer = h->id, .seq = (uint64_t)loop_wall_us(h->loop)};
    struct multiaddr seen = {0};
    struct identify id = {.version = text("ipfs/0.1.0"), .agent = text(h->cfg.agent)};
    pubkey_of_ed25519(&key, keys_peer_public(h->cfg.keys));
    pubkey_encode(&key, &key_bytes);
    r.count = host_advertised(h, r.addrs, HOST_ADDRS_MAX);
    peer_record_seal(&r, &record, h->cfg.keys);
    if (observed->family != ADDR_NONE) /* of a relayed one only the relay's is seen */
        multiaddr_of_addr(&seen, observed, reach_of(stream));
    id.key = buf_cur(&key_bytes);
    id.record = buf_cur(&record);
    id.observed = cur_of(seen.bytes, seen.len);
    for (; id.addr_count < r.count; id.addr_count++)
        id.addrs[id.addr_count] = cur_of(r.addrs[id.addr_count].bytes, r.addrs[id.addr_count].len);
    for (; id.protocol_count < h->protocol_count; id.protocol_count++)
        id.protocols[id.protocol_count] = text(h->protocols[id.protocol_count].name);
    identify_encode(&id, out);
    buf_done(&key_bytes);
    buf_done(&record);
}

/* Nothing is awaited of who is told. */
static void ignore(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    (void)arg;
    (void)ev;
    (void)msg;
    (void)why;
}

static void tell(const struct host *h, struct conn *stream)
{
    struct buf out = {0};
    say(h, stream, &out);
    struct messages *m = messages_new(stream, 0, ignore, NULL);
    if (messages_send(m, buf_bytes(&out), buf_len(&out), NULL) == OK)
        messages_shut(m);
    messages_free(m);
    buf_done(&out);
}

static void on_asked(void *arg, const struct host_stream *s)
{
    tell(arg, s->conn);
}

/* --- what it says --------------------------------------------------------------------------- */

static void learn_addrs(struct peer *p, const struct identify *id)
{
    struct peer_record r;
    struct multiaddr a;
    if (id->record.n > 0 && peer_record_open(&r, id->record, NULL) == OK &&
        peer_id_equal(&r.peer, &p->id)) {
        for (size_t i = 0; i < r.count; i++)
            peer_learn(p, &r.addrs[i]);
        buf_done(&p->record);
        if (id->record.n <= RECORD_KEPT_MAX)
            buf_put(&p->record, id->record.p, id->record.n);
        return;
    }
    for (size_t i = 0; i < id->addr_count; i++)
        if (multiaddr_decode(&a, id->addrs[i], NULL) == OK)
            peer_learn(p, &a);
}

/* A push says what changed: what it does not mention stays. */
static void take(struct host *h, struct peer *p, const struct identify *id)
{
    const char *agent = id->agent.n > 0 ? words_take(h->words, id->agent) : NULL;
    if (agent) {
        words_drop(h->words, p->agent);
        p->agent = agent;
    }
    if (id->protocol_count > 0) {
        const char **kept = mem_array(id->protocol_count, sizeof *kept);
        for (size_t i = 0; i < id->protocol_count; i++)
            kept[i] = words_take(h->words, id->protocols[i]);
        for (size_t i = 0; i < p->protocol_count; i++)
            words_drop(h->words, p->protocols[i]);
        free(p->protocols);
        p->protocols = kept;
        p->protocol_count = id->protocol_count;
    }
    learn_addrs(p, id);
    p->identified = true;
}

static void heard(struct connection *c)
{
    struct identify id;
    struct multiaddr seen;
    struct why why;
    struct host *h = c->host;
    struct peer_id who = c->peer->id;
    bool good = identify_decode(&id, buf_cur(&c->said), &why) == OK;
    if (good)
        take(h, c->peer, &id);
    else
        log_debug(h->log, "%s", why.text);
    if (good && h->seen && id.observed.n > 0 && multiaddr_decode(&seen, id.observed, NULL) == OK)
        h->seen(h->seen_arg, c, &seen);
    identify_end(c);
    if (good)
        host_tell(h, HOST_IDENTIFIED, &who);
}

static void on_answer(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct connection *c = arg;
    if (ev == MESSAGES_ONE) {
        bool room = buf_len(&c->said) + msg.n <= IDENTIFY_MAX;
        if (room)
            buf_put(&c->said, msg.p, msg.n);
        if (room && ++c->parts < IDENTIFY_PARTS_MAX)
            return;
    }
    if (c->parts > 0) { /* some forget to end it */
        heard(c);
        return;
    }
    log_debug(c->host->log, "it does not say who it is: %s", why ? why->text : "no message");
    identify_end(c);
}

static void hear(struct connection *c, struct conn *stream)
{
    identify_end(c);
    c->identify = messages_new(stream, IDENTIFY_PART_MAX, on_answer, c);
    messages_expect(c->identify, ANSWER_US);
}

/* Which connection of the peer's it came over does not matter: the peer speaks of itself. */
static void on_pushed(void *arg, const struct host_stream *s)
{
    struct host *h = arg;
    const struct peer *p = peer_find(h, s->peer);
    struct connection *c = p ? LIST_FIRST(&p->conns, struct connection, link) : NULL;
    if (c)
        hear(c, s->conn);
    else
        conn_close(s->conn);
}

/* --- when ----------------------------------------------------------------------------------- */

static void on_stream(void *arg, const struct host_stream *s, const struct why *why)
{
    struct connection *c = arg;
    if (!s) {
        log_debug(c->host->log, "it does not say who it is: %s", why->text);
        return;
    }
    conn_shut(s->conn); /* we have nothing to add */
    hear(c, s->conn);
}

void identify_begin(struct connection *c)
{
    static const char *const names[] = {IDENTIFY_PROTOCOL};
    connection_open(c, names, 1, on_stream, c);
}

void identify_end(struct connection *c)
{
    messages_free(c->identify);
    c->identify = NULL;
    buf_done(&c->said);
    c->parts = 0;
}

static void on_push_stream(void *arg, const struct host_stream *s, const struct why *why)
{
    (void)why;
    if (s)
        tell(arg, s->conn);
}

static void on_push(void *arg)
{
    static const char *const names[] = {IDENTIFY_PUSH_PROTOCOL};
    struct host *h = arg;
    h->push = NULL;
    LIST_EACH(&h->busy, struct peer, p, link) {
        struct connection *c = connection_best(p, true);
        if (c && host_peer_speaks(h, &p->id, names[0]))
            connection_open(c, names, 1, on_push_stream, h);
    }
}

void identify_push(struct host *h)
{
    if (h->conn_count > 0 && !h->push)
        h->push = timer_start(h->loop, PUSH_AFTER_US, on_push, h);
}

const struct host_protocol identify_protocols[] = {
    {.name = IDENTIFY_PROTOCOL, .cb = on_asked, .limited = true},
    {.name = IDENTIFY_PUSH_PROTOCOL, .cb = on_pushed, .limited = true},
    {0},
};
