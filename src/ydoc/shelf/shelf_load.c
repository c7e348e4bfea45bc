/* A document is its state and then its log; folding makes a state of both. */
#include "base/map.h"
#include "ydoc/shelf/shelf_in.h"

#include <stdio.h>

int64_t shelf_sum(enum update_format format, struct cur update)
{
    return (int64_t)(uint32_t)map_hash(format == UPDATE_V1 ? 1 : 2, update.p, update.n);
}

enum err shelf_column(struct db_stmt *q, int at, enum update_format *format, struct cur *update,
                      struct why *why)
{
    size_t n;
    *format = db_int(q, at) == 1 ? UPDATE_V1 : UPDATE_V2;
    const void *bytes = db_blob(q, at + 2, &n);
    *update = cur_of(bytes, n);
    if (shelf_sum(*format, *update) != db_int(q, at + 1))
        return why_set(why, ERR_INVALID, "its %zu bytes are not those that were written", n);
    return OK;
}

void shelf_bind(struct db_stmt *q, int at, enum update_format format, struct cur update)
{
    db_bind_int(q, at, format == UPDATE_V1 ? 1 : 2);
    db_bind_int(q, at + 1, shelf_sum(format, update));
    db_bind_blob(q, at + 2, update.p, update.n);
}

/* Apply each row's update; columns: format, sum, bytes. */
static enum err apply_rows(struct db_stmt *q, struct ydoc *into, const char *what, struct why *why)
{
    enum db_step step;
    enum err err = OK;
    for (int i = 1; err == OK && (step = db_step(q, why)) != DB_END; i++) {
        enum update_format format;
        struct cur update;
        err = step == DB_FAILED ? why->code : shelf_column(q, 0, &format, &update, why);
        if (err == OK)
            err = ydoc_apply(into, format, update, why);
        if (err != OK)
            why_in(why, err, "%s %d", what, i);
    }
    db_finish(q);
    return err;
}

/* Where the state is damaged: the history has it all once more. */
static enum err load_state(struct shelf *s, const struct found *there, struct ydoc *into,
                           struct why *why)
{
    struct why other = {OK, ""};
    struct db_stmt *q =
        db_prepare(s->db, "SELECT format, sum, bytes FROM doc_state WHERE doc = ?1");
    db_bind_int(q, 1, there->number);
    enum err err = apply_rows(q, into, "state", why);
    if (err != ERR_INVALID || shelf_replay(s, there, into, &other) != OK)
        return err;
    log_warn(s->log, "%s was read from its history: %s", there->name, why->text);
    return OK;
}

enum err shelf_load(struct shelf *s, const struct doc_id *id, struct ydoc *into, struct why *why)
{
    struct why own;
    why = why ? why : &own;
    struct found there;
    enum err err = shelf_seek(s, id, &there, why);
    if (err != OK)
        return err;
    err = load_state(s, &there, into, why);
    if (err == OK) {
        struct db_stmt *q =
            db_prepare(s->db, "SELECT 1, sum, bytes FROM doc_log WHERE doc = ?1 ORDER BY seq");
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

/* Format 2, which is smaller, unless it packs more tightly than a reader allows. */
static enum err encode(struct ydoc *whole, struct buf *out, enum update_format *format,
                       struct why *why)
{
    *format = UPDATE_V2;
    ydoc_encode(whole, UPDATE_V2, NULL, out);
    if (shelf_check(UPDATE_V2, buf_cur(out), NULL) == OK)
        return OK;
    *format = UPDATE_V1;
    buf_clear(out);
    ydoc_encode(whole, UPDATE_V1, NULL, out);
    return shelf_check(UPDATE_V1, buf_cur(out), why);
}

static enum err replace(struct shelf *s, const struct found *there, enum update_format format,
                        const struct buf *state, struct why *why)
{
    struct db_stmt *q =
        db_prepare(s->db, "INSERT INTO doc_state (doc, format, sum, bytes) VALUES (?1, ?2, ?3, ?4)"
                          " ON CONFLICT (doc) DO UPDATE SET format = ?2, sum = ?3, bytes = ?4");
    db_bind_int(q, 1, there->number);
    shelf_bind(q, 2, format, buf_cur(state));
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

/* The story of the log first.  What of it cannot be read is no reason to lose what `whole` has. */
static enum err fold(struct shelf *s, const struct found *there, enum update_format format,
                     const struct buf *state, struct why *why)
{
    struct why own = {OK, ""};
    enum err err = db_begin(s->db, why);
    if (err != OK)
        return err;
    err = shelf_tell(s, there, &own);
    if (err == ERR_INVALID || err == ERR_LIMIT) {
        log_warn(s->log, "%s: a piece of its history is lost: %s", there->name, own.text);
        db_rollback(s->db);
        err = db_begin(s->db, &own);
        if (err == OK)
            err = shelf_tell_whole(s, there, format, buf_cur(state), &own);
    }
    if (err == OK)
        err = replace(s, there, format, state, &own);
    if (err == OK)
        return db_commit(s->db, why);
    db_rollback(s->db);
    return why_set(why, err, "%s", own.text);
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
        err = fold(s, &there, format, &state, why);
    buf_done(&state);
    return err;
}
