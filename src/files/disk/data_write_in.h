/* files/disk/data_write_in.h - what the sources of writing share; nobody else includes it.
 *
 *     data_write.c  blocks are taken; lifetime
 *     data_part.c   blocks in memory, and how much of that may be
 *     data_hash.c   hashing, and what follows from a piece's hash
 *     data_job.c    blocks to the disk, and what is recorded
 *     data_sync.c   syncing */
#ifndef SHOAL_FILES_DISK_DATA_WRITE_IN_H
#define SHOAL_FILES_DISK_DATA_WRITE_IN_H

#include "files/disk/data_in.h"

enum { RUN_BLOCKS = 16 }; /* 256 KiB: hashed at once, and written at once */

enum block_state { BLOCK_NONE, BLOCK_HELD, BLOCK_WRITING, BLOCK_WRITTEN };

struct block {
    uint8_t *bytes; /* NULL: not in memory */
    enum block_state state;
};

struct part {
    struct data *d;
    uint32_t piece, block_count;
    uint32_t arrived, written;
    uint32_t hashed, hashing_to; /* blocks before these: hashed; in the job that runs */
    struct piece_hash *hash;     /* of [0, hashed) */
    struct piece_sum sum;
    uint8_t *leaves;       /* each block's hash, once the piece's is known and they are; or NULL */
    bool doubted;          /* it is wrong, and which blocks are is to be told by data_mend() */
    bool hashing;          /* a job runs */
    bool good;             /* its hash is right */
    bool spilled;          /* to be read back */
    struct sweep *recheck; /* that reads it back */
    bool waste;            /* bad, or dropped: freed when no lane holds it */
    unsigned writing;      /* blocks in the write job */
    struct link link;      /* in w.ready or w.waste, or in none */
    struct link to_hash;   /* in w.to_hash, or in none */
    struct block blocks[];
};

/* data_part.c */
uint8_t *block_bytes_new(struct data *d); /* of BLOCK_LEN */
void block_free_spare(struct data *d);
struct part *part_get(const struct data *d, uint32_t piece); /* NULL: nothing of it came */
struct part *part_new(struct data *d, uint32_t piece);
size_t part_block_len(const struct part *t, uint32_t block);
void part_block_drop(struct part *t, uint32_t block); /* from memory */
void part_drop(struct part *t);   /* nobody wants it any more; it goes once no lane uses it */
void part_let_go(struct part *t); /* a lane does not use it any more; it may be gone then */
bool part_is_whole(const struct part *t);
void part_ready(struct part *t); /* it has something worth writing */
/* Memory is short; there is more than the disk keeps up with. */
bool write_is_short(const struct data *d);
bool write_is_behind(const struct data *d);
void write_tell_drained(struct data *d);
void write_spill(struct data *d); /* what waits only to be hashed is dropped, and read back later */
bool write_is_due(struct data *d, struct data_gate *g); /* a job, or is more to gather? */

/* data_hash.c */
void hash_more(struct part *t); /* what came in order, when it is worth a job */
void hash_kick(struct data *d);
void hash_recheck(struct part *t);                /* spilled, and all on disk */
void write_prove(struct data *d, uint32_t piece); /* good and on disk: it waits for its record */

/* data_sync.c */
void sync_start(struct data *d, struct disk_dirty *dirty); /* takes dirty */

#endif
