/* host/reach/autonat2_book.h - what others said of each of our addresses, and whom to ask next.
 *
 * Of a network (/16, of IPv6 /32) the last word counts, for AUTONAT_VOTE_US.  Pure: time is an
 * argument. */
#ifndef SHOAL_HOST_REACH_AUTONAT2_BOOK_H
#define SHOAL_HOST_REACH_AUTONAT2_BOOK_H

#include "host/reach/autonat.h"

enum {
    AUTONAT2_BOOK_MAX = 12, /* addresses; more are not asked about */
    AUTONAT2_SAYS_MAX = 12, /* networks kept of one address; the oldest makes room */
};
#define AUTONAT2_PAUSE_US (6 * SEC) /* between two questions; go-libp2p answers 12 a minute */
#define AUTONAT2_WAIT_US (60 * SEC) /* so long one that nobody was asked about keeps all open */

enum autonat2_said { AUTONAT2_SAID_NOTHING, AUTONAT2_SAID_NO, AUTONAT2_SAID_YES };

struct autonat2_entry {
    struct multiaddr addr;
    uint64_t since_us;
    struct {
        struct addr net; /* of no family: free */
        enum autonat2_said said;
        uint64_t at_us;
    } says[AUTONAT2_SAYS_MAX];
};
struct autonat2_book {
    size_t count; /* zeroed at first */
    struct autonat2_entry all[AUTONAT2_BOOK_MAX];
};

/* These are our addresses now; what was said of those that stay is kept. */
void autonat2_book_set(struct autonat2_book *b, const struct multiaddr *addrs, size_t n,
                       uint64_t now_us);
/* by: who says it.  An address that is not there any more is passed over. */
void autonat2_book_say(struct autonat2_book *b, const struct multiaddr *of, const struct addr *by,
                       enum autonat2_said said, uint64_t now_us);

/* Of one address, when `agree` networks say so and most do not deny. */
enum verdict autonat2_verdict_of(const struct autonat2_entry *e, size_t agree, uint64_t now_us);
/* Of the node: public with one that is; private with one that is not, once all were asked about. */
enum verdict autonat2_verdict_all(const struct autonat2_book *b, size_t agree, uint64_t now_us);

/* What to ask now, and which of these who may be asked; false: nothing, or nobody is left. */
bool autonat2_book_next(const struct autonat2_book *b, const struct addr *askable, size_t n,
                        size_t agree, uint64_t now_us, size_t *entry, size_t *who);

#endif
