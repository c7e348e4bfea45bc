/* Large metadata of a magnet link: joined, hashed and read on a lane (BEP 9). */
#include "files/torrent_in.h"

#include "base/mem.h"
#include "files/meta/parse.h"

struct info_load {
    struct torrent *t; /* NULL: it is gone */
    struct loop *loop;
    struct info_fetch *info;
    struct infohash hash;
    struct addr from; /* who has sent it */
    size_t held;
    bool forged;
    struct metainfo *mi;
    struct why why;
};

static void load_work(void *arg)
{
    struct info_load *l = arg;
    if (info_fetch_join(l->info, &l->why))
        l->forged = true;
    else
        l->mi = metainfo_of_info(info_fetch_bytes(l->info), &l->hash, NULL, 0, &l->why);
    info_fetch_free(l->info);
    l->info = NULL;
}

/* Who sent it may have left since: its address is remembered. */
static void blame_sender(const struct info_load *l)
{
    struct torrent *t = l->t;
    struct peer_entry *e = torrent_peers_find(t->peers, &l->from);
    LIST_EACH(&t->members, struct member, m, link) {
        if (m->entry == e)
            session_end(m->s, ERR_INVALID, "%s", l->why.text);
    }
    if (e && ++e->bad_info >= TORRENT_BAD_INFO_MAX)
        torrent_peers_ban(t->peers, &l->from);
}

static void on_load(void *arg)
{
    struct info_load *l = arg;
    struct torrent *t = l->t;
    info_fetch_free(l->info); /* the lane never came to it */
    if (!t) {
        parse_drop(l->loop, l->mi);
        free(l);
        return;
    }
    t->load = NULL;
    budget_give(&t->info_budget, BUDGET_BYTES, l->held);
    if (l->forged) {
        blame_sender(l);
        info_want(t);
    } else {
        if (l->mi)
            metainfo_set_trackers(l->mi, t->urls, t->url_count);
        info_accept(t, l->mi, &l->why);
    }
    free(l);
}

void load_begin(struct member *m)
{
    struct torrent *t = m->t;
    struct info_load *l = MEM_NEW(struct info_load);
    *l = (struct info_load){.t = t,
                            .loop = t->env->wire.loop,
                            .info = m->info,
                            .hash = t->hash,
                            .from = m->entry->addr,
                            .held = info_fetch_held(m->info)};
    m->info = NULL;
    t->load = l;
    LIST_EACH(&t->members, struct member, other, link) {
        info_drop(other); /* one of this size at a time */
    }
    why_set(&l->why, ERR_CLOSED, "the lane has stopped"); /* if work never runs */
    lane_run(l->loop, LANE_CPU, load_work, on_load, l);
}

void load_forget(struct torrent *t)
{
    if (t->load)
        t->load->t = NULL;
    t->load = NULL;
}
