/* files/meta/renames.h - the names that the owner gave to a torrent's files and folders.
 *
 * A file or folder keeps its place and gets another name: one part of its path.  So the tree stays
 * what it is, and what was renamed can be said by the path in the torrent, whatever its folders
 * are called by now:
 *     {"films/one.mkv", "first.mkv"}, {"films", "old films"}   ->  "old films/first.mkv"
 * Only we know of it: the info dictionary, and so peers and web seeds, go by the torrent's names
 * (renames_first_path()).  Not thread-safe: nobody else may look at the paths of a metainfo whose
 * names are set. */
#ifndef SHOAL_FILES_META_RENAMES_H
#define SHOAL_FILES_META_RENAMES_H

#include "files/meta/metainfo.h"

#include <stdbool.h>

struct rename {
    const char *path; /* in the torrent, as metainfo_parse() made it safe */
    const char *name; /* what its last part is called instead */
};

/* May what is at `path` now be called `name`?  ERR_NOT_FOUND: nothing is there.  ERR_INVALID: it is
 * no name for a file here and on other machines.  ERR_STATE: something beside it has that name, or
 * one that differs by case or accents.  ERR_LIMIT: it or a path in it would be too long. */
MUST_CHECK enum err renames_check(const struct metainfo *mi, const char *path, const char *name,
                                  struct why *why);

/* `path`, which is there, with another last part; free() it. */
char *renames_path(const char *path, const char *name);

/* The path in the torrent of what is at `path` now; free() it.  NULL: nothing is there. */
char *renames_first(const struct metainfo *mi, const char *path);

/* It is called so from now on, as far as it is there; by its own name again when that is `name`.
 * Paths that were got before are gone. */
void renames_set(struct metainfo *mi, const struct rename *list, size_t n);

/* A file's path in the torrent, and the torrent's own name. */
const char *renames_first_path(const struct metainfo *mi, size_t file);
const char *renames_first_name(const struct metainfo *mi);

void renames_free(struct mi_renamed *r); /* by metainfo_free(); NULL: nothing */

/* Does a file of it lie at `path`, below it, or in its way? */
bool renames_meets(const struct metainfo *mi, const char *path);

#endif
