#include "files/meta/metainfo.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/test.h"
#include "crypto/hex.h"
#include "files/meta/bencode.h"

#include <stdio.h>

/* A made-up torrent of three pieces, 40 bytes: what stands behind its "files" or "length". */
#define HASHES "60:aaaaaaaaaaaaaaaaaaaabbbbbbbbbbbbbbbbbbbbcccccccccccccccccccc"
#define SINGLE "d6:lengthi40e4:name5:a.txt12:piece lengthi16e6:pieces" HASHES "e"

static struct metainfo *parse(const char *text, struct why *why)
{
    *why = (struct why){0};
    char *exact = mem_dup(text, strlen(text)); /* so that a read past its end is seen */
    struct metainfo *mi = metainfo_parse(cur_of(exact, strlen(text)), why);
    free(exact);
    assert_int_equal(why->text[0] != '\0', !mi);
    return mi;
}

static struct metainfo *good(const char *text)
{
    struct why why;
    struct metainfo *mi = parse(text, &why);
    if (!mi)
        fail_msg("%s", why.text);
    return mi;
}

static enum err verdict(const char *text)
{
    struct why why;
    struct metainfo *mi = parse(text, &why);
    metainfo_free(mi);
    return mi ? OK : why.code;
}

/* A torrent whose "files" are these, of `total` bytes in one piece of 16 KiB. */
static struct metainfo *of_files(const char *files, struct why *why)
{
    char *text = mem_printf("d4:infod5:filesl%se4:name1:t12:piece lengthi16384e6:pieces"
                            "20:aaaaaaaaaaaaaaaaaaaaee",
                            files);
    struct metainfo *mi = parse(text, why);
    free(text);
    return mi;
}

static enum err files_verdict(const char *files)
{
    struct why why;
    struct metainfo *mi = of_files(files, &why);
    metainfo_free(mi);
    return mi ? OK : why.code;
}

static void reads_a_single_file(void **state)
{
    (void)state;
    struct metainfo *mi = good("d8:announce26:udp://t.example:6969/annou7:comment2:hi10:created by"
                               "3:mk113:creation datei1700000000e4:info" SINGLE "e");
    assert_string_equal(mi->name, "a.txt");
    assert_false(mi->multi);
    assert_false(mi->private_);
    assert_int_equal(mi->total, 40);
    assert_int_equal(mi->piece_len, 16);
    assert_int_equal(mi->piece_count, 3);
    assert_memory_equal(mi->pieces + 40, "cccccccccccccccccccc", 20);
    assert_int_equal(metainfo_piece_len(mi, 0), 16);
    assert_int_equal(metainfo_piece_len(mi, 2), 8);
    assert_int_equal(mi->file_count, 1);
    assert_string_equal(mi->files[0].path, "a.txt");
    assert_int_equal(mi->files[0].len, 40);
    assert_int_equal(mi->tracker_count, 1);
    assert_string_equal(mi->trackers[0].url, "udp://t.example:6969/annou");
    assert_string_equal(mi->comment, "hi");
    assert_string_equal(mi->created_by, "mk1");
    assert_int_equal(mi->created_s, 1700000000);
    metainfo_free(mi);
}

static void the_infohash_is_that_of_the_bytes_as_they_came(void **state)
{
    (void)state;
    uint8_t want[SHA1_LEN];
    const char *unordered = "d12:piece lengthi16e6:lengthi40e4:name1:a6:pieces" HASHES "e";
    char *text = mem_printf("d4:info%se", unordered);
    struct metainfo *mi = good(text);
    sha1(unordered, strlen(unordered), want);
    assert_memory_equal(mi->infohash, want, SHA1_LEN);
    assert_int_equal(mi->info.n, strlen(unordered));
    assert_memory_equal(mi->info.p, unordered, mi->info.n);
    metainfo_free(mi);
    free(text);
}

