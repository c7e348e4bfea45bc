#include "support/sim_node.h"

#include "base/mem.h"
#include "core/keys.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static void on_line(void *arg, enum log_level level, const char *line)
{
    struct node *n = arg;
    fprintf(stderr, "%8.3f %-6s %-5s %s\n", (double)sim_now_us(n->sim) / 1e6,
            sim_node_name(n->machine), log_level_name(level), line);
}

struct node *node_new(struct sim *sim, const char *name, struct addr ip, struct sim_link link)
{
    struct node *n = MEM_NEW(struct node);
    const char *level = getenv("SIM_LOG");
    n->sim = sim;
    n->machine = sim_node_add(sim, name, ip, link);
    n->disk = vfs_mem_new();
    n->gate = vfs_fault_new(n->disk);
    n->log = log_new(level ? log_level_of(level) : LOG_NONE, on_line, n);
    return n;
}

static const struct method *method_of(const struct node *n, const char *name)
{
    const struct method *m = n->ops->methods;
    while (m->name && strcmp(m->name, name) != 0)
        m++;
    assert(m->name);
    return m;
}

static void set_all(struct conf *c, const char *const *set)
{
    for (; set && *set; set++) {
        const char *eq = strchr(*set, '=');
        char *key = mem_strndup(*set, (size_t)(eq - *set));
        enum err e = conf_set(c, key, eq + 1, NULL);
        assert(e == OK);
        (void)e;
        free(key);
    }
}

static size_t count_of(const struct conf_key *settings)
{
    size_t n = 0;
    while (settings && settings[n].name)
        n++;
    return n;
}

void node_start(struct node *n, const struct app_ops *ops, const char *const *set)
{
    struct why why = {0};
    assert(!n->app);
    n->ops = ops;
    n->conf = conf_new(ops->settings, count_of(ops->settings));
    set_all(n->conf, set);
    n->bus = bus_new();
    n->jobs = jobs_new(n->bus);
    n->metrics = metrics_new();
    n->policy = policy_new();
    uint8_t entropy[16] = {0};
    snprintf((char *)entropy, sizeof entropy, "%s", sim_node_name(n->machine));
    n->keys = keys_of_entropy(entropy, sizeof entropy);
    if (!n->db)
        n->db = db_open(":memory:", ops->migrations, ops->migration_count, &why);
    assert(n->db);
    for (int op = 0; op < VFS_OP_COUNT; op++)
        vfs_fault_set(n->gate, (enum vfs_op)op, 0, 0, OK);
    vfs_mkdirs(n->disk, "/data", 0700, &why);
    n->env = (struct app_env){
        .loop = sim_node_loop(n->machine),
        .log = n->log,
        .conf = n->conf,
        .vfs = n->gate,
        .data_dir = "/data",
        .download_dir = "/downloads",
        .db = n->db,
        .policy = n->policy,
        .keys = n->keys,
        .bus = n->bus,
        .jobs = n->jobs,
        .metrics = n->metrics,
        .host = n->host,
        .version = "0.1.0",
    };
    n->app = ops->start(&n->env, &why);
    if (!n->app)
        fprintf(stderr, "start: %s\n", why.text);
    assert(n->app);
}

static void drop_app(struct node *n)
{
    if (!n->app)
        return;
    n->ops->free(n->app);
    n->app = NULL;
    jobs_free(n->jobs);
    bus_free(n->bus);
    metrics_free(n->metrics);
    policy_free(n->policy);
    keys_free(n->keys);
    conf_free(n->conf);
}

static void on_done(void *arg)
{
    *(bool *)arg = true;
}

static bool is_true(void *arg)
{
    return *(bool *)arg;
}

void node_stop(struct node *n)
{
    bool done = false;
    n->ops->stop(n->app, on_done, &done);
    done = sim_run_until(n->sim, is_true, &done, APP_STOP_US);
    assert(done);
    drop_app(n);
}

