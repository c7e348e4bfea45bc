/* ydoc/restore.h - a document that is to read again as it did.
 *
 * All that a document can hold: every root, texts with their formats and embeds, arrays, maps, XML
 * with attributes, types within types.  It is made by edits of our own, like anybody's, and by few:
 * what reads alike stays, with the cursors in it; of a list what differs is replaced (ydoc/diff.h);
 * a type that is there both times, or stands in the other's place and is of its kind, is changed
 * and not replaced.  So what others write meanwhile elsewhere stays.
 *
 *     ydoc_begin(now);
 *     ydoc_restore(now, old);
 *     ydoc_commit(now, UPDATE_V1, &update);     nothing where it reads so already
 *
 * A subdocument is a reference: that comes back, what it refers to is another document.  What waits
 * for something that is not here is no part of how a document reads, and stays.  Nothing recurses,
 * however deep a document is. */
#ifndef SHOAL_YDOC_RESTORE_H
#define SHOAL_YDOC_RESTORE_H

#include "ydoc/doc.h"

/* Between ydoc_begin() and ydoc_commit() of `now`: each root of it reads as in `old`, any other
 * document, of which nothing that it holds is changed.  False: it reads so already. */
bool ydoc_restore(struct ydoc *now, struct ydoc *old);

#endif
