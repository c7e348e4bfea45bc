#include "files/peer/hole_msg.h"

#include "base/test.h"

/* BEP 55: type, family, address, port, error; all big-endian. */
static const uint8_t rendezvous[] = {0, 0, 45, 1, 2, 3, 0x1a, 0xe1, 0, 0, 0, 0};
static const uint8_t failure[] = {2, 0, 45, 1, 2, 3, 0x1a, 0xe1, 0, 0, 0, 2};

static void a_message_is_read_and_written_the_same(void **state)
{
    (void)state;
    struct hole_msg m;
    struct buf b = {0};
    struct addr want = addr_v4(45, 1, 2, 3, 6881);
    assert_int_equal(hole_read(cur_of(rendezvous, sizeof rendezvous), &m, NULL), OK);
    assert_int_equal(m.type, HOLE_RENDEZVOUS);
    assert_true(addr_equal(&m.addr, &want));
    hole_put(&b, &m);
    assert_int_equal(buf_len(&b), sizeof rendezvous);
    assert_memory_equal(buf_bytes(&b), rendezvous, sizeof rendezvous);
    buf_clear(&b);
    assert_int_equal(hole_read(cur_of(failure, sizeof failure), &m, NULL), OK);
    assert_int_equal(m.error, HOLE_NOT_CONNECTED);
    hole_put(&b, &m);
    assert_memory_equal(buf_bytes(&b), failure, sizeof failure);
    buf_done(&b);
}

static void ipv6_has_sixteen_bytes(void **state)
{
    (void)state;
    struct hole_msg m = {.type = HOLE_CONNECT}, again;
    struct buf b = {0};
    assert_int_equal(addr_parse(&m.addr, "[2001:db8::7]:51413", NULL), OK);
    hole_put(&b, &m);
    assert_int_equal(buf_len(&b), 24);
    assert_int_equal(hole_read(buf_cur(&b), &again, NULL), OK);
    assert_true(addr_equal(&m.addr, &again.addr));
    buf_done(&b);
}

/* libtorrent writes an error only where there is one. */
static void the_error_may_be_missing_where_there_is_none(void **state)
{
    (void)state;
    struct hole_msg m;
    assert_int_equal(hole_read(cur_of(rendezvous, sizeof rendezvous - 4), &m, NULL), OK);
    assert_int_equal(hole_read(cur_of(failure, sizeof failure - 4), &m, NULL), ERR_INVALID);
}

static void every_other_truncation_and_type_is_refused(void **state)
{
    (void)state;
    struct hole_msg m;
    struct why why;
    for (size_t n = 0; n < sizeof failure; n++)
        assert_int_equal(hole_read(cur_of(failure, n), &m, &why), ERR_INVALID);
    for (size_t n = 0; n < sizeof rendezvous; n++)
        assert_int_equal(hole_read(cur_of(rendezvous, n), &m, &why) == OK,
                         n == sizeof rendezvous - 4);
    uint8_t bytes[sizeof failure + 1] = {0};
    memcpy(bytes, failure, sizeof failure);
    assert_int_equal(hole_read(cur_of(bytes, sizeof bytes), &m, &why), ERR_INVALID);
    bytes[0] = 3;
    assert_int_equal(hole_read(cur_of(bytes, sizeof failure), &m, &why), ERR_INVALID);
    bytes[0] = 2;
    bytes[1] = 2;
    assert_int_equal(hole_read(cur_of(bytes, sizeof failure), &m, &why), ERR_INVALID);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_message_is_read_and_written_the_same),
        cmocka_unit_test(ipv6_has_sixteen_bytes),
        cmocka_unit_test(the_error_may_be_missing_where_there_is_none),
        cmocka_unit_test(every_other_truncation_and_type_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
