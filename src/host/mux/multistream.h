/* host/mux/multistream.h - which protocol is spoken (multistream-select 1.0,
 * libp2p/specs connections/README.md "Multistream-select").
 *
 * A short talk at the beginning of a conn; not one byte more is read than belongs to it, so what
 * comes after is there for the protocol.  The conn is lent for the while: it must be open and is
 * watched by the talk; afterwards the owner watches it himself, and comes to read at once, as after
 * CONN_OPEN. */
#ifndef SHOAL_HOST_MUX_MULTISTREAM_H
#define SHOAL_HOST_MUX_MULTISTREAM_H

#include "net/conn.h"

enum {
    MULTISTREAM_NAME_MAX = 256, /* of a protocol, without the newline */
    MULTISTREAM_TRIES_MAX = 64, /* proposals that we answer with "na" before we hang up */
};
#define MULTISTREAM_DEADLINE_US (10 * SEC) /* for the whole talk */

struct multistream;

/* protocol: the one agreed on, one of those given; NULL with a reason: none is, or the conn failed.
 * Once, from the loop; the handle is dead. */
typedef void multistream_cb(void *arg, const char *protocol, const struct why *why);

/* Propose, in order of preference, n >= 1 names that outlive the talk.  Header and first proposal
 * go in one write. */
struct multistream *multistream_dial(struct conn *c, const char *const *names, size_t n,
                                     multistream_cb *cb, void *arg);

/* Answer.  choose: the name as we keep it (returned in cb) for what was proposed, or NULL. */
typedef const char *multistream_choose(void *arg, const char *name);
struct multistream *multistream_accept(struct conn *c, multistream_choose *choose,
                                       multistream_cb *cb, void *arg);

void multistream_cancel(
    struct multistream *m); /* silence; the conn is its owner's.  NULL: nothing */

/* "with the one-round-trip optimism": a filter over `below` (open) that sends header and the one
 * name with the first bytes written (or in the next turn), does not wait, and checks the answer
 * when the first bytes come: a refusal is CONN_CLOSED.  For a protocol that the other side is known
 * to speak.  Open like a stream: no CONN_OPEN comes, and conn_sendv may be called at once. */
struct conn *multistream_lazy(struct conn *below, const char *name, conn_cb *cb, void *arg);

#endif
