#include "files/meta/renames.h"

#include "base/mem.h"
#include "base/test.h"
#include "files/meta/metainfo_path.h"
#include "files/web/web_url.h"

#include <stdlib.h>
#include <string.h>

static const struct mi_source tree[] = {{.path = "a.txt", .len = 3},
                                        {.path = "b/c.txt", .len = 4},
                                        {.path = "b/d/e.txt", .len = 5},
                                        {.path = "Z.bin", .len = 6}};
static const struct mi_source single[] = {{.path = "", .len = 9}};

static struct metainfo *make(const char *name, const struct mi_source *files, size_t n)
{
    static const uint8_t hash[SHA1_LEN];
    struct mi_draft draft = {.name = name,
                             .files = files,
                             .n = n,
                             .piece_len = BLOCK_LEN,
                             .pieces = hash,
                             .piece_count = 1};
    struct buf info = {0};
    struct infohash hash_of = {.has_v1 = true};
    metainfo_write_info(&info, &draft);
    sha1(buf_bytes(&info), buf_len(&info), hash_of.v1);
    struct why why = {0};
    struct metainfo *mi = metainfo_of_info(buf_cur(&info), &hash_of, NULL, 0, &why);
    assert_string_equal(why.text, "");
    buf_done(&info);
    return mi;
}

static struct metainfo *make_tree(void)
{
    return make("top", tree, 4);
}

/* As the owner would: where it is now, and what it is to be called. */
static enum err rename_now(struct metainfo *mi, const char *path, const char *name, struct why *why)
{
    enum err err = renames_check(mi, path, name, why);
    char *first = err == OK ? renames_first(mi, path) : NULL;
    if (first)
        renames_set(mi, &(struct rename){first, name}, 1);
    free(first);
    return err;
}

static void must(struct metainfo *mi, const char *path, const char *name)
{
    struct why why = {0};
    rename_now(mi, path, name, &why);
    assert_string_equal(why.text, "");
}

static void a_file_gets_another_name_in_its_folder(void **state)
{
    (void)state;
    struct metainfo *mi = make_tree();
    must(mi, "top/b/c.txt", "see.txt");
    assert_string_equal(mi->files[1].path, "top/b/see.txt");
    assert_true(mi->files[1].renamed);
    assert_string_equal(mi->files[2].path, "top/b/d/e.txt");
    assert_false(mi->files[2].renamed);
    assert_string_equal(renames_first_path(mi, 1), "top/b/c.txt");
    metainfo_free(mi);
}

static void folders_take_what_is_in_them_along(void **state)
{
    (void)state;
    struct metainfo *mi = make_tree();
    must(mi, "top/b/d/e.txt", "f.txt");
    must(mi, "top/b", "bees");
    must(mi, "top", "TOP");
    must(mi, "TOP/bees/d", "dee");
    must(mi, "TOP/bees/dee/f.txt", "last.txt");
    assert_string_equal(mi->files[0].path, "TOP/a.txt");
    assert_string_equal(mi->files[1].path, "TOP/bees/c.txt");
    assert_string_equal(mi->files[2].path, "TOP/bees/dee/last.txt");
    assert_string_equal(mi->name, "TOP");
    assert_true(mi->renamed);
    assert_string_equal(renames_first_path(mi, 2), "top/b/d/e.txt");
    assert_string_equal(renames_first_name(mi), "top");
    char *first = renames_first(mi, "TOP/bees/dee");
    assert_string_equal(first, "top/b/d");
    free(first);
    assert_null(renames_first(mi, "top/b"));
    metainfo_free(mi);
}

static void the_old_name_brings_all_back(void **state)
{
    (void)state;
    struct metainfo *mi = make_tree();
    must(mi, "top/b", "x");
    must(mi, "top/x", "b");
    assert_string_equal(mi->files[1].path, "top/b/c.txt");
    assert_false(mi->files[1].renamed || mi->renamed);
    metainfo_free(mi);
}

static void what_is_kept_comes_in_any_order(void **state)
{
    (void)state;
    const struct rename list[] = {
        {"top/b/d", "dee"}, {"top", "T"}, {"gone", "x"}, {"top/b", "bee"}};
    struct metainfo *mi = make_tree();
    renames_set(mi, list, 4);
    assert_string_equal(mi->files[2].path, "T/bee/dee/e.txt");
    renames_set(mi, &(struct rename){"top/b", "B"}, 1);
    assert_string_equal(mi->files[2].path, "T/B/dee/e.txt");
    metainfo_free(mi);
}

static void a_single_file_is_its_torrents_name(void **state)
{
    (void)state;
    struct metainfo *mi = make("film.mkv", single, 1);
    must(mi, "film.mkv", "Film (1999).mkv");
    assert_string_equal(mi->name, "Film (1999).mkv");
    assert_string_equal(mi->files[0].path, "Film (1999).mkv");
    metainfo_free(mi);
}

static void assert_refused(struct metainfo *mi, const char *path, const char *name, enum err want,
                           const char *words)
{
    struct why why = {0};
    assert_int_equal(rename_now(mi, path, name, &why), want);
    if (!strstr(why.text, words))
        fail_msg("%s", why.text);
    assert_null(mi->names);
}

