#include "node/mask.h"

#include "base/test.h"

#include <stdlib.h>

static void assert_shown(const char *value, const char *want)
{
    char *got = mask_text(value);
    assert_string_equal(got, want);
    free(got);
}

static void a_password_is_shown_as_stars(void **state)
{
    (void)state;
    assert_shown("socks5://user:pass@10.0.0.1:1080", "socks5://user:***@10.0.0.1:1080");
    assert_shown("socks5://user:p:a/s,s@w@10.0.0.1:1080", "socks5://user:***@10.0.0.1:1080");
    assert_shown("socks5://user:@[::1]:1080", "socks5://user:***@[::1]:1080");
    assert_shown("socks5://:secret@10.0.0.1:1080", "socks5://:***@10.0.0.1:1080");
    assert_shown("socks5://a:socks5://b@10.0.0.1:1", "socks5://a:***@10.0.0.1:1");
    assert_shown("https://me:pw@lists.example/a?b, http://x:y@z/ /l.dat",
                 "https://me:***@lists.example/a?b, http://x:***@z/ /l.dat");
}

static void what_has_none_is_shown_as_it_is(void **state)
{
    (void)state;
    static const char *const plain[] = {"",      "off",          "socks5://10.0.0.1:1080",
                                        "5M",    "0.0.0.0:6881", "https://lists.example:8080/a@b",
                                        "a:b@c", "://",          "x://@:"};
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        assert_shown(plain[i], plain[i]);
}

static void what_was_shown_is_known_again(void **state)
{
    (void)state;
    assert_true(mask_is_of("socks5://u:***@1.2.3.4:5", "socks5://u:pw@1.2.3.4:5"));
    assert_true(mask_is_of("5M", "5M"));
    assert_false(mask_is_of("socks5://u:***@1.2.3.4:6", "socks5://u:pw@1.2.3.4:5"));
    assert_false(mask_is_of("socks5://u:new@1.2.3.4:5", "socks5://u:pw@1.2.3.4:5"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_password_is_shown_as_stars),
        cmocka_unit_test(what_has_none_is_shown_as_it_is),
        cmocka_unit_test(what_was_shown_is_known_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
