#include "crypto/sha1.h"

#include "crypto/evp.h"

#include <stdlib.h>

struct sha1 {
    EVP_MD_CTX *md;
};

struct sha1 *sha1_new(void)
{
    struct sha1 *h = MEM_NEW(struct sha1);
    h->md = evp_start(EVP_sha1());
    return h;
}

void sha1_update(struct sha1 *h, const void *bytes, size_t n)
{
    evp_must(EVP_DigestUpdate(h->md, bytes, n));
}

void sha1_finish(struct sha1 *h, uint8_t out[SHA1_LEN])
{
    evp_must(EVP_DigestFinal_ex(h->md, out, NULL));
    sha1_free(h);
}

void sha1_free(struct sha1 *h)
{
    if (!h)
        return;
    EVP_MD_CTX_free(h->md);
    free(h);
}

void sha1(const void *bytes, size_t n, uint8_t out[SHA1_LEN])
{
    evp_must(EVP_Digest(bytes, n, out, NULL, EVP_sha1(), NULL));
}
