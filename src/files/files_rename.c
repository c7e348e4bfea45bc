/* Files and folders of torrents get other names: what is recorded when, so that a kill -9 leaves
 * the one name or the other, and we know which.
 *
 *     row in `renaming`  ->  rename(2)  ->  row in `renamed`, `renaming` goes  ->  answered
 *
 * A start that finds a row in `renaming` looks at the disk: what has the new name is called so;
 * else nothing has happened, and nobody was told that it had. */
#include "files/files_in.h"

#include "base/mem.h"
#include "files/disk/data_rename.h"
#include "files/meta/renames.h"

#include <string.h>

struct renaming {
    struct files *f;
    uint8_t infohash[SHA1_LEN];
    char *first, *name;
    struct call *call;
};

/* ---- rows ---- */

static struct db_stmt *about(struct files *f, const char *sql, const uint8_t *infohash)
{
    struct db_stmt *q = db_prepare(f->env.db, sql);
    db_bind_blob(q, 1, infohash, SHA1_LEN);
    return q;
}

static enum err put_renaming(struct files *f, const uint8_t *infohash, const char *path,
                             const char *name, struct why *why)
{
    struct db_stmt *q = about(
        f, "INSERT OR REPLACE INTO renaming (infohash, path, name) VALUES (?1, ?2, ?3)", infohash);
    db_bind_text(q, 2, path);
    db_bind_text(q, 3, name);
    return db_run(q, why);
}

static enum err drop_renaming(struct files *f, const uint8_t *infohash, struct why *why)
{
    return db_run(about(f, "DELETE FROM renaming WHERE infohash = ?1", infohash), why);
}

/* The torrent's own name is no row. */
static enum err put_renamed(struct files *f, const uint8_t *infohash, const char *first,
                            const char *name, struct why *why)
{
    const char *slash = strrchr(first, '/');
    bool own = strcmp(slash ? slash + 1 : first, name) == 0;
    struct db_stmt *q =
        about(f,
              own ? "DELETE FROM renamed WHERE infohash = ?1 AND path = ?2"
                  : "INSERT OR REPLACE INTO renamed (infohash, path, name) VALUES (?1, ?2, ?3)",
              infohash);
    db_bind_text(q, 2, first);
    if (!own)
        db_bind_text(q, 3, name);
    return db_run(q, why);
}

static enum err record(struct files *f, const uint8_t *infohash, const char *first,
                       const char *name, struct why *why)
{
    enum err e = db_begin(f->env.db, why);
    if (e)
        return e;
    if ((e = put_renamed(f, infohash, first, name, why)) || (e = drop_renaming(f, infohash, why))) {
        db_rollback(f->env.db);
        return e;
    }
    return db_commit(f->env.db, why);
}

void rename_drop(struct files *f, const uint8_t infohash[SHA1_LEN])
{
    struct why why;
    if (db_run(about(f, "DELETE FROM renamed WHERE infohash = ?1", infohash), &why) ||
        drop_renaming(f, infohash, &why))
        log_warn(f->env.log, "forgetting a torrent's names: %s", why.text);
}

/* ---- at the start ---- */

static void restore_renamed(struct files *f, struct metainfo *mi, const uint8_t *infohash)
{
    struct rename *list = NULL;
    size_t n = 0;
    struct db_stmt *q = about(f, "SELECT path, name FROM renamed WHERE infohash = ?1", infohash);
    while (db_step(q, NULL) == DB_ROW) {
        list = mem_realloc(list, (n + 1) * sizeof *list);
        list[n++] = (struct rename){mem_strdup(db_text(q, 0)), mem_strdup(db_text(q, 1))};
    }
    db_finish(q);
    renames_set(mi, list, n);
    for (size_t i = 0; i < n; i++) {
        free((char *)(uintptr_t)list[i].path);
        free((char *)(uintptr_t)list[i].name);
    }
    free(list);
}

/* Killed on the way: was it done? */
static void look(struct files *f, const struct torrent_cfg *cfg, const char *path, const char *name)
{
    struct why why;
    char *to = renames_path(path, name), *first = renames_first(cfg->mi, path);
    if (!first || !data_was_renamed(f->env.vfs, cfg->dir, path, to)) {
        if (drop_renaming(f, cfg->infohash, &why))
            log_warn(f->env.log, "forgetting a new name: %s", why.text);
    } else {
        renames_set(cfg->mi, &(struct rename){first, name}, 1);
        if (record(f, cfg->infohash, first, name, &why))
            log_warn(f->env.log, "recording a new name: %s", why.text); /* the next start will */
    }
    free(first);
    free(to);
}

