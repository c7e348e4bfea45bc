#include "files/peer/picker.h"

#include "base/test.h"
#include "files/meta/bits.h"
#include "files/meta/metainfo.h"

#include <stdlib.h>

enum { PIECES = 10, PER_PIECE = 4, PIECE = PER_PIECE * BLOCK_LEN, ALL = PIECES * PER_PIECE };

static bool never(const void *arg, uint32_t piece, uint32_t block)
{
    (void)arg, (void)piece, (void)block;
    return false;
}

static struct picker_who who(uint32_t id, const uint8_t *bits)
{
    return (struct picker_who){.id = id, .bits = bits, .last = UINT32_MAX, .asked = never};
}

static struct picker *ten(void)
{
    return picker_new((uint64_t)PIECES * PIECE, PIECE, 1);
}

static void every_block_is_asked_once(void **state)
{
    (void)state;
    struct picker *p = ten();
    struct picker_who a = who(1, NULL);
    bool seen[PIECES][PER_PIECE] = {{0}};
    struct picker_block b[7];
    size_t n, all = 0;
    while ((n = picker_pick(p, &a, b, 7)) > 0)
        for (size_t i = 0; i < n; i++, all++) {
            assert_false(seen[b[i].piece][b[i].block]);
            seen[b[i].piece][b[i].block] = true;
        }
    assert_int_equal(all, ALL);
    assert_true(picker_end_game(p));
    picker_free(p);
}

static void the_rarest_piece_comes_first(void **state)
{
    (void)state;
    struct picker *p = ten();
    uint8_t most[2] = {0xff, 0x80}, some[2] = {0xf0, 0};
    picker_add_peer(p, NULL);
    picker_add_peer(p, most); /* 0..8 */
    picker_add_peer(p, some); /* 0..3 */
    assert_int_equal(picker_availability(p, 0), 3);
    assert_int_equal(picker_availability(p, 9), 1);
    struct picker_who seed = who(1, NULL);
    struct picker_block b[ALL];
    assert_int_equal(picker_pick(p, &seed, b, ALL), ALL);
    assert_int_equal(b[0].piece, 9);
    for (size_t i = PER_PIECE; i < 6 * PER_PIECE; i++)
        assert_true(b[i].piece >= 4 && b[i].piece <= 8);
    for (size_t i = 6 * PER_PIECE; i < ALL; i++)
        assert_true(b[i].piece <= 3);
    picker_free(p);
}

static void availability_follows_have_and_leaving(void **state)
{
    (void)state;
    struct picker *p = ten();
    uint8_t bits[2] = {0x40, 0};
    picker_add_peer(p, bits);
    picker_peer_has(p, 7);
    bits_set(bits, 7);
    assert_int_equal(picker_availability(p, 1), 1);
    assert_int_equal(picker_availability(p, 7), 1);
    uint32_t lacking = 99;
    assert_true(picker_nobody_has(p, &lacking));
    assert_int_equal(lacking, 0);
    picker_add_peer(p, NULL);
    assert_false(picker_nobody_has(p, &lacking));
    picker_drop_peer(p, NULL);
    picker_drop_peer(p, bits);
    for (uint32_t i = 0; i < PIECES; i++)
        assert_int_equal(picker_availability(p, i), 0);
    picker_free(p);
}

static void ties_differ_by_seed_and_only_by_seed(void **state)
{
    (void)state;
    struct picker_block a[PER_PIECE * 3], b[PER_PIECE * 3];
    unsigned differs = 0;
    for (uint64_t seed = 0; seed < 8; seed++) {
        struct picker_who w = who(1, NULL);
        struct picker *p = picker_new(100 * PIECE, PIECE, seed);
        struct picker *q = picker_new(100 * PIECE, PIECE, seed);
        struct picker *r = picker_new(100 * PIECE, PIECE, seed + 100);
        assert_int_equal(picker_pick(p, &w, a, PER_PIECE * 3), PER_PIECE * 3);
        assert_int_equal(picker_pick(q, &w, b, PER_PIECE * 3), PER_PIECE * 3);
        assert_memory_equal(a, b, sizeof a);
        assert_int_equal(picker_pick(r, &w, b, PER_PIECE * 3), PER_PIECE * 3);
        differs += memcmp(a, b, sizeof a) != 0;
        picker_free(p);
        picker_free(q);
        picker_free(r);
    }
    assert_true(differs >= 7);
}

