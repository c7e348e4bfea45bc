/* base/utf8.h - text from strangers: is it UTF-8, and what of it may go to a terminal. */
#ifndef SHOAL_BASE_UTF8_H
#define SHOAL_BASE_UTF8_H

#include "base/buf.h"
#include "base/cur.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* Are the next eight bytes all ASCII?  Most text is, and goes by faster so. */
static inline bool utf8_ascii8(const uint8_t *p)
{
    uint64_t eight;
    memcpy(&eight, p, sizeof eight);
    return (eight & 0x8080808080808080u) == 0;
}

/* Well-formed by RFC 3629 section 4: no overlong forms, no surrogates, at most U+10FFFF. */
bool utf8_valid(const void *bytes, size_t n);

/* Bytes of the well-formed character at p (1 to 4), or 0. */
size_t utf8_char(const uint8_t *p, size_t n, uint32_t *code);

/* False for what drives a terminal or forges a line: C0 and C1 control characters, bidirectional
 * overrides (U+202A..E, U+2066..9), line and paragraph separators (U+2028, U+2029). */
bool utf8_harmless(uint32_t code);

/* What a stranger says, to be shown to a person: what of it is harmless, blanks for the rest; at
 * most `max` bytes of `out` and a NUL, and no character in part. */
void utf8_words(char *out, size_t max, struct cur in);

/* Append the text with characters that are not harmless, and malformed bytes, written as \xNN, so
 * that a name can neither drive a terminal nor forge a second log line. */
void utf8_escape(struct buf *out, const void *bytes, size_t n);

#endif
