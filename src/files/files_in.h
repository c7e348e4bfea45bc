/* files/files_in.h - the inside of the files app, for its sources:
 *     files.c          start and stop, settings, what is saved each minute
 *     files_meet.c     how connections begin: listener and dialler
 *     files_hold.c     a torrent comes, tells of itself, and goes
 *     files_names.c    what torrents are called by peers
 *     files_late.c     large torrents, read after the start
 *     files_keep.c     rows and .torrent files
 *     files_watch.c    a folder whose .torrent files are added
 *     files_move.c     to another folder
 *     files_stream.c   files for readers, and the links that open them
 *     files_choose.c   which files of a torrent are wanted: its row, and file.set
 *     files_care.c     what is wanted of each torrent, its times and totals; what of it is kept
 *     files_queue.c    whose turn it is, seeding limits, storage
 *     files_groups.c   torrents that share a rate
 *     files_methods.c  what a person can ask for
 *     files_add.c      ... of files: to be shared
 *     files_get.c      ... of links and .torrents: to be here
 *     files_take.c     ... of which those that come as a file
 *     files_reach.c    being found without trackers
 *     files_wishes.c   ... of one torrent's care
 *     files_trackers.c ... of its trackers
 *     files_port.c     the DHT for other apps
 *     files_poll.c     ... in a hurry, for thousands of torrents
 *     files_scan.c     downloads in quarantine, and clamd
 *     files_hands.c    from hand to hand: what files/hand is told of the app
 *     files_unwanted.c what the owner does not want, held against torrents and addresses
 *     files_settings.c what shoal.conf may say
 *     files_table.c    the methods as a table, with the parameters of files_params.h
 *     files_app.c      struct app_ops, migrations
 * Nobody else includes this. */
#ifndef SHOAL_FILES_FILES_IN_H
#define SHOAL_FILES_FILES_IN_H

#include "files/files.h"

#include "base/list.h"
#include "base/map.h"
#include "core/bus.h"
#include "core/jobs.h"
#include "core/metrics.h"
#include "files/find/lsd.h"
#include "files/find/ports.h"
#include "files/hand/hands.h"
#include "files/owner/care.h"
#include "files/owner/queue.h"
#include "files/owner/unwanted.h"
#include "files/peer/limit.h"
#include "files/torrent.h"
#include "net/portmap.h"

/* What care says, and what follows from it in this run. */
struct tended {
    struct care care;
    struct link order;   /* in f->order, by care.place */
    size_t rank;         /* in it, from 0; see queue_ranks() */
    int number;          /* for clients that count torrents; never another's in this run */
    struct link recent;  /* in f->recent, the one that changed last first */
    struct link touched; /* in f->touched: the queue is to look at it */
    uint64_t changed_us;
    enum queue_kind kind; /* as it runs, or waits */
    bool running;
    uint64_t since_us, quiet_us; /* loop: runs so; the last byte, or since_us */
    enum torrent_state was;      /* since was_us */
    uint64_t was_us, unkept_us;  /* times that are not in its row yet */
    bool unkept;
};

/* One torrent of the node. */
struct holding {
    struct link link; /* in f->leaving, once it is to go */
    struct files *f;
    struct torrent *t;
    bool twin;         /* another is the same torrent by its other name: one of the two goes */
    bool with_data;    /* leaving: its files go too */
    bool deleting;     /* and that runs */
    struct call *call; /* leaving: who waits for it; NULL: nobody */
    uint64_t kept_up, kept_down;     /* totals in its row */
    uint64_t metric_up, metric_down; /* totals that the metrics know */
    bool chosen;                     /* it has a row in `choice` */
    bool unwritten;                  /* its .torrent could not be kept: tried again at a save */
    struct tended tend;
};

/* What files.* and limits.* say of queues and seeding. */
struct files_rules {
    size_t places[QUEUE_KINDS];
    uint64_t stalled_us; /* 0: nobody stalls */
    double ratio;        /* below 0: none */
    int64_t idle_s;      /* below 0: none */
    unsigned conns;      /* of one torrent */
    bool start;          /* what is added begins at once */
};

