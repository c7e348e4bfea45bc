#include "crypto/xchacha.h"

#include "base/test.h"
#include "crypto/hex.h"

/* draft-irtf-cfrg-xchacha-03, appendix A.3.1. */
static const char plain[] =
    "Ladies and Gentlemen of the class of '99: If I could offer you only one tip for the future, "
    "sunscreen would be it.";
static const char sealed_hex[] =
    "bd6d179d3e83d43b9576579493c0e939572a1700252bfaccbed2902c21396cbb731c7f1b0b4aa6440bf3a82f4eda7e"
    "39"
    "ae64c6708c54c216cb96b72e1213b4522f8c9ba40db5d945b11b69b982c1bb9e3f3fac2bc369488f76b2383565d3ff"
    "f9"
    "21f9664c97637da9768812f615c68b13b52ec0875924c1c7987947deafd8780acf49";
enum { PLAIN_LEN = sizeof plain - 1, SEALED_LEN = PLAIN_LEN + XCHACHA_TAG_LEN };

static void set_up(uint8_t key[XCHACHA_KEY_LEN], uint8_t nonce[XCHACHA_NONCE_LEN], uint8_t ad[12])
{
    for (unsigned i = 0; i < XCHACHA_KEY_LEN; i++)
        key[i] = (uint8_t)(0x80 + i);
    for (unsigned i = 0; i < XCHACHA_NONCE_LEN; i++)
        nonce[i] = (uint8_t)(0x40 + i);
    assert_true(hex_decode("50515253c0c1c2c3c4c5c6c7", 24, ad, 12));
}

static void seals_as_the_draft_does(void **state)
{
    (void)state;
    uint8_t key[XCHACHA_KEY_LEN], nonce[XCHACHA_NONCE_LEN], ad[12], out[SEALED_LEN];
    char text[2 * SEALED_LEN + 1];
    set_up(key, nonce, ad);
    xchacha_seal(key, nonce, cur_of(ad, 12), cur_of(plain, PLAIN_LEN), out);
    assert_string_equal(hex_encode(out, sizeof out, text), sealed_hex);
}

static void opens_what_was_sealed_so_and_nothing_else(void **state)
{
    (void)state;
    uint8_t key[XCHACHA_KEY_LEN], nonce[XCHACHA_NONCE_LEN], ad[12], in[SEALED_LEN], out[PLAIN_LEN];
    set_up(key, nonce, ad);
    assert_true(hex_decode(sealed_hex, 2 * SEALED_LEN, in, SEALED_LEN));
    assert_true(xchacha_open(key, nonce, cur_of(ad, 12), cur_of(in, SEALED_LEN), out));
    assert_memory_equal(out, plain, PLAIN_LEN);
    for (size_t i = 0; i < SEALED_LEN; i++) {
        assert_false(xchacha_open(key, nonce, cur_of(ad, 12), cur_of(in, i), out));
        in[i] ^= 1;
        assert_false(xchacha_open(key, nonce, cur_of(ad, 12), cur_of(in, SEALED_LEN), out));
        in[i] ^= 1;
    }
    assert_false(xchacha_open(key, nonce, cur_of(ad, 11), cur_of(in, SEALED_LEN), out));
    nonce[23] ^= 1;
    assert_false(xchacha_open(key, nonce, cur_of(ad, 12), cur_of(in, SEALED_LEN), out));
}

static void nothing_is_sealed_and_opened_too(void **state)
{
    (void)state;
    uint8_t key[XCHACHA_KEY_LEN], nonce[XCHACHA_NONCE_LEN], ad[12], tag[XCHACHA_TAG_LEN], out[1];
    set_up(key, nonce, ad);
    xchacha_seal(key, nonce, cur_of(ad, 12), cur_of("", 0), tag);
    assert_true(xchacha_open(key, nonce, cur_of(ad, 12), cur_of(tag, sizeof tag), out));
    assert_false(xchacha_open(key, nonce, cur_of(ad, 11), cur_of(tag, sizeof tag), out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(seals_as_the_draft_does),
        cmocka_unit_test(opens_what_was_sealed_so_and_nothing_else),
        cmocka_unit_test(nothing_is_sealed_and_opened_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
