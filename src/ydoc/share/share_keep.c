/* What is kept: documents' secrets and rosters, links, joins that wait, and where members were. */
#include "ydoc/share/share_in.h"

#include "base/mem.h"

#include <string.h>

const struct migration share_migrations[2] = {SHELF_MIGRATION, SHARE_MIGRATION};

static struct db *db(const struct share *s)
{
    return s->cfg.env->db;
}

/* For what is a help and no promise. */
static void run_or_say(const struct share *s, struct db_stmt *q, const char *what)
{
    struct why why;
    if (db_run(q, &why) != OK)
        log_warn(s->log, "%s: %s", what, why.text);
}

static void bind_peer(struct db_stmt *q, int at, const struct peer_id *peer)
{
    if (peer->len > 0)
        db_bind_blob(q, at, peer->bytes, peer->len);
    else
        db_bind_text(q, at, NULL);
}

static struct cur blob(struct db_stmt *q, int column)
{
    size_t n;
    const void *bytes = db_blob(q, column, &n);
    return cur_of(bytes, n);
}

static bool read_doc(struct db_stmt *q, int column, struct doc_id *out)
{
    struct cur c = blob(q, column);
    if (c.n != DOC_ID_LEN)
        return false;
    memcpy(out->key, c.p, DOC_ID_LEN);
    return true;
}

static enum err finish(struct db_stmt *q, enum db_step step, const struct why *why)
{
    db_finish(q);
    return step == DB_END ? OK : why->code;
}

/* --- documents ------------------------------------------------------------------------------ */

static void load_doc(struct share *s, struct db_stmt *q)
{
    struct doc_id id;
    struct why why;
    if (!read_doc(q, 0, &id))
        return;
    struct shared *d = shared_new(s, &id);
    d->ours = db_int(q, 1) != 0;
    d->shown_out = db_int(q, 3) != 0;
    if (roster_load(d, blob(q, 2), &why) != OK)
        log_error(s->log, "the members of a document are not known: %s", why.text);
}

static enum err load_docs(struct share *s, struct why *why)
{
    struct db_stmt *q = db_prepare(
        db(s), "SELECT doc, seed IS NOT NULL, roster, shown_out FROM share_doc ORDER BY doc");
    enum db_step step;
    while ((step = db_step(q, why)) == DB_ROW)
        load_doc(s, q);
    return finish(q, step, why);
}

enum err share_keep_roster(struct share *s, const struct doc_id *id, const struct buf *sealed_seed,
                           struct cur roster, struct why *why)
{
    struct db_stmt *q =
        db_prepare(db(s), "INSERT INTO share_doc (doc, seed, roster) VALUES (?1, ?2, ?3) ON "
                          "CONFLICT (doc) DO UPDATE SET roster = ?3, shown_out = 0");
    db_bind_blob(q, 1, id->key, DOC_ID_LEN);
    if (sealed_seed)
        db_bind_blob(q, 2, buf_bytes(sealed_seed), buf_len(sealed_seed));
    else
        db_bind_text(q, 2, NULL);
    db_bind_blob(q, 3, roster.p, roster.n);
    return db_run(q, why);
}

enum err share_keep_seed(struct share *s, const struct doc_id *id, uint8_t seed[ED25519_SEED_LEN],
                         struct why *why)
{
    struct db_stmt *q = db_prepare(db(s), "SELECT seed FROM share_doc WHERE doc = ?1");
    db_bind_blob(q, 1, id->key, DOC_ID_LEN);
    enum db_step step = db_step(q, why);
    struct cur sealed = step == DB_ROW ? blob(q, 0) : (struct cur){0};
    bool good = sealed.n == ED25519_SEED_LEN + SEALBOX_MORE &&
                keys_peer_unseal(s->cfg.env->keys, sealed.p, sealed.n, seed);
    db_finish(q);
    if (step == DB_FAILED)
        return why->code;
    return good ? OK : why_set(why, ERR_STATE, "the document's secret cannot be read");
}

void share_keep_shown_out(struct share *s, const struct doc_id *id)
{
    struct db_stmt *q = db_prepare(db(s), "UPDATE share_doc SET shown_out = 1 WHERE doc = ?1");
    db_bind_blob(q, 1, id->key, DOC_ID_LEN);
    run_or_say(s, q, "keeping that we are no member any more");
}

/* --- links ---------------------------------------------------------------------------------- */

enum err share_keep_invite(struct share *s, const struct invite *i, struct why *why)
{
    struct db_stmt *q = db_prepare(db(s), "INSERT INTO share_invite (hash, doc, role, peer, "
                                          "until_us) VALUES (?1, ?2, ?3, ?4, ?5)");
    db_bind_blob(q, 1, i->hash, sizeof i->hash);
    db_bind_blob(q, 2, i->doc.key, DOC_ID_LEN);
    db_bind_int(q, 3, i->role);
    bind_peer(q, 4, &i->peer);
    db_bind_int(q, 5, i->until_us);
    return db_run(q, why);
}

enum err share_keep_no_invites(struct share *s, const struct doc_id *id, const struct peer_id *peer,
                               struct why *why)
{
    static const struct peer_id nobody;
    struct db_stmt *q = db_prepare(db(s), "DELETE FROM share_invite WHERE doc = ?1 AND "
                                          "(?2 IS NULL OR peer IS NULL OR peer = ?2)");
    db_bind_blob(q, 1, id->key, DOC_ID_LEN);
    bind_peer(q, 2, peer ? peer : &nobody);
    return db_run(q, why);
}

