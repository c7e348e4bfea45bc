/* Torrents to other folders: what is recorded when, so that a kill -9 loses no file.
 *
 *     row in `moving`  ->  files are there  ->  new folder in the torrent's row, `moving` goes
 *                                           ->  what was copied is removed at the old place
 * A start that finds a row in `moving` goes on with it. */
#include "files/files_in.h"

#include "base/mem.h"

#include <string.h>

struct moving {
    struct files *f;
    uint8_t infohash[SHA1_LEN];
    char *from;
    struct call *call; /* NULL: nobody waits */
};

static enum err put_row(struct files *f, const uint8_t *infohash, const char *to, struct why *why)
{
    struct db_stmt *q =
        db_prepare(f->env.db, to ? "INSERT OR REPLACE INTO moving (infohash, dir) VALUES (?1, ?2)"
                                 : "DELETE FROM moving WHERE infohash = ?1");
    db_bind_blob(q, 1, infohash, SHA1_LEN);
    if (to)
        db_bind_text(q, 2, to);
    return db_run(q, why);
}

static enum err record(struct holding *h, struct why *why)
{
    struct files *f = h->f;
    enum err e = db_begin(f->env.db, why);
    if (e)
        return e;
    if ((e = keep_row(h, why)) || (e = put_row(f, torrent_infohash(h->t), NULL, why))) {
        db_rollback(f->env.db);
        return e;
    }
    return db_commit(f->env.db, why);
}

static void answer(struct moving *m, struct holding *h, const struct why *why)
{
    if (m->call && why->code)
        call_fail(m->call, "file.not_moved", why, "mend the cause, then move it again");
    else if (m->call && !h)
        call_failf(m->call, "file.not_found", ERR_NOT_FOUND, NULL, "it was removed meanwhile");
    else if (m->call)
        call_ok(m->call, files_row(h));
    free(m->from);
    free(m);
}

static void on_moved(void *arg, const struct why *why)
{
    struct moving *m = arg;
    struct holding *h = files_find(m->f, m->infohash);
    struct why said = *why, unkept;
    /* Moved, and not recorded: the row in `moving` stays, so that the next start finds them. */
    if (!said.code && h && record(h, &said) == OK)
        data_remove(m->f->env.loop, m->f->env.vfs, torrent_metainfo(h->t), m->from, NULL, NULL);
    else if (why->code && put_row(m->f, m->infohash, NULL, &unkept))
        log_warn(m->f->env.log, "forgetting a move: %s", unkept.text);
    answer(m, h, &said);
}

static void begin(struct holding *h, const char *dir, bool again, struct call *call)
{
    struct why why;
    struct moving *m = MEM_NEW(struct moving);
    *m = (struct moving){.f = h->f, .from = mem_strdup(torrent_dir(h->t)), .call = call};
    memcpy(m->infohash, torrent_infohash(h->t), SHA1_LEN);
    if (torrent_may_move(h->t, &why)) /* the row may be that of another, which is on its way */
        answer(m, h, &why);
    else if (put_row(h->f, m->infohash, dir, &why) ||
             torrent_move(h->t, dir, again, on_moved, m, &why))
        on_moved(m, &why);
}

void files_move(struct holding *h, const char *dir, bool moved_already, struct call *call)
{
    struct why why;
    if (strcmp(dir, torrent_dir(h->t)) == 0) {
        if (record(h, &why)) /* it may be there and not recorded */
            call_fail(call, "file.not_kept", &why, "it holds for this run; see shoal log");
        else
            call_ok(call, files_row(h));
    } else if (torrent_release_dir(h->t)) {
        call_failf(call, "file.not_moved", ERR_STATE, "wait until it is released, then move it",
                   "it is in quarantine");
    } else if (!torrent_metainfo(h->t) || torrent_is_broken(h->t)) {
        torrent_set_dir(h->t, dir); /* nothing is written yet */
        answer_kept(h, call);
    } else if (moved_already) {
        torrent_look_in(h->t, dir);
        answer_kept(h, call);
    } else if (vfs_mkdirs(h->f->env.vfs, dir, 0777, &why)) {
        call_fail(call, "file.no_folder", &why, "give another folder");
    } else {
        begin(h, dir, false, call);
    }
}

void move_on(struct holding *h)
{
    struct files *f = h->f;
    struct db_stmt *q = db_prepare(f->env.db, "SELECT dir FROM moving WHERE infohash = ?1");
    db_bind_blob(q, 1, torrent_infohash(h->t), SHA1_LEN);
    char *dir = db_step(q, NULL) == DB_ROW ? mem_strdup(db_text(q, 0)) : NULL;
    db_finish(q);
    if (dir)
        begin(h, dir, true, NULL);
    free(dir);
}

void files_move_on(struct files *f)
{
    struct holding *h;
    for (size_t at = 0; (h = map_next(f->torrents, &at, NULL, NULL));)
        move_on(h);
}

void file_move(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (h)
        files_move(h, call_text(c, "dir"), call_bool(c, "moved"), c);
}
