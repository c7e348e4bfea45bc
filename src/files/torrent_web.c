/* A torrent's web seeds: what they are asked for, and who is to blame. */
#include "files/torrent_in.h"

#include "base/mem.h"
#include "files/meta/bits.h"
#include "files/meta/text.h"
#include "files/web/web_seed.h"
#include "files/web/web_url.h"

#include <stdio.h>
#include <string.h>

enum {
    WEB_SEEDS_MAX = MI_WEB_SEEDS_MAX,
    WEB_ACTIVE_MAX = 8,   /* fetches of a torrent at once */
    WEB_RUN_BLOCKS = 256, /* blocks in one, where more are left: 4 MiB */
    WEB_AGAIN_MAX = 8,    /* blocks asked for that a peer owes too */
};
/* End game: a peer that needs so long for a block has company; a seed that needs so long for its
 * run leaves it to others. */
#define WEB_PATIENCE_US (10 * SEC)

struct web {
    struct link link;
    struct torrent *t;
    char *url;
    bool by_piece;      /* BEP 17 */
    struct web_seed *s; /* NULL: the metadata is not here */
    uint32_t id;        /* the picker's; from the top, where peers' never come */
    bool counted;       /* in the picker's availability */
    unsigned suspicion; /* as a peer's */
    uint8_t *bits;      /* pieces it has; NULL: all */
};

static struct web *web_of(const struct torrent *t, uint32_t id)
{
    LIST_EACH(&t->webs, struct web, w, link) {
        if (w->id == id)
            return w;
    }
    return NULL;
}

static bool is_usable(const struct web *w)
{
    return w->s && !web_seed_is_banned(w->s);
}

/* What they have counts, as a peer's pieces do. */
static void count(struct web *w, bool yes)
{
    yes = yes && is_usable(w) && w->t->picker;
    if (yes && !w->counted)
        picker_add_peer(w->t->picker, w->bits);
    else if (!yes && w->counted && w->t->picker)
        picker_drop_peer(w->t->picker, w->bits);
    w->counted = yes;
}

/* What to ask for. */

static bool never_asked(const void *arg, uint32_t piece, uint32_t block)
{
    (void)arg;
    (void)piece;
    (void)block;
    return false;
}

static bool has(const struct web *w, uint32_t piece)
{
    return !w->bits || bits_get(w->bits, piece);
}

static int cmp_blocks(const void *a, const void *b)
{
    const struct picker_block *x = a, *y = b;
    if (x->piece != y->piece)
        return x->piece < y->piece ? -1 : 1;
    return x->block < y->block ? -1 : x->block > y->block;
}

static bool follows(const struct torrent *t, const struct picker_block *a,
                    const struct picker_block *b)
{
    uint32_t blocks = (metainfo_piece_len(t->mi, a->piece) + BLOCK_LEN - 1) / BLOCK_LEN;
    if (a->piece == b->piece)
        return b->block == a->block + 1;
    return b->piece == a->piece + 1 && b->block == 0 && a->block + 1 == blocks;
}

/* The picker's choice and what follows it in the stream: one piece to its end, then whole pieces
 * behind it, as many as `most` blocks. */
static size_t pick_run(struct web *w, struct picker_block *out, size_t most)
{
    struct picker *p = w->t->picker;
    struct picker_who who = {.id = w->id,
                             .bits = w->bits,
                             .alone = w->suspicion > 0,
                             .last = UINT32_MAX,
                             .asked = never_asked};
    size_t n = picker_pick(p, &who, out, 1);
    if (n == 0)
        return 0;
    uint32_t piece = out[0].piece;
    n += picker_pick_piece(p, &who, piece, out + n, most - n);
    qsort(out, n, sizeof *out, cmp_blocks);
    size_t run = 1;
    while (run < n && follows(w->t, &out[run - 1], &out[run]))
        run++;
    bool whole = run == n;
    while (whole && n < most && ++piece < w->t->mi->piece_count && has(w, piece)) {
        size_t more = picker_pick_piece(p, &who, piece, out + n, most - n);
        qsort(out + n, more, sizeof *out, cmp_blocks);
        n += more;
        while (run < n && follows(w->t, &out[run - 1], &out[run]))
            run++;
        whole = more > 0 && run == n;
    }
    for (size_t i = run; i < n; i++)
        picker_back(p, out[i].piece, out[i].block);
    return run;
}

