/* Any bytes are messages or refused with a reason; what is asked for never reaches past a message,
 * and what is written reads back the same. */
#include "host/mux/multistream_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

/* As a talk reads: only so many bytes as are asked for. */
static bool next(struct cur *from, char name[MULTISTREAM_NAME_MAX + 1])
{
    struct cur start = *from, have;
    size_t len = 0, more = 0;
    struct why why = {0};
    do {
        len += more;
        if (len > from->n || len > MULTISTREAM_MSG_MAX) {
            if (len > MULTISTREAM_MSG_MAX)
                abort();
            return false;
        }
        start = *from;
        have = cur_take(&start, len);
        if (multistream_more(have, &more, &why) != OK) {
            if (!why.text[0])
                abort();
            return false;
        }
    } while (more > 0);
    *from = start;
    if (multistream_read(&have, name, &why) == OK)
        return have.n == 0;
    if (!why.text[0])
        abort();
    return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cur c = cur_of(bytes, n);
    char name[MULTISTREAM_NAME_MAX + 1];
    const uint8_t *at = c.p;
    while (next(&c, name)) {
        struct buf again = {0};
        multistream_write(&again, name);
        if (buf_len(&again) != (size_t)(c.p - at) || memcmp(buf_bytes(&again), at, buf_len(&again)))
            abort();
        buf_done(&again);
        at = c.p;
    }
    return 0;
}
