#include "files/meta/sign.h"

#include "base/mem.h"
#include "base/test.h"
#include "files/meta/metainfo.h"

#include <string.h>

static const uint8_t pieces[SHA1_LEN] = {7};

static void make_signer(struct signer *s, uint8_t seed_byte, struct cur info)
{
    uint8_t seed[ED25519_SEED_LEN], secret[ED25519_SECRET_LEN];
    memset(seed, seed_byte, sizeof seed);
    ed25519_secret(seed, secret, s->key);
    ed25519_sign(secret, info.p, info.n, s->sig);
    s->valid = true;
}

/* A .torrent of one file with this dictionary of signatures. */
static struct metainfo *torrent_with(struct cur signatures)
{
    struct buf info = {0}, torrent = {0};
    struct why why = {0};
    struct mi_source file = {.path = "", .len = 5};
    struct mi_draft draft = {.name = "a",
                             .files = &file,
                             .n = 1,
                             .piece_len = BLOCK_LEN,
                             .pieces = pieces,
                             .piece_count = 1};
    metainfo_write_info(&info, &draft);
    metainfo_write(&torrent, buf_cur(&info), cur_of(NULL, 0), signatures, NULL, 0, NULL, 0, "", "",
                   0);
    struct metainfo *mi = metainfo_parse(buf_cur(&torrent), &why);
    if (!mi)
        fail_msg("%s", why.text);
    buf_done(&info);
    buf_done(&torrent);
    return mi;
}

static void a_signature_travels_with_the_torrent(void **state)
{
    (void)state;
    struct metainfo *bare = torrent_with(cur_of(NULL, 0));
    assert_int_equal(bare->signer_count, 0);
    struct signer s[2];
    make_signer(&s[0], 1, bare->info);
    make_signer(&s[1], 2, bare->info);
    metainfo_sign(bare, &s[0]);
    metainfo_sign(bare, &s[1]);
    metainfo_sign(bare, &s[0]); /* twice is once */
    assert_int_equal(bare->signer_count, 2);
    struct metainfo *back = torrent_with(bare->signatures);
    assert_int_equal(back->signer_count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_true(back->signers[i].valid);
        assert_memory_equal(back->signers[i].key, s[i].key, sizeof s[i].key);
    }
    metainfo_free(back);
    metainfo_free(bare);
}

static void one_that_does_not_hold_is_told_and_not_valid(void **state)
{
    (void)state;
    struct buf dict = {0};
    struct signer s;
    struct metainfo *bare = torrent_with(cur_of(NULL, 0));
    make_signer(&s, 1, bare->info);
    for (size_t byte = 0; byte < sizeof s.sig; byte++) {
        s.sig[byte] ^= 1;
        buf_clear(&dict);
        sign_put(&dict, NULL, &s, 1);
        struct metainfo *mi = torrent_with(buf_cur(&dict));
        assert_int_equal(mi->signer_count, 1);
        assert_false(mi->signers[0].valid);
        metainfo_free(mi);
        s.sig[byte] ^= 1;
    }
    /* Of another torrent, though a true signature. */
    make_signer(&s, 1, cur_of("de", 2));
    buf_clear(&dict);
    sign_put(&dict, NULL, &s, 1);
    struct metainfo *mi = torrent_with(buf_cur(&dict));
    assert_false(mi->signers[0].valid);
    metainfo_free(mi);
    metainfo_free(bare);
    buf_done(&dict);
}

static void what_is_not_of_our_form_is_passed_over_and_kept(void **state)
{
    (void)state;
    static const char text[] = "d14:com.bittorrentd11:certificate3:abc9:signature3:defe"
                               "17:org.shoal.ed25519d3:key3:abc9:signature3:defe"
                               "19:org.shoal.ed25519xyi1e"
                               "3:zzz3:yyye";
    struct metainfo *mi = torrent_with(cur_of(text, sizeof text - 1));
    assert_int_equal(mi->signer_count, 0);
    struct signer s;
    make_signer(&s, 1, mi->info);
    metainfo_sign(mi, &s);
    struct metainfo *back = torrent_with(mi->signatures);
    assert_int_equal(back->signer_count, 1);
    assert_true(back->signers[0].valid);
    const char *all = mem_strndup((const char *)back->signatures.p, back->signatures.n);
    assert_memory_equal(all, "d14:com.bittorrentd11:certificate3:abc9:signature3:defe17:org", 61);
    assert_non_null(memmem(back->signatures.p, back->signatures.n, "19:org.shoal.ed25519xy", 22));
    free((char *)(uintptr_t)all);
    metainfo_free(back);
    metainfo_free(mi);
}

static void more_signers_than_the_limit_are_passed_over(void **state)
{
    (void)state;
    struct signer s[SIGN_SIGNERS_MAX + 1];
    struct buf dict = {0};
    struct metainfo *bare = torrent_with(cur_of(NULL, 0));
    for (uint8_t i = 0; i < SIGN_SIGNERS_MAX + 1; i++)
        make_signer(&s[i], i, bare->info);
    sign_put(&dict, NULL, s, SIGN_SIGNERS_MAX + 1);
    struct metainfo *mi = torrent_with(buf_cur(&dict));
    assert_int_equal(mi->signer_count, SIGN_SIGNERS_MAX);
    metainfo_free(mi);
    metainfo_free(bare);
    buf_done(&dict);
}

static void an_item_is_read_back_and_no_other(void **state)
{
    (void)state;
    uint8_t id[INFOHASH_LEN] = {1}, other[INFOHASH_LEN] = {2}, sig[ED25519_SIG_LEN] = {3}, got[64];
    struct buf v = {0};
    struct why why;
    sign_put_item(&v, id, sig);
    assert_int_equal(sign_read_item(buf_cur(&v), id, got, &why), OK);
    assert_memory_equal(got, sig, sizeof sig);
    assert_int_equal(sign_read_item(buf_cur(&v), other, got, &why), ERR_INVALID);
    for (size_t n = 0; n < buf_len(&v); n++)
        assert_int_not_equal(sign_read_item(cur_of(buf_bytes(&v), n), id, got, &why), OK);
    buf_done(&v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_signature_travels_with_the_torrent),
        cmocka_unit_test(one_that_does_not_hold_is_told_and_not_valid),
        cmocka_unit_test(what_is_not_of_our_form_is_passed_over_and_kept),
        cmocka_unit_test(more_signers_than_the_limit_are_passed_over),
        cmocka_unit_test(an_item_is_read_back_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
