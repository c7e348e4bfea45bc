#include "files/files_in.h"

#include "base/mem.h"
#include "crypto/hex.h"
#include "files/meta/magnet.h"
#include "files/meta/parse.h"

#include <string.h>

char *keep_path(const struct files *f, const char *hex, const char *ending)
{
    return mem_printf("%s/%s.%s", f->torrents_dir, hex, ending);
}

/* Rows */

enum err keep_row(struct holding *h, struct why *why)
{
    struct torrent *t = h->t;
    uint64_t up, down, up_limit, down_limit;
    if (choose_keep(h, why)) /* first: a torrent without its choice would fetch all */
        return why->code;
    torrent_totals(t, &up, &down);
    torrent_limits(t, &up_limit, &down_limit);
    struct buf magnet = {0};
    torrent_kept_link(t, &magnet);
    char *link = buf_take_str(&magnet);

    struct db_stmt *q = db_prepare(
        h->f->env.db,
        "INSERT INTO torrent (infohash, magnet, dir, paused, up_limit, down_limit, added_us,"
        " uploaded, downloaded, release_dir) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)"
        " ON CONFLICT (infohash) DO UPDATE SET magnet = ?2, dir = ?3, paused = ?4, up_limit = ?5,"
        " down_limit = ?6, uploaded = ?8, downloaded = ?9, release_dir = ?10");
    db_bind_blob(q, 1, torrent_infohash(t), SHA1_LEN);
    db_bind_text(q, 2, link);
    db_bind_text(q, 3, torrent_dir(t));
    db_bind_int(q, 4, torrent_is_paused(t));
    db_bind_int(q, 5, (int64_t)up_limit);
    db_bind_int(q, 6, (int64_t)down_limit);
    db_bind_int(q, 7, torrent_added_us(t));
    db_bind_int(q, 8, (int64_t)up);
    db_bind_int(q, 9, (int64_t)down);
    db_bind_text(q, 10, torrent_release_dir(t) ? torrent_release_dir(t) : "");
    free(link);
    enum err e = db_run(q, why);
    if (e)
        return e;
    h->kept_up = up;
    h->kept_down = down;
    return OK;
}

/* Where a torrent's metainfo lies: `has_torrent` of its row. */
enum { IN_FILE = 1 /* HEX.torrent, synced */, IN_ROW = 2 /* in the table metainfo */ };

static enum err set_place(struct holding *h, int place, struct why *why)
{
    struct db_stmt *q = db_prepare(
        h->f->env.db, "UPDATE torrent SET has_torrent = ?3, own = ?2 WHERE infohash = ?1");
    db_bind_blob(q, 1, torrent_infohash(h->t), SHA1_LEN);
    db_bind_int(q, 2, torrent_metainfo(h->t)->own);
    db_bind_int(q, 3, place);
    return db_run(q, why);
}

static enum err put_metainfo(struct files *f, const uint8_t infohash[SHA1_LEN], struct cur bytes,
                             struct why *why)
{
    struct db_stmt *q = db_prepare(f->env.db, "INSERT INTO metainfo (infohash, bytes)"
                                              " VALUES (?1, ?2) ON CONFLICT (infohash)"
                                              " DO UPDATE SET bytes = ?2");
    db_bind_blob(q, 1, infohash, SHA1_LEN);
    db_bind_blob(q, 2, bytes.p, bytes.n);
    return db_run(q, why);
}

static enum err drop_metainfo(struct files *f, const uint8_t infohash[SHA1_LEN], struct why *why)
{
    struct db_stmt *q = db_prepare(f->env.db, "DELETE FROM metainfo WHERE infohash = ?1");
    db_bind_blob(q, 1, infohash, SHA1_LEN);
    return db_run(q, why);
}

