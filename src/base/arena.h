/* base/arena.h - memory for what lives as long as one message or one request.
 *
 * Allocate as you parse, free all of it at once.  Never NULL (base/mem.h).  An arena that serves
 * foreign bytes is bounded by the size of those bytes, which its caller has checked. */
#ifndef SHOAL_BASE_ARENA_H
#define SHOAL_BASE_ARENA_H

#include <stddef.h>

struct arena;

/* An empty one. */
struct arena *arena_new(void);

/* Frees everything that came from it.  NULL: nothing. */
void arena_free(struct arena *a);

/* n bytes of zeros, aligned for any type. */
void *arena_zalloc(struct arena *a, size_t n);
void *arena_array(struct arena *a, size_t count, size_t size); /* aborts on overflow */
void *arena_dup(struct arena *a, const void *p, size_t n);
char *arena_strndup(struct arena *a, const char *s, size_t n); /* NUL-terminated copy */

/* Bytes taken from the system so far. */
size_t arena_size(const struct arena *a);

#endif
