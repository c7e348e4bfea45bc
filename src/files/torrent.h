/* files/torrent.h - one torrent: its data, its peers, its trackers, and what it is doing.
 *
 * Owns the metainfo (once known), the data, the picker (while something is missing), the choker's
 * memory, the candidates, the trackers and the sessions.  It decides: whom to ask for what, whom to
 * serve, whom to believe.  The node above it (files_meet.c) decides which torrent may dial next,
 * listens, and keeps what must survive a restart; the two meet in struct torrent_env.
 *
 *     metadata     only the infohash is known (magnet link); peers are asked for the rest
 *     checking     what lies on disk is being proven
 *     downloading, seeding
 *     queued       others come first, or there is no room (the node says why): no connections
 *     paused       by the user: no connections
 *     error        the disk (tried again by itself), or metadata that makes no sense
 *
 * One timer a second runs while there are peers or a check; an idle torrent costs no time. */
#ifndef SHOAL_FILES_TORRENT_H
#define SHOAL_FILES_TORRENT_H

#include "base/list.h"
#include "core/content.h"
#include "files/disk/data.h"
#include "files/find/trackers.h"
#include "files/meta/select.h"
#include "files/peer/session.h"
#include "files/peer/torrent_peers.h"

#include <jansson.h>

enum {
    TORRENT_CONNS_MAX = 50,                   /* unless told otherwise */
    TORRENT_CONNS_CAP = 500,                  /* whatever is told */
    TORRENT_KEPT_PEERS = 16,                  /* addresses given by hand that outlive a restart */
    TORRENT_INFO_ATTEMPTS = 8,                /* metadata fetched from so many peers at once */
    TORRENT_INFO_HELD_MAX = 64 * 1024 * 1024, /* bytes in all attempts */
    TORRENT_BAD_INFO_MAX = 2,                 /* wrong metadata twice: banned */
};
#define TORRENT_RETRY_US (30 * SEC)  /* after disk trouble */
#define TORRENT_TELL_US (250 * MSEC) /* at most 4 state events a second */

enum torrent_state {
    TORRENT_METADATA,
    TORRENT_CHECKING,
    TORRENT_DOWNLOADING,
    TORRENT_SEEDING,
    TORRENT_QUEUED,
    TORRENT_PAUSED,
    TORRENT_ERROR
};
const char *torrent_state_name(enum torrent_state s); /* "downloading" */

struct dht;
struct torrent;

/* The node's; shared by all torrents. */
struct torrent_env {
    struct session_env wire;
    const struct vfs *vfs;
    const char *torrents_dir, *boot_id;
    struct addr seen_v4, seen_v6; /* ours, as peers that we dialled say; ADDR_NONE: not known */
    struct addr from;             /* dials come from here; ADDR_NONE: from anywhere */
    struct utp *utp;              /* NULL: only TCP */
    unsigned carriers;            /* a set of enum carrier */
    struct tracker_udp *udp;
    struct dht *dht;     /* NULL: none */
    bool dht_implied;    /* peers are reached on the port of our datagrams (uTP) */
    const char *from_ip; /* for trackers; NULL: any */
    bool both;           /* peers reach us by IPv4 and by IPv6 */
    struct addr own[2];  /* global addresses of ours, one a family; ADDR_NONE: not known */
    unsigned conns, half_open;
    const uint8_t *own_key; /* Ed25519, of this node; NULL: none */
    struct link to_dial; /* torrents that may have somebody to dial, in turn (torrent_dial_next) */
    void *node;
    void (*want_dial)(void *node);                  /* to_dial is not empty, or there is room */
    void (*changed)(void *node, struct torrent *t); /* torrent_row() is another */
    void (*finished)(void *node, struct torrent *t);
    /* Metadata came, nothing is written yet: torrent_block() it now, or never. */
    void (*vet)(void *node, struct torrent *t);
    /* The pattern by which a file of this path is never made, or NULL: it is skipped. */
    const char *(*denies)(void *node, const char *path);
    /* All is here, in quarantine: torrent_release() it when it has been looked at. */
    void (*quarantined)(void *node, struct torrent *t);
    /* It is where it belongs now; its row is another. */
    void (*released)(void *node, struct torrent *t);
    /* It sent a piece that is not the torrent's, and its IP is to be known no more. */
    void (*banned)(void *node, const struct addr *a);
    /* This address is not to be known, dialled or let in. */
    bool (*refuses)(void *node, const struct addr *a);
    void (*got_info)(void *node, struct torrent *t); /* metadata came: to be kept */
    /* The DHT has a signature of it, and it holds: to be kept. */
    void (*vouched)(void *node, struct torrent *t);
    /* This node's signature, by own_key. */
    void (*sign)(void *node, const void *msg, size_t n, uint8_t sig[ED25519_SIG_LEN]);
};

