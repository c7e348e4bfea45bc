#include "host/talk/identify_msg.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct identify id, again;
    struct buf out = {0};
    if (identify_decode(&id, cur_of(bytes, n), NULL) == OK) {
        identify_encode(&id, &out); /* what is understood can be said again */
        if (identify_decode(&again, buf_cur(&out), NULL) != OK ||
            again.protocol_count != id.protocol_count || again.addr_count != id.addr_count)
            abort();
        buf_done(&out);
    }
    return 0;
}
