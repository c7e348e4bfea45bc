/* files/find/trackers.h - one torrent's trackers: who is asked when, and what they said.
 *
 * Tiers as BEP 12 says: within a tier one after the other, shuffled once, the one that answered
 * moves to the front; all tiers are tried until one answers (and, as current clients do, each tier
 * is announced to).  HTTP(S) through net/http.h, UDP through one net/udp.h socket per node
 * (struct tracker_udp, shared by all torrents) with BEP 15's time-outs, 15 * 2^n s; n ends at 2, so
 * that a dead tracker does not keep its tier from the next one for the two hours to n = 8.  A
 * failure is retried with a growing pause (30 s to 30 min).  Nobody is asked more often than its
 * interval, except at start, completion and stop, and by hand, nor before the time that it named
 * when it refused (BEP 31). */
#ifndef SHOAL_FILES_FIND_TRACKERS_H
#define SHOAL_FILES_FIND_TRACKERS_H

#include "base/log.h"
#include "files/find/tracker_msg.h"
#include "files/meta/metainfo.h"
#include "net/loop.h"

#include <jansson.h>

/* The node's UDP tracker sockets, one a family, made when first needed.  from: the local address,
 * or NULL for any; with one, trackers of the other family are not reached at all. */
struct tracker_udp;
struct tracker_udp *tracker_udp_new(struct loop *loop, const struct addr *from);
void tracker_udp_free(struct tracker_udp *u); /* after all trackers_free; NULL: nothing */

struct trackers;
struct trackers_cfg {
    struct loop *loop;
    const struct log *log;
    struct tracker_udp *udp;
    const char *from_ip;           /* local address for HTTP, or NULL */
    bool both;                     /* we are reached by both families: each is announced (BEP 7) */
    const struct mi_tracker *urls; /* copied */
    size_t url_count;
    /* Fill in what is announced: everything but event, want and key. */
    void (*fill)(void *arg, struct tracker_announce *a);
    /* Peers came (also 0 of them).  trackers_free is allowed in it. */
    void (*peers)(void *arg, const struct addr *peers, size_t n);
    void *arg;
};
struct trackers *trackers_new(const struct trackers_cfg *cfg);
void trackers_start(struct trackers *t);         /* announces `started`; also after a stop */
bool trackers_running(const struct trackers *t); /* started, and not stopped since */
void trackers_completed(struct trackers *t);     /* once, when the last piece came */
void trackers_announce(struct trackers *t); /* now, if 30 s have passed since the last (by hand) */
void trackers_add(struct trackers *t, const char *url, unsigned tier);
/* Announce `stopped` to those who heard `started`; done comes when all answered or after 3 s.
 * Called again, or trackers_start(), while that runs: the earlier `done` does not come. */
void trackers_stop(struct trackers *t, void (*done)(void *arg), void *arg);
void trackers_free(struct trackers *t);

/* Ask all of them for their numbers alone (BEP 15, 48), each at most once in TRACKERS_SCRAPE_S;
 * also while nothing is announced.  By itself it comes after an announce, every half hour. */
enum { TRACKERS_SCRAPE_S = 60, TRACKERS_SCRAPE_USUAL_S = 30 * 60 };
void trackers_scrape(struct trackers *t);

/* [{"url","tier","state":"idle|asking|working|failed","error","seeders","leechers","downloaded",
 * "next_s"}]; next_s is null for one that others of its tier come before; downloaded is null before
 * the first scrape. */
json_t *trackers_status(const struct trackers *t, uint64_t now_us);

#endif
