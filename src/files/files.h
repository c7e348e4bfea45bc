/* files/files.h - BitTorrent as an app of the node: all torrents, the listener, the dialler, and
 * what is kept over a restart.
 *
 * struct app_ops files_app is what node/apps.c registers.  Everything a person does arrives as a
 * method (files_methods.c); what a person sets is in files_settings.c.
 *
 * Kept: a row for each torrent in the app's database, with its .torrent when that is small (a copy,
 * or a large one, lies below data_dir/torrents/), and its resume file there.  A method that adds,
 * pauses or removes answers after the row is committed. */
#ifndef SHOAL_FILES_FILES_H
#define SHOAL_FILES_FILES_H

#include "core/app.h"

#include <stddef.h>
#include <stdint.h>

enum {
    FILES_DIALS_SHARE = 4,    /* one in so many of files.connections is kept for dials */
    FILES_HALF_OPEN_MAX = 16, /* dials under way */
    FILES_DIALS_PER_S = 8,
    FILES_KNOCKS_MAX = 32,       /* accepted, and not yet said for what */
    FILES_KNOCKS_PER_IP_MAX = 8, /* RELIABILITY 15 */
    FILES_TORRENTS_MAX = 10000,
};

extern const struct app_ops files_app;

/* Our table of small values, for others (core/items.h); app: what start returned. */
struct items_port;
void files_items_port(void *app, struct items_port *out);

#endif
