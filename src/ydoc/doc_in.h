/* ydoc/doc_in.h - a document from inside.  For the files of doc.h alone.
 *
 *   doc.c        made, freed; names and clients
 *   item.c       items: found by id, split, merged; lists and keys they stand in
 *   integrate.c  where an item belongs among what others wrote at the same time (YATA)
 *   apply.c      foreign updates; what waits for something that is not here
 *   commit.c     the end of a transaction: forgetting, merging, the update that tells of it
 *   encode.c     updates, state vectors, snapshots
 *   text.c become.c list.c  local edits   read.c  how it reads       relpos.c  positions
 *   restore.c prints.c      as it was once
 *
 * Items are numbers, not pointers: half the size, and a document is a few allocations. */
#ifndef SHOAL_YDOC_DOC_IN_H
#define SHOAL_YDOC_DOC_IN_H

#include "base/map.h"
#include "ydoc/doc.h"
#include "ydoc/marks.h"
#include "ydoc/runs.h"
#include "ydoc/seq.h"

#define NONE UINT32_MAX /* no item, client, type or name */

enum item_flag {
    ITEM_DELETED = 1,
    ITEM_ROOMY = 2,     /* its text may grow in place to the next power of two */
    ITEM_PARENT_ID = 4, /* loose: left, right are the client and clock of the parent's item */
    ITEM_KEYED = 8,     /* loose: it stands under a key, which its neighbours know */
};

/* What one client wrote in one go.  Loose until it is integrated: then it stands in its client's
 * runs, and, unless it is GC, in a list or under a key. */
struct item {
    uint32_t client; /* index, not id */
    uint32_t clock, len;
    uint32_t left_client, left_clock;   /* the unit that it was written behind; client NONE */
    uint32_t right_client, right_clock; /* the unit that it was written before; client NONE */
    uint32_t left, right;               /* who stands beside it now */
    uint32_t type;                      /* what it stands in; loose: NONE unless a root was named */
    uint32_t sub;                       /* the key's name, or NONE */
    uint32_t at, n;                     /* content, in `text`; of a type: at is the type's number */
    uint32_t leaf;                      /* of the list's tree */
    uint32_t stamp;                     /* when a conflict scan passed it last */
    uint8_t kind;                       /* enum content */
    uint8_t flags;
};

struct ytype {
    uint32_t item;           /* that made it; NONE: a root */
    uint32_t name;           /* of a root */
    uint32_t at, n;          /* of others: what the item says of it, in `text` */
    uint32_t start;          /* first item of the list */
    uint32_t seq;            /* the list's tree; SEQ_NONE until somebody asks for a position */
    uint32_t keys, keys_end; /* first and last entry of the map */
    uint64_t len;            /* visible units of the list */
    uint8_t kind;            /* enum type_kind; of a root: not known */
    bool marked;             /* there are, or were, marks in it */
};

/* A key of a type: its latest item. */
struct entry {
    uint32_t type, name, item;
    uint32_t next;  /* of the type, in the order in which they came */
    uint32_t chain; /* in the table's bucket */
};

struct client {
    uint64_t id;
    struct runs runs; /* integrated */
    struct runs todo; /* decoded, and waiting for something */
    /* Loose items of the update that is being applied, by clock. */
    const uint32_t *feed;
    uint32_t feed_n;
    uint32_t state;  /* the clock that comes next */
    uint32_t before; /* the state when the transaction began */
    struct run_at
        near[2];  /* where its runs were looked into last, for what stands left and right */
    bool touched; /* in this transaction */
    /* The first item of todo waits for a clock of another client. */
    uint32_t waits_for, wait_clock;
    uint32_t waiters, next_waiter, prev_waiter;
    /* Deletes of clocks that are not here, a heap by clock. */
    struct heap {
        struct span {
            uint32_t clock, len;
        } * at;
        uint32_t n, cap;
    } deletes;
};

struct name {
    uint32_t at, n; /* in name_bytes */
    uint32_t root;  /* the root type of that name, or NONE */
};

struct numbers {
    uint32_t *at;
    uint32_t n, cap;
};

#define ITEMS_A_PAGE 256
#define DOC_RECENT 16

struct ydoc {
    uint64_t client_id;
    uint32_t client; /* index of our own; NONE until we write */
    uint64_t seed;
    bool gc;
    bool open; /* in a transaction */

