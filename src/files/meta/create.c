#include "files/meta/create.h"

#include "base/arena.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "files/disk/diskpath.h"
#include "files/disk/readpool.h"
#include "files/disk/sweep.h"
#include "files/meta/create_walk.h"
#include "files/meta/metainfo_v2.h"
#include "files/meta/parse.h"

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
    uint8_t *pieces; /* v1, hybrid: SHA-1 of each */
    uint8_t *layer;  /* v2, hybrid: the node of each piece */
    uint8_t *roots;  /* v2, hybrid: of each file that was walked */
    uint64_t hashed; /* bytes */
    uint64_t told_us;
    struct readpool *pool;
    struct sweep *sweep;
    struct buf torrent; /* the end: its bytes, and what they say */
    struct metainfo *mi;
    struct why why; /* of the first failure */
};

static void create_free(struct create *c)
{
    buf_done(&c->torrent);
    parse_drop(c->cfg.loop, c->mi);
    walked_done(&c->walked);
    readpool_free(c->pool);
    free(c->pieces);
    free(c->layer);
    free(c->roots);
    free(c->dir);
    arena_free(c->arena);
    free(c);
}

/* The end: the torrent, or c->why. */
static void answer(struct create *c)
{
    struct metainfo *mi = c->mi;
    if (c->done) {
        c->mi = NULL;
        c->done(c->arg, buf_cur(&c->torrent), mi, c->walked.skipped, &c->why);
    }
    create_free(c);
}

/* --- the torrent's bytes -------------------------------------------------------------------- */

/* A path without the name in front; "" for a single file. */
static const char *below_name(const struct create *c, const char *path)
{
    return c->walked.multi ? path + strlen(c->name) + 1 : "";
}

static bool has_v2(const struct create *c)
{
    return c->cfg.kind != CREATE_V1;
}

static void write_torrent(const struct create *c, struct cur layers, struct buf *out)
{
    size_t n = c->walked.count;
    struct mi_source *sources = mem_array(n, sizeof *sources);
    for (size_t i = 0; i < n; i++)
        sources[i] = (struct mi_source){
            below_name(c, c->walked.files[i].path), c->walked.files[i].len,
            has_v2(c) && c->walked.files[i].len > 0 ? c->roots + i * MERKLE_LEN : NULL};
    struct buf info = {0};
    const struct mi_draft draft = {.name = c->name,
                                   .files = sources,
                                   .n = n,
                                   .piece_len = c->layout.piece_len,
                                   .pieces = c->pieces,
                                   .piece_count = c->layout.piece_count,
                                   .v2 = has_v2(c),
                                   .private_ = c->cfg.private_};
    metainfo_write_info(&info, &draft);
    struct mi_tracker *tiers = mem_array(c->cfg.tracker_count, sizeof *tiers);
    for (size_t i = 0; i < c->cfg.tracker_count; i++)
        tiers[i] = (struct mi_tracker){c->cfg.trackers[i], (unsigned)i};
    metainfo_write(out, buf_cur(&info), layers, cur_of(NULL, 0), tiers, c->cfg.tracker_count,
                   c->cfg.web_seeds, c->cfg.web_seed_count, c->cfg.comment, c->cfg.created_by,
                   c->cfg.created_s);
    free(tiers);
    buf_done(&info);
    free(sources);
}

/* What nobody can have, or would be shown: not UTF-8, control characters. */
static bool is_nameable(const char *path)
{
    struct cur rest = cur_of(path, strlen(path));
    while (rest.n > 0) {
        uint32_t code = 0;
        size_t len = utf8_char(rest.p, rest.n, &code);
        cur_take(&rest, len);
        if (len == 0 || !utf8_harmless(code) || code == '\\')
            return false;
    }
    return true;
}

/* Whoever reads the torrent makes its names safe (files/meta/metainfo.h).  What only some machines
 * cannot have, as aux.c or two names that differ by case, is shared: they rename it.  What would be
 * another name everywhere is not.  Asked before hashing, with the hashes still zero. */
static enum err check_names(struct create *c)
{
    struct buf torrent = {0};
    write_torrent(c, cur_of(NULL, 0), &torrent);
    struct metainfo *mi = metainfo_parse_own(buf_cur(&torrent), &c->why);
    buf_done(&torrent);
    if (!mi)
        return c->why.code;
    for (size_t i = 0, k = 0; i < mi->file_count && c->why.code == OK; i++) {
        if (mi->files[i].pad)
            continue;
        const char *path = c->walked.files[k++].path;
        if (strcmp(mi->files[i].path, path) != 0 || !is_nameable(path))
            why_set(&c->why, ERR_INVALID,
                    "%.150s: others cannot have a file of this name; rename it", path);
    }
    metainfo_free(mi);
    return c->why.code;
}

