#include "files/owner/care.h"

#include "base/mem.h"
#include "base/test.h"

#include <stdlib.h>
#include <string.h>

static void what_is_kept_comes_back(void **state)
{
    (void)state;
    struct why why;
    struct care c = {.place = -5,
                     .forced = true,
                     .finished = true,
                     .shared = true,
                     .weight = -1,
                     .conns = 7,
                     .free_of_node = true,
                     .group = mem_strdup("night"),
                     .done_us = 1,
                     .active_us = 2,
                     .edited_us = 3,
                     .downloading_us = 4,
                     .seeding_us = 5};
    json_t *labels = json_pack("[s, s, s]", "linux", "iso", "linux");
    assert_int_equal(care_set_labels(&c, labels, &why), OK);
    assert_int_equal(json_array_size(c.labels), 2);
    json_decref(labels);
    assert_int_equal(care_set_ratio(&c, "1.5", &why), OK);
    assert_int_equal(care_set_idle(&c, "30m", &why), OK);
    json_t *first = care_to_json(&c);
    struct care again = {0};
    care_of_json(&again, first);
    json_t *second = care_to_json(&again);
    assert_true(json_equal(first, second));
    assert_int_equal(again.idle_s, 1800);
    json_decref(first);
    json_decref(second);
    care_done(&c);
    care_done(&again);
}

static void what_makes_no_sense_is_as_if_not_said(void **state)
{
    (void)state;
    json_t *j = json_pack("{s:s, s:i, s:i, s:f, s:[i], s:i, s:s, s:I}", "place", "first", "weight",
                          9, "peer_limit", -1, "ratio_limit", -3.0, "labels", 4, "group", 1,
                          "ratio_mode", "odd", "seeding_us", INT64_C(-1));
    struct care c = {0};
    care_of_json(&c, j);
    json_t *got = care_to_json(&c), *want = care_to_json(&(struct care){0});
    assert_true(json_equal(got, want));
    json_decref(got);
    json_decref(want);
    json_decref(j);
    care_done(&c);
    care_of_json(&c, NULL);
    care_done(&c);
}

static void seeding_limits_are_read_as_people_write_them(void **state)
{
    (void)state;
    struct why why;
    struct care c = {0};
    assert_true(care_ratio_limit(&c, 3) == 3 && care_idle_limit_s(&c, 60) == 60);
    assert_int_equal(care_set_ratio(&c, "0", &why), OK);
    assert_true(care_ratio_limit(&c, 3) == 0);
    assert_int_equal(care_set_ratio(&c, "off", &why), OK);
    assert_true(care_ratio_limit(&c, 3) < 0);
    assert_int_equal(care_set_ratio(&c, "node", &why), OK);
    assert_true(care_ratio_limit(&c, 3) == 3);
    static const char *const bad[] = {"", "-1", "two", "1e9", "0x2", "nan", "inf", "2 "};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(care_set_ratio(&c, bad[i], &why), ERR_INVALID);
    static const struct {
        const char *text;
        int64_t s;
    } idle[] = {{"30m", 1800}, {"90s", 90}, {"2h", 7200}, {"5min", 300}, {"0", 0}};
    for (size_t i = 0; i < sizeof idle / sizeof *idle; i++) {
        assert_int_equal(care_set_idle(&c, idle[i].text, &why), OK);
        assert_int_equal(care_idle_limit_s(&c, 60), idle[i].s);
    }
    assert_int_equal(care_set_idle(&c, "m", &why), ERR_INVALID);
    assert_int_equal(care_set_idle(&c, "2000w", &why), OK);
    assert_int_equal(care_set_idle(&c, "20000w", &why), ERR_LIMIT);
    assert_int_equal(care_set_idle(&c, "off", &why), OK);
    assert_true(care_idle_limit_s(&c, 60) < 0);
}

static void labels_are_bounded(void **state)
{
    (void)state;
    struct why why;
    struct care c = {0};
    json_t *many = json_array();
    for (int i = 0; i < CARE_LABELS_MAX; i++)
        json_array_append_new(many, json_sprintf("l%d", i));
    assert_int_equal(care_set_labels(&c, many, &why), OK);
    json_array_append_new(many, json_string("l0")); /* a double */
    assert_int_equal(care_set_labels(&c, many, &why), OK);
    json_array_append_new(many, json_string("one more"));
    assert_int_equal(care_set_labels(&c, many, &why), ERR_LIMIT);
    assert_int_equal(json_array_size(c.labels), CARE_LABELS_MAX);
    json_decref(many);
    static const char *const bad[] = {"", "a,b"};
    for (size_t i = 0; i < 2; i++) {
        json_t *one = json_pack("[s]", bad[i]);
        assert_int_equal(care_set_labels(&c, one, &why), ERR_INVALID);
        json_decref(one);
    }
    assert_int_equal(care_set_labels(&c, NULL, &why), OK);
    assert_int_equal(json_array_size(c.labels), 0);
    care_done(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_kept_comes_back),
        cmocka_unit_test(what_makes_no_sense_is_as_if_not_said),
        cmocka_unit_test(seeding_limits_are_read_as_people_write_them),
        cmocka_unit_test(labels_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
