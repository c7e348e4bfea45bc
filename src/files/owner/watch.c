#include "files/owner/watch.h"

#include "base/map.h"
#include "base/mem.h"
#include "files/meta/metainfo.h"

#include <string.h>

struct seen {
    uint64_t size;
    int64_t mtime_ns;
    bool told; /* why it is not added */
};

struct found {
    char *path;
    struct buf bytes;
    struct why why;
    enum watch_answer answer;
};

struct watch {
    struct loop *loop;
    const struct vfs *vfs;
    const struct log *log;
    char *dir;
    watch_cb *take;
    void *arg;
    struct timer *timer;
    struct map *seen; /* path -> struct seen of the last look; the lane's while it looks */
    struct found found[WATCH_AT_ONCE];
    size_t count;
    struct why why; /* of the look */
    bool told;      /* that the folder cannot be read */
    bool busy, freed;
};

static void look_later(struct watch *w);

static void forget(struct map *seen)
{
    struct seen *s;
    for (size_t at = 0; (s = map_next(seen, &at, NULL, NULL));)
        free(s);
    map_free(seen);
}

static void destroy(struct watch *w)
{
    forget(w->seen);
    for (size_t i = 0; i < w->count; i++) {
        free(w->found[i].path);
        buf_done(&w->found[i].bytes);
    }
    free(w->dir);
    free(w);
}

/* --- on the lane ---------------------------------------------------------------------------- */

static bool is_torrent(const char *name)
{
    static const char ending[] = ".torrent";
    size_t n = strlen(name), e = sizeof ending - 1;
    return n > e && name[0] != '.' && strcasecmp(name + n - e, ending) == 0;
}

/* Takes path. */
static void look_at(struct watch *w, struct map *now, char *path)
{
    struct vfs_stat st;
    if (vfs_stat(w->vfs, path, &st, NULL) != OK || st.is_dir || st.is_symlink || st.is_special ||
        st.size == 0 || st.size > MI_TORRENT_MAX) {
        free(path);
        return;
    }
    const struct seen *before = map_get(w->seen, path, strlen(path));
    bool same = before && before->size == st.size && before->mtime_ns == st.mtime_ns;
    struct found *f = &w->found[w->count];
    if (same && w->count < WATCH_AT_ONCE) {
        *f = (struct found){0};
        f->path = path;
        f->why.code = vfs_read_all(w->vfs, path, MI_TORRENT_MAX, &f->bytes, &f->why);
        w->count++;
        path = mem_strdup(path);
    }
    struct seen *s = MEM_NEW(struct seen);
    *s = (struct seen){st.size, st.mtime_ns, same && before->told};
    free(map_put(now, path, strlen(path), s));
    free(path);
}

static void look_work(void *arg)
{
    struct watch *w = arg;
    char **names;
    size_t n;
    struct map *now = map_new(0); /* keyed by names that the owner of the folder gives */
    w->why.code = vfs_list(w->vfs, w->dir, &names, &n, &w->why);
    for (size_t i = 0; w->why.code == OK && i < n; i++)
        if (is_torrent(names[i]))
            look_at(w, now, mem_printf("%s/%s", w->dir, names[i]));
    if (w->why.code == OK)
        vfs_list_free(names, n);
    forget(w->seen);
    w->seen = now;
}

static void rename_work(void *arg)
{
    struct watch *w = arg;
    for (size_t i = 0; i < w->count; i++) {
        struct found *f = &w->found[i];
        f->why.code = OK;
        if (f->answer == WATCH_LATER)
            continue;
        char *to = mem_printf("%s.%s", f->path, f->answer == WATCH_ADDED ? "added" : "invalid");
        if (vfs_rename(w->vfs, f->path, to, &f->why) == OK)
            f->why.code = OK;
        free(to);
    }
}

/* --- on the loop ---------------------------------------------------------------------------- */

static void on_renamed(void *arg)
{
    struct watch *w = arg;
    w->busy = false;
    for (size_t i = 0; i < w->count; i++) {
        if (w->found[i].why.code && !w->freed)
            log_warn(w->log, "%s: %s", w->found[i].path, w->found[i].why.text);
        free(w->found[i].path);
        buf_done(&w->found[i].bytes);
    }
    w->count = 0;
    if (w->freed)
        destroy(w);
    else
        look_later(w);
}

/* Trouble that says nothing of the file: it is tried again at each look, and told once. */
static void put_off(struct watch *w, const struct found *f)
{
    struct seen *s = map_get(w->seen, f->path, strlen(f->path));
    if (s && !s->told)
        log_warn(w->log, "%s is not added yet: %s", f->path, f->why.text);
    if (s)
        s->told = true;
}

static void take(struct watch *w, struct found *f)
{
    if (f->why.code)
        f->answer = WATCH_LATER;
    else
        f->answer = w->take(w->arg, buf_cur(&f->bytes), &f->why);
    if (f->answer == WATCH_LATER && f->why.code)
        put_off(w, f);
    if (f->answer == WATCH_ADDED)
        log_info(w->log, "added %s", f->path);
    if (f->answer == WATCH_INVALID)
        log_warn(w->log, "%s cannot be added: %s", f->path, f->why.text);
}

static void on_looked(void *arg)
{
    struct watch *w = arg;
    if (w->freed) {
        destroy(w);
        return;
    }
    if (w->why.code && !w->told)
        log_warn(w->log, "files.watch: %s", w->why.text);
    w->told = w->why.code != OK;
    for (size_t i = 0; i < w->count; i++)
        take(w, &w->found[i]);
    if (w->count > 0) {
        lane_run(w->loop, LANE_DISK, rename_work, on_renamed, w);
        return;
    }
    w->busy = false;
    look_later(w);
}

static void on_timer(void *arg)
{
    struct watch *w = arg;
    w->timer = NULL;
    w->busy = true;
    why_set(&w->why, ERR_CLOSED, "the disk lane has stopped"); /* if work never runs */
    lane_run(w->loop, LANE_DISK, look_work, on_looked, w);
}

static void look_later(struct watch *w)
{
    w->timer = timer_start(w->loop, WATCH_US, on_timer, w);
}

struct watch *watch_new(struct loop *loop, const struct vfs *vfs, const struct log *log,
                        const char *dir, watch_cb *cb, void *arg)
{
    struct watch *w = MEM_NEW(struct watch);
    *w = (struct watch){.loop = loop,
                        .vfs = vfs,
                        .log = log,
                        .dir = mem_strdup(dir),
                        .take = cb,
                        .arg = arg,
                        .seen = map_new(0)};
    look_later(w);
    return w;
}

void watch_free(struct watch *w)
{
    if (!w)
        return;
    timer_cancel(w->timer);
    w->timer = NULL;
    w->freed = true;
    if (!w->busy)
        destroy(w);
}
