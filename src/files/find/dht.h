/* files/find/dht.h - a node of the Mainline DHT: finds peers and items without a server, and
 * answers.
 *
 * One node lives in two networks, IPv4 and IPv6 (BEP 32), each with an id, a table and a store of
 * its own; what is looked up is looked up in both.  It owns no socket: bytes come in by
 * dht_packet() and go out by env.send.
 *
 *     struct dht *d = dht_new(&env, saved);          // saved: of dht_save() in an earlier run
 *     dht_add_router(d, &bootstrap, true);
 *     struct dht_op *op = dht_peers(d, &infohash, &announce, on_peers, on_done, torrent);
 *     ...
 *     dht_cancel(op);                                // before on_done; never after it
 *     dht_free(d);                                   // callbacks of what is under way stay silent
 *
 * Operations wait in line until a node is known at all, then DHT_OPS_ACTIVE run at once; `urgent`
 * ones go first.  Callbacks come from the loop, never from inside the call that starts.
 *
 * What strangers can make us do is bounded: what is kept for them by dht_store.h; answers by
 * DHT_ANSWER_RATE, and by an allowance for each stranger; answers much longer than the question,
 * which a forged sender address would send to a victim, by DHT_LONG_RATE: beyond it they are
 * shortened; pings to those who asked us by DHT_PINGS_PER_S. */
#ifndef SHOAL_FILES_FIND_DHT_H
#define SHOAL_FILES_FIND_DHT_H

#include "base/log.h"
#include "files/find/dht_msg.h"
#include "net/loop.h"

enum {
    DHT_OPS_ACTIVE = 8,
    DHT_UNDER_WAY_MAX = 1024, /* queries without an answer yet */
    DHT_ROUTERS_MAX = 32,
    DHT_SAVED_MAX = 512, /* nodes kept over a restart, of each family */
    DHT_SAVED_BYTES_MAX = 64 * 1024,
    DHT_ANSWER_RATE = 64 * 1024, /* bytes a second, all answers together */
    DHT_LONG_RATE = 16 * 1024,   /* of these in answers over DHT_LONG_FACTOR times the question */
    DHT_LONG_FACTOR = 4,
    DHT_ASKS_PER_S = 10, /* of one stranger, DHT_ASKS_BURST at once */
    DHT_ASKS_BURST = 40,
    DHT_STRANGERS = 1024, /* whose allowance is kept */
    DHT_PINGS_PER_S = 4,
    DHT_VALUES_SENT = 50, /* peers in one answer, at most */
};
#define DHT_SLOW_US (1500 * MSEC) /* then another is asked as well */
#define DHT_DEAD_US (6 * SEC)     /* then it does not count any more */

struct dht;

struct dht_env {
    struct loop *loop;
    const struct log *log;
    void *arg;
    void (*send)(void *arg, const struct addr *to, const void *bytes, size_t n);
    /* Somebody has told us that he has this torrent, or wants it.  NULL: nobody cares. */
    void (*announced)(void *arg, const struct dht_id *infohash, const struct addr *peer);
    bool v4, v6;    /* the families that send() reaches */
    bool read_only; /* BEP 43: ask, but do not answer, and be in nobody's table */
};

/* env is copied; saved: what dht_save() wrote, or anything else: then it begins anew. */
struct dht *dht_new(const struct dht_env *env, struct cur saved);
void dht_free(struct dht *d); /* NULL: nothing */
/* Ids and nodes, for the next run; appended to out, at most DHT_SAVED_BYTES_MAX. */
void dht_save(const struct dht *d, struct buf *out);

/* A datagram; what is none of ours is dropped. */
void dht_packet(struct dht *d, const struct addr *from, const uint8_t *bytes, size_t n);

/* Where to begin, kept and asked again whenever few nodes are known.  is_node: an ordinary node of
 * the network, to be kept in the table too; else only its answers are used, since the well-known
 * routers shall not be stored on or told of (BEP 5, "torrent file extensions"). */
void dht_add_router(struct dht *d, const struct addr *a, bool is_node);
/* Somebody says that there is a node: it is pinged, if there is use for it. */
void dht_hint(struct dht *d, const struct addr *a);

/* Operations */
struct dht_op;

/* How one ended.  replies: nodes that answered; stored: nodes that took what we stored. */
struct dht_result {
    size_t replies, stored;
    double seeds, peers; /* BEP 33's estimates, when `scraped` */
    bool scraped;
    struct why why; /* code OK: it found or stored something */
};
typedef void dht_done_cb(void *arg, const struct dht_result *r);

/* Peers of a torrent, as they are found; each once in an operation, DHT_OP_PEERS_MAX at most.  The
 * operation must not be cancelled from inside this. */
enum { DHT_OP_PEERS_MAX = 1000 };
typedef void dht_peers_cb(void *arg, const struct addr *peers, size_t n);

/* What we tell of ourselves (announce_peer).  implied: rather the port that our packets come from,
 * as the others see it; right for who is reached by uTP on it. */
struct dht_announce {
    uint16_t port;
    bool implied, seed;
};

/* announce NULL: only look.  Private torrents never come here (BEP 27): the caller's duty. */
struct dht_op *dht_peers(struct dht *d, const struct dht_id *infohash,
                         const struct dht_announce *announce, bool urgent, dht_peers_cb *found,
                         dht_done_cb *done, void *arg);
/* Only the estimates of how many there are (BEP 33). */
struct dht_op *dht_scrape(struct dht *d, const struct dht_id *infohash, dht_done_cb *done,
                          void *arg);

/* Items (BEP 44).  item NULL: not found, and result->why says it.  A mutable one is that with the
 * greatest seq of those that were found; each is checked before it is believed.  Valid during the
 * call. */
typedef void dht_item_cb(void *arg, const struct dht_item *item, const struct dht_result *r);
struct dht_op *dht_get_immutable(struct dht *d, const struct dht_id *target, dht_item_cb *cb,
                                 void *arg);
struct dht_op *dht_get_mutable(struct dht *d, const uint8_t key[DHT_KEY_LEN], struct cur salt,
                               dht_item_cb *cb, void *arg);

/* Store an item on the nodes nearest to it; it is copied.  A mutable one is signed already: sign
 * what dht_item_signed() gives.  cas: only where this seq is stored (or none is); NULL: in any
 * case.  Items are forgotten after two hours: put them again every hour.  NULL and why: the item is
 * not good (dht_item_is_good).
 *
 *     struct dht_item item = {.v = value, .is_mutable = true, .key = pub, .seq = seq};
 *     dht_item_signed(&buf, &item);
 *     ed25519_sign(secret, buf_bytes(&buf), buf_len(&buf), sig);
 *     item.sig = sig;
 *     op = dht_put(d, &item, NULL, on_put, arg, &why);
 */
struct dht_op *dht_put(struct dht *d, const struct dht_item *item, const int64_t *cas,
                       dht_done_cb *done, void *arg, struct why *why);

/* Silence; the handle is dead.  NULL: nothing. */
void dht_cancel(struct dht_op *op);

/* Facts */
bool dht_knows_anybody(const struct dht *d); /* a node or a router: what is asked can begin */
struct dht_stats {
    size_t nodes4, nodes6, good4, good6; /* in the tables; of these good */
    size_t swarms, peers, items;         /* kept for others */
    size_t active, waiting;              /* operations */
    uint64_t asked, answered, dropped;   /* queries: sent, of others answered, and not */
    struct addr seen4, seen6;            /* how others see us; ADDR_NONE: not known yet */
};
struct dht_stats dht_stats(const struct dht *d);
struct dht_id dht_own_id(const struct dht *d, enum addr_family family);

#endif
