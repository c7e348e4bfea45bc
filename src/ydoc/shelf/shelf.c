#include "ydoc/shelf/shelf.h"

#include "base/mem.h"
#include "base/utf8.h"
#include "crypto/hex.h"
#include "ydoc/shelf/shelf_in.h"

#include <stdio.h>
#include <string.h>

const struct migration shelf_migrations[1] = {SHELF_MIGRATION};

const char *doc_id_text(const struct doc_id *id, char out[DOC_ID_TEXT])
{
    return hex_encode(id->key, DOC_ID_LEN, out);
}

bool doc_id_of(const char *text, struct doc_id *id)
{
    return hex_decode(text, strlen(text), id->key, DOC_ID_LEN);
}

struct shelf *shelf_new(const struct shelf_cfg *cfg)
{
    struct shelf *s = MEM_NEW(struct shelf);
    s->loop = cfg->loop;
    s->log = cfg->log;
    s->db = cfg->db;
    list_init(&s->waiting);
    list_init(&s->answered);
    return s;
}

/* A long title would leave no room for what is wrong. */
static void say_name(char out[80], const struct doc_id *id, const char *title)
{
    char hex[DOC_ID_TEXT];
    size_t n = strlen(title);
    bool say = n > 0 && n <= 40 && utf8_valid(title, n);
    doc_id_text(id, hex);
    snprintf(out, 80, say ? "document %.8s, \"%s\"" : "document %.8s", hex, title);
}

enum err shelf_seek(struct shelf *s, const struct doc_id *id, struct found *out, struct why *why)
{
    struct why own;
    why = why ? why : &own;
    struct db_stmt *q = db_prepare(
        s->db, "SELECT id, told, changed, state_bytes, log_bytes, title FROM doc WHERE key = ?1");
    db_bind_blob(q, 1, id->key, DOC_ID_LEN);
    enum db_step step = db_step(q, why);
    enum err err = step == DB_FAILED ? why->code : OK;
    if (step == DB_ROW) {
        *out = (struct found){
            .number = db_int(q, 0),
            .told = db_int(q, 1),
            .changed = db_int(q, 2),
            .state_bytes = (uint64_t)db_int(q, 3),
            .log_bytes = (uint64_t)db_int(q, 4),
        };
        say_name(out->name, id, db_text(q, 5));
    }
    db_finish(q);
    char hex[DOC_ID_TEXT];
    if (step == DB_END)
        err = why_set(why, ERR_NOT_FOUND, "there is no document %s", doc_id_text(id, hex));
    return err;
}

/* --- which there are -------------------------------------------------------------------------- */

static enum err check_title(const char *title, struct why *why)
{
    size_t n = strlen(title);
    if (!utf8_valid(title, n))
        return why_set(why, ERR_INVALID, "the title is not UTF-8");
    if (n > SHELF_TITLE_MAX)
        return why_set(why, ERR_LIMIT, "the title has %zu bytes, %d are allowed", n,
                       SHELF_TITLE_MAX);
    return OK;
}

static enum err check_room(struct shelf *s, struct why *why)
{
    struct why own;
    why = why ? why : &own;
    struct db_stmt *q = db_prepare(s->db, "SELECT count(*) FROM doc");
    enum db_step step = db_step(q, why);
    int64_t n = step == DB_ROW ? db_int(q, 0) : 0;
    db_finish(q);
    if (step == DB_FAILED)
        return why->code;
    if (n >= SHELF_DOCS_MAX)
        return why_set(why, ERR_LIMIT, "there are %d documents, which is as many as are kept",
                       SHELF_DOCS_MAX);
    return OK;
}

/* One statement, so that it may be part of the caller's own transaction. */
enum err shelf_add(struct shelf *s, const struct doc_id *id, const char *title, struct why *why)
{
    struct found there;
    if (shelf_seek(s, id, &there, NULL) == OK)
        return why_set(why, ERR_STATE, "%s is there already", there.name);
    enum err err = check_title(title, why);
    if (err == OK)
        err = check_room(s, why);
    if (err != OK)
        return err;
    struct db_stmt *q = db_prepare(
        s->db, "INSERT INTO doc (key, title, created_us, changed_us, changed)"
               " VALUES (?1, ?2, ?3, ?3, 1 + (SELECT ifnull(max(changed), 0) FROM doc))");
    db_bind_blob(q, 1, id->key, DOC_ID_LEN);
    db_bind_text(q, 2, title);
    db_bind_int(q, 3, loop_wall_us(s->loop));
    return db_run(q, why);
}

/* The rest goes by ON DELETE CASCADE. */
enum err shelf_drop(struct shelf *s, const struct doc_id *id, struct why *why)
{
    struct found there;
    enum err err = shelf_seek(s, id, &there, why);
    if (err != OK)
        return err;
    struct db_stmt *q = db_prepare(s->db, "DELETE FROM doc WHERE id = ?1");
    db_bind_int(q, 1, there.number);
    return db_run(q, why);
}

