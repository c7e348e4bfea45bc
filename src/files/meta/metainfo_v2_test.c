#include "files/meta/metainfo_v2.h"

#include "base/mem.h"
#include "base/test.h"
#include "crypto/hex.h"

enum { PIECE = 32768 };

#define R "32:rrrrrrrrrrrrrrrrrrrrrrrrrrrrrrrr"
#define H "20:aaaaaaaaaaaaaaaaaaaa"

static struct metainfo *parse(struct cur torrent, struct why *why)
{
    *why = (struct why){0};
    uint8_t *exact = mem_dup(torrent.p, torrent.n); /* so that a read past its end is seen */
    struct metainfo *mi = metainfo_parse(cur_of(exact, torrent.n), why);
    free(exact);
    assert_int_equal(why->text[0] != '\0', !mi);
    return mi;
}

/* A torrent with this tree, and more of an info dictionary in front of its name and behind. */
static struct metainfo *of_tree(const char *tree, const char *front, const char *behind,
                                struct why *why)
{
    char *text = mem_printf("d4:infod9:file tree%s%s12:meta versioni2e4:name1:t"
                            "12:piece lengthi32768e%see",
                            tree, front, behind);
    struct metainfo *mi = parse(cur_of(text, strlen(text)), why);
    free(text);
    return mi;
}

static enum err verdict(const char *tree, const char *front, const char *behind)
{
    struct why why;
    struct metainfo *mi = of_tree(tree, front, behind, &why);
    metainfo_free(mi);
    return mi ? OK : why.code;
}

#define FILE_OF(len) "d0:d6:lengthi" #len "e11:pieces root" R "ee"

static void each_file_begins_a_piece(void **state)
{
    (void)state;
    struct why why;
    struct metainfo *mi =
        of_tree("d1:a" FILE_OF(5) "1:bd1:c" FILE_OF(40000) "1:dd0:d6:lengthi0eeee"
                                                           "1:e" FILE_OF(32768) "e",
                "", "", &why);
    assert_non_null(mi);
    static const char *const paths[] = {"t/a", "t/.pad", "t/b/c", "t/b/d", "t/.pad", "t/e"};
    assert_int_equal(mi->file_count, 6);
    for (size_t i = 0; i < 6; i++)
        assert_string_equal(mi->files[i].path, paths[i]);
    assert_int_equal(mi->piece_count, 4);
    assert_int_equal(mi->total, 4 * PIECE);
    assert_int_equal(mi->payload, 5 + 40000 + 32768);
    assert_int_equal(metainfo_piece_len(mi, 0), 5);
    assert_int_equal(metainfo_piece_span(mi, 0), PIECE);
    assert_int_equal(metainfo_piece_len(mi, 2), 40000 - PIECE);
    assert_int_equal(metainfo_piece_len(mi, 3), PIECE);
    assert_true(mi->multi && !mi->hash.has_v1 && mi->hash.has_v2);
    assert_null(mi->pieces);
    assert_memory_equal(mi_v2_piece(mi, 0), R + 3, MERKLE_LEN); /* small: the root itself */
    assert_null(mi_v2_piece(mi, 1));
    assert_int_equal(mi->v2->missing, 1);
    assert_int_equal(mi_v2_next_missing(mi, 0), 2);
    metainfo_free(mi);
}

static void one_file_alone_is_its_own_name(void **state)
{
    (void)state;
    struct why why;
    struct metainfo *mi = of_tree("d5:a.txt" FILE_OF(5) "e", "", "", &why);
    assert_false(mi->multi);
    assert_string_equal(mi->name, "a.txt");
    assert_string_equal(mi->files[0].path, "a.txt");
    metainfo_free(mi);
}

static void trees_that_cannot_be_are_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "de",                                                         /* nothing */
        "d1:ad0:d6:lengthi0eeee",                                     /* no bytes */
        FILE_OF(5),                                                   /* the root a file */
        "d1:ad0:d6:lengthi5eee",                                      /* cut, and no root */
        "d1:ad0:d6:lengthi5eeee",                                     /* no root */
        "d1:ad0:d6:lengthi-1e11:pieces root" R "eee",                 /* negative */
        "d1:ad0:d6:lengthi5e11:pieces root3:abceee",                  /* a short root */
        "d1:ad0:d6:lengthi5e11:pieces root" R "e1:b" FILE_OF(5) "ee", /* a file and a folder */
        "d1:ad0:i5eee",                                       /* its properties no dictionary */
        "d1:ai5ee",                                           /* no dictionary */
        "d1:ad4:attr1:p0:d6:lengthi5eeee",                    /* properties beside properties */
        "d1:ad0:d4:attr1:p6:lengthi5e11:pieces root" R "eee", /* padding has no place */
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (verdict(bad[i], "", "") != ERR_INVALID)
            fail_msg("taken: %s", bad[i]);
    assert_int_equal(verdict("d1:ad0:d6:lengthi5e11:pieces root" R "eee", "", ""), OK);
}

/* Lengths that cost nothing to claim. */
static void size_bombs_are_refused_and_depth_bombs_too(void **state)
{
    (void)state;
    assert_int_equal(verdict("d1:a" FILE_OF(9223372036854775807) "e", "", ""), ERR_LIMIT);
    assert_int_equal(verdict("d1:a" FILE_OF(34359738369) "e", "", ""), ERR_LIMIT); /* 2^20 + 1 */
    assert_int_equal(verdict("d1:a" FILE_OF(34359738368) "e", "", ""), OK);
    struct buf b = {0};
    for (int i = 0; i < 10000; i++)
        buf_str(&b, "d1:a");
    char *deep = buf_take_str(&b);
    assert_int_not_equal(verdict(deep, "", ""), OK);
    free(deep);
}