static void drop_rows(struct files *f, const uint8_t infohash[SHA1_LEN])
{
    struct why why;
    struct db_stmt *q = db_prepare(f->env.db, "DELETE FROM torrent WHERE infohash = ?1");
    db_bind_blob(q, 1, infohash, SHA1_LEN);
    if (db_run(q, &why) || drop_metainfo(f, infohash, &why))
        log_warn(f->env.log, "removing a torrent's row: %s", why.text);
    tend_drop(f, infohash);
    choose_drop(f, infohash);
    rename_drop(f, infohash);
    q = db_prepare(f->env.db, "DELETE FROM moving WHERE infohash = ?1");
    db_bind_blob(q, 1, infohash, SHA1_LEN);
    if (db_run(q, &why))
        log_warn(f->env.log, "forgetting a move: %s", why.text);
}

void keep_drop(struct files *f, const uint8_t infohash[SHA1_LEN])
{
    struct why why;
    enum err e = db_begin(f->env.db, &why); /* one sync for all its rows */
    drop_rows(f, infohash);
    if (e == OK)
        e = db_commit(f->env.db, &why);
    if (e)
        log_warn(f->env.log, "removing a torrent's rows: %s", why.text);
}

/* .torrent files.  Small ones lie in the database, with their rows: one commit, which is one sync,
 * makes all of them last that came in one turn of the loop; a copy as a file follows, unsynced, for
 * people and programs that look for it.  Large ones (up to MI_TORRENT_MAX bytes) are files: a lane
 * writes and syncs them, then their rows are committed in the same way. */

struct keeping {
    struct link link;
    struct files *f; /* NULL: the app is gone */
    uint8_t infohash[SHA1_LEN];
    bool in_row;
    bool waits_for_copy;
    const struct vfs *vfs;
    char *path;
    struct buf bytes;
    struct why why;
    keep_cb *done; /* NULL: told, or nobody waits */
    void *arg;
};

static void write_torrent(void *arg)
{
    struct keeping *k = arg;
    k->why.code = vfs_replace(k->vfs, k->path, buf_bytes(&k->bytes), buf_len(&k->bytes),
                              VFS_PRIVATE, &k->why);
}

static void keeping_free(struct keeping *k)
{
    list_drop(&k->link);
    buf_done(&k->bytes);
    free(k->path);
    free(k);
}

static void tell(struct keeping *k)
{
    keep_cb *done = k->done;
    k->done = NULL;
    if (done)
        done(k->arg, &k->why);
}

static void write_copy(void *arg)
{
    struct keeping *k = arg;
    unsigned flags = VFS_WRITE | VFS_CREATE | VFS_TRUNCATE | VFS_PRIVATE | VFS_NOFOLLOW;
    struct vfile *file = vfs_open(k->vfs, k->path, flags, &k->why);
    if (file)
        (void)!vfile_pwrite(file, buf_bytes(&k->bytes), buf_len(&k->bytes), 0, &k->why);
    vfile_close(file);
}

static void on_copied(void *arg)
{
    struct keeping *k = arg;
    struct files *f = k->f;
    if (f && k->why.code)
        log_warn(f->env.log, "the copy of a .torrent: %s", k->why.text);
    if (f && !files_find(f, k->infohash)) /* removed meanwhile */
        (void)!vfs_unlink(k->vfs, k->path, NULL);
    k->why.code = OK; /* it is kept all the same */
    tell(k);
    keeping_free(k);
}

static void told(struct keeping *k)
{
    struct files *f = k->f;
    struct holding *h = files_find(f, k->infohash);
    bool copy = k->in_row && k->why.code == OK && h;
    if (h)
        h->unwritten = k->why.code != OK;
    if (k->why.code)
        log_warn(f->env.log, "keeping a .torrent: %s", k->why.text);
    if (!copy || !k->waits_for_copy)
        tell(k);
    if (!copy) {
        keeping_free(k);
        return;
    }
    list_drop(&k->link);
    list_push(&f->keeping, &k->link);
    lane_run(f->env.loop, LANE_DISK_ORDERED, write_copy, on_copied, k);
}

static enum err put_one(struct keeping *k, struct holding *h, struct why *why)
{
    enum err e = keep_row(h, why);
    if (e == OK)
        e = k->in_row ? put_metainfo(k->f, k->infohash, buf_cur(&k->bytes), why)
                      : drop_metainfo(k->f, k->infohash, why);
    return e ? e : set_place(h, k->in_row ? IN_ROW : IN_FILE, why);
}

