/* Foreign updates, and what waits for something that is not here. */
#include "base/mem.h"
#include "ydoc/doc_in.h"

#include <stdlib.h>
#include <string.h>

#define LATER_LOOK 64 /* waiting deletes that a new one is compared with */

/* ---- decoding into loose items ---- */

/* Mostly what a client wrote stands beside what it wrote itself. */
static uint32_t known_or(struct ydoc *d, const struct yid *id, const struct ystruct *s,
                         uint32_t writer)
{
    if (id->client == s->id.client)
        return writer;
    return id->client == NO_CLIENT ? NONE : doc_client(d, id->client);
}

static uint32_t loose_item(struct ydoc *d, const struct ystruct *s)
{
    uint32_t i = item_new(d);
    uint32_t writer = doc_client(d, s->id.client);
    uint32_t left = known_or(d, &s->left, s, writer);
    uint32_t right = known_or(d, &s->right, s, writer);
    struct item *it = item_of(d, i);
    *it = (struct item){.client = writer,
                        .clock = (uint32_t)s->id.clock,
                        .len = (uint32_t)s->len,
                        .left_client = left,
                        .left_clock = (uint32_t)s->left.clock,
                        .right_client = right,
                        .right_clock = (uint32_t)s->right.clock,
                        .left = NONE,
                        .right = NONE,
                        .type = NONE,
                        .sub = NONE,
                        .at = (uint32_t)s->content.at,
                        .n = (uint32_t)s->content.n,
                        .kind = (uint8_t)s->kind};
    if (s->parent.client != NO_CLIENT) {
        it->flags = ITEM_PARENT_ID;
        it->left = doc_client(d, s->parent.client);
        it->right = (uint32_t)s->parent.clock;
    } else if (s->root.p) {
        it->type = doc_root(d, doc_name(d, s->root.p, s->root.n));
    }
    if (s->has_sub && s->sub.p)
        it->sub = doc_name(d, s->sub.p, s->sub.n);
    else if (s->has_sub)
        it->flags |= ITEM_KEYED;
    return i;
}

/* An id beyond what any client may write is of nobody. */
static bool ids_fit(const struct ystruct *s)
{
    return s->left.clock < UPDATE_CLOCK_MAX && s->right.clock < UPDATE_CLOCK_MAX &&
           s->parent.clock < UPDATE_CLOCK_MAX;
}

/* ---- the queue of a client ---- */

static void drop_todo(struct ydoc *d, struct client *c, struct run_at at)
{
    runs_drop(&c->todo, &at);
    d->waiting--;
}

static void forget_loose(struct ydoc *d, uint32_t i)
{
    doc_waste(d, item_of(d, i)->n);
    item_free(d, i);
}

/* What is here already.  A half of a pair alone that begins it says that the pair was cut there,
 * and whole it stands here: it is cut here too, so that all read the same (Yjs looks up what a
 * known struct stands behind, and cuts there). */
static void forget_known(struct ydoc *d, uint32_t i)
{
    const struct item *it = item_of(d, i);
    struct cur text = item_bytes(d, it);
    bool tail = it->kind == CONTENT_STRING && it->left_client == it->client &&
                it->left_clock + 1 == it->clock && text.n >= 3;
    if (tail && memcmp(text.p, "\xef\xbf\xbd", 3) == 0)
        item_ending(d, it->left_client, it->left_clock);
    forget_loose(d, i);
}

static void add_todo(struct ydoc *d, uint32_t i)
{
    const struct item *it = item_of(d, i);
    struct client *c = &d->clients[it->client];
    struct run_at at;
    if (item_end(it) <= c->state) {
        forget_loose(d, i);
        return;
    }
    if (runs_find(&c->todo, it->clock, &at)) { /* the same start: the longer one knows more */
        struct run *other = runs_get(&c->todo, at);
        if (other->clock == it->clock) {
            uint32_t worse = it->len > item_of(d, other->item)->len ? other->item : i;
            if (worse == other->item) {
                other->item = i;
                d->aside = true;
            }
            forget_loose(d, worse);
            return;
        }
    }
    d->aside = true;
    runs_put(&c->todo, (struct run){it->clock, i});
    d->waiting++;
}

