/* Hole punching (BEP 55): asking a common peer for a meeting, arranging one for others, coming. */
#include "files/torrent_in.h"

#include "files/peer/hole_msg.h"

static bool speaks(const struct member *m)
{
    return session_is_open(m->s) && session_ext(m->s)->ut_holepunch != 0;
}

/* By uTP the address that we see is where its router lets answers in; by TCP it is a port that
 * nobody listens on, and what the peer says of itself is the better guess. */
static struct addr meeting_place(const struct member *m)
{
    return session_carrier(m->s) == CARRIER_UTP ? session_addr(m->s) : m->entry->addr;
}

static struct member *member_at(struct torrent *t, const struct addr *a)
{
    LIST_EACH(&t->members, struct member, m, link) {
        struct addr seen = session_addr(m->s);
        if (session_is_open(m->s) && (addr_equal(&seen, a) || addr_equal(&m->entry->addr, a)))
            return m;
    }
    return NULL;
}

/* A few meetings a minute: each costs three parties a packet, and nobody needs more. */
static bool may_ask(struct member *m, uint64_t now_us)
{
    if (now_us - m->hole_us >= HOLE_MINUTE_US) {
        m->hole_us = now_us;
        m->holes = 0;
    }
    return m->holes++ < HOLE_PER_MINUTE;
}

static void send(struct member *m, enum hole_type type, const struct addr *a, enum hole_error error)
{
    struct hole_msg msg = {.type = type, .addr = *a, .error = error};
    session_punch(m->s, &msg);
}

/* We are in the middle.  Both are of this torrent, and connected to us. */
static void arrange(struct member *from, const struct addr *want)
{
    struct addr a = meeting_place(from);
    struct member *to = addr_is_dialable(want) ? member_at(from->t, want) : NULL;
    if (!addr_is_dialable(want))
        send(from, HOLE_ERROR, want, HOLE_NO_SUCH_PEER);
    else if (!to)
        send(from, HOLE_ERROR, want, HOLE_NOT_CONNECTED);
    else if (to == from)
        send(from, HOLE_ERROR, want, HOLE_NO_SUCH_PEER);
    else if (!speaks(to))
        send(from, HOLE_ERROR, want, HOLE_NO_SUPPORT);
    else {
        struct addr b = meeting_place(to);
        send(to, HOLE_CONNECT, &a, HOLE_OK);
        send(from, HOLE_CONNECT, &b, HOLE_OK);
    }
}

/* We are to come, by uTP and now.  Whoever names an address must be one that may (pex_state.h), and
 * it is dialled as any other is: in turn, a few a second, never twice. */
static void come(struct member *teller, const struct addr *a)
{
    struct torrent *t = teller->t;
    struct addr ear = session_addr(teller->s);
    if (!addr_is_dialable(a) || torrent_refuses(t, a) || !pex_may_tell(&ear, a) ||
        member_at(t, a) || torrent_peers_is_banned(t->peers, a))
        return;
    struct peer_entry *e = torrent_peers_find(t->peers, a);
    if (!e)
        e = torrent_peers_told(t->peers, a, teller->entry->id, torrent_now(t));
    if (!e || e->connected)
        return;
    torrent_peers_punch(e, torrent_now(t));
    torrent_want_dial(t);
}

void hole_message(struct member *m, const struct hole_msg *msg)
{
    struct torrent *t = m->t;
    char text[ADDR_TEXT];
    /* "If the initiating peer does not indicate support ... the relaying peer MUST ignore" */
    if (!t->env->utp || !speaks(m) || !may_ask(m, torrent_now(t)))
        return;
    switch (msg->type) {
    case HOLE_RENDEZVOUS:
        arrange(m, &msg->addr);
        return;
    case HOLE_CONNECT:
        come(m, &msg->addr);
        return;
    case HOLE_ERROR:
        log_debug(t->log, "no meeting with %s: %s", addr_format(&msg->addr, text),
                  hole_error_text(msg->error));
        return;
    }
}

void hole_ask(struct torrent *t, const struct peer_entry *e)
{
    if (!t->env->utp || e->teller == 0)
        return;
    LIST_EACH(&t->members, struct member, m, link) {
        if (m->entry->id != e->teller || !speaks(m))
            continue;
        send(m, HOLE_RENDEZVOUS, &e->addr, HOLE_OK);
        return;
    }
}
