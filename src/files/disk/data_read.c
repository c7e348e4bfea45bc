/* Blocks for peers.
 *
 * Peers ask for a piece's blocks in order.  So who asks for the first block of a window (WINDOW
 * bytes of a piece) has all of it read, and the blocks that follow are answered from memory; a
 * block from the middle of a window that is not in memory is read by itself, which costs a peer
 * that asks at random, or to hurt, no more than what it asks for.  WINDOWS_KEPT of them stay. */
#include "files/disk/data_in.h"

#include "base/mem.h"
#include "files/meta/bits.h"

enum {
    WINDOW = 256 * 1024,
    WINDOWS_KEPT = 16,   /* 4 MiB a torrent */
    WINDOWS_LOADING = 32 /* 8 MiB at most; reads beyond wait */
};
#define IDLE_US (30 * SEC) /* nobody read for that long: windows and files are let go */

struct window {
    struct data *d;
    struct link link; /* in r.windows */
    uint32_t piece, at, len;
    uint8_t *bytes;
    bool loading;
    bool once;           /* for one read: not to be found by others */
    unsigned pins;       /* reads in r.soon that it answers, and its own answering */
    struct link waiting; /* reads, while loading */
};

struct data_read {
    struct data *d;
    struct link link; /* in a window's waiting, r.waiting, r.doubted or r.soon */
    uint32_t piece, begin, len;
    struct window *window; /* in r.soon: what it is answered from; NULL: not had */
    data_read_cb *got;
    void *arg;
};

static void window_free(struct window *w)
{
    list_drop(&w->link);
    free(w->bytes);
    free(w);
}

static void window_unpin(struct window *w)
{
    if (--w->pins == 0 && w->once)
        window_free(w);
}

/* Drop what was used longest ago. */
static void trim(struct data *d, size_t keep)
{
    size_t kept = 0;
    LIST_EACH(&d->r.windows, struct window, w, link)
        kept += !w->loading && w->pins == 0;
    LIST_EACH(&d->r.windows, struct window, w, link) {
        if (kept <= keep)
            return;
        if (w->loading || w->pins > 0)
            continue;
        window_free(w);
        kept--;
    }
}

static void answer(struct data_read *r, const uint8_t *bytes, const struct why *why)
{
    struct data *d = r->d;
    data_read_cb *got = r->got;
    void *arg = r->arg;
    size_t len = bytes ? r->len : 0;
    list_drop(&r->link);
    free(r);
    d->r.count--;
    got(arg, bytes, len, why);
}

/* --- windows -------------------------------------------------------------------------------- */

static void load_waiting(struct data *d);

static void answer_from(struct data_read *r, struct window *w, const struct why *why)
{
    answer(r, why->code == OK ? w->bytes + (r->begin - w->at) : NULL, why);
}

static void on_loaded(void *arg, const struct why *why)
{
    struct window *w = arg;
    struct data *d = w->d;
    bool doubted = bits_get(d->c.doubt, w->piece);
    w->loading = false;
    d->r.loading--;
    w->pins = 1;
    struct why gone = *why;
    if (why->code == OK && !bits_get(d->have, w->piece))
        why_set(&gone, ERR_NOT_FOUND, "piece %u is not there any more", w->piece);
    struct data_read *r;
    while ((r = LIST_FIRST(&w->waiting, struct data_read, link))) {
        if (!doubted) {
            answer_from(r, w, &gone);
            continue;
        }
        list_drop(&r->link);
        list_push(&d->r.doubted, &r->link);
    }
    w->once |= gone.code != OK || doubted;
    uint32_t piece = w->piece;
    window_unpin(w);
    trim(d, WINDOWS_KEPT);
    if ((why->code == ERR_NOT_FOUND || why->code == ERR_IO) && !doubted && !d->closing && !d->dead)
        data_lose(d, piece, why);
    load_waiting(d);
    data_let_go(d);
}

static struct window *load(struct data *d, uint32_t piece, uint32_t at, uint32_t len, bool once)
{
    struct window *w = MEM_NEW(struct window);
    *w = (struct window){.d = d, .piece = piece, .at = at, .len = len, .once = once};
    w->bytes = mem_realloc(NULL, len);
    w->loading = true;
    list_init(&w->waiting);
    list_push(&d->r.windows, &w->link);
    d->r.loading++;
    data_hold(d);
    readpool_read(d->pool, layout_piece_at(&d->layout, piece) + at, len, w->bytes, on_loaded, w);
    return w;
}

static struct window *find(struct data *d, const struct data_read *r)
{
    LIST_EACH(&d->r.windows, struct window, w, link) {
        if (w->once || w->piece != r->piece || r->begin < w->at ||
            (uint64_t)r->begin + r->len > (uint64_t)w->at + w->len)
            continue;
        list_drop(&w->link);
        list_push(&d->r.windows, &w->link);
        return w;
    }
    return NULL;
}

/* Have the bytes of r read: the whole window that it opens, or just them. */
static struct window *load_for(struct data *d, const struct data_read *r)
{
    uint32_t left = layout_piece_span(&d->layout, r->piece) - r->begin;
    uint32_t window = left < WINDOW ? left : WINDOW;
    bool opens = r->begin % WINDOW == 0 && r->len <= window;
    return load(d, r->piece, r->begin, opens ? window : r->len, !opens);
}

/* --- answering in a turn of its own --------------------------------------------------------- */

