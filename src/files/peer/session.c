#include "files/peer/session.h"

#include "base/mem.h"
#include "files/meta/bits.h"
#include "files/peer/choke.h"
#include "files/peer/session_in.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

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

void session_fail(struct session *s, const struct why *why)
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
    session_fail(s, &why);
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

static void on_deadline(void *arg)
{
    struct session *s = arg;
    s->timer = NULL;
    session_end(s, ERR_TIMEOUT, "no handshake in %u s", (unsigned)(SESSION_HANDSHAKE_US / SEC));
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

void session_set_torrent(struct session *s, const struct metainfo *mi)
{
    struct why why;
    if (s->stage == STAGE_ENDED)
        return;
    if (peer_state_set_torrent(&s->st, mi, &why))
        session_fail(s, &why);
    ask_hints_sift(s);
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
            hello_say(s);
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
        session_fail(s, why);
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
    hello_write(s, &hello);
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
