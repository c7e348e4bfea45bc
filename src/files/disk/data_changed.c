/* Files that somebody else changes while we have them.
 *
 * Of each file the loop knows how it looked when we left it (d->left: size and mtime, as the resume
 * file records them).  Each read looks at the file again when it has its bytes, and opens it anew
 * every few seconds (readpool.c), so that what was put in its place is seen too.  A file that is
 * not as we left it makes doubtful each piece of it that we have: these are hashed again, and
 * until then nobody is served from them; who asked waits.
 *
 *     data_seen()  ->  doubtful, windows forgotten  ->  [look at all files]  ->  check of them
 *
 * A change that comes while a check runs waits for its end; what was hashed by then is not
 * believed.  While we write to a file ourselves, nothing is known of how it should look. */
#include "files/disk/data_in.h"

#include "base/mem.h"
#include "files/meta/bits.h"

#include <string.h>

/* In place of a size. */
#define LEFT_UNKNOWN UINT64_MAX
#define LEFT_DOUBTED (UINT64_MAX - 1)

void data_changed_init(struct data *d)
{
    d->c.doubt = mem_zalloc(bits_bytes(d->layout.piece_count));
    d->left = mem_array(d->layout.file_count, sizeof *d->left);
    for (size_t i = 0; i < d->layout.file_count; i++)
        d->left[i].size = LEFT_UNKNOWN;
}

void data_changed_done(struct data *d)
{
    free(d->c.doubt);
    free(d->left);
}

void data_left_unknown(struct data *d, uint32_t piece)
{
    struct layout_span s;
    for (struct layout_walk w = layout_walk(&d->layout, layout_piece_at(&d->layout, piece),
                                            layout_piece_len(&d->layout, piece));
         layout_next(&w, &s);)
        d->left[s.file].size = LEFT_UNKNOWN;
}

void data_left(struct data *d, const struct judge_file *quiet)
{
    for (size_t i = 0; i < d->layout.file_count; i++)
        if (d->left[i].size == LEFT_UNKNOWN && quiet[i].there)
            d->left[i] = (struct left){quiet[i].size, quiet[i].mtime_ns};
    /* Of these it may say how they were before what is on its way now. */
    uint8_t *touched = mem_zalloc(bits_bytes(d->layout.piece_count));
    data_write_touched(d, touched);
    for (uint32_t p = 0; p < d->layout.piece_count; p++)
        if (bits_get(touched, p))
            data_left_unknown(d, p);
    free(touched);
}

/* Each piece of the file that is had is to be hashed before it is served. */
static void doubt_pieces(struct data *d, size_t file)
{
    uint32_t first, end;
    layout_file_pieces(&d->layout, file, &first, &end);
    for (uint32_t p = first; p < end; p++) {
        if (!bits_get(d->have, p))
            continue;
        bits_set(d->c.doubt, p);
        bits_set(d->c.todo, p);
    }
}

static bool is_as_left(const struct data *d, size_t file, const struct judge_file *now)
{
    const struct left *l = &d->left[file];
    return l->size == LEFT_UNKNOWN ||
           (now->there && l->size == now->size && l->mtime_ns == now->mtime_ns);
}

void data_replaced(struct data *d, size_t file)
{
    if (d->closing || d->dead)
        return;
    d->left[file].size = LEFT_DOUBTED;
    doubt_pieces(d, file);
    data_read_forget_all(d);
    d->c.doubtful = true;
    if (!d->c.running && !d->c.recording)
        data_look_and_check(d);
}

void data_seen(void *arg, size_t file, const struct vfs_stat *st)
{
    struct data *d = arg;
    struct judge_file now = {0};
    if (st)
        now = (struct judge_file){true, st->size, st->mtime_ns};
    if (!d->closing && d->left[file].size != LEFT_DOUBTED && !is_as_left(d, file, &now))
        data_replaced(d, file);
}

/* --- hashing what is in doubt --------------------------------------------------------------- */

struct look_job {
    struct data *d;
    struct judge_file *now;
};

static void look_work(void *arg)
{
    struct look_job *j = arg;
    disk_look(j->d->disk, j->now);
}

static void tell(struct data *d, size_t changed, size_t first, bool there)
{
    struct why why;
    const char *path = d->layout.files[first].path;
    if (changed > 1)
        why_set(&why, ERR_STATE,
                "%.150s and %zu other files were changed or removed by another program", path,
                changed - 1);
    else
        why_set(&why, ERR_STATE, "%.150s was %s by another program", path,
                there ? "changed" : "removed");
    log_warn(d->cfg.log, "%s; what is left of it is hashed again before it is served", why.text);
    data_emit(d, DATA_CHANGED, 0, &why);
}

static void take_look(struct data *d, const struct judge_file *now)
{
    size_t changed = 0, first = 0;
    for (size_t i = 0; i < d->layout.file_count; i++) {
        if (d->left[i].size != LEFT_DOUBTED && is_as_left(d, i, &now[i]))
            continue;
        doubt_pieces(d, i);
        first = changed++ ? first : i;
        d->left[i] = now[i].there ? (struct left){now[i].size, now[i].mtime_ns}
                                  : (struct left){LEFT_UNKNOWN, 0};
    }
    if (changed > 0)
        tell(d, changed, first, now[first].there);
}

static void on_looked(void *arg)
{
    struct look_job *j = arg;
    struct data *d = j->d;
    data_read_forget_all(d); /* what was put in a file's place is to be seen */
    if (!d->closing && !d->dead) {
        take_look(d, j->now);
        data_check_start(d);
    }
    free(j->now);
    free(j);
    data_let_go(d);
}

void data_look_and_check(struct data *d)
{
    struct look_job *j = MEM_NEW(struct look_job);
    j->d = d;
    j->now = mem_array(d->layout.file_count, sizeof *j->now);
    d->c.running = true;
    d->c.doubtful = false;
    d->c.done = 0;
    d->c.total = bits_count(d->c.todo, d->layout.piece_count);
    data_hold(d);
    lane_run(d->cfg.loop, LANE_DISK_ORDERED, look_work, on_looked, j);
}

bool data_doubt_stays(struct data *d, uint32_t piece)
{
    if (d->c.doubtful && bits_get(d->c.doubt, piece))
        return true;
    bits_clear(d->c.doubt, piece);
    return false;
}
