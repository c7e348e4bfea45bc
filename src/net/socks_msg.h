/* net/socks_msg.h - what is said to a SOCKS5 proxy, and what it answers (RFC 1928, RFC 1929).
 *
 * Pure.  The readers take what has come so far and say how much of it was a message: 0 when more
 * bytes are needed, SOCKS_BAD when it never will be one. */
#ifndef SHOAL_NET_SOCKS_MSG_H
#define SHOAL_NET_SOCKS_MSG_H

#include "base/buf.h"
#include "net/addr.h"

enum { SOCKS_BAD = -1 };
enum {
    SOCKS_NAME_MAX = 255,  /* bytes of a host's name, a user's name, a password */
    SOCKS_REPLY_MAX = 262, /* bytes of the longest reply, and of what is put before a datagram */
};
enum socks_method { SOCKS_OPEN = 0, SOCKS_LOGIN = 2, SOCKS_NONE = 0xff };
enum socks_command { SOCKS_CONNECT = 1, SOCKS_UDP = 3 };

/* Section 3: the ways to log in that we have. */
void socks_put_hello(struct buf *out, bool login);
int socks_read_choice(struct cur in, enum socks_method *method, struct why *why);

/* RFC 1929 section 2; both of at most SOCKS_NAME_MAX bytes. */
void socks_put_login(struct buf *out, const char *user, const char *password);
int socks_read_login(struct cur in, struct why *why);

/* Section 4; host: a name that the proxy looks up (at most SOCKS_NAME_MAX bytes), or NULL: to's
 * address.  The port is to's either way. */
void socks_put_request(struct buf *out, enum socks_command command, const char *host,
                       const struct addr *to);
/* Section 6.  bound: what the proxy listens or dials from; ADDR_NONE when it gave a name. SOCKS_BAD
 * with the proxy's reason when it refused. */
int socks_read_reply(struct cur in, struct addr *bound, struct why *why);

/* Section 7: the head in front of each datagram.  A fragment, or one from a name, is false. */
void socks_put_udp(struct buf *out, const char *host, const struct addr *to);
bool socks_read_udp(struct cur *in, struct addr *from);

#endif
