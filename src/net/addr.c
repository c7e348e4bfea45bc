#include "net/addr.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

enum { HOST_MAX = 253 }; /* RFC 1035 section 2.3.4, as text */

static const uint8_t mapped_prefix[12] = {[10] = 0xff, [11] = 0xff}; /* RFC 4291 section 2.5.5.2 */

struct addr addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port)
{
    return (struct addr){.ip = {a, b, c, d}, .port = port, .family = ADDR_V4};
}

struct addr addr_of_bytes(const void *ip, size_t n, uint16_t port)
{
    struct addr a = {.family = ADDR_NONE};
    const uint8_t *bytes = ip;
    if (n == 16 && memcmp(bytes, mapped_prefix, sizeof mapped_prefix) == 0) {
        bytes += sizeof mapped_prefix;
        n = 4;
    }
    if (n != 4 && n != 16)
        return a;
    memcpy(a.ip, bytes, n);
    a.port = port;
    a.family = n == 4 ? ADDR_V4 : ADDR_V6;
    return a;
}

/* One to five digits, at most 65535; nothing that strtol() would let through besides. */
static bool parse_port(const char *text, uint16_t *port)
{
    unsigned v = 0;
    size_t n = 0;
    for (; text[n] >= '0' && text[n] <= '9' && n < 5; n++)
        v = v * 10 + (unsigned)(text[n] - '0');
    if (n == 0 || text[n] != '\0' || v > 65535)
        return false;
    *port = (uint16_t)v;
    return true;
}

static struct addr parse_ip(const char *host, uint16_t port)
{
    uint8_t ip[16];
    if (inet_pton(AF_INET, host, ip) == 1)
        return addr_of_bytes(ip, 4, port);
    if (inet_pton(AF_INET6, host, ip) == 1)
        return addr_of_bytes(ip, 16, port);
    return (struct addr){.family = ADDR_NONE};
}

static bool is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' ||
           c == '_' || c == '.';
}

static bool is_host(const char *host)
{
    for (const char *p = host; *p; p++)
        if (!is_host_char(*p))
            return false;
    return *host != '\0';
}

enum err addr_split(const char *text, char *host, size_t cap, uint16_t *port, struct why *why)
{
    bool bracketed = text[0] == '[';
    const char *start = text + bracketed;
    const char *end = strchr(start, bracketed ? ']' : ':');
    const char *colon = end && bracketed ? end + 1 : end;
    if (!colon || *colon != ':')
        return why_set(why, ERR_INVALID, "\"%.80s\" is not HOST:PORT", text);
    size_t n = (size_t)(end - start);
    if (n > HOST_MAX || n >= cap)
        return why_set(why, ERR_LIMIT, "a host name of %zu bytes, at most %d", n, HOST_MAX);
    memcpy(host, start, n);
    host[n] = '\0';
    if (bracketed ? parse_ip(host, 0).family == ADDR_NONE || !strchr(host, ':') : !is_host(host))
        return why_set(why, ERR_INVALID, "\"%.80s\" is no host name or address", host);
    if (!parse_port(colon + 1, port))
        return why_set(why, ERR_INVALID, "\"%.20s\" is no port (0 to 65535)", colon + 1);
    return OK;
}

enum err addr_parse(struct addr *out, const char *text, struct why *why)
{
    char host[HOST_MAX + 1];
    uint16_t port;
    *out = (struct addr){.family = ADDR_NONE};
    enum err e = addr_split(text, host, sizeof host, &port, why);
    if (e != OK)
        return e == ERR_LIMIT ? why_set(why, ERR_INVALID, "\"%.80s\" is no address", text) : e;
    *out = parse_ip(host, port);
    if (out->family == ADDR_NONE)
        return why_set(why, ERR_INVALID, "\"%.80s\" is no IP address", host);
    return OK;
}

const char *addr_format_ip(const struct addr *a, char text[ADDR_TEXT])
{
    switch ((enum addr_family)a->family) {
    case ADDR_V4:
        inet_ntop(AF_INET, a->ip, text, ADDR_TEXT);
        return text;
    case ADDR_V6:
        inet_ntop(AF_INET6, a->ip, text, ADDR_TEXT);
        return text;
    case ADDR_NONE:
        break;
    }
    snprintf(text, ADDR_TEXT, "none");
    return text;
}

