#include "net/tls.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/tls_int.h"

#include <assert.h>
#include <limits.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum {
    RECORD = 16384,       /* plaintext of one record, RFC 8446 section 5.1 */
    OUT_MAX = 4 * RECORD, /* more to send, and nothing is read: nobody makes us answer for ever */
};

struct tls_conn {
    struct conn conn;
    struct tls *tls;
    SSL *ssl;
    struct buf out; /* records that the conn below has not taken yet */
    bool open;
    bool want_read, want_write; /* an event is owed to the owner */
    bool shut, below_shut;      /* close_notify is said; and the end below, when out was empty */
    bool below_ended, below_failed;
    bool *gone;              /* set when the owner closes us inside his callback */
    struct why *why;         /* it failed; told, or will be by `timer` */
    struct timer *timer;     /* the handshake's deadline, or CONN_CLOSED in the next turn */
    char *host;              /* whom we dialled; NULL: an equal */
    struct tls_judge *judge; /* of equals */
    char *alpn;              /* agreed on; NULL: none */
};

/* What OpenSSL reads from and writes to.  Writing always succeeds, into `out`: OpenSSL would
 * otherwise insist on the same bytes at the next SSL_write, which conn_sendv does not promise. */

static int bio_write(BIO *b, const char *bytes, int n)
{
    struct tls_conn *c = BIO_get_data(b);
    buf_put(&c->out, bytes, (size_t)n);
    return n;
}

static int bio_read(BIO *b, char *to, int n)
{
    struct tls_conn *c = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    if (c->below_failed || c->below_ended || n <= 0)
        return c->below_failed ? -1 : 0;
    ssize_t got = CONN_AGAIN;
    if (buf_len(&c->out) < OUT_MAX) /* else CONN_WRITABLE below brings us back */
        got = conn_recv(c->conn.below, to, (size_t)n);
    if (got > 0)
        return (int)got;
    c->below_ended = got == CONN_END;
    c->below_failed = got == CONN_FAILED;
    if (got == CONN_AGAIN)
        BIO_set_retry_read(b);
    return c->below_ended ? 0 : -1;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
    const struct tls_conn *c = BIO_get_data(b);
    (void)num;
    (void)ptr;
    if (cmd == BIO_CTRL_EOF)
        return c->below_ended;
    return cmd == BIO_CTRL_FLUSH;
}

BIO_METHOD *tls_bio_method(void)
{
    BIO_METHOD *m = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "conn");
    if (!m)
        return NULL;
    BIO_meth_set_read(m, bio_read);
    BIO_meth_set_write(m, bio_write);
    BIO_meth_set_ctrl(m, bio_ctrl);
    return m;
}

/* Failing. */

/* False when the owner has closed us meanwhile, and c is no more. */
static bool raise_event(struct tls_conn *c, enum conn_event ev, const struct why *why)
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
    struct tls_conn *c = arg;
    c->timer = NULL;
    raise_event(c, CONN_CLOSED, c->why);
}

/* It is over, and the owner hears of it in the next turn. */
static void fail(struct tls_conn *c, const struct why *why)
{
    if (c->why)
        return;
    c->why = mem_dup(why, sizeof *why);
    timer_cancel(c->timer);
    c->timer = timer_start(c->conn.loop, 0, tell_closed, c);
}

/* Say why OpenSSL gave up.  Where the conn below failed, its own CONN_CLOSED has the reason. */
static void fail_ssl(struct tls_conn *c)
{
    struct why why;
    unsigned long error = ERR_peek_error();
    long verdict = SSL_get_verify_result(c->ssl);
    if (c->below_failed)
        return;
    if (c->judge && c->judge->refused.code != OK)
        why = c->judge->refused;
    else if (c->host && !c->open && verdict != X509_V_OK)
        why_set(&why, ERR_DENIED, "the certificate of %.100s is refused: %s", c->host,
                X509_verify_cert_error_string(verdict));
    else if (ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        why_set(&why, ERR_CLOSED, "TLS: cut off %s",
                c->open ? "without a goodbye" : "during the handshake");
    else
        why_set(&why, ERR_INVALID, "TLS: %s", tls_words());
    fail(c, &why);
}

/* Moving bytes. */

static void flush(struct tls_conn *c)
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

/* peek: only find out what a read would give. */
static ssize_t read_some(struct tls_conn *c, void *to, size_t n, bool peek)
{
    int most = n < INT_MAX ? (int)n : INT_MAX;
    ERR_clear_error();
    int rc = peek ? SSL_peek(c->ssl, to, most) : SSL_read(c->ssl, to, most);
    int code = rc > 0 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, rc);
    if (code == SSL_ERROR_SSL || code == SSL_ERROR_SYSCALL)
        fail_ssl(c);
    flush(c); /* an alert, or the answer to a change of keys */
    if (rc > 0)
        return rc;
    if (code == SSL_ERROR_ZERO_RETURN)
        return CONN_END;
    return code == SSL_ERROR_WANT_READ ? CONN_AGAIN : CONN_FAILED;
}

