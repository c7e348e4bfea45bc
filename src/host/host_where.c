#include "host/host_where.h"

#include "base/mem.h"
#include "host/find/beacon.h"
#include "host/host_app_in.h"

#include <stdlib.h>

struct where {
    struct where_asked {
        struct where *where;
        struct kad_op *op; /* NULL: over */
    } tables[TABLES];
    struct beacon_find *beacon; /* likewise */
    struct why why;             /* of who asked somebody */
    where_cb *cb;
    void *arg;
};

void where_cancel(struct where *w)
{
    if (!w)
        return;
    for (enum table t = 0; t < TABLES; t++)
        kad_cancel(w->tables[t].op);
    beacon_find_cancel(w->beacon);
    free(w);
}

/* One has answered. */
static void over(struct where *w, bool found, const struct why *why)
{
    bool waits = w->beacon != NULL;
    for (enum table t = 0; t < TABLES; t++)
        waits |= w->tables[t].op != NULL;
    if (why && (w->why.code == OK || w->why.code == ERR_CLOSED || w->why.code == ERR_STATE))
        w->why = *why; /* who asked somebody knows more */
    if (!found && waits)
        return;
    where_cb *cb = w->cb;
    void *arg = w->arg;
    struct why none = w->why;
    where_cancel(w);
    cb(arg, found, found ? NULL : &none);
}

static void on_table(void *arg, bool found, const struct why *why)
{
    struct where_asked *a = arg;
    a->op = NULL;
    over(a->where, found, why);
}

static void on_beacon(void *arg, bool found, const struct why *why)
{
    struct where *w = arg;
    w->beacon = NULL;
    over(w, found, why);
}

struct where *where_start(struct overlay *o, const struct peer_id *peer, where_cb *cb, void *arg)
{
    struct where *w = MEM_NEW(struct where);
    w->cb = cb;
    w->arg = arg;
    for (enum table t = 0; t < TABLES; t++) {
        w->tables[t].where = w;
        w->tables[t].op = kad_find_peer(o->tables[t], peer, on_table, &w->tables[t]);
    }
    w->beacon = beacon_find(o->beacon, peer, on_beacon, w);
    return w;
}

/* --- for whoever is wanted ------------------------------------------------------------------ */

struct host_search {
    struct where *where;
    host_found_cb *cb;
    void *arg;
};

static void on_found(void *arg, bool found, const struct why *why)
{
    struct host_search s = *(struct host_search *)arg;
    (void)why;
    free(arg);
    s.cb(s.arg, found);
}

static struct host_search *start(void *arg, const struct peer_id *peer, host_found_cb *cb,
                                 void *cb_arg)
{
    struct host_search *s = MEM_NEW(struct host_search);
    s->cb = cb;
    s->arg = cb_arg;
    s->where = where_start(arg, peer, on_found, s);
    return s;
}

static void cancel(struct host_search *s)
{
    if (s)
        where_cancel(s->where);
    free(s);
}

struct host_finder where_finder(struct overlay *o)
{
    return (struct host_finder){.arg = o, .start = start, .cancel = cancel};
}
