#include "files/peer/wire_msg.h"

#include "base/mem.h"
#include "base/test.h"
#include "net/addr.h"

static const uint8_t infohash[SHA1_LEN] = "INFOHASHINFOHASHINFO";

/* Read a frame from an allocation of exactly its size, so that a read past its end is seen. */
static enum err read_copy(const void *bytes, size_t n, struct wire_msg *out)
{
    static uint8_t held[64]; /* what `body` points at, after the allocation is gone */
    struct why why = {0};
    uint8_t *exact = mem_dup(bytes, n);
    enum err err = wire_read(cur_of(exact, n), out, &why);
    if (err != OK) {
        assert_int_equal(why.code, err);
        assert_true(why.text[0] != '\0');
    }
    if (out->body.n > 0 && out->body.n <= sizeof held) {
        memcpy(held, out->body.p, out->body.n);
        out->body = cur_of(held, out->body.n);
    }
    free(exact);
    return err;
}

static enum err read_buf(const struct buf *b, struct wire_msg *out)
{
    return read_copy(buf_bytes(b), buf_len(b), out);
}

static void the_handshake_is_68_bytes_with_our_bits(void **state)
{
    (void)state;
    struct buf b = {0};
    wire_put_handshake(&b, infohash, (const uint8_t *)"-SH0100-abcdefghijkl");
    assert_int_equal(buf_len(&b), WIRE_HANDSHAKE_LEN);
    assert_memory_equal(buf_bytes(&b),
                        "\x13"
                        "BitTorrent protocol\0\0\0\0\0\x10\0\x04",
                        28);
    buf_str(&b, "next");
    struct wire_handshake h;
    struct cur c = buf_cur(&b);
    assert_int_equal(wire_read_handshake(&c, &h, NULL), OK);
    assert_int_equal(c.n, 4); /* what came along stays */
    assert_memory_equal(h.infohash, infohash, SHA1_LEN);
    assert_memory_equal(h.peer_id, "-SH0100-abcdefghijkl", 20);
    assert_true(wire_has_fast(&h));
    assert_true(wire_has_ext(&h));
    assert_false(wire_has_dht(&h));
    h.reserved[7] = 0x01;
    h.reserved[5] = 0xef;
    assert_false(wire_has_fast(&h));
    assert_false(wire_has_ext(&h));
    assert_true(wire_has_dht(&h));
    buf_done(&b);
}

static void a_handshake_cut_short_or_of_something_else_is_refused(void **state)
{
    (void)state;
    struct buf b = {0};
    wire_put_handshake(&b, infohash, infohash);
    struct wire_handshake h;
    struct why why;
    for (size_t n = 0; n < WIRE_HANDSHAKE_LEN; n++) {
        struct cur c = cur_of(buf_bytes(&b), n);
        assert_int_equal(wire_read_handshake(&c, &h, &why), ERR_INVALID);
    }
    for (size_t i = 0; i < 20; i++) {
        buf_bytes(&b)[i] ^= 1;
        struct cur c = buf_cur(&b);
        assert_int_equal(wire_read_handshake(&c, &h, &why), ERR_INVALID);
        buf_bytes(&b)[i] ^= 1;
    }
    buf_done(&b);
}

static void a_frame_is_measured_by_its_prefix(void **state)
{
    (void)state;
    size_t len = 99;
    struct why why;
    for (size_t n = 0; n < 4; n++) {
        assert_int_equal(wire_frame(cur_of("\0\0\0\5", n), &len, &why), OK);
        assert_int_equal(len, 0);
    }
    assert_int_equal(wire_frame(cur_of("\0\0\0\5", 4), &len, &why), OK);
    assert_int_equal(len, 9);
    assert_int_equal(wire_frame(cur_of("\0\0\0\0", 4), &len, &why), OK);
    assert_int_equal(len, 4);
    assert_int_equal(wire_frame(cur_of("\x00\x10\x00\x10", 4), &len, &why), OK);
    assert_int_equal(len, 4 + WIRE_FRAME_MAX);
    assert_int_equal(wire_frame(cur_of("\x00\x10\x00\x11", 4), &len, &why), ERR_LIMIT);
    assert_int_equal(wire_frame(cur_of("\xff\xff\xff\xff", 4), &len, &why), ERR_LIMIT);
}

