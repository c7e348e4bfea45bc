#include "net/tls_int.h"

#include "base/mem.h"

#include <openssl/pem.h>
#include <string.h>

const char *tls_words(void)
{
    unsigned long error = ERR_peek_error();
    const char *words = ERR_SYSTEM_ERROR(error) ? strerrordesc_np(ERR_GET_REASON(error))
                                                : ERR_reason_error_string(error);
    return words ? words : "unknown error";
}

void tls_free(struct tls *t)
{
    if (!t || --t->users > 0)
        return;
    SSL_CTX_free(t->ctx);
    BIO_meth_free(t->bio);
    free(t);
}

static enum err set_alpn(struct tls *t, const char *const *names, struct why *why)
{
    for (size_t i = 0; names && names[i]; i++) {
        size_t n = strlen(names[i]);
        if (n == 0 || n > 255 || t->alpn_len + 1 + n > sizeof t->alpn)
            return why_set(why, ERR_LIMIT, "ALPN: a name of %zu bytes", n);
        t->alpn[t->alpn_len++] = (uint8_t)n;
        memcpy(t->alpn + t->alpn_len, names[i], n);
        t->alpn_len += (unsigned)n;
    }
    return OK;
}

/* The first of ours that the client has offered, or, between equals, of its own; without one the
 * handshake ends (RFC 7301 section 3.2: "no_application_protocol"). */
static int choose_alpn(SSL *ssl, const unsigned char **out, unsigned char *out_len,
                       const unsigned char *offered, unsigned offered_len, void *arg)
{
    const struct tls *t = arg;
    unsigned char *chosen;
    (void)ssl;
    int found =
        t->equal
            ? SSL_select_next_proto(&chosen, out_len, offered, offered_len, t->alpn, t->alpn_len)
            : SSL_select_next_proto(&chosen, out_len, t->alpn, t->alpn_len, offered, offered_len);
    if (found != OPENSSL_NPN_NEGOTIATED)
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    *out = chosen;
    return SSL_TLSEXT_ERR_OK;
}

static struct tls *tls_new(const char *const *alpn, struct why *why)
{
    struct tls *t = MEM_NEW(struct tls);
    t->users = 1;
    t->ctx = SSL_CTX_new(TLS_method());
    t->bio = tls_bio_method();
    if (!t->ctx || !t->bio)
        abort(); /* out of memory, base/mem.h */
    SSL_CTX_set_min_proto_version(t->ctx, TLS1_2_VERSION);
    SSL_CTX_set_options(t->ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
    SSL_CTX_set_mode(t->ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_read_ahead(t->ctx, 1); /* not two reads below for each record */
    SSL_CTX_set_session_cache_mode(t->ctx, SSL_SESS_CACHE_OFF);
    SSL_CTX_set_num_tickets(t->ctx, 0);
    if (set_alpn(t, alpn, why) == OK)
        return t;
    tls_free(t);
    return NULL;
}

/* A passphrase cannot be asked for. */
static int no_passphrase(char *buf, int size, int writing, void *arg)
{
    (void)buf;
    (void)size;
    (void)writing;
    (void)arg;
    return -1;
}

static bool trust(struct tls *t, BIO *pem)
{
    X509_STORE *store = SSL_CTX_get_cert_store(t->ctx);
    unsigned count = 0;
    for (X509 *x; (x = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL)); count++) {
        X509_STORE_add_cert(store, x);
        X509_free(x);
    }
    return count > 0;
}

struct tls *tls_new_client(const char *ca_pem, const char *const *alpn, struct why *why)
{
    struct tls *t = tls_new(alpn, why);
    if (!t)
        return NULL;
    ERR_clear_error();
    SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER, NULL);
    BIO *pem = ca_pem ? BIO_new_mem_buf(ca_pem, -1) : NULL;
    bool trusted = ca_pem ? trust(t, pem) : SSL_CTX_set_default_verify_paths(t->ctx) == 1;
    BIO_free(pem);
    ERR_clear_error(); /* the end of the PEM text is an error to OpenSSL */
    if (trusted)
        return t;
    why_set(why, ERR_INVALID, "TLS: no certificates to trust");
    tls_free(t);
    return NULL;
}

