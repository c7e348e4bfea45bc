/* files/find/tracker_msg.h - what is said to trackers: HTTP (BEP 3, 7, 23) and UDP (BEP 15, 41).
 * Pure.
 */
#ifndef SHOAL_FILES_FIND_TRACKER_MSG_H
#define SHOAL_FILES_FIND_TRACKER_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"
#include "crypto/sha1.h"
#include "net/addr.h"

#include <stdbool.h>

enum {
    TRACKER_PEERS_MAX = 200,           /* taken from one answer; the rest is passed over */
    TRACKER_ANSWER_MAX = 256 * 1024,   /* bytes of an HTTP answer */
    TRACKER_INTERVAL_MIN_S = 30,       /* what an answer's interval is raised to */
    TRACKER_INTERVAL_MAX_S = 2 * 3600, /* and lowered to */
    TRACKER_INTERVAL_DEFAULT_S = 1800,
    TRACKER_RETRY_MAX_S = 24 * 3600, /* what a refusal's "retry in" is lowered to */
};

enum tracker_event {
    TRACKER_NONE,
    TRACKER_COMPLETED,
    TRACKER_STARTED,
    TRACKER_STOPPED
}; /* BEP 15 */

#define TRACKER_RETRY_NEVER UINT32_MAX

struct tracker_announce {
    uint8_t infohash[SHA1_LEN];
    uint8_t peer_id[20];
    uint64_t downloaded, uploaded, left; /* bytes */
    enum tracker_event event;
    uint32_t key;  /* random, the same for all announces of this run */
    uint32_t want; /* peers; 0: none (at stop) */
    uint16_t port;
    bool scrape; /* only the numbers are asked for (BEP 48); of the rest infohash alone is told */
    /* Addresses of ours that the tracker may not see, since the announce goes by the other family
     * (BEP 7); ADDR_NONE: not told. */
    struct addr ipv4, ipv6;
};

struct tracker_answer {
    uint32_t interval_s; /* within the limits above */
    uint32_t seeders, leechers;
    uint32_t downloaded; /* of a scrape: how many had it all, ever */
    uint32_t retry_s;    /* of a refusal: not before that (BEP 31); 0: not said */
    char failure[200];   /* the tracker's own words (made valid UTF-8), "" when it agreed */
    char tracker_id[64]; /* HTTP: to be sent back; "" */
    struct addr peers[TRACKER_PEERS_MAX];
    size_t peer_count;
};

/* The URL to get; appended to out.  url may have a query already.  tracker_id may be "". */
void tracker_put_http(struct buf *out, const char *url, const struct tracker_announce *a,
                      const char *tracker_id);
/* The same for a scrape.  ERR_INVALID: by BEP 48 this URL has none, since what follows its last '/'
 * does not begin with "announce". */
MUST_CHECK enum err tracker_put_http_scrape(struct buf *out, const char *url,
                                            const uint8_t infohash[SHA1_LEN], struct why *why);
/* The numbers of this torrent alone; ERR_NOT_FOUND: the answer has none. */
MUST_CHECK enum err tracker_read_http_scrape(struct cur body, const uint8_t infohash[SHA1_LEN],
                                             struct tracker_answer *out, struct why *why);
/* Compact (BEP 23, and peers6 of BEP 7) or a list of dictionaries. */
MUST_CHECK enum err tracker_read_http(struct cur body, struct tracker_answer *out, struct why *why);

/* "udp://host:port/path?query": host and port, and the rest for BEP 41 (NULL: none). */
MUST_CHECK enum err tracker_split_udp(const char *url, char *host, size_t cap, uint16_t *port,
                                      const char **url_data, struct why *why);
void tracker_put_udp_connect(struct buf *b, uint32_t transaction);
void tracker_put_udp_announce(struct buf *b, uint64_t connection, uint32_t transaction,
                              const struct tracker_announce *a, const char *url_data);
void tracker_put_udp_scrape(struct buf *b, uint64_t connection, uint32_t transaction,
                            const uint8_t infohash[SHA1_LEN]);

/* An answer that has our transaction; others are ERR_NOT_FOUND (stray: go on waiting). */
enum tracker_udp_action {
    TRACKER_UDP_CONNECT,
    TRACKER_UDP_ANNOUNCE,
    TRACKER_UDP_SCRAPE,
    TRACKER_UDP_ERROR
};
struct tracker_udp_answer {
    enum tracker_udp_action action;
    uint64_t connection;            /* CONNECT */
    struct tracker_answer announce; /* ANNOUNCE; SCRAPE: the numbers; ERROR: failure */
};
MUST_CHECK enum err tracker_read_udp(struct cur packet, uint32_t transaction, bool v6,
                                     struct tracker_udp_answer *out, struct why *why);

#endif
