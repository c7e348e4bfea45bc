#include "host/secure/noise_xx.h"

#include "base/mem.h"
#include "crypto/hkdf.h"
#include "crypto/wipe.h"
#include "host/secure/noise_cipher.h"

#include <assert.h>
#include <string.h>

/* Exactly HASHLEN bytes would be taken as they are, fewer padded with zeros (section 5.2). */
static const char protocol_name[] = "Noise_XX_25519_ChaChaPoly_SHA256";
_Static_assert(sizeof protocol_name - 1 == SHA256_LEN, "the name is the first hash");

enum token { END, E, S, EE, ES, SE };
enum { MESSAGES = 3, TOKENS_MAX = 5 };

static const enum token pattern[MESSAGES][TOKENS_MAX] = {
    {E, END},
    {E, EE, S, ES, END},
    {S, SE, END},
};

struct noise_xx {
    struct noise_aeads aeads;
    bool initiator, keyed, has_static;
    unsigned at; /* which message is next */
    uint8_t ck[SHA256_LEN], h[SHA256_LEN], k[SHA256_LEN];
    uint64_t nonce;
    struct noise_key s, e;
    uint8_t rs[X25519_LEN], re[X25519_LEN];
};

void noise_key_init(struct noise_key *k, const uint8_t secret[X25519_LEN])
{
    memcpy(k->secret, secret, sizeof k->secret);
    x25519_public(secret, k->pub);
}

/* The symmetric state, section 5.2. */

static void mix_hash(struct noise_xx *x, const void *bytes, size_t n)
{
    struct sha256 *hash = sha256_new();
    sha256_update(hash, x->h, sizeof x->h);
    sha256_update(hash, bytes, n);
    sha256_finish(hash, x->h);
}

static void mix_key(struct noise_xx *x, const uint8_t shared[X25519_LEN])
{
    hkdf2_sha256(x->ck, shared, X25519_LEN, x->ck, x->k);
    x->nonce = 0;
    x->keyed = true;
}

/* Before the first key, as it is. */
static void seal(struct noise_xx *x, struct cur plain, struct buf *out)
{
    size_t n = plain.n + (x->keyed ? NOISE_TAG_LEN : 0);
    uint8_t *sealed = buf_room(out, n);
    if (x->keyed) {
        struct noise_cipher c;
        noise_cipher_init(&c, x->aeads.seals, x->k);
        c.nonce = x->nonce++;
        bool sealed_it = noise_cipher_seal(&c, x->h, sizeof x->h, plain.p, plain.n, sealed);
        assert(sealed_it); /* the nonce is 0 or 1 */
        (void)sealed_it;
        noise_cipher_done(&c);
    } else if (plain.n > 0) {
        memcpy(sealed, plain.p, plain.n);
    }
    mix_hash(x, sealed, n);
    buf_grew(out, n);
}

static bool unseal(struct noise_xx *x, struct cur sealed, struct buf *out)
{
    bool good = !sealed.bad;
    size_t tag = x->keyed ? NOISE_TAG_LEN : 0;
    if (!good || sealed.n < tag)
        return false;
    uint8_t *plain = buf_room(out, sealed.n - tag);
    if (x->keyed) {
        struct noise_cipher c;
        noise_cipher_init(&c, x->aeads.opens, x->k);
        c.nonce = x->nonce++;
        good = noise_cipher_open(&c, x->h, sizeof x->h, sealed.p, sealed.n, plain);
        noise_cipher_done(&c);
    } else if (sealed.n > 0) {
        memcpy(plain, sealed.p, sealed.n);
    }
    mix_hash(x, sealed.p, sealed.n);
    buf_grew(out, sealed.n - tag);
    return good;
}

/* The handshake state, section 5.3. */

struct noise_xx *noise_xx_new(bool initiator, const struct noise_aeads *aeads,
                              const struct noise_key *ours, const struct noise_key *once,
                              struct cur prologue)
{
    struct noise_xx *x = MEM_NEW(struct noise_xx);
    x->initiator = initiator;
    x->aeads = *aeads;
    x->s = *ours;
    x->e = *once;
    memcpy(x->h, protocol_name, sizeof x->h);
    memcpy(x->ck, protocol_name, sizeof x->ck);
    mix_hash(x, prologue.p, prologue.n);
    return x;
}

void noise_xx_free(struct noise_xx *x)
{
    if (!x)
        return;
    wipe(x, sizeof *x);
    free(x);
}

