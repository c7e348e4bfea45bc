/* Paths.  Each begins at the BIP39 seed of the phrase, without a passphrase:
 *     peer key    m/44'/0x73686f61'/0'        Ed25519, SLIP-0010 ("shoa"; all hardened)
 *     wallet      m/84'/coin'/account', m/86'/coin'/account'      secp256k1, BIP32   (ledger)
 *     Nostr key   m/44'/1237'/0'/0/0                              secp256k1, NIP-06  (market)
 * The first is here; the others are derived where BIP32 is.
 *
 * The identity file, version 1: 8 bytes "SHOALID\n", version (1 byte), length of the entropy (1
 * byte: 16 or 32), the entropy, and the first 8 bytes of the SHA-256 of all that stands before
 * them. */
#include "core/keys.h"

#include "base/buf.h"
#include "base/mem.h"
#include "crypto/base58.h"
#include "crypto/bip39.h"
#include "crypto/ed25519.h"
#include "crypto/equal.h"
#include "crypto/sealbox.h"
#include "crypto/sha256.h"
#include "crypto/slip10.h"
#include "crypto/wipe.h"

#include <string.h>

_Static_assert((int)KEYS_SIG_LEN == ED25519_SIG_LEN && (int)KEYS_PUB_LEN == ED25519_PUB_LEN &&
                   (int)KEYS_PHRASE_MAX >= BIP39_PHRASE_MAX,
               "keys.h says what crypto/ says");

static const uint32_t peer_path[] = {44, 0x73686f61, 0};

static const char magic[] = "SHOALID\n";
enum { MAGIC_LEN = 8, VERSION = 1, CHECK_LEN = 8, HEAD_LEN = MAGIC_LEN + 2 };
enum { FILE_MAX = HEAD_LEN + BIP39_ENTROPY_MAX + CHECK_LEN };

struct keys {
    uint8_t entropy[BIP39_ENTROPY_MAX];
    size_t entropy_len;
    uint8_t secret[ED25519_SECRET_LEN];
    uint8_t pub[ED25519_PUB_LEN];
    char peer_id[PEER_ID_TEXT];
};

static bool is_entropy_len(size_t n)
{
    return n == 16 || n == 32;
}

/* libp2p peer-ids, "Peer Ids": a key of at most 42 bytes as protobuf is its own (identity)
 * multihash, 0x00, length; the protobuf is Type = 1 (Ed25519), Data = the key ("Keys"). */
void keys_peer_id_of(const uint8_t pub[KEYS_PUB_LEN], char out[PEER_ID_TEXT])
{
    uint8_t id[6 + KEYS_PUB_LEN] = {0x00, 4 + KEYS_PUB_LEN, 0x08, 0x01, 0x12, KEYS_PUB_LEN};
    memcpy(id + 6, pub, KEYS_PUB_LEN);
    if (!base58_encode(id, sizeof id, out, PEER_ID_TEXT))
        abort(); /* 38 bytes are 52 digits */
}

struct keys *keys_of_entropy(const uint8_t *entropy, size_t n)
{
    if (!is_entropy_len(n))
        abort();
    struct keys *k = MEM_NEW(struct keys);
    char phrase[KEYS_PHRASE_MAX];
    uint8_t seed[BIP39_SEED_LEN];
    struct slip10 node;
    memcpy(k->entropy, entropy, n);
    k->entropy_len = n;
    keys_phrase(k, phrase);
    if (bip39_seed(phrase, "", seed, NULL) != OK)
        abort(); /* it is the phrase that was just made */
    slip10_path(seed, sizeof seed, peer_path, sizeof peer_path / sizeof *peer_path, &node);
    ed25519_secret(node.key, k->secret, k->pub);
    keys_peer_id_of(k->pub, k->peer_id);
    wipe(phrase, sizeof phrase);
    wipe(seed, sizeof seed);
    wipe(&node, sizeof node);
    return k;
}

struct keys *keys_of_phrase(const char *phrase, struct why *why)
{
    uint8_t entropy[BIP39_ENTROPY_MAX];
    size_t n;
    struct keys *k = NULL;
    if (bip39_entropy(phrase, entropy, &n, why) != OK)
        return NULL;
    if (is_entropy_len(n))
        k = keys_of_entropy(entropy, n);
    else
        why_set(why, ERR_INVALID, "the phrase has %zu words; an identity has 12 or 24", n * 3 / 4);
    wipe(entropy, sizeof entropy);
    return k;
}

void keys_free(struct keys *k)
{
    if (!k)
        return;
    wipe(k, sizeof *k);
    free(k);
}

void keys_phrase(const struct keys *k, char out[KEYS_PHRASE_MAX])
{
    bip39_phrase(k->entropy, k->entropy_len, out);
}

const char *keys_peer_id(const struct keys *k)
{
    return k->peer_id;
}

const uint8_t *keys_peer_public(const struct keys *k)
{
    return k->pub;
}

void keys_sign(const struct keys *k, const void *msg, size_t n, uint8_t sig[KEYS_SIG_LEN])
{
    ed25519_sign(k->secret, msg, n, sig);
}

