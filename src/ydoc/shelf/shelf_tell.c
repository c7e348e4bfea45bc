/* The log becomes revisions: what one author did in a while is one.
 *
 * A revision holds what came since the one before, so the document as it was is all revisions up to
 * then.  They are made from the log alone, when it is folded or somebody asks: typing does not pay
 * for it, and no document is loaded. */
#include "ydoc/shelf/shelf_in.h"

#include "base/mem.h"

enum {
    TURNS_MAX = 8,           /* revisions begun in a while; then authors who take turns share */
    GROWS_MAX = 1024 * 1024, /* bytes, as many as are put together without a wait that one feels */
};

/* The newest revision, and what it still gets. */
struct burst {
    int64_t number; /* 0: there is none yet */
    int64_t began_us, at_us, writer;
    size_t bytes;   /* of its updates, all together */
    bool old;       /* it has a row already, */
    bool closed;    /* which gets no more */
    struct buf log; /* the updates that come, one behind the other ... */
    size_t *ends;   /* ... and where each ends */
    size_t n, cap;
};

struct entry {
    int64_t at_us, writer;
    struct cur update;
};

static bool in_a_while(int64_t began_us, int64_t at_us)
{
    return at_us >= began_us && at_us - began_us < (int64_t)SHELF_REVISION_US;
}

/* Two who type at once would otherwise make a revision of each key. */
static bool turns_are_up(struct shelf *s, const struct found *there, const struct burst *b,
                         int64_t at_us)
{
    struct db_stmt *q =
        db_prepare(s->db, "SELECT began_us FROM doc_revision WHERE doc = ?1 AND number = ?2");
    db_bind_int(q, 1, there->number);
    db_bind_int(q, 2, b->number - TURNS_MAX + 1);
    bool up = db_step(q, NULL) == DB_ROW && in_a_while(db_int(q, 0), at_us);
    db_finish(q);
    return up;
}

static bool goes_on(struct shelf *s, const struct found *there, const struct burst *b,
                    const struct entry *e)
{
    return b->number > 0 && !b->closed && b->bytes + e->update.n <= GROWS_MAX &&
           in_a_while(b->began_us, e->at_us) &&
           (b->writer == e->writer || turns_are_up(s, there, b, e->at_us));
}

static void take(struct burst *b, const struct entry *e)
{
    if (b->n == b->cap)
        b->ends = mem_realloc(b->ends, (b->cap = 2 * b->cap + 16) * sizeof *b->ends);
    buf_put(&b->log, e->update.p, e->update.n);
    b->ends[b->n++] = buf_len(&b->log);
    b->bytes += e->update.n;
    b->at_us = e->at_us;
    b->writer = e->writer;
}

/* Without a row, and with nothing in it. */
static void begin(struct burst *b, const struct entry *e)
{
    b->number++;
    b->began_us = e->at_us;
    b->bytes = b->n = 0;
    b->old = b->closed = false;
    buf_clear(&b->log);
}

static void burst_done(struct burst *b)
{
    buf_done(&b->log);
    free(b->ends);
}

/* --- writing a revision ----------------------------------------------------------------------- */

/* All of its updates as one. */
static enum err pack(const struct burst *b, struct buf *out, enum update_format *format,
                     struct why *why)
{
    struct cur log = buf_cur(&b->log);
    struct cur *updates = mem_array(b->n, sizeof *updates);
    for (size_t i = 0; i < b->n; i++)
        updates[i] = cur_take(&log, b->ends[i] - (i > 0 ? b->ends[i - 1] : 0));
    enum err err = shelf_pack(updates, b->n, out, format, why);
    free(updates);
    return err;
}

static enum err insert(struct shelf *s, const struct found *there, const struct burst *b,
                       enum update_format format, struct cur update, struct why *why)
{
    struct db_stmt *q =
        db_prepare(s->db, "INSERT INTO doc_revision"
                          " (doc, number, began_us, at_us, writer, format, sum, bytes)"
                          " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"
                          " ON CONFLICT (doc, number) DO UPDATE SET at_us = ?4, writer = ?5,"
                          " text_bytes = NULL, format = ?6, sum = ?7, bytes = ?8");
    db_bind_int(q, 1, there->number);
    db_bind_int(q, 2, b->number);
    db_bind_int(q, 3, b->began_us);
    db_bind_int(q, 4, b->at_us);
    db_bind_int(q, 5, b->writer);
    shelf_bind(q, 6, format, update);
    return db_run(q, why);
}

/* Put what its row holds before `update`, which both then are; false: they stay apart. */
static bool join_old(struct shelf *s, const struct found *there, const struct burst *b,
                     enum update_format format, struct buf *update)
{
    struct db_stmt *q = db_prepare(s->db, "SELECT format, sum, bytes FROM doc_revision"
                                          " WHERE doc = ?1 AND number = ?2");
    db_bind_int(q, 1, there->number);
    db_bind_int(q, 2, b->number);
    enum update_format old;
    struct cur both[2] = {{0}, buf_cur(update)};
    struct buf joined = {0};
    bool good = db_step(q, NULL) == DB_ROW && shelf_column(q, 0, &old, &both[0], NULL) == OK &&
                shelf_join(old, both[0], format, both[1], &joined);
    db_finish(q);
    if (good) {
        buf_clear(update);
        buf_put(update, buf_bytes(&joined), buf_len(&joined));
    }
    buf_done(&joined);
    return good;
}

