#include "ydoc/any.h"

#include "base/test.h"
#include "ydoc/lib0.h"

#include <math.h>

static const char *json_of(struct buf *any, enum any_style style, struct buf *out)
{
    struct cur c = buf_cur(any);
    buf_clear(out);
    any_json(&c, style, out);
    assert_true(cur_done(&c));
    buf_u8(out, 0);
    return (const char *)buf_bytes(out);
}

/* JSON text in, the same text out: numbers as JavaScript writes them. */
static void json_comes_back_as_javascript_writes_it(void **state)
{
    (void)state;
    static const char *const same[] = {"null",
                                       "true",
                                       "false",
                                       "0",
                                       "-1",
                                       "2147483647",
                                       "2147483648",
                                       "-2147483648",
                                       "0.5",
                                       "0.1",
                                       "123456789.125",
                                       "1e+21",
                                       "1.5e+300",
                                       "100000000000000000000",
                                       "0.000001",
                                       "1e-7",
                                       "1.25e-9",
                                       "5e-324",
                                       "1.7976931348623157e+308",
                                       "9007199254740993000",
                                       "\"\"",
                                       "\"a\\\"b\\\\\\n\\u0001\"",
                                       "[]",
                                       "{}",
                                       "[1,[2,[3]]]",
                                       "{\"\\u0000\":1}",
                                       "\"\xc3\xa9\xe6\xbc\xa2\xf0\x9f\x98\x80\"",
                                       "{\"b\":1,\"a\":{\"x\":[null]}}"};
    for (size_t i = 0; i < sizeof same / sizeof *same; i++) {
        struct buf any = {0}, out = {0};
        assert_int_equal(any_from_json(same[i], strlen(same[i]), &any, NULL), OK);
        assert_string_equal(json_of(&any, ANY_STRINGIFY, &out), same[i]);
        buf_done(&any);
        buf_done(&out);
    }
}

static void keys_that_are_indices_come_first(void **state)
{
    (void)state;
    static const char text[] = "{\"b\":1,\"10\":2,\"2\":3,\"01\":4,\"a\":5}";
    struct buf any = {0}, out = {0};
    assert_int_equal(any_from_json(text, strlen(text), &any, NULL), OK);
    assert_string_equal(json_of(&any, ANY_STRINGIFY, &out),
                        "{\"2\":3,\"10\":2,\"b\":1,\"01\":4,\"a\":5}");
    buf_done(&any);
    buf_done(&out);
}

static void a_number_has_one_form(void **state)
{
    (void)state;
    static const struct {
        double v;
        const char *bytes;
        size_t n;
    } known[] = {{0, "\x7d\x00", 2},
                 {-0.0, "\x7d\x40", 2},
                 {-1, "\x7d\x41", 2},
                 {2147483648, "\x7c\x4f\x00\x00\x00", 5},
                 {-1.5, "\x7c\xbf\xc0\x00\x00", 5},
                 {INFINITY, "\x7c\x7f\x80\x00\x00", 5},
                 {0.1, "\x7b\x3f\xb9\x99\x99\x99\x99\x99\x9a", 9},
                 {NAN, "\x7b\x7f\xf8\x00\x00\x00\x00\x00\x00", 9}};
    for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
        struct buf b = {0}, wide = {0}, again = {0};
        any_put_number(&b, known[i].v);
        assert_int_equal(buf_len(&b), known[i].n);
        assert_memory_equal(buf_bytes(&b), known[i].bytes, known[i].n);
        /* and whoever writes it as a double gets it back in that form */
        uint64_t bits;
        memcpy(&bits, &known[i].v, sizeof bits);
        buf_u8(&wide, ANY_FLOAT64);
        buf_be64(&wide, bits);
        struct cur c = buf_cur(&wide);
        assert_int_equal(any_copy(&c, &again, NULL), OK);
        assert_int_equal(buf_len(&again), known[i].n);
        assert_memory_equal(buf_bytes(&again), known[i].bytes, known[i].n);
        buf_done(&b);
        buf_done(&wide);
        buf_done(&again);
    }
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    static const char text[] = "{\"a\":[1,0.5,\"text\",true,null],\"b\":1e300}";
    struct buf any = {0};
    assert_int_equal(any_from_json(text, strlen(text), &any, NULL), OK);
    for (size_t n = 0; n < buf_len(&any); n++) {
        struct buf out = {0};
        struct cur c = cur_of(buf_bytes(&any), n);
        assert_int_equal(any_copy(&c, &out, NULL), ERR_INVALID);
        buf_done(&out);
    }
    buf_done(&any);
}

