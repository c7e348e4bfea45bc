/* node/faces.h - the method tables and the settings as JSON.
 *
 * The program shoal-faces prints this at build time; tools/faces makes the command line's table,
 * the man pages, the completions, the reference page and the TypeScript types of it. */
#ifndef SHOAL_NODE_FACES_H
#define SHOAL_NODE_FACES_H

#include <jansson.h>

/* {"version", "methods": [...], "settings": [...]}; a new reference. */
json_t *faces_json(void);

#endif
