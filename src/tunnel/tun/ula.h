/* tunnel/tun/ula.h - the address of a peer in the private network.
 *
 * fdd8:5122:9da1::/48 (net/addr.h), and behind it the first 80 bits of the SHA-256 of "shoal
 * address 1" and the peer id: stable, given by nobody, and checked by whoever knows the id.  Two
 * peers that one owner trusts and that have one address are told apart by nobody, so the second is
 * refused; to find an id for a given address takes 2^80 tries. */
#ifndef SHOAL_TUNNEL_TUN_ULA_H
#define SHOAL_TUNNEL_TUN_ULA_H

#include "host/name/peer_id.h"
#include "net/addr.h"
#include "tunnel/tun/ip_msg.h"

/* Always the same. */
void ula_of_peer(const struct peer_id *peer, uint8_t out[IP_LEN]);
/* As text, without brackets.  Returns `text`. */
const char *ula_format(const uint8_t ula[IP_LEN], char text[ADDR_TEXT]);

#endif