static ssize_t tls_recv(struct conn *conn, void *to, size_t n)
{
    struct tls_conn *c = (struct tls_conn *)conn;
    if (c->why)
        return CONN_FAILED;
    ssize_t got = c->open ? read_some(c, to, n, false) : CONN_AGAIN;
    if (got == CONN_AGAIN)
        c->want_read = true;
    return got;
}

/* One record's worth from the parts, starting `skip` bytes in.  Gathered, so that a small header
 * and its payload travel in one record. */
static size_t gather(uint8_t record[RECORD], const struct iovec *iov, int count, size_t skip)
{
    size_t n = 0;
    for (int i = 0; i < count && n < RECORD; i++) {
        if (skip >= iov[i].iov_len) {
            skip -= iov[i].iov_len;
            continue;
        }
        size_t part = iov[i].iov_len - skip;
        part = part < RECORD - n ? part : RECORD - n;
        memcpy(record + n, (const uint8_t *)iov[i].iov_base + skip, part);
        n += part;
        skip = 0;
    }
    return n;
}

static ssize_t tls_sendv(struct conn *conn, const struct iovec *iov, int count)
{
    struct tls_conn *c = (struct tls_conn *)conn;
    uint8_t record[RECORD];
    size_t took = 0, given = 0;
    if (c->why || c->below_failed)
        return CONN_FAILED;
    for (int i = 0; i < count; i++)
        given += iov[i].iov_len;
    if (c->open)
        flush(c);
    while (c->open && took < given && buf_len(&c->out) == 0 && !c->below_failed) {
        size_t n = gather(record, iov, count, took);
        ERR_clear_error();
        if (SSL_write(c->ssl, record, (int)n) <= 0) {
            fail_ssl(c);
            return CONN_FAILED;
        }
        took += n;
        flush(c);
    }
    if (c->below_failed)
        return CONN_FAILED;
    if (took == given)
        return (ssize_t)took;
    c->want_write = true;
    return took > 0 ? (ssize_t)took : CONN_AGAIN;
}

static void tls_shut(struct conn *conn)
{
    struct tls_conn *c = (struct tls_conn *)conn;
    if (!c->open || c->shut || c->why)
        return;
    c->shut = true;
    ERR_clear_error();
    SSL_shutdown(c->ssl);
    flush(c);
}

static void tls_close(struct conn *conn)
{
    struct tls_conn *c = (struct tls_conn *)conn;
    if (!c->below_failed)
        tls_shut(conn);
    if (c->gone)
        *c->gone = true;
    timer_cancel(c->timer);
    conn_close(c->conn.below);
    SSL_free(c->ssl);
    buf_done(&c->out);
    tls_free(c->tls);
    if (c->judge)
        c->judge->free(c->judge);
    free(c->why);
    free(c->host);
    free(c->alpn);
    free(c);
}

static const struct conn_ops tls_ops = {
    .name = "tls", .recv = tls_recv, .sendv = tls_sendv, .close = tls_close, .shut = tls_shut};

/* Events.  Each returns false when the owner closed us in his callback. */

/* Tell the owner who waits for bytes, if there are some: what came may be half a record only. */
static bool offer_read(struct tls_conn *c)
{
    uint8_t byte;
    if (!c->want_read || c->why || read_some(c, &byte, 1, true) == CONN_AGAIN || c->why ||
        c->below_failed)
        return true;
    c->want_read = false;
    return raise_event(c, CONN_READABLE, NULL);
}

static bool offer_write(struct tls_conn *c)
{
    if (!c->want_write || c->why || c->below_failed || buf_len(&c->out) > 0)
        return true;
    c->want_write = false;
    return raise_event(c, CONN_WRITABLE, NULL);
}

static void shake(struct tls_conn *c)
{
    ERR_clear_error();
    int rc = SSL_do_handshake(c->ssl);
    int code = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, rc);
    if (rc != 1 && code != SSL_ERROR_WANT_READ)
        fail_ssl(c);
    flush(c); /* also the alert that says what we did not like */
    if (rc != 1)
        return;
    const unsigned char *alpn;
    unsigned alpn_len;
    SSL_get0_alpn_selected(c->ssl, &alpn, &alpn_len);
    if (alpn_len > 0)
        c->alpn = mem_strndup((const char *)alpn, alpn_len);
    c->open = true;
    c->want_read = true;
    timer_cancel(c->timer);
    c->timer = NULL;
    if (raise_event(c, CONN_OPEN, NULL) && offer_write(c))
        offer_read(c);
}