static void a_begun_piece_is_finished_before_another_is_begun(void **state)
{
    (void)state;
    struct picker *p = ten();
    struct picker_who a = who(1, NULL), b = who(2, NULL);
    struct picker_block one[2], two[PER_PIECE];
    assert_int_equal(picker_pick(p, &a, one, 2), 2);
    assert_int_equal(picker_pick(p, &b, two, PER_PIECE), PER_PIECE);
    assert_int_equal(two[0].piece, one[0].piece);
    assert_int_equal(two[1].piece, one[0].piece);
    assert_int_not_equal(two[2].piece, one[0].piece);
    picker_free(p);
}

static void a_peer_goes_on_with_the_piece_it_was_on(void **state)
{
    (void)state;
    struct picker *p = ten();
    uint8_t low[2] = {0x80, 0}, high[2] = {0x01, 0};
    struct picker_who a = who(1, low), b = who(2, high);
    struct picker_block x;
    assert_int_equal(picker_pick(p, &a, &x, 1), 1);
    assert_int_equal(picker_pick(p, &b, &x, 1), 1);
    struct picker_who c = who(3, NULL);
    c.last = 7;
    assert_int_equal(picker_pick(p, &c, &x, 1), 1);
    assert_int_equal(x.piece, 7);
    picker_free(p);
}

static void what_a_dead_peer_owed_is_free_again(void **state)
{
    (void)state;
    struct picker *p = ten();
    struct picker_who a = who(1, NULL), b = who(2, NULL);
    struct picker_block x[ALL], y[ALL];
    assert_int_equal(picker_pick(p, &a, x, ALL), ALL);
    assert_int_equal(picker_pick(p, &b, y, ALL), 0);
    for (size_t i = 0; i < 6; i++)
        picker_back(p, x[i].piece, x[i].block);
    picker_back(p, x[0].piece, x[0].block); /* twice: nothing */
    assert_int_equal(picker_pick(p, &b, y, ALL), 6);
    picker_free(p);
}

static void end_game_asks_two_peers_and_no_more(void **state)
{
    (void)state;
    struct picker *p = picker_new(PIECE, PIECE, 1);
    struct picker_who a = who(1, NULL), b = who(2, NULL), liar = who(3, NULL);
    struct picker_block x[8];
    uint8_t none[2] = {0};
    struct picker_who poor = who(4, none);
    liar.alone = true;
    assert_false(picker_may_again(p, &b, 0, 3)); /* nobody owes it */
    assert_int_equal(picker_pick(p, &a, x, 8), PER_PIECE);
    assert_int_equal(picker_pick(p, &b, x, 8), 0);
    assert_int_equal(picker_unasked(p), 0);
    assert_true(picker_may_again(p, &b, 0, 3));
    assert_false(picker_may_again(p, &liar, 0, 3));
    assert_false(picker_may_again(p, &poor, 0, 3));
    picker_again(p, 0, 3);
    assert_false(picker_may_again(p, &b, 0, 3));
    assert_false(picker_got(p, 0, 3, 2));
    assert_false(picker_may_again(p, &b, 0, 3));
    assert_false(picker_wants(p, 0, 3));
    picker_back(p, 0, 3); /* the cancelled one */
    assert_int_equal(picker_blocks_got(p, 0), 1);
    picker_again(p, 0, 2);
    picker_back(p, 0, 2);
    assert_int_equal(picker_unasked(p), 0); /* the other still owes it */
    picker_back(p, 0, 2);
    assert_int_equal(picker_unasked(p), 1);
    picker_free(p);
}

static void a_whole_piece_waits_for_its_hash(void **state)
{
    (void)state;
    struct picker *p = ten();
    for (uint32_t b = 0; b < PER_PIECE; b++)
        assert_int_equal(picker_got(p, 2, b, 9), b == PER_PIECE - 1);
    struct picker_who a = who(1, NULL);
    struct picker_block x[ALL];
    assert_int_equal(picker_pick(p, &a, x, ALL), ALL - PER_PIECE);
    picker_have(p, 2);
    assert_false(picker_wants(p, 2, 0));
    picker_lost(p, 2);
    assert_int_equal(picker_pick(p, &a, x, ALL), PER_PIECE);
    picker_free(p);
}

