/* files/meta/metainfo.h - what a .torrent says (BEP 3 "metainfo files", BEP 12, BEP 27; v2: BEP
 * 52).
 *
 * Parsed once, immutable but for the piece layers of v2 and the owner's names (renames.h), owned by
 * one torrent.  Every path is made
 * safe here, before anything is written: see mi_file.path.
 *
 * v1, v2 and hybrid torrents look alike from outside: a stream of files cut into pieces.  Of v2 and
 * hybrid ones no piece has bytes of two files, so pieces may be shorter than piece_len; what proves
 * them is in metainfo_v2.h, and both views of a hybrid say the same, or it is refused. */
#ifndef SHOAL_FILES_META_METAINFO_H
#define SHOAL_FILES_META_METAINFO_H

#include "base/cur.h"
#include "base/err.h"
#include "files/meta/infohash.h"
#include "files/meta/sign.h"

#include <stddef.h>
#include <stdint.h>

enum {
    MI_TORRENT_MAX = 32 * 1024 * 1024, /* bytes of a .torrent */
    MI_INFO_MAX = 30 * 1024 * 1024,    /* bytes of an info dictionary by magnet link */
    MI_PIECE_MAX = 64 * 1024 * 1024,   /* bytes of a piece */
    MI_FILES_MAX = 1000000,
    MI_TRACKERS_MAX = 256,
    MI_WEB_SEEDS_MAX = 64,
    MI_NODES_MAX = 16,
    MI_PATHS_MAX = 64 * 1024 * 1024, /* bytes of all paths: each repeats the torrent's name */
    MI_PATH_MAX = 1024,              /* bytes of a path below the torrent's folder */
    BLOCK_LEN = 16384,               /* BEP 3: requests of 16 KiB; "2^14" */
};

struct mi_file {
    /* Relative, '/' between parts, UTF-8, safe to create below a folder: no "", ".", "..", no NUL,
     * control or direction character, '\' or '/' inside a part, nothing that Windows takes for a
     * device or cuts, parts of at most 255 bytes, no name that another file or folder of the
     * torrent has too, also by case or by the form of its accents.  Made safe by replacing what is
     * not ("_"), never refused for it (metainfo_path.h).  A single file's path is the torrent's
     * name. */
    const char *path;
    uint64_t len;
    uint64_t offset; /* of its first byte in the torrent's stream */
    /* BEP 47 padding: counts in the stream, never written.  Symlinks, which have no bytes and are
     * never made, go as padding too.  The paths of these may be another file's. */
    bool pad;
    bool renamed; /* it has another path than the torrent says */
};

struct mi_tracker {
    const char *url;
    unsigned tier; /* 0 first (BEP 12) */
};

struct mi_v2;
struct mi_renamed; /* files/meta/renames.h */

struct metainfo {
    struct infohash hash;           /* has_v1, has_v2: which views it has */
    uint8_t infohash[INFOHASH_LEN]; /* infohash_id() of it */
    struct cur info;                /* the info dictionary's bytes; owned by this struct */
    const char *name;               /* one safe path part */
    bool multi;                     /* files lie in a folder `name` (their paths begin with it) */
    bool private_;                  /* BEP 27 */
    uint64_t total;                 /* bytes of the stream, padding too, at least 1 */
    bool own;                       /* see metainfo_parse_own() */
    bool renamed;                   /* `name` is another than the torrent says */
    uint64_t payload;               /* bytes without padding */
    uint32_t piece_len;             /* bytes; in v1 alone a power of two is not demanded */
    uint32_t piece_count;
    const uint8_t *pieces; /* piece_count * SHA1_LEN; NULL: v2 alone */
    struct mi_v2 *v2;      /* files/meta/metainfo_v2.h; NULL: v1 alone */
    const struct mi_file *files;
    size_t file_count;
    struct mi_renamed *names;          /* NULL: nothing was renamed */
    const struct mi_tracker *trackers; /* sorted by tier, as given within one */
    size_t tracker_count;
    const char *const *web_seeds; /* url-list (BEP 19), kept for later */
    size_t web_seed_count;
    const char *const *http_seeds; /* httpseeds (BEP 17) */
    size_t http_seed_count;
    const char *const *nodes; /* of the DHT (BEP 5), "host:port", "[v6]:port" */
    size_t node_count;
    const char *comment, *created_by; /* "" when absent; UTF-8 made valid */
    int64_t created_s;                /* unix seconds; 0 when absent */
    struct cur signatures;            /* the dictionary as it came, or empty (sign.h) */
    const struct signer *signers;     /* of it, those that are ours to check */
    size_t signer_count;
    struct arena *arena; /* what all of this lies in */
};

/* A whole .torrent. */
struct metainfo *metainfo_parse(struct cur torrent, struct why *why);

/* One that was made of this machine's files: its names are theirs, as they are. */
struct metainfo *metainfo_parse_own(struct cur torrent, struct why *why);

/* From an info dictionary that came by ut_metadata; trackers come from the magnet link, and so do
 * the hashes (one or both).  ERR_INVALID when one of them differs. */
struct metainfo *metainfo_of_info(struct cur info, const struct infohash *hash,
                                  const struct mi_tracker *trackers, size_t n, struct why *why);
/* One signature more, or in place of that key's earlier one; not past SIGN_SIGNERS_MAX. */
void metainfo_sign(struct metainfo *mi, const struct signer *s);
/* Other trackers than those that it came with; copied, sorted by tier already. */
void metainfo_set_trackers(struct metainfo *mi, const struct mi_tracker *trackers, size_t n);
void metainfo_free(struct metainfo *mi); /* NULL: nothing */

/* Bytes of piece `i` that are asked for, held and written: piece_len, or less for the last; in v2
 * and hybrid torrents less for the last of each file. */
uint32_t metainfo_piece_len(const struct metainfo *mi, uint32_t i);
/* Bytes that a peer may ask for: with the padding behind the file, for a peer of v1, or one that
 * thinks as v1 does.  The v1 hash is of these. */
uint32_t metainfo_piece_span(const struct metainfo *mi, uint32_t i);

/* A .torrent with this info dictionary and these trackers; appended to out.  layers: the value of
 * "piece layers" (mi_v2_put_layers()), empty for v1; signatures: of "signatures", or empty. */
struct buf;
void metainfo_write(struct buf *out, struct cur info, struct cur layers, struct cur signatures,
                    const struct mi_tracker *trackers, size_t n, const char *const *web_seeds,
                    size_t web_seed_count, const char *comment, const char *created_by,
                    int64_t created_s);

/* The same, of what was read: with all that stands around its info dictionary. */
void metainfo_put(struct buf *out, const struct metainfo *mi, struct cur layers);

/* The info dictionary of what is to be shared; appended to out.  files in stream order; paths
 * without the name in front; one file whose path is "" for a single file.  For v2 and hybrid the
 * order must be that of a tree whose folders are sorted by bytes; padding is put in for v1. */
struct mi_source {
    const char *path;
    uint64_t len;
    const uint8_t *root; /* v2, of a file with bytes */
};
struct mi_draft {
    const char *name;
    const struct mi_source *files;
    size_t n;
    uint32_t piece_len;
    const uint8_t *pieces; /* NULL: v2 alone */
    uint32_t piece_count;
    bool v2;
    bool private_;
};
void metainfo_write_info(struct buf *out, const struct mi_draft *draft);

/* The piece length for a new torrent of this size: a power of two, 16 KiB to 16 MiB, aiming at
 * about 1,500 pieces (1,024 to 2,048 between the ends). */
uint32_t metainfo_pick_piece_len(uint64_t total);

#endif
