/* ydoc/myers.h - which members of two sequences are not in their longest common subsequence.
 *
 * Myers, "An O(ND) Difference Algorithm and Its Variations", section 4b: from both ends to the
 * middle, then each half alone, so that memory is linear.  Pure. */
#ifndef SHOAL_YDOC_MYERS_H
#define SHOAL_YDOC_MYERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MYERS_MAX ((size_t)1 << 20) /* members of one sequence */

struct sequence {
    const uint32_t *members;
    size_t n;      /* at most MYERS_MAX */
    bool *changed; /* n of them, false; set where the other has no partner */
};

/* *work: comparisons that may be made, counted down.  When they are used up, what was not looked
 * at yet counts as changed: the answer is right, and longer than it had to be. */
void myers_mark(struct sequence *from, struct sequence *to, uint64_t *work);

#endif
