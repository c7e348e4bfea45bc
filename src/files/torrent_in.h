/* files/torrent_in.h - the inside of a torrent, for its sources:
 *     torrent.c        life, the data's events, the tick
 *     torrent_orders.c pause, resume, limits: what it is told to do
 *     torrent_facts.c  what it is asked about itself
 *     torrent_announce.c  its trackers
 *     torrent_swarm.c  who is connected, who is served, who is to blame
 *     torrent_dial.c   who is dialled, who is taken in
 *     torrent_talk.c   what sessions tell
 *     torrent_ask.c    which blocks are asked of whom
 *     torrent_steer.c  what the only seed suggests to whom
 *     torrent_info.c   metadata, asked and given
 *     torrent_load.c   large metadata, read on a lane
 *     torrent_pex.c    peer exchange
 *     torrent_web.c    web seeds
 *     torrent_dht.c    the DHT
 *     torrent_vouch.c  signatures in it
 *     torrent_move.c   to another folder, or by another name
 *     torrent_read.c   who reads while it downloads
 *     torrent_v2.c     hash trees, asked and given
 *     torrent_blame.c  which block of a piece is wrong, and so who lies
 *     torrent_select.c which files are wanted, and in which order
 *     torrent_json.c   how it is shown, and why it stands still
 *     torrent_poll.c   what is shown only when asked for by name
 * Nobody else includes this. */
#ifndef SHOAL_FILES_TORRENT_IN_H
#define SHOAL_FILES_TORRENT_IN_H

#include "files/torrent.h"

#include "core/content.h"
#include "files/find/dht.h"
#include "files/meta/magnet.h"
#include "files/peer/choke.h"
#include "files/peer/info_fetch.h"
#include "files/peer/pex_state.h"
#include "files/peer/picker.h"
#include "files/peer/superseed.h"

/* The data is being closed and needs the metainfo till then; the torrent may be freed before. */
struct farewell {
    struct torrent *t;   /* NULL: freed */
    struct metainfo *mi; /* then to be freed with this */
    struct loop *loop;
};

enum { STEER_MAX = 16 };

/* One session, as the torrent sees it. */
struct member {
    struct link link;
    struct torrent *t;
    struct session *s;
    struct peer_entry *entry;  /* stays while `connected` is set */
    bool dialing;              /* by us, and not yet open */
    bool counted, counted_all; /* in the picker's availability, and how */
    uint32_t wanted;           /* pieces that it has and we lack */
    uint32_t last;             /* piece last asked of it */
    bool super;                /* it was told that we have nothing (BEP 16) */
    int64_t shown;             /* the piece that it was shown last; SUPERSEED_NONE */
    uint64_t since_us, opened_us;
    uint32_t hints[STEER_MAX]; /* pieces suggested to it that it does not have yet */
    size_t hint_n;
    struct info_fetch *info;   /* NULL: not asked for metadata now */
    uint64_t refused_until_us; /* no hashes are asked of it before */
    unsigned unasked_hashes;   /* answers that nobody waited for */
    struct pex_state *pex;     /* NULL: no peer exchange with it so far */
    uint64_t hole_us;          /* the minute in which `holes` messages of meetings came from it */
    unsigned holes;
};

/* The torrent in the DHT: a walk for each of its names, now and then. */
struct torrent_dht {
    struct dht_op *op[INFOHASH_WIRE_MAX]; /* NULL: not under way */
    struct timer *timer;                  /* to the next walk; NULL: one runs, or none is due */
    size_t found;                         /* peers of this walk */
    unsigned empty;                       /* walks in a row that found nobody */
    char *why;                            /* of the last walk that found nobody; NULL: none */
};

/* Signatures in the DHT: ours is put there, and that of the link's signer looked for. */
enum vouch_state { VOUCH_WAITING, VOUCH_VALID, VOUCH_INVALID, VOUCH_NOT_FOUND };
struct torrent_vouch {
    bool sought; /* the link names who signed it */
    uint8_t key[ED25519_PUB_LEN], salt[MAGNET_SALT_MAX];
    size_t salt_len;
    enum vouch_state state;
    char *why;                /* of the state; NULL: nothing to say */
    struct dht_op *get, *put; /* NULL: not under way */
    struct timer *get_timer, *put_timer;
    uint64_t get_us, put_us; /* not before; put_us 0: not put in this run */
    unsigned misses;         /* looked for in vain, in a row */
};

