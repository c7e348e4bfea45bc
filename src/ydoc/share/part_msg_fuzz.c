/* Any bytes are a piece, or what is there of one, or are refused with a reason; what is read writes
 * and reads back the same. */
#include "ydoc/share/part_msg.h"

#include <stdlib.h>
#include <string.h>

enum { MOST = 1 << 24 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct part_msg p, again;
    struct why why = {0};
    struct buf b = {0};
    if (part_read(&p, cur_of(bytes, n), MOST, &why) == OK) {
        part_put(&p, &b);
        if (part_read(&again, buf_cur(&b), MOST, NULL) != OK || p.at != again.at ||
            p.total != again.total || p.bytes.n != again.bytes.n ||
            memcmp(p.name, again.name, sizeof p.name) != 0)
            abort();
    } else if (!why.text[0]) {
        abort();
    }
    buf_clear(&b);
    if (part_read_have(&p, cur_of(bytes, n), &why) == OK) {
        part_put_have(&p, &b);
        if (part_read_have(&again, buf_cur(&b), NULL) != OK || p.at != again.at)
            abort();
    }
    buf_done(&b);
    return 0;
}
