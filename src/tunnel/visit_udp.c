/* Datagrams of a peer's, to a service of ours and back. */
#include "tunnel/dgram.h"
#include "tunnel/visit.h"

#include "host/mux/messages.h"

static void on_dgram(void *arg, enum dgram_event ev, struct cur one)
{
    struct visit *v = arg;
    switch (ev) {
    case DGRAM_ONE:
        udp_send(v->socket, &v->targets[0], one.p, one.n);
        break;
    case DGRAM_GONE:
        visit_free(v);
        break;
    }
}

/* Nobody but the service. */
static void on_datagram(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct visit *v = arg;
    if (addr_equal(from, &v->targets[0]))
        dgram_send(v->dgram, bytes, n);
}

/* Where answers from there come to. */
static struct addr any_port_for(const struct addr *to)
{
    struct addr at = *to;
    at.port = 0;
    if (addr_is_loopback(to))
        return at;
    for (size_t i = 0; i < sizeof at.ip; i++)
        at.ip[i] = 0;
    return at;
}

void visit_relay(struct visit *v)
{
    struct buf first = {0};
    struct why why;
    struct addr at = any_port_for(&v->targets[0]);
    v->socket = udp_open_direct(v->t->env.loop, &at, on_datagram, v, &why);
    if (!v->socket) {
        log_warn(v->t->env.log, "no socket for %s: %s", v->service->name, why.text);
        visit_refuse(v, HEAD_UNREACHABLE, "the service cannot be reached from its machine");
        return;
    }
    head_put_answer_first(&first, &(struct head_answer){.code = HEAD_OK});
    v->dgram = dgram_new(v->t->env.loop, v->t->env.policy, on_dgram, v);
    dgram_attach(v->dgram, messages_take(v->m), &first);
    v->m = NULL;
}
