#include "files/meta/metainfo_path.h"

#include "base/mem.h"
#include "base/test.h"

#include <stdio.h>

static char *part_of(const void *bytes, size_t n)
{
    struct buf b = {0};
    mi_path_put_part(&b, cur_of(bytes, n), MI_FOREIGN);
    return buf_take_str(&b);
}

static void assert_part(const char *given, const char *want)
{
    char *got = part_of(given, strlen(given));
    assert_string_equal(got, want);
    free(got);
}

static void a_part_cannot_leave_its_folder(void **state)
{
    (void)state;
    assert_part("", "_");
    assert_part(".", "_");
    assert_part("..", "_");
    assert_part("...", ".._");
    assert_part("/etc/passwd", "_etc_passwd");
    assert_part("..\\..\\x", ".._.._x");
    assert_part("a/../b", "a_.._b");
    assert_part(".hidden", ".hidden");
    char *nul = part_of("..\0", 3);
    assert_string_equal(nul, ".._");
    free(nul);
}

static void a_part_is_harmless_utf8(void **state)
{
    (void)state;
    assert_part("\xc3\xa9t\xc3\xa9 \xf0\x9f\x90\x9f.txt", "\xc3\xa9t\xc3\xa9 \xf0\x9f\x90\x9f.txt");
    assert_part("a\x1b[2Jb\nc\x7f", "a_[2Jb_c_");
    assert_part("\xff\xc0\x80", "___");
    assert_part("exe.\xe2\x80\xaetxt", "exe._txt");
}

static void a_part_is_cut_to_255_bytes_and_keeps_its_extension(void **state)
{
    (void)state;
    struct buf b = {0};
    for (int i = 0; i < 255; i++)
        buf_u8(&b, 'x');
    char *same = part_of(buf_bytes(&b), 255);
    assert_int_equal(strlen(same), 255);
    free(same);
    buf_u8(&b, 'x');
    char *cut = part_of(buf_bytes(&b), 256);
    assert_int_equal(strlen(cut), 255);
    free(cut);
    buf_str(&b, ".torrent");
    char *named = part_of(buf_bytes(&b), buf_len(&b));
    assert_int_equal(strlen(named), 255);
    assert_string_equal(named + 247, ".torrent");
    free(named);
    buf_clear(&b);
    buf_u8(&b, 'x');
    for (int i = 0; i < 200; i++)
        buf_str(&b, "\xc3\xa9");
    char *even = part_of(buf_bytes(&b), buf_len(&b));
    assert_int_equal(strlen(even), 255); /* 1 + 127 * 2 */
    free(even);
    char *odd = part_of(buf_bytes(&b) + 1, buf_len(&b) - 1);
    assert_int_equal(strlen(odd), 254); /* not half a character */
    free(odd);
    buf_done(&b);
}

static char *path_of(const char *list)
{
    struct arena *a = arena_new();
    const struct ben *parts;
    struct buf b = {0};
    assert_int_equal(ben_parse(a, cur_of(list, strlen(list)), &parts, NULL), OK);
    mi_path_put(&b, "name", parts, MI_FOREIGN);
    arena_free(a);
    return buf_take_str(&b);
}

static void parts_become_a_path(void **state)
{
    (void)state;
    char *p = path_of("l1:a2:..0:5:b.txte");
    assert_string_equal(p, "name/a/_/_/b.txt");
    free(p);
}

/* A list of `n` folders of `len` bytes, and "last.bin". */
static char *deep(size_t n, size_t len)
{
    struct buf b = {0};
    buf_u8(&b, 'l');
    for (size_t i = 0; i < n; i++) {
        buf_printf(&b, "%zu:", len);
        for (size_t k = 0; k < len; k++)
            buf_u8(&b, 'd');
    }
    buf_str(&b, "8:last.bine");
    char *list = buf_take_str(&b);
    char *path = path_of(list);
    free(list);
    return path;
}

