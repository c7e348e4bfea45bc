#include "core/jobs.h"

#include "base/mem.h"
#include "base/test.h"

#include <stdio.h>

enum { SECOND = 1000000 };

struct env {
    struct bus *bus;
    struct jobs *jobs;
    unsigned progress, done, failed; /* events heard */
    struct job *cancels;             /* ended by its cancel */
};

static void on_event(void *arg, const struct bus_event *ev)
{
    struct env *e = arg;
    e->progress += !strcmp(ev->type, "job.progress") && ev->kind == BUS_STATE;
    e->done += !strcmp(ev->type, "job.done") && ev->kind == BUS_ONCE;
    e->failed += !strcmp(ev->type, "job.failed") && ev->kind == BUS_ONCE;
    assert_string_equal(ev->id, json_string_value(json_object_get(ev->data, "id")));
}

static int set_up(void **state)
{
    struct env *e = MEM_NEW(struct env);
    e->bus = bus_new();
    e->jobs = jobs_new(e->bus);
    bus_subscribe(e->bus, "job.", on_event, e);
    *state = e;
    return 0;
}

static int tear_down(void **state)
{
    struct env *e = *state;
    jobs_free(e->jobs);
    bus_free(e->bus);
    free(e);
    return 0;
}

static struct job *start(struct env *e, void (*cancel)(void *arg))
{
    return job_start(e->jobs, "file.add", "hash music/", 1000, "bytes", cancel, e, NULL);
}

static json_t *get(struct env *e, const char *id)
{
    json_t *j = jobs_get(e->jobs, id);
    assert_non_null(j);
    return j;
}

static void assert_field(struct env *e, const char *id, const char *key, const char *json)
{
    json_t *job = get(e, id);
    char *text = json_dumps(json_object_get(job, key), JSON_ENCODE_ANY | JSON_SORT_KEYS);
    assert_string_equal(text ? text : "(none)", json);
    free(text);
    json_decref(job);
}

static void a_job_says_what_it_is_and_how_far(void **state)
{
    struct env *e = *state;
    struct job *job = start(e, NULL);
    assert_string_equal(job_id(job), "j1");
    assert_int_equal(e->progress, 1); /* that it began */
    job_progress(job, 10, 1000, 5 * SECOND);
    json_t *now = get(e, "j1");
    char *text = json_dumps(now, JSON_SORT_KEYS);
    assert_string_equal(text, "{\"done\": 10, \"error\": null, \"id\": \"j1\", "
                              "\"kind\": \"file.add\", \"rate\": 0, \"result\": null, "
                              "\"state\": \"running\", \"total\": 1000, \"unit\": \"bytes\", "
                              "\"what\": \"hash music/\"}");
    free(text);
    json_decref(now);
    job_done(job, json_pack("{s:i}", "pieces", 7));
    assert_field(e, "j1", "state", "\"done\"");
    assert_field(e, "j1", "result", "{\"pieces\": 7}");
    assert_int_equal(e->done, 1);
    assert_null(jobs_get(e->jobs, "j2"));
}

static void the_rate_follows_what_happens(void **state)
{
    struct env *e = *state;
    struct job *job = start(e, NULL);
    job_progress(job, 0, 1000, 0);
    job_progress(job, 100, 1000, SECOND);
    assert_field(e, "j1", "rate", "100");
    job_progress(job, 400, 1000, 2 * SECOND);
    assert_field(e, "j1", "rate", "200");     /* half of 100 and half of 300 */
    job_progress(job, 200, 1000, 3 * SECOND); /* some of it is done again */
    assert_field(e, "j1", "rate", "100");
    job_done(job, NULL);
    assert_field(e, "j1", "rate", "0");
    assert_field(e, "j1", "result", "null");
}

static void progress_is_told_four_times_a_second(void **state)
{
    struct env *e = *state;
    struct job *job = start(e, NULL);
    for (uint64_t i = 0; i < 1000; i++)
        job_progress(job, i, 1000, i * 1000); /* one second, a thousand steps */
    assert_int_equal(e->progress, 1 + 4);
    assert_field(e, "j1", "done", "999"); /* who asks gets the last */
    job_done(job, json_object());
    assert_int_equal(e->progress, 1 + 4 + 1);
}

static void a_failure_keeps_its_three_parts(void **state)
{
    struct env *e = *state;
    struct why why;
    why_set(&why, ERR_IO, "b/\xff.flac changed");
    job_failed(start(e, NULL), "file.changed", &why, "run it again");
    job_failed(start(e, NULL), "file.changed", &why, NULL);
    assert_field(e, "j1", "state", "\"failed\"");
    assert_field(e, "j1", "error",
                 "{\"code\": \"file.changed\", \"kind\": \"io\", \"message\": "
                 "\"b/\\\\xff.flac changed\", \"next\": \"run it again\"}");
    assert_field(e, "j2", "error",
                 "{\"code\": \"file.changed\", \"kind\": \"io\", \"message\": "
                 "\"b/\\\\xff.flac changed\"}");
    assert_int_equal(e->failed, 2);
}

static void on_cancel(void *arg)
{
    struct env *e = arg;
    struct why why;
    why_set(&why, ERR_STATE, "stopped");
    job_failed(e->cancels, "cancelled", &why, NULL);
}

static void only_a_running_job_that_can_be_stopped_is(void **state)
{
    struct env *e = *state;
    e->cancels = start(e, on_cancel);
    start(e, NULL);
    struct why why;
    assert_int_equal(jobs_cancel(e->jobs, "j1", &why), OK);
    assert_field(e, "j1", "state", "\"failed\"");
    assert_int_equal(jobs_cancel(e->jobs, "j1", &why), ERR_STATE);
    assert_int_equal(jobs_cancel(e->jobs, "j2", &why), ERR_STATE);
    assert_string_equal(why.text, "job j2 (hash music/) cannot be stopped");
    assert_int_equal(jobs_cancel(e->jobs, "j3", &why), ERR_NOT_FOUND);
}

static void so_many_run_and_one_more_is_refused(void **state)
{
    struct env *e = *state;
    struct job *job = NULL;
    for (int i = 0; i < JOBS_RUNNING_MAX; i++)
        assert_non_null(job = start(e, NULL));
    struct why why;
    assert_null(job_start(e->jobs, "k", "w", 0, "", NULL, NULL, &why));
    assert_int_equal(why.code, ERR_LIMIT);
    job_done(job, json_object());
    assert_non_null(start(e, NULL));
}

static void ended_jobs_are_kept_the_newest_first(void **state)
{
    struct env *e = *state;
    struct job *running = start(e, NULL);
    for (int i = 0; i < JOBS_KEEP + 1; i++)
        job_done(start(e, NULL), json_object());
    json_t *all = jobs_list(e->jobs);
    assert_int_equal(json_array_size(all), 1 + JOBS_KEEP);
    const char *const ids[] = {job_id(running), "j66", "j65"};
    for (size_t i = 0; i < 3; i++)
        assert_string_equal(json_string_value(json_object_get(json_array_get(all, i), "id")),
                            ids[i]);
    json_decref(all);
    assert_null(jobs_get(e->jobs, "j2"));
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_job_says_what_it_is_and_how_far),         TEST(the_rate_follows_what_happens),
        TEST(progress_is_told_four_times_a_second),      TEST(a_failure_keeps_its_three_parts),
        TEST(only_a_running_job_that_can_be_stopped_is), TEST(so_many_run_and_one_more_is_refused),
        TEST(ended_jobs_are_kept_the_newest_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
