/* crypto/multibase.h - bytes as text whose first letter says in which base
 * (multiformats/multibase).
 *
 * The bases that peers write: 'f' hex, 'b' base32, 'k' base36, 'z' base58btc, 'u' base64url; none
 * padded.  Read in lower case and as they are; 'F', 'B' and 'K', their upper-case twins, too.  Each
 * value has one text in each of them. */
#ifndef SHOAL_CRYPTO_MULTIBASE_H
#define SHOAL_CRYPTO_MULTIBASE_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>

/* 256 bytes in hex, the letter and a NUL. */
enum { MULTIBASE_BYTES_MAX = 256, MULTIBASE_TEXT_MAX = 514 };

/* base: 'f', 'b', 'k', 'z' or 'u'.  NUL-terminated.  False where n > MULTIBASE_BYTES_MAX or the
 * text and its NUL do not fit in cap. */
MUST_CHECK bool multibase_encode(char base, const void *bytes, size_t n, char *out, size_t cap);

/* All of the text, its letter included; *n is how many bytes there were.  ERR_UNSUPPORTED: a base
 * that we do not know; ERR_INVALID: strange letters, stray bits; ERR_LIMIT: more than cap bytes or
 * than MULTIBASE_BYTES_MAX. */
MUST_CHECK enum err multibase_decode(const char *text, size_t len, void *out, size_t cap, size_t *n,
                                     struct why *why);

#endif
