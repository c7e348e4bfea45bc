/* shoal/host.h - our node among libp2p's: connections to peers, and streams of protocols.
 *
 * A peer is known by its id, not by its address; a host answers the protocols that it was told of,
 * and opens streams to peers.  Which connection carries them, and how it is made (QUIC, or TCP with
 * Noise or TLS 1.3 and Yamux), is its business.  Identify and ping are answered by itself.
 *
 *     struct shoal_host_cfg cfg = {sizeof cfg};
 *     cfg.key = key;
 *     cfg.listen = (const char *[]){"/ip4/0.0.0.0/tcp/4001"};
 *     cfg.listen_count = 1;
 *     struct shoal_host *host = shoal_host_new(loop, &cfg, &err);
 *     shoal_host_handle(host, "/echo/1.0.0", on_stream, app, &err);         be asked
 *     shoal_host_open(host, "/ip4/192.0.2.1/tcp/4001/p2p/12D3KooW...",
 *                     &protocol, 1, on_open, app, &err);                    ask
 *
 * Texts that are given are copied.  Addresses are multiaddrs: /ip4, /ip6, /dns, /dns4 or /dns6,
 * then /tcp/PORT or /udp/PORT/quic-v1, and /p2p/ID where it is known.
 *
 * Limits: 64 streams of one peer and protocol, 8 connections of one peer, SHOAL_PROTOCOLS_MAX names
 * in a host's life, 16 addresses to listen on.  Past conns_high, those connections that carry least
 * are let go. */
#ifndef SHOAL_HOST_H
#define SHOAL_HOST_H

#include <shoal/key.h>
#include <shoal/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { SHOAL_PROTOCOLS_MAX = 48, SHOAL_PROTOCOL_NAME_MAX = 256, SHOAL_OPEN_NAMES_MAX = 8 };

/* Loopback addresses are told to others and dialled when heard of, many peers on one address are
 * not suspicious, and streams of a peer are not counted: for tests on one machine. */
enum { SHOAL_HOST_LAB = 1 };

/* How a host is made.  Members that a later version adds stand at the end, and mean "as before"
 * when they are zero. */
struct shoal_host_cfg {
    size_t size;                 /* sizeof(struct shoal_host_cfg) */
    const struct shoal_key *key; /* who we are; outlives the host; NULL: a new one, forgotten */
    const char *agent;           /* what we call ourselves, "myapp/1.2"; NULL: "libshoal/VERSION" */
    const char *const *listen;   /* addresses by number; port 0: any that is free */
    size_t listen_count;         /* 0: only dial */
    uint32_t conns_low;          /* trimmed to this many... */
    uint32_t conns_high;         /* ... when these are passed; both 0: 160 and 192 */
    uint32_t flags;              /* SHOAL_HOST_LAB */
};

struct shoal_host;

/* It listens on return.  Owned by the caller, to be freed before its loop.  NULL:
 * SHOAL_ERR_INVALID, an address, or the size; SHOAL_ERR_STATE, the port is taken;
 * SHOAL_ERR_UNSUPPORTED, the program is newer than the library; SHOAL_ERR_LIMIT, SHOAL_ERR_IO. */
struct shoal_host *shoal_host_new(struct shoal_loop *loop, const struct shoal_host_cfg *cfg,
                                  struct shoal_err *err);

/* Hangs up on all; what was started is cancelled, streams are told SHOAL_CLOSED in a later turn.
 * Not from inside a callback of this host or of its streams.  NULL: nothing. */
void shoal_host_free(struct shoal_host *host);

/* Our peer id; lives as long as the host. */
const char *shoal_host_id(const struct shoal_host *host);

/* The i-th address on which we listen, with its real port and /p2p/ID; NULL past the last.  Valid
 * until the next call of this function. */
const char *shoal_host_address(struct shoal_host *host, size_t i);

/* --- what was started ------------------------------------------------------------------------ */

/* Answers once, by its callback, from the loop and never from inside the call that started it; the
 * handle is dead when that begins, and when its host is freed.  Cancelling means silence; NULL:
 * nothing. */
struct shoal_op;
void shoal_op_cancel(struct shoal_op *op);

/* --- protocols ------------------------------------------------------------------------------- */

/* stream: the callee's, who watches or closes it; NULL with a reason. */
typedef void shoal_stream_cb(void *arg, struct shoal_stream *stream, const struct shoal_err *err);

