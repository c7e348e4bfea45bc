/* files/hand/hands.h - files from hand to hand: `shoal file send PATH` says a code, and who is told
 * it gets them with `shoal file receive CODE`, from any node to any other.
 *
 * Part of the app `files`, which makes one of these where there is an overlay.  How the two find
 * each other, what a code is worth and what strangers may try: doc/DESIGN-hand.md.  What is offered
 * and what is being received is in the database and goes on after a restart. */
#ifndef SHOAL_FILES_HAND_HANDS_H
#define SHOAL_FILES_HAND_HANDS_H

#include "core/app.h"

enum {
    HANDS_CODES_MAX = 32, /* offers at once */
    HANDS_GETS_MAX = 32,  /* being received at once, or looked for */
    HANDS_OVER_KEPT = 32, /* of each, that are over and still listed */
};

/* What the files app knows and this does not. */
struct hands_cfg {
    const struct app_env *env;         /* with a host; outlives it */
    uint64_t (*stored)(void *arg);     /* bytes that the app holds, for limits.storage */
    const char *(*dir)(void *arg);     /* where what is received goes */
    const char *(*scanner)(void *arg); /* clamd's socket; "": none */
    const char *(*denied)(void *arg,
                          const char *path); /* the pattern that forbids it; NULL: none */
    uint64_t (*stands_us)(void *arg);        /* a code, so long */
    void *arg;
};

struct hands;
/* NULL: what was kept cannot be read. */
struct hands *hands_new(const struct hands_cfg *cfg, struct why *why);
void hands_free(struct hands *h); /* NULL: nothing */

/* The methods of files_table.c, for whoever has the hands (NULL: the overlay is off). */
void hands_send(struct hands *h, struct call *c);
void hands_receive(struct hands *h, struct call *c);
void hands_accept(struct hands *h, struct call *c);
void hands_ls(struct hands *h, struct call *c);
void hands_show(struct hands *h, struct call *c);
void hands_cancel(struct hands *h, struct call *c);

/* For the app's list of migrations. */
#define HANDS_MIGRATION                                                                            \
    {                                                                                              \
        "what goes from hand to hand", hands_tables                                                \
    }
extern const char hands_tables[];

#endif