static void reads_many_files_with_padding_and_empty_ones(void **state)
{
    (void)state;
    struct why why;
    struct metainfo *mi = of_files("d6:lengthi10e4:pathl1:a1:bee"
                                   "d4:attr1:p6:lengthi6ee"
                                   "d6:lengthi0e4:pathl5:emptyee"
                                   "d4:attr1:x6:lengthi4e4:pathl1:cee"
                                   "d4:attr1:l4:pathl4:linke12:symlink pathl2:..3:etcee",
                                   &why);
    assert_non_null(mi);
    assert_true(mi->multi);
    assert_int_equal(mi->file_count, 5);
    assert_int_equal(mi->total, 20);
    assert_string_equal(mi->files[0].path, "t/a/b");
    assert_string_equal(mi->files[1].path, "t/.pad/6");
    assert_true(mi->files[1].pad);
    assert_int_equal(mi->files[2].offset, 16);
    assert_int_equal(mi->files[2].len, 0);
    assert_int_equal(mi->files[3].offset, 16);
    assert_false(mi->files[3].pad);
    assert_true(mi->files[4].pad); /* a symlink is never made */
    metainfo_free(mi);
    assert_int_equal(files_verdict("d4:attr1:l6:lengthi5e4:pathl1:aee"), ERR_INVALID);
}

static void lengths_that_cannot_be_are_refused(void **state)
{
    (void)state;
    assert_int_equal(files_verdict("d6:lengthi1e4:pathl1:aee"), OK);
    assert_int_equal(files_verdict("d6:lengthi-1e4:pathl1:aee"), ERR_INVALID);
    assert_int_equal(files_verdict("d4:pathl1:aee"), ERR_INVALID);
    assert_int_equal(files_verdict("d6:lengthi0e4:pathl1:aee"), ERR_INVALID); /* no bytes at all */
    assert_int_equal(files_verdict("d6:lengthi16384e4:pathl1:aee"), OK);
    assert_int_equal(files_verdict("d6:lengthi16385e4:pathl1:aee"), ERR_INVALID); /* two pieces */
    assert_int_equal(files_verdict("d6:lengthi9223372036854775807e4:pathl1:aee"
                                   "d6:lengthi1e4:pathl1:bee"),
                     ERR_LIMIT); /* the sum runs over */
    assert_int_equal(files_verdict("d6:lengthi9223372036854775807e4:pathl1:aee"), ERR_INVALID);
    assert_int_equal(files_verdict(""), ERR_INVALID);
    assert_int_equal(files_verdict("i1e"), ERR_INVALID);
    assert_int_equal(files_verdict("d6:lengthi1ee"), ERR_INVALID);
    assert_int_equal(files_verdict("d6:lengthi1e4:pathlee"), ERR_INVALID);
    assert_int_equal(files_verdict("d6:lengthi1e4:pathli1eee"), ERR_INVALID);
    assert_int_equal(files_verdict("d6:lengthi1e4:path1:ae"), ERR_INVALID);
}

static enum err with_piece_len(const char *len, uint64_t total)
{
    char *text = mem_printf("d4:infod6:lengthi%llue4:name1:a12:piece length%s6:pieces"
                            "20:aaaaaaaaaaaaaaaaaaaaee",
                            (unsigned long long)total, len);
    enum err err = verdict(text);
    free(text);
    return err;
}

static void piece_lengths_are_bounded(void **state)
{
    (void)state;
    char len[40];
    assert_int_equal(with_piece_len("i1e", 1), OK);
    assert_int_equal(with_piece_len("i1e", 2), ERR_INVALID);
    assert_int_equal(with_piece_len("i0e", 1), ERR_INVALID); /* killed another client */
    assert_int_equal(with_piece_len("i-16e", 1), ERR_INVALID);
    assert_int_equal(with_piece_len("2:16", 1), ERR_INVALID);
    snprintf(len, sizeof len, "i%de", MI_PIECE_MAX);
    assert_int_equal(with_piece_len(len, 5), OK);
    snprintf(len, sizeof len, "i%de", MI_PIECE_MAX + 1);
    assert_int_equal(with_piece_len(len, 5), ERR_LIMIT);
    assert_int_equal(with_piece_len("i4294967297e", 1), ERR_LIMIT); /* 1 when cut to 32 bits */
    assert_int_equal(with_piece_len("i9223372036854775807e", 1), ERR_LIMIT);
}

