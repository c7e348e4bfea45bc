/* The torrent's files go to another folder: its data is closed meanwhile, and nobody is served. */
#include "files/torrent_in.h"

#include "base/mem.h"
#include "files/disk/data_move.h"

#include <string.h>

struct mover {
    struct torrent *t; /* NULL: the torrent is gone */
    char *to;
    bool again, running; /* running: a lane has it */
    torrent_moved_cb *done;
    void *arg;
};

static void mover_free(struct mover *m)
{
    free(m->to);
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

static void on_moved(void *arg, const struct why *why)
{
    struct mover *m = arg;
    struct torrent *t = m->t;
    if (!t) {
        mover_free(m);
        return;
    }
    if (why->code == OK) {
        free(t->dir);
        t->dir = mem_strdup(m->to);
    }
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
    data_move(t->env->wire.loop, t->env->vfs, t->mi, t->dir, m->to, m->again, on_moved, m);
}

bool mover_is_running(const struct torrent *t)
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

enum err torrent_move(struct torrent *t, const char *to, bool again, torrent_moved_cb *done,
                      void *arg, struct why *why)
{
    if (t->release_dir)
        return why_set(why, ERR_STATE, "it is in quarantine: release it first");
    if (t->mover || !t->data)
        return why_set(why, ERR_STATE,
                       t->mover ? "it is being moved already" : "there is nothing to move yet");
    t->mover = MEM_NEW(struct mover);
    *t->mover =
        (struct mover){.t = t, .to = mem_strdup(to), .again = again, .done = done, .arg = arg};
    log_info(t->log, "moving to %s", to);
    read_end_all(t, "the torrent is being moved");
    swarm_free(t);
    torrent_close_data(t);
    torrent_changed(t);
    return OK;
}

void torrent_set_dir(struct torrent *t, const char *dir)
{
    free(t->dir);
    t->dir = mem_strdup(dir);
}
