/* files/peer/session.h - one connection to one peer: bytes to messages and back, timers and limits.
 *
 * A session moves bytes between a struct conn and the torrent that owns it.  What a message does to
 * the peer's state is peer_state.h's, how many blocks to ask is pipeline.h's, what to ask and whom
 * to serve is the torrent's.  The session asks and tells its torrent through struct session_ops;
 * everything happens on the event that causes it, nothing waits for a pulse: interest, unchoke and
 * request follow each other within one round trip each.
 *
 * Life: dialled (session_dial) or accepted (session_accept; the peer's handshake says which
 * torrent, and `hello` calls session_join).  `ready` comes when both handshakes are done; the
 * torrent answers it with session_begin.  session_end() closes the connection at once and makes
 * every verb a no-op; `lost` for each block still owed and then `ended` come in a later turn of the
 * loop, and there the owner calls session_free.  So a session never goes away under its caller.
 *
 * What one peer can make us hold (all drawn from the budget of its address):
 *     a partial frame            WIRE_FRAME_MAX, grown only by bytes that really came
 *     requests of the peer's     WIRE_REQQ; beyond, they are rejected
 *     blocks on their way out    SESSION_OUT_HIGH; beyond, nothing is read from disk for it
 *     other answers not taken    SESSION_CTL_HIGH: we read no more from it; SESSION_CTL_MAX: ended
 * Time: handshakes in SESSION_HANDSHAKE_US, a whole message in SESSION_SILENT_US, bytes taken in
 * SESSION_STUCK_US. */
#ifndef SHOAL_FILES_PEER_SESSION_H
#define SHOAL_FILES_PEER_SESSION_H

#include "base/log.h"
#include "files/meta/infohash.h"
#include "files/peer/budgets.h"
#include "files/peer/carrier.h"
#include "files/peer/hole_msg.h"
#include "files/peer/limit.h"
#include "files/peer/mse.h"
#include "files/peer/peer_state.h"
#include "files/peer/pex_msg.h"
#include "files/peer/picker.h"
#include "files/peer/pipeline.h"
#include "files/peer/wire_msg.h"
#include "net/conn.h"
#include "net/utp.h"

enum {
    SESSION_READ = 256 * 1024,      /* bytes in one read */
    SESSION_TURN = 1024 * 1024,     /* bytes read before others have a turn */
    SESSION_OUT_HIGH = 512 * 1024,  /* libtorrent's send_buffer_watermark */
    SESSION_OUT_FLUSH = 128 * 1024, /* blocks still being read are not waited for beyond this */
    SESSION_CTL_HIGH = 128 * 1024,
    SESSION_CTL_MAX = 2 * 1024 * 1024,
    SESSION_FAST_SET = 10,    /* BEP 6: k */
    SESSION_FAST_MAX = 64,    /* pieces of theirs that we note */
    SESSION_HINTS_MAX = 16,   /* suggested pieces that we note, the last ones */
    SESSION_UNASKED_MAX = 64, /* blocks that nobody asked for, before it ends */
    SESSION_UT_PEX = 2,       /* our number for ut_pex */
    SESSION_UT_METADATA = 3,  /* our number for ut_metadata */
    SESSION_UT_HOLEPUNCH = 4, /* our number for ut_holepunch; as libtorrent's */
    SESSION_LT_DONTHAVE = 7,  /* our number for lt_donthave; as libtorrent's */
};
#define SESSION_HANDSHAKE_US (10 * SEC)
#define SESSION_KEEPALIVE_US (100 * SEC) /* BEP 3: "generally sent once every two minutes" */
#define SESSION_SILENT_US (160 * SEC)
#define SESSION_STUCK_US (60 * SEC)

struct session;

/* The node's; shared by all its sessions, outlives them. */
struct session_env {
    struct loop *loop;
    const struct log *log;
    struct policy *policy;
    struct budgets *budgets;
    uint8_t peer_id[20];
    uint16_t port; /* that we listen on */
    const char *client;
    struct mse_cfg mse; /* what we offer and take; rc4 NULL: no encryption at all */
    uint16_t dht_port;  /* of our node of the DHT (BEP 5); 0: there is none */
    bool punch;         /* offer hole punching: there is uTP */
    bool pex;           /* offer peer exchange, where the torrent is known not to be private */
    uint8_t *scratch;   /* SESSION_READ bytes, used within one read */
};