static void what_is_no_torrent_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",
        "de",
        "le",
        "i1e",
        "d4:infoi1ee",
        "d4:infodee",
        "d4:infod5:filesld6:lengthi40e4:pathl1:aeee6:lengthi40e4:name1:a12:piece "
        "lengthi16e6:pieces" HASHES "ee",
        "d4:infod4:name1:a12:piece lengthi16e6:pieces" HASHES "ee",
        "d4:infod6:lengthi40e4:name1:a6:pieces" HASHES "ee",
        "d4:infod6:lengthi40e4:name1:a12:piece lengthi16eee",
        "d4:infod6:lengthi40e4:name1:a12:piece lengthi16e6:pieces3:abcee",
        "d4:infod6:lengthi1e4:name1:a12:piece lengthi16e6:pieces21:aaaaaaaaaaaaaaaaaaaaaee",
    };
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        if (verdict(wrong[i]) != ERR_INVALID)
            fail_msg("taken: %s", wrong[i]);
    char whole[] = "d4:info" SINGLE "e";
    for (size_t n = 0; n < sizeof whole - 1; n++) {
        char *cut = mem_strndup(whole, n);
        assert_int_equal(verdict(cut), ERR_INVALID);
        free(cut);
    }
}

static void torrents_past_the_limits_are_refused(void **state)
{
    (void)state;
    struct why why;
    uint8_t *big = mem_zalloc(MI_TORRENT_MAX + 1);
    assert_null(metainfo_parse(cur_of(big, MI_TORRENT_MAX), &why));
    assert_int_equal(why.code, ERR_INVALID);
    assert_null(metainfo_parse(cur_of(big, MI_TORRENT_MAX + 1), &why));
    assert_int_equal(why.code, ERR_LIMIT);
    struct infohash hash = {.has_v1 = true};
    sha1(big, MI_INFO_MAX + 1, hash.v1);
    assert_null(metainfo_of_info(cur_of(big, MI_INFO_MAX + 1), &hash, NULL, 0, &why));
    assert_int_equal(why.code, ERR_LIMIT);
    free(big);
}

/* Each path repeats the torrent's name, so a small torrent could ask for much memory. */
static void the_bytes_of_all_paths_are_bounded(void **state)
{
    (void)state;
    struct why why;
    struct buf b = {0};
    buf_printf(&b, "d4:infod5:filesl");
    for (int i = 0; i < 300000; i++)
        buf_str(&b, "d6:lengthi1e4:pathl1:aee");
    buf_printf(&b, "e4:name255:%0255d12:piece lengthi67108864e6:pieces20:%020dee", 0, 0);
    assert_null(metainfo_parse(buf_cur(&b), &why));
    assert_int_equal(why.code, ERR_LIMIT);
    buf_done(&b);
}

static void another_version_is_refused_with_words(void **state)
{
    (void)state;
    struct why why;
    assert_null(parse("d4:infod12:meta versioni3e4:name1:aee", &why));
    assert_int_equal(why.code, ERR_INVALID);
    assert_non_null(strstr(why.text, "version 3"));
}

static void tiers_are_those_of_bep_12(void **state)
{
    (void)state;
    struct metainfo *mi = good("d8:announce8:http://z13:announce-listll8:http://a8:http://beleli1e"
                               "3:a be8:http://cl8:http://a8:http://dee4:info" SINGLE "e");
    assert_int_equal(mi->tracker_count, 4);
    static const struct mi_tracker want[] = {
        {"http://a", 0}, {"http://b", 0}, {"http://c", 1}, {"http://d", 2}};
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(mi->trackers[i].url, want[i].url);
        assert_int_equal(mi->trackers[i].tier, want[i].tier);
    }
    metainfo_free(mi);
    mi = good("d8:announce8:http://z13:announce-listle4:info" SINGLE "e");
    assert_int_equal(mi->tracker_count, 1); /* an empty list does not count */
    metainfo_free(mi);
    mi = good("d13:announce-list3:abc4:info" SINGLE "e");
    assert_int_equal(mi->tracker_count, 0);
    metainfo_free(mi);
}

