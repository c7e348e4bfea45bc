#include "files/disk/openfiles.h"

#include "base/mem.h"

static void close_entry(struct openfile *e)
{
    vfile_close(e->f);
    *e = (struct openfile){0};
}

struct openfile *openfiles_find(struct openfiles *o, size_t file)
{
    for (size_t i = 0; o->at && i < OPENFILES_MAX; i++) {
        struct openfile *e = &o->at[i];
        if (e->f && e->file == file && !e->stale) {
            e->used = ++o->clock;
            return e;
        }
    }
    return NULL;
}

/* A free place, or that of the one used longest ago; NULL when all are pinned. */
static struct openfile *place(struct openfiles *o)
{
    struct openfile *best = NULL;
    if (!o->at)
        o->at = mem_array(OPENFILES_MAX, sizeof *o->at);
    for (size_t i = 0; i < OPENFILES_MAX; i++) {
        struct openfile *e = &o->at[i];
        if (!e->f)
            return e;
        if (e->pins == 0 && (!best || e->used < best->used))
            best = e;
    }
    if (best)
        close_entry(best);
    return best;
}

struct openfile *openfiles_add(struct openfiles *o, size_t file, struct vfile *f)
{
    struct openfile *e = openfiles_find(o, file);
    if (!e && (e = place(o))) {
        *e = (struct openfile){.f = f, .file = file, .used = ++o->clock};
        return e;
    }
    vfile_close(f);
    return e;
}

void openfiles_pin(struct openfile *e)
{
    e->pins++;
}

void openfiles_unpin(struct openfile *e)
{
    if (--e->pins == 0 && e->stale)
        close_entry(e);
}

static void drop(struct openfile *e)
{
    if (e->pins > 0)
        e->stale = true;
    else
        close_entry(e);
}

void openfiles_drop(struct openfiles *o, size_t file)
{
    for (size_t i = 0; o->at && i < OPENFILES_MAX; i++)
        if (o->at[i].f && o->at[i].file == file)
            drop(&o->at[i]);
}

void openfiles_drop_all(struct openfiles *o)
{
    bool pinned = false;
    for (size_t i = 0; o->at && i < OPENFILES_MAX; i++) {
        if (o->at[i].f)
            drop(&o->at[i]);
        pinned = pinned || o->at[i].f;
    }
    if (pinned)
        return;
    free(o->at);
    o->at = NULL;
}
