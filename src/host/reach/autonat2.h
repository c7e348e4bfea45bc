/* host/reach/autonat2.h - at which of our addresses can strangers dial us? (libp2p/specs
 * autonat/autonat-v2.md)
 *
 * Asking: one address in a question, so that an answer is of no other.  Whoever says yes must have
 * said our nonce over a connection that he made; AUTONAT_AGREE networks must agree
 * (autonat2_book.h; in laboratories one is enough).  Data is sent where it is asked for,
 * AUTONAT2_DATA_MAX bytes. Answering: the first address that we would dial, never a private one
 * outside laboratories, nor one of a family that we have not; for an address that is not the
 * asker's own he first sends us AUTONAT2_DATA_MIN bytes or more.  From a port where we do not
 * listen: what a router lets in because we came from a known one proves nothing. */
#ifndef SHOAL_HOST_REACH_AUTONAT2_H
#define SHOAL_HOST_REACH_AUTONAT2_H

#include "host/reach/autonat.h"

enum {
    AUTONAT2_DATA_MIN = 30000, /* "servers SHOULD ask for 30k to 100k bytes" */
    AUTONAT2_DATA_MAX = 100000,
    AUTONAT2_DIALS_MAX = 60,        /* a minute */
    AUTONAT2_DIALS_OF_ONE_MAX = 12, /* a minute, for one address that asks */
    AUTONAT2_ASKED_MAX = 16,        /* questions that we answer at once; one of a peer */
    AUTONAT2_BACKS_MAX = 8,         /* streams with a nonce that we read at once */
};

struct autonat2_cfg {
    struct host *host;
    const struct log *log;
    bool lab;
    /* Where others may reach us, without relays; returns how many, at most cap. */
    size_t (*addrs)(void *arg, struct multiaddr *out, size_t cap);
    void (*changed)(void *arg); /* what is known is another */
    void *arg;
};

struct autonat2;
/* Begins with those that are connected; cfg is copied. */
struct autonat2 *autonat2_new(const struct autonat2_cfg *cfg);
void autonat2_free(struct autonat2 *a); /* before the host; NULL: nothing */

enum verdict autonat2_verdict(const struct autonat2 *a);
/* Our addresses of which this is the verdict; returns how many, at most cap. */
size_t autonat2_addrs(const struct autonat2 *a, enum verdict v, struct multiaddr *out, size_t cap);

/* autonat2_serve.c: answering. */
struct autonat2_server;
struct autonat2_server *autonat2_serve(struct host *h, bool lab);
void autonat2_serve_end(struct autonat2_server *s); /* NULL: nothing */

#endif
