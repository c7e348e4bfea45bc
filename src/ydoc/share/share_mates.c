/* Whom we share something with.  Who is away is dialled again and again, each time after a longer
 * pause; who is here is visited where something is due.
 *
 * When two meet, both have the same to exchange: the one with the smaller id begins, and the other
 * waits a little whether it does. */
#include "ydoc/share/share_in.h"

#include "base/mem.h"

#include <string.h>

#define HOLD_US (3 * SEC)    /* the other side comes first */
#define FAILED_US (20 * SEC) /* before a visit that failed is tried again */
enum { TAG_WEIGHT = 10 };
static const char tag[] = "docs";

struct mate *mate_find(struct share *s, const struct peer_id *peer)
{
    return map_get(s->mates, peer->bytes, peer->len);
}

static struct mate *mate_of(struct share *s, const struct peer_id *peer)
{
    struct mate *m = mate_find(s, peer);
    if (m)
        return m;
    m = MEM_NEW(struct mate);
    m->s = s;
    m->peer = *peer;
    m->pause_us = SHARE_PAUSE_US;
    list_init(&m->bonds);
    map_put(s->mates, peer->bytes, peer->len, m);
    if (s->host)
        host_tag(s->host, peer, tag, TAG_WEIGHT);
    return m;
}

static void dial_end(struct mate *m)
{
    if (m->dial) {
        host_dial_cancel(m->dial);
        m->dial = NULL;
        m->s->dial_count--;
    }
}

static void mate_free(struct mate *m)
{
    dial_end(m);
    if (m->s->host)
        host_tag(m->s->host, &m->peer, tag, 0);
    map_drop(m->s->mates, m->peer.bytes, m->peer.len);
    free(m);
}

/* --- bonds ---------------------------------------------------------------------------------- */

struct bond *bond_find(const struct shared *d, const struct peer_id *peer)
{
    LIST_EACH(&d->bonds, struct bond, t, of_doc)
        if (peer_id_equal(&t->mate->peer, peer))
            return t;
    return NULL;
}

static void bond_free(struct bond *t)
{
    struct mate *m = t->mate;
    list_drop(&t->of_mate);
    list_drop(&t->of_doc);
    free(t);
    if (list_empty(&m->bonds))
        mate_free(m);
}

static void bond_new(struct shared *d, const struct peer_id *peer)
{
    struct bond *t = MEM_NEW(struct bond);
    t->doc = d;
    t->mate = mate_of(d->s, peer);
    list_push(&t->mate->bonds, &t->of_mate);
    list_push(&d->bonds, &t->of_doc);
}

void mates_none(struct shared *d)
{
    LIST_EACH(&d->bonds, struct bond, t, of_doc)
        bond_free(t);
}

void mates_of(struct shared *d)
{
    bool member = roster_has_us(d);
    LIST_EACH(&d->bonds, struct bond, t, of_doc)
        if (!member || !roster_find(&d->roster, &t->mate->peer))
            bond_free(t);
    for (size_t i = 0; member && i < d->roster.count; i++) {
        const struct peer_id *peer = &d->roster.members[i].peer;
        if (!peer_id_equal(peer, &d->s->self) && !bond_find(d, peer))
            bond_new(d, peer);
    }
    mates_due(d);
}

void mates_due(struct shared *d)
{
    LIST_EACH(&d->bonds, struct bond, t, of_doc) {
        t->due = true;
        t->not_before_us = 0;
    }
}

/* --- visits --------------------------------------------------------------------------------- */

static bool is_here(const struct mate *m)
{
    return m->s->host && host_connected(m->s->host, &m->peer) &&
           host_peer_speaks(m->s->host, &m->peer, DOC_PROTOCOL);
}

static bool wants_visit(const struct bond *t, uint64_t now_us)
{
    return t->due && now_us >= t->not_before_us && t->doc->session_count < SHARE_STREAMS_MAX &&
           !session_find(t->doc, &t->mate->peer);
}

void mate_visit(struct mate *m)
{
    uint64_t now_us = loop_now_us(m->s->loop);
    if (!is_here(m) || now_us < m->holds_us)
        return;
    LIST_EACH(&m->bonds, struct bond, t, of_mate) {
        if (m->visits >= SHARE_VISITS_MAX)
            break;
        if (!wants_visit(t, now_us))
            continue;
        t->not_before_us = now_us + FAILED_US;
        session_open(m->s, &t->doc->id, &m->peer, NULL);
    }
}