static enum err put_rows(struct files *f, struct why *why)
{
    enum err e = OK;
    LIST_EACH(&f->written, struct keeping, k, link) {
        struct holding *h = files_find(f, k->infohash);
        if (e == OK && h && !k->why.code)
            e = put_one(k, h, why);
    }
    return e;
}

/* A row that cannot be kept means a disk that takes none: all are told so. */
static void failed(struct files *f, const struct why *why)
{
    LIST_EACH(&f->written, struct keeping, k, link) {
        struct holding *h = files_find(f, k->infohash);
        if (h)
            h->kept_up =
                UINT64_MAX; /* whatever it says now is not kept: try again at the next save */
        if (!k->why.code)
            k->why = *why;
    }
}

void keep_commit(struct files *f)
{
    struct why why = {0};
    struct link batch;
    timer_cancel(f->commit_soon);
    f->commit_soon = NULL;
    list_init(&batch);
    if (list_empty(&f->written))
        return;
    enum err e = db_begin(f->env.db, &why);
    if (e == OK && (e = put_rows(f, &why)) != OK)
        db_rollback(f->env.db);
    if (e == OK)
        e = db_commit(f->env.db, &why);
    if (e)
        failed(f, &why);
    LIST_EACH(&f->written, struct keeping, w, link) { /* who is told may want more to be kept */
        list_drop(&w->link);
        list_push(&batch, &w->link);
    }
    while (!list_empty(&batch))
        told(LIST_FIRST(&batch, struct keeping, link));
}

static void on_commit(void *arg)
{
    struct files *f = arg;
    f->commit_soon = NULL;
    keep_commit(f);
}

/* With all others that come before the loop looks at its sockets again; who comes while that is
 * synced is the next batch. */
static void commit_soon(struct keeping *k)
{
    struct files *f = k->f;
    list_drop(&k->link);
    list_push(&f->written, &k->link);
    if (!f->commit_soon)
        f->commit_soon = timer_start(f->env.loop, 0, on_commit, f);
}

static void on_written(void *arg)
{
    struct keeping *k = arg;
    if (k->f)
        commit_soon(k);
    else
        keeping_free(k);
}

static void keep(struct holding *h, bool waits_for_copy, keep_cb *done, void *arg)
{
    struct keeping *k = MEM_NEW(struct keeping);
    bool under_way = keep_is_under_way(h);
    k->f = h->f;
    k->waits_for_copy = waits_for_copy;
    list_push(&h->f->keeping, &k->link);
    memcpy(k->infohash, torrent_infohash(h->t), SHA1_LEN);
    k->vfs = h->f->env.vfs;
    k->path = keep_path(h->f, torrent_hex(h->t), "torrent");
    torrent_write(h->t, &k->bytes);
    k->done = done;
    k->arg = arg;
    k->in_row = !under_way && buf_len(&k->bytes) <= PARSE_SMALL;
    if (k->in_row) {
        commit_soon(k);
        return;
    }
    /* In order: of two for one torrent (v2: its hashes came later) the later one is to stay, and
     * both would write the same temporary file. */
    lane_run(h->f->env.loop, LANE_DISK_ORDERED, write_torrent, on_written, k);
}

void keep_torrent(struct holding *h, keep_cb *done, void *arg)
{
    keep(h, false, done, arg);
}

void keep_torrent_file(struct holding *h, keep_cb *done, void *arg)
{
    keep(h, true, done, arg);
}

bool keep_is_under_way(const struct holding *h)
{
    LIST_EACH(&h->f->keeping, struct keeping, k, link) {
        if (memcmp(k->infohash, torrent_infohash(h->t), SHA1_LEN) == 0)
            return true;
    }
    LIST_EACH(&h->f->written, struct keeping, w, link) {
        if (memcmp(w->infohash, torrent_infohash(h->t), SHA1_LEN) == 0)
            return true;
    }
    return false;
}

