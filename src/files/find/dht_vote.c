#include "files/find/dht_vote.h"

#include <string.h>

void dht_votes_add(struct dht_votes *v, const struct addr *voter, const struct addr *says)
{
    uint8_t key[DHT_STRANGER_LEN];
    struct addr ip = *says;
    ip.port = 1; /* any: the address counts */
    if (!addr_is_dialable(&ip))
        return;
    dht_id_stranger(voter, key);
    size_t at = v->next;
    for (size_t i = 0; i < v->count; i++)
        if (memcmp(v->vote[i].voter, key, sizeof key) == 0) {
            v->vote[i].says = ip; /* it votes again */
            return;
        }
    memcpy(v->vote[at].voter, key, sizeof key);
    v->vote[at].says = ip;
    v->next = (at + 1) % DHT_VOTES_MAX;
    v->count += v->count < DHT_VOTES_MAX;
}

struct addr dht_votes_result(const struct dht_votes *v)
{
    for (size_t i = 0; i < v->count; i++) {
        size_t same = 0;
        for (size_t k = 0; k < v->count; k++)
            same += addr_same_ip(&v->vote[i].says, &v->vote[k].says);
        if (same >= DHT_VOTES_MIN && 2 * same > v->count)
            return v->vote[i].says;
    }
    return (struct addr){.family = ADDR_NONE};
}
