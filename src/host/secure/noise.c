#include "host/secure/noise.h"

#include "base/mem.h"
#include "crypto/wipe.h"
#include "host/name/pubkey.h"
#include "host/secure/noise_cipher.h"
#include "host/secure/noise_msg.h"
#include "host/secure/secure_int.h"
#include "net/filter.h"

#include <string.h>

enum {
    LEN = 2,                  /* before each message */
    HANDSHAKE_MAX = 16 << 10, /* an RSA key of 8,192 bits and its signature are 2.2 KiB */
    HANDSHAKE_READ = 1 << 10,
    READ = 64 << 10,                     /* at once from the conn below */
    KEEP = 4 << 10,                      /* a frame begun with less is kept in no more */
    CHUNK = 65536 - LEN - NOISE_TAG_LEN, /* of the owner's bytes in a frame: it takes 64 KiB */
    EMPTY_MAX = 1000,                    /* frames with nothing in them, one after the other */
};
_Static_assert(CHUNK + NOISE_TAG_LEN <= NOISE_MESSAGE_MAX, "a chunk is one frame");

struct noise_conn {
    struct filter f;
    const struct secure_self *self;
    struct peer_id expected, peer; /* of nobody: anybody; not known yet */
    const char *muxer;
    bool dialled;
    struct noise_xx *xx; /* until it is open */
    struct noise_cipher sends, gets;
    struct buf wire; /* as it came: whole frames, and perhaps one begun */
    size_t opened;   /* at the head of `wire`: bytes for the owner, with their tag behind them */
    unsigned empty;  /* frames with nothing in them that came last */
};

/* The first frame's message, once all of it is there. */
static bool next_frame(const struct noise_conn *c, struct cur *message)
{
    struct cur at = buf_cur(&c->wire);
    size_t n = cur_be16(&at);
    *message = cur_take(&at, n);
    return !message->bad;
}

/* The handshake. */

/* Who it is, and what it speaks. */
static enum err meet(struct noise_conn *c, struct cur bytes, struct why *why)
{
    struct noise_payload p;
    struct pubkey key;
    uint8_t text[NOISE_SIGNED_LEN];
    enum err e = noise_payload_read(bytes, &p, why);
    if (e == OK)
        e = pubkey_decode(&key, p.key, why);
    if (e != OK)
        return e;
    noise_signed_text(text, noise_xx_static(c->xx));
    if (!pubkey_verify(&key, text, sizeof text, p.sig.p, p.sig.n))
        return why_set(why, ERR_DENIED, "noise: the identity did not sign the static key");
    peer_id_of_key(&key, &c->peer);
    e = secure_expect(&c->expected, &c->peer, why);
    return e == OK ? noise_pick_muxer(c->self->muxers, &p, c->dialled, &c->muxer, why) : e;
}

/* The first message is not secret and says nothing; ours of the other two says who we are. */
static enum err speak(struct noise_conn *c, struct why *why)
{
    bool first = c->dialled && !noise_xx_static(c->xx);
    struct buf message = {0};
    enum err e =
        noise_xx_write(c->xx, first ? cur_of(NULL, 0) : buf_cur(&c->self->payload), &message, why);
    if (e == OK) {
        buf_be16(&c->f.out, (uint16_t)buf_len(&message));
        buf_put(&c->f.out, buf_bytes(&message), buf_len(&message));
    }
    buf_done(&message);
    return e;
}

static enum err listen_to(struct noise_conn *c, struct cur message, struct why *why)
{
    struct buf payload = {0};
    enum err e = noise_xx_read(c->xx, message, &payload, why);
    if (e == OK && noise_xx_static(c->xx))
        e = meet(c, buf_cur(&payload), why);
    else if (e == OK && buf_len(&payload) > 0)
        e = why_set(why, ERR_INVALID, "noise: the first message has a payload");
    buf_done(&payload);
    return e;
}

/* False: not all of it is here, or never will be. */
static bool collect(struct noise_conn *c, struct cur *message)
{
    while (!next_frame(c, message)) {
        struct cur at = buf_cur(&c->wire);
        size_t n = cur_be16(&at);
        if (n > HANDSHAKE_MAX) {
            filter_fail_with(&c->f, ERR_LIMIT, "noise: a handshake message of %zu bytes", n);
            return false;
        }
        ssize_t got = filter_fill(&c->f, &c->wire, HANDSHAKE_READ);
        if (got == CONN_END)
            filter_fail_with(&c->f, ERR_CLOSED, "noise: it hung up during the handshake");
        if (got <= 0)
            return false;
    }
    return true;
}

