/* files/disk/data_disk_in.h - the inside of a struct disk, for data_disk.c and data_disk_sync.c. */
#ifndef SHOAL_FILES_DISK_DATA_DISK_IN_H
#define SHOAL_FILES_DISK_DATA_DISK_IN_H

#include "files/disk/data_disk.h"
#include "files/disk/data_judge.h"
#include "files/disk/parts_back.h"

struct disk {
    struct disk_cfg cfg;
    struct resume *r;
    struct judge_file *seen; /* how the files look, for disk_checked(); NULL: not asked */
    uint8_t *unsynced;       /* a bit a file: written to since the last mark */
    uint8_t *unnamed;        /* a bit a file: its name is not synced */
    uint8_t *absent;         /* a bit a file: was not there at open, and we have not made it */
    bool proven_since_mark;
    uint8_t *skip; /* a bit a file: not to be made */
    struct parts *parts;
    bool parts_dirty; /* written to since the last mark */
    size_t dir_was;   /* bytes of cfg.dir that were there at open */
    struct openfiles open;
    struct vfile *journal; /* NULL: the next append writes the file anew */
    bool journal_unnamed;  /* it was made in this run, and its name is not synced */
    uint64_t journal_len;
    struct buf records;
};

#endif
