/* net/uv/watch.h - is a descriptor ready?
 *
 * A uv_poll_t inside its owner's struct.  Interest is added by watch_add and taken away by
 * watch_drop; each change costs the kernel two calls, so an owner leaves interest in place while
 * data flows and drops it only when an event comes that he does not want at present.
 *
 * libuv lets go of a handle late: watch_close() ends the events at once, the caller then closes the
 * descriptor, and `release(owner)` frees the memory in a later turn.  So an owner may look at his
 * struct after a callback in which he was closed. */
#ifndef SHOAL_NET_UV_WATCH_H
#define SHOAL_NET_UV_WATCH_H

#include <stdbool.h>
#include <uv.h>

struct loop;

/* WATCH_ERROR: the socket failed (its SO_ERROR says how); all interest is gone. */
enum { WATCH_READ = UV_READABLE, WATCH_WRITE = UV_WRITABLE, WATCH_ERROR = 1 << 16 };

typedef void watch_cb(void *owner, unsigned events);

struct watch {
    union {
        uv_poll_t poll;
        uv_idle_t none; /* what was never opened is let go of like the rest */
    };
    struct loop *loop;
    unsigned interest;
    bool ready; /* the handle is libuv's */
    watch_cb *cb;
    void (*release)(void *owner);
    void *owner;
};

/* Returns 0 or an errno.  Also makes the descriptor non-blocking. */
int watch_open(struct watch *w, struct loop *loop, int fd, watch_cb *cb, void *owner);
void watch_set(struct watch *w, unsigned interest);
void watch_add(struct watch *w, unsigned events);
void watch_drop(struct watch *w, unsigned events);
/* Also for a watch that was never opened (all zeros) or whose opening failed. */
void watch_close(struct watch *w, struct loop *loop, void (*release)(void *owner), void *owner);

#endif
