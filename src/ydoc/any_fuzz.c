/* As a value, and as JSON text: what is understood comes back the same. */
#include "ydoc/any.h"

#include <stdlib.h>
#include <string.h>

static void check(struct buf *value)
{
    struct buf again = {0}, json = {0};
    struct cur c = buf_cur(value), t = buf_cur(value), j = buf_cur(value);
    if (any_copy(&c, &again, NULL) != OK || !cur_done(&c) || buf_len(&again) != buf_len(value) ||
        memcmp(buf_bytes(&again), buf_bytes(value), buf_len(value)) != 0)
        abort();
    any_take(&t);
    if (!cur_done(&t))
        abort();
    any_json(&j, ANY_STRINGIFY, &json);
    j = buf_cur(value);
    any_json(&j, ANY_TAGGED, &json);
    buf_done(&again);
    buf_done(&json);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct buf value = {0}, text = {0};
    struct cur c = cur_of(bytes, n);
    if (any_copy(&c, &value, NULL) == OK)
        check(&value);
    if (any_from_json(bytes, n, &text, NULL) == OK)
        check(&text);
    buf_done(&value);
    buf_done(&text);
    return 0;
}
