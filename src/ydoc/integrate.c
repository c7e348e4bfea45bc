/* Where an item belongs: YATA as Yjs does it (yjs-format section 3). */
#include "ydoc/doc_in.h"

#include <assert.h>
#include <string.h>

#define STAMP_MAX 0xf0000000u /* then all stamps begin anew */

static bool not_here(const struct ydoc *d, uint32_t client, uint32_t clock)
{
    return client != NONE && clock >= d->clients[client].state;
}

uint32_t item_missing(const struct ydoc *d, const struct item *it, uint32_t *clock)
{
    if (it->kind == CONTENT_GC)
        return NONE;
    if (not_here(d, it->left_client, it->left_clock)) {
        *clock = it->left_clock;
        return it->left_client;
    }
    if (not_here(d, it->right_client, it->right_clock)) {
        *clock = it->right_clock;
        return it->right_client;
    }
    if (it->flags & ITEM_PARENT_ID && not_here(d, it->left, it->right)) {
        *clock = it->right;
        return it->left;
    }
    return NONE;
}

void item_cut_known(struct ydoc *d, uint32_t i)
{
    struct item *it = item_of(d, i);
    uint32_t n = d->clients[it->client].state - it->clock;
    it->clock += n;
    it->len -= n;
    if (it->kind == CONTENT_GC)
        return;
    /* As if it had been split there: the tail, which stands behind what is known. */
    struct ystruct s = {
        .kind = (enum content)it->kind, .len = n + it->len, .content = {it->at, it->n}};
    ystruct_cut(&s, n, &d->text);
    it->at = (uint32_t)s.content.at;
    it->n = (uint32_t)s.content.n;
    it->left_client = it->client;
    it->left_clock = it->clock - 1;
    it->type = NONE;
    it->flags &= (uint8_t)~ITEM_PARENT_ID;
}

/* ---- conflicts ---- */

static bool same_unit(uint32_t client, uint32_t clock, uint32_t client2, uint32_t clock2)
{
    return client == client2 && (client == NONE || clock == clock2);
}

static uint32_t first_beside(const struct ydoc *d, const struct item *it)
{
    if (it->sub == NONE)
        return d->types[it->type].start;
    uint32_t o = key_get(d, it->type, it->sub);
    while (o != NONE && item_of(d, o)->left != NONE)
        o = item_of(d, o)->left;
    return o;
}

static void new_stamps(struct ydoc *d)
{
    for (uint32_t i = 0; i < d->items; i++)
        item_of(d, i)->stamp = 0;
    d->stamp = 0;
}

/* Others may have written between the two neighbours meanwhile: everybody puts the same order into
 * them.  Items passed are stamped with a growing number: those above `seen_from` were passed in
 * this scan, those above `cleared` since the place moved last.  So the two sets of Yjs's need no
 * memory. */
static uint32_t place(struct ydoc *d, const struct item *it, uint32_t left, uint32_t right)
{
    uint32_t o = left != NONE ? item_of(d, left)->right : first_beside(d, it);
    uint32_t best = left;
    if (d->stamp > STAMP_MAX)
        new_stamps(d);
    uint32_t seen_from = d->stamp, cleared = d->stamp;
    while (o != NONE && o != right) {
        struct item *other = item_of(d, o);
        other->stamp = ++d->stamp;
        if (same_unit(other->left_client, other->left_clock, it->left_client, it->left_clock)) {
            if (d->clients[other->client].id < d->clients[it->client].id) {
                best = o;
                cleared = d->stamp;
            } else if (same_unit(other->right_client, other->right_clock, it->right_client,
                                 it->right_clock)) {
                break;
            }
        } else if (other->left_client != NONE) {
            uint32_t passed = item_of(d, item_at(d, other->left_client, other->left_clock))->stamp;
            if (passed <= seen_from)
                break;
            if (passed <= cleared) {
                best = o;
                cleared = d->stamp;
            }
        } else {
            break;
        }
        o = other->right;
    }
    return best;
}

/* ---- joining the document ---- */

static void became_known(struct ydoc *d, uint32_t i, const struct item *it)
{
    struct client *c = &d->clients[it->client];
    runs_put(&c->runs, (struct run){it->clock, i});
    c->state = item_end(it);
}

static void came_deleted(struct ydoc *d, const struct item *it)
{
    if (d->tells)
        ranges_add(&d->gone, d->clients[it->client].id, it->clock, it->len);
}

/* What it stood in is forgotten: only its clocks remain. */
static void integrate_gc(struct ydoc *d, uint32_t i)
{
    struct item *it = item_of(d, i);
    doc_waste(d, it->n);
    it->kind = CONTENT_GC;
    it->flags = ITEM_DELETED;
    it->n = 0;
    came_deleted(d, it);
    became_known(d, i, it);
}

