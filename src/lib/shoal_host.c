/* The host under its public face: texts become values, conns become streams, and what the caller
 * gives is copied, since he is told that it is. */
#include "lib/shoal_in.h"

#include "base/mem.h"
#include "host/mux/multistream.h"
#include "host/talk/echo.h"
#include "host/talk/ping.h"

#include <stdio.h>
#include <string.h>

_Static_assert((int)SHOAL_PROTOCOL_NAME_MAX == MULTISTREAM_NAME_MAX &&
                   (int)SHOAL_PROTOCOLS_MAX + 8 <= HOST_PROTOCOLS_MAX,
               "shoal/host.h says what host/ says, and leaves room for the host's own");

enum { LISTEN_MAX = 16, CFG_SIZE_MIN = sizeof(struct shoal_host_cfg) };

/* A name that was heard of; it stays, since streams that are being agreed on may hold it. */
struct handler {
    struct shoal_host *host;
    char *name;
    shoal_stream_cb *cb; /* NULL: ours to ask for, or no more answered */
    void *arg;
};

struct shoal_host {
    struct shoal_loop *loop;
    struct host *host;
    struct echo *echo;
    struct handler handlers[SHOAL_PROTOCOLS_MAX];
    size_t handler_count;
    struct link ops;
    struct host_watch watch;
    shoal_host_event_cb *on_event; /* NULL: nobody */
    void *event_arg;
    struct shoal_key *own_key; /* NULL: the caller's */
    char *agent;
    char id[PEER_ID_FORMAT];
    char address[MULTIADDR_TEXT];
};

/* --- what was started ----------------------------------------------------------------------- */

struct shoal_op {
    struct link link; /* in shoal_host.ops */
    struct shoal_host *host;
    struct host_dial *dial; /* one of these three is under way */
    struct host_open *open;
    struct ping *ping;
    const char *names[SHOAL_OPEN_NAMES_MAX]; /* to open when the dial is done */
    size_t name_count;
    shoal_stream_cb *on_stream; /* one of these three */
    shoal_dial_cb *on_dial;
    shoal_ping_cb *on_ping;
    void *arg;
};

static struct shoal_op *op_new(struct shoal_host *h, void *arg)
{
    struct shoal_op *op = MEM_NEW(struct shoal_op);
    op->host = h;
    op->arg = arg;
    list_push(&h->ops, &op->link);
    return op;
}

void shoal_op_cancel(struct shoal_op *op)
{
    if (!op)
        return;
    list_drop(&op->link);
    host_dial_cancel(op->dial);
    host_open_cancel(op->open);
    ping_cancel(op->ping);
    free(op);
}

/* The reason for the caller, or NULL where there is none. */
static const struct shoal_err *reason(struct shoal_err *err, const struct why *why)
{
    if (!why)
        return NULL;
    lib_tell(err, why);
    return err;
}

static void on_opened(void *arg, const struct host_stream *s, const struct why *why)
{
    struct shoal_op op = *(struct shoal_op *)arg;
    struct shoal_err err;
    ((struct shoal_op *)arg)->open = NULL;
    shoal_op_cancel(arg);
    op.on_stream(op.arg, s ? lib_stream(op.host->loop, s) : NULL, reason(&err, why));
}

static void on_pinged(void *arg, uint64_t rtt_us, const struct why *why)
{
    struct shoal_op op = *(struct shoal_op *)arg;
    struct shoal_err err;
    ((struct shoal_op *)arg)->ping = NULL;
    shoal_op_cancel(arg);
    op.on_ping(op.arg, rtt_us, reason(&err, why));
}

static void on_reached(void *arg, const struct peer_id *peer, const struct why *why)
{
    struct shoal_op *op = arg, was = *op;
    struct shoal_err err;
    char text[PEER_ID_FORMAT];
    op->dial = NULL;
    if (peer && op->on_stream) {
        op->open = host_open(op->host->host, peer, op->names, op->name_count, on_opened, op);
        return;
    }
    shoal_op_cancel(op);
    if (was.on_stream)
        was.on_stream(was.arg, NULL, reason(&err, why));
    else
        was.on_dial(was.arg, peer ? peer_id_format(peer, text) : NULL, reason(&err, why));
}

/* --- whom ----------------------------------------------------------------------------------- */

