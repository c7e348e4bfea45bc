/* What is read of any bytes lies within them, and written again it reads the same. */
#include "base/pb.h"

#include <stdlib.h>
#include <string.h>

enum { FIELDS_MAX = 64 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool so)
{
    if (!so)
        abort();
}

static void write_again(struct buf *b, const struct pb_field *f)
{
    if (f->wire == PB_BYTES)
        pb_put_bytes(b, f->number, f->bytes.p, f->bytes.n);
    else
        pb_put_uint(b, f->number, f->value);
}

static void is_same(const struct pb_field *a, const struct pb_field *b)
{
    must(a->number == b->number && a->value == b->value && a->bytes.n == b->bytes.n);
    must(a->bytes.n == 0 || memcmp(a->bytes.p, b->bytes.p, a->bytes.n) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cur msg = cur_of(bytes, n);
    struct pb_field seen[FIELDS_MAX], f;
    struct buf again = {0};
    size_t count = 0;
    while (count < FIELDS_MAX && pb_next(&msg, &seen[count])) {
        const struct pb_field *s = &seen[count++];
        must(s->number > 0 && !s->bytes.bad);
        must(s->bytes.n == 0 || (s->bytes.p >= bytes && s->bytes.p + s->bytes.n <= bytes + n));
        write_again(&again, s);
    }
    struct cur second = buf_cur(&again);
    for (size_t i = 0; i < count; i++) {
        must(pb_next(&second, &f));
        is_same(&seen[i], &f);
    }
    must(!pb_next(&second, &f) && cur_done(&second));
    buf_done(&again);
    return 0;
}
