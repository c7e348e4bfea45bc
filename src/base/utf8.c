#include "base/utf8.h"

size_t utf8_char(const uint8_t *p, size_t n, uint32_t *code)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    if (n == 0)
        return 0;
    if (p[0] < 0x80) {
        *code = p[0];
        return 1;
    }
    size_t len = p[0] >= 0xf0 ? 4 : p[0] >= 0xe0 ? 3 : 2;
    if (p[0] < 0xc2 || p[0] > 0xf4 || len > n)
        return 0;
    uint32_t c = p[0] & (0xffu >> (len + 1));
    for (size_t i = 1; i < len; i++) {
        if ((p[i] & 0xc0) != 0x80)
            return 0;
        c = c << 6 | (p[i] & 0x3fu);
    }
    if (c < least[len] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
        return 0;
    *code = c;
    return len;
}

bool utf8_valid(const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    uint32_t code;
    for (size_t len; n > 0; p += len, n -= len) {
        len = n >= 8 && utf8_ascii8(p) ? 8 : utf8_char(p, n, &code);
        if (len == 0)
            return false;
    }
    return true;
}

bool utf8_harmless(uint32_t c)
{
    bool control = c < 0x20 || (c >= 0x7f && c < 0xa0);
    bool direction = (c >= 0x202a && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
    return !control && !direction && c != 0x2028 && c != 0x2029;
}

void utf8_words(char *out, size_t max, struct cur in)
{
    size_t n = 0;
    while (in.n > 0) {
        uint32_t code;
        size_t len = utf8_char(in.p, in.n, &code);
        struct cur one = cur_take(&in, len > 0 ? len : 1);
        bool good = len > 0 && utf8_harmless(code);
        if (n + (good ? one.n : 1) > max)
            break;
        if (good)
            memcpy(out + n, one.p, one.n);
        else
            out[n] = ' ';
        n += good ? one.n : 1;
    }
    out[n] = 0;
}

void utf8_escape(struct buf *out, const void *bytes, size_t n)
{
    const uint8_t *p = bytes;
    while (n > 0) {
        uint32_t code = 0;
        size_t len = utf8_char(p, n, &code);
        bool good = len > 0 && utf8_harmless(code);
        if (len == 0)
            len = 1;
        if (good)
            buf_put(out, p, len);
        else
            for (size_t i = 0; i < len; i++)
                buf_printf(out, "\\x%02x", p[i]);
        p += len;
        n -= len;
    }
}
