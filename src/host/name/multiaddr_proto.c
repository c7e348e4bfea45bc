#include "host/name/multiaddr_proto.h"

#include "base/utf8.h"
#include "crypto/multibase.h"
#include "host/name/cid.h"

#include <string.h>

static const struct ma_proto protos[] = {
    {MA_IP4, "ip4", 4, MA_V4},
    {MA_TCP, "tcp", 2, MA_NUMBER},
    {MA_IP6, "ip6", 16, MA_V6},
    {MA_IP6ZONE, "ip6zone", MA_SIZED, MA_NAME},
    {MA_IPCIDR, "ipcidr", 1, MA_NUMBER},
    {MA_DNS, "dns", MA_SIZED, MA_NAME},
    {MA_DNS4, "dns4", MA_SIZED, MA_NAME},
    {MA_DNS6, "dns6", MA_SIZED, MA_NAME},
    {MA_DNSADDR, "dnsaddr", MA_SIZED, MA_NAME},
    {MA_UDP, "udp", 2, MA_NUMBER},
    {MA_WEBRTC_DIRECT, "webrtc-direct", 0, MA_NOTHING},
    {MA_WEBRTC, "webrtc", 0, MA_NOTHING},
    {MA_P2P_CIRCUIT, "p2p-circuit", 0, MA_NOTHING},
    {MA_UNIX, "unix", MA_SIZED, MA_PATH},
    {MA_P2P, "p2p", MA_SIZED, MA_PEER},
    {MA_TLS, "tls", 0, MA_NOTHING},
    {MA_SNI, "sni", MA_SIZED, MA_NAME},
    {MA_NOISE, "noise", 0, MA_NOTHING},
    {MA_QUIC, "quic", 0, MA_NOTHING},
    {MA_QUIC_V1, "quic-v1", 0, MA_NOTHING},
    {MA_WEBTRANSPORT, "webtransport", 0, MA_NOTHING},
    {MA_CERTHASH, "certhash", MA_SIZED, MA_HASH},
    {MA_WS, "ws", 0, MA_NOTHING},
    {MA_WSS, "wss", 0, MA_NOTHING},
    {MA_HTTP, "http", 0, MA_NOTHING},
    {MA_HTTP_PATH, "http-path", MA_SIZED, MA_ESCAPED},
    {MA_MEMORY, "memory", 8, MA_NUMBER},
};

enum { COUNT = sizeof protos / sizeof *protos };

const struct ma_proto *ma_proto_of_code(uint64_t code)
{
    for (size_t i = 0; i < COUNT; i++)
        if ((uint64_t)protos[i].code == code)
            return &protos[i];
    return NULL;
}

const struct ma_proto *ma_proto_of_name(const void *name, size_t n)
{
    if (n == 4 && memcmp(name, "ipfs", 4) == 0)
        return ma_proto_of_code(MA_P2P);
    for (size_t i = 0; i < COUNT; i++)
        if (strlen(protos[i].name) == n && memcmp(protos[i].name, name, n) == 0)
            return &protos[i];
    return NULL;
}

/* Text that can stand in an address, and on a terminal. */
static bool is_plain(struct cur v)
{
    size_t n = v.n;
    while (v.n > 0) {
        uint32_t code;
        size_t len = utf8_char(v.p, v.n, &code);
        if (len == 0 || !utf8_harmless(code))
            return false;
        cur_take(&v, len);
    }
    return n > 0;
}

static bool is_name(struct cur v)
{
    return is_plain(v) && v.n <= MA_NAME_MAX && !memchr(v.p, '/', v.n) && !memchr(v.p, ' ', v.n);
}

/* As go-multiaddr has it: from the root, of something, and not a folder. */
static bool is_path(struct cur v)
{
    return is_plain(v) && v.n >= 2 && v.p[0] == '/' && v.p[v.n - 1] != '/';
}

static bool is_hash(struct cur v)
{
    uint64_t code;
    size_t n = v.n;
    multihash_take(&v, &code, NULL);
    return cur_done(&v) && n <= MULTIBASE_BYTES_MAX;
}

enum err ma_proto_check(const struct ma_proto *p, struct cur value, struct why *why)
{
    struct peer_id id;
    bool good = false;
    switch (p->value) {
    case MA_NOTHING:
    case MA_V4:
    case MA_V6:
    case MA_NUMBER:
        good = value.n == p->size;
        break;
    case MA_NAME:
        good = is_name(value);
        break;
    case MA_PATH:
        good = is_path(value);
        break;
    case MA_PEER: {
        enum err code = peer_id_decode(&id, value, why);
        return code == OK ? OK : why_in(why, code, "/p2p");
    }
    case MA_HASH:
        good = is_hash(value);
        break;
    case MA_ESCAPED:
        good = value.n > 0;
        break;
    }
    return good ? OK
                : why_set(why, ERR_INVALID, "/%s: %zu bytes that are no value of it", p->name,
                          value.n);
}
