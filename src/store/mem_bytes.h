/* store/mem_bytes.h - a file's bytes in memory, as they are and as the disk would hold them.
 *
 * For vfs_mem.c only.  Bytes lie in chunks that both versions share until one is written to; an
 * absent chunk is a hole and reads as zeros, so a sparse file costs what was written.  Not
 * thread-safe: the vfs has the mutex. */
#ifndef SHOAL_STORE_MEM_BYTES_H
#define SHOAL_STORE_MEM_BYTES_H

#include <stddef.h>
#include <stdint.h>

enum { MEM_CHUNK = 16 * 1024 }; /* bytes */

struct mem_slot;

struct mem_bytes {
    uint64_t size, durable_size;
    uint64_t *used; /* of the disk that it is on: goes up and down with live chunks */
    struct mem_slot *slots;
    size_t slot_count;
    size_t dirty_from, dirty_to; /* slots whose versions may differ */
};

/* Empty in both versions. */
void mem_bytes_init(struct mem_bytes *b, uint64_t *used);
void mem_bytes_done(struct mem_bytes *b);

/* n bytes at `at`; the caller has looked at size. */
void mem_bytes_read(const struct mem_bytes *b, void *to, size_t n, uint64_t at);
/* Grows the size as needed. */
void mem_bytes_write(struct mem_bytes *b, const void *from, size_t n, uint64_t at);
/* Bytes of disk that writing there would take. */
uint64_t mem_bytes_cost(const struct mem_bytes *b, uint64_t at, uint64_t n);
void mem_bytes_resize(struct mem_bytes *b, uint64_t size);
/* Bytes of disk that the file takes. */
uint64_t mem_bytes_on_disk(const struct mem_bytes *b);

/* The disk holds what is; what is becomes what the disk holds. */
void mem_bytes_sync(struct mem_bytes *b);
void mem_bytes_revert(struct mem_bytes *b);

#endif
