/* A connection: made, watched over, ended. */
#include "base/mem.h"
#include "host/quic/quic_in.h"

#include <string.h>

static const struct mux_ops quic_ops;

static struct quic_conn *quic_of(struct mux *m)
{
    return (struct quic_conn *)m;
}

/* --- what ngtcp2 tells: noted here, told to others by quic_serve() -----------------------------
 */

static int on_handshake(ngtcp2_conn *nc, void *user)
{
    struct quic_conn *c = user;
    (void)nc;
    c->done = true;
    return 0;
}

static int on_stream_open(ngtcp2_conn *nc, int64_t id, void *user)
{
    struct quic_conn *c = user;
    struct quic_stream *s = quic_stream_new(c, id, false);
    quic_stream_ready(s);
    return ngtcp2_conn_set_stream_user_data(nc, id, s) == 0 ? 0 : NGTCP2_ERR_CALLBACK_FAILURE;
}

static int on_stream_data(ngtcp2_conn *nc, uint32_t flags, int64_t id, uint64_t offset,
                          const uint8_t *data, size_t n, void *user, void *stream)
{
    struct quic_stream *s = stream;
    (void)id, (void)offset, (void)user;
    if (!s || s->orphan) {
        ngtcp2_conn_extend_max_offset(nc, n);
        return 0;
    }
    if (tab_take(&s->stream.tab, n, "what its streams have not read", NULL) != OK) {
        s->reset = s->refused = true;
        ngtcp2_conn_extend_max_offset(nc, n);
        quic_stream_ready(s);
        return 0;
    }
    yamux_inbox_put(&s->inbox, cur_of(data, n));
    s->fin_in |= (flags & NGTCP2_STREAM_DATA_FLAG_FIN) != 0;
    quic_stream_ready(s);
    return 0;
}

/* A stream that is opened to be reset costs us work. */
static int on_stream_reset(ngtcp2_conn *nc, int64_t id, uint64_t size, uint64_t code, void *user,
                           void *stream)
{
    struct quic_conn *c = user;
    struct quic_stream *s = stream;
    (void)nc, (void)id, (void)size, (void)code;
    if ((!s || !s->ours) && !yamux_churn(&c->churn, loop_now_us(c->mux.loop))) {
        why_set(&c->refusal, ERR_LIMIT, "more than %d streams a second opened to be reset",
                YAMUX_CHURN_RATE);
        return NGTCP2_ERR_CALLBACK_FAILURE;
    }
    if (s) {
        s->reset = true;
        quic_stream_ready(s);
    }
    return 0;
}

static int on_stream_close(ngtcp2_conn *nc, uint32_t flags, int64_t id, uint64_t code, void *user,
                           void *stream)
{
    (void)nc, (void)flags, (void)id, (void)code, (void)user;
    if (stream)
        quic_stream_forgotten(stream);
    return 0;
}

static int on_acked(ngtcp2_conn *nc, int64_t id, uint64_t offset, uint64_t n, void *user,
                    void *stream)
{
    (void)nc, (void)id, (void)user;
    if (stream)
        quic_stream_acked(stream, offset + n);
    return 0;
}

static int on_stream_credit(ngtcp2_conn *nc, int64_t id, uint64_t most, void *user, void *stream)
{
    struct quic_stream *s = stream;
    (void)nc, (void)id, (void)most, (void)user;
    if (!s || s->orphan)
        return 0;
    if (s->unsent > 0 && list_empty(&s->turn))
        list_push(&s->c->writers, &s->turn);
    quic_stream_ready(s);
    return 0;
}

static int on_datagram(ngtcp2_conn *nc, uint32_t flags, const uint8_t *data, size_t n, void *user)
{
    (void)nc, (void)flags;
    quic_datagram_came(user, cur_of(data, n));
    return 0;
}

static void on_random(uint8_t *out, size_t n, const ngtcp2_rand_ctx *ctx)
{
    loop_random(ctx->native_handle, out, n);
}

static int on_challenge(ngtcp2_conn *nc, uint8_t *data, void *user)
{
    (void)nc;
    loop_random(((struct quic_conn *)user)->mux.loop, data, NGTCP2_PATH_CHALLENGE_DATALEN);
    return 0;
}

