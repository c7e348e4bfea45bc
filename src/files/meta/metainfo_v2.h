/* files/meta/metainfo_v2.h - what BitTorrent v2 adds to a torrent (BEP 52): a tree of files in
 * place of a list, a hash tree for each file, and no piece with bytes of two files.
 *
 * In a v2 or hybrid torrent each file begins a piece.  Where the next one would begin inside a
 * piece there is padding between them in the stream: as the v1 view of a hybrid has it (BEP 47), or
 * made up here, so that both are one to the rest of the code.
 *
 * The info dictionary has the root of each file's hash tree.  The hashes of its pieces, the "piece
 * layer", lie beside it in a .torrent; who comes by a magnet link asks peers for them
 * (files/peer/hash_fetch.h).  A piece of a file that fits into one piece is proven by the root
 * itself. mi->v2 is the one part of a metainfo that grows after it was made. */
#ifndef SHOAL_FILES_META_METAINFO_V2_H
#define SHOAL_FILES_META_METAINFO_V2_H

#include "files/meta/bencode.h"
#include "files/meta/merkle.h"
#include "files/meta/metainfo.h"

enum {
    MI_V2_PIECES_MAX = 1024 * 1024, /* their hashes fill MI_TORRENT_MAX */
};

struct mi_v2 {
    const uint32_t *piece_file; /* a piece's file, one a piece */
    uint8_t *layer;             /* a piece's node, MERKLE_LEN bytes a piece, where known */
    struct mi_v2_file {
        const uint8_t *root; /* of its hash tree; NULL: it is empty */
        bool known;          /* its part of `layer` is there, and leads to its root */
        uint8_t *groups;     /* merkle_groups() of that; NULL for few pieces */
    } * file;                /* one a file */
    size_t missing;          /* files whose layer is not known */
    const struct mi_v2_root {
        const uint8_t *root;
        size_t file;
    } * roots; /* files with bytes, in the order of their roots */
    size_t root_count;
};

/* --- reading, for metainfo.c ---------------------------------------------------------------- */

/* The file tree as the torrent's files (v2 alone), with padding between them. */
MUST_CHECK enum err mi_v2_read_files(struct metainfo *mi, const struct ben *info,
                                     struct mi_file **files, struct why *why);
/* The file tree against the files that the v1 view has: ERR_INVALID, with words, where they differ
 * in name, length, order or place. */
MUST_CHECK enum err mi_v2_agrees(struct metainfo *mi, const struct ben *info, struct why *why);
/* Once files, pieces and roots are there: what follows from them. */
MUST_CHECK enum err mi_v2_make(struct metainfo *mi, struct why *why);
/* The value of "piece layers": those that are there must be right. */
MUST_CHECK enum err mi_v2_read_layers(struct metainfo *mi, const struct ben *layers,
                                      struct why *why);

/* --- asking; mi is of v2 or hybrid ---------------------------------------------------------- */

/* The node that a piece must have; NULL while its file's layer is missing. */
const uint8_t *mi_v2_piece(const struct metainfo *mi, uint32_t piece);
/* Of a file: its tree's height, its first piece, its pieces. */
unsigned mi_v2_height(const struct metainfo *mi, size_t file);
uint32_t mi_v2_first_piece(const struct metainfo *mi, size_t file);
uint32_t mi_v2_pieces(const struct metainfo *mi, size_t file);
/* Layer of the pieces in a large file's tree. */
unsigned mi_v2_piece_layer(const struct metainfo *mi);
/* The first file at or behind `from` whose layer is missing; file_count: none. */
size_t mi_v2_next_missing(const struct metainfo *mi, size_t from);
/* The file of this root; false: none, or it is empty. */
bool mi_v2_find(const struct metainfo *mi, const uint8_t root[MERKLE_LEN], size_t *file);

/* --- adding --------------------------------------------------------------------------------- */

/* The hashes of a file's pieces, mi_v2_pieces() of them; ERR_INVALID: they do not lead to its
 * root. */
MUST_CHECK enum err mi_v2_add_layer(struct metainfo *mi, size_t file, const uint8_t *hashes,
                                    struct why *why);

/* The value of "piece layers" with what is known; appended to out. */
void mi_v2_put_layers(struct buf *out, const struct metainfo *mi);

#endif
