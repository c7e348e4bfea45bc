/* core/content.h - bytes that an app lets be read while they are still coming: a film from its
 * middle, for the HTTP server or whoever else plays.
 *
 * A reader is asked for more, and gives one part for each time it was asked; so a slow player is
 * never ahead of what it takes, and what it waits for is fetched first.  All on the loop. */
#ifndef SHOAL_CORE_CONTENT_H
#define SHOAL_CORE_CONTENT_H

#include "base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CONTENT_PART_MAX = 64 * 1024 /* bytes given at once */ };

struct content_info {
    char name[256];    /* the last part of the path, UTF-8 without control characters */
    char version[128]; /* other bytes have another; printable ASCII without quotes */
    uint64_t size;     /* bytes */
};

struct content_sink {
    void (*part)(void *arg, const uint8_t *bytes, size_t n);
    /* No more comes: the reader is gone.  OK: all of it was given. */
    void (*ended)(void *arg, const struct why *why);
};

struct content_reader;

struct content_ops {
    /* What is at this path ("ID/folder/film.mkv", decoded)?  ERR_NOT_FOUND, or ERR_STATE: it cannot
     * be read now. */
    enum err (*find)(void *app, const char *path, struct content_info *out, struct why *why);
    /* Is this the key that opens the path without any other? */
    bool (*opens)(void *app, const char *path, const char *key);
    /* Bytes [from, from + len) of it, within its size.  NULL: as find. */
    struct content_reader *(*open)(void *app, const char *path, uint64_t from, uint64_t len,
                                   const struct content_sink *sink, void *arg, struct why *why);
    void (*more)(struct content_reader *r); /* one part later, or the end */
    void (*close)(struct content_reader *r);
};

#endif
