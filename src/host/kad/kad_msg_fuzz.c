#include "host/kad/kad_msg.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static struct kad_msg m, again;
    struct buf out = {0};
    if (kad_msg_decode(&m, cur_of(bytes, n), NULL) == OK) {
        kad_msg_encode(&m, &out); /* what is understood can be said again */
        if (kad_msg_decode(&again, buf_cur(&out), NULL) != OK || again.type != m.type ||
            again.closer_count != m.closer_count || again.provider_count != m.provider_count)
            abort();
        buf_done(&out);
    }
    return 0;
}
