/* tunnel/peers.h - to whom something is offered: a short list of peers, and its text. */
#ifndef SHOAL_TUNNEL_PEERS_H
#define SHOAL_TUNNEL_PEERS_H

#include "base/buf.h"
#include "host/name/peer_id.h"

#include <stdbool.h>

enum { PEERS_MAX = 32 };
struct peers {
    struct peer_id ids[PEERS_MAX];
    size_t count;
};

/* Is it named?  Of an empty list: no. */
bool peers_have(const struct peers *p, const struct peer_id *id);
/* False: it is full. */
bool peers_add(struct peers *p, const struct peer_id *id);
/* "ID,ID", and back; what is no id is left out. */
void peers_put(const struct peers *p, struct buf *out);
void peers_read(struct peers *p, const char *text);

#endif