const char *addr_format(const struct addr *a, char text[ADDR_TEXT])
{
    char ip[ADDR_TEXT];
    addr_format_ip(a, ip);
    if (a->family == ADDR_NONE)
        snprintf(text, ADDR_TEXT, "none");
    else
        snprintf(text, ADDR_TEXT, a->family == ADDR_V6 ? "[%.45s]:%u" : "%.45s:%u", ip, a->port);
    return text;
}

bool addr_same_ip(const struct addr *a, const struct addr *b)
{
    return a->family == b->family && memcmp(a->ip, b->ip, sizeof a->ip) == 0;
}

bool addr_equal(const struct addr *a, const struct addr *b)
{
    return addr_same_ip(a, b) && a->port == b->port;
}

int addr_cmp(const struct addr *a, const struct addr *b)
{
    uint8_t ka[ADDR_KEY], kb[ADDR_KEY];
    addr_key(a, ka);
    addr_key(b, kb);
    return memcmp(ka, kb, ADDR_KEY);
}

void addr_key(const struct addr *a, uint8_t key[ADDR_KEY])
{
    key[0] = a->family;
    memcpy(key + 1, a->ip, sizeof a->ip);
    key[17] = (uint8_t)(a->port >> 8);
    key[18] = (uint8_t)a->port;
}

/* Is the address within prefix/bits? */
static bool within(const struct addr *a, enum addr_family family, const uint8_t *prefix,
                   unsigned bits)
{
    if (a->family != family || memcmp(a->ip, prefix, bits / 8) != 0)
        return false;
    unsigned rest = bits % 8;
    return rest == 0 || (a->ip[bits / 8] ^ prefix[bits / 8]) >> (8 - rest) == 0;
}

#define WITHIN_V4(a, bits, ...) within(a, ADDR_V4, (const uint8_t[4]){__VA_ARGS__}, bits)
#define WITHIN_V6(a, bits, ...) within(a, ADDR_V6, (const uint8_t[16]){__VA_ARGS__}, bits)

bool addr_is_loopback(const struct addr *a)
{
    return WITHIN_V4(a, 8, 127) || WITHIN_V6(a, 128, [15] = 1);
}

bool addr_is_private(const struct addr *a)
{
    return WITHIN_V4(a, 8, 10) || WITHIN_V4(a, 12, 172, 16) || WITHIN_V4(a, 16, 192, 168) ||
           WITHIN_V4(a, 10, 100, 64) || WITHIN_V4(a, 16, 169, 254) || WITHIN_V6(a, 7, 0xfc) ||
           WITHIN_V6(a, 10, 0xfe, 0x80);
}

bool addr_is_any(const struct addr *a)
{
    static const uint8_t zeros[16];
    return a->family != ADDR_NONE && memcmp(a->ip, zeros, sizeof zeros) == 0;
}

bool addr_is_overlay(const struct addr *a)
{
    return a->family == ADDR_V6 && memcmp(a->ip, ADDR_OVERLAY_PREFIX, 6) == 0;
}

/* The networks set aside for documentation and benchmarks may be dialled: a laboratory uses them as
 * its internet, and elsewhere nobody answers there. */
bool addr_is_dialable(const struct addr *a)
{
    if (a->family == ADDR_NONE || a->port == 0 || addr_is_any(a))
        return false;
    bool this_network = WITHIN_V4(a, 8, 0);
    bool multicast = WITHIN_V4(a, 4, 224) || WITHIN_V6(a, 8, 0xff);
    bool reserved = WITHIN_V4(a, 4, 240); /* with the broadcast address */
    bool discard = WITHIN_V6(a, 64, 1);   /* 100::/64, RFC 6666 */
    return !this_network && !multicast && !reserved && !discard && !addr_is_overlay(a);
}

unsigned addr_to_sockaddr(const struct addr *a, void *storage)
{
    if (a->family == ADDR_V6) {
        struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(a->port)};
        memcpy(&in6.sin6_addr, a->ip, 16);
        memcpy(storage, &in6, sizeof in6);
        return sizeof in6;
    }
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(a->port)};
    memcpy(&in.sin_addr, a->ip, 4);
    memcpy(storage, &in, sizeof in);
    return sizeof in;
}

struct addr addr_of_sockaddr(const struct sockaddr *sa)
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;
        memcpy(&in, sa, sizeof in);
        return addr_of_bytes(&in.sin_addr, 4, ntohs(in.sin_port));
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;
        memcpy(&in6, sa, sizeof in6);
        return addr_of_bytes(&in6.sin6_addr, 16, ntohs(in6.sin6_port));
    }
    return (struct addr){.family = ADDR_NONE};
}
