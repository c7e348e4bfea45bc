/* files/disk/data_in.h - what the parts of files/disk/data.h share; nobody else includes it.
 *
 *     data.c         open, close, events, which pieces are had
 *     data_write.c   blocks from peers: held, hashed, handed to the disk; what is recorded when
 *                    (with the sources that data_write_in.h names)
 *     data_read.c    blocks for peers
 *     data_check.c   hashing what is on disk
 *     data_changed.c files that are not as we left them
 *     data_leaves.c  hashes of blocks, for peers
 *     data_disk.c    the ordered lane's half (files/disk/data_disk.h)
 *
 * A piece's way: data_put() blocks -> [hash on LANE_CPU] and [write on LANE_DISK_ORDERED], side by
 * side -> proven and written -> [record] -> had, DATA_PIECE_OK.
 *
 * Whatever is under way on a lane, and each callback of ours that may call the owner, holds the
 * data (data_hold, data_let_go); closing goes on, and freeing happens, when nothing holds it. */
#ifndef SHOAL_FILES_DISK_DATA_IN_H
#define SHOAL_FILES_DISK_DATA_IN_H

#include "base/list.h"
#include "base/map.h"
#include "files/disk/data.h"
#include "files/disk/data_disk.h"
#include "files/disk/data_judge.h"
#include "files/disk/readpool.h"
#include "files/disk/sweep.h"

struct pieces { /* numbers, in the order in which they came */
    uint32_t *at;
    size_t n, cap;
};
void pieces_add(struct pieces *p, uint32_t piece);

struct data_gate {       /* of jobs of one kind */
    uint64_t started_us; /* the last of them */
    size_t bytes;        /* of blocks that came since */
};

struct data_write {
    struct map *parts;   /* piece -> struct part: those that are not had and not bad */
    struct link ready;   /* parts that have something worth writing */
    struct link waste;   /* parts found bad that a lane still holds */
    size_t held;         /* bytes of blocks in memory */
    struct spare *spare; /* blocks to be used again, until the next sync at most */
    size_t spare_n;
    bool busy;           /* until DATA_DRAINED */
    bool running;        /* a write job is */
    bool syncing;        /* disk_sync is running, or its result is not recorded yet */
    struct timer *timer; /* to the next sync; NULL: nothing is dirty */
    struct link to_hash; /* parts that have something worth hashing */
    struct data_gate hashes, writes;
    struct timer *gather; /* to the next job, if one waits */
    /* For the next write job: */
    struct pieces proven, lost;
    bool make_empty, checked, mark, synced, unsynced;
    uint8_t *skip;           /* a bit a file; NULL: as before */
    struct disk_dirty dirty; /* of the sync that failed, for unsynced */
    bool touched;            /* there is a reason to sync at close */
    bool ours;               /* we wrote some of that; else it was only found here */
};

struct data_reads {
    size_t count;         /* reads that were asked for and not answered */
    struct link windows;  /* of pieces, those used last at the tail */
    struct link waiting;  /* reads for which no window could be loaded yet */
    struct link doubted;  /* reads of pieces that are hashed again first */
    struct link soon;     /* reads that can be answered */
    unsigned loading;     /* windows */
    struct timer *answer; /* the turn in which `soon` is answered */
    struct timer *idle;   /* to the next look whether anybody still reads */
    bool used;            /* since the last look */
};

struct data_check {
    struct sweep *sweep;
    uint8_t *todo;        /* a bit a piece */
    uint8_t *touched;     /* a bit a piece: written to since the check began, or about to be */
    uint32_t done, total; /* pieces of the check that runs */
    bool running;
    bool recording; /* swept; what it found is being recorded, then DATA_CHECKED comes */
    bool again;     /* data_verify() while one runs */
    uint8_t *doubt; /* a bit a piece: had, and not to be served before it is hashed again */
    bool doubtful;  /* files have changed since the last look at them */
};

struct left { /* how we left a file */
    uint64_t size;
    int64_t mtime_ns;
};

struct data {
    struct data_cfg cfg; /* its strings are those below */
    char *dir, *resume_path, *parts_path, *boot_id;
    struct layout layout;
    struct disk_cfg disk_cfg;
    struct disk *disk;
    struct readpool *pool;

    uint8_t *have;
    uint32_t have_count;
    uint8_t *sure;       /* a bit a piece: proven and on disk, being recorded */
    uint64_t *file_done; /* bytes in had pieces */
    uint64_t done;       /* of all files, without padding */
    struct left *left;   /* one a file */

    bool opened;
    bool failed;    /* until data_retry() */
    bool closing;   /* no more events */
    bool dead;      /* data_free() */
    bool last_sync; /* of closing, is done or on its way */
    unsigned holds;
    struct timer *close_turn; /* data_close() answers reads in a turn of its own */
    void (*closed)(void *arg);
    void *closed_arg;

    struct data_write w;
    struct data_reads r;
    struct data_check c;
};

/* Something is under way; d stays until it is let go, and may be gone then. */
void data_hold(struct data *d);
void data_let_go(struct data *d);
void data_emit(struct data *d, enum data_event ev, uint32_t piece, const struct why *why);
void data_fail(struct data *d, const struct why *why);
/* The piece is right by one of a hybrid's hashes and wrong by the other. */
void data_fail_torn(struct data *d, uint32_t piece);

/* A piece became had; is not any more.  The caller emits. */
void data_gain(struct data *d, uint32_t piece);
void data_lose(struct data *d, uint32_t piece, const struct why *why); /* and records, emits */

/* As data is made and freed. */
void data_write_init(struct data *d);
void data_write_done(struct data *d);
void data_write_close(struct data *d); /* what is not whole is dropped */
bool data_write_pending(const struct data *d);
/* Start a write job if there is reason to and none runs. */
void data_write_kick(struct data *d);
/* After a job that left something unsynced: a sync within DATA_SYNC_US. */
void data_write_sync_later(struct data *d);
/* A piece was found good on disk. */
void data_write_found(struct data *d, uint32_t piece);
/* Pieces that have blocks on their way to the disk. */
void data_write_touched(const struct data *d, uint8_t *bits);

/* As data is made. */
void data_read_init(struct data *d);
void data_read_close(struct data *d); /* answers what waits, with ERR_CLOSED */
void data_read_done(struct data *d);  /* silence */
void data_read_forget(struct data *d, uint32_t piece);

/* Nothing that was read is answered from memory. */
void data_read_forget_all(struct data *d);
/* Pieces may be in doubt no more. */
void data_read_trusted(struct data *d);

void data_check_start(struct data *d);    /* hash c.todo */
void data_look_and_check(struct data *d); /* likewise, after a look at how the files are now */

/* A read has seen a file; st NULL: it is not there. */
void data_seen(void *arg, size_t file, const struct vfs_stat *st);
/* It is not the file any more that we wrote to. */
void data_replaced(struct data *d, size_t file);
/* How the files that are recorded as quiet were left (disk_quiet()). */
void data_left(struct data *d, const struct judge_file *quiet);
/* We are about to write to the files of this piece. */
void data_left_unknown(struct data *d, uint32_t piece);
/* A piece was read and hashed.  False: it is in doubt no more; true: its file has changed since,
 * and it is to be hashed once more. */
bool data_doubt_stays(struct data *d, uint32_t piece);
void data_changed_init(struct data *d);
void data_changed_done(struct data *d);

#endif
