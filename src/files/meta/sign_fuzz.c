/* A dictionary of signatures, or an item of the DHT: no forged signature is ever valid, and what is
 * written back reads the same. */
#include "files/meta/sign.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    struct signer got[SIGN_SIGNERS_MAX], again[SIGN_SIGNERS_MAX];
    uint8_t id[INFOHASH_LEN] = {0}, sig[ED25519_SIG_LEN];
    struct arena *a = arena_new();
    const struct ben *dict, *back;
    struct cur info = cur_of("d4:name1:ae", 11);
    enum err item = sign_read_item(cur_of(data, n), id, sig, NULL);
    (void)item;
    if (ben_parse(a, cur_of(data, n), &dict, NULL) == OK && dict->type == BEN_DICT) {
        struct buf b = {0};
        size_t count = sign_read(dict, info, got);
        sign_put(&b, dict, got, count);
        if (ben_parse(a, buf_cur(&b), &back, NULL) != OK || sign_read(back, info, again) != count)
            abort();
        for (size_t i = 0; i < count; i++)
            if (memcmp(got[i].key, again[i].key, sizeof got[i].key) != 0 || got[i].valid)
                abort();
        buf_done(&b);
    }
    arena_free(a);
    return 0;
}