enum noise_xx_next noise_xx_next(const struct noise_xx *x)
{
    if (x->at == MESSAGES)
        return NOISE_XX_SPLIT;
    return (x->at % 2 == 0) == x->initiator ? NOISE_XX_WRITE : NOISE_XX_READ;
}

/* The first letter is the initiator's key, the second the responder's. */
static enum err agree(struct noise_xx *x, enum token t, struct why *why)
{
    bool static_is_ours = t == EE ? false : (t == SE) == x->initiator;
    bool static_is_theirs = t == EE ? false : !static_is_ours;
    uint8_t shared[X25519_LEN];
    if (!x25519_shared(static_is_ours ? x->s.secret : x->e.secret, static_is_theirs ? x->rs : x->re,
                       shared))
        return why_set(why, ERR_INVALID, "noise: its %s key is a point of low order",
                       static_is_theirs ? "static" : "ephemeral");
    mix_key(x, shared);
    wipe(shared, sizeof shared);
    return OK;
}

static enum err write_token(struct noise_xx *x, enum token t, struct buf *out, struct why *why)
{
    switch (t) {
    case E:
        buf_put(out, x->e.pub, sizeof x->e.pub);
        mix_hash(x, x->e.pub, sizeof x->e.pub);
        return OK;
    case S:
        seal(x, cur_of(x->s.pub, sizeof x->s.pub), out);
        return OK;
    case EE:
    case ES:
    case SE:
        return agree(x, t, why);
    case END:
        break;
    }
    return OK;
}

enum err noise_xx_write(struct noise_xx *x, struct cur payload, struct buf *out, struct why *why)
{
    size_t before = buf_len(out);
    assert(noise_xx_next(x) == NOISE_XX_WRITE);
    for (const enum token *t = pattern[x->at]; *t != END; t++) {
        enum err e = write_token(x, *t, out, why);
        if (e != OK)
            return e;
    }
    seal(x, payload, out);
    assert(buf_len(out) - before <= NOISE_MESSAGE_MAX);
    (void)before;
    x->at++;
    return OK;
}

static enum err cut_short(unsigned at, struct why *why)
{
    return why_set(why, ERR_INVALID, "noise: message %u is cut short", at + 1);
}

static enum err not_sealed_so(unsigned at, struct why *why)
{
    return why_set(why, ERR_INVALID, "noise: message %u is not authentic", at + 1);
}

static enum err read_static(struct noise_xx *x, struct cur *m, struct why *why)
{
    struct buf plain = {0};
    struct cur sealed = cur_take(m, X25519_LEN + NOISE_TAG_LEN);
    if (sealed.bad)
        return cut_short(x->at, why);
    bool good = unseal(x, sealed, &plain);
    if (good) {
        memcpy(x->rs, buf_bytes(&plain), sizeof x->rs);
        x->has_static = true;
    }
    buf_done(&plain);
    return good ? OK : not_sealed_so(x->at, why);
}

static enum err read_token(struct noise_xx *x, enum token t, struct cur *m, struct why *why)
{
    struct cur key;
    switch (t) {
    case E:
        key = cur_take(m, X25519_LEN);
        if (key.bad)
            return cut_short(x->at, why);
        memcpy(x->re, key.p, sizeof x->re);
        mix_hash(x, x->re, sizeof x->re);
        return OK;
    case S:
        return read_static(x, m, why);
    case EE:
    case ES:
    case SE:
        return agree(x, t, why);
    case END:
        break;
    }
    return OK;
}

enum err noise_xx_read(struct noise_xx *x, struct cur message, struct buf *payload, struct why *why)
{
    assert(noise_xx_next(x) == NOISE_XX_READ);
    for (const enum token *t = pattern[x->at]; *t != END; t++) {
        enum err e = read_token(x, *t, &message, why);
        if (e != OK)
            return e;
    }
    if (x->keyed && message.n < NOISE_TAG_LEN)
        return cut_short(x->at, why);
    if (!unseal(x, message, payload))
        return not_sealed_so(x->at, why);
    x->at++;
    return OK;
}

const uint8_t *noise_xx_static(const struct noise_xx *x)
{
    return x->has_static ? x->rs : NULL;
}

/* Section 5.2, "Split": the first key is the initiator's to send with. */
void noise_xx_split(const struct noise_xx *x, uint8_t send[SHA256_LEN], uint8_t recv[SHA256_LEN])
{
    assert(x->at == MESSAGES);
    hkdf2_sha256(x->ck, NULL, 0, x->initiator ? send : recv, x->initiator ? recv : send);
}

void noise_xx_hash(const struct noise_xx *x, uint8_t out[SHA256_LEN])
{
    memcpy(out, x->h, sizeof x->h);
}
