/* ydoc/room/room.h - documents that are open, and everybody who sits at one.
 *
 * Whoever speaks y-protocols has a seat: a browser's WebSocket, a peer's stream, a topic.  What is
 * written here is kept (ydoc/shelf/shelf.h) and then told to all others; what a peer tells is kept
 * by that peer already, and told at once.  Who is here is told likewise and never kept.  The node's
 * own edits (the command line, a file that is followed) go through room_begin() and room_commit().
 * One document is in memory once, while anybody holds its room and ROOM_LINGER_US longer. */
#ifndef SHOAL_YDOC_ROOM_ROOM_H
#define SHOAL_YDOC_ROOM_ROOM_H

#include "base/list.h"
#include "ydoc/shelf/shelf.h"

#define ROOM_LINGER_US (30 * SEC)
enum {
    ROOMS_MAX = 256, /* open at once */
    SEATS_MAX = 256, /* at one document */
};

struct rooms;
struct rooms_cfg {
    struct loop *loop;
    const struct log *log;
    struct shelf *shelf;
};
/* No room is open yet. */
struct rooms *rooms_new(const struct rooms_cfg *cfg);
/* All rooms are given back before, and the shelf is freed next, before the loop turns: it writes
 * what is under way, and tells nobody.  NULL: nothing. */
void rooms_free(struct rooms *r);

/* The document's room, opened if it was not; given back with room_done().  NULL: ERR_NOT_FOUND,
 * ERR_LIMIT, or it cannot be read. */
struct room *rooms_open(struct rooms *r, const struct doc_id *id, struct why *why);
void room_done(struct room *room);
/* It has left the shelf: who opens it from now on finds what is there then, and who holds it still
 * writes no more; seats are told (seat_cfg.gone). */
void rooms_forget(struct rooms *r, const struct doc_id *id);

/* Its document: its name, what it holds, who is here. */
const struct doc_id *room_id(const struct room *room);
struct ydoc *room_doc(struct room *room); /* to read; another one after a write has failed */
struct awareness *room_awareness(struct room *room);
/* Does this node's owner write here?  true until set; where not, local seats are told so. */
void room_set_writable(struct room *room, bool writable);
bool room_writable(const struct room *room);

/* --- seats ------------------------------------------------------------------------------------ */

struct seat_cfg {
    /* One message of y-protocols to this seat, valid during the call.  Not from inside room_sit()
     * nor seat_take() of the same seat, but that one's own replies.  The seat may be paused inside
     * it; nothing else of the room may be called. */
    void (*send)(void *arg, struct cur message);
    /* The document has left the shelf: the seat is left inside it, or soon.  NULL: it only hears
     * that it may not write any more. */
    void (*gone)(void *arg, const struct why *why);
    void *arg;
    bool own_only;      /* hears what this node's owner writes and where he is, nothing of others */
    bool local;         /* this node's owner: may write where room_writable() */
    bool writes;        /* of others: whether it may */
    const char *author; /* peer id as text; copied */
};
struct seat;
/* NULL: ERR_LIMIT.  Nothing is sent yet: seat_greet() sends our step 1 and who is here. */
struct seat *room_sit(struct room *room, const struct seat_cfg *cfg, struct why *why);
void seat_greet(struct seat *s);
/* What it says.  An error: it speaks nonsense, and should be shown out; nothing was changed. */
MUST_CHECK enum err seat_take(struct seat *s, struct cur message, struct why *why);
/* The same, an update of format 1 by somebody else, as heard from a topic. */
MUST_CHECK enum err seat_take_update(struct seat *s, struct cur update, const char *author,
                                     struct why *why);
void seat_set_writes(struct seat *s, bool writes);
/* It missed something: from now until seat_resume() it gets nothing, and then all at once. */
void seat_pause(struct seat *s);
void seat_resume(struct seat *s);
/* Whose presence came through it, goes with it.  NULL: nothing. */
void seat_leave(struct seat *s);

/* --- our own edits ------------------------------------------------------------------------------
 */

/* Between the two, edits of room_doc() are one update by `author`; told to all when it is kept.
 * done: as shelf_done_cb, at once when nothing changed; NULL: nobody waits. */
void room_begin(struct room *room);
void room_commit(struct room *room, const char *author, shelf_done_cb *done, void *arg);
/* Make the text `root` read so, by the smallest change (ydoc/diff.h); same ends;
 * ERR_INVALID: not UTF-8. */
void room_set_text(struct room *room, const char *root, struct cur utf8, const char *author,
                   shelf_done_cb *done, void *arg);

/* An update of format 1 that was made of an older state of it (an editor was open for an hour); its
 * update may be known already, which is no error. */
void room_take(struct room *room, struct cur update, const char *author, shelf_done_cb *done,
               void *arg);

/* --- what happens -------------------------------------------------------------------------------
 */

enum room_event {
    ROOM_CHANGED, /* its content, and the change is kept */
    ROOM_PRESENCE,
};
struct room_watch {
    struct link link;
    void (*cb)(void *arg, struct room *room, enum room_event ev);
    /* It was not in memory before, and nobody sits at it yet; NULL: not wanted. */
    void (*opened)(void *arg, struct room *room);
    void *arg;
};
void room_watch(struct room *room, struct room_watch *w); /* w is the caller's */
void room_unwatch(struct room_watch *w);
/* Of every room. */
void rooms_watch(struct rooms *r, struct room_watch *w);

#endif
