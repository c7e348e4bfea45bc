/* Updates come in one by one and are written together: a commit waits for the disk, and what comes
 * while somebody types would each wait for itself. */
#include "base/mem.h"
#include "base/utf8.h"
#include "ydoc/shelf/shelf_in.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

enum { WAITING_MAX = 8 * 1024 * 1024 }; /* bytes; more are written at once */

struct row {
    struct link link;
    struct doc_id id;
    char author[PEER_ID_TEXT];
    int64_t at_us;
    shelf_done_cb *done;
    void *arg;
    struct why why; /* code is not OK: it is not kept */
    size_t n;
    uint8_t update[];
};

/* --- writing ---------------------------------------------------------------------------------- */

/* What is written, and for which document by whom: rows of one often come together. */
struct batch {
    struct shelf *s;
    int64_t next; /* number for the next row */
    const struct doc_id *id;
    int64_t doc; /* its number; 0: there is none */
    const char *author;
    int64_t writer, at_us; /* of the last row of `doc` */
    int64_t bytes;         /* of the rows of `doc` that its row does not count yet */
};

static enum err one_int(struct db_stmt *q, int64_t *out, struct why *why)
{
    enum db_step step = db_step(q, why);
    *out = step == DB_ROW ? db_int(q, 0) : 0;
    db_finish(q);
    return step == DB_FAILED ? why->code : OK;
}

/* The document's row, brought up to its log. */
static enum err count(struct batch *b, struct why *why)
{
    if (b->bytes == 0)
        return OK;
    struct db_stmt *q = db_prepare(b->s->db, "UPDATE doc SET changed = ?2, changed_us = ?3,"
                                             " author = ?4, log_bytes = log_bytes + ?5"
                                             " WHERE id = ?1");
    db_bind_int(q, 1, b->doc);
    db_bind_int(q, 2, b->next - 1);
    db_bind_int(q, 3, b->at_us);
    db_bind_text(q, 4, b->author);
    db_bind_int(q, 5, b->bytes);
    b->bytes = 0;
    return db_run(q, why);
}

static enum err turn_to(struct batch *b, const struct doc_id *id, struct why *why)
{
    if (b->id && memcmp(b->id, id, sizeof *id) == 0)
        return OK;
    enum err err = count(b, why);
    if (err != OK)
        return err;
    b->id = id;
    struct db_stmt *q = db_prepare(b->s->db, "SELECT id FROM doc WHERE key = ?1");
    db_bind_blob(q, 1, id->key, DOC_ID_LEN);
    return one_int(q, &b->doc, why);
}

/* The author's number, a new one where it never wrote. */
static enum err turn_to_author(struct batch *b, const char *author, struct why *why)
{
    if (b->author && strcmp(b->author, author) == 0)
        return OK;
    b->author = author;
    struct db_stmt *q = db_prepare(b->s->db, "SELECT id FROM doc_writer WHERE name = ?1");
    db_bind_text(q, 1, author);
    enum err err = one_int(q, &b->writer, why);
    if (err != OK || b->writer != 0)
        return err;
    q = db_prepare(b->s->db, "INSERT INTO doc_writer (name) VALUES (?1)");
    db_bind_text(q, 1, author);
    err = db_run(q, why);
    b->writer = db_last_id(b->s->db);
    return err;
}

static enum err write_row(struct batch *b, struct row *row, struct why *why)
{
    enum err err = turn_to(b, &row->id, why);
    if (err == OK && b->doc == 0) { /* this one's trouble, not the others' */
        why_set(&row->why, ERR_NOT_FOUND, "the document is gone");
        return OK;
    }
    if (err == OK)
        err = turn_to_author(b, row->author, why);
    if (err != OK)
        return err;
    struct db_stmt *q =
        db_prepare(b->s->db, "INSERT INTO doc_log (doc, seq, at_us, writer, sum, bytes)"
                             " VALUES (?1, ?2, ?3, ?4, ?5, ?6)");
    db_bind_int(q, 1, b->doc);
    db_bind_int(q, 2, b->next++);
    db_bind_int(q, 3, row->at_us);
    db_bind_int(q, 4, b->writer);
    db_bind_int(q, 5, shelf_sum(UPDATE_V1, cur_of(row->update, row->n)));
    db_bind_blob(q, 6, row->update, row->n);
    b->bytes += (int64_t)row->n;
    b->at_us = row->at_us;
    return db_run(q, why);
}

