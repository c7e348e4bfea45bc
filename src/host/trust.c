#include "host/trust.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct migration trust_migrations[TRUST_MIGRATIONS] = {
    TRUST_MIGRATION,
};

struct trust_book {
    struct db *db;
    struct trust_row *rows; /* sorted by id */
    size_t count;
};

/* Where it is, or would be. */
static size_t place_of(const struct trust_book *b, const struct peer_id *peer)
{
    size_t low = 0, high = b->count;
    while (low < high) {
        size_t mid = (low + high) / 2;
        if (peer_id_cmp(&b->rows[mid].peer, peer) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

static struct trust_row *row_of(const struct trust_book *b, const struct peer_id *peer)
{
    size_t at = b ? place_of(b, peer) : 0;
    return b && at < b->count && peer_id_equal(&b->rows[at].peer, peer) ? &b->rows[at] : NULL;
}

static void put_row(struct trust_book *b, const struct trust_row *r)
{
    struct trust_row *old = row_of(b, &r->peer);
    if (old) {
        *old = *r;
        return;
    }
    size_t at = place_of(b, &r->peer);
    b->rows = mem_realloc(b->rows, (b->count + 1) * sizeof *b->rows);
    memmove(b->rows + at + 1, b->rows + at, (b->count - at) * sizeof *b->rows);
    b->rows[at] = *r;
    b->count++;
}

static void drop_row(struct trust_book *b, const struct peer_id *peer)
{
    struct trust_row *r = row_of(b, peer);
    if (!r)
        return;
    size_t at = (size_t)(r - b->rows);
    memmove(r, r + 1, (b->count - at - 1) * sizeof *r);
    b->count--;
}

/* --- kept ----------------------------------------------------------------------------------- */

static enum err load(struct trust_book *b, struct why *why)
{
    struct why local;
    why = why ? why : &local;
    struct db_stmt *q = db_prepare(b->db, "SELECT peer, trust, name FROM trust");
    enum db_step step;
    while ((step = db_step(q, why)) == DB_ROW) {
        struct trust_row r = {0};
        size_t n;
        const void *id = db_blob(q, 0, &n);
        int64_t t = db_int(q, 1);
        if (b->count == TRUST_MAX || (t != TRUST_TRUSTED && t != TRUST_BLOCKED) ||
            peer_id_decode(&r.peer, cur_of(id, n), NULL) != OK)
            continue;
        r.trust = (enum trust)t;
        snprintf(r.name, sizeof r.name, "%s", db_text(q, 2));
        put_row(b, &r);
    }
    db_finish(q);
    return step == DB_END ? OK : why->code;
}

static enum err keep(struct trust_book *b, const struct trust_row *r, struct why *why)
{
    if (!b->db)
        return OK;
    if (r->trust == TRUST_STRANGER) {
        struct db_stmt *q = db_prepare(b->db, "DELETE FROM trust WHERE peer = ?1");
        db_bind_blob(q, 1, r->peer.bytes, r->peer.len);
        return db_run(q, why);
    }
    struct db_stmt *q =
        db_prepare(b->db, "INSERT INTO trust (peer, trust, name) VALUES (?1, ?2, ?3)"
                          " ON CONFLICT (peer) DO UPDATE SET trust = ?2, name = ?3");
    db_bind_blob(q, 1, r->peer.bytes, r->peer.len);
    db_bind_int(q, 2, r->trust);
    db_bind_text(q, 3, r->name);
    return db_run(q, why);
}

struct trust_book *trust_open(struct db *db, struct why *why)
{
    struct trust_book *b = MEM_NEW(struct trust_book);
    b->db = db;
    if (!db || load(b, why) == OK)
        return b;
    trust_free(b);
    return NULL;
}

void trust_free(struct trust_book *b)
{
    if (!b)
        return;
    free(b->rows);
    free(b);
}

/* --- asked and told ------------------------------------------------------------------------- */

enum trust trust_of(const struct trust_book *b, const struct peer_id *peer)
{
    const struct trust_row *r = row_of(b, peer);
    return r ? r->trust : TRUST_STRANGER;
}

const char *trust_name(const struct trust_book *b, const struct peer_id *peer)
{
    const struct trust_row *r = row_of(b, peer);
    return r ? r->name : "";
}

const char *trust_word(enum trust t)
{
    switch (t) {
    case TRUST_STRANGER:
        return "stranger";
    case TRUST_TRUSTED:
        return "trusted";
    case TRUST_BLOCKED:
        return "blocked";
    }
    return "";
}

/* A name is never mistaken for an id, nor for the "/" of PEER/NAME. */
static enum err check_name(const struct trust_book *b, const struct peer_id *peer, const char *name,
                           struct why *why)
{
    struct peer_id other;
    size_t n = strlen(name);
    if (n > TRUST_NAME_MAX)
        return why_set(why, ERR_LIMIT, "a name of %zu bytes, the limit is %d", n, TRUST_NAME_MAX);
    for (size_t i = 0; i < n; i++)
        if ((unsigned char)name[i] <= ' ' || strchr("/,\x7f", name[i]))
            return why_set(why, ERR_INVALID, "a name has no spaces, commas or slashes");
    if (peer_id_parse(&other, name, NULL) == OK)
        return why_set(why, ERR_INVALID, "%s is a peer id, which is no name", name);
    if (trust_find(b, name, &other) && !peer_id_equal(&other, peer))
        return why_set(why, ERR_STATE, "%s is another peer's name already", name);
    return OK;
}

enum err trust_set(struct trust_book *b, const struct peer_id *peer, enum trust t, const char *name,
                   struct why *why)
{
    struct trust_row r = {.peer = *peer, .trust = t};
    const struct trust_row *old = row_of(b, peer);
    enum err code = name ? check_name(b, peer, name, why) : OK;
    if (code != OK)
        return code;
    if (!old && b->count == TRUST_MAX)
        return why_set(why, ERR_FULL, "more than %d peers are trusted or blocked", TRUST_MAX);
    snprintf(r.name, sizeof r.name, "%s", name ? name : old ? old->name : "");
    if ((code = keep(b, &r, why)) != OK)
        return code;
    if (t == TRUST_STRANGER)
        drop_row(b, peer);
    else
        put_row(b, &r);
    return OK;
}

bool trust_find(const struct trust_book *b, const char *name, struct peer_id *out)
{
    for (size_t i = 0; b && *name && i < b->count; i++)
        if (strcmp(b->rows[i].name, name) == 0) {
            *out = b->rows[i].peer;
            return true;
        }
    return false;
}

const struct trust_row *trust_at(const struct trust_book *b, size_t i)
{
    return b && i < b->count ? &b->rows[i] : NULL;
}
