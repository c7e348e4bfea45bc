#include "crypto/base64.h"

#include <string.h>

void base64_encode(struct buf *out, const void *bytes, size_t n)
{
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = bytes;
    for (size_t i = 0; i < n; i += 3) {
        size_t have = n - i < 3 ? n - i : 3;
        uint32_t group = (uint32_t)p[i] << 16;
        if (have > 1)
            group |= (uint32_t)p[i + 1] << 8;
        if (have > 2)
            group |= p[i + 2];
        char text[4] = {alphabet[group >> 18], alphabet[group >> 12 & 63],
                        have > 1 ? alphabet[group >> 6 & 63] : '=',
                        have > 2 ? alphabet[group & 63] : '='};
        buf_put(out, text, sizeof text);
    }
}

/* 0 to 63, or -1. */
static int digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

static bool is_space(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* One group of four: `pad` of its last digits are "=".  Stray bits must be 0 (RFC 4648 section 3.5:
 * an implementation MAY refuse them), so that each value has one text. */
static bool put_group(struct buf *out, const uint8_t digits[4], unsigned pad)
{
    uint32_t group = (uint32_t)digits[0] << 18 | (uint32_t)digits[1] << 12 |
                     (uint32_t)digits[2] << 6 | digits[3];
    if (group & ((1u << (8 * pad)) - 1))
        return false;
    buf_be(out, group >> (8 * pad), 3 - pad);
    return true;
}

bool base64_decode(struct buf *out, const char *text, size_t len)
{
    struct buf got = {0};
    uint8_t digits[4] = {0};
    unsigned have = 0, pad = 0;
    bool good = true;
    for (size_t i = 0; i < len && good; i++) {
        if (is_space(text[i]))
            continue;
        int d = digit(text[i]);
        if (text[i] == '=' && have >= 2)
            pad++;
        else if (d < 0 || pad > 0) /* also: nothing may follow the padding */
            good = false;
        digits[have++] = d < 0 ? 0 : (uint8_t)d;
        if (have < 4 || !good)
            continue;
        good = put_group(&got, digits, pad);
        have = 0;
    }
    good = good && have == 0;
    if (good)
        buf_put(out, buf_bytes(&got), buf_len(&got));
    buf_done(&got);
    return good;
}
