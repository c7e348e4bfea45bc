#include "crypto/multibase.h"

#include "base/test.h"

/* multiformats/multibase, tests/basic.csv, leading_zero.csv and two_leading_zeros.csv. */
static const struct {
    const char *bytes;
    size_t n;
    const char *text;
} vectors[] = {
    {"yes mani !", 10, "f796573206d616e692021"},
    {"yes mani !", 10, "bpfsxgidnmfxgsibb"},
    {"yes mani !", 10, "k2lcpzo5yikidynfl"},
    {"yes mani !", 10, "z7paNL19xttacUY"},
    {"yes mani !", 10, "ueWVzIG1hbmkgIQ"},
    {"\0yes mani !", 11, "f00796573206d616e692021"},
    {"\0yes mani !", 11, "bab4wk4zanvqw42jaee"},
    {"\0yes mani !", 11, "k02lcpzo5yikidynfl"},
    {"\0yes mani !", 11, "z17paNL19xttacUY"},
    {"\0yes mani !", 11, "uAHllcyBtYW5pICE"},
    {"\0\0yes mani !", 12, "f0000796573206d616e692021"},
    {"\0\0yes mani !", 12, "baaahszltebwwc3tjeaqq"},
    {"\0\0yes mani !", 12, "k002lcpzo5yikidynfl"},
    {"\0\0yes mani !", 12, "z117paNL19xttacUY"},
    {"\0\0yes mani !", 12, "uAAB5ZXMgbWFuaSAh"},
    {"", 0, "f"},
    {"", 0, "b"},
    {"", 0, "k"},
    {"", 0, "z"},
    {"", 0, "u"},
};

static enum err decode(const char *text, uint8_t out[MULTIBASE_BYTES_MAX], size_t *n)
{
    *n = 0;
    return multibase_decode(text, strlen(text), out, MULTIBASE_BYTES_MAX, n, NULL);
}

static void goes_there_and_back_as_the_tests_of_multibase_do(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof *vectors; i++) {
        uint8_t back[MULTIBASE_BYTES_MAX];
        char text[MULTIBASE_TEXT_MAX];
        size_t n;
        assert_true(multibase_encode(vectors[i].text[0], vectors[i].bytes, vectors[i].n, text,
                                     sizeof text));
        assert_string_equal(text, vectors[i].text);
        assert_int_equal(decode(text, back, &n), OK);
        assert_int_equal(n, vectors[i].n);
        assert_memory_equal(back, vectors[i].bytes, n);
    }
}

static void capitals_are_read_where_the_letter_is_one(void **state)
{
    (void)state;
    uint8_t out[MULTIBASE_BYTES_MAX];
    size_t n;
    const char *good[] = {"F796573206D616E692021", "BPFSXGIDNMFXGSIBB", "K2LCPZO5YIKIDYNFL"};
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(decode(good[i], out, &n), OK);
        assert_int_equal(n, 10);
        assert_memory_equal(out, "yes mani !", 10);
    }
    const char *mixed[] = {"F796573206d616E692021", "bPFSXGIDNMFXGSIBB", "kK", "Kk", "Bb", "Ff0"};
    for (size_t i = 0; i < 6; i++)
        assert_int_equal(decode(mixed[i], out, &n), ERR_INVALID);
}

static void each_value_has_one_text(void **state)
{
    (void)state;
    uint8_t out[MULTIBASE_BYTES_MAX];
    size_t n;
    assert_int_equal(decode("bmy", out, &n), OK); /* "f" */
    const char *bad[] = {"bmz", "bm",  "bmya", "bmy======", "uZh", "uZ", "uZg==",
                         "f6",  "f6g", "k_",   "z0",        "zl",  "u+/"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(decode(bad[i], out, &n), ERR_INVALID);
    assert_int_equal(decode("", out, &n), ERR_INVALID);
    assert_int_equal(multibase_decode("b\0\0", 3, out, sizeof out, &n, NULL), ERR_INVALID);
    assert_int_equal(multibase_decode("z\0", 2, out, sizeof out, &n, NULL), ERR_INVALID);
    assert_int_equal(multibase_decode("uA\0", 3, out, sizeof out, &n, NULL), ERR_INVALID);
    assert_int_equal(multibase_decode("\0", 1, out, sizeof out, &n, NULL), ERR_UNSUPPORTED);
    assert_int_equal(decode("mTQ", out, &n), ERR_UNSUPPORTED);
    assert_false(multibase_encode('m', "M", 1, (char *)out, sizeof out));
    assert_false(multibase_encode('B', "M", 1, (char *)out, sizeof out));
}

static void takes_256_bytes_and_not_one_more(void **state)
{
    (void)state;
    static const char names[] = "fbkzu";
    uint8_t bytes[MULTIBASE_BYTES_MAX + 1], back[MULTIBASE_BYTES_MAX];
    char text[MULTIBASE_TEXT_MAX + 4];
    size_t n;
    memset(bytes, 0xff, sizeof bytes);
    for (const char *b = names; *b; b++) {
        assert_true(multibase_encode(*b, bytes, MULTIBASE_BYTES_MAX, text, MULTIBASE_TEXT_MAX));
        assert_int_equal(decode(text, back, &n), OK);
        assert_int_equal(n, MULTIBASE_BYTES_MAX);
        assert_int_equal(multibase_decode(text, strlen(text), back, n - 1, &n, NULL), ERR_LIMIT);
        assert_false(multibase_encode(*b, bytes, sizeof bytes, text, sizeof text));
        size_t len = strlen(text);
        assert_false(multibase_encode(*b, bytes, MULTIBASE_BYTES_MAX, text, len));
        memset(text + 1, *b == 'z' ? '1' : *b == 'f' || *b == 'k' ? '0' : 'a', len + 2);
        if (*b == 'u')
            memset(text + 1, 'A', len + 2);
        assert_int_not_equal(multibase_decode(text, len + 3, back, sizeof back, &n, NULL), OK);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(goes_there_and_back_as_the_tests_of_multibase_do),
        cmocka_unit_test(capitals_are_read_where_the_letter_is_one),
        cmocka_unit_test(each_value_has_one_text),
        cmocka_unit_test(takes_256_bytes_and_not_one_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
