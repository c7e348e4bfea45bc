/* node/faces.h - the method tables and the settings as JSON.
 *
 * The program shoal-faces prints this at build time; tools/faces makes the command line's table,
 * the man pages, the completions, the reference page and the TypeScript types of it. */
#ifndef SHOAL_NODE_FACES_H
#define SHOAL_NODE_FACES_H

#include "base/conf.h"

#include <jansson.h>

/* {"version", "methods": [...], "settings": [...]}; a new reference. */
json_t *faces_json(void);

/* "text", "bool", "rate"... */
const char *faces_setting_type(enum conf_type type);

#endif
