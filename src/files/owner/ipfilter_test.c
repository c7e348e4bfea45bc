#include "files/owner/ipfilter.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/test.h"

#include <stdio.h>
#include <string.h>

static struct ipfilter *parse(const char *text)
{
    struct why why = {0};
    struct ipfilter *f = ipfilter_parse(cur_of(text, strlen(text)), &why);
    if (!f)
        fail_msg("%s", why.text);
    return f;
}

static bool has(const struct ipfilter *f, const char *ip)
{
    struct addr a;
    char text[80];
    snprintf(text, sizeof text, strchr(ip, ':') ? "[%s]:1" : "%s:1", ip);
    assert_int_equal(addr_parse(&a, text, NULL), OK);
    return ipfilter_has(f, &a);
}

static void each_form_of_line_is_read(void **state)
{
    (void)state;
    static const struct {
        const char *line, *in, *out;
    } cases[] = {
        {"Evil Corp:1.2.4.0-1.2.4.255", "1.2.4.255", "1.2.5.0"},
        {"a: b-c, 12/7 :1.2.4.0-1.2.4.255\r", "1.2.4.0", "1.2.3.255"},
        {"001.002.004.000 - 001.002.004.255 , 100 , Name, with comma", "1.2.4.9", "1.2.5.9"},
        {"1.2.4.0/24", "1.2.4.77", "1.2.5.0"},
        {"1.2.4.9/24", "1.2.4.0", "1.2.3.255"},
        {"0.0.0.0/0", "255.255.255.255", "2001:db8::1"},
        {" 1.2.3.4 ", "1.2.3.4", "1.2.3.5"},
        {"1.2.3.4/32", "1.2.3.4", "1.2.3.5"},
        {"1.2.3.4-1.2.3.4", "1.2.3.4", "1.2.3.3"},
        {"2001:db8::/32", "2001:db8:ffff::1", "2001:db9::"},
        {"2001:db8::1", "2001:db8::1", "2001:db8::2"},
        {"2001:db8::1 - 2001:db8::9", "2001:db8::8", "2001:db8::a"},
        {"::/0", "::1", "1.2.3.4"},
        {"255.255.255.255", "255.255.255.255", "255.255.255.254"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ipfilter *f = parse(cases[i].line);
        if (!has(f, cases[i].in) || has(f, cases[i].out))
            fail_msg("%s", cases[i].line);
        ipfilter_free(f);
    }
}

static void comments_and_what_is_not_understood_are_passed_over(void **state)
{
    (void)state;
    size_t first;
    struct ipfilter *f = parse("\xef\xbb\xbf# list\n; x\n// y\n\n  \n1.2.3.4\nnonsense\n1.2.3\n"
                               "1.2.3.256\n4.4.4.4-1.1.1.1\n1.2.3.4/33\n::/129\n1.2.3.4.5\n"
                               "a:1.2.3.4\n1.2.3.4/\n1.2.3.4-\n-\n/\n,\n:\n5.6.7.8");
    assert_int_equal(ipfilter_count(f), 2);
    assert_int_equal(ipfilter_skipped(f, &first), 14);
    assert_int_equal(first, 7);
    assert_true(has(f, "5.6.7.8"));
    ipfilter_free(f);
}

static void a_level_above_127_allows(void **state)
{
    (void)state;
    struct ipfilter *f = parse("1.0.0.0 - 1.0.0.9 , 127 , no\n2.0.0.0 - 2.0.0.9 , 128 , yes\n");
    assert_true(has(f, "1.0.0.1"));
    assert_false(has(f, "2.0.0.1"));
    assert_int_equal(ipfilter_count(f), 1);
    ipfilter_free(f);
}

static void ranges_that_overlap_or_touch_are_one(void **state)
{
    (void)state;
    struct ipfilter *f = parse("1.0.0.5-1.0.0.9\n1.0.0.0-1.0.0.6\n1.0.0.10-1.0.0.20\n"
                               "1.0.0.7\n2.0.0.0/24\n0.0.0.0-0.0.0.1\n255.255.255.0/24\n"
                               "2001:db8::/64\n2001:db8::5\n2001:db8::/48\n");
    assert_int_equal(ipfilter_count(f), 5);
    assert_true(has(f, "1.0.0.20"));
    assert_false(has(f, "1.0.0.21"));
    assert_true(has(f, "2001:db8:0:ff::"));
    ipfilter_free(f);
}

/* Against a search by hand, over many small ranges. */
static void the_search_finds_what_is_there_and_nothing_else(void **state)
{
    (void)state;
    struct buf text = {0};
    for (unsigned i = 0; i < 250; i++)
        buf_printf(&text, "10.0.%u.%u-10.0.%u.%u\n", (i * 7) % 250, 10 + i % 5, (i * 7) % 250,
                   20 + i % 3);
    struct ipfilter *f = ipfilter_parse(buf_cur(&text), NULL);
    for (unsigned i = 0; i < 250; i++)
        for (unsigned low = 0; low < 40; low++) {
            struct addr a = addr_v4(10, 0, (uint8_t)((i * 7) % 250), (uint8_t)low, 1);
            assert_int_equal(ipfilter_has(f, &a), low >= 10 + i % 5 && low <= 20 + i % 3);
        }
    ipfilter_free(f);
    buf_done(&text);
}

static void a_web_page_is_no_list_and_an_empty_text_filters_nobody(void **state)
{
    (void)state;
    struct why why;
    static const char page[] = "<!doctype html>\n<html><body>Not found</body></html>\n";
    assert_null(ipfilter_parse(cur_of(page, sizeof page - 1), &why));
    assert_int_equal(why.code, ERR_INVALID);
    struct ipfilter *f = parse("");
    assert_false(has(f, "1.2.3.4"));
    ipfilter_free(f);
    struct addr a = addr_v4(1, 2, 3, 4, 5);
    assert_false(ipfilter_has(NULL, &a));
}

static void a_line_longer_than_the_limit_is_not_understood(void **state)
{
    (void)state;
    struct buf text = {0};
    size_t first;
    for (int i = 0; i < IPFILTER_LINE_MAX - 15; i++)
        buf_u8(&text, 'x');
    buf_str(&text, ":1.2.3.4-1.2.3.5\n");
    struct ipfilter *f = NULL;
    assert_null(ipfilter_parse(buf_cur(&text), NULL));
    buf_eat(&text, 1);
    f = ipfilter_parse(buf_cur(&text), NULL);
    assert_int_equal(ipfilter_count(f), 1);
    assert_int_equal(ipfilter_skipped(f, &first), 0);
    ipfilter_free(f);
    buf_done(&text);
}

static void more_bytes_than_the_limit_are_refused_unread(void **state)
{
    (void)state;
    struct why why;
    assert_null(ipfilter_parse(cur_of("", (size_t)IPFILTER_TEXT_MAX + 1), &why));
    assert_int_equal(why.code, ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_form_of_line_is_read),
        cmocka_unit_test(comments_and_what_is_not_understood_are_passed_over),
        cmocka_unit_test(a_level_above_127_allows),
        cmocka_unit_test(ranges_that_overlap_or_touch_are_one),
        cmocka_unit_test(the_search_finds_what_is_there_and_nothing_else),
        cmocka_unit_test(a_web_page_is_no_list_and_an_empty_text_filters_nobody),
        cmocka_unit_test(a_line_longer_than_the_limit_is_not_understood),
        cmocka_unit_test(more_bytes_than_the_limit_are_refused_unread),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
