/* Readers: who plays while it downloads.  What a reader waits for is fetched before all else. */
#include "files/torrent_in.h"

#include "base/mem.h"

#include <inttypes.h>

enum {
    AHEAD = 16 * 1024 * 1024, /* bytes fetched before others, for a reader */
    AHEAD_PIECES = 4,         /* but at least so many pieces */
    KEEP_ASKED = 4,           /* blocks that stay asked of a peer when a reader is in need */
};
#define STALLED_US (1 * SEC) /* a reader waits for so long: its piece is asked of two peers */

struct content_reader {
    struct link link;
    struct torrent *t;
    uint64_t pos, end;         /* in the torrent's stream */
    struct data_read *reading; /* NULL: none */
    struct timer *turn;        /* to serve it in a turn of its own */
    bool more;                 /* it was asked for */
    bool begun;                /* it has waited once */
    uint64_t waits_us;         /* since when the piece at pos is waited for; 0: it is not */
    const struct content_sink *sink;
    void *arg;
};

static uint32_t piece_at(const struct torrent *t, uint64_t pos)
{
    return (uint32_t)(pos / t->mi->piece_len);
}

void torrent_read_close(struct content_reader *r)
{
    if (!r)
        return;
    struct torrent *t = r->t;
    data_read_cancel(r->reading);
    timer_cancel(r->turn);
    list_drop(&r->link);
    free(r);
    read_window(t);
}

static void end(struct content_reader *r, const struct why *why)
{
    const struct content_sink *sink = r->sink;
    void *arg = r->arg;
    torrent_read_close(r);
    sink->ended(arg, why);
}

/* --- what comes first ----------------------------------------------------------------------- */

/* The d-th piece that the reader will want; false: it is far enough ahead, or past its end. */
static bool ahead(const struct content_reader *r, uint32_t d, uint32_t *piece)
{
    uint32_t window = AHEAD / r->t->mi->piece_len;
    *piece = piece_at(r->t, r->pos) + d;
    return r->pos < r->end && *piece <= piece_at(r->t, r->end - 1) &&
           d < (window > AHEAD_PIECES ? window : AHEAD_PIECES);
}

static bool is_in(const uint32_t *list, size_t n, uint32_t piece)
{
    size_t i = 0;
    while (i < n && list[i] != piece)
        i++;
    return i < n;
}

/* The nearest pieces of all readers that are not here, the nearest first. */
static size_t wanted_now(const struct torrent *t, uint32_t *out)
{
    size_t n = 0;
    bool any = true;
    for (uint32_t d = 0; any && n < PICKER_URGENT_MAX; d++) {
        any = false;
        LIST_EACH(&t->readers, struct content_reader, r, link) {
            uint32_t piece;
            if (!ahead(r, d, &piece))
                continue;
            any = true;
            if (!data_has(t->data, piece) && !is_in(out, n, piece) && n < PICKER_URGENT_MAX)
                out[n++] = piece;
        }
    }
    return n;
}

void read_window(struct torrent *t)
{
    uint32_t pieces[PICKER_URGENT_MAX];
    bool stalled = false;
    if (!t->picker || !t->opened)
        return;
    LIST_EACH(&t->readers, struct content_reader, r, link) {
        stalled |= r->waits_us > 0 && torrent_now(t) - r->waits_us >= STALLED_US;
    }
    picker_set_urgent(t->picker, pieces, wanted_now(t, pieces), stalled);
}

/* A reader waits: what was asked and is not waited for stands in the way of what is. */
static void make_room(struct torrent *t)
{
    uint32_t pieces[PICKER_URGENT_MAX];
    size_t n = wanted_now(t, pieces);
    LIST_EACH(&t->members, struct member, m, link) {
        size_t owed = session_is_open(m->s) ? session_owed(m->s) : 0;
        for (size_t i = owed; i-- > KEEP_ASKED;) {
            struct picker_block b = session_owes(m->s, i);
            if (is_in(pieces, n, b.piece))
                continue;
            session_cancel(m->s, b.piece, b.block);
            picker_back(t->picker, b.piece, b.block);
        }
    }
}

