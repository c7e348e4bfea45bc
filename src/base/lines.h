/* base/lines.h - lines of text that strangers send, and the headers among them.
 *
 * HTTP, and what took its looks from it: lines end in a line feed with or without a carriage return
 * before it (RFC 9112 section 2.2 lets a recipient do that), a header is "Name: value" in any case,
 * with blanks around the value.  Views of the bytes as they came; nothing is copied. */
#ifndef SHOAL_BASE_LINES_H
#define SHOAL_BASE_LINES_H

#include "base/cur.h"

/* The next line without its end; false, and *c as it was, when there is no whole one. */
bool line_next(struct cur *c, struct cur *line);

/* Without the spaces and tabs at both ends. */
struct cur line_trim(struct cur c);

/* Is it this word, or does it begin with it?  In any case of its letters. */
bool line_is(struct cur c, const char *word);
bool line_begins(struct cur c, const char *word);

/* Whether it is a header of this name; then its value, trimmed. */
bool line_header(struct cur line, const char *name, struct cur *value);

#endif