struct torrent_cfg {
    uint8_t infohash[SHA1_LEN];        /* its id */
    struct infohash hash;              /* of the link; unknown: the id is of v1 */
    struct metainfo *mi;               /* taken; NULL: by magnet link */
    const char *name;                  /* while mi is NULL; may be NULL */
    const struct mi_tracker *trackers; /* while mi is NULL */
    size_t tracker_count;
    const char *dir;
    const char *release_dir;     /* dir is a quarantine, and this where it goes; NULL: it is not */
    bool paused, seed;           /* seed: just hashed, believe it */
    bool fresh;                  /* it was not here before: what env->denies() is skipped */
    const uint8_t *priorities;   /* enum file_priority per file; NULL: all normal */
    size_t priority_count;       /* another number than there are files: as if NULL */
    const char *rules;           /* files/meta/select.h; NULL: none */
    bool sequential, ends_first; /* as torrent_set_order */
    bool super_seed;
    const char *blocked;           /* by the owner's rules, for this reason; NULL: not */
    const char *held;              /* begins queued, for this reason; NULL: not */
    uint64_t up_limit, down_limit; /* bytes a second, 0: none */
    uint64_t uploaded, downloaded; /* so far */
    int64_t added_us;              /* wall clock */
    const char *error;             /* begins in error: its .torrent could not be read; NULL: none */
};

/* Never NULL; cfg is copied, its mi taken.  env outlives it.  Does nothing before torrent_start. */
struct torrent *torrent_new(struct torrent_env *env, const struct torrent_cfg *cfg);
void torrent_start(struct torrent *t); /* opens the data, begins to announce */
/* `stopped` to the trackers, data closed; done comes once, then torrent_free. */
void torrent_close(struct torrent *t, void (*done)(void *arg), void *arg);
/* At once and silently; what lanes still do for it ends by itself.  NULL: nothing. */
void torrent_free(struct torrent *t);
/* After torrent_close: the node's tracker socket goes before this torrent does. */
void torrent_drop_trackers(struct torrent *t);

/* Orders; each holds at once, what they begin goes on by itself. */
void torrent_pause(struct torrent *t);
void torrent_resume(struct torrent *t); /* also out of an error */
/* The node's queue: no connections for now, and why; NULL: not any more. */
void torrent_hold(struct torrent *t, const char *why);
/* The owner's rules forbid it: no connections, and why; NULL: not any more. */
void torrent_block(struct torrent *t, const char *why);
/* Quarantine.  What is said of it while it is there; NULL: nothing. */
void torrent_quarantine_note(struct torrent *t, const char *text);
/* It holds something bad: nothing of it is given to anybody any more. */
void torrent_condemn(struct torrent *t, const char *why);
/* Moved to where it belongs, scanned or not; goes on from there.  Where something of its name is
 * already there it stays, in error.  Nothing when it is in no quarantine. */
void torrent_release(struct torrent *t);
const char *torrent_release_dir(const struct torrent *t); /* NULL: in no quarantine */

/* Skip each file that env->denies(); before the data is opened. */
void torrent_deny(struct torrent *t);
/* Let go of each address that env->refuses() now. */
void torrent_sift(struct torrent *t);
/* false: there is nothing to verify yet. */
bool torrent_verify(struct torrent *t);
void torrent_sign(struct torrent *t, const struct signer *s); /* its metadata is known */
/* The link says that this key signed it (xs=urn:btpk:, and s=): once the metadata is here, the
 * signature is looked for in the DHT. */