static int on_new_cid(ngtcp2_conn *nc, ngtcp2_cid *cid, uint8_t *token, size_t n, void *user)
{
    struct quic_conn *c = user;
    (void)nc;
    loop_random(c->mux.loop, cid->data, n);
    cid->datalen = n;
    if (ngtcp2_crypto_generate_stateless_reset_token(token, c->self->secret, QUIC_SECRET_LEN,
                                                     cid) != 0)
        return NGTCP2_ERR_CALLBACK_FAILURE;
    if (c->q)
        quic_route(c, cid);
    return 0;
}

static int on_old_cid(ngtcp2_conn *nc, const ngtcp2_cid *cid, void *user)
{
    (void)nc;
    quic_unroute(user, cid);
    return 0;
}

static const ngtcp2_callbacks callbacks = {
    .client_initial = ngtcp2_crypto_client_initial_cb,
    .recv_client_initial = ngtcp2_crypto_recv_client_initial_cb,
    .recv_crypto_data = ngtcp2_crypto_recv_crypto_data_cb,
    .handshake_completed = on_handshake,
    .encrypt = ngtcp2_crypto_encrypt_cb,
    .decrypt = ngtcp2_crypto_decrypt_cb,
    .hp_mask = ngtcp2_crypto_hp_mask_cb,
    .recv_stream_data = on_stream_data,
    .acked_stream_data_offset = on_acked,
    .stream_open = on_stream_open,
    .stream_close = on_stream_close,
    .recv_retry = ngtcp2_crypto_recv_retry_cb,
    .rand = on_random,
    .get_new_connection_id = on_new_cid,
    .remove_connection_id = on_old_cid,
    .update_key = ngtcp2_crypto_update_key_cb,
    .stream_reset = on_stream_reset,
    .extend_max_stream_data = on_stream_credit,
    .recv_datagram = on_datagram,
    .delete_crypto_aead_ctx = ngtcp2_crypto_delete_crypto_aead_ctx_cb,
    .delete_crypto_cipher_ctx = ngtcp2_crypto_delete_crypto_cipher_ctx_cb,
    .get_path_challenge_data = on_challenge,
    .version_negotiation = ngtcp2_crypto_version_negotiation_cb,
};

/* --- the end ---------------------------------------------------------------------------------- */

void quic_fail(struct quic_conn *c, const struct why *why)
{
    if (c->over)
        return;
    c->over = true;
    c->why = *why;
    quic_wake(c);
}

/* Why it was, in words. */
static void words(struct quic_conn *c, int rv, struct why *why)
{
    ngtcp2_connection_close_error said;
    switch (rv) {
    case NGTCP2_ERR_DRAINING:
        ngtcp2_conn_get_connection_close_error(c->nc, &said);
        if (said.error_code >= NGTCP2_CRYPTO_ERROR && said.error_code <= NGTCP2_CRYPTO_ERROR + 255)
            why_set(why, ERR_CLOSED, "quic: the other side refuses us: TLS alert %u",
                    (unsigned)(said.error_code - NGTCP2_CRYPTO_ERROR));
        else if (said.error_code == NGTCP2_CONNECTION_REFUSED)
            why_set(why, ERR_CLOSED, "quic: refused");
        else
            why_set(why, ERR_CLOSED, "quic: the other side hung up, code %llu",
                    (unsigned long long)said.error_code);
        break;
    case NGTCP2_ERR_IDLE_CLOSE:
        why_set(why, ERR_TIMEOUT, "quic: not a word for %u s", (unsigned)(QUIC_IDLE_US / SEC));
        break;
    case NGTCP2_ERR_HANDSHAKE_TIMEOUT:
        why_set(why, ERR_TIMEOUT, "quic: no answer");
        break;
    case NGTCP2_ERR_CRYPTO:
        why_set(why, ERR_DENIED, "quic: the handshake failed, TLS alert %u",
                (unsigned)ngtcp2_conn_get_tls_alert(c->nc));
        break;
    default:
        why_set(why, ERR_INVALID, "quic: %s", ngtcp2_strerror(rv));
    }
}

static void broken(struct quic_conn *c, int rv)
{
    struct why why;
    words(c, rv, &why);
    if (c->refusal.code != OK)
        why = c->refusal;
    if (rv != NGTCP2_ERR_DRAINING && rv != NGTCP2_ERR_IDLE_CLOSE && rv != NGTCP2_ERR_DROP_CONN)
        quic_goodbye(c, rv);
    quic_fail(c, &why);
}

