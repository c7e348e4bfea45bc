#include "files/peer/peer_priority.h"

#include <stdbool.h>
#include <string.h>

static uint32_t crc32c(const uint8_t *bytes, size_t n)
{
    uint32_t crc = 0xffffffff;
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? 0x82f63b78 : 0); /* Castagnoli's, reflected */
    }
    return ~crc;
}

/* "FF.FF.55.55 unless the IP addresses are both in the same /16.  In that case, the mask to be used
 * is FF.FF.FF.55.  If the IP addresses are in the same /24, the entire address is used." For IPv6
 * likewise with /48, /56 and the bytes behind. */
static void mask(const uint8_t *a, const uint8_t *b, size_t len, uint8_t out[16])
{
    size_t whole = len == 4 ? 2 : 6;
    while (whole < len && memcmp(a, b, whole) == 0)
        whole++;
    for (size_t i = 0; i < 16; i++)
        out[i] = i < whole ? 0xff : 0x55;
}

uint32_t peer_priority(const struct addr *ours, const struct addr *theirs)
{
    uint8_t m[16], a[16], b[16], both[32];
    size_t len = ours->family == ADDR_V4 ? 4 : 16;
    if (ours->family != theirs->family || ours->family == ADDR_NONE)
        return 0;
    if (memcmp(ours->ip, theirs->ip, len) == 0) {
        uint16_t low = ours->port < theirs->port ? ours->port : theirs->port;
        uint16_t high = ours->port < theirs->port ? theirs->port : ours->port;
        uint8_t ports[4] = {(uint8_t)(low >> 8), (uint8_t)low, (uint8_t)(high >> 8), (uint8_t)high};
        return crc32c(ports, sizeof ports);
    }
    mask(ours->ip, theirs->ip, len, m);
    for (size_t i = 0; i < len; i++) {
        a[i] = ours->ip[i] & m[i];
        b[i] = theirs->ip[i] & m[i];
    }
    /* Sorted by the masked addresses; of equals either is first. */
    bool ours_first = memcmp(a, b, len) <= 0;
    memcpy(both, ours_first ? a : b, len);
    memcpy(both + len, ours_first ? b : a, len);
    return crc32c(both, 2 * len);
}