struct target {
    struct peer_id peer; /* of nobody: whoever answers there */
    struct multiaddr addr;
};

static enum err target_parse(struct target *out, const char *to, struct why *why)
{
    *out = (struct target){0};
    if (*to != '/')
        return peer_id_parse(&out->peer, to, why);
    struct multiaddr_route r;
    enum err code = multiaddr_parse(&out->addr, to, why);
    if (code == OK)
        code = multiaddr_route(&out->addr, &r, why);
    if (code == OK)
        out->peer = r.peer;
    return code;
}

static struct host_dial *dial(struct shoal_host *h, const struct target *t, struct shoal_op *op)
{
    return host_dial(h->host, t->peer.len ? &t->peer : NULL, &t->addr, t->addr.len > 0, on_reached,
                     op);
}

struct shoal_op *shoal_host_dial(struct shoal_host *h, const char *to, shoal_dial_cb *cb, void *arg,
                                 struct shoal_err *err)
{
    struct target t;
    struct why why;
    if (target_parse(&t, to, &why) != OK) {
        lib_tell(err, &why);
        return NULL;
    }
    struct shoal_op *op = op_new(h, arg);
    op->on_dial = cb;
    op->dial = dial(h, &t, op);
    return op;
}

struct shoal_op *shoal_host_ping(struct shoal_host *h, const char *peer, shoal_ping_cb *cb,
                                 void *arg, struct shoal_err *err)
{
    struct peer_id id;
    struct why why;
    if (peer_id_parse(&id, peer, &why) != OK) {
        lib_tell(err, &why);
        return NULL;
    }
    struct shoal_op *op = op_new(h, arg);
    op->on_ping = cb;
    op->ping = ping_start(h->host, &id, on_pinged, op);
    return op;
}

/* --- protocols ------------------------------------------------------------------------------ */

static struct handler *handler_find(struct shoal_host *h, const char *name)
{
    for (size_t i = 0; i < h->handler_count; i++)
        if (strcmp(h->handlers[i].name, name) == 0)
            return &h->handlers[i];
    return NULL;
}

/* The one of this name, made where there is none; NULL with a reason. */
static struct handler *handler_get(struct shoal_host *h, const char *name, struct shoal_err *err)
{
    size_t len = strnlen(name, SHOAL_PROTOCOL_NAME_MAX + 1);
    struct handler *known = handler_find(h, name);
    if (known)
        return known;
    if (len == 0 || len > SHOAL_PROTOCOL_NAME_MAX || strchr(name, '\n')) {
        lib_fail(err, ERR_INVALID, "a protocol's name has 1 to %d bytes and no newline",
                 SHOAL_PROTOCOL_NAME_MAX);
        return NULL;
    }
    if (h->handler_count == SHOAL_PROTOCOLS_MAX) {
        lib_fail(err, ERR_LIMIT, "more than %d names of protocols", SHOAL_PROTOCOLS_MAX);
        return NULL;
    }
    struct handler *made = &h->handlers[h->handler_count++];
    made->host = h;
    made->name = mem_strdup(name);
    return made;
}

static void on_stream(void *arg, const struct host_stream *s)
{
    const struct handler *h = arg;
    h->cb(h->arg, lib_stream(h->host->loop, s), NULL);
}

/* Those of the host itself: an owner of the program may not answer in its place. */
static bool is_own(const char *name)
{
    return strncmp(name, "/ipfs/id/", 9) == 0 || strcmp(name, PING_PROTOCOL) == 0;
}

int shoal_host_handle(struct shoal_host *h, const char *protocol, shoal_stream_cb *cb, void *arg,
                      struct shoal_err *err)
{
    if (is_own(protocol))
        return lib_fail(err, ERR_INVALID, "%s is answered by the host itself", protocol);
    struct shoal_err own;
    struct handler *one = handler_get(h, protocol, &own);
    if (!one) {
        if (err)
            *err = own;
        return own.code;
    }
    one->cb = cb;
    one->arg = arg;
    struct host_protocol p = {.name = one->name, .cb = on_stream, .arg = one};
    host_handle(h->host, &p);
    return SHOAL_OK;
}

void shoal_host_ignore(struct shoal_host *h, const char *protocol)
{
    struct handler *one = handler_find(h, protocol);
    if (one && one->cb)
        host_ignore(h->host, one->name);
    if (one)
        one->cb = NULL;
}

