/* net/utp_in.h - the inside of uTP, for its sources:
 *     utp.c       whose packet is it: the table of connections, SYNs, RESETs, limits
 *     utp_conn.c  one connection: the conn's verbs, what a packet does, time-outs
 *     utp_send.c  one connection: what goes out now
 * and the pure parts utp_msg, utp_cc, utp_flight, utp_inbox.  Nobody else includes this. */
#ifndef SHOAL_NET_UTP_IN_H
#define SHOAL_NET_UTP_IN_H

#include "base/list.h"
#include "base/map.h"
#include "net/bucket.h"
#include "net/utp.h"
#include "net/utp_cc.h"
#include "net/utp_flight.h"
#include "net/utp_inbox.h"

enum {
    UTP_MTU_FIRST = 1200,   /* bytes of a datagram that pass everywhere; RFC 9000 section 14 */
    UTP_MTU_V4 = UTP_BLOCK, /* the most that is tried */
    UTP_MTU_V6 = UTP_BLOCK - 20,
    UTP_MTU_NEAR = 16,   /* the search ends this close */
    UTP_MTU_PACKETS = 8, /* a probe goes only among so many: its loss is then told by them */
};

enum utp_stage { UTP_DIALING, UTP_OPEN, UTP_OVER };

struct utp {
    struct utp_env env;
    accept_cb *accept; /* NULL: nobody is let in */
    void *accept_arg;
    struct map *conns; /* by address and our id */
    struct link all;   /* in the order in which they were made */
    struct link dirty; /* something is to be told or sent */
    struct link dead;  /* freed once nobody looks at them */
    struct link knocks;
    size_t knock_n;
    struct bucket *resets;
    struct utp_pool pool;
    struct utp_conn *last; /* that a packet was for */
    struct timer *soon;
    unsigned depth; /* calls from outside */
};

struct utp_conn {
    struct conn conn; /* first */
    struct utp *u;
    struct link link, in_dirty;
    uint16_t recv_id, send_id;
    enum utp_stage stage;
    bool owned;                 /* the owner has not closed it */
    bool want_read, want_write; /* an event is owed */
    bool tell_open;
    bool shut, fin_put; /* no more from the owner; the FIN has its number */
    bool ack_owed;
    bool probed;             /* a last packet was sent again, and nothing has come since */
    bool refused;            /* the system took nothing: come back soon */
    bool mtu_out, mtu_found; /* a probe is under way; the search is over */
    struct why *why;         /* it failed: told, or to be told */

    struct utp_cc cc;
    struct utp_flight out;
    struct utp_inbox in;
    uint16_t recover;      /* one loss in what is before this counts */
    uint32_t their_window; /* bytes */
    uint32_t told_window;
    uint32_t delay_us;        /* of their last packet, for our next */
    size_t mtu_low, mtu_high; /* passes; does not */
    unsigned same_acks;
    uint64_t sent_n, again_n;

    uint64_t began_us, within_us;
    uint64_t heard_us, spoke_us;
    uint64_t progress_us; /* since when nothing new was acknowledged */
    uint64_t wait_us;     /* since when the time-out runs */
    uint64_t goodbye_us;  /* when the owner closed it */
    unsigned timeouts;
    struct timer *timer;
    uint64_t timer_us;
};

/* utp.c */
void utp_key(const struct addr *a, uint16_t id, uint8_t key[ADDR_KEY + 2]);
void utp_enter(struct utp *u);
void utp_leave(struct utp *u);
void utp_touch(struct utp_conn *c);  /* it is to be looked at in this turn */
void utp_forget(struct utp_conn *c); /* out of the table; freed when nobody looks */
void utp_send_state(struct utp *u, const struct addr *to, const struct utp_packet *p);

/* utp_conn.c */
struct utp_conn *utp_conn_new(struct utp *u, const struct addr *peer, uint16_t recv_id,
                              uint16_t send_id, uint16_t seq);
void utp_conn_free(struct utp_conn *c);
void utp_conn_packet(struct utp_conn *c, const struct utp_packet *p);
void utp_conn_step(struct utp_conn *c); /* tell and send what is owed; it may be gone then */
void utp_conn_fail(struct utp_conn *c, enum err code, const char *text);
size_t utp_conn_room(const struct utp_conn *c); /* for what comes */

/* utp_send.c */
void utp_send_syn(struct utp_conn *c);
void utp_send_reset(struct utp_conn *c);
void utp_send_out(struct utp_conn *c);  /* data that may go, and the acknowledgement */
void utp_send_last(struct utp_conn *c); /* the last packet on its way, again */
void utp_send_ack(struct utp_conn *c);

#endif
