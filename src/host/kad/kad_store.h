/* host/kad/kad_store.h - what others asked us to keep: values, and who has what.
 *
 * In memory, for as long as the specification asks; who put it there puts it again.  All of it is
 * bounded, and of one peer too: KAD_VALUES_OF_ONE_MAX, KAD_PROVIDES_OF_ONE_MAX.  Pure: now_us is an
 * argument. */
#ifndef SHOAL_HOST_KAD_KAD_STORE_H
#define SHOAL_HOST_KAD_KAD_STORE_H

#include "host/kad/kad_msg.h"
#include "net/loop.h"

enum {
    KAD_VALUES_MAX = 1024,
    KAD_VALUES_OF_ONE_MAX = 64, /* put by one peer */
    KAD_PROVIDED_MAX = 8192,    /* pairs of a key and a provider */
    KAD_PROVIDES_OF_ONE_MAX = 1024,
};
#define KAD_VALUE_KEPT_US (36 * 3600 * SEC)
#define KAD_PROVIDER_KEPT_US (48 * 3600 * SEC)

/* Empty; seed: for its maps. */
struct kad_store;
struct kad_store *kad_store_new(uint64_t seed);
void kad_store_free(struct kad_store *s); /* NULL: nothing */

/* from: who brought it.  ERR_LIMIT: no room, or too many of this peer. */
MUST_CHECK enum err kad_store_put(struct kad_store *s, struct cur key, struct cur value,
                                  const struct peer_id *from, uint64_t now_us, struct why *why);
/* A view until the next change; p NULL: none. */
struct cur kad_store_get(const struct kad_store *s, struct cur key, uint64_t now_us);

/* It has what lies under the key.  ERR_LIMIT as above. */
MUST_CHECK enum err kad_store_provide(struct kad_store *s, struct cur key,
                                      const struct peer_id *who, uint64_t now_us, struct why *why);
/* Who has it, the newest first; returns how many, at most cap. */
size_t kad_store_providers(const struct kad_store *s, struct cur key, uint64_t now_us,
                           struct peer_id *out, size_t cap);
/* What is too old goes. */
void kad_store_expire(struct kad_store *s, uint64_t now_us);

#endif
