/* files/peer/budgets.h - one struct budget for each address that has a connection.
 *
 * Connections from one address share it (core/budget.h).  The table is bounded by the number of
 * connections, which its owner bounds. */
#ifndef SHOAL_FILES_PEER_BUDGETS_H
#define SHOAL_FILES_PEER_BUDGETS_H

#include "core/budget.h"
#include "net/addr.h"

struct budgets;

/* seed: of the hash, loop_random_u64. */
struct budgets *budgets_new(uint64_t seed);
void budgets_free(struct budgets *b); /* nothing may be held any more */

/* The address's budget, with one connection taken from it.  NULL and why when it has too many. */
struct budget *budgets_enter(struct budgets *b, const struct addr *peer, struct why *why);
void budgets_leave(struct budgets *b, const struct addr *peer);

#endif