enum err shelf_rename(struct shelf *s, const struct doc_id *id, const char *title, struct why *why)
{
    struct found there;
    enum err err = shelf_seek(s, id, &there, why);
    if (err == OK)
        err = check_title(title, why);
    if (err != OK)
        return err;
    struct db_stmt *q = db_prepare(s->db, "UPDATE doc SET title = ?2 WHERE id = ?1");
    db_bind_int(q, 1, there.number);
    db_bind_text(q, 2, title);
    return db_run(q, why);
}

/* --- what is shown of them -------------------------------------------------------------------- */

#define SHOWN "SELECT key, title, author, created_us, changed_us, state_bytes + log_bytes FROM doc "

void shelf_text(struct db_stmt *q, int column, char *out, size_t cap)
{
    const char *text = db_text(q, column);
    size_t n = strlen(text);
    bool good = n < cap && utf8_valid(text, n);
    snprintf(out, cap, "%s", good ? text : "");
}

static bool get_row(struct db_stmt *q, struct shelf_doc *out)
{
    size_t n;
    const void *key = db_blob(q, 0, &n);
    if (n != DOC_ID_LEN)
        return false;
    *out = (struct shelf_doc){
        .created_us = db_int(q, 3),
        .changed_us = db_int(q, 4),
        .bytes = (uint64_t)db_int(q, 5),
    };
    memcpy(out->id.key, key, DOC_ID_LEN);
    shelf_text(q, 1, out->title, sizeof out->title);
    shelf_text(q, 2, out->author, sizeof out->author);
    return true;
}

bool shelf_get(struct shelf *s, const struct doc_id *id, struct shelf_doc *out)
{
    struct db_stmt *q = db_prepare(s->db, SHOWN "WHERE key = ?1");
    db_bind_blob(q, 1, id->key, DOC_ID_LEN);
    bool there = db_step(q, NULL) == DB_ROW && get_row(q, out);
    db_finish(q);
    return there;
}

/* All rows of a statement. */
static size_t get_rows(struct shelf *s, struct db_stmt *q, struct shelf_doc **out)
{
    struct why why;
    size_t n = 0, cap = 0;
    enum db_step step;
    *out = NULL;
    while ((step = db_step(q, &why)) == DB_ROW) {
        if (n == cap)
            *out = mem_realloc(*out, (cap = 2 * cap + 16) * sizeof **out);
        n += get_row(q, &(*out)[n]);
    }
    if (step == DB_FAILED)
        log_warn(s->log, "the list of documents may lack some: %s", why.text);
    db_finish(q);
    return n;
}

size_t shelf_list(struct shelf *s, struct shelf_doc **out)
{
    return get_rows(s, db_prepare(s->db, SHOWN "ORDER BY changed DESC"), out);
}

/* The keys that begin with these hex digits; false: they are none, or too few. */
static bool key_range(const char *digits, struct doc_id *from, struct doc_id *to)
{
    size_t n = strlen(digits);
    char low[DOC_ID_TEXT], high[DOC_ID_TEXT];
    if (n < 4 || n >= DOC_ID_TEXT)
        return false;
    memset(low, '0', sizeof low - 1);
    memset(high, 'f', sizeof high - 1);
    low[sizeof low - 1] = high[sizeof high - 1] = '\0';
    memcpy(low, digits, n);
    memcpy(high, digits, n);
    return doc_id_of(low, from) && doc_id_of(high, to);
}

enum err shelf_find(struct shelf *s, const char *text, struct shelf_doc *out, struct why *why)
{
    struct doc_id from, to;
    if (!key_range(text, &from, &to))
        from = to = (struct doc_id){{0}}; /* no document's */
    struct db_stmt *q = db_prepare(
        s->db,
        SHOWN "WHERE key BETWEEN ?1 AND ?2 OR (title = ?3 AND title <> '') ORDER BY changed DESC");
    db_bind_blob(q, 1, from.key, DOC_ID_LEN);
    db_bind_blob(q, 2, to.key, DOC_ID_LEN);
    db_bind_text(q, 3, text);
    struct shelf_doc *found;
    size_t n = get_rows(s, q, &found);
    if (n == 1)
        *out = found[0];
    char a[DOC_ID_TEXT], b[DOC_ID_TEXT];
    if (n > 1)
        why_set(why, ERR_INVALID, "%zu documents are called that, %.8s and %.8s among them", n,
                doc_id_text(&found[0].id, a), doc_id_text(&found[1].id, b));
    free(found);
    if (n == 0)
        return why_set(why, ERR_NOT_FOUND, "no document has this title, nor an id that begins so");
    return n == 1 ? OK : ERR_INVALID;
}
