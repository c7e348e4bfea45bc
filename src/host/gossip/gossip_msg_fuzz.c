#include "host/gossip/gossip_msg.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct gossip_rpc rpc;
    struct gossip_item it;
    struct cur id;
    size_t items = 0;
    if (gossip_rpc_open(&rpc, cur_of(bytes, n), NULL) != OK)
        return 0;
    while (gossip_rpc_next(&rpc, &it)) {
        if (++items > GOSSIP_ITEMS_MAX) /* what was counted is what comes */
            abort();
        if (it.kind != GOSSIP_MESSAGE && it.topic.n > GOSSIP_TOPIC_MAX)
            abort();
        struct gossip_item ids = it;
        while (it.ids.n > 0 && gossip_ids_next(&ids, &id))
            if (id.n == 0 || id.n > GOSSIP_ID_MAX)
                abort();
        struct gossip_item px = it;
        struct cur record;
        while (it.kind == GOSSIP_PRUNE && gossip_px_next(&px, &id, &record))
            if (id.n == 0)
                abort();
        struct gossip_msg again;
        if (it.kind == GOSSIP_MESSAGE && gossip_msg_decode(&again, it.msg.whole, NULL) != OK)
            abort();
    }
    return 0;
}
