#include "files/peer/session.h"

#include "base/mem.h"
#include "files/meta/bits.h"
#include "files/peer/choke.h"
#include "files/peer/session_in.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void on_read_again(void *arg);

/* Ending */

static void stop_timers(struct session *s)
{
    timer_cancel(s->timer);
    timer_cancel(s->read_timer);
    timer_cancel(s->write_timer);
    s->timer = s->read_timer = s->write_timer = NULL;
}

static void give_mse_back(struct session *s)
{
    budget_give(s->budget, BUDGET_BYTES, s->mse_held);
    s->mse_held = 0;
}

/* What MSE may come to hold is the address's, as everything is.  Who has no room for it is too much
 * already. */
static bool take_mse(struct session *s, struct why *why)
{
    if (s->mse && budget_take(s->budget, BUDGET_BYTES, MSE_CHUNK, "encryption", why))
        return false;
    s->mse_held = s->mse ? MSE_CHUNK : 0;
    return true;
}

static void give_back(struct session *s)
{
    if (!s->budget)
        return;
    budget_give(s->budget, BUDGET_BYTES, s->in_held + s->out_held + s->mse_held);
    s->in_held = s->out_held = s->mse_held = 0;
    budgets_leave(s->env->budgets, &s->addr);
    s->budget = NULL;
}

/* Frees everything but the struct and what `ended` may look at. */
static void shut(struct session *s)
{
    stop_timers(s);
    conn_close(s->conn);
    s->conn = NULL;
    out_done(s);
    buf_done(&s->in);
    give_back(s);
}

static void on_ended(void *arg)
{
    struct session *s = arg;
    s->timer = NULL;
    ask_lose_all(s, false);
    s->ops->ended(s->arg, &s->why);
}

static void end(struct session *s, const struct why *why)
{
    if (s->stage == STAGE_ENDED)
        return;
    char text[ADDR_TEXT];
    log_debug(s->env->log, "peer %s: %s", addr_format(&s->addr, text), why->text);
    s->reached |=
        s->incoming || s->stage != STAGE_DIALING || (s->mse && s->conn && mse_began(s->conn));
    s->mse_failed = s->mse && s->stage == STAGE_DIALING && s->conn && mse_began(s->conn);
    s->refused = s->stage == STAGE_HANDSHAKE;
    s->why = *why;
    s->stage = STAGE_ENDED;
    shut(s);
    s->timer = timer_start(s->env->loop, 0, on_ended, s);
}

void session_end(struct session *s, enum err code, const char *fmt, ...)
{
    struct why why = {.code = code};
    va_list args;
    va_start(args, fmt);
    vsnprintf(why.text, sizeof why.text, fmt, args);
    va_end(args);
    end(s, &why);
}

void session_free(struct session *s)
{
    if (!s)
        return;
    shut(s);
    ask_done(s);
    peer_state_done(&s->st);
    free(s);
}

void session_enter(struct session *s)
{
    s->depth++;
}

void session_leave(struct session *s)
{
    if (--s->depth > 0 || s->stage == STAGE_ENDED)
        return;
    if (s->want_fill) {
        s->want_fill = false;
        s->depth++; /* what it asks goes out with the rest */
        s->ops->fill(s->arg);
        s->depth--;
    }
    if (s->stage != STAGE_ENDED && s->dirty)
        out_flush(s);
}

static void on_say(void *arg)
{
    struct session *s = arg;
    s->write_timer = NULL;
    session_enter(s);
    s->dirty = true;
    session_leave(s);
}

void session_say(struct session *s)
{
    s->dirty = true;
    if (s->depth == 0 && !s->write_timer && s->stage != STAGE_ENDED)
        s->write_timer = timer_start(s->env->loop, 0, on_say, s);
}

/* Messages */

static void on_donthave(struct session *s, struct cur payload)
{
    struct why why;
    uint32_t piece;
    bool news;
    if (wire_read_donthave(payload, &piece, &why) || peer_state_lacks(&s->st, piece, &news, &why))
        end(s, &why);
    else if (news)
        s->ops->lacks(s->arg, piece);
}

static void on_punch(struct session *s, struct cur payload)
{
    struct why why;
    struct hole_msg m;
    if (!s->env->punch)
        return;
    if (hole_read(payload, &m, &why))
        end(s, &why);
    else
        s->ops->punch(s->arg, &m);
}

