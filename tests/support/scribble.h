/* tests/support/scribble.h - what simulated replicas write into a document. */
#ifndef SHOAL_TESTS_SUPPORT_SCRIBBLE_H
#define SHOAL_TESTS_SUPPORT_SCRIBBLE_H

#include "net/loop.h"
#include "ydoc/any.h"
#include "ydoc/doc.h"
#include "ydoc/lib0.h"

#include <stdlib.h>
#include <string.h>

static inline uint64_t scribble_roll(struct loop *dice, uint64_t sides)
{
    return loop_random_u64(dice) % sides;
}

/* A number of the array "words", which nobody deletes. */
static inline void scribble_word(struct loop *dice, struct ydoc *d, double number)
{
    struct buf one = {0};
    any_put_head(&one, ANY_ARRAY, 1);
    any_put_number(&one, number);
    if (yarray_insert(d, "words", scribble_roll(dice, ydoc_length(d, "words") + 1), buf_cur(&one),
                      NULL) != OK)
        abort();
    buf_done(&one);
}

/* Texts, marks and keys, which everybody writes and deletes as he likes. */
static inline void scribble(struct loop *dice, struct ydoc *d)
{
    static const char *const texts[] = {"a", "hello ", "\xe2\x82\xac",
                                        "\xf0\x9f\x98\x80\xf0\x9f\x98\x80", "\n"};
    uint64_t len = ydoc_length(d, "text"), at = scribble_roll(dice, len + 1);
    const char *text = texts[scribble_roll(dice, sizeof texts / sizeof *texts)];
    struct buf value = {0};
    switch (scribble_roll(dice, 4)) {
    case 0:
        ytext_delete(d, "text", at, scribble_roll(dice, 12));
        break;
    case 1:
        any_put_number(&value, (double)scribble_roll(dice, 100));
        ymap_set(d, "meta", text, strlen(text), buf_cur(&value));
        break;
    case 2:
        any_put_head(&value, ANY_OBJECT, 1);
        lib0_put_bytes(&value, "bold", 4);
        buf_u8(&value, scribble_roll(dice, 2) ? ANY_TRUE : ANY_NULL);
        if (ytext_format(d, "text", at, scribble_roll(dice, len - at + 1), buf_cur(&value), NULL) !=
            OK)
            abort();
        break;
    default:
        if (ytext_insert(d, "text", at, text, strlen(text), NULL, NULL) != OK)
            abort();
    }
    buf_done(&value);
}

#endif
