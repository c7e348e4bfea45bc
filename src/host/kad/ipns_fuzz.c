#include "host/kad/ipns.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct ipns r;
    struct peer_id name = {.len = 2, .bytes = {0, 0}};
    struct cur c = cur_of(bytes, n);
    if (ipns_decode(&r, c, NULL) == OK && (ipns_later(c, c) || r.data.n > n || r.value.n > n))
        abort();
    if (ipns_check(&name, c, 0, NULL) == OK)
        abort(); /* nobody is called so */
    return 0;
}