static void on_below(void *arg, enum conn_event ev, const struct why *why)
{
    struct tls_conn *c = arg;
    switch (ev) {
    case CONN_OPEN:
        c->conn.local = c->conn.below->local;
        break;
    case CONN_READABLE:
        break;
    case CONN_WRITABLE:
        flush(c);
        break;
    case CONN_CLOSED:
        c->below_failed = true;
        fail(c, why);
        return;
    }
    if (c->why || c->below_failed)
        return;
    if (!c->open)
        shake(c);
    else if (offer_read(c))
        offer_write(c);
}

static void on_deadline(void *arg)
{
    struct tls_conn *c = arg;
    struct why why;
    c->timer = NULL;
    why_set(&why, ERR_TIMEOUT, "TLS: no handshake in %d s", (int)(CONN_HANDSHAKE_US / SEC));
    fail(c, &why);
}

/* The first step, from the loop.  If the conn below is not open yet, this is answered by
 * CONN_AGAIN, and it will tell. */
static void on_begin(void *arg)
{
    struct tls_conn *c = arg;
    c->timer = timer_start(c->conn.loop, CONN_HANDSHAKE_US, on_deadline, c);
    shake(c);
}

static struct tls_conn *over(struct tls *t, struct conn *below, conn_cb *cb, void *arg)
{
    struct tls_conn *c = MEM_NEW(struct tls_conn);
    c->conn = (struct conn){.ops = &tls_ops,
                            .loop = below->loop,
                            .below = below,
                            .peer = below->peer,
                            .local = below->local};
    conn_watch(&c->conn, cb, arg);
    conn_watch(below, on_below, c);
    c->tls = t;
    t->users++;
    c->ssl = SSL_new(t->ctx);
    BIO *bio = BIO_new(t->bio);
    if (!c->ssl || !bio)
        abort(); /* out of memory, base/mem.h */
    BIO_set_data(bio, c);
    BIO_set_init(bio, 1);
    SSL_set_bio(c->ssl, bio, bio);
    X509_VERIFY_PARAM_set_time(SSL_get0_param(c->ssl),
                               (time_t)(loop_wall_us(below->loop) / (int64_t)SEC));
    c->timer = timer_start(below->loop, 0, on_begin, c);
    return c;
}

static void be_client(struct tls_conn *c)
{
    SSL_set_connect_state(c->ssl);
    if (c->tls->alpn_len > 0)
        SSL_set_alpn_protos(c->ssl, c->tls->alpn, c->tls->alpn_len);
}

struct conn *tls_dial(struct tls *t, struct conn *below, const char *host, conn_cb *cb, void *arg)
{
    struct tls_conn *c = over(t, below, cb, arg);
    X509_VERIFY_PARAM *param = SSL_get0_param(c->ssl);
    c->host = mem_strdup(host);
    be_client(c);
    /* RFC 6066 section 3: "Literal IPv4 and IPv6 addresses are not permitted" as server names. */
    bool named = X509_VERIFY_PARAM_set1_ip_asc(param, host) == 1;
    if (!named && *host)
        named = SSL_set1_host(c->ssl, host) == 1 && SSL_set_tlsext_host_name(c->ssl, host) == 1;
    if (!named) {
        struct why why;
        why_set(&why, ERR_INVALID, "TLS: \"%.80s\" is no host name", host);
        fail(c, &why);
    }
    return &c->conn;
}

struct conn *tls_accept(struct tls *t, struct conn *below, conn_cb *cb, void *arg)
{
    struct tls_conn *c = over(t, below, cb, arg);
    SSL_set_accept_state(c->ssl);
    return &c->conn;
}

static struct tls_conn *over_equal(struct tls *t, struct conn *below, struct tls_judge *j,
                                   conn_cb *cb, void *arg)
{
    struct tls_conn *c = over(t, below, cb, arg);
    assert(t->equal);
    c->judge = j;
    SSL_set_app_data(c->ssl, j); /* where tls_settings.c finds it */
    return c;
}

struct conn *tls_dial_equal(struct tls *t, struct conn *below, struct tls_judge *j, conn_cb *cb,
                            void *arg)
{
    struct tls_conn *c = over_equal(t, below, j, cb, arg);
    be_client(c);
    return &c->conn;
}

struct conn *tls_accept_equal(struct tls *t, struct conn *below, struct tls_judge *j, conn_cb *cb,
                              void *arg)
{
    struct tls_conn *c = over_equal(t, below, j, cb, arg);
    SSL_set_accept_state(c->ssl);
    return &c->conn;
}

struct tls_judge *tls_judge_of(const struct conn *conn)
{
    return conn->ops == &tls_ops ? ((const struct tls_conn *)conn)->judge : NULL;
}

const char *tls_alpn(const struct conn *conn)
{
    assert(conn->ops == &tls_ops);
    const struct tls_conn *c = (const struct tls_conn *)conn;
    return c->alpn ? c->alpn : "";
}