/* Answer a protocol; again: by this callback from now on.  Not over relays that count time and
 * bytes.  SHOAL_ERR_INVALID: the name is empty, longer than SHOAL_PROTOCOL_NAME_MAX bytes or has a
 * newline, or the host itself answers it; SHOAL_ERR_LIMIT: too many names. */
int shoal_host_handle(struct shoal_host *host, const char *protocol, shoal_stream_cb *cb, void *arg,
                      struct shoal_err *err);
void shoal_host_ignore(struct shoal_host *host, const char *protocol); /* not answered: nothing */

/* Open a stream of the first of these protocols (1 to SHOAL_OPEN_NAMES_MAX) that the peer speaks.
 * to: a peer id, which is dialled where it is not connected and an address of it is known, or an
 * address.  NULL: SHOAL_ERR_INVALID, one of the arguments.  Later: SHOAL_ERR_NOT_FOUND,
 * SHOAL_ERR_UNSUPPORTED, SHOAL_ERR_TIMEOUT, SHOAL_ERR_CLOSED, SHOAL_ERR_LIMIT, SHOAL_ERR_IO. */
struct shoal_op *shoal_host_open(struct shoal_host *host, const char *to,
                                 const char *const *protocols, size_t n, shoal_stream_cb *cb,
                                 void *arg, struct shoal_err *err);

/* --- peers ----------------------------------------------------------------------------------- */

/* Connect, by the same `to`.  peer: its id, valid during the call; NULL with a reason. */
typedef void shoal_dial_cb(void *arg, const char *peer, const struct shoal_err *err);
struct shoal_op *shoal_host_dial(struct shoal_host *host, const char *to, shoal_dial_cb *cb,
                                 void *arg, struct shoal_err *err);

/* How long to a peer and back, by one ping; 0 with a reason.  peer: an id. */
typedef void shoal_ping_cb(void *arg, uint64_t rtt_us, const struct shoal_err *err);
struct shoal_op *shoal_host_ping(struct shoal_host *host, const char *peer, shoal_ping_cb *cb,
                                 void *arg, struct shoal_err *err);

/* An address of a peer, heard of elsewhere, for a later dial; without /p2p/ID or with that of this
 * peer.  At most 8 are kept of one, of 4096 peers that are not connected. */
int shoal_host_learn(struct shoal_host *host, const char *peer, const char *address,
                     struct shoal_err *err);

/* Close all connections to a peer; its streams fail.  Nobody we know: nothing. */
void shoal_host_hang_up(struct shoal_host *host, const char *peer);

/* The ids of the peers that are connected, sorted, at most cap; returns how many were written. */
size_t shoal_host_peers(const struct shoal_host *host, char (*out)[SHOAL_PEER_ID_TEXT], size_t cap);

/* What is known of a peer.  Texts are valid until the loop goes on; "" for what was not said. */
struct shoal_peer {
    size_t size;          /* sizeof(struct shoal_peer), set by the caller */
    uint32_t connections; /* 0: none now */
    uint8_t identified;   /* 1: agent and protocols were said by it */
    uint8_t inbound;      /* 1: its newest connection was made by it */
    uint8_t limited;      /* 1: and goes over a relay that counts time and bytes */
    uint8_t reserved;     /* 0 */
    uint64_t rtt_us;      /* as measured last; 0: not yet */
    const char *agent;    /* "js-libp2p/..." */
    const char *path;     /* "direct", "relayed" */
    const char *const *protocols;
    size_t protocol_count;
};
/* SHOAL_ERR_NOT_FOUND: nobody we know; SHOAL_ERR_INVALID: not an id, or no size. */
int shoal_host_peer(struct shoal_host *host, const char *peer, struct shoal_peer *out,
                    struct shoal_err *err);

/* --- what happens ---------------------------------------------------------------------------- */

enum {
    SHOAL_PEER_CONNECTED = 1,  /* its first connection */
    SHOAL_PEER_IDENTIFIED = 2, /* it said which protocols it speaks, or changed it */
    SHOAL_PEER_GONE = 3,       /* its last connection ended */
    SHOAL_ADDRESSES = 4,       /* ours changed; peer is NULL */
};
/* Unknown events are to be ignored: later versions may have more. */
typedef void shoal_host_event_cb(void *arg, int event, const char *peer);

/* Who hears of it from now on; one at a time, NULL: nobody. */
void shoal_host_watch(struct shoal_host *host, shoal_host_event_cb *cb, void *arg);

#ifdef __cplusplus
}
#endif

#endif
