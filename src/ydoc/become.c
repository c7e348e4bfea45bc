/* A text that is to read otherwise: edited where it differs. */
#include "base/mem.h"
#include "ydoc/diff.h"
#include "ydoc/doc_in.h"

#include <stdlib.h>

/* Where in the plain text something stands that is no text: it has units of its own. */
struct embed {
    uint64_t at; /* units of text before it */
    uint64_t units;
};

struct become {
    struct ydoc *doc;
    const char *root;
    struct embed *embeds;
    size_t n, passed;  /* those that lie before what is edited now */
    uint64_t shift;    /* units of the ones passed */
    uint64_t put, cut; /* so far */
    enum err err;
    struct why *why;
};

static void find_embeds(struct become *b)
{
    struct ydoc *d = b->doc;
    uint32_t type = doc_root_named(d, b->root);
    uint64_t at = 0;
    size_t cap = 0;
    for (uint32_t i = d->types[type].start; i != NONE; i = item_of(d, i)->right) {
        const struct item *it = item_of(d, i);
        if (item_deleted(it) || !item_countable(it))
            continue;
        if (it->kind == CONTENT_STRING) {
            at += it->len;
            continue;
        }
        if (b->n == cap)
            b->embeds = mem_realloc(b->embeds, (cap = 2 * cap + 8) * sizeof *b->embeds);
        b->embeds[b->n++] = (struct embed){at, it->len};
    }
}

/* Of the text as it was: how far the embeds before unit `at` of it move what is there. */
static void pass(struct become *b, uint64_t at)
{
    for (; b->passed < b->n && b->embeds[b->passed].at < at; b->passed++)
        b->shift += b->embeds[b->passed].units;
}

static void on_edit(void *arg, uint64_t at, uint64_t cut, struct cur put)
{
    struct become *b = arg;
    uint64_t was = at - b->put + b->cut; /* in the text as it was */
    pass(b, was);
    uint64_t to = at + b->shift;
    for (uint64_t left = cut; left > 0;) {
        uint64_t end = was + left; /* or where something stands in what goes: that stays */
        if (b->passed < b->n && b->embeds[b->passed].at < end)
            end = b->embeds[b->passed].at;
        ytext_delete(b->doc, b->root, at + b->shift, end - was);
        left -= end - was;
        was = end;
        if (left > 0)
            pass(b, end + 1);
    }
    if (b->err == OK)
        b->err = ytext_insert(b->doc, b->root, to, put.p, put.n, NULL, b->why);
    b->cut += cut;
    b->put += text_units(put);
}

enum err ytext_become(struct ydoc *d, const char *root, struct cur utf8, struct why *why)
{
    struct become b = {.doc = d, .root = root, .why = why};
    struct buf now = {0};
    ydoc_text(d, root, &now);
    find_embeds(&b);
    text_diff(buf_cur(&now), utf8, on_edit, &b);
    free(b.embeds);
    buf_done(&now);
    return b.err;
}