/* All is asked for: what peers will be long in bringing.  One block is enough to begin with. */
static size_t pick_again(struct web *w, struct picker_block *out)
{
    struct torrent *t = w->t;
    uint64_t late = torrent_now(t) + WEB_PATIENCE_US;
    const struct picker_who who = {
        .id = w->id, .bits = w->bits, .alone = w->suspicion > 0, .asked = never_asked};
    LIST_EACH(&t->members, struct member, m, link) {
        size_t owed = session_is_open(m->s) ? session_owed(m->s) : 0;
        for (size_t i = owed; i-- > 0 && owed - i <= WEB_AGAIN_MAX;) {
            bool slow = session_down(m->s)->per_s == 0 || session_due_us(m->s, i) >= late;
            *out = session_owes(m->s, i);
            if (!slow || !picker_may_again(t->picker, &who, out->piece, out->block))
                continue;
            picker_again(t->picker, out->piece, out->block);
            return 1;
        }
    }
    return 0;
}

static bool wants_data(const struct torrent *t)
{
    return t->picker && t->opened && t->started && t->closing == 0 && !torrent_is_still(t) &&
           !t->error && !data_busy(t->data);
}

/* Near the end the runs are short, so that all who give end together. */
static size_t run_now(const struct torrent *t)
{
    uint64_t share = picker_unasked(t->picker) / (2 * (t->web_count + t->member_count));
    size_t least = t->mi->piece_len / BLOCK_LEN;
    size_t most = share < WEB_RUN_BLOCKS ? (size_t)share : WEB_RUN_BLOCKS;
    most = most > least ? most : least;
    return most < 1 ? 1 : most > WEB_RUN_MAX ? WEB_RUN_MAX : most;
}

void web_fill(struct torrent *t)
{
    struct picker_block run[WEB_RUN_MAX];
    size_t active = 0, n;
    if (t->web_count == 0 || !wants_data(t))
        return;
    LIST_EACH(&t->webs, struct web, o, link) {
        active += o->s ? web_seed_active(o->s) : 0;
    }
    LIST_EACH(&t->webs, struct web, w, link) {
        for (size_t room = w->s ? web_seed_room(w->s) : 0; room > 0 && active < WEB_ACTIVE_MAX;
             room--, active++) {
            n = pick_run(w, run, run_now(t));
            if (n == 0 && picker_end_game(t->picker))
                n = pick_again(w, run);
            if (n == 0)
                break;
            web_seed_fetch(w->s, run, n);
        }
    }
}

/* What they tell. */

static void on_block(void *arg, struct web_seed *s, uint32_t piece, uint32_t block,
                     struct cur bytes)
{
    struct web *w = arg;
    struct torrent *t = w->t;
    (void)s;
    rate_add(&t->down_rate, bytes.n);
    t->downloaded += bytes.n;
    if (!t->picker || !picker_wants(t->picker, piece, block)) {
        t->wasted += bytes.n;
        return;
    }
    if (picker_end_game(t->picker))
        swarm_cancel(t, NULL, piece, block);
    picker_got(t->picker, piece, block, w->id);
    data_put(t->data, piece, block * BLOCK_LEN, bytes.p, bytes.n);
}

static void on_lost(void *arg, struct web_seed *s, uint32_t piece, uint32_t block)
{
    struct web *w = arg;
    (void)s;
    if (w->t->picker)
        picker_back(w->t->picker, piece, block);
}

static void on_lacks(void *arg, struct web_seed *s, size_t file)
{
    struct web *w = arg;
    struct layout l = layout_of(w->t->mi);
    uint32_t first, end;
    bool any = false;
    count(w, false);
    if (!w->bits) {
        w->bits = mem_zalloc(bits_bytes(l.piece_count));
        for (uint32_t i = 0; i < l.piece_count; i++)
            bits_set(w->bits, i);
    }
    layout_file_pieces(&l, file, &first, &end);
    for (uint32_t i = first; i < end; i++)
        bits_clear(w->bits, i);
    for (uint32_t i = 0; i < l.piece_count; i++)
        any = any || bits_get(w->bits, i);
    if (!any)
        web_seed_ban(s, "has none of the files");
    count(w, true);
}

static void on_idle(void *arg, struct web_seed *s)
{
    struct web *w = arg;
    if (w->t->picker && web_seed_active(s) == 0) /* what was for it alone is for others too */
        picker_gone(w->t->picker, w->id);
    torrent_need_tick(w->t);
    swarm_fill(w->t); /* what it gave back may be for others; and it has room */
}

static bool on_busy(void *arg)
{
    const struct web *w = arg;
    return w->t->opened && data_busy(w->t->data);
}

static const struct web_seed_ops seed_ops = {
    .block = on_block, .lost = on_lost, .lacks = on_lacks, .idle = on_idle, .busy = on_busy};

/* Blame. */

void web_blame(struct torrent *t, uint32_t id, bool alone)
{
    struct web *w = web_of(t, id);
    if (!w || !w->s)
        return;
    if (!alone) {
        w->suspicion++;
        return;
    }
    count(w, false);
    web_seed_ban(w->s, "sent a piece that is not the torrent's");
    if (t->picker)
        picker_gone(t->picker, id);
}

