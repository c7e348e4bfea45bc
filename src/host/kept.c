#include "host/kept.h"

static int64_t number(struct db *db, const char *sql, struct cur key)
{
    struct db_stmt *q = db_prepare(db, sql);
    if (key.p)
        db_bind_blob(q, 1, key.p, key.n);
    int64_t n = db_step(q, NULL) == DB_ROW ? db_int(q, 0) : 0;
    db_finish(q);
    return n;
}

enum err kept_put(struct db *db, const struct kept *k, struct why *why)
{
    if (number(db, "SELECT count(*) FROM kept", cur_of(NULL, 0)) >= KEPT_MAX &&
        number(db, "SELECT count(*) FROM kept WHERE key = ?1", k->key) == 0)
        return why_set(why, ERR_LIMIT, "%d things are kept in the tables already", KEPT_MAX);
    struct db_stmt *q = db_prepare(
        db, "INSERT OR REPLACE INTO kept (is_value, key, value, tables) VALUES (?1, ?2, ?3, ?4)");
    db_bind_int(q, 1, k->is_value);
    db_bind_blob(q, 2, k->key.p, k->key.n);
    db_bind_blob(q, 3, k->value.n ? (const void *)k->value.p : "", k->value.n);
    db_bind_int(q, 4, k->tables);
    return db_run(q, why);
}

enum err kept_drop(struct db *db, struct cur key, struct why *why)
{
    if (number(db, "SELECT count(*) FROM kept WHERE key = ?1", key) == 0)
        return why_set(why, ERR_NOT_FOUND, "nothing is kept under this");
    struct db_stmt *q = db_prepare(db, "DELETE FROM kept WHERE key = ?1");
    db_bind_blob(q, 1, key.p, key.n);
    return db_run(q, why);
}

enum err kept_list(struct db *db, size_t first, size_t many, kept_each *each, void *arg,
                   struct why *why)
{
    struct db_stmt *q =
        db_prepare(db, "SELECT is_value, key, value, tables FROM kept ORDER BY key, is_value "
                       "LIMIT ?1 OFFSET ?2");
    db_bind_int(q, 1, (int64_t)many);
    db_bind_int(q, 2, (int64_t)first);
    enum db_step step;
    while ((step = db_step(q, why)) == DB_ROW) {
        size_t key_len, len;
        const void *key = db_blob(q, 1, &key_len), *value = db_blob(q, 2, &len);
        struct kept k = {.is_value = db_int(q, 0) != 0,
                         .key = cur_of(key, key_len),
                         .value = cur_of(value, len),
                         .tables = (unsigned)db_int(q, 3)};
        if (key_len > 0 && key_len <= KAD_KEY_MAX && len <= KAD_VALUE_MAX)
            each(arg, &k);
    }
    db_finish(q);
    return step == DB_END ? OK : why->code;
}