void rename_restore(struct files *f, const struct torrent_cfg *cfg)
{
    if (!cfg->mi)
        return;
    restore_renamed(f, cfg->mi, cfg->infohash);
    struct db_stmt *q =
        about(f, "SELECT path, name FROM renaming WHERE infohash = ?1", cfg->infohash);
    char *path = NULL, *name = NULL;
    if (db_step(q, NULL) == DB_ROW) {
        path = mem_strdup(db_text(q, 0));
        name = mem_strdup(db_text(q, 1));
    }
    db_finish(q);
    if (path)
        look(f, cfg, path, name);
    free(path);
    free(name);
}

/* ---- file.rename ---- */

static void answer(struct renaming *r, struct holding *h, const struct why *why)
{
    if (why->code)
        call_fail(r->call, "file.not_renamed", why, "mend the cause, then rename it again");
    else if (!h)
        call_failf(r->call, "file.not_found", ERR_NOT_FOUND, NULL, "it was removed meanwhile");
    else
        call_ok(r->call, files_row(h));
    free(r->first);
    free(r->name);
    free(r);
}

static void on_renamed(void *arg, const struct why *why)
{
    struct renaming *r = arg;
    struct holding *h = files_find(r->f, r->infohash);
    struct why said = *why, unkept;
    if (!said.code && h && record(r->f, r->infohash, r->first, r->name, &said))
        why_in(&said, said.code, "it has its new name, but recording that failed");
    else if (said.code && drop_renaming(r->f, r->infohash, &unkept))
        log_warn(r->f->env.log, "forgetting a new name: %s", unkept.text);
    answer(r, h, &said);
}

/* Another torrent whose files lie there; NULL: none. */
static const char *other_at(const struct holding *h, const char *path)
{
    struct holding *o;
    for (size_t at = 0; (o = map_next(h->f->torrents, &at, NULL, NULL));) {
        const struct metainfo *mi = torrent_metainfo(o->t);
        if (o != h && mi && strcmp(torrent_dir(o->t), torrent_dir(h->t)) == 0 &&
            strncmp(path, mi->name, strlen(mi->name)) == 0 && renames_meets(mi, path))
            return torrent_hex(o->t);
    }
    return NULL;
}

/* A file or folder of that name, as the torrent has none like it, but for the owner's rules. */
static enum err check_around(const struct holding *h, const char *path, const char *to,
                             struct why *why)
{
    const char *pattern = unwanted_denied(h->f->unwanted, to), *other = other_at(h, path);
    if (pattern)
        return why_set(why, ERR_DENIED, "files.deny has %.100s", pattern);
    if (!other)
        other = other_at(h, to);
    if (other)
        return why_set(why, ERR_STATE, "torrent %.8s has files there", other);
    return OK;
}

static void begin(struct holding *h, const char *path, const char *name, struct call *c)
{
    struct why why;
    struct renaming *r = MEM_NEW(struct renaming);
    *r = (struct renaming){.f = h->f,
                           .first = renames_first(torrent_metainfo(h->t), path),
                           .name = mem_strdup(name),
                           .call = c};
    memcpy(r->infohash, torrent_infohash(h->t), SHA1_LEN);
    /* First: the row may be that of another, which is on its way. */
    if (torrent_may_move(h->t, &why))
        answer(r, h, &why);
    else if (put_renaming(h->f, r->infohash, path, name, &why) ||
             torrent_rename(h->t, path, name, on_renamed, r, &why))
        on_renamed(r, &why);
}

void file_rename(void *app, struct call *c)
{
    struct holding *h = holding_of(app, c);
    if (!h)
        return;
    struct why why = {0};
    const struct metainfo *mi = torrent_metainfo(h->t);
    const char *path = call_text(c, "path"), *name = call_text(c, "name");
    char *to = renames_path(path, name);
    if (!mi)
        call_failf(c, "file.no_metadata", ERR_STATE,
                   "wait until a peer has told which files it has", "its files are not known yet");
    else if (renames_check(mi, path, name, &why) == ERR_NOT_FOUND)
        call_fail(c, "file.no_match", &why, "shoal file show ID --files tells the paths");
    else if (why.code)
        call_fail(c, "file.bad_name", &why, "give another name");
    else if (strcmp(to, path) == 0)
        call_ok(c, files_row(h));
    else if (check_around(h, path, to, &why))
        call_fail(c, "file.not_renamed", &why, "give another name, or remove what is in the way");
    else
        begin(h, path, name, c);
    free(to);
}