void torrent_seek_signer(struct torrent *t, const uint8_t key[ED25519_PUB_LEN], struct cur salt);
void torrent_reannounce(struct torrent *t);
void torrent_scrape(struct torrent *t); /* numbers from the trackers, also while it is still */
void torrent_add_peer(struct torrent *t, const struct addr *a, enum peer_source source);
/* A peer said to our node of the DHT that it has this torrent, or wants it. */
void torrent_dht_told(struct torrent *t, const struct addr *peer);
/* May strangers on this network hear that we have it?  And what they say of themselves (LSD). */
bool torrent_is_told_near(const struct torrent *t);
void torrent_heard_near(struct torrent *t, const struct addr *a);
void torrent_add_web_seed(struct torrent *t, const char *url); /* of a link's ws= */
void torrent_add_tracker(struct torrent *t, const char *url);
/* These and no others, sorted by tier; announced to at once where it runs. */
void torrent_set_trackers(struct torrent *t, const struct mi_tracker *trackers, size_t n);
/* As they are announced to; urls live as long as they are not changed. */
size_t torrent_trackers(const struct torrent *t, const struct mi_tracker **out);
void torrent_set_limits(struct torrent *t, uint64_t up, uint64_t down);
void torrent_set_conns(struct torrent *t, unsigned most); /* 1 to TORRENT_CONNS_CAP */
/* Limits that it shares with others (outlive it; NULL: none), its weight among all torrents, and
 * whether the node's limits count. */
void torrent_set_share(struct torrent *t, struct limit *up, struct limit *down,
                       enum limit_weight weight, bool free_of_node);

/* How much a file is wanted.  Before torrent_start() and inside got_info() it holds before a byte
 * is written; else from the next turn of the loop, for many calls at once.  The metadata is known;
 * a file that is not there: nothing. */
void torrent_set_priorities(struct torrent *t, size_t file, enum file_priority priority);
enum file_priority torrent_priority(const struct torrent *t, size_t file);
const uint8_t *torrent_priorities(const struct torrent *t); /* one a file; NULL: all normal */
/* Rules (files/meta/select.h) on top of what is chosen; kept until the metadata is known.  On error
 * (a rule that means no file) nothing is changed. */
MUST_CHECK enum err torrent_select(struct torrent *t, const char *rules, struct why *why);
const char *torrent_rules(const struct torrent *t); /* not yet applied; NULL: none */
/* Pieces from the first to the last; the first and last piece of each file before the others. */
void torrent_set_order(struct torrent *t, bool sequential, bool ends_first);
/* BEP 16: as the first seed, show each peer one piece at a time. */
void torrent_set_super_seed(struct torrent *t, bool on);
bool torrent_is_super_seed(const struct torrent *t);
bool torrent_is_sequential(const struct torrent *t);
bool torrent_has_ends_first(const struct torrent *t);

/* Its files go to another folder; peers are let go meanwhile.  done comes once, unless the torrent
 * is freed before; with OK torrent_dir() is the new one.  again: as data_move().  ERR_STATE: not
 * now. */
MUST_CHECK enum err torrent_may_move(const struct torrent *t, struct why *why); /* or ERR_STATE */
typedef void torrent_moved_cb(void *arg, const struct why *why);
MUST_CHECK enum err torrent_move(struct torrent *t, const char *to, bool again,
                                 torrent_moved_cb *done, void *arg, struct why *why);
/* What is at `path` is called `name`, on the disk and here (files/meta/renames.h, which has said
 * that it may be).  Otherwise the same. */
MUST_CHECK enum err torrent_rename(struct torrent *t, const char *path, const char *name,
                                   torrent_moved_cb *done, void *arg, struct why *why);
/* They are there already: what is in that folder is hashed. */
void torrent_look_in(struct torrent *t, const char *dir);
void torrent_set_dir(struct torrent *t, const char *dir); /* nothing was opened yet */

