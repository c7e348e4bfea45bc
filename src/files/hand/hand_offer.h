/* files/hand/hand_offer.h - what is offered: a file, or a folder and what is in it.
 *
 *     message Offer { bytes name = 1;          of the file or the folder
 *                     bool folder = 2;
 *                     repeated Entry entry = 3; }
 *     message Entry { bytes path = 1;          below the folder, '/' between parts; a file's: ""
 *                     uint64 size = 2;         bytes
 *                     uint32 kind = 3; }       enum hand_kind
 *
 * All bytes of it are one row of chunks: each file is cut anew into HAND_CHUNK bytes, its last may
 * be shorter, an empty one has none.  Folders are named only where nothing is in them.
 *
 * Names of strangers are made safe as a torrent's are (files/meta/metainfo_path.h), and no two of
 * them are one.  Pure. */
#ifndef SHOAL_FILES_HAND_HAND_OFFER_H
#define SHOAL_FILES_HAND_HAND_OFFER_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"
#include "files/meta/metainfo_path.h"

#include <stdbool.h>

enum {
    HAND_CHUNK = 1 << 20,
    HAND_OFFER_MAX = 1000000, /* bytes of one, written */
    HAND_ENTRIES_MAX = 20000,
};
#define HAND_SIZE_MAX (UINT64_C(1) << 50) /* bytes of all files */

enum hand_kind { HAND_FILE = 0, HAND_PROGRAM = 1, HAND_FOLDER = 2 };

struct hand_entry {
    const char *path;
    uint64_t size;
    enum hand_kind kind;
    uint64_t chunk;  /* its first one's number */
    uint64_t before; /* bytes of all entries before */
};

struct hand_offer {
    const char *name;
    bool folder;
    struct hand_entry *entries;
    size_t count, files; /* of all; without folders */
    uint64_t size, chunks;
    struct arena *arena; /* what all of this lies in */
};

/* Empty, of that name, to be filled by hand_offer_add(). */
struct hand_offer *hand_offer_new(const char *name, bool folder);
void hand_offer_free(struct hand_offer *o); /* NULL: nothing */
/* ERR_LIMIT: more than the limits allow. */
MUST_CHECK enum err hand_offer_add(struct hand_offer *o, const char *path, uint64_t size,
                                   enum hand_kind kind, struct why *why);

/* ERR_LIMIT past HAND_OFFER_MAX bytes. */
MUST_CHECK enum err hand_offer_put(struct buf *out, const struct hand_offer *o, struct why *why);
/* MI_OWN: one that we wrote ourselves.  NULL and a reason. */
struct hand_offer *hand_offer_read(struct cur bytes, enum mi_names names, struct why *why);

/* The entry that a chunk is of (chunk < chunks); where it begins in it, and its bytes. */
size_t hand_offer_at(const struct hand_offer *o, uint64_t chunk, uint64_t *at, size_t *len);
/* Bytes of all chunks before this one; chunk <= chunks. */
uint64_t hand_offer_before(const struct hand_offer *o, uint64_t chunk);

#endif
