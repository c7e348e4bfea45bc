#include "files/peer/mse.h"

#include "base/mem.h"
#include "crypto/wipe.h"
#include "files/peer/wire_msg.h"
#include "net/filter.h"

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
    struct filter f; /* `in`: as on the wire during the handshake, then decrypted */
    const struct mse_cfg *cfg;
    enum step step;
    bool dialled, began;
    uint32_t method;  /* once DONE; 0: nothing is encrypted */
    uint32_t offered; /* B: crypto_provide */
    uint8_t secret[DH768_SECRET], s[DH768_LEN], skey[SHA1_LEN], mark[SHA1_LEN];
    struct rc4 *rc4_in, *rc4_out;
    size_t pad;    /* WAIT_PAD, WAIT_IA_BODY: bytes of it to come */
    struct buf ia; /* A: to be sent with the handshake */
    uint64_t deadline_us;
};

/* Who is dialled must say something now and then. */
static void watch_over(struct mse_conn *c)
{
    uint64_t now = loop_now_us(c->f.conn.loop);
    uint64_t left = c->deadline_us > now ? c->deadline_us - now : 0;
    filter_deadline(&c->f, c->dialled && c->began && left > MSE_QUIET_US ? MSE_QUIET_US : left,
                    "encryption: no handshake in time");
}

/* The handshake.  Each step takes what it needs from `in` and says whether it could. */

static void put_pad(struct mse_conn *c, size_t n)
{
    loop_random(c->f.conn.loop, buf_room(&c->f.out, n), n);
    buf_grew(&c->f.out, n);
}

static size_t pad_len(struct mse_conn *c)
{
    return (size_t)(loop_random_u64(c->f.conn.loop) % (MSE_PAD_MAX + 1));
}

static void put_key(struct mse_conn *c)
{
    loop_random(c->f.conn.loop, c->secret, sizeof c->secret);
    dh768_public(c->secret, buf_room(&c->f.out, DH768_LEN));
    buf_grew(&c->f.out, DH768_LEN);
    put_pad(c, pad_len(c));
}

