/* ydoc/hex_test.h - bytes written as hex, as the format's description writes them.
 *
 * Spaces do not count. */
#ifndef SHOAL_YDOC_HEX_TEST_H
#define SHOAL_YDOC_HEX_TEST_H

#include "base/buf.h"

#include <string.h>

static inline unsigned hex_digit(char c)
{
    return (unsigned)(c <= '9' ? c - '0' : (c | 0x20) - 'a' + 10);
}

/* Append the bytes. */
static inline void buf_hex(struct buf *out, const char *hex)
{
    for (; *hex; hex += *hex == ' ' ? 1 : 2)
        if (*hex != ' ')
            buf_u8(out, (uint8_t)(hex_digit(hex[0]) << 4 | hex_digit(hex[1])));
}

/* Does the buffer hold these bytes and no others? */
static inline bool buf_is(const struct buf *b, const char *hex)
{
    struct buf want = {0};
    buf_hex(&want, hex);
    bool same = buf_len(b) == buf_len(&want) &&
                (buf_len(b) == 0 || memcmp(buf_bytes(b), buf_bytes(&want), buf_len(b)) == 0);
    buf_done(&want);
    return same;
}

#endif
