#include "files/peer/mse.h"

#include "base/buf.h"
#include "base/mem.h"
#include "crypto/wipe.h"
#include "files/peer/wire_msg.h"

#include <assert.h>
#include <string.h>

enum { READ = 2048, PLAIN_HELLO = 20 /* "\x13BitTorrent protocol", BEP 3 */ };

enum step {
    WAIT_OPEN,    /* A: the conn below */
    WAIT_FIRST,   /* B: is it encrypted at all? */
    WAIT_KEY,     /* Ya or Yb */
    WAIT_REQ1,    /* B: PadA ends with HASH('req1', S) */
    WAIT_SKEY,    /* B */
    WAIT_VC,      /* A: PadB ends with the encrypted VC */
    WAIT_HEAD,    /* crypto_provide or crypto_select */
    WAIT_PAD,     /* PadC or PadD */
    WAIT_IA,      /* B: how long it is */
    WAIT_IA_BODY, /* B */
    DONE,
};

struct mse_conn {
    struct conn conn;
    const struct mse_cfg *cfg;
    enum step step;
    bool dialled, began;
    uint32_t method;  /* once DONE; 0: nothing is encrypted */
    uint32_t offered; /* B: crypto_provide */
    uint8_t secret[DH768_SECRET], s[DH768_LEN], skey[SHA1_LEN], mark[SHA1_LEN];
    struct rc4 *rc4_in, *rc4_out;
    size_t pad;         /* WAIT_PAD, WAIT_IA_BODY: bytes of it to come */
    struct buf ia;      /* A: to be sent with the handshake */
    struct buf in, out; /* handshake: as on the wire; DONE: `in` decrypted, `out` to be sent */
    bool want_read, want_write, shut, below_shut, below_ended, below_failed;
    bool *gone;
    struct why *why;
    uint64_t deadline_us; /* of the handshake */
    struct timer *timer;  /* the handshake's deadline, or CONN_CLOSED in the next turn */
};

/* Failing */

/* False when the owner has closed us meanwhile, and c is no more. */
static bool raise_event(struct mse_conn *c, enum conn_event ev, const struct why *why)
{
    bool gone = false;
    c->gone = &gone;
    conn_raise(&c->conn, ev, why);
    if (!gone)
        c->gone = NULL;
    return !gone;
}

static void tell_closed(void *arg)
{
    struct mse_conn *c = arg;
    c->timer = NULL;
    raise_event(c, CONN_CLOSED, c->why);
}

static void fail(struct mse_conn *c, const struct why *why)
{
    if (c->why)
        return;
    c->why = mem_dup(why, sizeof *why);
    timer_cancel(c->timer);
    c->timer = timer_start(c->conn.loop, 0, tell_closed, c);
}

static void fail_with(struct mse_conn *c, enum err code, const char *text)
{
    struct why why;
    why_set(&why, code, "%s", text);
    fail(c, &why);
}

static void on_deadline(void *arg)
{
    struct mse_conn *c = arg;
    c->timer = NULL;
    fail_with(c, ERR_TIMEOUT, "encryption: no handshake in time");
}

/* Who is dialled must say something now and then. */
static void watch_over(struct mse_conn *c)
{
    uint64_t now = loop_now_us(c->conn.loop);
    uint64_t left = c->deadline_us > now ? c->deadline_us - now : 0;
    if (c->why)
        return;
    timer_cancel(c->timer);
    c->timer = timer_start(c->conn.loop,
                           c->dialled && c->began && left > MSE_QUIET_US ? MSE_QUIET_US : left,
                           on_deadline, c);
}

/* Moving bytes */

static void flush(struct mse_conn *c)
{
    ssize_t n = 1;
    while (buf_len(&c->out) > 0 && n > 0 && !c->below_failed) {
        n = conn_send(c->conn.below, buf_bytes(&c->out), buf_len(&c->out));
        if (n > 0)
            buf_eat(&c->out, (size_t)n);
        c->below_failed |= n == CONN_FAILED;
    }
    if (buf_len(&c->out) > 0)
        return;
    buf_done(&c->out); /* an idle conn holds nothing */
    if (c->shut && !c->below_shut && !c->below_failed) {
        c->below_shut = true;
        conn_shut(c->conn.below);
    }
}