/* An app cannot be taken apart between two of its own disk jobs, so it is told to stop when
 * nothing that it still does reaches the network or the disk. */
void node_crash(struct node *n)
{
    sim_cut(n->machine, NULL);
    for (int op = 0; op < VFS_OP_COUNT; op++)
        vfs_fault_set(n->gate, (enum vfs_op)op, 1, 0, ERR_IO);
    node_stop(n);
    vfs_mem_power_cut(n->disk);
    sim_node_crash(n->machine);
    sim_heal(n->machine, NULL);
    sim_node_restart(n->machine);
}

void node_free(struct node *n)
{
    if (!n)
        return;
    if (n->app)
        node_stop(n);
    db_close(n->db);
    vfs_free(n->gate);
    vfs_free(n->disk);
    log_free(n->log);
    free(n);
}

struct answer {
    bool done;
    json_t *result, *error;
};

static void on_answer(void *arg, enum err err, json_t *result, json_t *error)
{
    struct answer *a = arg;
    (void)err;
    a->done = true;
    a->result = json_incref(result);
    a->error = json_incref(error);
}

json_t *node_call(struct node *n, const char *method, json_t *params, json_t **error)
{
    struct answer a = {0};
    call_start(method_of(n, method), n->app, params, on_answer, &a);
    bool answered = a.done || sim_run_until(n->sim, is_true, &a.done, 60 * SEC);
    assert(answered);
    (void)answered;
    json_decref(params);
    if (error)
        *error = a.error;
    else if (a.error)
        fprintf(stderr, "%s: %s\n", method, json_string_value(json_object_get(a.error, "message")));
    assert(error || !a.error);
    return a.result;
}

struct wait {
    struct node *n;
    const char *id;
};

static bool job_ended(void *arg)
{
    struct wait *w = arg;
    json_t *j = jobs_get(w->n->jobs, w->id);
    bool running = strcmp(json_string_value(json_object_get(j, "state")), "running") == 0;
    json_decref(j);
    return !running;
}

json_t *node_job(struct node *n, const char *id)
{
    struct wait w = {n, id};
    bool ended = job_ended(&w) || sim_run_until(n->sim, job_ended, &w, 3600 * SEC);
    assert(ended);
    (void)ended;
    json_t *j = jobs_get(n->jobs, id);
    json_t *result = json_incref(json_object_get(j, "result"));
    if (!json_is_object(result))
        json_dumpf(j, stderr, 0);
    json_decref(j);
    return result;
}

static char *text_of(const json_t *o, const char *key)
{
    return mem_strdup(json_string_value(json_object_get(o, key)));
}

void node_share(struct node *n, json_t *params, char **id, char **link)
{
    json_t *r = node_call(n, "file.add", params, NULL);
    json_t *added = node_job(n, json_string_value(json_object_get(r, "job")));
    if (id)
        *id = text_of(added, "id");
    if (link)
        *link = text_of(added, "magnet");
    json_decref(r);
    json_decref(added);
}

void node_noise(uint8_t *to, size_t n, uint32_t seed)
{
    uint32_t x = seed;
    for (size_t i = 0; i < n; i++)
        to[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
}

void node_write(struct node *n, const char *path, const void *bytes, size_t len)
{
    struct why why = {0};
    char *dir = mem_strdup(path);
    *strrchr(dir, '/') = '\0';
    if (dir[0])
        vfs_mkdirs(n->disk, dir, 0777, &why);
    free(dir);
    enum err e = vfs_replace(n->disk, path, bytes, len, 0, &why);
    assert(e == OK);
    (void)e;
}

bool node_has(struct node *n, const char *path, const void *bytes, size_t len)
{
    struct buf b = {0};
    struct why why;
    bool same = vfs_read_all(n->disk, path, len, &b, &why) == OK && buf_len(&b) == len &&
                (len == 0 || memcmp(buf_bytes(&b), bytes, len) == 0);
    buf_done(&b);
    return same;
}
