/* files/meta/text.h - words and URLs from strangers, made fit to keep, to show and to send. */
#ifndef SHOAL_FILES_META_TEXT_H
#define SHOAL_FILES_META_TEXT_H

#include "base/arena.h"
#include "base/buf.h"
#include "base/cur.h"

#include <stdbool.h>

enum { TEXT_URL_MAX = 2048 }; /* bytes of a URL that we keep */

/* Append the text as UTF-8 in which each malformed byte and each character that is not harmless
 * (base/utf8.h) is "?"; line feeds and tabs stay. */
void text_clean(struct buf *out, struct cur text);
/* The same as a string in the arena. */
char *text_clean_in(struct arena *a, struct cur text);
/* The same in out[cap], cut between characters; line feeds and tabs are "?" too. */
void text_clean_cut(char *out, size_t cap, struct cur text);

/* 1 to TEXT_URL_MAX bytes of printable ASCII: may be kept, shown and handed to a client. */
bool text_is_url(struct cur text);
/* Its scheme, in any case: text_has_scheme(url, "http://"). */
bool text_has_scheme(struct cur url, const char *scheme);

/* Append with everything but RFC 3986's unreserved characters as %XX. */
void text_put_escaped(struct buf *out, const void *bytes, size_t n);
/* Append with %XX taken back; a '%' without two digits stays as it is.  plus: '+' is a space. */
void text_put_unescaped(struct buf *out, struct cur text, bool plus);

#endif
