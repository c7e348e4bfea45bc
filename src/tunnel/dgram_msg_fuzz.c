/* Any bytes are datagrams and a rest; written again they are the same bytes. */
#include "tunnel/dgram_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cur in = cur_of(bytes, n), one;
    struct buf out = {0};
    while (dgram_next(&in, &one))
        dgram_put(&out, one.p, one.n);
    buf_put(&out, in.p, in.n);
    if (buf_len(&out) != n || (n > 0 && memcmp(buf_bytes(&out), bytes, n) != 0))
        abort();
    buf_done(&out);
    return 0;
}
