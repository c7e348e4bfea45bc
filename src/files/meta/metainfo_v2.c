#include "files/meta/metainfo_v2.h"

#include "base/mem.h"
#include "files/meta/metainfo_path.h"

#include <inttypes.h>
#include <string.h>

/* --- the file tree -------------------------------------------------------------------------- */

/* A file of the tree, and where we are in it. */
struct leaf {
    char *path;
    uint64_t len;
    bool renamed;
    const uint8_t *root; /* in the info dictionary's bytes */
};

struct tree {
    enum mi_names names;
    const char *name; /* what paths begin with; NULL: a single file, which is its own name */
    struct leaf *leaves;
    size_t n, cap, path_bytes;
    struct ben parts[BEN_DEPTH]; /* from the root of the tree to where we are */
    size_t depth;
    struct why *why;
};

static void tree_done(struct tree *t)
{
    for (size_t i = 0; i < t->n; i++)
        free(t->leaves[i].path);
    free(t->leaves);
}

static char *leaf_path(struct tree *t, bool *renamed)
{
    struct buf b = {0};
    for (size_t i = 0; i + 1 < t->depth; i++)
        t->parts[i].next = &t->parts[i + 1];
    t->parts[t->depth - 1].next = NULL;
    struct ben list = {.type = BEN_LIST, .kids = t->parts, .count = t->depth};
    if (t->name)
        *renamed = mi_path_put(&b, t->name, &list, t->names);
    else
        *renamed = mi_path_put_part(&b, t->parts[0].str, t->names);
    return buf_take_str(&b);
}

static bool is_attr(const struct ben *file, char attr)
{
    struct cur letters = ben_str(file, "attr"); /* BEP 47 */
    return letters.n > 0 && memchr(letters.p, attr, letters.n);
}

static enum err read_root(struct tree *t, const struct ben *file, struct leaf *leaf)
{
    static const uint8_t zeros[MERKLE_LEN];
    struct cur root = ben_str(file, "pieces root");
    if (leaf->len == 0) /* BEP 52: it is "for non-empty files" */
        return OK;
    if (root.n != MERKLE_LEN || memcmp(root.p, zeros, MERKLE_LEN) == 0)
        return why_set(t->why, ERR_INVALID, "file tree: file %zu has no pieces root", t->n);
    leaf->root = root.p;
    return OK;
}

static enum err read_leaf(struct tree *t, const struct ben *file)
{
    if (is_attr(file, 'l')) /* symlinks are never made, and have no bytes */
        return OK;
    struct leaf leaf = {0};
    int64_t len = ben_int(file, "length", -1);
    if (len < 0)
        return why_set(t->why, ERR_INVALID, "file tree: file %zu has no length that can be", t->n);
    if (len > 0 && is_attr(file, 'p'))
        return why_set(t->why, ERR_INVALID, "file tree: file %zu is padding, which has no place",
                       t->n);
    if (t->n == MI_FILES_MAX)
        return why_set(t->why, ERR_LIMIT, "more than %d files", MI_FILES_MAX);
    leaf.len = (uint64_t)len;
    enum err err = read_root(t, file, &leaf);
    if (err != OK)
        return err;
    leaf.path = leaf_path(t, &leaf.renamed);
    t->path_bytes += strlen(leaf.path);
    if (t->n == t->cap) {
        t->cap = t->cap ? 2 * t->cap : 16;
        t->leaves = mem_realloc(t->leaves, t->cap * sizeof *t->leaves);
    }
    t->leaves[t->n++] = leaf;
    if (t->path_bytes > MI_PATHS_MAX)
        return why_set(t->why, ERR_LIMIT, "paths of more than %d bytes in all", MI_PATHS_MAX);
    return OK;
}

static bool is_file(const struct ben *dict)
{
    return dict->count > 0 && dict->kids->key.n == 0;
}

static enum err read_folder(struct tree *t, const struct ben *dict);

static enum err read_entry(struct tree *t, const struct ben *entry)
{
    if (entry->type != BEN_DICT || t->depth == BEN_DEPTH)
        return why_set(t->why, ERR_INVALID, "file tree: an entry is no dictionary");
    if (entry->key.n == 0)
        return why_set(t->why, ERR_INVALID, "file tree: something without a name");
    t->parts[t->depth++] = (struct ben){.type = BEN_STR, .str = entry->key};
    enum err err = OK;
    if (!is_file(entry))
        err = read_folder(t, entry);
    else if (entry->count > 1 || entry->kids->type != BEN_DICT)
        err = why_set(t->why, ERR_INVALID, "file tree: file %zu is a folder too", t->n);
    else
        err = read_leaf(t, entry->kids);
    t->depth--;
    return err;
}

