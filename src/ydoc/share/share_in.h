/* ydoc/share/share_in.h - sharing from inside.  For the files of share.h alone.
 *
 *   share.c          documents of ours and of others: made, forgotten, looked at
 *   share_roster.c   the newest roster of each: taken over, signed, changed
 *   share_door.c     links: made, opened, void
 *   share_keep.c     what of it is in the database
 *   share_mates.c    whom we share something with: dialled, visited
 *   share_session.c  a stream with one of them
 *   share_parts.c    long answers over relays that count
 *   share_places.c   where the others are
 *   share_topic.c    what is said to all of them
 *   share_join.c     asking to be let in
 *
 * A document (struct shared) has a bond with each other member (struct mate).  A bond is due when
 * there is something that we may lack, or they; then the mate is visited: a session is opened, both
 * sides catch up, and it closes when nobody types any more.  While there is a session, or somebody
 * typed lately, the document's room is held. */
#ifndef SHOAL_YDOC_SHARE_SHARE_IN_H
#define SHOAL_YDOC_SHARE_SHARE_IN_H

#include "base/list.h"
#include "base/map.h"
#include "core/app.h"
#include "host/gossip/gossip.h"
#include "host/mux/messages.h"
#include "ydoc/share/doc_link.h"
#include "ydoc/share/greet_msg.h"
#include "ydoc/share/part_msg.h"
#include "ydoc/share/share_tables.h"
#include "ydoc/share/topic_msg.h"

#define SHARE_TICK_US (1 * SEC)
#define SHARE_GREET_US (15 * SEC)      /* for a greeting and its answer */
#define SHARE_BUSY_US (60 * SEC)       /* after the last change a document is still at hand */
#define SHARE_QUIET_US (60 * SEC)      /* after the last message a stream is closed */
#define SHARE_DIGEST_US (30 * SEC)     /* between two digests in a topic */
#define SHARE_BATCH_US (30 * MSEC)     /* what is typed in it is one envelope */
#define SHARE_SLOW_US (30 * SEC)       /* who takes nothing for so long is shown out */
#define SHARE_PAUSE_US (5 * SEC)       /* between two dials, doubled each time, */
#define SHARE_PAUSE_MAX_US (600 * SEC) /* up to this */
#define SHARE_PARTIAL_US (600 * SEC)   /* so long one is kept that does not go on */
#define SHARE_GUESS_US (3600 * SEC)    /* how long a wrong guess is held against somebody */
enum {
    SHARE_VISITS_MAX = 8,          /* streams that we open at once with one peer */
    SHARE_DIALS_MAX = 4,           /* peers that are dialled at once */
    SHARE_GREETING_MAX = 64,       /* inbound streams whose greeting is awaited, in all */
    SHARE_GREETING_PEER_MAX = 8,   /* of one peer */
    SHARE_QUEUED_MAX = 256 * 1024, /* bytes that wait for a stream before its seat is paused */
    SHARE_GUESSERS_MAX = 256,      /* peers that guessed; the oldest is forgotten */
    SHARE_GUESSES_MAX = 5,         /* wrong tokens of one peer in SHARE_GUESS_US */
    SHARE_PARTIALS_MAX = 8,        /* long answers under way over relays that count */
    SHARE_JOINS_MAX = 64,          /* of ours that wait */
    SHARE_TOPIC_TEXT = 65,
};

/* A document and those who hold it. */
struct shared {
    struct share *s;
    struct doc_id id;
    bool ours;      /* its secret is in the database */
    bool shown_out; /* its owner said that we are no member (any more) */
    struct roster roster;
    struct buf signed_roster;
    uint8_t key[ROSTER_KEY_LEN], old_key[ROSTER_KEY_LEN]; /* of this epoch; of the last */
    bool has_key;
    uint64_t old_epoch; /* 0: none */
    struct link bonds, sessions;
    size_t session_count;

    struct room *room; /* NULL: not at hand; its digest then, if it ever was: */
    uint8_t rest[TOPIC_MSG_DIGEST_LEN];
    bool has_rest;
    uint64_t busy_us; /* the last change or presence */
    uint64_t gap_us;  /* since when it waits for what is not here; 0: it does not */

    char topic[SHARE_TOPIC_TEXT];
    struct gossip_sub *sub; /* NULL: there are no topics, or nobody to hear */
    struct seat *topic_seat;
    struct buf batch;
    size_t batch_count;
    struct timer *batch_timer;
    uint64_t digest_us; /* when it was told last */
};

/* Somebody who is a member with us of something. */
struct mate {
    struct share *s;
    struct peer_id peer;
    struct link bonds;
    struct host_dial *dial;
    uint64_t pause_us, next_us; /* of dialling */
    int64_t seen_us;            /* wall clock; 0: never */
    size_t visits;              /* sessions with it that we opened */
    uint64_t holds_us;          /* not before: the other side comes first */
};

