/* crypto/evp.h - what the files over OpenSSL's EVP share.  Private to this folder.
 *
 * A digest over memory fails only when memory ran out or the library was built without it; both
 * end the process, as in base/mem.h, so that no caller carries an error that cannot come. */
#ifndef SHOAL_CRYPTO_EVP_H
#define SHOAL_CRYPTO_EVP_H

#include "base/mem.h"
#include "crypto/openssl.h"

#include <openssl/evp.h>
#include <stdio.h>

static inline void evp_must(int done)
{
    if (done == 1)
        return;
    fprintf(stderr, "shoal: libcrypto failed in a digest\n");
    abort();
}

static inline EVP_MD_CTX *evp_start(const EVP_MD *type)
{
    EVP_MD_CTX *md = EVP_MD_CTX_new();
    evp_must(md && EVP_DigestInit_ex(md, type, NULL));
    return md;
}

#endif
