#define OPENSSL_SUPPRESS_DEPRECATED /* for sha256() below */
#include "crypto/sha256.h"

#include "crypto/evp.h"

#include <openssl/sha.h>
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

/* A name of forty bytes takes 54 ns so, and 320 by EVP_Digest(), which allocates and locks: who
 * sorts names by their hash does little else. */
void sha256(const void *bytes, size_t n, uint8_t out[SHA256_LEN])
{
    SHA256_CTX h;
    evp_must(SHA256_Init(&h));
    evp_must(SHA256_Update(&h, bytes, n));
    evp_must(SHA256_Final(out, &h));
}