/* No packet finds it any more. */
static void unroute(struct quic_conn *c)
{
    ngtcp2_cid cids[32];
    if (!c->q)
        return;
    size_t n = ngtcp2_conn_get_num_scid(c->nc);
    if (n <= sizeof cids / sizeof cids[0]) {
        n = ngtcp2_conn_get_scid(c->nc, cids);
        for (size_t i = 0; i < n; i++)
            quic_unroute(c, &cids[i]);
    }
    quic_unroute(c, &c->first_dcid);
    list_drop(&c->link);
    list_drop(&c->touched);
    c->q = NULL;
}

static void release(struct quic_conn *c)
{
    if (c->nc)
        ngtcp2_conn_del(c->nc);
    if (c->tls)
        gnutls_deinit(c->tls);
    buf_done(&c->stuck);
    purse_drop(c->mux.purse);
    buf_done(&c->datagrams);
    free(c);
}

/* Nobody has it any more. */
static void let_go(struct quic_conn *c, const struct why *why)
{
    struct quic_stream *s;
    c->over = c->closed = true;
    while ((s = LIST_FIRST(&c->streams, struct quic_stream, all)))
        quic_stream_end(s, why, false);
    unroute(c);
    timer_cancel(c->timer);
    timer_cancel(c->kick);
    timer_cancel(c->tend);
    c->timer = c->kick = c->tend = NULL;
    if (!c->busy)
        release(c);
}

static void close_mux(struct mux *m)
{
    struct quic_conn *c = quic_of(m);
    struct why why;
    why_set(&why, ERR_CLOSED, "the connection was closed");
    if (!c->over) { /* the last words, as far as they go at once */
        quic_flush(c);
        if (!c->over)
            quic_goodbye(c, 0);
    }
    let_go(c, c->over && c->why.code != OK ? &c->why : &why);
}

void quic_dial_cancel(struct quic_conn *c)
{
    if (c)
        close_mux(&c->mux);
}

void quic_conn_orphan(struct quic_conn *c)
{
    struct why why;
    why_set(&why, ERR_CLOSED, "quic: the socket was closed");
    if (!c->over)
        quic_goodbye(c, 0);
    quic_fail(c, &why);
    unroute(c);
    if (!c->made && !c->cb)
        let_go(c, &why);
}

/* --- events ----------------------------------------------------------------------------------- */

static void hand_over(struct quic_conn *c)
{
    quic_made_cb *cb = c->cb;
    c->made = true;
    c->cb = NULL;
    if (cb)
        cb(c->arg, &c->mux, &c->peer, NULL);
    else
        c->q->events->came(c->q->arg, &c->mux, &c->peer);
}

static void tell_over(struct quic_conn *c)
{
    struct quic_stream *s;
    quic_made_cb *cb = c->cb;
    void *arg = c->arg;
    struct why why = c->why;
    while (!c->closed && (s = LIST_FIRST(&c->streams, struct quic_stream, all)))
        quic_stream_end(s, &why, true);
    if (c->closed || c->told)
        return;
    c->told = true;
    if (c->made) {
        if (c->mux.events.closed)
            c->mux.events.closed(c->mux.arg, &why);
        return;
    }
    let_go(c, &why);
    if (cb)
        cb(arg, NULL, NULL, &why);
}

static void on_timer(void *arg)
{
    struct quic_conn *c = arg;
    c->timer = NULL;
    int rv = c->over ? 0 : ngtcp2_conn_handle_expiry(c->nc, quic_now(c));
    if (rv != 0)
        broken(c, rv);
    quic_serve(c);
}

/* A timer that is too early costs less than one that is moved with each packet. */
static void rearm(struct quic_conn *c)
{
    uint64_t now = loop_now_us(c->mux.loop);
    ngtcp2_tstamp expiry = ngtcp2_conn_get_expiry(c->nc);
    uint64_t at = expiry == UINT64_MAX ? UINT64_MAX : (expiry + 999) / 1000;
    if (buf_len(&c->stuck) > 0 && at > now + MSEC)
        at = now + MSEC;
    if (at == UINT64_MAX || (c->timer && c->timer_at_us <= at))
        return;
    timer_cancel(c->timer);
    c->timer_at_us = at > now ? at : now + 1;
    c->timer = timer_start(c->mux.loop, c->timer_at_us - now, on_timer, c);
}

