/* The newest roster of each document: taken over, signed, changed. */
#include "ydoc/share/share_in.h"

#include "base/mem.h"
#include "crypto/wipe.h"

#include <string.h>

bool roster_has_us(const struct shared *d)
{
    return roster_find(&d->roster, &d->s->self) && !d->shown_out;
}

enum doc_role roster_role(const struct shared *d)
{
    const struct roster_member *m = roster_find(&d->roster, &d->s->self);
    if (d->ours)
        return DOC_OWNER;
    return m && !d->shown_out ? m->role : DOC_READER;
}

/* --- taken over ----------------------------------------------------------------------------- */

/* The key of its epoch, if we are a member; the last one is kept for what is still under way. */
static void take_key(struct shared *d, uint64_t epoch_before)
{
    const struct roster_member *m = roster_find(&d->roster, &d->s->self);
    if (d->has_key && epoch_before != d->roster.epoch) {
        memcpy(d->old_key, d->key, sizeof d->key);
        d->old_epoch = epoch_before;
    }
    d->has_key = m && keys_peer_unseal(d->s->cfg.env->keys, m->box, sizeof m->box, d->key);
    if (m && !d->has_key)
        log_warn(d->s->log, "a document's key is not sealed to us: its topic cannot be read");
}

/* Takes the roster. */
static void take_over(struct shared *d, struct roster *r, struct cur signed_roster)
{
    uint64_t epoch_before = d->roster.epoch;
    roster_done(&d->roster);
    d->roster = *r;
    *r = (struct roster){0};
    buf_clear(&d->signed_roster);
    buf_put(&d->signed_roster, signed_roster.p, signed_roster.n);
    take_key(d, epoch_before);
    mates_of(d);
    if (d->room)
        room_set_writable(d->room, roster_role(d) != DOC_READER);
    topic_see(d);
}

enum err roster_load(struct shared *d, struct cur signed_roster, struct why *why)
{
    struct roster r;
    enum err err = roster_read(&r, &d->id, signed_roster, why);
    if (err == OK)
        take_over(d, &r, signed_roster);
    return err;
}

static enum err keep_and_take(struct shared *d, struct roster *r, struct cur signed_roster,
                              struct why *why)
{
    enum err err = share_keep_roster(d->s, &d->id, NULL, signed_roster, why);
    if (err != OK)
        return err;
    d->shown_out = false;
    take_over(d, r, signed_roster);
    sessions_roster(d);
    topic_tell(d);
    return OK;
}

/* An old one is no fault: who brings it was away.  It is on disk before anything is done by it, so
 * that after a kill no older one is believed. */
enum err roster_offer(struct shared *d, struct cur signed_roster, struct why *why)
{
    struct roster r;
    enum err err = roster_read(&r, &d->id, signed_roster, why);
    if (err == OK && r.seq > d->roster.seq)
        err = keep_and_take(d, &r, signed_roster, why);
    roster_done(&r);
    return err;
}

void roster_shown_out(struct shared *d)
{
    d->shown_out = true;
    share_keep_shown_out(d->s, &d->id);
    mates_of(d);
    if (d->room)
        room_set_writable(d->room, false);
    sessions_roster(d);
    topic_see(d);
}

/* --- changed -------------------------------------------------------------------------------- */

static enum err seal_key(struct share *s, struct roster_member *m,
                         const uint8_t key[ROSTER_KEY_LEN], struct why *why)
{
    uint8_t pub[ED25519_PUB_LEN], random[SEALBOX_RANDOM];
    enum err err = roster_peer_key(&m->peer, pub, why);
    if (err != OK)
        return err;
    loop_random(s->loop, random, sizeof random);
    bool good = sealbox_seal(pub, random, key, ROSTER_KEY_LEN, m->box);
    wipe(random, sizeof random);
    return good ? OK : why_set(why, ERR_UNSUPPORTED, "nothing can be sealed to that peer's key");
}

/* To everybody; boxes that were there are made anew, which hides who is new. */
static enum err seal_keys(struct share *s, struct roster *r, const uint8_t key[ROSTER_KEY_LEN],
                          struct why *why)
{
    for (size_t i = 0; i < r->count; i++) {
        enum err err = seal_key(s, &r->members[i], key, why);
        if (err != OK)
            return err;
    }
    return OK;
}

static void sign(const struct roster *r, const uint8_t seed[ED25519_SEED_LEN], struct buf *out)
{
    uint8_t secret[ED25519_SECRET_LEN], pub[ED25519_PUB_LEN];
    ed25519_secret(seed, secret, pub);
    roster_sign(r, secret, out);
    wipe(secret, sizeof secret);
}

enum err roster_change(struct shared *d, struct roster *r, bool new_key, struct why *why)
{
    uint8_t key[ROSTER_KEY_LEN], seed[ED25519_SEED_LEN];
    struct buf signed_roster = {0};
    r->seq++;
    r->epoch += new_key;
    memcpy(key, d->key, sizeof key);
    if (new_key)
        loop_random(d->s->loop, key, sizeof key);
    enum err err = seal_keys(d->s, r, key, why);
    if (err == OK)
        err = share_keep_seed(d->s, &d->id, seed, why);
    if (err == OK) {
        sign(r, seed, &signed_roster);
        err = keep_and_take(d, r, buf_cur(&signed_roster), why);
    }
    wipe(key, sizeof key);
    wipe(seed, sizeof seed);
    buf_done(&signed_roster);
    return err;
}

/* Our own key, for what only we may read. */
static enum err seal_seed(struct share *s, const uint8_t seed[ED25519_SEED_LEN], struct buf *out,
                          struct why *why)
{
    uint8_t random[SEALBOX_RANDOM];
    loop_random(s->loop, random, sizeof random);
    bool good = sealbox_seal(keys_peer_public(s->cfg.env->keys), random, seed, ED25519_SEED_LEN,
                             buf_room(out, ED25519_SEED_LEN + SEALBOX_MORE));
    buf_grew(out, ED25519_SEED_LEN + SEALBOX_MORE);
    wipe(random, sizeof random);
    return good ? OK : why_set(why, ERR_STATE, "nothing can be sealed to our own key");
}

enum err roster_first(struct share *s, const struct doc_id *id,
                      const uint8_t seed[ED25519_SEED_LEN], struct why *why)
{
    struct roster r = {.doc = *id, .seq = 1, .epoch = 1};
    struct roster_member owner = {.peer = s->self, .role = DOC_OWNER};
    struct buf sealed = {0}, signed_roster = {0};
    uint8_t key[ROSTER_KEY_LEN];
    loop_random(s->loop, key, sizeof key);
    enum err err = roster_set(&r, &owner, why);
    if (err == OK)
        err = seal_keys(s, &r, key, why);
    if (err == OK)
        err = seal_seed(s, seed, &sealed, why);
    if (err == OK) {
        sign(&r, seed, &signed_roster);
        err = share_keep_roster(s, id, &sealed, buf_cur(&signed_roster), why);
    }
    if (err == OK) {
        struct shared *d = shared_new(s, id);
        d->ours = true;
        take_over(d, &r, buf_cur(&signed_roster));
    }
    wipe(key, sizeof key);
    roster_done(&r);
    buf_done(&sealed);
    buf_done(&signed_roster);
    return err;
}