static enum err write_all(struct shelf *s, struct why *why)
{
    struct batch b = {.s = s};
    enum err err = db_begin(s->db, why);
    if (err != OK)
        return err;
    err = one_int(db_prepare(s->db, "SELECT ifnull(max(changed), 0) + 1 FROM doc"), &b.next, why);
    LIST_EACH(&s->waiting, struct row, row, link)
        if (err == OK)
            err = write_row(&b, row, why);
    if (err == OK)
        err = count(&b, why);
    if (err == OK)
        return db_commit(s->db, why);
    db_rollback(s->db);
    return err;
}

enum err shelf_flush(struct shelf *s, struct why *why)
{
    if (list_empty(&s->waiting))
        return OK;
    struct why own = {OK, ""};
    if (write_all(s, &own) != OK && !s->failing)
        log_warn(s->log, "changes to documents are not kept: %s", own.text);
    if (own.code == OK && s->failing)
        log_info(s->log, "changes to documents are kept again");
    s->failing = own.code != OK;
    LIST_EACH(&s->waiting, struct row, row, link) {
        if (own.code != OK)
            row->why = own;
        list_drop(&row->link);
        list_push(&s->answered, &row->link);
    }
    s->waiting_bytes = 0;
    if (own.code != OK && why)
        *why = own;
    return own.code;
}

/* --- coming in -------------------------------------------------------------------------------- */

static void on_time(void *arg)
{
    struct shelf *s = arg;
    s->timer = NULL;
    s->written_us = loop_now_us(s->loop);
    (void)shelf_flush(s, NULL); /* each row has its answer */
    for (struct row *row; (row = LIST_FIRST(&s->answered, struct row, link));) {
        list_drop(&row->link);
        row->done(row->arg, row->why.code == OK ? NULL : &row->why);
        free(row);
    }
}

static enum err check_row(const char *author, struct cur update, struct why *why)
{
    if (update.n > SHELF_UPDATE_MAX)
        return why_set(why, ERR_LIMIT, "the change has %zu bytes, %d are allowed", update.n,
                       SHELF_UPDATE_MAX);
    if (strlen(author) >= PEER_ID_TEXT || !utf8_valid(author, strlen(author)))
        return why_set(why, ERR_INVALID, "the author is no peer id");
    return OK;
}

void shelf_append(struct shelf *s, const struct doc_id *id, struct cur update, const char *author,
                  shelf_done_cb *done, void *arg)
{
    struct why why = {OK, ""};
    if (check_row(author, update, &why) != OK)
        update.n = 0;
    struct row *row = mem_zalloc(sizeof *row + update.n);
    *row = (struct row){.id = *id,
                        .at_us = loop_wall_us(s->loop),
                        .done = done,
                        .arg = arg,
                        .why = why,
                        .n = update.n};
    snprintf(row->author, sizeof row->author, "%s", why.code == OK ? author : "");
    if (update.n > 0)
        memcpy(row->update, update.p, update.n);
    list_init(&row->link);
    if (why.code == OK && s->waiting_bytes + update.n > WAITING_MAX)
        (void)shelf_flush(s, NULL);
    list_push(why.code == OK ? &s->waiting : &s->answered, &row->link);
    s->waiting_bytes += update.n;
    if (s->timer)
        return;
    /* A key after a pause waits for nothing but the disk. */
    uint64_t since_us = loop_now_us(s->loop) - s->written_us;
    uint64_t wait_us = since_us < SHELF_GATHER_US ? SHELF_GATHER_US - since_us : 0;
    s->timer = timer_start(s->loop, wait_us, on_time, s);
}

enum err shelf_apply_waiting(struct shelf *s, const struct doc_id *id, struct ydoc *into,
                             struct why *why)
{
    LIST_EACH(&s->waiting, struct row, row, link) {
        if (memcmp(&row->id, id, sizeof *id) != 0)
            continue;
        enum err err = ydoc_apply(into, UPDATE_V1, cur_of(row->update, row->n), why);
        if (err != OK)
            return err;
    }
    return OK;
}

void shelf_free(struct shelf *s)
{
    if (!s)
        return;
    (void)shelf_flush(s, NULL);
    timer_cancel(s->timer);
    LIST_EACH(&s->answered, struct row, row, link)
        free(row);
    free(s);
}
