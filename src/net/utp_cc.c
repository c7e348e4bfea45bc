#include "net/utp_cc.h"

#include <string.h>

#define MINUTE_US UINT64_C(60000000)

/* The clock wraps every 71 minutes: what is less than half of that away is before or after. */
static bool before(uint32_t a, uint32_t b)
{
    return (int32_t)(a - b) < 0;
}

static uint32_t least(const uint32_t *v, size_t n)
{
    uint32_t min = v[0];
    for (size_t i = 1; i < n; i++)
        min = before(v[i], min) ? v[i] : min;
    return min;
}

static void delays_add(struct utp_delays *d, uint32_t delay_us, uint64_t now_us)
{
    d->now[d->now_at] = delay_us;
    d->now_at = (d->now_at + 1) % UTP_DELAYS_NOW;
    d->now_n += d->now_n < UTP_DELAYS_NOW;
    if (d->base_n > 0 && now_us - d->minute_us < MINUTE_US) {
        if (before(delay_us, d->base[d->base_at]))
            d->base[d->base_at] = delay_us;
        return;
    }
    d->base_at = d->base_n > 0 ? (d->base_at + 1) % UTP_BASE_MINUTES : 0;
    d->base_n += d->base_n < UTP_BASE_MINUTES;
    d->base[d->base_at] = delay_us;
    d->minute_us = now_us;
}

static uint64_t delays_queue(const struct utp_delays *d)
{
    uint32_t queue = least(d->now, d->now_n) - least(d->base, d->base_n);
    return queue < UINT32_MAX / 2 ? queue : 0;
}

void utp_cc_init(struct utp_cc *cc, size_t packet)
{
    *cc = (struct utp_cc){.packet = packet,
                          .window = UTP_WINDOW_FIRST * packet,
                          .threshold = UTP_WINDOW_MAX,
                          .slow_start = true,
                          .rto_us = UTP_RTO_FIRST_US};
}

/* Their base falls: their clock gains on ours, or ours loses, and our base rises by as much. */
static void follow_drift(struct utp_cc *cc, uint32_t theirs_us, uint64_t now_us)
{
    bool had = cc->theirs.base_n > 0;
    uint32_t was = had ? least(cc->theirs.base, cc->theirs.base_n) : 0;
    delays_add(&cc->theirs, theirs_us, now_us);
    uint32_t is = least(cc->theirs.base, cc->theirs.base_n);
    if (!had || !before(is, was) || was - is > UTP_DRIFT_MAX_US)
        return;
    for (size_t i = 0; i < cc->ours.base_n; i++)
        cc->ours.base[i] += was - is;
}

void utp_cc_delay(struct utp_cc *cc, uint32_t ours_us, uint32_t theirs_us, uint64_t now_us)
{
    follow_drift(cc, theirs_us, now_us);
    if (ours_us == 0)
        return;
    delays_add(&cc->ours, ours_us, now_us);
    cc->queue_us = delays_queue(&cc->ours);
}

/* BEP 29, "timeouts". */
void utp_cc_rtt(struct utp_cc *cc, uint64_t rtt_us)
{
    rtt_us = rtt_us > 0 ? rtt_us : 1;
    if (cc->rtt_us == 0) {
        cc->rtt_us = rtt_us;
        cc->rtt_var_us = rtt_us / 2; /* RFC 6298 section 2.2 */
    } else {
        uint64_t off = cc->rtt_us > rtt_us ? cc->rtt_us - rtt_us : rtt_us - cc->rtt_us;
        cc->rtt_var_us = (3 * cc->rtt_var_us + off) / 4;
        cc->rtt_us = (7 * cc->rtt_us + rtt_us) / 8;
    }
    cc->rtt_last_us = rtt_us;
    uint64_t rto_us = cc->rtt_us + 4 * cc->rtt_var_us;
    cc->rto_us = rto_us > UTP_RTO_MIN_US ? rto_us : UTP_RTO_MIN_US;
}

/* The window says nothing of the line while the owner has less to send than it allows. */
static bool is_used(const struct utp_cc *cc, size_t flight)
{
    size_t enough = cc->slow_start ? cc->window / 2 : cc->window - cc->window / 4;
    return flight + 2 * cc->packet >= enough;
}

static size_t within(const struct utp_cc *cc, int64_t window)
{
    int64_t low = (int64_t)(UTP_WINDOW_LEAST * cc->packet);
    if (window < low)
        window = low;
    return window < UTP_WINDOW_MAX ? (size_t)window : UTP_WINDOW_MAX;
}

void utp_cc_acked(struct utp_cc *cc, size_t bytes, size_t flight)
{
    /* What waits cannot wait longer than a round trip takes: a guard against lying clocks. */
    uint64_t queue_us = cc->queue_us;
    if (cc->rtt_us > 0 && cc->rtt_last_us < queue_us)
        queue_us = cc->rtt_last_us;
    if (cc->slow_start && (queue_us > UTP_TARGET_US * 9 / 10 || cc->window >= cc->threshold)) {
        cc->slow_start = false;
        cc->threshold = cc->window;
    }
    int64_t off_us = (int64_t)UTP_TARGET_US - (int64_t)queue_us;
    if (off_us > 0 && !is_used(cc, flight))
        return;
    if (cc->slow_start) {
        cc->window = within(cc, (int64_t)(cc->window + bytes));
        return;
    }
    if (off_us < -(int64_t)UTP_TARGET_US)
        off_us = -(int64_t)UTP_TARGET_US;
    int64_t share = (int64_t)(bytes < cc->window ? bytes : cc->window);
    int64_t gain = UTP_GAIN * off_us / (int64_t)UTP_TARGET_US * share / (int64_t)cc->window;
    cc->window = within(cc, (int64_t)cc->window + gain);
}

void utp_cc_lost(struct utp_cc *cc)
{
    cc->window = within(cc, (int64_t)(cc->window / 2));
    cc->threshold = cc->window;
    cc->slow_start = false;
}

void utp_cc_timeout(struct utp_cc *cc)
{
    cc->threshold = within(cc, (int64_t)(cc->window / 2));
    cc->window = cc->packet;
    cc->slow_start = true;
}
