/* files/find/dht_lookup.h - one walk towards a target: whom to ask next, and when it is over.
 *
 * Pure: answers, silences and what to do go in and out, the clock is the caller's.
 *
 *     seed -> next (ask it) -> replied | slow | failed -> next ... until dht_lookup_done
 *
 * DHT_ALPHA queries are under way; one that is slow still may answer, but another takes its turn.
 * It is over when the DHT_K nearest that count have answered.  Who counts is the defence against
 * those who would rather be found than the right ones:
 *
 *   - ids that BEP 42 calls insecure are asked, but do not count, and only DHT_LOOSE_MAX of them
 *     are: whoever invents ids beside the target cannot end the walk;
 *   - one stranger is believed to be two nodes at most, one network four;
 *   - of one answer DHT_K nodes are taken; who tells of nodes that do not answer, three times and
 *     most of the time, is not believed any more;
 *   - an answer under another id than was told of is one of that id. */
#ifndef SHOAL_FILES_FIND_DHT_LOOKUP_H
#define SHOAL_FILES_FIND_DHT_LOOKUP_H

#include "files/find/dht_msg.h"
#include "files/find/dht_table.h"

enum {
    DHT_ALPHA = 4,
    DHT_ASKED_MAX = 128, /* queries of one lookup */
    DHT_LOOSE_MAX = 48,  /* of these to insecure ids */
    DHT_HELD_MAX = 160,  /* candidates */
    DHT_PER_STRANGER = 2,
    DHT_PER_NET = 4,
    DHT_BLAME_AFTER = 3,
};

struct dht_lookup;

/* What to store on: a node that answered, and its token. */
struct dht_found {
    struct dht_node node;
    bool has_value; /* it had what was asked for */
    uint8_t token[DHT_TOKEN_MAX];
    size_t token_len; /* 0: it gave none */
};

/* own: we ourselves are passed over when others tell of us. */
struct dht_lookup *dht_lookup_new(const struct dht_id *target, const struct dht_id *own);
void dht_lookup_free(struct dht_lookup *l); /* NULL: nothing */

/* A node to begin with. */
void dht_lookup_seed(struct dht_lookup *l, const struct dht_node *n);
/* One whose id is not known: asked once all others are; router: its answer leads on, but it is no
 * node to count or to store on. */
void dht_lookup_seed_addr(struct dht_lookup *l, const struct addr *a, bool router);

/* The next to ask, which now is under way; has_id: its id is known.  False: nobody now. */
bool dht_lookup_next(struct dht_lookup *l, struct dht_node *out, bool *has_id);
/* What became of the query to this address. */
void dht_lookup_replied(struct dht_lookup *l, const struct addr *from, const struct dht_msg *m,
                        bool has_value);
void dht_lookup_slow(struct dht_lookup *l, const struct addr *from);
void dht_lookup_failed(struct dht_lookup *l, const struct addr *from);

/* Nobody is left to ask or to wait for. */
bool dht_lookup_done(const struct dht_lookup *l);

/* The nearest DHT_K that count and answered, and insecure ones (at most DHT_K) that lie nearer than
 * the last of these: BEP 42 wants announces on the first, and allows them on the others.  Nearest
 * first; returns how many, at most cap. */
size_t dht_lookup_found(const struct dht_lookup *l, struct dht_found *out, size_t cap);
/* How many answered. */
size_t dht_lookup_replies(const struct dht_lookup *l);

#endif
