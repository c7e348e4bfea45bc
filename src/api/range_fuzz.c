/* A Range header and an If-Range header: whatever they say, the answer lies within the file.
 *
 * Input: the file's size, 8 bytes; then up to three texts, apart by zeros: Range, If-Range, and the
 * version of what we have.  No If-Range when its text is empty. */
#include "api/range.h"

#include "base/cur.h"
#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

static void check(bool holds)
{
    if (!holds)
        abort();
}

static char *take_text(struct cur *c)
{
    size_t n = c->n > 0 ? strnlen((const char *)c->p, c->n) : 0;
    struct cur text = cur_take(c, n);
    if (c->n > 0)
        cur_u8(c);
    return mem_strndup(n > 0 ? (const char *)text.p : "", n);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cur c = cur_of(bytes, n);
    uint64_t size = cur_be(&c, 8);
    char *header = take_text(&c), *if_range = take_text(&c), *version = take_text(&c);
    struct range r = range_of(header, if_range[0] ? if_range : NULL, version, size);
    switch (r.kind) {
    case RANGE_WHOLE:
        check(r.from == 0 && r.len == size);
        break;
    case RANGE_PART:
        check(r.len > 0 && r.from < size && r.len <= size - r.from);
        break;
    case RANGE_UNSATISFIABLE:
        check(r.from == 0 && r.len == 0);
        break;
    }
    /* Of another version all of it is given: parts of two would make a file that never was. */
    check(range_of(header, "\"another\"", "this", size).kind == RANGE_WHOLE);
    /* Without the header nothing else counts. */
    check(range_of(NULL, if_range, version, size).kind == RANGE_WHOLE);
    free(header);
    free(if_range);
    free(version);
    return 0;
}