struct shoal_op *shoal_host_open(struct shoal_host *h, const char *to, const char *const *protocols,
                                 size_t n, shoal_stream_cb *cb, void *arg, struct shoal_err *err)
{
    const struct handler *names[SHOAL_OPEN_NAMES_MAX];
    struct target t;
    struct why why;
    if (n == 0 || n > SHOAL_OPEN_NAMES_MAX) {
        lib_fail(err, ERR_INVALID, "%zu protocols: 1 to %d", n, SHOAL_OPEN_NAMES_MAX);
        return NULL;
    }
    if (target_parse(&t, to, &why) != OK) {
        lib_tell(err, &why);
        return NULL;
    }
    for (size_t i = 0; i < n; i++)
        if (!(names[i] = handler_get(h, protocols[i], err)))
            return NULL;
    struct shoal_op *op = op_new(h, arg);
    op->on_stream = cb;
    for (op->name_count = 0; op->name_count < n; op->name_count++)
        op->names[op->name_count] = names[op->name_count]->name;
    op->dial = dial(h, &t, op);
    return op;
}

/* --- peers ---------------------------------------------------------------------------------- */

int shoal_host_learn(struct shoal_host *h, const char *peer, const char *address,
                     struct shoal_err *err)
{
    struct peer_id id;
    struct target t;
    struct why why;
    enum err code = peer_id_parse(&id, peer, &why);
    if (code == OK && *address != '/')
        code = why_set(&why, ERR_INVALID, "%.80s is no address", address);
    if (code == OK)
        code = target_parse(&t, address, &why);
    if (code == OK && t.peer.len && !peer_id_equal(&t.peer, &id))
        code = why_set(&why, ERR_INVALID, "the address is that of another peer");
    if (code != OK)
        return lib_tell(err, &why);
    multiaddr_drop_peer(&t.addr);
    host_learn(h->host, &id, &t.addr, 1);
    return SHOAL_OK;
}

void shoal_host_hang_up(struct shoal_host *h, const char *peer)
{
    struct peer_id id;
    if (peer_id_parse(&id, peer, NULL) == OK)
        host_hang_up(h->host, &id);
}

size_t shoal_host_peers(const struct shoal_host *h, char (*out)[SHOAL_PEER_ID_TEXT], size_t cap)
{
    struct peer_id *ids = mem_array(cap, sizeof *ids);
    size_t n = host_peers(h->host, ids, cap);
    for (size_t i = 0; i < n; i++)
        peer_id_format(&ids[i], out[i]);
    free(ids);
    return n;
}

int shoal_host_peer(struct shoal_host *h, const char *peer, struct shoal_peer *out,
                    struct shoal_err *err)
{
    struct peer_id id;
    struct host_peer p;
    struct why why;
    if (out->size < sizeof out->size)
        return lib_fail(err, ERR_INVALID, "shoal_peer.size is not set");
    if (peer_id_parse(&id, peer, &why) != OK)
        return lib_tell(err, &why);
    if (!host_peer(h->host, &id, &p))
        return lib_fail(err, ERR_NOT_FOUND, "nothing is known of %s", peer);
    struct shoal_peer full = {.size = out->size,
                              .connections = (uint32_t)p.conns,
                              .identified = p.identified,
                              .inbound = p.inbound,
                              .limited = p.limited,
                              .rtt_us = p.rtt_us,
                              .agent = p.agent,
                              .path = p.path,
                              .protocols = p.protocols,
                              .protocol_count = p.protocol_count};
    /* An older program has room for less, a newer one gets zeros for what we do not know. */
    size_t size = out->size;
    memset(out, 0, size);
    memcpy(out, &full, size < sizeof full ? size : sizeof full);
    return SHOAL_OK;
}

/* --- what happens --------------------------------------------------------------------------- */

static int event_of(enum host_event ev)
{
    switch (ev) {
    case HOST_CONNECTED:
        return SHOAL_PEER_CONNECTED;
    case HOST_IDENTIFIED:
        return SHOAL_PEER_IDENTIFIED;
    case HOST_GONE:
        return SHOAL_PEER_GONE;
    case HOST_ADDRESSES:
        return SHOAL_ADDRESSES;
    }
    return 0;
}

