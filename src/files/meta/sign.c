#include "files/meta/sign.h"

#include <stdio.h>
#include <string.h>

static const char ours[] = "org.shoal.ed25519";

static bool is_ours(struct cur name)
{
    size_t n = sizeof ours - 1;
    return name.n >= n && memcmp(name.p, ours, n) == 0 && (name.n == n || name.p[n] == '.');
}

size_t sign_read(const struct ben *signatures, struct cur info, struct signer out[SIGN_SIGNERS_MAX])
{
    size_t n = 0;
    const struct ben *one = signatures && signatures->type == BEN_DICT ? signatures->kids : NULL;
    for (; one && n < SIGN_SIGNERS_MAX; one = one->next) {
        struct cur key = ben_str(one, "key"), sig = ben_str(one, "signature");
        if (!is_ours(one->key) || key.n != ED25519_PUB_LEN || sig.n != ED25519_SIG_LEN)
            continue;
        memcpy(out[n].key, key.p, key.n);
        memcpy(out[n].sig, sig.p, sig.n);
        out[n].valid = ed25519_verify(out[n].key, info.p, info.n, out[n].sig);
        n++;
    }
    return n;
}

static void put_ours(struct buf *out, const struct signer *signers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        char name[sizeof ours + 8];
        snprintf(name, sizeof name, i ? "%s.%zu" : "%s", ours, i + 1);
        ben_put_key(out, name);
        buf_u8(out, 'd');
        ben_put_key(out, "key");
        ben_put_str(out, signers[i].key, sizeof signers[i].key);
        ben_put_key(out, "signature");
        ben_put_str(out, signers[i].sig, sizeof signers[i].sig);
        buf_u8(out, 'e');
    }
}

/* Does it come before ours, in the order of raw bytes? */
static bool is_before(struct cur name)
{
    size_t n = name.n < sizeof ours - 1 ? name.n : sizeof ours - 1;
    int order = memcmp(name.p ? name.p : (const uint8_t *)"", ours, n);
    return order < 0 || (order == 0 && name.n < sizeof ours - 1);
}

static void put_others(struct buf *out, const struct ben *before, bool first)
{
    for (const struct ben *one = before ? before->kids : NULL; one; one = one->next)
        if (!is_ours(one->key) && is_before(one->key) == first) {
            ben_put_str(out, one->key.p, one->key.n);
            buf_put(out, one->raw.p, one->raw.n);
        }
}

void sign_put(struct buf *out, const struct ben *before, const struct signer *signers, size_t n)
{
    buf_u8(out, 'd');
    put_others(out, before, true);
    put_ours(out, signers, n);
    put_others(out, before, false);
    buf_u8(out, 'e');
}

void sign_put_item(struct buf *out, const uint8_t infohash[INFOHASH_LEN],
                   const uint8_t sig[ED25519_SIG_LEN])
{
    buf_u8(out, 'd');
    ben_put_key(out, "ih");
    ben_put_str(out, infohash, INFOHASH_LEN);
    ben_put_key(out, "sig");
    ben_put_str(out, sig, ED25519_SIG_LEN);
    buf_u8(out, 'e');
}

enum err sign_read_item(struct cur v, const uint8_t infohash[INFOHASH_LEN],
                        uint8_t sig[ED25519_SIG_LEN], struct why *why)
{
    struct arena *scratch = arena_new();
    const struct ben *item;
    enum err err = ben_parse(scratch, v, &item, why);
    if (err == OK) {
        struct cur ih = ben_str(item, "ih"), s = ben_str(item, "sig");
        if (ih.n != INFOHASH_LEN || memcmp(ih.p, infohash, INFOHASH_LEN) != 0)
            err = why_set(why, ERR_INVALID, "the signer's item is of another torrent");
        else if (s.n != ED25519_SIG_LEN)
            err = why_set(why, ERR_INVALID, "the signer's item has no signature");
        else
            memcpy(sig, s.p, s.n);
    }
    arena_free(scratch);
    return err;
}