static void simple_messages_go_there_and_back(void **state)
{
    (void)state;
    static const enum wire_type types[] = {WIRE_CHOKE,          WIRE_UNCHOKE,  WIRE_INTERESTED,
                                           WIRE_NOT_INTERESTED, WIRE_HAVE_ALL, WIRE_HAVE_NONE,
                                           WIRE_KEEPALIVE};
    for (size_t i = 0; i < sizeof types / sizeof *types; i++) {
        struct buf b = {0};
        struct wire_msg m;
        wire_put_simple(&b, types[i]);
        assert_int_equal(buf_len(&b), types[i] == WIRE_KEEPALIVE ? 4 : 5);
        assert_int_equal(read_buf(&b, &m), OK);
        assert_int_equal(m.type, types[i]);
        buf_done(&b);
    }
}

static void messages_have_the_bytes_of_bep_3_and_6(void **state)
{
    (void)state;
    struct buf b = {0};
    wire_put_simple(&b, WIRE_HAVE_NONE);
    assert_memory_equal(buf_bytes(&b), "\0\0\0\1\x0f", 5);
    buf_clear(&b);
    wire_put_index(&b, WIRE_ALLOWED_FAST, 0x01020304);
    assert_memory_equal(buf_bytes(&b), "\0\0\0\5\x11\1\2\3\4", 9);
    struct wire_msg m;
    assert_int_equal(read_buf(&b, &m), OK);
    assert_int_equal(m.type, WIRE_ALLOWED_FAST);
    assert_int_equal(m.piece, 0x01020304);
    buf_clear(&b);
    wire_put_range(&b, WIRE_REJECT, 1, 0x8000, 0x4000);
    assert_memory_equal(buf_bytes(&b), "\0\0\0\x0d\x10\0\0\0\1\0\0\x80\0\0\0\x40\0", 17);
    assert_int_equal(read_buf(&b, &m), OK);
    assert_int_equal(m.type, WIRE_REJECT);
    assert_int_equal(m.piece, 1);
    assert_int_equal(m.begin, 0x8000);
    assert_int_equal(m.len, 0x4000);
    buf_clear(&b);
    wire_put_bitfield(&b, (const uint8_t *)"\xff\x80", 2);
    assert_memory_equal(buf_bytes(&b), "\0\0\0\3\5\xff\x80", 7);
    assert_int_equal(read_buf(&b, &m), OK);
    assert_int_equal(m.body.n, 2);
    assert_memory_equal(m.body.p, "\xff\x80", 2);
    assert_int_equal(read_copy("\0\0\0\3\x09\x1a\xe1", 7, &m), OK);
    assert_int_equal(m.type, WIRE_PORT);
    assert_int_equal(m.port, 6881);
    buf_done(&b);
}

static void a_piece_may_be_read_as_soon_as_its_header_is_there(void **state)
{
    (void)state;
    struct buf b = {0};
    wire_put_piece_header(&b, 7, 0x4000, 5);
    assert_int_equal(buf_len(&b), 13);
    struct wire_msg m;
    for (size_t n = 0; n < 13; n++)
        assert_int_equal(read_copy(buf_bytes(&b), n, &m), ERR_INVALID);
    buf_str(&b, "block");
    for (size_t n = 13; n <= 18; n++) {
        assert_int_equal(read_copy(buf_bytes(&b), n, &m), OK);
        assert_int_equal(m.type, WIRE_PIECE);
        assert_int_equal(m.piece, 7);
        assert_int_equal(m.begin, 0x4000);
        assert_int_equal(m.len, 5);
        assert_int_equal(m.body.n, n - 13);
        assert_memory_equal(m.body.p, "block", m.body.n);
    }
    buf_u8(&b, '!');
    assert_int_equal(read_buf(&b, &m), ERR_INVALID); /* more than one frame */
    buf_done(&b);
}

/* A frame of `n` payload bytes, all zero but the last one. */
static enum err read_sized(uint8_t id, size_t n, struct wire_msg *m)
{
    struct buf b = {0};
    buf_be32(&b, (uint32_t)n + 1);
    buf_u8(&b, id);
    memset(buf_room(&b, n + 1), 0, n + 1);
    buf_grew(&b, n);
    if (n > 0)
        buf_bytes(&b)[buf_len(&b) - 1] = 1;
    enum err err = read_buf(&b, m);
    buf_done(&b);
    return err;
}

