#include "crypto/multibase.h"

#include "crypto/radix.h"

#include <stdint.h>
#include <string.h>

/* bits: of a digit, where the base is a power of two and digits stand for themselves. */
static const struct base {
    char name, upper; /* the letter; its twin, whose digits are in upper case, or 0 */
    unsigned bits;
    const char *alphabet;
} bases[] = {
    {'f', 'F', 4, "0123456789abcdef"},
    {'b', 'B', 5, "abcdefghijklmnopqrstuvwxyz234567"},
    {'k', 'K', 0, "0123456789abcdefghijklmnopqrstuvwxyz"},
    {'z', 0, 0, "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"},
    {'u', 0, 6, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"},
};

static const struct base *find(char name)
{
    for (size_t i = 0; i < sizeof bases / sizeof *bases; i++)
        if (name && (name == bases[i].name || name == bases[i].upper))
            return &bases[i];
    return NULL;
}

static bool put_bits(const struct base *b, const uint8_t *p, size_t n, char *out, size_t cap)
{
    uint32_t pending = 0;
    unsigned have = 0; /* bits of `pending` not yet written, fewer than b->bits between bytes */
    size_t len = 0;
    if ((n * 8 + b->bits - 1) / b->bits >= cap)
        return false;
    for (size_t i = 0; i < n; i++) {
        pending = (pending << 8 | p[i]) & 0xffff;
        for (have += 8; have >= b->bits; have -= b->bits)
            out[len++] = b->alphabet[pending >> (have - b->bits) & ((1u << b->bits) - 1)];
    }
    if (have > 0)
        out[len++] = b->alphabet[pending << (b->bits - have) & ((1u << b->bits) - 1)];
    out[len] = '\0';
    return true;
}

bool multibase_encode(char base, const void *bytes, size_t n, char *out, size_t cap)
{
    const struct base *b = find(base);
    if (!b || base != b->name || n > MULTIBASE_BYTES_MAX || cap < 2)
        return false;
    out[0] = base;
    return b->bits > 0 ? put_bits(b, bytes, n, out + 1, cap - 1)
                       : radix_encode(b->alphabet, bytes, n, out + 1, cap - 1);
}

/* Bits that are left over must be zero and fewer than a digit's, so that each value has one text
 * (RFC 4648 section 3.5). */
static bool take_bits(const struct base *b, const char *text, size_t len, uint8_t *out, size_t *n)
{
    uint32_t pending = 0;
    unsigned have = 0;
    *n = 0;
    for (size_t i = 0; i < len; i++) {
        const char *at = strchr(b->alphabet, text[i]);
        if (!at)
            return false;
        pending = (pending << b->bits | (uint32_t)(at - b->alphabet)) & 0xffff;
        have += b->bits;
        if (have >= 8) {
            have -= 8;
            out[(*n)++] = (uint8_t)(pending >> have);
        }
    }
    return have < b->bits && (pending & ((1u << have) - 1)) == 0;
}

/* The digits in the case that the alphabet has; false for the other case. */
static bool lower(char *to, const char *from, size_t len, bool upper)
{
    for (size_t i = 0; i < len; i++) {
        bool is_upper = from[i] >= 'A' && from[i] <= 'Z';
        if (from[i] == '\0' || (upper ? from[i] >= 'a' && from[i] <= 'z' : is_upper))
            return false;
        to[i] = is_upper ? (char)(from[i] - 'A' + 'a') : from[i];
    }
    return true;
}

enum err multibase_decode(const char *text, size_t len, void *out, size_t cap, size_t *n,
                          struct why *why)
{
    char digits[MULTIBASE_TEXT_MAX];
    uint8_t bytes[MULTIBASE_BYTES_MAX + 64]; /* 513 digits of 5 bits are 320 bytes */
    const struct base *b = len > 0 ? find(text[0]) : NULL;
    if (!b && len > 0)
        return why_set(why, ERR_UNSUPPORTED, "no base that we know begins with byte 0x%02x",
                       (unsigned)(uint8_t)text[0]);
    if (len == 0)
        return why_set(why, ERR_INVALID, "no text, so no base");
    size_t count = len - 1, got = 0;
    size_t most = b->bits ? (MULTIBASE_BYTES_MAX * 8 + b->bits - 1) / b->bits : RADIX_TEXT_MAX - 1;
    if (count > most)
        return why_set(why, ERR_LIMIT, "%zu digits, at most %zu", count, most);
    memcpy(digits, text + 1, count);
    bool good = !b->upper || lower(digits, text + 1, count, text[0] == b->upper);
    good = good && !memchr(digits, '\0', count);
    good = good && (b->bits ? take_bits(b, digits, count, bytes, &got)
                            : radix_decode(b->alphabet, digits, count, bytes, sizeof bytes, &got));
    if (!good)
        return why_set(why, ERR_INVALID, "not text of base '%c'", text[0]);
    if (got > cap || got > MULTIBASE_BYTES_MAX)
        return why_set(why, ERR_LIMIT, "%zu bytes, at most %zu", got, cap);
    memcpy(out, bytes, got);
    *n = got;
    return OK;
}
