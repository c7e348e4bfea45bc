#include "crypto/rc4.h"

#include "crypto/evp.h"

#include <limits.h>
#include <openssl/provider.h>
#include <stdlib.h>

struct rc4_lib {
    OSSL_LIB_CTX *ctx;
    OSSL_PROVIDER *legacy;
    EVP_CIPHER *cipher;
};

struct rc4 {
    EVP_CIPHER_CTX *ctx;
};

struct rc4_lib *rc4_lib_new(struct why *why)
{
    struct rc4_lib *lib = MEM_NEW(struct rc4_lib);
    lib->ctx = OSSL_LIB_CTX_new();
    lib->legacy = lib->ctx ? OSSL_PROVIDER_load(lib->ctx, "legacy") : NULL;
    lib->cipher = lib->legacy ? EVP_CIPHER_fetch(lib->ctx, "RC4", NULL) : NULL;
    if (lib->cipher)
        return lib;
    why_set(why, ERR_IO, "OpenSSL's legacy provider, which has RC4, cannot be loaded: %s",
            ERR_reason_error_string(ERR_peek_last_error()));
    ERR_clear_error();
    rc4_lib_free(lib);
    return NULL;
}

void rc4_lib_free(struct rc4_lib *lib)
{
    if (!lib)
        return;
    EVP_CIPHER_free(lib->cipher);
    if (lib->legacy)
        OSSL_PROVIDER_unload(lib->legacy);
    OSSL_LIB_CTX_free(lib->ctx);
    free(lib);
}

struct rc4 *rc4_new(const struct rc4_lib *lib, const void *key, size_t key_len, size_t drop)
{
    struct rc4 *r = MEM_NEW(struct rc4);
    uint8_t gone[256] = {0};
    r->ctx = EVP_CIPHER_CTX_new();
    evp_must(r->ctx && EVP_EncryptInit_ex2(r->ctx, lib->cipher, NULL, NULL, NULL) == 1 &&
             EVP_CIPHER_CTX_set_key_length(r->ctx, (int)key_len) == 1 &&
             EVP_EncryptInit_ex2(r->ctx, NULL, key, NULL, NULL) == 1);
    while (drop > 0) {
        size_t n = drop < sizeof gone ? drop : sizeof gone;
        rc4_run(r, gone, gone, n);
        drop -= n;
    }
    return r;
}

void rc4_free(struct rc4 *r)
{
    if (!r)
        return;
    EVP_CIPHER_CTX_free(r->ctx); /* wipes the state */
    free(r);
}

void rc4_run(struct rc4 *r, const void *in, void *out, size_t n)
{
    const uint8_t *from = in;
    uint8_t *to = out;
    while (n > 0) {
        int part = n < INT_MAX ? (int)n : INT_MAX, got;
        evp_must(EVP_EncryptUpdate(r->ctx, to, &got, from, part));
        from += part;
        to += part;
        n -= (size_t)part;
    }
}
