/* base/mem.h - memory that is there, or the process ends.
 *
 * Small allocations do not fail on the systems we run on; code that pretends to handle it is never
 * run and never right.  So: out of memory says how much was asked for and aborts.  What makes this
 * safe is the other half of the rule: a size that came from a peer is compared with a named limit
 * (ERR_LIMIT) before anything is allocated for it. */
#ifndef SHOAL_BASE_MEM_H
#define SHOAL_BASE_MEM_H

#include "base/err.h"

#include <stddef.h>
#include <stdlib.h>

/* n bytes of zeros, never NULL (also for n == 0).  Free with free(). */
__attribute__((malloc, returns_nonnull)) void *mem_zalloc(size_t n);

/* As realloc(), never NULL; the new tail is not cleared. */
__attribute__((returns_nonnull)) void *mem_realloc(void *p, size_t n);

/* An array of `count` members of `size` bytes, zeroed; aborts where the product overflows. */
__attribute__((malloc, returns_nonnull)) void *mem_array(size_t count, size_t size);

/* A copy of n bytes; of a string (NULL gives NULL); of exactly n bytes with a NUL behind them (a
 * NUL among them does not end it, unlike strndup()); a formatted string. */
__attribute__((malloc)) void *mem_dup(const void *p, size_t n);
__attribute__((malloc)) char *mem_strdup(const char *s);
__attribute__((malloc)) char *mem_strndup(const char *s, size_t n);
__attribute__((malloc)) char *mem_printf(const char *fmt, ...) PRINTF_LIKE(1, 2);

/* One zeroed struct of its type: `struct peer *p = MEM_NEW(struct peer);` */
#define MEM_NEW(type) ((type *)mem_zalloc(sizeof(type)))

#endif
