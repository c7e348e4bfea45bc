/* What was written is synced now and then, and that is recorded. */
#include "files/disk/data_write_in.h"

#include "base/mem.h"

#define DATA_SYNC_US (5 * SEC)

/* --- syncing -------------------------------------------------------------------------------- */

struct sync_job {
    struct data *d;
    struct disk_dirty dirty;
    struct why why;
};

static void sync_work(void *arg)
{
    struct sync_job *j = arg;
    if (disk_sync(&j->d->disk_cfg, &j->dirty, &j->why) == OK)
        j->why.code = OK;
}

static void on_sync(void *arg)
{
    struct sync_job *j = arg;
    struct data *d = j->d;
    if (j->why.code == OK) {
        d->w.synced = true;
    } else {
        d->w.syncing = false;
        d->w.unsynced = true;
        d->w.dirty = j->dirty;
        j->dirty = (struct disk_dirty){0};
        data_write_kick(d); /* the record first: it must not wait for data_retry() */
        data_fail(d, &j->why);
    }
    data_write_kick(d);
    disk_dirty_done(&j->dirty);
    free(j);
    data_let_go(d);
}

void sync_start(struct data *d, struct disk_dirty *dirty)
{
    struct sync_job *j = MEM_NEW(struct sync_job);
    j->d = d;
    j->dirty = *dirty;
    *dirty = (struct disk_dirty){0};
    why_set(&j->why, ERR_CLOSED, "the disk lane has stopped"); /* if work never runs */
    d->w.syncing = true;
    data_hold(d);
    lane_run(d->cfg.loop, LANE_DISK, sync_work, on_sync, j);
}

static void on_timer(void *arg)
{
    struct data *d = arg;
    d->w.timer = NULL;
    block_free_spare(d);
    if (d->w.syncing) { /* a slow disk: one at a time */
        data_write_sync_later(d);
        return;
    }
    data_hold(d);
    d->w.mark = true;
    data_write_kick(d);
    data_let_go(d);
}

void data_write_sync_later(struct data *d)
{
    if (!d->w.timer && !d->closing && !d->dead)
        d->w.timer = timer_start(d->cfg.loop, DATA_SYNC_US, on_timer, d);
}
