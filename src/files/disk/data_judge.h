/* files/disk/data_judge.h - at the start: which pieces are had, which must be hashed, which are
 * missing?
 *
 * What the resume file says is compared with what the files look like now.
 *     - The same boot of the machine: what is proven is believed, for the page cache has it even
 *       after kill -9.  Another boot: only what is synced; the rest of what is proven is hashed.
 *     - A file whose size or mtime is not what we left has all its pieces hashed.  While we write
 * to a file its mtime runs ahead of the record; it is then ours when it is no younger than the
 *       resume file plus JUDGE_SLACK_NS.  So an edit by someone else within that minute, of a file
 *       that was just being downloaded, is not noticed here.
 *     - A piece whose bytes are not all within the files' present sizes cannot be there, unless
 *       what is not there was put aside because its file is not wanted.
 * Pure. */
#ifndef SHOAL_FILES_DISK_DATA_JUDGE_H
#define SHOAL_FILES_DISK_DATA_JUDGE_H

#include "files/disk/data_resume.h"
#include "files/meta/layout.h"

/* After a power cut the kernel has written a file's mtime up to half a minute later than the last
 * record that survived (Linux writes dirty inodes back after 30 s). */
#define JUDGE_SLACK_NS (INT64_C(60) * 1000000000)

struct judge_file {
    bool there; /* a file, no symlink */
    uint64_t size;
    int64_t mtime_ns;
};

struct judge_case {
    const struct layout *layout;
    const struct judge_file *now; /* one a file */
    /* A bit a piece, NULL: none.  Of these pieces the bytes of files that are not there lie in the
     * parts file (files/disk/parts.h), which nobody else writes. */
    const uint8_t *parted;
    int64_t resume_mtime_ns;
    bool same_boot;
    bool hash_all; /* no resume file, or it is not to be believed */
};

/* r: as read; becomes what is true now: had pieces are proven (and synced if they were), files are
 * QUIET with their present size and mtime, hash_rest when anything must be hashed.  Sets the bits
 * of those in `check` (zeros before) and returns how many there are. */
uint32_t judge(struct resume *r, const struct judge_case *c, uint8_t *check);

#endif