static void what_is_no_name_is_refused_with_words(void **state)
{
    (void)state;
    struct metainfo *mi = make_tree();
    char longest[MI_PART_MAX + 2];
    memset(longest, 'x', sizeof longest);
    longest[MI_PART_MAX + 1] = '\0';
    static const char *const parts[] = {"", ".", "..", "x/y", "/x", "../x"};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        assert_refused(mi, "top/a.txt", parts[i], ERR_INVALID, "one part of a path");
    static const char *const odd[] = {"aux.txt", "x.", "x ", "a\\b", "a\nb", "exe.\xe2\x80\xaetxt"};
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++)
        assert_refused(mi, "top/a.txt", odd[i], ERR_INVALID, "would do");
    assert_refused(mi, "top/a.txt", longest, ERR_LIMIT, "256 bytes");
    longest[MI_PART_MAX] = '\0';
    must(mi, "top/a.txt", longest);
    metainfo_free(mi);
}

static void what_is_not_there_cannot_be_renamed(void **state)
{
    (void)state;
    struct metainfo *mi = make_tree();
    static const char *const paths[] = {"",           "a.txt",        "top/", "top/b/",
                                        "top/a",      "top/a.txt/",   "TOP",  "/top",
                                        "top/../top", "top/b/c.txt/x"};
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++)
        assert_refused(mi, paths[i], "x", ERR_NOT_FOUND, "is not in this torrent");
    metainfo_free(mi);
}

static void no_two_have_one_name_on_any_machine(void **state)
{
    (void)state;
    struct metainfo *mi = make_tree();
    assert_refused(mi, "top/a.txt", "b", ERR_STATE, "'top/b' is there already");
    assert_refused(mi, "top/a.txt", "B", ERR_STATE, "'top/b' is there already");
    assert_refused(mi, "top/b", "z.BIN", ERR_STATE, "'top/Z.bin' is there already");
    must(mi, "top/a.txt", "\xc3\xa9.txt"); /* the accent in one, below in two */
    struct why why;
    assert_int_equal(rename_now(mi, "top/b", "E\xcc\x81.txt", &why), ERR_STATE);
    must(mi, "top/b", "B"); /* itself is in nobody's way */
    must(mi, "top/B/c.txt", "a.txt");
    metainfo_free(mi);
}

static void no_path_grows_past_the_limit(void **state)
{
    (void)state;
    char path[4 * 241];
    for (size_t i = 0; i < sizeof path; i++) /* four folders of 240 bytes */
        path[i] = i % 241 == 240 ? '/' : 'a';
    path[sizeof path - 1] = '\0';
    const struct mi_source deep[] = {{.path = path, .len = 9}};
    struct metainfo *mi = make("top", deep, 1);
    size_t spare = MI_PATH_MAX - strlen(mi->files[0].path);
    assert_in_range(spare, 1, 100);
    char name[128];
    memset(name, 'n', sizeof name);
    name[3 + spare + 1] = '\0';
    assert_refused(mi, "top", name, ERR_LIMIT, "more than 1024 bytes");
    name[3 + spare] = '\0';
    must(mi, "top", name);
    assert_int_equal(strlen(mi->files[0].path), MI_PATH_MAX);
    metainfo_free(mi);
}

static void web_seeds_know_it_by_the_torrents_names(void **state)
{
    (void)state;
    struct metainfo *mi = make_tree();
    struct buf url = {0};
    must(mi, "top/b", "bees");
    must(mi, "top", "mine");
    web_url_put(&url, "http://w.example/", mi, 1);
    char *text = buf_take_str(&url);
    assert_string_equal(text, "http://w.example/top/b/c.txt");
    free(text);
    metainfo_free(mi);
}

static void paths_meet_at_a_file_above_and_below_it(void **state)
{
    (void)state;
    struct metainfo *mi = make_tree();
    assert_true(renames_meets(mi, "top"));
    assert_true(renames_meets(mi, "top/b"));
    assert_true(renames_meets(mi, "top/b/c.txt"));
    assert_true(renames_meets(mi, "top/b/c.txt/x"));
    assert_false(renames_meets(mi, "top/b/c"));
    assert_false(renames_meets(mi, "to"));
    assert_false(renames_meets(mi, "topper"));
    metainfo_free(mi);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_gets_another_name_in_its_folder),
        cmocka_unit_test(folders_take_what_is_in_them_along),
        cmocka_unit_test(the_old_name_brings_all_back),
        cmocka_unit_test(what_is_kept_comes_in_any_order),
        cmocka_unit_test(a_single_file_is_its_torrents_name),
        cmocka_unit_test(what_is_no_name_is_refused_with_words),
        cmocka_unit_test(what_is_not_there_cannot_be_renamed),
        cmocka_unit_test(no_two_have_one_name_on_any_machine),
        cmocka_unit_test(no_path_grows_past_the_limit),
        cmocka_unit_test(web_seeds_know_it_by_the_torrents_names),
        cmocka_unit_test(paths_meet_at_a_file_above_and_below_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
