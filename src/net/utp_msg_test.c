#include "net/utp_msg.h"

#include "base/test.h"

/* BEP 29, "header format": a SYN as a client sends it. */
static const uint8_t syn[UTP_HEADER] = {0x41, 0x00, 0x12, 0x34, 0x01, 0x02, 0x03, 0x04, 0, 0,
                                        0,    0,    0x00, 0x10, 0x00, 0x00, 0,    1,    0, 0};

static void a_syn_is_read_field_by_field(void **state)
{
    (void)state;
    struct utp_packet p;
    assert_true(utp_is_packet(cur_of(syn, sizeof syn)));
    assert_int_equal(utp_read(cur_of(syn, sizeof syn), &p, NULL), OK);
    assert_int_equal(p.type, UTP_SYN);
    assert_int_equal(p.id, 0x1234);
    assert_int_equal(p.sent_us, 0x01020304);
    assert_int_equal(p.delay_us, 0);
    assert_int_equal(p.window, 0x100000);
    assert_int_equal(p.seq, 1);
    assert_int_equal(p.ack, 0);
    assert_int_equal(p.sack.n, 0);
    assert_int_equal(p.body.n, 0);
}

static void what_is_written_is_what_was_read(void **state)
{
    (void)state;
    struct utp_packet p;
    uint8_t out[UTP_HEADER];
    assert_int_equal(utp_read(cur_of(syn, sizeof syn), &p, NULL), OK);
    utp_write(out, &p, false);
    assert_memory_equal(out, syn, sizeof syn);
}

/* An unknown extension, a mask, data. */
static size_t long_packet(uint8_t out[64])
{
    struct utp_packet p = {.type = UTP_DATA, .id = 7, .seq = 0xfffe, .ack = 0xffff};
    static const uint8_t unknown[] = {1, 3, 'a', 'b', 'c'}, mask[4] = {0x05, 0, 0, 0x80};
    utp_write(out, &p, false);
    out[1] = 200;
    memcpy(out + UTP_HEADER, unknown, sizeof unknown);
    utp_write_sack(out + UTP_HEADER + sizeof unknown, mask, sizeof mask);
    memcpy(out + UTP_HEADER + sizeof unknown + 6, "data", 4);
    return UTP_HEADER + sizeof unknown + 6 + 4;
}

/* "The least significant bit in the byte represents ack_nr + 2." */
static void a_mask_is_found_behind_an_unknown_extension(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct utp_packet p;
    size_t n = long_packet(bytes);
    assert_int_equal(utp_read(cur_of(bytes, n), &p, NULL), OK);
    assert_int_equal(p.sack.n, 4);
    for (size_t i = 0; i < 100; i++)
        assert_int_equal(utp_sacked(&p, i), i == 0 || i == 2 || i == 31);
    assert_int_equal(p.body.n, 4);
    assert_memory_equal(p.body.p, "data", 4);
}

static void every_truncation_is_refused(void **state)
{
    (void)state;
    uint8_t bytes[64];
    struct utp_packet p;
    struct why why;
    size_t n = long_packet(bytes);
    for (size_t cut = 0; cut < n - 3; cut++) { /* with one byte of data it is whole */
        why.text[0] = '\0';
        assert_int_equal(utp_read(cur_of(bytes, cut), &p, &why), ERR_INVALID);
        assert_int_not_equal(why.text[0], '\0');
    }
    for (size_t cut = 0; cut < UTP_HEADER; cut++)
        assert_false(utp_is_packet(cur_of(bytes, cut)));
    assert_int_equal(utp_read(cur_of(bytes, n - 3), &p, NULL), OK);
}

static void other_versions_and_types_are_refused(void **state)
{
    (void)state;
    uint8_t bytes[UTP_HEADER];
    struct utp_packet p;
    memcpy(bytes, syn, sizeof bytes);
    for (int first = 0; first < 256; first++) {
        bytes[0] = (uint8_t)first;
        bool good = first == 0x11 || first == 0x21 || first == 0x31 || first == 0x41;
        assert_int_equal(utp_read(cur_of(bytes, sizeof bytes), &p, NULL) == OK, good);
        assert_int_equal(utp_is_packet(cur_of(bytes, sizeof bytes)), good || first == 0x01);
    }
}

/* libtorrent does not pad them. */
static void masks_of_any_length_are_read(void **state)
{
    (void)state;
    for (size_t n = 0; n < 256; n++) {
        uint8_t bytes[UTP_HEADER + 2 + 255] = {0x21, 1};
        struct utp_packet p;
        bytes[UTP_HEADER + 1] = (uint8_t)n;
        assert_int_equal(utp_read(cur_of(bytes, UTP_HEADER + 2 + n), &p, NULL) == OK, n > 0);
    }
}

static void a_chain_of_extensions_has_an_end(void **state)
{
    (void)state;
    uint8_t bytes[UTP_HEADER + 2 * (UTP_EXTENSIONS_MAX + 1)] = {0x21, 9};
    struct utp_packet p;
    for (size_t i = 0; i <= UTP_EXTENSIONS_MAX; i++)
        bytes[UTP_HEADER + 2 * i] = 9;
    bytes[UTP_HEADER + 2 * UTP_EXTENSIONS_MAX] = 0;
    assert_int_equal(utp_read(cur_of(bytes, sizeof bytes), &p, NULL), ERR_LIMIT);
    bytes[UTP_HEADER + 2 * (UTP_EXTENSIONS_MAX - 1)] = 0;
    assert_int_equal(utp_read(cur_of(bytes, sizeof bytes - 2), &p, NULL), OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_syn_is_read_field_by_field),
        cmocka_unit_test(what_is_written_is_what_was_read),
        cmocka_unit_test(a_mask_is_found_behind_an_unknown_extension),
        cmocka_unit_test(every_truncation_is_refused),
        cmocka_unit_test(other_versions_and_types_are_refused),
        cmocka_unit_test(masks_of_any_length_are_read),
        cmocka_unit_test(a_chain_of_extensions_has_an_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
