#include "api/logins.h"

#include "base/mem.h"
#include "base/test.h"

#include <stdio.h>

enum { NOW_S = 1700000000 };

static const char *secret_of(unsigned n)
{
    static char text[LOGINS_SECRET];
    snprintf(text, sizeof text, "%064x", n);
    return text;
}

static void a_session_ends_a_day_after_its_last_use(void **state)
{
    (void)state;
    struct logins *s = logins_open(NULL, NULL, NULL);
    int64_t now_s = NOW_S;
    logins_begin(s, secret_of(1), now_s);
    assert_true(logins_use(s, secret_of(1), now_s += LOGINS_LAST_S));
    assert_true(logins_use(s, secret_of(1), now_s += LOGINS_LAST_S));
    assert_false(logins_use(s, secret_of(1), now_s += LOGINS_LAST_S + 1));
    assert_false(logins_use(s, secret_of(2), NOW_S));
    assert_false(logins_use(s, "", NOW_S)); /* a free place is none */
    logins_close(s, now_s);
}

static void a_clock_that_is_set_back_by_more_than_a_day_ends_it(void **state)
{
    (void)state;
    struct logins *s = logins_open(NULL, NULL, NULL);
    logins_begin(s, secret_of(1), NOW_S);
    assert_false(logins_use(s, secret_of(1), NOW_S - LOGINS_LAST_S - 1));
    assert_true(logins_use(s, secret_of(1), NOW_S - LOGINS_LAST_S));
    logins_close(s, NOW_S);
}

static void the_one_that_was_not_used_for_longest_makes_room(void **state)
{
    (void)state;
    struct logins *s = logins_open(NULL, NULL, NULL);
    for (unsigned i = 0; i < LOGINS_MAX; i++)
        logins_begin(s, secret_of(i), NOW_S + i);
    assert_true(logins_use(s, secret_of(0), NOW_S + 100));
    logins_begin(s, secret_of(99), NOW_S + 101);
    assert_true(logins_use(s, secret_of(0), NOW_S + 102));
    assert_false(logins_use(s, secret_of(1), NOW_S + 102));
    assert_true(logins_use(s, secret_of(99), NOW_S + 102));
    logins_close(s, NOW_S + 102);
}

static void it_outlives_the_node_and_the_file_has_no_secret(void **state)
{
    (void)state;
    struct vfs *v = vfs_mem_new();
    struct why why;
    struct buf text = {0};
    struct vfs_stat st;
    struct logins *s = logins_open(v, "sessions", NULL);
    logins_begin(s, secret_of(1), NOW_S);
    vfs_mem_power_cut(v); /* no goodbye */
    struct logins *again = logins_open(v, "sessions", NULL);
    assert_true(logins_use(again, secret_of(1), NOW_S + LOGINS_LAST_S));
    assert_int_equal(vfs_read_all(v, "sessions", LOGINS_FILE_MAX, &text, &why), OK);
    char *words = buf_take_str(&text);
    assert_null(strstr(words, secret_of(1)));
    free(words);
    assert_int_equal(vfs_stat(v, "sessions", &st, &why), OK);
    assert_true(st.is_private);
    logins_close(again, NOW_S + LOGINS_LAST_S);
    again = logins_open(v, "sessions", NULL); /* that use counts, too */
    assert_true(logins_use(again, secret_of(1), NOW_S + 2 * LOGINS_LAST_S));
    logins_end(again, secret_of(1), NOW_S + 2 * LOGINS_LAST_S);
    assert_false(logins_use(again, secret_of(1), NOW_S + 2 * LOGINS_LAST_S));
    vfs_mem_power_cut(v);
    logins_close(again, NOW_S + 2 * LOGINS_LAST_S);
    again = logins_open(v, "sessions", NULL);
    assert_false(logins_use(again, secret_of(1), NOW_S + 2 * LOGINS_LAST_S));
    logins_close(again, 0);
    logins_close(s, 0);
    vfs_free(v);
}

static void its_use_is_written_once_an_hour(void **state)
{
    (void)state;
    struct vfs *v = vfs_mem_new(), *f = vfs_fault_new(v);
    struct logins *s = logins_open(f, "sessions", NULL);
    logins_begin(s, secret_of(1), NOW_S);
    uint64_t before = vfs_fault_calls(f, VFS_OP_RENAME);
    for (int i = 1; i <= LOGINS_KEEP_S; i++)
        assert_true(logins_use(s, secret_of(1), NOW_S + i));
    assert_int_equal(vfs_fault_calls(f, VFS_OP_RENAME), before);
    assert_true(logins_use(s, secret_of(1), NOW_S + LOGINS_KEEP_S + 1));
    assert_int_equal(vfs_fault_calls(f, VFS_OP_RENAME), before + 1);
    logins_close(s, NOW_S + LOGINS_KEEP_S + 1);
    assert_int_equal(vfs_fault_calls(f, VFS_OP_RENAME), before + 1); /* nothing new to say */
    vfs_free(f);
    vfs_free(v);
}

static void a_damaged_file_signs_nobody_in_and_is_replaced(void **state)
{
    (void)state;
    static const char hash[] =
        "ec4916dd28fc4c10d78e287ca5d9cc51ee1ae73cbfde08c6b37324cbfaac8bc5"; /* any */
    char *long_list = mem_strdup("[");
    for (int i = 0; i <= LOGINS_MAX; i++) {
        char *longer = mem_printf("%s%s[\"%s\",1]", long_list, i ? "," : "", hash);
        free(long_list);
        long_list = longer;
    }
    const char *const bad[] = {"",        "[",      "{}",     "[[]]", "[[\"ec49\",1]]",
                               "[[1,2]]", "[\"\"]", long_list};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct vfs *v = vfs_mem_new();
        struct why why;
        assert_int_equal(vfs_replace(v, "sessions", bad[i], strlen(bad[i]), 0, &why), OK);
        struct logins *s = logins_open(v, "sessions", NULL);
        assert_false(logins_use(s, secret_of(1), 1));
        logins_begin(s, secret_of(1), NOW_S);
        logins_close(s, NOW_S);
        s = logins_open(v, "sessions", NULL);
        assert_true(logins_use(s, secret_of(1), NOW_S));
        logins_close(s, NOW_S);
        vfs_free(v);
    }
    free(long_list);
}

static void a_full_disk_signs_nobody_out(void **state)
{
    (void)state;
    struct vfs *v = vfs_mem_new(), *f = vfs_fault_new(v);
    vfs_fault_set(f, VFS_OP_WRITE, 1, 0, ERR_FULL);
    struct logins *s = logins_open(f, "sessions", NULL);
    logins_begin(s, secret_of(1), NOW_S);
    assert_true(logins_use(s, secret_of(1), NOW_S));
    logins_close(s, NOW_S);
    vfs_free(f);
    vfs_free(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_session_ends_a_day_after_its_last_use),
        cmocka_unit_test(a_clock_that_is_set_back_by_more_than_a_day_ends_it),
        cmocka_unit_test(the_one_that_was_not_used_for_longest_makes_room),
        cmocka_unit_test(it_outlives_the_node_and_the_file_has_no_secret),
        cmocka_unit_test(its_use_is_written_once_an_hour),
        cmocka_unit_test(a_damaged_file_signs_nobody_in_and_is_replaced),
        cmocka_unit_test(a_full_disk_signs_nobody_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
