#include "ydoc/diff.h"

#include "base/map.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "ydoc/myers.h"

#include <stdlib.h>
#include <string.h>

_Static_assert((size_t)DIFF_LINES_MAX <= MYERS_MAX && (size_t)DIFF_CHARS_MAX <= MYERS_MAX,
               "what is compared is not too long for it");

/* What is kept, cut and put, told as it comes and called back for when it is whole. */
struct script {
    text_diff_cb *cb;
    void *arg;
    uint64_t at, cut;
    struct cur put; /* edits put neighbours of `to` together */
    uint64_t *work;
};

enum {
    VALUE_LEAD =
        0xfc, /* RFC 2279, 2: six bytes, 31 bits; nothing in UTF-8 as it is now begins so */
    VALUE_LEN = 6,
};

void text_diff_put_value(struct buf *text, uint32_t number)
{
    buf_u8(text, (uint8_t)(VALUE_LEAD | number >> 30));
    for (int shift = 24; shift >= 0; shift -= 6)
        buf_u8(text, (uint8_t)(0x80 | (number >> shift & 0x3f)));
}

static bool is_value(uint8_t lead)
{
    return lead >= VALUE_LEAD;
}

uint64_t text_units(struct cur utf8)
{
    uint64_t n = 0;
    for (size_t i = 0; i < utf8.n; i++)
        n += (size_t)((utf8.p[i] & 0xc0) != 0x80) +
             (size_t)(utf8.p[i] >= 0xf0 && !is_value(utf8.p[i]));
    return n;
}

static void flush(struct script *s)
{
    if (s->cut > 0 || s->put.n > 0)
        s->cb(s->arg, s->at, s->cut, s->put);
    s->at += text_units(s->put);
    s->cut = 0;
    s->put = cur_of(NULL, 0);
}

static void keep(struct script *s, struct cur text)
{
    if (text.n == 0)
        return;
    flush(s);
    s->at += text_units(text);
}

static void drop(struct script *s, struct cur text)
{
    s->cut += text_units(text);
}

static void add(struct script *s, struct cur text)
{
    s->put = s->put.n > 0 ? cur_of(s->put.p, s->put.n + text.n) : text;
}

/* --- the same beginning, the same end --------------------------------------------------------- */

static bool is_inside(const struct cur *c, size_t i)
{
    return i < c->n && (c->p[i] & 0xc0) == 0x80;
}

static struct cur take_prefix(struct cur *from, struct cur *to)
{
    size_t n = 0, most = from->n < to->n ? from->n : to->n;
    while (n < most && from->p[n] == to->p[n])
        n++;
    while (n > 0 && (is_inside(from, n) || is_inside(to, n)))
        n--;
    cur_take(to, n);
    return cur_take(from, n);
}

static struct cur take_suffix(struct cur *from, struct cur *to)
{
    size_t n = 0, most = from->n < to->n ? from->n : to->n;
    while (n < most && from->p[from->n - 1 - n] == to->p[to->n - 1 - n])
        n++;
    while (n > 0 && is_inside(from, from->n - n))
        n--;
    struct cur rest = *from;
    *to = cur_take(to, to->n - n);
    *from = cur_take(&rest, from->n - n);
    return rest;
}

/* --- sequences -------------------------------------------------------------------------------- */

/* Pieces of a text, and for each a number that only equal ones share. */
struct pieces {
    struct cur *at;
    struct sequence seq;
    uint32_t *numbers;
};

static void pieces_init(struct pieces *p, size_t most)
{
    *p = (struct pieces){.at = mem_array(most, sizeof *p->at),
                         .numbers = mem_array(most, sizeof *p->numbers)};
    p->seq = (struct sequence){.members = p->numbers, .changed = mem_array(most, sizeof(bool))};
}

static void pieces_done(struct pieces *p)
{
    free(p->at);
    free(p->numbers);
    free(p->seq.changed);
}

