/* host/host_in.h - the inside of the host; for src/host's own files alone. */
#ifndef SHOAL_HOST_HOST_IN_H
#define SHOAL_HOST_HOST_IN_H

#include "host/backoff.h"
#include "host/black_hole.h"
#include "host/host.h"
#include "host/mux/mux.h"
#include "host/secure/secure.h"
#include "host/words.h"

struct map;
struct multistream;
struct messages;
struct tls;

enum {
    KNOWN_MAX = 4096, /* peers without a connection that are remembered; the oldest are forgotten */
    TAGS_MAX = 8,     /* of one peer */
    EARS_MAX = 16,    /* addresses that we listen on */
    RECORD_KEPT_MAX = 1 << 10, /* bytes of a signed record of a peer that is connected */
    DIALS_MAX = 64,            /* attempts at once, in all */
    SEARCHES_MAX = 8,          /* of the finder at once */
};

/* --- whom we know --------------------------------------------------------------------------- */

enum { HOLE_TCP, HOLE_QUIC, HOLES };
struct peer {
    struct link
        link; /* in host.idle, oldest first, where it has no connection; else in host.busy */
    struct peer_id id;
    struct link conns;      /* struct connection, newest first */
    struct purse *purse;    /* NULL: it never had one */
    struct buf addrs;       /* each behind two bytes of length; HOST_ADDRS_MAX */
    const char *agent;      /* kept in host.words; NULL: not said */
    const char **protocols; /* likewise */
    size_t protocol_count;
    bool identified;
    struct buf record; /* its signed peer record, while it is connected; RECORD_KEPT_MAX */
    struct hole {
        struct addr at;    /* of no family: none was punched */
        uint64_t ended_us; /* when a connection through it did */
    } holes[HOLES];        /* to it: over TCP, over QUIC */
    struct {
        const char *name;
        unsigned weight;
    } tags[TAGS_MAX];
};

/* For so long at least a router lets in what answers a connection that was cut. */
#define HOLE_US (100 * SEC)
/* Whether it may still be open. */
bool hole_is_open(const struct hole *o, uint64_t now_us);

/* Kinds of ways into the world that a network may swallow. */
enum way_out { WAY_QUIC, WAY_V6, WAYS_OUT };

/* --- a connection, and what is being agreed on over it --------------------------------------- */

/* How a connection was made. */
enum path { PATH_DIRECT, PATH_PUNCHED, PATH_RELAYED };
struct way {
    enum path path;
    enum reach reach; /* REACH_TCP: or through a relay */
    bool inbound, limited;
};

struct connection {
    struct link link; /* in peer.conns */
    struct host *host;
    struct peer *peer;
    struct mux *mux;
    struct way way;
    uint64_t opened_us;
    struct timer *waits;       /* something was asked for over it; tended until then */
    struct link uses;          /* struct use: its streams */
    struct link talks;         /* struct talk: streams whose protocol is not known yet */
    struct messages *identify; /* being read; NULL: not now */
    struct buf said;           /* its parts so far */
    unsigned parts;
};

/* One that was accepted, until it is a connection. */
struct guest {
    struct link link; /* in host.guests */
    struct host *host;
    struct upgrade *upgrade;
    struct addr from; /* of no family: through a relay */
    struct way way;
};

struct ear {
    struct listener *listener; /* one of the two */
    struct quic *quic;
    struct addr at;        /* with the real port */
    struct multiaddr addr; /* likewise */
    enum reach reach;
};

/* Where the ears are reached (find/own.h). */
struct own {
    size_t count;
    struct multiaddr addrs[HOST_ADDRS_MAX];
};

/* Whoever makes relayed connections direct (reach/dcutr.h) sees what comes. */
struct connection;
struct host_punches {
    void (*met)(void *arg, struct connection *c); /* one is made; c->way may be changed */
    bool (*came)(void *arg, struct conn *c);      /* by TCP; true: it is taken */
};

/* Addresses besides those that we listen on that others are told: those that the owner named,
 * where strangers have dialled us, at relays, and as peers see us. */
enum told { TOLD_ANNOUNCED, TOLD_REACHED, TOLD_RELAYED, TOLD_OBSERVED, TOLD_KINDS };
enum { TOLD_MAX = 6, HIDDEN_MAX = 12 };

struct host {
    struct host_cfg cfg;
    struct kad *table;     /* NULL: none */
    struct gossip *topics; /* likewise */
    struct loop *loop;
    const struct log *log;
    struct secure_self *self;
    struct quic_self *quic_self; /* NULL: not needed yet */
    struct quic *quic_out[2];    /* to IPv4 and IPv6, where no ear will do */
    struct tls *web_trust;       /* for /wss; NULL: not needed yet */
    struct peer_id id;
    struct words *words;
    struct map *peers;    /* by id */
    struct purse *common; /* of their purses */
    struct link idle, busy;
    size_t idle_count, conn_count;
    struct ear ears[EARS_MAX];
    size_t ear_count;
    uint32_t interface;           /* loop_interface() when they were opened */
    struct timer *interface_look; /* whether it is still there */
    struct own own;
    struct timer *look; /* at the interfaces, again */
    struct host_protocol protocols[HOST_PROTOCOLS_MAX];
    size_t protocol_count;
    struct {
        size_t count;
        struct multiaddr addrs[TOLD_MAX];
    } told[TOLD_KINDS];
    struct {
        size_t count;
        struct multiaddr addrs[HIDDEN_MAX];
    } hidden; /* nobody is told of these */
    /* A peer says as whom it sees us; NULL: nobody cares. */
    void (*seen)(void *arg, const struct connection *c, const struct multiaddr *at);
    void *seen_arg;
    const struct host_punches *punches; /* NULL: nobody */
    void *punches_arg;
    struct link guests;
    size_t guest_count;
    struct link watches, opens, dials, efforts;
    size_t attempt_count;
    struct black_hole holes[WAYS_OUT];
    struct backoff *backoff;
    struct host_finder finder; /* start NULL: none */
    size_t search_count;
    struct timer *trim, *push;
    struct timer *doubt; /* all connections are tended until then */
};

