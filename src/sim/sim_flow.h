/* sim/sim_flow.h - TCP as the kernel has it: two ends, and the segments between them.
 *
 * A flow outlives the conns on it: after conn_close the rest is still sent, as a kernel does.  It
 * is freed when both ends are over.  Data travels in segments of up to 16 KiB, each of them one
 * event per station (the other's line, the other's end, and back as an acknowledgement).  Lost ones
 * come again after a timeout; the ones behind them wait at the other end.  The window is
 * SIM_WINDOW; the sender keeps a congestion window in the manner of RFC 5681, with the timeouts
 * and the marks of sim_link.c as its signals. */
#ifndef SHOAL_SIM_SIM_FLOW_H
#define SHOAL_SIM_SIM_FLOW_H

#include "base/buf.h"
#include "net/conn.h"
#include "sim/sim_world.h"

enum {
    SIM_WINDOW = 256 * 1024,     /* bytes held at each end, each way */
    SIM_SEGMENT_MAX = 16 * 1024, /* bytes in one segment; less on slow lines */
};
#define SIM_SILENCE_US (60 * SEC) /* data unacknowledged so long: the conn has failed */

enum sim_end_state {
    END_NONE,     /* the SYN has not come yet */
    END_SYN_SENT, /* dialled */
    END_SYN_RCVD, /* answered; accepted when the other's answer comes (RFC 9293 section 3.5) */
    END_OPEN,
    END_DEAD, /* reset, failed or crashed: whatever comes is answered by a reset */
};

struct tcp; /* sim_tcp.c: the conn */

struct sim_end {
    struct sim_flow *flow;
    struct sim_end *peer;
    struct sim_node *node;
    struct link in_node; /* node->ends, while not dead */
    struct tcp *owner;   /* NULL: not accepted yet, or closed */
    struct addr at;
    enum sim_end_state state;
    bool shut, fin_sent; /* our last byte is queued; sent */
    bool fin_got;
    bool want_read, want_write; /* an event is owed */
    /* Sending.  Offsets count bytes of the stream, and the FIN as one. */
    struct buf tx; /* not sent yet */
    uint64_t sent, acked, edge;
    uint64_t recover; /* one loss or mark per window counts: those behind this */
    uint64_t heard_us;
    size_t cwnd, ssthresh;
    struct sim_event pump;
    /* Receiving. */
    struct link rx; /* chunks in order */
    size_t rx_len;
    uint64_t rx_next, told; /* the next byte; the edge that the other knows of */
    struct link late;       /* segments that came before their turn */
};

/* Send a SYN.  The end that comes back is owned by the flow, which tells `owner`. */
struct sim_end *sim_flow_dial(struct sim_node *from, struct sim_node *to, const struct addr *at,
                              const struct addr *peer_at, struct tcp *owner);

/* As conn.h's verbs. */
ssize_t sim_end_recv(struct sim_end *e, void *to, size_t n);
ssize_t sim_end_sendv(struct sim_end *e, const struct iovec *iov, int count);
void sim_end_shut(struct sim_end *e);

/* It is over at once, and the other side gets a reset; it is still to be closed. */
void sim_end_doom(struct sim_end *e);
/* The conn is gone; the end may live on. */
void sim_end_close(struct sim_end *e);

/* Provided by sim_window.c: how much goes into one segment; how much of `max` may go out at once
 * (0: wait for an acknowledgement); how much the owner may write.  And what an acknowledgement of
 * `acked` bytes does, when `flight` were out; hit: one of them was lost or marked, the first of its
 * window. */
size_t sim_window_segment(const struct sim_end *e);
size_t sim_window_now(const struct sim_end *e, size_t max);
size_t sim_window_room(const struct sim_end *e);
void sim_window_acked(struct sim_end *e, size_t acked, size_t flight, bool hit);

/* Provided by sim_tcp.c: is somebody listening; make the conn and hand it over; tell the owner
 * (CONN_CLOSED: and part from him). */
bool sim_tcp_listens(struct sim_node *node, const struct addr *at);
bool sim_tcp_accept(struct sim_end *e);
void sim_tcp_tell(struct sim_end *e, enum conn_event ev, const struct why *why);
void sim_tcp_part(struct sim_end *e);

#endif
