#include "host/mux/multistream_line.h"

#include <string.h>

/* How many bytes belong to this message for sure. */
static enum err wanted(const struct multistream_line *l, size_t *more, struct why *why)
{
    if (l->greeted)
        return multistream_more(cur_of(l->bytes, l->have), more, why);
    *more = MULTISTREAM_HEADER_LEN - l->have;
    return OK;
}

/* "If either side receives anything other than the multistream protocol id as the first message,
 * they abort the negotiation process." */
static enum err whole(struct multistream_line *l, struct why *why)
{
    struct cur c = cur_of(l->bytes, l->have);
    enum err err = multistream_read(&c, l->name, why);
    if (!l->greeted && (err != OK || strcmp(l->name, MULTISTREAM_HEADER) != 0))
        return why_set(why, ERR_INVALID, "multistream: the other side speaks something else");
    l->have = 0;
    return err;
}

enum multistream_got multistream_line(struct multistream_line *l, struct conn *c, struct why *why)
{
    for (;;) {
        size_t more;
        if (wanted(l, &more, why) != OK)
            return MULTISTREAM_WRONG;
        if (more == 0) {
            bool greeting = !l->greeted;
            if (whole(l, why) != OK)
                return MULTISTREAM_WRONG;
            l->greeted = true;
            if (!greeting)
                return MULTISTREAM_LINE;
            continue;
        }
        ssize_t n = conn_recv(c, l->bytes + l->have, more);
        if (n == CONN_AGAIN)
            return MULTISTREAM_WAIT;
        if (n == CONN_FAILED)
            return MULTISTREAM_FAILED;
        if (n == CONN_END) {
            why_set(why, ERR_CLOSED, "multistream: the other side hung up");
            return MULTISTREAM_WRONG;
        }
        l->have = (uint16_t)(l->have + n);
    }
}
