#include "ydoc/prints.h"

#include "base/mem.h"
#include "ydoc/lib0.h"

/* In what a list is hashed as; no UTF-8 has such bytes. */
enum { PRINT_STYLE = 0xfe, PRINT_UNIT = 0xff };

static uint64_t print_bytes(uint64_t seed, enum content kind, struct cur bytes)
{
    return map_hash(seed + (uint64_t)kind, bytes.p, bytes.n);
}

uint64_t print_unit(const struct item *it, struct cur *at, const uint64_t *prints, uint64_t seed)
{
    struct cur from = *at;
    if (it->kind == CONTENT_TYPE)
        return prints[it->at];
    if (it->kind == CONTENT_ANY)
        any_take(at);
    else if (it->kind == CONTENT_JSON)
        lib0_bytes(at);
    else
        cur_take(at, at->n);
    return print_bytes(seed, (enum content)it->kind, cur_of(from.p, from.n - at->n));
}

uint64_t print_value(const struct ydoc *d, const struct item *it, const uint64_t *prints,
                     uint64_t seed)
{
    if (it->kind == CONTENT_TYPE)
        return prints[it->at];
    return print_bytes(seed, (enum content)it->kind, item_bytes(d, it));
}

/* In whatever order the attributes came. */
static uint64_t print_style(const struct marks *m, uint64_t seed)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < m->n; i++) {
        struct cur key = marks_key(m, i), value = marks_value(m, i);
        sum += map_hash(map_hash(seed, key.p, key.n), value.p, value.n);
    }
    return sum;
}

static void put_units(const struct ydoc *d, const struct item *it, const uint64_t *prints,
                      uint64_t seed, struct buf *out)
{
    struct cur at = it->kind == CONTENT_TYPE ? (struct cur){0} : item_bytes(d, it);
    if (it->kind == CONTENT_STRING) {
        buf_put(out, at.p, at.n);
        return;
    }
    for (uint32_t k = 0; k < it->len; k++) {
        buf_u8(out, PRINT_UNIT);
        buf_be64(out, print_unit(it, &at, prints, seed));
    }
}

static void put_list(const struct ydoc *d, uint32_t type, const uint64_t *prints, uint64_t seed,
                     struct buf *out)
{
    struct marks now = {0};
    uint64_t style = 0, said = 0;
    for (uint32_t i = d->types[type].start; i != NONE; i = item_of(d, i)->right) {
        const struct item *it = item_of(d, i);
        if (item_deleted(it))
            continue;
        if (it->kind == CONTENT_FORMAT) {
            struct cur value = item_bytes(d, it);
            struct cur key = lib0_bytes(&value);
            marks_apply(&now, key, value);
            style = print_style(&now, seed);
            continue;
        }
        if (style != said) {
            buf_u8(out, PRINT_STYLE);
            buf_be64(out, style);
            said = style;
        }
        put_units(d, it, prints, seed, out);
    }
    marks_done(&now);
}

static uint64_t print_keys(const struct ydoc *d, uint32_t type, const uint64_t *prints,
                           uint64_t seed)
{
    uint64_t sum = 0;
    for (uint32_t e = d->types[type].keys; e != NONE; e = d->entries[e].next) {
        const struct item *it = item_of(d, d->entries[e].item);
        if (item_visible(it) == 0)
            continue;
        struct cur key = name_of(d, d->entries[e].name);
        uint64_t value = print_value(d, it, prints, seed);
        sum += map_hash(map_hash(seed, key.p, key.n), &value, sizeof value);
    }
    return sum;
}

/* What a type holds was made after it, and has a higher number: from the last to the first no
 * recursion is needed, however deep somebody nested them. */
uint64_t *prints_new(const struct ydoc *d, uint64_t seed)
{
    uint64_t *prints = mem_array(d->n_types, sizeof *prints);
    struct buf b = {0};
    for (uint32_t t = d->n_types; t-- > 0;) {
        const struct ytype *type = &d->types[t];
        struct cur says =
            type->item == NONE ? (struct cur){0} : piece_of(&d->text, type->at, type->n);
        buf_clear(&b);
        buf_be64(&b, print_keys(d, t, prints, seed));
        buf_be64(&b, says.n);
        buf_put(&b, says.p, says.n);
        put_list(d, t, prints, seed, &b);
        prints[t] = map_hash(seed, buf_bytes(&b), buf_len(&b));
    }
    buf_done(&b);
    return prints;
}
