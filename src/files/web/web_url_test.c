#include "files/web/web_url.h"

#include "base/test.h"

#include <stdlib.h>
#include <string.h>

static const struct mi_file files[] = {{.path = "my film/a b/1#.bin", .len = 5},
                                       {.path = "my film/\xc3\xbc%.txt", .len = 5}};

static void assert_url(const char *base, bool multi, size_t file, const char *want)
{
    static const struct mi_file one = {.path = "film 1.bin", .len = 5};
    struct metainfo mi = {.multi = multi, .files = multi ? files : &one, .file_count = 2};
    struct buf b = {0};
    web_url_put(&b, base, &mi, file);
    char *got = buf_take_str(&b);
    assert_string_equal(got, want);
    free(got);
}

static void a_single_file_is_the_url_or_lies_in_the_folder(void **state)
{
    (void)state;
    assert_url("http://h/x.bin", false, 0, "http://h/x.bin");
    assert_url("http://h/dir/", false, 0, "http://h/dir/film%201.bin");
    assert_url("http://h/dir/?k=v#f", false, 0, "http://h/dir/film%201.bin?k=v");
}

static void files_of_a_folder_are_named_part_by_part(void **state)
{
    (void)state;
    assert_url("http://h/dir", true, 0, "http://h/dir/my%20film/a%20b/1%23.bin");
    assert_url("http://h/dir/", true, 1, "http://h/dir/my%20film/%C3%BC%25.txt");
}

/* BEP 17's own examples. */
static void assert_piece_url(const char *base, uint64_t at, uint64_t len, const char *want)
{
    static const uint8_t hash[SHA1_LEN] = "\x9c\xd9i\x8a\xf5Uu\x1a\x91\x86\xae\x06lW\xea\x21W\x23"
                                          "5\xe0";
    struct metainfo mi = {.total = 9 * 262144, .piece_len = 262144, .piece_count = 9};
    struct buf b = {0};
    memcpy(mi.hash.v1, hash, sizeof hash);
    web_url_put_piece(&b, base, &mi, 8, at, len);
    char *got = buf_take_str(&b);
    assert_string_equal(got, want);
    free(got);
}

static void a_script_is_asked_for_a_piece_or_a_part(void **state)
{
    (void)state;
#define HASH "info_hash=%9C%D9i%8A%F5Uu%1A%91%86%AE%06lW%EA%21W%235%E0"
    assert_piece_url("http://h/seed.php", 0, 262144, "http://h/seed.php?" HASH "&piece=8");
    assert_piece_url("http://h/seed.php?a=b", 49152, 81920,
                     "http://h/seed.php?a=b&" HASH "&piece=8&ranges=49152-131071");
    assert_piece_url("http://h/s", 0, 262143, "http://h/s?" HASH "&piece=8&ranges=0-262142");
#undef HASH
}

static void only_http_is_a_web_seed(void **state)
{
    (void)state;
    assert_true(web_url_is("http://h/x"));
    assert_true(web_url_is("HTTPS://h/x"));
    assert_false(web_url_is("ftp://h/x"));
    assert_false(web_url_is("file:///etc/passwd"));
    assert_false(web_url_is("http://h/a b"));
    assert_false(web_url_is(""));
    assert_true(web_url_has_query("http://h/?x"));
    assert_false(web_url_has_query("http://h/#?x"));
}

static void a_content_range_is_read_to_the_letter(void **state)
{
    (void)state;
    uint64_t a, b;
    assert_true(web_range_read("bytes 100-199/1000", &a, &b));
    assert_int_equal(a, 100);
    assert_int_equal(b, 199);
    assert_true(web_range_read("bytes 0-0/*", &a, &b));
    static const char *const bad[] = {
        "",           "bytes",       "bytes 5-4/10", "bytes 0-10/10",
        "bytes 1-2",  "bytes 1-2/",  "bytes 1-2/3x", "bytes -2/3",
        "bytes 1-/3", "items 1-2/3", "bytes */3",    "bytes 0-99999999999999999999/*"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_false(web_range_read(bad[i], &a, &b));
}

static void retry_after_has_a_limit_and_a_fallback(void **state)
{
    (void)state;
    assert_int_equal(web_retry_read("7", 30, 3600), 7);
    assert_int_equal(web_retry_read("3601", 30, 3600), 3600);
    assert_int_equal(web_retry_read("99999999999999999999", 30, 3600), 30);
    assert_int_equal(web_retry_read("Fri, 31 Dec 1999 23:59:59 GMT", 30, 3600), 30);
    assert_int_equal(web_retry_read("", 30, 3600), 30);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_single_file_is_the_url_or_lies_in_the_folder),
        cmocka_unit_test(files_of_a_folder_are_named_part_by_part),
        cmocka_unit_test(a_script_is_asked_for_a_piece_or_a_part),
        cmocka_unit_test(only_http_is_a_web_seed),
        cmocka_unit_test(a_content_range_is_read_to_the_letter),
        cmocka_unit_test(retry_after_has_a_limit_and_a_fallback),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