struct torrent {
    struct torrent_env *env;
    struct log *log;
    uint8_t infohash[SHA1_LEN]; /* the id: stays what it was when the torrent was made */
    struct infohash hash;       /* all that is known */
    char hex[2 * SHA1_LEN + 1];
    char *name, *dir, *resume_path;
    int64_t added_us;
    struct metainfo *mi;
    struct mi_tracker *urls; /* while there is no mi */
    size_t url_count;

    bool fresh; /* see torrent_cfg */
    bool paused, seed, started;
    char *held;       /* by the queue, and why; NULL: not */
    char *blocked;    /* by the owner's rules, why; NULL: not */
    char *error;      /* NULL: none */
    bool error_stays; /* not the disk's: trying again does not help */
    uint64_t error_us;

    struct hash_fetch *hashes; /* v2: what is still missing of the trees; NULL: nothing */
    struct link gives;         /* hashes that peers wait for */
    struct link doubts;        /* pieces of which a block is wrong, torrent_blame.c */
    struct link wrong;         /* what came of pieces that were wrong, likewise */
    struct data *data;
    bool opened, was_complete, told_done;
    uint8_t *priorities; /* enum file_priority per file; NULL: all normal */
    char *rules;         /* not yet applied: which files there are is not known; or NULL */
    uint8_t *want;       /* a bit a piece; NULL: all are wanted */
    bool super_seed;
    struct superseed *super; /* NULL: nothing was shown yet */
    bool sequential, ends_first;
    bool ordered;           /* the picker was told of priorities */
    struct timer *choosing; /* what was chosen is to hold soon */
    struct picker *picker;  /* NULL: nothing missing that is wanted, or not known */
    uint32_t *seen_s;       /* per piece: when a peer was last seen with it, loop seconds */

    struct link readers;
    struct steer *steer; /* NULL: nothing to steer (torrent_steer.c) */
    bool steered;        /* it has begun, and may be over */

    struct torrent_peers *peers;
    struct link dial_turn;    /* in env->to_dial: there may be somebody to dial now */
    struct timer *dial_later; /* or then; NULL and no turn: when torrent_want_dial() says so */
    struct link members;
    size_t member_count;
    struct choke choke;
    uint64_t next_round_us;
    struct trackers *trackers;       /* by its id */
    struct trackers *other_trackers; /* hybrid: by its other hash; NULL: not begun */
    struct torrent_dht dht;
    struct torrent_vouch vouch;
    struct budget info_budget;
    struct info_load *load; /* NULL: no metadata is being read */

    struct link webs; /* web seeds, torrent_web.c */
    size_t web_count;

    struct limit up, down;
    unsigned conns_max;
    uint64_t uploaded, downloaded; /* of all runs */
    uint64_t wasted;
    struct rate up_rate, down_rate;

    struct timer *tick, *tell;
    uint64_t told_us;
    char *release_dir;         /* dir is a quarantine; NULL: it is not */
    char *note;                /* of the quarantine; or NULL */
    char *changed;             /* which files others have changed; NULL: it is all as it was */
    struct release *release;   /* it is being moved */
    struct farewell *farewell; /* data being closed; NULL: none */
    struct mover *mover;       /* NULL: its files stay where they are */
    unsigned closing;          /* what still has to end */
    void (*closed)(void *arg);
    void *closed_arg;
};

struct torrent_field { /* one member of how it is shown */
    const char *name;
    json_t *(*make)(const struct torrent *t);
};
const struct torrent_field *torrent_field_more(const char *name); /* torrent_poll.c */

/* torrent.c */
bool torrent_refuses(const struct torrent *t, const struct addr *a);
uint64_t torrent_now(const struct torrent *t);
bool torrent_is_still(const struct torrent *t); /* paused or held */
bool torrent_may_connect(const struct torrent *t);
void torrent_changed(struct torrent *t);
void torrent_need_tick(struct torrent *t);
/* Goes to the error state.  stays: trying again does not help. */
void torrent_fail(struct torrent *t, bool stays, const char *fmt, ...) PRINTF_LIKE(3, 4);
void torrent_open_data(struct torrent *t);
void torrent_retry_disk(struct torrent *t); /* after the disk's error, now */
/* An error that stays is over: the data is opened. */
void torrent_unblock(struct torrent *t);
/* After a change of what is here or of what is wanted: is it complete now? */
void torrent_look_complete(struct torrent *t);

