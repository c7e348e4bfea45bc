#include "files/peer/info_fetch.h"

#include "base/test.h"
#include "crypto/sha1.h"

enum { SIZE = 3 * WIRE_METADATA_PIECE + 100, PIECES = 4 };

static uint8_t info[SIZE];

static struct info_fetch *begin(void)
{
    struct infohash hash = {.has_v1 = true};
    for (size_t i = 0; i < SIZE; i++)
        info[i] = (uint8_t)(i * 31 + i / 256);
    sha1(info, SIZE, hash.v1);
    return info_fetch_new(&hash, SIZE, SEC);
}

static struct wire_metadata part(uint32_t piece)
{
    size_t at = (size_t)piece * WIRE_METADATA_PIECE;
    size_t n = SIZE - at < WIRE_METADATA_PIECE ? SIZE - at : WIRE_METADATA_PIECE;
    return (struct wire_metadata){WIRE_MD_DATA, piece, SIZE, cur_of(info + at, n)};
}

static void ask_all(struct info_fetch *f)
{
    uint32_t piece, n = 0;
    while (info_fetch_next(f, &piece))
        assert_int_equal(piece, n++);
    assert_int_equal(n, PIECES);
}

static void pieces_in_any_order_make_the_whole(void **state)
{
    (void)state;
    struct info_fetch *f = begin();
    ask_all(f);
    static const uint32_t order[PIECES] = {3, 0, 2, 1};
    bool done = false;
    for (size_t i = 0; i < PIECES; i++) {
        assert_false(done);
        struct wire_metadata md = part(order[i]);
        assert_int_equal(info_fetch_data(f, &md, SEC, &done, NULL), OK);
    }
    assert_true(done);
    assert_int_equal(info_fetch_join(f, NULL), OK);
    assert_int_equal(info_fetch_held(f), SIZE);
    assert_int_equal(info_fetch_bytes(f).n, SIZE);
    assert_memory_equal(info_fetch_bytes(f).p, info, SIZE);
    info_fetch_free(f);
}

static void a_wrong_byte_is_found_at_the_end(void **state)
{
    (void)state;
    struct info_fetch *f = begin();
    ask_all(f);
    info[20000] ^= 1;
    bool done = false;
    for (uint32_t i = 0; i < PIECES; i++) {
        struct wire_metadata md = part(i);
        assert_int_equal(info_fetch_data(f, &md, SEC, &done, NULL), OK);
    }
    assert_int_equal(info_fetch_join(f, NULL), ERR_INVALID);
    info_fetch_free(f);
}

static void what_was_not_asked_or_has_another_size_is_refused(void **state)
{
    (void)state;
    struct info_fetch *f = begin();
    bool done;
    struct wire_metadata md = part(0);
    assert_int_equal(info_fetch_data(f, &md, SEC, &done, NULL), ERR_INVALID); /* not asked */
    ask_all(f);
    md.total_size++;
    assert_int_equal(info_fetch_data(f, &md, SEC, &done, NULL), ERR_INVALID);
    md = part(0);
    md.data.n--;
    assert_int_equal(info_fetch_data(f, &md, SEC, &done, NULL), ERR_INVALID);
    md = part(0);
    assert_int_equal(info_fetch_data(f, &md, SEC, &done, NULL), OK);
    assert_int_equal(info_fetch_data(f, &md, SEC, &done, NULL), ERR_INVALID); /* twice */
    md = part(1);
    md.piece = PIECES;
    assert_int_equal(info_fetch_data(f, &md, SEC, &done, NULL), ERR_INVALID);
    info_fetch_free(f);
}

static void only_a_few_are_asked_at_once(void **state)
{
    (void)state;
    struct infohash hash = {.has_v1 = true};
    struct info_fetch *f = info_fetch_new(&hash, 100 * WIRE_METADATA_PIECE, SEC);
    uint32_t piece, n = 0;
    while (info_fetch_next(f, &piece))
        n++;
    assert_int_equal(n, INFO_FETCH_ASK_MAX);
    info_fetch_free(f);
}

static void it_is_late_without_a_piece_and_late_in_all(void **state)
{
    (void)state;
    struct info_fetch *f = begin();
    ask_all(f);
    assert_false(info_fetch_is_late(f, SEC + INFO_FETCH_PIECE_US));
    assert_true(info_fetch_is_late(f, SEC + INFO_FETCH_PIECE_US + 1));
    uint64_t now = SEC;
    bool done;
    for (uint32_t i = 0; i < 3; i++) {
        struct wire_metadata md = part(i);
        assert_int_equal(info_fetch_data(f, &md, now += 9 * SEC, &done, NULL), OK);
    }
    assert_true(info_fetch_is_late(f, now)); /* a trickle is not enough */
    info_fetch_free(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pieces_in_any_order_make_the_whole),
        cmocka_unit_test(a_wrong_byte_is_found_at_the_end),
        cmocka_unit_test(what_was_not_asked_or_has_another_size_is_refused),
        cmocka_unit_test(only_a_few_are_asked_at_once),
        cmocka_unit_test(it_is_late_without_a_piece_and_late_in_all),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