/* Bytes and times of the node, in all runs and in this one. */
struct files_totals {
    uint64_t up, down, added, sessions, active_us;
};

enum { FILES_TRACKER_MAX = 2048, FILES_TRACKER_LIST_MAX = 65536 };

enum { FILES_GONE_MAX = 64 };
struct gone {
    int number;
    uint64_t at_us;
};

struct files_metrics {
    struct metric *torrents, *peers, *up, *down, *finished, *filtered;
};

struct files {
    struct app_env env;
    struct torrent_env swarm;
    char *torrents_dir, *boot_id, *from_ip, *download_dir;
    struct map *torrents; /* infohash -> struct holding */
    struct map *by_name;  /* each name that peers use -> the same */
    struct map *by_req2;  /* mse_req2() of that -> the same */
    char *scan_socket;    /* files.scan; "": off */
    struct link scans;    /* files_scan.c */
    struct hands *hands;  /* NULL: there is no overlay */
    struct unwanted *unwanted;
    struct rc4_lib *rc4; /* NULL: no encryption */
    struct link leaving;
    struct link knocks;
    struct link adding;  /* files being hashed to be shared */
    struct link keeping; /* .torrents being written */
    struct link written; /* .torrents whose rows are to be committed, all at once */
    struct timer *commit_soon;
    struct link lookups;            /* peers given by name */
    struct link inquiries;          /* calls that wait for the DHT */
    struct link taking;             /* calls whose .torrent is being read */
    struct link late, late_waiters; /* files_late.c */
    struct ports *ports;            /* NULL once stopping */
    struct files_dht *dht;          /* NULL: files.dht is off */
    unsigned conns_max;             /* files.connections */
    struct portmap *portmap;        /* NULL: switched off, or stopping */
    int64_t knocked_us;        /* wall: a peer from far away reached us last; 0: none in this run */
    struct lsd *lsd;           /* NULL: switched off, or stopping */
    struct watch *watch;       /* NULL: no folder is watched */
    uint8_t stream_secret[32]; /* of the keys of links, once has_stream_secret */
    bool has_stream_secret;
    struct bucket *dials;
    struct timer *twins_timer; /* two links turned out to be of one torrent */
    struct timer *dial_timer, *save_timer, *stop_timer;
    struct files_metrics metric;

    struct files_rules rules;
    struct link order, recent; /* of holdings: tend.order, tend.recent */
    struct link touched;       /* likewise: tend.touched */
    bool ranks_stale, restoring;
    bool review_all; /* not only those that were touched */
    int last_number;
    struct gone gone[FILES_GONE_MAX]; /* a ring */
    size_t gone_at;
    struct timer *review_timer, *review_soon;
    uint64_t reviewed_us;
    struct map *groups;              /* name -> struct group */
    struct files_totals before, now; /* of earlier runs; of this one */
    uint64_t began_us;

    unsigned closing; /* torrents that still say goodbye */
    void (*stopped)(void *arg);
    void *stopped_arg;
};

/* files_utp.c: uTP on the ports */
void utp_begin(struct files *f, accept_cb *accept); /* by files.transports */
void utp_end(struct files *f);
void utp_on_packet(void *arg, const struct addr *from, const uint8_t *bytes, size_t n);
void utp_on_pause(void *arg);

/* files.c */
struct files *files_start(const struct app_env *env, struct why *why);
void files_stop(struct files *f, void (*done)(void *arg), void *arg);
void files_free(struct files *f);
void files_reload(struct files *f, const struct conf *conf);

/* files_meet.c */
MUST_CHECK enum err meet_begin(struct files *f, struct why *why); /* opens the ports */
void meet_want_dial(void *node); /* struct torrent_env's want_dial */
void meet_end(struct files *f);  /* who came, and did not say for which torrent, goes */
uint16_t files_port(const struct files *f);

