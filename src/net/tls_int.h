/* net/tls_int.h - what tls.c (one conn) and tls_settings.c (what many share) share. */
#ifndef SHOAL_NET_TLS_INT_H
#define SHOAL_NET_TLS_INT_H

#include "crypto/openssl.h"
#include "net/tls.h"

#include <openssl/ssl.h>

enum {
    ALPN_MAX = 1024,          /* bytes of all names together */
    TLS_CERTS_MAX = 16 << 10, /* of an equal; OpenSSL would hold 100 KiB for a stranger */
};

struct tls {
    SSL_CTX *ctx;
    BIO_METHOD *bio;
    uint8_t alpn[ALPN_MAX]; /* as on the wire: length, name, length, name ... */
    unsigned alpn_len;
    bool equal;     /* tls_new_equal: the client's order counts */
    unsigned users; /* the maker, and each conn; tls_free takes one away */
};

/* How OpenSSL reaches the conn below, whose struct tls_conn is the BIO's data. */
BIO_METHOD *tls_bio_method(void);

/* What OpenSSL has to say of the call that just failed. */
const char *tls_words(void);

#endif
