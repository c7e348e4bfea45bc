/* Any bytes are an envelope or are refused with a reason, and so is what is in one; what is not
 * sealed with the key does not open, what is comes out as it went in. */
#include "ydoc/share/envelope.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const uint8_t key[ROSTER_KEY_LEN] = {1};
    const struct envelope_key k = {.doc = {{2}}, .author = {.len = 2}, .key = key};
    struct envelope e, made = {.seq = 3, .epoch = 4};
    struct envelope_batch *batch = MEM_NEW(struct envelope_batch);
    struct why why = {0};
    struct buf out = {0}, plain = {0};
    if (envelope_read(&e, cur_of(bytes, n), &why) == OK ? envelope_open(&e, &k, &plain)
                                                        : !why.text[0])
        abort();
    why = (struct why){0};
    if (envelope_read_batch(batch, cur_of(bytes, n), &why) != OK && !why.text[0])
        abort();
    if (batch->count > ENVELOPE_MESSAGES_MAX)
        abort();
    envelope_seal(&made, &k, cur_of(bytes, n), &out);
    if (buf_len(&out) > n + ENVELOPE_MORE)
        abort();
    if (buf_len(&out) <= ENVELOPE_MAX &&
        (envelope_read(&e, buf_cur(&out), NULL) != OK || !envelope_open(&e, &k, &plain) ||
         buf_len(&plain) != n || (n > 0 && memcmp(buf_bytes(&plain), bytes, n) != 0)))
        abort();
    buf_done(&out);
    buf_done(&plain);
    free(batch);
    return 0;
}
