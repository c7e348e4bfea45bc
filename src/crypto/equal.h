/* crypto/equal.h - compare secrets without telling, by the time it takes, how far they agree.
 *
 * For tokens, passwords, authentication tags; memcmp() is for what everybody may know. */
#ifndef SHOAL_CRYPTO_EQUAL_H
#define SHOAL_CRYPTO_EQUAL_H

#include <stdbool.h>
#include <stddef.h>

/* Whether n bytes are the same.  n itself is no secret. */
bool equal_secret(const void *a, const void *b, size_t n);

#endif
