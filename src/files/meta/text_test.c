#include "files/meta/text.h"

#include "base/mem.h"
#include "base/test.h"

static struct cur of(const char *text)
{
    return cur_of(text, strlen(text));
}

static void assert_clean(struct cur text, const char *want)
{
    struct arena *a = arena_new();
    assert_string_equal(text_clean_in(a, text), want);
    arena_free(a);
}

static void what_could_harm_becomes_a_mark(void **state)
{
    (void)state;
    assert_clean(of("plain \xc3\xa9t\xc3\xa9 \xf0\x9f\x90\x9f"),
                 "plain \xc3\xa9t\xc3\xa9 \xf0\x9f\x90\x9f");
    assert_clean(of("two\nlines\tand \x1b[2J"), "two\nlines\tand ?[2J");
    assert_clean(of("\xff\xc3 \xe2\x80\xae"), "?? ?");
    assert_clean(of("cut \xe2\x80"), "cut ??");
    assert_clean(cur_of("a\0b", 3), "a?b");
    assert_clean(cur_of(NULL, 0), "");
}

static void a_cut_falls_between_characters(void **state)
{
    (void)state;
    char out[8];
    text_clean_cut(out, 8, of("1234567"));
    assert_string_equal(out, "1234567");
    text_clean_cut(out, 8, of("12345678"));
    assert_string_equal(out, "1234567");
    text_clean_cut(out, 8, of("123456\xc3\xa9"));
    assert_string_equal(out, "123456");
    text_clean_cut(out, 1, of("a"));
    assert_string_equal(out, "");
    text_clean_cut(out, 8, of("a\nb"));
    assert_string_equal(out, "a?b");
}

static void a_url_is_short_printable_ascii(void **state)
{
    (void)state;
    assert_true(text_is_url(of("udp://t.example:6969/announce")));
    assert_false(text_is_url(of("")));
    assert_false(text_is_url(of("http://a b")));
    assert_false(text_is_url(of("http://a\n")));
    assert_false(text_is_url(of("http://\xc3\xa9")));
    char *big = mem_zalloc(TEXT_URL_MAX + 1);
    memset(big, 'a', TEXT_URL_MAX + 1);
    assert_true(text_is_url(cur_of(big, TEXT_URL_MAX)));
    assert_false(text_is_url(cur_of(big, TEXT_URL_MAX + 1)));
    free(big);
    assert_true(text_has_scheme(of("HTTP://x"), "http://"));
    assert_false(text_has_scheme(of("http:/"), "http://"));
    assert_false(text_has_scheme(of("https://x"), "http://"));
}

static void assert_unescaped(const char *text, bool plus, const char *want, size_t n)
{
    struct buf b = {0};
    text_put_unescaped(&b, of(text), plus);
    assert_int_equal(buf_len(&b), n);
    assert_memory_equal(buf_bytes(&b), want, n);
    buf_done(&b);
}

static void escapes_as_rfc_3986_says_and_takes_it_back(void **state)
{
    (void)state;
    struct buf b = {0};
    text_put_escaped(&b, "aZ0-._~ /\xff\0%", 12);
    assert_int_equal(buf_len(&b), 22);
    assert_memory_equal(buf_bytes(&b), "aZ0-._~%20%2F%FF%00%25", 22);
    buf_done(&b);
    assert_unescaped("%41%7e%00x", false, "A~\0x", 4);
    assert_unescaped("a+b", true, "a b", 3);
    assert_unescaped("a+b%2B", false, "a+b+", 4);
    assert_unescaped("%", false, "%", 1);
    assert_unescaped("%4", false, "%4", 2);
    assert_unescaped("%zz%%41", false, "%zz%A", 5);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_could_harm_becomes_a_mark),
        cmocka_unit_test(a_cut_falls_between_characters),
        cmocka_unit_test(a_url_is_short_printable_ascii),
        cmocka_unit_test(escapes_as_rfc_3986_says_and_takes_it_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