struct bond {
    struct link of_mate, of_doc;
    struct mate *mate;
    struct shared *doc;
    bool due;
    bool differs; /* it told of a digest that was not ours: */
    uint8_t digest[TOPIC_MSG_DIGEST_LEN];
    uint64_t not_before_us; /* after a visit that failed */
};

struct session {
    struct link link; /* in shared.sessions, or share.strangers */
    struct share *s;
    struct shared *doc; /* NULL: not greeted yet */
    struct peer_id peer;
    struct doc_id id;       /* ours: what it is about */
    bool ours;              /* we opened it */
    bool live;              /* greeted both ways */
    bool synced;            /* it told us what we lacked */
    bool doomed;            /* it ends in the next turn */
    bool quiet;             /* it ends well: nothing is due */
    bool visits;            /* it counts as one of its mate's */
    bool limited;           /* over a relay that counts: long answers go in pieces */
    bool began;             /* a piece has come */
    bool goes_on;           /* the first was of an answer that began in another session */
    struct part_msg theirs; /* what they have of an answer of ours; at 0: nothing */
    struct share_join *join;
    struct host_open *open;
    struct messages *m;
    struct seat *seat;
    struct timer *timer; /* the end; or until a paused seat may go on */
    bool paused;
    size_t was_queued; /* when it was looked at last, */
    uint64_t slow_us;  /* and when that was other */
    uint64_t moved_us; /* when something was said */
};

struct guesser {
    struct link link; /* in share.guessers, the oldest first */
    struct peer_id peer;
    unsigned wrong;
    uint64_t at_us;
};

struct share {
    struct share_cfg cfg;
    struct loop *loop;
    const struct log *log;
    struct host *host; /* NULL: nobody is reached */
    struct peer_id self;
    struct map *docs, *mates;
    struct link strangers, joins, guessers, partials;
    size_t partial_count;
    size_t stranger_count, guesser_count, join_count, dial_count, held_count;
    struct host_watch watch;
    struct room_watch rooms_watch;
    struct timer *tick;
    uint64_t refused; /* updates in topics, since it was logged */
    uint64_t logged_us;
};

/* --- share.c -------------------------------------------------------------------------------- */

struct shared *shared_find(struct share *s, const struct doc_id *id); /* NULL: none */
/* One that the database has; nothing of it is done yet. */
struct shared *shared_new(struct share *s, const struct doc_id *id);
void shared_free(struct shared *d);
/* Its room is held from now on, until it is quiet; false: it cannot be opened. */
bool shared_hold(struct shared *d, struct why *why);
/* SHA-256 of what there is: ydoc_snapshot().  Its room is held. */
void shared_digest(struct shared *d, uint8_t out[TOPIC_MSG_DIGEST_LEN]);
void shared_busy(struct shared *d);

/* --- share_roster.c ------------------------------------------------------------------------- */

/* The signed roster, if it is newer and its owner's: kept, and acted on.  OK too where it is not
 * newer; then nothing is done. */
MUST_CHECK enum err roster_offer(struct shared *d, struct cur signed_roster, struct why *why);
/* From the database, at the start. */
MUST_CHECK enum err roster_load(struct shared *d, struct cur signed_roster, struct why *why);
enum doc_role roster_role(const struct shared *d); /* ours */
bool roster_has_us(const struct shared *d);
/* Changes by the owner: sign with a greater number, keep, act.  The roster is theirs. */
MUST_CHECK enum err roster_change(struct shared *d, struct roster *r, bool new_key,
                                  struct why *why);
/* Its owner said that we are no member. */
void roster_shown_out(struct shared *d);
/* Not kept yet: to be signed for the first time. */
MUST_CHECK enum err roster_first(struct share *s, const struct doc_id *id,
                                 const uint8_t seed[ED25519_SEED_LEN], struct why *why);

/* --- share_door.c --------------------------------------------------------------------------- */

/* Who comes with a token becomes a member, if it is good.  ERR_DENIED. */
MUST_CHECK enum err door_enter(struct shared *d, const struct greet *g, const struct peer_id *peer,
                               struct why *why);
void guessers_done(struct share *s);

/* --- share_keep.c --------------------------------------------------------------------------- */

extern const struct migration share_migrations[2]; /* for tests: the shelf's, and this */
MUST_CHECK enum err share_load(struct share *s, struct why *why);
/* sealed_seed: NULL: not ours, or as it is. */
MUST_CHECK enum err share_keep_roster(struct share *s, const struct doc_id *id,
                                      const struct buf *sealed_seed, struct cur roster,
                                      struct why *why);
MUST_CHECK enum err share_keep_seed(struct share *s, const struct doc_id *id,
                                    uint8_t seed[ED25519_SEED_LEN], struct why *why); /* read it */
