/* A peer's streams: whose they are, what they speak, and how many of them there are. */
#include "host/host_in.h"

#include "base/mem.h"

#include <stdlib.h>
#include <string.h>

struct use {
    struct link link;      /* in connection.uses */
    struct connection *c;  /* NULL: it is over */
    struct purse *purse;   /* held; from which an inbound one is drawn */
    const struct tab *tab; /* the stream's */
    const char *protocol;  /* kept in host.words; NULL: not agreed on yet */
    bool inbound;
};

static void forget_protocol(struct use *u)
{
    words_drop(u->c->host->words, u->protocol);
    u->protocol = NULL;
    list_drop(&u->link);
    u->c = NULL;
}

static void on_end(void *arg)
{
    struct use *u = arg;
    if (u->c)
        forget_protocol(u);
    budget_give(&u->purse->budget, BUDGET_STREAMS, u->inbound);
    purse_drop(u->purse);
    free(u);
}

void uses_end(struct connection *c)
{
    LIST_EACH(&c->uses, struct use, u, link)
        forget_protocol(u);
}

struct use *use_begin(struct connection *c, struct conn *stream, bool inbound)
{
    struct why why;
    if (budget_take(&c->peer->purse->budget, BUDGET_STREAMS, inbound, "a stream", &why) != OK) {
        log_debug(c->host->log, "a stream is reset: %s", why.text);
        return NULL;
    }
    struct use *u = MEM_NEW(struct use);
    u->c = c;
    u->purse = purse_hold(c->peer->purse);
    u->tab = stream->tab;
    u->inbound = inbound;
    list_push(&c->uses, &u->link);
    mux_on_end(stream, on_end, u);
    return u;
}

static size_t inbound_of(const struct peer *p, const char *protocol)
{
    size_t n = 0;
    LIST_EACH(&p->conns, struct connection, c, link)
        LIST_EACH(&c->uses, struct use, u, link)
            n += u->inbound && u->protocol == protocol;
    return n;
}

bool use_agree(struct use *u, const char *protocol)
{
    struct host *h = u->c->host;
    struct cur name = cur_of(protocol, strlen(protocol));
    const char *known = words_find(h->words, protocol);
    if (u->inbound && known && !h->cfg.lab && inbound_of(u->c->peer, known) >= HOST_STREAMS_MAX)
        return false;
    u->protocol = words_take(h->words, name);
    return true;
}

/* --- to be looked at ------------------------------------------------------------------------ */

static void add(struct host_held *to, const struct use *u)
{
    to->in += u->inbound;
    to->out += !u->inbound;
    to->bytes += u->tab->bytes;
}

void host_held(const struct host *h, const struct peer_id *peer, struct host_held *out)
{
    const struct peer *p = peer_find(h, peer);
    *out = (struct host_held){0};
    if (!p || !p->purse)
        return;
    LIST_EACH(&p->conns, struct connection, c, link) {
        out->conns++;
        LIST_EACH(&c->uses, struct use, u, link)
            add(out, u);
    }
    out->bytes = p->purse->budget.used[BUDGET_BYTES]; /* those of streams that outlived them too */
}

static int by_name(const void *a, const void *b)
{
    return strcmp(((const struct host_held *)a)->protocol, ((const struct host_held *)b)->protocol);
}

size_t host_held_by_protocol(const struct host *h, struct host_held *out, size_t cap)
{
    size_t n = 0;
    LIST_EACH(&h->busy, struct peer, p, link)
        LIST_EACH(&p->conns, struct connection, c, link)
            LIST_EACH(&c->uses, struct use, u, link) {
                const char *name = u->protocol ? u->protocol : "";
                size_t i = 0;
                while (i < n && strcmp(out[i].protocol, name) != 0)
                    i++;
                if (i == cap)
                    continue;
                if (i == n)
                    out[n++] = (struct host_held){.protocol = name};
                add(&out[i], u);
            }
    qsort(out, n, sizeof *out, by_name);
    return n;
}
