/* Two updates, of which the first byte says where one ends: what a document takes in one by one it
 * takes in packed, and what is packed can be read again.  One alone says the same packed; of two
 * that contradict each other, either may have been first. */
#include "ydoc/shelf/shelf_in.h"

#include <stdlib.h>
#include <string.h>

static bool same_state(struct ydoc *a, struct ydoc *b)
{
    struct buf x = {0}, y = {0};
    ydoc_encode(a, UPDATE_V1, NULL, &x);
    ydoc_encode(b, UPDATE_V1, NULL, &y);
    bool same =
        buf_len(&x) == buf_len(&y) && memcmp(buf_bytes(&x), buf_bytes(&y), buf_len(&x)) == 0;
    buf_done(&x);
    buf_done(&y);
    return same;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n == 0 || n > 65536)
        return 0;
    struct cur in = cur_of(bytes + 1, n - 1);
    struct cur updates[2] = {cur_take(&in, (n - 1) * bytes[0] / 256), in};
    size_t first = updates[0].n == 0, count = 2 - first;
    struct ydoc *one_by_one = ydoc_new(1, true, 1), *packed = ydoc_new(2, true, 1);
    struct buf out = {0};
    enum update_format format;
    bool taken = true;
    for (size_t i = first; i < 2; i++)
        taken = taken && ydoc_apply(one_by_one, UPDATE_V1, updates[i], NULL) == OK;
    bool good = shelf_pack(updates + first, count, &out, &format, NULL) == OK;
    if (taken && !good)
        abort();
    if (good && shelf_check(format, buf_cur(&out), NULL) != OK)
        abort();
    if (taken && ydoc_apply(packed, format, buf_cur(&out), NULL) != OK)
        abort();
    if (taken && count == 1 && !ydoc_pending(one_by_one) && !same_state(one_by_one, packed))
        abort();
    buf_done(&out);
    ydoc_free(one_by_one);
    ydoc_free(packed);
    return 0;
}