/* Appends n bytes, encrypted. */
static void put_secret(struct mse_conn *c, const void *bytes, size_t n)
{
    rc4_run(c->rc4_out, bytes, buf_room(&c->f.out, n), n);
    buf_grew(&c->f.out, n);
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
    if (buf_len(&c->f.in) < n)
        return false;
    rc4_run(c->rc4_in, buf_bytes(&c->f.in), out, n);
    buf_eat(&c->f.in, n);
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
    struct cur got = buf_cur(&c->f.in);
    if (got.n == 0)
        return false;
    if (!wire_may_be_handshake(got)) {
        c->step = WAIT_KEY;
        return true;
    }
    if (got.n < PLAIN_HELLO)
        return false;
    if (!c->cfg->plain) {
        filter_fail_with(&c->f, ERR_DENIED, "comes without encryption, which is required here");
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
    buf_put(&c->f.out, req1, sizeof req1);
    buf_put(&c->f.out, req2, sizeof req2);
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
    struct cur in = buf_cur(&c->f.in);
    struct cur theirs = cur_take(&in, DH768_LEN);
    if (theirs.n < DH768_LEN)
        return false;
    if (!c->dialled)
        put_key(c);
    if (dh768_shared(c->secret, theirs.p, c->s, &why)) {
        filter_fail(&c->f, &why);
        return false;
    }
    buf_eat(&c->f.in, DH768_LEN);
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
    struct cur in = buf_cur(&c->f.in);
    for (size_t i = 0; i <= MSE_PAD_MAX && in.n >= n; i++) {
        if (memcmp(in.p, c->mark, n) == 0) {
            buf_eat(&c->f.in, i + n);
            c->step = next;
            return true;
        }
        cur_take(&in, 1);
    }
    if (buf_len(&c->f.in) >= MSE_PAD_MAX + n)
        filter_fail_with(&c->f, ERR_INVALID, "encryption: no handshake behind the pad");
    return false;
}

static bool step_skey(struct mse_conn *c)
{
    uint8_t req3[SHA1_LEN], req2[SHA1_LEN];
    if (buf_len(&c->f.in) < SHA1_LEN)
        return false;
    mse_req3(c->s, req3);
    mse_xor(buf_bytes(&c->f.in), req3, req2);
    buf_eat(&c->f.in, SHA1_LEN);
    if (!c->cfg->find(c->cfg->arg, req2, c->skey)) {
        filter_fail_with(&c->f, ERR_NOT_FOUND, "encryption: for a torrent that is not here");
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
        filter_fail(&c->f, &why);
        return false;
    }
    if (c->dialled &&
        ((c->offered != MSE_PLAIN && c->offered != MSE_RC4) || !(c->offered & c->cfg->methods))) {
        filter_fail_with(&c->f, ERR_INVALID, "encryption: selects what was not offered");
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
        filter_fail_with(&c->f, ERR_LIMIT, "encryption: too much comes with the handshake");
    return !c->f.why;
}

static bool step_ia_body(struct mse_conn *c)
{
    bool near = addr_is_private(&c->f.conn.peer) || addr_is_loopback(&c->f.conn.peer);
    uint32_t method = mse_choose(c->offered, c->cfg->methods, near);
    if (buf_len(&c->f.in) < c->pad)
        return false;
    if (method == 0) {
        filter_fail_with(&c->f, ERR_DENIED, "encryption: offers no method that is allowed here");
        return false;
    }
    rc4_run(c->rc4_in, buf_bytes(&c->f.in), buf_bytes(&c->f.in), c->pad);
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

/* What came behind the handshake; the initial payload in front of it is plain already. */
static void open_up(struct mse_conn *c)
{
    size_t plain = c->dialled ? 0 : c->pad, n = buf_len(&c->f.in);
    if (c->method != MSE_RC4) {
        filter_pass(&c->f);
        return;
    }
    if (n > plain)
        rc4_run(c->rc4_in, buf_bytes(&c->f.in) + plain, buf_bytes(&c->f.in) + plain, n - plain);
    filter_open(&c->f);
}

/* The hooks of a filter. */

static void shake(struct filter *f)
{
    struct mse_conn *c = (struct mse_conn *)f;
    ssize_t n = 1;
    if (c->step == WAIT_OPEN) {
        c->step = WAIT_KEY;
        c->began = true;
        put_key(c);
        watch_over(c);
    }
    while (n > 0) {
        while (!f->why && one_step(c))
            ;
        if (f->why || c->step == DONE)
            break;
        n = filter_fill(f, &f->in, READ);
        if (n > 0)
            watch_over(c);
    }
    if (n == CONN_END)
        filter_fail_with(f, ERR_CLOSED, "encryption: closed during the handshake");
    if (c->step == DONE && !f->why)
        open_up(c);
}

static ssize_t decrypt(struct filter *f, void *to, size_t n)
{
    ssize_t got = filter_pull(f, to, n);
    if (got > 0)
        rc4_run(((struct mse_conn *)f)->rc4_in, to, to, (size_t)got);
    return got;
}

static size_t encrypt(struct filter *f, const uint8_t *bytes, size_t n)
{
    put_secret((struct mse_conn *)f, bytes, n);
    return n;
}

static void forget(struct filter *f)
{
    struct mse_conn *c = (struct mse_conn *)f;
    rc4_free(c->rc4_in);
    rc4_free(c->rc4_out);
    buf_done(&c->ia);
    wipe(c, sizeof *c);
}

static const struct filter_ops ops = {
    .conn = FILTER_CONN("mse"),
    .shake = shake,
    .read = decrypt,
    .write = encrypt,
    .chunk = MSE_CHUNK,
    .done = forget,
};

static struct mse_conn *over(const struct mse_cfg *cfg, struct conn *below, conn_cb *cb, void *arg)
{
    struct mse_conn *c = MEM_NEW(struct mse_conn);
    filter_init(&c->f, &ops, below, cb, arg);
    c->cfg = cfg;
    c->deadline_us = loop_now_us(below->loop) + CONN_HANDSHAKE_US;
    watch_over(c);
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
    return &c->f.conn;
}

struct conn *mse_accept(const struct mse_cfg *cfg, struct conn *below, conn_cb *cb, void *arg)
{
    struct mse_conn *c = over(cfg, below, cb, arg);
    c->began = true;
    c->step = WAIT_FIRST;
    return &c->f.conn;
}

uint32_t mse_method(const struct conn *conn)
{
    assert(conn->ops == &ops.conn);
    const struct mse_conn *c = (const struct mse_conn *)conn;
    return c->step == DONE ? c->method : 0;
}

const uint8_t *mse_skey(const struct conn *conn)
{
    assert(conn->ops == &ops.conn);
    const struct mse_conn *c = (const struct mse_conn *)conn;
    return c->step == DONE && c->method != 0 ? c->skey : NULL;
}

bool mse_began(const struct conn *conn)
{
    assert(conn->ops == &ops.conn);
    return ((const struct mse_conn *)conn)->began;
}