static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    const struct shoal_host *h = arg;
    char text[PEER_ID_FORMAT];
    if (h->on_event)
        h->on_event(h->event_arg, event_of(ev), peer ? peer_id_format(peer, text) : NULL);
}

void shoal_host_watch(struct shoal_host *h, shoal_host_event_cb *cb, void *arg)
{
    h->on_event = cb;
    h->event_arg = arg;
}

/* --- life ----------------------------------------------------------------------------------- */

/* What the caller's version of the struct says, as ours: what it does not have is zero. */
static enum err cfg_read(struct shoal_host_cfg *out, const struct shoal_host_cfg *in,
                         struct why *why)
{
    *out = (struct shoal_host_cfg){0};
    if (in->size < CFG_SIZE_MIN)
        return why_set(why, ERR_INVALID, "shoal_host_cfg.size is not set");
    const char *more = (const char *)in + sizeof *out;
    for (size_t i = sizeof *out; i < in->size; i++)
        if (*more++ != 0)
            return why_set(why, ERR_UNSUPPORTED,
                           "the program asks for something that this libshoal does not know");
    memcpy(out, in, sizeof *out);
    if (out->flags & ~(uint32_t)SHOAL_HOST_LAB)
        return why_set(why, ERR_UNSUPPORTED, "shoal_host_cfg.flags has an unknown one");
    if (out->listen_count > LISTEN_MAX)
        return why_set(why, ERR_LIMIT, "more than %d addresses to listen on", LISTEN_MAX);
    return OK;
}

static struct host *make(struct shoal_loop *loop, struct shoal_host *h,
                         const struct shoal_host_cfg *cfg, struct why *why)
{
    struct multiaddr listen[LISTEN_MAX];
    h->agent = mem_strdup(cfg->agent ? cfg->agent : "libshoal/" SHOAL_VERSION);
    for (size_t i = 0; i < cfg->listen_count; i++)
        if (multiaddr_parse(&listen[i], cfg->listen[i], why) != OK)
            return NULL;
    if (!cfg->key)
        h->own_key = shoal_key_new(loop);
    struct host_cfg inner = {.loop = loop->loop,
                             .log = loop->log,
                             .keys = cfg->key ? cfg->key->keys : h->own_key->keys,
                             .agent = h->agent,
                             .listen = listen,
                             .listen_count = cfg->listen_count,
                             .lab = cfg->flags & SHOAL_HOST_LAB,
                             .conns_low = cfg->conns_low,
                             .conns_high = cfg->conns_high};
    return host_new(&inner, why);
}

struct shoal_host *shoal_host_new(struct shoal_loop *loop, const struct shoal_host_cfg *given,
                                  struct shoal_err *err)
{
    struct shoal_host *h = MEM_NEW(struct shoal_host);
    struct shoal_host_cfg cfg;
    struct why why;
    h->loop = loop;
    list_init(&h->ops);
    h->host = cfg_read(&cfg, given, &why) == OK ? make(loop, h, &cfg, &why) : NULL;
    if (!h->host) {
        lib_tell(err, &why);
        shoal_host_free(h);
        return NULL;
    }
    h->echo = echo_new(h->host, false);
    h->watch = (struct host_watch){.cb = on_host, .arg = h};
    host_watch(h->host, &h->watch);
    peer_id_format(host_id(h->host), h->id);
    return h;
}

void shoal_host_free(struct shoal_host *h)
{
    if (!h)
        return;
    LIST_EACH(&h->ops, struct shoal_op, op, link)
        shoal_op_cancel(op);
    if (h->host)
        host_unwatch(&h->watch);
    echo_free(h->echo);
    host_free(h->host);
    for (size_t i = 0; i < h->handler_count; i++)
        free(h->handlers[i].name);
    shoal_key_free(h->own_key);
    free(h->agent);
    free(h);
}

const char *shoal_host_id(const struct shoal_host *h)
{
    return h->id;
}

const char *shoal_host_address(struct shoal_host *h, size_t i)
{
    struct multiaddr all[LISTEN_MAX];
    if (i >= host_listening(h->host, all, LISTEN_MAX))
        return NULL;
    if (multiaddr_add_peer(&all[i], host_id(h->host)) != OK)
        return NULL; /* it has room: a route is short */
    return multiaddr_format(&all[i], h->address);
}
