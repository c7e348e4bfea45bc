/* Documents of ours and of others: made, forgotten, looked at. */
#include "ydoc/share/share.h"

#include "base/mem.h"
#include "crypto/hex.h"
#include "crypto/sha256.h"
#include "crypto/wipe.h"
#include "host/trust.h"
#include "ydoc/share/share_in.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOPIC_NAMED "shoal/doc/1"

_Static_assert((int)TOPIC_MSG_DIGEST_LEN == SHA256_LEN && SHARE_TOPIC_TEXT == 2 * SHA256_LEN + 1,
               "both are SHA-256");

struct shared *shared_find(struct share *s, const struct doc_id *id)
{
    return map_get(s->docs, id->key, DOC_ID_LEN);
}

static void name_topic(struct shared *d)
{
    struct buf named = {0};
    uint8_t hash[SHA256_LEN];
    buf_str(&named, TOPIC_NAMED);
    buf_put(&named, d->id.key, DOC_ID_LEN);
    sha256(buf_bytes(&named), buf_len(&named), hash);
    hex_encode(hash, sizeof hash, d->topic);
    buf_done(&named);
}

struct shared *shared_new(struct share *s, const struct doc_id *id)
{
    struct shared *d = MEM_NEW(struct shared);
    d->s = s;
    d->id = *id;
    list_init(&d->bonds);
    list_init(&d->sessions);
    name_topic(d);
    map_put(s->docs, d->id.key, DOC_ID_LEN, d);
    return d;
}

static void let_go(struct shared *d)
{
    topic_leave(d);
    if (d->room) {
        shared_digest(d, d->rest);
        d->has_rest = true;
        room_done(d->room);
        d->s->held_count--;
    }
    d->room = NULL;
    d->gap_us = 0;
}

/* What has been quiet for longest, and nobody is told of just now, makes room for another. */
static bool make_room(struct share *s, struct why *why)
{
    struct shared *d, *oldest = NULL;
    if (s->held_count < SHARE_HELD_MAX)
        return true;
    for (size_t at = 0; (d = map_next(s->docs, &at, NULL, NULL));)
        if (d->room && d->session_count == 0 && (!oldest || d->busy_us < oldest->busy_us))
            oldest = d;
    if (!oldest) {
        why_set(why, ERR_LIMIT,
                "%d documents are shared at this moment, which is as many as may be",
                SHARE_HELD_MAX);
        return false;
    }
    let_go(oldest);
    return true;
}

void shared_free(struct shared *d)
{
    LIST_EACH(&d->sessions, struct session, x, link)
        share_session_free(x);
    topic_end(d);
    let_go(d);
    mates_none(d);
    map_drop(d->s->docs, d->id.key, DOC_ID_LEN);
    roster_done(&d->roster);
    buf_done(&d->signed_roster);
    wipe(d, sizeof *d);
    free(d);
}

/* --- at hand -------------------------------------------------------------------------------- */

bool shared_hold(struct shared *d, struct why *why)
{
    if (!d->room) {
        d->busy_us = loop_now_us(d->s->loop);
        if (make_room(d->s, why))
            d->room = rooms_open(d->s->cfg.rooms, &d->id, why);
        if (!d->room)
            return false;
        d->s->held_count++;
    }
    topic_see(d);
    return true;
}

void shared_digest(struct shared *d, uint8_t out[TOPIC_MSG_DIGEST_LEN])
{
    struct buf all = {0};
    ydoc_snapshot(room_doc(d->room), &all);
    sha256(buf_bytes(&all), buf_len(&all), out);
    buf_done(&all);
}

/* Somebody types, or is there: those who have no stream for it want one.  What has no other member
 * is told to nobody. */
void shared_busy(struct shared *d)
{
    bool was = d->room != NULL;
    struct why why;
    if (!was && list_empty(&d->bonds)) {
        d->has_rest = false;
        return;
    }
    if (!shared_hold(d, &why))
        log_warn(d->s->log, "a document is not shared: %s", why.text);
    d->busy_us = loop_now_us(d->s->loop);
    if (d->room && !was)
        mates_due(d);
}

static void on_room(void *arg, struct room *room, enum room_event ev)
{
    struct share *s = arg;
    struct shared *d = shared_find(s, room_id(room));
    (void)ev;
    if (d)
        shared_busy(d);
}

/* What came and waits for what did not come is asked for. */
static void see_gap(struct shared *d, uint64_t now_us)
{
    if (!ydoc_pending(room_doc(d->room))) {
        d->gap_us = 0;
    } else if (!d->gap_us) {
        d->gap_us = now_us;
    } else if (now_us - d->gap_us > SEC) {
        d->gap_us = now_us + 10 * SEC; /* no sooner again */
        sessions_ask(d);
        mates_due(d);
    }
}

