#include "ydoc/runs.h"

#include "base/mem.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_MAX 128 /* runs; more are split in two halves */
#define PIECE_MIN 4   /* room to begin with: most clients of a large document wrote little */

struct run_piece {
    uint32_t n, cap;
    struct run at[];
};

void runs_done(struct runs *r)
{
    for (uint32_t i = 0; i < r->pieces; i++)
        free(r->piece[i]);
    free(r->piece);
    *r = (struct runs){0};
}

struct run *runs_get(const struct runs *r, struct run_at at)
{
    return at.piece < r->pieces && at.i < r->piece[at.piece]->n ? &r->piece[at.piece]->at[at.i]
                                                                : NULL;
}

bool runs_find(const struct runs *r, uint32_t clock, struct run_at *at)
{
    uint32_t low = 0, high = r->pieces;
    if (high > 0 && r->piece[high - 1]->at[0].clock <= clock)
        low = high; /* mostly it is among the latest */
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (r->piece[mid]->at[0].clock <= clock)
            low = mid + 1;
        else
            high = mid;
    }
    if (low == 0)
        return false;
    at->piece = low - 1;
    const struct run_piece *p = r->piece[at->piece];
    low = 0;
    high = p->n;
    if (p->at[high - 1].clock <= clock)
        low = high;
    while (low < high) {
        uint32_t mid = low + (high - low) / 2;
        if (p->at[mid].clock <= clock)
            low = mid + 1;
        else
            high = mid;
    }
    at->i = low - 1;
    return true;
}

struct run_at runs_first(void)
{
    return (struct run_at){0, 0};
}

struct run_at runs_last(const struct runs *r)
{
    return (struct run_at){r->pieces - 1, r->piece[r->pieces - 1]->n - 1};
}

bool runs_prev(const struct runs *r, struct run_at *at)
{
    if (at->i > 0) {
        at->i--;
        return true;
    }
    if (at->piece == 0)
        return false;
    at->piece--;
    at->i = r->piece[at->piece]->n - 1;
    return true;
}

void runs_next(const struct runs *r, struct run_at *at)
{
    if (++at->i >= r->piece[at->piece]->n)
        *at = (struct run_at){at->piece + 1, 0};
}

/* A piece with room for `cap` runs, at `place` among the others. */
static struct run_piece *add_piece(struct runs *r, uint32_t place, uint32_t cap)
{
    if (r->pieces == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 1;
        r->piece = mem_realloc(r->piece, r->cap * sizeof *r->piece);
    }
    memmove(r->piece + place + 1, r->piece + place, (r->pieces - place) * sizeof *r->piece);
    r->pieces++;
    struct run_piece *p = mem_zalloc(offsetof(struct run_piece, at) + cap * sizeof(struct run));
    p->cap = cap;
    return r->piece[place] = p;
}

/* Room for one more in the piece; it may have become two. */
static struct run_at make_room(struct runs *r, struct run_at at)
{
    struct run_piece *p = r->piece[at.piece];
    if (p->n < p->cap)
        return at;
    if (p->cap < PIECE_MAX) {
        p = mem_realloc(p, offsetof(struct run_piece, at) + 2 * p->cap * sizeof(struct run));
        p->cap *= 2;
        r->piece[at.piece] = p;
        return at;
    }
    /* What is appended to finds the old piece full and leaves it so. */
    bool last = at.piece + 1 == r->pieces && at.i == p->n;
    uint32_t half = last ? p->n : p->n / 2;
    struct run_piece *q = add_piece(r, at.piece + 1, PIECE_MAX);
    q->n = p->n - half;
    memcpy(q->at, p->at + half, q->n * sizeof *q->at);
    p->n = half;
    return at.i > half || last ? (struct run_at){at.piece + 1, at.i - half} : at;
}

void runs_put(struct runs *r, struct run run)
{
    struct run_at at = {0, 0};
    if (r->pieces == 0)
        add_piece(r, 0, PIECE_MIN);
    else if (runs_find(r, run.clock, &at))
        at.i++;
    at = make_room(r, at);
    struct run_piece *p = r->piece[at.piece];
    memmove(p->at + at.i + 1, p->at + at.i, (p->n - at.i) * sizeof *p->at);
    p->at[at.i] = run;
    p->n++;
}

void runs_drop(struct runs *r, struct run_at *at)
{
    struct run_piece *p = r->piece[at->piece];
    p->n--;
    memmove(p->at + at->i, p->at + at->i + 1, (p->n - at->i) * sizeof *p->at);
    if (p->n == 0) {
        free(p);
        r->pieces--;
        memmove(r->piece + at->piece, r->piece + at->piece + 1,
                (r->pieces - at->piece) * sizeof *r->piece);
        *at = (struct run_at){at->piece, 0};
    } else if (at->i == p->n) {
        *at = (struct run_at){at->piece + 1, 0};
    }
}
