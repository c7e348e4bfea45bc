/* files/files_in.h - the inside of the files app, for its sources:
 *     files.c          the torrents of a node: listener, dialler, start and stop
 *     files_keep.c     rows and .torrent files
 *     files_methods.c  what a person can ask for
 *     files_settings.c what shoal.conf may say
 *     files_app.c      struct app_ops, migrations
 * Nobody else includes this. */
#ifndef SHOAL_FILES_FILES_IN_H
#define SHOAL_FILES_FILES_IN_H

#include "files/files.h"

#include "base/list.h"
#include "base/map.h"
#include "core/bus.h"
#include "core/jobs.h"
#include "core/metrics.h"
#include "files/ports.h"
#include "files/torrent.h"

/* One torrent of the node. */
struct holding {
    struct link link;       /* in f->leaving, once it is to go */
    uint8_t req2[SHA1_LEN]; /* what MSE calls it by */
    struct files *f;
    struct torrent *t;
    bool with_data;                  /* leaving: its files go too */
    bool deleting;                   /* and that runs */
    struct call *call;               /* leaving: who waits for it; NULL: nobody */
    uint64_t kept_up, kept_down;     /* totals in its row */
    uint64_t metric_up, metric_down; /* totals that the metrics know */
};

struct files_metrics {
    struct metric *torrents, *peers, *up, *down, *finished;
};

struct files {
    struct app_env env;
    struct torrent_env swarm;
    char *torrents_dir, *boot_id, *from_ip, *download_dir;
    struct map *torrents; /* infohash -> struct holding */
    struct map *by_req2;  /* mse_req2() of it -> the same */
    struct rc4_lib *rc4;  /* NULL: no encryption */
    struct link leaving;
    struct link knocks;
    struct link adding;  /* files being hashed to be shared */
    struct link keeping; /* .torrents being written */
    struct link lookups; /* peers given by name */
    struct ports *ports; /* NULL once stopping */
    unsigned conns_max;  /* files.connections */
    struct bucket *dials;
    struct timer *dial_timer, *save_timer, *stop_timer;
    size_t next_dial; /* whose turn it is */
    struct files_metrics metric;

    unsigned closing; /* torrents that still say goodbye */
    void (*stopped)(void *arg);
    void *stopped_arg;
};

/* files.c */
struct files *files_start(const struct app_env *env, struct why *why);
void files_stop(struct files *f, void (*done)(void *arg), void *arg);
void files_free(struct files *f);
void files_reload(struct files *f, const struct conf *conf);
struct holding *files_add(struct files *f, struct torrent_cfg *cfg);
struct holding *files_find(const struct files *f, const uint8_t infohash[SHA1_LEN]);
/* Row and connections go at once, files later; then call (may be NULL) is answered. */
void files_remove(struct holding *h, bool with_data, struct call *call);
uint16_t files_port(const struct files *f);

/* files_keep.c */
MUST_CHECK enum err keep_row(struct holding *h, struct why *why);
void keep_drop(struct files *f, const uint8_t infohash[SHA1_LEN]);
void keep_restore(struct files *f);
char *keep_path(const struct files *f, const char *hex, const char *ending); /* free() */
/* Writes the .torrent on a lane, then the row; done (may be NULL) comes once, from the loop. */
typedef void keep_cb(void *arg, const struct why *why);
void keep_torrent(struct holding *h, keep_cb *done, void *arg);
void keep_forget(struct files *f); /* the app goes before what its lanes still write */
void keep_unlink(struct files *f, const char *hex); /* the .torrent and the resume file */

/* files_settings.c */
extern const struct conf_key files_settings[];
/* files_table.c */
extern const struct method files_methods[];
/* files_methods.c */
void adding_cancel_all(struct files *f);
void lookup_cancel_all(struct files *f);

/* files_methods.c: what the methods of files_table.c do (core/call.h's method_fn). */
void file_add(void *app, struct call *c);
void file_get(void *app, struct call *c);
void file_ls(void *app, struct call *c);
void file_show(void *app, struct call *c);
void file_pause(void *app, struct call *c);
void file_resume(void *app, struct call *c);
void file_verify(void *app, struct call *c);
void file_reannounce(void *app, struct call *c);
void file_rm(void *app, struct call *c);
void file_peer(void *app, struct call *c);
void file_limit(void *app, struct call *c);
void file_export(void *app, struct call *c);

#endif