/* files_hold.c */
void hold_begin(struct torrent_env *swarm); /* sets what torrents call */
void hold_end(struct files *f);             /* frees all torrents, also those that are leaving */
struct holding *files_add(struct files *f, struct torrent_cfg *cfg);
/* Row and connections go at once, files later; then call (may be NULL) is answered. */
void files_remove(struct holding *h, bool with_data, struct call *call);
void files_count(struct holding *h); /* bytes since the last time, into metrics and totals */

/* files_names.c */
/* By either of a hybrid's names. */
struct holding *files_find(const struct files *f, const uint8_t infohash[INFOHASH_LEN]);
struct holding *files_find_any(const struct files *f, const struct infohash *hash);
/* Names that nobody has yet; of two torrents that a link made one, the first keeps its own. */
void names_add(struct holding *h);
void names_drop(struct holding *h);
/* Its metadata is here, and with it all its names.  Who has one of them is the same torrent: one of
 * the two goes in the next turn, with a line in the log. */
void names_learned(struct holding *h);
/* For struct mse_cfg's find; arg: the files. */
bool names_skey(void *arg, const uint8_t req2[SHA1_LEN], uint8_t skey[SHA1_LEN]);

/* files_keep.c */
MUST_CHECK enum err keep_row(struct holding *h, struct why *why);
void keep_drop(struct files *f, const uint8_t infohash[SHA1_LEN]);
void keep_restore(struct files *f);
/* One whose .torrent a lane has read; takes mi, NULL: why. */
void keep_restore_late(struct files *f, const uint8_t infohash[SHA1_LEN], struct metainfo *mi,
                       const struct why *why);
char *keep_path(const struct files *f, const char *hex, const char *ending); /* free() */
/* The .torrent and the row, so that they last; done (may be NULL) comes once, from the loop. */
typedef void keep_cb(void *arg, const struct why *why);
void keep_torrent(struct holding *h, keep_cb *done, void *arg);
/* Likewise, and done comes when HEX.torrent can be read. */
void keep_torrent_file(struct holding *h, keep_cb *done, void *arg);
/* Whether that is still under way for this torrent. */
bool keep_is_under_way(const struct holding *h);
void keep_commit(struct files *f); /* the rows of what is written, without waiting for more */
void keep_forget(struct files *f); /* the app goes before what its lanes still write */
void keep_unlink(struct files *f, const char *hex); /* the .torrent and the resume file */

/* files_reach.c: being found by others */
void reach_start(struct files *f); /* after the ports are open */
void reach_changed(struct files *f, const struct torrent *t);
void reach_removed(struct files *f, const struct torrent *t);
json_t *reach_status(const struct files *f); /* of the port mapping */
void reach_knocked(struct files *f,
                   const struct session *s); /* a peer came by itself, with a handshake */
void file_reach(void *app, struct call *c);
void reach_stop(struct files *f);
/* files_care.c */
void tend_begin(struct holding *h);   /* before its torrent is made */
void tend_started(struct holding *h); /* after */
void tend_end(struct holding *h);     /* out of all lists; frees what tend has */
void tend_changed(struct holding *h, uint64_t up, uint64_t down); /* bytes since the last time */
void tend_moved(struct holding *h); /* its row is another: first among the recent */
void tend_finished(struct holding *h);
MUST_CHECK enum err tend_keep(struct holding *h, struct why *why);
void tend_drop(struct files *f, const uint8_t infohash[SHA1_LEN]);
void tend_save(struct files *f, bool all); /* what is not kept yet */
void tend_settings(struct files *f);
void tend_apply(struct holding *h); /* the care, to its torrent */
void tend_restore(struct files *f); /* totals and groups, before the torrents */
json_t *files_row(struct holding *h);
json_t *files_row_more(json_t *row, struct holding *h); /* care's members, into row */
/* One member of a row, or of what `file show` tells, by its name; NULL: there is none. */
struct files_field;
const struct files_field *files_field(const char *name);
json_t *files_field_value(const struct files_field *field, struct holding *h);

/* files_queue.c */
void queue_enter(struct holding *h); /* by its place; 0: at the end */
void queue_move(struct holding *h, size_t rank);
void queue_ranks(struct files *f); /* makes tend.rank true */
void queue_review(struct files *f);
/* Within milliseconds; with thousands of torrents, more of them. */
void queue_soon(struct files *f);
/* Likewise, for what became of one torrent: costs nothing for the others where nothing is limited.
 */