static enum err read_folder(struct tree *t, const struct ben *dict)
{
    enum err err = OK;
    for (const struct ben *e = dict->kids; e && err == OK; e = e->next)
        err = read_entry(t, e);
    return err;
}

/* BEP 52: "{name.ext: {"": {length: ...}}}" is a single file. */
static bool is_single(const struct ben *root)
{
    return root->count == 1 && root->kids->type == BEN_DICT && is_file(root->kids);
}

static enum err read_tree(struct tree *t, const struct ben *info)
{
    const struct ben *root = ben_get(info, "file tree", BEN_DICT);
    if (!root)
        return why_set(t->why, ERR_INVALID, "of v2, but without a file tree");
    return read_folder(t, root);
}

/* --- v2 alone: files of the tree ------------------------------------------------------------ */

static void v2_new(struct metainfo *mi, size_t files)
{
    mi->v2 = arena_zalloc(mi->arena, sizeof *mi->v2);
    mi->v2->file = arena_array(mi->arena, files, sizeof *mi->v2->file);
}

static void take_root(struct metainfo *mi, size_t file, const struct leaf *leaf)
{
    if (leaf->root)
        mi->v2->file[file].root = arena_dup(mi->arena, leaf->root, MERKLE_LEN);
}

/* Files and the padding between them; offsets without gaps. */
static enum err lay_out(struct metainfo *mi, const struct tree *t, struct mi_file **out)
{
    struct mi_file *files = arena_array(mi->arena, 2 * t->n + 1, sizeof *files);
    v2_new(mi, 2 * t->n + 1);
    struct buf pad = {0};
    buf_printf(&pad, "%s/.pad", mi->name);
    const char *pad_path = arena_strndup(mi->arena, (char *)buf_bytes(&pad), buf_len(&pad));
    buf_done(&pad);
    uint64_t pieces = 0;
    size_t n = 0;
    for (size_t i = 0; i < t->n; i++) {
        const struct leaf *leaf = &t->leaves[i];
        uint64_t gap = pieces * mi->piece_len - mi->total;
        if (leaf->len > 0 && gap > 0) {
            files[n++] =
                (struct mi_file){.path = pad_path, .len = gap, .offset = mi->total, .pad = true};
            mi->total += gap;
        }
        take_root(mi, n, leaf);
        const char *path = arena_strndup(mi->arena, leaf->path, strlen(leaf->path));
        files[n++] = (struct mi_file){
            .path = path, .len = leaf->len, .offset = mi->total, .renamed = leaf->renamed};
        uint64_t more = leaf->len / mi->piece_len + (leaf->len % mi->piece_len > 0);
        if (more > MI_V2_PIECES_MAX - pieces)
            return why_set(t->why, ERR_LIMIT, "more than %d pieces", MI_V2_PIECES_MAX);
        pieces += more;
        mi->total += leaf->len;
    }
    uint64_t tail = pieces * mi->piece_len - mi->total;
    if (tail > 0) { /* libtorrent asks for it as for all padding */
        files[n++] =
            (struct mi_file){.path = pad_path, .len = tail, .offset = mi->total, .pad = true};
        mi->total += tail;
    }
    mi->piece_count = (uint32_t)pieces;
    mi->file_count = n;
    mi->files = *out = files;
    return OK;
}

enum err mi_v2_read_files(struct metainfo *mi, const struct ben *info, struct mi_file **files,
                          struct why *why)
{
    const struct ben *root = ben_get(info, "file tree", BEN_DICT);
    mi->multi = !root || !is_single(root);
    struct tree t = {
        .names = mi->own ? MI_OWN : MI_FOREIGN, .name = mi->multi ? mi->name : NULL, .why = why};
    enum err err = read_tree(&t, info);
    if (err == OK && t.n == 0)
        err = why_set(why, ERR_INVALID, "it has no files");
    if (err == OK && !mi->multi) /* "name" is "purely advisory"; a single file is its own name */
        mi->name = arena_strndup(mi->arena, t.leaves[0].path, strlen(t.leaves[0].path));
    if (err == OK)
        err = lay_out(mi, &t, files);
    tree_done(&t);
    if (err == OK && mi->piece_count == 0)
        return why_set(why, ERR_INVALID, "its files have no bytes");
    return err;
}

/* --- hybrid: both say the same -------------------------------------------------------------- */

static enum err compare(const struct metainfo *mi, const struct mi_file *v1, const struct leaf *v2,
                        struct why *why)
{
    if (strcmp(v1->path, v2->path) != 0)
        return why_set(why, ERR_INVALID, "its v1 and v2 views disagree: %.80s is %.80s", v1->path,
                       v2->path);
    if (v1->len != v2->len)
        return why_set(why, ERR_INVALID,
                       "its v1 and v2 views disagree: %.100s has %" PRIu64 " or %" PRIu64 " bytes",
                       v1->path, v1->len, v2->len);
    if (v1->len > 0 && v1->offset % mi->piece_len != 0)
        return why_set(why, ERR_INVALID,
                       "its v1 and v2 views disagree: %.100s does not begin a piece in v1",
                       v1->path);
    return OK;
}

