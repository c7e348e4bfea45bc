/* files/peer/hole_msg.h - ut_holepunch, how two peers behind routers find to each other (BEP 55).
 * Pure.
 *
 * The one that wants to connect asks a peer that both are connected to for a RENDEZVOUS with the
 * other; that peer tells both to CONNECT, at the same time, or answers with an ERROR. */
#ifndef SHOAL_FILES_PEER_HOLE_MSG_H
#define SHOAL_FILES_PEER_HOLE_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"
#include "net/addr.h"

enum hole_type { HOLE_RENDEZVOUS, HOLE_CONNECT, HOLE_ERROR };
enum hole_error {
    HOLE_OK,            /* in what is no error */
    HOLE_NO_SUCH_PEER,  /* "the target endpoint is invalid" */
    HOLE_NOT_CONNECTED, /* to the target */
    HOLE_NO_SUPPORT,    /* the target does not speak ut_holepunch */
    HOLE_NO_SELF,       /* the target is who was asked */
};

struct hole_msg {
    enum hole_type type;
    struct addr addr; /* of the other; may be one that cannot be dialled */
    uint32_t error;   /* ERROR: enum hole_error, or another number */
};

/* ERR_INVALID: another type or family, or another length.  The error may be missing where there is
 * none, as libtorrent writes it. */
MUST_CHECK enum err hole_read(struct cur c, struct hole_msg *out, struct why *why);
void hole_put(struct buf *b, const struct hole_msg *m);

/* "not connected", for the log. */
const char *hole_error_text(uint32_t error);

#endif
