#include "crypto/pbkdf2.h"

#include "base/test.h"
#include "crypto/hex.h"

static void is(const char *password, const char *salt, unsigned rounds, size_t n, const char *want)
{
    uint8_t out[64];
    char text[129];
    pbkdf2_sha512(password, strlen(password), salt, strlen(salt), rounds, out, n);
    assert_string_equal(hex_encode(out, n, text), want);
}

/* The inputs of RFC 6070 with SHA-512 in place of SHA-1; Python's hashlib gives the same.  BIP39's
 * own vectors (bip39_test.c) are published ones for 2048 rounds. */
static void gives_what_others_give(void **state)
{
    (void)state;
    is("password", "salt", 1, 64,
       "867f70cf1ade02cff3752599a3a53dc4af34c7a669815ae5d513554e1c8cf252"
       "c02d470a285a0501bad999bfe943c08f050235d7d68b1da55e63f73b60a57fce");
    is("password", "salt", 2, 64,
       "e1d9c16aa681708a45f5c7c4e215ceb66e011a2e9f0040713f18aefdb866d53c"
       "f76cab2868a39b9f7840edce4fef5a82be67335c77a6068e04112754f27ccf4e");
    is("password", "salt", 4096, 64,
       "d197b1b33db0143e018b12f3d1d1479e6cdebdcc97c5c0f87f6902e072f457b5"
       "143f30602641b3d55cd335988cb36b84376060ecd532e039b742a239434af2d5");
    is("passwordPASSWORDpassword", "saltSALTsaltSALTsaltSALTsaltSALTsalt", 4096, 64,
       "8c0511f4c6e597c6ac6315d8f0362e225f3c501495ba23b868c005174dc4ee71"
       "115b59f9e60cd9532fa33e0f75aefe30225c583a186cd82bd4daea9724a3d3b8");
}

static void nothing_at_all_is_a_password_too(void **state)
{
    (void)state;
    is("", "", 1, 20, "6d2ecbbbfb2e6dcd7056faf9af6aa06eae594391");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_what_others_give),
        cmocka_unit_test(nothing_at_all_is_a_password_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