void share_keep_shown_out(struct share *s, const struct doc_id *id);
struct invite {
    struct doc_id doc;
    uint8_t hash[32];
    enum doc_role role;
    struct peer_id peer; /* of nobody: anybody */
    int64_t until_us;    /* wall clock */
};
MUST_CHECK enum err share_keep_invite(struct share *s, const struct invite *i, struct why *why);
/* All are void; with `peer`, those that it may know: its own, and those that open to anybody. */
MUST_CHECK enum err share_keep_no_invites(struct share *s, const struct doc_id *id,
                                          const struct peer_id *peer, struct why *why);
/* Each good one of a document: false from each ends it. */
typedef bool share_invite_fn(void *arg, const struct invite *i);
void share_each_invite(struct share *s, const struct doc_id *id, share_invite_fn *each, void *arg);
void share_keep_join(struct share *s, const struct doc_id *id, const char *link, int64_t until_us);
void share_keep_no_join(struct share *s, const struct doc_id *id);
void share_keep_seen(struct share *s, const struct mate *m);
void share_keep_places(struct share *s, const struct peer_id *peer);

/* --- share_mates.c -------------------------------------------------------------------------- */

/* NULL: none. */
struct mate *mate_find(struct share *s, const struct peer_id *peer);
/* Likewise. */
struct bond *bond_find(const struct shared *d, const struct peer_id *peer);
/* Its bonds are those that its roster says, and all are due. */
void mates_of(struct shared *d);
void mates_none(struct shared *d);
void mates_due(struct shared *d); /* with all of them there may be something to exchange */
void mates_see(struct share *s);  /* once a tick */
/* It may be found now: dialled without the pause. */
void mate_soon(struct share *s, const struct peer_id *peer);
void mate_visit(struct mate *m); /* what is due and can be done now */
void mate_seen(struct share *s, const struct peer_id *peer);
void mates_done(struct share *s);
void mates_watch(struct share *s);

/* --- share_session.c ------------------------------------------------------------------------ */

/* Streams are answered from now on. */
void sessions_begin(struct share *s);
/* Not answered any more; those of strangers are over. */
void sessions_done(struct share *s);
struct session *session_find(const struct shared *d, const struct peer_id *peer); /* NULL: none */
/* We open one; join: NULL or why. */
struct session *session_open(struct share *s, const struct doc_id *id, const struct peer_id *peer,
                             struct share_join *join);
void share_session_free(struct session *x);
/* A newer roster is there: told on; those who are off it are shown out. */
void sessions_roster(struct shared *d);
void sessions_see(struct shared *d); /* once a tick: what is quiet is closed */
void sessions_ask(struct shared *d); /* something is missing: step 1 again */

/* --- share_parts.c -------------------------------------------------------------------------- */

/* What we have of an answer of theirs, if it is any, as a message to them. */
void parts_have(const struct session *x, struct buf *out);
/* An answer of ours, or the rest of the last one. */
MUST_CHECK enum err parts_send(struct session *x, struct cur whole, struct why *why);
/* A piece of theirs.  *whole: empty, and the answer, the caller's, where it was the last. */
MUST_CHECK enum err parts_take(struct session *x, struct cur msg, struct buf *whole,
                               struct why *why);
void parts_see(struct share *s); /* once a tick */
void parts_done(struct share *s);

/* --- share_places.c ------------------------------------------------------------------------- */

/* Who has come is told where the others are, and they where it is. */
void places_tell(struct session *x);
/* A signed record; of who is no member it is passed over. */
MUST_CHECK enum err places_take(struct shared *d, struct cur record, struct why *why);

/* --- share_topic.c -------------------------------------------------------------------------- */

/* Its topic is listened to where it should be, and its seat is there while its room is. */
void topic_see(struct shared *d);
void topic_leave(struct shared *d); /* its seat */
void topic_end(struct shared *d);
void topic_tell(struct shared *d); /* a digest, now */

/* --- share_join.c --------------------------------------------------------------------------- */

/* One of before the restart. */
void join_resume(struct share *s, const char *link, int64_t until_us);
/* Once a tick. */
void joins_see(struct share *s);
/* All are forgotten here; the database has them. */
void joins_done(struct share *s);
/* What we say to be let in. */
void join_greet(const struct share_join *j, struct greet *g);
/* We are: the document is there from now on, empty. */
MUST_CHECK enum err join_welcome(struct share_join *j, const struct greet *g, struct why *why);
void join_synced(struct share_join *j); /* all of it is here */
void join_left(struct share_join *j);   /* its session is gone */
/* The session came to nothing.  why NULL: it just ended. */
void join_failed(struct share_join *j, enum greet_code code, const struct why *why);

#endif
