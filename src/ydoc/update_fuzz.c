/* The first byte picks the format; what is taken in must come out as something that a second
 * document takes in, and then both say the same. */
#include "ydoc/update.h"

#include "ydoc/doc.h"

#include <stdlib.h>
#include <string.h>

static bool same(const struct buf *a, const struct buf *b)
{
    return buf_len(a) == buf_len(b) && memcmp(buf_bytes(a), buf_bytes(b), buf_len(a)) == 0;
}

static void check(struct ydoc *d, enum update_format format)
{
    struct buf all = {0}, one = {0}, two = {0}, out = {0};
    struct ydoc *other = ydoc_new(2, true, 1);
    ydoc_encode(d, format, NULL, &all);
    if (ydoc_apply(other, format, buf_cur(&all), NULL) != OK)
        abort();
    ydoc_state(d, &one);
    ydoc_state(other, &two);
    if (!same(&one, &two))
        abort();
    ydoc_text(d, "t", &out);
    ydoc_array(d, "a", &out);
    ydoc_map(d, "m", &out);
    ydoc_xml(d, "x", &out);
    ydoc_begin(d);
    ytext_delete(d, "t", 1, 3);
    if (ytext_insert(d, "t", 0, "x", 1, NULL, NULL) != OK)
        abort();
    ydoc_commit(d, format, &out);
    ydoc_free(other);
    buf_done(&all);
    buf_done(&one);
    buf_done(&two);
    buf_done(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    if (n == 0 || n > 65536)
        return 0;
    enum update_format format = bytes[0] & 1 ? UPDATE_V2 : UPDATE_V1;
    struct ydoc *d = ydoc_new(1, bytes[0] & 2, 1);
    struct cur update = cur_of(bytes + 1, n - 1);
    /* half of it first: then the whole meets what is known already */
    struct cur half = cur_of(bytes + 1, (n - 1) / 2), both[] = {update, update};
    struct buf out = {0};
    (void)ydoc_apply(d, format, half, NULL);
    if (ydoc_apply(d, format, update, NULL) == OK) {
        if (update_merge(format, both, 2, &out, NULL) != OK ||
            ydoc_apply(d, format, buf_cur(&out), NULL) != OK)
            abort();
        check(d, format);
    }
    buf_done(&out);
    ydoc_free(d);
    return 0;
}