static void the_last_block_may_be_short(void **state)
{
    (void)state;
    struct picker *p = picker_new((uint64_t)PIECE + 1, PIECE, 1);
    struct picker_who a = who(1, NULL);
    struct picker_block x[8];
    assert_int_equal(picker_pick(p, &a, x, 8), PER_PIECE + 1);
    assert_true(picker_wants(p, 1, 0));
    assert_false(picker_wants(p, 1, 1));
    assert_false(picker_wants(p, 2, 0));
    picker_free(p);
}

static void a_failed_piece_names_its_senders_and_is_fetched_alone(void **state)
{
    (void)state;
    struct picker *p = picker_new(PIECE, PIECE, 1);
    for (uint32_t b = 0; b < PER_PIECE; b++)
        picker_got(p, 0, b, b < 2 ? 5 : 6);
    uint32_t ids[4];
    assert_int_equal(picker_senders(p, 0, ids, 4), 2);
    assert_int_equal(picker_failed(p, 0, ids, 4), 2);
    assert_int_equal(ids[0], 5);
    assert_int_equal(ids[1], 6);
    struct picker_who a = who(5, NULL), b = who(6, NULL);
    struct picker_block x[8];
    assert_int_equal(picker_pick(p, &a, x, 2), 2);
    assert_int_equal(picker_pick(p, &b, x, 8), 0);
    picker_back(p, 0, 0);
    picker_back(p, 0, 1);
    picker_gone(p, 5);
    assert_int_equal(picker_pick(p, &b, x, 8), PER_PIECE);
    picker_free(p);
}

/* Its owner goes while all of it is asked: what it owes comes back after that. */
static void a_piece_that_was_fetched_alone_is_anybodys_when_its_peer_goes(void **state)
{
    (void)state;
    struct picker *p = picker_new(PIECE, PIECE, 1);
    for (uint32_t b = 0; b < PER_PIECE; b++)
        picker_got(p, 0, b, b < 2 ? 5 : 6);
    uint32_t ids[4];
    assert_int_equal(picker_failed(p, 0, ids, 4), 2);
    struct picker_who a = who(5, NULL), b = who(6, NULL);
    struct picker_block x[8];
    assert_int_equal(picker_pick(p, &a, x, 8), PER_PIECE);
    picker_gone(p, 5);
    for (uint32_t i = 0; i < PER_PIECE; i++)
        picker_back(p, 0, i);
    assert_int_equal(picker_pick(p, &b, x, 8), PER_PIECE);
    picker_free(p);
}

static void a_failed_block_alone_is_free_again(void **state)
{
    (void)state;
    struct picker *p = picker_new(PIECE, PIECE, 1);
    for (uint32_t b = 0; b < PER_PIECE; b++)
        picker_got(p, 0, b, b < 2 ? 5 : 6);
    assert_int_equal(picker_sender(p, 0, 1), 5);
    assert_int_equal(picker_sender(p, 0, 2), 6);
    picker_block_failed(p, 0, 1);
    picker_block_failed(p, 0, 1); /* it is not here any more */
    assert_int_equal(picker_sender(p, 0, 1), 0);
    assert_int_equal(picker_unasked(p), 1);
    assert_int_equal(picker_blocks_got(p, 0), PER_PIECE - 1);
    struct picker_who w = who(6, NULL);
    struct picker_block x[8];
    assert_int_equal(picker_pick(p, &w, x, 8), 1);
    assert_int_equal(x[0].block, 1);
    assert_true(picker_got(p, 0, 1, 6));
    picker_free(p);
}

static void on_parole_a_peer_gets_only_pieces_of_its_own(void **state)
{
    (void)state;
    struct picker *p = ten();
    struct picker_who good = who(1, NULL), bad = who(2, NULL);
    bad.alone = true;
    struct picker_block x[ALL];
    assert_int_equal(picker_pick(p, &good, x, 1), 1);
    uint32_t begun = x[0].piece;
    assert_int_equal(picker_pick(p, &bad, x, 2), 2);
    assert_int_not_equal(x[0].piece, begun);
    uint32_t his = x[0].piece;
    size_t n = picker_pick(p, &good, x, ALL);
    assert_int_equal(n, ALL - 1 - 2 - 2);
    for (size_t i = 0; i < n; i++)
        assert_int_not_equal(x[i].piece, his);
    picker_free(p);
}