static ssize_t recv_below(struct mse_conn *c, void *to, size_t n)
{
    if (c->below_ended)
        return CONN_END;
    ssize_t got = conn_recv(c->conn.below, to, n);
    c->below_ended = got == CONN_END;
    c->below_failed |= got == CONN_FAILED;
    if (got > 0 && c->step == DONE && c->method == MSE_RC4)
        rc4_run(c->rc4_in, to, to, (size_t)got);
    return got;
}

static ssize_t mse_recv(struct conn *conn, void *to, size_t n)
{
    struct mse_conn *c = (struct mse_conn *)conn;
    if (c->why || c->below_failed)
        return CONN_FAILED;
    ssize_t got = CONN_AGAIN;
    if (c->step == DONE && buf_len(&c->in) > 0) {
        size_t held = buf_len(&c->in);
        n = n < held ? n : held;
        memcpy(to, buf_bytes(&c->in), n);
        buf_eat(&c->in, n);
        if (n == held)
            buf_done(&c->in);
        return (ssize_t)n;
    }
    if (c->step == DONE)
        got = recv_below(c, to, n);
    if (got == CONN_AGAIN)
        c->want_read = true;
    return got;
}

/* Encrypts up to MSE_CHUNK bytes of the parts, `skip` bytes in, to `out`. */
static size_t encrypt(struct mse_conn *c, const struct iovec *iov, int count, size_t skip)
{
    size_t n = 0;
    for (int i = 0; i < count && n < MSE_CHUNK; i++) {
        if (skip >= iov[i].iov_len) {
            skip -= iov[i].iov_len;
            continue;
        }
        size_t part = iov[i].iov_len - skip;
        part = part < MSE_CHUNK - n ? part : MSE_CHUNK - n;
        rc4_run(c->rc4_out, (const uint8_t *)iov[i].iov_base + skip, buf_room(&c->out, part), part);
        buf_grew(&c->out, part);
        n += part;
        skip = 0;
    }
    return n;
}

static ssize_t send_rc4(struct mse_conn *c, const struct iovec *iov, int count, size_t given)
{
    size_t took = 0;
    while (took < given && buf_len(&c->out) == 0 && !c->below_failed) {
        took += encrypt(c, iov, count, took);
        flush(c);
    }
    return took > 0 ? (ssize_t)took : CONN_AGAIN;
}

static ssize_t mse_sendv(struct conn *conn, const struct iovec *iov, int count)
{
    struct mse_conn *c = (struct mse_conn *)conn;
    ssize_t n = CONN_AGAIN;
    size_t given = 0;
    for (int i = 0; i < count; i++)
        given += iov[i].iov_len;
    if (!c->why && !c->below_failed && c->step == DONE) {
        flush(c);
        if (c->method == MSE_RC4)
            n = send_rc4(c, iov, count, given);
        else if (buf_len(&c->out) == 0 && !c->below_failed)
            n = conn_sendv(c->conn.below, iov, count);
        c->below_failed |= n == CONN_FAILED;
    }
    if (c->why || c->below_failed)
        return CONN_FAILED;
    c->want_write |= n == CONN_AGAIN || (size_t)n < given;
    return n;
}

static void mse_shut(struct conn *conn)
{
    struct mse_conn *c = (struct mse_conn *)conn;
    if (c->step != DONE || c->shut || c->why)
        return;
    c->shut = true;
    flush(c);
}

static void mse_close(struct conn *conn)
{
    struct mse_conn *c = (struct mse_conn *)conn;
    if (c->step == DONE && !c->below_failed)
        flush(c);
    if (c->gone)
        *c->gone = true;
    timer_cancel(c->timer);
    conn_close(c->conn.below);
    rc4_free(c->rc4_in);
    rc4_free(c->rc4_out);
    buf_done(&c->ia);
    buf_done(&c->in);
    buf_done(&c->out);
    free(c->why);
    wipe(c, sizeof *c);
    free(c);
}

static const struct conn_ops mse_ops = {
    .name = "mse", .recv = mse_recv, .sendv = mse_sendv, .close = mse_close, .shut = mse_shut};

/* The handshake.  Each step takes what it needs from `in` and says whether it could. */

static void put_pad(struct mse_conn *c, size_t n)
{
    loop_random(c->conn.loop, buf_room(&c->out, n), n);
    buf_grew(&c->out, n);
}

static size_t pad_len(struct mse_conn *c)
{
    return (size_t)(loop_random_u64(c->conn.loop) % (MSE_PAD_MAX + 1));
}