    struct item **page;
    uint32_t pages, items, free_item;
    struct buf text; /* all contents */
    size_t waste;    /* bytes of it that nobody has any more */
    struct client *clients;
    uint32_t n_clients, cap_clients;
    uint32_t recent[DOC_RECENT]; /* clients, by their ids' last bits: who was asked for last */
    struct map *client_index;
    struct name *names;
    uint32_t n_names, cap_names;
    struct buf name_bytes;
    struct map *name_index;
    struct ytype *types;
    uint32_t n_types, cap_types;
    struct entry *entries;
    uint32_t n_entries, cap_entries, *buckets, n_buckets;
    struct seq_pool seq;
    uint32_t stamp;
    uint32_t waiting; /* items in all todo */
    uint32_t waiting_deletes;

    /* of the transaction */
    struct numbers touched; /* clients */
    bool tells;             /* an update will tell of it */
    bool aside;             /* something was put aside to wait */
    struct ranges deleted;  /* to be forgotten */
    struct ranges gone;     /* came as deleted: there is nothing to forget, but to tell */
    struct numbers seams;   /* client, clock, end of items that may join their neighbours now */
    bool ours;              /* local edits, not a foreign update */
    struct numbers torn;    /* pairs cut in two by them: client, clock of the second half, bytes */
    struct numbers stack;   /* work of its own for each walk */
    struct buf scratch;
};

static inline struct item *item_of(const struct ydoc *d, uint32_t i)
{
    return &d->page[i / ITEMS_A_PAGE][i % ITEMS_A_PAGE];
}

static inline bool item_deleted(const struct item *it)
{
    return it->flags & ITEM_DELETED;
}

/* Do its units count for positions? */
static inline bool item_countable(const struct item *it)
{
    return it->kind != CONTENT_DELETED && it->kind != CONTENT_FORMAT && it->kind != CONTENT_GC;
}

static inline uint32_t item_visible(const struct item *it)
{
    return !item_deleted(it) && item_countable(it) ? it->len : 0;
}

/* Does it stand in the tree of a list? */
static inline bool item_in_tree(const struct ydoc *d, const struct item *it)
{
    return it->sub == NONE && d->types[it->type].seq != SEQ_NONE;
}

static inline uint32_t item_end(const struct item *it)
{
    return it->clock + it->len;
}

/* n bytes of a buffer, which may hold none at all. */
static inline struct cur piece_of(const struct buf *b, size_t at, size_t n)
{
    struct cur c = buf_cur(b);
    cur_take(&c, at);
    return cur_take(&c, n);
}

static inline struct cur item_bytes(const struct ydoc *d, const struct item *it)
{
    return piece_of(&d->text, it->at, it->n);
}

static inline struct cur name_of(const struct ydoc *d, uint32_t name)
{
    return piece_of(&d->name_bytes, d->names[name].at, d->names[name].n);
}

/* Append one. */
void numbers_grow(struct numbers *v);
static inline void numbers_add(struct numbers *v, uint32_t number)
{
    if (v->n == v->cap)
        numbers_grow(v);
    v->at[v->n++] = number;
}

/* ---- doc.c ---- */
/* The index of a client, made. */
uint32_t doc_find_client(struct ydoc *d, uint64_t id);
static inline uint32_t doc_client(struct ydoc *d, uint64_t id)
{
    uint32_t recent = d->recent[id % DOC_RECENT];
    return recent < d->n_clients && d->clients[recent].id == id ? recent : doc_find_client(d, id);
}
/* Or NONE. */
uint32_t doc_known_client(const struct ydoc *d, uint64_t id);
uint32_t doc_name(struct ydoc *d, const void *bytes, size_t n); /* its number, made */
uint32_t doc_root(struct ydoc *d, uint32_t name);               /* the type, made */
uint32_t doc_root_named(struct ydoc *d, const char *root);
uint32_t doc_new_type(struct ydoc *d);
void doc_waste(struct ydoc *d, size_t n); /* bytes of text have no owner now */
void doc_pack(struct ydoc *d);            /* rid of waste, if there is much */

/* ---- item.c ---- */
uint32_t item_make(struct ydoc *d);
static inline uint32_t item_new(struct ydoc *d)
{
    bool there = d->free_item == NONE && d->items < d->pages * ITEMS_A_PAGE;
    return there ? d->items++ : item_make(d);
}
void item_free(struct ydoc *d, uint32_t i);
uint32_t item_split(struct ydoc *d, uint32_t i, uint32_t n); /* the tail's number */
/* The item that holds a known unit; cut so that it starts there, ends there. */
uint32_t item_at(struct ydoc *d, uint32_t client, uint32_t clock);
uint32_t item_starting(struct ydoc *d, uint32_t client, uint32_t clock);
uint32_t item_ending(struct ydoc *d, uint32_t client, uint32_t clock);
/* Item a swallows b, which its client wrote next and whose run is at `at`, if item_joins() says
 * that it may; `at` then names what follows. */
