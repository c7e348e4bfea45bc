#include "ydoc/update.h"

#include "base/mem.h"

#include <stdlib.h>

/* All structs of some updates, with the names that they point to. */
struct pile {
    struct piece {
        struct ystruct s;
        size_t update, place;   /* which of the updates it came in, and where */
        struct slice root, sub; /* in `sink`, since readers forget names */
    } * at;
    size_t n, cap;
    struct buf sink;
    struct ranges deletes;
};

static void pile_done(struct pile *p)
{
    free(p->at);
    buf_done(&p->sink);
    ranges_done(&p->deletes);
}

static struct slice keep(struct pile *p, struct cur name)
{
    struct slice kept = {buf_len(&p->sink), name.n};
    buf_put(&p->sink, name.p, name.n);
    return kept;
}

static enum err pile_up(struct pile *p, enum update_format format, struct cur update, size_t number,
                        struct why *why)
{
    struct update_reader r;
    struct ystruct s;
    update_read(&r, format, update, &p->sink);
    while (update_next(&r, &s)) {
        if (p->n == p->cap) {
            p->cap = p->cap ? 2 * p->cap : 16;
            p->at = mem_realloc(p->at, p->cap * sizeof *p->at);
        }
        struct slice content = s.content;
        struct piece *piece = &p->at[p->n];
        *piece = (struct piece){.s = s, .update = number, .place = p->n};
        if (s.root.p)
            piece->root = keep(p, s.root);
        if (s.sub.p)
            piece->sub = keep(p, s.sub);
        piece->s.content = content;
        p->n++;
    }
    update_read_deletes(&r, &p->deletes);
    return update_done(&r, why);
}

/* The names, now that the sink stays where it is. */
static void point(struct pile *p, struct piece *piece)
{
    static const uint8_t nothing;
    const uint8_t *base = buf_bytes(&p->sink) ? buf_bytes(&p->sink) : &nothing;
    if (piece->s.root.p)
        piece->s.root = cur_of(base + piece->root.at, piece->root.n);
    if (piece->s.sub.p)
        piece->s.sub = cur_of(base + piece->sub.at, piece->sub.n);
}

/* Clients from the highest, clocks upwards; of what starts together the longest first. */
static int by_place(const void *a, const void *b)
{
    const struct piece *x = a, *y = b;
    if (x->s.id.client != y->s.id.client)
        return x->s.id.client > y->s.id.client ? -1 : 1;
    if (x->s.id.clock != y->s.id.clock)
        return x->s.id.clock < y->s.id.clock ? -1 : 1;
    if (x->s.len != y->s.len)
        return x->s.len > y->s.len ? -1 : 1;
    return x->place < y->place ? -1 : x->place > y->place;
}

/* Structs that are in order and do not overlap, one client's, with Skips over the gaps. */
struct line {
    struct piece *at;
    size_t n, cap;
};

static void line_add(struct line *l, struct piece piece)
{
    struct piece *last = l->n > 0 ? &l->at[l->n - 1] : NULL;
    if (last && last->s.kind == piece.s.kind && last->s.id.client == piece.s.id.client &&
        (piece.s.kind == CONTENT_GC || piece.s.kind == CONTENT_SKIP) &&
        last->update != piece.update) {
        last->s.len += piece.s.len;
        return;
    }
    if (l->n == l->cap) {
        l->cap = l->cap ? 2 * l->cap : 16;
        l->at = mem_realloc(l->at, l->cap * sizeof *l->at);
    }
    l->at[l->n++] = piece;
}

static void line_up(struct pile *p, struct line *l)
{
    uint64_t client = NO_CLIENT, end = 0;
    if (p->n > 0)
        qsort(p->at, p->n, sizeof *p->at, by_place);
    for (size_t i = 0; i < p->n; i++) {
        struct piece piece = p->at[i];
        if (piece.s.kind == CONTENT_SKIP)
            continue;
        bool first = piece.s.id.client != client;
        if (!first && piece.s.id.clock + piece.s.len <= end)
            continue;
        if (!first && piece.s.id.clock > end)
            line_add(l, (struct piece){.s = {.kind = CONTENT_SKIP,
                                             .id = {client, end},
                                             .len = piece.s.id.clock - end,
                                             .left.client = NO_CLIENT,
                                             .right.client = NO_CLIENT},
                                       .update = SIZE_MAX});
        if (!first && piece.s.id.clock < end)
            ystruct_cut(&piece.s, end - piece.s.id.clock, &p->sink);
        client = piece.s.id.client;
        end = piece.s.id.clock + piece.s.len;
        line_add(l, piece);
    }
}

