#include "files/create.h"

#include "base/arena.h"
#include "base/mem.h"
#include "files/create_walk.h"
#include "files/diskpath.h"
#include "files/readpool.h"
#include "files/sweep.h"

#include <string.h>

#define PROGRESS_US (100 * MSEC)

struct create {
    struct create_cfg cfg; /* its strings are in the arena */
    create_progress_cb *progress;
    create_cb *done; /* NULL once answered or cancelled */
    void *arg;
    struct arena *arena;
    char *dir;        /* the folder that holds what is shared */
    const char *name; /* of it */
    struct walked walked;
    struct layout layout;
    uint8_t *pieces;
    uint64_t hashed; /* bytes */
    uint64_t told_us;
    struct readpool *pool;
    struct sweep *sweep;
    struct why why; /* of the first failure */
};

static void create_free(struct create *c)
{
    walked_done(&c->walked);
    readpool_free(c->pool);
    free(c->pieces);
    free(c->dir);
    arena_free(c->arena);
    free(c);
}

/* The end: the torrent, or c->why. */
static void answer(struct create *c, struct cur torrent)
{
    if (c->done)
        c->done(c->arg, torrent, c->walked.skipped, &c->why);
    create_free(c);
}

/* --- the torrent's bytes -------------------------------------------------------------------- */

/* A path without the name in front; "" for a single file. */
static const char *below_name(const struct create *c, const char *path)
{
    return c->walked.multi ? path + strlen(c->name) + 1 : "";
}

static void write_torrent(const struct create *c, struct buf *out)
{
    size_t n = c->walked.count;
    struct mi_source *sources = mem_array(n, sizeof *sources);
    for (size_t i = 0; i < n; i++)
        sources[i] =
            (struct mi_source){below_name(c, c->walked.files[i].path), c->walked.files[i].len};
    struct buf info = {0};
    metainfo_write_info(&info, c->name, sources, n, c->layout.piece_len, c->pieces,
                        c->layout.piece_count, c->cfg.private_);
    struct mi_tracker *tiers = mem_array(c->cfg.tracker_count, sizeof *tiers);
    for (size_t i = 0; i < c->cfg.tracker_count; i++)
        tiers[i] = (struct mi_tracker){c->cfg.trackers[i], (unsigned)i};
    metainfo_write(out, buf_cur(&info), tiers, c->cfg.tracker_count, c->cfg.web_seeds,
                   c->cfg.web_seed_count, c->cfg.comment, c->cfg.created_by, c->cfg.created_s);
    free(tiers);
    buf_done(&info);
    free(sources);
}

/* Whoever reads the torrent makes its names safe (files/metainfo.h).  A name that this changes
 * would not be found again here, and would be called something else there.  Asked before hashing,
 * with the hashes still zero. */
static enum err check_names(struct create *c)
{
    struct buf torrent = {0};
    write_torrent(c, &torrent);
    struct metainfo *mi = metainfo_parse(buf_cur(&torrent), &c->why);
    buf_done(&torrent);
    if (!mi)
        return c->why.code;
    for (size_t i = 0; i < c->walked.count && c->why.code == OK; i++)
        if (strcmp(mi->files[i].path, c->walked.files[i].path) != 0)
            why_set(&c->why, ERR_INVALID,
                    "%.150s: others cannot have a file of this name; rename it",
                    c->walked.files[i].path);
    metainfo_free(mi);
    return c->why.code;
}

static void finish(struct create *c)
{
    struct buf torrent = {0};
    write_torrent(c, &torrent);
    answer(c, buf_cur(&torrent));
    buf_done(&torrent);
}

/* --- step 3: has anything changed? ---------------------------------------------------------- */

static void look_again_work(void *arg)
{
    struct create *c = arg;
    if (create_walk_again(c->cfg.vfs, c->dir, &c->walked, &c->why) == OK)
        c->why.code = OK;
}

static void on_looked_again(void *arg)
{
    struct create *c = arg;
    if (c->why.code == OK && c->done)
        finish(c);
    else
        answer(c, cur_of(NULL, 0));
}

/* --- step 2: hash --------------------------------------------------------------------------- */

static uint32_t next(void *arg, uint32_t from)
{
    (void)arg;
    return from;
}

static void on_piece(void *arg, uint32_t piece, const uint8_t *sha1, const struct why *why)
{
    struct create *c = arg;
    if (!sha1) {
        c->why = *why;
        if (why->code == ERR_NOT_FOUND) /* it was there when we walked */
            why_in(&c->why, c->why.code = ERR_STATE, "changed while it was hashed");
        sweep_stop(c->sweep);
        return;
    }
    memcpy(c->pieces + (size_t)piece * SHA1_LEN, sha1, SHA1_LEN);
    c->hashed += layout_piece_len(&c->layout, piece);
    uint64_t now = loop_now_us(c->cfg.loop);
    if (!c->progress || (now - c->told_us < PROGRESS_US && c->hashed < c->layout.total))
        return;
    c->told_us = now;
    c->progress(c->arg, c->hashed, c->layout.total);
}

