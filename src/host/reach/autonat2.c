/* Asking: one address, one peer at a time. */
#include "host/reach/autonat2.h"

#include "base/mem.h"
#include "host/host_in.h"
#include "host/mux/messages.h"
#include "host/reach/autonat2_book.h"
#include "host/reach/autonat2_msg.h"

#include <stdlib.h>
#include <string.h>

enum { PEERS_LOOKED_AT = 256 };
#define ANSWER_US (40 * SEC) /* it dials meanwhile, js for 30 s */
#define BACK_US (10 * SEC)   /* for a nonce */

/* A stream over which somebody says a nonce. */
struct back {
    struct link link;
    struct autonat2 *owner;
    struct messages *stream;
    bool fits; /* it came over a connection of its own, the way that was asked for */
};

struct autonat2 {
    struct autonat2_cfg cfg;
    struct loop *loop;
    struct autonat2_server *server;
    struct autonat2_book book;
    struct timer *timer;
    struct host_watch watch;
    struct link backs;
    size_t back_count;
    struct {
        struct peer_id peer;
        struct addr from;
        struct multiaddr addr;
        bool quic;
        uint64_t nonce;
        bool heard; /* it was said over a connection made for it */
        struct host_open *open;
        struct messages *stream;
    } now; /* the question; none: no open and no stream */
};

static void ask_one(void *arg);

static size_t agree(const struct autonat2 *a)
{
    return a->cfg.lab ? 1 : AUTONAT_AGREE;
}

static bool is_asking(const struct autonat2 *a)
{
    return a->now.open || a->now.stream;
}

static void later(struct autonat2 *a, uint64_t after_us)
{
    timer_cancel(a->timer);
    a->timer = timer_start(a->loop, after_us, ask_one, a);
}

/* --- an answer ------------------------------------------------------------------------------ */

static void finish(struct autonat2 *a, enum autonat2_said said)
{
    static const char *const words[] = {"nothing", "no", "yes"};
    char text[MULTIADDR_TEXT];
    messages_free(a->now.stream);
    a->now.stream = NULL;
    log_debug(a->cfg.log, "can we be dialled at %s? %s", multiaddr_format(&a->now.addr, text),
              words[said]);
    autonat2_book_say(&a->book, &a->now.addr, &a->now.from, said, loop_now_us(a->loop));
    later(a, AUTONAT2_PAUSE_US);
    a->cfg.changed(a->cfg.arg);
}

/* "we ask for that": a message can be written once and sent again and again. */
static bool send_data(struct autonat2 *a, uint64_t wanted_bytes)
{
    static const uint8_t zeros[AUTONAT2_CHUNK_MAX];
    struct autonat2_msg m = {.kind = AUTONAT2_DATA, .data = {zeros, sizeof zeros, false}};
    struct buf out = {0};
    bool good = wanted_bytes <= AUTONAT2_DATA_MAX;
    autonat2_encode(&m, &out);
    for (uint64_t sent = 0; good && sent < wanted_bytes; sent += sizeof zeros)
        good = messages_send(a->now.stream, buf_bytes(&out), buf_len(&out), NULL) == OK;
    buf_done(&out);
    return good;
}

/* A yes without the nonce is none. */
static enum autonat2_said what_it_says(const struct autonat2 *a, const struct autonat2_msg *m)
{
    if (m->kind != AUTONAT2_ANSWER || m->status != AUTONAT2_OK || m->index != 0)
        return AUTONAT2_SAID_NOTHING;
    if (m->dialled == AUTONAT2_REACHED && a->now.heard)
        return AUTONAT2_SAID_YES;
    return m->dialled == AUTONAT2_UNREACHED && !a->now.heard ? AUTONAT2_SAID_NO
                                                             : AUTONAT2_SAID_NOTHING;
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct autonat2 *a = arg;
    struct autonat2_msg m;
    (void)why;
    if (ev != MESSAGES_ONE || autonat2_decode(&m, msg, NULL) != OK)
        finish(a, AUTONAT2_SAID_NOTHING);
    else if (m.kind != AUTONAT2_ASK_DATA)
        finish(a, what_it_says(a, &m));
    else if (!send_data(a, m.wanted_bytes)) /* we do not pay that */
        finish(a, AUTONAT2_SAID_NOTHING);
}

/* --- the nonce ------------------------------------------------------------------------------ */

static void back_free(struct back *b)
{
    list_drop(&b->link);
    b->owner->back_count--;
    messages_free(b->stream);
    free(b);
}

/* "Clients SHOULD only rely on the nonce and not on the peerID". */
static void on_back(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct back *b = arg;
    struct autonat2 *a = b->owner;
    struct buf out = {0};
    uint64_t nonce;
    (void)why;
    if (ev == MESSAGES_ONE && autonat2_back_decode(&nonce, msg, NULL) == OK && a->now.stream &&
        nonce == a->now.nonce && b->fits) {
        a->now.heard = true;
        autonat2_heard_encode(&out);
        if (messages_send(b->stream, buf_bytes(&out), buf_len(&out), NULL) == OK)
            messages_shut(b->stream);
        buf_done(&out);
    }
    back_free(b);
}

static bool is_quic(const struct conn *c)
{
    while (c->below)
        c = c->below;
    return strcmp(c->ops->name, "quic") == 0;
}

static void on_back_stream(void *arg, const struct host_stream *s)
{
    struct autonat2 *a = arg;
    if (!a->now.stream || a->back_count == AUTONAT2_BACKS_MAX) {
        conn_close(s->conn);
        return;
    }
    struct back *b = MEM_NEW(struct back);
    b->owner = a;
    b->fits = is_quic(s->conn) == a->now.quic && !addr_equal(&s->conn->peer, &a->now.from);
    list_push(&a->backs, &b->link);
    a->back_count++;
    b->stream = messages_new(s->conn, AUTONAT2_MESSAGE_MAX, on_back, b);
    messages_expect(b->stream, BACK_US);
}

