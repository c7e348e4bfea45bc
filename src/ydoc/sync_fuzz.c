/* Messages one after the other, each with its length in front. */
#include "ydoc/sync.h"

#include "ydoc/awareness.h"
#include "ydoc/doc.h"
#include "ydoc/lib0.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cur c = cur_of(bytes, n > 65536 ? 65536 : n), payload;
    struct ydoc *d = ydoc_new(1, true, 1);
    struct awareness *a = awareness_new(1);
    struct buf reply = {0}, scratch = {0};
    enum sync_kind kind;
    for (uint64_t now_us = 0; c.n > 0 && !c.bad; now_us += AWARENESS_LIFE_US / 4) {
        struct cur message = lib0_bytes(&c);
        (void)sync_take(d, a, message, true, now_us, &kind, &payload, &reply, &scratch, NULL);
        buf_clear(&scratch);
        awareness_expire(a, now_us, &scratch);
    }
    awareness_free(a);
    ydoc_free(d);
    buf_done(&reply);
    buf_done(&scratch);
    return 0;
}