static void put_key(struct mse_conn *c)
{
    loop_random(c->conn.loop, c->secret, sizeof c->secret);
    dh768_public(c->secret, buf_room(&c->out, DH768_LEN));
    buf_grew(&c->out, DH768_LEN);
    put_pad(c, pad_len(c));
}

/* Appends n bytes, encrypted. */
static void put_secret(struct mse_conn *c, const void *bytes, size_t n)
{
    rc4_run(c->rc4_out, bytes, buf_room(&c->out, n), n);
    buf_grew(&c->out, n);
}

/* VC, methods, a pad and its length. */
static void put_head(struct mse_conn *c, uint32_t methods)
{
    static const uint8_t zeros[MSE_VC + MSE_PAD_MAX];
    struct buf head = {0};
    size_t pad = pad_len(c);
    buf_put(&head, zeros, MSE_VC);
    buf_be32(&head, methods);
    buf_be16(&head, (uint16_t)pad);
    buf_put(&head, zeros, pad);
    put_secret(c, buf_bytes(&head), buf_len(&head));
    buf_done(&head);
}

static void make_ciphers(struct mse_conn *c)
{
    uint8_t a[SHA1_LEN], b[SHA1_LEN];
    mse_key(true, c->s, c->skey, a);
    mse_key(false, c->s, c->skey, b);
    c->rc4_out = rc4_new(c->cfg->rc4, c->dialled ? a : b, SHA1_LEN, MSE_DROP);
    c->rc4_in = rc4_new(c->cfg->rc4, c->dialled ? b : a, SHA1_LEN, MSE_DROP);
    wipe(a, sizeof a);
    wipe(b, sizeof b);
}

/* n bytes from `in`, decrypted; false: not there yet. */
static bool take(struct mse_conn *c, uint8_t *out, size_t n)
{
    if (buf_len(&c->in) < n)
        return false;
    rc4_run(c->rc4_in, buf_bytes(&c->in), out, n);
    buf_eat(&c->in, n);
    return true;
}

static bool done(struct mse_conn *c, uint32_t method)
{
    c->step = DONE;
    c->method = method;
    wipe(c->secret, sizeof c->secret);
    wipe(c->s, sizeof c->s);
    return true;
}

static bool step_first(struct mse_conn *c)
{
    struct cur got = buf_cur(&c->in);
    if (got.n == 0)
        return false;
    if (!wire_may_be_handshake(got)) {
        c->step = WAIT_KEY;
        return true;
    }
    if (got.n < PLAIN_HELLO)
        return false;
    if (!c->cfg->plain) {
        fail_with(c, ERR_DENIED, "comes without encryption, which is required here");
        return false;
    }
    return done(c, 0);
}

/* A: all of the third message. */
static void put_request(struct mse_conn *c)
{
    uint8_t req1[SHA1_LEN], req2[SHA1_LEN], req3[SHA1_LEN];
    mse_req1(c->s, req1);
    mse_req2(c->skey, req2);
    mse_req3(c->s, req3);
    mse_xor(req2, req3, req2);
    buf_put(&c->out, req1, sizeof req1);
    buf_put(&c->out, req2, sizeof req2);
    put_head(c, c->cfg->methods);
    uint8_t len[2] = {(uint8_t)(buf_len(&c->ia) >> 8), (uint8_t)buf_len(&c->ia)};
    put_secret(c, len, sizeof len);
    if (buf_len(&c->ia) > 0)
        put_secret(c, buf_bytes(&c->ia), buf_len(&c->ia));
    buf_done(&c->ia);
}

static bool step_key(struct mse_conn *c)
{
    struct why why;
    struct cur in = buf_cur(&c->in);
    struct cur theirs = cur_take(&in, DH768_LEN);
    if (theirs.n < DH768_LEN)
        return false;
    if (!c->dialled)
        put_key(c);
    if (dh768_shared(c->secret, theirs.p, c->s, &why)) {
        fail(c, &why);
        return false;
    }
    buf_eat(&c->in, DH768_LEN);
    c->step = c->dialled ? WAIT_VC : WAIT_REQ1;
    if (!c->dialled) {
        mse_req1(c->s, c->mark);
        return true;
    }
    static const uint8_t zeros[MSE_VC];
    make_ciphers(c);
    put_request(c);
    rc4_run(c->rc4_in, zeros, c->mark, MSE_VC);
    return true;
}