/* The root of each file, of the nodes of its pieces. */
static void make_roots(struct create *c)
{
    uint32_t piece = 0;
    unsigned layer = merkle_height(c->layout.piece_len / BLOCK_LEN);
    for (size_t i = 0; i < c->walked.count; i++) {
        uint64_t len = c->walked.files[i].len;
        size_t n = (size_t)((len + c->layout.piece_len - 1) / c->layout.piece_len);
        const uint8_t *nodes = c->layer + (size_t)piece * MERKLE_LEN;
        uint8_t *root = c->roots + i * MERKLE_LEN;
        if (n == 1)
            memcpy(root, nodes, MERKLE_LEN);
        else if (n > 1)
            merkle_node(nodes, n, layer, merkle_height(n), 0, root);
        piece += (uint32_t)n;
    }
}

/* The piece layers, as whoever reads the torrent without them would write them down. */
static enum err put_layers(struct create *c, struct buf *layers)
{
    struct buf torrent = {0};
    write_torrent(c, cur_of(NULL, 0), &torrent);
    struct metainfo *mi = metainfo_parse_own(buf_cur(&torrent), &c->why);
    buf_done(&torrent);
    if (!mi)
        return c->why.code;
    enum err err = OK;
    for (size_t i = mi_v2_next_missing(mi, 0); i < mi->file_count && err == OK;
         i = mi_v2_next_missing(mi, i))
        err = mi_v2_add_layer(mi, i, c->layer + (size_t)mi_v2_first_piece(mi, i) * MERKLE_LEN,
                              &c->why);
    mi_v2_put_layers(layers, mi);
    metainfo_free(mi);
    return err;
}

static void finish(struct create *c)
{
    struct buf layers = {0};
    enum err err = OK;
    if (has_v2(c)) {
        make_roots(c);
        err = put_layers(c, &layers);
    }
    if (err == OK) {
        write_torrent(c, buf_cur(&layers), &c->torrent);
        c->mi = metainfo_parse_own(buf_cur(&c->torrent), &c->why);
    }
    buf_done(&layers);
}

/* --- step 3: has anything changed? ---------------------------------------------------------- */

static void look_again_work(void *arg)
{
    struct create *c = arg;
    if (create_walk_again(c->cfg.vfs, c->dir, &c->walked, &c->why) != OK)
        return;
    c->why.code = OK;
    finish(c);
}

static void on_looked_again(void *arg)
{
    answer(arg);
}

/* --- step 2: hash --------------------------------------------------------------------------- */

static uint32_t next(void *arg, uint32_t from)
{
    (void)arg;
    return from;
}

static void on_piece(void *arg, uint32_t piece, const struct piece_sum *sum, const struct why *why)
{
    struct create *c = arg;
    if (!sum) {
        c->why = *why;
        if (why->code == ERR_NOT_FOUND) /* it was there when we walked */
            why_in(&c->why, c->why.code = ERR_STATE, "changed while it was hashed");
        sweep_stop(c->sweep);
        return;
    }
    if (c->pieces)
        memcpy(c->pieces + (size_t)piece * SHA1_LEN, sum->sha1, SHA1_LEN);
    if (c->layer)
        memcpy(c->layer + (size_t)piece * MERKLE_LEN, sum->root, MERKLE_LEN);
    c->hashed += layout_piece_len(&c->layout, piece);
    uint64_t now = loop_now_us(c->cfg.loop), total = c->walked.total;
    if (!c->progress || (now - c->told_us < PROGRESS_US && c->hashed < total))
        return;
    c->told_us = now;
    c->progress(c->arg, c->hashed, total);
}

static void on_hashed(void *arg)
{
    struct create *c = arg;
    c->sweep = NULL;
    if (c->why.code != OK || !c->done) {
        answer(c);
        return;
    }
    why_set(&c->why, ERR_CLOSED, "the disk lane has stopped"); /* if work never runs */
    lane_run(c->cfg.loop, LANE_DISK, look_again_work, on_looked_again, c);
}

/* v1: the files one behind another. */
static enum err lay_out_v1(struct create *c, uint32_t piece_len)
{
    const struct walked *w = &c->walked;
    uint64_t count = (w->total + piece_len - 1) / piece_len;
    if (count > MI_INFO_MAX / SHA1_LEN)
        return why_set(&c->why, ERR_LIMIT, "%llu pieces, at most %d: choose larger ones",
                       (unsigned long long)count, MI_INFO_MAX / SHA1_LEN);
    c->layout = (struct layout){.files = w->files,
                                .file_count = w->count,
                                .total = w->total,
                                .piece_len = piece_len,
                                .piece_count = (uint32_t)count};
    return OK;
}

