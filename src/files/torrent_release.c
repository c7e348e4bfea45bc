/* Out of quarantine: the data is closed, moved in one step, and opened again where it belongs. */
#include "files/torrent_in.h"

#include "base/mem.h"
#include "files/disk/diskpath.h"

#include <string.h>

struct release {
    struct torrent *t;   /* NULL: freed meanwhile */
    struct metainfo *mi; /* then to be freed with this: the data needs it till it is closed */
    struct loop *loop;
    const struct vfs *vfs;
    char *from_dir, *to_dir, *name;
    bool was_complete;
    struct why why;
};

static void release_free(struct release *r)
{
    metainfo_free(r->mi);
    free(r->from_dir);
    free(r->to_dir);
    free(r->name);
    free(r);
}

/* Lasting, or back to where it was: what is recorded as released must not be found elsewhere after
 * a power cut. */
static enum err rename_lasting(struct release *r, const char *from, const char *to)
{
    struct why ignored;
    enum err e = vfs_rename(r->vfs, from, to, &r->why);
    if (e != OK || (e = vfs_sync_dir(r->vfs, r->to_dir, &r->why)) == OK)
        return e;
    if (vfs_rename(r->vfs, to, from, &ignored) != OK)
        return OK; /* then it is released, and lasts if the power does */
    (void)!vfs_sync_dir(r->vfs, r->from_dir, NULL);
    (void)!vfs_sync_dir(r->vfs, r->to_dir, NULL);
    return e;
}

/* On a lane. */
static void move(void *arg)
{
    struct release *r = arg;
    struct vfs_stat st;
    char *from = diskpath_join(r->from_dir, r->name), *to = diskpath_join(r->to_dir, r->name);
    enum err e = vfs_stat(r->vfs, to, &st, &r->why);
    if (e == OK)
        e = why_set(&r->why, ERR_STATE, "%.180s is there already", to);
    else if (e == ERR_NOT_FOUND)
        e = vfs_stat(r->vfs, from, &st, &r->why);
    if (e == OK)
        e = rename_lasting(r, from, to);
    else if (e == ERR_NOT_FOUND) /* no file of it may have been wanted */
        e = OK;
    if (e == OK) {
        r->why = (struct why){0};
        vfs_rmdir(r->vfs, r->from_dir, NULL); /* others may be in it */
    }
    free(from);
    free(to);
}

static void on_moved(void *arg)
{
    struct release *r = arg;
    struct torrent *t = r->t;
    if (!t) {
        release_free(r);
        return;
    }
    t->release = NULL;
    bool moved = r->why.code == OK;
    if (moved) {
        free(t->dir);
        t->dir = t->release_dir;
        t->release_dir = NULL;
        torrent_quarantine_note(t, NULL);
        t->env->released(t->env->node, t);
    }
    if (t->closing == 0) {
        torrent_open_data(t);
        if (!moved)
            torrent_fail(t, true, "cannot be released from quarantine: %s", r->why.text);
        else if (r->was_complete)
            t->env->finished(t->env->node, t);
    }
    release_free(r);
    torrent_changed(t);
}

static void on_closed(void *arg)
{
    struct release *r = arg;
    lane_run(r->loop, LANE_DISK, move, on_moved, r);
}

void torrent_release(struct torrent *t)
{
    if (!t->release_dir || t->release || t->mover || t->closing > 0)
        return;
    free(t->error);
    t->error = NULL;
    t->error_stays = false;
    if (!t->data) { /* there is nothing yet */
        free(t->dir);
        t->dir = t->release_dir;
        t->release_dir = NULL;
        t->env->released(t->env->node, t);
        torrent_changed(t);
        return;
    }
    struct release *r = MEM_NEW(struct release);
    *r = (struct release){.t = t,
                          .loop = t->env->wire.loop,
                          .vfs = t->env->vfs,
                          .from_dir = mem_strdup(t->dir),
                          .to_dir = mem_strdup(t->release_dir),
                          .name = mem_strdup(t->mi->name),
                          .was_complete = t->opened && torrent_is_complete(t)};
    t->release = r;
    read_end_all(t, "the torrent leaves its quarantine");
    swarm_free(t);
    data_close(t->data, on_closed, r);
    t->data = NULL;
    t->opened = false;
    torrent_changed(t);
}

void release_forget(struct torrent *t)
{
    if (!t->release)
        return;
    t->release->t = NULL;
    t->release->mi = t->mi; /* what is being closed has it */
    t->release = NULL;
    t->mi = NULL;
}

void torrent_quarantine_note(struct torrent *t, const char *text)
{
    char *note = mem_strdup(text);
    free(t->note);
    t->note = note;
    torrent_changed(t);
}

void torrent_condemn(struct torrent *t, const char *why)
{
    torrent_fail(t, true, "%s", why);
    swarm_end(t, "in quarantine");
}

const char *torrent_release_dir(const struct torrent *t)
{
    return t->release_dir;
}