/* Tell what of them goes, comes and stays; `replace` says what happens where both differ. */
static void tell(struct script *s, struct pieces *from, struct pieces *to,
                 void (*replace)(struct script *s, struct cur from, struct cur to))
{
    size_t i = 0, j = 0, n = from->seq.n, m = to->seq.n;
    while (i < n || j < m) {
        struct cur gone = {0}, come = {0};
        for (; i < n && from->seq.changed[i]; i++)
            gone = gone.n ? cur_of(gone.p, gone.n + from->at[i].n) : from->at[i];
        for (; j < m && to->seq.changed[j]; j++)
            come = come.n ? cur_of(come.p, come.n + to->at[j].n) : to->at[j];
        replace(s, gone, come);
        if (i < n && j < m) {
            keep(s, from->at[i]);
            i++, j++;
        }
    }
}

/* --- characters ------------------------------------------------------------------------------- */

static void replace_all(struct script *s, struct cur from, struct cur to)
{
    drop(s, from);
    add(s, to);
}

static size_t value_number(const uint8_t *p, uint32_t *number)
{
    *number = UINT32_C(2) | (p[0] & 1); /* above all characters */
    for (int i = 1; i < VALUE_LEN; i++)
        *number = *number << 6 | (p[i] & 0x3f);
    return VALUE_LEN;
}

static void split_chars(struct pieces *p, struct cur text)
{
    while (text.n > 0) {
        uint32_t code = UINT32_MAX;
        size_t n =
            is_value(*text.p) ? value_number(text.p, &code) : utf8_char(text.p, text.n, &code);
        p->at[p->seq.n] = cur_take(&text, n ? n : 1);
        p->numbers[p->seq.n++] = code;
    }
}

static size_t kept(const struct sequence *s)
{
    size_t n = 0;
    for (size_t i = 0; i < s->n; i++)
        n += !s->changed[i];
    return n;
}

/* Of two sentences with nothing in common a third of the letters are in order all the same: who
 * reads along would see nonsense, and two who write there at once get it. */
static bool are_alike(const struct pieces *a, const struct pieces *b)
{
    size_t less = a->seq.n < b->seq.n ? a->seq.n : b->seq.n;
    return 2 * kept(&a->seq) >= less;
}

static void compare_chars(struct script *s, struct cur from, struct cur to)
{
    struct pieces a, b;
    pieces_init(&a, from.n);
    pieces_init(&b, to.n);
    split_chars(&a, from);
    split_chars(&b, to);
    myers_mark(&a.seq, &b.seq, s->work);
    if (are_alike(&a, &b))
        tell(s, &a, &b, replace_all);
    else
        replace_all(s, from, to);
    pieces_done(&a);
    pieces_done(&b);
}

static void replace_lines(struct script *s, struct cur from, struct cur to)
{
    keep(s, take_prefix(&from, &to));
    struct cur end = take_suffix(&from, &to);
    if (from.n > 0 && to.n > 0 && text_units(from) <= DIFF_CHARS_MAX &&
        text_units(to) <= DIFF_CHARS_MAX)
        compare_chars(s, from, to);
    else
        replace_all(s, from, to);
    keep(s, end);
}

/* --- lines ------------------------------------------------------------------------------------ */

/* Bytes up to a line's end, or to a value, which is a line alone. */
static size_t line_len(struct cur text)
{
    if (is_value(*text.p))
        return VALUE_LEN;
    for (size_t i = 0; i < text.n; i++) {
        if (text.p[i] == '\n')
            return i + 1;
        if (is_value(text.p[i]))
            return i;
    }
    return text.n;
}

static size_t count_lines(struct cur text)
{
    size_t n = 0;
    for (; text.n > 0; n++)
        cur_take(&text, line_len(text));
    return n;
}

static void split_lines(struct pieces *p, struct cur text)
{
    while (text.n > 0)
        p->at[p->seq.n++] = cur_take(&text, line_len(text));
}

