/* What is kept: offers until they are taken or ended, and what is received until it is here. */
#include "files/hand/hands_in.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char hands_tables[] =
    "CREATE TABLE hand_give ("
    " id TEXT PRIMARY KEY,"
    " path TEXT NOT NULL,"
    " number INTEGER NOT NULL," /* and the places of the two words; 0: forgotten */
    " first INTEGER NOT NULL,"
    " second INTEGER NOT NULL,"
    " guesses INTEGER NOT NULL,"  /* left */
    " until_us INTEGER NOT NULL," /* since 1970 */
    " peer BLOB,"                 /* who guessed right */
    " token BLOB,"
    " used INTEGER NOT NULL,"
    " offer BLOB NOT NULL," /* hand_offer.h */
    " times BLOB NOT NULL"  /* of the files when they were offered, 8 bytes each */
    ") WITHOUT ROWID;"
    "CREATE TABLE hand_get ("
    " id TEXT PRIMARY KEY,"
    " dir TEXT NOT NULL,"
    " peer BLOB NOT NULL,"
    " token BLOB NOT NULL,"
    " offer BLOB NOT NULL,"
    " accepted INTEGER NOT NULL," /* enum hand_accepted */
    " places TEXT NOT NULL"       /* where the peer was last: multiaddrs, apart by spaces */
    ") WITHOUT ROWID";

static struct db *db_of(const struct hands *h)
{
    return h->cfg.env->db;
}

static void run_or_say(const struct hands *h, struct db_stmt *q, const char *what)
{
    struct why why;
    if (db_run(q, &why) != OK)
        log_warn(h->log, "%s: %s", what, why.text);
}

/* --- what is offered ---------------------------------------------------------------------------
 */

static void bind_state(struct db_stmt *q, const struct give *g)
{
    db_bind_text(q, 1, g->id);
    db_bind_int(q, 2, g->code.nameplate);
    db_bind_int(q, 3, g->code.first);
    db_bind_int(q, 4, g->code.second);
    db_bind_int(q, 5, g->state.guesses);
    db_bind_int(q, 6, g->state.used);
    db_bind_blob(q, 7, g->state.peer.bytes, g->state.peer.len);
    db_bind_blob(q, 8, g->token, sizeof g->token);
}

enum err hand_keep_give_new(const struct give *g, struct why *why)
{
    struct buf offer = {0}, times = {0};
    enum err err = hand_offer_put(&offer, hand_source_offer(g->source), why);
    hand_source_put_times(&times, g->source);
    if (err == OK) {
        struct db_stmt *q = db_prepare(
            db_of(g->h), "INSERT INTO hand_give (id, number, first, second, guesses, used, peer,"
                         " token, path, until_us, offer, times)"
                         " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)");
        bind_state(q, g);
        db_bind_text(q, 9, g->path);
        db_bind_int(q, 10, g->state.until_us);
        db_bind_blob(q, 11, buf_bytes(&offer), buf_len(&offer));
        db_bind_blob(q, 12, buf_bytes(&times), buf_len(&times));
        err = db_run(q, why);
    }
    buf_done(&offer);
    buf_done(&times);
    return err;
}

enum err hand_keep_give(const struct give *g, struct why *why)
{
    struct db_stmt *q = db_prepare(
        db_of(g->h), "UPDATE hand_give SET number = ?2, first = ?3, second = ?4, guesses = ?5,"
                     " used = ?6, peer = ?7, token = ?8 WHERE id = ?1");
    bind_state(q, g);
    return db_run(q, why);
}

void hand_keep_give_gone(const struct give *g)
{
    struct db_stmt *q = db_prepare(db_of(g->h), "DELETE FROM hand_give WHERE id = ?1");
    db_bind_text(q, 1, g->id);
    run_or_say(g->h, q, "forgetting an offer");
}

static bool read_bytes(struct db_stmt *q, int column, void *out, size_t len)
{
    size_t n;
    const void *bytes = db_blob(q, column, &n);
    if (n == len)
        memcpy(out, bytes, len);
    return n == len;
}

static bool read_peer(struct db_stmt *q, int column, struct peer_id *out)
{
    size_t n;
    const void *bytes = db_blob(q, column, &n);
    return peer_id_decode(out, cur_of(bytes, n), NULL) == OK;
}

static struct cur read_blob(struct db_stmt *q, int column)
{
    size_t n;
    const void *bytes = db_blob(q, column, &n);
    return cur_of(bytes, n);
}

