#include "core/schedule.h"

#include "base/test.h"

enum { MON, TUE, WED, THU, FRI, SAT, SUN };

static unsigned when(unsigned day, unsigned hour, unsigned minute)
{
    return day * DAY_MINUTES + hour * 60 + minute;
}

static struct schedule of(const char *text)
{
    struct schedule s;
    struct why why;
    if (schedule_parse(text, &s, &why) != OK)
        fail_msg("%s", why.text);
    return s;
}

static void working_hours_begin_and_end_to_the_minute(void **state)
{
    (void)state;
    struct schedule s = of("Mon-Fri 08:00-18:00");
    assert_false(schedule_holds(&s, when(MON, 7, 59)));
    assert_true(schedule_holds(&s, when(MON, 8, 0)));
    assert_true(schedule_holds(&s, when(FRI, 17, 59)));
    assert_false(schedule_holds(&s, when(FRI, 18, 0)));
    assert_false(schedule_holds(&s, when(SAT, 12, 0)));
    assert_false(schedule_holds(&s, when(SUN, 12, 0)));
}

static void a_night_belongs_to_the_day_on_which_it_begins(void **state)
{
    (void)state;
    struct schedule every = of("22:00-07:00"), sunday = of("Sun 22:00-07:00");
    assert_true(schedule_holds(&every, when(WED, 23, 0)));
    assert_true(schedule_holds(&every, when(WED, 6, 59)));
    assert_false(schedule_holds(&every, when(WED, 7, 0)));
    assert_true(schedule_holds(&sunday, when(SUN, 22, 0)));
    assert_true(schedule_holds(&sunday, when(MON, 6, 59)));
    assert_false(schedule_holds(&sunday, when(SUN, 6, 0)));
    assert_false(schedule_holds(&sunday, when(MON, 22, 0)));
}

static void what_is_read_is_written_in_one_way(void **state)
{
    (void)state;
    const struct {
        const char *in, *out;
    } cases[] = {
        {"Mon-Fri 08:00-18:00", "Mon-Fri 08:00-18:00"},
        {"  mon-FRI \t 8:00 - 18:00 ", "Mon-Fri 08:00-18:00"},
        {"Sat,Sun", "Sat,Sun"},
        {"Fri-Mon", "Mon,Fri-Sun"},
        {"daily", "daily"},
        {"Mon-Sun 00:00-24:00", "daily"},
        {"Daily 22:00-07:00", "22:00-07:00"},
        {"22:00-00:00", "22:00-24:00"},
        {"Sun,Mon,Wed,Fri 00:00-00:01", "Mon,Wed,Fri,Sun 00:00-00:01"},
        {"Tue-Tue", "Tue"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct schedule s = of(cases[i].in);
        char text[SCHEDULE_TEXT];
        schedule_text(&s, text);
        assert_string_equal(text, cases[i].out);
    }
}

static void what_is_none_is_quoted(void **state)
{
    (void)state;
    const char *const bad[] = {
        "",
        " ",
        "Mo",
        "Mon-",
        "Mon,",
        "Mon,,Tue",
        "Monday",
        "Mon08:00-9:00",
        "08:00",
        "08:00-",
        "08:00-08:00",
        "24:00-01:00",
        "08:60-10:00",
        "08:00-24:01",
        "8-18",
        "008:00-09:00",
        "08:0-09:00",
        "daily,Mon",
        "Mon 08:00-09:00 x",
        "08:00-09:00 Mon",
        "00:00-00:00",
        "Mon;Tue",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct schedule s;
        struct why why;
        if (schedule_parse(bad[i], &s, &why) != ERR_INVALID)
            fail_msg("\"%s\" was taken", bad[i]);
        assert_int_equal(why.text[0], '"');
        assert_memory_equal(why.text + 1, bad[i], strlen(bad[i]));
    }
}

static void every_truncation_is_other_hours_or_none(void **state)
{
    (void)state;
    const char *whole = "Mon-Fri 08:00-18:00";
    for (size_t n = 0; n < strlen(whole); n++) {
        char text[32];
        memcpy(text, whole, n);
        text[n] = '\0';
        struct schedule s;
        bool days_only = n == 3 || n == 7 || n == 8; /* "Mon", "Mon-Fri", "Mon-Fri " */
        assert_int_equal(schedule_parse(text, &s, NULL), days_only ? OK : ERR_INVALID);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(working_hours_begin_and_end_to_the_minute),
        cmocka_unit_test(a_night_belongs_to_the_day_on_which_it_begins),
        cmocka_unit_test(what_is_read_is_written_in_one_way),
        cmocka_unit_test(what_is_none_is_quoted),
        cmocka_unit_test(every_truncation_is_other_hours_or_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
