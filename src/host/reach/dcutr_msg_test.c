#include "host/reach/dcutr_msg.h"

#include "base/test.h"

static void what_is_said_is_understood(void **state)
{
    static const uint8_t bytes[] = {0x08, 0x64, 0x12, 0x01, 'a', 0x12, 0x02, 'b', 'c'};
    struct dcutr_msg m = {.type = DCUTR_CONNECT, .addr_count = 2}, back;
    struct buf out = {0};
    (void)state;
    m.addrs[0] = cur_of("a", 1);
    m.addrs[1] = cur_of("bc", 2);
    dcutr_encode(&m, &out);
    assert_int_equal(buf_len(&out), sizeof bytes);
    assert_memory_equal(buf_bytes(&out), bytes, sizeof bytes);
    assert_int_equal(dcutr_decode(&back, buf_cur(&out), NULL), OK);
    assert_int_equal(back.type, DCUTR_CONNECT);
    assert_int_equal(back.addr_count, 2);
    buf_done(&out);
}

static void other_types_and_none_are_refused(void **state)
{
    static const uint8_t other[] = {0x08, 0x65}, sync[] = {0x08, 0xac, 0x02};
    struct dcutr_msg m;
    (void)state;
    assert_int_equal(dcutr_decode(&m, cur_of(other, 2), NULL), ERR_INVALID);
    assert_int_equal(dcutr_decode(&m, cur_of(NULL, 0), NULL), ERR_INVALID);
    assert_int_equal(dcutr_decode(&m, cur_of(sync, 3), NULL), OK);
    for (size_t n = 0; n < sizeof sync; n++)
        assert_int_equal(dcutr_decode(&m, cur_of(sync, n), NULL), ERR_INVALID);
}

static void addresses_past_the_limit_are_passed_over(void **state)
{
    struct buf out = {0};
    struct dcutr_msg m;
    (void)state;
    buf_put(&out, "\x08\x64", 2);
    for (unsigned i = 0; i < DCUTR_ADDRS_MAX + 1; i++)
        buf_put(&out, "\x12\x01\x61", 3);
    assert_int_equal(dcutr_decode(&m, buf_cur(&out), NULL), OK);
    assert_int_equal(m.addr_count, DCUTR_ADDRS_MAX);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_understood),
        cmocka_unit_test(other_types_and_none_are_refused),
        cmocka_unit_test(addresses_past_the_limit_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
