#include "files/find/ports.h"

#include "base/mem.h"
#include "base/test.h"
#include "sim/sim.h"

struct heard {
    int accepted, dht, utp;
};

static void on_accepted(void *arg, struct conn *c)
{
    struct heard *h = arg;
    h->accepted++;
    conn_close(c);
}

static void on_dht(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    (void)from, (void)bytes, (void)n;
    ((struct heard *)arg)->dht++;
}

static void on_utp(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    (void)from, (void)bytes, (void)n;
    ((struct heard *)arg)->utp++;
}

static const struct ports_ops ops = {.accepted = on_accepted, .dht = on_dht, .utp = on_utp};

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    (void)arg, (void)ev, (void)why;
}

static const uint8_t six_of_ann[16] = {0x20, 1, 0xd, 0xb8, 1},
                     six_of_bob[16] = {0x20, 1, 0xd, 0xb8, 2};

struct pair {
    struct sim *sim;
    struct sim_node *ann, *bob;
};

static struct pair pair_new(void)
{
    struct pair p = {.sim = sim_new(1)};
    p.ann = sim_node_add(p.sim, "ann", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0});
    p.bob = sim_node_add(p.sim, "bob", addr_v4(10, 0, 0, 2, 0), (struct sim_link){0});
    sim_node_add_ip(p.ann, addr_of_bytes(six_of_ann, 16, 0));
    sim_node_add_ip(p.bob, addr_of_bytes(six_of_bob, 16, 0));
    return p;
}

static void one_number_serves_both_protocols_and_families(void **state)
{
    (void)state;
    struct pair p = pair_new();
    struct heard h = {0}, none = {0};
    struct why why;
    struct ports *a =
        ports_open(sim_node_loop(p.ann), &(struct addr){.family = ADDR_V4}, &ops, &h, &why);
    struct ports *b =
        ports_open(sim_node_loop(p.bob), &(struct addr){.family = ADDR_V4}, &ops, &none, &why);
    assert_non_null(a);
    assert_true(ports_has(a, ADDR_V4) && ports_has(a, ADDR_V6));
    uint16_t port = ports_addr(a).port;
    assert_int_not_equal(port, 0);
    struct addr to[] = {addr_v4(10, 0, 0, 1, port), addr_of_bytes(six_of_ann, 16, port)};
    for (size_t i = 0; i < 2; i++) {
        struct conn *c = tcp_dial(sim_node_loop(p.bob), &to[i], NULL, on_conn, NULL);
        ports_send(b, &to[i], "d1:ae", 5);
        ports_send(b, &to[i], "\x41\0", 2);
        ports_send(b, &to[i], "", 0);
        sim_run_for(p.sim, SEC);
        conn_close(c);
    }
    assert_int_equal(h.accepted, 2);
    assert_int_equal(h.dht, 2);
    assert_int_equal(h.utp, 2);
    ports_close(a);
    ports_close(b);
    sim_free(p.sim);
}

static void a_taken_number_is_refused_and_any_number_avoids_it(void **state)
{
    (void)state;
    struct pair p = pair_new();
    struct loop *loop = sim_node_loop(p.ann);
    struct heard h = {0};
    struct why why;
    struct addr at = addr_v4(10, 0, 0, 1, 6881);
    struct udp *taken = udp_open(loop, &at, on_dht, &h, &why);
    assert_null(ports_open(loop, &at, &ops, &h, &why));
    assert_non_null(strstr(why.text, "6881"));
    udp_close(taken);
    struct ports *a = ports_open(loop, &at, &ops, &h, &why);
    assert_non_null(a);
    assert_false(ports_has(a, ADDR_V6)); /* one address was named */
    ports_close(a);
    sim_free(p.sim);
}

/* The number is free for UDP and taken for TCP: half of it would be half a node. */
static void a_number_that_is_taken_for_one_protocol_is_refused(void **state)
{
    (void)state;
    struct pair p = pair_new();
    struct loop *loop = sim_node_loop(p.ann);
    struct heard h = {0};
    struct why why;
    struct addr at = addr_v4(10, 0, 0, 1, 6881);
    struct listener *taken = tcp_listen(loop, &at, on_accepted, &h, &why);
    assert_non_null(taken);
    assert_null(ports_open(loop, &at, &ops, &h, &why));
    assert_non_null(strstr(why.text, "6881"));
    struct udp *udp = udp_open(loop, &at, on_dht, &h, &why); /* and UDP is let go again */
    assert_non_null(udp);
    udp_close(udp);
    listener_close(taken);
    sim_free(p.sim);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_number_serves_both_protocols_and_families),
        cmocka_unit_test(a_taken_number_is_refused_and_any_number_avoids_it),
        cmocka_unit_test(a_number_that_is_taken_for_one_protocol_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
