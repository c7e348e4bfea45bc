#include "crypto/hmac.h"

#include "base/test.h"
#include "crypto/hex.h"

#include <stdlib.h>

static void is(const char *key_hex, size_t key_len, const void *data, size_t n, const char *want256,
               const char *want512)
{
    uint8_t key[131], out[SHA512_LEN];
    char text[2 * SHA512_LEN + 1];
    if (strlen(key_hex) == 2) /* one byte, as often as the key is long */
        memset(key, (int)strtol(key_hex, NULL, 16), key_len);
    else
        assert_true(hex_decode(key_hex, strlen(key_hex), key, key_len));
    hmac_sha256(key, key_len, data, n, out);
    assert_string_equal(hex_encode(out, SHA256_LEN, text), want256);
    hmac_sha512(key, key_len, data, n, out);
    assert_string_equal(hex_encode(out, SHA512_LEN, text), want512);
}

/* RFC 4231 section 4, test cases 1, 2, 3 and 6. */
static void gives_the_codes_of_rfc_4231(void **state)
{
    (void)state;
    is("0b", 20, "Hi There", 8, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
       "87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cde"
       "daa833b7d6b8a702038b274eaea3f4e4be9d914eeb61f1702e696c203a126854");
    is("4a656665", 4, "what do ya want for nothing?", 28,
       "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
       "164b7a7bfcf819e2e395fbe73b56e0a387bd64222e831fd610270cd7ea250554"
       "9758bf75c05a994a6d034f65f8f0e6fdcaeab1a34d4a6b4b636e070a38bce737");
    uint8_t dd[50];
    memset(dd, 0xdd, sizeof dd);
    is("aa", 20, dd, sizeof dd, "773ea91e36800e46854db8ebd09181a72959098b3ef8c122d9635514ced565fe",
       "fa73b0089d56a284efb0f0756c890be9b1b5dbdd8ee81a3655f83e33b2279d39"
       "bf3e848279a722c806b485a47e67c807b946a337bee8942674278859e13292fb");
    const char *longer = "Test Using Larger Than Block-Size Key - Hash Key First";
    is("aa", 131, longer, strlen(longer),
       "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
       "80b24263c7c1a3ebb71493c1dd7be8b49b46d1f41b4aeec1121b013783f8f352"
       "6b56d037e05f2598bd0fd2215d6a1e5295e64f73f63f0aec8b915a985d786598");
}

/* What Python's hmac gives. */
static void no_key_and_no_text_is_an_answer_too(void **state)
{
    (void)state;
    uint8_t one[SHA512_LEN], two[SHA512_LEN];
    char text[2 * SHA512_LEN + 1];
    hmac_sha512("other", 5, "x", 1, one); /* a key that OpenSSL must not remember */
    hmac_sha256(NULL, 0, NULL, 0, two);
    assert_string_equal(hex_encode(two, SHA256_LEN, text),
                        "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad");
    hmac_sha512(NULL, 0, NULL, 0, two);
    assert_string_equal(hex_encode(two, sizeof two, text),
                        "b936cee86c9f87aa5d3c6f2e84cb5a4239a5fe50480a6ec66b70ab5b1f4ac673"
                        "0c6c515421b327ec1d69402e53dfb49ad7381eb067b338fd7b0cb22247225d47");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_codes_of_rfc_4231),
        cmocka_unit_test(no_key_and_no_text_is_an_answer_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
