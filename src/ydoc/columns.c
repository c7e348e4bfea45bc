#include "ydoc/columns.h"

#include "base/utf8.h"
#include "ydoc/lib0.h"

#define REPLACEMENT "\xef\xbf\xbd" /* U+FFFD */

void col_read(struct col_reader *r, enum col_coding coding, struct cur column)
{
    *r = (struct col_reader){.in = column, .coding = coding};
}

void col_next_run(struct col_reader *r)
{
    struct lib0_int v;
    r->left = 1;
    switch (r->coding) {
    case COL_BYTES:
        r->value = cur_u8(&r->in);
        r->left = r->in.n > 0 ? lib0_uint(&r->in) + 1 : UINT64_MAX;
        break;
    case COL_UINTS: /* a run of more than one is marked by its sign */
        v = lib0_int(&r->in);
        r->value = v.magnitude;
        if (v.negative)
            r->left = lib0_uint(&r->in) + 2;
        break;
    case COL_DIFFS: /* the lowest bit says that a count follows; the rest rounds down */
        v = lib0_int(&r->in);
        r->diff = (v.negative ? -(int64_t)v.magnitude : (int64_t)v.magnitude) >> 1;
        if (v.magnitude & 1)
            r->left = lib0_uint(&r->in) + 2;
        break;
    }
    if (r->in.bad)
        col_spoil(r);
}

void col_spoil(struct col_reader *r)
{
    r->bad = true;
    r->value = 0;
    r->diff = 0;
    r->left = UINT64_MAX;
}

void col_write(struct col_writer *w, enum col_coding coding)
{
    *w = (struct col_writer){.coding = coding};
}

/* The run ends: write it.  `last`: nothing follows. */
static void put_run(struct col_writer *w, bool last)
{
    if (w->run == 0)
        return;
    int64_t doubled = w->diff * 2 + (w->run > 1);
    switch (w->coding) {
    case COL_BYTES:
        buf_u8(&w->out, (uint8_t)w->value);
        if (!last)
            lib0_put_uint(&w->out, w->run - 1);
        return;
    case COL_UINTS:
        lib0_put_int(&w->out, (struct lib0_int){w->value, w->run > 1});
        break;
    case COL_DIFFS:
        lib0_put_i64(&w->out, doubled);
        break;
    }
    if (w->run > 1)
        lib0_put_uint(&w->out, w->run - 2);
}

void col_put(struct col_writer *w, uint64_t value)
{
    int64_t diff = (int64_t)(value - w->value);
    bool same = w->coding == COL_DIFFS ? diff == w->diff : value == w->value;
    if (same && w->run > 0) {
        w->run++;
    } else {
        put_run(w, false);
        w->run = 1;
        w->diff = diff;
    }
    w->value = value;
}

void col_end(struct col_writer *w, struct buf *out)
{
    put_run(w, true);
    lib0_put_bytes(out, buf_bytes(&w->out), buf_len(&w->out));
    buf_done(&w->out);
}

void text_read(struct text_reader *r, struct cur column)
{
    struct cur text = lib0_text(&column);
    *r = (struct text_reader){.text = text, .ascii = lib0_ascii(text.p, text.n)};
    r->bad = column.bad;
    col_read(&r->lengths, COL_UINTS, column);
}

uint64_t text_next(struct text_reader *r, struct buf *out)
{
    uint64_t units = col_next(&r->lengths), left = units;
    bool inside = false;
    bool plain = r->ascii || lib0_ascii(r->text.p, left < r->text.n ? left : r->text.n);
    if (plain && left <= r->text.n && !r->half) {
        struct cur part = cur_take(&r->text, left);
        buf_put(out, part.p, part.n);
        r->bad |= r->lengths.bad;
        return units;
    }
    if (r->half && left > 0) {
        buf_str(out, REPLACEMENT);
        r->half = false;
        left--;
    }
    size_t n = lib0_cut(r->text.p, r->text.n, left, &inside);
    struct cur part = cur_take(&r->text, n);
    uint64_t got = lib0_units(part.p, part.n);
    buf_put(out, part.p, part.n);
    if (inside) {
        cur_take(&r->text, 4);
        buf_str(out, REPLACEMENT);
        r->half = true;
        got++;
    }
    r->bad |= r->lengths.bad || got != left;
    return units;
}

void text_write(struct text_writer *w)
{
    *w = (struct text_writer){0};
    col_write(&w->lengths, COL_UINTS);
}

void text_put(struct text_writer *w, const void *utf8, size_t n, uint64_t units)
{
    buf_put(&w->text, utf8, n);
    col_put(&w->lengths, units);
}

void text_end(struct text_writer *w, struct buf *out)
{
    struct buf all = {0};
    lib0_put_bytes(&all, buf_bytes(&w->text), buf_len(&w->text));
    put_run(&w->lengths, true);
    buf_put(&all, buf_bytes(&w->lengths.out), buf_len(&w->lengths.out));
    lib0_put_bytes(out, buf_bytes(&all), buf_len(&all));
    buf_done(&all);
    buf_done(&w->text);
    buf_done(&w->lengths.out);
}