/* Calls to the owner.  All but hello and ended may be about a torrent without metadata. */
struct session_ops {
    /* Accepted: the peer wants this torrent.  session_join() and true, or false. */
    bool (*hello)(void *arg, const uint8_t infohash[SHA1_LEN]);
    void (*ready)(void *arg);
    void (*extended)(void *arg);              /* their extension handshake: session_ext() */
    void (*pieces)(void *arg);                /* all bits at once */
    void (*has)(void *arg, uint32_t piece);   /* one more */
    void (*lacks)(void *arg, uint32_t piece); /* one less (BEP 54) */
    void (*interest)(void *arg);              /* theirs changed */
    void (*fill)(void *arg);                  /* there may be room: session_room() */
    /* A block that was asked of this peer, now or lately; bytes valid during the call. */
    void (*block)(void *arg, uint32_t piece, uint32_t block, struct cur bytes);
    void (*lost)(void *arg, uint32_t piece, uint32_t block); /* will not be answered */
    bool (*offers)(void *arg, uint32_t piece);               /* may the peer have it at all? */
    void (*sent)(void *arg, size_t payload);                 /* bytes of blocks taken by the net */
    void (*metadata)(void *arg, const struct wire_metadata *md);
    /* HASH_REQUEST, HASHES or HASH_REJECT, from a peer with which v2 is spoken. */
    void (*hashes)(void *arg, enum wire_type type, const struct wire_hash_range *r);
    void (*port)(void *arg, uint16_t port); /* of its node of the DHT; NULL: nobody cares */
    void (*punch)(void *arg, const struct hole_msg *m); /* ut_holepunch */
    void (*pex)(void *arg, struct cur payload); /* ut_pex, not parsed: they may be too many */
    /* Read a block for the peer: as data_get; NULL: not now.  unread cancels. */
    void *(*read)(void *arg, uint32_t piece, uint32_t begin, uint32_t len,
                  void (*got)(void *upload, const uint8_t *bytes, size_t len,
                              const struct why *why),
                  void *upload);
    void (*unread)(void *handle);
    bool (*busy)(void *arg);                         /* do not read: session_resume() comes later */
    void (*ended)(void *arg, const struct why *why); /* session_free() it */
};

struct session_cfg {
    const uint8_t *infohash;     /* what we call it, INFOHASH_LEN bytes; copied */
    const struct infohash *hash; /* all its names; NULL: just that.  Outlives the session */
    const struct metainfo *mi;   /* NULL: not known yet */
    struct limit *up, *down;     /* the torrent's */
    bool encrypt;                /* dialled: with MSE */
    struct utp *utp;             /* dialled: by this; NULL: by TCP */
    uint64_t within_us;          /* dialled by uTP: how long until the peer must have answered */
    const struct session_ops *ops;
    void *arg;
};

/* from: the local address, or NULL.  NULL and why when that address has too many connections. */
struct session *session_dial(const struct session_env *env, const struct session_cfg *cfg,
                             const struct addr *to, const struct addr *from, struct why *why);
/* Takes c.  ops needs hello and ended only until the session has joined.  NULL (and c is closed)
 * when its address has too many connections. */
struct session *session_accept(const struct session_env *env, struct conn *c,
                               const struct session_ops *ops, void *arg, struct why *why);
