#include "files/meta/merkle.h"

#include "base/mem.h"
#include "base/test.h"
#include "crypto/hex.h"

/* Hashes that are told apart: of their own number. */
static uint8_t *numbered(size_t n)
{
    uint8_t *hashes = mem_array(n, MERKLE_LEN);
    for (size_t i = 0; i < n; i++)
        sha256(&i, sizeof i, hashes + i * MERKLE_LEN);
    return hashes;
}

/* The definition, written down once more: all of 2^height leaves, layer by layer. */
static void plain_root(const uint8_t *hashes, size_t n, unsigned layer, unsigned up, uint8_t *out)
{
    size_t width = (size_t)1 << up;
    uint8_t *all = mem_array(width, MERKLE_LEN);
    for (size_t i = 0; i < width; i++)
        if (i < n)
            memcpy(all + i * MERKLE_LEN, hashes + i * MERKLE_LEN, MERKLE_LEN);
        else
            merkle_pad(layer, all + i * MERKLE_LEN);
    for (; width > 1; width /= 2)
        for (size_t i = 0; i < width / 2; i++)
            sha256(all + 2 * i * MERKLE_LEN, (size_t)2 * MERKLE_LEN, all + i * MERKLE_LEN);
    memcpy(out, all, MERKLE_LEN);
    free(all);
}

static void heights_are_logarithms_rounded_up(void **state)
{
    (void)state;
    assert_int_equal(merkle_height(0), 0);
    assert_int_equal(merkle_height(1), 0);
    assert_int_equal(merkle_height(2), 1);
    assert_int_equal(merkle_height(3), 2);
    assert_int_equal(merkle_height(1024), 10);
    assert_int_equal(merkle_height(1025), 11);
    assert_int_equal(merkle_height(UINT64_MAX), 63);
}

static void padding_is_zeros_hashed_upward(void **state)
{
    (void)state;
    uint8_t pad[MERKLE_LEN], want[MERKLE_LEN];
    char hex[2 * MERKLE_LEN + 1];
    merkle_pad(0, pad);
    for (size_t i = 0; i < MERKLE_LEN; i++)
        assert_int_equal(pad[i], 0);
    merkle_pad(1, pad); /* SHA-256 of 64 zero bytes */
    assert_string_equal(hex_encode(pad, MERKLE_LEN, hex),
                        "f5a5fd42d16a20302798ef6ed309979b43003d2320d9f0e8ea9831a92759fb4b");
    merkle_pad(5, pad);
    plain_root(NULL, 0, 0, 5, want);
    assert_memory_equal(pad, want, MERKLE_LEN);
}

static void nodes_are_those_of_the_definition(void **state)
{
    (void)state;
    for (size_t n = 1; n <= 33; n++) {
        uint8_t *hashes = numbered(n), want[MERKLE_LEN], got[MERKLE_LEN];
        for (unsigned layer = 0; layer < 3; layer++) {
            plain_root(hashes, n, layer, 6, want);
            merkle_node(hashes, n, layer, 6, 0, got);
            assert_memory_equal(got, want, MERKLE_LEN);
        }
        size_t rest = n > 8 ? n - 8 : 0;
        plain_root(hashes + (n > 8 ? 8 * MERKLE_LEN : 0), rest, 0, 3, want);
        merkle_node(hashes, n, 0, 3, 1, got);
        assert_memory_equal(got, want, MERKLE_LEN);
        free(hashes);
    }
}

/* Each range of a layer of n hashes: what is put proves itself. */
static void each_range_of(size_t n, unsigned base, bool grouped)
{
    uint8_t *layer = numbered(n), root[MERKLE_LEN];
    uint8_t *groups = mem_array(n / MERKLE_GROUP + 1, MERKLE_LEN);
    unsigned height = base + merkle_height(n);
    merkle_groups(layer, n, base, groups);
    merkle_node(layer, n, base, height - base, 0, root);
    size_t width = (size_t)1 << (height - base);
    for (uint32_t count = 1; count <= width; count *= 2)
        for (size_t index = 0; index < width; index += count * (width / 16 / count + 1)) {
            struct merkle_range r = {height, base, index, count};
            struct buf b = {0};
            assert_true(merkle_range_fits(&r));
            merkle_put(&b, &r, merkle_uncles(&r), layer, n, grouped ? groups : NULL);
            assert_int_equal(buf_len(&b), (count + merkle_uncles(&r)) * MERKLE_LEN);
            assert_true(merkle_proves(&r, buf_bytes(&b), n, root));
            for (size_t i = 0; i < buf_len(&b); i += buf_len(&b) / 7 + 1) {
                buf_bytes(&b)[i] ^= 1;
                assert_false(merkle_proves(&r, buf_bytes(&b), n, root));
                buf_bytes(&b)[i] ^= 1;
            }
            buf_done(&b);
        }
    free(layer);
    free(groups);
}

static void what_is_put_proves_itself_and_one_bit_spoils_it(void **state)
{
    (void)state;
    each_range_of(1, 0, false);
    each_range_of(2, 0, false);
    each_range_of(13, 0, false);
    each_range_of(16, 4, false);
    each_range_of(1500, 3, true);
    each_range_of(1500, 3, false);
}

static void ranges_outside_the_tree_do_not_fit(void **state)
{
    (void)state;
    static const struct merkle_range bad[] = {
        {4, 0, 0, 0},  {4, 0, 0, 3},  {4, 0, 1, 2},         {4, 0, 16, 2},         {4, 0, 0, 32},
        {4, 5, 0, 1},  {4, 4, 1, 1},  {50, 0, 0, 1},        {4, 0, UINT64_MAX, 1}, {4, 2, 4, 4},
        {4, 1, 8, 8u}, {4, 3, 2, 2u}, {4, 0, 16, 1u << 31},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_false(merkle_range_fits(&bad[i]));
}

/* Hashes of zeros, and proofs of zeros, are what no honest peer has. */
static void zeros_prove_nothing(void **state)
{
    (void)state;
    uint8_t hashes[6 * MERKLE_LEN] = {0}, root[MERKLE_LEN];
    struct merkle_range r = {3, 0, 0, 4};
    merkle_pad(3, root); /* the root that zeros do have */
    assert_false(merkle_proves(&r, hashes, 8, root));
    memset(hashes, 1, (size_t)4 * MERKLE_LEN);
    merkle_node(hashes, 4, 0, 2, 0, root);
    uint8_t both[2 * MERKLE_LEN] = {0};
    memcpy(both, root, MERKLE_LEN);
    sha256(both, sizeof both, root);
    assert_false(merkle_proves(&r, hashes, 4, root));
}

static void padding_must_be_padding(void **state)
{
    (void)state;
    uint8_t *hashes = numbered(4), root[MERKLE_LEN];
    struct merkle_range r = {2, 0, 0, 4};
    merkle_node(hashes, 4, 0, 2, 0, root);
    assert_true(merkle_proves(&r, hashes, 4, root));
    assert_false(merkle_proves(&r, hashes, 3, root)); /* the file has three blocks */
    free(hashes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(heights_are_logarithms_rounded_up),
        cmocka_unit_test(padding_is_zeros_hashed_upward),
        cmocka_unit_test(nodes_are_those_of_the_definition),
        cmocka_unit_test(what_is_put_proves_itself_and_one_bit_spoils_it),
        cmocka_unit_test(ranges_outside_the_tree_do_not_fit),
        cmocka_unit_test(zeros_prove_nothing),
        cmocka_unit_test(padding_must_be_padding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
