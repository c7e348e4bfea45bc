/* host/host.h - our node among libp2p's: connections to peers, and streams of protocols over them.
 *
 * A peer is known by its id, not by its address.  An app says which protocols it answers, and asks
 * for streams to peers; which connection carries them, and how it was made, is the host's business.
 *
 *     host_handle(host, "/echo/1.0.0", on_stream, echo);                     be asked
 *     host_open(host, &peer, (const char *[]){"/echo/1.0.0"}, 1, on_open, e);  ask
 *
 * A stream is a conn (net/conn.h), open, of which host/mux/mux.h says how it ends.  Nothing of this
 * is below one connection's limits: HOST_STREAMS_MAX streams a peer and protocol,
 * HOST_PEER_CONNS_MAX connections a peer, `conns_high` in all; beyond them strangers are refused
 * first, and then those that nobody tagged are let go.  What a peer makes us hold comes out of its
 * purse (host/mux/purse.h), whatever protocol and connection it is of. */
#ifndef SHOAL_HOST_HOST_H
#define SHOAL_HOST_HOST_H

#include "base/list.h"
#include "base/log.h"
#include "core/keys.h"
#include "host/name/multiaddr.h"
#include "host/name/peer_id.h"
#include "net/conn.h"

#include <stdbool.h>

enum {
    HOST_PROTOCOLS_MAX = 64,   /* that we answer */
    HOST_STREAMS_MAX = 64,     /* of one peer and protocol, inbound; more are reset */
    HOST_PEER_CONNS_MAX = 8,   /* of one peer */
    HOST_NEGOTIATING_MAX = 64, /* accepted and not yet known, in all; 16 of one address */
    HOST_ADDRS_MAX = 8,        /* kept of one peer */
};
#define HOST_DIAL_US (15 * SEC)  /* for one address, all handshakes included */
#define HOST_PUNCH_US (10 * SEC) /* a stream waits so long for a direct way */

struct gossip;
struct kad;
struct trust_book;
struct web_cert;
struct host_cfg {
    struct loop *loop;
    const struct log *log;
    const struct keys *keys; /* who we are; outlives the host */
    const char *agent;       /* "shoal/0.1.0" */
    const struct multiaddr *listen;
    size_t listen_count;
    bool lab; /* loopback and private addresses are advertised and dialled; one address may be many
               */
    const struct trust_book
        *trust; /* the blocked are hung up on; outlives the host; NULL: nobody */
    const struct web_cert *web_cert; /* to listen on /wss; outlives the host; NULL: not there */
    size_t conns_low, conns_high;    /* trimmed to low when high is passed; 0: 160 and 192 */
};

struct host;
/* NULL and a reason where an address cannot be listened on. */
struct host *host_new(const struct host_cfg *cfg, struct why *why);
void host_free(struct host *h); /* everything is closed; NULL: nothing */

/* Where it runs, and who we are. */
struct loop *host_loop(const struct host *h);
const struct peer_id *host_id(const struct host *h);
const struct trust_book *host_trust(const struct host *h); /* NULL: none */
/* Where we listen, without /p2p/ID; returns how many, at most cap. */
size_t host_listening(const struct host *h, struct multiaddr *out, size_t cap);
/* At relays, /p2p-circuit at the end; likewise. */
size_t host_relayed(const struct host *h, struct multiaddr *out, size_t cap);
/* What others are told of it. */
size_t host_advertised(const struct host *h, struct multiaddr *out, size_t cap);

/* --- protocols ------------------------------------------------------------------------------ */

struct host_stream {
    struct conn *conn;          /* the callee's from now on */
    const struct peer_id *peer; /* valid during the call, like all here */
    const char *protocol;
    bool limited; /* over a relay that counts time and bytes */
};
typedef void host_stream_cb(void *arg, const struct host_stream *s);

/* Answer a protocol; name and arg outlive the host or host_ignore().  limited: also over a relay
 * that counts. */
struct host_protocol {
    const char *name; /* "/ipfs/kad/1.0.0" */
    host_stream_cb *cb;
    void *arg;
    bool limited;
};
void host_handle(struct host *h, const struct host_protocol *p);
void host_ignore(struct host *h, const char *name);

/* A stream of the first of these protocols that the peer speaks; it is dialled first where there is
 * no connection, and where there is only one over a relay that counts, which none of the protocols
 * may take, a direct one is waited for, HOST_PUNCH_US at most.  Where the peer has said that it
 * speaks one, its word is taken, and the stream is there at once; that it no longer does is
 * CONN_CLOSED then.  s: NULL with a reason.  Once, from the loop; then the handle is dead. */
struct host_open;
typedef void host_open_cb(void *arg, const struct host_stream *s, const struct why *why);
struct host_open *host_open(struct host *h, const struct peer_id *peer,
                            const char *const *protocols, size_t n, host_open_cb *cb, void *arg);
void host_open_cancel(struct host_open *o); /* NULL: nothing */

/* --- peers ---------------------------------------------------------------------------------- */

/* Connect, by the addresses given (each may end in /p2p/ID) and those that are known of it.  peer:
 * NULL when the one address says who.  Two dials to one peer are one. */