/* A line of either text.  Sorted, so that nobody can make hashes meet and it slow. */
struct line {
    uint64_t hash;
    struct cur text;
    uint32_t *number;
    bool of_to;
};

static int line_order(const void *x, const void *y)
{
    const struct line *a = x, *b = y;
    if (a->hash != b->hash)
        return a->hash < b->hash ? -1 : 1;
    if (a->text.n != b->text.n)
        return a->text.n < b->text.n ? -1 : 1;
    return memcmp(a->text.p, b->text.p, a->text.n);
}

static struct line *put_lines(struct line *to, struct pieces *p, bool of_to)
{
    for (size_t i = 0; i < p->seq.n; i++)
        *to++ = (struct line){map_hash(0, p->at[i].p, p->at[i].n), p->at[i], &p->numbers[i], of_to};
    return to;
}

/* Equal lines get one number; those that only one text has get 0. */
static void number_lines(struct pieces *a, struct pieces *b)
{
    size_t n = a->seq.n + b->seq.n;
    struct line *all = mem_array(n, sizeof *all);
    put_lines(put_lines(all, a, false), b, true);
    qsort(all, n, sizeof *all, line_order);
    uint32_t number = 0;
    for (size_t i = 0, end; i < n; i = end) {
        bool in[2] = {false, false};
        for (end = i; end < n && line_order(&all[i], &all[end]) == 0; end++)
            in[all[end].of_to] = true;
        number++;
        for (size_t k = i; k < end; k++)
            *all[k].number = in[0] && in[1] ? number : 0;
    }
    free(all);
}

/* The lines that both have, alone: where each of them is. */
static size_t *leave_out_strangers(const struct pieces *p, struct pieces *out)
{
    size_t *places = mem_array(p->seq.n, sizeof *places);
    pieces_init(out, p->seq.n);
    for (size_t i = 0; i < p->seq.n; i++) {
        p->seq.changed[i] = p->numbers[i] == 0;
        if (p->numbers[i]) {
            places[out->seq.n] = i;
            out->numbers[out->seq.n++] = p->numbers[i];
        }
    }
    return places;
}

static void bring_back(struct pieces *p, struct pieces *shared, size_t *places)
{
    for (size_t i = 0; i < shared->seq.n; i++)
        p->seq.changed[places[i]] = shared->seq.changed[i];
    free(places);
    pieces_done(shared);
}

static void compare_lines(struct script *s, struct cur from, struct cur to)
{
    struct pieces a, b, shared_a, shared_b;
    pieces_init(&a, count_lines(from));
    pieces_init(&b, count_lines(to));
    split_lines(&a, from);
    split_lines(&b, to);
    number_lines(&a, &b);
    size_t *in_a = leave_out_strangers(&a, &shared_a), *in_b = leave_out_strangers(&b, &shared_b);
    myers_mark(&shared_a.seq, &shared_b.seq, s->work);
    bring_back(&a, &shared_a, in_a);
    bring_back(&b, &shared_b, in_b);
    tell(s, &a, &b, replace_lines);
    pieces_done(&a);
    pieces_done(&b);
}

void text_diff(struct cur from, struct cur to, text_diff_cb *cb, void *arg)
{
    uint64_t work = DIFF_WORK_MAX;
    text_diff_within(&work, from, to, cb, arg);
}

void text_diff_within(uint64_t *work, struct cur from, struct cur to, text_diff_cb *cb, void *arg)
{
    struct script s = {.cb = cb, .arg = arg, .work = work};
    keep(&s, take_prefix(&from, &to));
    take_suffix(&from, &to);
    if (count_lines(from) <= DIFF_LINES_MAX && count_lines(to) <= DIFF_LINES_MAX)
        compare_lines(&s, from, to);
    else
        replace_lines(&s, from, to);
    flush(&s);
}