static void a_path_too_long_or_deep_loses_its_folders(void **state)
{
    (void)state;
    char *p = deep(MI_DEPTH_MAX - 2, 1); /* and the name, and the file */
    assert_int_equal(strlen(p), 4 + 2 * (MI_DEPTH_MAX - 2) + 9);
    free(p);
    p = deep(MI_DEPTH_MAX - 1, 1);
    assert_string_equal(p, "name/last.bin");
    free(p);
    p = deep(3, 250);
    assert_int_equal(strlen(p), 4 + 3 * 251 + 9);
    free(p);
    p = deep(4, 250);
    assert_string_equal(p, "name/last.bin");
    free(p);
    p = deep(4, 240); /* 977 bytes, and room for a mark */
    assert_int_equal(strlen(p), 977);
    free(p);
    p = deep(60, 200);
    assert_string_equal(p, "name/last.bin");
    free(p);
}

enum { MOST = 12 };

/* `given` paths, up to NULL, come out as `want`. */
static void assert_unique(const char *const given[], const char *const want[])
{
    struct arena *a = arena_new();
    struct mi_file files[MOST] = {0};
    size_t n = 0;
    for (; given[n]; n++)
        files[n] = (struct mi_file){.path = given[n], .pad = strstr(given[n], ".pad") != NULL};
    mi_paths_unique(a, files, n, 2);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(files[i].path, want[i]);
    arena_free(a);
}

static void no_two_files_have_one_path(void **state)
{
    (void)state;
    assert_unique((const char *[]){"t/a.txt", "t/b", "t/a.txt", "t/A.TXT", NULL},
                  (const char *[]){"t/a.txt", "t/b", "t/a_2.txt", "t/A_3.TXT"});
    assert_unique((const char *[]){"t/x/a", "t/X/a", "t/y/a", NULL},
                  (const char *[]){"t/x/a", "t/X/a_1", "t/y/a"});
    /* A name that the mark would make is taken already. */
    assert_unique((const char *[]){"t/a_1", "t/a", "t/a", "t/a_2", "t/a_6/x", "t/b", NULL},
                  (const char *[]){"t/a_1", "t/a", "t/a_8", "t/a_2", "t/a_6/x", "t/b"});
}

static void no_file_has_the_path_of_a_folder(void **state)
{
    (void)state;
    assert_unique((const char *[]){"t/a", "t/a/b", "t/a.b", "t/a b", NULL},
                  (const char *[]){"t/a_0", "t/a/b", "t/a.b", "t/a b"});
    assert_unique((const char *[]){"t/a/b/c", "t/A/B", "t/a", "t/a", NULL},
                  (const char *[]){"t/a/b/c", "t/A/B_1", "t/a_2", "t/a_3"});
}

static void padding_stands_in_nobodys_way(void **state)
{
    (void)state;
    assert_unique((const char *[]){"t/.pad/5", "t/x", "t/.pad/5", NULL},
                  (const char *[]){"t/.pad/5", "t/x", "t/.pad/5"});
}

static void a_mark_fits_into_a_full_name(void **state)
{
    (void)state;
    char name[2 + 255 + 1] = "t/";
    memset(name + 2, 'x', 255);
    name[2 + 255] = '\0';
    memcpy(name + 2 + 251, ".bin", 4);
    struct arena *a = arena_new();
    struct mi_file files[] = {{.path = name}, {.path = name}};
    mi_paths_unique(a, files, 2, 2);
    assert_string_equal(files[0].path, name);
    assert_int_equal(strlen(files[1].path), 257);
    assert_string_equal(files[1].path + 2 + 248, "x_1.bin");
    arena_free(a);
}