static void nesting_has_a_limit(void **state)
{
    (void)state;
    for (int extra = 0; extra < 2; extra++) {
        struct buf deep = {0}, out = {0};
        for (int i = 0; i < ANY_DEPTH_MAX + extra; i++)
            any_put_head(&deep, ANY_ARRAY, 1);
        buf_u8(&deep, ANY_NULL);
        struct cur c = buf_cur(&deep);
        assert_int_equal(any_copy(&c, &out, NULL), extra ? ERR_LIMIT : OK);
        buf_done(&deep);
        buf_done(&out);
    }
}

static void values_that_json_lacks_are_tagged(void **state)
{
    (void)state;
    struct buf any = {0}, out = {0};
    any_put_head(&any, ANY_ARRAY, 4);
    buf_u8(&any, ANY_UNDEFINED);
    buf_u8(&any, ANY_BIGINT);
    buf_be64(&any, (uint64_t)-5);
    any_put_number(&any, -INFINITY);
    buf_u8(&any, ANY_BYTES);
    lib0_put_bytes(&any, "\x00\xff", 2);
    assert_string_equal(
        json_of(&any, ANY_TAGGED, &out),
        "[{\"$undef\":1},{\"$big\":\"-5\"},{\"$num\":\"-Infinity\"},{\"$bin\":\"00ff\"}]");
    assert_string_equal(json_of(&any, ANY_STRINGIFY, &out), "[null,-5,null,{\"0\":0,\"1\":255}]");
    buf_done(&any);
    buf_done(&out);
}

static void a_lone_half_of_a_pair_is_replaced(void **state)
{
    (void)state;
    static const char text[] = "[\"\\ud83d\",\"\\ud83d\\ude00\",\"\\\\ud83d\"]";
    struct buf any = {0}, out = {0};
    assert_int_equal(any_from_json(text, strlen(text), &any, NULL), OK);
    assert_string_equal(json_of(&any, ANY_STRINGIFY, &out),
                        "[\"\xef\xbf\xbd\",\"\xf0\x9f\x98\x80\",\"\\\\ud83d\"]");
    buf_done(&any);
    buf_done(&out);
}

static void what_is_no_json_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"",     " ",       "{",        "[",          "[1",     "[1,",
                                      "[1,]", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{a:1}",  "01",
                                      "-",    "1.",      ".5",       "1e",         "+1",     "tru",
                                      "nul",  "\"",      "\"\\x\"",  "\"\\u12\"",  "\"\n\"", "1 2",
                                      "[]]",  "\xff",    "'a'",      "NaN"};
    static const struct {
        const char *text, *means;
    } good[] = {{" [ 1 , { \"a\" : \"\\u00e9\\/\" } ] ", "[1,{\"a\":\"\xc3\xa9/\"}]"},
                {"1e999", "null"},
                {"1E+2", "100"}};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct buf any = {0};
        assert_int_equal(any_from_json(bad[i], strlen(bad[i]), &any, NULL), ERR_INVALID);
        buf_done(&any);
    }
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct buf any = {0}, out = {0};
        assert_int_equal(any_from_json(good[i].text, strlen(good[i].text), &any, NULL), OK);
        assert_string_equal(json_of(&any, ANY_STRINGIFY, &out), good[i].means);
        buf_done(&any);
        buf_done(&out);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(json_comes_back_as_javascript_writes_it),
        cmocka_unit_test(keys_that_are_indices_come_first),
        cmocka_unit_test(a_number_has_one_form),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(nesting_has_a_limit),
        cmocka_unit_test(values_that_json_lacks_are_tagged),
        cmocka_unit_test(a_lone_half_of_a_pair_is_replaced),
        cmocka_unit_test(what_is_no_json_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
