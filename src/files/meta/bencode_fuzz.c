/* Any bytes are one value or an error, and a value written again in its own order is the bytes it
 * came from: numbers have one spelling. */
#include "files/meta/bencode.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void write_again(struct buf *b, const struct ben *v)
{
    switch (v->type) {
    case BEN_INT:
        ben_put_int(b, v->i);
        return;
    case BEN_STR:
        ben_put_str(b, v->str.p, v->str.n);
        return;
    case BEN_LIST:
    case BEN_DICT:
        buf_u8(b, v->type == BEN_LIST ? 'l' : 'd');
        for (const struct ben *kid = v->kids; kid; kid = kid->next) {
            if (v->type == BEN_DICT)
                ben_put_str(b, kid->key.p, kid->key.n);
            write_again(b, kid);
        }
        buf_u8(b, 'e');
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct arena *a = arena_new();
    const struct ben *top;
    struct why why = {0};
    if (ben_parse(a, cur_of(bytes, n), &top, &why) == OK) {
        struct buf b = {0};
        write_again(&b, top);
        if (buf_len(&b) != n || memcmp(buf_bytes(&b), bytes, n) != 0)
            abort();
        buf_done(&b);
    } else if (why.text[0] == '\0') { /* a refusal without a reason is a bug too */
        abort();
    }
    arena_free(a);
    return 0;
}
