/* host/reach/autonat2_msg.h - "can you dial me there?", address by address (libp2p/specs
 * autonat/autonat-v2.md "RPC Messages").  Views into the message; addresses beyond
 * AUTONAT2_ADDRS_MAX are passed over. */
#ifndef SHOAL_HOST_REACH_AUTONAT2_MSG_H
#define SHOAL_HOST_REACH_AUTONAT2_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"

#define AUTONAT2_REQUEST_PROTOCOL "/libp2p/autonat/2/dial-request"
#define AUTONAT2_BACK_PROTOCOL "/libp2p/autonat/2/dial-back"

enum {
    AUTONAT2_MESSAGE_MAX = 8 << 10,
    AUTONAT2_ADDRS_MAX = 50,   /* go-libp2p looks at as many */
    AUTONAT2_CHUNK_MAX = 4096, /* bytes of data in one message */
};

enum autonat2_kind { AUTONAT2_ASK, AUTONAT2_ANSWER, AUTONAT2_ASK_DATA, AUTONAT2_DATA };

enum autonat2_status {
    AUTONAT2_INTERNAL_ERROR = 0,
    AUTONAT2_REJECTED = 100, /* too many questions */
    AUTONAT2_REFUSED = 101,  /* none of the addresses is one that it would dial */
    AUTONAT2_OK = 200,
};
enum autonat2_dialled {
    AUTONAT2_NOT_DIALLED = 0,
    AUTONAT2_UNREACHED = 100,
    AUTONAT2_NO_BACK = 101, /* connected, and the nonce could not be said */
    AUTONAT2_REACHED = 200,
};

struct autonat2_msg {
    enum autonat2_kind kind;
    uint64_t nonce;    /* ASK */
    size_t addr_count; /* likewise */
    struct cur addrs[AUTONAT2_ADDRS_MAX];
    uint64_t index;           /* ANSWER, ASK_DATA: of which address */
    uint64_t status, dialled; /* ANSWER: enum autonat2_status and _dialled, or other numbers */
    uint64_t wanted_bytes;    /* ASK_DATA */
    struct cur data;          /* DATA */
};

/* From a whole message; and back. */
MUST_CHECK enum err autonat2_decode(struct autonat2_msg *out, struct cur msg, struct why *why);
void autonat2_encode(const struct autonat2_msg *m, struct buf *out);

/* What is said over the connection dialled back: the nonce, and that it was heard. */
MUST_CHECK enum err autonat2_back_decode(uint64_t *nonce, struct cur msg, struct why *why);
void autonat2_back_encode(uint64_t nonce, struct buf *out);
MUST_CHECK enum err autonat2_heard_decode(struct cur msg, struct why *why);
void autonat2_heard_encode(struct buf *out);

#endif
