/* tunnel/lasting.h - a conn that outlives the connection below it.
 *
 * Two nodes talk over a stream; when the stream is lost, the conn of either side goes on: what was
 * said is kept until it is acknowledged, and who asked in the first place asks again, for the same
 * session, until there is a stream or LASTING_WAIT_US are over.  The owner sees a conn that is slow
 * for a while.
 *
 * The contract is net/conn.h's and mux.h's: conn_close() after conn_shut() and after the other
 * side's end lets what was taken go out; any other breaks it off, here and there.  A session is
 * known by the peer, the protocol and 16 bytes that who asked has chosen.  What it holds is drawn
 * from the peer's purse (host/mux/purse.h): who has little left there is slower, and where nothing
 * is left what comes breaks it off. */
#ifndef SHOAL_TUNNEL_LASTING_H
#define SHOAL_TUNNEL_LASTING_H

#include "host/host.h"
#include "tunnel/ask.h"
#include "tunnel/head_msg.h"

enum {
    LASTING_OF_PEER_MAX = 128,     /* sessions that one peer has with us and asked for */
    LASTING_GROWTH_MAX = 64 << 20, /* bytes, by which windows of all sessions may grow */
    LASTING_KEPT_OWN = 64 << 10,   /* bytes that wait to be acknowledged, however little is left of
                                      the peer's purse, but not of none */
};
#define LASTING_WAIT_US (120 * SEC) /* without a stream for so long, it is over */
#define LASTING_AGAIN_US SEC        /* between two attempts */
#define LASTING_REST_US                                                                            \
    (60 * SEC)                       /* without a byte for so long, it is not watched over closely \
                                      */
#define LASTING_FULL_US (100 * MSEC) /* the purse is empty: is it still? */
#define LASTING_ACK_US (40 * MSEC)   /* an acknowledgement waits for more to acknowledge */

struct messages;
/* All sessions of a node. */
struct lastings {
    struct host *host;
    const struct log *log;
    struct link list; /* struct lasting */
    uint64_t spare;   /* by which windows may still grow */
    struct timer *rest;
};
void lastings_init(struct lastings *all, struct host *host, const struct log *log);
/* Those that owners have closed are ended too; those that they have not are theirs to close
 * before. */
void lastings_done(struct lastings *all);
/* Those that were closed and still go out: of this peer (NULL: any) and this protocol (NULL: any).
 */
void lastings_cut(struct lastings *all, const struct peer_id *peer, const char *protocol);

/* The conn of a session that begins, over `stream`, open, which it takes.  protocol: static. */
struct lasting_cfg {
    struct conn *stream;
    const struct peer_id *peer;
    const char *protocol;
    const uint8_t *session;
    bool ours;        /* we asked, and ask again */
    struct buf first; /* what goes before anything else on this stream; taken */
};
struct conn *lasting_new(struct lastings *all, struct lasting_cfg *cfg);

/* The conn of what ask_start() was given, and we resume it. */
struct conn *lasting_of_answer(struct lastings *all, const struct ask_answer *answer);

/* How many sessions this peer asked for. */
size_t lasting_count(const struct lastings *all, const struct peer_id *peer);

/* A peer comes back to a session: we answer and go on over its stream, which is taken.  false:
 * there is none, and the stream is still the caller's. */
bool lasting_again(struct lastings *all, const struct peer_id *peer, const char *protocol,
                   const struct head_ask *ask, struct messages *m);

#endif
