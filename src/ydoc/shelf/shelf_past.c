/* How a document read before. */
#include "ydoc/shelf/shelf_in.h"

#include "base/mem.h"

#include <inttypes.h>

/* Bring the history up to the log; what goes wrong is only said. */
static void tell(struct shelf *s, const struct found *there,
                 enum err (*how)(struct shelf *s, const struct found *there, struct why *why))
{
    struct why why = {OK, ""};
    enum err err = db_begin(s->db, &why);
    if (err == OK) {
        err = how(s, there, &why);
        if (err == OK)
            err = db_commit(s->db, &why);
        else
            db_rollback(s->db);
    }
    if (err != OK)
        log_warn(s->log, "%s: the end of its history is missing: %s", there->name, why.text);
}

static uint64_t text_bytes(struct ydoc *d)
{
    struct buf text = {0};
    ydoc_text(d, "text", &text);
    uint64_t n = buf_len(&text);
    buf_done(&text);
    return n;
}

/* --- counting --------------------------------------------------------------------------------- */

static enum err set_count(struct shelf *s, const struct found *there, int64_t number, uint64_t n,
                          struct why *why)
{
    struct db_stmt *q = db_prepare(s->db, "UPDATE doc_revision SET text_bytes = ?3"
                                          " WHERE doc = ?1 AND number = ?2");
    db_bind_int(q, 1, there->number);
    db_bind_int(q, 2, number);
    db_bind_int(q, 3, (int64_t)n);
    return db_run(q, why);
}

struct number {
    int64_t number;
    bool counted;
};

/* Up to `last`, the oldest first. */
static enum err list(struct shelf *s, const struct found *there, int64_t last, struct number **out,
                     size_t *n, struct why *why)
{
    struct db_stmt *q = db_prepare(s->db, "SELECT number, text_bytes IS NOT NULL FROM doc_revision"
                                          " WHERE doc = ?1 AND number <= ?2 ORDER BY number");
    db_bind_int(q, 1, there->number);
    db_bind_int(q, 2, last);
    size_t cap = 0;
    enum db_step step;
    *out = NULL;
    *n = 0;
    while ((step = db_step(q, why)) == DB_ROW) {
        if (*n == cap)
            *out = mem_realloc(*out, (cap = 2 * cap + 64) * sizeof **out);
        (*out)[(*n)++] = (struct number){db_int(q, 0), db_int(q, 1)};
    }
    db_finish(q);
    return step == DB_FAILED ? why->code : OK;
}

static enum err apply(struct shelf *s, const struct found *there, int64_t number, struct ydoc *into,
                      struct why *why)
{
    struct db_stmt *q = db_prepare(
        s->db, "SELECT format, sum, bytes FROM doc_revision WHERE doc = ?1 AND number = ?2");
    db_bind_int(q, 1, there->number);
    db_bind_int(q, 2, number);
    enum update_format format;
    struct cur update;
    enum err err = db_step(q, why) == DB_ROW ? shelf_column(q, 0, &format, &update, why) : ERR_IO;
    if (err == OK)
        err = ydoc_apply(into, format, update, why);
    db_finish(q);
    return err == OK ? OK : why_in(why, err, "%s: revision %" PRId64, there->name, number);
}

/* Write down how long the text was at each revision that does not say yet. */
static enum err count(struct shelf *s, const struct found *there, const struct number *at, size_t n,
                      struct why *why)
{
    enum err err = OK;
    while (n > 0 && at[n - 1].counted)
        n--;
    struct ydoc *d = ydoc_new(0, true, loop_random_u64(s->loop));
    for (size_t i = 0; err == OK && i < n; i++) {
        err = apply(s, there, at[i].number, d, why);
        if (err == OK && !at[i].counted)
            err = set_count(s, there, at[i].number, text_bytes(d), why);
    }
    ydoc_free(d);
    return err;
}

