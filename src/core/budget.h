/* core/budget.h - how much the node holds for one peer, whatever protocol asks.
 *
 * One budget per remote peer (connections from one address share it); every protocol draws from it
 * before it keeps bytes, streams or work for that peer, and gives back when it lets go.  When it is
 * spent, the answer is ERR_LIMIT and a sentence, and the protocol drops or slows that peer; nobody
 * else feels it. */
#ifndef SHOAL_CORE_BUDGET_H
#define SHOAL_CORE_BUDGET_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum budget_of { BUDGET_BYTES, BUDGET_CONNS, BUDGET_STREAMS, BUDGET_JOBS, BUDGET_KINDS };

struct budget {
    uint64_t limit[BUDGET_KINDS];
    uint64_t used[BUDGET_KINDS];
};

/* Defaults: 4 MiB, 32 connections (RELIABILITY 15), 256 streams, 64 queued jobs. */
void budget_init(struct budget *b);

/* what: for the sentence ("a metadata piece"). */
MUST_CHECK enum err budget_take(struct budget *b, enum budget_of kind, uint64_t n, const char *what,
                                struct why *why);
void budget_give(struct budget *b, enum budget_of kind, uint64_t n); /* at most what was taken */

#endif
