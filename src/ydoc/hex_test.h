/* Bytes written as hex, as the format's description writes them; spaces do not count. */
#ifndef SHOAL_YDOC_HEX_TEST_H
#define SHOAL_YDOC_HEX_TEST_H

#include "base/buf.h"

#include <stdio.h>
#include <string.h>

static inline void buf_hex(struct buf *out, const char *hex)
{
    for (; *hex; hex += *hex == ' ' ? 1 : 2) {
        unsigned byte;
        if (*hex != ' ' && sscanf(hex, "%2x", &byte) == 1)
            buf_u8(out, (uint8_t)byte);
    }
}

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
