#include "core/budget.h"

#include <assert.h>
#include <inttypes.h>

/* bytes: one metadata piece and some queues; connections: RELIABILITY 15, "at most 8 unfinished
 * handshakes and 32 connections for an IP". */
static const uint64_t defaults[BUDGET_KINDS] = {
    [BUDGET_BYTES] = 4 << 20,
    [BUDGET_CONNS] = 32,
    [BUDGET_STREAMS] = 256,
    [BUDGET_JOBS] = 64,
};

static const char *const unit[BUDGET_KINDS] = {
    [BUDGET_BYTES] = "bytes",
    [BUDGET_CONNS] = "connections",
    [BUDGET_STREAMS] = "streams",
    [BUDGET_JOBS] = "queued jobs",
};

void budget_init(struct budget *b)
{
    for (int i = 0; i < BUDGET_KINDS; i++) {
        b->limit[i] = defaults[i];
        b->used[i] = 0;
    }
}

enum err budget_take(struct budget *b, enum budget_of kind, uint64_t n, const char *what,
                     struct why *why)
{
    uint64_t used = b->used[kind], limit = b->limit[kind];
    if (used > limit || n > limit - used) /* a limit may have been lowered below what is used */
        return why_set(why, ERR_LIMIT,
                       "no room for %s: this peer has %" PRIu64 " of %" PRIu64 " %s, and %" PRIu64
                       " more are asked for",
                       what, used, limit, unit[kind], n);
    b->used[kind] += n;
    return OK;
}

void budget_give(struct budget *b, enum budget_of kind, uint64_t n)
{
    assert(n <= b->used[kind]);
    b->used[kind] -= n;
}
