/* Which file is at a path, and may it be sent as it is? */
#include "api/web.h"
#include "base/test.h"

#include <string.h>

static void the_table_is_in_order_and_each_file_is_found(void **state)
{
    (void)state;
    assert_true(web_file_count > 0);
    for (size_t i = 0; i < web_file_count; i++) {
        assert_true(i == 0 || strcmp(web_files[i - 1].path, web_files[i].path) < 0);
        assert_ptr_equal(web_find(web_files[i].path), &web_files[i]);
    }
}

static void the_page_is_at_every_address_of_a_page(void **state)
{
    (void)state;
    const struct web_file *page = web_find("/");
    assert_non_null(page);
    assert_false(page->gzipped);
    const char *const pages[] = {"/ui", "/ui/", "/ui/files", "/ui/documents/0123/x"};
    for (size_t i = 0; i < sizeof pages / sizeof *pages; i++)
        assert_ptr_equal(web_find(pages[i]), page);
    const char *const none[] = {"", "/uix", "/index.html", "/assets", "/assets/", "/assets/../ui/"};
    for (size_t i = 0; i < sizeof none / sizeof *none; i++)
        assert_null(web_find(none[i]));
}

static void what_the_page_names_is_there(void **state)
{
    (void)state;
    const struct web_file *page = web_find("/");
    const char *at = (const char *)page->bytes, *end = at + page->n;
    unsigned named = 0;
    while ((at = memmem(at, (size_t)(end - at), "\"/assets/", 9))) {
        char path[100];
        size_t n = 0;
        for (at++; at < end && *at != '"' && n < sizeof path - 1; at++)
            path[n++] = *at;
        path[n] = '\0';
        assert_non_null(web_find(path));
        named++;
    }
    assert_true(named >= 3); /* script, styles, icon */
}

static void nothing_in_the_page_stands_inline(void **state)
{
    (void)state;
    const struct web_file *page = web_find("/");
    const char *const inline_[] = {"<style", " style=", "<script>", " onclick=", "http:", "https:"};
    for (size_t i = 0; i < sizeof inline_ / sizeof *inline_; i++)
        assert_null(memmem(page->bytes, page->n, inline_[i], strlen(inline_[i])));
}

static void gzip_is_taken_unless_it_is_refused(void **state)
{
    (void)state;
    const char *const yes[] = {
        NULL,          "gzip",         "gzip, deflate, br", "br;q=1.0, GZIP;q=0.5", "*",
        "br, *;q=0.1", "gzip;q=0.001", " gzip ; q=1",       "*;q=0, gzip"};
    const char *const no[] = {
        "",      "identity",    "br, deflate", "gzip;q=0",     "gzip; q=0.000",
        "*;q=0", "gzip;q=0, *", "x-gzip",      "gzipped, gzi", ","};
    for (size_t i = 0; i < sizeof yes / sizeof *yes; i++)
        assert_true(web_takes_gzip(yes[i]));
    for (size_t i = 0; i < sizeof no / sizeof *no; i++)
        assert_false(web_takes_gzip(no[i]));
}

static void a_client_that_has_it_is_known_by_its_tag(void **state)
{
    (void)state;
    assert_true(web_is_known("\"aa\"", "\"aa\""));
    assert_true(web_is_known("\"bb\", W/\"aa\"", "\"aa\""));
    assert_true(web_is_known("*", "\"aa\""));
    assert_false(web_is_known(NULL, "\"aa\""));
    assert_false(web_is_known("", "\"aa\""));
    assert_false(web_is_known("\"aab\"", "\"aa\""));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_table_is_in_order_and_each_file_is_found),
        cmocka_unit_test(the_page_is_at_every_address_of_a_page),
        cmocka_unit_test(what_the_page_names_is_there),
        cmocka_unit_test(nothing_in_the_page_stands_inline),
        cmocka_unit_test(gzip_is_taken_unless_it_is_refused),
        cmocka_unit_test(a_client_that_has_it_is_known_by_its_tag),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
