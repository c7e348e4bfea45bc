/* tunnel/head_msg.h - what is said at the head of a stream before raw bytes follow: what is wanted,
 * and whether it is given.  Of /shoal/forward/1 and /shoal/exit/1; doc/DESIGN-connect.md has both.
 *
 *     message Ask    { string service = 1;                       of a forward
 *                      string host = 2; uint32 port = 3; }       of an exit: a name or an address
 *     message Answer { uint32 code = 1; string words = 2; }      0: given, raw bytes follow
 *
 * Each behind its length as a varint (host/mux/messages.h), at most HEAD_MAX bytes.  Pure. */
#ifndef SHOAL_TUNNEL_HEAD_MSG_H
#define SHOAL_TUNNEL_HEAD_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#include <stdbool.h>
#include <stdint.h>

#define FORWARD_PROTOCOL "/shoal/forward/1"
#define EXIT_PROTOCOL "/shoal/exit/1"

enum {
    HEAD_MAX = 1024,
    HEAD_SERVICE_MAX = 64, /* bytes of a service's name */
    HEAD_HOST_MAX = 253,   /* RFC 1035 section 2.3.4, without the last dot */
    HEAD_WORDS_MAX = 200,
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
};

struct head_answer {
    enum head_code code;
    char words[HEAD_WORDS_MAX + 1]; /* UTF-8 without control characters; cut where it is longer */
};

/* A service's name: 1 to HEAD_SERVICE_MAX of a-z A-Z 0-9 - _ . and a letter first. */
bool head_is_service(const char *name);
/* A host's name or an address, of letters, digits, - _ . and, for addresses, colons. */
bool head_is_host(const char *host);

/* The question, appended. */
void head_put_ask(struct buf *out, const struct head_ask *ask);
/* ERR_INVALID: neither a service nor a host and a port, or both. */
MUST_CHECK enum err head_read_ask(struct head_ask *out, struct cur msg, struct why *why);

/* The answer; words are cut at HEAD_WORDS_MAX. */
void head_put_answer(struct buf *out, enum head_code code, const char *words);
/* A code that is not known is HEAD_OTHER, as is none. */
MUST_CHECK enum err head_read_answer(struct head_answer *out, struct cur msg, struct why *why);

#endif
