/* host/kad/ipns.h - a name that its key's owner may point elsewhere: the record under
 * "/ipns/" + peer id (IPFS specifications, "IPNS Record").
 *
 * Only what signatureV2 covers is believed: "ipns-signature:" and a map in DAG-CBOR.  Where the
 * fields of the first version are there too, they must say the same.  Pure. */
#ifndef SHOAL_HOST_KAD_IPNS_H
#define SHOAL_HOST_KAD_IPNS_H

#include "base/cur.h"
#include "base/err.h"
#include "host/name/peer_id.h"

enum { IPNS_MAX = 10 << 10 }; /* bytes of a record, as the specification has it */

/* Views into the record. */
struct ipns {
    struct cur value; /* "/ipfs/..." */
    uint64_t sequence, ttl_ns;
    int64_t until_us; /* of wall time, as loop_wall_us() */
    struct cur key;   /* the public key, where the name does not hold it; p NULL: none */
    struct cur signature, data;
};

/* Its form; ERR_INVALID, ERR_LIMIT. */
MUST_CHECK enum err ipns_decode(struct ipns *out, struct cur record, struct why *why);
/* Also: signed by the owner of the name, and still valid. */
MUST_CHECK enum err ipns_check(const struct peer_id *name, struct cur record, int64_t wall_us,
                               struct why *why);
/* Of two that are valid, whether b is the later: by sequence, then by validity. */
bool ipns_later(struct cur a, struct cur b);

#endif
