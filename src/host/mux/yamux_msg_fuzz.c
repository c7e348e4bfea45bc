/* Any bytes are frame headers or refused with a reason; what is written reads back the same. */
#include "host/mux/yamux_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cur c = cur_of(bytes, n);
    struct yamux_frame f;
    struct why why = {0};
    const uint8_t *at = c.p;
    while (yamux_read(&c, &f, &why) == OK) {
        uint8_t again[YAMUX_HEADER_LEN];
        yamux_write(again, &f);
        if (memcmp(again, at, sizeof again) != 0)
            abort();
        cur_take(&c, f.type == YAMUX_DATA ? f.length : 0);
        at = c.p;
    }
    if (!why.text[0])
        abort();
    return 0;
}
