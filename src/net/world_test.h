/* net/world_test.h - what net/loop.h, conn.h and udp.h promise, as checks that run over any world.
 *
 * Two implementations keep one contract; both include this file in a test program of their own,
 * which gives a driver (struct world, net/conn_test.h) and runs WORLD_CHECKS as it is shown there.
 */
#ifndef SHOAL_NET_WORLD_TEST_H
#define SHOAL_NET_WORLD_TEST_H

#include "net/conn_test.h"
#include "net/loop_test.h"
#include "net/udp_test.h"

#define WORLD_CHECKS(CASE)                                                                         \
    LOOP_CHECKS(CASE)                                                                              \
    CONN_CHECKS(CASE)                                                                              \
    CASE(both_ends_know_the_addresses)                                                             \
    CASE(a_dial_from_a_foreign_address_fails_later_not_now)                                        \
    CASE(a_taken_port_is_refused_with_a_reason)                                                    \
    CASE(a_closed_listener_is_silent)                                                              \
    UDP_CHECKS(CASE)

/* Streams, where they are the transport's own business. */

static void both_ends_know_the_addresses(void **state)
{
    struct world *w = *state;
    struct pair p;
    char text[120], expected[120], peer[ADDR_TEXT];
    pair_listen(&p, w);
    struct addr to = listener_addr(p.listener);
    p.client.c = tcp_dial(w->a, &to, &w->at_a, end_event, &p.client);
    world_run(w, pair_is_open, &p);
    assert_true(addr_equal(&p.client.c->peer, &to));
    assert_true(addr_equal(&p.server.c->local, &to));
    assert_true(addr_equal(&p.server.c->peer, &p.client.c->local));
    assert_true(addr_same_ip(&p.client.c->local, &w->at_a));
    snprintf(expected, sizeof expected, "tcp to %s", addr_format(&to, peer));
    assert_string_equal(conn_describe(p.client.c, text), expected);
    pair_close(&p);
}

static void a_dial_from_a_foreign_address_fails_later_not_now(void **state)
{
    struct world *w = *state;
    struct pair p;
    struct addr foreign = addr_v4(203, 0, 113, 77, 0);
    pair_listen(&p, w);
    struct addr to = listener_addr(p.listener);
    p.client.in_call = true;
    p.client.c = tcp_dial(w->a, &to, &foreign, end_event, &p.client);
    p.client.in_call = false;
    assert_int_equal(p.client.seen[CONN_CLOSED], 0);
    world_run(w, end_is_told, &p.client);
    assert_int_not_equal(p.client.why.code, OK);
    assert_int_not_equal(p.client.why.text[0], '\0');
    pair_close(&p);
}

static void a_taken_port_is_refused_with_a_reason(void **state)
{
    struct world *w = *state;
    struct pair p;
    struct why why = {0};
    pair_listen(&p, w);
    struct addr taken = listener_addr(p.listener);
    assert_null(tcp_listen(w->b, &taken, on_accept, &p, &why));
    assert_int_not_equal(why.code, OK);
    assert_int_not_equal(why.text[0], '\0');
    pair_close(&p);
}

static void a_closed_listener_is_silent(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_listen(&p, w);
    pair_dial(&p);
    listener_close(p.listener);
    listener_close(NULL);
    p.listener = NULL;
    world_settle(w);
    assert_null(p.server.c);
    pair_close(&p);
}

#endif
