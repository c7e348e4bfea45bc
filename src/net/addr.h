/* net/addr.h - an IP address and a port, as a value.
 *
 * Comparable with addr_equal, usable as a map key by its bytes (addr_key).  IPv4 addresses mapped
 * into IPv6 (::ffff:1.2.3.4) are stored as IPv4.  No scope ids. */
#ifndef SHOAL_NET_ADDR_H
#define SHOAL_NET_ADDR_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum addr_family { ADDR_NONE, ADDR_V4, ADDR_V6 };

struct addr {
    uint8_t ip[16]; /* V4: the first 4, the rest zero */
    uint16_t port;
    uint8_t family; /* enum addr_family */
};

/* fdd8:5122:9da1::/48: a ULA prefix (RFC 4193) whose global id is the beginning of the SHA-256 of
 * "shoal private network 1", so that nobody else has it by chance. */
#define ADDR_OVERLAY_PREFIX ((const uint8_t[6]){0xfd, 0xd8, 0x51, 0x22, 0x9d, 0xa1})

enum { ADDR_TEXT = 56, ADDR_KEY = 19 };

/* a.b.c.d:port. */
struct addr addr_v4(uint8_t a, uint8_t b, uint8_t c, uint8_t d, uint16_t port);

/* From 4 or 16 bytes in network order; ADDR_NONE for another length. */
struct addr addr_of_bytes(const void *ip, size_t n, uint16_t port);

/* "1.2.3.4:80", "[2001:db8::1]:80".  ERR_INVALID for anything else, names included. */
MUST_CHECK enum err addr_parse(struct addr *out, const char *text, struct why *why);

/* "HOST:PORT" taken apart: a name or an address (brackets removed) and a port. */
MUST_CHECK enum err addr_split(const char *text, char *host, size_t cap, uint16_t *port,
                               struct why *why);

/* The form that addr_parse reads.  Returns `text`. */
const char *addr_format(const struct addr *a, char text[ADDR_TEXT]);
/* The IP alone, without brackets. */
const char *addr_format_ip(const struct addr *a, char text[ADDR_TEXT]);

/* Comparing: family, IP and port; family and IP. */
bool addr_equal(const struct addr *a, const struct addr *b);
bool addr_same_ip(const struct addr *a, const struct addr *b);
int addr_cmp(const struct addr *a, const struct addr *b); /* total order, for sorting */
void addr_key(const struct addr *a, uint8_t key[ADDR_KEY]);

/* What RFC 6890 says of it. */
bool addr_is_loopback(const struct addr *a);
bool addr_is_private(const struct addr *a); /* RFC 1918, 6598, 4193, link-local */
bool addr_is_any(const struct addr *a);     /* 0.0.0.0 or :: */
/* Of Shoal's private network (net/tun.h): what goes there goes through us already, so nothing of
 * the overlay may, and it is told to nobody. */
bool addr_is_overlay(const struct addr *a);
/* Can be dialled at all: a port, and not any, multicast, broadcast or reserved. */
bool addr_is_dialable(const struct addr *a);

/* To and from struct sockaddr_in/in6 in `storage` of at least 28 bytes; returns the length. */
struct sockaddr;
unsigned addr_to_sockaddr(const struct addr *a, void *storage);
struct addr addr_of_sockaddr(const struct sockaddr *sa);

#endif
