#include "files/peer/peer_priority.h"

#include "base/test.h"

static uint32_t of(const char *a, const char *b)
{
    struct addr x, y;
    assert_int_equal(addr_parse(&x, a, NULL), OK);
    assert_int_equal(addr_parse(&y, b, NULL), OK);
    uint32_t p = peer_priority(&x, &y);
    assert_int_equal(peer_priority(&y, &x), p); /* both ends say the same */
    return p;
}

static void the_vectors_of_the_bep_hold(void **state)
{
    (void)state;
    assert_int_equal(of("123.213.32.10:1", "98.76.54.32:2"), 0xec2d7224);
    assert_int_equal(of("123.213.32.10:1", "123.213.32.234:2"), 0x99568189);
}

static void what_is_masked_does_not_count(void **state)
{
    (void)state;
    assert_int_equal(of("123.213.32.10:1", "98.76.54.32:2"),
                     of("123.213.32.10:1", "98.76.54.34:9")); /* 0x55 has no bit 1 */
    assert_int_not_equal(of("1.2.3.4:1", "1.2.9.4:1"), of("1.2.3.4:1", "1.2.11.4:1"));
}

static void one_address_has_its_ports(void **state)
{
    (void)state;
    assert_int_not_equal(of("10.0.0.1:5", "10.0.0.1:6"), of("10.0.0.1:5", "10.0.0.1:7"));
    struct addr v4 = addr_v4(1, 2, 3, 4, 5), v6;
    assert_int_equal(addr_parse(&v6, "[::1]:5", NULL), OK);
    assert_int_equal(peer_priority(&v4, &v6), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_bep_hold),
        cmocka_unit_test(what_is_masked_does_not_count),
        cmocka_unit_test(one_address_has_its_ports),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
