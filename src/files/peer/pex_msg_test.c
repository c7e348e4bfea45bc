#include "files/peer/pex_msg.h"

#include "base/mem.h"
#include "base/test.h"
#include "files/meta/bencode.h"

/* The fields of BEP 11, "Extension Protocol": one of each. */
static const char all_fields[] = "d"
                                 "5:added12:\x0a\0\0\1\x1a\xe1\x0a\0\0\2\x1a\xe2"
                                 "7:added.f2:\x02\x10"
                                 "6:added618:\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\1\x1a\xe3"
                                 "8:added6.f1:\x01"
                                 "7:dropped6:\x0a\0\0\3\x1a\xe4"
                                 "8:dropped618:\x20\x01\x0d\xb8\0\0\0\0\0\0\0\0\0\0\0\2\x1a\xe5"
                                 "e";

static enum err read_bytes(const void *bytes, size_t n, struct pex_msg *out)
{
    struct why why = {0};
    char *exact = mem_dup(bytes, n); /* so that a read past its end is seen */
    enum err err = pex_read(cur_of(exact, n), out, &why);
    assert_int_equal(why.text[0] != '\0', err != OK);
    free(exact);
    return err;
}

#define READ(text, out) read_bytes(text, sizeof text - 1, out)

static void is_text(const struct addr *a, const char *want)
{
    char text[ADDR_TEXT];
    assert_string_equal(addr_format(a, text), want);
}

static void reads_all_fields_of_bep_11(void **state)
{
    (void)state;
    struct pex_msg m;
    assert_int_equal(READ(all_fields, &m), OK);
    assert_int_equal(m.added_count, 3);
    is_text(&m.added[0].addr, "10.0.0.1:6881");
    assert_int_equal(m.added[0].flags, PEX_SEED);
    is_text(&m.added[1].addr, "10.0.0.2:6882");
    assert_int_equal(m.added[1].flags, PEX_REACHABLE);
    is_text(&m.added[2].addr, "[2001:db8::1]:6883");
    assert_int_equal(m.added[2].flags, PEX_ENCRYPTS);
    assert_int_equal(m.dropped_count, 2);
    is_text(&m.dropped[0], "10.0.0.3:6884");
    is_text(&m.dropped[1], "[2001:db8::2]:6885");
}

static void what_is_written_is_canonical_and_comes_back(void **state)
{
    (void)state;
    struct pex_msg m;
    struct buf b = {0};
    assert_int_equal(READ(all_fields, &m), OK);
    pex_put(&b, &m);
    assert_int_equal(buf_len(&b), sizeof all_fields - 1);
    assert_memory_equal(buf_bytes(&b), all_fields, sizeof all_fields - 1);
    buf_done(&b);
}

static void a_message_that_tells_nothing_is_fine(void **state)
{
    (void)state;
    struct pex_msg m;
    assert_int_equal(READ("de", &m), OK);
    assert_int_equal(m.added_count + m.dropped_count, 0);
    assert_int_equal(READ("d5:added0:7:added.f0:e", &m), OK);
    assert_int_equal(m.added_count + m.dropped_count, 0);
    assert_int_equal(READ("d5:addedi7e7:droppedlee", &m), OK); /* of another type: not said */
    assert_int_equal(m.added_count + m.dropped_count, 0);
}

static void half_an_address_is_refused(void **state)
{
    (void)state;
    struct pex_msg m;
    assert_int_equal(READ("d5:added5:aaaaae", &m), ERR_INVALID);
    assert_int_equal(READ("d5:added7:aaaaaabe", &m), ERR_INVALID);
    assert_int_equal(READ("d6:added617:aaaaaaaaaaaaaaaaae", &m), ERR_INVALID);
    assert_int_equal(READ("d7:dropped1:ae", &m), ERR_INVALID);
    assert_int_equal(READ("d8:dropped619:aaaaaaaaaaaaaaaaaaae", &m), ERR_INVALID);
    assert_int_equal(READ("le", &m), ERR_INVALID);
    assert_int_equal(READ("dex", &m), ERR_INVALID);
}

static void flags_that_do_not_fit_are_as_if_not_said(void **state)
{
    (void)state;
    struct pex_msg m;
    assert_int_equal(READ("d5:added12:aaaaaabbbbbb7:added.f1:\x02"
                          "e",
                          &m),
                     OK);
    assert_int_equal(m.added_count, 2);
    assert_int_equal(m.added[0].flags, 0);
    assert_int_equal(m.added[1].flags, 0);
    assert_int_equal(READ("d5:added6:aaaaaa7:added.f2:\x02\x02"
                          "e",
                          &m),
                     OK);
    assert_int_equal(m.added[0].flags, 0);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    struct pex_msg m;
    for (size_t n = 0; n < sizeof all_fields - 1; n++)
        assert_int_equal(read_bytes(all_fields, n, &m), ERR_INVALID);
}

static size_t put_list(struct buf *b, const char *key, size_t n, size_t each)
{
    uint8_t *zeros = mem_zalloc(n * each + 1);
    buf_clear(b);
    buf_u8(b, 'd');
    ben_put_key(b, key);
    ben_put_str(b, zeros, n * each);
    buf_u8(b, 'e');
    free(zeros);
    return buf_len(b);
}

static void fifty_are_taken_and_the_rest_passed_over(void **state)
{
    (void)state;
    struct pex_msg m;
    struct buf b = {0};
    for (size_t n = PEX_ADDED_MAX - 1; n <= PEX_ADDED_MAX + 1; n++) {
        size_t want = n < PEX_ADDED_MAX ? n : PEX_ADDED_MAX;
        put_list(&b, "added", n, 6);
        assert_int_equal(read_bytes(buf_bytes(&b), buf_len(&b), &m), OK);
        assert_int_equal(m.added_count, want);
        put_list(&b, "dropped6", n, 18);
        assert_int_equal(read_bytes(buf_bytes(&b), buf_len(&b), &m), OK);
        assert_int_equal(m.dropped_count, want);
    }
    size_t over = PEX_PAYLOAD_MAX / 6 + 1;
    put_list(&b, "added", over, 6);
    assert_int_equal(read_bytes(buf_bytes(&b), buf_len(&b), &m), ERR_LIMIT);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_all_fields_of_bep_11),
        cmocka_unit_test(what_is_written_is_canonical_and_comes_back),
        cmocka_unit_test(a_message_that_tells_nothing_is_fine),
        cmocka_unit_test(half_an_address_is_refused),
        cmocka_unit_test(flags_that_do_not_fit_are_as_if_not_said),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(fifty_are_taken_and_the_rest_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
