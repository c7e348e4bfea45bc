/* A local UDP port that is a peer's service: each program that writes to it has a stream of its
 * own. */
#include "tunnel/ask.h"
#include "tunnel/dgram.h"
#include "tunnel/tunnel_in.h"

#include "base/mem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* One local source address. */
struct udp_flow {
    struct link link; /* in forward.flows, the last that was used at the end */
    struct forward *f;
    struct addr from;
    struct ask *ask;
    struct dgram *d;
};

static void flow_free(struct udp_flow *w)
{
    w->f->caller_count--;
    list_drop(&w->link);
    ask_cancel(w->ask);
    dgram_free(w->d);
    free(w);
}

static void on_dgram(void *arg, enum dgram_event ev, struct cur one)
{
    struct udp_flow *w = arg;
    switch (ev) {
    case DGRAM_ONE:
        udp_send(w->f->socket, &w->from, one.p, one.n);
        break;
    case DGRAM_GONE: /* what the program sends next asks again */
        flow_free(w);
        break;
    }
}

static void on_answer(void *arg, const struct ask_answer *answer, const struct why *why)
{
    struct udp_flow *w = arg;
    struct buf nothing = {0};
    w->ask = NULL;
    forward_tell(w->f, why);
    if (answer->stream)
        dgram_attach(w->d, answer->stream, &nothing);
    else
        flow_free(w);
}

static struct udp_flow *flow_of(struct forward *f, const struct addr *from)
{
    LIST_EACH(&f->callers, struct udp_flow, w, link)
        if (addr_equal(&w->from, from))
            return w;
    return NULL;
}

static struct udp_flow *flow_new(struct forward *f, const struct addr *from)
{
    struct head_ask what = {0};
    if (f->caller_count >= FLOWS_MAX) /* who was silent for longest makes room */
        flow_free(LIST_FIRST(&f->callers, struct udp_flow, link));
    struct udp_flow *w = MEM_NEW(struct udp_flow);
    w->f = f;
    w->from = *from;
    list_push(&f->callers, &w->link);
    f->caller_count++;
    snprintf(what.service, sizeof what.service, "%s", f->service);
    w->d = dgram_new(f->t->env.loop, f->t->env.policy, on_dgram, w);
    w->ask = ask_start(f->t->host, &f->peer, DATAGRAM_PROTOCOL, &what, on_answer, w);
    return w;
}

static void on_datagram(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct forward *f = arg;
    struct udp_flow *w = flow_of(f, from);
    if (!w)
        w = flow_new(f, from);
    list_drop(&w->link);
    list_push(&f->callers, &w->link);
    dgram_send(w->d, bytes, n);
}

bool udp_flows_begin(struct forward *f, const struct addr *at, struct why *why)
{
    f->socket = udp_open_direct(f->t->env.loop, at, on_datagram, f, why);
    return f->socket != NULL;
}

void udp_flows_end(struct forward *f)
{
    LIST_EACH(&f->callers, struct udp_flow, w, link)
        flow_free(w);
    udp_close(f->socket);
    f->socket = NULL;
}
