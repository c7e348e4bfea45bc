/* files/hand/hand_code.h - the code that one person tells another: "4-tulip-anchor".
 *
 * A number, the nameplate, by which the two machines find each other and which is no secret; and
 * two words, which are, and of which nothing is ever sent (crypto/cpace.h).  The first is a living
 * thing and the second is not, so that two words in the wrong order are seen.  16 bits: a code
 * stands for HAND_GUESSES wrong guesses, no more.
 *
 * Words have 4 to 8 letters, differ from those of their list in their first four letters and by
 * three letters in all, and from those of the other list by two; so a beginning will do, and a word
 * misheard is told.  Pure. */
#ifndef SHOAL_FILES_HAND_HAND_CODE_H
#define SHOAL_FILES_HAND_HAND_CODE_H

#include "base/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
    HAND_WORDS = 256, /* of each list */
    HAND_NAMEPLATE_MAX = 999,
    HAND_CODE_TEXT = 24, /* "999-elephant-zeppelin" and a NUL */
    HAND_CODE_INPUT_MAX = 64,
};

/* Sorted. */
extern const char *const hand_first_words[HAND_WORDS];
extern const char *const hand_second_words[HAND_WORDS];

struct hand_code {
    unsigned nameplate;    /* 1 to HAND_NAMEPLATE_MAX */
    uint8_t first, second; /* places in the lists */
};

/* Of random bytes.  Each code is as likely as any other, but for the nameplate by 2^-54. */
struct hand_code hand_code_of(uint64_t random);

/* Returns text. */
const char *hand_code_format(const struct hand_code *c, char text[HAND_CODE_TEXT]);

/* As a person types it: capitals, blanks or dots in place of dashes, words cut short where only one
 * begins so.  ERR_INVALID says what is wrong, and which word is near. */
MUST_CHECK enum err hand_code_parse(struct hand_code *out, const char *text, struct why *why);

#endif
