/* net/utp_cc.h - how much may be on its way, and how long to wait for an answer.  Pure.
 *
 * uTP is for what can wait.  It looks at how much later than at best its packets arrive: that is
 * the queue in front of the narrowest line, which everybody else on that line waits in too.  Below
 * UTP_TARGET_US of it the window grows, above it shrinks, so that a line is filled and a call or a
 * web page on it does not notice (LEDBAT: RFC 6817; BEP 29, "congestion control").  A loss halves
 * the window, as TCP does.
 *
 * The two clocks need not agree: a delay is compared only with the least of the last minutes, and
 * what one clock drifts the other direction shows (their base falls as ours rises).  Time is an
 * argument. */
#ifndef SHOAL_NET_UTP_CC_H
#define SHOAL_NET_UTP_CC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define UTP_TARGET_US UINT64_C(100000)  /* BEP 29: "the uTP target delay is set to 100 ms" */
#define UTP_RTO_MIN_US UINT64_C(500000) /* BEP 29, "timeouts" */
#define UTP_RTO_FIRST_US UINT64_C(1000000)
enum {
    UTP_GAIN = 3000,       /* bytes that the window grows in a round trip at most, past slow start;
                              libutp's MAX_CWND_INCREASE_BYTES_PER_RTT */
    UTP_BASE_MINUTES = 10, /* RFC 6817 section 3.4.2: BASE_HISTORY */
    UTP_DELAYS_NOW = 3,    /* of so many the least counts: CURRENT_FILTER, as libutp has it */
    UTP_DRIFT_MAX_US = 10000, /* a larger step is no drift */
    UTP_WINDOW_FIRST = 4,     /* packets */
    UTP_WINDOW_LEAST = 2,     /* packets; RFC 6817: MIN_CWND */
    UTP_WINDOW_MAX = 4 << 20, /* bytes */
};

/* One direction's delays: 32 bits that wrap, of clocks that have nothing to do with each other. */
struct utp_delays {
    uint32_t base[UTP_BASE_MINUTES];
    uint32_t now[UTP_DELAYS_NOW];
    size_t base_n, base_at, now_n, now_at;
    uint64_t minute_us; /* when base[base_at] began */
};

struct utp_cc {
    size_t packet;    /* bytes of a full one */
    size_t window;    /* bytes that may be on their way */
    size_t threshold; /* of slow start */
    bool slow_start;
    uint64_t rtt_us, rtt_var_us, rtt_last_us; /* rtt_us 0: not measured yet */
    uint64_t rto_us;
    uint64_t queue_us; /* of ours, as last told */
    struct utp_delays ours, theirs;
};

/* packet: bytes of a full one, for now. */
void utp_cc_init(struct utp_cc *cc, size_t packet);

/* What a packet says: how late ours came to them (0: it does not say), and how late it came to us.
 */
void utp_cc_delay(struct utp_cc *cc, uint32_t ours_us, uint32_t theirs_us, uint64_t now_us);

/* A packet that was sent once came back after so long. */
void utp_cc_rtt(struct utp_cc *cc, uint64_t rtt_us);

/* `bytes` of `flight` have arrived. */
void utp_cc_acked(struct utp_cc *cc, size_t bytes, size_t flight);

/* Something was lost; call it once for all that was on its way together. */
void utp_cc_lost(struct utp_cc *cc);

/* Nothing comes back: begin again with one packet. */
void utp_cc_timeout(struct utp_cc *cc);

#endif
