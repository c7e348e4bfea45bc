/* files/peer/torrent_peers.h - the addresses that one torrent knows, and when to try which.
 *
 * Pure.  Bounded: TORRENT_PEERS_MAX candidates; when full, the one that failed most and was not
 * connected goes, or the newcomer is refused.  A failed dial waits 10 s, then twice as long each
 * time, to half an hour; an address given by hand is tried at once.  What peers told (PEX) has a
 * share of its own, TORRENT_PEERS_TOLD_MAX in all and TORRENT_PEERS_TELLER_MAX for each teller: it
 * pushes out only its like, makes room for all others, and is dialled after those that failed as
 * often.  So a liar delays nobody but those who were told of too.  Bans are a table of their own
 * (TORRENT_BANS_MAX, the oldest goes): a banned address is not dialled and not let in.
 *
 * An entry keeps its id over reconnections, so that blame for bad data stays with the address. */
#ifndef SHOAL_FILES_PEER_TORRENT_PEERS_H
#define SHOAL_FILES_PEER_TORRENT_PEERS_H

#include "base/list.h"
#include "files/peer/carrier.h"
#include "net/addr.h"
#include "net/loop.h"

#include <stdbool.h>

enum {
    TORRENT_PEERS_MAX = 1000,
    TORRENT_PEERS_TOLD_MAX = 250,
    TORRENT_PEERS_TELLER_MAX = 100,
    TORRENT_BANS_MAX = 256
};
#define TORRENT_PEERS_PAUSE_US (10 * SEC)
#define TORRENT_PEERS_PAUSE_MAX_US (30 * 60 * SEC)

enum peer_source {
    PEER_BY_HAND,
    PEER_MAGNET,
    PEER_TRACKER,
    PEER_DHT,
    PEER_ITSELF,
    PEER_INCOMING,
    PEER_PEX
};

const char *peer_source_name(enum peer_source s); /* "tracker" */

struct peer_entry {
    struct link link;
    struct addr addr;
    uint32_t id; /* not 0 */
    enum peer_source source;
    uint32_t teller; /* PEER_PEX: the id of who told */
    bool dialable;   /* false: it came to us and has not said where it listens */
    bool connected;  /* or being dialled */
    bool known_seed; /* has all: of no use to another seed */
    bool by_v2;      /* hybrid: it is to be called by v2's hash */
    bool v2_tried;   /* it was dialled again for that, to ask it for hashes */
    bool no_mse;     /* the last dial failed in MSE: the next is without, where that is allowed */
    bool retry;      /* at once: see torrent_peers_no_mse, torrent_peers_unreached */
    struct carrier_memory carriers;
    uint32_t priority; /* BEP 40; 0: not known */
    uint32_t named;    /* by hand: the last one has the greatest number; 0: not by hand */
    unsigned failures;
    unsigned bad_info;  /* wrong or missing metadata */
    unsigned proven;    /* pieces that it alone sent and that were good */
    unsigned suspicion; /* pieces with its blocks that failed; cleared by one it sent alone */
    uint64_t next_us;   /* not dialled before */
};

struct torrent_peers;

/* seed: of the hash, loop_random_u64. */
struct torrent_peers *torrent_peers_new(uint64_t seed);
void torrent_peers_free(struct torrent_peers *t);
size_t torrent_peers_count(const struct torrent_peers *t);

/* The entry for this address, made when new; NULL: banned, not dialable, or no room.  By hand: its
 * failures are forgotten, and it is the next of those that have none.  *fresh (may be NULL): it was
 * not known before. */
struct peer_entry *torrent_peers_add(struct torrent_peers *t, const struct addr *a,
                                     enum peer_source source, uint64_t now_us, bool *fresh);
/* A peer told of it (PEER_PEX); teller: that peer's id.  The new entry, dialable; NULL: known
 * already, or it may not be or has no room. */
struct peer_entry *torrent_peers_told(struct torrent_peers *t, const struct addr *a,
                                      uint32_t teller, uint64_t now_us);
/* It was heard on the network that we are in (LSD): takes a share as if one peer had told of all
 * such, and one whose turn is far off is dialled soon.  True: somebody may be dialled. */
bool torrent_peers_heard(struct torrent_peers *t, const struct addr *a, uint64_t now_us);
/* Those that a person or a link named and no tracker repeats, oldest first: what a restart must not
 * forget.  Returns how many, at most cap. */
size_t torrent_peers_named(const struct torrent_peers *t, struct addr *out, size_t cap);
struct peer_entry *torrent_peers_find(struct torrent_peers *t, const struct addr *a);
struct peer_entry *torrent_peers_by_id(struct torrent_peers *t, uint32_t id);

/* Our own address and port, as others see it; of ADDR_NONE nothing changes. */
void torrent_peers_we_are(struct torrent_peers *t, const struct addr *ours);

/* Whom to dial now: the one that a person named last; then fewest failures first; of those whom
 * peers told of last; then by priority (BEP 40), and in the order in which they came.  NULL: nobody
 * yet; *wait_us then is the time until somebody may be (UINT64_MAX: never).  seeding: no known
 * seeds. */
struct peer_entry *torrent_peers_next(struct torrent_peers *t, bool seeding, uint64_t now_us,
                                      uint64_t *wait_us);
void torrent_peers_opened(struct peer_entry *e); /* handshakes done: no failures any more */
/* The peer of `before` is the one of `now`: its id, by which others know it, and what it was blamed
 * or thanked for go over; `before` keeps the other id. */
void torrent_peers_become(struct peer_entry *now, struct peer_entry *before);
/* The connection is over; useful: handshakes were done. */
void torrent_peers_closed(struct torrent_peers *t, struct peer_entry *e, bool useful,
                          uint64_t now_us);

/* Encryption failed: dialled once more, at once and without; call before torrent_peers_closed. */
void torrent_peers_no_mse(struct peer_entry *e);

/* It was not reached by this carrier: by the other, at once, and true; or there is none.  Call
 * before torrent_peers_closed. */
bool torrent_peers_unreached(struct peer_entry *e, unsigned allowed, enum carrier c);

/* A common peer has told it to come: dialled by uTP as soon as may be. */
void torrent_peers_punch(struct peer_entry *e, uint64_t now_us);

/* Forgets those that are not connected and that `refused` says so of. */
void torrent_peers_sift(struct torrent_peers *t,
                        bool (*refused)(const void *arg, const struct addr *a), const void *arg);

/* Bad bytes came from this address.  The whole IP is banned, since a liar comes back from another
 * port; but only this port when somebody else of that IP has sent good pieces (a NAT with many
 * behind it), or when the IP is this machine.  True: it was the whole IP.  Entries go when they are
 * not connected any more. */
bool torrent_peers_ban(struct torrent_peers *t, const struct addr *a);
/* Only this address and port: it is ourselves. */
void torrent_peers_ban_port(struct torrent_peers *t, const struct addr *a);
bool torrent_peers_is_banned(const struct torrent_peers *t, const struct addr *a);

#endif
