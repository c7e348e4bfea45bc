#include "store/db.h"

#include "base/map.h"
#include "base/mem.h"
#include "store/vfs.h"

#include <assert.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

enum {
    CACHE_MAX = 128,     /* statements; the SQL of an app is some dozens of constant texts */
    BUSY_WAIT_MS = 2000, /* somebody looks into the file with the sqlite3 program */
};

/* A larger file is not read whole at every start (RELIABILITY 8: ready in 2 s): only its header
 * and schema are, and damage further in is met when a statement reads it. */
#define CHECK_MAX_BYTES (INT64_C(64) << 20)

struct db {
    sqlite3 *sql;
    char *path;
    struct map *cache; /* SQL text -> struct db_stmt, which belongs to it */
};

struct db_stmt {
    struct db *db;
    sqlite3_stmt *stmt; /* NULL: it could not be made, for the reason in `broken` */
    struct why broken;
    bool cached, in_use, ended;
};

/* SQLite makes room for twenty pages at once when it opens a file, and again for what it sorts in
 * memory: half a mebibyte that an idle node's few databases never fill.  So a page is allocated
 * when it is read. An option of the whole process: told once, before main and any thread; where a
 * program has begun to use SQLite before that, it refuses, and nothing is lost. */
__attribute__((constructor)) static void let_caches_grow(void)
{
    (void)sqlite3_config(SQLITE_CONFIG_PAGECACHE, NULL, 0, 0);
}

static enum err code_of(int rc)
{
    switch (rc & 0xff) { /* sqlite.org/rescode.html: the low byte is the primary code */
    case SQLITE_FULL:
        return ERR_FULL;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CONSTRAINT:
        return ERR_STATE;
    case SQLITE_PERM:
    case SQLITE_READONLY:
    case SQLITE_AUTH:
        return ERR_DENIED;
    case SQLITE_TOOBIG:
        return ERR_LIMIT;
    case SQLITE_ERROR:
    case SQLITE_MISMATCH:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        return ERR_INVALID;
    }
    return ERR_IO;
}

static enum err damaged(const struct db *db, const char *what, struct why *why)
{
    return why_set(why, ERR_INVALID,
                   "%.120s is damaged (%.60s); move it away and start again, or restore a backup",
                   db->path, what);
}

/* What SQLite said last. */
static enum err fail(const struct db *db, int rc, struct why *why)
{
    int primary = rc & 0xff;
    if (primary == SQLITE_CORRUPT || primary == SQLITE_NOTADB)
        return damaged(db, sqlite3_errmsg(db->sql), why);
    return why_set(why, code_of(rc), "%.120s: %s", db->path, sqlite3_errmsg(db->sql));
}

enum err db_exec(struct db *db, const char *sql, struct why *why)
{
    int rc = sqlite3_exec(db->sql, sql, NULL, NULL, NULL);
    return rc == SQLITE_OK ? OK : fail(db, rc, why);
}

/* --- opening --------------------------------------------------------------------------------- */