static bool hear(struct noise_conn *c)
{
    struct cur message;
    struct why why;
    if (!collect(c, &message))
        return false;
    if (listen_to(c, message, &why) != OK) {
        filter_fail(&c->f, &why);
        return false;
    }
    buf_eat(&c->wire, LEN + message.n);
    return true;
}

static void enter(struct noise_conn *c)
{
    uint8_t send[SHA256_LEN], recv[SHA256_LEN];
    noise_xx_split(c->xx, send, recv);
    noise_cipher_init(&c->sends, c->self->aeads.seals, send);
    noise_cipher_init(&c->gets, c->self->aeads.opens, recv);
    wipe(send, sizeof send);
    wipe(recv, sizeof recv);
    noise_xx_free(c->xx);
    c->xx = NULL;
    if (buf_len(&c->wire) == 0)
        buf_done(&c->wire);
    filter_open(&c->f);
}

static void noise_shake(struct filter *f)
{
    struct noise_conn *c = (struct noise_conn *)f;
    struct why why;
    while (!f->open && !f->why) {
        switch (noise_xx_next(c->xx)) {
        case NOISE_XX_WRITE:
            if (speak(c, &why) != OK)
                filter_fail(f, &why);
            break;
        case NOISE_XX_READ:
            if (!hear(c))
                return;
            break;
        case NOISE_XX_SPLIT:
            enter(c);
            break;
        }
    }
}

/* Afterwards. */

/* An idle conn holds nothing, and one with a few bytes of a frame not much more.  Its buffer is the
 * next one's that reads. */
static void keep_little(struct noise_conn *c)
{
    struct buf less = {0}, *spare = c->self->spare;
    if (buf_len(&c->wire) > KEEP || c->wire.cap <= KEEP)
        return;
    buf_put(&less, buf_bytes(&c->wire), buf_len(&c->wire));
    buf_done(spare);
    *spare = c->wire;
    c->wire = less;
}

static void take_spare(struct noise_conn *c)
{
    struct buf more = *c->self->spare;
    if (c->wire.cap > KEEP || !more.p)
        return;
    buf_init(c->self->spare);
    buf_clear(&more);
    buf_put(&more, buf_bytes(&c->wire), buf_len(&c->wire));
    buf_done(&c->wire);
    c->wire = more;
}

static ssize_t refill(struct noise_conn *c)
{
    take_spare(c);
    ssize_t got = filter_pull(&c->f, buf_room(&c->wire, READ), READ);
    if (got > 0) {
        buf_grew(&c->wire, (size_t)got);
        return got;
    }
    if (got == CONN_END && buf_len(&c->wire) > 0) {
        filter_fail_with(&c->f, ERR_CLOSED, "noise: cut off inside a frame");
        got = CONN_FAILED;
    }
    keep_little(c);
    return got;
}

/* Opens the first frame: into `to` where it fits, else where it lies.  Returns how many bytes are
 * in `to`. */
static ssize_t open_frame(struct noise_conn *c, struct cur message, void *to, size_t n)
{
    if (message.n < NOISE_TAG_LEN) {
        filter_fail_with(&c->f, ERR_INVALID, "noise: a frame of %zu bytes", message.n);
        return CONN_FAILED;
    }
    size_t len = message.n - NOISE_TAG_LEN;
    bool fits = len <= n;
    buf_eat(&c->wire, LEN);
    if (!noise_cipher_open(&c->gets, NULL, 0, message.p, message.n,
                           fits ? to : buf_bytes(&c->wire))) {
        filter_fail_with(&c->f, ERR_INVALID, "noise: a frame is not authentic");
        return CONN_FAILED;
    }
    if (!fits) {
        c->opened = len;
        return 0;
    }
    buf_eat(&c->wire, message.n);
    return (ssize_t)len;
}

static ssize_t give_opened(struct noise_conn *c, void *to, size_t n)
{
    n = n < c->opened ? n : c->opened;
    memcpy(to, buf_bytes(&c->wire), n);
    buf_eat(&c->wire, n);
    c->opened -= n;
    if (c->opened == 0)
        buf_eat(&c->wire, NOISE_TAG_LEN);
    return (ssize_t)n;
}

