/* host/reach/observed.h - what others see us as, and whether enough of them agree.
 *
 * A peer may say anything: an address counts when OBSERVED_AGREE of them, each in a network of its
 * own (/16, of IPv6 /32), have seen us there, each heard within OBSERVED_US.  Pure: time is an
 * argument. */
#ifndef SHOAL_HOST_REACH_OBSERVED_H
#define SHOAL_HOST_REACH_OBSERVED_H

#include "net/addr.h"

#include <stddef.h>
#include <stdint.h>

enum {
    OBSERVED_MAX = 16,   /* addresses; the oldest is forgotten for a new one */
    OBSERVED_BY_MAX = 8, /* networks kept of one address */
    OBSERVED_AGREE = 3,
};
#define OBSERVED_US (UINT64_C(2400) * 1000000) /* go-libp2p keeps them 40 minutes */

struct observed_one {
    struct addr at; /* of no family: free */
    uint64_t heard_us;
    struct {
        struct addr net;
        uint64_t heard_us;
    } by[OBSERVED_BY_MAX];
};
struct observed {
    struct observed_one all[OBSERVED_MAX]; /* zeroed at first */
};

/* Neighbours are one, for they may all be the same person's: its /16, of IPv6 /32, without a port.
 */
struct addr observed_net(const struct addr *a);

/* by: who says that it sees us at `at`. */
void observed_add(struct observed *o, const struct addr *at, const struct addr *by,
                  uint64_t now_us);
/* Those that at least `agree` networks say, by their order; returns how many, at most cap. */
size_t observed_agreed(const struct observed *o, size_t agree, uint64_t now_us, struct addr *out,
                       size_t cap);

/* All that anybody says, heard of last first; likewise. */
size_t observed_newest(const struct observed *o, uint64_t now_us, struct addr *out, size_t cap);

#endif
