/* files/meta/glob.h - file-name patterns: which files of a torrent the owner does not want on his
 * disk.
 *
 * "*.lnk *.scr setup?.exe": patterns apart by spaces or commas; '*' is any run of characters, '?'
 * one character, everything else itself.  Case does not matter (of ASCII).  A pattern without '/'
 * is held against the last part of a path, one with '/' against all of it, where '*' passes over
 * '/' too.  Spaces and dots at a name's end are passed over, since Windows drops them: "a.exe. " is
 * "a.exe".
 *
 * Pure.  A match costs at most pattern times name steps, whatever both say: after a mismatch only
 * the last '*' is tried again. */
#ifndef SHOAL_FILES_META_GLOB_H
#define SHOAL_FILES_META_GLOB_H

#include "base/err.h"

#include <stddef.h>

enum { GLOBS_MAX = 256, GLOB_LEN_MAX = 255 /* bytes of a pattern */ };

struct globs;

/* From a setting's text; an empty one matches nothing.  NULL: ERR_LIMIT, too many or too long. */
struct globs *globs_parse(const char *text, struct why *why);
void globs_free(struct globs *g); /* NULL: nothing */

/* How many patterns there are. */
size_t globs_count(const struct globs *g);

/* The first pattern that matches a path ('/' between its parts), or NULL. */
const char *globs_match(const struct globs *g, const char *path);

#endif
