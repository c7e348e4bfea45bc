/* tunnel/socksd_msg.h - what a program says to a local proxy before its bytes are raw: SOCKS5 (RFC
 * 1928, with RFC 1929's login) or HTTP's CONNECT (RFC 9110 section 9.3.6), on one port.
 *
 * Pure.  The owner puts what came into `in` and calls socksd_step() until it wants more; each call
 * eats whole messages and appends what is to be said to `out`.  The first byte tells the two apart:
 * 5, or a letter.  CONNECT alone of SOCKS' commands; names are not looked up here.
 *
 *     while ((step = socksd_step(&p, &in, &out)) == SOCKSD_AGAIN) ;
 *     SOCKSD_MORE     wait for bytes
 *     SOCKSD_READY    p.target is asked for; what is left in `in` is raw already
 *     SOCKSD_REFUSED  `out` says it; then the conversation is over
 *
 * A web page can make a browser send HTTP here, but only CONNECT is answered, which it cannot. */
#ifndef SHOAL_TUNNEL_SOCKSD_MSG_H
#define SHOAL_TUNNEL_SOCKSD_MSG_H

#include "tunnel/head_msg.h"

enum { SOCKSD_IN_MAX = 8 << 10 }; /* bytes of the longest message, an HTTP head */
enum socksd_step { SOCKSD_AGAIN, SOCKSD_MORE, SOCKSD_READY, SOCKSD_REFUSED };
enum socksd_state { SOCKSD_FIRST, SOCKSD_LOGIN, SOCKSD_REQUEST, SOCKSD_OVER };

struct socksd_talk {
    const char *user, *password; /* wanted; NULL: no login */
    enum socksd_state state;
    bool http;
    struct head_ask target;
    char words[80]; /* why it was refused */
};

/* One message, or none; p is zeroed at first, but for the login. */
enum socksd_step socksd_step(struct socksd_talk *p, struct buf *in, struct buf *out);

/* The last word of ours, after SOCKSD_READY: OK, or why it is not to be had. */
void socksd_put_result(const struct socksd_talk *p, const struct why *why, struct buf *out);

#endif
