#include "crypto/sha512.h"

#include "crypto/evp.h"

#include <stdlib.h>

struct sha512 {
    EVP_MD_CTX *md;
};

struct sha512 *sha512_new(void)
{
    struct sha512 *h = MEM_NEW(struct sha512);
    h->md = evp_start(EVP_sha512());
    return h;
}

void sha512_update(struct sha512 *h, const void *bytes, size_t n)
{
    evp_must(EVP_DigestUpdate(h->md, bytes, n));
}

void sha512_finish(struct sha512 *h, uint8_t out[SHA512_LEN])
{
    evp_must(EVP_DigestFinal_ex(h->md, out, NULL));
    sha512_free(h);
}

void sha512_free(struct sha512 *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->md);
    free(h);
}

void sha512(const void *bytes, size_t n, uint8_t out[SHA512_LEN])
{
    evp_must(EVP_Digest(bytes, n, out, NULL, EVP_sha512(), NULL));
}