struct host_dial;
typedef void host_dial_cb(void *arg, const struct peer_id *peer, const struct why *why);
struct host_dial *host_dial(struct host *h, const struct peer_id *peer,
                            const struct multiaddr *addrs, size_t n, host_dial_cb *cb, void *arg);
/* Likewise, where it is somebody else's idea: not where nobody answered lately (host/backoff.h),
 * unless the owner trusts the peer or it has a tag.  So does host_open(). */
struct host_dial *host_dial_unasked(struct host *h, const struct peer_id *peer,
                                    const struct multiaddr *addrs, size_t n, host_dial_cb *cb,
                                    void *arg);
void host_dial_cancel(struct host_dial *d); /* NULL: nothing */

/* Whether there is a connection; all of them are closed. */
bool host_connected(const struct host *h, const struct peer_id *peer);
void host_hang_up(struct host *h, const struct peer_id *peer);

/* What is known of a peer; views are valid during the turn. */
struct host_peer {
    struct peer_id id;
    size_t conns;
    bool identified; /* what follows was said by it */
    const char *agent;
    size_t protocol_count;
    const char *const *protocols;
    size_t addr_count;
    struct multiaddr addrs[HOST_ADDRS_MAX];
    struct addr remote; /* of its best connection; of no family: relayed */
    enum reach reach;   /* how it goes there */
    bool inbound, limited;
    struct cur record; /* what it says of where it is, signed (host/name/envelope.h); n 0: nothing,
                          or it is not connected */
    uint64_t rtt_us;   /* 0: not measured */
    const char *path;  /* "direct", "hole-punched", "relayed" */
};
bool host_peer(struct host *h, const struct peer_id *id, struct host_peer *out);
bool host_peer_speaks(struct host *h, const struct peer_id *id, const char *protocol);
/* The connected ones, sorted by id; returns how many, at most cap. */
size_t host_peers(const struct host *h, struct peer_id *out, size_t cap);

/* What is there now, of a peer or of a protocol over all peers.  bytes: those that wait in its
 * streams to be read, and that its protocols hold besides (host/mux/purse.h). */
struct host_held {
    const char *protocol; /* "": not agreed on yet; of a peer: NULL */
    size_t conns;         /* of a peer */
    size_t in, out;       /* streams, by who opened them */
    uint64_t bytes;
};
void host_held(const struct host *h, const struct peer_id *peer, struct host_held *out);
/* Sorted by name, which is valid during the turn; returns how many, at most cap. */
size_t host_held_by_protocol(const struct host *h, struct host_held *out, size_t cap);

/* Whom a person means: a name of the trust book, a whole id, or four or more of the last characters
 * (the first are all alike) of one that is connected or in the book. */
MUST_CHECK enum err host_find_peer(const struct host *h, const char *text, struct peer_id *out,
                                   struct why *why);

/* Addresses heard of elsewhere (the DHT, mDNS); bounded and forgotten in time. */
void host_learn(struct host *h, const struct peer_id *peer, const struct multiaddr *addrs,
                size_t n);

/* Who may know where a peer is.  Asked for one that somebody has tagged, or that is trusted, when
 * it is not reached by what is known of it; what is found is host_learn()ed first. */
struct host_search;
typedef void host_found_cb(void *arg, bool found);
struct host_finder {
    void *arg;
    /* cb: once, from the loop; then the handle is dead. */
    struct host_search *(*start)(void *arg, const struct peer_id *peer, host_found_cb *cb,
                                 void *cb_arg);
    void (*cancel)(struct host_search *s);
};
void host_set_finder(struct host *h, const struct host_finder *f); /* copied; NULL: none */

/* Who is wanted for what is the last to be trimmed; weight 0 removes the tag.  tag: static.  While
 * one of its tags weighs HOST_TEND or more, a connection that is dead is noticed soon (mux_tend()).
 */
enum { HOST_TEND = 1000 };
void host_tag(struct host *h, const struct peer_id *peer, const char *tag, unsigned weight);

/* --- the table ------------------------------------------------------------------------------ */

/* The distributed table of Shoal's own nodes, for all apps (host/kad/kad.h: kad_provide() any key
 * of 32 bytes, kad_providers() it); NULL: there is none, as in a test. */
struct kad *host_table(const struct host *h);
void host_set_table(struct host *h, struct kad *k); /* outlives the host, or NULL before */

/* What is said in topics, likewise (host/gossip/gossip.h); NULL: nothing is, as in a test. */
struct gossip *host_topics(const struct host *h);
void host_set_topics(struct host *h, struct gossip *g); /* outlives the host, or NULL before */

/* --- what happens --------------------------------------------------------------------------- */

enum host_event {
    HOST_CONNECTED,  /* the first connection of a peer */
    HOST_IDENTIFIED, /* it said which protocols it speaks, or changed it */
    HOST_GONE,       /* the last connection of it */
    HOST_ADDRESSES,  /* ours changed; peer is NULL */
};
struct host_watch {
    struct link link;
    void (*cb)(void *arg, enum host_event ev, const struct peer_id *peer);
    void *arg;
};
void host_watch(struct host *h, struct host_watch *w); /* w is the caller's */
void host_unwatch(struct host_watch *w);

#endif
