/* crypto/base64.h - RFC 4648 section 4 (standard alphabet, padded). */
#ifndef SHOAL_CRYPTO_BASE64_H
#define SHOAL_CRYPTO_BASE64_H

#include "base/buf.h"

#include <stdbool.h>

/* Appended to out. */
void base64_encode(struct buf *out, const void *bytes, size_t n);

/* Appended to out; false (and out as it was) where the text is not whole base64.  White space is
 * passed over. */
bool base64_decode(struct buf *out, const char *text, size_t len);

#endif
