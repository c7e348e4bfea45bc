/* files/peer/wire_msg.h - the peer protocol's bytes: handshake and messages (BEP 3 "peer protocol",
 * BEP 6 fast extension, BEP 10 extension protocol, BEP 9 ut_metadata).  Pure.
 *
 * A receiver collects bytes, asks wire_frame() whether a whole message is there, and parses it.  A
 * `piece` message may be parsed as soon as its 13 bytes of header are there. */
#ifndef SHOAL_FILES_PEER_WIRE_MSG_H
#define SHOAL_FILES_PEER_WIRE_MSG_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"
#include "crypto/sha1.h"
#include "crypto/sha256.h"
#include "net/addr.h"

#include <stdbool.h>

enum {
    WIRE_HANDSHAKE_LEN = 68,
    WIRE_FRAME_MAX = 1024 * 1024 + 16, /* bytes after the length prefix; a bitfield of 8M pieces */
    WIRE_REQUEST_MAX = 128 * 1024,     /* bytes asked for in one request; more is hostile */
    WIRE_EXT_MAX = 64 * 1024,          /* bytes of one extension message */
    WIRE_METADATA_PIECE = 16384,       /* BEP 9 */
    WIRE_HASHES_MAX = 1024,            /* in one answer; BEP 52 has 512 and their uncles */
    WIRE_REQQ = 500,                   /* requests that we queue for one peer; told by "reqq" */
};

struct wire_handshake {
    uint8_t reserved[8];
    uint8_t infohash[SHA1_LEN];
    uint8_t peer_id[20];
};
/* What the reserved bits say. */
bool wire_has_fast(const struct wire_handshake *h); /* BEP 6: reserved[7] & 0x04 */
bool wire_has_ext(const struct wire_handshake *h);  /* BEP 10: reserved[5] & 0x10 */
bool wire_has_v2(const struct wire_handshake *h);   /* BEP 52: reserved[7] & 0x10 */
bool wire_has_dht(const struct wire_handshake *h);  /* BEP 5: reserved[7] & 0x01 */

/* ERR_INVALID: cut short, or another protocol's name. */
/* Could these first bytes begin one?  (Else there is no need to wait for the rest.) */
bool wire_may_be_handshake(struct cur c);
MUST_CHECK enum err wire_read_handshake(struct cur *c, struct wire_handshake *out, struct why *why);
/* Ours: the fast and extension bits are set; of a v2 or hybrid torrent that of BEP 52 too. */
void wire_put_handshake(struct buf *b, const uint8_t infohash[SHA1_LEN], const uint8_t id[20]);
void wire_put_handshake_v2(struct buf *b, const uint8_t infohash[SHA1_LEN], const uint8_t id[20]);
/* Likewise, and a bit for each of these. */
enum wire_speaks {
    WIRE_SPEAKS_DHT = 0x01 /* BEP 5 */,
    WIRE_SPEAKS_V2 = 0x10 /* BEP 52: "the 4th most significant bit" */
};
void wire_put_handshake_with(struct buf *b, const uint8_t infohash[SHA1_LEN], const uint8_t id[20],
                             unsigned speaks);

enum wire_type {
    WIRE_CHOKE,
    WIRE_UNCHOKE,
    WIRE_INTERESTED,
    WIRE_NOT_INTERESTED,
    WIRE_HAVE,
    WIRE_BITFIELD,
    WIRE_REQUEST,
    WIRE_PIECE,
    WIRE_CANCEL,
    WIRE_PORT,
    WIRE_SUGGEST = 13,
    WIRE_HAVE_ALL,
    WIRE_HAVE_NONE,
    WIRE_REJECT,
    WIRE_ALLOWED_FAST,
    WIRE_EXTENDED = 20,
    WIRE_HASH_REQUEST,
    WIRE_HASHES,
    WIRE_HASH_REJECT,
    WIRE_KEEPALIVE = 256, /* no id on the wire */
    WIRE_UNKNOWN,         /* an id that we do not know: passed over, as clients do */
};

struct wire_msg {
    enum wire_type type;
    uint32_t piece;      /* HAVE, SUGGEST, ALLOWED_FAST; REQUEST, PIECE, CANCEL, REJECT */
    uint32_t begin, len; /* REQUEST, CANCEL, REJECT; PIECE: len is that of the block */
    struct cur body;     /* BITFIELD: bits; PIECE: the block; EXTENDED: payload; HASH..: all */
    uint8_t ext_id;      /* EXTENDED: 0 is the handshake */
    uint16_t port;       /* PORT */
};

/* Bytes of the first frame in c, prefix included (4 for a keep-alive); 0: the prefix is not yet
 * whole.  ERR_LIMIT past WIRE_FRAME_MAX. */
