/* net/ws_inbox.h - a client's frames put together to messages (RFC 6455 sections 5.2 to 5.5). Pure.
 *
 *     buf_put(&in.raw, bytes, n);
 *     while ((got = ws_inbox_next(&in, &opcode, &payload, &code, &why)) > 0) ...
 *
 * For a server: what is not masked is refused, and so are text and extensions. */
#ifndef SHOAL_NET_WS_INBOX_H
#define SHOAL_NET_WS_INBOX_H

#include "net/ws_msg.h"

enum { WS_PARTS_MAX = 4096 /* frames of one message */ };

struct ws_inbox {
    struct buf raw;     /* as it came */
    struct buf message; /* the parts so far of one that comes in several */
    size_t max;         /* bytes of a message; set by the owner, nothing else */
    size_t eaten;       /* of raw, by what was given out last */
    unsigned parts;     /* 0: no message has begun */
};

/* Frees what it holds. */
void ws_inbox_done(struct ws_inbox *in);

/* The next whole message (WS_BINARY) or control frame: 1, and the payload is a view until the next
 * call.  WS_MORE; WS_BAD: *code says how to close. */
int ws_inbox_next(struct ws_inbox *in, enum ws_opcode *opcode, struct cur *payload,
                  enum ws_code *code, struct why *why);

#endif
