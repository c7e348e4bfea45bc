#include "files/disk/data.h"

#include "base/mem.h"
#include "files/disk/data_in.h"
#include "files/meta/bits.h"

#include <string.h>

enum { CLOSE_SYNCS_MAX = 64 /* jobs that wait for the disk */ };

void pieces_add(struct pieces *p, uint32_t piece)
{
    if (p->n == p->cap) {
        p->cap = p->cap ? p->cap * 2 : 8;
        p->at = mem_realloc(p->at, p->cap * sizeof *p->at);
    }
    p->at[p->n++] = piece;
}

/* --- events and what is had ----------------------------------------------------------------- */

void data_emit(struct data *d, enum data_event ev, uint32_t piece, const struct why *why)
{
    static const struct why none = {0};
    if (!d->closing && !d->dead)
        d->cfg.cb(d->cfg.arg, ev, piece, why ? why : &none);
}

void data_fail(struct data *d, const struct why *why)
{
    d->failed = true;
    log_warn(d->cfg.log, "%s", why->text);
    data_emit(d, DATA_FAILED, 0, why);
}

void data_fail_torn(struct data *d, uint32_t piece)
{
    struct why why;
    why_set(&why, ERR_INVALID,
            "piece %u has one of its hashes and not the other: the v1 and v2 parts of this torrent "
            "are of different files",
            piece);
    data_fail(d, &why);
}

/* Count a piece's bytes for the files that they lie in. */
static void count_bytes(struct data *d, uint32_t piece, bool gained)
{
    struct layout_span s;
    for (struct layout_walk w = layout_walk(&d->layout, layout_piece_at(&d->layout, piece),
                                            layout_piece_len(&d->layout, piece));
         layout_next(&w, &s);) {
        uint64_t change = gained ? s.len : -s.len;
        d->file_done[s.file] += change;
        d->done += s.pad ? 0 : change;
    }
}

void data_gain(struct data *d, uint32_t piece)
{
    if (bits_get(d->have, piece))
        return;
    bits_set(d->have, piece);
    d->have_count++;
    count_bytes(d, piece, true);
}

void data_lose(struct data *d, uint32_t piece, const struct why *why)
{
    if (!bits_get(d->have, piece))
        return;
    bits_clear(d->have, piece);
    d->have_count--;
    count_bytes(d, piece, false);
    pieces_add(&d->w.lost, piece);
    data_read_forget(d, piece);
    log_warn(d->cfg.log, "piece %u is not there any more: %s", piece, why->text);
    data_emit(d, DATA_PIECE_LOST, piece, why);
    data_write_kick(d);
}

const uint8_t *data_have(const struct data *d)
{
    return d->have;
}

uint32_t data_have_count(const struct data *d)
{
    return d->have_count;
}

bool data_has(const struct data *d, uint32_t piece)
{
    return bits_get(d->have, piece);
}

uint64_t data_file_done(const struct data *d, size_t file)
{
    return d->file_done[file];
}

uint64_t data_done(const struct data *d)
{
    return d->done;
}

void data_retry(struct data *d)
{
    d->failed = false;
    data_write_kick(d);
}

/* --- opening -------------------------------------------------------------------------------- */

struct open_job {
    struct data *d;
    uint8_t *have;
    struct judge_file *quiet;
    struct why note, why; /* about the resume file; about making the empty files */
    bool dirty;
};

static void open_work(void *arg)
{
    struct open_job *j = arg;
    struct data *d = j->d;
    disk_open(d->disk, j->have, d->c.todo, &j->note);
    if (disk_bring_back(d->disk, &j->why) == OK && disk_make_empty(d->disk, &j->why) == OK)
        j->why.code = OK;
    j->dirty = disk_is_dirty(d->disk);
    disk_quiet(d->disk, j->quiet);
}

static void on_open(void *arg)
{
    struct open_job *j = arg;
    struct data *d = j->d;
    d->opened = true;
    for (uint32_t p = 0; p < d->layout.piece_count; p++)
        if (bits_get(j->have, p))
            data_gain(d, p);
    data_left(d, j->quiet);
    if (j->note.text[0] && j->note.code != ERR_NOT_FOUND)
        log_warn(d->cfg.log, "%s", j->note.text);
    uint32_t to_check = bits_count(d->c.todo, d->layout.piece_count);
    if (to_check > 0 && !d->closing && !d->dead)
        data_check_start(d);
    if (j->dirty)
        data_write_sync_later(d);
    data_emit(d, DATA_OPENED, 0, NULL);
    if (j->why.code != OK) {
        d->w.make_empty = true;
        data_fail(d, &j->why);
    }
    free(j->have);
    free(j->quiet);
    free(j);
    data_let_go(d);
}

/* "HEX.parts" for "HEX.resume". */
static char *parts_path(const char *resume)
{
    const char *dot = strrchr(resume, '.');
    return mem_printf("%.*s.parts", (int)(dot ? (size_t)(dot - resume) : strlen(resume)), resume);
}

