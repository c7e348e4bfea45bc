#include "files/peer/pex_state.h"

#include "base/test.h"

static struct pex_peer host(unsigned i)
{
    return (struct pex_peer){.addr = addr_v4(1, 2, (uint8_t)(i >> 8), (uint8_t)i, 6881)};
}

static size_t hosts(struct pex_peer *out, unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++)
        out[i - from] = host(i);
    return to - from;
}

static void tells_the_difference_and_nothing_twice(void **state)
{
    (void)state;
    struct pex_state p;
    struct pex_msg m;
    struct pex_peer now[10];
    uint64_t t = SEC + PEX_FIRST_US;
    pex_state_init(&p, SEC);
    assert_true(pex_state_next(&p, now, hosts(now, 1, 4), t, &m)); /* 1 2 3 */
    assert_int_equal(m.added_count, 3);
    assert_int_equal(m.dropped_count, 0);
    t += PEX_EVERY_US;
    assert_false(pex_state_next(&p, now, hosts(now, 1, 4), t, &m));
    assert_true(pex_state_next(&p, now, hosts(now, 3, 6), t, &m)); /* 3 4 5 */
    assert_int_equal(m.added_count, 2);
    struct pex_peer four = host(4), one = host(1);
    assert_true(addr_equal(&m.added[0].addr, &four.addr));
    assert_int_equal(m.dropped_count, 2);
    assert_true(addr_equal(&m.dropped[0], &one.addr));
    t += PEX_EVERY_US;
    assert_true(pex_state_next(&p, now, 0, t, &m));
    assert_int_equal(m.added_count, 0);
    assert_int_equal(m.dropped_count, 3);
    assert_false(pex_state_next(&p, now, 0, t + PEX_EVERY_US, &m));
}

static void not_more_than_once_a_minute(void **state)
{
    (void)state;
    struct pex_state p;
    struct pex_msg m;
    struct pex_peer now[10];
    uint64_t t = SEC + PEX_FIRST_US;
    pex_state_init(&p, SEC);
    assert_false(pex_state_next(&p, now, hosts(now, 1, 4), t - 1, &m));
    assert_false(pex_state_next(&p, now, 0, t, &m)); /* nobody to tell of: the first is not spent */
    assert_true(pex_state_next(&p, now, hosts(now, 1, 4), t, &m));
    assert_false(pex_state_next(&p, now, hosts(now, 1, 6), t + PEX_EVERY_US - 1, &m));
    assert_true(pex_state_next(&p, now, hosts(now, 1, 6), t + PEX_EVERY_US, &m));
    assert_int_equal(m.added_count, 2);
}

static void who_came_and_went_between_two_is_never_mentioned(void **state)
{
    (void)state;
    struct pex_state p;
    struct pex_msg m;
    struct pex_peer now[10];
    uint64_t t = SEC + PEX_FIRST_US;
    pex_state_init(&p, SEC);
    assert_true(pex_state_next(&p, now, hosts(now, 1, 4), t, &m));
    assert_false(pex_state_next(&p, now, hosts(now, 1, 5), t + SEC, &m));
    assert_false(pex_state_next(&p, now, hosts(now, 1, 4), t + PEX_EVERY_US, &m));
}

static void fifty_at_once_and_all_in_the_end(void **state)
{
    (void)state;
    struct pex_state p;
    struct pex_msg m;
    struct pex_peer now[200];
    uint64_t t = SEC + PEX_FIRST_US;
    pex_state_init(&p, SEC);
    for (int i = 0; i < 2; i++, t += PEX_EVERY_US) {
        assert_true(pex_state_next(&p, now, hosts(now, 0, 200), t, &m));
        assert_int_equal(m.added_count, PEX_ADDED_MAX);
    }
    assert_false(pex_state_next(&p, now, hosts(now, 0, 200), t, &m)); /* PEX_TOLD_MAX */
    for (int i = 0; i < 2; i++, t += PEX_EVERY_US) {                  /* all gone, others here */
        assert_true(pex_state_next(&p, now, hosts(now, 300, 500), t, &m));
        assert_int_equal(m.dropped_count, PEX_DROPPED_MAX);
        assert_int_equal(m.added_count, PEX_ADDED_MAX);
    }
    assert_int_equal(p.told_count, PEX_TOLD_MAX);
}

