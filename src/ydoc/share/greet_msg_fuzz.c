/* Any bytes are a greeting or are refused with a reason; what is read writes and reads back the
 * same. */
#include "ydoc/share/greet_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct greet g, again;
    struct why why = {0};
    struct buf b = {0};
    if (greet_read(&g, cur_of(bytes, n), &why) != OK) {
        if (!why.text[0])
            abort();
        return 0;
    }
    greet_put(&g, &b);
    if (greet_read(&again, buf_cur(&b), NULL) != OK || memcmp(&g.doc, &again.doc, sizeof g.doc) ||
        g.roster.n != again.roster.n || g.joins != again.joins || g.code != again.code ||
        (g.joins && memcmp(g.token, again.token, sizeof g.token) != 0) ||
        strcmp(g.name, again.name) != 0 || strcmp(g.words, again.words) != 0)
        abort();
    buf_done(&b);
    return 0;
}
