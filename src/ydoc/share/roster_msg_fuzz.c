/* Any bytes are a roster or are refused with a reason; what is read is in order, has one owner, and
 * writes and reads back the same. */
#include "ydoc/share/roster_msg.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct roster r, again;
    struct why why = {0};
    struct doc_id doc = {{1}};
    struct buf b = {0};
    if (roster_read(&r, &doc, cur_of(bytes, n), &why) == OK)
        abort(); /* nobody signed it */
    if (roster_parse(&r, cur_of(bytes, n), &why) != OK) {
        if (!why.text[0] || r.members)
            abort();
        return 0;
    }
    for (size_t i = 0; i < r.count; i++)
        if (roster_find(&r, &r.members[i].peer) != &r.members[i])
            abort();
    roster_put(&r, &b);
    if (roster_parse(&again, buf_cur(&b), NULL) != OK || again.count != r.count ||
        again.seq != r.seq || again.epoch != r.epoch || r.count > SHARE_MEMBERS_MAX)
        abort();
    for (size_t i = 0; i < r.count; i++)
        if (!peer_id_equal(&r.members[i].peer, &again.members[i].peer) ||
            r.members[i].role != again.members[i].role ||
            strcmp(r.members[i].name, again.members[i].name) != 0 ||
            memcmp(r.members[i].box, again.members[i].box, ROSTER_BOX_LEN) != 0)
            abort();
    roster_done(&again);
    roster_done(&r);
    buf_done(&b);
    return 0;
}
