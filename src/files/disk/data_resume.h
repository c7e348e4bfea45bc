/* files/disk/data_resume.h - the resume file of one torrent: its format, and the state that it
 * says.
 *
 * The file is a snapshot and, behind it, records that are appended as things happen.  struct resume
 * is what the two say together.  Whoever changes it calls one of the verbs below, which make the
 * same change that reading the record will make and append the record to `out`; so what is in
 * memory and what is in the file cannot drift apart.
 *
 * Two kinds of belief.  `proven`: the piece's hash was right and its bytes were written; good until
 * the machine goes down.  `synced`: also fdatasync has returned; good after a power cut.  A sync
 * takes a while, during which more is proven: resume_mark() says where it began, resume_synced()
 * that what was proven at the mark is safe.
 *
 * Numbers are big-endian.  The snapshot, RESUME_VERSION 1:
 *     "SHRS" version:1 infohash:20 piece_count:4 file_count:4 flags:1 boot_len:1 boot_id:boot_len
 *     synced:(piece_count + 7) / 8, BEP 3's bit order, spare bits zero
 *     file_count times: state:1 size:8 mtime_ns:8
 *     check:4
 * and the records: type:1 body check:4.  A check is the first 4 bytes of the SHA-256 of what it
 * ends.  The first record whose check is wrong ends the file: what is before it counts. */
#ifndef SHOAL_FILES_DISK_DATA_RESUME_H
#define SHOAL_FILES_DISK_DATA_RESUME_H

#include "base/buf.h"
#include "base/cur.h"
#include "base/err.h"
#include "crypto/sha1.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RESUME_VERSION = 1, RESUME_BOOT_MAX = 64 /* bytes of a boot id */ };

enum resume_file_state {
    RESUME_FILE_UNKNOWN, /* none of its pieces came from us */
    RESUME_FILE_QUIET,   /* as long as size and mtime are these, it is as we left it */
    RESUME_FILE_WRITING, /* we may have written to it after this record */
};
struct resume_file {
    enum resume_file_state state;
    uint64_t size;
    int64_t mtime_ns;
};

struct resume {
    uint8_t infohash[SHA1_LEN];
    uint32_t piece_count;
    uint32_t file_count;
    char boot_id[RESUME_BOOT_MAX + 1];
    bool hash_rest; /* pieces that are not proven may still be on disk: hash them */
    bool torn;      /* reading ended at damage */
    uint8_t *proven, *marked, *synced; /* one bit a piece, BEP 3's order */
    struct resume_file *files;
};

/* Nothing is proven.  boot_id: cut at RESUME_BOOT_MAX. */
struct resume *resume_new(const uint8_t infohash[SHA1_LEN], uint32_t piece_count,
                          uint32_t file_count, const char *boot_id);
void resume_free(struct resume *r); /* NULL: nothing */

/* Take on what a file says; r is fresh from resume_new(), and the file must be of the same torrent.
 * boot_id becomes the file's.  On failure (damaged snapshot, another torrent, a later version) r is
 * as it was.  A damaged tail is no failure: r->torn. */
MUST_CHECK enum err resume_read(struct resume *r, struct cur file, struct why *why);

/* No good file is longer: bytes that a reader accepts.  Who appends writes anew past half of it. */
size_t resume_max(uint32_t piece_count, uint32_t file_count);

/* A whole file that says the same as r; appended to out. */
void resume_write(const struct resume *r, struct buf *out);

/* The records: change r and append to out. */
void resume_proven(struct resume *r, struct buf *out, uint32_t first, uint32_t count);
void resume_lost(struct resume *r, struct buf *out, uint32_t piece);
void resume_writing(struct resume *r, struct buf *out, uint32_t file);
void resume_quiet(struct resume *r, struct buf *out, uint32_t file, uint64_t size,
                  int64_t mtime_ns);
void resume_mark(struct resume *r, struct buf *out);
void resume_synced(struct resume *r, struct buf *out);
/* A sync has failed, so what was written since the last one may be gone though reading still shows
 * it: only what is synced stays proven, the rest is to be hashed. */
void resume_unsynced(struct resume *r, struct buf *out);
/* All that was to be hashed has been. */
void resume_checked(struct resume *r, struct buf *out);

#endif
