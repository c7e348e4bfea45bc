#include "host/mux/yamux_msg.h"

#include "base/test.h"

static const uint8_t syn[] = {0, 1, 0, 1, 0, 0, 0, 1, 0, 4, 0, 0};

static void a_syn_with_credit_is_read_and_written(void **state)
{
    (void)state;
    struct cur c = cur_of(syn, sizeof syn);
    struct yamux_frame f;
    uint8_t again[YAMUX_HEADER_LEN];
    assert_int_equal(yamux_read(&c, &f, NULL), OK);
    assert_int_equal(f.type, YAMUX_WINDOW_UPDATE);
    assert_int_equal(f.flags, YAMUX_SYN);
    assert_int_equal(f.stream, 1);
    assert_int_equal(f.length, 256 << 10);
    assert_true(cur_done(&c));
    yamux_write(again, &f);
    assert_memory_equal(again, syn, sizeof syn);
}

static void every_field_has_its_place(void **state)
{
    (void)state;
    const struct yamux_frame f = {YAMUX_DATA, 0x0102, 0x03040506, 0x0708090a};
    uint8_t out[YAMUX_HEADER_LEN];
    yamux_write(out, &f);
    assert_memory_equal(out, "\0\0\1\2\3\4\5\6\7\x8\x9\xa", sizeof out);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    for (size_t n = 0; n < sizeof syn; n++) {
        struct cur c = cur_of(syn, n);
        struct yamux_frame f;
        assert_int_equal(yamux_read(&c, &f, NULL), ERR_INVALID);
    }
}

static enum err with(uint8_t version, uint8_t type, uint8_t stream)
{
    uint8_t bytes[YAMUX_HEADER_LEN] = {version, type, 0, 0, 0, 0, 0, stream};
    struct cur c = cur_of(bytes, sizeof bytes);
    struct yamux_frame f;
    return yamux_read(&c, &f, NULL);
}

static void other_versions_types_and_the_wrong_zero_are_refused(void **state)
{
    (void)state;
    assert_int_equal(with(0, YAMUX_DATA, 1), OK);
    assert_int_equal(with(1, YAMUX_DATA, 1), ERR_INVALID);
    assert_int_equal(with(0, 4, 1), ERR_INVALID);
    assert_int_equal(with(0, YAMUX_DATA, 0), ERR_INVALID);
    assert_int_equal(with(0, YAMUX_WINDOW_UPDATE, 0), ERR_INVALID);
    assert_int_equal(with(0, YAMUX_PING, 1), ERR_INVALID);
    assert_int_equal(with(0, YAMUX_GO_AWAY, 1), ERR_INVALID);
    assert_int_equal(with(0, YAMUX_PING, 0), OK);
    assert_int_equal(with(0, YAMUX_GO_AWAY, 0), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_syn_with_credit_is_read_and_written),
        cmocka_unit_test(every_field_has_its_place),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(other_versions_types_and_the_wrong_zero_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
