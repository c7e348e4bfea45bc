/* ut_holepunch: read or refused with a reason; what is written reads back the same. */
#include "files/peer/hole_msg.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct hole_msg m, again;
    struct why why = {0};
    struct buf b = {0};
    if (hole_read(cur_of(bytes, n), &m, &why) != OK) {
        if (why.text[0] == '\0')
            abort();
        return 0;
    }
    hole_error_text(m.error);
    hole_put(&b, &m);
    if (hole_read(buf_cur(&b), &again, &why) != OK || again.type != m.type ||
        !addr_equal(&again.addr, &m.addr) || again.error != m.error)
        abort();
    buf_done(&b);
    return 0;
}