enum err mi_v2_agrees(struct metainfo *mi, const struct ben *info, struct why *why)
{
    const struct mi_file *files = mi->files;
    v2_new(mi, mi->file_count);
    struct tree t = {
        .names = mi->own ? MI_OWN : MI_FOREIGN, .name = mi->multi ? mi->name : NULL, .why = why};
    enum err err = read_tree(&t, info);
    size_t k = 0, i = 0;
    for (; i < mi->file_count && err == OK; i++) {
        if (files[i].pad)
            continue;
        if (k == t.n)
            break;
        err = compare(mi, &files[i], &t.leaves[k], why);
        take_root(mi, i, &t.leaves[k]);
        k++;
    }
    if (err == OK && (i < mi->file_count || k < t.n))
        err = why_set(why, ERR_INVALID, "its v1 and v2 views disagree: one has more files");
    tree_done(&t);
    return err;
}

/* --- what follows from the files ------------------------------------------------------------ */

static bool is_large(const struct metainfo *mi, size_t file)
{
    return !mi->files[file].pad && mi->files[file].len > mi->piece_len;
}

uint32_t mi_v2_first_piece(const struct metainfo *mi, size_t file)
{
    return (uint32_t)(mi->files[file].offset / mi->piece_len);
}

uint32_t mi_v2_pieces(const struct metainfo *mi, size_t file)
{
    return (uint32_t)((mi->files[file].len + mi->piece_len - 1) / mi->piece_len);
}

unsigned mi_v2_height(const struct metainfo *mi, size_t file)
{
    return merkle_height((mi->files[file].len + BLOCK_LEN - 1) / BLOCK_LEN);
}

unsigned mi_v2_piece_layer(const struct metainfo *mi)
{
    return merkle_height(mi->piece_len / BLOCK_LEN);
}

static uint8_t *layer_at(const struct metainfo *mi, uint32_t piece)
{
    return mi->v2->layer + (size_t)piece * MERKLE_LEN;
}

const uint8_t *mi_v2_piece(const struct metainfo *mi, uint32_t piece)
{
    return mi->v2->file[mi->v2->piece_file[piece]].known ? layer_at(mi, piece) : NULL;
}

static int by_root(const void *x, const void *y)
{
    const struct mi_v2_root *a = x, *b = y;
    int order = memcmp(a->root, b->root, MERKLE_LEN);
    return order != 0 ? order : (a->file > b->file) - (a->file < b->file);
}

static void sort_roots(struct metainfo *mi)
{
    struct mi_v2_root *roots = arena_array(mi->arena, mi->file_count, sizeof *roots);
    size_t n = 0;
    for (size_t i = 0; i < mi->file_count; i++)
        if (mi->v2->file[i].root)
            roots[n++] = (struct mi_v2_root){mi->v2->file[i].root, i};
    qsort(roots, n, sizeof *roots, by_root);
    mi->v2->roots = roots;
    mi->v2->root_count = n;
}

enum err mi_v2_make(struct metainfo *mi, struct why *why)
{
    if (mi->piece_count > MI_V2_PIECES_MAX)
        return why_set(why, ERR_LIMIT, "more than %d pieces", MI_V2_PIECES_MAX);
    uint32_t *piece_file = arena_array(mi->arena, mi->piece_count, sizeof *piece_file);
    mi->v2->piece_file = piece_file;
    mi->v2->layer = arena_array(mi->arena, mi->piece_count, MERKLE_LEN);
    sort_roots(mi);
    uint32_t covered = 0;
    for (size_t i = 0; i < mi->file_count; i++) {
        const struct mi_file *f = &mi->files[i];
        mi->v2->file[i].known = !is_large(mi, i);
        mi->v2->missing += is_large(mi, i);
        if (f->pad || f->len == 0)
            continue;
        uint32_t first = mi_v2_first_piece(mi, i), count = mi_v2_pieces(mi, i);
        if (first != covered) /* a v1 view may pad more than a piece */
            return why_set(why, ERR_INVALID, "its v1 view has a piece of padding alone");
        for (uint32_t p = 0; p < count; p++)
            piece_file[first + p] = (uint32_t)i;
        covered += count;
        if (count == 1)
            memcpy(layer_at(mi, first), mi->v2->file[i].root, MERKLE_LEN);
    }
    if (covered != mi->piece_count)
        return why_set(why, ERR_INVALID, "its v1 view has a piece of padding alone");
    return OK;
}

