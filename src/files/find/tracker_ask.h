/* files/find/tracker_ask.h - one announce or scrape to one tracker: over HTTP or over UDP.
 *
 * The contract of net/loop.h: start gives a handle; done comes once, later; cancel means silence.
 * done gets the answer (whose `failure` may say that the tracker refused), or NULL and why none
 * came.  Neither believes a torrent's maker in what a request may reach: see each start. */
#ifndef SHOAL_FILES_FIND_TRACKER_ASK_H
#define SHOAL_FILES_FIND_TRACKER_ASK_H

#include "files/find/tracker_msg.h"
#include "files/find/trackers.h"
#include "net/loop.h"

typedef void tracker_ask_cb(void *arg, const struct tracker_answer *a, const struct why *why);

/* How it goes out. */
struct tracker_way {
    const char *from_ip;     /* HTTP: local address to come from; NULL: any */
    enum addr_family family; /* only by this one; ADDR_NONE: by any */
};

/* Over HTTP.  Where the request would go to this machine or a private address, by the URL's words,
 * by what its name leads to or by a redirect, the path must begin with "/announce" or "/scrape":
 * else any torrent could make us call whatever else listens there; and nobody may redirect there
 * who is not there himself.  way is copied as far as it matters; NULL: any. */
struct tracker_http;
struct tracker_http *tracker_http_start(struct loop *loop, const struct tracker_way *way,
                                        const char *url, const struct tracker_announce *a,
                                        const char *tracker_id, tracker_ask_cb *done, void *arg);
void tracker_http_cancel(struct tracker_http *h); /* NULL: nothing */

enum {
    TRACKER_HTTP_TIMEOUT_S = 30,
    TRACKER_UDP_TIMEOUT_S = 15, /* BEP 15: "15 * 2 ^ n seconds" */
    TRACKER_UDP_STOP_S = 1,     /* the same for `stopped`, which nobody waits for long */
    TRACKER_UDP_TRIES = 3,      /* n to 2; then it has failed, and is tried again as such */
};

/* Over UDP.  Each try goes to the next of the tracker's addresses of that family (ADDR_NONE: of
 * any) that u's socket can reach. */
struct tracker_udp_ask;
struct tracker_udp_ask *tracker_udp_start(struct tracker_udp *u, const char *url,
                                          enum addr_family family, const struct tracker_announce *a,
                                          tracker_ask_cb *done, void *arg);
void tracker_udp_cancel(struct tracker_udp_ask *a); /* NULL: nothing */

#endif
