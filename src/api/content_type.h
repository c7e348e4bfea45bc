/* api/content_type.h - how a file from strangers is shown.
 *
 * Pure, by the name's ending.  Only what a player, a picture viewer or a reader shows without
 * running it is named for what it is and shown in place; everything else (HTML, SVG, scripts,
 * programs) is a row of bytes to be saved.  RELIABILITY 26. */
#ifndef SHOAL_API_CONTENT_TYPE_H
#define SHOAL_API_CONTENT_TYPE_H

#include <stdbool.h>

struct content_type {
    const char *type; /* "video/mp4" */
    bool in_place;    /* else: to be saved */
};

/* Of a file with this name. */
struct content_type content_type_of(const char *name);

#endif