static void on_extended(struct session *s, const struct wire_msg *m)
{
    struct why why;
    if (m->ext_id == 0) {
        if (wire_read_ext(m->body, &s->ext, &why))
            end(s, &why);
        else
            s->ops->extended(s->arg);
        return;
    }
    if (m->ext_id == SESSION_UT_PEX)
        s->ops->pex(s->arg, m->body);
    if (m->ext_id == SESSION_LT_DONTHAVE)
        on_donthave(s, m->body);
    if (m->ext_id == SESSION_UT_HOLEPUNCH)
        on_punch(s, m->body);
    if (m->ext_id != SESSION_UT_METADATA)
        return; /* an extension that we did not offer: passed over */
    struct wire_metadata md;
    if (wire_read_metadata(m->body, &md, &why))
        end(s, &why);
    else
        s->ops->metadata(s->arg, &md);
}

/* Without v2 between us these are what any unknown message is.  A torrent whose files are not known
 * yet has no trees: that v2's hash was named does not mean that there is something to look at. */
static void on_hashes(struct session *s, const struct wire_msg *m)
{
    struct why why;
    struct wire_hash_range r;
    if (!s->v2)
        return;
    if (wire_read_hashes(m, &r, &why))
        end(s, &why);
    else if (s->st.mi && s->st.mi->v2)
        s->ops->hashes(s->arg, m->type, &r);
    else if (m->type == WIRE_HASH_REQUEST)
        session_hashes(s, WIRE_HASH_REJECT, &r);
}

static void on_allowed_fast(struct session *s, uint32_t piece)
{
    if (s->fast_n == SESSION_FAST_MAX)
        return;
    s->fast[s->fast_n++] = piece;
    s->want_fill = true;
}

/* In place of many HAVEs; NULL: of all. */
static void on_late_bits(struct session *s, const uint8_t *bits)
{
    for (uint32_t i = 0; i < s->st.mi->piece_count && s->stage == STAGE_OPEN; i++) {
        struct wire_msg have = {.type = WIRE_HAVE, .piece = i};
        bool news = false;
        if ((!bits || bits_get(bits, i)) && !peer_state_has(&s->st, i) &&
            peer_state_recv(&s->st, &have, &news, NULL) == OK && news)
            s->ops->has(s->arg, i);
    }
}

static void act(struct session *s, const struct wire_msg *m, bool news)
{
    switch (m->type) {
    case WIRE_CHOKE:
        if (news)
            ask_choked(s);
        return;
    case WIRE_UNCHOKE:
        s->want_fill = true;
        if (news)
            s->useful_us = loop_now_us(s->env->loop);
        return;
    case WIRE_INTERESTED:
    case WIRE_NOT_INTERESTED:
        if (news)
            s->ops->interest(s->arg);
        return;
    case WIRE_HAVE:
        if (news)
            s->ops->has(s->arg, m->piece);
        return;
    case WIRE_BITFIELD:
        if (s->st.mi && news)
            s->ops->pieces(s->arg);
        else if (s->st.mi)
            on_late_bits(s, m->body.p);
        return;
    case WIRE_HAVE_ALL:
    case WIRE_HAVE_NONE:
        if (s->st.mi && news)
            s->ops->pieces(s->arg);
        else if (s->st.mi)
            on_late_bits(s, NULL);
        return;
    case WIRE_REQUEST:
        out_request(s, m);
        return;
    case WIRE_PIECE:
        ask_block(s, m);
        return;
    case WIRE_CANCEL:
        out_cancel(s, m);
        return;
    case WIRE_REJECT:
        ask_reject(s, m);
        return;
    case WIRE_ALLOWED_FAST:
        on_allowed_fast(s, m->piece);
        return;
    case WIRE_EXTENDED:
        on_extended(s, m);
        return;
    case WIRE_SUGGEST:
        ask_hint(s, m->piece);
        return;
    case WIRE_HASH_REQUEST:
    case WIRE_HASHES:
    case WIRE_HASH_REJECT:
        on_hashes(s, m);
        return;
    case WIRE_PORT:
        if (s->ops->port)
            s->ops->port(s->arg, m->port);
        return;
    case WIRE_KEEPALIVE:
    case WIRE_UNKNOWN:
        return;
    }
}