static void link_in(struct ydoc *d, uint32_t i, struct item *it, uint32_t left)
{
    it->left = left;
    if (left != NONE) {
        struct item *l = item_of(d, left);
        it->right = l->right;
        l->right = i;
    } else {
        it->right = first_beside(d, it);
        if (it->sub == NONE)
            d->types[it->type].start = i;
    }
    if (it->right != NONE)
        item_of(d, it->right)->left = i;
}

static void make_type(struct ydoc *d, uint32_t i)
{
    struct item *it = item_of(d, i);
    uint32_t t = doc_new_type(d);
    struct cur says = item_bytes(d, it);
    d->types[t].item = i;
    d->types[t].at = it->at;
    d->types[t].n = it->n;
    d->types[t].kind = cur_u8(&says);
    it->at = t;
    it->n = 0;
}

/* Where the struct says that it stands, or its neighbours do.  False: nowhere any more. */
static bool find_parent(struct ydoc *d, struct item *it, const struct item *left,
                        const struct item *right)
{
    const struct item *beside = left ? left : right;
    if ((left && left->kind == CONTENT_GC) || (right && right->kind == CONTENT_GC))
        return false;
    if (it->flags & ITEM_PARENT_ID) {
        const struct item *parent = item_of(d, item_at(d, it->left, it->right));
        it->flags &= (uint8_t)~ITEM_PARENT_ID;
        if (parent->kind != CONTENT_TYPE)
            return false;
        it->type = parent->at;
    } else if (it->type == NONE) {
        if (!beside)
            return false;
        it->type = beside->type;
        it->sub = beside->sub;
    }
    return true;
}

/* The commonest of all: its writer types on.  What the end of the transaction would make one item
 * becomes one at once. */
static bool types_on(struct ydoc *d, uint32_t i, uint32_t left, uint32_t right)
{
    struct item *it = item_of(d, i);
    if (left == NONE || it->kind != CONTENT_STRING)
        return false;
    struct item *before = item_of(d, left);
    if (before->kind != CONTENT_STRING || before->client != it->client ||
        item_end(before) != it->clock || item_deleted(before) || before->right != right ||
        before->sub != NONE ||
        !same_unit(before->right_client, before->right_clock, it->right_client, it->right_clock))
        return false;
    item_absorb(d, before, it);
    before->len += it->len;
    if (item_in_tree(d, before))
        seq_grow(&d->seq, left, it->len);
    d->types[before->type].len += it->len;
    d->clients[it->client].state += it->len;
    item_free(d, i);
    return true;
}

/* The item that begins with the unit that it was written before: mostly who stands behind `left`
 * still. */
static uint32_t find_right(struct ydoc *d, const struct item *it, const struct item *left)
{
    if (it->right_client == NONE)
        return NONE;
    if (left && left->kind != CONTENT_GC && left->right != NONE) {
        const struct item *next = item_of(d, left->right);
        if (next->client == it->right_client && next->clock == it->right_clock)
            return left->right;
    }
    return item_starting(d, it->right_client, it->right_clock);
}

void item_integrate(struct ydoc *d, uint32_t i)
{
    struct item *it = item_of(d, i);
    doc_touch(d, it->client);
    if (it->kind == CONTENT_GC) {
        integrate_gc(d, i);
        return;
    }
    uint32_t left =
        it->left_client == NONE ? NONE : item_ending(d, it->left_client, it->left_clock);
    const struct item *l = left == NONE ? NULL : item_of(d, left);
    uint32_t right = find_right(d, it, l);
    const struct item *r = right == NONE ? NULL : item_of(d, right);
    if (!find_parent(d, it, l, r)) {
        integrate_gc(d, i);
        return;
    }
    if (types_on(d, i, left, right))
        return;
    bool between = l ? l->right != right : !r || r->left != NONE;
    if (between)
        left = place(d, it, left, right);
    link_in(d, i, it, left);
    if (it->kind == CONTENT_TYPE)
        make_type(d, i);
    if (it->kind == CONTENT_FORMAT)
        d->types[it->type].marked = true;
    if (it->kind == CONTENT_DELETED) {
        it->flags |= ITEM_DELETED;
        came_deleted(d, it);
    }
    became_known(d, i, it);
    struct ytype *type = &d->types[it->type];
    if (it->sub == NONE) {
        if (type->seq != SEQ_NONE)
            seq_put(&d->seq, &type->seq, left, i);
        type->len += item_visible(it);
    } else if (it->right == NONE) {
        key_set(d, it->type, it->sub, i);
        if (left != NONE)
            item_delete(d, left);
    }
    if ((type->item != NONE && item_deleted(item_of(d, type->item))) ||
        (it->sub != NONE && it->right != NONE))
        item_delete(d, i);
}
