#include "crypto/base58.h"

#include "crypto/radix.h"

_Static_assert((int)BASE58_BYTES_MAX == (int)RADIX_BYTES_MAX, "its limit is ours");

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

bool base58_encode(const void *bytes, size_t n, char *out, size_t cap)
{
    return radix_encode(alphabet, bytes, n, out, cap);
}

bool base58_decode(const char *text, size_t len, void *out, size_t cap, size_t *n)
{
    return len < BASE58_TEXT_MAX && radix_decode(alphabet, text, len, out, cap, n);
}