void queue_touch(struct holding *h);
/* At once where places or storage are limited: it is to begin, or to be held, before it is told of.
 */
void queue_look(struct holding *h);
uint64_t queue_stored(const struct files *f); /* bytes that limits.storage counts */
/* Why a torrent that is added begins held; NULL: it does not. */
const char *queue_first(const struct files *f);

/* files_groups.c */
struct group;
void groups_restore(struct files *f);
void groups_free(struct files *f);
struct limit *group_limit(struct files *f, const char *name, enum policy_rate r); /* NULL: none */
bool group_is_free(struct files *f, const char *name); /* of the node's limits */
/* files_unwanted.c */
MUST_CHECK enum err unwanted_begin(struct files *f, struct why *why);
/* May this torrent be held?  mi: NULL while it is not known; names: its files count too. ERR_DENIED
 * and why. */
MUST_CHECK enum err unwanted_vet(struct files *f, const uint8_t id[INFOHASH_LEN],
                                 const struct infohash *hash, const struct metainfo *mi, bool names,
                                 struct why *why);
void unwanted_look(struct files *f); /* blocks and frees what is held */

/* files_items.c */
struct magnet;
/* A mutable torrent (BEP 46): looks up the infohash that its key has published now, writes it into
 * m and goes on with `then`, or answers why not.  Takes m, then takes it. */
typedef void inquiry_cb(struct files *f, struct call *c, struct magnet *m);
void inquiry_resolve(struct files *f, struct call *c, struct magnet *m, inquiry_cb *then);
void inquiry_cancel_all(struct files *f); /* calls that wait for the DHT are told that we stop */
void dht_call_get(void *app, struct call *c);
void dht_call_put(void *app, struct call *c);

/* files_dht.c */
void files_dht_start(struct files *f);
void files_dht_packet(struct files *f, const struct addr *from, const uint8_t *bytes, size_t n);
void files_dht_nodes(struct files *f, const struct metainfo *mi); /* BEP 5, "nodes" */
void files_dht_stop(struct files *f); /* what is known is kept; it hears until it is freed */
void files_dht_free(struct files *f);
json_t *files_dht_status(const struct files *f);

/* files_hands.c: from hand to hand */
MUST_CHECK enum err hands_begin(struct files *f, struct why *why);
void file_send(void *app, struct call *c);
void file_receive(void *app, struct call *c);
void file_transfer_ls(void *app, struct call *c);
void file_transfer_show(void *app, struct call *c);
void file_transfer_accept(void *app, struct call *c);
void file_transfer_cancel(void *app, struct call *c);
extern const struct param hands_send_params[], hands_receive_params[], hands_id_params[];
extern const struct column hands_columns[];

/* files_scan.c */
void scans_settings(struct files *f);
void scans_begin(struct files *f);
void scans_end(struct files *f);
/* Where a new torrent's files are kept until they were looked at (free() it); NULL: nowhere else.
 */
char *scans_quarantine(const struct files *f, const char *dir, const struct metainfo *mi);
/* Was it released just before the node ended? */
void scans_restore(struct files *f, struct torrent_cfg *cfg);

/* files_settings.c */
extern const struct conf_key files_settings[];
/* files_watch.c */
void files_watch(struct files *f); /* as files.watch says now */

/* files_move.c */
/* To another folder; then call is answered.  moved_already: the files are there, they are only
 * looked for. */
void files_move(struct holding *h, const char *dir, bool moved_already, struct call *call);
void files_move_on(struct files *f); /* at the start: what was begun before */
void move_on(struct holding *h);     /* likewise, of one */
void file_move(void *app, struct call *c);

/* files_rename.c */
void rename_restore(struct files *f, const struct torrent_cfg *cfg); /* into cfg's metainfo */
void rename_drop(struct files *f, const uint8_t infohash[SHA1_LEN]);
void file_rename(void *app, struct call *c);

