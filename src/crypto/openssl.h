/* crypto/openssl.h - OpenSSL's types, beside ours.
 *
 * OpenSSL has a type named ERR_STATE (openssl/types.h), and so has enum err a value.  Include this
 * before any header that reaches OpenSSL (libcurl does, too): here its type gets another
 * name, which nothing of ours uses. */
#ifndef SHOAL_CRYPTO_OPENSSL_H
#define SHOAL_CRYPTO_OPENSSL_H

#include "base/err.h"

#define ERR_STATE openssl_err_state
#include <openssl/err.h> /* the other header that says it, after types.h */
#undef ERR_STATE

#endif