/* Inside hello: from now on the session is this torrent's. */
void session_join(struct session *s, const struct session_cfg *cfg);
void session_free(struct session *s); /* silence; NULL: nothing */
/* Logged as debug; `ended` comes later. */
void session_end(struct session *s, enum err code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Answer to ready: what we have (bits; NULL or count 0: nothing) and our extension handshake.
 * metadata_size: 0 when we have none.  give_fast: a seed lets it have some pieces while choked. */
void session_begin(struct session *s, const uint8_t *have, uint32_t count, int64_t metadata_size,
                   bool give_fast);
/* The extension handshake again, as BEP 10 allows: the metadata has come, others may ask for it. */
void session_extend(struct session *s, int64_t metadata_size);
/* The metadata has come; ends the session when what the peer told does not fit. */
void session_set_torrent(struct session *s, const struct metainfo *mi);

/* What we say.  Nothing is sent twice: a state that holds already is not told again. */
void session_interested(struct session *s, bool yes);
void session_choke(struct session *s, bool yes); /* choking drops what the peer has asked for */
void session_have(struct session *s, uint32_t piece);
void session_donthave(struct session *s, uint32_t piece); /* if it speaks lt_donthave (BEP 54) */
/* We want nothing more (BEP 21), or do again. */
void session_upload_only(struct session *s, bool yes);
void session_suggest(struct session *s, uint32_t piece); /* BEP 6, if it speaks that */
void session_metadata_ask(struct session *s, uint32_t piece);
void session_metadata_give(struct session *s, uint32_t piece, int64_t total, struct cur data);
void session_metadata_reject(struct session *s, uint32_t piece);
void session_hashes(struct session *s, enum wire_type type, const struct wire_hash_range *r);
void session_pex(struct session *s, const struct pex_msg *m);    /* if it speaks ut_pex */
void session_punch(struct session *s, const struct hole_msg *m); /* if it speaks ut_holepunch */

/* Blocks: how many more may be asked; asking; taking back; is it asked? */
size_t session_room(const struct session *s);
void session_ask(struct session *s, const struct picker_block *blocks, size_t n);
void session_cancel(struct session *s, uint32_t piece, uint32_t block); /* no `lost` comes */
bool session_asked(const struct session *s, uint32_t piece, uint32_t block);
size_t session_owed(const struct session *s); /* blocks outstanding */
/* The i-th of them, in the order asked; and when, at its usual pace, it will be here (i may be
 * their number: one more, asked now). */
struct picker_block session_owes(const struct session *s, size_t i);
uint64_t session_due_us(const struct session *s, size_t i);
void session_lose(struct session *s); /* `lost` for each of them now: it is about to be freed */
/* Pieces that may be asked for while we are choked (BEP 6). */
size_t session_fast(const struct session *s, const uint32_t **pieces);

/* Pieces that the peer suggested; the owner drops what it has or does not want. */
size_t session_hints(const struct session *s, const uint32_t **pieces);
void session_hint_drop(struct session *s, size_t i);
/* It has suggested something: a seed that wants to know what has come. */
bool session_steers(const struct session *s);

/* busy() was true and is not any more, or a limit was changed. */
void session_resume(struct session *s);
/* Once a second: rates, time-outs, keep-alive. */
void session_tick(struct session *s);

/* Facts; the pointers live as long as the session. */
const struct peer_state *session_state(const struct session *s);
const struct wire_ext *session_ext(const struct session *s); /* zeros before it came */
const uint8_t *session_peer_id(const struct session *s);     /* 20 bytes; zeros before */
struct addr session_addr(const struct session *s);
bool session_is_open(const struct session *s); /* handshakes done and not ended */
bool session_is_incoming(const struct session *s);
bool session_is_v2(const struct session *s); /* hashes may be asked of it (BEP 52) */
/* It sets v2's bit, but this connection is v1's: by another name it may be v2's. */
bool session_could_be_v2(const struct session *s);
bool session_refused(const struct session *s); /* ended by the peer instead of its handshake */
bool session_by_v2(const struct session *s);   /* it called the torrent by v2's hash */
/* "rc4", "plain" (only the handshake was encrypted) or "no". */
const char *session_encrypted(const struct session *s);
/* Ended in MSE's handshake with a peer that was there: without encryption it may speak. */
bool session_mse_failed(const struct session *s);
bool session_unreached(const struct session *s); /* dialled, and ended before it was connected */
enum carrier session_carrier(const struct session *s);
bool session_is_snubbing(const struct session *s);      /* owes us blocks for CHOKE_SNUB_US */
const struct rate *session_up(const struct session *s); /* of blocks */
const struct rate *session_down(const struct session *s);

#endif
