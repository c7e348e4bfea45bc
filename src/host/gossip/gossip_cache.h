/* host/gossip/gossip_cache.h - what was said lately: each message once, findable by each of its
 * names.
 *
 * A message is known for GOSSIP_SEEN_US, so that it is taken once; its bytes are kept for
 * GOSSIP_HISTORY heartbeats, to be given to who asks, and told of for GOSSIP_GOSSIP heartbeats.
 * Both are bounded: the oldest is forgotten first.  Bytes that still wait for a peer outlive the
 * cache's interest: they are counted (gossip_held_keep, gossip_held_drop).  Pure. */
#ifndef SHOAL_HOST_GOSSIP_GOSSIP_CACHE_H
#define SHOAL_HOST_GOSSIP_GOSSIP_CACHE_H

#include "host/gossip/gossip_sign.h"

enum {
    GOSSIP_HISTORY = 5,             /* heartbeats */
    GOSSIP_GOSSIP = 3,              /* heartbeats */
    GOSSIP_SEEN_MAX = 1 << 14,      /* messages */
    GOSSIP_CACHED_BYTES = 16 << 20, /* of their bytes */
    GOSSIP_GIVEN_MAX = 3,           /* times that one peer gets one message for asking */
};
#define GOSSIP_SEEN_US (UINT64_C(120) * 1000000)

/* The bytes of a message. */
struct gossip_held {
    unsigned refs;
    uint64_t at_us; /* when it came */
    struct peer_id author;
    struct cur whole, topic;        /* views into bytes */
    struct cur names[GOSSIP_FORMS]; /* n 0: it has none of this form */
    uint8_t bytes[];
};
/* Its name for a peer that names messages so; that of go where it has none. */
struct cur gossip_held_name(const struct gossip_held *m, enum gossip_form form);
struct gossip_held *gossip_held_keep(struct gossip_held *m);
void gossip_held_drop(struct gossip_held *m); /* NULL: nothing */

struct gossip_cache;
/* Empty. */
struct gossip_cache *gossip_cache_new(uint64_t seed);
void gossip_cache_free(struct gossip_cache *c); /* NULL: nothing */

/* Was it said in the last two minutes?  By any of its names; form, if not NULL, says by which. */
bool gossip_cache_has(struct gossip_cache *c, struct cur id, uint64_t now_us,
                      enum gossip_form *form);
/* Since when; UINT64_MAX: it was not. */
uint64_t gossip_cache_age_us(const struct gossip_cache *c, struct cur id, uint64_t now_us);
/* Remember one that is not there; the caller holds one count of what comes back.  own: the name
 * that an app gives it, the only one then, as if it were go's; NULL: by its author. */
struct gossip_held *gossip_cache_add(struct gossip_cache *c, const struct gossip_author *a,
                                     const struct gossip_id *own, struct cur topic,
                                     struct cur whole, uint64_t now_us);
/* Remember only that it was seen: it is not to be passed on. */
void gossip_cache_hide(struct gossip_cache *c, struct cur id);
/* For peer number `who`, who asked; NULL: not there any more, or given GOSSIP_GIVEN_MAX times. */
struct gossip_held *gossip_cache_ask(struct gossip_cache *c, struct cur id, uint64_t who);
/* Messages to tell of, newest last; at most cap. */
size_t gossip_cache_recent(struct gossip_cache *c, struct cur topic, struct gossip_held **out,
                           size_t cap);
/* A heartbeat passed. */
void gossip_cache_shift(struct gossip_cache *c, uint64_t now_us);

size_t gossip_cache_seen(const struct gossip_cache *c);  /* messages known */
size_t gossip_cache_bytes(const struct gossip_cache *c); /* of those that are kept */

#endif
