#include "ydoc/runs.h"

#include "base/mem.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define PIECE_MAX 128 /* runs; more are split in two halves */
#define PIECE_MIN 4   /* room to begin with: most clients of a large document wrote little */

void runs_done(struct runs *r)
{
    for (uint32_t i = 0; i < r->pieces; i++)
        free(r->piece[i]);
    free(r->piece);
    free(r->first);
    *r = (struct runs){0};
}

/* Halving without a branch to guess: which half it is, is as good as random. */
bool runs_find(const struct runs *r, uint32_t clock, struct run_at *at)
{
    if (r->pieces == 0 || r->first[0] > clock)
        return false;
    uint32_t low = 0;
    if (r->first[r->pieces - 1] <= clock)
        low = r->pieces - 1; /* mostly it is among the latest */
    else
        for (uint32_t n = r->pieces; n > 1; n -= n / 2)
            low += r->first[low + n / 2] <= clock ? n / 2 : 0;
    at->piece = low;
    const struct run_piece *p = r->piece[low];
    low = 0;
    if (p->at[p->n - 1].clock <= clock)
        low = p->n - 1;
    else
        for (uint32_t n = p->n; n > 1; n -= n / 2)
            low += p->at[low + n / 2].clock <= clock ? n / 2 : 0;
    at->i = low;
    return true;
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

/* A piece with room for `cap` runs, at `place` among the others. */
static struct run_piece *add_piece(struct runs *r, uint32_t place, uint32_t cap)
{
    if (r->pieces == r->cap) {
        r->cap = r->cap ? 2 * r->cap : 1;
        r->piece = mem_realloc(r->piece, r->cap * sizeof *r->piece);
        r->first = mem_realloc(r->first, r->cap * sizeof *r->first);
    }
    memmove(r->piece + place + 1, r->piece + place, (r->pieces - place) * sizeof *r->piece);
    memmove(r->first + place + 1, r->first + place, (r->pieces - place) * sizeof *r->first);
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
    r->first[at.piece + 1] = q->n > 0 ? q->at[0].clock : 0; /* else runs_put says it */
    p->n = half;
    return at.i > half || last ? (struct run_at){at.piece + 1, at.i - half} : at;
}

void runs_put_within(struct runs *r, struct run run)
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
    r->first[at.piece] = p->at[0].clock;
}

void runs_drop(struct runs *r, struct run_at *at)
{
    struct run_piece *p = r->piece[at->piece];
    p->n--;
    memmove(p->at + at->i, p->at + at->i + 1, (p->n - at->i) * sizeof *p->at);
    r->first[at->piece] = p->at[0].clock;
    if (p->n == 0) {
        free(p);
        r->pieces--;
        memmove(r->piece + at->piece, r->piece + at->piece + 1,
                (r->pieces - at->piece) * sizeof *r->piece);
        memmove(r->first + at->piece, r->first + at->piece + 1,
                (r->pieces - at->piece) * sizeof *r->first);
        *at = (struct run_at){at->piece, 0};
    } else if (at->i == p->n) {
        *at = (struct run_at){at->piece + 1, 0};
    }
}
