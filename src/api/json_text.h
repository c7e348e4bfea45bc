/* api/json_text.h - JSON appended to a buffer, for long answers.
 *
 * The same text that jansson's compact form would be, but for a whole number's real ("1.0").  What
 * an answer to thousands of rows consists of (numbers, plain text) is written without a detour;
 * all else is jansson's work.  Pure. */
#ifndef SHOAL_API_JSON_TEXT_H
#define SHOAL_API_JSON_TEXT_H

#include "base/buf.h"

#include <jansson.h>

/* j of any type; NULL is written as null. */
void json_text_put(struct buf *b, const json_t *j);

/* "name": and what must stand before it: first: nothing, else a comma. */
void json_text_name(struct buf *b, bool first, const char *name);

#endif
