#include "files/torrent_in.h"

#include "base/mem.h"
#include "files/meta/bits.h"

enum {
    SENDERS_MAX = 16, /* peers blamed for one piece */
};

/* Members */

struct member *swarm_add_member(struct torrent *t, struct session *s, struct peer_entry *entry)
{
    struct member *m = MEM_NEW(struct member);
    m->t = t;
    m->s = s;
    m->entry = entry;
    m->last = UINT32_MAX;
    m->shown = SUPERSEED_NONE;
    m->since_us = torrent_now(t);
    entry->connected = true;
    list_push(&t->members, &m->link);
    t->member_count++;
    t->env->conns++;
    torrent_need_tick(t);
    return m;
}

void swarm_dialled(struct member *m)
{
    if (m->dialing)
        m->t->env->half_open--;
    m->dialing = false;
}

static void uncount(struct member *m)
{
    struct torrent *t = m->t;
    const struct peer_state *st = session_state(m->s);
    if (!t->picker || !m->counted)
        return;
    if (m->counted_all)
        picker_drop_peer(t->picker, NULL);
    else if (st->bits)
        picker_drop_peer(t->picker, st->bits);
    uint32_t now_s = (uint32_t)(torrent_now(t) / SEC);
    for (uint32_t i = 0; i < t->mi->piece_count; i++)
        if (peer_state_has(st, i) && picker_availability(t->picker, i) == 0)
            t->seen_s[i] = now_s + 1; /* 0: never */
}

/* Out of the torrent; the session is freed.  What it owed was given back before, by `lost`. */
void swarm_drop_member(struct member *m)
{
    struct torrent *t = m->t;
    bool useful = session_state(m->s)->began;
    swarm_dialled(m);
    uncount(m);
    info_drop(m);
    pex_drop(m);
    v2_forget(m);
    steer_drop(m);
    if (t->picker)
        picker_gone(t->picker, m->entry->id);
    torrent_peers_closed(t->peers, m->entry, useful, torrent_now(t));
    list_drop(&m->link);
    t->member_count--;
    t->env->conns--;
    session_free(m->s);
    free(m);
    super_left(t);
    if (t->member_count == 0) { /* the next crowd may lack it all again */
        steer_end(t);
        t->steered = false;
    }
}

void swarm_free(struct torrent *t)
{
    web_stop(t);
    blame_done(t); /* the data goes too, or is opened anew */
    LIST_EACH(&t->members, struct member, m, link) {
        session_lose(m->s);
        swarm_drop_member(m);
    }
    /* The blocks of unfinished pieces go with the data: nobody may believe that they are here. */
    picker_free(t->picker);
    t->picker = NULL;
    free(t->seen_s);
    t->seen_s = NULL;
}

/* Interest and requests */

void swarm_interest(struct member *m)
{
    session_interested(m->s, m->wanted > 0 && m->t->picker);
}

void swarm_count_wanted(struct member *m)
{
    const struct torrent *t = m->t;
    const struct peer_state *st = session_state(m->s);
    uint32_t count = t->mi->piece_count;
    if (st->all)
        m->wanted = choice_lacks(t);
    else if (!st->bits)
        m->wanted = 0;
    else if (t->want)
        m->wanted = bits_wanted_of(st->bits, data_have(t->data), t->want, count);
    else
        m->wanted = bits_wanted(st->bits, data_have(t->data), count);
}

/* Unchoking */

static bool is_open_slot(const struct member *m)
{
    const struct peer_state *st = session_state(m->s);
    return session_is_open(m->s) && !st->am_choking && st->peer_interested;
}

void swarm_set_choke(struct member *m, bool choke)
{
    const struct peer_state *st = session_state(m->s);
    if (st->am_choking && !choke)
        m->opened_us = torrent_now(m->t);
    session_choke(m->s, choke);
    if (choke)
        steer_drop(m);
    else
        steer_fill(m);
}

void swarm_grant(struct torrent *t)
{
    size_t open = 0;
    LIST_EACH(&t->members, struct member, m, link) {
        open += is_open_slot(m);
    }
    LIST_EACH(&t->members, struct member, w, link) {
        const struct peer_state *st = session_state(w->s);
        if (choke_grant(open) && session_is_open(w->s) && st->peer_interested && st->am_choking &&
            t->opened && !torrent_is_still(t)) {
            swarm_set_choke(w, false);
            open++;
        }
    }
}

void swarm_grant_early(struct member *m)
{
    struct torrent *t = m->t;
    size_t unchoked = 0;
    LIST_EACH(&t->members, struct member, o, link) {
        unchoked += session_is_open(o->s) && !session_state(o->s)->am_choking;
    }
    if (t->opened && data_have_count(t->data) > 0 && choke_grant(unchoked) && !torrent_is_still(t))
        swarm_set_choke(m, false);
}

