/* Two sockets of QUIC in the simulator, and somebody between them who does with each datagram what
 * the input says: passes it on, turns bits, cuts it short, says it twice, puts one of his own in
 * its place.  Nothing may crash or leak, and who is there must be who was dialled.  GnuTLS has
 * chance of its own: one input need not give the same run twice. */
#include "host/quic/quic.h"

#include "base/mem.h"
#include "net/udp.h"
#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n);

enum { SIDES = 2, MUXES_MAX = 8, DATAGRAM_MAX = 1500, MEDDLED_MAX = 64 };
#define RUN_US (20 * SEC)

struct side {
    struct loop *loop;
    struct keys *keys;
    struct quic_self *self;
    struct quic *q;
    struct udp *near; /* of him between, as this side sees him */
    struct addr at;
};

struct town {
    struct sim *sim;
    struct side side[SIDES]; /* who dials, who is dialled */
    struct cur input;
    unsigned meddled;
    struct mux *muxes[MUXES_MAX];
    size_t count;
};

/* --- streams: what comes is read, and something said ------------------------------------------ */

static void on_event(void *arg, enum conn_event ev, const struct why *why)
{
    struct conn *c = arg;
    char room[512];
    (void)why;
    ssize_t n = 0;
    while (ev == CONN_READABLE && (n = conn_recv(c, room, sizeof room)) > 0)
        continue;
    if (ev == CONN_CLOSED || n == CONN_END)
        conn_close(c);
}

static void on_stream(void *arg, struct conn *s)
{
    (void)arg;
    conn_watch(s, on_event, s);
    conn_send(s, "hello", 5);
    conn_shut(s);
}

static void on_closed(void *arg, const struct why *why)
{
    (void)arg;
    (void)why;
}

static const struct mux_events mux_events = {.stream = on_stream, .closed = on_closed};

static void keep(struct town *t, struct mux *m)
{
    if (t->count == MUXES_MAX) {
        mux_close(m);
        return;
    }
    t->muxes[t->count++] = m;
    mux_watch(m, &mux_events, t);
    struct conn *s = mux_open(m, NULL);
    if (s)
        on_stream(t, s);
}

static bool on_welcome(void *arg, const struct addr *from)
{
    (void)arg;
    (void)from;
    return true;
}

static void on_came(void *arg, struct mux *m, const struct peer_id *peer)
{
    (void)peer;
    keep(arg, m);
}

static void on_made(void *arg, struct mux *m, const struct peer_id *peer, const struct why *why)
{
    struct town *t = arg;
    struct peer_id whom;
    (void)why;
    if (!m)
        return;
    if (peer_id_parse(&whom, keys_peer_id(t->side[1].keys), NULL) != OK ||
        !peer_id_equal(peer, &whom))
        abort();
    keep(t, m);
}

/* --- him between ------------------------------------------------------------------------------ */

static void meddle(struct town *t, struct side *to, struct udp *from, const uint8_t *bytes,
                   size_t n)
{
    uint8_t room[DATAGRAM_MAX];
    uint8_t what = t->meddled++ < MEDDLED_MAX ? cur_u8(&t->input) : 0;
    n = n < sizeof room ? n : sizeof room;
    memcpy(room, bytes, n);
    size_t at = n > 0 ? cur_be16(&t->input) % n : 0;
    switch (what % 8) {
    case 1:
        room[at] ^= cur_u8(&t->input);
        break;
    case 2:
        n = at;
        break;
    case 3:
        udp_send(from, &to->at, room, n);
        break;
    case 4: { /* his own, behind the first bytes of theirs */
        struct cur own = cur_take(&t->input, cur_u8(&t->input));
        size_t fits = own.n < n - at ? own.n : n - at;
        if (fits > 0)
            memcpy(room + at, own.p, fits);
        break;
    }
    case 5:
        return;
    default:
        break;
    }
    udp_send(from, &to->at, room, n);
}

static void on_near(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct town *t = arg;
    (void)from;
    meddle(t, &t->side[1], t->side[1].near, bytes, n);
}

static void on_far(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct town *t = arg;
    (void)from;
    meddle(t, &t->side[0], t->side[0].near, bytes, n);
}

/* --- the whole -------------------------------------------------------------------------------- */

static void begin(struct town *t, unsigned i)
{
    static const struct quic_events events = {on_welcome, on_came};
    struct side *s = &t->side[i];
    uint8_t entropy[16] = {(uint8_t)(i + 1)};
    s->at = addr_v4(10, 0, 0, (uint8_t)(i + 1), 4001);
    s->loop = sim_node_loop(sim_node_add(t->sim, i ? "b" : "a", s->at, (struct sim_link){0}));
    s->keys = keys_of_entropy(entropy, sizeof entropy);
    s->self = quic_self_new(s->loop, s->keys, NULL);
    s->q = quic_open(s->self, &s->at, &events, t, NULL);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t n)
{
    struct town t = {.input = cur_of(bytes, n)};
    struct addr between = addr_v4(10, 0, 0, 9, 1), far = addr_v4(10, 0, 0, 9, 2);
    struct peer_id whom;
    t.sim = sim_new(1);
    for (unsigned i = 0; i < SIDES; i++)
        begin(&t, i);
    struct loop *middle =
        sim_node_loop(sim_node_add(t.sim, "m", between, (struct sim_link){.latency_us = 1000}));
    t.side[0].near = udp_open(middle, &between, on_near, &t, NULL);
    t.side[1].near = udp_open(middle, &far, on_far, &t, NULL);
    if (peer_id_parse(&whom, keys_peer_id(t.side[1].keys), NULL) != OK)
        abort();
    quic_dial(t.side[0].q, &between, &whom, on_made, &t);
    sim_run_for(t.sim, RUN_US);
    for (size_t i = 0; i < t.count; i++)
        mux_close(t.muxes[i]);
    for (unsigned i = 0; i < SIDES; i++) {
        udp_close(t.side[i].near);
        quic_close(t.side[i].q);
    }
    sim_run_for(t.sim, RUN_US);
    for (unsigned i = 0; i < SIDES; i++) {
        quic_self_free(t.side[i].self);
        keys_free(t.side[i].keys);
    }
    sim_free(t.sim);
    return 0;
}