static void on_hashed(void *arg)
{
    struct create *c = arg;
    c->sweep = NULL;
    if (c->why.code != OK || !c->done) {
        answer(c, cur_of(NULL, 0));
        return;
    }
    why_set(&c->why, ERR_CLOSED, "the disk lane has stopped"); /* if work never runs */
    lane_run(c->cfg.loop, LANE_DISK, look_again_work, on_looked_again, c);
}

/* Pieces for what was found; ERR_LIMIT when they would be too many for any torrent. */
static enum err lay_out(struct create *c)
{
    const struct walked *w = &c->walked;
    if (w->total == 0)
        return why_set(&c->why, ERR_INVALID, "cannot share %.180s: no bytes in it", c->name);
    uint32_t piece_len = c->cfg.piece_len ? c->cfg.piece_len : metainfo_pick_piece_len(w->total);
    uint64_t count = (w->total + piece_len - 1) / piece_len;
    if (piece_len > MI_PIECE_MAX || count > MI_INFO_MAX / SHA1_LEN)
        return why_set(&c->why, ERR_LIMIT,
                       "pieces of %u bytes: at most %d bytes each and %d pieces", piece_len,
                       MI_PIECE_MAX, MI_INFO_MAX / SHA1_LEN);
    c->layout = (struct layout){w->files, w->count, w->total, piece_len, (uint32_t)count};
    c->pieces = mem_array(count, SHA1_LEN);
    return check_names(c);
}

/* --- step 1: walk --------------------------------------------------------------------------- */

static void walk_work(void *arg)
{
    struct create *c = arg;
    if (c->name[0] == '\0')
        why_set(&c->why, ERR_INVALID, "%s: has no name to share it by", c->cfg.path);
    else if (create_walk(c->cfg.vfs, c->dir, c->name, c->arena, &c->walked, &c->why) == OK)
        c->why.code = OK;
}

static void on_walked(void *arg)
{
    struct create *c = arg;
    if (!c->done || c->why.code != OK || lay_out(c) != OK) {
        answer(c, cur_of(NULL, 0));
        return;
    }
    c->pool = readpool_new(c->cfg.loop, c->cfg.vfs, c->dir, &c->layout);
    struct sweep_cfg cfg = {.loop = c->cfg.loop,
                            .pool = c->pool,
                            .layout = &c->layout,
                            .next = next,
                            .result = on_piece,
                            .done = on_hashed,
                            .arg = c};
    c->sweep = sweep_start(&cfg);
}

/* --- the verbs ------------------------------------------------------------------------------ */

static const char *copy(struct arena *a, const char *s)
{
    return s ? arena_strndup(a, s, strlen(s)) : "";
}

static const char *const *copy_all(struct arena *a, const char *const *s, size_t n)
{
    const char **all = arena_array(a, n, sizeof *all);
    for (size_t i = 0; i < n; i++)
        all[i] = copy(a, s[i]);
    return all;
}

struct create *create_start(const struct create_cfg *cfg, create_progress_cb *progress,
                            create_cb *done, void *arg)
{
    struct create *c = MEM_NEW(struct create);
    *c = (struct create){.cfg = *cfg, .progress = progress, .done = done, .arg = arg};
    c->arena = arena_new();
    c->cfg.trackers = copy_all(c->arena, cfg->trackers, cfg->tracker_count);
    c->cfg.web_seeds = copy_all(c->arena, cfg->web_seeds, cfg->web_seed_count);
    c->cfg.comment = copy(c->arena, cfg->comment);
    c->cfg.created_by = copy(c->arena, cfg->created_by);
    size_t n = strlen(cfg->path);
    while (n > 1 && cfg->path[n - 1] == '/') /* "photos/" is "photos" */
        n--;
    c->cfg.path = arena_strndup(c->arena, cfg->path, n);
    c->dir = diskpath_parent(c->cfg.path);
    const char *slash = strrchr(c->cfg.path, '/');
    c->name = slash ? slash + 1 : c->cfg.path;
    why_set(&c->why, ERR_CLOSED, "the disk lane has stopped"); /* if work never runs */
    lane_run(cfg->loop, LANE_DISK, walk_work, on_walked, c);
    return c;
}

void create_cancel(struct create *c)
{
    if (!c)
        return;
    c->done = NULL;
    c->progress = NULL;
    sweep_stop(c->sweep);
}
