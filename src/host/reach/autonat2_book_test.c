#include "host/reach/autonat2_book.h"

#include "base/test.h"

static struct multiaddr at(uint8_t i)
{
    struct multiaddr m;
    struct addr a = addr_v4(198, 51, 100, i, 4001);
    multiaddr_of_addr(&m, &a, REACH_TCP);
    return m;
}

static struct addr net(unsigned i)
{
    return addr_v4((uint8_t)(i + 1), 1, 2, 3, 4001);
}

static struct autonat2_book book_of(size_t n, uint64_t now_us)
{
    struct autonat2_book b = {0};
    struct multiaddr all[8];
    for (size_t i = 0; i < n; i++)
        all[i] = at((uint8_t)i);
    autonat2_book_set(&b, all, n, now_us);
    return b;
}

/* Networks from..to say this of the address. */
static void say(struct autonat2_book *b, uint8_t of, unsigned from, unsigned to,
                enum autonat2_said said, uint64_t now_us)
{
    struct multiaddr a = at(of);
    for (unsigned i = from; i < to; i++) {
        struct addr by = net(i);
        autonat2_book_say(b, &a, &by, said, now_us);
    }
}

static void three_networks_make_a_verdict_of_one_address(void **state)
{
    struct autonat2_book b = book_of(2, 1);
    (void)state;
    say(&b, 0, 0, 2, AUTONAT2_SAID_YES, 2);
    assert_int_equal(autonat2_verdict_of(&b.all[0], 3, 2), VERDICT_UNKNOWN);
    say(&b, 0, 2, 3, AUTONAT2_SAID_YES, 2);
    say(&b, 1, 0, 3, AUTONAT2_SAID_NO, 2);
    assert_int_equal(autonat2_verdict_of(&b.all[0], 3, 2), VERDICT_PUBLIC);
    assert_int_equal(autonat2_verdict_of(&b.all[1], 3, 2), VERDICT_PRIVATE);
    assert_int_equal(autonat2_verdict_all(&b, 3, 2), VERDICT_PUBLIC);
    assert_int_equal(autonat2_verdict_of(&b.all[0], 3, AUTONAT_VOTE_US + 2), VERDICT_UNKNOWN);
}

static void neighbours_have_one_voice(void **state)
{
    struct autonat2_book b = book_of(1, 1);
    struct multiaddr a = at(0);
    (void)state;
    for (uint8_t i = 0; i < 10; i++) {
        struct addr by = addr_v4(9, 9, i, i, 1);
        autonat2_book_say(&b, &a, &by, AUTONAT2_SAID_YES, 2);
    }
    assert_int_equal(autonat2_verdict_of(&b.all[0], 2, 2), VERDICT_UNKNOWN);
    assert_int_equal(autonat2_verdict_of(&b.all[0], 1, 2), VERDICT_PUBLIC);
}

static void the_node_is_private_only_once_all_addresses_were_asked_about(void **state)
{
    struct autonat2_book b = book_of(2, 1);
    (void)state;
    say(&b, 0, 0, 3, AUTONAT2_SAID_NO, 2);
    assert_int_equal(autonat2_verdict_all(&b, 3, 2), VERDICT_UNKNOWN);
    assert_int_equal(autonat2_verdict_all(&b, 3, AUTONAT2_WAIT_US + 1), VERDICT_PRIVATE);
    say(&b, 1, 0, 1, AUTONAT2_SAID_NOTHING, 3);
    assert_int_equal(autonat2_verdict_all(&b, 3, 3), VERDICT_PRIVATE);
}

static void a_new_list_keeps_what_was_said_of_those_that_stay(void **state)
{
    struct autonat2_book b = book_of(2, 1);
    struct multiaddr now[] = {at(7), at(1), at(1)};
    (void)state;
    say(&b, 1, 0, 3, AUTONAT2_SAID_YES, 2);
    autonat2_book_set(&b, now, 3, 3);
    assert_int_equal(b.count, 2);
    assert_int_equal(autonat2_verdict_of(&b.all[1], 3, 3), VERDICT_PUBLIC);
    say(&b, 0, 0, 3, AUTONAT2_SAID_YES, 3); /* gone */
    assert_int_equal(autonat2_verdict_of(&b.all[0], 3, 3), VERDICT_UNKNOWN);
}

static void each_network_is_asked_once_and_then_the_next_address(void **state)
{
    struct autonat2_book b = book_of(2, 1);
    struct addr who[] = {net(0), net(1), net(2), net(3)};
    size_t entry, asked;
    uint64_t now = 1;
    (void)state;
    for (unsigned i = 0; i < 6; i++) {
        assert_true(autonat2_book_next(&b, who, 3, 3, now, &entry, &asked));
        assert_int_equal(entry, i % 2);
        assert_int_equal(asked, i / 2);
        autonat2_book_say(&b, &b.all[entry].addr, &who[asked], AUTONAT2_SAID_YES, now);
        now += AUTONAT2_PAUSE_US;
    }
    assert_false(autonat2_book_next(&b, who, 4, 3, now, &entry, &asked));
    now += AUTONAT_AGAIN_US;
    assert_true(autonat2_book_next(&b, who, 3, 3, now, &entry, &asked));
}

static void one_that_contradicts_is_followed_up_soon(void **state)
{
    struct autonat2_book b = book_of(1, 1);
    struct addr who[] = {net(0), net(1), net(2), net(3), net(4)};
    size_t entry, asked;
    (void)state;
    say(&b, 0, 0, 3, AUTONAT2_SAID_YES, 2);
    assert_false(autonat2_book_next(&b, who, 5, 3, 2 + AUTONAT2_PAUSE_US, &entry, &asked));
    say(&b, 0, 3, 4, AUTONAT2_SAID_NO, 3);
    assert_true(autonat2_book_next(&b, who, 5, 3, 3 + AUTONAT2_PAUSE_US, &entry, &asked));
    assert_int_equal(asked, 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(three_networks_make_a_verdict_of_one_address),
        cmocka_unit_test(neighbours_have_one_voice),
        cmocka_unit_test(the_node_is_private_only_once_all_addresses_were_asked_about),
        cmocka_unit_test(a_new_list_keeps_what_was_said_of_those_that_stay),
        cmocka_unit_test(each_network_is_asked_once_and_then_the_next_address),
        cmocka_unit_test(one_that_contradicts_is_followed_up_soon),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
