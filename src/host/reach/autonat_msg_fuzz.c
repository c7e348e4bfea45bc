#include "host/reach/autonat_msg.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* What is understood can be said again, and means the same. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct autonat_msg m, again;
    struct why why = {0};
    struct buf out = {0};
    if (autonat_decode(&m, cur_of(bytes, n), &why) != OK) {
        if (!why.text[0])
            abort();
        return 0;
    }
    autonat_encode(&m, &out);
    if (autonat_decode(&again, buf_cur(&out), NULL) != OK || again.response != m.response)
        abort();
    if (m.response ? again.status != m.status : again.addr_count != m.addr_count)
        abort();
    buf_done(&out);
    return 0;
}
