/* files/disk/data.h - the bytes of one torrent: on disk, in flight, and which pieces are proven.
 *
 * The engine gives blocks as they come and asks for blocks to send; this module hashes pieces as
 * their blocks arrive in order (never reading back what it wrote), writes them on the disk lane,
 * and records each proven piece in the torrent's resume file before it says so.  What data_cb said
 * is had survives kill -9 at any instant; after a power cut (another boot id) what was not yet
 * synced is hashed again, not believed.
 *
 * Resume file (data_dir/torrents/INFOHASH.resume, format in data_resume.h): a header (version,
 * infohash, piece count, boot id, each file's size and mtime when last synced), then appended
 * records: piece proven, all synced.  Written anew by atomic replace before the first record of a
 * run, so a torrent that only seeds writes nothing.
 * A file changed underneath (size or mtime) has its pieces hashed again: at open, and while we run
 * when it is read; until then reads of them wait.
 *
 * Memory: at most DATA_HELD_MAX bytes of blocks that are not yet on disk, over all pieces;
 * data_busy() says stop reading from peers, long before that if it is the disk that is slow. */
#ifndef SHOAL_FILES_DISK_DATA_H
#define SHOAL_FILES_DISK_DATA_H

#include "base/log.h"
#include "files/meta/metainfo.h"
#include "net/loop.h"
#include "store/vfs.h"

#include <stdbool.h>

enum { DATA_HELD_MAX = 32 * 1024 * 1024, DATA_READS_MAX = 1024 /* queued at once */ };

struct data;

enum data_event {
    DATA_OPENED,    /* data_have() is known; hashing what could not be proven may still run */
    DATA_PIECE_OK,  /* piece proven, on disk and recorded */
    DATA_PIECE_BAD, /* its hash differs: all its blocks are dropped */
    /* Likewise, but of several blocks, which are kept until data_mend(); that must come. */
    DATA_PIECE_DOUBT,
    DATA_PIECE_LOST, /* a piece we had is not there any more (verify, file changed) */
    DATA_CHANGED,    /* files are not as we left them (`why`): a check of their pieces begins */
    DATA_CHECKED,    /* a verify (or the hashing at open) has ended */
    /* Disk trouble, in `why`: nothing more is written until data_retry().  ERR_INVALID: a hybrid
     * torrent contradicts itself, which trying again does not mend. */
    DATA_FAILED,
    DATA_DRAINED, /* data_busy() was true and is not any more */
};
typedef void data_cb(void *arg, enum data_event ev, uint32_t piece, const struct why *why);

struct data_cfg {
    struct loop *loop;
    const struct vfs *vfs;
    const struct log *log;
    const struct metainfo *mi; /* outlives the data */
    const char *dir;           /* the folder in which the file or folder lies; copied */
    const char *resume_path;   /* copied */
    const char *boot_id;       /* of this boot of the machine; copied */
    const uint8_t *skip;       /* as for data_skip(); copied */
    bool check_all;            /* no resume file is believed: hash what is on disk */
    bool seed;                 /* just hashed by create: all pieces are had, believe it */
    data_cb *cb;
    void *arg;
};

/* DATA_OPENED comes later, whatever state the disk is in; DATA_FAILED may follow it.  Files are
 * made when their first block is written (empty ones at open), sparse, never through a symlink
 * below dir. */
struct data *data_open(const struct data_cfg *cfg);

/* Writes what is whole, records, syncs, closes; done comes once.  No data_cb after this call; reads
 * that still wait are answered with ERR_CLOSED before done. */
void data_close(struct data *d, void (*done)(void *arg), void *arg);

/* Lets go at once, as if the power went: nothing more is written, nobody is called.  For a machine
 * that crashes in the simulator; what waits for a lane is freed when the lane lets go.  NULL:
 * nothing. */
void data_free(struct data *d);

/* These files are not wanted (a bit a file; NULL: all are): they are not made.  Bytes of theirs
 * that come with the pieces of other files are put aside (files/disk/parts.h: beside the resume
 * file, with .parts for .resume), and go into the file when it is wanted. */
void data_skip(struct data *d, const uint8_t *skip);

/* One bit a piece, BEP 3's order (high bit first); valid until the next event. */
const uint8_t *data_have(const struct data *d);
uint32_t data_have_count(const struct data *d);
bool data_has(const struct data *d, uint32_t piece);

/* A block from a peer; bytes are copied.  begin is a multiple of BLOCK_LEN and len the block's full
 * length (checked by the caller).  false: dropped, because it is held or had already, or because
 * DATA_HELD_MAX is reached. */
bool data_put(struct data *d, uint32_t piece, uint32_t begin, const void *bytes, size_t len);
/* Blocks of an unfinished piece that are here. */
bool data_has_block(const struct data *d, uint32_t piece, uint32_t block);
bool data_busy(const struct data *d);

/* Of a piece in doubt: the SHA-256 of each block as it came, valid until data_mend(); NULL: it is
 * not in doubt. */
const uint8_t *data_doubt(const struct data *d, uint32_t piece);
/* The doubt is over: of these blocks (a bit each) other bytes are needed, the rest stays.  NULL:
 * all is dropped, as with DATA_PIECE_BAD.  false: all had to be, a wrong one is being written. */
bool data_mend(struct data *d, uint32_t piece, const uint8_t *bad);

/* A block for a peer, of a piece we have; it may reach into the padding behind a file
 * (metainfo_piece_span()).  got comes once from the loop: bytes valid during the
 * call; NULL and why on failure.  NULL handle: DATA_READS_MAX are queued.  Reads of one piece in
 * order are answered from one larger read. */
struct data_read;
typedef void data_read_cb(void *arg, const uint8_t *bytes, size_t len, const struct why *why);
struct data_read *data_get(struct data *d, uint32_t piece, uint32_t begin, uint32_t len,
                           data_read_cb *got, void *arg);
void data_read_cancel(struct data_read *r);

/* The SHA-256 of each of the n blocks of a piece that we have, read and hashed again;
 * valid during the call.  Comes once, from the loop, also after data_close(); NULL: the piece is
 * not there any more, or the data is being closed. */
typedef void data_leaves_cb(void *arg, const uint8_t *leaves, size_t n);
void data_leaves(struct data *d, uint32_t piece, data_leaves_cb *got, void *arg);

/* Hash everything again; DATA_PIECE_LOST / _OK for each difference, DATA_CHECKED at the end. */
void data_verify(struct data *d);
/* Pieces hashed and to hash in the check that runs; false when none runs. */
bool data_checking(const struct data *d, uint32_t *done, uint32_t *total);
void data_retry(struct data *d);

/* Bytes of each file that are in proven pieces. */
uint64_t data_file_done(const struct data *d, size_t file);
/* Bytes of all files, without padding, likewise. */
uint64_t data_done(const struct data *d);

/* Remove the torrent's files (and folders that are empty then); for `rm --with-data`, after close.
 * Runs on the disk lane; done comes once. */
void data_remove(struct loop *loop, const struct vfs *vfs, const struct metainfo *mi,
                 const char *dir, void (*done)(void *arg, const struct why *why), void *arg);

#endif