static void one_a_minute_is_taken_and_more_is_passed_over(void **state)
{
    (void)state;
    struct pex_state p;
    uint64_t t = 1000 * SEC;
    pex_state_init(&p, t);
    assert_int_equal(pex_state_heard(&p, t), PEX_TAKE);
    assert_int_equal(pex_state_heard(&p, t), PEX_IGNORE);
    t += PEX_EVERY_US - PEX_GRACE_US;
    assert_int_equal(pex_state_heard(&p, t - 1), PEX_IGNORE);
    assert_int_equal(pex_state_heard(&p, t), PEX_TAKE);
    for (int i = 0; i < 100; i++) /* by the book, for ever */
        assert_int_equal(pex_state_heard(&p, t += PEX_EVERY_US), PEX_TAKE);
}

static void a_flood_is_the_end(void **state)
{
    (void)state;
    struct pex_state p;
    uint64_t t = 1000 * SEC;
    pex_state_init(&p, t);
    assert_int_equal(pex_state_heard(&p, t), PEX_TAKE);
    for (int i = 1; i < PEX_FLOOD; i++)
        assert_int_equal(pex_state_heard(&p, t + (uint64_t)i), PEX_IGNORE);
    assert_int_equal(pex_state_heard(&p, t + PEX_EVERY_US - 1), PEX_END);
}

static struct addr parse(const char *text)
{
    struct addr a;
    assert_int_equal(addr_parse(&a, text, NULL), OK);
    return a;
}

static void a_stranger_names_no_machine_of_ours(void **state)
{
    (void)state;
    static const struct {
        const char *teller, *told;
        bool may;
    } table[] = {
        {"8.8.8.8:1", "9.9.9.9:6881", true},
        {"8.8.8.8:1", "9.9.9.9:0", false},
        {"8.8.8.8:1", "10.0.0.1:6881", false},
        {"8.8.8.8:1", "192.168.1.1:80", false},
        {"8.8.8.8:1", "100.64.0.1:80", false},
        {"8.8.8.8:1", "127.0.0.1:6881", false},
        {"8.8.8.8:1", "169.254.169.254:80", false},
        {"8.8.8.8:1", "224.0.0.1:6881", false},
        {"8.8.8.8:1", "255.255.255.255:6881", false},
        {"8.8.8.8:1", "[::1]:6881", false},
        {"8.8.8.8:1", "[fd00::1]:6881", false},
        {"8.8.8.8:1", "[fe80::1]:6881", false},
        {"8.8.8.8:1", "[ff02::1]:6881", false},
        {"8.8.8.8:1", "[2001:db8::1]:6881", true},
        {"8.8.8.8:1", "[::ffff:127.0.0.1]:6881", false},
        {"10.0.0.1:1", "10.0.0.2:6881", true},
        {"10.0.0.1:1", "192.168.1.1:6881", true},
        {"10.0.0.1:1", "9.9.9.9:6881", true},
        {"10.0.0.1:1", "127.0.0.1:6881", false},
        {"10.0.0.1:1", "169.254.169.254:80", false},
        {"[fe80::2]:1", "[fe80::1]:6881", true},
        {"[fe80::2]:1", "[fd00::1]:6881", false},
        {"127.0.0.1:1", "127.0.0.2:6881", true},
        {"127.0.0.1:1", "[::1]:6881", true},
        {"127.0.0.1:1", "10.0.0.1:6881", false},
        {"127.0.0.1:1", "224.0.0.1:6881", false},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct addr teller = parse(table[i].teller), told = parse(table[i].told);
        if (pex_may_tell(&teller, &told) != table[i].may)
            fail_msg("%s tells %s", table[i].teller, table[i].told);
    }
}

static size_t kept(const char *teller, const char *const *told, size_t n)
{
    struct pex_msg m = {.added_count = n};
    struct addr from = parse(teller);
    for (size_t i = 0; i < n; i++)
        m.added[i].addr = parse(told[i]);
    pex_keep_dialable(&m, &from);
    return m.added_count;
}

static void of_one_ip_only_one_port_is_kept(void **state)
{
    (void)state;
    static const char *const open[] = {"9.9.9.9:1", "9.9.9.9:2", "10.0.0.1:1", "9.9.9.8:2"};
    static const char *const lab[] = {"127.0.0.1:1", "127.0.0.1:2", "127.0.0.1:1"};
    assert_int_equal(kept("8.8.8.8:1", open, 4), 2);
    assert_int_equal(kept("127.0.0.1:9", lab, 3), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tells_the_difference_and_nothing_twice),
        cmocka_unit_test(not_more_than_once_a_minute),
        cmocka_unit_test(who_came_and_went_between_two_is_never_mentioned),
        cmocka_unit_test(fifty_at_once_and_all_in_the_end),
        cmocka_unit_test(one_a_minute_is_taken_and_more_is_passed_over),
        cmocka_unit_test(a_flood_is_the_end),
        cmocka_unit_test(a_stranger_names_no_machine_of_ours),
        cmocka_unit_test(of_one_ip_only_one_port_is_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