/* The first column of the first row of a pragma, which can fail where the file is damaged. */
static enum err pragma(struct db *db, const char *sql, int64_t *number, char *text, size_t cap,
                       struct why *why)
{
    sqlite3_stmt *q = NULL;
    int rc = sqlite3_prepare_v2(db->sql, sql, -1, &q, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_step(q);
    if (rc == SQLITE_ROW && number)
        *number = sqlite3_column_int64(q, 0);
    if (rc == SQLITE_ROW && text)
        snprintf(text, cap, "%s", (const char *)sqlite3_column_text(q, 0));
    enum err err = rc == SQLITE_ROW || rc == SQLITE_DONE ? OK : fail(db, rc, why);
    sqlite3_finalize(q);
    return err;
}

static enum err check(struct db *db, struct why *why)
{
    int64_t pages = 0, page_bytes = 0;
    enum err err = pragma(db, "PRAGMA page_count", &pages, NULL, 0, why);
    if (err == OK)
        err = pragma(db, "PRAGMA page_size", &page_bytes, NULL, 0, why);
    char answer[80] = "ok";
    if (err == OK && pages * page_bytes <= CHECK_MAX_BYTES)
        err = pragma(db, "PRAGMA quick_check(1)", NULL, answer, sizeof answer, why);
    else if (err == OK)
        err = pragma(db, "SELECT count(*) FROM sqlite_schema", NULL, NULL, 0, why);
    if (err == OK && strcmp(answer, "ok") != 0)
        err = damaged(db, answer, why);
    return err;
}

/* user_version is in the transaction: both the tables and the number change, or neither. */
static enum err migrate_one(struct db *db, const struct migration *m, size_t number,
                            struct why *why)
{
    enum err err = db_begin(db, why);
    if (err != OK)
        return err;
    char set[48];
    snprintf(set, sizeof set, "PRAGMA user_version = %zu", number);
    err = db_exec(db, m->sql, why);
    assert(err != OK || !sqlite3_get_autocommit(db->sql)); /* a migration must not commit */
    char orphan[80] = "";
    if (err == OK)
        err = pragma(db, "PRAGMA foreign_key_check", NULL, orphan, sizeof orphan, why);
    if (err == OK && orphan[0])
        err =
            why_set(why, ERR_INVALID, "a row of table %s points to one that is not there", orphan);
    if (err == OK)
        err = db_exec(db, set, why);
    if (err == OK)
        return db_commit(db, why);
    db_rollback(db);
    return err;
}

static enum err migrate(struct db *db, const struct migration *m, size_t n, size_t from,
                        struct why *why)
{
    for (size_t i = from; i < n; i++) {
        enum err err = migrate_one(db, &m[i], i + 1, why);
        if (err != OK)
            return why_in(why, err, "migration %zu (%s)", i + 1, m[i].what);
    }
    return OK;
}

/* Nothing here writes to the file before its version is known to be ours. */
static enum err set_up(struct db *db, const struct migration *m, size_t n, struct why *why)
{
    sqlite3_extended_result_codes(db->sql, 1);
    sqlite3_busy_timeout(db->sql, BUSY_WAIT_MS);
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
    sqlite3_db_config(db->sql, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
    int64_t version = 0;
    enum err err = pragma(db, "PRAGMA user_version", &version, NULL, 0, why);
    if (err != OK)
        return err;
    if (version < 0 || (uint64_t)version > n)
        return why_set(why, ERR_STATE,
                       "%.120s was made by a newer Shoal (its version is %" PRId64
                       ", this program knows %zu): install that one",
                       db->path, version, n);
    err = check(db, why);
    if (err == OK)
        err = db_exec(db, "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL", why);
    /* Foreign keys come on after the migrations, which may rebuild tables that others point to
     * (sqlite.org/lang_altertable.html, "Making Other Kinds Of Table Schema Changes"). */
    if (err == OK)
        err = migrate(db, m, n, (size_t)version, why);
    if (err == OK)
        err = db_exec(db, "PRAGMA foreign_keys = ON", why);
    return err;
}

/* Made by us with mode 0600; the -wal and -shm files take the mode from it. */
static enum err make_private(const char *path, struct why *why)
{
    struct why own;
    why = why ? why : &own;
    if (!strcmp(path, ":memory:"))
        return OK;
    struct vfile *f = vfs_open(vfs_os(), path, VFS_WRITE | VFS_CREATE | VFS_PRIVATE, why);
    vfile_close(f);
    return f ? OK : why->code;
}

struct db *db_open(const char *path, const struct migration *m, size_t n, struct why *why)
{
    if (make_private(path, why) != OK)
        return NULL;
    struct db *db = MEM_NEW(struct db);
    db->path = mem_strdup(path);
    db->cache = map_new(1); /* our own texts: nobody chooses them to collide */
    int rc = sqlite3_open_v2(path, &db->sql, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
    if (!db->sql)
        abort(); /* sqlite.org/c3ref/open.html: only out of memory gives no handle */
    enum err err = rc == SQLITE_OK ? set_up(db, m, n, why) : fail(db, rc, why);
    if (err != OK) {
        db_close(db);
        return NULL;
    }
    return db;
}

void db_close(struct db *db)
{
    if (!db)
        return;
    struct db_stmt *q;
    for (size_t at = 0; (q = map_next(db->cache, &at, NULL, NULL));) {
        assert(!q->in_use); /* somebody forgot db_finish */
        sqlite3_finalize(q->stmt);
        free(q);
    }
    map_free(db->cache);
    int rc = sqlite3_close(db->sql);
    assert(rc == SQLITE_OK); /* likewise */
    (void)rc;
    free(db->path);
    free(db);
}

/* --- transactions ---------------------------------------------------------------------------- */

/* IMMEDIATE: who will write says so first, and cannot fail half-way for another writer. */
enum err db_begin(struct db *db, struct why *why)
{
    return db_exec(db, "BEGIN IMMEDIATE", why);
}

enum err db_commit(struct db *db, struct why *why)
{
    enum err err = db_exec(db, "COMMIT", why);
    if (err != OK)
        db_rollback(db);
    return err;
}

void db_rollback(struct db *db)
{
    if (!sqlite3_get_autocommit(db->sql)) /* a full disk may have rolled back already */
        (void)sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
}

/* --- statements ------------------------------------------------------------------------------ */

static void make(struct db_stmt *q, const char *sql)
{
    int rc = sqlite3_prepare_v3(q->db->sql, sql, -1, q->cached ? SQLITE_PREPARE_PERSISTENT : 0,
                                &q->stmt, NULL);
    if (rc == SQLITE_OK && q->stmt)
        return;
    if ((rc & 0xff) == SQLITE_ERROR || (rc & 0xff) == SQLITE_OK || (rc & 0xff) == SQLITE_MISUSE) {
        fprintf(stderr, "shoal: %s: %s in: %s\n", q->db->path, sqlite3_errmsg(q->db->sql), sql);
        abort();
    }
    fail(q->db, rc, &q->broken); /* the disk, not the SQL: db_step tells */
}

struct db_stmt *db_prepare(struct db *db, const char *sql)
{
    struct db_stmt *q = map_get(db->cache, sql, strlen(sql));
    bool nested = q && q->in_use;
    if (q && !nested) {
        q->in_use = true;
        return q;
    }
    q = MEM_NEW(struct db_stmt);
    q->db = db;
    q->cached = !nested && map_count(db->cache) < CACHE_MAX;
    make(q, sql);
    if (!q->stmt)
        q->cached = false; /* next time it is tried again */
    if (q->cached)
        map_put(db->cache, sql, strlen(sql), q);
    q->in_use = true;
    return q;
}

static void bound(const struct db_stmt *q, int rc)
{
    if (rc == SQLITE_OK || !q->stmt)
        return;
    fprintf(stderr, "shoal: %s: cannot bind (%s) in: %s\n", q->db->path, sqlite3_errstr(rc),
            sqlite3_sql(q->stmt));
    abort();
}

void db_bind_int(struct db_stmt *q, int at, int64_t v)
{
    bound(q, q->stmt ? sqlite3_bind_int64(q->stmt, at, v) : SQLITE_OK);
}

void db_bind_text(struct db_stmt *q, int at, const char *s)
{
    bound(q, q->stmt ? sqlite3_bind_text(q->stmt, at, s, -1, SQLITE_TRANSIENT) : SQLITE_OK);
}

void db_bind_blob(struct db_stmt *q, int at, const void *bytes, size_t n)
{
    if (!q->stmt)
        return;
    /* A NULL pointer would bind NULL, and an empty buffer may hold one. */
    bound(q, n == 0 ? sqlite3_bind_zeroblob(q->stmt, at, 0)
                    : sqlite3_bind_blob64(q->stmt, at, bytes, n, SQLITE_TRANSIENT));
}

enum db_step db_step(struct db_stmt *q, struct why *why)
{
    if (!q->stmt) {
        if (why)
            *why = q->broken;
        return DB_FAILED;
    }
    if (q->ended) /* SQLite would begin again */
        return DB_END;
    int rc = sqlite3_step(q->stmt);
    if (rc == SQLITE_ROW)
        return DB_ROW;
    q->ended = true;
    if (rc == SQLITE_DONE)
        return DB_END;
    fail(q->db, rc, why);
    return DB_FAILED;
}

enum err db_run(struct db_stmt *q, struct why *why)
{
    struct why own = {OK, ""};
    why = why ? why : &own;
    enum db_step step;
    do
        step = db_step(q, why);
    while (step == DB_ROW);
    enum err err = step == DB_FAILED ? why->code : OK;
    db_finish(q);
    return err;
}

int64_t db_int(struct db_stmt *q, int column)
{
    return sqlite3_column_int64(q->stmt, column);
}

const char *db_text(struct db_stmt *q, int column)
{
    const char *s = (const char *)sqlite3_column_text(q->stmt, column);
    return s ? s : "";
}

const void *db_blob(struct db_stmt *q, int column, size_t *n)
{
    const void *p = sqlite3_column_blob(q->stmt, column); /* before _bytes, says its manual */
    *n = (size_t)sqlite3_column_bytes(q->stmt, column);
    return p ? p : "";
}

void db_finish(struct db_stmt *q)
{
    assert(q->in_use);
    if (!q->cached) {
        sqlite3_finalize(q->stmt);
        free(q);
        return;
    }
    sqlite3_reset(q->stmt);
    sqlite3_clear_bindings(q->stmt);
    q->in_use = q->ended = false;
}

int64_t db_last_id(const struct db *db)
{
    return sqlite3_last_insert_rowid(db->sql);
}

enum err db_copy(const char *from, const char *to, struct why *why)
{
    sqlite3 *sql = NULL;
    int rc = sqlite3_open_v2(from, &sql, SQLITE_OPEN_READONLY | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK)
        rc = sqlite3_busy_timeout(sql, BUSY_WAIT_MS);
    /* sqlite.org/lang_vacuum.html, "VACUUM with an INTO clause": a snapshot, readers unharmed */
    char *text = sqlite3_mprintf("VACUUM INTO %Q", to);
    if (rc == SQLITE_OK)
        rc = sqlite3_exec(sql, text, NULL, NULL, NULL);
    enum err code = OK;
    if (rc != SQLITE_OK)
        code = why_set(why, code_of(rc), "copy %s: %s", from, sqlite3_errmsg(sql));
    sqlite3_free(text);
    sqlite3_close(sql);
    return code;
}