static void round_of_chokes(struct torrent *t)
{
    struct choke_peer peers[TORRENT_CONNS_CAP + 1];
    struct member *members[TORRENT_CONNS_CAP + 1];
    size_t n = 0;
    uint64_t now = torrent_now(t);
    LIST_EACH(&t->members, struct member, m, link) {
        const struct peer_state *st = session_state(m->s);
        if (!session_is_open(m->s) || n > TORRENT_CONNS_CAP)
            continue;
        members[n] = m;
        peers[n] = (struct choke_peer){.id = m->entry->id,
                                       .interested = st->peer_interested,
                                       .snubbed = session_is_snubbing(m->s),
                                       .gives = session_down(m->s)->per_s,
                                       .takes = session_up(m->s)->per_s,
                                       .connected_us = m->since_us,
                                       .opened_us = m->opened_us,
                                       .open = !st->am_choking};
        n++;
    }
    choke_round(&t->choke, peers, n, torrent_is_complete(t), now,
                loop_random_u64(t->env->wire.loop));
    for (size_t i = 0; i < n; i++)
        for (size_t k = 0; k < n; k++)
            if (members[k]->entry->id == peers[i].id)
                swarm_set_choke(members[k], !peers[i].open);
}

/* Blame.  A piece from one peer alone that failed: that peer lies.  From several: all are on
 * parole, and get pieces of their own until one of them is proven or fails; but for v2, where the
 * wrong block can be named (torrent_blame.c). */

static struct member *member_of(struct torrent *t, uint32_t id)
{
    LIST_EACH(&t->members, struct member, m, link) {
        if (m->entry->id == id)
            return m;
    }
    return NULL;
}

void swarm_ban(struct torrent *t, uint32_t id)
{
    struct peer_entry *e = torrent_peers_by_id(t->peers, id);
    if (!e)
        return;
    char text[ADDR_TEXT];
    log_info(t->log, "a peer sent a piece that is not the torrent's: banned");
    log_debug(t->log, "banned: %s", addr_format(&e->addr, text));
    struct member *m = member_of(t, id);
    struct addr addr = e->addr; /* e may go with the ban */
    bool whole = torrent_peers_ban(t->peers, &addr);
    if (m)
        session_end(m->s, ERR_INVALID, "sent a piece that is not the torrent's");
    if (whole && t->env->banned)
        t->env->banned(t->env->node, &addr);
}

void swarm_piece_bad(struct torrent *t, uint32_t piece)
{
    uint32_t ids[SENDERS_MAX];
    if (!t->picker)
        return;
    size_t n = picker_failed(t->picker, piece, ids, SENDERS_MAX);
    t->wasted += metainfo_piece_len(t->mi, piece);
    log_debug(t->log, "piece %u has another hash; %zu peers sent it", piece, n);
    if (n == 1)
        swarm_ban(t, ids[0]);
    for (size_t i = 0; i < n; i++)
        web_blame(t, ids[i], n == 1);
    for (size_t i = 0; n > 1 && i < n; i++) {
        struct peer_entry *e = torrent_peers_by_id(t->peers, ids[i]);
        if (e)
            e->suspicion++;
    }
    swarm_fill(t);
}

static void clear_suspicion(struct torrent *t, uint32_t piece)
{
    uint32_t ids[2];
    if (picker_senders(t->picker, piece, ids, 2) != 1)
        return;
    web_clear(t, ids[0]);
    struct peer_entry *e = torrent_peers_by_id(t->peers, ids[0]);
    if (e) {
        e->suspicion = 0;
        e->proven++;
    }
}

/* Pieces */

/* Neither has what the other wants: BEP 21, "upload_only", says so of a peer that lacks pieces. */
void swarm_end_if_idle(struct member *m)
{
    bool gives_only = peer_state_is_seed(session_state(m->s)) || session_ext(m->s)->upload_only;
    if (!gives_only || !torrent_is_complete(m->t))
        return;
    m->entry->known_seed = true;
    session_end(m->s, ERR_STATE, "both have all that they want");
}

void swarm_piece_ok(struct torrent *t, uint32_t piece)
{
    if (t->picker) {
        clear_suspicion(t, piece);
        blame_compare(t, piece);
        picker_have(t->picker, piece);
    }
    bool complete = torrent_is_complete(t);
    LIST_EACH(&t->members, struct member, m, link) {
        if (!session_is_open(m->s))
            continue;
        const struct peer_state *st = session_state(m->s);
        if (peer_state_has(st, piece) && choice_wants(t, piece)) {
            m->wanted -= m->wanted > 0;
            swarm_interest(m);
        }
        if (!peer_state_is_seed(st) || session_steers(m->s))
            session_have(m->s, piece);
        session_upload_only(m->s, complete);
        if (complete)
            swarm_end_if_idle(m);
    }
}

