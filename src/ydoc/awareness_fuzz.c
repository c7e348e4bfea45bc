/* Updates of presence one after the other, each with its length in front.  Who is told all that we
 * know afterwards knows the same; what changed is an update too. */
#include "ydoc/awareness.h"

#include "ydoc/lib0.h"

#include <stdlib.h>

/* As many are here for him who was told. */
static void tell_another(const struct awareness *a, uint64_t now_us)
{
    struct awareness *b = awareness_new(2);
    struct buf all = {0}, changed = {0};
    uint64_t client, here = 0, there = 0;
    struct cur json;
    awareness_encode(a, &all);
    if (awareness_apply(b, buf_cur(&all), now_us, NULL, NULL) != OK)
        abort();
    for (size_t at = 0; awareness_next(a, &at, &client, &json); here++) {
        buf_clear(&changed);
        if (!awareness_put(b, client, &changed))
            abort();
    }
    for (size_t at = 0; awareness_next(b, &at, &client, &json);)
        there++;
    if (here != there)
        abort();
    awareness_free(b);
    buf_done(&all);
    buf_done(&changed);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cur c = cur_of(bytes, n > 65536 ? 65536 : n);
    struct awareness *a = awareness_new(1), *mirror = awareness_new(3);
    struct buf changed = {0};
    for (uint64_t now_us = 0; c.n > 0 && !c.bad; now_us += AWARENESS_LIFE_US / 4) {
        struct cur update = lib0_bytes(&c);
        buf_clear(&changed);
        (void)!awareness_apply(a, update, now_us, &changed, NULL);
        if (buf_len(&changed) > 0 &&
            awareness_apply(mirror, buf_cur(&changed), now_us, NULL, NULL) != OK)
            abort();
        buf_clear(&changed);
        awareness_expire(a, now_us, &changed);
        tell_another(a, now_us);
    }
    awareness_free(a);
    awareness_free(mirror);
    buf_done(&changed);
    return 0;
}