MUST_CHECK enum err wire_frame(struct cur c, size_t *len, struct why *why);

/* One whole frame, prefix included; of a PIECE, 13 bytes or more of it: `len` is then that of the
 * whole block, and `body` what is there.  Checks lengths per type and WIRE_REQUEST_MAX; what
 * depends on the torrent (piece numbers, bitfield length) is the session's to check. */
MUST_CHECK enum err wire_read(struct cur frame, struct wire_msg *out, struct why *why);

/* Writers; each appends one frame. */
void wire_put_simple(struct buf *b, enum wire_type type); /* also KEEPALIVE, HAVE_ALL, HAVE_NONE */
void wire_put_index(struct buf *b, enum wire_type type, uint32_t piece); /* HAVE, ALLOWED_FAST.. */
void wire_put_range(struct buf *b, enum wire_type type, uint32_t piece, uint32_t begin,
                    uint32_t len);                /* REQUEST, CANCEL, REJECT */
void wire_put_port(struct buf *b, uint16_t port); /* BEP 5 */
void wire_put_bitfield(struct buf *b, const uint8_t *bits, size_t n);
void wire_put_piece_header(struct buf *b, uint32_t piece, uint32_t begin, uint32_t len);
void wire_put_extended(struct buf *b, uint8_t ext_id, const void *payload, size_t n);

/* BEP 52, the body of "hash request", "hashes" and "hash reject": part of a file's hash tree. */
struct wire_hash_range {
    const uint8_t *root; /* of the file, SHA256_LEN bytes */
    uint32_t base;       /* layer, 0: the leaves */
    uint32_t index;      /* of the first hash in it */
    uint32_t count;
    uint32_t proofs;   /* layers above the base from which nodes are wanted */
    struct cur hashes; /* HASHES: whole hashes, WIRE_HASHES_MAX at most */
};
MUST_CHECK enum err wire_read_hashes(const struct wire_msg *m, struct wire_hash_range *out,
                                     struct why *why);
void wire_put_hashes(struct buf *b, enum wire_type type, const struct wire_hash_range *r);

/* BEP 10's handshake payload. */
struct wire_ext {
    uint8_t ut_metadata;   /* their number for it; 0: not spoken */
    uint8_t ut_pex;        /* likewise */
    uint8_t lt_donthave;   /* likewise (BEP 54) */
    uint8_t ut_holepunch;  /* likewise (BEP 55) */
    int64_t metadata_size; /* 0: unknown (or nonsense); above MI_INFO_MAX: ERR_LIMIT */
    uint32_t reqq;         /* 0: not said */
    uint16_t port;         /* "p"; 0: not said */
    char client[64];       /* "v", made valid UTF-8, cut */
    bool upload_only;      /* BEP 21 */
    struct addr yourip;    /* our address, as it sees it; port 0; ADDR_NONE: not said */
};
MUST_CHECK enum err wire_read_ext(struct cur payload, struct wire_ext *out, struct why *why);
/* Our own. */
struct wire_ext_own {
    /* The numbers that we give them; 0: not offered. */
    uint8_t ut_metadata, ut_pex, lt_donthave, ut_holepunch;
    int64_t metadata_size; /* 0: we have none yet */
    uint16_t port;         /* 0: not said */
    bool upload_only;
    const char *client;
};
void wire_put_ext_handshake(struct buf *b, const struct wire_ext_own *own);

/* BEP 54, "lt_donthave": four bytes, a piece that is not had any more. */
MUST_CHECK enum err wire_read_donthave(struct cur payload, uint32_t *piece, struct why *why);
void wire_put_donthave(struct buf *b, uint8_t ext_id, uint32_t piece);

/* BEP 9, ut_metadata's payload. */
enum wire_metadata_type { WIRE_MD_REQUEST, WIRE_MD_DATA, WIRE_MD_REJECT, WIRE_MD_UNKNOWN };
struct wire_metadata {
    enum wire_metadata_type type;
    uint32_t piece;
    int64_t total_size; /* DATA: 1 to MI_INFO_MAX */
    struct cur data;    /* DATA: as long as this piece of total_size is, else ERR_INVALID */
};
MUST_CHECK enum err wire_read_metadata(struct cur payload, struct wire_metadata *out,
                                       struct why *why);
void wire_put_metadata(struct buf *b, uint8_t ext_id, enum wire_metadata_type type, uint32_t piece,
                       int64_t total_size, const void *data, size_t n);

/* BEP 6, "Allowed Fast Set Generation": k piece numbers for this address (or all, when there are
 * fewer) into out; IPv4 only (0 otherwise).  Returns how many. */
struct addr;
size_t wire_allowed_fast(const struct addr *peer, const uint8_t infohash[SHA1_LEN],
                         uint32_t piece_count, uint32_t *out, size_t k);

#endif
