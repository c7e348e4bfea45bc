/* files/disk/data_disk.h - the half of a torrent's data that lives on the ordered disk lane.
 *
 * One thread runs that lane's jobs one after another, so what is in here needs no lock: once
 * opened, it is touched only by jobs of LANE_DISK_ORDERED.  It keeps the files open that are
 * written to, knows what is not synced yet, and writes the resume file: first written anew when
 * there is something to say, from then on appended to.  When an append fails the next one writes
 * the file anew, so a torn record is never followed by others.
 *
 * Syncing takes three steps, so that nobody waits behind fdatasync:
 *     disk_mark()    on the ordered lane: what is dirty now, as a list
 *     disk_sync()    on any lane: fdatasync of each, and of the folders with new names
 *     disk_synced()  on the ordered lane: the record */
#ifndef SHOAL_FILES_DISK_DATA_DISK_H
#define SHOAL_FILES_DISK_DATA_DISK_H

#include "files/disk/data_resume.h"
#include "files/disk/openfiles.h"
#include "files/meta/layout.h"
#include "store/vfs.h"

struct disk;

struct disk_cfg {
    const struct vfs *vfs;
    const uint8_t *infohash;
    const struct layout *layout; /* this and the strings outlive the disk */
    const char *dir, *resume_path, *boot_id;
    const char *parts_path; /* of files/disk/parts.h */
    const uint8_t *skip;    /* a bit a file: not to be made; NULL: none.  Copied */
    bool check_all, seed;   /* as in data_cfg */
};

/* Touches nothing yet; any thread. */
struct disk *disk_new(const struct disk_cfg *cfg);
/* Closes the files.  On the lane, or when no job can run any more. */
void disk_free(struct disk *k);

/* Read the resume file, look at the files, judge.  have and check: zeroed bitmaps.  Never fails:
 * what cannot be believed is in `check`; `note` then says why, else it is OK. */
void disk_open(struct disk *k, uint8_t *have, uint8_t *check, struct why *note);

/* From now on these files are not to be made (a bit a file): what comes of their bytes is put
 * aside. */
void disk_skip(struct disk *k, const uint8_t *skip);
/* What was put aside of files that are to be made goes into them.  Begun again after a failure, it
 * goes on. */
MUST_CHECK enum err disk_bring_back(struct disk *k, struct why *why);

/* Make the empty files that are not there and not skipped. */
MUST_CHECK enum err disk_make_empty(struct disk *k, struct why *why);

/* Write bytes into ranges of the stream; iov has them one behind another, and is used up.  The
 * files' mtimes will not be what is recorded, and the record says so first: one write to the resume
 * file for all ranges of a job. */
struct disk_range {
    uint64_t offset, len; /* of the stream */
};
MUST_CHECK enum err disk_write(struct disk *k, const struct disk_range *ranges, size_t n,
                               struct iovec *iov, struct why *why);

/* What happened, for the resume file; nothing is written before disk_append(). */
void disk_proven(struct disk *k, uint32_t piece);
void disk_lost(struct disk *k, uint32_t piece);
void disk_checked(struct disk *k); /* all that was to be hashed has been */
MUST_CHECK enum err disk_append(struct disk *k, struct why *why);

/* Remember how the files look before they are hashed: disk_checked() then vouches for it.  now: one
 * a file. */
struct judge_file;
void disk_look(struct disk *k, struct judge_file *now);
/* How the files were left that are recorded as quiet; the others are told as not there. */
void disk_quiet(const struct disk *k, struct judge_file *out);

struct disk_dirty {
    uint32_t *files; /* whose bytes, and whose names */
    size_t count;
    uint32_t *unnamed;
    size_t unnamed_count;
    char **folders; /* whose names are new, each once */
    size_t folder_count;
    bool parts; /* the parts file */
    /* Somebody has removed or replaced these while we wrote to them. */
    uint32_t replaced[OPENFILES_MAX];
    size_t replaced_count;
};
/* dirty: freed with disk_dirty_done().  On failure all is as it was. */
MUST_CHECK enum err disk_mark(struct disk *k, struct disk_dirty *dirty, struct why *why);
MUST_CHECK enum err disk_sync(const struct disk_cfg *cfg, const struct disk_dirty *dirty,
                              struct why *why);
/* Records it, and syncs the record.  all: also the files that we may go on writing to are now as
 * we leave them (at close). */
MUST_CHECK enum err disk_synced(struct disk *k, bool all, struct why *why);
/* The sync has failed: it is all dirty again, and recorded as not to be believed. */
void disk_unsynced(struct disk *k, const struct disk_dirty *dirty);
void disk_dirty_done(struct disk_dirty *dirty);

/* Whether something is left for a later sync: files that are written to and not finished do not
 * count. */
bool disk_is_dirty(const struct disk *k);
/* Whether we have written what is not recorded as synced and at rest: to be synced before it is
 * closed.  What was only found here need not be. */
bool disk_is_writing(const struct disk *k);

#endif
