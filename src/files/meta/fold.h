/* files/meta/fold.h - are two file names one and the same to a file system that is not like ours?
 *
 * Windows and macOS do not tell small letters from capitals; macOS does not tell "é" from "e" with
 * a combining accent (NFC, NFD).  fold_name() writes a name as the one that all of its like have in
 * common: small letters, decomposed.  It knows ASCII, Latin-1, Latin Extended-A, the accents of
 * Greek and Cyrillic, and Hangul; of other scripts names are compared as they are.  Pure. */
#ifndef SHOAL_FILES_META_FOLD_H
#define SHOAL_FILES_META_FOLD_H

#include "base/buf.h"

#include <stdbool.h>

/* Appended to out. */
void fold_name(struct buf *out, const char *name, size_t n);

/* Is it of ASCII alone?  Then only its case is folded. */
bool fold_is_plain(const char *name, size_t n);

#endif
