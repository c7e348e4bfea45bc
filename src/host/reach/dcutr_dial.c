#include "host/reach/dcutr_dial.h"

#include "base/mem.h"
#include "host/host_quic.h"
#include "host/upgrade.h"

#include <stdlib.h>

struct
try {
    struct link link; /* in dcutr_dials.tries */
    struct dcutr_dials *dials;
    enum dcutr_role role;
    struct conn *conn; /* server: until it is open */
    struct upgrade *upgrade;
    struct quic_conn *quic;
    struct timer *refusal;
};

static void try_free(struct try *t)
{
    list_drop(&t->link);
    conn_close(t->conn);
    upgrade_cancel(t->upgrade);
    quic_dial_cancel(t->quic);
    timer_cancel(t->refusal);
    free(t);
}

static void try_failed(struct try *t)
{
    struct dcutr_dials *d = t->dials;
    try_free(t);
    d->failed(d->arg);
}

/* Of a moment that both know. */
static bool is_agreed(const struct try *t)
{
    return t->role == DCUTR_CLIENT || t->role == DCUTR_SERVER;
}

static struct way way_of(const struct try *t, enum reach reach)
{
    return (struct way){.path = is_agreed(t) ? PATH_PUNCHED : PATH_DIRECT, .reach = reach};
}

static void on_upgraded(void *arg, struct conn *secured, const char *muxer, const struct why *why)
{
    struct try *t = arg;
    struct host *h = t->dials->host;
    struct way way = way_of(t, REACH_TCP);
    (void)why;
    t->upgrade = NULL;
    if (!secured) {
        try_failed(t);
        return;
    }
    try_free(t);
    connection_new(h, secured, muxer, &way); /* last: whoever hears of it may end anything */
}

static void on_quic(void *arg, struct mux *m, const struct peer_id *peer, const struct why *why)
{
    struct try *t = arg;
    struct host *h = t->dials->host;
    struct way way = way_of(t, REACH_QUIC);
    (void)why;
    t->quic = NULL;
    if (!m) {
        try_failed(t);
        return;
    }
    try_free(t);
    connection_new_muxed(h, m, peer, &way);
}

/* Both dialled, and the other is the client all the same: for the host it is a guest.  Whether it
 * is who we think the round's end tells. */
static void on_through(void *arg, enum conn_event ev, const struct why *why)
{
    struct try *t = arg;
    struct host *h = t->dials->host;
    struct conn *c = t->conn;
    (void)why;
    if (ev == CONN_CLOSED)
        try_failed(t);
    if (ev != CONN_OPEN)
        return;
    t->conn = NULL;
    try_free(t);
    host_receive(h, c, &(struct way){.path = PATH_PUNCHED, .inbound = true});
}

static void on_refused(void *arg)
{
    struct try *t = arg;
    t->refusal = NULL;
    try_failed(t);
}

static struct try *try_new(struct dcutr_dials *d, enum dcutr_role role)
{
    struct try *t = MEM_NEW(struct try);
    t->dials = d;
    t->role = role;
    list_push(&d->tries, &t->link);
    return t;
}

/* --- what the owner asks for -------------------------------------------------------------------
 */

void dcutr_dial(struct dcutr_dials *d, const struct dcutr_place *to, enum dcutr_role role)
{
    struct host *h = d->host;
    struct try *t = try_new(d, role);
    struct addr from;
    struct why why;
    if (to->reach == REACH_QUIC) {
        t->quic = host_quic_dial(h, &to->addr, &d->peer, on_quic, t, &why);
        if (!t->quic)
            t->refusal = timer_start(h->loop, 0, on_refused, t);
        return;
    }
    bool from_ear = role != DCUTR_PLAIN && host_dial_from(h, &to->addr, &from);
    t->conn = tcp_dial(h->loop, &to->addr, from_ear ? &from : NULL, on_through, t);
    if (role == DCUTR_SERVER)
        return;
    t->upgrade = upgrade_dial(h->self, t->conn, &d->peer, on_upgraded, t);
    t->conn = NULL;
}

void dcutr_dial_came(struct dcutr_dials *d, struct conn *c)
{
    struct try *t = try_new(d, DCUTR_CLIENT);
    t->upgrade = upgrade_dial_open(d->host->self, c, &d->peer, on_upgraded, t);
}

void dcutr_dials_init(struct dcutr_dials *d, struct host *h, const struct peer_id *peer,
                      void (*failed)(void *arg), void *arg)
{
    *d = (struct dcutr_dials){.host = h, .peer = *peer, .failed = failed, .arg = arg};
    list_init(&d->tries);
}

bool dcutr_dials_any(const struct dcutr_dials *d)
{
    return !list_empty(&d->tries);
}

void dcutr_dials_end_agreed(struct dcutr_dials *d)
{
    LIST_EACH(&d->tries, struct try, t, link)
        if (is_agreed(t))
            try_free(t);
}

void dcutr_dials_done(struct dcutr_dials *d)
{
    LIST_EACH(&d->tries, struct try, t, link)
        try_free(t);
}