struct data *data_open(const struct data_cfg *cfg)
{
    struct data *d = MEM_NEW(struct data);
    d->cfg = *cfg;
    d->dir = mem_strdup(cfg->dir);
    d->resume_path = mem_strdup(cfg->resume_path);
    d->parts_path = parts_path(cfg->resume_path);
    d->boot_id = mem_strdup(cfg->boot_id);
    d->layout = layout_of(cfg->mi);
    d->disk_cfg = (struct disk_cfg){.vfs = cfg->vfs,
                                    .infohash = cfg->mi->infohash,
                                    .layout = &d->layout,
                                    .dir = d->dir,
                                    .resume_path = d->resume_path,
                                    .parts_path = d->parts_path,
                                    .skip = cfg->skip,
                                    .boot_id = d->boot_id,
                                    .check_all = cfg->check_all,
                                    .seed = cfg->seed};
    d->disk = disk_new(&d->disk_cfg);
    d->disk_cfg.skip = NULL; /* it was the caller's */
    d->pool = readpool_new(cfg->loop, cfg->vfs, d->dir, &d->layout);
    readpool_use_parts(d->pool, d->parts_path);
    readpool_watch(d->pool, data_seen, d);
    d->have = mem_zalloc(bits_bytes(d->layout.piece_count));
    d->sure = mem_zalloc(bits_bytes(d->layout.piece_count));
    d->c.todo = mem_zalloc(bits_bytes(d->layout.piece_count));
    d->c.touched = mem_zalloc(bits_bytes(d->layout.piece_count));
    d->file_done = mem_array(d->layout.file_count, sizeof *d->file_done);
    data_write_init(d);
    data_read_init(d);
    data_changed_init(d);

    struct open_job *j = MEM_NEW(struct open_job);
    j->d = d;
    j->have = mem_zalloc(bits_bytes(d->layout.piece_count));
    j->quiet = mem_array(d->layout.file_count, sizeof *j->quiet);
    data_hold(d);
    lane_run(cfg->loop, LANE_DISK_ORDERED, open_work, on_open, j);
    return d;
}

/* --- closing -------------------------------------------------------------------------------- */

static void destroy(struct data *d)
{
    data_write_done(d);
    data_read_done(d);
    disk_free(d->disk);
    readpool_free(d->pool);
    free(d->have);
    free(d->sure);
    data_changed_done(d);
    free(d->c.todo);
    free(d->c.touched);
    free(d->file_done);
    free(d->dir);
    free(d->resume_path);
    free(d->parts_path);
    free(d->boot_id);
    free(d);
}

/* Closing files may take the disk's time, so the lane does it. */
static void close_work(void *arg)
{
    struct data *d = arg;
    disk_free(d->disk);
    d->disk = NULL;
}

static void on_closed(void *arg)
{
    struct data *d = arg;
    void (*closed)(void *) = d->dead ? NULL : d->closed;
    void *closed_arg = d->closed_arg;
    destroy(d);
    if (closed)
        closed(closed_arg);
}

/* When thousands close at once, what was only found here (shared, checked) is left unsynced: it is
 * believed while the machine runs, the next run syncs it, and hashing is all that it may cost. */
static bool disk_is_behind(const struct data *d)
{
    return lane_queued(d->cfg.loop, LANE_DISK) + lane_queued(d->cfg.loop, LANE_DISK_ORDERED) >=
           CLOSE_SYNCS_MAX;
}

/* Nothing is under way: write what is left, then sync, then close. */
static void close_step(struct data *d)
{
    if (!d->failed && data_write_pending(d)) {
        data_write_kick(d);
        if (d->holds > 0)
            return;
    }
    if (!d->failed && d->w.touched && !d->last_sync && (d->w.ours || !disk_is_behind(d))) {
        d->last_sync = true;
        d->w.mark = true;
        data_write_kick(d);
        return;
    }
    d->holds++; /* for good */
    lane_run(d->cfg.loop, LANE_DISK_ORDERED, close_work, on_closed, d);
}

void data_hold(struct data *d)
{
    d->holds++;
}

void data_let_go(struct data *d)
{
    if (--d->holds > 0)
        return;
    if (d->dead)
        destroy(d);
    else if (d->closing)
        close_step(d);
}

static void stop(struct data *d)
{
    timer_cancel(d->w.timer);
    d->w.timer = NULL;
    timer_cancel(d->w.gather);
    d->w.gather = NULL;
    timer_cancel(d->r.idle);
    d->r.idle = NULL;
    sweep_stop(d->c.sweep);
    d->c.again = false;
}

static void on_close_turn(void *arg)
{
    struct data *d = arg;
    d->close_turn = NULL;
    data_read_close(d);
    data_let_go(d);
}

void data_close(struct data *d, void (*done)(void *arg), void *arg)
{
    d->closing = true;
    d->w.touched |= d->w.timer != NULL; /* a sync is due */
    d->closed = done;
    d->closed_arg = arg;
    stop(d);
    data_write_close(d);
    data_hold(d);
    d->close_turn = timer_start(d->cfg.loop, 0, on_close_turn, d);
}

void data_free(struct data *d)
{
    if (!d)
        return;
    d->dead = true;
    stop(d);
    data_write_close(d);
    data_read_done(d);
    if (!d->close_turn) /* else the hold of that turn is free to take */
        data_hold(d);
    timer_cancel(d->close_turn);
    data_let_go(d);
}
