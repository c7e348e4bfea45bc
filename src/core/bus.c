#include "core/bus.h"

#include "base/list.h"
#include "base/mem.h"

#include <string.h>

/* A callback may post, subscribe and unsubscribe.  What is posted meanwhile waits its turn, so that
 * every listener sees the same order; a listener that goes meanwhile is only marked, and swept when
 * nobody walks the lists any more. */
struct kept {
    struct bus_event ev;
    char *type, *id;
    json_t *data;
    struct link link;
};

struct bus_sub {
    struct bus *bus;
    char *prefix;
    bus_cb *cb; /* NULL: unsubscribed, to be swept */
    void *arg;
    uint64_t after; /* events with a greater seq are for it */
    struct link link;
};

struct bus {
    struct link events; /* oldest first */
    struct link subs;
    size_t count;
    uint64_t last;      /* seq given out */
    uint64_t delivered; /* seq that all listeners have had */
    unsigned walking;   /* callbacks on the stack: nothing is freed */
};

struct bus *bus_new(void)
{
    struct bus *b = MEM_NEW(struct bus);
    list_init(&b->events);
    list_init(&b->subs);
    return b;
}

static void kept_free(struct kept *k)
{
    list_drop(&k->link);
    json_decref(k->data);
    free(k->type);
    free(k->id);
    free(k);
}

static void sub_free(struct bus_sub *s)
{
    list_drop(&s->link);
    free(s->prefix);
    free(s);
}

void bus_free(struct bus *b)
{
    if (!b)
        return;
    LIST_EACH(&b->events, struct kept, k, link)
        kept_free(k);
    LIST_EACH(&b->subs, struct bus_sub, s, link)
        sub_free(s);
    free(b);
}

/* Free what had to stay while somebody walked. */
static void sweep(struct bus *b)
{
    if (b->walking > 0)
        return;
    while (b->count > BUS_KEEP) {
        kept_free(LIST_FIRST(&b->events, struct kept, link));
        b->count--;
    }
    LIST_EACH(&b->subs, struct bus_sub, s, link)
        if (!s->cb)
            sub_free(s);
}

static void deliver(struct bus *b, const struct kept *k)
{
    for (struct link *l = b->subs.next; l != &b->subs; l = l->next) { /* it may grow on the way */
        struct bus_sub *s = LIST_OF(l, struct bus_sub, link);
        if (s->cb && k->ev.seq > s->after && !strncmp(k->type, s->prefix, strlen(s->prefix)))
            s->cb(s->arg, &k->ev);
    }
}

void bus_post(struct bus *b, enum bus_kind kind, const char *type, const char *id, json_t *data)
{
    struct kept *k = MEM_NEW(struct kept);
    k->type = mem_strdup(type);
    k->id = mem_strdup(id ? id : "");
    k->data = data;
    k->ev = (struct bus_event){++b->last, kind, k->type, k->id, data};
    list_push(&b->events, &k->link);
    b->count++;
    if (b->delivered + 1 < b->last) /* from inside a callback: the loop in our caller goes on */
        return;
    b->walking++;
    for (struct link *l = &k->link; l != &b->events; l = l->next) {
        deliver(b, LIST_OF(l, struct kept, link));
        b->delivered++;
    }
    b->walking--;
    sweep(b);
}

struct bus_sub *bus_subscribe(struct bus *b, const char *type_prefix, bus_cb *cb, void *arg)
{
    struct bus_sub *s = MEM_NEW(struct bus_sub);
    *s = (struct bus_sub){.bus = b, .cb = cb, .arg = arg, .after = b->last};
    s->prefix = mem_strdup(type_prefix);
    list_push(&b->subs, &s->link);
    return s;
}

void bus_unsubscribe(struct bus_sub *s)
{
    if (!s)
        return;
    struct bus *b = s->bus;
    s->cb = NULL;
    sweep(b);
}

bool bus_replay(struct bus *b, uint64_t seq, bus_cb *cb, void *arg)
{
    const struct kept *oldest = LIST_FIRST(&b->events, struct kept, link);
    uint64_t until = b->last; /* what is posted on the way goes to subscribers */
    bool all = seq <= until && (!oldest || oldest->ev.seq <= seq + 1);
    b->walking++;
    for (struct link *l = b->events.next; l != &b->events; l = l->next) {
        const struct kept *k = LIST_OF(l, struct kept, link);
        if (k->ev.seq > seq && k->ev.seq <= until)
            cb(arg, &k->ev);
    }
    b->walking--;
    sweep(b);
    return all;
}

uint64_t bus_last(const struct bus *b)
{
    return b->last;
}
