/* A real uTP with one dialled and any accepted connection, and somebody at the other end who says
 * what the input says: packets (with the right ids and numbers near those in use, if the input asks
 * for it), time, and what the owner does between them.  Nothing may crash, leak, hold more than its
 * limit or give an address that is not proven more than it gave. */
#include "net/utp.h"

#include "base/mem.h"
#include "net/utp_flight.h"
#include "net/utp_msg.h"
#include "sim/sim.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { CONNS = 4, STEPS = 400, HELD = 64 * 1024 };

struct host {
    struct sim *sim;
    struct loop *loop;
    struct utp *u;
    struct conn *conns[CONNS];
    size_t count;
    struct utp_packet last; /* that it sent */
    size_t in, out;
};

static bool on_send(void *arg, const struct addr *to, const struct iovec *iov, int count,
                    size_t segment, bool whole)
{
    struct host *h = arg;
    (void)to, (void)segment, (void)whole;
    for (int i = 0; i < count; i++)
        h->out += iov[i].iov_len;
    if (utp_read(cur_of(iov[0].iov_base, iov[0].iov_len), &h->last, NULL) != OK)
        abort();
    return h->out % 7 != 0; /* now and then the system takes nothing */
}

static void on_event(void *arg, enum conn_event ev, const struct why *why)
{
    struct conn **c = arg;
    char room[3000];
    if (!*c || (ev == CONN_CLOSED) != (why != NULL))
        abort();
    if (ev == CONN_READABLE)
        while (conn_recv(*c, room, sizeof room) > 0)
            ;
    if (ev == CONN_CLOSED) {
        conn_close(*c);
        *c = NULL;
    }
}

static void on_accept(void *arg, struct conn *c)
{
    struct host *h = arg;
    for (size_t i = 0; i < CONNS; i++) {
        if (h->conns[i])
            continue;
        h->conns[i] = c;
        conn_watch(c, on_event, &h->conns[i]);
        return;
    }
    conn_close(c);
}

static void packet(struct host *h, struct cur *c)
{
    uint8_t bytes[UTP_HEADER + 255], how = cur_u8(c), len = cur_u8(c);
    struct addr from = addr_v4(10, 0, 0, 2, how & 0x80 ? 7 : 8);
    struct cur raw = cur_take(c, len < c->n ? len : c->n);
    struct utp_packet p = {.type = (enum utp_type)(how % 5),
                           .id = h->last.type == UTP_SYN ? h->last.id : (uint16_t)(h->last.id + 1),
                           .sent_us = (uint32_t)loop_now_us(h->loop) - 5000,
                           .window = 50000,
                           .seq = (uint16_t)(h->last.ack + 1),
                           .ack = h->last.seq};
    if (how & 0x08) {
        p.seq = (uint16_t)(p.seq + (int8_t)cur_u8(c));
        p.ack = (uint16_t)(p.ack + (int8_t)cur_u8(c));
        p.id = (uint16_t)(p.id + (int8_t)cur_u8(c) / 64);
    }
    utp_write(bytes, &p, how & 0x10);
    if (raw.n > 0)
        memcpy(bytes + UTP_HEADER, raw.p, raw.n);
    h->in += UTP_HEADER + raw.n;
    if (how & 0x20)
        utp_packet(h->u, &from, raw.p, raw.n);
    else
        utp_packet(h->u, &from, bytes, UTP_HEADER + raw.n);
    if (how & 0x40)
        utp_pause(h->u);
}

static void step(struct host *h, struct cur *c)
{
    static const uint8_t bytes[20000];
    uint8_t op = cur_u8(c);
    struct conn **conn = &h->conns[op / 16 % CONNS];
    struct addr to = addr_v4(10, 0, 0, 2, 7);
    switch (op % 8) {
    case 0:
        sim_run_for(h->sim, (uint64_t)cur_u8(c) * 20 * MSEC);
        return;
    case 1:
        if (*conn)
            conn_send(*conn, bytes, (size_t)cur_u8(c) * 64 + 1);
        return;
    case 2:
        conn_close(*conn);
        *conn = NULL;
        return;
    case 3:
        if (!*conn)
            *conn = utp_dial(h->u, &to, 3 * SEC, on_event, conn);
        return;
    default:
        packet(h, c);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct cur c = cur_of(bytes, n);
    struct host h = {.sim = sim_new(1)};
    h.loop = sim_node_loop(
        sim_node_add(h.sim, "ann", addr_v4(10, 0, 0, 1, 0), (struct sim_link){.latency_us = 1}));
    struct utp_env env = {.loop = h.loop, .send = on_send, .arg = &h, .held_max = HELD};
    h.u = utp_new(&env);
    utp_listen(h.u, on_accept, &h);
    for (int i = 0; i < STEPS && c.n > 0 && !c.bad; i++)
        step(&h, &c);
    utp_pause(h.u);
    for (size_t i = 0; i < CONNS; i++)
        conn_close(h.conns[i]);
    /* Each connection may go past the limit by a little. */
    if (utp_held(h.u) >
        HELD + (utp_count(h.u) * 2 + 2) * UTP_BLOCKS_EACH * sizeof(struct utp_block))
        abort();
    sim_run_for(h.sim, 60 * SEC);
    if (utp_count(h.u) > 0)
        abort(); /* goodbyes have an end */
    utp_free(h.u);
    sim_free(h.sim);
    return 0;
}