static void piece_lengths_are_powers_of_two(void **state)
{
    (void)state;
    struct why why;
    static const char *const bad[] = {"8192", "49152", "0", "-32768"};
    for (size_t i = 0; i < 4; i++) {
        char *text = mem_printf("d4:infod9:file treed1:a" FILE_OF(5) "e12:meta versioni2e4:name1:t"
                                                                     "12:piece lengthi%seee",
                                bad[i]);
        assert_null(parse(cur_of(text, strlen(text)), &why));
        free(text);
    }
}

static void a_hybrids_views_agree_or_it_is_refused(void **state)
{
    (void)state;
    static const char tree[] = "d1:a" FILE_OF(5) "1:b" FILE_OF(6) "e";
    static const char behind[] = "6:pieces40:aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    static const char pad[] = "d4:attr1:p6:lengthi32763e4:pathl1:.ee";
    static const struct {
        const char *a, *pad, *b;
    } bad[] = {
        {"d6:lengthi5e4:pathl1:xee", pad, "d6:lengthi6e4:pathl1:bee"}, /* another name */
        {"d6:lengthi5e4:pathl1:aee", pad, "d6:lengthi7e4:pathl1:bee"}, /* another length */
        {"d6:lengthi5e4:pathl1:aee", "", "d6:lengthi6e4:pathl1:bee"},  /* not aligned */
        {"d6:lengthi6e4:pathl1:bee", pad, "d6:lengthi5e4:pathl1:aee"}, /* another order */
        {"d6:lengthi5e4:pathl1:aee", pad, ""},                         /* one less */
        {"d6:lengthi5e4:pathl1:aee", pad, "d6:lengthi6e4:pathl1:beed6:lengthi0e4:pathl1:cee"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct why why;
        char *files = mem_printf("5:filesl%s%s%se", bad[i].a, bad[i].pad, bad[i].b);
        assert_null(of_tree(tree, files, i == 2 ? "6:pieces" H : behind, &why));
        assert_int_equal(why.code, ERR_INVALID);
        free(files);
    }
    struct why why;
    char *files = mem_printf("5:filesld6:lengthi5e4:pathl1:aee%sd6:lengthi6e4:pathl1:beee", pad);
    struct metainfo *mi = of_tree(tree, files, behind, &why);
    assert_non_null(mi);
    assert_true(mi->hash.has_v1 && mi->hash.has_v2);
    assert_memory_equal(mi->infohash, mi->hash.v1, INFOHASH_LEN);
    assert_int_equal(metainfo_piece_len(mi, 1), 6);
    metainfo_free(mi);
    free(files);
}

/* --- layers --------------------------------------------------------------------------------- */

/* A torrent of one file of three pieces, with these bytes for its piece layer. */
static struct metainfo *with_layer(const void *layer, size_t n, struct why *why)
{
    uint8_t right[3 * MERKLE_LEN], root[MERKLE_LEN];
    memset(right, 7, sizeof right);
    merkle_node(right, 3, 1, 2, 0, root);
    const struct mi_source one = {"", 2 * PIECE + 1, root};
    const struct mi_draft draft = {
        .name = "t", .files = &one, .n = 1, .piece_len = PIECE, .piece_count = 3, .v2 = true};
    struct buf info = {0}, layers = {0}, torrent = {0};
    metainfo_write_info(&info, &draft);
    buf_u8(&layers, 'd');
    ben_put_str(&layers, root, sizeof root);
    ben_put_str(&layers, layer, n);
    buf_u8(&layers, 'e');
    metainfo_write(&torrent, buf_cur(&info), n > 0 ? buf_cur(&layers) : cur_of(NULL, 0),
                   cur_of(NULL, 0), NULL, 0, NULL, 0, "", "", 0);
    struct metainfo *mi = parse(buf_cur(&torrent), why);
    buf_done(&info);
    buf_done(&layers);
    buf_done(&torrent);
    return mi;
}

static void layers_are_of_the_root_and_of_the_right_length(void **state)
{
    (void)state;
    struct why why;
    uint8_t layer[4 * MERKLE_LEN];
    memset(layer, 7, sizeof layer);
    struct metainfo *mi = with_layer(layer, (size_t)3 * MERKLE_LEN, &why);
    assert_non_null(mi);
    assert_int_equal(mi->v2->missing, 0);
    assert_memory_equal(mi_v2_piece(mi, 2), layer, MERKLE_LEN);
    struct buf out = {0}; /* and is written as it came */
    mi_v2_put_layers(&out, mi);
    assert_int_equal(buf_len(&out), 1 + 3 + 32 + 3 + 96 + 1);
    buf_done(&out);
    metainfo_free(mi);
    static const size_t wrong[] = {1, 32, 64, 95, 97, 128};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_null(with_layer(layer, wrong[i], &why));
        assert_int_equal(why.code, ERR_INVALID);
    }
    layer[40] ^= 1;
    assert_null(with_layer(layer, (size_t)3 * MERKLE_LEN, &why));
    mi = with_layer(NULL, 0, &why); /* absent: asked of peers */
    assert_int_equal(mi->v2->missing, 1);
    metainfo_free(mi);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_file_begins_a_piece),
        cmocka_unit_test(one_file_alone_is_its_own_name),
        cmocka_unit_test(trees_that_cannot_be_are_refused),
        cmocka_unit_test(size_bombs_are_refused_and_depth_bombs_too),
        cmocka_unit_test(piece_lengths_are_powers_of_two),
        cmocka_unit_test(a_hybrids_views_agree_or_it_is_refused),
        cmocka_unit_test(layers_are_of_the_root_and_of_the_right_length),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
