/* The first seed steers: as long as there are pieces that nobody else has, it suggests to each peer
 * that it serves other ones than to the rest (BEP 6, "Suggest Piece": "the intended usage is for
 * 'super-seeding' without throughput reduction").  A leecher knows what its own neighbours have;
 * the seed alone knows what it has already given away, and a home's line gives one copy in the time
 * of one, not of four.  Who does not heed it is served all the same. */
#include "files/torrent_in.h"

#include "base/mem.h"
#include "files/meta/bits.h"

enum { AHEAD_MIN = 3, AHEAD_MAX = STEER_MAX }; /* pieces suggested to one peer, not yet there */

struct steer {
    uint32_t *order; /* all pieces, in random order */
    uint32_t at;     /* those before are given, unless `again` */
    uint8_t *given;  /* a bit a piece: somebody has it, or it was suggested to somebody */
    bool again;      /* some were taken back: look from the start */
};

static void shuffle(uint32_t *order, uint32_t n, struct loop *loop)
{
    for (uint32_t i = 0; i < n; i++)
        order[i] = i;
    for (uint32_t i = n - 1; i > 0; i--) {
        uint32_t k = (uint32_t)(loop_random_u64(loop) % (i + 1)), piece = order[i];
        order[i] = order[k];
        order[k] = piece;
    }
}

void steer_end(struct torrent *t)
{
    if (!t->steer)
        return;
    free(t->steer->order);
    free(t->steer->given);
    free(t->steer);
    t->steer = NULL;
}

static void note_bits(struct steer *st, const struct peer_state *ps, uint32_t count)
{
    for (uint32_t i = 0; i < bits_bytes(count) && ps->bits; i++)
        st->given[i] |= ps->bits[i];
}

/* Whether there is somebody else who has all. */
static bool other_seed(const struct torrent *t)
{
    LIST_EACH(&t->members, struct member, m, link) {
        if (session_is_open(m->s) && peer_state_is_seed(session_state(m->s)))
            return true;
    }
    return false;
}

/* The steering of this torrent, begun if there is something to steer; NULL: none. */
static struct steer *steer_of(struct torrent *t)
{
    if (t->steer || t->steered || super_is_on(t) || !t->mi || !t->opened || !torrent_is_complete(t))
        return t->steer;
    t->steered = true;
    if (other_seed(t))
        return NULL;
    uint32_t count = t->mi->piece_count;
    t->steer = MEM_NEW(struct steer);
    t->steer->order = mem_array(count, sizeof *t->steer->order);
    t->steer->given = mem_zalloc(bits_bytes(count));
    shuffle(t->steer->order, count, t->env->wire.loop);
    LIST_EACH(&t->members, struct member, m, link) {
        if (session_is_open(m->s))
            note_bits(t->steer, session_state(m->s), count);
    }
    return t->steer;
}

bool steer_is_on(struct torrent *t)
{
    return steer_of(t) != NULL;
}

static bool on_their_way(const struct torrent *t)
{
    LIST_EACH(&t->members, struct member, m, link) {
        if (m->hint_n > 0)
            return true;
    }
    return false;
}

/* The next piece that nobody was given; piece_count: there is none. */
static uint32_t next_piece(const struct torrent *t)
{
    struct steer *st = t->steer;
    uint32_t count = t->mi->piece_count;
    if (st->again)
        st->at = 0;
    st->again = false;
    while (st->at < count && bits_get(st->given, st->order[st->at]))
        st->at++;
    return st->at < count ? st->order[st->at] : count;
}

/* About a second's worth. */
static size_t ahead(const struct member *m)
{
    uint64_t n = session_up(m->s)->per_s / m->t->mi->piece_len;
    return n < AHEAD_MIN ? AHEAD_MIN : n > AHEAD_MAX ? AHEAD_MAX : (size_t)n;
}

void steer_fill(struct member *m)
{
    struct torrent *t = m->t;
    const struct peer_state *ps = session_state(m->s);
    bool may_want = ps->peer_interested || !ps->began; /* who has just come has said nothing */
    if (!session_is_open(m->s) || ps->am_choking || !may_want || !ps->fast || !steer_of(t))
        return;
    while (m->hint_n < ahead(m)) {
        uint32_t piece = next_piece(t);
        if (piece == t->mi->piece_count) {
            if (!on_their_way(t)) /* else who fails gives its own back */
                steer_end(t);
            return;
        }
        bits_set(t->steer->given, piece);
        m->hints[m->hint_n++] = piece;
        session_suggest(m->s, piece);
    }
}

void steer_has(struct member *m, uint32_t piece)
{
    struct torrent *t = m->t;
    if (!t->steer)
        return;
    bits_set(t->steer->given, piece);
    for (size_t i = 0; i < m->hint_n; i++)
        if (m->hints[i] == piece)
            m->hints[i--] = m->hints[--m->hint_n];
    steer_fill(m);
}

void steer_meets(struct member *m)
{
    struct torrent *t = m->t;
    if (!t->steer)
        return;
    if (peer_state_is_seed(session_state(m->s)))
        steer_end(t);
    else
        note_bits(t->steer, session_state(m->s), t->mi->piece_count);
    for (size_t i = 0; t->steer && i < m->hint_n; i++)
        if (peer_state_has(session_state(m->s), m->hints[i]))
            m->hints[i--] = m->hints[--m->hint_n];
}

void steer_drop(struct member *m)
{
    struct torrent *t = m->t;
    for (size_t i = 0; t->steer && i < m->hint_n; i++) {
        bits_clear(t->steer->given, m->hints[i]);
        t->steer->again = true;
    }
    m->hint_n = 0;
}
