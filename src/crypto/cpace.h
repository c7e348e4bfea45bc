/* crypto/cpace.h - two who know the same few words agree on a key, and nobody learns the words:
 * CPace over ristretto255 with SHA-512 (draft-irtf-cfrg-cpace-21, RFC 9496), over libsodium.
 *
 * Who does not know the words learns from a run whether one guess was right, and nothing else.  So
 * words may be few, if those who guess are counted: by who reads a tag that does not hold.
 *
 *     asks                              answers
 *     cpace_begin() ---- share ---->    cpace_begin()
 *                   <--- share -----
 *     cpace_finish()                    cpace_finish()
 *                   ---- tag ------>    equal_secret(tags.theirs): no: one wrong guess
 *                   <--- tag -------
 *
 * Key confirmation is the draft's section "Key confirmation".  A scalar serves one run. */
#ifndef SHOAL_CRYPTO_CPACE_H
#define SHOAL_CRYPTO_CPACE_H

#include "base/cur.h"
#include "base/err.h"
#include "crypto/sha512.h"

enum { CPACE_LEN = 32, CPACE_KEY_LEN = SHA512_LEN };

/* What both sides of a run know; the same bytes on both, or their keys differ. */
struct cpace_common {
    struct cur password;
    struct cur channel;     /* CI: who talks to whom, so that nobody between can pass it on */
    struct cur session;     /* sid: of this run alone */
    struct cur asks_too;    /* ADa: what goes along with the share of who asks */
    struct cur answers_too; /* ADb */
};

struct cpace {
    bool asks;
    uint8_t scalar[CPACE_LEN]; /* secret */
    uint8_t share[CPACE_LEN];  /* for the other side */
};

struct cpace_keys {
    uint8_t key[CPACE_KEY_LEN];    /* ISK: hash it before it is used */
    uint8_t ours[CPACE_KEY_LEN];   /* the tag that we send */
    uint8_t theirs[CPACE_KEY_LEN]; /* the one that must come: compare by equal_secret() */
};

/* random: CPACE_LEN unpredictable bytes. */
void cpace_begin(struct cpace *c, const struct cpace_common *common, bool asks,
                 const uint8_t random[CPACE_LEN]);
/* With the other side's share.  False: that is no share (no point, or the neutral one), and the run
 * is over.  The scalar is wiped; `out` is the caller's to wipe. */
MUST_CHECK bool cpace_finish(struct cpace *c, const struct cpace_common *common,
                             const uint8_t theirs[CPACE_LEN], struct cpace_keys *out);

#endif
