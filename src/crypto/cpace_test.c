/* draft-irtf-cfrg-cpace-21, "Test vector for CPace using group ristretto255 and hash SHA-512". */
#include "crypto/cpace.h"

#include "base/test.h"
#include "crypto/hex.h"

#include <sodium.h>

struct pair {
    struct cpace_common common;
    uint8_t session[16];
    struct cpace a, b;
    struct cpace_keys of_a, of_b;
};

static void unhex(const char *text, uint8_t *out, size_t n)
{
    assert_true(hex_decode(text, strlen(text), out, n));
}

static struct cur of(const char *text)
{
    return cur_of(text, strlen(text));
}

static void begin(struct pair *p)
{
    uint8_t ya[CPACE_LEN], yb[CPACE_LEN];
    *p = (struct pair){0};
    unhex("7e4b4791d6a8ef019b936c79fb7f2c57", p->session, sizeof p->session);
    unhex("da3d23700a9e5699258aef94dc060dfda5ebb61f02a5ea77fad53f4ff0976d08", ya, sizeof ya);
    unhex("d2316b454718c35362d83d69df6320f38578ed5984651435e2949762d900b80d", yb, sizeof yb);
    p->common = (struct cpace_common){.password = of("Password"),
                                      .channel = of("\x0b"
                                                    "A_initiator\x0b"
                                                    "B_responder"),
                                      .session = cur_of(p->session, sizeof p->session),
                                      .asks_too = of("ADa"),
                                      .answers_too = of("ADb")};
    cpace_begin(&p->a, &p->common, true, ya);
    cpace_begin(&p->b, &p->common, false, yb);
}

static void is(const uint8_t *bytes, size_t n, const char *want)
{
    char text[2 * CPACE_KEY_LEN + 1];
    assert_string_equal(hex_encode(bytes, n, text), want);
}

static void gives_the_shares_and_the_key_of_the_draft(void **state)
{
    (void)state;
    struct pair p;
    const char *key = "b69effbf61b51d56401c0f65601abe428de8206feaaf0e32198896dcae7b35cd"
                      "2b38950a39dfd5d4a79164614c2984f7daa460b588c1e80c3fa2068af7900447";
    begin(&p);
    is(p.a.share, CPACE_LEN, "d6bac480f2c386c394efc7c47adb9925dcd2630b64f240c50f8d0eec482b9157");
    is(p.b.share, CPACE_LEN, "3ea7e0b19560d7c0b0f5734f63b955286dfa8232b5ebe63324e2d9e7433f7258");
    assert_true(cpace_finish(&p.a, &p.common, p.b.share, &p.of_a));
    assert_true(cpace_finish(&p.b, &p.common, p.a.share, &p.of_b));
    is(p.of_a.key, CPACE_KEY_LEN, key);
    is(p.of_b.key, CPACE_KEY_LEN, key);
}

static void each_sends_the_tag_that_the_other_awaits(void **state)
{
    (void)state;
    struct pair p;
    begin(&p);
    assert_true(cpace_finish(&p.a, &p.common, p.b.share, &p.of_a));
    assert_true(cpace_finish(&p.b, &p.common, p.a.share, &p.of_b));
    assert_memory_equal(p.of_a.ours, p.of_b.theirs, CPACE_KEY_LEN);
    assert_memory_equal(p.of_b.ours, p.of_a.theirs, CPACE_KEY_LEN);
    assert_memory_not_equal(p.of_a.ours, p.of_a.theirs, CPACE_KEY_LEN); /* no mirror passes */
}

/* Another word, another channel, another session: each alone. */
static void nothing_agrees_where_anything_differs(void **state)
{
    (void)state;
    for (int what = 0; what < 3; what++) {
        struct pair p;
        begin(&p);
        struct cpace_common other = p.common;
        const uint8_t y[CPACE_LEN] = {5};
        if (what == 0)
            other.password = of("Passwort");
        else if (what == 1)
            other.channel = of("somebody between");
        else
            other.session = of("another session.");
        cpace_begin(&p.b, &other, false, y);
        assert_true(cpace_finish(&p.a, &p.common, p.b.share, &p.of_a));
        assert_true(cpace_finish(&p.b, &other, p.a.share, &p.of_b));
        assert_memory_not_equal(p.of_a.key, p.of_b.key, CPACE_KEY_LEN);
        assert_memory_not_equal(p.of_a.theirs, p.of_b.ours, CPACE_KEY_LEN);
        assert_memory_not_equal(p.of_b.theirs, p.of_a.ours, CPACE_KEY_LEN);
    }
}

/* "Test case for scalar_mult with valid inputs", through the library that we stand on. */
static void multiplies_as_the_draft_does(void **state)
{
    (void)state;
    uint8_t s[CPACE_LEN], x[CPACE_LEN], out[CPACE_LEN];
    unhex("7cd0e075fa7955ba52c02759a6c90dbbfc10e6d40aea8d283e407d88cf538a05", s, sizeof s);
    unhex("2c3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c", x, sizeof x);
    assert_int_equal(crypto_scalarmult_ristretto255(out, s, x), 0);
    is(out, CPACE_LEN, "7c13645fe790a468f62c39beb7388e541d8405d1ade69d1778c5fe3e7f6b600e");
}

/* "Invalid inputs for scalar_mult_vfy": no point at all, and the neutral one. */
static void what_is_no_share_ends_the_run(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "2b3c6b8c4f3800e7aef6864025b4ed79bd599117e427c41bd47d93d654b4a51c",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };
    static const uint8_t zero[CPACE_LEN];
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct pair p;
        uint8_t share[CPACE_LEN];
        begin(&p);
        unhex(bad[i], share, sizeof share);
        assert_false(cpace_finish(&p.a, &p.common, share, &p.of_a));
        assert_memory_equal(p.a.scalar, zero, CPACE_LEN); /* wiped all the same */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_the_shares_and_the_key_of_the_draft),
        cmocka_unit_test(each_sends_the_tag_that_the_other_awaits),
        cmocka_unit_test(nothing_agrees_where_anything_differs),
        cmocka_unit_test(multiplies_as_the_draft_does),
        cmocka_unit_test(what_is_no_share_ends_the_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