static void on_answer(void *arg)
{
    struct data *d = arg;
    d->r.answer = NULL;
    data_hold(d);
    struct data_read *r;
    while ((r = LIST_FIRST(&d->r.soon, struct data_read, link))) {
        struct window *w = r->window;
        struct why why = {0};
        if (!w)
            why_set(&why, ERR_NOT_FOUND, "piece %u is not had", r->piece);
        answer_from(r, w, &why);
        if (w)
            window_unpin(w);
    }
    trim(d, WINDOWS_KEPT);
    data_let_go(d);
}

static void answer_soon(struct data *d, struct data_read *r, struct window *w)
{
    r->window = w;
    if (w)
        w->pins++;
    list_push(&d->r.soon, &r->link);
    if (!d->r.answer)
        d->r.answer = timer_start(d->cfg.loop, 0, on_answer, d);
}

/* Find or load what answers r. */
static void serve(struct data *d, struct data_read *r)
{
    struct window *w = NULL;
    if (!bits_get(d->have, r->piece)) {
        answer_soon(d, r, NULL);
    } else if (bits_get(d->c.doubt, r->piece)) {
        list_push(&d->r.doubted, &r->link);
    } else if ((w = find(d, r)) && !w->loading) {
        answer_soon(d, r, w);
    } else if (w || d->r.loading < WINDOWS_LOADING) {
        w = w ? w : load_for(d, r);
        list_push(&w->waiting, &r->link);
    } else {
        list_push(&d->r.waiting, &r->link);
    }
}

static void load_waiting(struct data *d)
{
    while (!list_empty(&d->r.waiting) && d->r.loading < WINDOWS_LOADING && !d->closing) {
        struct data_read *r = LIST_FIRST(&d->r.waiting, struct data_read, link);
        list_drop(&r->link);
        serve(d, r);
    }
}

/* --- the verbs ------------------------------------------------------------------------------ */

static void on_idle(void *arg)
{
    struct data *d = arg;
    d->r.idle = NULL;
    if (d->r.used) {
        d->r.used = false;
        d->r.idle = timer_start(d->cfg.loop, IDLE_US, on_idle, d);
        return;
    }
    trim(d, 0);
    readpool_forget(d->pool);
}

struct data_read *data_get(struct data *d, uint32_t piece, uint32_t begin, uint32_t len,
                           data_read_cb *got, void *arg)
{
    if (d->r.count >= DATA_READS_MAX || d->closing)
        return NULL;
    struct data_read *r = MEM_NEW(struct data_read);
    *r = (struct data_read){
        .d = d, .piece = piece, .begin = begin, .len = len, .got = got, .arg = arg};
    list_init(&r->link);
    d->r.count++;
    d->r.used = true;
    if (!d->r.idle)
        d->r.idle = timer_start(d->cfg.loop, IDLE_US, on_idle, d);
    serve(d, r);
    return r;
}

void data_read_cancel(struct data_read *r)
{
    if (!r)
        return;
    r->d->r.count--;
    list_drop(&r->link);
    if (r->window)
        window_unpin(r->window);
    free(r);
}

static void window_forget(struct window *w)
{
    w->once = true; /* those who wait are answered by it, nobody else */
    if (!w->loading && w->pins == 0)
        window_free(w);
}

void data_read_forget(struct data *d, uint32_t piece)
{
    LIST_EACH(&d->r.windows, struct window, w, link) {
        if (w->piece == piece)
            window_forget(w);
    }
    readpool_forget(d->pool);
}

void data_read_forget_all(struct data *d)
{
    LIST_EACH(&d->r.windows, struct window, w, link) {
        window_forget(w);
    }
    readpool_forget(d->pool);
}

void data_read_trusted(struct data *d)
{
    LIST_EACH(&d->r.doubted, struct data_read, r, link) {
        if (bits_get(d->c.doubt, r->piece))
            continue;
        list_drop(&r->link);
        serve(d, r);
    }
}

/* --- lifetime ------------------------------------------------------------------------------- */

void data_read_init(struct data *d)
{
    list_init(&d->r.windows);
    list_init(&d->r.waiting);
    list_init(&d->r.doubted);
    list_init(&d->r.soon);
}

/* One read that nobody has answered yet, or NULL. */
static struct data_read *any(struct data *d)
{
    struct data_read *r = LIST_FIRST(&d->r.soon, struct data_read, link);
    if (!r)
        r = LIST_FIRST(&d->r.waiting, struct data_read, link);
    if (!r)
        r = LIST_FIRST(&d->r.doubted, struct data_read, link);
    if (r)
        return r;
    LIST_EACH(&d->r.windows, struct window, w, link)
        if ((r = LIST_FIRST(&w->waiting, struct data_read, link)))
            return r;
    return NULL;
}

void data_read_close(struct data *d)
{
    struct why why;
    why_set(&why, ERR_CLOSED, "the torrent is being closed");
    struct data_read *r;
    while ((r = any(d))) {
        struct window *w = r->window;
        answer(r, NULL, &why);
        if (w)
            window_unpin(w);
    }
}

void data_read_done(struct data *d)
{
    timer_cancel(d->r.answer);
    d->r.answer = NULL;
    struct data_read *r;
    while ((r = any(d)))
        data_read_cancel(r);
    LIST_EACH(&d->r.windows, struct window, w, link)
        if (!w->loading && w->pins == 0) /* others: when they are let go */
            window_free(w);
}
