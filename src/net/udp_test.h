/* net/udp_test.h - what net/udp.h and net/mcast.h promise, as checks that run over any world: a
 * part of net/world_test.h, which says how. */
#ifndef SHOAL_NET_UDP_TEST_H
#define SHOAL_NET_UDP_TEST_H

#include "net/conn_test.h"

#include "base/mem.h"
#include "net/mcast.h"

#define UDP_CHECKS(CASE)                                                                           \
    CASE(datagrams_come_with_their_sender)                                                         \
    CASE(many_datagrams_in_one_call_come_one_by_one)                                               \
    CASE(a_datagram_socket_may_close_in_its_callback)                                              \
    CASE(a_taken_udp_port_is_refused_with_a_reason)                                                \
    CASE(a_group_is_heard_by_all_who_joined_the_sender_too)

struct post {
    struct udp *u;
    struct addr last_from;
    unsigned got, echoed;
    size_t bytes;
    bool close_in_callback;
    bool in_call;
};

static void on_post(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct post *p = arg;
    assert_non_null(p->u);
    assert_false(p->in_call);
    for (size_t i = 0; i < n; i++)
        assert_int_equal(bytes[i], pattern(i));
    p->got++;
    p->bytes += n;
    p->last_from = *from;
    if (p->close_in_callback) {
        udp_close(p->u);
        p->u = NULL;
    }
}

static struct udp *post_open(struct post *p, struct loop *loop, const struct addr *at)
{
    struct why why;
    p->u = udp_open(loop, at, on_post, p, &why);
    if (!p->u)
        fail_msg("%s", why.text);
    return p->u;
}

static bool post_has_three(void *arg)
{
    return ((struct post *)arg)->got == 3;
}

static void datagrams_come_with_their_sender(void **state)
{
    struct world *w = *state;
    struct post a = {0}, b = {0};
    uint8_t bytes[1400];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = pattern(i);
    struct addr at_a = udp_addr(post_open(&a, w->a, &w->at_a));
    struct addr at_b = udp_addr(post_open(&b, w->b, &w->at_b));
    assert_int_not_equal(at_b.port, 0);
    b.in_call = true;
    udp_send(a.u, &at_b, bytes, sizeof bytes);
    udp_send(a.u, &at_b, bytes, 1);
    udp_send(a.u, &at_b, bytes, 0);
    b.in_call = false;
    world_run(w, post_has_three, &b);
    assert_int_equal(b.bytes, sizeof bytes + 1);
    assert_true(addr_equal(&b.last_from, &at_a));
    udp_send(b.u, &b.last_from, bytes, 20);
    udp_send(b.u, &b.last_from, bytes, 20);
    udp_send(b.u, &b.last_from, bytes, 20);
    world_run(w, post_has_three, &a);
    assert_true(addr_equal(&a.last_from, &at_b));
    udp_close(a.u);
    udp_close(b.u);
    udp_close(NULL);
}

static bool post_is_closed(void *arg)
{
    return ((struct post *)arg)->u == NULL;
}

struct run {
    unsigned seen; /* a bit for each */
    size_t count, pauses, unpaused;
};

static void on_run(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct run *r = arg;
    (void)from;
    assert_in_range(bytes[0], 0, 10);
    assert_int_equal(n, bytes[0] == 10 ? 50 : 1000);
    for (size_t i = 1; i < n; i++)
        assert_int_equal(bytes[i], pattern(bytes[0] + i));
    r->seen |= 1u << bytes[0];
    r->count++;
    r->unpaused++;
}

static void on_run_pause(void *arg)
{
    struct run *r = arg;
    assert_true(r->unpaused > 0);
    r->unpaused = 0;
    r->pauses++;
}

static bool run_is_whole(void *arg)
{
    return ((struct run *)arg)->count == 22;
}

