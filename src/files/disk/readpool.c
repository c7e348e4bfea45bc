#include "files/disk/readpool.h"

#include "base/mem.h"
#include "files/disk/diskpath.h"
#include "files/disk/openfiles.h"
#include "files/disk/parts.h"

#include <inttypes.h>
#include <string.h>

/* A read of small files touches many; it keeps no more than this many of them open. */
enum { JOB_FILES = 8 };
#define OPEN_ANEW_US (5 * SEC) /* what is in a watched file's place is looked at so often */

struct readpool {
    struct loop *loop;
    const struct vfs *vfs;
    const char *dir;
    const struct layout *layout;
    const char *parts;      /* NULL: there is no such file */
    readpool_seen_cb *seen; /* NULL: nobody watches */
    void *seen_arg;
    struct openfiles open;
    unsigned jobs;
    bool freed;
};

struct sight {
    size_t file;
    bool there;
    struct vfs_stat st;
};

struct job {
    struct readpool *pool;
    uint64_t offset;
    size_t len;
    uint8_t *to;
    struct openfile *pinned[JOB_FILES];
    size_t pinned_count;
    struct {
        size_t file;
        struct vfile *f;
    } opened[JOB_FILES]; /* by the lane */
    size_t opened_count;
    struct sight *sights; /* by the lane; grows */
    size_t sight_count;
    struct why why;
    readpool_cb *done;
    void *arg;
};

struct readpool *readpool_new(struct loop *loop, const struct vfs *vfs, const char *dir,
                              const struct layout *layout)
{
    struct readpool *p = MEM_NEW(struct readpool);
    p->loop = loop;
    p->vfs = vfs;
    p->dir = dir;
    p->layout = layout;
    return p;
}

void readpool_use_parts(struct readpool *p, const char *path)
{
    p->parts = path;
}

void readpool_watch(struct readpool *p, readpool_seen_cb *seen, void *arg)
{
    p->seen = seen;
    p->seen_arg = arg;
}

static void release_if_done(struct readpool *p)
{
    if (!p->freed || p->jobs > 0)
        return;
    openfiles_drop_all(&p->open);
    free(p);
}

void readpool_free(struct readpool *p)
{
    if (!p)
        return;
    p->freed = true;
    release_if_done(p);
}

void readpool_forget(struct readpool *p)
{
    openfiles_drop_all(&p->open);
}

/* --- on the lane ---------------------------------------------------------------------------- */

static struct vfile *pinned(const struct job *j, size_t file)
{
    for (size_t i = 0; i < j->pinned_count; i++)
        if (j->pinned[i]->file == file)
            return j->pinned[i]->f;
    return NULL;
}

/* f NULL: it is not there. */
static void sight(struct job *j, size_t file, struct vfile *f)
{
    struct sight s = {.file = file, .there = f != NULL};
    if (!j->pool->seen || (f && vfile_stat(f, &s.st, NULL) != OK))
        return;
    j->sights = mem_realloc(j->sights, (j->sight_count + 1) * sizeof *j->sights);
    j->sights[j->sight_count++] = s;
}

static enum err read_span(struct vfile *f, const char *path, const struct layout_span *s,
                          uint8_t *to, struct why *why)
{
    ssize_t n = vfile_pread(f, to, (size_t)s->len, s->at, why);
    if (n < 0)
        return why->code;
    if ((uint64_t)n < s->len)
        return why_set(why, ERR_NOT_FOUND, "%.150s: ends at byte %" PRIu64 ", %" PRIu64 " wanted",
                       path, s->at + (uint64_t)n, s->at + s->len);
    return OK;
}

static enum err read_parts(struct job *j, const struct layout_span *s, uint8_t *to)
{
    const struct layout *l = j->pool->layout;
    return parts_read(j->pool->vfs, j->pool->parts, l->piece_count,
                      l->files[s->file].offset + s->at, to, (size_t)s->len, &j->why);
}

static enum err read_file(struct job *j, struct diskdir *dir, const struct layout_span *s,
                          uint8_t *to)
{
    const char *path = j->pool->layout->files[s->file].path;
    struct vfile *f = pinned(j, s->file);
    if (f) {
        enum err err = read_span(f, path, s, to, &j->why);
        sight(j, s->file, f); /* after the bytes: a change before it is seen */
        return err;
    }
    f = diskdir_open(dir, path, VFS_READ, &j->why);
    if (!f && j->why.code == ERR_NOT_FOUND && j->pool->parts) {
        if (read_parts(j, s, to) == OK)
            return OK;
        /* Between the two looks the file may have come, and the parts gone. */
        f = diskpath_open(j->pool->vfs, j->pool->dir, path, VFS_READ, &j->why);
    }
    if (!f) {
        if (j->why.code == ERR_NOT_FOUND)
            sight(j, s->file, NULL);
        return j->why.code;
    }
    enum err err = read_span(f, path, s, to, &j->why);
    sight(j, s->file, f);
    if (j->opened_count < JOB_FILES) {
        j->opened[j->opened_count].file = s->file;
        j->opened[j->opened_count++].f = f;
    } else {
        vfile_close(f);
    }
    return err;
}

static void work(void *arg)
{
    struct job *j = arg;
    uint8_t *to = j->to;
    struct layout_span s;
    struct diskdir dir = diskdir_of(j->pool->vfs, j->pool->dir);
    enum err err = OK;
    for (struct layout_walk w = layout_walk(j->pool->layout, j->offset, j->len);
         err == OK && layout_next(&w, &s); to += s.len) {
        if (s.pad)
            memset(to, 0, (size_t)s.len);
        else
            err = read_file(j, &dir, &s, to);
    }
    diskdir_done(&dir);
    if (err == OK)
        j->why.code = OK;
}

/* --- on the loop ---------------------------------------------------------------------------- */

static void on_done(void *arg)
{
    struct job *j = arg;
    struct readpool *p = j->pool;
    for (size_t i = 0; i < j->pinned_count; i++)
        openfiles_unpin(j->pinned[i]);
    for (size_t i = 0; i < j->opened_count; i++) {
        struct openfile *e = openfiles_add(&p->open, j->opened[i].file, j->opened[i].f);
        if (e && !e->opened_us)
            e->opened_us = loop_now_us(p->loop);
    }
    for (size_t i = 0; i < j->sight_count && !p->freed; i++)
        p->seen(p->seen_arg, j->sights[i].file, j->sights[i].there ? &j->sights[i].st : NULL);
    j->done(j->arg, &j->why);
    free(j->sights);
    free(j);
    p->jobs--;
    release_if_done(p);
}

void readpool_read(struct readpool *p, uint64_t offset, size_t len, uint8_t *to, readpool_cb *done,
                   void *arg)
{
    struct job *j = MEM_NEW(struct job);
    *j = (struct job){.pool = p, .offset = offset, .len = len, .to = to, .done = done, .arg = arg};
    why_set(&j->why, ERR_CLOSED, "the disk lane has stopped"); /* if work never runs */
    struct layout_span s;
    for (struct layout_walk w = layout_walk(p->layout, offset, len);
         j->pinned_count < JOB_FILES && layout_next(&w, &s);) {
        struct openfile *e = s.pad ? NULL : openfiles_find(&p->open, s.file);
        if (e && p->seen && loop_now_us(p->loop) - e->opened_us >= OPEN_ANEW_US) {
            openfiles_drop(&p->open, s.file);
            e = NULL;
        }
        if (!e)
            continue;
        openfiles_pin(e);
        j->pinned[j->pinned_count++] = e;
    }
    p->jobs++;
    lane_run(p->loop, LANE_DISK, work, on_done, j);
}
