/* TLS 1.3 inside of QUIC, by GnuTLS, with libp2p's certificate both ways (libp2p/specs tls/tls.md).
 */
#include "base/mem.h"
#include "crypto/wipe.h"
#include "host/quic/quic_in.h"
#include "host/secure/tls_cert.h"

#include <ngtcp2/ngtcp2_crypto_gnutls.h>
#include <string.h>

static const char PRIORITY[] =
    "NORMAL:-VERS-ALL:+VERS-TLS1.3:-CIPHER-ALL:+AES-128-GCM:+AES-256-GCM:+CHACHA20-POLY1305:"
    "-GROUP-ALL:+GROUP-X25519:+GROUP-SECP256R1:+GROUP-SECP384R1:%DISABLE_TLS13_COMPAT_MODE";

static ngtcp2_conn *conn_of(ngtcp2_crypto_conn_ref *ref)
{
    return ((struct quic_conn *)ref->user_data)->nc;
}

/* "The certificate chain [...] MUST contain exactly one certificate." */
static enum err judge(struct quic_conn *c, gnutls_session_t session)
{
    unsigned n = 0;
    struct pubkey who;
    char want[PEER_ID_FORMAT], got[PEER_ID_FORMAT];
    const gnutls_datum_t *certs = gnutls_certificate_get_peers(session, &n);
    if (!certs || n != 1)
        return why_set(&c->refusal, ERR_INVALID, "it shows %u certificates, where one belongs", n);
    int64_t now_s = loop_wall_us(c->mux.loop) / (int64_t)SEC;
    enum err e = tls_cert_read(cur_of(certs[0].data, certs[0].size), now_s, &who, &c->refusal);
    if (e != OK)
        return e;
    struct peer_id peer;
    peer_id_of_key(&who, &peer);
    if (c->expected.len > 0 && !peer_id_equal(&c->expected, &peer))
        return why_set(&c->refusal, ERR_DENIED, "it is %s, not %s", peer_id_format(&peer, got),
                       peer_id_format(&c->expected, want));
    c->peer = peer;
    return OK;
}

/* That they hold its key, GnuTLS finds out after this. */
static int on_certificate(gnutls_session_t session)
{
    ngtcp2_crypto_conn_ref *ref = gnutls_session_get_ptr(session);
    return judge(ref->user_data, session) == OK ? 0 : GNUTLS_E_CERTIFICATE_ERROR;
}

bool quic_tls_start(struct quic_conn *c)
{
    static const char name[] = TLS_CERT_ALPN;
    const gnutls_datum_t alpn = {(unsigned char *)(uintptr_t)name, sizeof name - 1};
    unsigned flags = (c->client ? GNUTLS_CLIENT : GNUTLS_SERVER) | GNUTLS_NO_TICKETS |
                     GNUTLS_NO_AUTO_SEND_TICKET;
    if (gnutls_init(&c->tls, flags) != 0) {
        c->tls = NULL;
        return false;
    }
    c->ref = (ngtcp2_crypto_conn_ref){conn_of, c};
    gnutls_session_set_ptr(c->tls, &c->ref);
    if (!c->client)
        gnutls_certificate_server_set_request(c->tls, GNUTLS_CERT_REQUIRE);
    return (c->client ? ngtcp2_crypto_gnutls_configure_client_session(c->tls)
                      : ngtcp2_crypto_gnutls_configure_server_session(c->tls)) == 0 &&
           gnutls_priority_set_direct(c->tls, PRIORITY, NULL) == 0 &&
           gnutls_credentials_set(c->tls, GNUTLS_CRD_CERTIFICATE, c->self->cred) == 0 &&
           gnutls_alpn_set_protocols(c->tls, &alpn, 1, GNUTLS_ALPN_MANDATORY) == 0;
}

static gnutls_datum_t datum(const struct buf *b)
{
    return (gnutls_datum_t){buf_bytes(b), (unsigned)buf_len(b)};
}

struct quic_self *quic_self_new(struct loop *loop, const struct keys *keys, struct why *why)
{
    struct quic_self *self = MEM_NEW(struct quic_self);
    struct buf cert = {0}, key = {0};
    struct pubkey who;
    self->loop = loop;
    loop_random(loop, self->secret, sizeof self->secret);
    pubkey_of_ed25519(&who, keys_peer_public(keys));
    peer_id_of_key(&who, &self->id);
    tls_cert_make(keys, loop_random_u64(loop), &cert, &key);
    gnutls_datum_t cert_der = datum(&cert), key_der = datum(&key);
    int rv = gnutls_certificate_allocate_credentials(&self->cred);
    if (rv == 0)
        rv = gnutls_certificate_set_x509_key_mem(self->cred, &cert_der, &key_der,
                                                 GNUTLS_X509_FMT_DER);
    wipe(buf_bytes(&key), buf_len(&key));
    buf_done(&cert);
    buf_done(&key);
    if (rv < 0) {
        why_set(why, ERR_STATE, "quic: the certificate: %s", gnutls_strerror(rv));
        quic_self_free(self);
        return NULL;
    }
    gnutls_certificate_set_verify_function(self->cred, on_certificate);
    return self;
}

void quic_self_free(struct quic_self *self)
{
    if (!self)
        return;
    if (self->cred)
        gnutls_certificate_free_credentials(self->cred);
    wipe(self->secret, sizeof self->secret);
    free(self);
}