/* A pad of up to MSE_PAD_MAX bytes, then n bytes of `mark`. */
static bool step_mark(struct mse_conn *c, size_t n, enum step next)
{
    struct cur in = buf_cur(&c->in);
    for (size_t i = 0; i <= MSE_PAD_MAX && in.n >= n; i++) {
        if (memcmp(in.p, c->mark, n) == 0) {
            buf_eat(&c->in, i + n);
            c->step = next;
            return true;
        }
        cur_take(&in, 1);
    }
    if (buf_len(&c->in) >= MSE_PAD_MAX + n)
        fail_with(c, ERR_INVALID, "encryption: no handshake behind the pad");
    return false;
}

static bool step_skey(struct mse_conn *c)
{
    uint8_t req3[SHA1_LEN], req2[SHA1_LEN];
    if (buf_len(&c->in) < SHA1_LEN)
        return false;
    mse_req3(c->s, req3);
    mse_xor(buf_bytes(&c->in), req3, req2);
    buf_eat(&c->in, SHA1_LEN);
    if (!c->cfg->find(c->cfg->arg, req2, c->skey)) {
        fail_with(c, ERR_NOT_FOUND, "encryption: for a torrent that is not here");
        return false;
    }
    make_ciphers(c);
    c->step = WAIT_HEAD;
    return true;
}

static bool step_head(struct mse_conn *c)
{
    uint8_t head[MSE_PROVIDE] = {0};
    struct why why;
    size_t known = c->dialled ? MSE_VC : 0; /* A has found the VC */
    if (!take(c, head + known, sizeof head - known))
        return false;
    if (mse_read_head(cur_of(head, sizeof head), &c->offered, &c->pad, &why)) {
        fail(c, &why);
        return false;
    }
    if (c->dialled &&
        ((c->offered != MSE_PLAIN && c->offered != MSE_RC4) || !(c->offered & c->cfg->methods))) {
        fail_with(c, ERR_INVALID, "encryption: selects what was not offered");
        return false;
    }
    c->step = WAIT_PAD;
    return true;
}

static bool step_pad(struct mse_conn *c)
{
    uint8_t pad[MSE_PAD_MAX];
    if (!take(c, pad, c->pad))
        return false;
    if (c->dialled)
        return done(c, c->offered);
    c->step = WAIT_IA;
    return true;
}

static bool step_ia(struct mse_conn *c)
{
    uint8_t len[2];
    if (!take(c, len, sizeof len))
        return false;
    c->pad = (size_t)len[0] << 8 | len[1];
    c->step = WAIT_IA_BODY;
    if (c->pad > MSE_IA_MAX)
        fail_with(c, ERR_LIMIT, "encryption: too much comes with the handshake");
    return !c->why;
}

static bool step_ia_body(struct mse_conn *c)
{
    bool near = addr_is_private(&c->conn.peer) || addr_is_loopback(&c->conn.peer);
    uint32_t method = mse_choose(c->offered, c->cfg->methods, near);
    if (buf_len(&c->in) < c->pad)
        return false;
    if (method == 0) {
        fail_with(c, ERR_DENIED, "encryption: offers no method that is allowed here");
        return false;
    }
    rc4_run(c->rc4_in, buf_bytes(&c->in), buf_bytes(&c->in), c->pad);
    put_head(c, method);
    return done(c, method);
}

static bool one_step(struct mse_conn *c)
{
    switch (c->step) {
    case WAIT_FIRST:
        return step_first(c);
    case WAIT_KEY:
        return step_key(c);
    case WAIT_REQ1:
        return step_mark(c, SHA1_LEN, WAIT_SKEY);
    case WAIT_SKEY:
        return step_skey(c);
    case WAIT_VC:
        return step_mark(c, MSE_VC, WAIT_HEAD);
    case WAIT_HEAD:
        return step_head(c);
    case WAIT_PAD:
        return step_pad(c);
    case WAIT_IA:
        return step_ia(c);
    case WAIT_IA_BODY:
        return step_ia_body(c);
    case WAIT_OPEN:
    case DONE:
        break;
    }
    return false;
}

/* Events.  Each returns false when the owner closed us in his callback. */

static bool offer_write(struct mse_conn *c)
{
    if (!c->want_write || c->why || c->below_failed || buf_len(&c->out) > 0)
        return true;
    c->want_write = false;
    return raise_event(c, CONN_WRITABLE, NULL);
}

/* Open: the first CONN_READABLE comes when there is something. */
static void first_read(struct mse_conn *c)
{
    if (!c->want_read || c->why || c->below_failed)
        return;
    if (buf_len(&c->in) == 0) {
        uint8_t bytes[READ];
        ssize_t n = recv_below(c, bytes, sizeof bytes);
        if (n > 0)
            buf_put(&c->in, bytes, (size_t)n);
        else if (n != CONN_END)
            return;
    }
    c->want_read = false;
    raise_event(c, CONN_READABLE, NULL);
}