static void on_frame(struct session *s, struct cur frame)
{
    struct why why;
    struct wire_msg m;
    bool news = false;
    s->heard_us = loop_now_us(s->env->loop);
    if (wire_read(frame, &m, &why) || peer_state_recv(&s->st, &m, &news, &why))
        end(s, &why);
    else
        act(s, &m, news);
}

/* Handshake */

static void on_deadline(void *arg)
{
    struct session *s = arg;
    s->timer = NULL;
    session_end(s, ERR_TIMEOUT, "no handshake in %u s", (unsigned)(SESSION_HANDSHAKE_US / SEC));
}

static void write_handshake(const struct session *s, struct buf *out)
{
    unsigned speaks = s->hash && s->hash->has_v2 ? WIRE_SPEAKS_V2 : 0;
    speaks |= s->env->dht_port > 0 ? WIRE_SPEAKS_DHT : 0;
    wire_put_handshake_with(out, s->infohash, s->env->peer_id, speaks);
}

static void put_handshake(struct session *s)
{
    write_handshake(s, &s->ctl);
    session_say(s);
}

/* Both of a hybrid's names are the torrent's.  BEP 52: to a peer that speaks v2 and called it by
 * v1's "the remote peer may then respond with the new infohash to upgrade the connect". */
static bool agree_on_name(struct session *s, const struct wire_handshake *h)
{
    const struct infohash *all = s->hash;
    bool known = memcmp(h->infohash, s->infohash, INFOHASH_LEN) == 0 ||
                 (all && infohash_is_wire(all, h->infohash));
    if (!known)
        return false;
    s->sets_v2_bit = wire_has_v2(h);
    if (!all || !all->has_v2)
        return true;
    s->by_v2 = memcmp(h->infohash, all->v2, INFOHASH_LEN) == 0;
    /* Who is dialled and does not answer by v2's name has not upgraded, whatever its bit says:
     * libtorrent does not where the stream is encrypted, and hangs up on messages of v2. */
    s->v2 = s->by_v2 || (s->incoming && s->sets_v2_bit);
    if (s->incoming)
        memcpy(s->infohash, s->v2 ? all->v2 : h->infohash, INFOHASH_LEN);
    return true;
}

static void on_handshake(struct session *s, struct cur bytes)
{
    struct why why;
    struct wire_handshake h;
    if (wire_read_handshake(&bytes, &h, &why)) {
        end(s, &why);
        return;
    }
    memcpy(s->peer_id, h.peer_id, sizeof s->peer_id);
    if (memcmp(h.peer_id, s->env->peer_id, sizeof h.peer_id) == 0) {
        session_end(s, ERR_STATE, "that is myself");
        return;
    }
    const uint8_t *skey = s->incoming && s->mse ? mse_skey(s->conn) : NULL;
    if (skey && memcmp(skey, h.infohash, SHA1_LEN) != 0) {
        session_end(s, ERR_INVALID, "encrypted for another torrent than it asks for");
        return;
    }
    if (s->incoming && !s->ops->hello(s->arg, h.infohash)) {
        session_end(s, ERR_NOT_FOUND, "asks for a torrent that is not here");
        return;
    }
    if (!agree_on_name(s, &h)) {
        session_end(s, ERR_INVALID, "answered for another torrent");
        return;
    }
    if (s->incoming)
        put_handshake(s);
    s->st.fast = wire_has_fast(&h);
    s->speaks_ext = wire_has_ext(&h);
    s->has_dht = wire_has_dht(&h);
    s->stage = STAGE_OPEN;
    s->heard_us = s->spoke_us = s->began_us = s->useful_us = loop_now_us(s->env->loop);
    timer_cancel(s->timer);
    s->timer = NULL;
    s->ops->ready(s->arg);
}

void session_join(struct session *s, const struct session_cfg *cfg)
{
    memcpy(s->infohash, cfg->infohash, INFOHASH_LEN);
    s->hash = cfg->hash;
    s->ops = cfg->ops;
    s->arg = cfg->arg;
    s->up_limit = cfg->up;
    s->down_limit = cfg->down;
    peer_state_init(&s->st, cfg->mi);
}

