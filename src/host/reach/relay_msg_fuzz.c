#include "host/reach/relay_msg.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What is understood can be said again, and means the same. */
static void check(const struct relay_msg *a, const struct relay_msg *b)
{
    if (a->type != b->type || a->addr_count != b->addr_count ||
        a->limit.data_bytes != b->limit.data_bytes || a->expire_s != b->expire_s ||
        a->peer.len != b->peer.len || (a->type == RELAY_STATUS && a->status != b->status))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct relay_msg m, again;
    struct relay_voucher v;
    struct why why = {0};
    struct buf out = {0};
    if (relay_hop_decode(&m, cur_of(bytes, n), &why) == OK) {
        relay_hop_encode(&m, &out);
        if (relay_hop_decode(&again, buf_cur(&out), NULL) != OK)
            abort();
        check(&m, &again);
        if (m.voucher.n > 0)
            (void)!relay_voucher_open(&v, m.voucher, NULL);
        buf_clear(&out);
    } else if (!why.text[0]) {
        abort();
    }
    if (relay_stop_decode(&m, cur_of(bytes, n), NULL) == OK) {
        relay_stop_encode(&m, &out);
        if (relay_stop_decode(&again, buf_cur(&out), NULL) != OK)
            abort();
        check(&m, &again);
    }
    buf_done(&out);
    return 0;
}