static void make_picker(struct torrent *t)
{
    const struct metainfo *mi = t->mi;
    t->picker = picker_new(mi->total, mi->piece_len, loop_random_u64(t->env->wire.loop));
    for (uint32_t i = 0; mi->v2 && i < mi->piece_count; i++)
        if (metainfo_piece_len(mi, i) < mi->piece_len)
            picker_shorten(t->picker, i, (metainfo_piece_len(mi, i) + BLOCK_LEN - 1) / BLOCK_LEN);
    t->seen_s = mem_array(mi->piece_count, sizeof *t->seen_s);
    for (uint32_t i = 0; i < mi->piece_count; i++)
        if (data_has(t->data, i))
            picker_have(t->picker, i);
    t->ordered = false;
    choice_to_picker(t);
    read_window(t);
    web_meet(t);
}

static void count(struct member *m)
{
    const struct peer_state *st = session_state(m->s);
    if (!m->t->picker)
        return;
    m->counted = true;
    m->counted_all = st->all;
    if (st->all)
        picker_add_peer(m->t->picker, NULL);
    else if (st->bits)
        picker_add_peer(m->t->picker, st->bits);
}

static void need_picker(struct torrent *t)
{
    if (t->picker)
        return;
    make_picker(t);
    LIST_EACH(&t->members, struct member, c, link) {
        if (session_is_open(c->s))
            count(c);
    }
}

void swarm_piece_lost(struct torrent *t, uint32_t piece)
{
    torrent_want_dial(t); /* seeds may be worth a dial again */
    LIST_EACH(&t->members, struct member, h, link) {
        session_donthave(h->s, piece);
    }
    if (choice_wants(t, piece))
        need_picker(t);
    if (t->picker)
        picker_lost(t->picker, piece);
    if (!choice_wants(t, piece))
        return;
    LIST_EACH(&t->members, struct member, m, link) {
        if (session_is_open(m->s) && peer_state_has(session_state(m->s), piece)) {
            m->wanted++;
            swarm_interest(m);
        }
    }
}

/* The peer's pieces are known, and ours. */
void swarm_meet(struct member *m)
{
    struct torrent *t = m->t;
    m->entry->known_seed = peer_state_is_seed(session_state(m->s));
    if (!t->opened)
        return;
    steer_meets(m);
    count(m);
    swarm_count_wanted(m);
    swarm_interest(m);
    super_meet(m);
    swarm_end_if_idle(m);
}

void swarm_opened(struct torrent *t)
{
    if (!torrent_is_complete(t) && !t->picker)
        make_picker(t);
    LIST_EACH(&t->members, struct member, m, link) {
        if (!session_is_open(m->s))
            continue;
        /* They were told that we have nothing, when we did not know better. */
        for (uint32_t i = 0; data_have_count(t->data) > 0 && i < t->mi->piece_count; i++)
            if (data_has(t->data, i))
                session_have(m->s, i);
        swarm_meet(m);
        ask_fill(m);
    }
    swarm_grant(t);
}

void swarm_chosen(struct torrent *t)
{
    if (t->picker || torrent_is_complete(t)) /* then torrent_look_complete() lets it go */
        choice_to_picker(t);
    else
        need_picker(t);
    if (!torrent_is_complete(t))
        t->told_done = false;
    LIST_EACH(&t->members, struct member, m, link) {
        if (!session_is_open(m->s))
            continue;
        session_upload_only(m->s, torrent_is_complete(t));
        swarm_count_wanted(m);
        swarm_interest(m);
        ask_fill(m);
        swarm_end_if_idle(m);
    }
    torrent_want_dial(t); /* seeds may be worth a dial again */
}

void swarm_resume(struct torrent *t)
{
    LIST_EACH(&t->members, struct member, m, link) {
        session_resume(m->s);
    }
    web_resume(t);
}

void swarm_tick(struct torrent *t)
{
    LIST_EACH(&t->members, struct member, m, link) {
        session_tick(m->s);
    }
    pex_tick(t);
    if (torrent_now(t) < t->next_round_us || t->member_count == 0)
        return;
    t->next_round_us = torrent_now(t) + CHOKE_ROUND_US;
    round_of_chokes(t);
}

void swarm_end(struct torrent *t, const char *why)
{
    web_stop(t);
    LIST_EACH(&t->members, struct member, m, link) {
        session_end(m->s, ERR_DENIED, "%s", why);
    }
}

void swarm_sift(struct torrent *t)
{
    LIST_EACH(&t->members, struct member, m, link) {
        if (torrent_refuses(t, &m->entry->addr))
            session_end(m->s, ERR_DENIED, "the address is filtered");
    }
}
