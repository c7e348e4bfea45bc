/* Links: made, opened, void.  A token is known by its hash alone, which is as good for nothing else
 * (16 random bytes are not guessed); who guesses wrong a few times is not heard for an hour. */
#include "ydoc/share/share_in.h"

#include "base/mem.h"
#include "crypto/equal.h"
#include "crypto/sha256.h"
#include "crypto/wipe.h"
#include "host/trust.h"

#include <string.h>

static enum err owned(struct share *s, const struct doc_id *id, struct shared **d, struct why *why)
{
    *d = shared_find(s, id);
    if (!*d)
        return why_set(why, ERR_NOT_FOUND, "no such document here");
    if (!(*d)->ours)
        return why_set(why, ERR_DENIED, "only its owner says who its members are");
    return OK;
}

/* --- who guesses ---------------------------------------------------------------------------- */

static void guesser_free(struct share *s, struct guesser *g)
{
    list_drop(&g->link);
    s->guesser_count--;
    free(g);
}

void guessers_done(struct share *s)
{
    LIST_EACH(&s->guessers, struct guesser, g, link)
        guesser_free(s, g);
}

static struct guesser *guesser_find(struct share *s, const struct peer_id *peer)
{
    uint64_t now_us = loop_now_us(s->loop);
    LIST_EACH(&s->guessers, struct guesser, g, link) {
        if (now_us - g->at_us > SHARE_GUESS_US)
            guesser_free(s, g);
        else if (peer_id_equal(&g->peer, peer))
            return g;
    }
    return NULL;
}

static void guessed_wrong(struct share *s, const struct peer_id *peer)
{
    struct guesser *g = guesser_find(s, peer);
    if (!g) {
        if (s->guesser_count == SHARE_GUESSERS_MAX)
            guesser_free(s, LIST_FIRST(&s->guessers, struct guesser, link));
        g = MEM_NEW(struct guesser);
        g->peer = *peer;
        s->guesser_count++;
        list_push(&s->guessers, &g->link);
    }
    g->wrong++;
    g->at_us = loop_now_us(s->loop);
}

/* A new member, or another role. */
static enum err put(struct shared *d, const struct roster_member *m, struct why *why)
{
    struct roster r;
    roster_copy(&r, &d->roster);
    enum err err = roster_set(&r, m, why);
    if (err == OK)
        err = roster_change(d, &r, false, why);
    roster_done(&r);
    return err;
}

/* --- who comes ------------------------------------------------------------------------------ */

struct finding {
    uint8_t hash[SHA256_LEN];
    const struct peer_id *peer;
    bool found;
    struct invite invite;
};

/* All are looked at, so that the time says nothing of which was near. */
static bool on_invite(void *arg, const struct invite *i)
{
    struct finding *f = arg;
    bool mine = equal_secret(i->hash, f->hash, sizeof f->hash);
    if (mine && (i->peer.len == 0 || peer_id_equal(&i->peer, f->peer))) {
        f->found = true;
        f->invite = *i;
    }
    return true;
}

enum err door_enter(struct shared *d, const struct greet *g, const struct peer_id *peer,
                    struct why *why)
{
    struct finding f = {.peer = peer};
    const struct guesser *before = guesser_find(d->s, peer);
    if (before && before->wrong >= SHARE_GUESSES_MAX)
        return why_set(why, ERR_LIMIT, "too many links were tried");
    sha256(g->token, sizeof g->token, f.hash);
    share_each_invite(d->s, &d->id, on_invite, &f);
    const struct roster_member *is = roster_find(&d->roster, peer);
    if (!f.found && is)
        return OK; /* it has come before, by a link that is void now */
    if (!f.found) {
        guessed_wrong(d->s, peer);
        return why_set(why, ERR_DENIED, "the link is no good, or no longer");
    }
    if (is && is->role >= f.invite.role)
        return OK;
    struct roster_member m = {.peer = *peer, .role = f.invite.role};
    memcpy(m.name, g->name, sizeof m.name);
    return put(d, &m, why);
}

/* --- links ---------------------------------------------------------------------------------- */

static void where_we_are(const struct share *s, struct doc_link *l)
{
    struct multiaddr at[HOST_ADDRS_MAX];
    size_t n = host_advertised(s->host, at, HOST_ADDRS_MAX);
    for (size_t i = 0; i < n && l->addr_count < LINK_ADDRS_MAX; i++)
        l->addrs[l->addr_count++] = at[i];
}

/* Of those of this document that are good. */
static bool count(void *arg, const struct invite *i)
{
    (void)i;
    ++*(size_t *)arg;
    return true;
}

static enum err invite(struct shared *d, const struct peer_id *peer, enum doc_role role,
                       struct buf *link, struct why *why)
{
    struct share *s = d->s;
    struct doc_link l = {.doc = d->id, .inviter = *host_id(s->host), .role = role};
    struct invite i = {
        .doc = d->id, .role = role, .until_us = loop_wall_us(s->loop) + (int64_t)SHARE_INVITE_US};
    size_t there = 0;
    share_each_invite(s, &d->id, count, &there);
    if (there >= SHARE_INVITES_MAX)
        return why_set(why, ERR_LIMIT, "%zu links to this document are good already", there);
    if (peer)
        i.peer = *peer;
    loop_random(s->loop, l.token, sizeof l.token);
    sha256(l.token, sizeof l.token, i.hash);
    where_we_are(s, &l);
    enum err err = share_keep_invite(s, &i, why);
    if (err == OK)
        doc_link_format(&l, link);
    wipe(l.token, sizeof l.token);
    return err;
}

static enum err add(struct shared *d, const struct peer_id *peer, enum doc_role role,
                    struct why *why)
{
    struct roster_member m = {.peer = *peer, .role = role};
    const struct roster_member *is = roster_find(&d->roster, peer);
    if (is && is->role == DOC_OWNER)
        return why_set(why, ERR_INVALID, "its owner needs no link");
    if (is && is->role == role)
        return OK;
    if (is)
        memcpy(m.name, is->name, sizeof m.name);
    return put(d, &m, why);
}

enum err share_invite(struct share *s, const struct doc_id *id, const struct peer_id *peer,
                      enum doc_role role, struct buf *link, struct why *why)
{
    struct shared *d;
    enum err err = owned(s, id, &d, why);
    if (err != OK)
        return err;
    if (!s->host)
        return why_set(why, ERR_STATE, "the overlay is off: nobody can be reached");
    if (role == DOC_OWNER)
        return why_set(why, ERR_INVALID, "a document has one owner");
    err = peer ? add(d, peer, role, why) : OK;
    return err == OK ? invite(d, peer, role, link, why) : err;
}

enum err share_remove(struct share *s, const struct doc_id *id, const struct peer_id *peer,
                      struct why *why)
{
    struct shared *d;
    enum err err = owned(s, id, &d, why);
    if (err != OK)
        return err;
    const struct roster_member *m = roster_find(&d->roster, peer);
    if (!m)
        return why_set(why, ERR_NOT_FOUND, "that peer is no member");
    if (m->role == DOC_OWNER)
        return why_set(why, ERR_INVALID, "its owner cannot be removed");
    struct roster r;
    roster_copy(&r, &d->roster);
    roster_drop(&r, peer);
    err = share_keep_no_invites(s, id, peer, why); /* that it may know; first */
    if (err == OK)
        err = roster_change(d, &r, true, why);
    roster_done(&r);
    return err;
}

enum err share_close_door(struct share *s, const struct doc_id *id, struct why *why)
{
    struct shared *d;
    enum err err = owned(s, id, &d, why);
    return err == OK ? share_keep_no_invites(s, id, NULL, why) : err;
}
