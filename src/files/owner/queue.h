/* files/owner/queue.h - which torrents may run now, and which wait for their turn.
 *
 * Pure.  Two queues in one order, the owner's: those that download and those that seed, each with
 * so many places.  Who runs keeps its place until it is done, paused or stalled: nobody is put back
 * because another moved up.  Free places go to those who wait, first come first.  One that stalls
 * (the caller says so) runs on and takes no place; one that is forced runs beside the queue. */
#ifndef SHOAL_FILES_OWNER_QUEUE_H
#define SHOAL_FILES_OWNER_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

enum queue_kind { QUEUE_NONE /* asks for nothing */, QUEUE_DOWNLOAD, QUEUE_SEED, QUEUE_KINDS };

struct queue_item {
    enum queue_kind kind;
    bool running; /* in: as this kind; out: it may run */
    bool stalled, forced;
    size_t place; /* out: how many wait before it, and itself; 0: it runs */
};

/* items in the owner's order; places: of each kind, 0: as many as want. */
void queue_decide(struct queue_item *items, size_t n, const size_t places[QUEUE_KINDS]);

#endif
