/* Any target is refused, or gives a path and a value that are UTF-8 without a NUL and no longer
 * than what was given. */
#include "net/target.h"

#include "base/mem.h"
#include "base/utf8.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(const struct buf *text, size_t given)
{
    size_t n = buf_len(text);
    if (n > given || (n > 0 && memchr(buf_bytes(text), '\0', n)) || !utf8_valid(buf_bytes(text), n))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    char *target = mem_strndup((const char *)bytes, n);
    struct buf path = {0}, value = {0};
    if (target_path(target, &path))
        check(&path, n);
    else if (buf_len(&path) > 0)
        abort();
    if (target_value(target, "type", &value))
        check(&value, n);
    else if (buf_len(&value) > 0)
        abort();
    buf_done(&path);
    buf_done(&value);
    free(target);
    return 0;
}