static enum err write_burst(struct shelf *s, const struct found *there, struct burst *b,
                            struct why *why)
{
    if (b->n == 0)
        return OK;
    struct buf update = {0};
    enum update_format format;
    enum err err = pack(b, &update, &format, why);
    if (err == OK && b->old && !join_old(s, there, b, format, &update)) {
        b->number++; /* it is one of its own, then */
        b->began_us = b->at_us;
    }
    if (err == OK)
        err = insert(s, there, b, format, buf_cur(&update), why);
    buf_done(&update);
    return err;
}

/* --- reading the log -------------------------------------------------------------------------- */

static enum err newest(struct shelf *s, const struct found *there, struct burst *b, struct why *why)
{
    struct db_stmt *q =
        db_prepare(s->db, "SELECT number, began_us, at_us, writer, length(bytes), closed"
                          " FROM doc_revision WHERE doc = ?1 ORDER BY number DESC LIMIT 1");
    db_bind_int(q, 1, there->number);
    enum db_step step = db_step(q, why);
    *b = (struct burst){0};
    if (step == DB_ROW)
        *b = (struct burst){.number = db_int(q, 0),
                            .began_us = db_int(q, 1),
                            .at_us = db_int(q, 2),
                            .writer = db_int(q, 3),
                            .bytes = (size_t)db_int(q, 4),
                            .old = true,
                            .closed = db_int(q, 5)};
    db_finish(q);
    return step == DB_FAILED ? why->code : OK;
}

static enum err read_log(struct shelf *s, const struct found *there, struct burst *b, int64_t *told,
                         struct why *why)
{
    struct db_stmt *q = db_prepare(s->db, "SELECT 1, sum, bytes, seq, at_us, writer FROM doc_log"
                                          " WHERE doc = ?1 AND seq > ?2 ORDER BY seq");
    db_bind_int(q, 1, there->number);
    db_bind_int(q, 2, there->told);
    enum err err = OK;
    for (enum db_step step; err == OK && (step = db_step(q, why)) != DB_END;) {
        struct entry e;
        enum update_format format;
        err = step == DB_FAILED ? why->code : shelf_column(q, 0, &format, &e.update, why);
        if (err != OK)
            break;
        *told = db_int(q, 3);
        e.at_us = db_int(q, 4);
        e.writer = db_int(q, 5);
        if (!goes_on(s, there, b, &e)) {
            err = write_burst(s, there, b, why);
            begin(b, &e);
        }
        take(b, &e);
    }
    db_finish(q);
    return err == OK ? write_burst(s, there, b, why) : err;
}

static enum err set_told(struct shelf *s, const struct found *there, int64_t told, struct why *why)
{
    struct db_stmt *q = db_prepare(s->db, "UPDATE doc SET told = ?2 WHERE id = ?1");
    db_bind_int(q, 1, there->number);
    db_bind_int(q, 2, told);
    enum err err = db_run(q, why);
    return err == OK ? shelf_thin(s, there, why) : err;
}

enum err shelf_tell(struct shelf *s, const struct found *there, struct why *why)
{
    if (there->told == there->changed) /* nothing was appended since */
        return OK;
    struct burst b;
    int64_t told = there->told;
    enum err err = newest(s, there, &b, why);
    if (err == OK)
        err = read_log(s, there, &b, &told, why);
    burst_done(&b);
    return err == OK && told > there->told ? set_told(s, there, told, why) : err;
}

enum err shelf_tell_whole(struct shelf *s, const struct found *there, enum update_format format,
                          struct cur state, struct why *why)
{
    struct burst b;
    enum err err = newest(s, there, &b, why);
    if (err != OK)
        return err;
    struct db_stmt *q = db_prepare(s->db, "SELECT at_us, writer FROM doc_log WHERE doc = ?1"
                                          " ORDER BY seq DESC LIMIT 1");
    db_bind_int(q, 1, there->number);
    bool there_is_one = db_step(q, NULL) == DB_ROW;
    b.at_us = b.began_us = there_is_one ? db_int(q, 0) : loop_wall_us(s->loop);
    b.writer = there_is_one ? db_int(q, 1) : b.writer;
    db_finish(q);
    if (!there_is_one)
        return OK;
    b.number++;
    err = insert(s, there, &b, format, state, why);
    return err == OK ? set_told(s, there, there->changed, why) : err;
}

bool shelf_is_busy(struct shelf *s, const struct found *there)
{
    struct burst b;
    return newest(s, there, &b, NULL) == OK && turns_are_up(s, there, &b, loop_wall_us(s->loop));
}

enum err shelf_tell_end(struct shelf *s, const struct found *there, struct why *why)
{
    enum err err = shelf_tell(s, there, why);
    if (err != OK)
        return err;
    struct db_stmt *q =
        db_prepare(s->db, "UPDATE doc_revision SET closed = 1 WHERE doc = ?1 AND number ="
                          " (SELECT max(number) FROM doc_revision WHERE doc = ?1)");
    db_bind_int(q, 1, there->number);
    return db_run(q, why);
}