static void trackers_and_web_seeds_are_bounded(void **state)
{
    (void)state;
    struct buf b = {0};
    buf_str(&b, "d13:announce-listl");
    for (int i = 0; i < MI_TRACKERS_MAX + 1; i++)
        buf_printf(&b, "l12:http://t%04de", i);
    buf_str(&b, "e4:info" SINGLE "8:url-listl6:ftp://");
    for (int i = 0; i < MI_WEB_SEEDS_MAX + 1; i++)
        buf_printf(&b, "12:http://w%04d", i);
    buf_str(&b, "ee");
    char *text = buf_take_str(&b);
    struct metainfo *mi = good(text);
    assert_int_equal(mi->tracker_count, MI_TRACKERS_MAX);
    assert_string_equal(mi->trackers[MI_TRACKERS_MAX - 1].url, "http://t0255");
    assert_int_equal(mi->web_seed_count, MI_WEB_SEEDS_MAX);
    assert_string_equal(mi->web_seeds[0], "http://w0000");
    metainfo_free(mi);
    free(text);
    mi = good("d4:info" SINGLE "8:url-list9:https://we");
    assert_int_equal(mi->web_seed_count, 1);
    assert_string_equal(mi->web_seeds[0], "https://w");
    metainfo_free(mi);
}

static void words_from_strangers_are_made_valid(void **state)
{
    (void)state;
    struct metainfo *mi = good("d7:comment7:a\x1b\xff\nb\xc3\xa9"
                               "10:created byi1e13:creation datei-5e4:info" SINGLE "e");
    assert_string_equal(mi->comment, "a??\nb\xc3\xa9");
    assert_string_equal(mi->created_by, "");
    assert_int_equal(mi->created_s, 0);
    metainfo_free(mi);
}

static void a_torrent_without_a_name_gets_that_of_its_hash(void **state)
{
    (void)state;
    char hex[2 * SHA1_LEN + 1];
    struct metainfo *mi =
        good("d4:infod6:lengthi40e4:name0:12:piece lengthi16e6:pieces" HASHES "ee");
    assert_string_equal(mi->name, hex_encode(mi->infohash, SHA1_LEN, hex));
    metainfo_free(mi);
    mi = good("d4:infod6:lengthi40e4:name2:..12:piece lengthi16e6:pieces" HASHES "ee");
    assert_string_equal(mi->name, "_");
    metainfo_free(mi);
    mi = good("d4:infod6:lengthi40e4:name1:\xff"
              "10:name.utf-82:\xc3\xa9"
              "12:piece lengthi16e6:pieces" HASHES "ee");
    assert_string_equal(mi->name, "\xc3\xa9");
    metainfo_free(mi);
}

static void metadata_must_have_its_hash(void **state)
{
    (void)state;
    static const struct mi_tracker given[] = {
        {"http://b", 1}, {"http://a", 0}, {"http://c", 1}, {"http://a", 3}};
    struct why why = {0};
    struct infohash hash = {.has_v1 = true};
    struct cur info = cur_of(SINGLE, sizeof SINGLE - 1);
    sha1(info.p, info.n, hash.v1);
    struct metainfo *mi = metainfo_of_info(info, &hash, given, 4, &why);
    assert_non_null(mi);
    assert_int_equal(mi->total, 40);
    assert_int_equal(mi->tracker_count, 3);
    assert_string_equal(mi->trackers[0].url, "http://a");
    assert_string_equal(mi->trackers[1].url, "http://b");
    assert_string_equal(mi->trackers[2].url, "http://c");
    metainfo_free(mi);
    hash.v1[0] ^= 1;
    assert_null(metainfo_of_info(info, &hash, NULL, 0, &why));
    assert_int_equal(why.code, ERR_INVALID);
    metainfo_free(NULL);
}

static void what_we_write_is_canonical(void **state)
{
    (void)state;
    static const struct mi_source files[] = {{"a/b.txt", 30, NULL}, {"c", 10, NULL}};
    static const struct mi_tracker trackers[] = {{"http://a", 0}, {"http://b", 0}, {"http://c", 1}};
    static const char *const seeds[] = {"http://w/"};
    const uint8_t *pieces = (const uint8_t *)HASHES + 3;
    struct buf info = {0}, out = {0};
    const struct mi_draft draft = {.name = "t",
                                   .files = files,
                                   .n = 2,
                                   .piece_len = 16,
                                   .pieces = pieces,
                                   .piece_count = 3,
                                   .private_ = true};
    metainfo_write_info(&info, &draft);
    metainfo_write(&out, buf_cur(&info), cur_of(NULL, 0), cur_of(NULL, 0), trackers, 3, seeds, 1,
                   "hi", "me", 5);
    const char want[] = "d8:announce8:http://a13:announce-listll8:http://a8:http://bel8:http://cee"
                        "7:comment2:hi10:created by2:me13:creation datei5e4:info"
                        "d5:filesld6:lengthi30e4:pathl1:a5:b.txteed6:lengthi10e4:pathl1:ceee"
                        "4:name1:t12:piece lengthi16e6:pieces" HASHES "7:privatei1ee"
                        "8:url-listl9:http://w/ee";
    assert_int_equal(buf_len(&out), sizeof want - 1);
    assert_memory_equal(buf_bytes(&out), want, buf_len(&out));
    struct metainfo *mi = good(want);
    assert_true(mi->private_);
    assert_string_equal(mi->files[0].path, "t/a/b.txt");
    assert_int_equal(mi->tracker_count, 3);
    metainfo_free(mi);
    buf_done(&info);
    buf_done(&out);
}