static void stop_waiting(struct ydoc *d, uint32_t client)
{
    struct client *c = &d->clients[client];
    if (c->waits_for == NONE)
        return;
    if (c->prev_waiter != NONE)
        d->clients[c->prev_waiter].next_waiter = c->next_waiter;
    else
        d->clients[c->waits_for].waiters = c->next_waiter;
    if (c->next_waiter != NONE)
        d->clients[c->next_waiter].prev_waiter = c->prev_waiter;
    c->waits_for = NONE;
}

static void wait_for(struct ydoc *d, uint32_t client, uint32_t other, uint32_t clock)
{
    struct client *c = &d->clients[client], *o = &d->clients[other];
    c->waits_for = other;
    c->wait_clock = clock;
    c->prev_waiter = NONE;
    c->next_waiter = o->waiters;
    if (o->waiters != NONE)
        d->clients[o->waiters].prev_waiter = client;
    o->waiters = client;
}

/* The item of a client that comes next, of this update or of what waited before; or NONE. */
static uint32_t next_loose(const struct ydoc *d, const struct client *c, bool *fed)
{
    *fed = c->feed_n > 0 && runs_empty(&c->todo);
    if (*fed)
        return c->feed[0];
    const struct run *run = runs_get(&c->todo, runs_first());
    *fed = c->feed_n > 0 && (!run || item_of(d, c->feed[0])->clock <= run->clock);
    return *fed ? c->feed[0] : run ? run->item : NONE;
}

/* Items that come out of order lie far from each other: fetch the one behind this meanwhile. */
static void fetch_next(const struct ydoc *d, const struct client *c)
{
    const struct run *run = runs_get(&c->todo, runs_first());
    if (run)
        __builtin_prefetch(item_of(d, run->item));
}

static void take_loose(struct ydoc *d, struct client *c, bool fed)
{
    if (fed) {
        c->feed++;
        c->feed_n--;
    } else {
        drop_todo(d, c, runs_first());
        fetch_next(d, c);
    }
}

/* Integrate what one client has, as far as it goes. */
static void run_client(struct ydoc *d, uint32_t client)
{
    struct client *c = &d->clients[client];
    uint32_t i, clock, other;
    bool fed;
    stop_waiting(d, client);
    while ((i = next_loose(d, c, &fed)) != NONE) {
        struct item *it = item_of(d, i);
        if (it->clock > c->state)
            return; /* something of its own is not here */
        if (item_end(it) <= c->state) {
            take_loose(d, c, fed);
            forget_known(d, i);
        } else if (it->clock < c->state) {
            take_loose(d, c, fed);
            item_cut_known(d, i);
            add_todo(d, i);
        } else if ((other = item_missing(d, it, &clock)) != NONE) {
            wait_for(d, client, other, clock);
            return;
        } else {
            take_loose(d, c, fed);
            item_integrate(d, i);
        }
    }
}

/* Each client that got further may let others go on. */
static void run_all(struct ydoc *d, const struct numbers *clients)
{
    struct numbers *todo = &d->stack; /* nobody else uses it as long */
    uint32_t floor = todo->n;
    for (uint32_t k = clients->n; k-- > 0;)
        numbers_add(todo, clients->at[k]);
    while (todo->n > floor) {
        uint32_t client = todo->at[--todo->n];
        uint32_t before = d->clients[client].state;
        run_client(d, client);
        if (d->clients[client].state == before)
            continue;
        for (uint32_t w = d->clients[client].waiters, next; w != NONE; w = next) {
            next = d->clients[w].next_waiter;
            if (d->clients[w].wait_clock < d->clients[client].state) {
                stop_waiting(d, w);
                numbers_add(todo, w);
            }
        }
    }
}

/* ---- deletes ---- */

