/* The bytes at once and one by one give the same messages. */
#include "net/ws_inbox.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What came, each with its opcode and length; and how it ended. */
static void read_all(struct ws_inbox *in, struct cur c, size_t step, struct buf *out)
{
    enum ws_opcode opcode;
    enum ws_code code;
    struct cur payload;
    int got = WS_MORE;
    while (c.n > 0 && got != WS_BAD) {
        struct cur part = cur_take(&c, step < c.n ? step : c.n);
        buf_put(&in->raw, part.p, part.n);
        while ((got = ws_inbox_next(in, &opcode, &payload, &code, NULL)) > 0) {
            buf_u8(out, (uint8_t)opcode);
            buf_be32(out, (uint32_t)payload.n);
            buf_put(out, payload.p, payload.n);
        }
    }
    buf_u8(out, got == WS_BAD);
    ws_inbox_done(in);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct ws_inbox whole = {.max = 1000}, slow = {.max = 1000};
    struct buf a = {0}, b = {0};
    read_all(&whole, cur_of(bytes, n), n, &a);
    read_all(&slow, cur_of(bytes, n), 1, &b);
    if (n > 0 && (buf_len(&a) != buf_len(&b) || memcmp(buf_bytes(&a), buf_bytes(&b), buf_len(&a))))
        abort();
    buf_done(&a);
    buf_done(&b);
    return 0;
}
