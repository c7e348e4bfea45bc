#include "host/reach/dcutr_msg.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What is understood can be said again, and means the same. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct dcutr_msg m, again;
    struct why why = {0};
    struct buf out = {0};
    if (dcutr_decode(&m, cur_of(bytes, n), &why) != OK) {
        if (!why.text[0])
            abort();
        return 0;
    }
    dcutr_encode(&m, &out);
    if (dcutr_decode(&again, buf_cur(&out), NULL) != OK || again.type != m.type ||
        again.addr_count != m.addr_count)
        abort();
    buf_done(&out);
    return 0;
}
