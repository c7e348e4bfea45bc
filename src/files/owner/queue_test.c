#include "files/owner/queue.h"

#include "base/test.h"

#include <string.h>

/* Items from a line: d/s wants to download or seed, D/S runs as that, x stalled (runs, downloads),
 * f forced, - neither. */
static size_t items_of(const char *line, struct queue_item *out)
{
    size_t n = strlen(line);
    for (size_t i = 0; i < n; i++) {
        char c = line[i];
        out[i] = (struct queue_item){
            .kind = c == '-'          ? QUEUE_NONE
                    : strchr("sS", c) ? QUEUE_SEED
                                      : QUEUE_DOWNLOAD,
            .running = strchr("DSx", c) != NULL,
            .stalled = c == 'x',
            .forced = c == 'f',
        };
    }
    return n;
}

/* What is decided: R runs, a digit is its place, - asks for nothing. */
static void decides(const char *line, size_t downloads, size_t seeds, const char *want)
{
    struct queue_item items[16];
    char got[17] = "";
    size_t places[QUEUE_KINDS] = {0, downloads, seeds};
    size_t n = items_of(line, items);
    queue_decide(items, n, places);
    for (size_t i = 0; i < n; i++)
        got[i] = items[i].kind == QUEUE_NONE ? '-'
                 : items[i].running          ? 'R'
                                             : (char)('0' + items[i].place);
    assert_string_equal(got, want);
}

static void without_limits_all_run(void **state)
{
    (void)state;
    decides("dsdsd-", 0, 0, "RRRRR-");
    decides("", 0, 0, "");
}

static void places_go_to_the_first_and_the_others_count_up(void **state)
{
    (void)state;
    decides("dddd", 2, 0, "RR12");
    decides("sdsdsd", 1, 2, "RRR112");
    decides("-d-d", 1, 1, "-R-1");
}

static void who_runs_is_not_put_back(void **state)
{
    (void)state;
    decides("ddD", 1, 0, "12R");
    decides("dDD", 1, 0, "1RR");
}

static void who_stalls_takes_no_place(void **state)
{
    (void)state;
    decides("xdd", 1, 0, "RR1");
    decides("xDd", 1, 0, "RR1");
}

static void who_is_forced_runs_beside_the_queue(void **state)
{
    (void)state;
    decides("Ddf", 1, 0, "R1R");
    decides("fdd", 1, 0, "RR1");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(without_limits_all_run),
        cmocka_unit_test(places_go_to_the_first_and_the_others_count_up),
        cmocka_unit_test(who_runs_is_not_put_back),
        cmocka_unit_test(who_stalls_takes_no_place),
        cmocka_unit_test(who_is_forced_runs_beside_the_queue),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