static enum err check_v2(struct create *c, uint32_t piece_len, uint64_t *count)
{
    const struct walked *w = &c->walked;
    *count = 0;
    if (piece_len < BLOCK_LEN || (piece_len & (piece_len - 1)) != 0)
        return why_set(&c->why, ERR_INVALID,
                       "pieces of %u bytes: with v2 it is a power of two from 16 KiB", piece_len);
    if (c->cfg.kind == CREATE_V2 && w->multi && w->count == 1 &&
        !strchr(w->files[0].path + strlen(c->name) + 1, '/')) /* BEP 52 reads it as a file */
        return why_set(&c->why, ERR_INVALID,
                       "%.100s has one file, and v2 knows no folder of one: share the file itself, "
                       "or use --hybrid",
                       c->name);
    for (size_t i = 0; i < w->count; i++)
        *count += (w->files[i].len + piece_len - 1) / piece_len;
    if (*count > MI_V2_PIECES_MAX)
        return why_set(&c->why, ERR_LIMIT, "%llu pieces, at most %d: choose larger ones",
                       (unsigned long long)*count, MI_V2_PIECES_MAX);
    return OK;
}

/* v2, hybrid: each file begins a piece, with padding before it. */
static enum err lay_out_v2(struct create *c, uint32_t piece_len)
{
    const struct walked *w = &c->walked;
    uint64_t count;
    enum err err = check_v2(c, piece_len, &count);
    if (err != OK)
        return err;
    struct mi_file *files = arena_array(c->arena, 2 * w->count, sizeof *files);
    uint32_t *piece_file = arena_array(c->arena, count, sizeof *piece_file);
    uint64_t total = 0, piece = 0;
    size_t n = 0;
    for (size_t i = 0; i < w->count; i++) {
        uint64_t gap = piece * piece_len - total;
        if (w->files[i].len > 0 && gap > 0) {
            files[n++] = (struct mi_file){.path = ".pad", .len = gap, .offset = total, .pad = true};
            total += gap;
        }
        files[n] = w->files[i];
        files[n].offset = total;
        total += w->files[i].len;
        for (; piece * piece_len < total; piece++)
            piece_file[piece] = (uint32_t)n;
        n++;
    }
    c->layout = (struct layout){.files = files,
                                .file_count = n,
                                .total = total,
                                .piece_len = piece_len,
                                .piece_count = (uint32_t)count,
                                .piece_file = piece_file,
                                .v2_only = c->cfg.kind == CREATE_V2};
    c->layer = mem_array(count, MERKLE_LEN);
    c->roots = mem_array(w->count, MERKLE_LEN);
    memset(c->roots, 0xff, w->count * MERKLE_LEN); /* until they are known; zeros are refused */
    return OK;
}

/* Pieces for what was found; ERR_LIMIT when they would be too many for any torrent. */
static enum err lay_out(struct create *c)
{
    const struct walked *w = &c->walked;
    if (w->total == 0)
        return why_set(&c->why, ERR_INVALID, "cannot share %.180s: no bytes in it", c->name);
    uint32_t piece_len = c->cfg.piece_len ? c->cfg.piece_len : metainfo_pick_piece_len(w->total);
    if (piece_len > MI_PIECE_MAX)
        return why_set(&c->why, ERR_LIMIT, "pieces of %u bytes: at most %d", piece_len,
                       MI_PIECE_MAX);
    enum err err = has_v2(c) ? lay_out_v2(c, piece_len) : lay_out_v1(c, piece_len);
    if (err != OK)
        return err;
    if (c->cfg.kind != CREATE_V2)
        c->pieces = mem_array(c->layout.piece_count, SHA1_LEN);
    return check_names(c);
}

/* --- step 1: walk --------------------------------------------------------------------------- */

static void walk_work(void *arg)
{
    struct create *c = arg;
    if (c->name[0] == '\0')
        why_set(&c->why, ERR_INVALID, "%s: has no name to share it by", c->cfg.path);
    else if (create_walk(c->cfg.vfs, c->dir, c->name, c->arena, &c->walked, &c->why) == OK) {
        c->why.code = OK;
        c->why.code = lay_out(c);
    }
}

static void on_walked(void *arg)
{
    struct create *c = arg;
    if (!c->done || c->why.code != OK) {
        answer(c);
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
