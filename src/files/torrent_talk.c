/* What sessions tell a torrent. */
#include "files/torrent_in.h"

#include <string.h>

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
    swarm_dialled(m);
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
    swarm_grant_early(m);
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
        swarm_end_if_idle(m);
}

static void on_pieces(void *arg)
{
    struct member *m = arg;
    swarm_meet(m);
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
        swarm_interest(m);
        if (session_owed(m->s) == 0)
            ask_fill(m);
    }
    m->entry->known_seed |= peer_state_is_seed(session_state(m->s));
    swarm_end_if_idle(m);
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
    swarm_count_wanted(m);
    swarm_interest(m);
}

static void on_interest(void *arg)
{
    struct member *m = arg;
    if (!session_state(m->s)->peer_interested)
        swarm_set_choke(m, true);
    swarm_grant(m->t);
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
    swarm_grant(t);
    info_want(t);
    torrent_want_dial(t);
    torrent_changed(t);
}

const struct session_ops torrent_member_ops = {
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
