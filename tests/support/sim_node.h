/* tests/support/sim_node.h - a whole node in the simulator, made of one app.
 *
 * Builds the app_env that node/ builds in a real program: the machine's loop from sim/, a disk in
 * memory, a database in memory, settings, a policy, a bus.  The disk and the database outlive a
 * crash of the machine (sim_node_crash), as they do on a real one; the database in memory has no
 * power cut of its own.
 *
 *     struct sim *sim = sim_new(1);
 *     struct node *ann = node_new(sim, "ann", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0});
 *     node_start(ann, &files_app, NULL);
 *     json_t *r = node_call(ann, "file.get", json_pack("{s:s}", "link", magnet));
 *     ...
 *     node_free(ann);
 *     sim_free(sim);
 *
 * Everything that goes wrong in here fails the test by assert(). */
#ifndef SHOAL_TESTS_SIM_NODE_H
#define SHOAL_TESTS_SIM_NODE_H

#include "core/app.h"
#include "core/bus.h"
#include "core/jobs.h"
#include "core/metrics.h"
#include "core/policy.h"
#include "sim/sim.h"

struct node {
    struct sim *sim;
    struct sim_node *machine;
    struct vfs *disk; /* in memory */
    struct vfs *gate; /* faults in front of it: what the app sees */
    struct log *log;
    struct conf *conf;
    struct bus *bus;
    struct jobs *jobs;
    struct metrics *metrics;
    struct policy *policy;
    struct keys *keys; /* of its name, the same in each run */
    struct db *db;
    struct host *host; /* the test's: given to the app, which it outlives; NULL: none */
    struct app_env env;
    const struct app_ops *ops;
    void *app; /* NULL: not running */
};

/* A machine with an empty disk.  Downloads go to /downloads, data lies in /data.  The environment
 * variable SIM_LOG=debug (or another level) prints what the nodes log. */
struct node *node_new(struct sim *sim, const char *name, struct addr ip, struct sim_link link);
/* Start the app; set: "key=value" strings, NULL-terminated, or NULL. */
void node_start(struct node *n, const struct app_ops *ops, const char *const *set);
/* Stop as a node does: run until it is done (at most APP_STOP_US), then free the app. */
void node_stop(struct node *n);
/* The power goes and comes back, in some simulated seconds: the app is gone without a goodbye,
 * unsynced bytes are lost. */
void node_crash(struct node *n);
void node_free(struct node *n); /* stops it first */

/* A method; takes params (NULL: none).  Runs the simulation until it is answered, at most a minute.
 * Returns the result, or NULL and the error object in *error (both a new reference; error may be
 * NULL when none is expected: then an error fails the test). */
json_t *node_call(struct node *n, const char *method, json_t *params, json_t **error);
/* Run until the job has ended, at most an hour; its result. */
json_t *node_job(struct node *n, const char *id);

/* file.add with these parameters (taken), to the end of its job.  id, link: of the torrent, to be
 * freed; NULL: not wanted. */
void node_share(struct node *n, json_t *params, char **id, char **link);
/* Bytes for files: any two stretches differ, and the same seed gives the same. */
void node_noise(uint8_t *to, size_t n, uint32_t seed);

/* A file on its disk, made with its folders. */
void node_write(struct node *n, const char *path, const void *bytes, size_t len);
bool node_has(struct node *n, const char *path, const void *bytes, size_t len);

#endif
