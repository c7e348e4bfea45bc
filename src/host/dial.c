/* Efforts: to one peer, for all who ask for it, until an address connects or none is left. */
#include "host/dial_in.h"

#include "base/mem.h"
#include "host/trust.h"

#include <stdlib.h>

struct host_dial {
    struct link link; /* in effort.dials, or in host.dials where it is there already */
    struct host *host;
    struct peer_id peer;
    struct timer *now;
    host_dial_cb *cb;
    void *arg;
};

static void effort_step(void *arg);

/* --- the end ---------------------------------------------------------------------------------- */

static void end_search(struct effort *e)
{
    if (!e->search)
        return;
    e->host->finder.cancel(e->search);
    e->host->search_count--;
    e->search = NULL;
}

static void effort_free(struct effort *e)
{
    uint64_t now = loop_now_us(e->host->loop);
    end_search(e);
    LIST_EACH(&e->attempts, struct attempt, a, link) {
        if (e->reached.len && now - a->dialled_us >= HEAD_START_US)
            attempt_ended(a, false); /* what began later was there before */
        attempt_free(a);
    }
    list_drop(&e->link);
    timer_cancel(e->timer);
    free(e);
}

static void dial_free(struct host_dial *d)
{
    list_drop(&d->link);
    timer_cancel(d->now);
    free(d);
}

static void dial_tell(struct host_dial *d, const struct peer_id *peer, const struct why *why)
{
    host_dial_cb *cb = d->cb;
    void *arg = d->arg;
    dial_free(d);
    cb(arg, peer, why);
}

static void effort_end(struct effort *e)
{
    struct link dials;
    struct peer_id reached = e->reached;
    struct why why = e->why;
    list_init(&dials);
    LIST_EACH(&e->dials, struct host_dial, d, link) {
        list_drop(&d->link);
        list_push(&dials, &d->link);
    }
    effort_free(e);
    for (struct host_dial *d; (d = LIST_FIRST(&dials, struct host_dial, link));)
        dial_tell(d, reached.len ? &reached : NULL, reached.len ? NULL : &why);
}

void effort_soon(struct effort *e, uint64_t after_us)
{
    timer_cancel(e->timer);
    e->timer = timer_start(e->host->loop, after_us, effort_step, e);
}

void dial_connected(struct host *h, struct peer *p)
{
    LIST_EACH(&h->efforts, struct effort, e, link)
        if (peer_id_equal(&e->who, &p->id) && (!e->direct || peer_is_direct(p))) {
            e->reached = p->id;
            effort_soon(e, 0);
        }
}

/* --- asking others ---------------------------------------------------------------------------- */

bool dial_is_wanted(const struct host *h, const struct peer_id *id)
{
    const struct peer *p = peer_find(h, id);
    return trust_of(h->cfg.trust, id) == TRUST_TRUSTED || (p && peer_weight(p) > 0);
}

static void on_search(void *arg, bool found)
{
    struct effort *e = arg;
    e->search = NULL;
    e->host->search_count--;
    if (found)
        effort_add_known(e, peer_find(e->host, &e->who));
    effort_soon(e, 0);
}

/* Somebody may know, once; not for strangers, of whom there are many in a table. */
static bool is_found_elsewhere(struct effort *e)
{
    struct host *h = e->host;
    if (e->search)
        return true;
    if (e->searched || e->direct || !h->finder.start || h->search_count >= SEARCHES_MAX ||
        !dial_is_wanted(h, &e->who))
        return false;
    e->searched = true;
    h->search_count++;
    e->search = h->finder.start(h->finder.arg, &e->who, on_search, e);
    return true;
}

void host_set_finder(struct host *h, const struct host_finder *f)
{
    LIST_EACH(&h->efforts, struct effort, e, link) {
        if (e->search)
            effort_soon(e, 0);
        end_search(e);
    }
    h->finder = f ? *f : (struct host_finder){0};
}

