/* A document is its state and then its log; folding makes a state of both. */
#include "base/map.h"
#include "ydoc/shelf/shelf_in.h"

#include <stdio.h>

/* SQLite's own limit for a value is 10^9 bytes. */
#define STATE_MAX ((size_t)900 << 20)

int64_t shelf_sum(enum update_format format, struct cur update)
{
    return (int64_t)(uint32_t)map_hash(format == UPDATE_V1 ? 1 : 2, update.p, update.n);
}

enum err shelf_column(struct db_stmt *q, int at, enum update_format format, struct cur *update,
                      struct why *why)
{
    size_t n;
    const void *bytes = db_blob(q, at + 1, &n);
    *update = cur_of(bytes, n);
    if (shelf_sum(format, *update) != db_int(q, at))
        return why_set(why, ERR_INVALID, "its %zu bytes are not those that were written", n);
    return OK;
}

/* Apply each row's update; columns: format, sum, bytes. */
static enum err apply_rows(struct db_stmt *q, struct ydoc *into, const char *what, struct why *why)
{
    enum db_step step;
    enum err err = OK;
    for (int i = 1; err == OK && (step = db_step(q, why)) != DB_END; i++) {
        enum update_format format = UPDATE_V1;
        struct cur update = {0};
        err = step == DB_FAILED ? why->code : OK;
        if (err == OK) {
            format = db_int(q, 0) == 1 ? UPDATE_V1 : UPDATE_V2;
            err = shelf_column(q, 1, format, &update, why);
        }
        if (err == OK)
            err = ydoc_apply(into, format, update, why);
        if (err != OK)
            why_in(why, err, "%s %d", what, i);
    }
    db_finish(q);
    return err;
}

enum err shelf_load(struct shelf *s, const struct doc_id *id, struct ydoc *into, struct why *why)
{
    struct why own;
    why = why ? why : &own;
    struct found there;
    enum err err = shelf_seek(s, id, &there, why);
    if (err != OK)
        return err;
    struct db_stmt *q =
        db_prepare(s->db, "SELECT format, sum, bytes FROM doc_state WHERE doc = ?1");
    db_bind_int(q, 1, there.number);
    err = apply_rows(q, into, "state", why);
    if (err == OK) {
        q = db_prepare(s->db, "SELECT 1, sum, bytes FROM doc_log WHERE doc = ?1 ORDER BY seq");
        db_bind_int(q, 1, there.number);
        err = apply_rows(q, into, "change", why);
    }
    if (err == OK)
        err = shelf_apply_waiting(s, id, into, why);
    return err == OK ? OK : why_in(why, err, "%s cannot be read", there.name);
}

bool shelf_is_long(struct shelf *s, const struct doc_id *id)
{
    struct found there;
    if (shelf_seek(s, id, &there, NULL) != OK)
        return false;
    return there.log_bytes > SHELF_LOG_MIN && there.log_bytes > there.state_bytes;
}

/* --- folding ---------------------------------------------------------------------------------- */

/* Can it be read again?  What an update may become is bounded by its size, and the log goes. */
static enum err check_state(enum update_format format, struct cur state, struct why *why)
{
    struct update_reader r;
    struct ystruct one;
    struct buf sink = {0};
    struct ranges deletes = {0};
    if (state.n > STATE_MAX)
        return why_set(why, ERR_LIMIT, "its state has %zu bytes, %zu are kept", state.n, STATE_MAX);
    update_read(&r, format, state, &sink);
    while (update_next(&r, &one))
        ;
    update_read_deletes(&r, &deletes);
    enum err err = update_done(&r, why);
    ranges_done(&deletes);
    buf_done(&sink);
    return err;
}

/* Format 2, which is smaller, unless it packs more tightly than a reader allows. */
static enum err encode(struct ydoc *whole, struct buf *out, enum update_format *format,
                       struct why *why)
{
    *format = UPDATE_V2;
    ydoc_encode(whole, UPDATE_V2, NULL, out);
    if (check_state(UPDATE_V2, buf_cur(out), NULL) == OK)
        return OK;
    *format = UPDATE_V1;
    buf_clear(out);
    ydoc_encode(whole, UPDATE_V1, NULL, out);
    return check_state(UPDATE_V1, buf_cur(out), why);
}

static enum err replace(struct shelf *s, const struct found *there, enum update_format format,
                        const struct buf *state, struct why *why)
{
    struct db_stmt *q =
        db_prepare(s->db, "INSERT INTO doc_state (doc, format, sum, bytes) VALUES (?1, ?2, ?3, ?4)"
                          " ON CONFLICT (doc) DO UPDATE SET format = ?2, sum = ?3, bytes = ?4");
    db_bind_int(q, 1, there->number);
    db_bind_int(q, 2, format == UPDATE_V1 ? 1 : 2);
    db_bind_int(q, 3, shelf_sum(format, buf_cur(state)));
    db_bind_blob(q, 4, buf_bytes(state), buf_len(state));
    enum err err = db_run(q, why);
    if (err != OK)
        return err;
    q = db_prepare(s->db, "DELETE FROM doc_log WHERE doc = ?1");
    db_bind_int(q, 1, there->number);
    err = db_run(q, why);
    if (err != OK)
        return err;
    q = db_prepare(s->db, "UPDATE doc SET state_bytes = ?2, log_bytes = 0 WHERE id = ?1");
    db_bind_int(q, 1, there->number);
    db_bind_int(q, 2, (int64_t)buf_len(state));
    return db_run(q, why);
}

enum err shelf_fold(struct shelf *s, const struct doc_id *id, struct ydoc *whole, struct why *why)
{
    struct found there;
    struct buf state = {0};
    enum update_format format;
    enum err err = shelf_flush(s, why); /* `whole` has it already */
    if (err == OK)
        err = shelf_seek(s, id, &there, why);
    if (err == OK)
        err = encode(whole, &state, &format, why);
    if (err == OK)
        err = db_begin(s->db, why);
    if (err == OK) {
        err = replace(s, &there, format, &state, why);
        if (err == OK)
            err = db_commit(s->db, why);
        else
            db_rollback(s->db);
    }
    buf_done(&state);
    return err;
}
