#include "node/proxy.h"

#include "base/test.h"

#include <stdio.h>
#include <string.h>

static void a_proxy_is_an_address_and_perhaps_a_login(void **state)
{
    (void)state;
    struct why why;
    struct proxy *p = proxy_parse("socks5://127.0.0.1:1080", &why);
    assert_non_null(p);
    assert_null(p->socks.user);
    assert_int_equal(p->socks.at.port, 1080);
    proxy_free(p);
    p = proxy_parse("socks5://ann:p@ss:word@[2001:db8::1]:9050", &why);
    assert_non_null(p);
    assert_string_equal(p->socks.user, "ann");
    assert_string_equal(p->socks.password, "p@ss:word");
    assert_int_equal(p->socks.at.family, ADDR_V6);
    proxy_free(p);
}

static void what_is_none_is_refused_and_no_password_repeated(void **state)
{
    (void)state;
    static const char *const rows[] = {"",
                                       "127.0.0.1:1080",
                                       "http://127.0.0.1:1080",
                                       "socks5://proxy.example:1080",
                                       "socks5://127.0.0.1",
                                       "socks5://127.0.0.1:0",
                                       "socks5://ann@127.0.0.1:1080",
                                       "socks5://ann:secret@"};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct why why;
        assert_null(proxy_parse(rows[i], &why));
        assert_int_equal(why.code, ERR_INVALID);
        assert_null(strstr(why.text, "secret"));
    }
    char text[600];
    struct why why;
    snprintf(text, sizeof text, "socks5://%0256d:b@127.0.0.1:1080", 1);
    assert_null(proxy_parse(text, &why));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_proxy_is_an_address_and_perhaps_a_login),
        cmocka_unit_test(what_is_none_is_refused_and_no_password_repeated),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
