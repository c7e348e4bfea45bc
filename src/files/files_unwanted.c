/* What the owner does not want (unwanted.h), held against this node's torrents and connections. */
#include "files/files_in.h"

#include "base/mem.h"
#include "crypto/hex.h"
#include "files/meta/renames.h"

#include <string.h>

/* Vetting */

static enum err vet_names(struct files *f, const struct metainfo *mi, struct why *why)
{
    for (size_t i = 0; unwanted_deny_refuses(f->unwanted) && i < mi->file_count; i++) {
        const char *pattern =
            mi->files[i].pad ? NULL : unwanted_denied(f->unwanted, renames_first_path(mi, i));
        if (pattern)
            return why_set(why, ERR_DENIED, "refused by files.deny (%.80s): it has %.120s", pattern,
                           mi->files[i].path);
    }
    return OK;
}

static enum err vet_signers(struct files *f, const struct metainfo *mi, struct why *why)
{
    enum err e = OK;
    for (size_t i = 0; e == OK && i < mi->signer_count; i++) {
        struct block b = block_of(BLOCK_SIGNER, mi->signers[i].key);
        if (mi->signers[i].valid)
            e = unwanted_check(f->unwanted, &b, why);
    }
    return e;
}

enum err unwanted_vet(struct files *f, const uint8_t id[INFOHASH_LEN], const struct infohash *hash,
                      const struct metainfo *mi, bool names, struct why *why)
{
    struct block b = block_of(BLOCK_V1, id); /* also a v2 hash that was cut */
    enum err e = unwanted_check(f->unwanted, &b, why);
    if (e == OK && hash->has_v2) {
        b = block_of(BLOCK_V2, hash->v2);
        e = unwanted_check(f->unwanted, &b, why);
    }
    if (e == OK && mi)
        e = vet_signers(f, mi, why);
    return e == OK && mi && names ? vet_names(f, mi, why) : e;
}

static enum err vet(struct files *f, const struct torrent *t, bool names, struct why *why)
{
    return unwanted_vet(f, torrent_infohash(t), torrent_hash(t), torrent_metainfo(t), names, why);
}

/* Torrents that are held */

static void keep_blocked(struct files *f, const struct torrent *t)
{
    struct why why;
    struct db_stmt *q =
        db_prepare(f->env.db, "UPDATE torrent SET blocked = ?2 WHERE infohash = ?1");
    db_bind_blob(q, 1, torrent_infohash(t), SHA1_LEN);
    db_bind_text(q, 2, torrent_blocked(t) ? torrent_blocked(t) : "");
    if (db_run(q, &why))
        log_warn(f->env.log, "keeping that %s is blocked: %s", torrent_name(t), why.text);
}

static void on_vet(void *node, struct torrent *t)
{
    struct files *f = node;
    struct why why;
    if (vet(f, t, true, &why) == OK)
        return;
    torrent_block(t, why.text);
    keep_blocked(f, t);
}

/* What a torrent had been refused for by its names stays refused until a list or a setting says
 * otherwise: it is looked at again each time one changes. */
void unwanted_look(struct files *f)
{
    struct holding *h;
    for (size_t at = 0; (h = map_next(f->torrents, &at, NULL, NULL));) {
        struct why why;
        const char *was = torrent_blocked(h->t);
        bool denied = vet(f, h->t, was != NULL, &why) != OK;
        if (!denied && (!was || !unwanted_ready(f->unwanted)))
            continue;
        torrent_block(h->t, denied ? why.text : NULL);
        keep_blocked(f, h->t);
    }
}

static void on_torrents(void *arg)
{
    unwanted_look(arg);
}

static const char *on_denies(void *node, const char *path)
{
    const struct files *f = node;
    return unwanted_denied(f->unwanted, path);
}

/* Addresses */

static void on_addrs(void *arg)
{
    struct files *f = arg;
    struct holding *h;
    for (size_t at = 0; (h = map_next(f->torrents, &at, NULL, NULL));)
        torrent_sift(h->t);
}

static bool on_refuses(void *node, const struct addr *a)
{
    struct files *f = node;
    bool refused = unwanted_refuse(f->unwanted, a);
    metric_add(f->metric.filtered, refused);
    return refused;
}

static void on_banned(void *node, const struct addr *a)
{
    struct files *f = node;
    unwanted_ban(f->unwanted, a);
}

enum err unwanted_begin(struct files *f, struct why *why)
{
    char *dir = mem_printf("%s/lists", f->env.data_dir);
    struct unwanted_cfg cfg = {.loop = f->env.loop,
                               .vfs = f->env.vfs,
                               .log = f->env.log,
                               .db = f->env.db,
                               .lists_dir = dir,
                               .from_ip = f->from_ip,
                               .addrs = on_addrs,
                               .torrents = on_torrents,
                               .arg = f};
    f->swarm.vet = on_vet;
    f->swarm.denies = on_denies;
    f->swarm.refuses = on_refuses;
    f->swarm.banned = on_banned;
    f->unwanted = unwanted_new(&cfg, f->env.conf, why);
    free(dir);
    return f->unwanted ? OK : why->code;
}

/* Methods */

/* What is meant by a person: an infohash or a signer, or a torrent that is here. */
static bool what_of(struct files *f, struct call *c, struct block *out)
{
    const char *what = call_text(c, "what");
    if (block_parse(cur_of(what, strlen(what)), out))
        return true;
    if (strncasecmp(what, "signer:", 7) == 0) {
        call_failf(c, CALL_USAGE, ERR_INVALID, "shoal file show tells who signed a torrent",
                   "%.80s is no public key and no peer id", what + 7);
        return false;
    }
    struct holding *h = files_named(f, c, what);
    if (h)
        *out = block_of(BLOCK_V1, torrent_infohash(h->t));
    return h != NULL;
}

static void answer(struct call *c, const struct block *b, enum err e, const struct why *why)
{
    char what[BLOCK_TEXT];
    if (e == OK)
        call_ok(c, json_pack("{s:s}", "what", block_format(b, what)));
    else if (e == ERR_NOT_FOUND)
        call_fail(c, "file.not_found", why, "shoal file blocklist shows what is on it");
    else
        call_fail(c, "file.not_kept", why, "see shoal doctor for the data folder");
}

void file_block(void *app, struct call *c)
{
    struct files *f = app;
    struct block b;
    struct why why;
    const char *note = call_text(c, "note");
    if (what_of(f, c, &b)) {
        enum err e = unwanted_block(f->unwanted, &b, note ? note : "", &why);
        answer(c, &b, e, &why);
    }
}

void file_unblock(void *app, struct call *c)
{
    struct files *f = app;
    struct block b;
    struct why why;
    if (what_of(f, c, &b)) {
        enum err e = unwanted_unblock(f->unwanted, &b, &why);
        answer(c, &b, e, &why);
    }
}

void file_blocklist(void *app, struct call *c)
{
    struct files *f = app;
    call_ok(c, unwanted_json(f->unwanted));
}
