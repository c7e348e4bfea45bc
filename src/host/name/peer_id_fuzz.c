/* What is read as a public key or a peer id, from bytes or text, is the same when it is written and
 * read again; a key in an id gives that id; no signature made of nothing holds. */
#include "host/name/peer_id.h"

#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 2048 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool so)
{
    if (!so)
        abort();
}

static void id_survives(const struct peer_id *id)
{
    struct peer_id back;
    struct pubkey key;
    char text[PEER_ID_FORMAT];
    must(peer_id_parse(&back, peer_id_format(id, text), NULL) == OK && peer_id_equal(id, &back));
    must(peer_id_decode(&back, cur_of(id->bytes, id->len), NULL) == OK);
    must(peer_id_cmp(id, &back) == 0);
    if (peer_id_key(id, &key, NULL) != OK)
        return;
    peer_id_of_key(&key, &back);
    must(peer_id_equal(id, &back));
}

static void key_survives(const struct pubkey *key, const uint8_t *bytes, size_t n)
{
    struct buf b = {0};
    struct peer_id id;
    pubkey_encode(key, &b);
    must(buf_len(&b) == n && memcmp(buf_bytes(&b), bytes, n) == 0);
    buf_done(&b);
    peer_id_of_key(key, &id);
    id_survives(&id);
    must(!pubkey_verify(key, "", 0, bytes, n));
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct pubkey key;
    struct peer_id id;
    char text[INPUT_MAX + 1] = {0};
    if (n > INPUT_MAX)
        return 0;
    if (n > 0)
        memcpy(text, bytes, n);
    if (pubkey_decode(&key, cur_of(bytes, n), NULL) == OK)
        key_survives(&key, bytes, n);
    if (peer_id_decode(&id, cur_of(bytes, n), NULL) == OK)
        id_survives(&id);
    if (peer_id_parse(&id, text, NULL) == OK)
        id_survives(&id);
    return 0;
}
