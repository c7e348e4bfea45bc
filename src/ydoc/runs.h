/* ydoc/runs.h - what one client wrote: items by the clock at which they start.
 *
 * A sorted array in pieces, so that an item that is split in the middle of fifty thousand moves a
 * hundred entries and not all of them.  It knows nothing of items but their numbers. */
#ifndef SHOAL_YDOC_RUNS_H
#define SHOAL_YDOC_RUNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RUNS_NEAR 8 /* runs looked at before all are searched */

struct run {
    uint32_t clock, item;
};

struct run_piece {
    uint32_t n, cap;
    struct run at[];
};

struct runs {
    struct run_piece **piece;
    uint32_t *first; /* the clock at which each piece starts: searched without touching them */
    uint32_t pieces, cap;
};

/* A place in it; good until the next change. */
struct run_at {
    uint32_t piece, i;
};

/* Frees it and leaves it empty. */
void runs_done(struct runs *r);

static inline bool runs_empty(const struct runs *r)
{
    return r->pieces == 0;
}

/* The run there, or NULL behind the end. */
static inline struct run *runs_get(const struct runs *r, struct run_at at)
{
    return at.piece < r->pieces && at.i < r->piece[at.piece]->n ? &r->piece[at.piece]->at[at.i]
                                                                : NULL;
}

/* The last run that starts at or before the clock; false when none does. */
bool runs_find(const struct runs *r, uint32_t clock, struct run_at *at);

/* The same, looked for first at a place that may be out of date, and a little behind it. */
static inline bool runs_find_near(const struct runs *r, uint32_t clock, struct run_at *at)
{
    if (at->piece < r->pieces) {
        const struct run_piece *p = r->piece[at->piece];
        uint32_t i = at->i;
        if (i < p->n && p->at[i].clock <= clock) {
            while (i + 1 < p->n && i < at->i + RUNS_NEAR && p->at[i + 1].clock <= clock)
                i++;
            if (i + 1 < p->n ? clock < p->at[i + 1].clock : at->piece + 1 == r->pieces) {
                at->i = i;
                return true;
            }
        }
    }
    return runs_find(r, clock, at);
}

/* Where the first run is, if there is one. */
static inline struct run_at runs_first(void)
{
    return (struct run_at){0, 0};
}

/* r is not empty. */
struct run_at runs_last(const struct runs *r);
/* The neighbours; runs_prev is false at the start, runs_next leads to where runs_get is NULL. */
bool runs_prev(const struct runs *r, struct run_at *at);

static inline void runs_next(const struct runs *r, struct run_at *at)
{
    if (++at->i >= r->piece[at->piece]->n)
        *at = (struct run_at){at->piece + 1, 0};
}

/* Put a run where its clock belongs.  No run starts at that clock yet. */
void runs_put_within(struct runs *r, struct run run);
static inline void runs_put(struct runs *r, struct run run)
{
    struct run_piece *p = r->pieces > 0 ? r->piece[r->pieces - 1] : NULL;
    if (p && p->n > 0 && p->n < p->cap && p->at[p->n - 1].clock < run.clock)
        p->at[p->n++] = run; /* mostly it comes last, and there is room */
    else
        runs_put_within(r, run);
}

/* Remove a run; `at` then names what followed it. */
void runs_drop(struct runs *r, struct run_at *at);

#endif
