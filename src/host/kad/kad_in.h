/* host/kad/kad_in.h - the inside of the table; for src/host/kad alone. */
#ifndef SHOAL_HOST_KAD_KAD_IN_H
#define SHOAL_HOST_KAD_KAD_IN_H

#include "host/kad/kad.h"
#include "host/kad/kad_size.h"
#include "host/kad/kad_store.h"
#include "host/kad/kad_table.h"

enum {
    KAD_SERVED_MAX = 256,       /* streams that we answer at once */
    KAD_SERVED_OF_ONE_MAX = 16, /* of one peer */
    KAD_GIVEN_MAX = 1024,       /* things that we tell others we have */
    KAD_TOLD_ENOUGH = 15,       /* that we have something: whoever asked for it may go on */
    KAD_THIN = 10,              /* peers that answer: fewer are too few */
};
#define KAD_ASK_US (10 * SEC)       /* for an answer, dialling included */
#define KAD_SLOW_US (3 * SEC)       /* a lookup goes on without an answer */
#define KAD_IDLE_US (60 * SEC)      /* a stream that asks nothing for so long ends */
#define KAD_SELF_US (600 * SEC)     /* who is near us is looked for so often; */
#define KAD_THIN_US (60 * SEC)      /* so, while some are gone and less than KAD_THIN left */
#define KAD_REFRESH_US (1800 * SEC) /* a bucket is looked into so often */
/* What we have is told again, a value put again, well before others forget it (the specification's
 * 22 hours of 48; values are kept for 36); what nobody took, soon. */
#define KAD_GIVE_US (22 * 3600 * SEC)
#define KAD_PUT_US (12 * 3600 * SEC)
#define KAD_GIVE_SOON_US (600 * SEC)

struct kad {
    struct kad_cfg cfg;
    struct loop *loop;
    struct kad_table *table;
    struct kad_store *store;
    struct kad_size size;
    struct link served, asks, ops;
    size_t served_count;
    struct host_watch watch;
    struct map *given; /* kad_given.c */
    struct timer *refresh;
    struct kad_op *refreshing;
    struct kad_key refreshed;    /* what is looked for */
    uint64_t looked_for_self_us; /* 0: never */
};

/* kad_refresh.c */
void kad_refresh_begin(struct kad *k);
void kad_refresh_end(struct kad *k);
/* It answers, and is in the table if there is room. */
void kad_seen(struct kad *k, const struct peer_id *id);
/* As kad_near(), until so many of the nearest have answered. */
struct kad_op *kad_near_some(struct kad *k, struct cur key, size_t nearest, kad_near_cb *cb,
                             void *arg);

/* As kad_provide(), once. */
struct kad_op *kad_tell_provided(struct kad *k, struct cur key, kad_put_cb *cb, void *arg);

/* kad_given.c: so many others took a value, or know that we have something. */
void kad_given_told(struct kad *k, bool is_value, struct cur key, size_t others);
void kad_given_free(struct kad *k);

/* kad_serve.c: answering. */
void kad_serve_begin(struct kad *k);
void kad_serve_end(struct kad *k);

/* kad_ask.c: one question to one peer. */
struct kad_ask;
/* answer: NULL with a reason.  Of a question that has no answer (ADD_PROVIDER) it is an empty one.
 */
typedef void kad_ask_cb(void *arg, const struct kad_msg *answer, const struct why *why);
struct kad_ask *kad_ask(struct kad *k, const struct peer_id *peer, const struct kad_msg *question,
                        kad_ask_cb *cb, void *arg);
void kad_ask_cancel(struct kad_ask *a); /* NULL: nothing */

/* Whether private addresses are a matter between this peer and us. */
bool kad_is_neighbour(const struct kad *k, const struct peer_id *peer);
/* Peers of what a peer said, a neighbour or not: their addresses are told to the host. */
void kad_learn(struct kad *k, const struct kad_peer *p, bool neighbour);
/* May this address be told to others, and dialled? */
bool kad_may_tell(const struct kad *k, const struct multiaddr *a, bool neighbour);

#endif