static void names_of_devices_and_ends_that_windows_cuts_are_made_safe(void **state)
{
    (void)state;
    static const char *const cases[][2] = {
        {"CON", "_CON"},
        {"nul", "_nul"},
        {"aux.txt", "_aux.txt"},
        {"Aux .tar.gz", "_Aux .tar.gz"},
        {"com1", "_com1"},
        {"LPT9.log", "_LPT9.log"},
        {"COM\u00b9", "_COM\u00b9"},
        {"conin$", "_conin$"},
        {"PRN:x", "_PRN:x"},
        {"name.", "name_"},
        {"name ", "name_"},
        {"...", ".._"},
        {"CONSOLE", "CONSOLE"},
        {"com", "com"},
        {"com10", "com10"},
        {"auxiliary.c", "auxiliary.c"},
        {".aux", ".aux"},
        {"x.nul", "x.nul"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf b = {0};
        bool changed = mi_path_put_part(&b, cur_of(cases[i][0], strlen(cases[i][0])), MI_FOREIGN);
        buf_u8(&b, '\0');
        assert_string_equal((const char *)buf_bytes(&b), cases[i][1]);
        assert_int_equal(changed, strcmp(cases[i][0], cases[i][1]) != 0);
        buf_clear(&b);
        assert_false(mi_path_put_part(&b, cur_of(cases[i][0], strlen(cases[i][0])), MI_OWN));
        buf_done(&b);
    }
}

static void what_turns_the_direction_of_text_is_replaced(void **state)
{
    (void)state;
    static const char name[] = "holiday\u202egpj.exe"; /* shows as holidayexe.jpg */
    struct buf b = {0};
    assert_true(mi_path_put_part(&b, cur_of(name, sizeof name - 1), MI_FOREIGN));
    buf_u8(&b, '\0');
    assert_string_equal((const char *)buf_bytes(&b), "holiday_gpj.exe");
    buf_done(&b);
}

static void our_own_names_stay_but_for_what_leads_elsewhere(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        size_t n;
        const char *want;
    } cases[] = {{"..", 2, "_"},        {".", 1, "_"},      {"", 0, "_"},
                 {"a/b", 3, "a_b"},     {"a\0b", 3, "a_b"}, {"a\nb", 3, "a\nb"},
                 {"a\xff", 2, "a\xff"}, {"a\\b", 3, "a\\b"}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf b = {0};
        mi_path_put_part(&b, cur_of(cases[i].name, cases[i].n), MI_OWN);
        buf_u8(&b, '\0');
        assert_string_equal((const char *)buf_bytes(&b), cases[i].want);
        buf_done(&b);
    }
}

static void names_that_differ_by_case_or_form_of_accents_are_told_apart(void **state)
{
    (void)state;
    assert_unique((const char *const[]){"n/\u00c9t\u00e9.jpg", "n/e\u0301te\u0301.jpg",
                                        "n/\u00e9t\u00c9.jpg", "n/ete.jpg", NULL},
                  (const char *const[]){"n/\u00c9t\u00e9.jpg", "n/e\u0301te\u0301_1.jpg",
                                        "n/\u00e9t\u00c9_2.jpg", "n/ete.jpg"});
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_of_devices_and_ends_that_windows_cuts_are_made_safe),
        cmocka_unit_test(what_turns_the_direction_of_text_is_replaced),
        cmocka_unit_test(our_own_names_stay_but_for_what_leads_elsewhere),
        cmocka_unit_test(names_that_differ_by_case_or_form_of_accents_are_told_apart),
        cmocka_unit_test(a_part_cannot_leave_its_folder),
        cmocka_unit_test(a_part_is_harmless_utf8),
        cmocka_unit_test(a_part_is_cut_to_255_bytes_and_keeps_its_extension),
        cmocka_unit_test(parts_become_a_path),
        cmocka_unit_test(a_path_too_long_or_deep_loses_its_folders),
        cmocka_unit_test(no_two_files_have_one_path),
        cmocka_unit_test(no_file_has_the_path_of_a_folder),
        cmocka_unit_test(padding_stands_in_nobodys_way),
        cmocka_unit_test(a_mark_fits_into_a_full_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
