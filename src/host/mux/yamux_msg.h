/* host/mux/yamux_msg.h - Yamux's frame header (libp2p/specs yamux/README.md "Framing").  Pure. */
#ifndef SHOAL_HOST_MUX_YAMUX_MSG_H
#define SHOAL_HOST_MUX_YAMUX_MSG_H

#include "base/cur.h"
#include "base/err.h"

#include <stdint.h>

enum yamux_type { YAMUX_DATA, YAMUX_WINDOW_UPDATE, YAMUX_PING, YAMUX_GO_AWAY };
enum { YAMUX_SYN = 1, YAMUX_ACK = 2, YAMUX_FIN = 4, YAMUX_RST = 8 };
enum { YAMUX_HEADER_LEN = 12 };

/* "Session termination": the Length of a Go Away. */
enum { YAMUX_NORMAL, YAMUX_PROTOCOL_ERROR, YAMUX_INTERNAL_ERROR };

struct yamux_frame {
    enum yamux_type type;
    uint16_t flags;  /* those that we do not know are not looked at */
    uint32_t stream; /* 0: the session itself */
    uint32_t
        length; /* DATA: bytes that follow; WINDOW_UPDATE: credit; PING: opaque; GO_AWAY: code */
};

/* Take one header off c.  ERR_INVALID: cut short, or against "Framing". */
MUST_CHECK enum err yamux_read(struct cur *c, struct yamux_frame *out, struct why *why);

/* As bytes. */
void yamux_write(uint8_t out[YAMUX_HEADER_LEN], const struct yamux_frame *f);

#endif
