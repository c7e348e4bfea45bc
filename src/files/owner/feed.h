/* files/owner/feed.h - a list that somebody keeps for us: a file, or a URL that is asked again each
 * day.
 *
 * A file is looked at every FEED_LOOK_US and read when its size or time has changed.  A URL is
 * asked every FEED_DAY_US, with what its server said last time (ETag, Last-Modified), so that an
 * unchanged list costs one header; what came is kept in `keep_dir` and is what the next start
 * begins with.  Whatever fails (no answer, a status, a text that is no list) leaves the old list
 * in force, is said in the log and shown in feed_status(), and is tried again after FEED_RETRY_US.
 *
 * Reading, parsing and writing happen on LANE_DISK; `loaded` comes on the loop. */
#ifndef SHOAL_FILES_OWNER_FEED_H
#define SHOAL_FILES_OWNER_FEED_H

#include "base/cur.h"
#include "base/log.h"
#include "net/loop.h"
#include "store/vfs.h"

#include <jansson.h>
#include <stdbool.h>

#define FEED_LOOK_US (5 * SEC)
#define FEED_DAY_US (24 * 3600 * SEC)
#define FEED_RETRY_US (3600 * SEC)
#define FEED_FETCH_US (300 * SEC) /* for the whole answer */

struct feed_cfg {
    struct loop *loop;
    const struct vfs *vfs;
    const struct log *log;
    const char *source;   /* a path, or http(s)://; copied */
    const char *keep_dir; /* made when it is needed; copied */
    const char *from_ip;  /* where requests come from; NULL: any; copied */
    size_t max_bytes;     /* of the list */
    /* On a lane, pure: what the text says, or NULL and a reason.  drop: frees it. */
    void *(*parse)(struct cur text, struct why *why);
    void (*drop)(void *parsed);
    /* A new list is in force; takes it. */
    void (*loaded)(void *arg, void *parsed);
    /* The first try to read what is here (the file, or what was kept of the URL) has ended, with
     * a list or without; once.  May be NULL. */
    void (*ready)(void *arg);
    void *arg;
};

struct feed;
struct feed *feed_new(const struct feed_cfg *cfg); /* never NULL; begins at once */
void feed_free(struct feed *f);                    /* NULL: nothing */
void feed_look(struct feed *f);                    /* now: a file is looked at, a URL asked */
const char *feed_source(const struct feed *f);
bool feed_is_url(const char *source);

/* {"source","loaded" (RFC 3339 or null),"error" (of the last try, or null)} */
json_t *feed_status(const struct feed *f);

#endif
