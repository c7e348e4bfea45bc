/* ydoc/app/export.h - a document as a file that other programs read: text, Markdown, HTML.
 *
 * From what the document says of itself (a delta, ydoc_delta(), as Quill and y-prosemirror write
 * it): bold, italic, strike, underline, code and links among the text; headers, lists, quotes and
 * code blocks as attributes of a line's end.  What it does not know is left out, its text stays.
 * All of it was written by others: in HTML every character that means something is escaped, and
 * links are those of http, https and mailto alone, so that nothing in it can run.  Pure. */
#ifndef SHOAL_YDOC_APP_EXPORT_H
#define SHOAL_YDOC_APP_EXPORT_H

#include "base/buf.h"

#include <jansson.h>

/* A tree of elements (ydoc_tree()), as Tiptap and others over ProseMirror write it, as the delta
 * that an editor of Quill's would have written; a new reference. */
json_t *export_delta(const json_t *tree);

/* delta: an array.  A whole page, with the title as its heading. */
void export_html(const char *title, const json_t *delta, struct buf *out);
void export_md(const json_t *delta, struct buf *out);

#endif
