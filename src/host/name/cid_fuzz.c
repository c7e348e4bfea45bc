/* Bytes that are a CID are it again when written, as bytes and as text; and so is text. */
#include "host/name/cid.h"

#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1024 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool so)
{
    if (!so)
        abort();
}

static void survives(const struct cid *c)
{
    struct buf b = {0};
    struct cid back;
    char text[CID_FORMAT];
    cid_encode(c, &b);
    must(cid_decode(&back, buf_cur(&b), NULL) == OK && cid_equal(c, &back));
    must(cid_parse(&back, cid_format(c, text), NULL) == OK && cid_equal(c, &back));
    buf_done(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cid c;
    struct buf b = {0};
    if (n > INPUT_MAX)
        return 0;
    if (cid_decode(&c, cur_of(bytes, n), NULL) == OK) {
        cid_encode(&c, &b);
        must(buf_len(&b) == n && memcmp(buf_bytes(&b), bytes, n) == 0);
        buf_done(&b);
        survives(&c);
    }
    char text[INPUT_MAX + 1] = {0};
    if (n > 0)
        memcpy(text, bytes, n);
    if (cid_parse(&c, text, NULL) == OK)
        survives(&c);
    return 0;
}
