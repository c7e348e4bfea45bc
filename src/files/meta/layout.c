#include "files/meta/layout.h"

#include "files/meta/merkle.h"
#include "files/meta/metainfo_v2.h"

#include <assert.h>

struct layout layout_of(const struct metainfo *mi)
{
    return (struct layout){.files = mi->files,
                           .file_count = mi->file_count,
                           .total = mi->total,
                           .piece_len = mi->piece_len,
                           .piece_count = mi->piece_count,
                           .piece_file = mi->v2 ? mi->v2->piece_file : NULL,
                           .v2_only = !mi->pieces};
}

uint64_t layout_piece_at(const struct layout *l, uint32_t piece)
{
    return (uint64_t)piece * l->piece_len;
}

uint32_t layout_piece_span(const struct layout *l, uint32_t piece)
{
    uint64_t left = l->total - layout_piece_at(l, piece);
    return left < l->piece_len ? (uint32_t)left : l->piece_len;
}

uint32_t layout_piece_len(const struct layout *l, uint32_t piece)
{
    if (!l->piece_file)
        return layout_piece_span(l, piece);
    const struct mi_file *f = &l->files[l->piece_file[piece]];
    uint64_t left = f->offset + f->len - layout_piece_at(l, piece);
    return left < l->piece_len ? (uint32_t)left : l->piece_len;
}

unsigned layout_piece_height(const struct layout *l, uint32_t piece)
{
    uint64_t len = l->files[l->piece_file[piece]].len;
    return merkle_height(((len < l->piece_len ? len : l->piece_len) + BLOCK_LEN - 1) / BLOCK_LEN);
}

void layout_file_pieces(const struct layout *l, size_t file, uint32_t *first, uint32_t *end)
{
    const struct mi_file *f = &l->files[file];
    *first = (uint32_t)(f->offset / l->piece_len);
    *end = f->len == 0 ? *first : (uint32_t)((f->offset + f->len - 1) / l->piece_len) + 1;
}

/* The last file that begins at `offset` or before it.  Empty files share the offset of the file
 * behind them, so the last of equals is the one that has the byte. */
static size_t find(const struct layout *l, uint64_t offset)
{
    size_t low = 0, high = l->file_count;
    while (high - low > 1) {
        size_t mid = low + (high - low) / 2;
        if (l->files[mid].offset <= offset)
            low = mid;
        else
            high = mid;
    }
    return low;
}

struct layout_walk layout_walk(const struct layout *l, uint64_t offset, uint64_t len)
{
    assert(offset <= l->total && len <= l->total - offset);
    return (struct layout_walk){l, len > 0 ? find(l, offset) : 0, offset, len};
}

bool layout_next(struct layout_walk *w, struct layout_span *out)
{
    if (w->left == 0)
        return false;
    while (w->l->files[w->file].len == 0)
        w->file++;
    const struct mi_file *f = &w->l->files[w->file];
    uint64_t at = w->offset - f->offset;
    uint64_t len = f->len - at < w->left ? f->len - at : w->left;
    *out = (struct layout_span){w->file, at, len, f->pad};
    w->file++;
    w->offset += len;
    w->left -= len;
    return true;
}
