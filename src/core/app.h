/* core/app.h - what an app is, and all that it may touch.
 *
 * An app is one const struct app_ops and one line in node/apps.c.  `start` gets an app_env; what
 * is not in it is out of bounds.  Two nodes run in one process, so an app keeps all state in the
 * struct that start returns. */
#ifndef SHOAL_CORE_APP_H
#define SHOAL_CORE_APP_H

#include "base/conf.h"
#include "base/log.h"
#include "core/call.h"
#include "net/loop.h"
#include "store/db.h"
#include "store/vfs.h"

struct content_ops;
struct sockets_ops;
struct host;
struct keys;
struct policy;
struct bus;
struct jobs;
struct metrics;

struct app_env {
    struct loop *loop;
    const struct log *log; /* with the app's name as prefix */
    const struct conf *conf;
    const struct vfs *vfs;
    const char *data_dir;     /* "~/.local/share/shoal": files of the app's own lie below it */
    const char *download_dir; /* where finished things go unless the user says otherwise */
    struct db *db;            /* the app's own, migrated */
    struct keys *keys;
    struct policy *policy;
    struct bus *bus;
    struct jobs *jobs;
    struct metrics *metrics;
    struct host *host;   /* the overlay, for all apps after it; NULL: host.enabled=off */
    const char *version; /* "0.1.0" */
};

struct app_ops {
    const char *name; /* "files": its section in shoal.conf, its database's name */
    const struct migration *migrations;
    size_t migration_count;
    const struct conf_key *settings;   /* its section of shoal.conf; ends with a NULL name */
    const struct method *methods;      /* ends with a NULL name */
    const struct content_ops *content; /* served below /NAME/; NULL: nothing */
    const struct sockets_ops *sockets; /* WebSockets below /NAME/; NULL: none */

    /* Returns the app, or NULL and a reason; the node then goes on without it and says so. */
    void *(*start)(const struct app_env *env, struct why *why);

    /* Save and say goodbye.  `done` comes once, from the loop, within APP_STOP_US; then free. */
    void (*stop)(void *app, void (*done)(void *arg), void *arg);
    void (*free)(void *app);

    /* Its part of `shoal status --json`; a new reference. */
    json_t *(*status)(void *app);

    /* Settings changed (SIGHUP, config set); NULL: none is live.  What start was given in env->conf
     * goes after this call: `conf` is in its place. */
    void (*reload)(void *app, const struct conf *conf);
};

#define APP_STOP_US (8 * SEC) /* of the 10 s in which shoald ends */

#endif
