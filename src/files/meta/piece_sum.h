/* files/meta/piece_sum.h - a piece's hashes: SHA-1 of v1, the tree of v2, or both.
 *
 * Takes a piece's bytes in order.  v1's hash is of all of the piece's span, so the padding behind
 * the file (which is on no disk, and is not taken here) is put in at the end; v2's leaves are of
 * the file's bytes alone.  Pure; for worker lanes. */
#ifndef SHOAL_FILES_META_PIECE_SUM_H
#define SHOAL_FILES_META_PIECE_SUM_H

#include "files/meta/layout.h"
#include "files/meta/merkle.h"

struct piece_sum {
    uint8_t sha1[SHA1_LEN];   /* v1, hybrid */
    uint8_t root[MERKLE_LEN]; /* v2, hybrid: the piece's node */
};

struct piece_hash;
/* l outlives it.  leaves: each block's SHA-256 is wanted; of v2 and hybrids they come anyway. */
struct piece_hash *piece_hash_new(const struct layout *l, uint32_t piece, bool leaves);
/* The next of layout_piece_len() bytes. */
void piece_hash_update(struct piece_hash *h, const void *bytes, size_t n);
/* All bytes were given.  Frees h.  leaves: NULL, or where to put the SHA-256 of each block,
 * MERKLE_LEN bytes a block, if there are any. */
void piece_hash_finish(struct piece_hash *h, struct piece_sum *out, uint8_t *leaves);
void piece_hash_free(struct piece_hash *h); /* one that was not finished; NULL: nothing */

/* What the torrent says of a piece with these hashes. */
enum piece_verdict {
    PIECE_GOOD,
    PIECE_BAD,
    PIECE_TORN, /* right by one hash and wrong by the other: the torrent contradicts itself */
};
enum piece_verdict piece_judge(const struct metainfo *mi, uint32_t piece,
                               const struct piece_sum *sum);

#endif