static void tell_stopped(const struct keeping *k)
{
    struct why why = {.code = ERR_STATE, .text = "the node stops"};
    if (k->done)
        k->done(k->arg, &why);
}

void keep_forget(struct files *f)
{
    timer_cancel(f->commit_soon);
    f->commit_soon = NULL;
    LIST_EACH(&f->keeping, struct keeping, k, link) {
        list_drop(&k->link);
        k->f = NULL; /* its lane frees it */
        tell_stopped(k);
    }
    LIST_EACH(&f->written, struct keeping, w, link) {
        tell_stopped(w);
        keeping_free(w);
    }
}

void keep_unlink(struct files *f, const char *hex)
{
    static const char *const endings[] = {"torrent", "resume", "parts"};
    for (size_t i = 0; i < sizeof endings / sizeof endings[0]; i++) {
        struct why why;
        char *path = keep_path(f, hex, endings[i]);
        if (vfs_unlink(f->env.vfs, path, &why) && why.code != ERR_NOT_FOUND)
            log_warn(f->env.log, "%s", why.text);
        free(path);
    }
}

/* Back again */

static struct metainfo *read_torrent(struct files *f, const struct torrent_cfg *cfg, bool own,
                                     struct why *why)
{
    char hex[2 * SHA1_LEN + 1];
    char *path = keep_path(f, hex_encode(cfg->infohash, SHA1_LEN, hex), "torrent");
    struct buf b = {0};
    struct metainfo *mi = NULL;
    if (vfs_read_all(f->env.vfs, path, PARSE_SMALL, &b, why) == OK)
        mi = own ? metainfo_parse_own(buf_cur(&b), why) : metainfo_parse(buf_cur(&b), why);
    buf_done(&b);
    free(path);
    return mi;
}

static struct metainfo *read_row(struct files *f, const uint8_t infohash[SHA1_LEN], bool own,
                                 struct why *why)
{
    size_t n = 0;
    struct metainfo *mi = NULL;
    struct db_stmt *q = db_prepare(f->env.db, "SELECT bytes FROM metainfo WHERE infohash = ?1");
    db_bind_blob(q, 1, infohash, SHA1_LEN);
    enum db_step step = db_step(q, why);
    const void *bytes = step == DB_ROW ? db_blob(q, 0, &n) : NULL;
    if (bytes)
        mi =
            own ? metainfo_parse_own(cur_of(bytes, n), why) : metainfo_parse(cur_of(bytes, n), why);
    else if (step == DB_END)
        why_set(why, ERR_NOT_FOUND, "its .torrent is not in the database");
    db_finish(q);
    return mi;
}

/* The .torrent of a row, as it was read; mi is taken. */
struct kept {
    bool there;
    struct metainfo *mi;
    struct why why;
};

static void take_kept(struct files *f, struct torrent_cfg *cfg, struct kept *kept)
{
    if (kept->mi && !infohash_is_wire(&kept->mi->hash, cfg->infohash)) {
        why_set(&kept->why, ERR_INVALID, "the .torrent that was kept is of another torrent");
        parse_drop(f->env.loop, kept->mi);
        kept->mi = NULL;
    }
    cfg->mi = kept->mi;
    if (!cfg->mi)
        cfg->error = kept->why.text;
    rename_restore(f, cfg);
}