size_t mi_v2_next_missing(const struct metainfo *mi, size_t from)
{
    if (mi->v2->missing == 0)
        return mi->file_count;
    while (from < mi->file_count && mi->v2->file[from].known)
        from++;
    return from;
}

/* The first of that root; NULL: there is none. */
static const struct mi_v2_root *find_root(const struct mi_v2 *v2, const uint8_t *root)
{
    size_t low = 0;
    for (size_t high = v2->root_count; low < high;) {
        size_t middle = low + (high - low) / 2;
        if (memcmp(v2->roots[middle].root, root, MERKLE_LEN) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    bool found = low < v2->root_count && memcmp(v2->roots[low].root, root, MERKLE_LEN) == 0;
    return found ? &v2->roots[low] : NULL;
}

bool mi_v2_find(const struct metainfo *mi, const uint8_t root[MERKLE_LEN], size_t *file)
{
    const struct mi_v2_root *r = find_root(mi->v2, root);
    if (r)
        *file = r->file;
    return r != NULL;
}

/* --- piece layers --------------------------------------------------------------------------- */

static void take_layer(struct metainfo *mi, size_t file, const uint8_t *hashes, size_t n)
{
    struct mi_v2_file *v = &mi->v2->file[file];
    memmove(layer_at(mi, mi_v2_first_piece(mi, file)), hashes, n * MERKLE_LEN);
    v->known = true;
    mi->v2->missing--;
    if (n <= MERKLE_GROUP)
        return;
    v->groups = arena_array(mi->arena, (n + MERKLE_GROUP - 1) / MERKLE_GROUP, MERKLE_LEN);
    merkle_groups(hashes, n, mi_v2_piece_layer(mi), v->groups);
}

enum err mi_v2_add_layer(struct metainfo *mi, size_t file, const uint8_t *hashes, struct why *why)
{
    uint8_t root[MERKLE_LEN];
    unsigned layer = mi_v2_piece_layer(mi);
    size_t n = mi_v2_pieces(mi, file);
    if (mi->v2->file[file].known)
        return OK;
    merkle_node(hashes, n, layer, mi_v2_height(mi, file) - layer, 0, root);
    if (memcmp(root, mi->v2->file[file].root, MERKLE_LEN) != 0)
        return why_set(why, ERR_INVALID,
                       "%.150s: the hashes of its pieces are not those of its root",
                       mi->files[file].path);
    take_layer(mi, file, hashes, n);
    return OK;
}

static enum err read_layer(struct metainfo *mi, const struct ben *layer, struct why *why)
{
    const struct mi_v2 *v2 = mi->v2;
    if (layer->type != BEN_STR || layer->key.n != MERKLE_LEN)
        return why_set(why, ERR_INVALID, "piece layers: not of hashes");
    const struct mi_v2_root *first = find_root(v2, layer->key.p); /* NULL: of no file here */
    for (const struct mi_v2_root *r = first;
         r && r < v2->roots + v2->root_count && memcmp(r->root, first->root, MERKLE_LEN) == 0;
         r++) {
        if (!is_large(mi, r->file)) /* needs none */
            continue;
        size_t pieces = mi_v2_pieces(mi, r->file);
        if (layer->str.n != pieces * MERKLE_LEN)
            return why_set(why, ERR_INVALID, "piece layers: %zu bytes for the %zu pieces of %.120s",
                           layer->str.n, pieces, mi->files[r->file].path);
        enum err err = mi_v2_add_layer(mi, r->file, layer->str.p, why);
        if (err != OK)
            return why_in(why, err, "piece layers");
    }
    return OK;
}

enum err mi_v2_read_layers(struct metainfo *mi, const struct ben *layers, struct why *why)
{
    enum err err = OK;
    for (const struct ben *layer = layers->kids; layer && err == OK; layer = layer->next)
        err = read_layer(mi, layer, why);
    return err;
}

void mi_v2_put_layers(struct buf *out, const struct metainfo *mi)
{
    const struct mi_v2_root *last = NULL;
    buf_u8(out, 'd');
    for (size_t i = 0; i < mi->v2->root_count; i++) {
        const struct mi_v2_root *r = &mi->v2->roots[i];
        size_t file = r->file;
        if (!is_large(mi, file) || !mi->v2->file[file].known ||
            (last && memcmp(last->root, r->root, MERKLE_LEN) == 0))
            continue;
        last = r;
        ben_put_str(out, r->root, MERKLE_LEN);
        ben_put_str(out, layer_at(mi, mi_v2_first_piece(mi, file)),
                    (size_t)mi_v2_pieces(mi, file) * MERKLE_LEN);
    }
    buf_u8(out, 'e');
}
