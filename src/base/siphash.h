/* base/siphash.h - SipHash-2-4 with both halves of its key.  Private to base: see map_hash(). */
#ifndef SHOAL_BASE_SIPHASH_H
#define SHOAL_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t siphash_rotl(uint64_t x, int b)
{
    return x << b | x >> (64 - b);
}

static inline void siphash_round(uint64_t v[4])
{
    v[0] += v[1], v[1] = siphash_rotl(v[1], 13), v[1] ^= v[0], v[0] = siphash_rotl(v[0], 32);
    v[2] += v[3], v[3] = siphash_rotl(v[3], 16), v[3] ^= v[2];
    v[0] += v[3], v[3] = siphash_rotl(v[3], 21), v[3] ^= v[0];
    v[2] += v[1], v[1] = siphash_rotl(v[1], 17), v[1] ^= v[2], v[2] = siphash_rotl(v[2], 32);
}

/* Aumasson and Bernstein, "SipHash: a fast short-input PRF", section 2. */
static inline uint64_t siphash(uint64_t k0, uint64_t k1, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    uint64_t v[4] = {k0 ^ UINT64_C(0x736f6d6570736575), k1 ^ UINT64_C(0x646f72616e646f6d),
                     k0 ^ UINT64_C(0x6c7967656e657261), k1 ^ UINT64_C(0x7465646279746573)};
    uint64_t word = 0;
    for (size_t i = 0; i <= n; i++) { /* one round more than bytes: the length ends the last word */
        word |= (uint64_t)(i < n ? p[i] : 0) << (i % 8 * 8);
        if (i == n)
            word |= (uint64_t)n << 56;
        if (i % 8 == 7 || i == n) {
            v[3] ^= word;
            siphash_round(v), siphash_round(v);
            v[0] ^= word;
            word = 0;
        }
    }
    v[2] ^= 0xff;
    siphash_round(v), siphash_round(v), siphash_round(v), siphash_round(v);
    return v[0] ^ v[1] ^ v[2] ^ v[3];
}

#endif
