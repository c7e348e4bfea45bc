#include "core/metrics.h"

#include "base/mem.h"
#include "base/test.h"

#include <stdio.h>

static void cells_are_written_in_the_order_of_registration(void **state)
{
    (void)state;
    struct metrics *m = metrics_new();
    struct metric *up = metrics_get(m, METRIC_COUNTER, "shoal_files_up_bytes_total", "Sent.");
    struct metric *peers = metrics_get(m, METRIC_GAUGE, "shoal_files_peers", "a\\b\nc");
    metric_add(up, 5);
    metric_add(up, INT64_C(1) << 40);
    metric_set(peers, -3);
    assert_ptr_equal(metrics_get(m, METRIC_COUNTER, "shoal_files_up_bytes_total", "Sent."), up);
    struct buf b = {0};
    metrics_write(m, &b);
    char *text = buf_take_str(&b);
    assert_string_equal(text, "# HELP shoal_files_up_bytes_total Sent.\n"
                              "# TYPE shoal_files_up_bytes_total counter\n"
                              "shoal_files_up_bytes_total 1099511627781\n"
                              "# HELP shoal_files_peers a\\\\b\\nc\n"
                              "# TYPE shoal_files_peers gauge\n"
                              "shoal_files_peers -3\n");
    free(text);
    metrics_free(m);
}

static void cells_stay_where_they_are(void **state)
{
    (void)state;
    static char names[METRICS_MAX][16];
    struct metrics *m = metrics_new();
    struct metric *first = NULL;
    for (int i = 0; i < METRICS_MAX; i++) {
        snprintf(names[i], sizeof names[i], "shoal_%d", i);
        struct metric *c = metrics_get(m, METRIC_GAUGE, names[i], "");
        first = first ? first : c;
    }
    metric_set(first, 1);
    assert_ptr_equal(metrics_get(m, METRIC_GAUGE, "shoal_0", ""), first);
    metrics_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_written_in_the_order_of_registration),
        cmocka_unit_test(cells_stay_where_they_are),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
