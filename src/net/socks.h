/* net/socks.h - a conn through a SOCKS5 proxy (RFC 1928), and datagrams through one.
 *
 * A filter: below it is a conn to the proxy, above it one to whom we asked for.  Names are looked
 * up by the proxy, never here.  With a proxy nothing goes directly: when it is gone, dials fail. */
#ifndef SHOAL_NET_SOCKS_H
#define SHOAL_NET_SOCKS_H

#include "net/conn.h"

/* Its owner keeps it as long as anything goes through it. */
struct socks {
    struct addr at;
    const char *user, *password; /* user NULL: no login */
};

/* host: a name for the proxy to look up, with to->port; NULL: to. */
struct conn *socks_dial(struct loop *loop, const struct socks *proxy, const char *host,
                        const struct addr *to, conn_cb *cb, void *arg);
/* The same over a conn to the proxy, which it takes. */
struct conn *socks_over(struct conn *below, const struct socks *proxy, const char *host,
                        const struct addr *to, conn_cb *cb, void *arg);

/* UDP ASSOCIATE (RFC 1928 section 7): while a conn to the proxy stands, datagrams pass.  It is made
 * again by itself, after SOCKS_AGAIN_US; what is sent meanwhile is lost, as the net may lose it. */
#define SOCKS_AGAIN_US (5 * SEC)
struct socks_udp;
typedef void socks_udp_cb(void *arg, const struct addr *from, const uint8_t *bytes, size_t n);
struct socks_udp *socks_udp_open(struct loop *loop, const struct socks *proxy, socks_udp_cb *cb,
                                 void *arg);
/* host as in socks_dial(). */
void socks_udp_send(struct socks_udp *u, const char *host, const struct addr *to, const void *bytes,
                    size_t n);
bool socks_udp_is_up(const struct socks_udp *u);
void socks_udp_close(struct socks_udp *u); /* allowed in cb; NULL: nothing */

#endif
