#include "host/reach/relay_dial.h"

#include "base/mem.h"
#include "host/host_in.h"
#include "host/mux/messages.h"
#include "host/reach/relay_msg.h"

#include <stdlib.h>

struct relay_dial {
    struct host *host;
    struct peer_id relay, target;
    struct host_dial *dial;
    struct host_open *open;
    struct messages *stream;
    struct timer *timer; /* the deadline */
    relay_dial_cb *cb;
    void *arg;
};

void relay_dial_cancel(struct relay_dial *d)
{
    if (!d)
        return;
    host_dial_cancel(d->dial);
    host_open_cancel(d->open);
    messages_free(d->stream);
    timer_cancel(d->timer);
    free(d);
}

static void answer(struct relay_dial *d, struct conn *stream, bool limited, const struct why *why)
{
    relay_dial_cb *cb = d->cb;
    void *arg = d->arg;
    relay_dial_cancel(d);
    cb(arg, stream, limited, why);
}

static void fail(struct relay_dial *d, enum err code, const char *text)
{
    struct why why;
    why_set(&why, code, "through a relay: %s", text);
    answer(d, NULL, false, &why);
}

static void on_late(void *arg)
{
    struct relay_dial *d = arg;
    d->timer = NULL;
    fail(d, ERR_TIMEOUT, "no answer in time");
}

/* --- asking the relay ----------------------------------------------------------------------- */

static void on_status(struct relay_dial *d, struct cur msg)
{
    struct relay_msg m;
    struct why why;
    if (relay_hop_decode(&m, msg, &why) != OK || m.type != RELAY_STATUS) {
        fail(d, ERR_INVALID, "the relay's answer makes no sense");
        return;
    }
    if (m.status != RELAY_OK) {
        fail(d, ERR_CLOSED, relay_status_text(m.status));
        return;
    }
    struct conn *stream = messages_take(d->stream);
    d->stream = NULL;
    stream->peer = (struct addr){.family = ADDR_NONE}; /* the relay's is not who is there */
    answer(d, stream, m.limit.duration_s || m.limit.data_bytes, NULL);
}

static void on_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct relay_dial *d = arg;
    switch (ev) {
    case MESSAGES_ONE:
        on_status(d, msg);
        break;
    case MESSAGES_END:
        fail(d, ERR_CLOSED, "the relay ended the stream");
        break;
    case MESSAGES_GONE:
        fail(d, why->code, why->text);
        break;
    }
}

static void on_open(void *arg, const struct host_stream *s, const struct why *why)
{
    struct relay_dial *d = arg;
    struct relay_msg m = {.type = RELAY_CONNECT, .peer = d->target};
    struct buf out = {0};
    d->open = NULL;
    if (!s) {
        fail(d, why->code, why->text);
        return;
    }
    relay_hop_encode(&m, &out);
    d->stream = messages_new(s->conn, RELAY_MESSAGE_MAX, on_message, d);
    bool sent = messages_send(d->stream, buf_bytes(&out), buf_len(&out), NULL) == OK;
    buf_done(&out);
    if (!sent)
        fail(d, ERR_CLOSED, "the stream to the relay is over");
}

static void ask(struct relay_dial *d)
{
    static const char *const names[] = {RELAY_HOP_PROTOCOL};
    d->open = host_open(d->host, &d->relay, names, 1, on_open, d);
}

/* --- reaching it ---------------------------------------------------------------------------- */

static void on_dialled(void *arg, const struct peer_id *relay, const struct why *why)
{
    struct relay_dial *d = arg;
    d->dial = NULL;
    if (!relay) {
        fail(d, why->code, why->text);
        return;
    }
    d->relay = *relay;
    ask(d);
}

/* The relay's own address: what stands before /p2p-circuit; false: only its id. */
static bool relay_addr(const struct multiaddr *at, struct multiaddr *out)
{
    struct cur rest = cur_of(at->bytes, at->len);
    struct multiaddr_part part;
    bool placed = false;
    *out = (struct multiaddr){0};
    while (multiaddr_next(&rest, &part) && part.code != MA_P2P_CIRCUIT) {
        placed |= part.code != MA_P2P;
        if (multiaddr_add(out, part.code, part.value) != OK)
            return false;
    }
    return placed;
}

struct relay_dial *relay_dial_start(struct host *h, const struct multiaddr *at,
                                    const struct peer_id *target, relay_dial_cb *cb, void *arg)
{
    struct relay_dial *d = MEM_NEW(struct relay_dial);
    struct multiaddr_route r = {0};
    struct multiaddr place;
    d->host = h;
    d->target = *target;
    d->cb = cb;
    d->arg = arg;
    d->timer = timer_start(h->loop, HOST_DIAL_US, on_late, d);
    if (multiaddr_route(at, &r, NULL) == OK)
        d->relay = r.relay;
    bool placed = relay_addr(at, &place);
    if (d->relay.len && peer_is_direct(peer_find(h, &d->relay)))
        ask(d);
    else
        d->dial = dial_direct(h, d->relay.len ? &d->relay : NULL, &place, placed, on_dialled, d);
    return d;
}
