/* host/words.h - texts of which peers say the same ones again and again (protocols, agents), kept
 * once.
 *
 * Counted: each words_take() wants its words_drop().  How many there may be is bounded by what a
 * peer may say and how many peers there are. */
#ifndef SHOAL_HOST_WORDS_H
#define SHOAL_HOST_WORDS_H

#include "base/cur.h"

/* None; seed: for its map. */
struct words;
struct words *words_new(uint64_t seed);
void words_free(struct words *w); /* and what is still in it; NULL: nothing */

/* The text as it is kept: NUL-terminated, the same pointer for the same text. */
const char *words_take(struct words *w, struct cur text);
void words_drop(struct words *w, const char *kept); /* NULL: nothing */
/* As it is kept, or NULL; not counted. */
const char *words_find(const struct words *w, const char *text);

#endif