void session_begin(struct session *s, const uint8_t *have, uint32_t count, int64_t metadata_size,
                   bool give_fast)
{
    if (s->stage != STAGE_OPEN)
        return;
    uint32_t all = s->st.mi ? s->st.mi->piece_count : 0;
    if (s->st.fast && (count == 0 || count == all))
        wire_put_simple(&s->ctl, count == 0 ? WIRE_HAVE_NONE : WIRE_HAVE_ALL);
    else if (count > 0)
        wire_put_bitfield(&s->ctl, have, ((size_t)all + 7) / 8);
    session_extend(s, metadata_size);
    if (s->has_dht && s->env->dht_port > 0 && !(s->st.mi && s->st.mi->private_))
        wire_put_port(&s->ctl, s->env->dht_port);
    if (give_fast && s->st.fast && count == all && count > 0)
        out_fast_set(s);
    session_say(s);
}

void session_extend(struct session *s, int64_t metadata_size)
{
    if (s->stage != STAGE_OPEN || !s->speaks_ext)
        return;
    /* Without metadata nobody knows whether it is private: offered once that is known. */
    bool pex = s->env->pex && s->st.mi && !s->st.mi->private_;
    struct wire_ext_own own = {.ut_metadata = SESSION_UT_METADATA,
                               .ut_pex = pex ? SESSION_UT_PEX : 0,
                               .lt_donthave = SESSION_LT_DONTHAVE,
                               .ut_holepunch = s->env->punch ? SESSION_UT_HOLEPUNCH : 0,
                               .metadata_size = metadata_size,
                               .port = s->env->port,
                               .upload_only = s->upload_only,
                               .client = s->env->client};
    wire_put_ext_handshake(&s->ctl, &own);
    s->metadata_size = metadata_size;
    s->extended = true;
    session_say(s);
}

void session_upload_only(struct session *s, bool yes)
{
    if (s->upload_only == yes)
        return;
    s->upload_only = yes;
    if (s->extended) /* BEP 10: it may be sent again, and replaces what it says */
        session_extend(s, s->metadata_size);
}

void session_set_torrent(struct session *s, const struct metainfo *mi)
{
    struct why why;
    if (s->stage == STAGE_ENDED)
        return;
    if (peer_state_set_torrent(&s->st, mi, &why))
        end(s, &why);
}

/* Bytes in */

/* The first frame of c, whole, as a cursor; n 0: not whole yet, or the session has ended. */
static struct cur whole_frame(struct session *s, struct cur *c)
{
    size_t len = WIRE_HANDSHAKE_LEN;
    struct why why;
    if (s->stage == STAGE_OPEN && wire_frame(*c, &len, &why)) {
        end(s, &why);
        return cur_of(NULL, 0);
    }
    return len > 0 && len <= c->n ? cur_take(c, len) : cur_of(NULL, 0);
}

static void on_whole(struct session *s, struct cur frame)
{
    if (s->stage == STAGE_HANDSHAKE)
        on_handshake(s, frame);
    else
        on_frame(s, frame);
}

static void keep_part(struct session *s, struct cur rest)
{
    struct why why;
    if (rest.n == 0)
        return;
    if (budget_take(s->budget, BUDGET_BYTES, rest.n, "part of a message", &why)) {
        end(s, &why);
        return;
    }
    s->in_held += rest.n;
    buf_put(&s->in, rest.p, rest.n);
}

/* Completes the partial frame in s->in with bytes of c. */
static void finish_part(struct session *s, struct cur *c)
{
    while (s->stage != STAGE_ENDED && buf_len(&s->in) > 0 && c->n > 0) {
        struct cur have = buf_cur(&s->in);
        size_t len = WIRE_HANDSHAKE_LEN;
        struct why why;
        if (s->stage == STAGE_OPEN && wire_frame(have, &len, &why)) {
            end(s, &why);
            return;
        }
        size_t missing = len > 0 ? len - have.n : 4 - have.n; /* 0: the prefix is not whole */
        keep_part(s, cur_take(c, missing < c->n ? missing : c->n));
        if (s->stage == STAGE_ENDED || len == 0 || buf_len(&s->in) < len)
            continue;
        struct buf frame = s->in; /* out of the session: the message may end it */
        buf_init(&s->in);
        budget_give(s->budget, BUDGET_BYTES, s->in_held);
        s->in_held = 0;
        on_whole(s, buf_cur(&frame));
        buf_done(&frame);
    }
}

