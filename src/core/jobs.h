/* core/jobs.h - long work that a person started: what it is doing, how far it is, how it ended.
 *
 * Hashing a folder to share it takes minutes: the method answers at once with a job's id, and the
 * CLI, the web page and GET /jobs/{id} watch it.  Ended jobs are kept, the newest JOBS_KEEP. */
#ifndef SHOAL_CORE_JOBS_H
#define SHOAL_CORE_JOBS_H

#include "base/err.h"
#include "core/bus.h"

#include <jansson.h>
#include <stdint.h>

enum { JOBS_KEEP = 64, JOBS_RUNNING_MAX = 64 };

struct jobs;
struct job;

/* Progress is posted to `bus` as BUS_STATE "job.progress". */
struct jobs *jobs_new(struct bus *bus);
void jobs_free(struct jobs *j);

/* what: "hash music/".  total: in unit, 0 when not known.  cancel (may be NULL) is called when the
 * user asks for it; the job then ends by job_failed.  NULL and ERR_LIMIT past JOBS_RUNNING_MAX. */
struct job *job_start(struct jobs *j, const char *kind, const char *what, uint64_t total,
                      const char *unit, void (*cancel)(void *arg), void *arg, struct why *why);
const char *job_id(const struct job *job);
void job_progress(struct job *job, uint64_t done, uint64_t total, uint64_t now_us);
void job_done(struct job *job, json_t *result); /* takes result; the job is the table's again */
void job_failed(struct job *job, const char *code, const struct why *why, const char *next);

/* {"id","kind","what","state":"running|done|failed","done","total","unit","rate","result",
 * "error"}, a new reference, or NULL. */
json_t *jobs_get(const struct jobs *j, const char *id);
json_t *jobs_list(const struct jobs *j);
MUST_CHECK enum err jobs_cancel(struct jobs *j, const char *id, struct why *why);

#endif