void quic_serve(struct quic_conn *c)
{
    struct quic_stream *s;
    c->busy = true;
    if (c->done && !c->made && !c->over)
        hand_over(c);
    while (c->made && !c->closed && (s = LIST_FIRST(&c->ready, struct quic_stream, ready))) {
        list_drop(&s->ready);
        quic_stream_tell(s);
    }
    if (!c->over)
        quic_flush(c);
    if (!c->closed && c->over)
        tell_over(c);
    c->busy = false;
    if (c->closed) {
        release(c);
        return;
    }
    if (!c->over)
        rearm(c);
    if (!list_empty(&c->ready))
        quic_wake(c);
}

static void on_kick(void *arg)
{
    struct quic_conn *c = arg;
    c->kick = NULL;
    quic_serve(c);
}

void quic_wake(struct quic_conn *c)
{
    if (!c->kick && !c->closed)
        c->kick = timer_start(c->mux.loop, 0, on_kick, c);
}

void quic_conn_read(struct quic_conn *c, const uint8_t *bytes, size_t n)
{
    int rv = ngtcp2_conn_read_pkt(c->nc, &c->path, NULL, bytes, n, quic_now(c));
    if (rv != 0)
        broken(c, rv);
    c->heard |= rv == 0;
}

/* --- beginning -------------------------------------------------------------------------------- */

static void settle(struct quic_conn *c, ngtcp2_settings *settings, ngtcp2_transport_params *params)
{
    ngtcp2_settings_default(settings);
    settings->initial_ts = quic_now(c);
    settings->rand_ctx.native_handle = c->mux.loop;
    settings->handshake_timeout = CONN_HANDSHAKE_US * 1000;
    settings->max_window = QUIC_CONN_WINDOW_MAX;
    settings->max_stream_window = QUIC_WINDOW_MAX;
    ngtcp2_transport_params_default(params);
    params->initial_max_streams_bidi = QUIC_STREAMS_MAX;
    params->initial_max_streams_uni = 0;
    params->initial_max_stream_data_bidi_local = QUIC_WINDOW;
    params->initial_max_stream_data_bidi_remote = QUIC_WINDOW;
    params->initial_max_data = QUIC_CONN_WINDOW;
    params->max_idle_timeout = QUIC_IDLE_US * 1000;
    params->max_datagram_frame_size = QUIC_DATAGRAM_MAX + QUIC_FRAMES_DATAGRAM;
    params->disable_active_migration = 1;
}

static struct quic_conn *conn_new(struct quic *q, const struct addr *to, bool client)
{
    struct quic_conn *c = MEM_NEW(struct quic_conn);
    c->mux = (struct mux){.ops = &quic_ops, .loop = q->self->loop, .peer = *to, .local = q->at};
    c->self = q->self;
    c->q = q;
    c->client = client;
    c->path.local = (ngtcp2_addr){(struct sockaddr *)&c->here, addr_to_sockaddr(&q->at, &c->here)};
    c->path.remote = (ngtcp2_addr){(struct sockaddr *)&c->there, addr_to_sockaddr(to, &c->there)};
    list_init(&c->streams);
    list_init(&c->ready);
    list_init(&c->writers);
    list_init(&c->touched);
    list_push(&q->conns, &c->link);
    return c;
}

static void random_cid(struct quic_conn *c, ngtcp2_cid *cid)
{
    cid->datalen = QUIC_CID_LEN;
    loop_random(c->mux.loop, cid->data, cid->datalen);
}

/* Half of the way to being forgotten. */
static void started(struct quic_conn *c)
{
    ngtcp2_conn_set_tls_native_handle(c->nc, c->tls);
    ngtcp2_conn_set_keep_alive_timeout(c->nc, QUIC_IDLE_US * 1000 / 2);
}

static void give_up(struct quic_conn *c)
{
    list_drop(&c->link);
    release(c);
}

struct quic_conn *quic_conn_accept(struct quic *q, const struct addr *from, const ngtcp2_pkt_hd *hd,
                                   const ngtcp2_cid *odcid)
{
    ngtcp2_settings settings;
    ngtcp2_transport_params params;
    ngtcp2_cid scid;
    struct quic_conn *c = conn_new(q, from, false);
    settle(c, &settings, &params);
    random_cid(c, &scid);
    params.original_dcid = odcid ? *odcid : hd->dcid;
    if (odcid) {
        settings.token = hd->token;
        params.retry_scid = hd->dcid;
        params.retry_scid_present = 1;
    }
    params.stateless_reset_token_present = 1;
    if (ngtcp2_crypto_generate_stateless_reset_token(params.stateless_reset_token, q->self->secret,
                                                     QUIC_SECRET_LEN, &scid) != 0 ||
        !quic_tls_start(c) ||
        ngtcp2_conn_server_new(&c->nc, &hd->scid, &scid, &c->path, hd->version, &callbacks,
                               &settings, &params, NULL, c) != 0) {
        give_up(c);
        return NULL;
    }
    c->first_dcid = hd->dcid;
    started(c);
    quic_route(c, &scid);
    quic_route(c, &c->first_dcid);
    return c;
}