void item_merge(struct ydoc *d, struct client *c, uint32_t ai, struct run_at *at);
static inline bool item_joins(const struct item *a, const struct item *b, uint32_t bi)
{
    if (a->kind != b->kind || item_end(a) != b->clock || (a->flags ^ b->flags) & ITEM_DELETED)
        return false;
    if (a->kind == CONTENT_GC)
        return true;
    bool kind = a->kind == CONTENT_STRING || a->kind == CONTENT_ANY || a->kind == CONTENT_JSON ||
                a->kind == CONTENT_DELETED;
    return kind && a->right == bi && b->left_client == b->client && b->left_clock + 1 == b->clock &&
           a->right_client == b->right_client &&
           (a->right_client == NONE || a->right_clock == b->right_clock);
}
/* More text at the end of an item. */
void item_append_text(struct ydoc *d, struct item *it, const uint8_t *p, uint32_t n);
/* The content of b, which is written off, behind that of a. */
void item_absorb(struct ydoc *d, struct item *a, const struct item *b);
/* The latest item of a key, or NONE; set it. */
uint32_t key_get(const struct ydoc *d, uint32_t type, uint32_t name);
void key_set(struct ydoc *d, uint32_t type, uint32_t name, uint32_t item);
void item_delete(struct ydoc *d, uint32_t i); /* and all below it */

/* ---- integrate.c ---- */
/* Its dependencies are here, its clock is its client's state.  The item belongs to the document. */
void item_integrate(struct ydoc *d, uint32_t i);
/* The client that it waits for, or NONE; *clock then tells which. */
uint32_t item_missing(const struct ydoc *d, const struct item *it, uint32_t *clock);
void item_cut_known(struct ydoc *d, uint32_t i); /* loose: drop what is below the state */

/* ---- commit.c ---- */
void doc_begin(struct ydoc *d, bool tells);
void doc_end(struct ydoc *d, enum update_format format, struct buf *out);
void doc_seam(struct ydoc *d, const struct item *it);
/* A client writes something in this transaction. */
void doc_touch_first(struct ydoc *d, uint32_t client);
static inline void doc_touch(struct ydoc *d, uint32_t client)
{
    if (!d->clients[client].touched)
        doc_touch_first(d, client);
}

/* ---- encode.c ---- */
/* What one client wrote from a clock on, as a section. */
void doc_put_client(struct ydoc *d, uint32_t client, uint32_t from, struct update_writer *w);
/* Indices of clients, highest id first. */
void doc_sort_clients(const struct ydoc *d, struct numbers *clients);

/* ---- list.c: what local edits share ---- */
/* The tree of a list, made if it was not there: who only reads and passes on needs none. */
uint32_t doc_tree(struct ydoc *d, uint32_t type);
/* The two items beside a position of a list, which is cut there; false: behind the end. */
bool doc_gap(struct ydoc *d, uint32_t type, uint64_t pos, uint32_t *left, uint32_t *right);
/* A new item of ours between two neighbours of a list or under a key; it is integrated. */
uint32_t doc_write(struct ydoc *d, uint32_t type, uint32_t left, uint32_t right, uint32_t sub,
                   enum content kind, uint32_t len, struct cur content);

/* ---- text.c: edits on a walk through a list, from its beginning to its end ---- */
/* A gap between two items, and the attributes in force there: freed by the caller. */
struct spot {
    uint32_t type, left, right;
    struct marks now;
};
struct spot spot_begin(const struct ydoc *d, uint32_t type);
/* Past n visible units; the list is cut there. */
void spot_pass(struct ydoc *d, struct spot *s, uint64_t n);
/* An item with these attributes and no others; `wanted` is used up.  The spot is behind it. */
void spot_insert(struct ydoc *d, struct spot *s, struct marks *wanted, enum content kind,
                 uint32_t len, struct cur content);
/* Delete the next n units.  text_only: what stands there that no text of Yjs's holds stays, as
 * it does there. */
void spot_cut(struct ydoc *d, struct spot *s, uint64_t n, bool text_only);
/* Set attributes of the next n units; null takes one away. */
void spot_format(struct ydoc *d, struct spot *s, uint64_t n, const struct marks *wanted);

#endif
