/* files/meta/select.h - which files of a torrent are wanted, and how much; and so which pieces.
 *
 * Pure.  A person says it by globs, a magnet link by numbers (BEP 53), often before it is known
 * which files there are.  So what was said is kept as rules, lines of text, and applied when the
 * metadata comes:
 *     only GLOB    all files that match no such rule are skipped
 *     so 0,2,4-6   likewise, by number (BEP 53, "so")
 *     skip GLOB, low GLOB, normal GLOB, high GLOB      in their order, the last that matches counts
 *
 * "#0,2,4-6" in place of a glob means files by number too.  A glob's '*' stands for any bytes, also
 * '/'; '?' for one; case of ASCII does not matter.  It is compared with the path below the
 * torrent's folder, with each folder of that path and with the last part alone: "*.mkv", "Season
 * 1", "extras/b.???". */
#ifndef SHOAL_FILES_META_SELECT_H
#define SHOAL_FILES_META_SELECT_H

#include "base/buf.h"
#include "files/meta/metainfo.h"

enum file_priority { FILE_SKIP, FILE_LOW, FILE_NORMAL, FILE_HIGH };
enum { SELECT_RULES_MAX = 64 * 1024, SELECT_SO_MAX = 16 * 1024 /* bytes of one "so" */ };

const char *file_priority_name(enum file_priority p); /* "skip" */

/* Does this glob mean this file? */
bool select_matches(const char *glob, const struct metainfo *mi, size_t file);

/* Adds a line to the rules.  verb: one of those above.  ERR_INVALID: a glob with control
 * characters, which no path has, or a "so" that is none; ERR_LIMIT past SELECT_RULES_MAX. */
MUST_CHECK enum err select_add(struct buf *rules, const char *verb, const char *what,
                               struct why *why);

/* What the rules (NULL or "": none) make of priorities: one enum file_priority a file.  Padding is
 * as the files beside it are: never asked.  ERR_NOT_FOUND names an "only" or "so" that means no
 * file of this torrent; the others hold. */
MUST_CHECK enum err select_apply(const char *rules, const struct metainfo *mi, uint8_t *priorities,
                                 struct why *why);

/* A piece is wanted as much as the file in it that is wanted most.  out: one enum picker_priority a
 * piece.  ends: the first and the last piece of each wanted file come before all others.
 * priorities NULL: all are normal. */
void select_pieces(const struct metainfo *mi, const uint8_t *priorities, bool ends, uint8_t *out);

#endif