/* --- a question ----------------------------------------------------------------------------- */

static void on_open(void *arg, const struct host_stream *s, const struct why *why)
{
    struct autonat2 *a = arg;
    struct autonat2_msg m = {.kind = AUTONAT2_ASK, .addr_count = 1};
    struct buf out = {0};
    (void)why;
    a->now.open = NULL;
    if (!s) {
        finish(a, AUTONAT2_SAID_NOTHING);
        return;
    }
    a->now.heard = false;
    a->now.nonce = loop_random_u64(a->loop);
    m.nonce = a->now.nonce;
    m.addrs[0] = cur_of(a->now.addr.bytes, a->now.addr.len);
    autonat2_encode(&m, &out);
    a->now.stream = messages_new(s->conn, AUTONAT2_MESSAGE_MAX, on_message, a);
    messages_expect(a->now.stream, ANSWER_US);
    if (messages_send(a->now.stream, buf_bytes(&out), buf_len(&out), NULL) != OK)
        finish(a, AUTONAT2_SAID_NOTHING);
    buf_done(&out);
}

/* Who answers such questions and is connected directly. */
static size_t who_answers(const struct autonat2 *a, struct peer_id *ids, struct addr *from)
{
    struct host_peer p;
    size_t n = host_peers(a->cfg.host, ids, PEERS_LOOKED_AT), found = 0;
    for (size_t i = 0; i < n; i++)
        if (host_peer_speaks(a->cfg.host, &ids[i], AUTONAT2_REQUEST_PROTOCOL) &&
            peer_is_direct(peer_find(a->cfg.host, &ids[i])) &&
            host_peer(a->cfg.host, &ids[i], &p) && p.remote.family != ADDR_NONE) {
            ids[found] = ids[i];
            from[found++] = p.remote;
        }
    return found;
}

static void choose(struct autonat2 *a)
{
    static const char *const names[] = {AUTONAT2_REQUEST_PROTOCOL};
    struct multiaddr addrs[AUTONAT2_BOOK_MAX];
    struct multiaddr_route route;
    struct peer_id *ids = mem_array(PEERS_LOOKED_AT, sizeof *ids);
    struct addr *from = mem_array(PEERS_LOOKED_AT, sizeof *from);
    uint64_t now = loop_now_us(a->loop);
    size_t entry, who, n = a->cfg.addrs(a->cfg.arg, addrs, AUTONAT2_BOOK_MAX);
    autonat2_book_set(&a->book, addrs, n, now);
    n = who_answers(a, ids, from);
    if (autonat2_book_next(&a->book, from, n, agree(a), now, &entry, &who)) {
        a->now.addr = a->book.all[entry].addr;
        a->now.peer = ids[who];
        a->now.from = from[who];
        a->now.quic =
            multiaddr_route(&a->now.addr, &route, NULL) == OK && route.reach == REACH_QUIC;
        a->now.open = host_open(a->cfg.host, &a->now.peer, names, 1, on_open, a);
    }
    free(ids);
    free(from);
}

static void ask_one(void *arg)
{
    struct autonat2 *a = arg;
    a->timer = NULL;
    if (is_asking(a) || loop_proxy(a->loop))
        return; /* behind a proxy nobody reaches us, and nobody is to know where we are */
    choose(a);
    if (is_asking(a))
        return;
    later(a, AUTONAT_PAUSE_US);
    a->cfg.changed(a->cfg.arg); /* addresses went, or what was said of them is too old */
}

/* Somebody new may know; he may be busy with hearing of us. */
static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct autonat2 *a = arg;
    if (ev == HOST_IDENTIFIED && !is_asking(a) &&
        host_peer_speaks(a->cfg.host, peer, AUTONAT2_REQUEST_PROTOCOL))
        later(a, 2 * SEC);
}

/* --- what is known -------------------------------------------------------------------------- */

enum verdict autonat2_verdict(const struct autonat2 *a)
{
    return autonat2_verdict_all(&a->book, agree(a), loop_now_us(a->loop));
}

size_t autonat2_addrs(const struct autonat2 *a, enum verdict v, struct multiaddr *out, size_t cap)
{
    size_t n = 0;
    uint64_t now = loop_now_us(a->loop);
    for (size_t i = 0; i < a->book.count && n < cap; i++)
        if (autonat2_verdict_of(&a->book.all[i], agree(a), now) == v)
            out[n++] = a->book.all[i].addr;
    return n;
}

/* --- life ----------------------------------------------------------------------------------- */

struct autonat2 *autonat2_new(const struct autonat2_cfg *cfg)
{
    struct autonat2 *a = MEM_NEW(struct autonat2);
    a->cfg = *cfg;
    a->loop = host_loop(cfg->host);
    a->server = autonat2_serve(cfg->host, cfg->lab);
    list_init(&a->backs);
    host_handle(cfg->host, &(struct host_protocol){
                               .name = AUTONAT2_BACK_PROTOCOL, .cb = on_back_stream, .arg = a});
    a->watch = (struct host_watch){.cb = on_host, .arg = a};
    host_watch(cfg->host, &a->watch);
    later(a, AUTONAT_PAUSE_US);
    return a;
}

void autonat2_free(struct autonat2 *a)
{
    if (!a)
        return;
    host_unwatch(&a->watch);
    host_ignore(a->cfg.host, AUTONAT2_BACK_PROTOCOL);
    autonat2_serve_end(a->server);
    LIST_EACH(&a->backs, struct back, b, link)
        back_free(b);
    host_open_cancel(a->now.open);
    messages_free(a->now.stream);
    timer_cancel(a->timer);
    free(a);
}
