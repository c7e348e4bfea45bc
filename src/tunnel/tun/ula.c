#include "tunnel/tun/ula.h"

#include "base/buf.h"
#include "crypto/sha256.h"

#include <string.h>

void ula_of_peer(const struct peer_id *peer, uint8_t out[IP_LEN])
{
    uint8_t hash[SHA256_LEN];
    struct buf b = {0};
    buf_str(&b, "shoal address 1");
    buf_put(&b, peer->bytes, peer->len);
    sha256(buf_bytes(&b), buf_len(&b), hash);
    buf_done(&b);
    memcpy(out, ADDR_OVERLAY_PREFIX, 6);
    memcpy(out + 6, hash, IP_LEN - 6);
}

const char *ula_format(const uint8_t ula[IP_LEN], char text[ADDR_TEXT])
{
    struct addr a = addr_of_bytes(ula, IP_LEN, 0);
    return addr_format_ip(&a, text);
}
