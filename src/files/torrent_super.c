/* Super-seeding (BEP 16): what is shown to whom; files/peer/superseed.h has the rule. */
#include "files/torrent_in.h"

bool super_is_on(const struct torrent *t)
{
    return t->super_seed && torrent_has_all(t);
}

static void show_next(struct member *m)
{
    struct torrent *t = m->t;
    if (!t->super)
        t->super = superseed_new(t->mi->piece_count, loop_random_u64(t->env->wire.loop));
    m->shown = superseed_next(t->super, session_state(m->s)->bits);
    if (m->shown != SUPERSEED_NONE)
        session_have(m->s, (uint32_t)m->shown);
}

/* Peers besides it that lack the piece. */
static unsigned lacking(const struct member *m, uint32_t piece)
{
    unsigned n = 0;
    LIST_EACH(&m->t->members, struct member, o, link) {
        n += o != m && session_is_open(o->s) && !peer_state_has(session_state(o->s), piece);
    }
    return n;
}

void super_meet(struct member *m)
{
    if (m->super && m->shown == SUPERSEED_NONE)
        show_next(m);
}

void super_has(struct member *m, uint32_t piece)
{
    LIST_EACH(&m->t->members, struct member, o, link) {
        if (o->super && session_is_open(o->s) &&
            superseed_is_passed(o->shown, piece, o == m, lacking(o, piece)))
            show_next(o);
    }
}

void super_left(struct torrent *t)
{
    LIST_EACH(&t->members, struct member, o, link) {
        uint32_t piece = (uint32_t)o->shown;
        if (o->super && session_is_open(o->s) && o->shown != SUPERSEED_NONE &&
            peer_state_has(session_state(o->s), piece) && lacking(o, piece) == 0)
            show_next(o); /* whom it was to give the piece to is gone */
    }
}

void torrent_set_super_seed(struct torrent *t, bool on)
{
    t->super_seed = on;
    LIST_EACH(&t->members, struct member, m, link) {
        for (uint32_t i = 0; !on && m->super && i < t->mi->piece_count; i++)
            session_have(m->s, i); /* told twice of a few: no harm */
        m->super = m->super && on;
    }
    torrent_changed(t);
}

bool torrent_is_super_seed(const struct torrent *t)
{
    return t->super_seed;
}
