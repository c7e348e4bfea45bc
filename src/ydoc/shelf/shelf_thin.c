/* Too many revisions become fewer: one becomes part of the next, and what remains lies the sparser,
 * the longer ago it is.  Ago is counted in revisions, for clocks jump. */
#include "ydoc/shelf/shelf_in.h"

#include "base/mem.h"

enum { FRESH = 16 }; /* the newest ones stay as they are */

struct kept {
    int64_t number;
    size_t bytes;
    bool stuck; /* cannot become part of the next */
};

static enum err list(struct shelf *s, const struct found *there, struct kept **out, size_t *n,
                     struct why *why)
{
    struct db_stmt *q = db_prepare(
        s->db, "SELECT number, length(bytes) FROM doc_revision WHERE doc = ?1 ORDER BY number");
    db_bind_int(q, 1, there->number);
    size_t cap = 0;
    enum db_step step;
    *out = NULL;
    *n = 0;
    while ((step = db_step(q, why)) == DB_ROW) {
        if (*n == cap)
            *out = mem_realloc(*out, (cap = 2 * cap + 64) * sizeof **out);
        (*out)[(*n)++] = (struct kept){.number = db_int(q, 0), .bytes = (size_t)db_int(q, 1)};
    }
    db_finish(q);
    return step == DB_FAILED ? why->code : OK;
}

/* The one whose going leaves the smallest gap for its age; 0, the first, stays: then none goes. */
static size_t choose(const struct kept *at, size_t n)
{
    size_t best = 0;
    double best_gap = 0;
    for (size_t i = 1; i + FRESH < n; i++) {
        double gap = (double)(at[i + 1].number - at[i - 1].number) /
                     (double)(at[n - 1].number - at[i].number);
        if (!at[i].stuck && at[i].bytes + at[i + 1].bytes <= REVISION_BYTES_MAX &&
            (best == 0 || gap < best_gap)) {
            best = i;
            best_gap = gap;
        }
    }
    return best;
}

/* Both updates as one, in the later one's row; *joined false: they stay apart. */
static enum err join(struct shelf *s, const struct found *there, int64_t first, int64_t then,
                     bool *joined, struct why *why)
{
    struct buf one = {0}, both = {0};
    enum update_format format[2];
    struct cur update;
    struct db_stmt *q = db_prepare(s->db, "SELECT format, sum, bytes FROM doc_revision"
                                          " WHERE doc = ?1 AND number IN (?2, ?3) ORDER BY number");
    db_bind_int(q, 1, there->number);
    db_bind_int(q, 2, first);
    db_bind_int(q, 3, then);
    *joined = db_step(q, NULL) == DB_ROW && shelf_column(q, 0, &format[0], &update, NULL) == OK;
    if (*joined)
        buf_put(&one, update.p, update.n);
    *joined = *joined && db_step(q, NULL) == DB_ROW &&
              shelf_column(q, 0, &format[1], &update, NULL) == OK &&
              shelf_join(format[0], buf_cur(&one), format[1], update, &both);
    db_finish(q);
    enum err err = OK;
    if (*joined) {
        q = db_prepare(s->db, "UPDATE doc_revision SET format = ?3, sum = ?4, bytes = ?5"
                              " WHERE doc = ?1 AND number = ?2");
        db_bind_int(q, 1, there->number);
        db_bind_int(q, 2, then);
        shelf_bind(q, 3, UPDATE_V2, buf_cur(&both));
        err = db_run(q, why);
    }
    buf_done(&one);
    buf_done(&both);
    return err;
}

static enum err drop(struct shelf *s, const struct found *there, int64_t number, struct why *why)
{
    struct db_stmt *q =
        db_prepare(s->db, "DELETE FROM doc_revision WHERE doc = ?1 AND number = ?2");
    db_bind_int(q, 1, there->number);
    db_bind_int(q, 2, number);
    return db_run(q, why);
}

enum err shelf_thin(struct shelf *s, const struct found *there, struct why *why)
{
    struct kept *at;
    size_t n;
    enum err err = list(s, there, &at, &n, why);
    for (size_t i; err == OK && n > SHELF_REVISIONS_MAX && (i = choose(at, n)) > 0;) {
        bool joined;
        err = join(s, there, at[i].number, at[i + 1].number, &joined, why);
        at[i].stuck = !joined;
        if (err != OK || !joined)
            continue;
        err = drop(s, there, at[i].number, why);
        at[i + 1].bytes += at[i].bytes;
        for (n--; i < n; i++)
            at[i] = at[i + 1];
    }
    free(at);
    return err;
}
