/* node/settings.h - every setting that shoal.conf and --set take: the node's own and its apps'. */
#ifndef SHOAL_NODE_SETTINGS_H
#define SHOAL_NODE_SETTINGS_H

#include "base/conf.h"

/* The table that conf_new() takes; *n: how many.  free() it after every conf made from it. */
struct conf_key *settings_new(size_t *n);

#endif