struct quic_conn *quic_dial(struct quic *q, const struct addr *to, const struct peer_id *expected,
                            quic_made_cb *cb, void *arg)
{
    ngtcp2_settings settings;
    ngtcp2_transport_params params;
    ngtcp2_cid scid, dcid;
    struct quic_conn *c = conn_new(q, to, true);
    if (expected)
        c->expected = *expected;
    c->cb = cb;
    c->arg = arg;
    settle(c, &settings, &params);
    random_cid(c, &scid);
    random_cid(c, &dcid);
    if (!quic_tls_start(c) ||
        ngtcp2_conn_client_new(&c->nc, &dcid, &scid, &c->path, NGTCP2_PROTO_VER_V1, &callbacks,
                               &settings, &params, NULL, c) != 0)
        abort(); /* nothing of it is another's: out of memory, or our mistake */
    started(c);
    quic_route(c, &scid);
    quic_wake(c);
    return c;
}

/* --- as a mux --------------------------------------------------------------------------------- */

static struct conn *open_stream(struct mux *m, struct why *why)
{
    struct quic_conn *c = quic_of(m);
    int64_t id;
    if (c->over || c->parting) {
        why_set(why, ERR_STATE, "quic: the connection is ending");
        return NULL;
    }
    if (ngtcp2_conn_open_bidi_stream(c->nc, &id, NULL) != 0) {
        why_set(why, ERR_LIMIT, "quic: the other side takes no more streams now");
        return NULL;
    }
    struct quic_stream *s = quic_stream_new(c, id, true);
    ngtcp2_conn_set_stream_user_data(c->nc, id, s);
    return &s->conn;
}

/* QUIC has no word for it. */
static void part(struct mux *m)
{
    quic_of(m)->parting = true;
}

static void on_tend(void *arg)
{
    struct quic_conn *c = arg;
    struct why why;
    c->quiet = c->heard ? 0 : c->quiet + 1;
    c->heard = false;
    c->tend = NULL;
    if (c->over)
        return;
    c->tend = timer_start(c->mux.loop, MUX_TEND_US, on_tend, c);
    if ((c->quiet == 1 || c->quiet == 2) && c->mux.silent) /* 2: tended since then */
        c->mux.silent(c->mux.arg);
    if (c->quiet < MUX_TEND_TICKS)
        return;
    why_set(&why, ERR_TIMEOUT, "quic: not a word for %u s",
            (unsigned)(MUX_TEND_TICKS * MUX_TEND_US / SEC));
    quic_fail(c, &why);
}

/* ngtcp2 asks for the sign of life: it sends a PING after half of that silence. */
static void tend(struct mux *m, bool on)
{
    struct quic_conn *c = quic_of(m);
    if (c->over || on == (c->tend != NULL))
        return;
    timer_cancel(c->tend);
    c->quiet = on ? 1 : 0; /* nobody knows how long it has been silent */
    c->heard = false;
    c->tend = on ? timer_start(m->loop, MUX_TEND_US, on_tend, c) : NULL;
    ngtcp2_conn_set_keep_alive_timeout(c->nc, (on ? MUX_TEND_US : QUIC_IDLE_US) * 1000 / 2);
    quic_wake(c);
}

static size_t count(const struct mux *m)
{
    return ((const struct quic_conn *)m)->count;
}

static uint64_t rtt_us(const struct mux *m)
{
    ngtcp2_conn_stat stat;
    ngtcp2_conn_get_conn_stat(((const struct quic_conn *)m)->nc, &stat);
    return stat.latest_rtt / 1000;
}

static const struct mux_ops quic_ops = {.name = "quic",
                                        .open = open_stream,
                                        .shut = part,
                                        .close = close_mux,
                                        .tend = tend,
                                        .count = count,
                                        .rtt_us = rtt_us};
