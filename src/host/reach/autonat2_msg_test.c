#include "host/reach/autonat2_msg.h"

#include "base/test.h"

/* As the specification's .proto says, by hand: two addresses and a nonce. */
static const uint8_t ask[] = {0x0a, 0x11, 0x0a, 0x03, 4,    1,    2,    0x0a, 0x01, 7,
                              0x11, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01};
static const uint8_t answer[] = {0x12, 0x08, 0x08, 0xc8, 0x01, 0x10, 0x01, 0x18, 0xc8, 0x01};
static const uint8_t want[] = {0x1a, 0x06, 0x08, 0x01, 0x10, 0xb0, 0xea, 0x01};
static const uint8_t data[] = {0x22, 0x04, 0x0a, 0x02, 0, 0};

static void comes_back(struct cur bytes, struct autonat2_msg *m)
{
    struct buf out = {0};
    assert_int_equal(autonat2_decode(m, bytes, NULL), OK);
    autonat2_encode(m, &out);
    assert_int_equal(buf_len(&out), bytes.n);
    assert_memory_equal(buf_bytes(&out), bytes.p, bytes.n);
    buf_done(&out);
}

static void each_kind_is_read_and_written_as_the_specification_says(void **state)
{
    struct autonat2_msg m;
    (void)state;
    comes_back(cur_of(ask, sizeof ask), &m);
    assert_int_equal(m.kind, AUTONAT2_ASK);
    assert_int_equal(m.addr_count, 2);
    assert_int_equal(m.addrs[0].n, 3);
    assert_true(m.nonce == UINT64_C(0x0123456789abcdef));
    comes_back(cur_of(answer, sizeof answer), &m);
    assert_int_equal(m.kind, AUTONAT2_ANSWER);
    assert_int_equal(m.status, AUTONAT2_OK);
    assert_int_equal(m.index, 1);
    assert_int_equal(m.dialled, AUTONAT2_REACHED);
    comes_back(cur_of(want, sizeof want), &m);
    assert_int_equal(m.kind, AUTONAT2_ASK_DATA);
    assert_int_equal(m.index, 1);
    assert_int_equal(m.wanted_bytes, 30000);
    comes_back(cur_of(data, sizeof data), &m);
    assert_int_equal(m.kind, AUTONAT2_DATA);
    assert_int_equal(m.data.n, 2);
}

static void cut_short_is_refused(void **state)
{
    const struct cur all[] = {cur_of(ask, sizeof ask), cur_of(answer, sizeof answer),
                              cur_of(want, sizeof want), cur_of(data, sizeof data)};
    struct autonat2_msg m;
    struct why why;
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        for (size_t n = 0; n < all[i].n; n++)
            assert_int_equal(autonat2_decode(&m, cur_of(all[i].p, n), &why), ERR_INVALID);
}

static void of_several_the_last_counts_and_nothing_is_left_of_the_first(void **state)
{
    struct autonat2_msg m;
    struct buf two = {0};
    (void)state;
    buf_put(&two, ask, sizeof ask);
    buf_put(&two, answer, sizeof answer);
    assert_int_equal(autonat2_decode(&m, buf_cur(&two), NULL), OK);
    assert_int_equal(m.kind, AUTONAT2_ANSWER);
    assert_int_equal(m.addr_count, 0);
    buf_done(&two);
}

static void addresses_past_the_limit_are_passed_over(void **state)
{
    struct autonat2_msg m = {.kind = AUTONAT2_ASK, .addr_count = AUTONAT2_ADDRS_MAX}, out;
    struct buf one = {0}, in = {0};
    (void)state;
    for (size_t i = 0; i < AUTONAT2_ADDRS_MAX; i++)
        m.addrs[i] = cur_of("a", 1);
    autonat2_encode(&m, &one);
    assert_int_equal(autonat2_decode(&out, buf_cur(&one), NULL), OK);
    assert_int_equal(out.addr_count, AUTONAT2_ADDRS_MAX);
    buf_clear(&one);
    for (size_t i = 0; i < AUTONAT2_ADDRS_MAX + 1; i++)
        buf_put(&in, "\x0a\x01z", 3);
    buf_put(&one, "\x0a\x99\x01", 3); /* 51 times 3 bytes */
    buf_put(&one, buf_bytes(&in), buf_len(&in));
    assert_int_equal(autonat2_decode(&out, buf_cur(&one), NULL), OK);
    assert_int_equal(out.addr_count, AUTONAT2_ADDRS_MAX);
    buf_done(&one);
    buf_done(&in);
}

static void more_data_than_fits_in_one_is_refused(void **state)
{
    static const uint8_t zeros[AUTONAT2_CHUNK_MAX + 1];
    struct autonat2_msg m = {.kind = AUTONAT2_DATA, .data = {zeros, AUTONAT2_CHUNK_MAX, false}},
                        out;
    struct buf one = {0};
    (void)state;
    autonat2_encode(&m, &one);
    assert_true(buf_len(&one) <= AUTONAT2_MESSAGE_MAX);
    assert_int_equal(autonat2_decode(&out, buf_cur(&one), NULL), OK);
    m.data.n++;
    buf_clear(&one);
    autonat2_encode(&m, &one);
    assert_int_equal(autonat2_decode(&out, buf_cur(&one), NULL), ERR_INVALID);
    buf_done(&one);
}

static void nonces_come_back(void **state)
{
    static const uint8_t wire[] = {0x09, 1, 0, 0, 0, 0, 0, 0, 0x80};
    struct buf out = {0};
    uint64_t nonce;
    (void)state;
    autonat2_back_encode(UINT64_C(0x8000000000000001), &out);
    assert_int_equal(buf_len(&out), sizeof wire);
    assert_memory_equal(buf_bytes(&out), wire, sizeof wire);
    assert_int_equal(autonat2_back_decode(&nonce, buf_cur(&out), NULL), OK);
    assert_true(nonce == UINT64_C(0x8000000000000001));
    assert_int_equal(autonat2_back_decode(&nonce, cur_of(wire, 8), NULL), ERR_INVALID);
    assert_int_equal(autonat2_heard_decode(cur_of(NULL, 0), NULL), OK); /* js writes no zeros */
    assert_int_equal(autonat2_heard_decode(cur_of("\x08\x01", 2), NULL), ERR_INVALID);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_kind_is_read_and_written_as_the_specification_says),
        cmocka_unit_test(cut_short_is_refused),
        cmocka_unit_test(of_several_the_last_counts_and_nothing_is_left_of_the_first),
        cmocka_unit_test(addresses_past_the_limit_are_passed_over),
        cmocka_unit_test(more_data_than_fits_in_one_is_refused),
        cmocka_unit_test(nonces_come_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