static void allowed_fast_pieces_are_picked_by_number(void **state)
{
    (void)state;
    struct picker *p = ten();
    uint8_t none[2] = {0}, seven[2] = {0x01, 0};
    struct picker_who a = who(1, none), b = who(2, seven);
    struct picker_block x[8];
    assert_int_equal(picker_pick_piece(p, &a, 7, x, 8), 0);
    assert_int_equal(picker_pick_piece(p, &b, 7, x, 3), 3);
    picker_have(p, 7);
    assert_int_equal(picker_pick_piece(p, &b, 7, x, 3), 0);
    picker_free(p);
}

/* The buckets against a plain model, under random steps. */
static void the_order_stays_sorted_whatever_happens(void **state)
{
    (void)state;
    enum { P = 40 };
    struct picker *p = picker_new((uint64_t)P * BLOCK_LEN, BLOCK_LEN, 3);
    uint32_t avail[P] = {0}, x = 1;
    bool had[P] = {0};
    uint8_t wanted[P];
    memset(wanted, PICKER_NORMAL, sizeof wanted);
    uint8_t one[P / 8];
    for (int step = 0; step < 20000; step++) {
        x = x * 1664525 + 1013904223;
        uint32_t piece = x >> 8 & 0xff;
        piece %= P;
        memset(one, 0, sizeof one);
        bits_set(one, piece);
        switch (x >> 28) {
        case 0:
        case 1:
            picker_drop_peer(p, one);
            avail[piece] -= avail[piece] > 0;
            break;
        case 2:
            picker_have(p, piece);
            had[piece] = true;
            break;
        case 3:
            picker_lost(p, piece);
            had[piece] = false;
            break;
        case 4: {
            struct picker_who w = who(1, NULL);
            struct picker_block b;
            if (picker_pick(p, &w, &b, 1) == 0)
                break;
            assert_false(had[b.piece]);
            for (uint32_t i = 0; i < P; i++)
                assert_true(had[i] || wanted[i] < wanted[b.piece] ||
                            (wanted[i] == wanted[b.piece] && avail[b.piece] <= avail[i]));
            assert_int_not_equal(wanted[b.piece], PICKER_SKIP);
            picker_back(p, b.piece, b.block);
            picker_failed(p, b.piece, NULL, 0); /* not begun any more */
            break;
        }
        case 5:
            wanted[piece] = (uint8_t)(x >> 20 & 3);
            picker_set_priority(p, piece, wanted[piece]);
            break;
        default:
            picker_peer_has(p, piece);
            avail[piece] += avail[piece] < PICKER_AVAIL_MAX;
        }
        assert_int_equal(picker_availability(p, piece), avail[piece]);
    }
    picker_free(p);
}

static void skipped_pieces_are_never_asked_for(void **state)
{
    (void)state;
    struct picker *p = ten();
    for (uint32_t i = 0; i < PIECES; i++)
        picker_set_priority(p, i, i == 3 ? PICKER_LOW : PICKER_SKIP);
    struct picker_who a = who(1, NULL), b = who(2, NULL);
    struct picker_block x[ALL];
    assert_int_equal(picker_pick(p, &a, x, ALL), PER_PIECE);
    assert_int_equal(x[0].piece, 3);
    assert_true(picker_end_game(p));
    assert_int_equal(picker_pick_piece(p, &a, 5, x, 4), 0);
    picker_set_priority(p, 3, PICKER_SKIP);
    assert_int_equal(picker_pick(p, &b, x, ALL), 0); /* nor in end game */
    picker_back(p, 3, 0);
    assert_int_equal(picker_pick(p, &b, x, ALL), 0);
    picker_set_priority(p, 3, PICKER_NORMAL);
    assert_false(picker_end_game(p));
    assert_int_equal(picker_pick(p, &b, x, 1), 1);
    assert_int_equal(x[0].piece, 3);
    uint32_t lacking;
    assert_true(picker_nobody_has(p, &lacking));
    assert_int_equal(lacking, 3);
    picker_set_priority(p, 7, PICKER_HIGH);
    assert_int_equal(picker_pick(p, &b, x, 1), 1);
    assert_int_equal(x[0].piece, 7);
    picker_free(p);
}