static void put_line(struct pile *p, const struct line *l, enum update_format format,
                     struct buf *out)
{
    struct update_writer w;
    uint64_t clients = 0;
    for (size_t i = 0; i < l->n; i++)
        clients += i == 0 || l->at[i].s.id.client != l->at[i - 1].s.id.client;
    update_write(&w, format, out);
    update_put_clients(&w, clients);
    for (size_t i = 0, end; i < l->n; i = end) {
        for (end = i + 1; end < l->n && l->at[end].s.id.client == l->at[i].s.id.client;)
            end++;
        update_put_section(&w, end - i, l->at[i].s.id);
        for (size_t k = i; k < end; k++) {
            point(p, &l->at[k]);
            update_put(&w, &l->at[k].s, buf_bytes(&p->sink));
        }
    }
    ranges_tidy(&p->deletes);
    update_put_deletes(&w, &p->deletes);
    update_end(&w);
}

enum err update_merge(enum update_format format, const struct cur *updates, size_t n,
                      struct buf *out, struct why *why)
{
    struct pile p = {0};
    struct line l = {0};
    enum err e = OK;
    for (size_t i = 0; e == OK && i < n; i++)
        e = pile_up(&p, format, updates[i], i, why);
    if (e == OK && n == 1) { /* as it is */
        buf_put(out, updates[0].p, updates[0].n);
    } else if (e == OK) {
        line_up(&p, &l);
        put_line(&p, &l, format, out);
    }
    free(l.at);
    pile_done(&p);
    return e;
}

enum err update_diff(enum update_format format, struct cur update, const struct states *have,
                     struct buf *out, struct why *why)
{
    struct pile p = {0};
    struct line l = {0};
    enum err e = pile_up(&p, format, update, 0, why);
    for (size_t i = 0; e == OK && i < p.n; i++) {
        struct piece piece = p.at[i];
        uint64_t known = states_get(have, piece.s.id.client);
        bool first = l.n == 0 || l.at[l.n - 1].s.id.client != piece.s.id.client;
        if (piece.s.id.clock + piece.s.len <= known || (first && piece.s.kind == CONTENT_SKIP))
            continue;
        if (piece.s.id.clock < known)
            ystruct_cut(&piece.s, known - piece.s.id.clock, &p.sink);
        line_add(&l, piece);
    }
    if (e == OK)
        put_line(&p, &l, format, out);
    free(l.at);
    pile_done(&p);
    return e;
}

enum err update_convert(struct cur update, enum update_format from, enum update_format to,
                        struct buf *out, struct why *why)
{
    struct pile p = {0};
    enum err e = pile_up(&p, from, update, 0, why);
    struct line l = {p.at, p.n, p.cap};
    if (e == OK)
        put_line(&p, &l, to, out);
    pile_done(&p);
    return e;
}

enum err update_state(enum update_format format, struct cur update, struct buf *out,
                      struct why *why)
{
    struct pile p = {0};
    struct states s = {0};
    enum err e = pile_up(&p, format, update, 0, why);
    if (p.n > 0)
        qsort(p.at, p.n, sizeof *p.at, by_place);
    for (size_t i = 0; i < p.n; i++) {
        const struct ystruct *next = &p.at[i].s;
        struct range *last = s.n > 0 ? &s.at[s.n - 1] : NULL;
        bool same = last && last->client == next->id.client;
        if (!same && next->id.clock == 0 && next->kind != CONTENT_SKIP)
            states_add(&s, next->id.client, next->len);
        else if (same && next->id.clock <= last->clock && next->kind != CONTENT_SKIP &&
                 next->id.clock + next->len > last->clock)
            last->clock = next->id.clock + next->len;
    }
    states_tidy(&s);
    if (e == OK)
        states_put(&s, out);
    states_done(&s);
    pile_done(&p);
    return e;
}
