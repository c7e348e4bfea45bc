#include "core/jobs.h"

#include "base/list.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "core/call.h"

#include <assert.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Progress is told at most four times a second (CLI.md, "at most 4 a second per object"): the bus
 * keeps a thousand events, and a job that counts blocks must not push the others out. */
#define TELL_EVERY_US UINT64_C(250000)

enum job_state { JOB_RUNNING, JOB_DONE, JOB_FAILED };

struct job {
    struct jobs *jobs;
    struct link link;
    enum job_state state;
    char id[24];
    char *kind, *what, *unit;
    uint64_t done, total;
    void (*cancel)(void *arg);
    void *arg;
    json_t *result, *error;
    /* the rate, from one telling to the next */
    bool timed;
    uint64_t told_us, told_done;
    uint64_t rate; /* unit a second */
};

struct jobs {
    struct bus *bus;
    struct link running, ended; /* oldest first */
    size_t running_count, ended_count;
    uint64_t last;
};

struct jobs *jobs_new(struct bus *bus)
{
    struct jobs *j = MEM_NEW(struct jobs);
    j->bus = bus;
    list_init(&j->running);
    list_init(&j->ended);
    return j;
}

static void job_free(struct job *job)
{
    list_drop(&job->link);
    json_decref(job->result);
    json_decref(job->error);
    free(job->kind);
    free(job->what);
    free(job->unit);
    free(job);
}

void jobs_free(struct jobs *j)
{
    if (!j)
        return;
    LIST_EACH(&j->running, struct job, r, link)
        job_free(r);
    LIST_EACH(&j->ended, struct job, e, link)
        job_free(e);
    free(j);
}

static char *safe_text(const char *s)
{
    struct buf b = {0};
    utf8_escape(&b, s, strlen(s)); /* names of files, which JSON would refuse */
    return buf_take_str(&b);
}

static json_t *job_json(const struct job *job)
{
    static const char *const state[] = {"running", "done", "failed"};
    return json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:s, s:I, s:O?, s:O?}", "id", job->id, "kind",
                     job->kind, "what", job->what, "state", state[job->state], "done",
                     (json_int_t)job->done, "total", (json_int_t)job->total, "unit", job->unit,
                     "rate", (json_int_t)(job->state == JOB_RUNNING ? job->rate : 0), "result",
                     job->result, "error", job->error);
}

static void tell(const struct job *job)
{
    bus_post(job->jobs->bus, BUS_STATE, "job.progress", job->id, job_json(job));
}

struct job *job_start(struct jobs *j, const char *kind, const char *what, uint64_t total,
                      const char *unit, void (*cancel)(void *arg), void *arg, struct why *why)
{
    if (j->running_count >= JOBS_RUNNING_MAX) {
        why_set(why, ERR_LIMIT, "%zu jobs are running, and no more may: wait for one to end",
                j->running_count);
        return NULL;
    }
    struct job *job = MEM_NEW(struct job);
    *job = (struct job){.jobs = j, .total = total, .cancel = cancel, .arg = arg};
    snprintf(job->id, sizeof job->id, "j%" PRIu64, ++j->last);
    job->kind = safe_text(kind);
    job->what = safe_text(what);
    job->unit = safe_text(unit);
    list_push(&j->running, &job->link);
    j->running_count++;
    tell(job);
    return job;
}

const char *job_id(const struct job *job)
{
    return job->id;
}

/* Half of what was just measured, half of what was thought before: steady enough to read, and
 * right again within a second or two of a change. */
static void measure(struct job *job, uint64_t now_us)
{
    uint64_t gone = job->done > job->told_done ? job->done - job->told_done : 0;
    double per_s = (double)gone * 1e6 / (double)(now_us - job->told_us);
    uint64_t now = per_s < 9e18 ? (uint64_t)per_s : 0;
    job->rate = job->rate == 0 ? now : job->rate / 2 + now / 2;
}

void job_progress(struct job *job, uint64_t done, uint64_t total, uint64_t now_us)
{
    assert(job->state == JOB_RUNNING);
    job->done = done;
    job->total = total;
    if (job->timed && now_us < job->told_us + TELL_EVERY_US)
        return;
    if (job->timed)
        measure(job, now_us);
    job->timed = true;
    job->told_us = now_us;
    job->told_done = done;
    tell(job);
}

/* The state for those who watch, and once for those who act on it. */
static void end(struct job *job, enum job_state state)
{
    assert(job->state == JOB_RUNNING);
    struct jobs *j = job->jobs;
    job->state = state;
    job->cancel = NULL;
    list_drop(&job->link);
    list_push(&j->ended, &job->link);
    j->running_count--;
    if (++j->ended_count > JOBS_KEEP) {
        job_free(LIST_FIRST(&j->ended, struct job, link));
        j->ended_count--;
    }
    json_t *now = job_json(job);
    char id[sizeof job->id];
    memcpy(id, job->id, sizeof id); /* a listener may end other jobs, and this one be dropped */
    bus_post(j->bus, BUS_STATE, "job.progress", id, json_incref(now));
    bus_post(j->bus, BUS_ONCE, state == JOB_DONE ? "job.done" : "job.failed", id, now);
}

void job_done(struct job *job, json_t *result)
{
    job->result = result;
    end(job, JOB_DONE);
}

void job_failed(struct job *job, const char *code, const struct why *why, const char *next)
{
    char *message = safe_text(why->text), *then = next ? safe_text(next) : NULL;
    job->error = json_pack("{s:s, s:s, s:s, s:s*}", "code", code, "kind", err_name(why->code),
                           "message", message, "next", then);
    free(message);
    free(then);
    end(job, JOB_FAILED);
}

static struct job *find(const struct jobs *j, const char *id)
{
    LIST_EACH(&j->running, struct job, r, link)
        if (!strcmp(r->id, id))
            return r;
    LIST_EACH(&j->ended, struct job, e, link)
        if (!strcmp(e->id, id))
            return e;
    return NULL;
}

json_t *jobs_get(const struct jobs *j, const char *id)
{
    const struct job *job = find(j, id);
    return job ? job_json(job) : NULL;
}

json_t *jobs_list(const struct jobs *j)
{
    json_t *all = json_array();
    LIST_EACH(&j->running, struct job, r, link)
        json_array_append_new(all, job_json(r));
    LIST_EACH(&j->ended, struct job, e, link)
        json_array_insert_new(all, j->running_count, job_json(e)); /* newest first */
    return all;
}

enum err jobs_cancel(struct jobs *j, const char *id, struct why *why)
{
    struct job *job = find(j, id);
    if (!job)
        return why_set(why, ERR_NOT_FOUND, "there is no job %.20s", id);
    if (job->state != JOB_RUNNING)
        return why_set(why, ERR_STATE, "job %s has ended already", job->id);
    if (!job->cancel)
        return why_set(why, ERR_STATE, "job %s (%.100s) cannot be stopped", job->id, job->what);
    job->cancel(job->arg);
    return OK;
}
