/* Hash what is on disk: at open what could not be proven, and all of it for data_verify(). */
#include "files/disk/data_in.h"

#include "base/mem.h"
#include "files/meta/bits.h"

#include <string.h>

static uint32_t next(void *arg, uint32_t from)
{
    struct data *d = arg;
    while (from < d->layout.piece_count && !bits_get(d->c.todo, from))
        from++;
    return from;
}

/* A read that says nothing about the bytes (no right to open, no descriptors) takes nothing away.
 */
static bool says_gone(const struct why *why)
{
    return why->code == ERR_NOT_FOUND || why->code == ERR_IO;
}

static void judge_piece(struct data *d, uint32_t piece, const struct piece_sum *sum,
                        const struct why *why)
{
    if (bits_get(d->c.touched, piece) || bits_get(d->sure, piece))
        return; /* downloaded meanwhile: what was read may not be what is there now */
    bool had = bits_get(d->have, piece);
    enum piece_verdict verdict = sum ? piece_judge(d->cfg.mi, piece, sum) : PIECE_BAD;
    bool good = verdict == PIECE_GOOD;
    if (verdict == PIECE_TORN && !d->failed)
        data_fail_torn(d, piece);
    if (good && !had) {
        data_write_found(d, piece);
    } else if (sum && !good && had) {
        struct why changed;
        why_set(&changed, ERR_INVALID, "its hash differs");
        data_lose(d, piece, &changed);
    } else if (!sum && had && says_gone(why)) {
        data_lose(d, piece, why);
    } else if (!sum && why->code != ERR_NOT_FOUND) {
        log_warn(d->cfg.log, "piece %u cannot be checked: %s", piece, why->text);
    }
}

static void result(void *arg, uint32_t piece, const struct piece_sum *sum, const struct why *why)
{
    struct data *d = arg;
    d->c.done++;
    if (data_doubt_stays(d, piece))
        return; /* and to do */
    bits_clear(d->c.todo, piece);
    judge_piece(d, piece, sum, why);
    data_read_trusted(d);
}

static void verify_from_start(struct data *d);

static void on_swept(void *arg)
{
    struct data *d = arg;
    d->c.sweep = NULL;
    d->c.running = false;
    if (d->c.again) {
        d->c.again = false;
        verify_from_start(d);
    } else if (d->c.doubtful && !d->closing && !d->dead) {
        data_look_and_check(d);
    } else if (!d->closing && !d->dead) {
        d->w.checked = true; /* DATA_CHECKED comes when that is recorded */
        d->c.recording = true;
        data_write_kick(d);
    }
    data_let_go(d);
}

void data_check_start(struct data *d)
{
    d->c.running = true;
    d->c.done = 0;
    d->c.total = bits_count(d->c.todo, d->layout.piece_count);
    memset(d->c.touched, 0, bits_bytes(d->layout.piece_count));
    data_write_touched(d, d->c.touched);
    struct sweep_cfg cfg = {.loop = d->cfg.loop,
                            .pool = d->pool,
                            .layout = &d->layout,
                            .next = next,
                            .result = result,
                            .done = on_swept,
                            .arg = d};
    data_hold(d);
    d->c.sweep = sweep_start(&cfg);
}

static void verify_from_start(struct data *d)
{
    for (uint32_t p = 0; p < d->layout.piece_count; p++)
        bits_set(d->c.todo, p);
    data_look_and_check(d);
}

void data_verify(struct data *d)
{
    if (d->closing || !d->opened)
        return;
    if (!d->c.running) {
        verify_from_start(d);
        return;
    }
    d->c.again = true;
    sweep_stop(d->c.sweep);
}

bool data_checking(const struct data *d, uint32_t *done, uint32_t *total)
{
    *done = d->c.done;
    *total = d->c.total;
    /* What was found is had only once it is recorded: until then the check is not over. */
    return d->c.running || d->c.recording;
}
