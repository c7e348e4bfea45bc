#include "crypto/base64.h"

#include "base/test.h"

#include <stdlib.h>

static void decodes_to(const char *text, const char *want)
{
    struct buf out = {0};
    assert_true(base64_decode(&out, text, strlen(text)));
    assert_int_equal(buf_len(&out), strlen(want));
    if (buf_len(&out) > 0)
        assert_memory_equal(buf_bytes(&out), want, buf_len(&out));
    buf_done(&out);
}

/* False, and what was in the buffer before is all that is in it. */
static void refused(const char *text)
{
    struct buf out = {0};
    buf_str(&out, "as it was");
    assert_false(base64_decode(&out, text, strlen(text)));
    assert_int_equal(buf_len(&out), 9);
    assert_memory_equal(buf_bytes(&out), "as it was", 9);
    buf_done(&out);
}

/* RFC 4648 section 10, BASE64. */
static void goes_there_and_back_as_rfc_4648_says(void **state)
{
    (void)state;
    static const char *const texts[] = {"",         "Zg==",     "Zm8=",    "Zm9v",
                                        "Zm9vYg==", "Zm9vYmE=", "Zm9vYmFy"};
    for (size_t n = 0; n < sizeof texts / sizeof *texts; n++) {
        struct buf out = {0};
        base64_encode(&out, "foobar", n);
        char *text = buf_take_str(&out);
        assert_string_equal(text, texts[n]);
        free(text);
        char *want = strndup("foobar", n);
        decodes_to(texts[n], want);
        free(want);
    }
    decodes_to("+/+/", "\xfb\xff\xbf");
}

static void white_space_is_passed_over(void **state)
{
    (void)state;
    decodes_to(" Zm\r\n9v\tYg = =\n", "foob");
    decodes_to(" \n", "");
}

static void what_is_not_whole_base64_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"Z",     "Zg",       "Zg=",     "Zm8",      "Zm9vY",
                                      "=",     "====",     "Z===",    "Zg=v",     "Zg==Zg==",
                                      "Zm9v=", "Zm9v====", "Zg===",   "Zh==",     "Zm9=",
                                      "Zm-v",  "Zm_v",     "Zm\x80v", "Zm9vZg==x"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        refused(bad[i]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_there_and_back_as_rfc_4648_says),
        cmocka_unit_test(white_space_is_passed_over),
        cmocka_unit_test(what_is_not_whole_base64_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
