/* ut_pex: within its limits, or an error with a reason; what is written reads back the same. */
#include "files/peer/pex_msg.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct pex_msg m, again;
    struct why why = {0};
    if (pex_read(cur_of(bytes, n), &m, &why) != OK) {
        if (why.text[0] == '\0')
            abort();
        return 0;
    }
    if (m.added_count > PEX_ADDED_MAX || m.dropped_count > PEX_DROPPED_MAX)
        abort();
    struct buf b = {0};
    pex_put(&b, &m);
    /* Addresses mapped into IPv6 come back as IPv4, and so in another order: only counted. */
    if (pex_read(buf_cur(&b), &again, &why) != OK || again.added_count != m.added_count ||
        again.dropped_count != m.dropped_count)
        abort();
    buf_done(&b);
    return 0;
}
