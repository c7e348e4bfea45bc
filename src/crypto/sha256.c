#include "crypto/sha256.h"

#include "crypto/evp.h"

#include <stdlib.h>

struct sha256 {
    EVP_MD_CTX *md;
};

struct sha256 *sha256_new(void)
{
    struct sha256 *h = MEM_NEW(struct sha256);
    h->md = evp_start(EVP_sha256());
    return h;
}

void sha256_update(struct sha256 *h, const void *bytes, size_t n)
{
    evp_must(EVP_DigestUpdate(h->md, bytes, n));
}

void sha256_finish(struct sha256 *h, uint8_t out[SHA256_LEN])
{
    evp_must(EVP_DigestFinal_ex(h->md, out, NULL));
    sha256_free(h);
}

void sha256_free(struct sha256 *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->md);
    free(h);
}

void sha256(const void *bytes, size_t n, uint8_t out[SHA256_LEN])
{
    evp_must(EVP_Digest(bytes, n, out, NULL, EVP_sha256(), NULL));
}
