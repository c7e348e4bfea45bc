/* host/backoff.h - who was dialled lately, and did not answer?
 *
 * Strangers are dialled because others named them, and again each time that they are named.  So a
 * destination that failed is left in peace for a while, twice as long each time, until somebody is
 * reached there.  Whom the owner trusts or an app needs is dialled all the same (dial_where.c).
 * Pure. */
#ifndef SHOAL_HOST_BACKOFF_H
#define SHOAL_HOST_BACKOFF_H

#include <stddef.h>
#include <stdint.h>

enum {
    BACKOFF_MAX = 1024
}; /* destinations; of more the one that failed longest ago is forgotten */
#define BACKOFF_FIRST_US (2 * UINT64_C(1000000))
#define BACKOFF_LAST_US (64 * UINT64_C(1000000)) /* doubled up to this */

struct backoff;

/* Of nobody yet; seed: of its hash. */
struct backoff *backoff_new(uint64_t seed);
void backoff_free(struct backoff *b); /* NULL: nothing */

/* For how long it is to be left alone; 0: it may be dialled.  A destination is bytes that mean
 * nothing here. */
uint64_t backoff_left_us(const struct backoff *b, const void *to, size_t n, uint64_t now_us);

/* How a dial ended. */
void backoff_failed(struct backoff *b, const void *to, size_t n, uint64_t now_us);
void backoff_reached(struct backoff *b, const void *to, size_t n);

/* Destinations that are remembered. */
size_t backoff_count(const struct backoff *b);

#endif
