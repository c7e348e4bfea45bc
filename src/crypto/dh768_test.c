#include "crypto/dh768.h"

#include "base/test.h"
#include "crypto/hex.h"

static void read_hex(const char *text, uint8_t *out, size_t n)
{
    assert_int_equal(strlen(text), 2 * n);
    assert_true(hex_decode(text, 2 * n, out, n));
}

static const char secret_a[] = "0102030405060708090a0b0c0d0e0f1011121314";
static const char secret_b[] = "f0e1d2c3b4a5968778695a4b3c2d1e0ffedcba98";
static const char public_a[] = "96e112dab29e8c5272accb9b17b26887ce54a144a4e3b697c7d159b7a817e556"
                               "b0918db2b4c658e02a87f7e5fb14b18a553e084cbf3dad2d30f16596ccb982d4"
                               "06258c61b30c5c1dae2ddc60bdbd48d79896312aad63238c39e1a633821eb693";
static const char public_b[] = "165cb527eb2ae154f3b2aa28f44263ceb36002f55ddabc3394ebeedc9301a5c3"
                               "3eff786f6c4b39c697a58f075661b8984e6128dab2776fff2ae82d583d2947a6"
                               "9c0c69ff6f9f9e6f26e4d6f7129997ab3271bfbd8bed3378fe43550cb17b24ae";

/* By Python's pow(). */
static void both_sides_come_to_the_same_secret(void **state)
{
    (void)state;
    uint8_t a[DH768_SECRET], b[DH768_SECRET], ya[DH768_LEN], yb[DH768_LEN], s[DH768_LEN];
    char text[2 * DH768_LEN + 1];
    read_hex(secret_a, a, sizeof a);
    read_hex(secret_b, b, sizeof b);
    dh768_public(a, ya);
    dh768_public(b, yb);
    assert_string_equal(hex_encode(ya, sizeof ya, text), public_a);
    assert_string_equal(hex_encode(yb, sizeof yb, text), public_b);
    static const char want[] = "1bec924540fe27a4b8b03e271d60616dc35efb014a1b325414702352e175cbe0"
                               "6e2c0f7d3952e0c7c9b3d95096c7bbd45fd06fa1501908abcf5a7fd97546e471"
                               "7f45eef90ec6a5e2d37efcc3f0b7ae14ca6959013da073d14cf0f044b61b22e9";
    assert_int_equal(dh768_shared(a, yb, s, NULL), OK);
    assert_string_equal(hex_encode(s, sizeof s, text), want);
    assert_int_equal(dh768_shared(b, ya, s, NULL), OK);
    assert_string_equal(hex_encode(s, sizeof s, text), want);
}

static void leading_zeros_stay(void **state)
{
    (void)state;
    uint8_t a[DH768_SECRET], y[DH768_LEN] = {0}, s[DH768_LEN];
    char text[2 * DH768_LEN + 1];
    read_hex(secret_a, a, sizeof a);
    y[DH768_LEN - 16] = 0x80; /* 2^127 */
    assert_int_equal(dh768_shared(a, y, s, NULL), OK);
    assert_string_equal(hex_encode(s, sizeof s, text),
                        "00d7a4ef8f2b0a9ca1c44ae683a7b3ba18d754a82ce57fe585b0ce7f4693be79"
                        "79303427a7eb2f988a7ced6b5bcdfc7520e7e27b57a5dc9a4685b816fb256055"
                        "28e5b7159f6e1ee9e2ab65e7bf1ff87f6b8002d181c85b619b970b121b1dc5f5");
}

static void keys_that_fix_the_secret_are_refused(void **state)
{
    (void)state;
    uint8_t a[DH768_SECRET] = {1}, y[DH768_LEN] = {0}, s[DH768_LEN];
    assert_int_equal(dh768_shared(a, y, s, NULL), ERR_INVALID);
    y[DH768_LEN - 1] = 1;
    assert_int_equal(dh768_shared(a, y, s, NULL), ERR_INVALID);
    y[DH768_LEN - 1] = 2;
    assert_int_equal(dh768_shared(a, y, s, NULL), OK);
    read_hex("ffffffffffffffffc90fdaa22168c234c4c6628b80dc1cd129024e088a67cc74"
             "020bbea63b139b22514a08798e3404ddef9519b3cd3a431b302b0a6df25f1437"
             "4fe1356d6d51c245e485b576625e7ec6f44c42e9a63a36210000000000090562",
             y, sizeof y); /* the prime less one */
    assert_int_equal(dh768_shared(a, y, s, NULL), ERR_INVALID);
    y[DH768_LEN - 1]++;
    assert_int_equal(dh768_shared(a, y, s, NULL), ERR_INVALID);
    y[DH768_LEN - 1] -= 2;
    assert_int_equal(dh768_shared(a, y, s, NULL), OK);
    memset(y, 0xff, sizeof y);
    assert_int_equal(dh768_shared(a, y, s, NULL), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(both_sides_come_to_the_same_secret),
        cmocka_unit_test(leading_zeros_stay),
        cmocka_unit_test(keys_that_fix_the_secret_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
