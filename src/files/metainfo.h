/* files/metainfo.h - what a .torrent says (BEP 3 "metainfo files", BEP 12, BEP 27), v1.
 *
 * Parsed once, immutable, owned by one torrent.  Every path is made safe here, before anything is
 * written: see mi_file.path.  v2 and hybrid torrents (BEP 52): the v1 view of a hybrid is read; v2
 * only is refused with words. */
#ifndef SHOAL_FILES_METAINFO_H
#define SHOAL_FILES_METAINFO_H

#include "base/cur.h"
#include "base/err.h"
#include "crypto/sha1.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    MI_TORRENT_MAX = 32 * 1024 * 1024, /* bytes of a .torrent */
    MI_INFO_MAX = 30 * 1024 * 1024,    /* bytes of an info dictionary by magnet link */
    MI_PIECE_MAX = 64 * 1024 * 1024,   /* bytes of a piece */
    MI_FILES_MAX = 1000000,
    MI_TRACKERS_MAX = 256,
    MI_WEB_SEEDS_MAX = 64,
    MI_PATH_MAX = 1024, /* bytes of a path below the torrent's folder */
    BLOCK_LEN = 16384,  /* BEP 3: requests of 16 KiB; "2^14" */
};

struct mi_file {
    /* Relative, '/' between parts, UTF-8, safe to create below a folder: no "", ".", "..", no NUL,
     * control character, '\' or '/' inside a part, parts of at most 255 bytes, no name that another
     * file or folder of the torrent has too, also by case (of ASCII).  Made safe by replacing what
     * is not
     * ("_"), never refused for it.  A single file's path is the torrent's name. */
    const char *path;
    uint64_t len;
    uint64_t offset; /* of its first byte in the torrent's stream */
    /* BEP 47 padding: counts in the stream, never written.  Symlinks, which have no bytes and are
     * never made, go as padding too.  The paths of these may be another file's. */
    bool pad;
};

struct mi_tracker {
    const char *url;
    unsigned tier; /* 0 first (BEP 12) */
};

struct metainfo {
    uint8_t infohash[SHA1_LEN];
    struct cur info;    /* the info dictionary's bytes; owned by this struct */
    const char *name;   /* one safe path part */
    bool multi;         /* files lie in a folder `name` (their paths begin with it) */
    bool private_;      /* BEP 27 */
    uint64_t total;     /* bytes, at least 1 */
    uint32_t piece_len; /* bytes; a power of two is not demanded */
    uint32_t piece_count;
    const uint8_t *pieces; /* piece_count * SHA1_LEN */
    const struct mi_file *files;
    size_t file_count;
    const struct mi_tracker *trackers; /* sorted by tier, as given within one */
    size_t tracker_count;
    const char *const *web_seeds; /* url-list (BEP 19), kept for later */
    size_t web_seed_count;
    const char *comment, *created_by; /* "" when absent; UTF-8 made valid */
    int64_t created_s;                /* unix seconds; 0 when absent */
    struct arena *arena;              /* what all of this lies in */
};

/* A whole .torrent. */
struct metainfo *metainfo_parse(struct cur torrent, struct why *why);

/* From an info dictionary that came by ut_metadata and has the hash; trackers come from the magnet
 * link.  ERR_INVALID when the hash differs. */
struct metainfo *metainfo_of_info(struct cur info, const uint8_t infohash[SHA1_LEN],
                                  const struct mi_tracker *trackers, size_t n, struct why *why);
void metainfo_free(struct metainfo *mi); /* NULL: nothing */

/* Bytes of piece `i`: piece_len, or less for the last. */
uint32_t metainfo_piece_len(const struct metainfo *mi, uint32_t i);

/* A .torrent with this info dictionary and these trackers; appended to out. */
struct buf;
void metainfo_write(struct buf *out, struct cur info, const struct mi_tracker *trackers, size_t n,
                    const char *const *web_seeds, size_t web_seed_count, const char *comment,
                    const char *created_by, int64_t created_s);

/* The info dictionary of what is to be shared; appended to out.  files in stream order; paths
 * without the name in front; one file whose path is "" for a single file. */
struct mi_source {
    const char *path;
    uint64_t len;
};
void metainfo_write_info(struct buf *out, const char *name, const struct mi_source *files, size_t n,
                         uint32_t piece_len, const uint8_t *pieces, uint32_t piece_count,
                         bool private_);

/* The piece length for a new torrent of this size: a power of two, 16 KiB to 16 MiB, aiming at
 * about 1,500 pieces (1,024 to 2,048 between the ends). */
uint32_t metainfo_pick_piece_len(uint64_t total);

#endif
