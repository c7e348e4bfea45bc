#include "files/peer/mse_msg.h"

#include "base/test.h"
#include "crypto/hex.h"

static void is(const uint8_t got[SHA1_LEN], const char *want)
{
    char text[2 * SHA1_LEN + 1];
    assert_string_equal(hex_encode(got, SHA1_LEN, text), want);
}

/* By Python's hashlib over the secret of crypto/dh768_test.c. */
static void hashes_are_those_of_the_specification(void **state)
{
    (void)state;
    static const char s_hex[] = "1bec924540fe27a4b8b03e271d60616dc35efb014a1b325414702352e175cbe0"
                                "6e2c0f7d3952e0c7c9b3d95096c7bbd45fd06fa1501908abcf5a7fd97546e471"
                                "7f45eef90ec6a5e2d37efcc3f0b7ae14ca6959013da073d14cf0f044b61b22e9";
    uint8_t s[DH768_LEN], skey[SHA1_LEN], out[SHA1_LEN];
    assert_true(hex_decode(s_hex, 2 * DH768_LEN, s, DH768_LEN));
    memset(skey, 0x11, sizeof skey);
    mse_req1(s, out);
    is(out, "448d0b980432ded768720a24b8111064b6057f01");
    mse_req2(skey, out);
    is(out, "3f12fb42aad16d2f43c956d3c13e3c4af69be89d");
    mse_req3(s, out);
    is(out, "0ddc4ab3af83eee61b7232b8a29f2ae60e9f6ced");
    mse_key(true, s, skey, out);
    is(out, "94d366c6a7f1ca2d17eb804844472073559a6aeb");
    mse_key(false, s, skey, out);
    is(out, "138d73184f2881c0de10ec39bcd6627b330deb67");
}

static void one_method_of_both_is_chosen(void **state)
{
    (void)state;
    assert_int_equal(mse_choose(3, 3, false), MSE_RC4);
    assert_int_equal(mse_choose(3, 3, true), MSE_PLAIN);
    assert_int_equal(mse_choose(1, 3, false), MSE_PLAIN);
    assert_int_equal(mse_choose(3, MSE_RC4, true), MSE_RC4);
    assert_int_equal(mse_choose(1, MSE_RC4, true), 0);
    assert_int_equal(mse_choose(0xfffffffc, 3, true), 0);
}

static void heads_are_whole_and_pads_bounded(void **state)
{
    (void)state;
    uint8_t head[MSE_PROVIDE] = {[11] = 3, [12] = 2};
    uint32_t methods;
    size_t pad;
    assert_int_equal(mse_read_head(cur_of(head, sizeof head), &methods, &pad, NULL), OK);
    assert_int_equal(methods, 3);
    assert_int_equal(pad, 512);
    head[13] = 1;
    assert_int_equal(mse_read_head(cur_of(head, sizeof head), &methods, &pad, NULL), ERR_LIMIT);
    head[12] = 0;
    for (size_t n = 0; n < sizeof head; n++)
        assert_int_equal(mse_read_head(cur_of(head, n), &methods, &pad, NULL), ERR_INVALID);
    head[7] = 1;
    assert_int_equal(mse_read_head(cur_of(head, sizeof head), &methods, &pad, NULL), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hashes_are_those_of_the_specification),
        cmocka_unit_test(one_method_of_both_is_chosen),
        cmocka_unit_test(heads_are_whole_and_pads_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
