/* files/owner/scan_msg.h - what is said to clamd's socket, and what it answers (clamd(8),
 * "INSTREAM").
 *
 * "zINSTREAM" and a NUL; then chunks, each with its length in four bytes before it; a length of
 * zero ends them.  The answer is a line that ends with a NUL: "stream: OK", "stream: NAME FOUND",
 * or words and " ERROR", as "INSTREAM size limit exceeded. ERROR".  Pure. */
#ifndef SHOAL_FILES_OWNER_SCAN_MSG_H
#define SHOAL_FILES_OWNER_SCAN_MSG_H

#include "base/buf.h"
#include "base/err.h"

#include <stdbool.h>

enum {
    SCAN_CHUNK = 64 * 1024,
    SCAN_ANSWER_MAX = 1024, /* bytes, its NUL too */
    SCAN_WORDS = 120,       /* of a virus's name or an error, its NUL too; longer ones are cut */
};

enum scan_verdict { SCAN_CLEAN, SCAN_INFECTED, SCAN_ERROR };

/* The command; then the bytes, in parts, and one of none for their end. */
void scan_put_begin(struct buf *out);
void scan_put_chunk(struct buf *out, const void *bytes, size_t n);

/* True when a whole answer is in `got`: verdict and words ("" when clean) are set.  What is no
 * answer is SCAN_ERROR, and so is more than SCAN_ANSWER_MAX without an end; ended: no more bytes
 * will come. */
bool scan_read_answer(struct cur got, bool ended, enum scan_verdict *verdict,
                      char words[SCAN_WORDS]);

#endif
