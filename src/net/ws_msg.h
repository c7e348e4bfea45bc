/* net/ws_msg.h - what a WebSocket says (RFC 6455): the HTTP upgrade at the start, and the heads of
 * frames. Pure.
 *
 * The readers take the bytes so far and return how many of them were the message, WS_MORE, or
 * WS_BAD with a reason. */
#ifndef SHOAL_NET_WS_MSG_H
#define SHOAL_NET_WS_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#include <stdbool.h>

enum { WS_MORE = 0, WS_BAD = -1 };
enum {
    WS_HTTP_MAX = 8192, /* bytes of a request or a response */
    WS_LINES_MAX = 64,  /* of one */
    WS_KEY_LEN = 24,    /* 16 random bytes in base64 */
    WS_ACCEPT_LEN = 28, /* a SHA-1 in base64 */
    WS_HEAD_MAX = 14,   /* bytes before a frame's payload */
    WS_CONTROL_MAX = 125,
};

/* --- the upgrade ---------------------------------------------------------------------------- */

/* host: as in a URL, "192.0.2.7:4001"; key: WS_KEY_LEN characters. */
void ws_put_request(struct buf *out, const char *host, const char *path, const char *key);
void ws_put_response(struct buf *out, const char *key);
/* To who asks for something else: 426 for ERR_UNSUPPORTED, and 400. */
void ws_put_refusal(struct buf *out, enum err code);

/* key: as it came.  ERR_UNSUPPORTED: another version than 13; ERR_INVALID: no WebSocket is asked
 * for; ERR_LIMIT. */
int ws_read_request(struct cur in, char key[WS_KEY_LEN + 1], struct why *why);
/* key: what was sent.  ERR_DENIED: the server says no; otherwise as above. */
int ws_read_response(struct cur in, const char *key, struct why *why);

/* Of a request that somebody else has read: its headers, NULL where absent.  As ws_read_request().
 */
MUST_CHECK enum err ws_check_request(const char *upgrade, const char *connection,
                                     const char *version, const char *key, struct why *why);
/* What answers a key, without a NUL. */
void ws_accept_of(const char *key, struct buf *out);

/* --- frames --------------------------------------------------------------------------------- */

enum ws_opcode {
    WS_CONTINUATION = 0,
    WS_TEXT = 1,
    WS_BINARY = 2,
    WS_CLOSE = 8, /* this one and what follows: control, never in parts */
    WS_PING = 9,
    WS_PONG = 10,
};

/* Why it ends (section 7.4.1). */
enum ws_code {
    WS_NORMAL = 1000,
    WS_AWAY = 1001,
    WS_PROTOCOL = 1002,
    WS_KIND = 1003,
    WS_NO_CODE = 1005,
    WS_DENIED = 1008, /* "policy" */
    WS_BIG = 1009,
    WS_TROUBLE = 1011, /* ours */
    WS_GONE = 4404,    /* of applications (RFC 6455 section 7.4.2): as HTTP's 404 */
};

struct ws_frame {
    enum ws_opcode opcode;
    bool last; /* of its message */
    bool masked;
    uint8_t mask[4];
    uint64_t len; /* of the payload that follows, below 2^63 */
};

/* The head alone.  ERR_INVALID: against section 5.2 or 5.5. */
int ws_read_frame(struct cur in, struct ws_frame *out, struct why *why);
/* A whole message in one frame.  mask: 4 bytes, or NULL: a server's. */
void ws_put_frame(struct buf *out, enum ws_opcode opcode, const uint8_t *mask, const void *bytes,
                  size_t n);
/* A Close's payload; ERR_INVALID: one byte, or a code that is not for the wire. */
MUST_CHECK enum err ws_read_close(struct cur payload, unsigned *code, struct why *why);

/* Masked or unmasked, in place; at: how many bytes of the payload came before. */
void ws_mask(uint8_t *bytes, size_t n, const uint8_t mask[4], uint64_t at);

#endif
