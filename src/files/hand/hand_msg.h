/* files/hand/hand_msg.h - what is said in handing over: doc/DESIGN-hand.md.
 *
 * /shoal/hand/1, by who has a code, of who made it; each message behind its length as a varint:
 *
 *     message Hand { uint32 number = 1;    the nameplate; none of the words
 *                    bytes session = 2;    16, random: the session of crypto/cpace.h
 *                    bytes share = 3;      32
 *                    uint32 said = 4;      enum hand_said
 *                    bytes tag = 5;        64
 *                    bytes offer = 6; }    hand_offer.h
 *
 *     -> number, session, share    <- said, share    -> tag    <- said, tag, offer    -> (empty)
 *
 * /shoal/hand-data/1, by who took the offer; Want is behind its length, the answer is not:
 *
 *     message Want { bytes token = 1; uint64 chunk = 2; uint32 end = 3; }
 *
 * From that chunk on all are sent, each as a byte 1, the SHA-256 of its bytes, and these, as many
 * as the offer says.  A byte 2, a length byte and words say that nothing more comes, and why. Pure.
 */
#ifndef SHOAL_FILES_HAND_HAND_MSG_H
#define SHOAL_FILES_HAND_HAND_MSG_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"
#include "crypto/cpace.h"
#include "crypto/sha256.h"
#include "files/hand/hand_offer.h"

#define HAND_PROTOCOL "/shoal/hand/1"
#define HAND_DATA_PROTOCOL "/shoal/hand-data/1"

enum {
    HAND_SESSION_LEN = 16,
    HAND_TOKEN_LEN = 16,
    HAND_SMALL_MAX = 256,                   /* bytes of a Hand without an offer; of a Want */
    HAND_LARGE_MAX = HAND_OFFER_MAX + 1024, /* of one with */
    HAND_WORDS_MAX = 200,                   /* bytes of an end's words */
    HAND_FRAME_MAX = 1 + SHA256_LEN,        /* bytes before a chunk's; or 2 and words */
};

/* What a number says that is not known: HAND_NO. */
enum hand_said {
    HAND_YES = 0,
    HAND_NO = 1,    /* nothing is given under that number, to you */
    HAND_WRONG = 2, /* the words are wrong */
    HAND_BUSY = 3,  /* a limit; again, later */
};

/* Views; p NULL: not said. */
struct hand_msg {
    unsigned number;
    enum hand_said said;
    struct cur session, share, tag; /* of their lengths */
    struct cur offer;
};
void hand_msg_put(struct buf *out, const struct hand_msg *m);
MUST_CHECK enum err hand_msg_read(struct hand_msg *out, struct cur msg, struct why *why);

enum hand_end {
    HAND_GOES_ON = 0,
    HAND_HAS_ALL = 1,
    HAND_DECLINED = 2, /* also what later versions say */
};
struct hand_want {
    uint8_t token[HAND_TOKEN_LEN];
    uint64_t chunk;
    enum hand_end end;
};
void hand_want_put(struct buf *out, const struct hand_want *w);
MUST_CHECK enum err hand_want_read(struct hand_want *out, struct cur msg, struct why *why);

enum hand_frame_kind { HAND_FRAME_CHUNK = 1, HAND_FRAME_END = 2 };
struct hand_frame {
    enum hand_frame_kind kind;
    uint8_t hash[SHA256_LEN];       /* of a chunk */
    char words[HAND_WORDS_MAX + 1]; /* of an end; harmless text */
};
void hand_frame_put_chunk(struct buf *out, const uint8_t hash[SHA256_LEN]);
void hand_frame_put_end(struct buf *out, const char *words);
/* True: a whole frame was taken off the cursor.  False: more bytes are needed, or with *err not OK,
 * it is none. */
bool hand_frame_read(struct hand_frame *out, struct cur *c, enum err *err, struct why *why);

#endif