void web_clear(struct torrent *t, uint32_t id)
{
    struct web *w = web_of(t, id);
    if (w)
        w->suspicion = 0;
}

/* Life. */

static bool is_refused(const void *arg, const struct addr *a)
{
    const struct web *w = arg;
    return torrent_refuses(w->t, a);
}

static void make_seed(struct web *w)
{
    struct torrent *t = w->t;
    const struct web_seed_cfg cfg = {.loop = t->env->wire.loop,
                                     .log = t->log,
                                     .mi = t->mi,
                                     .from_ip = t->env->from_ip,
                                     .down = &t->down,
                                     .policy = t->env->wire.policy,
                                     .ops = &seed_ops,
                                     .arg = w,
                                     .refuses = is_refused};
    if (!w->s)
        w->s = web_seed_new(&cfg, w->url, w->by_piece);
}

static void add(struct torrent *t, const char *url, bool by_piece)
{
    if (t->web_count == WEB_SEEDS_MAX || !web_url_is(url))
        return;
    LIST_EACH(&t->webs, struct web, other, link) {
        if (strcmp(other->url, url) == 0)
            return;
    }
    struct web *w = MEM_NEW(struct web);
    w->t = t;
    w->url = mem_strdup(url);
    w->by_piece = by_piece;
    w->id = UINT32_MAX - 1 - (uint32_t)t->web_count;
    list_push(&t->webs, &w->link);
    t->web_count++;
    if (!t->picker)
        return;
    make_seed(w);
    count(w, true);
    torrent_need_tick(t);
}

void web_add(struct torrent *t, const char *url)
{
    add(t, url, false);
}

/* A new picker knows nobody. */
void web_meet(struct torrent *t)
{
    LIST_EACH(&t->webs, struct web, known, link) {
        known->counted = false;
        make_seed(known);
        count(known, true);
    }
    for (size_t i = 0; i < t->mi->web_seed_count; i++)
        add(t, t->mi->web_seeds[i], false);
    for (size_t i = 0; i < t->mi->http_seed_count && !t->mi->v2; i++)
        add(t, t->mi->http_seeds[i], true); /* its pieces are those of v1 */
}

void web_resume(struct torrent *t)
{
    LIST_EACH(&t->webs, struct web, w, link) {
        if (w->s)
            web_seed_resume(w->s);
    }
    web_fill(t);
}

void web_tick(struct torrent *t)
{
    if (t->web_count == 0)
        return;
    bool end = t->picker && picker_end_game(t->picker) && t->member_count + t->web_count > 1;
    LIST_EACH(&t->webs, struct web, w, link) {
        if (!w->s)
            continue;
        web_seed_tick(w->s);
        if (end && web_seed_left_us(w->s) > WEB_PATIENCE_US)
            web_seed_yield(w->s);
    }
    swarm_fill(t);
}

void web_stop(struct torrent *t)
{
    LIST_EACH(&t->webs, struct web, w, link) {
        if (w->s)
            web_seed_stop(w->s);
    }
}

void web_free(struct torrent *t)
{
    LIST_EACH(&t->webs, struct web, w, link) {
        web_seed_free(w->s);
        list_drop(&w->link);
        free(w->url);
        free(w->bits);
        free(w);
    }
    t->web_count = 0;
}

/* Those of the metainfo too, when it is here: a link is all that others need. */
void web_put(const struct torrent *t, struct buf *out)
{
    for (size_t i = 0; t->mi && i < t->mi->web_seed_count; i++) {
        buf_str(out, "&ws=");
        text_put_escaped(out, t->mi->web_seeds[i], strlen(t->mi->web_seeds[i]));
    }
    LIST_EACH(&t->webs, struct web, w, link) {
        bool named = w->by_piece; /* ws= means files */
        for (size_t i = 0; t->mi && i < t->mi->web_seed_count; i++)
            named = named || strcmp(t->mi->web_seeds[i], w->url) == 0;
        if (named)
            continue;
        buf_str(out, "&ws=");
        text_put_escaped(out, w->url, strlen(w->url));
    }
}

bool web_reason(const struct torrent *t, char *out, size_t cap)
{
    LIST_EACH(&t->webs, struct web, w, link) {
        if (!is_usable(w))
            continue;
        const char *words = web_seed_error(w->s);
        snprintf(out, cap, "%s%s", words[0] ? "no peers; a web seed rests: " : "", words);
        return true;
    }
    return false;
}

json_t *web_status(const struct torrent *t)
{
    json_t *list = json_array();
    LIST_EACH(&t->webs, struct web, w, link) {
        json_array_append_new(list, w->s ? web_seed_status(w->s)
                                         : json_pack("{s:s, s:s}", "url", w->url, "state", "idle"));
    }
    return list;
}
