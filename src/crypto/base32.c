#include "crypto/base32.h"

#include <stdint.h>

char *base32_encode(const void *bytes, size_t n, char *out)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyz234567";
    const uint8_t *p = bytes;
    char *to = out;
    uint32_t pending = 0;
    unsigned bits = 0; /* of `pending` not yet written, fewer than 5 between bytes */
    for (size_t i = 0; i < n; i++) {
        pending = pending << 8 | p[i];
        for (bits += 8; bits >= 5; bits -= 5)
            *to++ = alphabet[pending >> (bits - 5) & 31];
    }
    if (bits > 0)
        *to++ = alphabet[pending << (5 - bits) & 31];
    *to = '\0';
    return out;
}

/* 0 to 31, or -1. */
static int digit(char c)
{
    if (c >= 'a' && c <= 'z')
        return c - 'a';
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= '2' && c <= '7')
        return c - '2' + 26;
    return -1;
}

bool base32_decode(const char *text, size_t len, void *out, size_t n)
{
    uint8_t *to = out;
    while (len > 0 && text[len - 1] == '=')
        len--;
    if (n > SIZE_MAX / 8 || len != (n * 8 + 4) / 5)
        return false;
    uint32_t pending = 0;
    unsigned bits = 0;
    size_t done = 0;
    for (size_t i = 0; i < len; i++) {
        int d = digit(text[i]);
        if (d < 0)
            return false;
        pending = pending << 5 | (uint32_t)d;
        bits += 5;
        if (bits >= 8) {
            bits -= 8;
            to[done++] = (uint8_t)(pending >> bits);
        }
    }
    return (pending & ((1u << bits) - 1)) == 0; /* two texts of one value are refused */
}
