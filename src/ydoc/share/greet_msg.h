/* ydoc/share/greet_msg.h - the first message each way on a stream of DOC_PROTOCOL, before those of
 * y-protocols:
 *
 *     message Greet { uint32 version = 1;     1
 *                     bytes doc = 2;          32: which document
 *                     bytes roster = 3;       signed (roster_msg.h): the newest that the sender has
 *                     bytes token = 4;        16: of a link, where the sender wants to be a member
 *                     string name = 5;        as the sender calls itself
 *                     uint32 code = 6;        of an answer: 0, or why not
 *                     string words = 7; }     likewise, for a person
 *
 * What comes after it: each message of y-protocols, and, of numbers that they do not use (lib0:
 * varUint, rest), DOC_ROSTER with a signed roster that is newer and DOC_PLACE with the signed
 * record of where another member is (host/name/envelope.h).  Pure. */
#ifndef SHOAL_YDOC_SHARE_GREET_MSG_H
#define SHOAL_YDOC_SHARE_GREET_MSG_H

#include "ydoc/share/doc_link.h"
#include "ydoc/share/roster_msg.h"

enum { GREET_VERSION = 1, GREET_MAX = ROSTER_MAX + 1024 };

/* Of messages after it, besides those of y-protocols. */
enum { DOC_ROSTER = 64, DOC_PLACE = 65, DOC_PART = 66, DOC_PART_HAVE = 67 };

enum greet_code {
    GREET_OK = 0,
    GREET_DENIED = 1, /* no member, no such document: a stranger does not learn which */
    GREET_TOKEN = 2,  /* the link is no good (any more) */
    GREET_BUSY = 3,   /* later, perhaps */
    GREET_OTHER = 4,  /* what later versions say, too */
};

struct greet {
    struct doc_id doc;
    struct cur roster; /* a view; n 0: none */
    bool joins;
    uint8_t token[LINK_TOKEN_LEN];
    char name[ROSTER_NAME_MAX + 1];
    enum greet_code code;
    char words[ROSTER_NAME_MAX + 1];
};

/* Appended. */
void greet_put(const struct greet *g, struct buf *out);
/* ERR_UNSUPPORTED: of another version; ERR_LIMIT; ERR_INVALID. */
MUST_CHECK enum err greet_read(struct greet *out, struct cur msg, struct why *why);

#endif
