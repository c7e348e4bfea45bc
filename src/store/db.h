/* store/db.h - one SQLite file per app, with numbered migrations.
 *
 * Calls block for microseconds to milliseconds and run on the loop thread: keep rows few and
 * transactions short; bulk belongs in files of its own.  WAL, synchronous=FULL: what db_commit
 * returned OK for survives a power cut.
 *
 *     struct db_stmt *q = db_prepare(db, "SELECT name FROM torrent WHERE id = ?1");
 *     db_bind_blob(q, 1, id, 20);
 *     while (db_step(q, why) == DB_ROW) ... db_text(q, 0) ...
 *     db_finish(q); */
#ifndef SHOAL_STORE_DB_H
#define SHOAL_STORE_DB_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

struct db;
struct db_stmt;

/* Migrations are applied in order, each in a transaction of its own; PRAGMA user_version holds how
 * many have been.  A shipped one is never edited: add another.  A file with more than we know is
 * ERR_STATE ("made by a newer Shoal"), and left untouched. */
struct migration {
    const char *what; /* "torrents and their state" */
    const char *sql;
};

/* path ":memory:" gives a database that lives as long as it is open. */
struct db *db_open(const char *path, const struct migration *m, size_t n, struct why *why);
void db_close(struct db *db); /* NULL: nothing */

/* A consistent copy of a database that may be in use, to a file that is not there yet. */
MUST_CHECK enum err db_copy(const char *from, const char *to, struct why *why);

/* SQL without parameters or rows; transactions. */
MUST_CHECK enum err db_exec(struct db *db, const char *sql, struct why *why);
MUST_CHECK enum err db_begin(struct db *db, struct why *why);
MUST_CHECK enum err db_commit(struct db *db, struct why *why); /* on failure it is rolled back */
void db_rollback(struct db *db);

/* SQL is ours, so an error in it is a bug: aborts.  Never NULL.  Statements are cached. */
struct db_stmt *db_prepare(struct db *db, const char *sql);
void db_bind_int(struct db_stmt *q, int at, int64_t v);
void db_bind_text(struct db_stmt *q, int at, const char *s);               /* NULL: NULL; copied */
void db_bind_blob(struct db_stmt *q, int at, const void *bytes, size_t n); /* copied */

enum db_step { DB_ROW, DB_END, DB_FAILED };
enum db_step db_step(struct db_stmt *q, struct why *why);
/* Run to the end, rows ignored, and finish. */
MUST_CHECK enum err db_run(struct db_stmt *q, struct why *why);
int64_t db_int(struct db_stmt *q, int column);
const char *db_text(struct db_stmt *q, int column); /* "" for NULL; valid until the next step */
const void *db_blob(struct db_stmt *q, int column, size_t *n);
void db_finish(struct db_stmt *q);
int64_t db_last_id(const struct db *db);

#endif
