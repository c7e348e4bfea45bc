/* The torrent's files go to another folder, or get other names: its data is closed meanwhile, and
 * nobody is served. */
#include "files/torrent_in.h"

#include "base/mem.h"
#include "files/disk/data_move.h"
#include "files/disk/data_rename.h"
#include "files/meta/renames.h"

#include <string.h>

struct mover {
    struct torrent *t;   /* NULL: the torrent is gone */
    char *to;            /* the folder, or the path that it will have */
    char *path, *name;   /* what gets which name; NULL: it moves */
    bool again, running; /* running: a lane has it */
    torrent_moved_cb *done;
    void *arg;
};

static void mover_free(struct mover *m)
{
    free(m->to);
    free(m->path);
    free(m->name);
    free(m);
}

static void tell(struct torrent *t, struct mover *m, const struct why *why)
{
    torrent_moved_cb *done = m->done;
    void *arg = m->arg;
    t->mover = NULL;
    mover_free(m);
    done(arg, why);
}

static void holds(struct torrent *t, const struct mover *m)
{
    if (!m->name) {
        torrent_set_dir(t, m->to);
        return;
    }
    char *first = renames_first(t->mi, m->path);
    renames_set(t->mi, &(struct rename){first, m->name}, 1);
    free(first);
}

static void on_moved(void *arg, const struct why *why)
{
    struct mover *m = arg;
    struct torrent *t = m->t;
    if (!t) {
        mover_free(m);
        return;
    }
    if (why->code == OK)
        holds(t, m);
    bool closing = t->closing > 0;
    tell(t, m, why);
    if (closing)
        torrent_part_closed(t);
    else
        torrent_open_data(t);
}

void mover_data_closed(struct torrent *t)
{
    struct mover *m = t->mover;
    m->running = true;
    if (m->name)
        data_rename(t->env->wire.loop, t->env->vfs, t->dir, m->path, m->to, on_moved, m);
    else
        data_move(t->env->wire.loop, t->env->vfs, t->mi, t->dir, m->to, m->again, on_moved, m);
}

static bool is_running(const struct torrent *t)
{
    return t->mover && t->mover->running;
}

void mover_drop(struct torrent *t)
{
    struct mover *m = t->mover;
    t->mover = NULL;
    if (m && m->running)
        m->t = NULL; /* on_moved() frees it */
    else if (m)
        mover_free(m);
}

bool torrent_is_renaming(const struct torrent *t)
{
    return t->mover && t->mover->name;
}

void mover_end(struct torrent *t)
{
    static const struct why why = {ERR_CLOSED, "the torrent is being closed"};
    if (is_running(t))
        t->closing++;
    else if (torrent_is_renaming(t))
        tell(t, t->mover, &why);
    else
        mover_drop(t); /* the next start goes on with it */
}

enum err torrent_may_move(const struct torrent *t, struct why *why)
{
    const char *not_now = t->release_dir ? "it is in quarantine: release it first"
                          : t->mover     ? "it is being moved or renamed already"
                          : !t->data     ? "its files are not open: resume it, or wait"
                                         : NULL;
    return not_now ? why_set(why, ERR_STATE, "%s", not_now) : OK;
}

/* Takes m. */
static enum err begin(struct torrent *t, struct mover *m, struct why *why)
{
    enum err err = torrent_may_move(t, why);
    if (err != OK) {
        mover_free(m);
        return err;
    }
    t->mover = m;
    read_end_all(t, m->name ? "the file is being renamed" : "the torrent is being moved");
    swarm_free(t);
    torrent_close_data(t);
    torrent_changed(t);
    return OK;
}

enum err torrent_move(struct torrent *t, const char *to, bool again, torrent_moved_cb *done,
                      void *arg, struct why *why)
{
    struct mover *m = MEM_NEW(struct mover);
    *m = (struct mover){.t = t, .to = mem_strdup(to), .again = again, .done = done, .arg = arg};
    log_info(t->log, "moving to %s", to);
    return begin(t, m, why);
}

enum err torrent_rename(struct torrent *t, const char *path, const char *name,
                        torrent_moved_cb *done, void *arg, struct why *why)
{
    struct mover *m = MEM_NEW(struct mover);
    *m = (struct mover){.t = t,
                        .to = renames_path(path, name),
                        .path = mem_strdup(path),
                        .name = mem_strdup(name),
                        .done = done,
                        .arg = arg};
    log_info(t->log, "renaming %s to %s", path, name);
    return begin(t, m, why);
}

void torrent_set_dir(struct torrent *t, const char *dir)
{
    free(t->dir);
    t->dir = mem_strdup(dir);
}
