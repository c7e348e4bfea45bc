/* Any bytes are an envelope or are refused with a reason, and so is what is in one; what is not
 * sealed with the key does not open, what is comes out as it went in. */
#include "ydoc/share/topic_msg.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    static const uint8_t key[ROSTER_KEY_LEN] = {1};
    const struct topic_key k = {.doc = {{2}}, .author = {.len = 2}, .key = key};
    struct topic_msg e, made = {.seq = 3, .epoch = 4};
    struct topic_batch *batch = MEM_NEW(struct topic_batch);
    struct why why = {0};
    struct buf out = {0}, plain = {0};
    if (topic_msg_read(&e, cur_of(bytes, n), &why) == OK ? topic_msg_open(&e, &k, &plain)
                                                         : !why.text[0])
        abort();
    why = (struct why){0};
    if (topic_batch_read(batch, cur_of(bytes, n), &why) != OK && !why.text[0])
        abort();
    if (batch->count > TOPIC_MSG_MESSAGES_MAX)
        abort();
    topic_msg_seal(&made, &k, cur_of(bytes, n), &out);
    if (buf_len(&out) > n + TOPIC_MSG_MORE)
        abort();
    if (buf_len(&out) <= TOPIC_MSG_MAX &&
        (topic_msg_read(&e, buf_cur(&out), NULL) != OK || !topic_msg_open(&e, &k, &plain) ||
         buf_len(&plain) != n || (n > 0 && memcmp(buf_bytes(&plain), bytes, n) != 0)))
        abort();
    buf_done(&out);
    buf_done(&plain);
    free(batch);
    return 0;
}
