/* Whatever the bytes, what utf8_escape() writes is UTF-8 and drives no terminal; and text that was
 * harmless comes out as it was. */
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct buf once = {0}, twice = {0};
    utf8_escape(&once, bytes, n);
    if (!utf8_valid(buf_bytes(&once), buf_len(&once)) || buf_len(&once) < n)
        abort();
    for (size_t i = 0; i < buf_len(&once); i++)
        if (buf_bytes(&once)[i] < ' ' || buf_bytes(&once)[i] == 0x7f)
            abort();
    utf8_escape(&twice, buf_bytes(&once), buf_len(&once));
    if (buf_len(&twice) != buf_len(&once) ||
        (buf_len(&once) > 0 && memcmp(buf_bytes(&once), buf_bytes(&twice), buf_len(&once)) != 0))
        abort();
    buf_done(&once);
    buf_done(&twice);
    return 0;
}