static void feed(struct session *s, struct cur c)
{
    if (s->stage == STAGE_HANDSHAKE && buf_len(&s->in) == 0 && !wire_may_be_handshake(c)) {
        session_end(s, ERR_INVALID, "does not speak BitTorrent");
        return;
    }
    finish_part(s, &c);
    while (s->stage != STAGE_ENDED && c.n > 0) {
        struct cur frame = whole_frame(s, &c);
        if (frame.n == 0)
            break;
        on_whole(s, frame);
    }
    if (s->stage != STAGE_ENDED)
        keep_part(s, c);
}

static void pause_reading(struct session *s, uint64_t wait_us)
{
    s->reading_paused = true;
    if (wait_us > 0 && !s->read_timer)
        s->read_timer = timer_start(s->env->loop, wait_us, on_read_again, s);
}

/* How much may be read now; 0: reading is paused. */
static size_t may_read(struct session *s)
{
    if (s->stage == STAGE_HANDSHAKE)
        return SESSION_READ; /* what comes with the handshake in one segment is welcome */
    if (s->ops->busy(s->arg) || buf_len(&s->ctl) > SESSION_CTL_HIGH) {
        pause_reading(s, 0); /* session_resume(), or out_flush() */
        return 0;
    }
    uint64_t now = loop_now_us(s->env->loop);
    size_t n = limit_may(s->down_limit, s->env->policy, POLICY_DOWN, SESSION_READ, now);
    if (n == 0)
        pause_reading(s,
                      limit_wait_us(s->down_limit, s->env->policy, POLICY_DOWN, SESSION_READ, now));
    return n;
}

static void read_turn(struct session *s)
{
    s->reading_paused = false;
    for (size_t turn = 0; s->stage != STAGE_ENDED;) {
        if (turn >= SESSION_TURN) {
            pause_reading(s, 1); /* the other sessions' turn */
            return;
        }
        size_t may = may_read(s);
        if (may == 0)
            return;
        ssize_t n = conn_recv(s->conn, s->env->scratch, may);
        if (n == CONN_AGAIN || n == CONN_FAILED) /* CONN_CLOSED follows, with the reason */
            return;
        if (n == CONN_END) {
            session_end(s, ERR_CLOSED, "closed by the peer");
            return;
        }
        turn += (size_t)n;
        if (s->down_limit)
            limit_spend(s->down_limit, s->env->policy, POLICY_DOWN, (size_t)n,
                        loop_now_us(s->env->loop));
        feed(s, cur_of(s->env->scratch, (size_t)n));
    }
}

static void on_read_again(void *arg)
{
    struct session *s = arg;
    s->read_timer = NULL;
    session_enter(s);
    read_turn(s);
    session_leave(s);
}

void session_resume(struct session *s)
{
    if (s->stage != STAGE_OPEN)
        return;
    if (s->reading_paused && !s->read_timer)
        pause_reading(s, 1);
    session_say(s);
}

/* Life */

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct session *s = arg;
    session_enter(s);
    switch (ev) {
    case CONN_OPEN:
        s->stage = STAGE_HANDSHAKE;
        s->method = s->mse ? mse_method(s->conn) : 0;
        if (s->method != MSE_RC4)
            give_mse_back(s);
        if (!s->incoming && !s->greeted) /* else it speaks first, or it has our word */
            put_handshake(s);
        break;
    case CONN_READABLE:
        if (!s->read_timer) /* else it comes back by itself */
            read_turn(s);
        break;
    case CONN_WRITABLE:
        s->write_blocked = false;
        s->dirty = true;
        break;
    case CONN_CLOSED:
        end(s, why);
        break;
    }
    session_leave(s);
}

static struct session *make(const struct session_env *env, const struct addr *peer, struct why *why)
{
    struct budget *budget = budgets_enter(env->budgets, peer, why);
    if (!budget)
        return NULL;
    struct session *s = MEM_NEW(struct session);
    s->env = env;
    s->addr = *peer;
    s->budget = budget;
    s->timer = timer_start(env->loop, SESSION_HANDSHAKE_US, on_deadline, s);
    peer_state_init(&s->st, NULL);
    pipeline_init(&s->pipe);
    out_init(s);
    return s;
}

/* Our handshake travels as MSE's initial payload: encryption costs one round trip, not two. */
static void dial_mse(struct session *s, struct conn *below)
{
    struct buf hello = {0};
    write_handshake(s, &hello);
    s->conn =
        mse_dial(&s->env->mse, below, s->infohash, buf_bytes(&hello), buf_len(&hello), on_conn, s);
    s->greeted = true;
    buf_done(&hello);
}

