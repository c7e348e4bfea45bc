/* A web seed's answer's head, and URLs: read within their rules, put together without a crash. */
#include "files/web/web_url.h"

#include "base/mem.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    uint64_t first, last;
    struct buf b = {0};
    char *text = mem_strndup((const char *)bytes, n);
    if (web_range_read(text, &first, &last) && last < first)
        abort();
    if (web_retry_read(text, 30, 3600) > 3600)
        abort();
    const struct mi_file file = {.path = text, .len = 1};
    struct metainfo mi = {.files = &file, .file_count = 1};
    web_url_is(text);
    for (int multi = 0; multi < 2; multi++) {
        mi.multi = multi;
        web_url_put(&b, text, &mi, 0);
    }
    buf_done(&b);
    free(text);
    return 0;
}