static void each_message_has_the_length_of_its_type(void **state)
{
    (void)state;
    static const struct {
        uint8_t id;
        size_t len;
    } fixed[] = {{WIRE_CHOKE, 0},          {WIRE_UNCHOKE, 0},   {WIRE_INTERESTED, 0},
                 {WIRE_NOT_INTERESTED, 0}, {WIRE_HAVE, 4},      {WIRE_REQUEST, 12},
                 {WIRE_CANCEL, 12},        {WIRE_PORT, 2},      {WIRE_SUGGEST, 4},
                 {WIRE_HAVE_ALL, 0},       {WIRE_HAVE_NONE, 0}, {WIRE_REJECT, 12},
                 {WIRE_ALLOWED_FAST, 4}};
    struct wire_msg m;
    for (size_t i = 0; i < sizeof fixed / sizeof *fixed; i++)
        for (size_t n = 0; n <= 20; n++)
            assert_int_equal(read_sized(fixed[i].id, n, &m), n == fixed[i].len ? OK : ERR_INVALID);
    assert_int_equal(read_sized(WIRE_BITFIELD, 0, &m), ERR_INVALID);
    assert_int_equal(read_sized(WIRE_BITFIELD, WIRE_FRAME_MAX - 1, &m), OK);
    assert_int_equal(read_sized(WIRE_BITFIELD, WIRE_FRAME_MAX, &m), ERR_LIMIT);
    assert_int_equal(read_sized(WIRE_EXTENDED, 0, &m), ERR_INVALID);
    assert_int_equal(read_sized(WIRE_EXTENDED, 1 + WIRE_EXT_MAX, &m), OK);
    assert_int_equal(read_sized(WIRE_EXTENDED, 2 + WIRE_EXT_MAX, &m), ERR_LIMIT);
    assert_int_equal(read_sized(WIRE_PIECE, 8, &m), ERR_INVALID); /* a block of no bytes */
    assert_int_equal(read_sized(WIRE_PIECE, 9, &m), OK);
    assert_int_equal(read_sized(WIRE_PIECE, 8 + WIRE_REQUEST_MAX, &m), OK);
    assert_int_equal(read_sized(WIRE_PIECE, 9 + WIRE_REQUEST_MAX, &m), ERR_LIMIT);
}

static void every_truncation_is_an_error(void **state)
{
    (void)state;
    struct wire_msg m;
    for (size_t n = 0; n <= 17; n++)
        assert_int_equal(read_copy("\0\0\0\x0d\6\0\0\0\1\0\0\x80\0\0\0\x40\0", n, &m),
                         n == 17 ? OK : ERR_INVALID);
    for (size_t n = 0; n <= 9; n++)
        assert_int_equal(read_copy("\0\0\0\5\x14\0d1:", n, &m), n == 9 ? OK : ERR_INVALID);
}

/* BEP 52, "hash request": "a pieces root, base layer, index, length, and proof layers". */
static void hashes_are_whole_and_not_too_many(void **state)
{
    (void)state;
    static const uint8_t bytes[(WIRE_HASHES_MAX + 1) * SHA256_LEN] = {1, 2, 3};
    struct wire_hash_range want = {bytes, 7, 1024, 512, 9, cur_of(bytes, 96)}, got;
    struct wire_msg m;
    struct buf b = {0};
    wire_put_hashes(&b, WIRE_HASHES, &want);
    assert_int_equal(buf_len(&b), 4 + 1 + 48 + 96);
    assert_int_equal(wire_read(buf_cur(&b), &m, NULL), OK);
    assert_int_equal(wire_read_hashes(&m, &got, NULL), OK);
    assert_memory_equal(got.root, bytes, SHA256_LEN);
    assert_int_equal(got.base, 7);
    assert_int_equal(got.index, 1024);
    assert_int_equal(got.count, 512);
    assert_int_equal(got.proofs, 9);
    assert_int_equal(got.hashes.n, 96);
    for (size_t n = 0; n < buf_len(&b); n++)
        assert_int_equal(wire_read(cur_of(buf_bytes(&b), n), &m, NULL), ERR_INVALID);
    buf_clear(&b);
    want.hashes = cur_of(bytes, 95);
    wire_put_hashes(&b, WIRE_HASHES, &want);
    assert_int_equal(wire_read(buf_cur(&b), &m, NULL), OK);
    assert_int_equal(wire_read_hashes(&m, &got, NULL), ERR_INVALID);
    buf_clear(&b);
    want.hashes = cur_of(bytes, sizeof bytes);
    wire_put_hashes(&b, WIRE_HASHES, &want);
    assert_int_equal(wire_read(buf_cur(&b), &m, NULL), ERR_LIMIT);
    buf_clear(&b);
    want.hashes = cur_of(NULL, 0);
    wire_put_hashes(&b, WIRE_HASH_REQUEST, &want);
    assert_int_equal(wire_read(buf_cur(&b), &m, NULL), OK);
    assert_int_equal(m.type, WIRE_HASH_REQUEST);
    buf_done(&b);
}

