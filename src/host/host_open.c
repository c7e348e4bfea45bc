/* A stream to a peer: over what is there, or after dialling, or once there is a way that may carry
 * it. */
#include "host/host_in.h"

#include "base/mem.h"

#include <stdlib.h>

enum { OPEN_NAMES_MAX = 8 };

struct host_open {
    struct link link; /* in host.opens */
    struct host *host;
    struct peer_id peer;
    const char *names[OPEN_NAMES_MAX];
    size_t count;
    struct host_dial *dial;
    struct talk *talk;
    struct timer *patience; /* there is a connection, but none that may carry it */
    host_open_cb *cb;
    void *arg;
};

static void open_free(struct host_open *o)
{
    list_drop(&o->link);
    host_dial_cancel(o->dial);
    talk_cancel(o->talk);
    timer_cancel(o->patience);
    free(o);
}

void host_open_cancel(struct host_open *o)
{
    if (o)
        open_free(o);
}

void open_done(struct host *h)
{
    LIST_EACH(&h->opens, struct host_open, o, link)
        open_free(o);
}

static void on_opened(void *arg, const struct host_stream *s, const struct why *why)
{
    struct host_open *o = arg;
    host_open_cb *cb = o->cb;
    void *cb_arg = o->arg;
    o->talk = NULL;
    open_free(o);
    cb(cb_arg, s, why);
}

static bool any_limited(const struct host_open *o)
{
    for (size_t i = 0; i < o->count; i++) {
        const struct host_protocol *p = host_protocol(o->host, o->names[i]);
        if (p && p->limited)
            return true;
    }
    return false;
}

/* False: no connection there is may carry it. */
static bool open_now(struct host_open *o)
{
    const struct peer *p = peer_find(o->host, &o->peer);
    struct connection *c = p ? connection_best(p, any_limited(o)) : NULL;
    if (c)
        o->talk = connection_open(c, o->names, o->count, on_opened, o);
    return c != NULL;
}

/* --- over a relay that counts ------------------------------------------------------------------
 */

static void on_impatient(void *arg)
{
    struct host_open *o = arg;
    struct why why;
    o->patience = NULL;
    if (host_connected(o->host, &o->peer))
        why_set(&why, ERR_CLOSED,
                "only a relay that counts bytes leads there, and no direct way was found in %u s",
                (unsigned)(HOST_PUNCH_US / SEC));
    else
        why_set(&why, ERR_CLOSED, "the connection was lost");
    on_opened(o, NULL, &why);
}

/* From the relayed connection to a direct one both sides are on their way (reach/dcutr.h). */
static void wait(struct host_open *o)
{
    o->patience = timer_start(o->host->loop, HOST_PUNCH_US, on_impatient, o);
}

void open_connected(struct host *h, const struct peer *p)
{
    LIST_EACH(&h->opens, struct host_open, o, link)
        if (o->patience && peer_id_equal(&o->peer, &p->id) && open_now(o)) {
            timer_cancel(o->patience);
            o->patience = NULL;
        }
}

/* --- asking ------------------------------------------------------------------------------------
 */

static void on_reached(void *arg, const struct peer_id *peer, const struct why *why)
{
    struct host_open *o = arg;
    struct why lost;
    o->dial = NULL;
    if (!peer) {
        on_opened(o, NULL, why);
    } else if (!host_connected(o->host, peer)) {
        why_set(&lost, ERR_CLOSED, "the connection was lost");
        on_opened(o, NULL, &lost);
    } else if (!open_now(o)) {
        wait(o);
    }
}

struct host_open *host_open(struct host *h, const struct peer_id *peer,
                            const char *const *protocols, size_t n, host_open_cb *cb, void *arg)
{
    struct host_open *o = MEM_NEW(struct host_open);
    o->host = h;
    o->peer = *peer;
    o->count = n < OPEN_NAMES_MAX ? n : OPEN_NAMES_MAX;
    for (size_t i = 0; i < o->count; i++)
        o->names[i] = protocols[i];
    o->cb = cb;
    o->arg = arg;
    list_push(&h->opens, &o->link);
    if (!open_now(o))
        o->dial = host_dial_unasked(h, peer, NULL, 0, on_reached, o);
    return o;
}
