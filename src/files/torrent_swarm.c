#include "files/torrent_in.h"

#include "base/mem.h"
#include "files/meta/bits.h"
#include "files/peer/peer_priority.h"

#include <string.h>

enum {
    SENDERS_MAX = 16, /* peers blamed for one piece */
};

static const struct session_ops member_ops;

/* Members */

static struct member *member_new(struct torrent *t, struct session *s, struct peer_entry *entry)
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

static void not_dialing(struct member *m)
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
    not_dialing(m);
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

static void update_interest(struct member *m)
{
    session_interested(m->s, m->wanted > 0 && m->t->picker);
}

static void count_wanted(struct member *m)
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

static void set_choke(struct member *m, bool choke)
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

/* Free slots go at once to those who wait. */
static void grant(struct torrent *t)
{
    size_t open = 0;
    LIST_EACH(&t->members, struct member, m, link) {
        open += is_open_slot(m);
    }
    LIST_EACH(&t->members, struct member, w, link) {
        const struct peer_state *st = session_state(w->s);
        if (choke_grant(open) && session_is_open(w->s) && st->peer_interested && st->am_choking &&
            t->opened && !torrent_is_still(t)) {
            set_choke(w, false);
            open++;
        }
    }
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
                set_choke(members[k], !peers[i].open);
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
static void end_if_idle(struct member *m)
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
            update_interest(m);
        }
        if (!peer_state_is_seed(st) || session_steers(m->s))
            session_have(m->s, piece);
        session_upload_only(m->s, complete);
        if (complete)
            end_if_idle(m);
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
            update_interest(m);
        }
    }
}

/* The peer's pieces are known, and ours. */
static void meet(struct member *m)
{
    struct torrent *t = m->t;
    m->entry->known_seed = peer_state_is_seed(session_state(m->s));
    if (!t->opened)
        return;
    steer_meets(m);
    count(m);
    count_wanted(m);
    update_interest(m);
    super_meet(m);
    end_if_idle(m);
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
        meet(m);
        ask_fill(m);
    }
    grant(t);
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
        count_wanted(m);
        update_interest(m);
        ask_fill(m);
        end_if_idle(m);
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

/* Dialling and accepting */