/* The first certificate is our own; the others are sent with it. */
static bool use_certs(struct tls *t, BIO *pem)
{
    X509 *own = pem ? PEM_read_bio_X509(pem, NULL, no_passphrase, NULL) : NULL;
    bool good = own && SSL_CTX_use_certificate(t->ctx, own) == 1;
    X509_free(own);
    for (X509 *x; good && (x = PEM_read_bio_X509(pem, NULL, no_passphrase, NULL));)
        good = SSL_CTX_add0_chain_cert(t->ctx, x) == 1;
    if (good)
        ERR_clear_error();
    return good;
}

static bool use_key(struct tls *t, BIO *pem)
{
    EVP_PKEY *key = pem ? PEM_read_bio_PrivateKey(pem, NULL, no_passphrase, NULL) : NULL;
    bool good =
        key && SSL_CTX_use_PrivateKey(t->ctx, key) == 1 && SSL_CTX_check_private_key(t->ctx) == 1;
    EVP_PKEY_free(key);
    return good;
}

static bool use_key_der(struct tls *t, struct cur der)
{
    const unsigned char *p = der.p;
    EVP_PKEY *key = d2i_AutoPrivateKey(NULL, &p, (long)der.n);
    bool good =
        key && SSL_CTX_use_PrivateKey(t->ctx, key) == 1 && SSL_CTX_check_private_key(t->ctx) == 1;
    EVP_PKEY_free(key);
    return good;
}

/* Takes both BIOs, which may be NULL (OpenSSL then has the reason). */
static struct tls *new_server(BIO *cert, BIO *key, const char *const *alpn, struct why *why)
{
    struct tls *t = tls_new(alpn, why);
    if (t && !(use_certs(t, cert) && use_key(t, key))) {
        why_set(why, ERR_INVALID, "TLS: certificate and key: %s", tls_words());
        tls_free(t);
        t = NULL;
    }
    if (t && t->alpn_len > 0)
        SSL_CTX_set_alpn_select_cb(t->ctx, choose_alpn, t);
    BIO_free(cert);
    BIO_free(key);
    return t;
}

struct tls *tls_new_server(const char *cert_pem, const char *key_pem, const char *const *alpn,
                           struct why *why)
{
    ERR_clear_error();
    return new_server(BIO_new_mem_buf(cert_pem, -1), BIO_new_mem_buf(key_pem, -1), alpn, why);
}

struct tls *tls_load_server(const char *cert_path, const char *key_path, const char *const *alpn,
                            struct why *why)
{
    ERR_clear_error();
    return new_server(BIO_new_file(cert_path, "r"), BIO_new_file(key_path, "r"), alpn, why);
}

/* In place of OpenSSL's own verification: `chain` holds what was sent, as it was sent. */
static int ask_judge(X509_STORE_CTX *chain, void *arg)
{
    const SSL *ssl = X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct tls_judge *j = SSL_get_app_data(ssl);
    unsigned char *der = NULL;
    int count = sk_X509_num(X509_STORE_CTX_get0_untrusted(chain));
    int n = i2d_X509(X509_STORE_CTX_get0_cert(chain), &der);
    struct why *why = &j->refused;
    (void)arg;
    if (count != 1)
        why_set(why, ERR_INVALID, "TLS: %d certificates, where one belongs", count);
    else if (n <= 0)
        why_set(why, ERR_INVALID, "TLS: no certificate");
    else
        why->code = j->judge(j, cur_of(der, (size_t)n), why);
    OPENSSL_free(der);
    if (why->code == OK)
        return 1;
    X509_STORE_CTX_set_error(chain, X509_V_ERR_APPLICATION_VERIFICATION);
    return 0;
}

struct tls *tls_new_equal(struct cur cert, struct cur key, const char *const *alpn, struct why *why)
{
    struct tls *t = tls_new(alpn, why);
    if (!t)
        return NULL;
    t->equal = true;
    ERR_clear_error();
    SSL_CTX_set_min_proto_version(t->ctx, TLS1_3_VERSION);
    SSL_CTX_set_verify(t->ctx, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(t->ctx, ask_judge, NULL);
    SSL_CTX_set_max_cert_list(t->ctx, TLS_CERTS_MAX);
    if (t->alpn_len > 0)
        SSL_CTX_set_alpn_select_cb(t->ctx, choose_alpn, t);
    if (SSL_CTX_use_certificate_ASN1(t->ctx, (int)cert.n, cert.p) == 1 && use_key_der(t, key))
        return t;
    why_set(why, ERR_INVALID, "TLS: certificate and key: %s", tls_words());
    tls_free(t);
    return NULL;
}
