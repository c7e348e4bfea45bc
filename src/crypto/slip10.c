#include "crypto/slip10.h"

#include "crypto/hmac.h"
#include "crypto/wipe.h"

#include <assert.h>
#include <string.h>

#define HARDENED UINT32_C(0x80000000)

/* Both steps end the same way: the left half is the key, the right half the chain code.  For
 * ed25519 each left half is a valid key ("Master key generation", step 4). */
static void split(const void *key, size_t key_len, const uint8_t *bytes, size_t n,
                  struct slip10 *out)
{
    uint8_t i[SHA512_LEN];
    hmac_sha512(key, key_len, bytes, n, i);
    memcpy(out->key, i, 32);
    memcpy(out->chain, i + 32, 32);
    wipe(i, sizeof i);
}

void slip10_root(const uint8_t *seed, size_t n, struct slip10 *out)
{
    static const char curve[] = "ed25519 seed";
    assert(n >= SLIP10_SEED_MIN && n <= SLIP10_SEED_MAX);
    split(curve, sizeof curve - 1, seed, n, out);
}

/* "Private parent key -> private child key": Data = 0x00 || ser256(kpar) || ser32(i). */
void slip10_child(const struct slip10 *parent, uint32_t index, struct slip10 *out)
{
    assert(index < HARDENED);
    uint32_t i = index | HARDENED;
    uint8_t chain[32];
    uint8_t data[1 + 32 + 4] = {0};
    memcpy(chain, parent->chain, sizeof chain); /* out may be parent */
    memcpy(data + 1, parent->key, 32);
    for (int at = 36; at > 32; at--, i >>= 8)
        data[at] = (uint8_t)i;
    split(chain, sizeof chain, data, sizeof data, out);
    wipe(chain, sizeof chain);
    wipe(data, sizeof data);
}

void slip10_path(const uint8_t *seed, size_t n, const uint32_t *path, size_t depth,
                 struct slip10 *out)
{
    slip10_root(seed, n, out);
    for (size_t i = 0; i < depth; i++)
        slip10_child(out, path[i], out);
}
