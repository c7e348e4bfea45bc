/* tests/support/udp_tracker.h - a small tracker over UDP (BEP 15, 41) for tests and simulations.
 *
 * It keeps the peers of each infohash and answers as trackers do, over net/udp.h, so on a real or
 * a simulated machine.  It shares no code with the client's codec: where both agree, both have read
 * the same specification.  Bounded: UDP_TRACKER_SWARMS, the one longest unheard of goes;
 * UDP_TRACKER_PEERS in each, likewise; peers unheard of for two intervals are forgotten. */
#ifndef SHOAL_TESTS_UDP_TRACKER_H
#define SHOAL_TESTS_UDP_TRACKER_H

#include "net/loop.h"

#include <stdbool.h>

enum { UDP_TRACKER_SWARMS = 64, UDP_TRACKER_PEERS = 512, UDP_TRACKER_TOLD = 100 };

struct udp_tracker;

/* Listens at `at`; NULL and a reason when that cannot be.  interval_s: what clients are told. */
struct udp_tracker *udp_tracker_open(struct loop *loop, const struct addr *at, uint32_t interval_s,
                                     struct why *why);
void udp_tracker_close(struct udp_tracker *t); /* NULL: nothing */
struct addr udp_tracker_addr(const struct udp_tracker *t);

/* Misbehave: say nothing at all; refuse with these words (NULL: serve; not copied); forget the
 * connection ids that were given, as a tracker that was restarted does. */
void udp_tracker_mute(struct udp_tracker *t, bool mute);
void udp_tracker_refuse(struct udp_tracker *t, const char *words);
void udp_tracker_forget_connections(struct udp_tracker *t);

/* What came, for tests to look at. */
struct udp_tracker_seen {
    unsigned packets, connects, announces, scrapes;
    unsigned events[4]; /* announces by BEP 15's number of the event */
    uint8_t infohash[20], peer_id[20];
    uint64_t downloaded, uploaded, left; /* of the last announce, as the rest */
    uint32_t event, key, want;
    uint16_t port;
    char url_data[256]; /* BEP 41; cut */
};
const struct udp_tracker_seen *udp_tracker_seen(const struct udp_tracker *t);

/* Peers of an infohash, and how many of them have all. */
size_t udp_tracker_peers(const struct udp_tracker *t, const uint8_t infohash[20], size_t *seeders);

#endif
