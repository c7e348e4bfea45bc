/* A torrent comes to the node, tells of itself, and goes: its row, its metrics and its names
 * follow. */
#include "files/files_in.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>

/* What torrents tell */

void files_count(struct holding *h)
{
    struct files *f = h->f;
    uint64_t up, down;
    torrent_totals(h->t, &up, &down);
    metric_add(f->metric.up, (int64_t)(up - h->metric_up));
    metric_add(f->metric.down, (int64_t)(down - h->metric_down));
    tend_changed(h, up - h->metric_up, down - h->metric_down);
    h->metric_up = up;
    h->metric_down = down;
}

static void on_changed(void *node, struct torrent *t)
{
    struct files *f = node;
    struct holding *h = files_find(f, torrent_infohash(t));
    if (!h || h->t != t)
        return;
    files_count(h);
    tend_moved(h);
    reach_changed(f, t);
    metric_set(f->metric.peers, f->swarm.conns);
    bus_post(f->env.bus, BUS_STATE, "file.state", torrent_hex(t), files_row(h));
}

static void on_finished(void *node, struct torrent *t)
{
    struct files *f = node;
    struct holding *h = files_find(f, torrent_infohash(t));
    metric_add(f->metric.finished, 1);
    if (!h || h->t != t)
        return;
    files_count(h);
    tend_finished(h);
    bus_post(f->env.bus, BUS_ONCE, "file.done", torrent_hex(t), files_row(h));
}

static void on_got_info(void *node, struct torrent *t)
{
    struct files *f = node;
    struct holding *h = files_find(f, torrent_infohash(t));
    if (!h || h->t != t)
        return;
    queue_look(h); /* now that its size is known: is there room? */
    keep_torrent(h, NULL, NULL);
    names_learned(h);
}

/* The signature goes into the .torrent; and the owner may not want what its signer makes. */
static void on_vouched(void *node, struct torrent *t)
{
    struct files *f = node;
    struct holding *h = files_find(f, torrent_infohash(t));
    if (!h || h->t != t)
        return;
    keep_torrent(h, NULL, NULL);
    f->swarm.vet(f, t);
}

/* Torrents */

struct holding *files_add(struct files *f, struct torrent_cfg *cfg)
{
    struct holding *h = MEM_NEW(struct holding);
    list_init(&h->link);
    h->f = f;
    h->kept_up = h->metric_up = cfg->uploaded;
    h->kept_down = h->metric_down = cfg->downloaded;
    tend_begin(h);
    h->tend.care.shared = cfg->seed;
    if (!f->restoring)
        choose_drop(f, cfg->infohash); /* of a crash between two rows */
    if (!cfg->paused)
        cfg->held = queue_first(f);
    if (cfg->mi)
        files_dht_nodes(f, cfg->mi);
    h->t = torrent_new(&f->swarm, cfg);
    tend_started(h);
    map_put(f->torrents, cfg->infohash, SHA1_LEN, h);
    names_add(h);
    metric_set(f->metric.torrents, (int64_t)map_count(f->torrents));
    torrent_start(h->t);
    if (torrent_metainfo(h->t))
        queue_touch(h); /* many come together; what is told of it waits for its .torrent anyway */
    else if (!f->restoring)
        queue_look(h);
    return h;
}

static void removed(struct holding *h, const struct why *why)
{
    struct files *f = h->f;
    if (!f) { /* the app is gone already */
        torrent_free(h->t);
        free(h);
        return;
    }
    char hex[2 * SHA1_LEN + 1];
    snprintf(hex, sizeof hex, "%s", torrent_hex(h->t));
    if (!map_get(f->torrents, torrent_infohash(h->t),
                 SHA1_LEN)) /* else it was added again meanwhile */
        keep_unlink(f, hex);
    bus_post(f->env.bus, BUS_ONCE, "file.removed", hex, json_pack("{s:s}", "id", hex));
    if (h->call && why && why->code)
        call_fail(h->call, "file.not_deleted", why, "delete the files by hand");
    else if (h->call)
        call_ok(h->call, json_pack("{s:s}", "id", hex));
    list_drop(&h->link);
    torrent_free(h->t);
    free(h);
    if (f->stopped && --f->closing == 0)
        f->stopped(f->stopped_arg);
}

static void on_data_removed(void *arg, const struct why *why)
{
    removed(arg, why);
}

static void on_left(void *arg)
{
    struct holding *h = arg;
    const struct metainfo *mi = torrent_metainfo(h->t);
    h->deleting = h->with_data && mi;
    if (h->deleting)
        data_remove(h->f->env.loop, h->f->env.vfs, mi, torrent_dir(h->t), on_data_removed, h);
    else
        removed(h, NULL);
}

void files_remove(struct holding *h, bool with_data, struct call *call)
{
    struct files *f = h->f;
    h->with_data = with_data;
    h->call = call;
    f->gone[f->gone_at++ % FILES_GONE_MAX] =
        (struct gone){h->tend.number, loop_now_us(f->env.loop)};
    tend_end(h);
    map_drop(f->torrents, torrent_infohash(h->t), SHA1_LEN);
    names_drop(h);
    reach_removed(f, h->t);
    metric_set(f->metric.torrents, (int64_t)map_count(f->torrents));
    keep_drop(f, torrent_infohash(h->t));
    list_push(&f->leaving, &h->link);
    torrent_close(h->t, on_left, h);
    if (queue_first(f))
        queue_soon(f); /* its place is free */
}

void hold_begin(struct torrent_env *swarm)
{
    swarm->changed = on_changed;
    swarm->finished = on_finished;
    swarm->got_info = on_got_info;
    swarm->vouched = on_vouched;
}

void hold_end(struct files *f)
{
    struct holding *h;
    for (size_t at = 0; (h = map_next(f->torrents, &at, NULL, NULL));) {
        torrent_free(h->t);
        tend_end(h);
        free(h);
    }
    LIST_EACH(&f->leaving, struct holding, l, link) {
        list_drop(&l->link);
        l->f = NULL;
        torrent_drop_trackers(l->t);
        if (!l->deleting) /* else removed() does it */
            removed(l, NULL);
    }
}