/* files_stream.c */
extern const struct content_ops files_content;
void file_stream(void *app, struct call *c);

/* files_choose.c */
struct choice_row {
    bool there;
    char *rules;
    uint8_t *priorities; /* one a file */
    size_t count;
    bool sequential, ends_first, super_seed;
};
MUST_CHECK enum err choose_keep(struct holding *h, struct why *why); /* as part of keep_row() */
void choose_drop(struct files *f, const uint8_t infohash[SHA1_LEN]);
void choose_read(struct files *f, const uint8_t infohash[SHA1_LEN], struct choice_row *out);
void choose_row_done(struct choice_row *row);
/* What the call (only, skip, low, normal, high) and the link (may be NULL) say, as rules of
 * files/meta/select.h; *out is NULL where they say nothing, else to be freed. */
struct magnet;
MUST_CHECK enum err choose_rules(struct call *c, const struct magnet *m, char **out,
                                 struct why *why);
/* Do these rules mean files of this torrent? */
MUST_CHECK enum err choose_check(const char *rules, const struct metainfo *mi, struct why *why);

/* files_table.c */
extern const struct method files_methods[];
/* files_methods.c */
/* The torrent that `id` means; NULL: the call is answered. */
struct holding *files_named(struct files *f, struct call *c, const char *id);
/* What seeding limits ended goes on without the one that is reached.  now: before its turn. */
void files_resume(struct holding *h, bool now);
/* files_add.c */
void adding_cancel_all(struct files *f);
void file_add(void *app, struct call *c);
/* files_get.c */
void lookup_cancel_all(struct files *f);
void file_get(void *app, struct call *c);
/* A peer given by hand: ADDRESS:PORT, or a name that is looked up first. */
MUST_CHECK enum err files_add_peer(struct holding *h, const char *text, struct why *why);

/* What was asked for is known by its infohash: a new torrent, or one that is there.  Takes cfg->mi.
 */
struct magnet;
void file_get_known(struct files *f, struct call *c, struct torrent_cfg *cfg,
                    const struct magnet *m);

/* files_late.c */
void late_begin(struct files *f, const uint8_t infohash[SHA1_LEN], bool own);
bool late_is_awaited(const struct files *f);
/* True: the call waits, and is made again when all torrents are here. */
bool late_wait(struct files *f, struct call *c);
void late_cancel_all(struct files *f);

/* files_take.c */
/* A .torrent in base64; a large one is read on a lane. */
void take_torrent(struct files *f, struct call *c, const char *base64);
void take_cancel_all(struct files *f);

/* files_methods.c: what the methods of files_table.c do (core/call.h's method_fn). */
void file_ls(void *app, struct call *c);
void file_show(void *app, struct call *c);
void file_pause(void *app, struct call *c);
void file_resume(void *app, struct call *c);
void file_verify(void *app, struct call *c);
void file_reannounce(void *app, struct call *c);
void file_rm(void *app, struct call *c);
void file_peer(void *app, struct call *c);
void file_limit(void *app, struct call *c);
void file_export(void *app, struct call *c);
void file_set(void *app, struct call *c);
/* files_unwanted.c */
void file_block(void *app, struct call *c);
void file_unblock(void *app, struct call *c);
void file_blocklist(void *app, struct call *c);
/* files_scan.c */
void file_release(void *app, struct call *c);

/* Which torrent the parameter `id` means; NULL after the call was answered. */
struct holding *holding_of(struct files *f, struct call *c);
/* Commit the rows, then answer with what is now. */
void answer_kept(struct holding *h, struct call *c);

/* files_wishes.c */
void file_label(void *app, struct call *c);
void file_queue(void *app, struct call *c);
void file_stats(void *app, struct call *c);
/* The part of file.limit that is care's; false after the call was answered. */
bool wish_limits(struct holding *h, struct call *c);

/* files_trackers.c */
void file_tracker(void *app, struct call *c);

/* files_poll.c */
void file_poll(void *app, struct call *c);

/* files_groups.c */
void file_group_set(void *app, struct call *c);
void file_group_ls(void *app, struct call *c);

#endif
