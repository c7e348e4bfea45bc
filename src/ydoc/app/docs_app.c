#include "ydoc/app/docs.h"

#include "base/mem.h"
#include "core/keys.h"
#include "ydoc/app/docs_in.h"
#include "ydoc/app/follow.h"
#include "ydoc/share/share_tables.h"

#include <stdlib.h>

static const struct migration migrations[] = {SHELF_MIGRATION, SHARE_MIGRATION, FOLLOW_MIGRATION};

static void app_free(void *app)
{
    struct docs *d = app;
    if (d->rooms) {
        follows_free(d->follows);
        docs_events_end(d);
        docs_joins_done(d);
        share_free(d->share);
        writings_done(d);
    }
    rooms_free(d->rooms);
    shelf_free(d->shelf);
    writings_free(d);
    free(d);
}

static void *start(const struct app_env *env, struct why *why)
{
    struct docs *d = MEM_NEW(struct docs);
    d->env = *env;
    d->me = keys_peer_id(env->keys);
    list_init(&d->joins);
    list_init(&d->writings);
    d->shelf = shelf_new(&(struct shelf_cfg){.loop = env->loop, .log = env->log, .db = env->db});
    d->rooms =
        rooms_new(&(struct rooms_cfg){.loop = env->loop, .log = env->log, .shelf = d->shelf});
    docs_events_begin(d);
    d->share =
        share_new(&(struct share_cfg){.env = &d->env, .shelf = d->shelf, .rooms = d->rooms}, why);
    if (d->share)
        d->follows = follows_new(d, why);
    if (d->share && d->follows)
        return d;
    app_free(d);
    return NULL;
}

static void stop(void *app, void (*done)(void *arg), void *arg)
{
    struct docs *d = app;
    timer_start(d->env.loop, 0, done, arg); /* what waits is written when it is freed */
}

static void reload(void *app, const struct conf *conf)
{
    struct docs *d = app;
    d->env.conf = conf;
}

static json_t *status(void *app)
{
    struct docs *d = app;
    struct shelf_doc *all;
    size_t n = shelf_list(d->shelf, &all);
    uint64_t bytes = 0;
    for (size_t i = 0; i < n; i++)
        bytes += all[i].bytes;
    free(all);
    return json_pack("{s:I, s:I, s:I}", "documents", (json_int_t)n, "bytes", (json_int_t)bytes,
                     "followed", (json_int_t)follows_count(d->follows));
}

struct rooms *docs_rooms(void *app)
{
    return ((struct docs *)app)->rooms;
}

struct shelf *docs_shelf(void *app)
{
    return ((struct docs *)app)->shelf;
}

const struct app_ops docs_app = {
    .name = "docs",
    .migrations = migrations,
    .migration_count = sizeof migrations / sizeof migrations[0],
    .settings = docs_settings,
    .methods = docs_methods,
    .sockets = &docs_sockets,
    .start = start,
    .stop = stop,
    .free = app_free,
    .status = status,
    .reload = reload,
};