static void effort_step(void *arg)
{
    struct effort *e = arg;
    size_t running[2] = {0};
    e->timer = NULL;
    LIST_EACH(&e->attempts, struct attempt, a, link)
        running[a->route.relayed]++;
    bool tried_all = running[0] + running[1] == 0 && effort_left(e) == 0;
    if (tried_all && !e->reached.len && is_found_elsewhere(e))
        return;
    if (e->reached.len || tried_all) {
        effort_end(e);
        return;
    }
    size_t i = effort_next(e, running);
    if (i < e->count) {
        e->tried[i] = true;
        attempt_start(e, &e->addrs[i]);
    }
    if (!e->timer && effort_left(e) > 0)
        effort_soon(e, HEAD_START_US);
}

/* --- asking for it ---------------------------------------------------------------------------- */

static struct effort *effort_get(struct host *h, const struct peer_id *who, bool direct)
{
    if (who)
        LIST_EACH(&h->efforts, struct effort, e, link)
            if (peer_id_equal(&e->who, who) && e->direct == direct)
                return e;
    struct effort *e = MEM_NEW(struct effort);
    e->host = h;
    e->direct = direct;
    if (who)
        e->who = *who;
    list_init(&e->dials);
    list_init(&e->attempts);
    list_push(&h->efforts, &e->link);
    why_set(&e->why, ERR_NOT_FOUND, "no address of it is known");
    return e;
}

static void on_there_already(void *arg)
{
    struct host_dial *d = arg;
    struct peer_id peer = d->peer;
    d->now = NULL;
    dial_tell(d, &peer, NULL);
}

static struct host_dial *dial(struct host *h, const struct peer_id *peer,
                              const struct multiaddr *addrs, size_t n, bool direct, bool asked,
                              host_dial_cb *cb, void *arg)
{
    struct multiaddr_route route = {0};
    struct host_dial *d = MEM_NEW(struct host_dial);
    d->host = h;
    d->cb = cb;
    d->arg = arg;
    if (!peer && n > 0 && multiaddr_route(&addrs[0], &route, NULL) == OK && route.peer.len)
        peer = &route.peer;
    if (peer && (direct ? peer_is_direct(peer_find(h, peer)) : host_connected(h, peer))) {
        d->peer = *peer;
        list_push(&h->dials, &d->link);
        d->now = timer_start(h->loop, 0, on_there_already, d);
        return d;
    }
    struct effort *e = effort_get(h, peer, direct);
    e->asked |= asked;
    for (size_t i = 0; i < n; i++)
        effort_add(e, &addrs[i]);
    if (peer)
        effort_add_known(e, peer_find(h, peer));
    list_push(&e->dials, &d->link);
    effort_soon(e, 0);
    return d;
}

struct host_dial *host_dial(struct host *h, const struct peer_id *peer,
                            const struct multiaddr *addrs, size_t n, host_dial_cb *cb, void *arg)
{
    return dial(h, peer, addrs, n, false, true, cb, arg);
}

struct host_dial *dial_direct(struct host *h, const struct peer_id *peer,
                              const struct multiaddr *addrs, size_t n, host_dial_cb *cb, void *arg)
{
    return dial(h, peer, addrs, n, true, true, cb, arg);
}

struct host_dial *host_dial_unasked(struct host *h, const struct peer_id *peer,
                                    const struct multiaddr *addrs, size_t n, host_dial_cb *cb,
                                    void *arg)
{
    return dial(h, peer, addrs, n, false, false, cb, arg);
}

void host_dial_cancel(struct host_dial *d)
{
    if (d)
        dial_free(d); /* the effort goes on: it ends by itself, soon */
}

void dial_stop(struct host *h)
{
    LIST_EACH(&h->efforts, struct effort, e, link)
        LIST_EACH(&e->attempts, struct attempt, a, link)
            attempt_free(a);
}

void dial_done(struct host *h)
{
    LIST_EACH(&h->dials, struct host_dial, d, link)
        dial_free(d);
    LIST_EACH(&h->efforts, struct effort, e, link) {
        LIST_EACH(&e->dials, struct host_dial, d, link)
            dial_free(d);
        effort_free(e);
    }
}
