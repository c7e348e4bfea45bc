/* tunnel/head_msg.h - what is said at the head of a stream before frames follow (lasting_msg.h):
 * what is wanted, and whether it is given.  Of /shoal/forward/2 and /shoal/exit/2;
 * doc/DESIGN-connect.md has both.
 *
 *     message Ask    { string service = 1;                       of a forward
 *                      string host = 2; uint32 port = 3;         of an exit: a name or an address
 *                      bytes session = 4;                        16, chosen by who asks
 *                      uint64 got = 5; }                         to go on: so much of yours is here
 *     message Answer { uint32 code = 1; string words = 2;        0: given, frames follow
 *                      uint64 got = 3; }                         likewise
 *
 * A session that goes on is asked for with neither service nor host.
 * Each behind its length as a varint (host/mux/messages.h), at most HEAD_MAX bytes.  Pure. */
#ifndef SHOAL_TUNNEL_HEAD_MSG_H
#define SHOAL_TUNNEL_HEAD_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define FORWARD_PROTOCOL "/shoal/forward/2"
#define EXIT_PROTOCOL "/shoal/exit/2"
#define DATAGRAM_PROTOCOL "/shoal/forward-udp/1" /* dgram_msg.h instead of frames */

enum {
    HEAD_MAX = 1024,
    HEAD_SERVICE_MAX = 64, /* bytes of a service's name */
    HEAD_HOST_MAX = 253,   /* RFC 1035 section 2.3.4, without the last dot */
    HEAD_WORDS_MAX = 200,
    HEAD_SESSION_LEN = 16,
};

enum head_code {
    HEAD_OK = 0,
    HEAD_DENIED = 1,      /* not for you */
    HEAD_NOT_FOUND = 2,   /* no such service, no such name */
    HEAD_UNREACHABLE = 3, /* what stands behind it does not answer */
    HEAD_BUSY = 4,        /* a limit; later, perhaps */
    HEAD_OTHER = 5,       /* what later versions say, too */
};

struct head_ask {
    char service[HEAD_SERVICE_MAX + 1]; /* "": it is for an exit */
    char host[HEAD_HOST_MAX + 1];
    uint16_t port;
    uint8_t session[HEAD_SESSION_LEN];
    bool resumes; /* no service and no host: it goes on, and so much is here: */
    uint64_t got;
};

struct head_answer {
    enum head_code code;
    char words[HEAD_WORDS_MAX + 1]; /* UTF-8 without control characters; cut where it is longer */
    uint64_t got;                   /* of a session that goes on */
};

/* A service's name: 1 to HEAD_SERVICE_MAX of a-z A-Z 0-9 - _ . and a letter first. */
bool head_is_service(const char *name);
/* A host's name or an address, of letters, digits, - _ . and, for addresses, colons. */
bool head_is_host(const char *host);

/* The question, appended. */
void head_put_ask(struct buf *out, const struct head_ask *ask);
/* ERR_INVALID: not one of a service, a host and a port, a session that goes on; no session. */
MUST_CHECK enum err head_read_ask(struct head_ask *out, struct cur msg, struct why *why);

/* The answer; and behind its length, where it goes before frames. */
void head_put_answer(struct buf *out, const struct head_answer *answer);
void head_put_answer_first(struct buf *out, const struct head_answer *answer);
/* A code that is not known is HEAD_OTHER, as is none. */
MUST_CHECK enum err head_read_answer(struct head_answer *out, struct cur msg, struct why *why);

#endif
