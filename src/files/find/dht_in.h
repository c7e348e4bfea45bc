/* files/find/dht_in.h - the inside of the DHT node, for its sources:
 *     dht.c         life: start, upkeep, ids, what is kept over a restart
 *     dht_ask.c     queries of ours and their answers
 *     dht_op.c      operations: a lookup in each family, then what is stored
 *     dht_answer.c  what strangers ask
 * Nobody else includes this. */
#ifndef SHOAL_FILES_FIND_DHT_IN_H
#define SHOAL_FILES_FIND_DHT_IN_H

#include "files/find/dht.h"

#include "base/list.h"
#include "base/map.h"
#include "files/find/dht_lookup.h"
#include "files/find/dht_store.h"
#include "files/find/dht_table.h"
#include "files/find/dht_vote.h"
#include "net/bucket.h"

enum { DHT_SIDES = 2, DHT_QUERY_TID = 4 };

/* One of the two networks. */
struct dht_side {
    enum addr_family family;
    bool on; /* we have a socket of this family */
    struct dht_table *table;
    struct dht_store *store;
    struct dht_votes votes;
    struct addr seen;       /* by most; ADDR_NONE: not known yet */
    struct dht_op *joining; /* a walk to our own id, or to refresh; NULL: none */
    uint64_t join_us;       /* when the next is due */
    unsigned joins;         /* in a row that left the table small */
};

struct dht_router {
    struct addr addr;
    bool is_node;
};

/* What one query is for. */
enum dht_purpose { DHT_FOR_TABLE, DHT_FOR_LOOKUP, DHT_FOR_STORING };

/* A query that has no answer yet. */
struct dht_query {
    struct link link; /* in d->fresh or d->slow, oldest first */
    struct link op_link;
    uint32_t tid;
    struct dht_node to;
    bool has_id, is_slow;
    enum dht_purpose purpose;
    struct dht_op *op; /* NULL: nobody's, or cancelled */
    struct dht_side *side;
    uint64_t sent_us;
};

enum dht_op_kind { DHT_OP_JOIN, DHT_OP_PEERS, DHT_OP_SCRAPE, DHT_OP_GET, DHT_OP_PUT };

/* The part of an operation in one network. */
struct dht_walk {
    struct dht_lookup *lookup; /* NULL: none */
    bool storing;
    size_t awaited; /* answers to what was stored */
};

struct dht_blooms {
    uint8_t seeds[DHT_BLOOM_LEN], peers[DHT_BLOOM_LEN];
};

struct dht_op {
    struct link link; /* in d->active or d->waiting */
    struct dht *d;
    enum dht_op_kind kind;
    bool urgent, running;
    struct dht_id target;
    struct dht_walk walk[DHT_SIDES];
    struct link queries;
    struct timer *end; /* done is told from the loop, never from inside a call */

    bool announces;
    struct dht_announce announce;
    struct map *told; /* peers told already; NULL: none */
    struct dht_blooms *blooms;

    struct dht_item item; /* to put, or the best found; its bytes lie in `bytes` */
    struct buf bytes;
    bool is_mutable, has_item, has_cas;
    int64_t cas;
    uint8_t key[DHT_KEY_LEN], salt[DHT_SALT_MAX];
    size_t salt_len;

    struct dht_result result;
    dht_peers_cb *found;
    dht_done_cb *done;
    dht_item_cb *got;
    void *arg;
};

/* How much one stranger may still ask. */
struct dht_allowance {
    uint32_t left;    /* thousandths of a query */
    uint64_t from_us; /* when it was counted; 0: never */
};

struct dht {
    struct dht_env env;
    struct log *log;
    struct dht_side side[DHT_SIDES]; /* 0: IPv4, 1: IPv6 */
    struct dht_router routers[DHT_ROUTERS_MAX];
    size_t router_count;

    struct map *queries; /* tid -> dht_query */
    struct link fresh, slow;
    struct timer *query_timer;
    uint64_t heard_us; /* any answer at all; when nobody answers it is our line that is dead */

    struct link active, urgent, waiting; /* operations */
    size_t active_count;
    struct timer *pump_timer;

    struct bucket *answers, *longs, *pings;
    uint64_t stranger_seed;
    struct dht_allowance strangers[DHT_STRANGERS];

    struct timer *tick;
    uint64_t ticked_us; /* the stores */
    uint64_t asked, answered, dropped;
};

/* dht.c */
uint64_t dht_now(const struct dht *d);
struct dht_side *dht_side_of(struct dht *d, const struct addr *a); /* NULL: we are not there */
unsigned dht_side_index(const struct dht_side *s);
void dht_need_tick(struct dht *d); /* something is known that wants upkeep */
void dht_joined(struct dht_side *s, struct dht *d);
void dht_votes_count(struct dht *d, struct dht_side *s, const struct addr *voter,
                     const struct addr *says);

/* dht_ask.c */
struct dht_query *dht_ask(struct dht *d, const struct dht_node *to, bool has_id,
                          enum dht_purpose purpose, struct dht_op *op, struct dht_msg *m);
void dht_ask_node(struct dht *d, const struct dht_node *to, bool has_id,
                  const struct dht_id *target); /* find_node for the table; target NULL: a ping */
void dht_ask_told(struct dht *d, const struct dht_node *n); /* told of: pinged if there is use */
void dht_answered(struct dht *d, const struct addr *from, struct dht_msg *m);
void dht_query_free(struct dht *d, struct dht_query *q); /* silently */
void dht_put_msg(struct dht *d, const struct addr *to, struct dht_msg *m, struct buf *b);

/* dht_op.c */
void dht_op_replied(struct dht_op *op, const struct dht_query *q, const struct dht_msg *m);
/* No answer (m is NULL), or none that is of use. */
void dht_op_failed(struct dht_op *op, const struct dht_query *q, const struct dht_msg *m);
void dht_op_slow(struct dht_op *op, const struct dht_query *q);
struct dht_op *dht_join(struct dht *d, struct dht_side *s, const struct dht_id *target);
void dht_pump(struct dht *d); /* begin what waits, soon */
void dht_ops_free(struct dht *d);

/* dht_answer.c */
void dht_answer(struct dht *d, const struct addr *from, const struct dht_msg *m, size_t asked_len);

#endif
