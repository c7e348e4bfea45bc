/* Files are made a torrent of: file.add. */
#include "files/files_in.h"

#include "base/mem.h"
#include "core/keys.h"
#include "files/meta/create.h"
#include "files/meta/parse.h"

#include <string.h>

struct adding {
    struct link link;
    struct files *f;
    struct job *job;
    struct create *create; /* NULL: hashed, the .torrent is being kept */
    char *path;
    bool sign;
    uint8_t infohash[SHA1_LEN]; /* once hashed */
};

static void adding_free(struct adding *a)
{
    list_drop(&a->link);
    free(a->path);
    free(a);
}

void adding_cancel_all(struct files *f)
{
    LIST_EACH(&f->adding, struct adding, a, link) {
        if (!a->create)
            continue; /* keep_forget() ends it */
        struct why why = {.code = ERR_STATE, .text = "the node stops"};
        create_cancel(a->create);
        job_failed(a->job, "file.stopped", &why, "share it again");
        adding_free(a);
    }
}

static json_t *added_result(struct holding *h)
{
    struct buf magnet = {0};
    torrent_magnet(h->t, &magnet);
    char *link = buf_take_str(&magnet), *path = keep_path(h->f, torrent_hex(h->t), "torrent");
    json_t *j = json_pack("{s:s, s:o, s:o, s:s, s:s}", "id", torrent_hex(h->t), "infohash_v1",
                          torrent_hash_v1(h->t), "infohash_v2", torrent_hash_v2(h->t), "magnet",
                          link, "torrent_file", path);
    free(link);
    free(path);
    return j;
}

static void on_added(void *arg, const struct why *why)
{
    struct job *job = ((struct adding *)arg)->job;
    struct adding *a = arg;
    struct holding *h = files_find(a->f, a->infohash);
    if (why->code || !h)
        job_failed(job, "file.not_kept", why, "see shoal doctor for the data folder");
    else
        job_done(job, added_result(h));
    adding_free(a);
}

/* The folder that `path` lies in. */
static char *parent(const char *path)
{
    size_t n = strlen(path);
    while (n > 1 && path[n - 1] == '/')
        n--;
    while (n > 0 && path[n - 1] != '/')
        n--;
    while (n > 1 && path[n - 1] == '/')
        n--;
    return mem_strndup(path, n);
}

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
    struct adding *a = arg;
    job_progress(a->job, done, total, loop_now_us(a->f->env.loop));
}

/* What to do when a path could not be shared. */
static const char *next_after(enum err code)
{
    switch (code) {
    case ERR_NOT_FOUND:
        return "give the path of a file or a folder that is there";
    case ERR_INVALID:
        return "shoal share --help";
    case ERR_DENIED:
        return "let this user read it, then share again";
    case OK:
    case ERR_STATE:
    case ERR_FULL:
    case ERR_LIMIT:
    case ERR_TIMEOUT:
    case ERR_CLOSED:
    case ERR_IO:
    case ERR_UNSUPPORTED:
        break;
    }
    return "see that the files can be read and nobody writes them, then share again";
}

/* By this node; nothing happens while its metadata is not known. */
static void sign_torrent(struct holding *h)
{
    const struct metainfo *mi = torrent_metainfo(h->t);
    const struct keys *keys = h->f->env.keys;
    struct signer s = {.valid = true};
    if (!mi)
        return;
    memcpy(s.key, keys_peer_public(keys), sizeof s.key);
    keys_sign(keys, mi->info.p, mi->info.n, s.sig);
    torrent_sign(h->t, &s);
}

static bool has_tracker(const struct mi_tracker *at, size_t n, const char *url)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(at[i].url, url) == 0)
            return true;
    return false;
}

/* Those of mi that t lacks, behind its own. */
static void more_trackers(struct torrent *t, const struct metainfo *mi)
{
    const struct mi_tracker *now;
    size_t had = torrent_trackers(t, &now), n = had;
    struct mi_tracker *all = mem_array(had + mi->tracker_count + 1, sizeof *all);
    for (size_t i = 0; i < had; i++) /* the URLs may lie in what is replaced */
        all[i] = (struct mi_tracker){mem_strdup(now[i].url), now[i].tier};
    for (size_t i = 0; i < mi->tracker_count && n < MI_TRACKERS_MAX; i++)
        if (!has_tracker(all, n, mi->trackers[i].url)) {
            all[n] = (struct mi_tracker){mem_strdup(mi->trackers[i].url),
                                         n > 0 ? all[n - 1].tier + 1 : 0};
            n++;
        }
    if (n > had)
        torrent_set_trackers(t, all, n);
    for (size_t i = 0; i < n; i++)
        free((char *)(uintptr_t)all[i].url);
    free(all);
}