/* host_peers.c: the book. */
struct peer *peer_find(const struct host *h, const struct peer_id *id);
struct peer *peer_get(struct host *h, const struct peer_id *id); /* made where there is none */
void peer_learn(struct peer *p, const struct multiaddr *a);      /* without /p2p; newest last */
/* Those that are known; returns how many, at most cap. */
size_t peer_addrs(const struct peer *p, struct multiaddr *out, size_t cap);
void peer_forget_said(struct host *h, struct peer *p); /* agent and protocols */
void peer_moved(struct host *h, struct peer *p);       /* a connection came or went */
unsigned peer_weight(const struct peer *p);
void peer_tend(const struct peer *p); /* a connection came, or a tag did */
/* A connection is silent that should not be, and where a router got another address all of them
 * are: those that are dead are noticed together, soon. */
void host_doubt(struct host *h);
void peers_done(struct host *h);

/* use.c: streams are counted, until their owner closes them. */
struct use;
/* NULL: one that the peer opened is one too many. */
struct use *use_begin(struct connection *c, struct conn *stream, bool inbound);
/* What it speaks is known.  False: this peer has enough of this protocol. */
bool use_agree(struct use *u, const char *protocol);
void uses_end(struct connection *c); /* the connection is over; owners close their streams later */

/* connection.c */
/* Takes `secured`.  False: too many of this peer, or it is ourselves or blocked; closed. */
bool connection_new(struct host *h, struct conn *secured, const char *muxer, const struct way *way);
/* Takes `m`, whose other end is `peer`. */
bool connection_new_muxed(struct host *h, struct mux *m, const struct peer_id *peer,
                          const struct way *way);
/* As host_open_cb, once; returns what may be cancelled. */
struct talk;
struct talk *connection_open(struct connection *c, const char *const *names, size_t n,
                             host_open_cb *cb, void *arg);
void talk_cancel(struct talk *t); /* the stream is reset; NULL: nothing */
void connection_close(struct connection *c, const struct why *why);
/* Which of a peer's is best for a new stream, direct ones first; NULL: none that may carry it. */
struct connection *connection_best(const struct peer *p, bool limited_too);

/* host_open.c */
void open_connected(struct host *h, const struct peer *p); /* who waits for such a one may go on */
void open_done(struct host *h);

/* dial.c, dial_attempt.c */
void dial_connected(struct host *h, struct peer *p); /* efforts to reach it may end */
/* A bare conn there, to an address or to a name that has none yet because the proxy looks it up. */
struct conn *dial_route(struct host *h, const struct multiaddr_route *r, const struct addr *from);
void dial_stop(struct host *h); /* attempts, which hold dials and opens of their own; before: */
void dial_done(struct host *h);

/* talk/identify.c */
extern const struct host_protocol identify_protocols[];
void identify_begin(struct connection *c);
void identify_end(struct connection *c);
void identify_push(struct host *h); /* what we say of ourselves changed: tell all, soon */

/* Without a relay, though there may be a connection through one. */
struct host_dial *dial_direct(struct host *h, const struct peer_id *peer,
                              const struct multiaddr *addrs, size_t n, host_dial_cb *cb, void *arg);
/* Whether there is a connection that is not relayed. */
bool peer_is_direct(const struct peer *p); /* NULL: no */

/* host.c */
/* Where to dial `to` from, so that routers have one port for us: where we listen.  False: from
 * anywhere. */
bool host_dial_from(const struct host *h, const struct addr *to, struct addr *from);
/* Whether we listen at this port. */
bool host_hears(const struct host *h, const struct addr *local);
/* Whether one more from there may begin. */
bool host_welcomes(const struct host *h, const struct addr *from);
/* Somebody comes, over an open conn, which it takes. */
void host_receive(struct host *h, struct conn *c, const struct way *way);
void host_tell(struct host *h, enum host_event ev, const struct peer_id *peer);
const struct host_protocol *host_protocol(const struct host *h, const char *name);
void host_trim_soon(struct host *h);

/* host_told.c */
/* These from now on, TOLD_MAX at most. */
void host_tell_addrs(struct host *h, enum told kind, const struct multiaddr *addrs, size_t n);
/* Where nobody reaches us, HIDDEN_MAX at most: others are not told of them. */
void host_hide_addrs(struct host *h, const struct multiaddr *addrs, size_t n);

#endif
