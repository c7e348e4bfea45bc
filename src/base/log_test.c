#include "base/log.h"

#include "base/buf.h"
#include "base/test.h"

static void keep(void *arg, enum log_level level, const char *line)
{
    buf_printf(arg, "%s %s\n", log_level_name(level), line);
}

static void said(struct buf *lines, const char *want)
{
    assert_int_equal(buf_len(lines), strlen(want));
    if (*want)
        assert_memory_equal(buf_bytes(lines), want, strlen(want));
    buf_clear(lines);
}

static void a_line_carries_the_prefixes_of_its_log(void **state)
{
    (void)state;
    struct buf lines = {0};
    struct log *root = log_new(LOG_DEBUG, keep, &lines);
    struct log *torrent = log_child(root, "torrent %d", 7);
    struct log *tracker = log_child(torrent, "tracker");
    log_info(root, "up");
    log_warn(tracker, "timed out after %d s", 30);
    said(&lines, "info up\nwarn torrent 7: tracker: timed out after 30 s\n");
    log_free(tracker);
    log_free(torrent);
    log_free(root);
    log_free(NULL);
    buf_done(&lines);
}

static void the_roots_level_holds_for_all(void **state)
{
    (void)state;
    struct buf lines = {0};
    struct log *root = log_new(LOG_WARN, keep, &lines);
    struct log *child = log_child(root, "c");
    log_debug(child, "a");
    log_info(child, "b");
    log_warn(child, "c");
    log_error(root, "d");
    said(&lines, "warn c: c\nerror d\n");
    log_set_level(root, LOG_DEBUG);
    log_debug(child, "e");
    said(&lines, "debug c: e\n");
    log_set_level(root, LOG_NONE);
    log_error(child, "f");
    said(&lines, "");
    log_free(child);
    log_free(root);
    buf_done(&lines);
}

static void names_from_strangers_forge_no_line(void **state)
{
    (void)state;
    struct buf lines = {0};
    struct log *root = log_new(LOG_DEBUG, keep, &lines);
    struct log *child = log_child(root, "%s", "a\nb");
    log_info(child, "%s", "x\x1b[2Jy\r\nerror: z \xff \xc3\xa9");
    said(&lines, "info a\\x0ab: x\\x1b[2Jy\\x0d\\x0aerror: z \\xff \xc3\xa9\n");
    log_free(child);
    log_free(root);
    buf_done(&lines);
}

static void a_log_that_is_not_there_is_silent(void **state)
{
    (void)state;
    log_error(NULL, "nobody hears %d", 1);
    struct log *child = log_child(NULL, "orphan");
    struct log *grandchild = log_child(child, "more");
    log_error(grandchild, "nor this");
    log_free(grandchild);
    log_free(child);
}

static void a_long_line_is_cut(void **state)
{
    (void)state;
    struct buf lines = {0};
    struct log *root = log_new(LOG_DEBUG, keep, &lines);
    log_info(root, "%5000d", 1);
    assert_true(buf_len(&lines) < 1100);
    log_free(root);
    buf_done(&lines);
}

static void levels_have_names(void **state)
{
    (void)state;
    for (enum log_level l = LOG_DEBUG; l <= LOG_NONE; l++)
        assert_int_equal(log_level_of(log_level_name(l)), l);
    assert_int_equal(log_level_of("loud"), LOG_NONE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_carries_the_prefixes_of_its_log),
        cmocka_unit_test(the_roots_level_holds_for_all),
        cmocka_unit_test(names_from_strangers_forge_no_line),
        cmocka_unit_test(a_log_that_is_not_there_is_silent),
        cmocka_unit_test(a_long_line_is_cut),
        cmocka_unit_test(levels_have_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
