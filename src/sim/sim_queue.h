/* sim/sim_queue.h - what happens next.
 *
 * A binary heap of events by (time, order of queueing).  An event lives inside what it belongs to,
 * is in the queue once at most, and can be taken out at any time. */
#ifndef SHOAL_SIM_SIM_QUEUE_H
#define SHOAL_SIM_SIM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sim_event;
typedef void sim_event_fn(struct sim_event *ev);

struct sim_event {
    sim_event_fn *fire;
    size_t pos; /* its place in the heap plus one; 0: not queued */
};

struct sim_slot { /* the keys lie in the array, so that sifting does not touch the events */
    uint64_t at_us, seq;
    struct sim_event *ev;
};

struct sim_queue {
    struct sim_slot *slots;
    size_t n, cap;
    uint64_t seq;
};

/* Frees the heap; the events are their owners'.  `struct sim_queue q = {0};` begins one. */
void sim_queue_done(struct sim_queue *q);

/* Queue an event that is not queued. */
void sim_queue_put(struct sim_queue *q, struct sim_event *ev, uint64_t at_us);

/* Take it out; nothing when it is not in. */
void sim_queue_drop(struct sim_queue *q, struct sim_event *ev);

/* When the first is due; UINT64_MAX when there is none. */
uint64_t sim_queue_next_us(const struct sim_queue *q);

/* Take the first out; there is one. */
struct sim_event *sim_queue_take(struct sim_queue *q);

#endif
