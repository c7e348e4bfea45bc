/* files/meta/create.h - make a torrent of a file or a folder: walk, hash, write the metainfo.
 *
 * Walks and hashes on lanes, piece by piece; symlinks and special files are passed over and
 * counted; names are sorted by bytes, so the same tree gives the same infohash.  A file that
 * changes while it is hashed ends it with ERR_STATE and the file's name. */
#ifndef SHOAL_FILES_META_CREATE_H
#define SHOAL_FILES_META_CREATE_H

#include "files/meta/metainfo.h"
#include "net/loop.h"
#include "store/vfs.h"

/* v1 is what every client reads.  A hybrid is what v2 clients share with them: each file begins a
 * piece, and both hashes are of it.  v2 alone is for those who know that all others speak it. */
enum create_kind { CREATE_V1, CREATE_HYBRID, CREATE_V2 };

struct create_cfg {
    struct loop *loop;
    const struct vfs *vfs;
    const char *path; /* absolute; copied */
    enum create_kind kind;
    uint32_t piece_len; /* 0: picked by size; but for v1 a power of two from 16 KiB */
    bool private_;
    const char *const *trackers; /* one tier each; copied */
    size_t tracker_count;
    const char *const *web_seeds;
    size_t web_seed_count;
    const char *comment; /* "" for none */
    const char *created_by;
    int64_t created_s;
};

struct create;
/* bytes hashed and in all (0 while walking); now and then, from the loop. */
typedef void create_progress_cb(void *arg, uint64_t done, uint64_t total);
/* torrent: the .torrent's bytes, valid during the call; mi: what they say, the callback's.  Or an
 * empty cursor, NULL and why. */
typedef void create_cb(void *arg, struct cur torrent, struct metainfo *mi, unsigned skipped,
                       const struct why *why);

/* What cannot be read or is empty is told by `done`, like every other failure. */
struct create *create_start(const struct create_cfg *cfg, create_progress_cb *progress,
                            create_cb *done, void *arg);
void create_cancel(struct create *c); /* silence */

#endif