/* Read [from, from + len) of a file, also of what is not here yet: that is then fetched first.  As
 * core/content.h says; the metadata is known. */
struct content_reader *torrent_read(struct torrent *t, size_t file, uint64_t from, uint64_t len,
                                    const struct content_sink *sink, void *arg);
void torrent_read_more(struct content_reader *r);
void torrent_read_close(struct content_reader *r);                /* NULL: nothing */
uint64_t torrent_file_done(const struct torrent *t, size_t file); /* bytes in proven pieces */

/* Dial a candidate of the torrent whose turn it is, which goes to the end of env->to_dial; who has
 * none leaves it, and comes back by itself.  False: nobody has one now. */
bool torrent_dial_next(struct torrent_env *env);
/* An accepted session asked for this torrent: takes it (session_join), or false. */
bool torrent_take(struct torrent *t, struct session *s);

/* Facts; pointers live as long as the torrent. */
const uint8_t *torrent_infohash(const struct torrent *t); /* the id */
/* All its names, as far as they are known; and those that peers use, 20 bytes each (one; of a
 * hybrid two).  Whoever announces, looks for peers or is asked, does it by each of them. */
const struct infohash *torrent_hash(const struct torrent *t);
void torrent_hashes(const struct torrent *t, const uint8_t *out[INFOHASH_WIRE_MAX], size_t *n);
const char *torrent_hex(const struct torrent *t); /* 40 digits: the id */
const char *torrent_name(const struct torrent *t);
const char *torrent_dir(const struct torrent *t);
const struct metainfo *torrent_metainfo(const struct torrent *t); /* NULL: not known yet */
enum torrent_state torrent_state(const struct torrent *t);
bool torrent_is_paused(const struct torrent *t);
const char *torrent_blocked(const struct torrent *t); /* why; NULL: it is not */
bool torrent_is_complete(const struct torrent *t);    /* all that is wanted is here */
bool torrent_has_all(const struct torrent *t);        /* all, wanted or not */
bool torrent_is_broken(const struct torrent *t);      /* an error that trying again does not mend */
uint64_t torrent_left(const struct torrent *t);       /* bytes that are wanted and not here */
uint64_t torrent_done(const struct torrent *t);       /* bytes in proven pieces */
double torrent_ratio(const struct torrent *t);        /* uploaded / downloaded, or / what is here */
void torrent_totals(const struct torrent *t, uint64_t *up, uint64_t *down);
void torrent_rates(const struct torrent *t, uint64_t *up, uint64_t *down); /* bytes a second */
void torrent_limits(const struct torrent *t, uint64_t *up, uint64_t *down);
int64_t torrent_added_us(const struct torrent *t);

/* The magnet link; appended to out.  A whole .torrent; appended to out (metadata is known). */
void torrent_magnet(const struct torrent *t, struct buf *out);
void torrent_write(const struct torrent *t, struct buf *out);
/* The link with the addresses that were named by hand (x.pe), for the row: a restart goes on with
 * them.  Not for showing to others. */
void torrent_kept_link(const struct torrent *t, struct buf *out);

/* In hex; null where it is not known, or the torrent has none. */
json_t *torrent_hash_v1(const struct torrent *t);
json_t *torrent_hash_v2(const struct torrent *t);

/* The object of `file ls`; one member of it by its name (NULL: there is none), for who asks for
 * few members of many torrents. */
json_t *torrent_row(const struct torrent *t);
struct torrent_field;
const struct torrent_field *torrent_field(const char *name);
json_t *torrent_field_value(const struct torrent_field *f, const struct torrent *t);

/* What `file show` tells beside the row; the parts that may be long only when asked for. */
enum torrent_part {
    TORRENT_PEERS = 1,
    TORRENT_TRACKERS = 2,
    TORRENT_FILES = 4,
    TORRENT_PIECES = 8,
    TORRENT_ALL = 15,
};
json_t *torrent_show(const struct torrent *t, unsigned parts);

#endif
