#include "files/peer/limit.h"

#include "net/loop.h"

enum { USEFUL = 16384 }; /* bytes worth waking up for */
#define OTHERS_WAIT_US (20 * MSEC)

void limit_set(struct limit *l, uint64_t bytes_per_s, uint64_t now_us)
{
    bucket_free(l->bucket);
    uint64_t burst = bytes_per_s / 4 > USEFUL ? bytes_per_s / 4 : USEFUL;
    l->bucket = bytes_per_s ? bucket_new(bytes_per_s, burst, now_us) : NULL;
    l->credit = 0;
    l->rate = bytes_per_s;
}

void limit_done(struct limit *l)
{
    bucket_free(l->bucket);
    *l = (struct limit){0};
}

/* Bytes that are left in the node's bucket for those who come first. */
static uint64_t left_to_others(const struct limit *l, const struct policy *p, enum policy_rate r)
{
    static const uint64_t parts[] = {[LIMIT_LOW + 1] = 8, [LIMIT_NORMAL + 1] = 16};
    return l->weight == LIMIT_HIGH ? 0 : policy_rate_now(p, r) / parts[l->weight + 1];
}

static size_t of_node(const struct limit *l, struct policy *p, enum policy_rate r, size_t want,
                      uint64_t now_us)
{
    uint64_t others = left_to_others(l, p, r);
    size_t n = policy_may(p, r, want + others, now_us);
    return n > others ? n - others : 0;
}

size_t limit_may(struct limit *l, struct policy *p, enum policy_rate r, size_t want,
                 uint64_t now_us)
{
    size_t n = l->free_of_node ? want : of_node(l, p, r, want, now_us);
    if (l->group && l->group->bucket) {
        size_t have = bucket_have(l->group->bucket, now_us);
        n = have < n ? have : n;
    }
    if (!l->bucket)
        return n;
    if (l->credit < n)
        l->credit += bucket_take(l->bucket, n - l->credit, now_us);
    return n < l->credit ? n : l->credit;
}

void limit_spend(struct limit *l, struct policy *p, enum policy_rate r, size_t n, uint64_t now_us)
{
    if (!l->free_of_node)
        policy_spend(p, r, n, now_us);
    if (l->group && l->group->bucket)
        bucket_spend(l->group->bucket, n, now_us);
    l->credit -= n < l->credit ? n : l->credit;
}

static uint64_t longer(uint64_t a, uint64_t b)
{
    return a > b ? a : b;
}

uint64_t limit_wait_us(struct limit *l, struct policy *p, enum policy_rate r, size_t want,
                       uint64_t now_us)
{
    if (want > USEFUL)
        want = USEFUL;
    uint64_t wait = MSEC;
    if (!l->free_of_node) {
        wait = longer(wait, policy_wait_us(p, r, want, now_us));
        /* The bucket has some, but it is for others: policy cannot say how long. */
        if (of_node(l, p, r, want, now_us) == 0)
            wait = longer(wait, OTHERS_WAIT_US);
    }
    if (l->group && l->group->bucket)
        wait = longer(wait, bucket_wait_us(l->group->bucket, want, now_us));
    if (l->bucket && l->credit < want)
        wait = longer(wait, bucket_wait_us(l->bucket, want - l->credit, now_us));
    return wait;
}
