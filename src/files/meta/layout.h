/* files/meta/layout.h - where in which file the bytes of a torrent's stream lie.
 *
 * A torrent is one stream of bytes cut into pieces; its files lie in it one behind another (BEP 3,
 * "info dictionary": "the file list is treated as the concatenation").  A range of the stream is
 * therefore a row of spans, each within one file.  Finding the first is a binary search over the
 * files' offsets; empty files have no span; padding files (BEP 47) have one with pad set: its bytes
 * are zeros and are not on disk.  Pure; a layout is a view of what it is made from. */
#ifndef SHOAL_FILES_META_LAYOUT_H
#define SHOAL_FILES_META_LAYOUT_H

#include "files/meta/metainfo.h"

struct layout {
    const struct mi_file *files; /* in stream order; offsets without gaps */
    size_t file_count;
    uint64_t total; /* bytes */
    uint32_t piece_len, piece_count;
    const uint32_t *piece_file; /* v2, hybrid: a piece's file; NULL: v1 */
    bool v2_only;               /* no SHA-1 */
};

/* Valid as long as mi. */
struct layout layout_of(const struct metainfo *mi);

/* Where a piece begins in the stream; its bytes: piece_len, or less for the last, and in v2 and
 * hybrid torrents for the last of each file. */
uint64_t layout_piece_at(const struct layout *l, uint32_t piece);
uint32_t layout_piece_len(const struct layout *l, uint32_t piece);
/* Its bytes with the padding behind the file. */
uint32_t layout_piece_span(const struct layout *l, uint32_t piece);
/* v2, hybrid: layers of its hash tree (files/meta/merkle.h): of a full piece, or of a small file.
 */
unsigned layout_piece_height(const struct layout *l, uint32_t piece);

/* The pieces that hold bytes of a file: [*first, *end); none for an empty one. */
void layout_file_pieces(const struct layout *l, size_t file, uint32_t *first, uint32_t *end);

struct layout_span {
    size_t file;
    uint64_t at; /* in the file */
    uint64_t len;
    bool pad;
};

/* The spans of [offset, offset + len), which lies within the stream, in order:
 *     for (struct layout_walk w = layout_walk(l, offset, len); layout_next(&w, &span);) */
struct layout_walk {
    const struct layout *l;
    size_t file;
    uint64_t offset, left;
};
struct layout_walk layout_walk(const struct layout *l, uint64_t offset, uint64_t len);
bool layout_next(struct layout_walk *w, struct layout_span *out);

#endif
