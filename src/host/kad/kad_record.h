/* host/kad/kad_record.h - which values are believed (libp2p/specs kad-dht/README.md "Entry
 * validation").
 *
 * By the key's namespace: "/pk/" + peer id holds that peer's public key, "/ipns/" + peer id what
 * it signed (ipns.h).  Others cannot be checked, and are kept in laboratories alone. */
#ifndef SHOAL_HOST_KAD_KAD_RECORD_H
#define SHOAL_HOST_KAD_KAD_RECORD_H

#include "base/cur.h"
#include "base/err.h"

#include <stdbool.h>

/* May this value be kept under this key?  wall_us: loop_wall_us(). */
MUST_CHECK enum err kad_record_check(struct cur key, struct cur value, int64_t wall_us, bool lab,
                                     struct why *why);
/* There can be no other value under this key. */
bool kad_record_is_final(struct cur key);
/* Of two that may: whether b takes a's place. */
bool kad_record_better(struct cur key, struct cur a, struct cur b);

#endif
