#include "crypto/chachapoly.h"

#include "base/test.h"
#include "crypto/hex.h"

#include <sodium.h>

enum { TEXT_MAX = 320 };

/* RFC 8439 section 2.8.2. */
static const char text[] = "Ladies and Gentlemen of the class of '99: If I could offer you only "
                           "one tip for the future, sunscreen would be it.";
static const uint8_t nonce[CHACHAPOLY_NONCE_LEN] = {7,   0,   0,   0,   '@', 'A',
                                                    'B', 'C', 'D', 'E', 'F', 'G'};
static const uint8_t ad[12] = {0x50, 0x51, 0x52, 0x53, 0xc0, 0xc1,
                               0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7};
enum { TEXT_LEN = sizeof text - 1, SEALED_LEN = TEXT_LEN + CHACHAPOLY_TAG_LEN };
static const char sealed_hex[] = "d31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d6"
                                 "3dbea45e8ca9671282fafb69da92728b1a71de0a9e060b2905d6a5b67ecd3b36"
                                 "92ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc"
                                 "3ff4def08e4b7a9de576d26586cec64b6116"
                                 "1ae10b594f09e26a7e902ecbd0600691";

struct pair {
    uint8_t key[CHACHAPOLY_KEY_LEN];
    struct chachapoly *seals, *opens;
};

static int set_up(void **state)
{
    static struct pair p;
    for (uint8_t i = 0; i < sizeof p.key; i++)
        p.key[i] = 0x80 + i;
    p.seals = chachapoly_new(CHACHAPOLY_SEALS, p.key);
    p.opens = chachapoly_new(CHACHAPOLY_OPENS, p.key);
    *state = &p;
    return 0;
}

static int tear_down(void **state)
{
    struct pair *p = *state;
    chachapoly_free(p->seals);
    chachapoly_free(p->opens);
    chachapoly_free(NULL);
    return 0;
}

static void seals_and_opens_the_text_of_rfc_8439(void **state)
{
    struct pair *p = *state;
    uint8_t sealed[SEALED_LEN], back[TEXT_LEN];
    char hex[2 * SEALED_LEN + 1];
    for (int again = 0; again < 2; again++) { /* one context serves many frames */
        chachapoly_seal(p->seals, nonce, ad, sizeof ad, text, TEXT_LEN, sealed);
        assert_string_equal(hex_encode(sealed, sizeof sealed, hex), sealed_hex);
        assert_true(chachapoly_open(p->opens, nonce, ad, sizeof ad, sealed, sizeof sealed, back));
        assert_memory_equal(back, text, TEXT_LEN);
    }
}

static void works_in_place(void **state)
{
    struct pair *p = *state;
    uint8_t b[SEALED_LEN];
    char hex[2 * SEALED_LEN + 1];
    memcpy(b, text, TEXT_LEN);
    chachapoly_seal(p->seals, nonce, ad, sizeof ad, b, TEXT_LEN, b);
    assert_string_equal(hex_encode(b, sizeof b, hex), sealed_hex);
    assert_true(chachapoly_open(p->opens, nonce, ad, sizeof ad, b, sizeof b, b));
    assert_memory_equal(b, text, TEXT_LEN);
}

static void nothing_can_be_sealed_too(void **state)
{
    struct pair *p = *state;
    uint8_t tag[CHACHAPOLY_TAG_LEN];
    chachapoly_seal(p->seals, nonce, NULL, 0, NULL, 0, tag);
    assert_true(chachapoly_open(p->opens, nonce, NULL, 0, tag, sizeof tag, NULL));
    assert_false(chachapoly_open(p->opens, nonce, "x", 1, tag, sizeof tag, NULL));
    chachapoly_seal(p->seals, nonce, "x", 1, NULL, 0, tag);
    assert_true(chachapoly_open(p->opens, nonce, "x", 1, tag, sizeof tag, NULL));
}

/* Every bit of text, tag, nonce and data counts, and a failure leaves the context as good as new.
 */
static void one_bit_changed_anywhere_is_refused(void **state)
{
    struct pair *p = *state;
    static const uint8_t zeros[TEXT_LEN];
    uint8_t all[CHACHAPOLY_NONCE_LEN + sizeof ad + SEALED_LEN], back[TEXT_LEN];
    uint8_t *data = all + CHACHAPOLY_NONCE_LEN, *sealed = data + sizeof ad;
    memcpy(all, nonce, sizeof nonce);
    memcpy(data, ad, sizeof ad);
    chachapoly_seal(p->seals, nonce, ad, sizeof ad, text, TEXT_LEN, sealed);
    for (size_t bit = 0; bit < 8 * sizeof all; bit++) {
        all[bit / 8] ^= (uint8_t)(1 << bit % 8);
        memset(back, 0xaa, sizeof back);
        assert_false(chachapoly_open(p->opens, all, data, sizeof ad, sealed, SEALED_LEN, back));
        assert_memory_equal(back, zeros, sizeof back);
        all[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    assert_true(chachapoly_open(p->opens, all, data, sizeof ad, sealed, SEALED_LEN, back));
}

static void a_frame_cut_or_lengthened_is_refused(void **state)
{
    struct pair *p = *state;
    uint8_t sealed[SEALED_LEN + 1] = {0}, back[SEALED_LEN];
    chachapoly_seal(p->seals, nonce, ad, sizeof ad, text, TEXT_LEN, sealed);
    for (size_t n = 0; n <= sizeof sealed; n++)
        assert_int_equal(chachapoly_open(p->opens, nonce, ad, sizeof ad, sealed, n, back),
                         n == SEALED_LEN);
    assert_false(chachapoly_open(p->opens, nonce, ad, sizeof ad - 1, sealed, SEALED_LEN, back));
}

/* Lengths on both sides of each block of ChaCha20 (64 bytes) and Poly1305 (16). */
static void libsodium_agrees_at_every_length(void **state)
{
    struct pair *p = *state;
    uint8_t in[TEXT_MAX], ours[TEXT_MAX + CHACHAPOLY_TAG_LEN], theirs[sizeof ours], n12[12] = {0};
    unsigned long long len;
    for (size_t i = 0; i < sizeof in; i++)
        in[i] = (uint8_t)(i * 7);
    for (size_t n = 0; n <= sizeof in; n++) {
        n12[4] = (uint8_t)n;
        size_t ad_len = n % 37;
        chachapoly_seal(p->seals, n12, in, ad_len, in, n, ours);
        crypto_aead_chacha20poly1305_ietf_encrypt(theirs, &len, in, n, in, ad_len, NULL, n12,
                                                  p->key);
        assert_int_equal(len, n + CHACHAPOLY_TAG_LEN);
        assert_memory_equal(ours, theirs, len);
        assert_true(chachapoly_open(p->opens, n12, in, ad_len, theirs, len, ours));
        assert_memory_equal(ours, in, n);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seals_and_opens_the_text_of_rfc_8439),
        cmocka_unit_test(works_in_place),
        cmocka_unit_test(nothing_can_be_sealed_too),
        cmocka_unit_test(one_bit_changed_anywhere_is_refused),
        cmocka_unit_test(a_frame_cut_or_lengthened_is_refused),
        cmocka_unit_test(libsodium_agrees_at_every_length),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