void share_each_invite(struct share *s, const struct doc_id *id, share_invite_fn *each, void *arg)
{
    struct why why;
    struct db_stmt *q = db_prepare(db(s), "SELECT hash, role, peer, until_us FROM share_invite "
                                          "WHERE doc = ?1 AND until_us > ?2");
    db_bind_blob(q, 1, id->key, DOC_ID_LEN);
    db_bind_int(q, 2, loop_wall_us(s->loop));
    while (db_step(q, &why) == DB_ROW) {
        struct invite i = {
            .doc = *id, .role = (enum doc_role)db_int(q, 1), .until_us = db_int(q, 3)};
        struct cur hash = blob(q, 0), peer = blob(q, 2);
        if (hash.n != sizeof i.hash || (peer.n > 0 && peer_id_decode(&i.peer, peer, NULL) != OK))
            continue;
        memcpy(i.hash, hash.p, hash.n);
        if (!each(arg, &i))
            break;
    }
    db_finish(q);
}

/* --- joins ---------------------------------------------------------------------------------- */

void share_keep_join(struct share *s, const struct doc_id *id, const char *link, int64_t until_us)
{
    struct db_stmt *q = db_prepare(
        db(s), "INSERT OR REPLACE INTO share_join (doc, link, until_us) VALUES (?1, ?2, ?3)");
    db_bind_blob(q, 1, id->key, DOC_ID_LEN);
    db_bind_text(q, 2, link);
    db_bind_int(q, 3, until_us);
    run_or_say(s, q, "keeping that we want to join a document");
}

void share_keep_no_join(struct share *s, const struct doc_id *id)
{
    struct db_stmt *q = db_prepare(db(s), "DELETE FROM share_join WHERE doc = ?1");
    db_bind_blob(q, 1, id->key, DOC_ID_LEN);
    run_or_say(s, q, "forgetting that we want to join a document");
}

static enum err load_joins(struct share *s, struct why *why)
{
    struct db_stmt *q = db_prepare(db(s), "SELECT link, until_us FROM share_join ORDER BY doc");
    enum db_step step;
    while ((step = db_step(q, why)) == DB_ROW)
        join_resume(s, db_text(q, 0), db_int(q, 1));
    return finish(q, step, why);
}

/* --- members -------------------------------------------------------------------------------- */

void share_keep_seen(struct share *s, const struct mate *m)
{
    struct db_stmt *q =
        db_prepare(db(s), "INSERT OR REPLACE INTO share_peer (peer, seen_us) VALUES (?1, ?2)");
    bind_peer(q, 1, &m->peer);
    db_bind_int(q, 2, m->seen_us);
    run_or_say(s, q, "keeping when a member was seen");
}

static enum err load_seen(struct share *s, struct why *why)
{
    struct db_stmt *q = db_prepare(db(s), "SELECT peer, seen_us FROM share_peer");
    enum db_step step;
    while ((step = db_step(q, why)) == DB_ROW) {
        struct peer_id peer;
        struct mate *m = peer_id_decode(&peer, blob(q, 0), NULL) == OK ? mate_find(s, &peer) : NULL;
        if (m)
            m->seen_us = db_int(q, 1);
    }
    return finish(q, step, why);
}

static bool is_kept(const struct share *s, const struct peer_id *peer, const struct multiaddr *at)
{
    struct db_stmt *q = db_prepare(db(s), "SELECT 1 FROM share_place WHERE peer = ?1 AND at = ?2");
    bind_peer(q, 1, peer);
    db_bind_blob(q, 2, at->bytes, at->len);
    bool is = db_step(q, NULL) == DB_ROW;
    db_finish(q);
    return is;
}

void share_keep_places(struct share *s, const struct peer_id *peer)
{
    struct host_peer p;
    bool news = false;
    if (!host_peer(s->host, peer, &p))
        return;
    for (size_t i = 0; i < p.addr_count; i++)
        news |= !is_kept(s, peer, &p.addrs[i]);
    if (!news)
        return;
    struct db_stmt *q = db_prepare(db(s), "DELETE FROM share_place WHERE peer = ?1");
    bind_peer(q, 1, peer);
    run_or_say(s, q, "forgetting where a member was");
    for (size_t i = 0; i < p.addr_count; i++) {
        q = db_prepare(db(s), "INSERT OR IGNORE INTO share_place (peer, at) VALUES (?1, ?2)");
        bind_peer(q, 1, peer);
        db_bind_blob(q, 2, p.addrs[i].bytes, p.addrs[i].len);
        run_or_say(s, q, "keeping where a member is");
    }
}

static enum err load_places(struct share *s, struct why *why)
{
    struct db_stmt *q = db_prepare(db(s), "SELECT peer, at FROM share_place");
    enum db_step step;
    while ((step = db_step(q, why)) == DB_ROW) {
        struct peer_id peer;
        struct multiaddr at;
        if (peer_id_decode(&peer, blob(q, 0), NULL) == OK &&
            multiaddr_decode(&at, blob(q, 1), NULL) == OK && mate_find(s, &peer))
            host_learn(s->host, &peer, &at, 1);
    }
    return finish(q, step, why);
}

enum err share_load(struct share *s, struct why *why)
{
    enum err err = load_docs(s, why);
    if (err == OK)
        err = load_seen(s, why);
    if (err == OK && s->host)
        err = load_places(s, why);
    return err == OK && s->host ? load_joins(s, why) : err;
}
