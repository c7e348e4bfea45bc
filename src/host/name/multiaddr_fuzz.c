/* Bytes that are an address are it again when written as text, and text that is one likewise; a
 * route is of what it came from; nothing that was refused leaves an address behind. */
#include "host/name/multiaddr.h"

#include <stdlib.h>
#include <string.h>

enum { INPUT_MAX = 1500 };

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void must(bool so)
{
    if (!so)
        abort();
}

static void has_parts(const struct multiaddr *a)
{
    struct cur at = cur_of(a->bytes, a->len);
    struct multiaddr_part part;
    struct multiaddr again = {0};
    while (multiaddr_next(&at, &part))
        must(multiaddr_add(&again, part.code, part.value) == OK);
    must(cur_done(&at) && multiaddr_equal(a, &again));
}

static void survives(const struct multiaddr *a)
{
    struct multiaddr back = {0}, shorter = *a;
    struct multiaddr_route r;
    char text[MULTIADDR_TEXT];
    must(multiaddr_parse(&back, multiaddr_format(a, text), NULL) == OK);
    must(multiaddr_equal(a, &back));
    must(multiaddr_decode(&back, cur_of(a->bytes, a->len), NULL) == OK);
    has_parts(a);
    multiaddr_drop_peer(&shorter);
    must(shorter.len <= a->len);
    if (multiaddr_route(a, &r, NULL) == OK)
        must(r.named ? r.host[0] && r.addr.family == ADDR_NONE
                     : r.relayed || r.addr.family != ADDR_NONE);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct multiaddr a;
    char text[INPUT_MAX + 1] = {0};
    if (n > INPUT_MAX)
        return 0;
    if (n > 0)
        memcpy(text, bytes, n);
    if (multiaddr_decode(&a, cur_of(bytes, n), NULL) == OK) {
        must(a.len == n && memcmp(a.bytes, bytes, n) == 0);
        survives(&a);
    } else {
        must(a.len == 0);
    }
    if (multiaddr_parse(&a, text, NULL) == OK)
        survives(&a);
    else
        must(a.len == 0);
    return 0;
}
