/* ydoc/room/room_in.h - a room from inside.  For the files of room.h alone.
 *
 *   rooms.c      opened, found, closed again; who watches
 *   room_seat.c  seats: what they say, and when they may not hear
 *   room_keep.c  what is being written down, and what happens when it cannot be
 *   room_here.c  presence: told at a pace, expired, gone with a seat
 *
 * Updates that the document took in are numbered, in order; `kept` of them are on disk.  An answer
 * that may hold more than that waits in its seat (`struct held`) until all of it is. */
#ifndef SHOAL_YDOC_ROOM_ROOM_IN_H
#define SHOAL_YDOC_ROOM_ROOM_IN_H

#include "base/map.h"
#include "ydoc/room/room.h"

#define ROOM_PRESENCE_US (50 * MSEC) /* a client's cursor is told so often at most */
#define ROOM_EXPIRE_US (5 * SEC)     /* between two looks at who has gone */
#define ROOM_AGAIN_US (2 * SEC)      /* after a failed write, until it is tried again */
enum {
    ROOM_MESSAGE_MAX = SHELF_UPDATE_MAX + 64, /* bytes: an update and what stands before it */
    ROOM_WAITED = 64, /* updates that wait for others, by hash, so as not to go round in circles */
};

enum room_health {
    ROOM_WELL,
    ROOM_SPOILT, /* memory holds what could not be written: to be read again from disk */
    ROOM_DEAF,   /* memory is as the disk; writes of seats are passed over until they are asked */
};

struct room {
    struct rooms *rooms;
    struct doc_id id;
    uint64_t forgotten; /* by which number it is in rooms.open; 0: by its id */
    struct ydoc *doc;
    struct awareness *here;
    unsigned holders;
    struct timer *linger;
    bool writable;
    struct link seats;
    size_t seat_count;
    struct link watches;

    struct link keeping;  /* appended, and not yet on disk */
    uint64_t taken, kept; /* numbers of updates */
    enum room_health health;
    struct timer *mend;
    uint64_t waited[ROOM_WAITED];
    unsigned next_waited;

    struct map *presences; /* client to struct presence */
    struct timer *tell, *expire;
};

struct rooms {
    struct rooms_cfg cfg;
    struct map *open;   /* id to room; those that left the shelf by a number */
    uint64_t forgotten; /* the last number */
    struct link watches;
};

struct seat {
    struct link link;
    struct room *room;
    struct seat_cfg cfg; /* author: our copy */
    struct link held;
    bool paused;
    bool unasked; /* our step 1 waits for the end of the pause */
    bool owed;    /* all of the document, for a write failed */
    /* Since it was paused: its state vector then, what was under way to the disk then, and what it
     * asked last. */
    struct buf had, missed, question;
    uint64_t taken_then;
};

/* ---- rooms.c ---- */
struct ydoc *room_load(struct room *room, struct why *why);
void room_tell_watchers(struct room *room, enum room_event ev);

/* ---- room_seat.c ---- */
/* To one who hears; to all who do, but `but`; to those who hear of our owner alone (then no others
 * of the two do). */
void seat_say(struct seat *s, struct cur message);
void room_say(struct room *room, const struct seat *but, struct cur message);
void room_say_own(struct room *room, bool own_only, struct cur message);
/* The update of that number is on disk: to all but `but`. */
void room_say_update(struct room *room, const struct seat *but, uint64_t number, struct cur update);
/* It has left the shelf: nobody writes here any more. */
void room_say_gone(struct room *room);
void room_release(struct room *room);        /* answers that waited for the disk */
void room_break_promises(struct room *room); /* what they hold was not kept */
void room_mended(struct room *room);         /* what do you have that we lack? */

/* ---- room_keep.c ---- */
void room_keep(struct room *room, struct seat *from, struct cur update, const char *author,
               shelf_done_cb *done, void *arg);
/* Memory as it is on disk, after a write failed.  An error: it cannot be read either. */
enum err room_settle(struct room *room, struct why *why);
void room_keep_without(struct room *room, const struct seat *s); /* a seat leaves */
void room_keep_done(struct room *room);

/* ---- room_here.c ---- */
void room_here_init(struct room *room);
void room_here_done(struct room *room);
/* An update of awareness that changed something; from NULL: nobody said it. */
void room_here_changed(struct room *room, struct seat *from, struct cur changed);
void room_here_without(struct room *room, const struct seat *s);
/* A message with all that is known, those who went among them. */
void room_here_all(struct room *room, struct buf *out);

#endif
