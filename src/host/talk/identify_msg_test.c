#include "host/talk/identify_msg.h"

#include "base/pb.h"
#include "base/test.h"

#include <string.h>

static void put_some(struct buf *b)
{
    pb_put_bytes(b, 1, "key", 3);
    pb_put_bytes(b, 2, "\x04\x7f\x00\x00\x01", 5);
    pb_put_str(b, 3, "/ipfs/ping/1.0.0");
    pb_put_str(b, 3, "/ipfs/id/1.0.0");
    pb_put_str(b, 5, "ipfs/0.1.0");
    pb_put_str(b, 6, "js-libp2p/3.3.11");
    pb_put_uint(b, 77, 5); /* of later versions */
}

static void what_is_said_is_read(void **state)
{
    (void)state;
    struct buf b = {0};
    struct identify id;
    put_some(&b);
    assert_int_equal(identify_decode(&id, buf_cur(&b), NULL), OK);
    assert_int_equal(id.protocol_count, 2);
    assert_int_equal(id.addr_count, 1);
    assert_memory_equal(id.protocols[1].p, "/ipfs/id/1.0.0", 14);
    assert_int_equal(id.agent.n, strlen("js-libp2p/3.3.11"));
    buf_done(&b);
}

static void parts_behind_each_other_are_one(void **state)
{
    (void)state;
    struct buf b = {0};
    struct identify id;
    put_some(&b);
    pb_put_str(&b, 3, "/a/third");
    pb_put_str(&b, 6, "another/1");
    assert_int_equal(identify_decode(&id, buf_cur(&b), NULL), OK);
    assert_int_equal(id.protocol_count, 3);
    assert_memory_equal(id.agent.p, "another/1", 9);
    buf_done(&b);
}

static void every_truncation_is_refused_or_read_as_less(void **state)
{
    (void)state;
    struct buf b = {0};
    struct identify id;
    unsigned whole = 0;
    put_some(&b);
    for (size_t n = 0; n < buf_len(&b); n++)
        whole += identify_decode(&id, cur_of(buf_bytes(&b), n), NULL) == OK;
    assert_int_equal(whole, 7); /* between two fields, and nothing at all */
    buf_done(&b);
}

static void more_than_the_limits_are_passed_over(void **state)
{
    (void)state;
    struct buf b = {0};
    struct identify id;
    char word[IDENTIFY_WORD_MAX + 2];
    memset(word, 'x', sizeof word);
    for (unsigned i = 0; i < 1800; i++) { /* the flood of go-libp2p's 0.49 */
        pb_put_str(&b, 3, "/a");
        pb_put_bytes(&b, 2, "a", 1);
    }
    assert_int_equal(identify_decode(&id, buf_cur(&b), NULL), OK);
    assert_int_equal(id.protocol_count, IDENTIFY_PROTOCOLS_MAX);
    assert_int_equal(id.addr_count, IDENTIFY_ADDRS_MAX);
    buf_clear(&b);
    pb_put_bytes(&b, 3, word, IDENTIFY_WORD_MAX);
    pb_put_bytes(&b, 3, word, IDENTIFY_WORD_MAX + 1);
    pb_put_bytes(&b, 3, "a\0b", 3);
    assert_int_equal(identify_decode(&id, buf_cur(&b), NULL), OK);
    assert_int_equal(id.protocol_count, 1);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_is_read),
        cmocka_unit_test(parts_behind_each_other_are_one),
        cmocka_unit_test(every_truncation_is_refused_or_read_as_less),
        cmocka_unit_test(more_than_the_limits_are_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
