#include "files/limit.h"

#include "net/loop.h"

enum { USEFUL = 16384 }; /* bytes worth waking up for */

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

size_t limit_may(struct limit *l, struct policy *p, enum policy_rate r, size_t want,
                 uint64_t now_us)
{
    size_t n = policy_may(p, r, want, now_us);
    if (!l->bucket)
        return n;
    if (l->credit < n)
        l->credit += bucket_take(l->bucket, n - l->credit, now_us);
    return n < l->credit ? n : l->credit;
}

void limit_spend(struct limit *l, struct policy *p, enum policy_rate r, size_t n, uint64_t now_us)
{
    policy_spend(p, r, n, now_us);
    l->credit -= n < l->credit ? n : l->credit;
}

uint64_t limit_wait_us(struct limit *l, struct policy *p, enum policy_rate r, size_t want,
                       uint64_t now_us)
{
    if (want > USEFUL)
        want = USEFUL;
    uint64_t wait = policy_wait_us(p, r, want, now_us);
    if (l->bucket && l->credit < want) {
        uint64_t own = bucket_wait_us(l->bucket, want - l->credit, now_us);
        wait = own > wait ? own : wait;
    }
    return wait > MSEC ? wait : MSEC;
}
