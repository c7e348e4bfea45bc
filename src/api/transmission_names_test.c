#include "api/transmission_names.h"

#include "base/test.h"

#include <string.h>

static const struct {
    const char *snake, *camel, *kebab;
} names[] = {
    {"download_dir", "downloadDir", "download-dir"},
    {"rate_download", "rateDownload", "rate-download"},
    {"is_utp", "isUTP", "isUTP"},
    {"seed_ratio_limit", "seedRatioLimit", "seedRatioLimit"},
    {"webseeds_sending_to_us", "webseedsSendingToUs", "webseeds-sending-to-us"},
    {"torrent_start_now", "torrentStartNow", "torrent-start-now"},
    {"id", "id", "id"},
    {"size_bytes", "size-bytes", "size-bytes"},
    {"current_stats", "current-stats", "current-stats"},
    {"cache_size_mib", "cache-size-mb", "cache-size-mb"},
};

static void each_spelling_is_understood_and_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *const all[] = {names[i].snake, names[i].camel, names[i].kebab};
        for (size_t k = 0; k < 3; k++) {
            char out[TNAME_MAX];
            tname_snake(all[k], out);
            assert_string_equal(out, names[i].snake);
            tname_write(names[i].snake, (enum tname_style)k, out);
            assert_string_equal(out, all[k]);
        }
    }
}

static void long_and_odd_names_stay_in_their_room(void **state)
{
    (void)state;
    char longest[4 * TNAME_MAX], out[TNAME_MAX];
    memset(longest, 'A', sizeof longest);
    longest[sizeof longest - 1] = '\0';
    tname_snake(longest, out);
    assert_true(strlen(out) < TNAME_MAX);
    for (size_t i = 0; i < sizeof longest - 1; i++)
        longest[i] = i % 2 ? 'A' : 'a';
    tname_snake(longest, out);
    assert_true(strlen(out) < TNAME_MAX);
    tname_write(longest, TNAME_CAMEL, out);
    assert_true(strlen(out) < TNAME_MAX);
    tname_snake("", out);
    assert_string_equal(out, "");
    tname_snake("A", out);
    assert_string_equal(out, "a");
    tname_snake("_-A__", out);
    assert_string_equal(out, "__a__");
    tname_write("a__b_", TNAME_CAMEL, out);
    assert_string_equal(out, "a_B_");
}

static void whole_replies_change_their_names(void **state)
{
    (void)state;
    json_t *j = json_pack("{s:[{s:i}], s:{s:[s]}}", "file_stats", "bytes_completed", 1,
                          "current_stats", "speed_units", "left_alone");
    json_t *want = json_pack("{s:[{s:i}], s:{s:[s]}}", "fileStats", "bytesCompleted", 1,
                             "current-stats", "speedUnits", "left_alone");
    json_t *camel = tname_reply(j, TNAME_CAMEL), *same = tname_reply(j, TNAME_SNAKE);
    assert_true(json_equal(camel, want));
    assert_ptr_equal(same, j);
    json_t *back = tname_arguments(camel);
    assert_non_null(json_object_get(back, "file_stats"));
    json_decref(back);
    json_decref(same);
    json_decref(camel);
    json_decref(want);
    json_decref(j);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_spelling_is_understood_and_written),
        cmocka_unit_test(long_and_odd_names_stay_in_their_room),
        cmocka_unit_test(whole_replies_change_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
