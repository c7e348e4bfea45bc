/* Whatever the bytes, an envelope that opens was signed by the key in it, and a record that opens
 * is about its signer and holds addresses that are some. */
#include "host/name/envelope.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool so)
{
    if (!so)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct pubkey signer;
    struct peer_id id;
    struct cur payload;
    struct peer_record r;
    struct cur all = cur_of(bytes, n);
    enum err record = peer_record_open(&r, all, NULL);
    enum err envelope =
        envelope_open(all, PEER_RECORD_DOMAIN, PEER_RECORD_TYPE, &signer, &payload, NULL);
    must(record != OK || envelope == OK);
    must(r.count <= PEER_RECORD_ADDRS_MAX);
    for (size_t i = 0; i < r.count; i++)
        must(r.addrs[i].len > 0);
    if (envelope == OK && payload.n > 0)
        must(payload.p >= bytes && payload.p + payload.n <= bytes + n);
    if (record == OK) {
        peer_id_of_key(&signer, &id);
        must(peer_id_equal(&id, &r.peer));
    }
    return 0;
}
