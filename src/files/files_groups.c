/* Torrents that share a rate: groups have a name, limits, and a row. */
#include "files/files_in.h"

#include "base/mem.h"

#include <string.h>

struct group {
    char *name;
    struct limit limit[POLICY_RATES];
    bool free_of_node;
};

enum { GROUPS_MAX = 256 };

static struct group *group_find(struct files *f, const char *name)
{
    return name ? map_get(f->groups, name, strlen(name)) : NULL;
}

/* Groups are never removed while the node runs: torrents point at their limits. */
static struct group *group_new(struct files *f, const char *name)
{
    struct group *g = MEM_NEW(struct group);
    g->name = mem_strdup(name);
    map_put(f->groups, name, strlen(name), g);
    return g;
}

static void group_set(struct files *f, struct group *g, uint64_t up, uint64_t down, bool free)
{
    uint64_t now = loop_now_us(f->env.loop);
    limit_set(&g->limit[POLICY_UP], up, now);
    limit_set(&g->limit[POLICY_DOWN], down, now);
    g->free_of_node = free;
}

void groups_restore(struct files *f)
{
    struct db_stmt *q =
        db_prepare(f->env.db, "SELECT name, up, down, free_of_node FROM rate_group ORDER BY name");
    while (db_step(q, NULL) == DB_ROW) {
        struct group *g = group_new(f, db_text(q, 0));
        group_set(f, g, (uint64_t)db_int(q, 1), (uint64_t)db_int(q, 2), db_int(q, 3) != 0);
    }
    db_finish(q);
}

void groups_free(struct files *f)
{
    struct group *g;
    for (size_t at = 0; (g = map_next(f->groups, &at, NULL, NULL));) {
        limit_done(&g->limit[POLICY_UP]);
        limit_done(&g->limit[POLICY_DOWN]);
        free(g->name);
        free(g);
    }
    map_free(f->groups);
}

struct limit *group_limit(struct files *f, const char *name, enum policy_rate r)
{
    struct group *g = group_find(f, name);
    return g ? &g->limit[r] : NULL;
}

bool group_is_free(struct files *f, const char *name)
{
    const struct group *g = group_find(f, name);
    return g && g->free_of_node;
}

static enum err group_keep(struct files *f, const struct group *g, struct why *why)
{
    struct db_stmt *q =
        db_prepare(f->env.db, "INSERT INTO rate_group (name, up, down, free_of_node)"
                              " VALUES (?1, ?2, ?3, ?4) ON CONFLICT (name)"
                              " DO UPDATE SET up = ?2, down = ?3, free_of_node = ?4");
    db_bind_text(q, 1, g->name);
    db_bind_int(q, 2, (int64_t)g->limit[POLICY_UP].rate);
    db_bind_int(q, 3, (int64_t)g->limit[POLICY_DOWN].rate);
    db_bind_int(q, 4, g->free_of_node);
    return db_run(q, why);
}

static json_t *group_row(const struct group *g)
{
    return json_pack("{s:s, s:I, s:I, s:b}", "name", g->name, "up_limit",
                     (json_int_t)g->limit[POLICY_UP].rate, "down_limit",
                     (json_int_t)g->limit[POLICY_DOWN].rate, "free_of_node", g->free_of_node);
}

void file_group_set(void *app, struct call *c)
{
    struct files *f = app;
    struct why why;
    const char *name = call_text(c, "name");
    struct group *g = group_find(f, name);
    if (!*name) {
        call_failf(c, CALL_USAGE, ERR_INVALID, NULL, "a group has a name");
        return;
    }
    if (!g && map_count(f->groups) >= GROUPS_MAX) {
        call_failf(c, "file.too_many", ERR_LIMIT, NULL, "there are %d groups", (int)GROUPS_MAX);
        return;
    }
    if (!g)
        g = group_new(f, name);
    group_set(f, g, (uint64_t)call_int(c, "up", (int64_t)g->limit[POLICY_UP].rate),
              (uint64_t)call_int(c, "down", (int64_t)g->limit[POLICY_DOWN].rate),
              call_has(c, "free_of_node") ? call_bool(c, "free_of_node") : g->free_of_node);
    LIST_EACH(&f->order, struct holding, h, tend.order) {
        if (h->tend.care.group && strcmp(h->tend.care.group, name) == 0)
            tend_apply(h);
    }
    if (group_keep(f, g, &why))
        call_fail(c, "file.not_kept", &why, "it holds for this run; see shoal log");
    else
        call_ok(c, group_row(g));
}

void file_group_ls(void *app, struct call *c)
{
    struct files *f = app;
    struct group *g;
    json_t *list = json_array();
    for (size_t at = 0; (g = map_next(f->groups, &at, NULL, NULL));)
        json_array_append_new(list, group_row(g));
    call_ok(c, list);
}
