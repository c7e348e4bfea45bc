#include "api/methods.h"

static void job_ls(void *app, struct call *c)
{
    const struct api_own *own = app;
    call_ok(c, jobs_list(own->jobs));
}

static void not_there(struct call *c)
{
    call_failf(c, "job.not_found", ERR_NOT_FOUND, "shoal job ls", "there is no job %s",
               call_text(c, "id"));
}

static void job_show(void *app, struct call *c)
{
    const struct api_own *own = app;
    json_t *job = jobs_get(own->jobs, call_text(c, "id"));
    if (job)
        call_ok(c, job);
    else
        not_there(c);
}

static void job_cancel(void *app, struct call *c)
{
    const struct api_own *own = app;
    struct why why;
    enum err e = jobs_cancel(own->jobs, call_text(c, "id"), &why);
    if (e == OK)
        call_ok(c, json_object());
    else if (e == ERR_NOT_FOUND)
        not_there(c);
    else
        call_fail(c, "job.state", &why, "shoal job show ID tells how it ended");
}

static void method_ls(void *app, struct call *c)
{
    const struct api_own *own = app;
    call_ok(c, routes_describe(own->routes));
}

static const struct param job_id_param[] = {
    {.name = "id",
     .type = PARAM_TEXT,
     .flags = PARAM_REQUIRED | PARAM_POSITIONAL,
     .max = 64,
     .help = "the job's id, from the answer that started it"},
    {0},
};

static const struct column job_columns[] = {
    {"id", "JOB", "text"},
    {"state", "STATE", "text"},
    {"what", "WHAT", "text"},
    {"done", "DONE", "int"},
    {"total", "OF", "int"},
    {"unit", "", "text"},
    {0},
};

const struct method api_methods[] = {
    {.name = "job.ls",
     .http = "GET",
     .route = "/jobs",
     .summary = "List long work: what runs and what ended lately",
     .result = "[{id, kind, what, state, done, total, unit, rate, result, error}]",
     .errors = "",
     .example = "shoal job ls",
     .columns = job_columns,
     .call = job_ls},
    {.name = "job.show",
     .http = "GET",
     .route = "/jobs/{id}",
     .params = job_id_param,
     .summary = "Show how far a job is, or how it ended",
     .result = "{id, kind, what, state: running|done|failed, done, total, unit, rate, result, "
               "error}",
     .errors = "job.not_found",
     .example = "shoal job show j3",
     .call = job_show},
    {.name = "job.cancel",
     .http = "POST",
     .route = "/jobs/{id}/cancel",
     .flags = METHOD_WRITE,
     .params = job_id_param,
     .summary = "Stop a job; what it had made so far is kept",
     .result = "{}",
     .errors = "job.not_found, job.state",
     .example = "shoal job cancel j3",
     .call = job_cancel},
    {.name = "method.ls",
     .http = "GET",
     .route = "/methods",
     .flags = METHOD_HIDDEN,
     .summary = "List every method with its route, parameters and result",
     .result = "[{name, http, route, scope, summary, result, errors, example, params}]",
     .errors = "",
     .example = "curl --unix-socket api.sock http://localhost/api/v1/methods",
     .call = method_ls},
    {0},
};
