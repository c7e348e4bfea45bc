#include "core/keys.h"

#include "base/mem.h"
#include "base/test.h"
#include "crypto/ed25519.h"
#include "crypto/hex.h"
#include "crypto/sealbox.h"

#include <malloc.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define ABOUT                                                                                      \
    "abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon "     \
    "about"

/* meson.build hands us each free() of the program, to look at what is given back. */
void __real_free(void *p);
void __wrap_free(void *p);

static const void *secret; /* NULL: nobody is looking */
static size_t secret_len;
static unsigned freed_with_secret;

void __wrap_free(void *p)
{
    if (p && secret && memmem(p, malloc_usable_size(p), secret, secret_len))
        freed_with_secret++;
    __real_free(p);
}

static void look_for(const void *bytes, size_t n)
{
    secret = bytes;
    secret_len = n;
    freed_with_secret = 0;
}

static struct keys *some_keys(void)
{
    static const uint8_t entropy[16] = {0xca, 0xfe, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14};
    return keys_of_entropy(entropy, sizeof entropy);
}

static struct vfs *disk(void)
{
    struct vfs *v = vfs_mem_new();
    assert_int_equal(vfs_mkdirs(v, "/data", 0700, NULL), OK);
    assert_int_equal(vfs_sync_dir(v, "/", NULL), OK);
    return v;
}

static void put(const struct vfs *v, const void *bytes, size_t n)
{
    assert_int_equal(vfs_replace(v, "/data/identity", bytes, n, VFS_PRIVATE, NULL), OK);
}

/* The public key of test vector 1 in libp2p's tls.md ("Valid certificate authenticating an ED25519
 * Peer ID") and the peer id that it names. */
static void a_public_key_has_the_peer_id_that_libp2p_gives_it(void **state)
{
    (void)state;
    uint8_t pub[KEYS_PUB_LEN];
    char id[PEER_ID_TEXT];
    assert_true(hex_decode("a77f1d92fedb59dddaea5a1c4abd1ac2fbde7d7b879ed364501809923d7c11b9", 64,
                           pub, sizeof pub));
    keys_peer_id_of(pub, id);
    assert_string_equal(id, "12D3KooWM6CgA9iBFZmcYAHA6A2qvbAxqfkmrYiRQuz3XEsk4Ksv");
}

/* Worked out apart from this program, with Python's hashlib and the openssl command. */
static void a_phrase_gives_the_same_peer_for_ever(void **state)
{
    (void)state;
    struct keys *k = keys_of_phrase(ABOUT, NULL);
    char hex[2 * KEYS_PUB_LEN + 1];
    assert_non_null(k);
    assert_string_equal(hex_encode(keys_peer_public(k), KEYS_PUB_LEN, hex),
                        "89a909f9c44e62d48057743c38d104c6d7d97de9f98bade08cef55ec4733a244");
    assert_string_equal(keys_peer_id(k), "12D3KooWK5jXFMCrTLE89Y7sRMmNKynUHCBYD24eWaheYVXcwDfR");
    keys_free(k);
    keys_free(NULL);
}

static void a_phrase_goes_to_keys_and_back(void **state)
{
    (void)state;
    for (size_t n = 16; n <= 32; n += 16) {
        uint8_t entropy[32];
        char phrase[KEYS_PHRASE_MAX], again[KEYS_PHRASE_MAX];
        memset(entropy, 0xf5, sizeof entropy);
        struct keys *k = keys_of_entropy(entropy, n);
        keys_phrase(k, phrase);
        struct keys *same = keys_of_phrase(phrase, NULL);
        keys_phrase(same, again);
        assert_string_equal(phrase, again);
        assert_string_equal(keys_peer_id(k), keys_peer_id(same));
        keys_free(k);
        keys_free(same);
    }
}

static void a_phrase_of_another_length_or_with_a_wrong_word_is_refused(void **state)
{
    (void)state;
    struct why why = {0};
    const char *eighteen =
        "abandon abandon abandon abandon abandon abandon abandon abandon abandon "
        "abandon abandon abandon abandon abandon abandon abandon abandon agent";
    assert_null(keys_of_phrase(eighteen, &why));
    assert_int_equal(why.code, ERR_INVALID);
    assert_string_equal(why.text, "the phrase has 18 words; an identity has 12 or 24");
    assert_null(keys_of_phrase("abandon abacus abaddon", &why));
    assert_non_null(strstr(why.text, "word 2 "));
    assert_null(keys_of_phrase(eighteen, NULL));
}

