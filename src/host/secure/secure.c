#include "host/secure/secure.h"

#include "base/mem.h"
#include "crypto/wipe.h"
#include "host/name/pubkey.h"
#include "host/secure/noise_msg.h"
#include "host/secure/secure_int.h"
#include "host/secure/tls_cert.h"

#include <stdio.h>
#include <stdlib.h>

enum { ALPN_NAMES_MAX = 16 };

static void make_noise(struct secure_self *self, const struct keys *keys, struct cur key)
{
    uint8_t secret[X25519_LEN], text[NOISE_SIGNED_LEN], sig[KEYS_SIG_LEN];
    loop_random(self->loop, secret, sizeof secret);
    noise_key_init(&self->noise, secret);
    wipe(secret, sizeof secret);
    noise_signed_text(text, self->noise.pub);
    keys_sign(keys, text, sizeof text, sig);
    noise_payload_write(&self->payload, key, cur_of(sig, sizeof sig), self->muxers);
}

/* "The "libp2p" protocol code MUST always be the last item in the multiplexer list." */
static void make_tls(struct secure_self *self, const struct keys *keys)
{
    const char *alpn[ALPN_NAMES_MAX + 2] = {NULL};
    struct buf cert = {0}, key = {0};
    struct why why;
    size_t n = 0;
    for (; self->muxers && self->muxers[n] && n < ALPN_NAMES_MAX; n++)
        alpn[n] = self->muxers[n];
    alpn[n] = TLS_CERT_ALPN;
    tls_cert_make(keys, loop_random_u64(self->loop), &cert, &key);
    self->tls = tls_new_equal(buf_cur(&cert), buf_cur(&key), alpn, &why);
    if (!self->tls) { /* what we made ourselves is good, or our program is not */
        fprintf(stderr, "shoal: %s\n", why.text);
        abort();
    }
    wipe(buf_bytes(&key), buf_len(&key));
    buf_done(&cert);
    buf_done(&key);
}

struct secure_self *secure_self_new(struct loop *loop, const struct keys *keys,
                                    const char *const *muxers)
{
    static const uint8_t no_key[CHACHAPOLY_KEY_LEN];
    struct secure_self *self = MEM_NEW(struct secure_self);
    struct pubkey key;
    struct buf bytes = {0};
    self->loop = loop;
    self->aeads.seals = chachapoly_new(CHACHAPOLY_SEALS, no_key);
    self->aeads.opens = chachapoly_new(CHACHAPOLY_OPENS, no_key);
    self->spare = MEM_NEW(struct buf);
    self->muxers = muxers;
    pubkey_of_ed25519(&key, keys_peer_public(keys));
    peer_id_of_key(&key, &self->id);
    pubkey_encode(&key, &bytes);
    make_noise(self, keys, buf_cur(&bytes));
    make_tls(self, keys);
    buf_done(&bytes);
    return self;
}

void secure_self_free(struct secure_self *self)
{
    if (!self)
        return;
    chachapoly_free(self->aeads.seals);
    chachapoly_free(self->aeads.opens);
    buf_done(self->spare);
    free(self->spare);
    wipe(&self->noise, sizeof self->noise);
    buf_done(&self->payload);
    tls_free(self->tls);
    free(self);
}

const struct peer_id *secure_self_id(const struct secure_self *self)
{
    return &self->id;
}

enum err secure_expect(const struct peer_id *expected, const struct peer_id *peer, struct why *why)
{
    char want[PEER_ID_FORMAT], got[PEER_ID_FORMAT];
    if (expected->len == 0 || peer_id_equal(expected, peer))
        return OK;
    return why_set(why, ERR_DENIED, "it is %s, not %s", peer_id_format(peer, got),
                   peer_id_format(expected, want));
}

const struct peer_id *secure_peer(const struct conn *c)
{
    const struct peer_id *peer = noise_peer(c);
    return peer ? peer : tls_libp2p_peer(c);
}

const char *secure_muxer(const struct conn *c)
{
    const char *muxer = noise_muxer(c);
    return muxer ? muxer : tls_libp2p_muxer(c);
}
