#include "crypto/wipe.h"

#include <sodium.h>

void wipe(void *bytes, size_t n)
{
    if (n > 0)
        sodium_memzero(bytes, n);
}
