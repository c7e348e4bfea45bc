/* api/transmission_names.h - the three spellings of Transmission's names.
 *
 * Version 4.1 says all in snake_case ("download_dir", "rate_download", "is_utp"), and that is how
 * they are called in here.  Before, session settings and methods had hyphens ("download-dir"), what
 * is told of torrents was in camelCase ("rateDownload", "isUTP"), and a few were neither.  Pure. */
#ifndef SHOAL_API_TRANSMISSION_NAMES_H
#define SHOAL_API_TRANSMISSION_NAMES_H

#include <jansson.h>

enum { TNAME_MAX = 64 };

enum tname_style { TNAME_SNAKE, TNAME_CAMEL, TNAME_KEBAB };

/* Any spelling to snake_case; what does not fit into `out` is cut, and then no name of ours. */
void tname_snake(const char *name, char out[TNAME_MAX]);
/* snake_case to another. */
void tname_write(const char *snake, enum tname_style style, char out[TNAME_MAX]);

/* A copy of j with all keys in snake_case, at its top level; of those that are the same then the
 * last counts. */
json_t *tname_arguments(const json_t *j);
/* A copy of j, with all keys of all objects in it in that style; j itself where nothing changes. */
json_t *tname_reply(json_t *j, enum tname_style style);

#endif
