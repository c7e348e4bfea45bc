/* files/peer/pex_state.h - peer exchange with one peer: what to tell it now, and what to believe of
 * it (BEP 11).  Pure; time is an argument.
 *
 * What we tell is a difference: those we are connected to now, against those that this peer was
 * told before.  So who came and went between two messages is never mentioned, nobody is told twice,
 * and whoever was told is taken back once gone.
 *
 * A private torrent (BEP 27) never comes here: its peers are the tracker's to name. */
#ifndef SHOAL_FILES_PEER_PEX_STATE_H
#define SHOAL_FILES_PEER_PEX_STATE_H

#include "files/peer/pex_msg.h"
#include "net/loop.h"

#include <stdbool.h>

enum {
    PEX_TOLD_MAX = 2 * PEX_ADDED_MAX, /* remembered as told, gone ones included */
    PEX_FLOOD = 10,                   /* messages within a minute: it means harm */
};
#define PEX_FIRST_US (2 * SEC)  /* after the handshakes: who come together are told together */
#define PEX_EVERY_US (60 * SEC) /* BEP 11: "no more than 1 PEX message per minute" */
#define PEX_GRACE_US (15 * SEC) /* what timers and the net may bring closer together */

struct pex_state {
    struct addr told[PEX_TOLD_MAX];
    size_t told_count;
    uint64_t next_us;   /* nothing is said before */
    uint64_t taken_us;  /* their last message that was taken; 0: none */
    uint64_t window_us; /* start of the minute in which `heard` counts */
    unsigned heard;
};

void pex_state_init(struct pex_state *p, uint64_t now_us); /* handshakes are done */

/* The message to send now, noted as sent; false: nothing to say, or too early.  now: whom we are
 * connected to and may tell this peer (pex_may_tell), no address twice. */
bool pex_state_next(struct pex_state *p, const struct pex_peer *now, size_t count, uint64_t now_us,
                    struct pex_msg *out);

enum pex_verdict {
    PEX_TAKE,
    PEX_IGNORE, /* too early: passed over */
    PEX_END,    /* a flood: end the session */
};
/* A message of theirs has come; ask before it is parsed. */
enum pex_verdict pex_state_heard(struct pex_state *p, uint64_t now_us);

/* May `teller` speak of `told` - to us, or we to it?  Loopback, private and link-local addresses
 * mean something only within their own network: one from outside names a machine of ours, and
 * whoever dials it scans its own network for a stranger. */
bool pex_may_tell(const struct addr *teller, const struct addr *told);

/* Keeps of what `teller` added that which may be dialled, one port for each IP (BEP 11, "Security
 * Considerations"), several on the loopback interface; their order stays. */
void pex_keep_dialable(struct pex_msg *m, const struct addr *teller);

#endif