/* --- serving -------------------------------------------------------------------------------- */

static void serve_soon(struct content_reader *r);

static void on_read(void *arg, const uint8_t *bytes, size_t n, const struct why *why)
{
    struct content_reader *r = arg;
    r->reading = NULL;
    if (!bytes && data_has(r->t->data, piece_at(r->t, r->pos))) {
        end(r, why);
        return;
    }
    if (!bytes) { /* the piece is lost: it is fetched again */
        serve_soon(r);
        return;
    }
    uint32_t before = piece_at(r->t, r->pos);
    r->pos += n;
    r->more = false;
    if (r->pos < r->end && piece_at(r->t, r->pos) != before)
        read_window(r->t);
    r->sink->part(r->arg, bytes, n); /* r may be gone */
}

static void wait_for(struct content_reader *r)
{
    struct torrent *t = r->t;
    if (r->waits_us > 0)
        return;
    r->waits_us = torrent_now(t);
    read_window(t);
    if (t->picker && !r->begun)
        make_room(t); /* once: then the window is asked for before it is needed */
    r->begun = true;
    swarm_fill(t);
    torrent_need_tick(t);
}

static void serve(struct content_reader *r)
{
    struct torrent *t = r->t;
    struct why why = {0};
    if (!r->more || r->reading || !t->opened)
        return;
    if (r->pos == r->end) {
        end(r, &why);
        return;
    }
    uint32_t piece = piece_at(t, r->pos);
    if (!data_has(t->data, piece)) {
        wait_for(r);
        return;
    }
    r->waits_us = 0;
    uint32_t begin = (uint32_t)(r->pos % t->mi->piece_len);
    uint64_t len = CONTENT_PART_MAX - begin % CONTENT_PART_MAX;
    uint64_t rest = t->mi->piece_len - begin, left = r->end - r->pos;
    len = len < rest ? len : rest;
    len = len < left ? len : left;
    r->reading = data_get(t->data, piece, begin, (uint32_t)len, on_read, r);
    /* NULL: too many reads wait; the tick tries again */
}

static void on_turn(void *arg)
{
    struct content_reader *r = arg;
    r->turn = NULL;
    serve(r);
}

static void serve_soon(struct content_reader *r)
{
    if (!r->turn)
        r->turn = timer_start(r->t->env->wire.loop, 0, on_turn, r);
}

void torrent_read_more(struct content_reader *r)
{
    r->more = true;
    serve_soon(r);
}

struct content_reader *torrent_read(struct torrent *t, size_t file, uint64_t from, uint64_t len,
                                    const struct content_sink *sink, void *arg)
{
    struct content_reader *r = MEM_NEW(struct content_reader);
    *r = (struct content_reader){.t = t, .sink = sink, .arg = arg};
    r->pos = t->mi->files[file].offset + from;
    r->end = r->pos + len;
    list_push(&t->readers, &r->link);
    read_window(t);
    return r;
}

bool read_is_wanted(const struct torrent *t)
{
    return !list_empty(&t->readers);
}

void read_piece_ok(struct torrent *t, uint32_t piece)
{
    if (!read_is_wanted(t))
        return;
    read_window(t);
    LIST_EACH(&t->readers, struct content_reader, r, link) {
        if (r->more && !r->reading && r->pos < r->end && piece_at(t, r->pos) == piece)
            serve_soon(r);
    }
}

void read_tick(struct torrent *t)
{
    if (!read_is_wanted(t))
        return;
    read_window(t);
    LIST_EACH(&t->readers, struct content_reader, r, link) {
        if (r->more && !r->reading)
            serve_soon(r);
    }
    swarm_fill(t);
}

void read_end_all(struct torrent *t, const char *reason)
{
    struct why why;
    struct content_reader *r;
    why_set(&why, ERR_CLOSED, "%s", reason);
    while ((r = LIST_FIRST(&t->readers, struct content_reader, link)))
        end(r, &why);
}
