#include "net/tls.h"

#include "base/mem.h"
#include "net/filter.h"
#include "net/tls_int.h"

#include <assert.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

enum {
    RECORD = 16384,       /* plaintext of one record, RFC 8446 section 5.1 */
    OUT_MAX = 4 * RECORD, /* more to send, and nothing is read: nobody makes us answer for ever */
};

struct tls_conn {
    struct filter f;
    struct tls *tls;
    SSL *ssl;
    char *host;              /* whom we dialled; NULL: an equal */
    struct tls_judge *judge; /* of equals */
    char *alpn;              /* agreed on; NULL: none */
};

/* What OpenSSL reads from and writes to.  Writing always succeeds, into `out`: OpenSSL would
 * otherwise insist on the same bytes at the next SSL_write, which conn_sendv does not promise. */

static int bio_write(BIO *b, const char *bytes, int n)
{
    struct tls_conn *c = BIO_get_data(b);
    buf_put(&c->f.out, bytes, (size_t)n);
    return n;
}

static int bio_read(BIO *b, char *to, int n)
{
    struct tls_conn *c = BIO_get_data(b);
    BIO_clear_retry_flags(b);
    if (n <= 0)
        return 0;
    ssize_t got = CONN_AGAIN;
    if (buf_len(&c->f.out) < OUT_MAX) /* else CONN_WRITABLE below brings us back */
        got = filter_pull(&c->f, to, (size_t)n);
    if (got > 0)
        return (int)got;
    if (got == CONN_AGAIN)
        BIO_set_retry_read(b);
    return got == CONN_END ? 0 : -1;
}

static long bio_ctrl(BIO *b, int cmd, long num, void *ptr)
{
    const struct tls_conn *c = BIO_get_data(b);
    (void)num;
    (void)ptr;
    if (cmd == BIO_CTRL_EOF)
        return c->f.below_ended;
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

/* Say why OpenSSL gave up.  Where the conn below failed, its own CONN_CLOSED has the reason. */
static void fail_ssl(struct tls_conn *c)
{
    struct why why;
    unsigned long error = ERR_peek_error();
    long verdict = SSL_get_verify_result(c->ssl);
    if (c->f.below_failed)
        return;
    if (c->judge && c->judge->refused.code != OK)
        why = c->judge->refused;
    else if (c->host && !c->f.open && verdict != X509_V_OK)
        why_set(&why, ERR_DENIED, "the certificate of %.100s is refused: %s", c->host,
                X509_verify_cert_error_string(verdict));
    else if (ERR_GET_REASON(error) == SSL_R_UNEXPECTED_EOF_WHILE_READING)
        why_set(&why, ERR_CLOSED, "TLS: cut off %s",
                c->f.open ? "without a goodbye" : "during the handshake");
    else
        why_set(&why, ERR_INVALID, "TLS: %s", tls_words());
    filter_fail(&c->f, &why);
}

/* The hooks of a filter. */

static void shake(struct filter *f)
{
    struct tls_conn *c = (struct tls_conn *)f;
    ERR_clear_error();
    int rc = SSL_do_handshake(c->ssl);
    int code = rc == 1 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, rc);
    if (rc != 1) {
        if (code != SSL_ERROR_WANT_READ)
            fail_ssl(c);
        return;
    }
    const unsigned char *alpn;
    unsigned alpn_len;
    SSL_get0_alpn_selected(c->ssl, &alpn, &alpn_len);
    if (alpn_len > 0)
        c->alpn = mem_strndup((const char *)alpn, alpn_len);
    filter_open(f);
}

static ssize_t read_record(struct filter *f)
{
    struct tls_conn *c = (struct tls_conn *)f;
    uint8_t record[RECORD];
    ERR_clear_error();
    int rc = SSL_read(c->ssl, record, sizeof record);
    int code = rc > 0 ? SSL_ERROR_NONE : SSL_get_error(c->ssl, rc);
    if (rc > 0) {
        buf_put(&f->in, record, (size_t)rc);
        return rc;
    }
    if (code == SSL_ERROR_ZERO_RETURN)
        return CONN_END;
    if (code == SSL_ERROR_WANT_READ)
        return CONN_AGAIN;
    fail_ssl(c);
    return CONN_FAILED;
}

static size_t write_record(struct filter *f, const uint8_t *bytes, size_t n)
{
    struct tls_conn *c = (struct tls_conn *)f;
    ERR_clear_error();
    if (SSL_write(c->ssl, bytes, (int)n) > 0)
        return n;
    fail_ssl(c);
    return 0;
}

static void say_close_notify(struct filter *f)
{
    struct tls_conn *c = (struct tls_conn *)f;
    ERR_clear_error();
    SSL_shutdown(c->ssl);
}

static void done(struct filter *f)
{
    struct tls_conn *c = (struct tls_conn *)f;
    SSL_free(c->ssl);
    tls_free(c->tls);
    if (c->judge)
        c->judge->free(c->judge);
    free(c->host);
    free(c->alpn);
}

static const struct filter_ops ops = {
    .conn = FILTER_CONN("tls"),
    .shake = shake,
    .unwrap = read_record,
    .write = write_record,
    .chunk = RECORD,
    .bye = say_close_notify,
    .done = done,
};

static struct tls_conn *over(struct tls *t, struct conn *below, conn_cb *cb, void *arg)
{
    struct tls_conn *c = MEM_NEW(struct tls_conn);
    filter_init(&c->f, &ops, below, cb, arg);
    filter_deadline(&c->f, CONN_HANDSHAKE_US, "TLS: no handshake in 10 s");
    filter_begin(&c->f);
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
    if (!named)
        filter_fail_with(&c->f, ERR_INVALID, "TLS: \"%.80s\" is no host name", host);
    return &c->f.conn;
}

struct conn *tls_accept(struct tls *t, struct conn *below, conn_cb *cb, void *arg)
{
    struct tls_conn *c = over(t, below, cb, arg);
    SSL_set_accept_state(c->ssl);
    return &c->f.conn;
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
    return &c->f.conn;
}

struct conn *tls_accept_equal(struct tls *t, struct conn *below, struct tls_judge *j, conn_cb *cb,
                              void *arg)
{
    struct tls_conn *c = over_equal(t, below, j, cb, arg);
    SSL_set_accept_state(c->ssl);
    return &c->f.conn;
}

struct tls_judge *tls_judge_of(const struct conn *conn)
{
    return conn->ops == &ops.conn ? ((const struct tls_conn *)conn)->judge : NULL;
}

bool tls_is_open(const struct conn *conn)
{
    assert(conn->ops == &ops.conn);
    return ((const struct tls_conn *)conn)->f.open;
}

const char *tls_alpn(const struct conn *conn)
{
    assert(conn->ops == &ops.conn);
    const struct tls_conn *c = (const struct tls_conn *)conn;
    return c->alpn ? c->alpn : "";
}
