/* tests/support/light_host.h - host/host.h without what a real host costs, for simulations of ten
 * thousand in one process.
 *
 * All of them are on one loop, which is their world: a stream is a pair of buffers and bytes are
 * there after the time that they need.  Each side knows who the other is, and whether it answers;
 * there is no TCP, Noise, Yamux or identify.  What host/kad asks of a host is here, and nothing
 * else: the linker takes this for host/host.c.
 *
 * As in the world, who is gone does not answer and nobody is told; an id that nobody has, with an
 * address where nobody is, looks the same.  A host knows LIGHT_KNOWN_MAX others, and forgets the
 * oldest that nobody tagged, as the real one does. */
#ifndef SHOAL_TESTS_LIGHT_HOST_H
#define SHOAL_TESTS_LIGHT_HOST_H

#include "host/host.h"

enum { LIGHT_KNOWN_MAX = 4096 };

struct light_net;
/* latency_us: one way, up to jitter_us more for each stream; of a million parcels lost_ppm come a
 * second late. */
struct light_net *light_net_new(struct loop *loop, uint64_t latency_us, uint64_t jitter_us,
                                unsigned lost_ppm);
void light_net_free(struct light_net *n); /* after its hosts; NULL: nothing */

/* As host_new(), of this name; nobody needs its key. */
struct host *light_host_new(struct light_net *n, const struct peer_id *id,
                            const struct multiaddr *at);
/* The machine goes without a word: what is freed of it from now on is not heard by others. */
void light_host_die(struct host *h);
/* Who is on an island hears others on it alone. */
void light_host_maroon(struct host *h, unsigned island);

uint64_t light_net_parcels(const struct light_net *n); /* delivered so far */
uint64_t light_net_hash(const struct light_net *n);    /* over their times, ways and lengths */

#endif