static void sink_span(struct heap *h, struct span s)
{
    uint32_t i = 0;
    for (uint32_t child; (child = 2 * i + 1) < h->n; i = child) {
        if (child + 1 < h->n && h->at[child + 1].clock < h->at[child].clock)
            child++;
        if (s.clock <= h->at[child].clock)
            break;
        h->at[i] = h->at[child];
    }
    h->at[i] = s;
}

static int by_clock(const void *a, const void *b)
{
    const struct span *x = a, *y = b;
    return x->clock < y->clock ? -1 : x->clock > y->clock;
}

/* The same deletes may come again and again: kept once.  What is sorted is a heap. */
static void join_spans(struct ydoc *d, struct heap *h)
{
    uint32_t n = 1;
    qsort(h->at, h->n, sizeof *h->at, by_clock);
    for (uint32_t i = 1; i < h->n; i++) {
        struct span *last = &h->at[n - 1], next = h->at[i];
        if (next.clock > last->clock + last->len)
            h->at[n++] = next;
        else if (next.clock + next.len > last->clock + last->len)
            last->len = next.clock + next.len - last->clock;
    }
    d->waiting_deletes -= h->n - n;
    h->n = n;
}

/* Whoever waits for the same sends the same again and again. */
static bool waits_already(const struct heap *h, uint32_t clock, uint32_t len)
{
    for (uint32_t i = 0; i < h->n && i < LATER_LOOK; i++)
        if (h->at[i].clock <= clock && clock + len <= h->at[i].clock + h->at[i].len)
            return true;
    return false;
}

static void delete_later(struct ydoc *d, struct client *c, uint32_t clock, uint32_t len)
{
    struct heap *h = &c->deletes;
    if (waits_already(h, clock, len))
        return;
    d->aside = true;
    if (h->n == h->cap && h->n > 0)
        join_spans(d, h);
    if (h->n >= h->cap / 2) { /* room for as many again before they are joined the next time */
        h->cap = h->cap ? 2 * h->cap : 4;
        h->at = mem_realloc(h->at, h->cap * sizeof *h->at);
    }
    uint32_t i = h->n++;
    for (; i > 0 && h->at[(i - 1) / 2].clock > clock; i = (i - 1) / 2)
        h->at[i] = h->at[(i - 1) / 2];
    h->at[i] = (struct span){clock, len};
    d->waiting_deletes++;
}

static void delete_known(struct ydoc *d, uint32_t client, uint32_t clock, uint32_t end)
{
    while (clock < end) {
        uint32_t i = item_at(d, client, clock);
        const struct item *it = item_of(d, i);
        if (!item_deleted(it)) {
            if (it->clock < clock)
                i = item_split(d, i, clock - it->clock);
            it = item_of(d, i);
            if (item_end(it) > end)
                item_split(d, i, end - it->clock);
            item_delete(d, i);
        }
        clock = item_end(it);
    }
}

static void delete_span(struct ydoc *d, uint32_t client, uint32_t clock, uint32_t end)
{
    uint32_t known = d->clients[client].state;
    if (clock < known)
        delete_known(d, client, clock, end < known ? end : known);
    if (end > known) {
        uint32_t from = clock > known ? clock : known;
        delete_later(d, &d->clients[client], from, end - from);
    }
}

/* What waited for clocks that came in this transaction. */
static void retry_deletes(struct ydoc *d)
{
    for (uint32_t t = 0; t < d->touched.n; t++) {
        uint32_t client = d->touched.at[t];
        struct heap *h = &d->clients[client].deletes;
        while (h->n > 0 && h->at[0].clock < d->clients[client].state) {
            struct span s = h->at[0];
            h->n--;
            if (h->n > 0)
                sink_span(h, h->at[h->n]);
            d->waiting_deletes--;
            delete_span(d, client, s.clock, s.clock + s.len);
        }
    }
}

