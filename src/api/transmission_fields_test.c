#include "api/transmission_fields.h"

#include "base/test.h"

static void times_are_read_as_rfc_3339_says(void **state)
{
    (void)state;
    assert_int_equal(tfield_unix_time("1970-01-01T00:00:00Z"), 0);
    assert_int_equal(tfield_unix_time("2026-01-01T00:00:00Z"), 1767225600);
    assert_int_equal(tfield_unix_time("2024-02-29T12:34:56Z"), 1709210096);
    assert_int_equal(tfield_unix_time("2026-01-01T00:00:00.123456Z"), 1767225600);
    assert_int_equal(tfield_unix_time("1985-04-12T23:20:50.52Z"), 482196050);
    assert_int_equal(tfield_unix_time("1996-12-19T16:39:57-08:00"), 851042397);
    assert_int_equal(tfield_unix_time("2000-03-01T00:00:00+00:00"), 951868800);
}

static void what_is_no_time_is_0(void **state)
{
    (void)state;
    const char *const bad[] = {"",
                               "x",
                               "2026",
                               "2026-01-01",
                               "2026-01-01T00:00",
                               "2026-01-01T00:00:00",
                               "2026-01-01T00:00:00z ",
                               "2026-13-01T00:00:00Z",
                               "2026-00-01T00:00:00Z",
                               "2026-01-32T00:00:00Z",
                               "2026-01-01T24:00:00Z",
                               "2026-01-01T00:00:00+1:00",
                               "2026-01-01T00:00:00+01",
                               "-026-01-01T00:00:00Z"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        assert_int_equal(tfield_unix_time(bad[i]), 0);
}

static void each_state_has_its_number(void **state)
{
    (void)state;
    static const struct {
        const char *state;
        int status;
    } all[] = {{"metadata", 4}, {"checking", 2}, {"downloading", 4}, {"seeding", 6},
               {"paused", 0},   {"error", 0},    {"new one", 0}};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        json_t *row = json_pack("{s:s}", "state", all[i].state);
        json_t *v = tfield_get(tfield_find("status"), row, 1);
        assert_int_equal(json_integer_value(v), all[i].status);
        json_decref(v);
        json_decref(row);
    }
}

static void a_row_without_anything_gives_a_value_for_every_field(void **state)
{
    (void)state;
    json_t *row = json_object();
    const char *const names[] = {"id",        "name",   "percentDone", "eta",      "errorString",
                                 "addedDate", "files",  "peers",       "trackers", "pieceCount",
                                 "wanted",    "pieces", "hashString",  "labels"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        json_t *v = tfield_get(tfield_find(names[i]), row, 1);
        assert_non_null(v);
        json_decref(v);
    }
    assert_null(tfield_find("nonsense"));
    json_decref(row);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(times_are_read_as_rfc_3339_says),
        cmocka_unit_test(what_is_no_time_is_0),
        cmocka_unit_test(each_state_has_its_number),
        cmocka_unit_test(a_row_without_anything_gives_a_value_for_every_field),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
