/* files.watch: what appears in a folder is fetched. */
#include "files/files_in.h"

#include "base/mem.h"
#include "files/owner/watch.h"

#include <string.h>

static bool is_kept(struct files *f, const uint8_t *infohash)
{
    struct db_stmt *q =
        db_prepare(f->env.db, "SELECT has_torrent FROM torrent WHERE infohash = ?1");
    db_bind_blob(q, 1, infohash, SHA1_LEN);
    bool kept = db_step(q, NULL) == DB_ROW && db_int(q, 0) != 0;
    db_finish(q);
    return kept;
}

/* Takes mi. */
static enum watch_answer add(struct files *f, struct metainfo *mi, struct why *why)
{
    struct torrent_cfg cfg = {.mi = mi,
                              .hash = mi->hash,
                              .dir = f->download_dir,
                              .fresh = true,
                              .added_us = loop_wall_us(f->env.loop)};
    memcpy(cfg.infohash, mi->infohash, SHA1_LEN);
    if (unwanted_vet(f, cfg.infohash, &mi->hash, mi, true, why) ||
        (map_count(f->torrents) >= FILES_TORRENTS_MAX &&
         why_set(why, ERR_LIMIT, "%d torrents are held", FILES_TORRENTS_MAX))) {
        metainfo_free(mi);
        return WATCH_INVALID;
    }
    if (vfs_mkdirs(f->env.vfs, cfg.dir, 0777, why)) { /* no fault of the .torrent */
        metainfo_free(mi);
        return WATCH_LATER;
    }
    keep_torrent(files_add(f, &cfg), NULL, NULL);
    return WATCH_LATER;
}

static enum watch_answer on_found(void *arg, struct cur torrent, struct why *why)
{
    struct files *f = arg;
    if (late_is_awaited(f))
        return WATCH_LATER; /* it may be one of those */
    struct metainfo *mi = metainfo_parse(torrent, why);
    if (!mi)
        return WATCH_INVALID;
    struct holding *h = files_find_any(f, &mi->hash);
    if (!h)
        return add(f, mi, why);
    bool kept = is_kept(f, torrent_infohash(h->t));
    metainfo_free(mi);
    if (kept || !torrent_metainfo(h->t))
        return WATCH_ADDED;
    if (!keep_is_under_way(h))
        keep_torrent(h, NULL, NULL); /* it failed, and was told */
    return WATCH_LATER;
}

void files_watch(struct files *f)
{
    const char *dir = conf_text(f->env.conf, "files.watch");
    watch_free(f->watch);
    f->watch = dir[0] ? watch_new(f->env.loop, f->env.vfs, f->env.log, dir, on_found, f) : NULL;
}