static void opened(struct mse_conn *c)
{
    /* What came behind the handshake; the initial payload in front of it is plain already. */
    size_t plain = c->dialled ? 0 : c->pad, n = buf_len(&c->in);
    if (c->method == MSE_RC4 && n > plain)
        rc4_run(c->rc4_in, buf_bytes(&c->in) + plain, buf_bytes(&c->in) + plain, n - plain);
    timer_cancel(c->timer);
    c->timer = NULL;
    c->want_read = true;
    if (raise_event(c, CONN_OPEN, NULL) && offer_write(c))
        first_read(c);
}

static void shake(struct mse_conn *c)
{
    for (;;) {
        while (!c->why && one_step(c))
            ;
        flush(c);
        if (c->why || c->below_failed || c->step == DONE)
            break;
        uint8_t bytes[READ];
        ssize_t n = recv_below(c, bytes, sizeof bytes);
        if (n > 0)
            buf_put(&c->in, bytes, (size_t)n);
        else if (n == CONN_END)
            fail_with(c, ERR_CLOSED, "encryption: closed during the handshake");
        if (n <= 0)
            return;
        watch_over(c);
    }
    if (!c->why && !c->below_failed)
        opened(c);
}

static void on_below(void *arg, enum conn_event ev, const struct why *why)
{
    struct mse_conn *c = arg;
    if (ev == CONN_CLOSED) {
        c->below_failed = true;
        fail(c, why);
        return;
    }
    if (c->why || c->below_failed)
        return;
    if (ev == CONN_OPEN) {
        c->conn.local = c->conn.below->local;
        c->began = true;
        if (c->step == WAIT_OPEN) {
            c->step = WAIT_KEY;
            put_key(c);
            watch_over(c);
        }
    }
    if (ev == CONN_WRITABLE)
        flush(c);
    if (c->step != DONE) {
        shake(c);
    } else if (ev == CONN_WRITABLE) {
        offer_write(c);
    } else if (ev == CONN_READABLE && c->want_read) {
        c->want_read = false;
        raise_event(c, CONN_READABLE, NULL);
    }
}

static struct mse_conn *over(const struct mse_cfg *cfg, struct conn *below, conn_cb *cb, void *arg)
{
    struct mse_conn *c = MEM_NEW(struct mse_conn);
    c->conn = (struct conn){.ops = &mse_ops,
                            .loop = below->loop,
                            .below = below,
                            .peer = below->peer,
                            .local = below->local};
    c->cfg = cfg;
    conn_watch(&c->conn, cb, arg);
    conn_watch(below, on_below, c);
    c->deadline_us = loop_now_us(below->loop) + CONN_HANDSHAKE_US;
    c->timer = timer_start(below->loop, CONN_HANDSHAKE_US, on_deadline, c);
    return c;
}

struct conn *mse_dial(const struct mse_cfg *cfg, struct conn *below, const uint8_t skey[SHA1_LEN],
                      const void *ia, size_t ia_len, conn_cb *cb, void *arg)
{
    assert(ia_len <= MSE_IA_MAX);
    struct mse_conn *c = over(cfg, below, cb, arg);
    c->dialled = true;
    memcpy(c->skey, skey, SHA1_LEN);
    buf_put(&c->ia, ia, ia_len);
    return &c->conn;
}

struct conn *mse_accept(const struct mse_cfg *cfg, struct conn *below, conn_cb *cb, void *arg)
{
    struct mse_conn *c = over(cfg, below, cb, arg);
    c->began = true;
    c->step = WAIT_FIRST;
    return &c->conn;
}

uint32_t mse_method(const struct conn *conn)
{
    assert(conn->ops == &mse_ops);
    const struct mse_conn *c = (const struct mse_conn *)conn;
    return c->step == DONE ? c->method : 0;
}

const uint8_t *mse_skey(const struct conn *conn)
{
    assert(conn->ops == &mse_ops);
    const struct mse_conn *c = (const struct mse_conn *)conn;
    return c->step == DONE && c->method != 0 ? c->skey : NULL;
}

bool mse_began(const struct conn *conn)
{
    assert(conn->ops == &mse_ops);
    return ((const struct mse_conn *)conn)->began;
}
