#include "crypto/hkdf.h"

#include "base/test.h"
#include "crypto/hex.h"

/* RFC 5869 appendix A.3, test case 3: neither salt nor info.  To HMAC no salt and a key of zeros
 * are the same.  The RFC shows 42 bytes. */
static void gives_the_output_of_rfc_5869(void **state)
{
    (void)state;
    const uint8_t salt[SHA256_LEN] = {0};
    uint8_t input[22], one[SHA256_LEN], two[SHA256_LEN];
    char text[2 * SHA256_LEN + 1];
    memset(input, 0x0b, sizeof input);
    hkdf2_sha256(salt, input, sizeof input, one, two);
    assert_string_equal(hex_encode(one, sizeof one, text),
                        "8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d");
    hex_encode(two, sizeof two, text);
    text[20] = '\0';
    assert_string_equal(text, "9d201395faa4b61a96c8");
}

/* What Python's hmac gives for these. */
static void three_outputs_begin_with_the_two(void **state)
{
    (void)state;
    const uint8_t chaining[SHA256_LEN] = "Noise_XX_25519_ChaChaPoly_SHA256";
    uint8_t a[2][SHA256_LEN], b[3][SHA256_LEN];
    char text[2 * SHA256_LEN + 1];
    hkdf2_sha256(chaining, "ikm", 3, a[0], a[1]);
    hkdf3_sha256(chaining, "ikm", 3, b[0], b[1], b[2]);
    assert_memory_equal(a, b, sizeof a);
    assert_string_equal(hex_encode(b[2], SHA256_LEN, text),
                        "3b010089301593174b3387bea6e691bf58d9caaa5a1f01da68151c5469cfeaae");
}

static void the_chaining_key_may_be_written_over(void **state)
{
    (void)state;
    uint8_t chaining[SHA256_LEN] = {1}, key[SHA256_LEN], want[2][SHA256_LEN];
    hkdf2_sha256(chaining, NULL, 0, want[0], want[1]);
    hkdf2_sha256(chaining, NULL, 0, chaining, key);
    assert_memory_equal(chaining, want[0], SHA256_LEN);
    assert_memory_equal(key, want[1], SHA256_LEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_output_of_rfc_5869),
        cmocka_unit_test(three_outputs_begin_with_the_two),
        cmocka_unit_test(the_chaining_key_may_be_written_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