static void a_single_file_is_written_without_a_folder(void **state)
{
    (void)state;
    static const struct mi_source file = {"", 40, NULL};
    struct buf info = {0}, out = {0};
    const struct mi_draft draft = {.name = "a.txt",
                                   .files = &file,
                                   .n = 1,
                                   .piece_len = 16,
                                   .pieces = (const uint8_t *)HASHES + 3,
                                   .piece_count = 3};
    metainfo_write_info(&info, &draft);
    assert_int_equal(buf_len(&info), sizeof SINGLE - 1);
    assert_memory_equal(buf_bytes(&info), SINGLE, buf_len(&info));
    metainfo_write(&out, buf_cur(&info), cur_of(NULL, 0), cur_of(NULL, 0), NULL, 0, NULL, 0, "",
                   NULL, 0);
    assert_memory_equal(buf_bytes(&out), "d4:info" SINGLE "e", buf_len(&out));
    buf_clear(&out);
    metainfo_write(&out, buf_cur(&info), cur_of(NULL, 0), cur_of(NULL, 0),
                   &(struct mi_tracker){"http://a", 0}, 1, NULL, 0, "", "", 0);
    assert_int_equal(buf_len(&out), strlen("d8:announce8:http://a4:info" SINGLE "e"));
    assert_memory_equal(buf_bytes(&out), "d8:announce8:http://a4:info" SINGLE "e", buf_len(&out));
    buf_done(&info);
    buf_done(&out);
}

static void piece_lengths_are_picked_for_about_1500_pieces(void **state)
{
    (void)state;
    const uint64_t KIB = 1024, MIB = 1024 * KIB;
    assert_int_equal(metainfo_pick_piece_len(0), 16 * KIB);
    assert_int_equal(metainfo_pick_piece_len(1), 16 * KIB);
    assert_int_equal(metainfo_pick_piece_len(32 * MIB - 1), 16 * KIB);
    assert_int_equal(metainfo_pick_piece_len(32 * MIB), 32 * KIB);
    assert_int_equal(metainfo_pick_piece_len(1024 * MIB), 1024 * KIB);
    assert_int_equal(metainfo_pick_piece_len(UINT64_MAX), 16 * MIB);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_single_file),
        cmocka_unit_test(the_infohash_is_that_of_the_bytes_as_they_came),
        cmocka_unit_test(reads_many_files_with_padding_and_empty_ones),
        cmocka_unit_test(lengths_that_cannot_be_are_refused),
        cmocka_unit_test(piece_lengths_are_bounded),
        cmocka_unit_test(what_is_no_torrent_is_refused),
        cmocka_unit_test(torrents_past_the_limits_are_refused),
        cmocka_unit_test(the_bytes_of_all_paths_are_bounded),
        cmocka_unit_test(another_version_is_refused_with_words),
        cmocka_unit_test(tiers_are_those_of_bep_12),
        cmocka_unit_test(trackers_and_web_seeds_are_bounded),
        cmocka_unit_test(words_from_strangers_are_made_valid),
        cmocka_unit_test(a_torrent_without_a_name_gets_that_of_its_hash),
        cmocka_unit_test(metadata_must_have_its_hash),
        cmocka_unit_test(what_we_write_is_canonical),
        cmocka_unit_test(a_single_file_is_written_without_a_folder),
        cmocka_unit_test(piece_lengths_are_picked_for_about_1500_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
