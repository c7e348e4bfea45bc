#include "host/reach/autonat_msg.h"

#include "base/test.h"

static void what_is_said_is_understood(void **state)
{
    struct autonat_msg m = {.addr_count = 2}, back;
    struct buf out = {0};
    (void)state;
    m.addrs[0] = cur_of("one", 3);
    m.addrs[1] = cur_of("other", 5);
    autonat_encode(&m, &out);
    assert_int_equal(autonat_decode(&back, buf_cur(&out), NULL), OK);
    assert_false(back.response);
    assert_int_equal(back.addr_count, 2);
    assert_memory_equal(back.addrs[1].p, "other", 5);
    buf_done(&out);
}

/* dialResponse (3) of status (1) 100. */
static void the_bytes_are_those_of_the_schema(void **state)
{
    static const uint8_t failed[] = {0x08, 0x01, 0x1a, 0x02, 0x08, 0x64};
    struct autonat_msg m = {.response = true, .status = AUTONAT_DIAL_ERROR}, back;
    struct buf out = {0};
    (void)state;
    autonat_encode(&m, &out);
    assert_int_equal(buf_len(&out), sizeof failed);
    assert_memory_equal(buf_bytes(&out), failed, sizeof failed);
    for (size_t n = 3; n < sizeof failed; n++)
        assert_int_equal(autonat_decode(&back, cur_of(failed, n), NULL), ERR_INVALID);
    buf_done(&out);
}

static void a_bad_peer_and_another_type_are_refused(void **state)
{
    static const uint8_t peer[] = {0x12, 0x05, 0x0a, 0x03, 0x0a, 0x01, 0xff};
    static const uint8_t type[] = {0x08, 0x02};
    struct autonat_msg m;
    (void)state;
    assert_int_equal(autonat_decode(&m, cur_of(peer, sizeof peer), NULL), ERR_INVALID);
    assert_int_equal(autonat_decode(&m, cur_of(type, sizeof type), NULL), ERR_INVALID);
}

static void addresses_past_the_limit_are_passed_over(void **state)
{
    struct buf out = {0};
    struct autonat_msg m;
    (void)state;
    buf_put(&out, "\x12\x35\x0a\x33", 4); /* dial, peer */
    for (unsigned i = 0; i < AUTONAT_ADDRS_MAX + 1; i++)
        buf_put(&out, "\x12\x01\x61", 3);
    assert_int_equal(autonat_decode(&m, buf_cur(&out), NULL), OK);
    assert_int_equal(m.addr_count, AUTONAT_ADDRS_MAX);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_understood),
        cmocka_unit_test(the_bytes_are_those_of_the_schema),
        cmocka_unit_test(a_bad_peer_and_another_type_are_refused),
        cmocka_unit_test(addresses_past_the_limit_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
