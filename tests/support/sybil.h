/* tests/support/sybil.h - peers of a topic who want it to fail.
 *
 * All listen, ask everybody to take them into his mesh, again whenever the backoff allows it, read
 * all and pass nothing on.  Besides that each does one thing more. */
#ifndef SHOAL_TESTS_SYBIL_H
#define SHOAL_TESTS_SYBIL_H

#include "core/keys.h"
#include "host/host.h"

enum sybil_kind {
    SYBIL_SILENT,
    SYBIL_IHAVE, /* tells everybody of messages that there are not, ten times a second */
    SYBIL_PRUNE, /* sends everybody away for all eternity, ever again */
    SYBIL_FORGE, /* gives messages on, altered: eight a second */
    SYBIL_KINDS,
};

struct sybil;
/* On a host of its own, which is connected or not yet; the host is freed after it. */
struct sybil *sybil_new(struct host *host, const char *topic, enum sybil_kind kind);
void sybil_free(struct sybil *s); /* NULL: nothing */

/* What it has said so far: parts of RPCs. */
size_t sybil_said(const struct sybil *s);

#endif
