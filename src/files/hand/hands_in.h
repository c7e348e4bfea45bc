/* files/hand/hands_in.h - the inside of hands.h; for src/files/hand's own files alone.
 *
 *     who gives    hand_give.c the offer; hand_visit.c who tries its code; hand_serve.c who fetches
 *     who gets     hand_get.c what is received; hand_seek.c finding who has it; hand_fetch.c bytes
 */
#ifndef SHOAL_FILES_HAND_HANDS_IN_H
#define SHOAL_FILES_HAND_HANDS_IN_H

#include "base/list.h"
#include "core/call.h"
#include "files/hand/hand_code.h"
#include "files/hand/hand_msg.h"
#include "files/hand/hand_source.h"
#include "files/hand/hand_state.h"
#include "files/hand/hand_store.h"
#include "files/hand/hands.h"
#include "host/host.h"

enum {
    HAND_ID_TEXT = 9,     /* 8 hex digits and a NUL */
    HAND_VISITS_MAX = 32, /* strangers who try a code at once; past it the oldest is sent away */
    HAND_SERVES_MAX = 16, /* who fetch at once */
    HAND_ASKED_MAX = 256, /* peers asked for one code */
    HAND_ASKING_MAX = 8,  /* of them at once */
    HAND_WRONG_MAX = 8,   /* of them whom the words were tried with in vain: then it ends */
};
#define HAND_VISIT_US (20 * SEC) /* between two messages of who tries a code */
#define HAND_SEEK_US (180 * SEC) /* then nobody was found */
#define HAND_QUIET_US (60 * SEC) /* without a byte a stream is dead */

struct kad_op;
struct hands;
struct serve;
struct seek;
struct fetch;
struct scan;

/* How fast it goes: bytes of the last seconds. */
struct hand_pace {
    uint64_t from_us, bytes, rate;
};
void hand_pace_count(struct hand_pace *p, uint64_t now_us, uint64_t bytes);
uint64_t hand_pace_rate(struct hand_pace *p, uint64_t now_us);

enum hand_phase {
    HAND_WAITING,  /* give: for somebody with the code */
    HAND_SEEKING,  /* get: who has it? */
    HAND_OFFERED,  /* both: whether it is taken */
    HAND_RUNNING,  /* bytes go, or will when the other is there again */
    HAND_CHECKING, /* get: all is there; scanned, synced and named */
    HAND_DONE,
    HAND_ENDED, /* why */
};
const char *hand_phase_word(enum hand_phase p);

/* What of a get is written down. */
enum hand_accepted { HAND_ASKS = 0, HAND_ACCEPTED = 1, HAND_NAMING = 2, HAND_NAMED = 3 };

/* What is offered. */
struct give {
    struct link link; /* in hands.gives, oldest first */
    struct hands *h;
    char id[HAND_ID_TEXT];
    struct hand_code code;
    char *path;
    struct hand_source *source; /* NULL: over */
    char *name;
    uint64_t size, files, left_out;
    struct hand_state state;
    uint8_t token[HAND_TOKEN_LEN];
    enum hand_phase phase;
    struct serve *serve; /* who fetches now; NULL: nobody */
    struct kad_op *told; /* the table is being told */
    uint64_t sent;       /* bytes that need not be sent again */
    struct hand_pace pace;
    struct why why;
};

/* What is received. */
struct get {
    struct link link; /* in hands.gets, oldest first */
    struct hands *h;
    char id[HAND_ID_TEXT];
    struct hand_code code; /* of number 0: forgotten */
    struct peer_id only;   /* look at this peer alone; nobody: at all */
    char *dir;
    bool wanted; /* whatever it is: the owner is not asked */
    struct seek *seek;
    struct peer_id peer;
    uint8_t token[HAND_TOKEN_LEN];
    struct hand_store *store;
    bool opened; /* the store knows what is there */
    char *path;  /* of the part, and in the end of the file */
    char *name;
    uint64_t size, files, have;
    enum hand_phase phase;
    struct fetch *fetch;
    struct timer *again;
    struct hand_table_look *where; /* the table is asked where he is */
    uint64_t pause_us;
    struct scan *scan;
    size_t scanned; /* entries */
    struct hand_pace pace;
    struct why why;     /* why it does not go on; OK: it does */
    enum hand_end word; /* what the other side is still to be told; HAND_GOES_ON: nothing */
    unsigned tells;
};

struct hands {
    struct hands_cfg cfg;
    struct host *host;
    struct loop *loop;
    const struct log *log;
    char *sums_dir;
    struct link gives, gets;
    struct link walks;  /* file.send's calls whose files are being looked at */
    struct link visits; /* oldest first */
    struct link serves;
    size_t visit_count, serve_count;
    struct host_watch watch;
    struct timer *tick; /* whose time is over? */
};

/* hands.c */
void hands_new_id(struct hands *h, char id[HAND_ID_TEXT]);
void give_tell(struct give *g); /* it is another now: events */
void get_tell(struct get *g);
/* Who talks with whom under which number: CI of crypto/cpace.h, appended. */
void hand_channel(struct buf *out, const struct peer_id *asks, const struct peer_id *answers,
                  unsigned number);