static void load_give(struct hands *h, struct db_stmt *q)
{
    struct why why;
    struct hand_source *s =
        hand_source_of(h->cfg.env->vfs, db_text(q, 1), read_blob(q, 10), read_blob(q, 11), &why);
    if (!s) {
        log_warn(h->log, "an offer does not come back: %s", why.text);
        return;
    }
    struct give *g = give_restore(h, s, db_text(q, 1));
    memcpy(g->id, db_text(q, 0), HAND_ID_TEXT);
    g->code = (struct hand_code){.nameplate = (unsigned)db_int(q, 2),
                                 .first = (uint8_t)db_int(q, 3),
                                 .second = (uint8_t)db_int(q, 4)};
    g->state.guesses = (unsigned)db_int(q, 5);
    g->state.until_us = db_int(q, 6);
    if (read_peer(q, 7, &g->state.peer) && read_bytes(q, 8, g->token, sizeof g->token))
        g->phase = HAND_OFFERED;
    g->state.used = db_int(q, 9) != 0;
    hand_table_announce(g);
}

static enum err load_gives(struct hands *h, struct why *why)
{
    struct db_stmt *q =
        db_prepare(db_of(h), "SELECT id, path, number, first, second, guesses, until_us, peer,"
                             " token, used, offer, times FROM hand_give ORDER BY until_us, id");
    enum db_step step;
    while ((step = db_step(q, why)) == DB_ROW)
        if (strlen(db_text(q, 0)) == HAND_ID_TEXT - 1)
            load_give(h, q);
    db_finish(q);
    return step == DB_END ? OK : why->code;
}

/* --- what is received --------------------------------------------------------------------------
 */

enum err hand_keep_get(const struct get *g, struct cur offer, struct why *why)
{
    struct db_stmt *q = db_prepare(
        db_of(g->h), "INSERT INTO hand_get (id, dir, peer, token, offer, accepted, places)"
                     " VALUES (?1, ?2, ?3, ?4, ?5, ?6, '')");
    db_bind_text(q, 1, g->id);
    db_bind_text(q, 2, g->dir);
    db_bind_blob(q, 3, g->peer.bytes, g->peer.len);
    db_bind_blob(q, 4, g->token, sizeof g->token);
    db_bind_blob(q, 5, offer.p, offer.n);
    db_bind_int(q, 6, HAND_ASKS);
    return db_run(q, why);
}

enum err hand_keep_get_accepted(const struct get *g, enum hand_accepted a, struct why *why)
{
    struct db_stmt *q = db_prepare(db_of(g->h), "UPDATE hand_get SET accepted = ?2 WHERE id = ?1");
    db_bind_text(q, 1, g->id);
    db_bind_int(q, 2, a);
    return db_run(q, why);
}

void hand_keep_get_gone(const struct get *g)
{
    struct db_stmt *q = db_prepare(db_of(g->h), "DELETE FROM hand_get WHERE id = ?1");
    db_bind_text(q, 1, g->id);
    run_or_say(g->h, q, "forgetting what is received");
}

void hand_keep_places(const struct get *g)
{
    struct host_peer p;
    struct buf places = {0};
    char text[MULTIADDR_TEXT];
    if (!host_peer(g->h->host, &g->peer, &p) || p.addr_count == 0)
        return;
    for (size_t i = 0; i < p.addr_count; i++)
        buf_printf(&places, "%s%s", i ? " " : "", multiaddr_format(&p.addrs[i], text));
    char *all = buf_take_str(&places);
    struct db_stmt *q = db_prepare(db_of(g->h), "UPDATE hand_get SET places = ?2 WHERE id = ?1");
    db_bind_text(q, 1, g->id);
    db_bind_text(q, 2, all);
    run_or_say(g->h, q, "keeping where a peer is");
    free(all);
}

static void learn_places(const struct get *g, const char *places)
{
    char text[MULTIADDR_TEXT];
    struct multiaddr at;
    for (const char *p = places; *p;) {
        size_t n = strcspn(p, " ");
        snprintf(text, sizeof text, "%.*s", (int)n, p);
        if (multiaddr_parse(&at, text, NULL) == OK)
            host_learn(g->h->host, &g->peer, &at, 1);
        p += n + (p[n] == ' ');
    }
}

static void load_get(struct hands *h, struct db_stmt *q)
{
    struct get *g = get_new(h, &(struct hand_code){0}, &(struct peer_id){0}, db_text(q, 1), false);
    memcpy(g->id, db_text(q, 0), HAND_ID_TEXT);
    if (!read_peer(q, 2, &g->peer) || !read_bytes(q, 3, g->token, sizeof g->token)) {
        get_free(g);
        return;
    }
    learn_places(g, db_text(q, 6));
    get_restore(g, read_blob(q, 4), (int)db_int(q, 5));
}

static enum err load_gets(struct hands *h, struct why *why)
{
    struct db_stmt *q =
        db_prepare(db_of(h), "SELECT id, dir, peer, token, offer, accepted, places FROM hand_get");
    enum db_step step;
    while ((step = db_step(q, why)) == DB_ROW)
        if (strlen(db_text(q, 0)) == HAND_ID_TEXT - 1)
            load_get(h, q);
    db_finish(q);
    return step == DB_END ? OK : why->code;
}

enum err hand_keep_load(struct hands *h, struct why *why)
{
    enum err err = load_gives(h, why);
    return err == OK ? load_gets(h, why) : err;
}
