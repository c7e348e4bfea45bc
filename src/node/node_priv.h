/* node/node_priv.h - the node from inside, for node.c and its methods. */
#ifndef SHOAL_NODE_PRIV_H
#define SHOAL_NODE_PRIV_H

#include "api/api.h"
#include "core/app.h"
#include "core/bus.h"
#include "core/jobs.h"
#include "core/keys.h"
#include "core/metrics.h"
#include "core/policy.h"
#include "core/traffic.h"
#include "node/apps.h"
#include "node/logring.h"
#include "node/node.h"
#include "node/paths.h"

enum { NODE_APPS_MAX = 16 };

struct node_app {
    const struct app_ops *ops;
    void *app; /* NULL: did not start, or ended */
    struct db *db;
    struct log *log;
    struct app_env env;
    struct node *node;
    bool stopping;
};

struct node {
    struct paths paths;
    struct loop *loop;
    struct logring *ring;
    struct log *log;
    struct conf_key *keys_of_conf; /* settings_new() */
    size_t key_count;
    struct conf *conf;
    struct proxy *proxy; /* NULL: none */
    char **set;          /* the --set values, which outlive a reload */
    size_t set_count;
    const struct vfs *vfs;
    struct vfile *lock;
    struct keys *keys;
    struct policy *policy;
    struct bus *bus;
    struct jobs *jobs;
    struct metrics *metrics;
    struct traffic *traffic;
    int64_t day_kept_s;                 /* when its file was written, seconds since 1970 */
    uint64_t day_bytes, day_kept_bytes; /* up and down since the start; when that was */
    struct api *api;
    struct node_app apps[NODE_APPS_MAX];
    size_t app_count;
    struct timer *minute; /* the policy's clock, and the traffic's */
    struct timer *stop_deadline;
    uint64_t started_us;
    char http[ADDR_TEXT]; /* where the API listens, or "off" */
    bool home_given, stopping;
    node_log *sink;
    void *sink_arg;
};

/* The methods that belong to no app: status, id, settings, limits, log. */
extern const struct method node_methods[];

/* {"version","peer_id","name",...}: a new reference. */
json_t *node_status(struct node *n);

/* Tell the day's traffic how much it is now; read what the run before kept of it, a damaged file is
 * told and passed over; keep it, every five minutes and when the node ends (node_day.c). */
void node_note_traffic(struct node *n);
void node_day_load(struct node *n);
void node_day_keep(struct node *n, bool ending);

/* Read the settings again (SIGHUP, config set) and tell everyone.  On failure nothing changes. */
enum err node_reload(struct node *n, struct why *why);

/* What was set by `shoal policy` and is not in shoal.conf: schedules. */
enum err node_policy_save(struct node *n, struct why *why);

#endif
