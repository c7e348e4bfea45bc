/* Peer exchange: whom we tell of whom, and what becomes of what we are told (BEP 11). */
#include "files/torrent_in.h"

#include "base/mem.h"

static bool may_exchange(const struct torrent *t)
{
    return t->env->wire.pex && t->mi && !t->mi->private_;
}

/* Those that `to` may be told of: open sessions whose listening address is known. */
static size_t connected(const struct member *to, struct pex_peer *out, size_t cap)
{
    struct addr ear = session_addr(to->s);
    size_t n = 0;
    LIST_EACH(&to->t->members, struct member, m, link) {
        const struct addr *at = &m->entry->addr;
        if (m == to || n == cap || !session_is_open(m->s) || !m->entry->dialable ||
            !session_state(m->s)->began || !pex_may_tell(&ear, at))
            continue;
        bool seed = peer_state_is_seed(session_state(m->s)) || session_ext(m->s)->upload_only;
        bool reachable = !session_is_incoming(m->s); /* else it only says so */
        out[n].addr = *at;
        bool utp = session_carrier(m->s) == CARRIER_UTP;
        bool punch = session_ext(m->s)->ut_holepunch != 0;
        out[n].flags = (uint8_t)((seed ? PEX_SEED : 0) | (reachable ? PEX_REACHABLE : 0) |
                                 (utp ? PEX_UTP : 0) | (punch ? PEX_HOLEPUNCH : 0));
        n++;
    }
    return n;
}

static struct pex_state *state_of(struct member *m)
{
    if (!m->pex) {
        m->pex = MEM_NEW(struct pex_state);
        pex_state_init(m->pex, torrent_now(m->t));
    }
    return m->pex;
}

static void tell(struct member *m, uint64_t now_us)
{
    struct pex_peer now[TORRENT_CONNS_MAX];
    struct pex_msg msg;
    struct pex_state *p = state_of(m);
    if (now_us < p->next_us) /* before the list is made */
        return;
    size_t n = connected(m, now, TORRENT_CONNS_MAX);
    if (pex_state_next(p, now, n, now_us, &msg))
        session_pex(m->s, &msg);
}

void pex_tick(struct torrent *t)
{
    if (!may_exchange(t))
        return;
    LIST_EACH(&t->members, struct member, m, link) {
        if (session_is_open(m->s) && session_ext(m->s)->ut_pex != 0)
            tell(m, torrent_now(t));
    }
}

static void take(struct member *m, struct pex_msg *msg)
{
    struct torrent *t = m->t;
    struct addr teller = session_addr(m->s);
    bool news = false;
    pex_keep_dialable(msg, &teller);
    for (size_t i = 0; i < msg->added_count; i++) {
        const struct pex_peer *p = &msg->added[i];
        struct peer_entry *e = NULL;
        if (!torrent_refuses(t, &p->addr))
            e = torrent_peers_told(t->peers, &p->addr, m->entry->id, torrent_now(t));
        if (!e)
            continue;
        e->known_seed = (p->flags & PEX_SEED) != 0; /* seeing for ourselves corrects it */
        news = true;
    }
    if (news)
        torrent_want_dial(t);
}

void pex_message(struct member *m, struct cur payload)
{
    struct pex_msg msg;
    struct why why;
    if (!may_exchange(m->t))
        return;
    switch (pex_state_heard(state_of(m), torrent_now(m->t))) {
    case PEX_TAKE:
        if (pex_read(payload, &msg, &why))
            session_end(m->s, why.code, "%s", why.text);
        else
            take(m, &msg);
        return;
    case PEX_IGNORE:
        return;
    case PEX_END:
        session_end(m->s, ERR_LIMIT, "more than %d ut_pex messages in a minute", PEX_FLOOD);
        return;
    }
}

void pex_drop(struct member *m)
{
    free(m->pex);
    m->pex = NULL;
}
