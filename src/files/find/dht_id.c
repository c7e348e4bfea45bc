#include "files/find/dht_id.h"

#include <string.h>

enum { SECURE_BITS = 21, V4_LEN = 4, V6_HALF = 8, V6_SITE = 6, V4_NET = 3 };

struct dht_id dht_id_read(struct cur *c)
{
    struct dht_id id = {{0}};
    struct cur bytes = cur_take(c, DHT_ID_LEN);
    if (bytes.n == DHT_ID_LEN)
        memcpy(id.b, bytes.p, DHT_ID_LEN);
    return id;
}

bool dht_id_equal(const struct dht_id *a, const struct dht_id *b)
{
    return memcmp(a->b, b->b, DHT_ID_LEN) == 0;
}

int dht_id_nearer(const struct dht_id *target, const struct dht_id *a, const struct dht_id *b)
{
    for (size_t i = 0; i < DHT_ID_LEN; i++) {
        int to_a = a->b[i] ^ target->b[i], to_b = b->b[i] ^ target->b[i];
        if (to_a != to_b)
            return to_a - to_b;
    }
    return 0;
}

unsigned dht_id_common(const struct dht_id *a, const struct dht_id *b)
{
    for (unsigned i = 0; i < DHT_ID_BITS; i++)
        if ((a->b[i / 8] ^ b->b[i / 8]) & (0x80u >> i % 8))
            return i;
    return DHT_ID_BITS;
}

static void set_bit(struct dht_id *id, unsigned i, bool on)
{
    uint8_t bit = (uint8_t)(0x80u >> i % 8);
    id->b[i / 8] = (uint8_t)(on ? id->b[i / 8] | bit : id->b[i / 8] & ~bit);
}

static bool get_bit(const struct dht_id *id, unsigned i)
{
    return id->b[i / 8] & (0x80u >> i % 8);
}

struct dht_id dht_id_in_bucket(const struct dht_id *of, unsigned bits, const struct dht_id *chance)
{
    struct dht_id id = *chance;
    for (unsigned i = 0; i < bits && i < DHT_ID_BITS; i++)
        set_bit(&id, i, get_bit(of, i));
    if (bits < DHT_ID_BITS)
        set_bit(&id, bits, !get_bit(of, bits));
    return id;
}

/* CRC-32C, Castagnoli (RFC 3720, appendix B.4), over at most eight bytes: no table is worth it. */
static uint32_t crc32c(const uint8_t *bytes, size_t n)
{
    uint32_t crc = ~UINT32_C(0);
    for (size_t i = 0; i < n; i++) {
        crc ^= bytes[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ (crc & 1 ? UINT32_C(0x82f63b78) : 0);
    }
    return ~crc;
}

/* BEP 42, "node ID restriction": the checksum whose first 21 bits begin the id. */
static uint32_t prefix_of(const struct addr *ip, uint8_t r)
{
    static const uint8_t mask4[V4_LEN] = {0x03, 0x0f, 0x3f, 0xff};
    static const uint8_t mask6[V6_HALF] = {0x01, 0x03, 0x07, 0x0f, 0x1f, 0x3f, 0x7f, 0xff};
    uint8_t bytes[V6_HALF];
    bool v6 = ip->family == ADDR_V6;
    size_t n = v6 ? sizeof mask6 : sizeof mask4;
    for (size_t i = 0; i < n; i++)
        bytes[i] = ip->ip[i] & (v6 ? mask6[i] : mask4[i]);
    bytes[0] |= (uint8_t)((r & 7) << 5);
    return crc32c(bytes, n);
}

bool dht_id_exempt(const struct addr *ip)
{
    return addr_is_private(ip) || addr_is_loopback(ip);
}

bool dht_id_is_secure(const struct dht_id *id, const struct addr *ip)
{
    if (dht_id_exempt(ip))
        return true;
    struct cur c = cur_of(id->b, DHT_ID_LEN);
    uint32_t head = cur_be32(&c);
    return (head ^ prefix_of(ip, id->b[DHT_ID_LEN - 1])) >> (32 - SECURE_BITS) == 0;
}

struct dht_id dht_id_for(const struct addr *ip, const struct dht_id *chance)
{
    struct dht_id id = *chance;
    uint32_t crc = prefix_of(ip, chance->b[DHT_ID_LEN - 1]);
    for (unsigned i = 0; i < SECURE_BITS; i++)
        set_bit(&id, i, crc >> (31 - i) & 1);
    return id;
}

void dht_id_stranger(const struct addr *a, uint8_t key[DHT_STRANGER_LEN])
{
    memset(key, 0, DHT_STRANGER_LEN);
    if (dht_id_exempt(a)) {
        addr_key(a, key);
        return;
    }
    key[0] = a->family;
    memcpy(key + 1, a->ip, a->family == ADDR_V6 ? V6_HALF : V4_LEN);
}

bool dht_id_same_net(const struct addr *a, const struct addr *b)
{
    if (a->family != b->family || dht_id_exempt(a) || dht_id_exempt(b))
        return false;
    return memcmp(a->ip, b->ip, a->family == ADDR_V6 ? V6_SITE : V4_NET) == 0;
}
