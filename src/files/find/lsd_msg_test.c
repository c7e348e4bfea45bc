#include "files/find/lsd_msg.h"

#include "base/test.h"

#include <stdio.h>
#include <string.h>

#define HASH "0123456789abcdef0123456789abcdef01234567"
#define HEAD "BT-SEARCH * HTTP/1.1\r\nHost: 239.192.152.143:6771\r\n"

static const uint8_t hash[SHA1_LEN] = {0x01, 0x23, 0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23,
                                       0x45, 0x67, 0x89, 0xab, 0xcd, 0xef, 0x01, 0x23, 0x45, 0x67};

static enum err read_text(const char *text, struct lsd_msg *m)
{
    struct why why = {0};
    return lsd_read(cur_of(text, strlen(text)), m, &why);
}

static void what_bep_14_shows_is_written(void **state)
{
    (void)state;
    struct buf b = {0};
    lsd_put(&b, "239.192.152.143:6771", 6881, hash, "5ac3");
    static const char expected[] =
        HEAD "Port: 6881\r\nInfohash: " HASH "\r\ncookie: 5ac3\r\n\r\n\r\n";
    assert_int_equal(buf_len(&b), sizeof expected - 1);
    assert_memory_equal(buf_bytes(&b), expected, sizeof expected - 1);
    buf_done(&b);
}

static void what_is_written_is_read_and_every_cut_of_it_is_refused(void **state)
{
    (void)state;
    struct buf b = {0};
    struct lsd_msg m;
    struct why why;
    lsd_put(&b, "[ff15::efc0:988f]:6771", 51413, hash, "5ac3");
    assert_int_equal(lsd_read(buf_cur(&b), &m, &why), OK);
    assert_int_equal(m.port, 51413);
    assert_int_equal(m.hash_count, 1);
    assert_memory_equal(m.hashes[0], hash, SHA1_LEN);
    assert_string_equal(m.cookie, "5ac3");
    /* The second empty line at the end is for others. */
    for (size_t n = 0; n < buf_len(&b) - 2; n++)
        assert_int_equal(lsd_read(cur_of(buf_bytes(&b), n), &m, &why), ERR_INVALID);
    buf_done(&b);
}

static void names_are_read_in_any_case_and_unknown_ones_passed_over(void **state)
{
    (void)state;
    struct lsd_msg m;
    assert_int_equal(read_text("BT-SEARCH * HTTP/1.0\nPORT:6881\nX-Thing: 7\nColonless\n"
                               "infohash:\t" HASH " \n\n",
                               &m),
                     OK);
    assert_int_equal(m.port, 6881);
    assert_memory_equal(m.hashes[0], hash, SHA1_LEN);
    assert_string_equal(m.cookie, "");
}

static void several_infohashes_are_taken_up_to_the_limit(void **state)
{
    (void)state;
    struct lsd_msg m;
    struct buf b = {0};
    buf_str(&b, HEAD "Port: 1\r\n");
    for (int i = 0; i < LSD_HASHES_MAX + 1; i++)
        buf_str(&b, "Infohash: " HASH "\r\n");
    buf_str(&b, "\r\n");
    assert_true(buf_len(&b) <= LSD_MSG_MAX);
    struct why why;
    assert_int_equal(lsd_read(buf_cur(&b), &m, &why), OK);
    assert_int_equal(m.hash_count, LSD_HASHES_MAX);
    buf_done(&b);
}

static void a_port_that_is_none_and_a_message_without_infohash_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        HEAD "Port: 0\r\nInfohash: " HASH "\r\n\r\n",
        HEAD "Port: 65536\r\nInfohash: " HASH "\r\n\r\n",
        HEAD "Port: 000001\r\nInfohash: " HASH "\r\n\r\n",
        HEAD "Port: -1\r\nInfohash: " HASH "\r\n\r\n",
        HEAD "Port:\r\nInfohash: " HASH "\r\n\r\n",
        HEAD "Infohash: " HASH "\r\n\r\n",
        HEAD "Port: 6881\r\n\r\n",
        HEAD "Port: 6881\r\nInfohash: " HASH "0\r\n\r\n",
        HEAD "Port: 6881\r\nInfohash: g123456789abcdef0123456789abcdef01234567\r\n\r\n",
        "M-SEARCH * HTTP/1.1\r\nPort: 6881\r\nInfohash: " HASH "\r\n\r\n",
        "BT-SEARCH * HTTP/2.0\r\nPort: 6881\r\nInfohash: " HASH "\r\n\r\n",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct lsd_msg m;
        assert_int_equal(read_text(bad[i], &m), ERR_INVALID);
    }
}

static void a_cookie_that_is_too_long_is_not_kept(void **state)
{
    (void)state;
    struct lsd_msg m;
    char text[400], cookie[LSD_COOKIE_MAX + 2];
    memset(cookie, 'c', sizeof cookie);
    for (size_t n = LSD_COOKIE_MAX; n <= LSD_COOKIE_MAX + 1; n++) {
        cookie[n] = '\0';
        snprintf(text, sizeof text, HEAD "Port: 1\r\nInfohash: " HASH "\r\ncookie: %s\r\n\r\n",
                 cookie);
        cookie[n] = 'c';
        assert_int_equal(read_text(text, &m), OK);
        assert_int_equal(strlen(m.cookie), n == LSD_COOKIE_MAX ? n : 0);
    }
}

static void one_byte_too_many_is_too_many(void **state)
{
    (void)state;
    struct lsd_msg m;
    struct why why;
    char text[LSD_MSG_MAX + 2];
    int at = snprintf(text, sizeof text, HEAD "Port: 1\r\nInfohash: " HASH "\r\nX: ");
    memset(text + at, 'x', sizeof text - (size_t)at);
    memcpy(text + LSD_MSG_MAX - 4, "\r\n\r\n", 4);
    assert_int_equal(lsd_read(cur_of(text, LSD_MSG_MAX), &m, &why), OK);
    assert_int_equal(lsd_read(cur_of(text, LSD_MSG_MAX + 1), &m, &why), ERR_LIMIT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_bep_14_shows_is_written),
        cmocka_unit_test(what_is_written_is_read_and_every_cut_of_it_is_refused),
        cmocka_unit_test(names_are_read_in_any_case_and_unknown_ones_passed_over),
        cmocka_unit_test(several_infohashes_are_taken_up_to_the_limit),
        cmocka_unit_test(a_port_that_is_none_and_a_message_without_infohash_are_refused),
        cmocka_unit_test(a_cookie_that_is_too_long_is_not_kept),
        cmocka_unit_test(one_byte_too_many_is_too_many),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
