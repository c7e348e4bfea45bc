/* files/find/dht_table.h - the nodes that one node of the DHT knows (BEP 5, "routing table").
 *
 * Pure.  A bucket for each number of leading bits that an id shares with our own: the tree of the
 * BEP, in which only the bucket of our own id is split, is that list.  A bucket holds DHT_K nodes
 * that have answered us, and as many spares that have answered when it was full.
 *
 *     good           answered within 15 minutes, or did once and asked us within 15 minutes
 *     questionable   neither: it is due to be asked
 *     bad            left two of our queries in a row without an answer: told to nobody, and the
 *                    next spare or newcomer has its place
 *
 * Who only asks us, or of whom we are only told, gets no place: dht_table_wants() says whether it
 * is worth a ping, and its answer is what counts.  Against one owner of many nodes: one entry for
 * a stranger (dht_id_stranger) in the table, one for a network (dht_id_same_net) in a bucket, and
 * in a full bucket an id that BEP 42 calls secure has the place of one that is not. */
#ifndef SHOAL_FILES_FIND_DHT_TABLE_H
#define SHOAL_FILES_FIND_DHT_TABLE_H

#include "files/find/dht_id.h"
#include "net/loop.h"

enum {
    DHT_K = 8,
    DHT_BAD_AFTER = 2,                       /* queries without an answer, in a row */
    DHT_TABLE_MAX = 2 * DHT_K * DHT_ID_BITS, /* entries there can be, spares included */
};
#define DHT_GOOD_US (15 * 60 * SEC)
#define DHT_ASK_AGAIN_US (30 * SEC) /* a questionable node that did not answer */

struct dht_table;

/* An empty one around our own id. */
struct dht_table *dht_table_new(const struct dht_id *own);
void dht_table_free(struct dht_table *t); /* NULL: nothing */
const struct dht_id *dht_table_own(const struct dht_table *t);
/* Our id is another; those that find a place in the new order stay. */
void dht_table_rebase(struct dht_table *t, const struct dht_id *own);

/* It answered a query of ours: entered or refreshed.  A node that came back under a new id loses
 * its old entry. */
void dht_table_replied(struct dht_table *t, const struct dht_node *n, uint64_t now_us);
/* It asked us (and is not read-only). */
void dht_table_asked(struct dht_table *t, const struct dht_node *n, uint64_t now_us);
/* It did not answer. */
void dht_table_failed(struct dht_table *t, const struct dht_node *n);
/* Would an answer of this stranger be of use? */
bool dht_table_wants(const struct dht_table *t, const struct dht_node *n);

/* The nearest that are not bad, nearest first; at most cap of them.  Returns how many. */
size_t dht_table_closest(const struct dht_table *t, const struct dht_id *target,
                         struct dht_node *out, size_t cap);

/* The questionable node that was silent longest, and is counted as asked now. */
bool dht_table_due(struct dht_table *t, uint64_t now_us, struct dht_node *out);
/* A bucket where nothing has changed for 15 minutes: *target is a place in it, of `chance`; it
 * counts as changed now. */
bool dht_table_stale(struct dht_table *t, uint64_t now_us, const struct dht_id *chance,
                     struct dht_id *target);

/* Not bad; of these good. */
size_t dht_table_count(const struct dht_table *t);
size_t dht_table_good(const struct dht_table *t, uint64_t now_us);
/* Those that are not bad, for keeping over a restart: deepest buckets first. */
size_t dht_table_all(const struct dht_table *t, struct dht_node *out, size_t cap);

#endif
