/* files/peer/peer_state.h - one peer's side and ours, as the messages have told it.
 *
 * Pure: what a message does to the state, and which messages are not allowed now.  The session
 * moves the bytes and acts; here is who chokes whom, who wants what, which pieces the peer has, and
 * BEP 3's and BEP 6's rules on order and ranges.
 *
 * Before the metadata is known (a magnet link) piece_count is 0: bits are kept as they came and
 * checked by peer_state_set_torrent().  Memory then is bounded: a bitfield by the bytes really
 * sent, HAVE to pieces below PEER_EARLY_PIECES. */
#ifndef SHOAL_FILES_PEER_PEER_STATE_H
#define SHOAL_FILES_PEER_PEER_STATE_H

#include "base/err.h"
#include "files/meta/metainfo.h"
#include "files/peer/wire_msg.h"

enum { PEER_EARLY_PIECES = 64 * 1024 };

struct peer_state {
    bool am_choking, am_interested;     /* ours, as last told to the peer */
    bool peer_choking, peer_interested; /* theirs */
    bool fast;                          /* BEP 6 is spoken by both */
    bool began;                         /* a message came after which no bitfield may */
    const struct metainfo *mi;          /* NULL: not known yet */
    bool all;                           /* have_all, or a bitfield with every bit set */
    uint8_t *bits;                      /* NULL with `all`, and when nothing is had */
    size_t bits_len;
    uint32_t have_count; /* 0 while mi is not known */
};

/* Both choke, nobody wants, nothing is had.  mi: NULL while not known; outlives st. */
void peer_state_init(struct peer_state *st, const struct metainfo *mi);

/* Frees what it holds. */
void peer_state_done(struct peer_state *st);

/* A message came.  *news: it changed what we know (a first HAVE of that piece, a choke after an
 * unchoke, ...).  A bitfield or HAVE_ALL that is not the first message is no news by itself: it
 * stands for the HAVE of each of its pieces, which the caller then gives.  ERR_INVALID: not
 * allowed, or out of range; the session is to end. */
MUST_CHECK enum err peer_state_recv(struct peer_state *st, const struct wire_msg *m, bool *news,
                                    struct why *why);

/* BEP 54: it has this piece no more.  *news: it had it, as far as we knew. */
MUST_CHECK enum err peer_state_lacks(struct peer_state *st, uint32_t piece, bool *news,
                                     struct why *why);

/* The metadata has come: what was told before is checked against it. */
MUST_CHECK enum err peer_state_set_torrent(struct peer_state *st, const struct metainfo *mi,
                                           struct why *why);

/* As far as it has told. */
bool peer_state_has(const struct peer_state *st, uint32_t piece);
/* Has all pieces (also when it told so one by one). */
bool peer_state_is_seed(const struct peer_state *st);

#endif
