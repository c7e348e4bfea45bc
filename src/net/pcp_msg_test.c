#include "net/pcp_msg.h"

#include "base/test.h"

static const struct pcp_map asked = {.nonce = "abcdefghijkl",
                                     .protocol = PCP_UDP,
                                     .lifetime_s = 3600,
                                     .client = {.ip = {192, 168, 1, 7}, .family = ADDR_V4},
                                     .port = 6881,
                                     .external = {.port = 6881}};

/* RFC 6887 figures 2, 3 (head) and 9, 10 (MAP). */
#define CLIENT "\0\0\0\0\0\0\0\0\0\0\xff\xff\xc0\xa8\x01\x07"
#define GIVEN "\0\0\0\0\0\0\0\0\0\0\xff\xff\xcb\x00\x71\x05"
#define REQUEST                                                                                    \
    "\2\1\0\0\0\0\x0e\x10" CLIENT "abcdefghijkl\x11\0\0\0\x1a\xe1\x1a\xe1"                         \
    "\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define HEAD(result) "\2\x81\0" result "\0\0\x07\x08\0\0\0\x64\0\0\0\0\0\0\0\0\0\0\0\0"
#define BODY "abcdefghijkl\x11\0\0\0\x1a\xe1\x22\xb8" GIVEN

static void a_request_is_that_of_the_rfc(void **state)
{
    (void)state;
    struct buf b = {0};
    pcp_put_map(&b, &asked);
    assert_int_equal(buf_len(&b), sizeof REQUEST - 1);
    assert_memory_equal(buf_bytes(&b), REQUEST, sizeof REQUEST - 1);
    buf_done(&b);
}

static enum err read_bytes(const void *bytes, size_t n, struct pcp_map *out)
{
    struct why why = {0};
    enum err err = pcp_read_map(cur_of(bytes, n), &asked, out, &why);
    assert_int_equal(err == OK, why.text[0] == '\0');
    return err;
}

static void an_answer_says_what_was_given_and_each_cut_of_it_nothing(void **state)
{
    (void)state;
    static const char answer[] = HEAD("\0") BODY;
    struct pcp_map out;
    assert_int_equal(read_bytes(answer, sizeof answer - 1, &out), OK);
    assert_int_equal(out.lifetime_s, 1800);
    struct addr given = addr_v4(203, 0, 113, 5, 8888);
    assert_true(addr_equal(&out.external, &given));
    for (size_t n = 0; n < sizeof answer - 1; n++)
        assert_int_equal(read_bytes(answer, n, &out), ERR_NOT_FOUND);
    char big[PCP_PACKET_MAX + 1] = HEAD("\0") BODY; /* options are passed over */
    assert_int_equal(read_bytes(big, PCP_PACKET_MAX, &out), OK);
    assert_int_equal(read_bytes(big, PCP_PACKET_MAX + 1, &out), ERR_NOT_FOUND);
}

static void refusals_have_words_and_old_routers_are_known(void **state)
{
    (void)state;
    struct pcp_map out;
    static const char no[] = HEAD("\2") BODY, odd[] = HEAD("\xee"), old[] = HEAD("\1");
    assert_int_equal(read_bytes(no, sizeof no - 1, &out), ERR_DENIED);
    assert_int_equal(read_bytes(odd, sizeof odd - 1, &out), ERR_DENIED);
    assert_int_equal(read_bytes(old, sizeof old - 1, &out), ERR_STATE);
    assert_int_equal(read_bytes("\0\x80\0\1\0\0\0\x64", 8, &out), ERR_STATE); /* NAT-PMP's */
}

static void an_answer_to_another_is_passed_over(void **state)
{
    (void)state;
    struct pcp_map out;
    static const char *const others[] = {
        HEAD("\0") "xbcdefghijkl\x11\0\0\0\x1a\xe1\x22\xb8" GIVEN,
        HEAD("\0") "abcdefghijkl\x06\0\0\0\x1a\xe1\x22\xb8" GIVEN,
        HEAD("\0") "abcdefghijkl\x11\0\0\0\x1a\xe2\x22\xb8" GIVEN,
        REQUEST,
    };
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++)
        assert_int_equal(read_bytes(others[i], 60, &out), ERR_NOT_FOUND);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_request_is_that_of_the_rfc),
        cmocka_unit_test(an_answer_says_what_was_given_and_each_cut_of_it_nothing),
        cmocka_unit_test(refusals_have_words_and_old_routers_are_known),
        cmocka_unit_test(an_answer_to_another_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
