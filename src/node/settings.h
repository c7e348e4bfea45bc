/* node/settings.h - every setting that shoal.conf and --set take, in one table. */
#ifndef SHOAL_NODE_SETTINGS_H
#define SHOAL_NODE_SETTINGS_H

#include "base/conf.h"

/* The table that conf_new() takes; *n: how many. */
const struct conf_key *settings_table(size_t *n);

#endif
