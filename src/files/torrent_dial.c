/* Whom a torrent dials, and who is taken in. */
#include "files/torrent_in.h"

#include "base/mem.h"
#include "files/peer/peer_priority.h"

void torrent_want_dial(struct torrent *t)
{
    timer_cancel(t->dial_later);
    t->dial_later = NULL;
    if (t->closing > 0)
        return;
    if (list_empty(&t->dial_turn))
        list_push(&t->env->to_dial, &t->dial_turn);
    t->env->want_dial(t->env->node);
}

void torrent_dial_rest(struct torrent *t)
{
    timer_cancel(t->dial_later);
    t->dial_later = NULL;
    list_drop(&t->dial_turn);
}

static struct session_cfg session_cfg_of(struct torrent *t, void *arg)
{
    return (struct session_cfg){.infohash = infohash_id(&t->hash),
                                .hash = &t->hash,
                                .mi = t->mi,
                                .up = &t->up,
                                .down = &t->down,
                                .ops = &torrent_member_ops,
                                .arg = arg};
}

/* Whom to dial now; NULL: nobody, and when there may be one (UINT64_MAX: torrent_want_dial() will
 * say). */
static struct peer_entry *next_to_dial(struct torrent *t, uint64_t *wait_us)
{
    *wait_us = UINT64_MAX;
    torrent_peers_we_are(t->peers, &t->env->seen_v4);
    torrent_peers_we_are(t->peers, &t->env->seen_v6);
    if (!torrent_may_connect(t) || t->member_count >= t->conns_max)
        return NULL;
    return torrent_peers_next(t->peers, torrent_is_complete(t), torrent_now(t), wait_us);
}

static void dial(struct torrent *t, struct peer_entry *e)
{
    struct why why;
    /* The session needs its member, and the member its session. */
    struct member *m = swarm_add_member(t, NULL, e);
    struct session_cfg cfg = session_cfg_of(t, m);
    if (e->by_v2 && t->hash.has_v2)
        cfg.infohash = t->hash.v2;
    cfg.encrypt = t->env->wire.mse.rc4 && !(e->no_mse && t->env->wire.mse.plain);
    if (carrier_pick(&e->carriers, t->env->carriers, &e->addr, &cfg.within_us) == CARRIER_UTP)
        cfg.utp = t->env->utp;
    const struct addr *from = t->env->from.family == e->addr.family ? &t->env->from : NULL;
    m->s = session_dial(&t->env->wire, &cfg, &e->addr, from, &why);
    if (m->s) {
        m->dialing = true;
        t->env->half_open++;
        return;
    }
    log_debug(t->log, "not dialled: %s", why.text);
    list_drop(&m->link);
    t->member_count--;
    t->env->conns--;
    free(m);
    torrent_peers_closed(t->peers, e, false, torrent_now(t));
}

static void on_dial_later(void *arg)
{
    struct torrent *t = arg;
    t->dial_later = NULL;
    torrent_want_dial(t);
}

bool torrent_dial_next(struct torrent_env *env)
{
    struct torrent *t;
    while ((t = LIST_FIRST(&env->to_dial, struct torrent, dial_turn))) {
        uint64_t wait;
        struct peer_entry *e = next_to_dial(t, &wait);
        list_drop(&t->dial_turn);
        if (e) {
            list_push(&env->to_dial, &t->dial_turn);
            dial(t, e);
            return true;
        }
        if (wait != UINT64_MAX)
            t->dial_later = timer_start(env->wire.loop, wait, on_dial_later, t);
    }
    return false;
}

/* The one of lowest priority, where the newcomer has a higher one (BEP 40) and nothing moves
 * between us; NULL: all stay. */
static struct member *to_replace(struct torrent *t, const struct addr *newcomer)
{
    const struct torrent_env *env = t->env;
    const struct addr *ours = newcomer->family == ADDR_V4 ? &env->seen_v4 : &env->seen_v6;
    uint32_t lowest = peer_priority(ours, newcomer);
    struct member *found = NULL;
    LIST_EACH(&t->members, struct member, m, link) {
        uint32_t p = peer_priority(ours, &m->entry->addr);
        if (p == 0 || p >= lowest || !session_is_open(m->s) || session_owed(m->s) > 0 ||
            session_down(m->s)->per_s > 0 || session_up(m->s)->per_s > 0)
            continue;
        found = m;
        lowest = p;
    }
    return found;
}

bool torrent_take(struct torrent *t, struct session *s)
{
    struct addr a = session_addr(s);
    if (!torrent_may_connect(t))
        return false;
    struct member *goes = t->member_count >= t->conns_max ? to_replace(t, &a) : NULL;
    if (t->member_count > t->conns_max || (t->member_count == t->conns_max && !goes))
        return false;
    if (goes)
        session_end(goes->s, ERR_LIMIT, "another has the higher priority");
    struct peer_entry *e = torrent_peers_add(t->peers, &a, PEER_INCOMING, torrent_now(t), NULL);
    if (!e || e->connected)
        return false;
    struct member *m = swarm_add_member(t, s, e);
    struct session_cfg cfg = session_cfg_of(t, m);
    session_join(s, &cfg);
    return true;
}