/* torrent_select.c */
const char *choice_denied(const struct torrent *t, size_t file); /* the pattern, or NULL */
bool choice_wants(const struct torrent *t, uint32_t piece);
uint32_t choice_lacks(const struct torrent *t); /* wanted pieces that are not here; opened */
void choice_bytes(const struct torrent *t, uint64_t *wanted, uint64_t *done);
uint8_t *choice_skipped(const struct torrent *t); /* a bit a file; NULL: none.  free() */
void choice_apply_rules(struct torrent *t);       /* the metadata is here, the data not yet open */
void choice_hold(struct torrent *t);              /* what was chosen holds from now on */
void choice_to_picker(struct torrent *t);

void torrent_close_data(struct torrent *t);  /* then mover_data_closed(), when it is moved */
void torrent_part_closed(struct torrent *t); /* of what `closing` counts */

/* torrent_move.c */
void mover_data_closed(struct torrent *t);
bool torrent_is_renaming(const struct torrent *t);
void mover_end(struct torrent *t);  /* it is being closed; `closing` counts what a lane does */
void mover_drop(struct torrent *t); /* done does not come any more */

/* torrent_super.c */
bool super_is_on(const struct torrent *t);
void super_meet(struct member *m);
void super_has(struct member *m, uint32_t piece);
void super_left(struct torrent *t);

/* torrent_read.c */
bool read_is_wanted(const struct torrent *t); /* somebody reads */
void read_window(struct torrent *t);          /* tells the picker what is waited for */
void read_piece_ok(struct torrent *t, uint32_t piece);
void read_tick(struct torrent *t);
void read_end_all(struct torrent *t, const char *reason);

/* torrent_swarm.c */
void swarm_chosen(struct torrent *t); /* other pieces are wanted */
void swarm_opened(struct torrent *t); /* the data is there: what sessions waited for */
void swarm_piece_ok(struct torrent *t, uint32_t piece);
void swarm_piece_bad(struct torrent *t, uint32_t piece);
void swarm_ban(struct torrent *t, uint32_t id); /* it has sent what is not the torrent's */
void swarm_piece_lost(struct torrent *t, uint32_t piece);
void swarm_resume(struct torrent *t); /* the disk takes blocks again */
/* In end game others may owe the same block: tell them not to.  but: NULL, or who brought it. */
void swarm_cancel(struct torrent *t, const struct member *but, uint32_t piece, uint32_t block);
void swarm_tick(struct torrent *t);
void swarm_end(struct torrent *t, const char *why); /* all sessions, in a later turn */
void swarm_sift(struct torrent *t);                 /* ends sessions with whom torrent_refuses() */
void swarm_free(struct torrent *t);                 /* all sessions, silently */
void swarm_drop_member(struct member *m);

/* For torrent_dial.c and torrent_talk.c: */
struct member *swarm_add_member(struct torrent *t, struct session *s, struct peer_entry *entry);
void swarm_dialled(struct member *m); /* however that ended */
void swarm_meet(struct member *m);    /* the peer's pieces are known, and ours */
void swarm_interest(struct member *m);
void swarm_set_choke(struct member *m, bool choke);
void swarm_count_wanted(struct member *m);
void swarm_end_if_idle(struct member *m);
void swarm_grant(struct torrent *t); /* free slots go at once to those who wait */
/* Who has just come is unchoked if there is a slot for it, before it says that it is interested: a
 * round trip less to its first block.  The next round takes the slot from who has no use for it. */
void swarm_grant_early(struct member *m);

/* torrent_dial.c */
void torrent_want_dial(struct torrent *t); /* there may be somebody to dial, or room for one */
void torrent_dial_rest(struct torrent *t); /* until torrent_want_dial() */

/* torrent_talk.c */
extern const struct session_ops torrent_member_ops; /* arg: the member */

/* torrent_announce.c */
void announce_start(struct torrent *t); /* to all trackers, and in the DHT */
void announce_other(struct torrent *t); /* a hybrid's other name came with the metadata */
void announce_stop(struct torrent *t);  /* says goodbye to the trackers */
void announce_copy_urls(struct torrent *t, const struct mi_tracker *urls, size_t n);
void announce_free_urls(struct torrent *t);

