/* PCP: an answer that has our nonce and port, or an error with a reason. */
#include "net/pcp_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct pcp_map asked = {.protocol = PCP_TCP, .port = 6881}, out;
    struct why why = {0};
    memset(asked.nonce, 'n', PCP_NONCE);
    if (pcp_read_map(cur_of(bytes, n), &asked, &out, &why) != OK) {
        if (why.text[0] == '\0')
            abort();
        return 0;
    }
    if (out.port != 6881 || out.protocol != PCP_TCP)
        abort();
    struct buf b = {0};
    pcp_put_map(&b, &out);
    buf_done(&b);
    return 0;
}
