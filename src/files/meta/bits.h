/* files/meta/bits.h - one bit a piece, as BEP 3's bitfield has them: piece 0 is the high bit of the
 * first byte; spare bits at the end are zero. */
#ifndef SHOAL_FILES_META_BITS_H
#define SHOAL_FILES_META_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

static inline size_t bits_bytes(uint32_t count)
{
    return ((size_t)count + 7) / 8;
}

static inline bool bits_get(const uint8_t *bits, uint32_t i)
{
    return bits[i / 8] >> (7 - i % 8) & 1;
}

static inline void bits_set(uint8_t *bits, uint32_t i)
{
    bits[i / 8] = (uint8_t)(bits[i / 8] | 0x80 >> i % 8);
}

static inline void bits_clear(uint8_t *bits, uint32_t i)
{
    bits[i / 8] = (uint8_t)(bits[i / 8] & ~(0x80 >> i % 8));
}

/* How many of the first `count` are set. */
static inline uint32_t bits_count(const uint8_t *bits, uint32_t count)
{
    uint32_t n = 0;
    for (uint32_t i = 0; i < count / 8; i++)
        n += (uint32_t)__builtin_popcount(bits[i]);
    for (uint32_t i = count / 8 * 8; i < count; i++)
        n += bits_get(bits, i);
    return n;
}

/* True when no bit past `count` is set in the last byte. */
static inline bool bits_spare_clear(const uint8_t *bits, uint32_t count)
{
    return count % 8 == 0 || (uint8_t)(bits[count / 8] << count % 8) == 0;
}

/* Pieces that `theirs` has and `ours` lacks. */
static inline uint32_t bits_wanted(const uint8_t *theirs, const uint8_t *ours, uint32_t count)
{
    uint32_t n = 0;
    for (size_t i = 0; i < bits_bytes(count); i++)
        n += (uint32_t)__builtin_popcount((uint8_t)(theirs[i] & ~ours[i]));
    return n;
}

/* Of these, those that are in `of` too. */
static inline uint32_t bits_wanted_of(const uint8_t *theirs, const uint8_t *ours, const uint8_t *of,
                                      uint32_t count)
{
    uint32_t n = 0;
    for (size_t i = 0; i < bits_bytes(count); i++)
        n += (uint32_t)__builtin_popcount((uint8_t)(theirs[i] & of[i] & ~ours[i]));
    return n;
}

#endif