/* torrent_ask.c */
void ask_fill(struct member *m);    /* ask it for what may now be asked */
void swarm_fill(struct torrent *t); /* ... everybody */

/* torrent_release.c */
void release_forget(struct torrent *t); /* the torrent goes */

/* torrent_steer.c: which pieces the only seed suggests to whom */
bool steer_is_on(struct torrent *t);
void steer_fill(struct member *m);                /* it is served: suggest what it lacks */
void steer_has(struct member *m, uint32_t piece); /* it has one more */
void steer_meets(struct member *m);               /* all its pieces are known */
void steer_drop(struct member *m);                /* it is not served any more */
void steer_end(struct torrent *t);

/* torrent_load.c: large metadata, on a lane */
void load_begin(struct member *m); /* all of it is here; takes m->info */
void load_forget(struct torrent *t);

/* torrent_info.c */
/* The metadata is here, or why not; takes mi. */
void info_accept(struct torrent *t, struct metainfo *mi, const struct why *why);
void info_want(struct torrent *t); /* begin attempts where there is room */
void info_drop(struct member *m);
void info_message(struct member *m, const struct wire_metadata *md);
void info_tick(struct torrent *t);

/* torrent_dht.c */
void torrent_dht_wake(struct torrent *t);                /* walk now, if it may be there */
void torrent_dht_rest(struct torrent *t);                /* no walks any more, till it is woken */
void torrent_dht_heard(struct member *m, uint16_t port); /* the peer's node */
/* What to say of it while no peer is known; NULL: it is not in the DHT. */
const char *torrent_dht_says(const struct torrent *t);

/* torrent_vouch.c */
void vouch_wake(struct torrent *t); /* what there is to publish or to look for, if it may */
void vouch_rest(struct torrent *t);
void vouch_free(struct torrent *t);
void vouch_put_link(const struct torrent *t, struct buf *out); /* "&xs=" of who signed; appended */
json_t *vouch_json(const struct torrent *t);

/* torrent_v2.c */
void v2_begin(struct torrent *t); /* the files are known: are the hashes of their pieces? */
bool torrent_lacks_hashes(const struct torrent *t); /* without them nothing can be proven */
void v2_want(struct torrent *t);                    /* ask where there is room */
void v2_tick(struct torrent *t);
void v2_message(struct member *m, enum wire_type type, const struct wire_hash_range *r);
void v2_forget(struct member *m); /* it is gone */
void v2_done(struct torrent *t);

/* torrent_blame.c */
void blame_piece(struct torrent *t, uint32_t piece); /* it is in doubt */
/* An answer about hashes of blocks; false: it was not asked of this peer. */
bool blame_answer(struct member *m, enum wire_type type, const struct wire_hash_range *r);
void blame_compare(struct torrent *t, uint32_t piece); /* it is right: what of it was not? */
void blame_tick(struct torrent *t);
void blame_forget(struct member *m); /* it is gone */
void blame_done(struct torrent *t);

/* torrent_web.c */
void web_add(struct torrent *t, const char *url); /* to those of the metainfo */
void web_meet(struct torrent *t); /* the metadata is here: those that it names; and a new picker */
void web_fill(struct torrent *t);
void web_resume(struct torrent *t);
void web_tick(struct torrent *t);
void web_stop(struct torrent *t); /* gives back what they were asked for */
void web_free(struct torrent *t);
void web_blame(struct torrent *t, uint32_t id, bool alone); /* sent of a bad piece; all of it? */
void web_clear(struct torrent *t, uint32_t id);             /* a piece of it alone is proven */
void web_put(const struct torrent *t, struct buf *out);     /* "&ws=" of each; appended */
bool web_reason(const struct torrent *t, char *out,
                size_t cap); /* what they wait for, if any are */
json_t *web_status(const struct torrent *t);

/* torrent_pex.c */
void pex_tick(struct torrent *t); /* tells each peer what it should be told now */
void pex_message(struct member *m, struct cur payload);
void pex_drop(struct member *m);

/* torrent_hole.c: hole punching */
enum { HOLE_PER_MINUTE = 10 }; /* messages that are heard of one peer */
#define HOLE_MINUTE_US (60 * SEC)
void hole_message(struct member *m, const struct hole_msg *msg);
void hole_ask(struct torrent *t,
              const struct peer_entry *e); /* nobody reaches it: who told of it? */

#endif