/* Parts do not end where datagrams end; a run that must not be cut comes as well. */
static void many_datagrams_in_one_call_come_one_by_one(void **state)
{
    struct world *w = *state;
    struct post a = {0};
    struct run r = {0};
    struct why why;
    uint8_t bytes[10050];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = i % 1000 == 0 ? (uint8_t)(i / 1000) : pattern(i / 1000 + i % 1000);
    struct iovec parts[] = {{bytes, 700}, {bytes + 700, 5300}, {bytes + 6000, sizeof bytes - 6000}};
    post_open(&a, w->a, &w->at_a);
    struct udp *b = udp_open(w->b, &w->at_b, on_run, &r, &why);
    assert_non_null(b);
    udp_on_pause(b, on_run_pause);
    struct addr at_b = udp_addr(b);
    assert_true(udp_sendv(a.u, &at_b, parts, 3, 1000, false));
    assert_true(udp_sendv(a.u, &at_b, parts, 3, 1000, true));
    world_run(w, run_is_whole, &r);
    assert_int_equal(r.seen, 0x7ff);
    assert_true(r.pauses > 0);
    assert_int_equal(r.unpaused, 0);
    udp_close(b);
    udp_close(a.u);
}

static void a_datagram_socket_may_close_in_its_callback(void **state)
{
    struct world *w = *state;
    struct post a = {0}, b = {.close_in_callback = true};
    post_open(&a, w->a, &w->at_a);
    struct addr at_b = udp_addr(post_open(&b, w->b, &w->at_b));
    uint8_t byte = pattern(0);
    udp_send(a.u, &at_b, &byte, 1);
    udp_send(a.u, &at_b, &byte, 1);
    world_run(w, post_is_closed, &b);
    udp_send(a.u, &at_b, &byte, 1); /* to nobody, which is no error */
    world_settle(w);
    udp_send(a.u, &at_b, &byte, 1);
    assert_int_equal(b.got, 1);
    udp_close(a.u);
}

static void a_taken_udp_port_is_refused_with_a_reason(void **state)
{
    struct world *w = *state;
    struct post a = {0};
    struct why why = {0};
    struct addr taken = udp_addr(post_open(&a, w->a, &w->at_a));
    assert_null(udp_open(w->a, &taken, on_post, &a, &why));
    assert_int_not_equal(why.code, OK);
    assert_int_not_equal(why.text[0], '\0');
    udp_close(a.u);
}

struct ears {
    struct mcast *m;
    struct addr from;
    unsigned got;
};

static void on_group(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct ears *e = arg;
    if (n != 5 || memcmp(bytes, "shoal", 5) != 0)
        return; /* the real network may have others */
    e->from = *from;
    e->got++;
}

/* The interface with this world's address: in the real one that is loopback's, any of it. */
static struct iface iface_of(struct loop *loop, const struct addr *at)
{
    struct iface all[IFACES_MAX];
    size_t n = iface_list(loop, all, IFACES_MAX);
    for (size_t i = 0; i < n; i++)
        if (addr_same_ip(&all[i].addr, at) ||
            (all[i].loopback && addr_is_loopback(at) && all[i].addr.family == at->family)) {
            all[i].addr = *at;
            return all[i];
        }
    fail_msg("no interface for it among %zu", n);
    return all[0];
}

static bool both_heard(void *arg)
{
    struct ears *e = arg;
    return e[0].got > 0 && e[1].got > 0;
}

static void a_group_is_heard_by_all_who_joined_the_sender_too(void **state)
{
    struct world *w = *state;
    struct ears e[3] = {0};
    struct why why;
    struct addr group = addr_v4(239, 192, 77, 78, 7879);
    struct iface a = iface_of(w->a, &w->at_a), b = iface_of(w->b, &w->at_b);
    e[0].m = mcast_open(w->a, &group, on_group, &e[0], &why);
    e[1].m = mcast_open(w->b, &group, on_group, &e[1], &why);
    e[2].m = mcast_open(w->b, &group, on_group, &e[2], &why); /* joins nothing */
    assert_non_null(e[0].m);
    assert_non_null(e[1].m);
    assert_int_equal(mcast_join(e[0].m, &a, &why), OK);
    assert_int_equal(mcast_join(e[0].m, &a, &why), OK); /* once more: nothing */
    assert_int_equal(mcast_join(e[1].m, &b, &why), OK);
    mcast_send(e[0].m, &a, "shoal", 5);
    world_run(w, both_heard, e);
    world_settle(w);
    assert_int_equal(e[0].got, 1);
    assert_int_equal(e[1].got, 1);
    assert_int_equal(e[2].got, 0);
    assert_true(addr_same_ip(&e[1].from, &w->at_a));
    for (size_t i = 0; i < 3; i++)
        mcast_close(e[i].m);
    mcast_close(NULL);
}

#endif
