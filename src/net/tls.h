/* net/tls.h - TLS over any conn, as client or as server.
 *
 * A filter (net/conn.h) by OpenSSL, TLS 1.2 and 1.3.  A struct tls holds the settings for any
 * number of conns: whom to trust, or who we are, and the application protocols (ALPN).
 *
 *     struct tls *t = tls_new_client(NULL, NULL, &why);
 *     struct conn *c = tcp_dial(loop, &to, NULL, NULL, NULL);
 *     c = tls_dial(t, c, "tracker.example.org", on_event, peer);     CONN_OPEN: verified
 *
 * The other side's end is CONN_END only after its close_notify; a connection that stops without one
 * was cut, perhaps by somebody in between, and ends with CONN_CLOSED (RFC 8446 section 6.1).
 * conn_shut() says close_notify, and reading goes on.  The certificate's dates are judged by
 * loop_wall_us().  What conn_sendv has taken may wait in one record's room until the conn below
 * takes it: who must know that it left shuts and reads up to CONN_END before closing. */
#ifndef SHOAL_NET_TLS_H
#define SHOAL_NET_TLS_H

#include "base/cur.h"
#include "net/conn.h"

#include <stdbool.h>

struct tls;

/* Settings of a client.  ca_pem: trust the certificates in this PEM text and no others; NULL: the
 * system's trust store.  alpn: names in the order of preference, NULL-terminated, each of 1 to 255
 * bytes; or NULL. */
struct tls *tls_new_client(const char *ca_pem, const char *const *alpn, struct why *why);

/* Settings of a server: its certificate, followed by those that vouch for it, and its key, as PEM
 * text; or the files that hold them. */
struct tls *tls_new_server(const char *cert_pem, const char *key_pem, const char *const *alpn,
                           struct why *why);
struct tls *tls_load_server(const char *cert_path, const char *key_path, const char *const *alpn,
                            struct why *why);

/* Conns made from it live on.  NULL: nothing. */
void tls_free(struct tls *t);

/* TLS over `below`, which it takes, open or not yet.  host: the name or IP address that the
 * server's certificate must be for.  Never NULL: what fails is told by CONN_CLOSED. */
struct conn *tls_dial(struct tls *t, struct conn *below, const char *host, conn_cb *cb, void *arg);
struct conn *tls_accept(struct tls *t, struct conn *below, conn_cb *cb, void *arg);

/* --- between equals ---------------------------------------------------------------------------
 *
 * Both sides show one certificate, nobody vouches for it, and who made the conn judges it: TLS 1.3
 * alone, no server name.  The client's order of application protocols counts. */

struct tls_judge {
    /* The other side's certificate in DER, valid during the call, before CONN_OPEN: OK, or why it
     * is refused, which CONN_CLOSED then tells. */
    enum err (*judge)(struct tls_judge *j, struct cur cert, struct why *why);
    void (*free)(struct tls_judge *j);
    struct why refused; /* set by the conn */
};

/* Settings of both sides: the certificate and its private key, as DER. */
struct tls *tls_new_equal(struct cur cert, struct cur key, const char *const *alpn,
                          struct why *why);

/* As tls_dial() and tls_accept(); take the judge, which lives as long as the conn. */
struct conn *tls_dial_equal(struct tls *t, struct conn *below, struct tls_judge *j, conn_cb *cb,
                            void *arg);
struct conn *tls_accept_equal(struct tls *t, struct conn *below, struct tls_judge *j, conn_cb *cb,
                              void *arg);
/* NULL where c is no such conn. */
struct tls_judge *tls_judge_of(const struct conn *c);
/* Whether the handshake is done: before, what the judge has seen is not proven. */
bool tls_is_open(const struct conn *c);

/* The application protocol agreed on, once open; "" for none. */
const char *tls_alpn(const struct conn *c);

#endif