static struct holding *restore(struct files *f, struct torrent_cfg *cfg, const char *link,
                               struct kept *kept)
{
    struct why why = {0};
    struct mi_tracker urls[MAGNET_TRACKERS_MAX];
    struct magnet *magnet = magnet_parse(link, &why);
    if (kept->there)
        take_kept(f, cfg, kept);
    scans_restore(f, cfg);
    for (size_t i = 0; magnet && i < magnet->tracker_count; i++)
        urls[cfg->tracker_count++] = (struct mi_tracker){magnet->trackers[i], (unsigned)i};
    cfg->trackers = urls;
    if (magnet)
        cfg->hash = magnet->hash;
    cfg->name = magnet ? magnet->name : NULL;
    struct choice_row chosen;
    choose_read(f, cfg->infohash, &chosen);
    cfg->rules = chosen.rules;
    cfg->priorities = chosen.priorities;
    cfg->priority_count = chosen.count;
    cfg->sequential = chosen.sequential;
    cfg->ends_first = chosen.ends_first;
    cfg->super_seed = chosen.super_seed;
    struct holding *h = files_add(f, cfg);
    h->chosen = chosen.there;
    choose_row_done(&chosen);
    if (magnet && magnet->has_key)
        torrent_seek_signer(h->t, magnet->key, cur_of(magnet->salt, magnet->salt_len));
    for (size_t i = 0; magnet && i < magnet->web_seed_count; i++)
        torrent_add_web_seed(h->t, magnet->web_seeds[i]);
    for (size_t i = 0; magnet && i < magnet->peer_count; i++) {
        struct addr a;
        if (addr_parse(&a, magnet->peers[i], NULL) == OK)
            torrent_add_peer(h->t, &a, PEER_MAGNET);
    }
    magnet_free(magnet);
    return h;
}

#define ROW                                                                                        \
    "SELECT infohash, magnet, dir, paused, up_limit, down_limit, added_us, uploaded, downloaded,"  \
    " has_torrent, blocked, own, release_dir FROM torrent"

/* given: what a lane has read; NULL: read it here, or let a lane do it when it is large (then NULL
 * comes back). */
static struct holding *restore_row(struct files *f, struct db_stmt *q, struct kept *given)
{
    size_t n;
    const void *id = db_blob(q, 0, &n);
    if (n != SHA1_LEN)
        return NULL;
    struct torrent_cfg cfg = {
        .dir = db_text(q, 2),
        .paused = db_int(q, 3) != 0,
        .up_limit = (uint64_t)db_int(q, 4),
        .down_limit = (uint64_t)db_int(q, 5),
        .added_us = db_int(q, 6),
        .uploaded = (uint64_t)db_int(q, 7),
        .downloaded = (uint64_t)db_int(q, 8),
        .release_dir = db_text(q, 12)[0] ? db_text(q, 12) : NULL,
        .blocked = db_text(q, 10)[0] ? db_text(q, 10) : NULL,
    };
    bool own = db_int(q, 11) != 0;
    memcpy(cfg.infohash, id, SHA1_LEN);
    struct kept kept = {.there = db_int(q, 9) != 0};
    if (!given && kept.there)
        kept.mi = db_int(q, 9) == IN_ROW ? read_row(f, cfg.infohash, own, &kept.why)
                                         : read_torrent(f, &cfg, own, &kept.why);
    if (!given && kept.there && !kept.mi && db_int(q, 9) == IN_FILE && kept.why.code == ERR_LIMIT) {
        late_begin(f, cfg.infohash, own);
        return NULL;
    }
    return restore(f, &cfg, db_text(q, 1), given ? given : &kept);
}

void keep_restore(struct files *f)
{
    struct why why;
    struct db_stmt *q = db_prepare(f->env.db, ROW " ORDER BY added_us, infohash");
    enum db_step step;
    while ((step = db_step(q, &why)) == DB_ROW)
        restore_row(f, q, NULL);
    if (step == DB_FAILED)
        log_error(f->env.log, "reading the list of torrents: %s", why.text);
    db_finish(q);
}

void keep_restore_late(struct files *f, const uint8_t infohash[SHA1_LEN], struct metainfo *mi,
                       const struct why *why)
{
    struct why failed;
    struct kept kept = {.there = true, .mi = mi, .why = *why};
    struct db_stmt *q = db_prepare(f->env.db, ROW " WHERE infohash = ?1");
    db_bind_blob(q, 1, infohash, SHA1_LEN);
    struct holding *h = NULL;
    if (db_step(q, &failed) == DB_ROW)
        h = restore_row(f, q, &kept);
    else
        parse_drop(f->env.loop, mi);
    db_finish(q);
    if (h)
        move_on(h);
}