bool keys_peer_unseal(const struct keys *k, const void *box, size_t n, uint8_t *out)
{
    return sealbox_open(k->secret, box, n, out);
}

static void check_of(const uint8_t *bytes, size_t n, uint8_t check[CHECK_LEN])
{
    uint8_t hash[SHA256_LEN];
    sha256(bytes, n, hash);
    memcpy(check, hash, CHECK_LEN);
    wipe(hash, sizeof hash);
}

/* The file's bytes into out; returns how many. */
static size_t put_file(const struct keys *k, uint8_t out[FILE_MAX])
{
    size_t n = HEAD_LEN + k->entropy_len;
    memcpy(out, magic, MAGIC_LEN);
    out[MAGIC_LEN] = VERSION;
    out[MAGIC_LEN + 1] = (uint8_t)k->entropy_len;
    memcpy(out + HEAD_LEN, k->entropy, k->entropy_len);
    check_of(out, n, out + n);
    return n + CHECK_LEN;
}

static struct keys *parse_file(const uint8_t *bytes, size_t n, struct why *why)
{
    struct cur c = cur_of(bytes, n);
    struct cur head = cur_take(&c, MAGIC_LEN);
    uint8_t version = cur_u8(&c);
    uint8_t len = cur_u8(&c);
    struct cur entropy = cur_take(&c, len);
    struct cur check = cur_take(&c, CHECK_LEN);
    uint8_t want[CHECK_LEN];
    if (head.bad || memcmp(head.p, magic, MAGIC_LEN) != 0) {
        why_set(why, ERR_INVALID, "not an identity file, or its beginning is damaged");
        return NULL;
    }
    /* A newer version says so in this byte, and we know nothing of what follows it; that a flipped
     * bit looks the same is why the text says both. */
    if (version != VERSION && n > MAGIC_LEN) {
        why_set(why, ERR_INVALID,
                "format %u, and this Shoal knows format %u: it is from a newer Shoal, or damaged",
                version, (unsigned)VERSION);
        return NULL;
    }
    if (!cur_done(&c) || !is_entropy_len(len)) {
        why_set(why, ERR_INVALID, "damaged: %zu bytes, which is not an identity file's length", n);
        return NULL;
    }
    check_of(bytes, n - CHECK_LEN, want);
    bool good = equal_secret(want, check.p, CHECK_LEN);
    wipe(want, sizeof want);
    if (!good) {
        why_set(why, ERR_INVALID, "damaged: its checksum does not hold");
        return NULL;
    }
    return keys_of_entropy(entropy.p, entropy.n);
}

struct keys *keys_load(const struct vfs *v, const char *data_dir, struct why *why)
{
    struct why own = {0};
    char *path = mem_printf("%s/identity", data_dir);
    uint8_t bytes[FILE_MAX + 1];
    struct keys *k = NULL;
    struct vfile *f = vfs_open(v, path, VFS_READ | VFS_NOFOLLOW, &own);
    ssize_t n = f ? vfile_pread(f, bytes, sizeof bytes, 0, &own) : -1;
    if (n >= 0)
        k = parse_file(bytes, (size_t)n, &own);
    if (!k && n >= 0)
        why_set(why, own.code, "%s: %s; restore a copy of it, or the identity from its phrase",
                path, own.text);
    else if (!k)
        why_set(why, own.code, "%s", own.text);
    vfile_close(f);
    wipe(bytes, sizeof bytes);
    free(path);
    return k;
}

/* path_new is ours alone (VFS_EXCL), whole and on the disk before it becomes path: a start that is
 * cut off leaves no half identity. */
static enum err write_new(const struct keys *k, const struct vfs *v, const char *path,
                          const char *path_new, struct why *why)
{
    uint8_t bytes[FILE_MAX];
    size_t n = put_file(k, bytes);
    struct vfile *f =
        vfs_open(v, path_new, VFS_WRITE | VFS_CREATE | VFS_EXCL | VFS_PRIVATE | VFS_NOFOLLOW, why);
    enum err code = f ? vfile_pwrite(f, bytes, n, 0, why) : why->code;
    if (code == OK)
        code = vfile_sync(f, why);
    vfile_close(f);
    wipe(bytes, sizeof bytes);
    return code == OK ? vfs_rename(v, path_new, path, why) : code;
}

enum err keys_save(const struct keys *k, const struct vfs *v, const char *data_dir, struct why *why)
{
    struct why own = {0};
    struct vfs_stat there;
    char *path = mem_printf("%s/identity", data_dir);
    char *path_new = mem_printf("%s/identity.new", data_dir);
    enum err code = vfs_stat(v, path, &there, &own);
    if (code == OK) {
        code = why_set(&own, ERR_STATE, "%s is there already, and is never written over", path);
    } else if (code == ERR_NOT_FOUND) {
        (void)vfs_unlink(v, path_new, NULL); /* of a start that was cut off */
        own = (struct why){0};
        code = write_new(k, v, path, path_new, &own);
        if (code == OK)
            code = vfs_sync_dir(v, data_dir, &own);
        else
            (void)vfs_unlink(v, path_new, NULL);
    }
    if (code != OK)
        why_set(why, code, "%s", own.text);
    free(path);
    free(path_new);
    return code;
}