static void apply_deletes(struct ydoc *d, const struct ranges *set)
{
    for (size_t i = 0; i < set->n; i++) {
        const struct range *r = &set->at[i];
        uint64_t end = r->clock + r->len;
        if (r->clock >= UPDATE_CLOCK_MAX)
            continue; /* nobody can ever write that */
        delete_span(d, doc_client(d, r->client), (uint32_t)r->clock,
                    end > UPDATE_CLOCK_MAX ? UPDATE_CLOCK_MAX : (uint32_t)end);
    }
}

/* ---- an update ---- */

static enum err decode(struct ydoc *d, enum update_format format, struct cur update,
                       struct numbers *loose, struct ranges *deletes, struct why *why)
{
    struct update_reader r;
    struct ystruct s;
    bool fit = true, room = true;
    update_read(&r, format, update, &d->text);
    while (fit && room && update_next(&r, &s)) {
        fit = ids_fit(&s);
        room = buf_len(&d->text) <= YDOC_CONTENT_MAX && d->n_clients <= YDOC_CLIENTS_MAX &&
               d->waiting <= YDOC_WAITING_MAX;
        if (fit && room && s.kind != CONTENT_SKIP)
            numbers_add(loose, loose_item(d, &s));
    }
    if (fit && room)
        update_read_deletes(&r, deletes);
    enum err e = update_done(&r, why);
    if (e == OK && !fit)
        e = why_set(why, ERR_LIMIT, "the update refers to clocks beyond 2^32");
    if (e == OK && !room)
        e = why_set(why, ERR_LIMIT,
                    "the document would hold more than %zu bytes, %zu writers or %u waiting items",
                    YDOC_CONTENT_MAX, YDOC_CLIENTS_MAX, YDOC_WAITING_MAX);
    return e;
}

/* Give each client what the update has of it.  A second section of one waits, and is taken up in
 * the order of its clocks. */
static void feed(struct ydoc *d, const struct numbers *loose, struct numbers *clients)
{
    for (uint32_t from = 0, to; from < loose->n; from = to) {
        uint32_t client = item_of(d, loose->at[from])->client;
        struct client *c = &d->clients[client];
        bool again = c->feed_n > 0;
        for (to = from; to < loose->n && item_of(d, loose->at[to])->client == client; to++)
            if (again)
                add_todo(d, loose->at[to]);
        if (!again) {
            c->feed = loose->at + from;
            c->feed_n = to - from;
        }
        numbers_add(clients, client);
    }
}

/* What could not be integrated waits.  True: there is such, and it may have taken the place of what
 * waited before under the same id (two versions of one item, which only liars make): look again. */
static bool keep_rest(struct ydoc *d, const struct numbers *clients)
{
    bool any = false;
    for (uint32_t k = 0; k < clients->n; k++) {
        struct client *c = &d->clients[clients->at[k]];
        any |= c->feed_n > 0;
        for (; c->feed_n > 0; c->feed++, c->feed_n--)
            add_todo(d, c->feed[0]);
    }
    return any;
}

enum err ydoc_learn(struct ydoc *d, enum update_format format, struct cur update, struct buf *news,
                    bool *waits, struct why *why)
{
    struct numbers loose = {0}, clients = {0};
    struct ranges deletes = {0};
    size_t mark = buf_len(&d->text);
    enum err e = decode(d, format, update, &loose, &deletes, why);
    if (e == OK) {
        doc_begin(d, news != NULL);
        feed(d, &loose, &clients);
        run_all(d, &clients);
        if (keep_rest(d, &clients))
            run_all(d, &clients);
        apply_deletes(d, &deletes);
        retry_deletes(d);
        doc_end(d, UPDATE_V1, news);
        doc_pack(d);
        *waits = d->aside;
    } else {
        for (uint32_t n = 0; n < loose.n; n++)
            item_free(d, loose.at[n]);
        d->text.tail = d->text.head + mark;
    }
    free(loose.at);
    free(clients.at);
    ranges_done(&deletes);
    return e;
}

enum err ydoc_apply(struct ydoc *d, enum update_format format, struct cur update, struct why *why)
{
    bool waits;
    return ydoc_learn(d, format, update, NULL, &waits, why);
}
