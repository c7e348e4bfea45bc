/* host/mux/yamux_state.h - Yamux's arithmetic: windows, their growth, and how many resets are too
 * many.  Pure: time is an argument, and nothing that a peer sends can make a sum wrap. */
#ifndef SHOAL_HOST_MUX_YAMUX_STATE_H
#define SHOAL_HOST_MUX_YAMUX_STATE_H

#include "host/mux/yamux.h"

/* What we let the other side send on a stream: `left` + held for the owner + `eaten` = `size`. */
struct yamux_window {
    uint32_t size;
    uint32_t left;     /* may still come; counts DATA bytes only, as the specification says */
    uint32_t eaten;    /* read by the owner and not yet given back as credit */
    uint64_t since_us; /* since when `eaten` is counted; 0: nothing was eaten yet */
};

/* A new stream's: YAMUX_WINDOW. */
void yamux_window_init(struct yamux_window *w);

/* n bytes come; false: more than was allowed, and nothing is changed. */
MUST_CHECK bool yamux_window_take(struct yamux_window *w, uint32_t n);

/* The owner has read n of them.  Returns the credit to be sent now, 0 while it is less than half a
 * window.  The window doubles on the way where it was filled within four round trips (rtt_us 0: not
 * known, no growth), by at most *spare, which is reduced by what it took. */
uint32_t yamux_window_eat(struct yamux_window *w, uint32_t n, uint64_t now_us, uint64_t rtt_us,
                          uint32_t *spare);

/* What we may send: credit comes, as much as it likes; the sum stays at the top. */
uint32_t yamux_credit(uint32_t have, uint32_t more);

/* Streams that were opened only to be reset, by the other side or for being too many: CHURN_BURST
 * at once, then CHURN_RATE each second (the "rapid reset" of HTTP/2, CVE-2023-44487). */
enum { YAMUX_CHURN_BURST = 2048, YAMUX_CHURN_RATE = 256 };
struct yamux_churn {
    uint32_t spent;
    uint64_t at_us;
};
/* One more; false: too many. */
MUST_CHECK bool yamux_churn(struct yamux_churn *c, uint64_t now_us);

/* The id after this one, 0: there is none.  0 begins: 1 for a client, 2 for a server. */
uint32_t yamux_next_id(uint32_t last, bool client);

#endif
