/* Any text is a filter or a reason; what it says of an address does not depend on the order of its
 * lines, and its ranges do not touch. */
#include "files/owner/ipfilter.h"

#include "base/buf.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

/* The same lines, last first. */
static void turn_round(struct buf *out, struct cur text)
{
    for (size_t end = text.n; end > 0;) {
        size_t from = end - (text.p[end - 1] == '\n');
        size_t stop = from;
        while (from > 0 && text.p[from - 1] != '\n')
            from--;
        buf_put(out, text.p + from, stop - from);
        buf_u8(out, '\n');
        end = from;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct why why = {.code = OK};
    struct buf back = {0};
    struct ipfilter *f = ipfilter_parse(cur_of(data, n), &why);
    if (!f && why.code == OK)
        abort();
    turn_round(&back, cur_of(data, n));
    struct ipfilter *g = ipfilter_parse(buf_cur(&back), NULL);
    for (size_t i = 0; f && g && memchr(data, 0xef, n) == NULL && i + 16 <= n && i < 64; i++) {
        struct addr v4 = addr_of_bytes(data + i, 4, 1), v6 = addr_of_bytes(data + i, 16, 1);
        if (ipfilter_has(f, &v4) != ipfilter_has(g, &v4) ||
            ipfilter_has(f, &v6) != ipfilter_has(g, &v6))
            abort();
    }
    ipfilter_free(f);
    ipfilter_free(g);
    buf_done(&back);
    return 0;
}