static void signatures_are_the_peer_keys(void **state)
{
    (void)state;
    struct keys *k = some_keys();
    uint8_t sig[KEYS_SIG_LEN];
    keys_sign(k, "msg", 3, sig);
    assert_true(ed25519_verify(keys_peer_public(k), "msg", 3, sig));
    assert_false(ed25519_verify(keys_peer_public(k), "msh", 3, sig));
    keys_free(k);
}

static void what_was_saved_is_loaded_also_after_a_power_cut(void **state)
{
    (void)state;
    struct vfs *v = disk();
    struct keys *k = some_keys();
    assert_int_equal(keys_save(k, v, "/data", NULL), OK);
    vfs_mem_power_cut(v);
    struct keys *same = keys_load(v, "/data", NULL);
    assert_non_null(same);
    assert_string_equal(keys_peer_id(same), keys_peer_id(k));
    keys_free(same);
    keys_free(k);
    vfs_free(v);
}

static void a_second_save_is_refused(void **state)
{
    (void)state;
    struct vfs *v = disk();
    struct keys *k = some_keys(), *other = keys_of_phrase(ABOUT, NULL);
    struct why why = {0};
    assert_int_equal(keys_save(k, v, "/data", &why), OK);
    assert_int_equal(keys_save(other, v, "/data", &why), ERR_STATE);
    assert_int_equal(why.code, ERR_STATE);
    assert_string_equal(why.text, "/data/identity is there already, and is never written over");
    struct keys *loaded = keys_load(v, "/data", NULL);
    assert_string_equal(keys_peer_id(loaded), keys_peer_id(k));
    keys_free(loaded);
    keys_free(other);
    keys_free(k);
    vfs_free(v);
}

static void a_save_that_fails_leaves_nothing_and_can_be_done_again(void **state)
{
    (void)state;
    static const enum vfs_op ops[] = {VFS_OP_OPEN, VFS_OP_WRITE, VFS_OP_SYNC, VFS_OP_RENAME};
    struct keys *k = some_keys();
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        struct vfs *v = disk();
        struct vfs *bad = vfs_fault_new(v);
        struct vfs_stat there;
        struct why why = {0};
        vfs_fault_set(bad, ops[i], 1, 1, ERR_FULL);
        assert_int_equal(keys_save(k, bad, "/data", &why), ERR_FULL);
        assert_true(why.code == ERR_FULL && why.text[0]);
        assert_int_equal(vfs_stat(v, "/data/identity", &there, NULL), ERR_NOT_FOUND);
        assert_int_equal(vfs_stat(v, "/data/identity.new", &there, NULL), ERR_NOT_FOUND);
        assert_int_equal(keys_save(k, bad, "/data", &why), OK);
        vfs_free(bad);
        vfs_free(v);
    }
    keys_free(k);
}

static void what_a_cut_off_start_left_is_no_hindrance(void **state)
{
    (void)state;
    struct vfs *v = disk();
    struct keys *k = some_keys();
    assert_int_equal(vfs_replace(v, "/data/identity.new", "SHO", 3, 0, NULL), OK);
    assert_int_equal(keys_save(k, v, "/data", NULL), OK);
    keys_free(k);
    vfs_free(v);
}

static void only_the_owner_may_read_the_file(void **state)
{
    (void)state;
    char dir[] = "/tmp/keys_test.XXXXXX", path[64];
    struct stat st;
    struct keys *k = some_keys();
    mode_t was = umask(0);
    assert_non_null(mkdtemp(dir));
    assert_int_equal(keys_save(k, vfs_os(), dir, NULL), OK);
    umask(was);
    snprintf(path, sizeof path, "%s/identity", dir);
    assert_int_equal(stat(path, &st), 0);
    assert_int_equal(st.st_mode & 07777, 0600);
    unlink(path);
    rmdir(dir);
    keys_free(k);
}

static void no_identity_is_not_found(void **state)
{
    (void)state;
    struct vfs *v = disk();
    struct why why = {0};
    assert_null(keys_load(v, "/data", &why));
    assert_int_equal(why.code, ERR_NOT_FOUND);
    vfs_free(v);
}

static void is_refused(struct vfs *v, const char *because)
{
    struct why why = {0};
    assert_null(keys_load(v, "/data", &why));
    assert_int_equal(why.code, ERR_INVALID);
    assert_memory_equal(why.text, "/data/identity: ", 16);
    assert_non_null(strstr(why.text, because));
}

