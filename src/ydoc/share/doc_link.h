/* ydoc/share/doc_link.h - the text by which somebody joins a document:
 *
 *     shoal:doc/BASE32
 *
 * of a message and the first LINK_CHECK_LEN bytes of its SHA-256, so that a link that was cut short
 * or retyped wrongly is known as such.  Either case will do: as capitals it makes a small QR code.
 *
 *     message Link { bytes doc = 1; bytes inviter = 2;   32; a peer id
 *                    bytes token = 3; uint32 role = 4;   16: whoever has it becomes a member
 *                    repeated bytes addrs = 5; }         where the inviter was, without its /p2p
 *
 * Pure.  A link is a secret as long as its token is good. */
#ifndef SHOAL_YDOC_SHARE_DOC_LINK_H
#define SHOAL_YDOC_SHARE_DOC_LINK_H

#include "ydoc/share/share.h"

#define LINK_SCHEME "shoal:doc/"
enum { LINK_TOKEN_LEN = 16, LINK_ADDRS_MAX = 6, LINK_CHECK_LEN = 4 };

struct doc_link {
    struct doc_id doc;
    struct peer_id inviter;
    uint8_t token[LINK_TOKEN_LEN];
    enum doc_role role; /* that it gives: reader or writer */
    size_t addr_count;
    struct multiaddr addrs[LINK_ADDRS_MAX];
};

/* Appended; addresses that would make it longer than SHARE_LINK_MAX are left out. */
void doc_link_format(const struct doc_link *l, struct buf *out);
/* White space around it is passed over; addresses of a kind that we do not know are left out.
 * ERR_INVALID says what is wrong; ERR_LIMIT. */
MUST_CHECK enum err doc_link_parse(struct doc_link *out, const char *text, struct why *why);

#endif