static void what_we_do_not_know_is_passed_over(void **state)
{
    (void)state;
    struct wire_msg m;
    for (unsigned id = 0; id < 256; id++) {
        bool known = id <= WIRE_PORT || (id >= WIRE_SUGGEST && id <= WIRE_ALLOWED_FAST) ||
                     (id >= WIRE_EXTENDED && id <= WIRE_HASH_REJECT);
        if (known)
            continue;
        assert_int_equal(read_sized((uint8_t)id, 30, &m), OK);
        assert_int_equal(m.type, WIRE_UNKNOWN);
    }
}

static enum err ask(uint32_t begin, uint32_t len)
{
    struct buf b = {0};
    struct wire_msg m;
    wire_put_range(&b, WIRE_REQUEST, 0, begin, len);
    enum err err = read_buf(&b, &m);
    buf_done(&b);
    return err;
}

static void absurd_requests_are_refused(void **state)
{
    (void)state;
    assert_int_equal(ask(0, 1), OK);
    assert_int_equal(ask(0, 0), ERR_INVALID);
    assert_int_equal(ask(0, WIRE_REQUEST_MAX), OK);
    assert_int_equal(ask(0, WIRE_REQUEST_MAX + 1), ERR_LIMIT);
    assert_int_equal(ask(0, UINT32_MAX), ERR_LIMIT);
    assert_int_equal(ask(UINT32_MAX - 16384, 16384), OK);
    assert_int_equal(ask(UINT32_MAX - 16383, 16384), ERR_INVALID);
}

static void the_allowed_fast_set_is_that_of_bep_6(void **state)
{
    (void)state;
    static const uint32_t want[] = {1059, 431, 808, 1217, 287, 376, 1188, 353, 508};
    uint8_t hash[SHA1_LEN];
    memset(hash, 0xaa, sizeof hash);
    uint32_t got[16];
    struct addr peer = addr_v4(80, 4, 4, 200, 1);
    assert_int_equal(wire_allowed_fast(&peer, hash, 1313, got, 7), 7);
    assert_memory_equal(got, want, 7 * sizeof *want);
    assert_int_equal(wire_allowed_fast(&peer, hash, 1313, got, 9), 9);
    assert_memory_equal(got, want, sizeof want);
    struct addr neighbour = addr_v4(80, 4, 4, 7, 9); /* one network, one set */
    assert_int_equal(wire_allowed_fast(&neighbour, hash, 1313, got, 9), 9);
    assert_memory_equal(got, want, sizeof want);
}

static void the_allowed_fast_set_ends_where_the_torrent_is_small(void **state)
{
    (void)state;
    uint32_t got[10];
    struct addr peer = addr_v4(80, 4, 4, 200, 1);
    assert_int_equal(wire_allowed_fast(&peer, infohash, 0, got, 10), 0);
    assert_int_equal(wire_allowed_fast(&peer, infohash, 1, got, 10), 1);
    assert_int_equal(got[0], 0);
    assert_int_equal(wire_allowed_fast(&peer, infohash, 10, got, 10), 10);
    for (uint32_t i = 0; i < 10; i++)
        for (uint32_t k = i + 1; k < 10; k++)
            assert_true(got[i] != got[k]);
    struct addr six = addr_of_bytes("\x20\1\xd\xb8\0\0\0\0\0\0\0\0\0\0\0\1", 16, 1);
    assert_int_equal(wire_allowed_fast(&six, infohash, 10, got, 10), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_handshake_is_68_bytes_with_our_bits),
        cmocka_unit_test(a_handshake_cut_short_or_of_something_else_is_refused),
        cmocka_unit_test(a_frame_is_measured_by_its_prefix),
        cmocka_unit_test(simple_messages_go_there_and_back),
        cmocka_unit_test(messages_have_the_bytes_of_bep_3_and_6),
        cmocka_unit_test(a_piece_may_be_read_as_soon_as_its_header_is_there),
        cmocka_unit_test(each_message_has_the_length_of_its_type),
        cmocka_unit_test(every_truncation_is_an_error),
        cmocka_unit_test(hashes_are_whole_and_not_too_many),
        cmocka_unit_test(what_we_do_not_know_is_passed_over),
        cmocka_unit_test(absurd_requests_are_refused),
        cmocka_unit_test(the_allowed_fast_set_is_that_of_bep_6),
        cmocka_unit_test(the_allowed_fast_set_ends_where_the_torrent_is_small),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
