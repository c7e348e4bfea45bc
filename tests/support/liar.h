/* tests/support/liar.h - a peer that claims to have every piece of a torrent, and lies.
 *
 * A scripted machine in the simulator that listens, dials whom it is told to, and speaks the peer
 * protocol well enough to be believed at first.  It holds as many connections as it gets. */
#ifndef SHOAL_TESTS_LIAR_H
#define SHOAL_TESTS_LIAR_H

#include "crypto/sha1.h"
#include "sim/sim.h"

enum liar_kind {
    LIAR_WRONG, /* answers every request at once, with bytes that are not the torrent's */
    LIAR_MUTE,  /* lets everybody ask, and answers nothing */
    LIAR_PLAIN, /* no liar: claims nothing and asks for nothing */
};

struct liar;

/* A machine named `name` that listens on port 6881 for this torrent. */
struct liar *liar_new(struct sim *sim, const char *name, struct addr ip, struct sim_link link,
                      enum liar_kind kind, const uint8_t infohash[SHA1_LEN]);
void liar_free(struct liar *l); /* before sim_free; NULL: nothing */

/* Connect, unless there is a connection with that machine. */
void liar_dial(struct liar *l, const struct addr *to);
/* From now on be somebody else: hang up everywhere and answer as LIAR_PLAIN would. */
void liar_reform(struct liar *l);

/* Is there a connection over which that machine has said hello? */
bool liar_is_let_in(const struct liar *l, const struct addr *ip);
/* Blocks given to that machine, right or wrong; asked of us by anybody. */
size_t liar_served(const struct liar *l, const struct addr *ip);
size_t liar_asked(const struct liar *l);

#endif
