/* ydoc/app/fork.h - a text that was edited elsewhere, as a change of the document that it was.
 *
 * Whoever edits a whole text (an editor, a program that writes a file) began from what he read.
 * His changes are those between that and what he wrote, made on the document as it was then: so
 * what others typed meanwhile stays, and both are merged as if he had typed it elsewhere.
 *
 * The same base and text give the same update, byte for byte, under a client of its own that is
 * made of both: said twice, after a crash or a lost answer, it is one change.  Pure. */
#ifndef SHOAL_YDOC_APP_FORK_H
#define SHOAL_YDOC_APP_FORK_H

#include "base/buf.h"

/* base: the document as it was, an update of format 2; text: how `root` is to read, checked here.
 * Appends an update of format 1, or nothing where nothing changed; and to `after` (NULL: not
 * wanted) the document that reads so, as a base. */
MUST_CHECK enum err fork_edit(struct cur base, const char *root, struct cur text,
                              struct buf *update, struct buf *after, struct why *why);
/* How `root` reads in a base. */
MUST_CHECK enum err fork_text(struct cur base, const char *root, struct buf *text, struct why *why);

#endif
