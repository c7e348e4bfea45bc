/* The day's traffic, for the dashboard: what is now, and what is kept of it for the next run. */
#include "base/mem.h"
#include "node/node_priv.h"

#include <string.h>

enum { DAY_FILE_MAX = 64 * 1024, KEEP_S = 300 };

static int64_t wall_s(const struct node *n)
{
    return loop_wall_us(n->loop) / (int64_t)SEC;
}

void node_note_traffic(struct node *n)
{
    json_t *st = node_status(n);
    const json_t *sum = json_object_get(st, "traffic");
    traffic_note(n->traffic, wall_s(n),
                 (uint64_t)json_integer_value(json_object_get(sum, "uploaded")),
                 (uint64_t)json_integer_value(json_object_get(sum, "downloaded")));
    n->day_bytes = (uint64_t)(json_integer_value(json_object_get(sum, "uploaded")) +
                              json_integer_value(json_object_get(sum, "downloaded")));
    json_decref(st);
}

static char *day_path(const struct node *n)
{
    return mem_printf("%s/traffic.json", n->paths.data);
}

void node_day_load(struct node *n)
{
    char *path = day_path(n);
    struct buf text = {0};
    struct why why;
    n->day_kept_s = wall_s(n);
    enum err code = vfs_read_all(n->vfs, path, DAY_FILE_MAX, &text, &why);
    if (code == OK) {
        json_t *saved = json_loadb((const char *)buf_bytes(&text), buf_len(&text), 0, NULL);
        code = saved ? traffic_of_json(n->traffic, saved, wall_s(n), &why)
                     : why_set(&why, ERR_INVALID, "it is not JSON");
        json_decref(saved);
    }
    if (code != OK && code != ERR_NOT_FOUND)
        log_warn(n->log, "%s: %s; the day's traffic begins anew", path, why.text);
    buf_done(&text);
    free(path);
}

/* A small file, but a disk that sleeps would hold up the loop. */
struct keeping {
    struct node *node;
    char *path, *text;
    enum err code;
    struct why why;
};

static void write_day(void *arg)
{
    struct keeping *k = arg;
    k->code = vfs_replace(k->node->vfs, k->path, k->text, strlen(k->text), VFS_PRIVATE, &k->why);
}

static void on_day_written(void *arg)
{
    struct keeping *k = arg;
    if (k->code != OK)
        log_warn(k->node->log, "the day's traffic is not kept: %s", k->why.text);
    free(k->path);
    free(k->text);
    free(k);
}

/* A disk that sleeps is not woken to hear that nothing went by.  The lanes end before the node does
 * (uv_loop_finish), so the last one is written, too. */
void node_day_keep(struct node *n, bool ending)
{
    if (n->day_bytes == n->day_kept_bytes ||
        (!ending && wall_s(n) / KEEP_S == n->day_kept_s / KEEP_S))
        return;
    n->day_kept_s = wall_s(n);
    n->day_kept_bytes = n->day_bytes;
    json_t *day = traffic_json(n->traffic);
    struct keeping *k = MEM_NEW(struct keeping);
    k->node = n;
    k->path = day_path(n);
    k->text = json_dumps(day, JSON_COMPACT);
    json_decref(day);
    lane_run(n->loop, LANE_DISK_ORDERED, write_day, on_day_written, k);
}
