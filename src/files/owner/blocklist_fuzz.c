/* Any text is a block list or a reason; each line that is an entry by itself is found in it. */
#include "files/owner/blocklist.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct why why = {.code = OK};
    struct blocklist *l = blocklist_parse(cur_of(data, n), &why);
    if (!l && why.code == OK)
        abort();
    struct cur rest = cur_of(data, n);
    while (l && rest.n > 0) {
        const uint8_t *end = memchr(rest.p, '\n', rest.n);
        struct cur line = cur_take(&rest, end ? (size_t)(end - rest.p) : rest.n);
        struct block b;
        cur_take(&rest, end ? 1 : 0);
        if (block_parse(line, &b) && blocklist_line(l, &b) == 0)
            abort();
    }
    blocklist_free(l);
    return 0;
}
