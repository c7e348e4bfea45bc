/* sim_window.c - how much a TCP end may send now. */
#include "sim/sim_flow.h"

#define SEGMENT_US (20 * MSEC) /* a segment takes no longer than this on the slower line */

size_t sim_window_segment(const struct sim_end *e)
{
    uint64_t rate = e->node->line.up_rate, down = e->peer->node->line.down_rate;
    if (rate == 0 || (down > 0 && down < rate))
        rate = down;
    uint64_t n = rate * SEGMENT_US / SEC;
    if (rate == 0 || n > SIM_SEGMENT_MAX)
        return SIM_SEGMENT_MAX;
    return n < SIM_PACKET ? SIM_PACKET : (size_t)n;
}

size_t sim_window_now(const struct sim_end *e, size_t max)
{
    size_t n = buf_len(&e->tx), all = n;
    size_t flight = (size_t)(e->sent - e->acked);
    size_t room = e->cwnd > flight ? e->cwnd - flight : 0;
    if (e->edge - e->sent < room)
        room = (size_t)(e->edge - e->sent);
    if (n > max)
        n = max;
    if (n > room)
        n = room;
    /* RFC 9293 section 3.8.6.2.1: no small segments while others are out. */
    return n < all && n < SIM_PACKET && flight > 0 ? 0 : n;
}

size_t sim_window_room(const struct sim_end *e)
{
    size_t held = buf_len(&e->tx) + (size_t)(e->sent - e->acked);
    return held < SIM_WINDOW ? SIM_WINDOW - held : 0;
}

void sim_window_acked(struct sim_end *e, size_t acked, size_t flight, bool hit)
{
    if (hit) {
        e->ssthresh = e->cwnd / 2 > 2 * SIM_PACKET ? e->cwnd / 2 : 2 * SIM_PACKET;
        e->cwnd = e->ssthresh;
        e->recover = e->sent;
        return;
    }
    if (flight + SIM_SEGMENT_MAX < e->cwnd) /* it was not the window that held us back */
        return;
    e->cwnd += e->cwnd < e->ssthresh ? acked : SIM_PACKET * acked / e->cwnd;
    if (e->cwnd > SIM_WINDOW)
        e->cwnd = SIM_WINDOW;
}