static void a_damaged_file_is_refused_in_clear_words(void **state)
{
    (void)state;
    struct vfs *v = disk();
    struct keys *k = some_keys();
    struct buf file = {0};
    assert_int_equal(keys_save(k, v, "/data", NULL), OK);
    assert_int_equal(vfs_read_all(v, "/data/identity", 100, &file, NULL), OK);
    assert_int_equal(buf_len(&file), 8 + 2 + 16 + 8);
    uint8_t *bytes = buf_bytes(&file);
    for (size_t n = 0; n < buf_len(&file); n++) { /* every truncation */
        put(v, bytes, n);
        is_refused(v, n < 8 ? "not an identity file" : "damaged");
    }
    for (size_t bit = 0; bit < 8 * buf_len(&file); bit++) { /* every flipped bit */
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
        put(v, bytes, buf_len(&file));
        is_refused(v, bit / 8 < 8    ? "not an identity file"
                      : bit / 8 == 8 ? "newer Shoal, or damaged"
                      : bit / 8 == 9 ? "damaged: 34 bytes"
                                     : "checksum does not hold; restore a copy");
        bytes[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    buf_u8(&file, 0); /* one byte more */
    put(v, buf_bytes(&file), buf_len(&file));
    is_refused(v, "damaged: 35 bytes");
    buf_done(&file);
    keys_free(k);
    vfs_free(v);
}

static void memory_that_held_secrets_is_wiped_before_it_is_freed(void **state)
{
    (void)state;
    struct vfs *v = disk();
    uint8_t entropy[16];
    memset(entropy, 0xa7, sizeof entropy);
    look_for(entropy, sizeof entropy);
    free(mem_dup(entropy, sizeof entropy)); /* the watcher is awake */
    assert_int_equal(freed_with_secret, 1);
    look_for(entropy, sizeof entropy);
    struct keys *k = keys_of_entropy(entropy, sizeof entropy);
    assert_int_equal(keys_save(k, v, "/data", NULL), OK);
    char phrase[KEYS_PHRASE_MAX];
    keys_phrase(k, phrase);
    keys_free(keys_of_phrase(phrase, NULL));
    keys_free(keys_load(v, "/data", NULL));
    uint8_t key[ED25519_PUB_LEN]; /* the secret key ends with it */
    memcpy(key, keys_peer_public(k), sizeof key);
    assert_int_equal(freed_with_secret, 0);
    keys_free(k);
    assert_int_equal(freed_with_secret, 0);
    look_for(NULL, 0);
    k = keys_of_entropy(entropy, sizeof entropy);
    look_for(key, sizeof key);
    keys_free(k);
    assert_int_equal(freed_with_secret, 0);
    look_for(NULL, 0);
    vfs_free(v);
}

static void what_is_sealed_to_the_peer_key_is_read_by_it_alone(void **state)
{
    (void)state;
    const uint8_t entropy[16] = {1}, other[16] = {2}, random[SEALBOX_RANDOM] = {3};
    struct keys *k = keys_of_entropy(entropy, sizeof entropy);
    struct keys *o = keys_of_entropy(other, sizeof other);
    uint8_t box[4 + SEALBOX_MORE], out[4];
    assert_true(sealbox_seal(keys_peer_public(k), random, "tree", 4, box));
    assert_true(keys_peer_unseal(k, box, sizeof box, out));
    assert_memory_equal(out, "tree", 4);
    assert_false(keys_peer_unseal(o, box, sizeof box, out));
    keys_free(k);
    keys_free(o);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_public_key_has_the_peer_id_that_libp2p_gives_it),
        cmocka_unit_test(a_phrase_gives_the_same_peer_for_ever),
        cmocka_unit_test(a_phrase_goes_to_keys_and_back),
        cmocka_unit_test(a_phrase_of_another_length_or_with_a_wrong_word_is_refused),
        cmocka_unit_test(signatures_are_the_peer_keys),
        cmocka_unit_test(what_was_saved_is_loaded_also_after_a_power_cut),
        cmocka_unit_test(a_second_save_is_refused),
        cmocka_unit_test(a_save_that_fails_leaves_nothing_and_can_be_done_again),
        cmocka_unit_test(what_a_cut_off_start_left_is_no_hindrance),
        cmocka_unit_test(only_the_owner_may_read_the_file),
        cmocka_unit_test(no_identity_is_not_found),
        cmocka_unit_test(a_damaged_file_is_refused_in_clear_words),
        cmocka_unit_test(memory_that_held_secrets_is_wiped_before_it_is_freed),
        cmocka_unit_test(what_is_sealed_to_the_peer_key_is_read_by_it_alone),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