static struct session_cfg session_cfg_of(struct torrent *t, void *arg)
{
    return (struct session_cfg){.infohash = infohash_id(&t->hash),
                                .hash = &t->hash,
                                .mi = t->mi,
                                .up = &t->up,
                                .down = &t->down,
                                .ops = &member_ops,
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
    struct member *m = member_new(t, NULL, e);
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
    struct member *m = member_new(t, s, e);
    struct session_cfg cfg = session_cfg_of(t, m);
    session_join(s, &cfg);
    return true;
}

/* What sessions tell */

/* The one that stays gets the address that can be dialled, so that it is not dialled again. */
static void adopt_address(struct member *stays, struct member *goes)
{
    if (stays->entry->dialable || !goes->entry->dialable)
        return;
    struct peer_entry *e = stays->entry;
    torrent_peers_become(goes->entry, e);
    stays->entry = goes->entry;
    goes->entry = e;
}

/* Two connections between the same two: both sides keep the one that the greater peer id dialled;
 * of two in one direction the older. */
static bool is_double(struct member *m)
{
    struct torrent *t = m->t;
    const uint8_t *id = session_peer_id(m->s);
    struct addr addr = session_addr(m->s);
    LIST_EACH(&t->members, struct member, other, link) {
        if (other == m || !session_is_open(other->s) ||
            memcmp(session_peer_id(other->s), id, 20) != 0)
            continue;
        struct addr theirs = session_addr(other->s);
        bool same_ip = addr_same_ip(&addr, &theirs);
        bool crossed = session_is_incoming(m->s) != session_is_incoming(other->s);
        bool we_dial = memcmp(t->env->wire.peer_id, id, 20) > 0;
        if (!same_ip || !crossed || session_is_incoming(m->s) == we_dial) {
            if (same_ip)
                adopt_address(other, m);
            return true;
        }
        adopt_address(m, other);
        session_end(other->s, ERR_STATE, "connected twice");
    }
    return false;
}

static void on_ready(void *arg)
{
    struct member *m = arg;
    struct torrent *t = m->t;
    not_dialing(m);
    if (is_double(m)) {
        session_end(m->s, ERR_STATE, "connected twice");
        return;
    }
    torrent_peers_opened(m->entry);
    if (!session_is_incoming(m->s))
        carrier_reached(&m->entry->carriers, session_carrier(m->s));
    m->entry->by_v2 = session_by_v2(m->s);
    session_upload_only(m->s, t->opened && torrent_is_complete(t));
    m->super = super_is_on(t);
    session_begin(m->s, t->opened && !m->super ? data_have(t->data) : NULL,
                  t->opened && !m->super ? data_have_count(t->data) : 0,
                  t->mi ? (int64_t)t->mi->info.n : 0, !steer_is_on(t));
    torrent_want_dial(t); /* one less is half open */
    torrent_changed(t);
}

/* A peer that came to us tells where it listens: from now on that is its address. */
static void learn_port(struct member *m, uint16_t port)
{
    struct torrent *t = m->t;
    struct addr at = m->entry->addr;
    if (port == 0 || !session_is_incoming(m->s) || m->entry->dialable)
        return;
    at.port = port;
    if (torrent_peers_is_banned(t->peers, &at)) {
        session_end(m->s, ERR_DENIED, "banned");
        return;
    }
    struct peer_entry *e = torrent_peers_add(t->peers, &at, PEER_ITSELF, torrent_now(t), NULL);
    if (!e || e->connected || e == m->entry)
        return;
    e->connected = true;
    e->known_seed = m->entry->known_seed;
    torrent_peers_become(e, m->entry);
    m->entry->connected = false; /* not dialable and so the first to be forgotten */
    m->entry = e;
}

/* Who came to us may say anything; whom we chose is at least no stranger who wants to be kept. */
static void learn_address(struct member *m, const struct addr *seen)
{
    struct torrent_env *env = m->t->env;
    struct addr *ours = seen->family == ADDR_V4 ? &env->seen_v4 : &env->seen_v6;
    if (session_is_incoming(m->s) || seen->family == ADDR_NONE)
        return;
    *ours = *seen;
    ours->port = env->wire.port;
}

static void on_extended(void *arg)
{
    struct member *m = arg;
    learn_port(m, session_ext(m->s)->port);
    learn_address(m, &session_ext(m->s)->yourip);
    info_want(m->t);
    if (m->t->opened)
        end_if_idle(m);
}

static void on_pieces(void *arg)
{
    struct member *m = arg;
    meet(m);
    v2_want(m->t);
}

static void on_has(void *arg, uint32_t piece)
{
    struct member *m = arg;
    struct torrent *t = m->t;
    v2_want(t);
    if (!t->opened)
        return;
    steer_has(m, piece);
    super_has(m, piece);
    if (t->picker) {
        picker_peer_has(t->picker, piece);
        m->counted = true;
    }
    if (!data_has(t->data, piece) && choice_wants(t, piece)) {
        m->wanted++;
        update_interest(m);
        if (session_owed(m->s) == 0)
            ask_fill(m);
    }
    m->entry->known_seed |= peer_state_is_seed(session_state(m->s));
    end_if_idle(m);
}

static void on_lacks(void *arg, uint32_t piece)
{
    struct member *m = arg;
    struct torrent *t = m->t;
    m->entry->known_seed = false;
    if (!t->opened)
        return;
    if (t->picker && m->counted && m->counted_all) {
        picker_drop_peer(t->picker, NULL);
        picker_add_peer(t->picker, session_state(m->s)->bits);
        m->counted_all = false;
    } else if (t->picker && m->counted) {
        picker_peer_lacks(t->picker, piece);
    }
    count_wanted(m);
    update_interest(m);
}

static void on_interest(void *arg)
{
    struct member *m = arg;
    if (!session_state(m->s)->peer_interested)
        set_choke(m, true);
    grant(m->t);
}

static void on_fill(void *arg)
{
    ask_fill(arg);
}

void swarm_cancel(struct torrent *t, const struct member *but, uint32_t piece, uint32_t block)
{
    LIST_EACH(&t->members, struct member, other, link) {
        if (other != but && session_is_open(other->s))
            session_cancel(other->s, piece, block);
    }
}

static void on_block(void *arg, uint32_t piece, uint32_t block, struct cur bytes)
{
    struct member *m = arg;
    struct torrent *t = m->t;
    rate_add(&t->down_rate, bytes.n);
    t->downloaded += bytes.n;
    if (!t->picker || !picker_wants(t->picker, piece, block)) {
        t->wasted += bytes.n;
        return;
    }
    if (picker_end_game(t->picker))
        swarm_cancel(t, m, piece, block);
    picker_got(t->picker, piece, block, m->entry->id);
    data_put(t->data, piece, block * BLOCK_LEN, bytes.p, bytes.n);
}

static void on_lost(void *arg, uint32_t piece, uint32_t block)
{
    struct member *m = arg;
    if (m->t->picker)
        picker_back(m->t->picker, piece, block);
}

static void on_sent(void *arg, size_t payload)
{
    struct member *m = arg;
    rate_add(&m->t->up_rate, payload);
    m->t->uploaded += payload;
}

static void on_metadata(void *arg, const struct wire_metadata *md)
{
    info_message(arg, md);
}

static void on_hashes(void *arg, enum wire_type type, const struct wire_hash_range *r)
{
    v2_message(arg, type, r);
}

static void on_punch(void *arg, const struct hole_msg *m)
{
    hole_message(arg, m);
}

static void on_pex(void *arg, struct cur payload)
{
    pex_message(arg, payload);
}

static void on_port(void *arg, uint16_t port)
{
    torrent_dht_heard(arg, port);
}

static bool on_offers(void *arg, uint32_t piece)
{
    const struct member *m = arg;
    return m->t->opened && data_has(m->t->data, piece);
}

static void *on_read(void *arg, uint32_t piece, uint32_t begin, uint32_t len,
                     void (*got)(void *upload, const uint8_t *bytes, size_t n,
                                 const struct why *why),
                     void *upload)
{
    struct member *m = arg;
    return on_offers(m, piece) ? data_get(m->t->data, piece, begin, len, got, upload) : NULL;
}

static void on_unread(void *handle)
{
    data_read_cancel(handle);
}

static bool on_busy(void *arg)
{
    const struct member *m = arg;
    return m->t->opened && data_busy(m->t->data);
}

static void on_ended(void *arg, const struct why *why)
{
    struct member *m = arg;
    struct torrent *t = m->t;
    if (memcmp(session_peer_id(m->s), t->env->wire.peer_id, 20) == 0)
        torrent_peers_ban_port(t->peers, &m->entry->addr); /* that is ourselves */
    (void)why;
    /* It may have only a link by the other of a hybrid's names. */
    bool no_rc4 = session_mse_failed(m->s) && !t->env->wire.mse.plain;
    if (t->hash.has_v1 && t->hash.has_v2 && m->dialing && (session_refused(m->s) || no_rc4)) {
        m->entry->by_v2 = !m->entry->by_v2;
        m->entry->retry = m->entry->by_v2; /* at once, this once */
    }
    if (session_mse_failed(m->s) && t->env->wire.mse.plain)
        torrent_peers_no_mse(m->entry);
    if (session_unreached(m->s) &&
        !torrent_peers_unreached(m->entry, t->env->carriers, session_carrier(m->s)))
        hole_ask(t, m->entry);
    swarm_drop_member(m);
    swarm_fill(t); /* what it owed is free */
    grant(t);
    info_want(t);
    torrent_want_dial(t);
    torrent_changed(t);
}

static const struct session_ops member_ops = {
    .ready = on_ready,
    .extended = on_extended,
    .pieces = on_pieces,
    .has = on_has,
    .lacks = on_lacks,
    .interest = on_interest,
    .fill = on_fill,
    .block = on_block,
    .lost = on_lost,
    .offers = on_offers,
    .sent = on_sent,
    .metadata = on_metadata,
    .pex = on_pex,
    .punch = on_punch,
    .port = on_port,
    .hashes = on_hashes,
    .read = on_read,
    .unread = on_unread,
    .busy = on_busy,
    .ended = on_ended,
};
