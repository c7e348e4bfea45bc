#include "files/peer/hash_fetch.h"

#include "base/mem.h"
#include "base/test.h"

enum { PIECE = 16384, PIECES = 1300 }; /* three ranges */

struct scene {
    struct metainfo *mi;
    struct hash_fetch *f;
    uint8_t *layer;
};

static struct scene begin(void)
{
    struct scene s = {.layer = mem_array(PIECES, MERKLE_LEN)};
    uint8_t root[MERKLE_LEN];
    for (uint32_t i = 0; i < PIECES; i++)
        sha256(&i, sizeof i, s.layer + (size_t)i * MERKLE_LEN);
    merkle_node(s.layer, PIECES, 0, merkle_height(PIECES), 0, root);
    const struct mi_source one = {"", (uint64_t)PIECES * PIECE, root};
    const struct mi_draft draft = {
        .name = "t", .files = &one, .n = 1, .piece_len = PIECE, .v2 = true};
    struct buf info = {0}, torrent = {0};
    metainfo_write_info(&info, &draft);
    metainfo_write(&torrent, buf_cur(&info), cur_of(NULL, 0), cur_of(NULL, 0), NULL, 0, NULL, 0, "",
                   "", 0);
    s.mi = metainfo_parse(buf_cur(&torrent), NULL);
    assert_non_null(s.mi);
    s.f = hash_fetch_new(s.mi);
    buf_done(&info);
    buf_done(&torrent);
    return s;
}

static void end(struct scene *s)
{
    hash_fetch_free(s->f);
    metainfo_free(s->mi);
    free(s->layer);
}

static bool all(const void *arg, uint32_t piece)
{
    (void)arg;
    (void)piece;
    return true;
}

static bool only_the_last(const void *arg, uint32_t piece)
{
    (void)arg;
    return piece == PIECES - 1;
}

/* The true answer. */
static struct buf answer(const struct scene *s, struct wire_hash_range *r)
{
    struct buf b = {0};
    struct merkle_range range = {merkle_height(PIECES), r->base, r->index, r->count};
    merkle_put(&b, &range, merkle_uncles(&range), s->layer, PIECES, NULL);
    r->hashes = buf_cur(&b);
    return b;
}

static void all_ranges_make_the_layer(void **state)
{
    (void)state;
    struct scene s = begin();
    struct wire_hash_range r;
    for (int i = 0; i < 3; i++) {
        assert_false(hash_fetch_done(s.f));
        assert_true(hash_fetch_next(s.f, 1, all, NULL, 0, &r));
        assert_int_equal(r.count, 512);
        assert_int_equal(r.proofs, 10);
        struct buf b = answer(&s, &r);
        assert_int_equal(hash_fetch_take(s.f, 1, &r, NULL), OK);
        buf_done(&b);
    }
    assert_true(hash_fetch_done(s.f));
    assert_false(hash_fetch_next(s.f, 1, all, NULL, 0, &r));
    for (uint32_t i = 0; i < PIECES; i++)
        assert_memory_equal(mi_v2_piece(s.mi, i), s.layer + (size_t)i * MERKLE_LEN, MERKLE_LEN);
    end(&s);
}

/* Each bit of a wrong answer has one name on it, and what is wrong is asked of another. */
static void a_liar_is_known_and_its_range_is_free(void **state)
{
    (void)state;
    struct scene s = begin();
    struct wire_hash_range r, again;
    struct why why;
    assert_true(hash_fetch_next(s.f, 1, all, NULL, 0, &r));
    struct buf b = answer(&s, &r);
    buf_bytes(&b)[5] ^= 1;
    assert_int_equal(hash_fetch_take(s.f, 1, &r, &why), ERR_INVALID);
    buf_bytes(&b)[5] ^= 1;
    assert_int_equal(hash_fetch_take(s.f, 1, &r, &why), ERR_STATE); /* not asked any more */
    assert_true(hash_fetch_next(s.f, 2, all, NULL, 0, &again));
    assert_int_equal(again.index, r.index);
    r.hashes = cur_of(r.hashes.p, r.hashes.n - MERKLE_LEN); /* a proof cut short */
    assert_int_equal(hash_fetch_take(s.f, 2, &r, &why), ERR_INVALID);
    buf_done(&b);
    end(&s);
}

static void answers_are_of_what_was_asked(void **state)
{
    (void)state;
    struct scene s = begin();
    struct wire_hash_range r;
    struct why why;
    assert_true(hash_fetch_next(s.f, 1, all, NULL, 0, &r));
    struct buf b = answer(&s, &r);
    struct wire_hash_range other = r;
    assert_int_equal(hash_fetch_take(s.f, 2, &r, &why), ERR_STATE); /* of another peer */
    other.base = 1;
    assert_int_equal(hash_fetch_take(s.f, 1, &other, &why), ERR_STATE);
    other = r;
    other.index = 512;
    assert_int_equal(hash_fetch_take(s.f, 1, &other, &why), ERR_STATE);
    assert_false(hash_fetch_reject(s.f, 1, &other));
    /* libtorrent once wrote past its lists for a reject of block hashes, which it never asked. */
    other.base = 0;
    other.index = UINT32_MAX;
    other.count = UINT32_MAX;
    assert_false(hash_fetch_reject(s.f, 1, &other));
    assert_true(hash_fetch_reject(s.f, 1, &r));
    assert_false(hash_fetch_reject(s.f, 1, &r));
    buf_done(&b);
    end(&s);
}

static void few_are_asked_at_once_and_late_ones_of_others(void **state)
{
    (void)state;
    struct scene s = begin();
    struct wire_hash_range r;
    unsigned n = 0;
    while (hash_fetch_next(s.f, 1, all, NULL, 0, &r))
        n++;
    assert_int_equal(n, 3); /* HASH_FETCH_PEER_MAX is 4 */
    assert_false(hash_fetch_next(s.f, 2, all, NULL, 0, &r));
    assert_int_equal(hash_fetch_late(s.f, HASH_FETCH_WAIT_US), 0);
    assert_false(hash_fetch_next(s.f, 2, all, NULL, 0, &r));
    assert_int_equal(hash_fetch_late(s.f, HASH_FETCH_WAIT_US + 1), 1);
    assert_int_equal(hash_fetch_late(s.f, HASH_FETCH_WAIT_US + 1), 0);
    assert_true(hash_fetch_next(s.f, 2, all, NULL, 0, &r));
    hash_fetch_gone(s.f, 2);
    assert_true(hash_fetch_next(s.f, 3, only_the_last, NULL, 0, &r));
    assert_int_equal(r.index, 1024);
    assert_false(hash_fetch_next(s.f, 3, only_the_last, NULL, 0, &r));
    end(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(all_ranges_make_the_layer),
        cmocka_unit_test(a_liar_is_known_and_its_range_is_free),
        cmocka_unit_test(answers_are_of_what_was_asked),
        cmocka_unit_test(few_are_asked_at_once_and_late_ones_of_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