/* Nobody has to send them, and each costs us what a full one costs him. */
static bool skip_empty(struct noise_conn *c, struct cur message)
{
    uint8_t nothing[1];
    if (++c->empty > EMPTY_MAX) {
        filter_fail_with(&c->f, ERR_LIMIT, "noise: nothing but empty frames");
        return false;
    }
    return open_frame(c, message, nothing, 0) == 0;
}

/* Until a frame with something in it is there: > 0. */
static ssize_t noise_look(struct filter *f)
{
    struct noise_conn *c = (struct noise_conn *)f;
    struct cur message;
    while (c->opened == 0) {
        bool whole = next_frame(c, &message);
        if (whole && message.n != NOISE_TAG_LEN)
            break;
        if (whole && !skip_empty(c, message))
            return CONN_FAILED;
        ssize_t got = whole ? 1 : refill(c);
        if (got <= 0)
            return got;
    }
    c->empty = 0;
    return 1;
}

static ssize_t noise_read(struct filter *f, void *to, size_t n)
{
    struct noise_conn *c = (struct noise_conn *)f;
    struct cur message;
    ssize_t got = noise_look(f);
    if (got <= 0)
        return got;
    if (c->opened == 0) {
        next_frame(c, &message);
        got = open_frame(c, message, to, n);
        if (got != 0)
            return got;
    }
    return give_opened(c, to, n);
}

static size_t noise_write(struct filter *f, const uint8_t *bytes, size_t n)
{
    struct noise_conn *c = (struct noise_conn *)f;
    size_t sealed = n + NOISE_TAG_LEN;
    buf_room(&f->out, LEN + sealed);
    buf_be16(&f->out, (uint16_t)sealed);
    if (!noise_cipher_seal(&c->sends, NULL, 0, bytes, n, buf_room(&f->out, sealed))) {
        buf_clear(&f->out);
        filter_fail_with(f, ERR_LIMIT, "noise: all nonces are used up");
        return 0;
    }
    buf_grew(&f->out, sealed);
    return n;
}

static void noise_done(struct filter *f)
{
    struct noise_conn *c = (struct noise_conn *)f;
    noise_xx_free(c->xx);
    noise_cipher_done(&c->sends);
    noise_cipher_done(&c->gets);
    buf_done(&c->wire);
}

static const struct filter_ops noise_ops = {.conn = FILTER_CONN("noise"),
                                            .shake = noise_shake,
                                            .read = noise_read,
                                            .unwrap = noise_look,
                                            .write = noise_write,
                                            .chunk = CHUNK,
                                            .done = noise_done};

static struct conn *over(const struct secure_self *self, struct conn *below,
                         const struct peer_id *expected, bool dialled, conn_cb *cb, void *arg)
{
    struct noise_conn *c = MEM_NEW(struct noise_conn);
    uint8_t secret[X25519_LEN];
    struct noise_key once;
    filter_init(&c->f, &noise_ops, below, cb, arg);
    c->self = self;
    c->dialled = dialled;
    if (expected)
        c->expected = *expected;
    loop_random(below->loop, secret, sizeof secret);
    noise_key_init(&once, secret);
    c->xx = noise_xx_new(dialled, &self->aeads, &self->noise, &once, cur_of(NULL, 0));
    wipe(secret, sizeof secret);
    wipe(&once, sizeof once);
    filter_begin(&c->f);
    return &c->f.conn;
}

struct conn *noise_dial(const struct secure_self *self, struct conn *below,
                        const struct peer_id *expected, conn_cb *cb, void *arg)
{
    return over(self, below, expected, true, cb, arg);
}

struct conn *noise_accept(const struct secure_self *self, struct conn *below, conn_cb *cb,
                          void *arg)
{
    return over(self, below, NULL, false, cb, arg);
}

static const struct noise_conn *open_noise(const struct conn *conn)
{
    const struct noise_conn *c = (const struct noise_conn *)conn;
    return conn->ops == &noise_ops.conn && c->f.open ? c : NULL;
}

const struct peer_id *noise_peer(const struct conn *conn)
{
    const struct noise_conn *c = open_noise(conn);
    return c ? &c->peer : NULL;
}

const char *noise_muxer(const struct conn *conn)
{
    const struct noise_conn *c = open_noise(conn);
    return c ? c->muxer : NULL;
}
