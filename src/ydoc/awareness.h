/* ydoc/awareness.h - who is here and where their cursor stands: y-protocols' awareness.
 *
 * Of each client the latest state that it told of itself, a JSON text, and a clock that only grows;
 * `null` says that it went.  Nothing of it is stored. */
#ifndef SHOAL_YDOC_AWARENESS_H
#define SHOAL_YDOC_AWARENESS_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define AWARENESS_STATE_MAX 16384  /* bytes of one state */
#define AWARENESS_CLIENTS_MAX 4096 /* those that went among them */
#define AWARENESS_LIFE_US 30000000 /* a state that was not renewed for so long has gone */

struct awareness;

/* Nobody is here yet.  seed: for its table (base/map.h). */
struct awareness *awareness_new(uint64_t seed);
/* NULL: nothing. */
void awareness_free(struct awareness *a);

/* Take in an update.  Clients whose state is other than before are appended to `changed` in the
 * form of an update (base/buf.h; NULL: not wanted), nothing when there is none.  ERR_INVALID:
 * broken bytes, nothing was changed; ERR_LIMIT: what was new beyond the limits was passed over. */
enum err awareness_apply(struct awareness *a, struct cur update, uint64_t now_us,
                         struct buf *changed, struct why *why);

/* Forget states that were not renewed; who went is appended as above.  Who went long ago is
 * forgotten altogether, and may come back with any clock. */
void awareness_expire(struct awareness *a, uint64_t now_us, struct buf *changed);
/* A client went without saying so. */
void awareness_gone(struct awareness *a, uint64_t client);

/* Append an update of all who are here. */
void awareness_encode(const struct awareness *a, struct buf *out);
/* Append what is known of one client, as in an update, but for the count in front.  false: nothing.
 */
bool awareness_put(const struct awareness *a, uint64_t client, struct buf *entries);

/* Walk over those who are here: for (size_t at = 0; awareness_next(a, &at, &client, &json);). */
bool awareness_next(const struct awareness *a, size_t *at, uint64_t *client, struct cur *json);

#endif
