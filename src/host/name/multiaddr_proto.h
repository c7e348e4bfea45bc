/* host/name/multiaddr_proto.h - what the parts of an address look like.  Private to multiaddr*.c.
 *
 * One row per protocol of multiformats/multiaddr, protocols.csv, that we know: its number, its
 * name, how long its value is and what it has to look like. */
#ifndef SHOAL_HOST_NAME_MULTIADDR_PROTO_H
#define SHOAL_HOST_NAME_MULTIADDR_PROTO_H

#include "host/name/multiaddr.h"

enum ma_value {
    MA_NOTHING, /* the name says it all */
    MA_V4,
    MA_V6,
    MA_NUMBER,  /* of as many bytes as the size is, in decimal */
    MA_NAME,    /* of a host or a zone: no '/', nothing that steers a terminal */
    MA_PATH,    /* begins with '/', and is the end of the address */
    MA_PEER,    /* a peer id */
    MA_HASH,    /* a multihash, as multibase */
    MA_ESCAPED, /* any bytes, percent-encoded */
};

enum { MA_SIZED = 255, MA_NAME_MAX = 253 }; /* size: a length stands before the value; RFC 1035 */

struct ma_proto {
    enum multiaddr_code code;
    const char *name;
    uint8_t size; /* bytes, or MA_SIZED */
    enum ma_value value;
};

/* NULL: none that we know.  By name: n bytes of it; "ipfs" is what p2p was called. */
const struct ma_proto *ma_proto_of_code(uint64_t code);
const struct ma_proto *ma_proto_of_name(const void *name, size_t n);

/* Is it a value of this protocol?  ERR_INVALID says why not. */
MUST_CHECK enum err ma_proto_check(const struct ma_proto *p, struct cur value, struct why *why);

#endif
