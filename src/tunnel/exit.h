/* tunnel/exit.h - connections to the world, from here, for a peer; for src/tunnel's own files.
 *
 * Off until the owner switches it on, for peers by name or those he trusts, until a day.  What may
 * be reached is exit_policy.h's; how much, by whom and what is written down is here. */
#ifndef SHOAL_TUNNEL_EXIT_H
#define SHOAL_TUNNEL_EXIT_H

#include "base/err.h"

struct visit;
struct pipe_cfg;
struct exit_user;

/* The steps of a visit; those for services do nothing. */
void exit_ask(struct visit *v);
MUST_CHECK enum err exit_reached(struct visit *v, struct why *why); /* no address of our own? */
void exit_limits(struct visit *v, struct pipe_cfg *cfg);
void exit_over(struct visit *v, const struct why *why); /* to the log, once */
void exit_left(struct visit *v);

#endif