struct session *session_dial(const struct session_env *env, const struct session_cfg *cfg,
                             const struct addr *to, const struct addr *from, struct why *why)
{
    struct session *s = make(env, to, why);
    if (!s)
        return NULL;
    session_join(s, cfg);
    s->mse = cfg->encrypt;
    if (!take_mse(s, why)) {
        session_free(s);
        return NULL;
    }
    s->utp = cfg->utp != NULL;
    s->conn = s->utp ? utp_dial(cfg->utp, to, cfg->within_us, on_conn, s)
                     : tcp_dial(env->loop, to, from, on_conn, s);
    if (s->mse)
        dial_mse(s, s->conn);
    return s;
}

struct session *session_accept(const struct session_env *env, struct conn *c,
                               const struct session_ops *ops, void *arg, struct why *why)
{
    struct session *s = make(env, &c->peer, why);
    if (!s) {
        conn_close(c);
        return NULL;
    }
    s->incoming = true;
    s->utp = utp_is(c);
    s->stage = STAGE_HANDSHAKE;
    s->ops = ops;
    s->arg = arg;
    s->mse = env->mse.rc4 != NULL;
    if (!take_mse(s, why)) {
        conn_close(c);
        session_free(s);
        return NULL;
    }
    s->conn = s->mse ? mse_accept(&env->mse, c, on_conn, s) : c;
    if (!s->mse)
        conn_watch(c, on_conn, s);
    return s;
}

void session_tick(struct session *s)
{
    if (s->stage != STAGE_OPEN)
        return;
    uint64_t now = loop_now_us(s->env->loop);
    session_enter(s);
    rate_tick(&s->up, now);
    rate_tick(&s->down, now);
    ask_tick(s, now);
    out_pump(s); /* in case the disk's queue or the budget was full */
    if (s->reading_paused)
        s->heard_us = now; /* it is we who do not listen */
    if (now - s->heard_us > SESSION_SILENT_US)
        session_end(s, ERR_TIMEOUT, "silent for %u s", (unsigned)(SESSION_SILENT_US / SEC));
    else if (s->write_blocked && now - s->stuck_us > SESSION_STUCK_US)
        session_end(s, ERR_TIMEOUT, "took nothing for %u s", (unsigned)(SESSION_STUCK_US / SEC));
    else if (buf_len(&s->ctl) > SESSION_CTL_MAX)
        session_end(s, ERR_LIMIT, "does not read our answers");
    else if (now - s->spoke_us > SESSION_KEEPALIVE_US) {
        wire_put_simple(&s->ctl, WIRE_KEEPALIVE);
        session_say(s);
    }
    session_leave(s);
}

const struct peer_state *session_state(const struct session *s)
{
    return &s->st;
}

const struct wire_ext *session_ext(const struct session *s)
{
    return &s->ext;
}

const uint8_t *session_peer_id(const struct session *s)
{
    return s->peer_id;
}

struct addr session_addr(const struct session *s)
{
    return s->addr;
}

bool session_is_open(const struct session *s)
{
    return s->stage == STAGE_OPEN;
}

bool session_is_v2(const struct session *s)
{
    return s->v2;
}

bool session_could_be_v2(const struct session *s)
{
    return !s->v2 && s->sets_v2_bit;
}

bool session_refused(const struct session *s)
{
    return s->refused;
}

bool session_by_v2(const struct session *s)
{
    return s->by_v2;
}

bool session_is_incoming(const struct session *s)
{
    return s->incoming;
}

const char *session_encrypted(const struct session *s)
{
    return s->method == MSE_RC4 ? "rc4" : s->method == MSE_PLAIN ? "plain" : "no";
}

bool session_unreached(const struct session *s)
{
    return s->stage == STAGE_ENDED && !s->reached;
}

enum carrier session_carrier(const struct session *s)
{
    return s->utp ? CARRIER_UTP : CARRIER_TCP;
}

bool session_mse_failed(const struct session *s)
{
    return s->mse_failed;
}

bool session_is_snubbing(const struct session *s)
{
    return s->st.am_interested && !s->st.peer_choking &&
           loop_now_us(s->env->loop) - s->useful_us > CHOKE_SNUB_US;
}

const struct rate *session_up(const struct session *s)
{
    return &s->up;
}

const struct rate *session_down(const struct session *s)
{
    return &s->down;
}