/* The two words, appended. */
void hand_password(struct buf *out, const struct hand_code *c);
void hand_token(const struct cpace_keys *keys, uint8_t token[HAND_TOKEN_LEN]);

/* Bytes go, or go no more: while they do, a dead connection to this peer is noticed soon. */
void hand_tend(struct hands *h, const struct peer_id *peer);

/* hand_give.c */
struct give *give_find(const struct hands *h, const char *id);
struct give *give_of_number(const struct hands *h, unsigned number);
struct give *give_of_token(const struct hands *h, const uint8_t token[HAND_TOKEN_LEN],
                           const struct peer_id *peer);
size_t gives_open(const struct hands *h);
/* One whose files are known; takes source.  NULL and a reason. */
struct give *give_new(struct hands *h, struct hand_source *source, const char *path,
                      size_t left_out, struct why *why);
struct give *give_restore(struct hands *h, struct hand_source *source, const char *path);
void give_wrong(struct give *g); /* a wrong guess; it is kept before this returns */
MUST_CHECK enum err give_right(struct give *g, const struct peer_id *peer,
                               const uint8_t token[HAND_TOKEN_LEN], struct why *why);
void give_kept(struct give *g); /* the other side has what it needs: the words are forgotten */
/* why NULL: all of it was taken. */
void give_over(struct give *g, const struct why *why);
void give_free(struct give *g);
void gives_expire(struct hands *h);

/* hand_table.c: a number in the distributed table, where there is one. */
void hand_table_announce(struct give *g);
void hand_table_withdraw(struct give *g);
void hand_table_forget(struct give *g); /* nobody is told */
/* Who else has something under this number: cb comes once, later; NULL: there is no table. */
typedef void hand_table_cb(void *arg, const struct peer_id *found, size_t n);
struct hand_table_look;
struct hand_table_look *hand_table_look(struct hands *h, unsigned number, hand_table_cb *cb,
                                        void *arg);
/* Where is this peer?  The host knows when cb comes. */
struct hand_table_look *hand_table_where(struct hands *h, const struct peer_id *peer,
                                         hand_table_cb *cb, void *arg);
void hand_table_cancel(struct hand_table_look *l); /* NULL: nothing */

/* hand_visit.c: an answer to a code. */
void hand_visit_on_stream(void *arg, const struct host_stream *s);
void hand_visits_done(struct hands *h);

/* hand_serve.c: an answer to who fetches. */
void hand_serve_on_stream(void *arg, const struct host_stream *s);
void hand_serve_cut(struct serve *s, const char *words); /* words NULL: without any */
void hand_serves_done(struct hands *h);

/* hand_seek.c.  offer.p NULL: nobody, and why.  True: it is kept, and the other side is told so.
 * The seek is gone after it. */
typedef bool seek_cb(void *arg, const struct peer_id *peer, const uint8_t token[HAND_TOKEN_LEN],
                     struct cur offer, const struct why *why);
struct seek *seek_start(struct hands *h, const struct hand_code *code, const struct peer_id *only,
                        seek_cb *cb, void *arg);
void seek_cancel(struct seek *s);                           /* NULL: nothing */
void seek_peer(struct seek *s, const struct peer_id *peer); /* is there now */
size_t seek_asked(const struct seek *s);

/* hand_get.c */
struct get *get_find(const struct hands *h, const char *id);
size_t gets_open(const struct hands *h);
struct get *get_new(struct hands *h, const struct hand_code *code, const struct peer_id *only,
                    const char *dir, bool wanted);
/* One that was kept: accepted: enum hand_accepted.  Freed where it cannot go on. */
void get_restore(struct get *g, struct cur offer, int accepted);
MUST_CHECK enum err get_accept(struct get *g, struct why *why);
void get_cancel(struct get *g); /* by the owner: the other side is told, what is there goes */
void get_hello(struct get *g);  /* the other side is there: try now */
void get_on_put(void *arg, const struct why *why); /* the store's, of a fetch or of none */
void get_free(struct get *g);

/* hand_fetch.c: chunks into the store, from where it is; or only the word that it is over. */
typedef void fetch_cb(void *arg, bool over,
                      const struct why *why); /* over: there is no other try */
struct fetch *fetch_start(struct get *g, enum hand_end end, fetch_cb *cb, void *arg);
void fetch_cancel(struct fetch *f);                        /* NULL: nothing */
void fetch_on_put(struct fetch *f, const struct why *why); /* chunks are on the disk, or why not */

/* hand_keep.c */
MUST_CHECK enum err hand_keep_load(struct hands *h, struct why *why);
MUST_CHECK enum err hand_keep_give_new(const struct give *g, struct why *why);
MUST_CHECK enum err hand_keep_give(const struct give *g, struct why *why); /* its state */
void hand_keep_give_gone(const struct give *g);
MUST_CHECK enum err hand_keep_get(const struct get *g, struct cur offer, struct why *why);
MUST_CHECK enum err hand_keep_get_accepted(const struct get *g, enum hand_accepted a,
                                           struct why *why);
void hand_keep_get_gone(const struct get *g);
void hand_keep_places(const struct get *g); /* where the other side is */

/* hand_methods.c */
json_t *give_json(struct give *g);
json_t *get_json(struct get *g);
void hands_walks_done(struct hands *h); /* calls that wait are told that we stop */

#endif
