/* What to ask of whom.  The picker says which blocks; here is how many of them, and the end game.
 */
#include "files/torrent_in.h"

enum {
    CROWD = 8,        /* connections */
    END_GAME_MAX = 8, /* blocks asked of a peer that another owes too */
};
/* A second peer is asked for a block that it brings in a quarter of the time, and sooner by this.
 * Half and 200 ms waste half as much again in the swarm simulation, and end no sooner. */
#define END_GAME_GAIN_US (1 * SEC)

static bool wants_data(const struct torrent *t)
{
    return t->picker && !torrent_is_still(t) && !t->error;
}

static bool gives(const struct member *m)
{
    return session_is_open(m->s) && m->wanted > 0 && !session_state(m->s)->peer_choking;
}

static bool is_asked(const void *arg, uint32_t piece, uint32_t block)
{
    const struct member *m = arg;
    return session_asked(m->s, piece, block);
}

static size_t pick_fast(struct member *m, const struct picker_who *who, struct picker_block *out,
                        size_t max)
{
    const uint32_t *fast;
    size_t count = session_fast(m->s, &fast), n = 0;
    if (m->t->sequential) /* what is said to be fast lies anywhere */
        return 0;
    for (size_t i = 0; i < count && n < max; i++)
        if (fast[i] < m->t->mi->piece_count)
            n += picker_pick_piece(m->t->picker, who, fast[i], out + n, max - n);
    return n;
}

/* Where somebody waits for pieces in their order, hints are of no use. */
static bool heeds(const struct torrent *t)
{
    return !t->sequential && !read_is_wanted(t);
}

/* What it suggests, before all else: it knows better than we what others have had of it. */
static size_t pick_hinted(struct member *m, const struct picker_who *who, struct picker_block *out,
                          size_t max)
{
    const uint32_t *hints;
    size_t n = 0;
    for (size_t i = 0; heeds(m->t) && i < session_hints(m->s, &hints);) {
        n += picker_pick_piece(m->t->picker, who, hints[i], out + n, max - n);
        if (data_has(m->t->data, hints[i]))
            session_hint_drop(m->s, i);
        else
            i++;
    }
    return n;
}

/* In a crowd who suggests is asked for that alone: the rest comes from others. */
static bool is_steered(const struct member *m)
{
    const uint32_t *hints;
    return heeds(m->t) && session_hints(m->s, &hints) > 0 && m->t->member_count >= CROWD;
}

static uint64_t pace(const struct member *m)
{
    return session_down(m->s)->per_s;
}

/* Near the end nobody is asked for more than its share of what is left, by what it gives a second:
 * so all end together, and little is asked twice.  Who has given nothing lately is tried with one
 * block. */
static size_t fair_room(const struct member *m, size_t room)
{
    const struct torrent *t = m->t;
    uint64_t left = picker_unasked(t->picker), rates = 0;
    size_t givers = 0, owed = session_owed(m->s);
    if (left >= (uint64_t)PIPELINE_MAX * t->member_count)
        return room;
    LIST_EACH(&t->members, struct member, o, link) {
        if (!gives(o))
            continue;
        givers++;
        rates += pace(o);
        left += session_owed(o->s);
    }
    if (givers == 0)
        return room; /* choked: what may be asked all the same */
    bool quick = pace(m) == 0 || pace(m) >= rates / givers;
    uint64_t share = (rates > 0 ? left * pace(m) / rates : left / givers) + quick;
    if (share <= owed)
        return 0;
    return room < share - owed ? room : (size_t)(share - owed);
}

/* Of what others owe, the block that is expected last. */
static bool latest(const struct member *m, const struct picker_who *who, uint64_t *due_us,
                   struct picker_block *out)
{
    bool found = false;
    LIST_EACH(&m->t->members, struct member, o, link) {
        size_t owed = session_is_open(o->s) && o != m ? session_owed(o->s) : 0;
        for (size_t i = owed; i-- > 0 && owed - i <= END_GAME_MAX;) {
            struct picker_block b = session_owes(o->s, i);
            uint64_t due = session_due_us(o->s, i);
            if ((found && due <= *due_us) || is_asked(m, b.piece, b.block) ||
                !picker_may_again(m->t->picker, who, b.piece, b.block))
                continue;
            found = true;
            *due_us = due;
            *out = b;
        }
    }
    return found;
}

/* Everything is asked for: ask again what comes sooner from this peer.  Of each block one may come
 * in vain, so it must be worth it. */
static void end_game(struct member *m, const struct picker_who *who, size_t room)
{
    uint64_t now = torrent_now(m->t);
    for (size_t n = session_owed(m->s); n < END_GAME_MAX && room > 0; n++, room--) {
        struct picker_block b;
        uint64_t theirs = 0, ours = session_due_us(m->s, n);
        if (!latest(m, who, &theirs, &b) || theirs < now + 4 * (ours - now) + END_GAME_GAIN_US)
            return;
        picker_again(m->t->picker, b.piece, b.block);
        session_ask(m->s, &b, 1);
    }
}

/* Beside the fastest it would keep a reader waiting. */
static bool is_slow(const struct member *m)
{
    uint64_t best = 0;
    LIST_EACH(&m->t->members, struct member, o, link) {
        if (gives(o) && pace(o) > best)
            best = pace(o);
    }
    return pace(m) < best / 4;
}

void ask_fill(struct member *m)
{
    struct torrent *t = m->t;
    const struct peer_state *st = session_state(m->s);
    size_t room = session_room(m->s);
    if (!wants_data(t) || room == 0 || m->wanted == 0)
        return;
    size_t fair = fair_room(m, room);
    struct picker_block blocks[PIPELINE_MAX];
    struct picker_who who = {
        .id = m->entry->id,
        .bits = st->all ? NULL : st->bits,
        .alone = m->entry->suspicion > 0,
        .last = m->last,
        .slow = read_is_wanted(t) && is_slow(m),
        .asked = is_asked,
        .arg = m,
    };
    size_t n =
        st->peer_choking ? pick_fast(m, &who, blocks, fair) : pick_hinted(m, &who, blocks, fair);
    if (!st->peer_choking && !is_steered(m))
        n += picker_pick(t->picker, &who, blocks + n, fair - n);
    if (n > 0)
        m->last = blocks[n - 1].piece;
    session_ask(m->s, blocks, n);
    if (n == 0 && !st->peer_choking && picker_end_game(t->picker))
        end_game(m, &who, room);
}

void swarm_fill(struct torrent *t)
{
    LIST_EACH(&t->members, struct member, m, link) {
        if (session_is_open(m->s))
            ask_fill(m);
    }
    web_fill(t);
}
