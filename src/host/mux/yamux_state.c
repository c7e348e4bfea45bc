#include "host/mux/yamux_state.h"

void yamux_window_init(struct yamux_window *w)
{
    *w = (struct yamux_window){.size = YAMUX_WINDOW, .left = YAMUX_WINDOW};
}

bool yamux_window_take(struct yamux_window *w, uint32_t n)
{
    if (n > w->left)
        return false;
    w->left -= n;
    return true;
}

/* Was `eaten` read so fast that the whole window would have gone within four round trips?  Who has
 * just begun sends twice as much in each as in the one before, and what is given now arrives there
 * one later: a window of two would hold him up at each doubling, and a congestion control that
 * finds its sender held up takes that for the line's speed. */
static bool was_fast(const struct yamux_window *w, uint64_t now_us, uint64_t rtt_us)
{
    const uint64_t rtt_max = 10 * SEC; /* who says more says nothing; the products stay small */
    uint64_t took = now_us - w->since_us;
    if (rtt_us == 0 || took > 4 * rtt_max)
        return false;
    return took * w->size <= 4 * (rtt_us < rtt_max ? rtt_us : rtt_max) * w->eaten;
}

uint32_t yamux_window_eat(struct yamux_window *w, uint32_t n, uint64_t now_us, uint64_t rtt_us,
                          uint32_t *spare)
{
    if (w->since_us == 0)
        w->since_us = now_us;
    w->eaten += n;
    if (w->eaten < w->size / 2)
        return 0;
    uint32_t growth = 0;
    if (was_fast(w, now_us, rtt_us)) {
        growth = w->size <= YAMUX_WINDOW_MAX / 2 ? w->size : YAMUX_WINDOW_MAX - w->size;
        growth = growth < *spare ? growth : *spare;
    }
    uint32_t credit = w->eaten + growth;
    w->size += growth;
    *spare -= growth;
    w->left += credit;
    w->eaten = 0;
    w->since_us = now_us;
    return credit;
}

uint32_t yamux_credit(uint32_t have, uint32_t more)
{
    return more > UINT32_MAX - have ? UINT32_MAX : have + more;
}

bool yamux_churn(struct yamux_churn *c, uint64_t now_us)
{
    uint64_t back = (now_us - c->at_us) / (SEC / YAMUX_CHURN_RATE);
    if (back > 0) {
        c->spent = back < c->spent ? c->spent - (uint32_t)back : 0;
        c->at_us = now_us;
    }
    if (c->spent >= YAMUX_CHURN_BURST)
        return false;
    c->spent++;
    return true;
}

uint32_t yamux_next_id(uint32_t last, bool client)
{
    if (last == 0)
        return client ? 1 : 2;
    return last > UINT32_MAX - 2 ? 0 : last + 2;
}