/* --- dials ---------------------------------------------------------------------------------- */

static void on_dialled(void *arg, const struct peer_id *peer, const struct why *why)
{
    struct mate *m = arg;
    uint64_t now_us = loop_now_us(m->s->loop);
    (void)peer;
    m->dial = NULL;
    m->s->dial_count--;
    if (why)
        log_debug(m->s->log, "a member is not reached: %s", why->text);
    /* A quarter more or less, so that two who lost each other do not go on in step. */
    uint64_t pause_us = m->pause_us * 3 / 4 + loop_random_u64(m->s->loop) % (m->pause_us / 2);
    m->next_us = now_us + pause_us;
    m->pause_us = m->pause_us < SHARE_PAUSE_MAX_US / 2 ? m->pause_us * 2 : SHARE_PAUSE_MAX_US;
}

static void mate_see(struct mate *m, uint64_t now_us)
{
    if (is_here(m)) {
        mate_visit(m);
    } else if (!m->dial && !host_connected(m->s->host, &m->peer) && now_us >= m->next_us &&
               m->s->dial_count < SHARE_DIALS_MAX) {
        m->s->dial_count++;
        m->dial = host_dial(m->s->host, &m->peer, NULL, 0, on_dialled, m);
    }
}

/* It told of a digest a while ago; what was under way then has come by now. */
static void see_digests(struct mate *m)
{
    LIST_EACH(&m->bonds, struct bond, t, of_mate) {
        uint8_t ours[TOPIC_MSG_DIGEST_LEN];
        if (!t->differs)
            continue;
        t->differs = false;
        if (!t->doc->room)
            continue;
        shared_digest(t->doc, ours);
        t->due |= memcmp(ours, t->digest, sizeof ours) != 0;
    }
}

void mates_see(struct share *s)
{
    uint64_t now_us = loop_now_us(s->loop);
    struct mate *m;
    for (size_t at = 0; s->host && (m = map_next(s->mates, &at, NULL, NULL));) {
        see_digests(m);
        mate_see(m, now_us);
    }
}

void mate_soon(struct share *s, const struct peer_id *peer)
{
    struct mate *m = mate_find(s, peer);
    if (m && m->pause_us > SHARE_PAUSE_US) {
        m->pause_us = SHARE_PAUSE_US;
        m->next_us = 0;
    }
}

/* --- who comes and goes --------------------------------------------------------------------- */

void mate_seen(struct share *s, const struct peer_id *peer)
{
    struct mate *m = mate_find(s, peer);
    if (!m)
        return;
    m->seen_us = loop_wall_us(s->loop);
    share_keep_seen(s, m);
}

static void arrived(struct mate *m)
{
    m->pause_us = SHARE_PAUSE_US;
    m->next_us = 0;
    share_keep_places(m->s, &m->peer);
    LIST_EACH(&m->bonds, struct bond, t, of_mate) {
        t->due = true;
        t->not_before_us = 0;
    }
    bool first = peer_id_cmp(&m->s->self, &m->peer) < 0;
    m->holds_us = first ? 0 : loop_now_us(m->s->loop) + HOLD_US;
    mate_visit(m);
}

static void on_host(void *arg, enum host_event ev, const struct peer_id *peer)
{
    struct share *s = arg;
    struct mate *m = peer ? mate_find(s, peer) : NULL;
    switch (ev) {
    case HOST_CONNECTED:
    case HOST_ADDRESSES:
        break;
    case HOST_IDENTIFIED:
        if (m && is_here(m))
            arrived(m);
        break;
    case HOST_GONE:
        if (m)
            m->next_us = loop_now_us(s->loop) + SEC;
        break;
    }
}

void mates_watch(struct share *s)
{
    s->watch = (struct host_watch){.cb = on_host, .arg = s};
    host_watch(s->host, &s->watch);
}

void mates_done(struct share *s)
{
    struct mate *m;
    for (size_t at = 0; (m = map_next(s->mates, &at, NULL, NULL));)
        mate_free(m);
}