static void see(struct shared *d, uint64_t now_us)
{
    sessions_see(d);
    if (d->room && d->gap_us <= now_us)
        see_gap(d, now_us);
    if (d->room && d->session_count == 0 && now_us - d->busy_us > SHARE_BUSY_US)
        let_go(d);
    topic_see(d);
}

static void on_tick(void *arg)
{
    struct share *s = arg;
    uint64_t now_us = loop_now_us(s->loop);
    struct shared *d;
    s->tick = timer_start(s->loop, SHARE_TICK_US, on_tick, s);
    for (size_t at = 0; (d = map_next(s->docs, &at, NULL, NULL));)
        see(d, now_us);
    mates_see(s);
    joins_see(s);
    parts_see(s);
}

/* Before anybody sits there: who may not write is told so from the first. */
static void on_room_opened(void *arg, struct room *room)
{
    struct shared *d = shared_find(arg, room_id(room));
    if (d)
        room_set_writable(room, roster_role(d) != DOC_READER);
}

/* --- life ----------------------------------------------------------------------------------- */

struct share *share_new(const struct share_cfg *cfg, struct why *why)
{
    struct share *s = MEM_NEW(struct share);
    s->cfg = *cfg;
    s->loop = cfg->env->loop;
    s->log = cfg->env->log;
    s->host = cfg->env->host;
    struct pubkey pub;
    pubkey_of_ed25519(&pub, keys_peer_public(cfg->env->keys));
    peer_id_of_key(&pub, &s->self);
    s->docs = map_new(loop_random_u64(s->loop));
    s->mates = map_new(loop_random_u64(s->loop));
    list_init(&s->strangers);
    list_init(&s->joins);
    list_init(&s->guessers);
    list_init(&s->partials);
    s->rooms_watch = (struct room_watch){.cb = on_room, .opened = on_room_opened, .arg = s};
    rooms_watch(cfg->rooms, &s->rooms_watch);
    list_init(&s->watch.link);
    s->tick = timer_start(s->loop, SHARE_TICK_US, on_tick, s);
    if (s->host) {
        mates_watch(s);
        sessions_begin(s);
    }
    if (share_load(s, why) == OK)
        return s;
    share_free(s);
    return NULL;
}

void share_free(struct share *s)
{
    struct shared *d;
    if (!s)
        return;
    timer_cancel(s->tick);
    room_unwatch(&s->rooms_watch);
    if (s->host)
        host_unwatch(&s->watch);
    joins_done(s);
    sessions_done(s);
    for (size_t at = 0; (d = map_next(s->docs, &at, NULL, NULL));)
        shared_free(d);
    mates_done(s);
    guessers_done(s);
    parts_done(s);
    map_free(s->docs);
    map_free(s->mates);
    free(s);
}

/* --- made and forgotten --------------------------------------------------------------------- */

enum err share_create(struct share *s, const char *title, struct doc_id *id, struct why *why)
{
    uint8_t seed[ED25519_SEED_LEN];
    loop_random(s->loop, seed, sizeof seed);
    ed25519_public(seed, id->key);
    struct why own;
    enum err err = shelf_add(s->cfg.shelf, id, title, why);
    bool added = err == OK;
    if (added)
        err = roster_first(s, id, seed, why);
    if (added && err != OK && shelf_drop(s->cfg.shelf, id, &own) != OK)
        log_warn(s->log, "a document without members stays: %s", own.text);
    wipe(seed, sizeof seed);
    return err;
}

enum err share_forget(struct share *s, const struct doc_id *id, struct why *why)
{
    struct shared *d = shared_find(s, id);
    share_keep_no_join(s, id);
    if (d)
        shared_free(d);
    return shelf_drop(s->cfg.shelf, id, why); /* the tables of ours go with it */
}

/* --- looked at ------------------------------------------------------------------------------ */

enum doc_role share_role(struct share *s, const struct doc_id *id)
{
    const struct shared *d = shared_find(s, id);
    return d ? roster_role(d) : DOC_OWNER; /* what was never shared is ours */
}

size_t share_members(struct share *s, const struct doc_id *id, struct share_member **out)
{
    const struct shared *d = shared_find(s, id);
    const struct trust_book *book = s->host ? host_trust(s->host) : NULL;
    size_t n = d ? d->roster.count : 0;
    *out = mem_array(n + 1, sizeof **out);
    for (size_t i = 0; i < n; i++) {
        const struct roster_member *m = &d->roster.members[i];
        const struct mate *mate = mate_find(s, &m->peer);
        const struct session *x = session_find(d, &m->peer);
        const char *named = trust_name(book, &m->peer);
        (*out)[i] = (struct share_member){.peer = m->peer,
                                          .role = m->role,
                                          .connected = x && x->live,
                                          .seen_us = mate ? mate->seen_us : 0};
        snprintf((*out)[i].name, sizeof(*out)[i].name, "%s", named[0] ? named : m->name);
    }
    return n;
}
