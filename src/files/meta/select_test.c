#include "files/meta/select.h"

#include "base/test.h"
#include "files/peer/picker.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 100 };

/* Eight files in a folder, 50 bytes a step. */
static const struct mi_file files[] = {
    {"t/film.mkv", 250, 0, false, false},
    {"t/Season 1/a.MKV", 50, 250, false, false},
    {"t/Season 1/a.srt", 0, 300, false, false},
    {"t/pad", 100, 300, true, false},
    {"t/Season 2/extras/b.txt", 10, 400, false, false},
    {"t/x[1].exe", 90, 410, false, false},
    {"t/last", 1, 500, false, false},
};
enum { COUNT = sizeof files / sizeof files[0] };
static const struct metainfo mi = {.name = "t",
                                   .multi = true,
                                   .total = 501,
                                   .piece_len = PIECE,
                                   .piece_count = 6,
                                   .files = files,
                                   .file_count = COUNT};

static void globs_mean_what_they_say(void **state)
{
    (void)state;
    static const struct {
        const char *glob, *means; /* an x for each file */
    } cases[] = {
        {"*.mkv", "xx....."},
        {"*", "xxxxxxx"},
        {"Season 1", ".xx...."},
        {"season*", ".xx.x.."},
        {"Season ?/a.*", ".xx...."},
        {"b.txt", "....x.."},
        {"extras/b.txt", "......."},
        {"*/b.txt", "....x.."},
        {"Season 2/extras", "....x.."},
        {"x[1].exe", ".....x."},
        {"t", "......."},
        {"*a*", ".xxxx.x"},
        {"", "......."},
        {"**k*v", "xx....."},
        {"?ilm.mkv", "x......"},
        {"film.mk", "......."},
        {"film.mkvv", "......."},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        for (size_t f = 0; f < COUNT; f++)
            if (select_matches(cases[i].glob, &mi, f) != (cases[i].means[f] == 'x'))
                fail_msg("%s and %s", cases[i].glob, files[f].path);
}

static void a_single_file_has_its_name_for_a_path(void **state)
{
    (void)state;
    static const struct mi_file one = {"a.iso", 5, 0, false, false};
    struct metainfo single = {.name = "a.iso", .files = &one, .file_count = 1};
    assert_true(select_matches("a.*", &single, 0));
    assert_false(select_matches("b.*", &single, 0));
}

static void hostile_globs_take_no_time(void **state)
{
    (void)state;
    char path[1001] = "", glob[4001] = "";
    memset(path, 'a', 1000);
    for (size_t i = 0; i < 4000; i++)
        glob[i] = i % 2 ? 'a' : '*';
    glob[3999] = 'b';
    struct mi_file one = {path, 5, 0, false, false};
    struct metainfo single = {.name = path, .files = &one, .file_count = 1};
    assert_false(select_matches(glob, &single, 0));
}

static const char *applied(const char *const *rules, char out[COUNT + 1])
{
    struct buf b = {0};
    struct why why;
    uint8_t p[COUNT];
    memset(p, FILE_NORMAL, sizeof p);
    for (; rules[0]; rules += 2)
        assert_int_equal(select_add(&b, rules[0], rules[1], &why), OK);
    char *text = buf_take_str(&b);
    (void)!select_apply(text, &mi, p, &why);
    free(text);
    for (size_t i = 0; i < COUNT; i++)
        out[i] = ".lnh"[p[i]];
    out[COUNT] = '\0';
    return out;
}

static void rules_are_applied_in_order(void **state)
{
    (void)state;
    char got[COUNT + 1];
    assert_string_equal(applied((const char *[]){NULL}, got), "nnnnnnn");
    assert_string_equal(applied((const char *[]){"only", "*.mkv", NULL}, got), "nn.....");
    assert_string_equal(applied((const char *[]){"only", "*.mkv", "so", "6", NULL}, got),
                        "nn....n");
    assert_string_equal(applied((const char *[]){"so", "0,2-4", NULL}, got), "n.n.n..");
    assert_string_equal(applied((const char *[]){"skip", "*.exe", "high", "film.mkv", NULL}, got),
                        "hnnnn.n");
    assert_string_equal(
        applied((const char *[]){"skip", "*", "low", "*.mkv", "high", "a.MKV", NULL}, got),
        "lh.n...");
    /* What is limited comes first, however they are written: "only" does not undo "skip". */
    assert_string_equal(applied((const char *[]){"skip", "a.*", "only", "*.mkv", NULL}, got),
                        "n......");
}

static void a_limit_that_means_no_file_is_told(void **state)
{
    (void)state;
    struct why why;
    uint8_t p[COUNT];
    memset(p, FILE_NORMAL, sizeof p);
    assert_int_equal(select_apply("only *.avi\n", &mi, p, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "*.avi"));
    assert_int_equal(p[0], FILE_SKIP);
    assert_int_equal(select_apply("so 99\nonly film.mkv\n", &mi, p, &why), ERR_NOT_FOUND);
    assert_int_equal(p[0], FILE_NORMAL);
    assert_int_equal(select_apply("skip *.avi\n", &mi, p, &why), OK);
    assert_int_equal(select_apply("torn line", &mi, p, &why), OK);
}

static void what_is_no_rule_is_refused(void **state)
{
    (void)state;
    struct buf b = {0};
    struct why why;
    static const char *const bad[] = {"",   "1,",  ",1",   "a",          "1-",
                                      "-2", "3-1", "1,,2", "9999999999", "1 2"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(select_add(&b, "so", bad[i], &why), ERR_INVALID);
    assert_int_equal(select_add(&b, "only", "a\nskip b", &why), ERR_INVALID);
    assert_int_equal(select_add(&b, "only", "", &why), ERR_INVALID);
    assert_int_equal(buf_len(&b), 0);
    char *long_one = memset(malloc(SELECT_RULES_MAX), 'a', SELECT_RULES_MAX);
    long_one[SELECT_RULES_MAX - 6] = '\0'; /* "only ", the glob, a newline */
    assert_int_equal(select_add(&b, "only", long_one, &why), OK);
    assert_int_equal(select_add(&b, "only", "b", &why), ERR_LIMIT);
    buf_done(&b);
    free(long_one);
}

/* A link's "so" comes from a stranger, and a torrent may have a million files. */
static void many_numbers_of_many_files_take_no_time(void **state)
{
    (void)state;
    enum { MANY = 200000, RANGES = 5000 };
    struct mi_file *many = calloc(MANY, sizeof *many);
    uint8_t *p = malloc(MANY);
    struct buf so = {0}, rules = {0};
    for (size_t i = 0; i < MANY; i++)
        many[i].path = "t";
    memset(p, FILE_NORMAL, MANY);
    for (size_t i = 0; i < RANGES; i++)
        buf_printf(&so, "%s%s", i ? "," : "", i % 2 ? "9-9" : "7");
    char *text = buf_take_str(&so);
    assert_int_equal(select_add(&rules, "so", text, NULL), OK);
    char *lines = buf_take_str(&rules);
    struct metainfo large = {.name = "t", .files = many, .file_count = MANY};
    assert_int_equal(select_apply(lines, &large, p, NULL), OK);
    assert_int_equal(p[7], FILE_NORMAL);
    assert_int_equal(p[8], FILE_SKIP);
    assert_int_equal(p[9], FILE_NORMAL);
    assert_int_equal(p[MANY - 1], FILE_SKIP);
    free(lines);
    free(text);
    free(many);
    free(p);
}

static void numbers_may_overlap_and_reach_past_the_end(void **state)
{
    (void)state;
    char got[COUNT + 1];
    assert_string_equal(applied((const char *[]){"so", "4-9,1-2,2-5", NULL}, got), ".nn.nnn");
    assert_string_equal(applied((const char *[]){"so", "6", "skip", "#5-6,6", NULL}, got),
                        ".......");
    assert_string_equal(applied((const char *[]){"so", "0,7,999999999", NULL}, got), "n......");
}

static void a_piece_is_wanted_as_its_most_wanted_file(void **state)
{
    (void)state;
    uint8_t out[6],
        p[COUNT] = {FILE_LOW, FILE_HIGH, FILE_NORMAL, FILE_HIGH, FILE_SKIP, FILE_NORMAL, FILE_SKIP};
    select_pieces(&mi, p, false, out);
    static const uint8_t want[] = {PICKER_LOW,  PICKER_LOW,    PICKER_HIGH,
                                   PICKER_SKIP, PICKER_NORMAL, PICKER_SKIP};
    assert_memory_equal(out, want, sizeof want);
    select_pieces(&mi, p, true, out);
    static const uint8_t ends[] = {PICKER_FIRST, PICKER_LOW,   PICKER_FIRST,
                                   PICKER_SKIP,  PICKER_FIRST, PICKER_SKIP};
    assert_memory_equal(out, ends, sizeof ends);
    select_pieces(&mi, NULL, false, out);
    assert_int_equal(out[5], PICKER_NORMAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(globs_mean_what_they_say),
        cmocka_unit_test(a_single_file_has_its_name_for_a_path),
        cmocka_unit_test(hostile_globs_take_no_time),
        cmocka_unit_test(rules_are_applied_in_order),
        cmocka_unit_test(a_limit_that_means_no_file_is_told),
        cmocka_unit_test(what_is_no_rule_is_refused),
        cmocka_unit_test(many_numbers_of_many_files_take_no_time),
        cmocka_unit_test(numbers_may_overlap_and_reach_past_the_end),
        cmocka_unit_test(a_piece_is_wanted_as_its_most_wanted_file),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