static void count_all(struct shelf *s, const struct found *there)
{
    struct why why = {OK, ""};
    struct number *at;
    size_t n;
    enum err err = list(s, there, INT64_MAX, &at, &n, &why);
    if (err == OK)
        err = db_begin(s->db, &why);
    if (err == OK) {
        err = count(s, there, at, n, &why);
        if (db_commit(s->db, &why) != OK) /* also what was counted before something was damaged */
            err = why.code;
    }
    if (err != OK)
        log_warn(s->log, "the length of some revisions is not known: %s", why.text);
    free(at);
}

/* --- what is asked ---------------------------------------------------------------------------- */

size_t shelf_history(struct shelf *s, const struct doc_id *id, struct shelf_revision **out)
{
    struct found there;
    size_t n = 0, cap = 0;
    *out = NULL;
    (void)shelf_flush(s, NULL); /* who waits is told */
    if (shelf_seek(s, id, &there, NULL) != OK)
        return 0;
    tell(s, &there, shelf_tell);
    count_all(s, &there);
    struct db_stmt *q = db_prepare(
        s->db, "SELECT number, at_us, name, text_bytes FROM doc_revision"
               " JOIN doc_writer ON doc_writer.id = writer WHERE doc = ?1 ORDER BY number DESC");
    db_bind_int(q, 1, there.number);
    while (db_step(q, NULL) == DB_ROW) {
        if (n == cap)
            *out = mem_realloc(*out, (cap = 2 * cap + 16) * sizeof **out);
        struct shelf_revision *r = &(*out)[n++];
        *r = (struct shelf_revision){
            .number = db_int(q, 0), .at_us = db_int(q, 1), .bytes = (uint64_t)db_int(q, 3)};
        shelf_text(q, 2, r->author, sizeof r->author);
    }
    db_finish(q);
    return n;
}

static void close_newest(struct shelf *s, const struct doc_id *id)
{
    struct found there;
    (void)shelf_flush(s, NULL); /* who waits is told */
    if (shelf_seek(s, id, &there, NULL) == OK)
        tell(s, &there, shelf_tell_end);
}

void shelf_close(struct shelf *s, const struct doc_id *id)
{
    struct found there;
    if (shelf_seek(s, id, &there, NULL) == OK && !shelf_is_busy(s, &there))
        close_newest(s, id);
}

int64_t shelf_close_surely(struct shelf *s, const struct doc_id *id)
{
    struct found there;
    int64_t last = 0;
    close_newest(s, id);
    if (shelf_seek(s, id, &there, NULL) != OK)
        return 0;
    struct db_stmt *q = db_prepare(s->db, "SELECT max(number) FROM doc_revision WHERE doc = ?1");
    db_bind_int(q, 1, there.number);
    if (db_step(q, NULL) == DB_ROW)
        last = db_int(q, 0);
    db_finish(q);
    return last;
}

/* All up to `last`; *read: the last that was there, 0: none. */
static enum err replay(struct shelf *s, const struct found *there, int64_t last, struct ydoc *into,
                       int64_t *read, struct why *why)
{
    struct number *at;
    size_t n;
    enum err err = list(s, there, last, &at, &n, why);
    for (size_t i = 0; err == OK && i < n; i++)
        err = apply(s, there, at[i].number, into, why);
    *read = n > 0 ? at[n - 1].number : 0;
    free(at);
    return err;
}

enum err shelf_replay(struct shelf *s, const struct found *there, struct ydoc *into,
                      struct why *why)
{
    int64_t read;
    return replay(s, there, INT64_MAX, into, &read, why);
}

enum err shelf_revision(struct shelf *s, const struct doc_id *id, int64_t number, struct ydoc *into,
                        struct why *why)
{
    struct why own;
    why = why ? why : &own;
    struct found there;
    int64_t read = 0;
    enum err err = shelf_seek(s, id, &there, why);
    if (err == OK)
        err = replay(s, &there, number, into, &read, why);
    if (err == OK && (read == 0 || read != number))
        err = why_set(why, ERR_NOT_FOUND, "%s has no revision %" PRId64, there.name, number);
    return err;
}