static void sequential_goes_from_the_lowest_up(void **state)
{
    (void)state;
    struct picker *p = ten();
    picker_set_sequential(p, true);
    picker_set_priority(p, 9, PICKER_FIRST);
    picker_set_priority(p, 4, PICKER_LOW);
    picker_have(p, 1);
    struct picker_who a = who(1, NULL);
    struct picker_block x[ALL];
    static const uint32_t want[] = {9, 0, 2, 3, 5, 6, 7, 8, 4};
    assert_int_equal(picker_pick(p, &a, x, ALL), 9 * PER_PIECE);
    for (size_t i = 0; i < 9; i++)
        assert_int_equal(x[i * PER_PIECE].piece, want[i]);
    picker_lost(p, 1);
    assert_int_equal(picker_pick(p, &a, x, ALL), PER_PIECE);
    assert_int_equal(x[0].piece, 1);
    picker_free(p);
}

static void what_is_waited_for_comes_before_all(void **state)
{
    (void)state;
    struct picker *p = ten();
    struct picker_who fast = who(1, NULL), slow = who(2, NULL);
    slow.slow = true;
    struct picker_block x[ALL];
    assert_int_equal(picker_pick(p, &fast, x, 1), 1); /* a piece is begun */
    static const uint32_t window[] = {6, 2, 8}, moved[] = {5};
    picker_set_urgent(p, window, 3, false);
    assert_int_equal(picker_pick(p, &slow, x, 1), 1);
    assert_int_equal(x[0].piece, 8);
    assert_int_equal(picker_pick(p, &fast, x, PER_PIECE + 1), PER_PIECE + 1);
    assert_int_equal(x[0].piece, 6);
    assert_int_equal(x[PER_PIECE].piece, 2);
    picker_set_urgent(p, moved, 1, false); /* a seek */
    assert_int_equal(picker_pick(p, &fast, x, 1), 1);
    assert_int_equal(x[0].piece, 5);
    picker_free(p);
}

static void a_stalled_reader_has_its_piece_asked_of_two(void **state)
{
    (void)state;
    struct picker *p = ten();
    struct picker_who a = who(1, NULL), b = who(2, NULL), c = who(3, NULL);
    static const uint32_t window[] = {6};
    struct picker_block x[ALL];
    picker_set_urgent(p, window, 1, false);
    assert_int_equal(picker_pick(p, &a, x, PER_PIECE), PER_PIECE);
    assert_int_equal(picker_pick(p, &b, x, 1), 1);
    assert_int_not_equal(x[0].piece, 6);
    picker_set_urgent(p, window, 1, true);
    c.slow = true;
    assert_int_equal(picker_pick(p, &c, x, 1), 1);
    assert_int_not_equal(x[0].piece, 6);
    assert_int_equal(picker_pick(p, &b, x, PER_PIECE), PER_PIECE);
    for (size_t i = 0; i < PER_PIECE; i++)
        assert_int_equal(x[i].piece, 6);
    picker_free(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_block_is_asked_once),
        cmocka_unit_test(the_rarest_piece_comes_first),
        cmocka_unit_test(availability_follows_have_and_leaving),
        cmocka_unit_test(ties_differ_by_seed_and_only_by_seed),
        cmocka_unit_test(a_begun_piece_is_finished_before_another_is_begun),
        cmocka_unit_test(a_peer_goes_on_with_the_piece_it_was_on),
        cmocka_unit_test(what_a_dead_peer_owed_is_free_again),
        cmocka_unit_test(end_game_asks_two_peers_and_no_more),
        cmocka_unit_test(a_whole_piece_waits_for_its_hash),
        cmocka_unit_test(the_last_block_may_be_short),
        cmocka_unit_test(a_failed_piece_names_its_senders_and_is_fetched_alone),
        cmocka_unit_test(a_piece_that_was_fetched_alone_is_anybodys_when_its_peer_goes),
        cmocka_unit_test(a_failed_block_alone_is_free_again),
        cmocka_unit_test(on_parole_a_peer_gets_only_pieces_of_its_own),
        cmocka_unit_test(allowed_fast_pieces_are_picked_by_number),
        cmocka_unit_test(skipped_pieces_are_never_asked_for),
        cmocka_unit_test(sequential_goes_from_the_lowest_up),
        cmocka_unit_test(what_is_waited_for_comes_before_all),
        cmocka_unit_test(a_stalled_reader_has_its_piece_asked_of_two),
        cmocka_unit_test(the_order_stays_sorted_whatever_happens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
