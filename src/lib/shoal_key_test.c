/* Keys, lines of the log, the version. */
#include "lib/shoal_kit_test.h"

#include <unistd.h>

static void a_key_is_its_phrase_and_stays_in_its_file(void **state)
{
    struct kit *k = *state;
    char folder[] = "/tmp/shoal-key-XXXXXX", phrase[SHOAL_PHRASE_TEXT], path[64];
    struct shoal_err err;
    assert_non_null(mkdtemp(folder));
    struct shoal_key *made = shoal_key_open(k->loop, folder, &err);
    assert_non_null(made);
    struct shoal_key *again = shoal_key_open(k->loop, folder, &err);
    shoal_key_phrase(made, phrase);
    struct shoal_key *told = shoal_key_of_phrase(phrase, &err);
    assert_string_equal(shoal_key_id(made), shoal_key_id(again));
    assert_string_equal(shoal_key_id(made), shoal_key_id(told));
    shoal_key_free(told);
    shoal_key_free(again);
    shoal_key_free(made);
    shoal_key_free(NULL);
    assert_null(shoal_key_of_phrase("abandon", &err));
    assert_int_equal(err.code, SHOAL_ERR_INVALID);
    snprintf(path, sizeof path, "%s/identity", folder);
    assert_int_equal(truncate(path, 5), 0);
    assert_null(shoal_key_open(k->loop, folder, &err)); /* never made anew over a damaged one */
    assert_int_equal(err.code, SHOAL_ERR_INVALID);
    unlink(path);
    snprintf(path, sizeof path, "%s/identity.lock", folder);
    unlink(path);
    rmdir(folder);
}

static void count_line(void *arg, int level, const char *line)
{
    assert_in_range(level, SHOAL_LOG_DEBUG, SHOAL_LOG_ERROR);
    assert_true(strlen(line) > 0);
    ++*(unsigned *)arg;
}

static void lines_come_to_who_asks_for_them(void **state)
{
    struct kit *k = *state;
    unsigned lines = 0;
    shoal_loop_log(k->loop, SHOAL_LOG_DEBUG, count_line, &lines);
    shoal_host_dial(k->a, shoal_host_address(k->b, 0), on_dial, k, NULL);
    run(k);
    shoal_host_hang_up(k->a, k->peer); /* said at debug */
    assert_true(lines > 0);
    shoal_loop_log(k->loop, SHOAL_LOG_NONE, NULL, NULL);
}

static void the_library_says_its_version(void **state)
{
    (void)state;
    assert_string_equal(shoal_version(), SHOAL_VERSION);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(a_key_is_its_phrase_and_stays_in_its_file),
        CASE(lines_come_to_who_asks_for_them),
        CASE(the_library_says_its_version),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
