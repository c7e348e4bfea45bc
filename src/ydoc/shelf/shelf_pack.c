/* Many updates become one that takes less room. */
#include "ydoc/shelf/shelf_in.h"

#include "base/mem.h"
#include "ydoc/update.h"

#include <string.h>

/* SQLite's own limit for a value is 10^9 bytes. */
#define BYTES_MAX ((size_t)900 << 20)

enum err shelf_check(enum update_format format, struct cur update, struct why *why)
{
    struct update_reader r;
    struct ystruct one;
    struct buf sink = {0};
    struct ranges deletes = {0};
    if (update.n > BYTES_MAX)
        return why_set(why, ERR_LIMIT, "it has %zu bytes, %zu are kept", update.n, BYTES_MAX);
    update_read(&r, format, update, &sink);
    while (update_next(&r, &one))
        ;
    update_read_deletes(&r, &deletes);
    enum err err = update_done(&r, why);
    ranges_done(&deletes);
    buf_done(&sink);
    return err;
}

/* --- runs of typing --------------------------------------------------------------------------- */

struct structs {
    struct ystruct *at;
    size_t n, cap;
};

static bool same_id(struct yid a, struct yid b)
{
    return a.client == b.client && (a.client == NO_CLIENT || a.clock == b.clock);
}

/* Units of one struct stand each behind the one before it, and all to the left of one place
 * (yjs-format, "Items"); so two structs of which that holds say what one would. */
static bool goes_on(const struct ystruct *a, const struct ystruct *b)
{
    struct yid last = {a->id.client, a->id.clock + a->len - 1};
    return (a->kind == CONTENT_STRING || a->kind == CONTENT_DELETED) && a->kind == b->kind &&
           a->id.client == b->id.client && b->id.clock == last.clock + 1 &&
           same_id(b->left, last) && same_id(a->right, b->right) && !a->has_sub && !b->has_sub &&
           a->content.at + a->content.n == b->content.at;
}

static void add(struct structs *all, const struct ystruct *s)
{
    struct ystruct *last = all->n > 0 ? &all->at[all->n - 1] : NULL;
    if (last && goes_on(last, s)) {
        last->len += s->len;
        last->content.n += s->content.n;
        return;
    }
    if (all->n == all->cap)
        all->at = mem_realloc(all->at, (all->cap = 2 * all->cap + 64) * sizeof *all->at);
    all->at[all->n++] = *s;
}

/* Does b stand in the section that a is in?  Clocks in a section have no gaps. */
static bool same_section(const struct ystruct *a, const struct ystruct *b)
{
    return a->id.client == b->id.client && a->id.clock + a->len == b->id.clock;
}

static void write_all(const struct structs *all, const struct ranges *deletes, const uint8_t *sink,
                      enum update_format format, struct buf *out)
{
    struct update_writer w;
    uint64_t sections = 0;
    for (size_t i = 0; i < all->n; i++)
        sections += i == 0 || !same_section(&all->at[i - 1], &all->at[i]);
    update_write(&w, format, out);
    update_put_clients(&w, sections);
    for (size_t i = 0, end; i < all->n; i = end) {
        for (end = i + 1; end < all->n && same_section(&all->at[end - 1], &all->at[end]);)
            end++;
        update_put_section(&w, end - i, all->at[i].id);
        for (size_t k = i; k < end; k++)
            update_put(&w, &all->at[k], sink);
    }
    update_put_deletes(&w, deletes);
    update_end(&w);
}

/* The same, of format 1, with what was typed in one go as one struct. */
static enum err tighten(struct cur update, enum update_format format, struct buf *out,
                        struct why *why)
{
    struct update_reader r;
    struct ystruct one;
    struct structs all = {0};
    struct buf sink = {0};
    struct ranges deletes = {0};
    update_read(&r, UPDATE_V1, update, &sink);
    while (update_next(&r, &one)) /* names are views of `update`, in this format */
        add(&all, &one);
    update_read_deletes(&r, &deletes);
    ranges_tidy(&deletes); /* format 2 writes them as steps upwards */
    enum err err = update_done(&r, why);
    if (err == OK)
        write_all(&all, &deletes, buf_bytes(&sink), format, out);
    free(all.at);
    ranges_done(&deletes);
    buf_done(&sink);
    return err;
}

/* --- together --------------------------------------------------------------------------------- */

enum err shelf_pack(const struct cur *updates, size_t n, struct buf *out,
                    enum update_format *format, struct why *why)
{
    struct buf one = {0};
    *format = UPDATE_V2;
    enum err err = update_merge(UPDATE_V1, updates, n, &one, why);
    if (err == OK)
        err = tighten(buf_cur(&one), UPDATE_V2, out, why);
    if (err == OK && shelf_check(UPDATE_V2, buf_cur(out), NULL) != OK) {
        *format = UPDATE_V1;
        buf_clear(out);
        err = tighten(buf_cur(&one), UPDATE_V1, out, why);
        if (err == OK)
            err = shelf_check(UPDATE_V1, buf_cur(out), why);
    }
    buf_done(&one);
    return err;
}

bool shelf_join(enum update_format first_format, struct cur first, enum update_format then_format,
                struct cur then, struct buf *out)
{
    struct cur both[2] = {first, then};
    if (first_format != UPDATE_V2 || then_format != UPDATE_V2 ||
        first.n + then.n > REVISION_BYTES_MAX)
        return false;
    return update_merge(UPDATE_V2, both, 2, out, NULL) == OK &&
           shelf_check(UPDATE_V2, buf_cur(out), NULL) == OK;
}
