#include "tunnel/dgram_msg.h"

#include "base/test.h"

#include <string.h>

static void datagrams_are_read_as_they_were_written(void **state)
{
    (void)state;
    static const uint8_t many[DGRAM_MAX] = {1, 2, 3};
    const size_t lens[] = {3, 0, DGRAM_MAX, 1};
    struct buf b = {0};
    for (size_t i = 0; i < 4; i++)
        dgram_put(&b, many, lens[i]);
    assert_memory_equal(buf_bytes(&b), "\0\3\1\2\3\0\0\xff\xe3", 9);
    struct cur in = buf_cur(&b), one;
    for (size_t i = 0; i < 4; i++) {
        assert_true(dgram_next(&in, &one));
        assert_int_equal(one.n, lens[i]);
        assert_true(one.n == 0 || memcmp(one.p, many, one.n) == 0);
    }
    assert_false(dgram_next(&in, &one));
    assert_int_equal(in.n, 0);
    buf_done(&b);
}

static void one_that_is_not_all_there_waits(void **state)
{
    (void)state;
    static const uint8_t wire[] = {0, 5, 'h', 'e', 'l', 'l', 'o'};
    for (size_t n = 0; n < sizeof wire; n++) {
        struct cur in = cur_of(wire, n), one;
        assert_false(dgram_next(&in, &one));
        assert_int_equal(in.n, n);
        assert_false(in.bad);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(datagrams_are_read_as_they_were_written),
        cmocka_unit_test(one_that_is_not_all_there_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