static void on_created(void *arg, struct cur torrent, struct metainfo *mi, unsigned skipped,
                       const struct why *why)
{
    struct adding *a = arg;
    struct files *f = a->f;
    a->create = NULL;
    if (!mi) {
        job_failed(a->job, "file.not_shared", why, torrent.n ? NULL : next_after(why->code));
        adding_free(a);
        return;
    }
    if (skipped)
        log_info(f->env.log, "%s: %u links and special files are not shared", a->path, skipped);
    struct holding *h = files_find_any(f, &mi->hash);
    char *dir = parent(a->path);
    memcpy(a->infohash, mi->infohash, SHA1_LEN);
    if (h) { /* shared again: with more trackers, perhaps */
        more_trackers(h->t, mi);
        parse_drop(f->env.loop, mi);
    } else {
        struct torrent_cfg cfg = {
            .mi = mi, .dir = dir, .seed = true, .added_us = loop_wall_us(f->env.loop)};
        memcpy(cfg.infohash, mi->infohash, SHA1_LEN);
        h = files_add(f, &cfg);
    }
    free(dir);
    if (a->sign)
        sign_torrent(h);
    keep_torrent_file(h, on_added, a);
}

static void on_cancel(void *arg)
{
    struct adding *a = arg;
    struct why why = {.code = ERR_STATE, .text = "cancelled"};
    if (!a->create)
        return; /* hashed already */
    create_cancel(a->create);
    job_failed(a->job, "file.cancelled", &why, NULL);
    adding_free(a);
}

static size_t texts(json_t *array, const char **out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < json_array_size(array) && n < max; i++)
        out[n++] = json_string_value(json_array_get(array, i));
    return n;
}

void file_add(void *app, struct call *c)
{
    struct files *f = app;
    const char *trackers[MI_TRACKERS_MAX], *seeds[MI_WEB_SEEDS_MAX];
    const char *path = call_text(c, "path"), *comment = call_text(c, "comment");
    struct why why;
    int64_t piece = call_int(c, "piece_size", 0);
    bool hybrid = call_bool(c, "hybrid"), v2 = call_bool(c, "v2");
    if (late_wait(f, c))
        return;
    if (call_bool(c, "v1") + hybrid + v2 > 1) {
        call_failf(c, CALL_USAGE, ERR_INVALID, "give one of --v1, --hybrid and --v2",
                   "a torrent is of one kind");
        return;
    }
    if (piece & (piece - 1)) {
        call_failf(c, CALL_USAGE, ERR_INVALID, "try 1M", "piece_size %lld is no power of two",
                   (long long)piece);
        return;
    }
    struct create_cfg cfg = {
        .loop = f->env.loop,
        .vfs = f->env.vfs,
        .path = path,
        .kind = hybrid ? CREATE_HYBRID
                : v2   ? CREATE_V2
                       : CREATE_V1,
        .piece_len = (uint32_t)piece,
        .private_ = call_bool(c, "private"),
        .trackers = trackers,
        .tracker_count = texts(call_array(c, "tracker"), trackers, MI_TRACKERS_MAX),
        .web_seeds = seeds,
        .web_seed_count = texts(call_array(c, "web_seed"), seeds, MI_WEB_SEEDS_MAX),
        .comment = comment ? comment : "",
        .created_by = f->swarm.wire.client,
        .created_s = loop_wall_us(f->env.loop) / 1000000,
    };
    struct adding *a = MEM_NEW(struct adding);
    list_init(&a->link);
    a->f = f;
    a->path = mem_strdup(path);
    a->sign = call_has(c, "sign") ? call_bool(c, "sign") : conf_bool(f->env.conf, "files.sign");
    char *what = mem_printf("hash %s", path);
    a->job = job_start(f->env.jobs, "file.add", what, 0, "bytes", on_cancel, a, &why);
    free(what);
    if (!a->job) {
        call_fail(c, "file.busy", &why, "wait for one of them to end");
        adding_free(a);
        return;
    }
    list_push(&f->adding, &a->link);
    a->create = create_start(&cfg, on_progress, on_created, a);
    call_ok(c, json_pack("{s:s}", "job", job_id(a->job)));
}

/* file.get */
