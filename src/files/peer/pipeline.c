#include "files/peer/pipeline.h"

#include "files/meta/metainfo.h"

void rate_add(struct rate *r, uint64_t bytes)
{
    r->bytes += bytes;
    r->total += bytes;
}

void rate_tick(struct rate *r, uint64_t now_us)
{
    uint64_t passed = now_us - r->ticked_us;
    if (r->ticked_us == 0 || passed == 0)
        passed = SEC;
    uint64_t now = r->bytes * SEC / passed;
    /* A quarter of the news each second; the first second and the last bytes count whole. */
    r->per_s = r->per_s == 0 ? now : (r->per_s * 3 + now) / 4;
    r->idle = r->bytes > 0 ? 0 : r->idle + 1;
    if (r->idle >= RATE_IDLE_TICKS)
        r->per_s = 0;
    r->bytes = 0;
    r->ticked_us = now_us;
}

void pipeline_init(struct pipeline *pl)
{
    *pl = (struct pipeline){.depth = PIPELINE_START, .growing = true};
}

void pipeline_waiting(struct pipeline *pl, uint64_t now_us)
{
    pl->last_us = now_us;
}

void pipeline_block(struct pipeline *pl, uint64_t now_us)
{
    uint64_t pause = now_us - pl->last_us;
    pl->pause_us = pl->pause_us == 0 ? pause + 1 : (pl->pause_us * 7 + pause) / 8 + 1;
    pl->last_us = now_us;
    if (pl->stalled) {
        pl->stalled = false;
        pl->depth = PIPELINE_MIN;
        pl->growing = true;
    }
    if (pl->growing && pl->depth < PIPELINE_MAX)
        pl->depth++;
}

void pipeline_tick(struct pipeline *pl, uint64_t rate)
{
    if (pl->growing && pl->rate_before > 0 && rate < pl->rate_before + pl->rate_before / 10)
        pl->growing = false;
    pl->rate_before = rate;
    if (pl->growing)
        return;
    uint64_t blocks = rate * PIPELINE_AHEAD_S / BLOCK_LEN;
    pl->depth = (uint32_t)(blocks < PIPELINE_MIN   ? PIPELINE_MIN
                           : blocks > PIPELINE_MAX ? PIPELINE_MAX
                                                   : blocks);
}

uint32_t pipeline_depth(const struct pipeline *pl, uint32_t reqq)
{
    if (reqq == 0)
        reqq = PIPELINE_REQQ_DEFAULT;
    uint32_t depth = pl->stalled ? 1 : pl->depth;
    return depth < reqq ? depth : reqq;
}

uint64_t pipeline_due_us(const struct pipeline *pl, bool waiting, size_t i, uint64_t now_us)
{
    uint64_t pause = pl->pause_us > 0 ? pl->pause_us : PIPELINE_PAUSE_GUESS_US;
    uint64_t waited = waiting ? now_us - pl->last_us : 0;
    uint64_t next = waited > pause / 2 ? waited : pause - waited;
    return now_us + next + i * pause;
}

bool pipeline_check(struct pipeline *pl, uint64_t now_us)
{
    uint64_t wait = pl->pause_us == 0 ? PIPELINE_WAIT_FIRST_US : 8 * pl->pause_us;
    if (wait < PIPELINE_WAIT_MIN_US)
        wait = PIPELINE_WAIT_MIN_US;
    if (wait > PIPELINE_WAIT_MAX_US)
        wait = PIPELINE_WAIT_MAX_US;
    if (now_us - pl->last_us < wait)
        return false;
    pl->stalled = true;
    pl->last_us = now_us;
    return true;
}
