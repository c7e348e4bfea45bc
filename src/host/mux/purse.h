/* host/mux/purse.h - what one peer may make us hold, whatever protocol asks and over however many
 * connections.
 *
 * A purse is a peer's: a budget (core/budget.h), counted, since streams outlive their connection
 * and connections their peer.  The first PURSE_OWN bytes are always there for it; what goes beyond
 * also comes out of what all peers of a host have together, so that many who fill theirs do not
 * starve the others.  A tab is a stream's: what was drawn for it and not given back.  Filters share
 * the tab of the stream below them (conn.tab), so whoever has a conn can draw:
 *
 *     if (tab_take(stream->tab, n, "a message", why) != OK) ... this stream ends, others go on
 *     tab_give(stream->tab, n);
 *
 * What is still on a tab when its stream is freed goes back.  A conn that is no stream has no tab:
 * what is drawn for NULL is not counted. */
#ifndef SHOAL_HOST_MUX_PURSE_H
#define SHOAL_HOST_MUX_PURSE_H

#include "base/err.h"
#include "core/budget.h"

enum {
    PURSE_BYTES_MAX = 16 << 20,  /* of one peer, that wait to be read or written, */
    PURSE_OWN = 1 << 20,         /* of which so many are nobody else's, */
    PURSE_COMMON_MAX = 64 << 20, /* and the others those of all peers together */
    PURSE_STREAMS_MAX = 1024,    /* inbound, of all protocols and connections of a peer */
};

struct purse {
    unsigned holders;
    struct budget budget;
    struct purse *common; /* held; NULL: there is none */
};
/* What all have together. */
struct purse *purse_new_common(void);
/* A peer's, for so many connections.  common: NULL, or what it holds from now on.  One holder: the
 * caller. */
struct purse *purse_new(struct purse *common, unsigned conns);
struct purse *purse_hold(struct purse *p); /* one more; returns p, which may be NULL */
void purse_drop(struct purse *p);          /* the last frees it; NULL: nothing */

/* By how much the windows of a connection may still grow: what we let somebody send is as good as
 * held, and half of what is left is for others.  NULL: SIZE_MAX. */
size_t purse_spare(const struct purse *p);

struct tab {
    struct purse *purse; /* held; NULL: nobody counts */
    size_t bytes;
};
void tab_open(struct tab *t, struct purse *p);
void tab_close(struct tab *t); /* all goes back */

/* what: for the sentence ("a message").  ERR_LIMIT: the peer has enough already. */
MUST_CHECK enum err tab_take(struct tab *t, size_t n, const char *what, struct why *why);
void tab_give(struct tab *t, size_t n); /* at most what was taken */

#endif
