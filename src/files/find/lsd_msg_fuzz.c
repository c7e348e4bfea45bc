/* LSD: within its limits, or an error with a reason; what is written reads back the same. */
#include "files/find/lsd_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct lsd_msg m, again;
    struct why why = {0};
    if (lsd_read(cur_of(bytes, n), &m, &why) != OK) {
        if (why.text[0] == '\0')
            abort();
        return 0;
    }
    if (m.port == 0 || m.hash_count == 0 || m.hash_count > LSD_HASHES_MAX)
        abort();
    struct buf b = {0};
    lsd_put(&b, "239.192.152.143:6771", m.port, m.hashes[0], "c");
    if (lsd_read(buf_cur(&b), &again, &why) != OK || again.port != m.port ||
        memcmp(again.hashes[0], m.hashes[0], SHA1_LEN) != 0 || strcmp(again.cookie, "c") != 0)
        abort();
    buf_done(&b);
    return 0;
}
