/* crypto/wipe.h - secrets leave nothing behind.
 *
 * Whoever holds a private key, a phrase or a password in memory wipes it when it is done with it:
 * in x_free, and on every way out of a function that had it on its stack. */
#ifndef SHOAL_CRYPTO_WIPE_H
#define SHOAL_CRYPTO_WIPE_H

#include <stddef.h>

/* Zeros, also where the compiler sees that nobody reads them.  NULL with n == 0: nothing. */
void wipe(void *bytes, size_t n);

#endif
