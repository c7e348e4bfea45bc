#include "host/reach/autonat2_msg.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static bool same(const struct autonat2_msg *a, const struct autonat2_msg *b)
{
    return a->kind == b->kind && a->nonce == b->nonce && a->addr_count == b->addr_count &&
           a->index == b->index && a->status == b->status && a->dialled == b->dialled &&
           a->wanted_bytes == b->wanted_bytes && a->data.n == b->data.n;
}

/* What is understood can be said again, and means the same. */
static void message(struct cur bytes)
{
    struct autonat2_msg m, again;
    struct why why = {0};
    struct buf out = {0};
    if (autonat2_decode(&m, bytes, &why) != OK) {
        if (!why.text[0])
            abort();
        return;
    }
    autonat2_encode(&m, &out);
    if (autonat2_decode(&again, buf_cur(&out), NULL) != OK || !same(&m, &again))
        abort();
    buf_done(&out);
}

static void back(struct cur bytes)
{
    uint64_t nonce, again;
    struct buf out = {0};
    if (autonat2_back_decode(&nonce, bytes, NULL) != OK)
        return;
    autonat2_back_encode(nonce, &out);
    if (autonat2_back_decode(&again, buf_cur(&out), NULL) != OK || again != nonce)
        abort();
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    message(cur_of(bytes, n));
    back(cur_of(bytes, n));
    if (autonat2_heard_decode(cur_of(bytes, n), NULL) != OK)
        return 0;
    return 0;
}
