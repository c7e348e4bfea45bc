/* net/utp.h in the simulator: the contract of every conn, and what bad lines do to it. */
#include "net/utp_msg.h"
#include "net/utp_test.h"
#include "sim/sim.h"

#define LIMIT_US (600 * SEC)

struct place {
    struct sim *sim;
    struct sim_node *ann, *bob;
    struct utp_end ends[2];
};

static struct utp_end *utp_ends(const struct world *w)
{
    return ((struct place *)w->priv)->ends;
}

static bool run(struct world *w, bool (*until)(void *arg), void *arg)
{
    return sim_run_until(((struct place *)w->priv)->sim, until, arg, LIMIT_US);
}

static struct world *world_new(uint64_t seed, struct sim_link link)
{
    struct world *w = MEM_NEW(struct world);
    struct place *p = MEM_NEW(struct place);
    p->sim = sim_new(seed);
    w->priv = p;
    w->at_a = addr_v4(10, 0, 0, 1, 0);
    w->at_b = addr_v4(10, 0, 0, 2, 0);
    p->ann = sim_node_add(p->sim, "ann", w->at_a, link);
    p->bob = sim_node_add(p->sim, "bob", w->at_b, link);
    w->a = sim_node_loop(p->ann);
    w->b = sim_node_loop(p->bob);
    w->settle_us = SEC;
    w->run = run;
    w->dial = utp_world_dial;
    w->listen = utp_world_listen;
    w->unlisten = utp_world_unlisten;
    return w;
}

static void world_free(struct world *w)
{
    struct place *p = w->priv;
    for (int i = 0; i < 2; i++)
        if (p->ends[i].u)
            utp_end_close(&p->ends[i]);
    sim_free(p->sim);
    free(p);
    free(w);
}

static int open_world(void **state)
{
    *state = world_new(5, (struct sim_link){.latency_us = 5 * MSEC,
                                            .jitter_us = 100,
                                            .up_rate = 20000000,
                                            .down_rate = 20000000});
    return 0;
}

static int close_world(void **state)
{
    world_free(*state);
    return 0;
}

/* Bad lines. */

static const struct sim_link awful = {.latency_us = 30 * MSEC,
                                      .jitter_us = 25 * MSEC,
                                      .loss_ppm = 50000,
                                      .up_rate = 2000000,
                                      .down_rate = 2000000,
                                      .twice_ppm = 30000};

static uint64_t through_awful_lines(uint64_t seed)
{
    struct world *w = world_new(seed, awful);
    struct pair p;
    pair_listen(&p, w);
    p.client.to_send = p.server.to_send = 300000;
    p.client.shut_when_sent = p.server.shut_when_sent = true;
    pair_dial(&p);
    world_run(w, client_has_ended, &p);
    world_run(w, server_has_ended, &p);
    assert_int_equal(p.client.got, 300000);
    assert_int_equal(p.server.got, 300000);
    pair_close(&p);
    uint64_t trace = sim_trace_hash(((struct place *)w->priv)->sim);
    world_free(w);
    return trace;
}

static void loss_reordering_and_doubles_change_no_byte(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 20; seed++)
        through_awful_lines(seed);
}

static void the_same_seed_gives_the_same_run(void **state)
{
    (void)state;
    assert_int_equal(through_awful_lines(7), through_awful_lines(7));
    assert_int_not_equal(through_awful_lines(7), through_awful_lines(8));
}

static void one_loss_costs_no_timeout(void **state)
{
    (void)state;
    struct world *w = world_new(3, (struct sim_link){.latency_us = 20 * MSEC,
                                                     .loss_ppm = 5000,
                                                     .up_rate = 5000000,
                                                     .down_rate = 5000000});
    struct pair p;
    pair_listen(&p, w);
    p.client.to_send = 4 << 20;
    pair_dial(&p);
    uint64_t began_us = loop_now_us(w->a);
    world_run(w, pair_has_all, &p);
    struct utp_stat s = utp_stat_of(p.client.c);
    assert_in_range(s.again, 20, 200); /* 3000 packets over two lossy lines: about 30 */
    assert_true(loop_now_us(w->a) - began_us < 25 * SEC);
    pair_close(&p);
    world_free(w);
}

static void the_length_of_the_path_is_found(void **state)
{
    (void)state;
    static const size_t paths[][2] = {{0, 1472}, {1472, 1472}, {1400, 1360}, {1201, 1200}};
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        struct world *w = world_new(3, (struct sim_link){.latency_us = 5 * MSEC,
                                                         .up_rate = 5000000,
                                                         .down_rate = 5000000,
                                                         .mtu = paths[i][0]});
        struct pair p;
        pair_listen(&p, w);
        p.client.to_send = 4 << 20;
        pair_dial(&p);
        world_run(w, pair_has_all, &p);
        size_t found = utp_stat_of(p.client.c).packet;
        assert_in_range(found, paths[i][1], paths[i][0] ? paths[i][0] : 1472);
        pair_close(&p);
        world_free(w);
    }
}

/* Delay. */

static const struct sim_link home = {.latency_us = 20 * MSEC,
                                     .up_rate = 1000000,
                                     .down_rate = 1000000,
                                     .queue_us = 2 * SEC}; /* a router with too much memory */

static void a_line_is_filled_and_its_queue_stays_at_the_target(void **state)
{
    (void)state;
    struct world *w = world_new(4, home);
    struct place *place = w->priv;
    struct pair p;
    pair_listen(&p, w);
    p.client.to_send = 200 << 20;
    pair_dial(&p);
    sim_run_for(place->sim, 60 * SEC);
    size_t before = p.server.got;
    for (int i = 0; i < 40; i++) {
        sim_run_for(place->sim, 500 * MSEC);
        assert_in_range(utp_stat_of(p.client.c).queue_us, 50 * MSEC, 150 * MSEC);
    }
    assert_true(p.server.got - before > 18 * 1000000); /* of 20 s at 1 MB/s */
    conn_close(p.client.c);
    conn_close(p.server.c);
    world_free(w);
}

/* The same line, and a TCP stream that begins later: it gets all but a little. */
static void other_traffic_is_let_past(void **state)
{
    (void)state;
    struct world *w = world_new(4, home), tcp_world;
    struct place *place = w->priv;
    struct pair p, tcp;
    pair_listen(&p, w);
    p.client.to_send = 200 << 20;
    pair_dial(&p);
    sim_run_for(place->sim, 20 * SEC);
    tcp_world = *w;
    tcp_world.listen = NULL;
    tcp_world.dial = NULL;
    tcp_world.unlisten = NULL;
    pair_listen(&tcp, &tcp_world);
    tcp.client.to_send = 200 << 20;
    pair_dial(&tcp);
    sim_run_for(place->sim, 20 * SEC);
    size_t utp_before = p.server.got, tcp_before = tcp.server.got;
    sim_run_for(place->sim, 20 * SEC);
    size_t by_utp = p.server.got - utp_before, by_tcp = tcp.server.got - tcp_before;
    assert_true(by_tcp > 16 * 1000000);
    assert_true(by_utp < by_tcp / 5);
    conn_close(tcp.client.c);
    conn_close(tcp.server.c);
    listener_close(tcp.listener);
    sim_run_for(place->sim, 10 * SEC);
    utp_before = p.server.got;
    sim_run_for(place->sim, 20 * SEC);
    assert_true(p.server.got - utp_before > 14 * 1000000); /* and takes what is free again */
    conn_close(p.client.c);
    conn_close(p.server.c);
    world_free(w);
}

/* Ends. */

static void a_machine_that_is_gone_is_noticed(void **state)
{
    struct world *w = *state;
    struct place *place = w->priv;
    struct pair p;
    pair_open(&p, w);
    sim_cut(place->ann, place->bob);
    p.client.to_send = 1000;
    uint64_t began_us = loop_now_us(w->a);
    end_send(&p.client);
    world_run(w, end_is_told, &p.client);
    assert_int_equal(p.client.why.code, ERR_TIMEOUT);
    assert_in_range(loop_now_us(w->a) - began_us, UTP_SILENCE_US, 2 * UTP_SILENCE_US);
    assert_int_equal(p.server.seen[CONN_CLOSED], 0); /* it has nothing to send */
    pair_close(&p);
}

static void a_cut_that_heals_is_survived(void **state)
{
    struct world *w = *state;
    struct place *place = w->priv;
    struct pair p;
    pair_open(&p, w);
    p.client.to_send = 4 << 20;
    end_send(&p.client);
    sim_run_for(place->sim, 100 * MSEC);
    sim_cut(place->ann, place->bob);
    sim_run_for(place->sim, 10 * SEC);
    sim_heal(place->ann, place->bob);
    world_run(w, pair_has_all, &p);
    pair_close(&p);
}

static void nobody_there_is_a_timeout(void **state)
{
    struct world *w = *state;
    struct pair p;
    pair_listen(&p, w);
    p.at = addr_v4(10, 0, 0, 9, 99);
    uint64_t began_us = loop_now_us(w->a);
    pair_dial(&p);
    world_run(w, end_is_told, &p.client);
    assert_int_equal(p.client.why.code, ERR_TIMEOUT);
    assert_int_equal(loop_now_us(w->a) - began_us, CONN_HANDSHAKE_US);
    pair_close(&p);
}

static void connections_that_said_goodbye_leave_nothing(void **state)
{
    struct world *w = *state;
    struct place *place = w->priv;
    struct pair p;
    pair_open(&p, w);
    p.client.to_send = 100000;
    end_send(&p.client);
    world_run(w, pair_has_all, &p);
    end_close(&p.client);
    world_run(w, server_has_ended, &p);
    end_close(&p.server);
    sim_run_for(place->sim, 15 * SEC);
    assert_int_equal(utp_count(place->ends[0].u), 0);
    assert_int_equal(utp_count(place->ends[1].u), 0);
    pair_close(&p);
}

static void an_idle_connection_is_kept_alive(void **state)
{
    struct world *w = *state;
    struct place *place = w->priv;
    struct pair p;
    pair_open(&p, w);
    unsigned before = place->ends[1].packets;
    sim_run_for(place->sim, 300 * SEC);
    assert_in_range(place->ends[1].packets - before, 9, 22); /* ours, and those that answer none */
    assert_int_equal(p.client.seen[CONN_CLOSED] + p.server.seen[CONN_CLOSED], 0);
    p.client.to_send = 10;
    end_send(&p.client);
    world_run(w, pair_has_all, &p);
    pair_close(&p);
}

/* Strangers. */

struct stranger {
    struct udp *socket;
    size_t packets, bytes;
    uint8_t last[UTP_HEADER];
};

static void on_stranger(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct stranger *s = arg;
    (void)from;
    s->packets++;
    s->bytes += n;
    memcpy(s->last, bytes, n < UTP_HEADER ? n : UTP_HEADER);
}

static void stranger_open(struct stranger *s, struct world *w)
{
    struct why why;
    *s = (struct stranger){0};
    s->socket = udp_open(w->a, &w->at_a, on_stranger, s, &why);
    assert_non_null(s->socket);
}

static void say(struct stranger *s, const struct addr *to, enum utp_type type, uint16_t id,
                uint16_t seq, uint16_t ack, size_t payload)
{
    uint8_t bytes[UTP_HEADER + 1000] = {0};
    struct utp_packet p = {
        .type = type, .id = id, .sent_us = 1, .window = 100000, .seq = seq, .ack = ack};
    utp_write(bytes, &p, false);
    udp_send(s->socket, to, bytes, UTP_HEADER + payload);
}

static void an_unproven_address_gets_no_more_than_it_gives(void **state)
{
    struct world *w = *state;
    struct place *place = w->priv;
    struct pair p;
    struct stranger s;
    pair_listen(&p, w);
    stranger_open(&s, w);
    for (unsigned i = 0; i < 200; i++) {
        say(&s, &p.at, i % 2 ? UTP_SYN : UTP_DATA, (uint16_t)i, 1, 0, i % 2 ? 0 : 500);
        sim_run_for(place->sim, 10 * MSEC);
    }
    sim_run_for(place->sim, 60 * SEC); /* nothing is repeated to it */
    assert_true(s.packets > 0 && s.packets <= 200);
    assert_int_equal(s.bytes, UTP_HEADER * s.packets);
    assert_null(p.server.c); /* and nobody heard of it */
    assert_int_equal(utp_count(place->ends[1].u), 0);
    udp_close(s.socket);
    pair_close(&p);
}

static void an_address_has_few_unproven_connections(void **state)
{
    struct world *w = *state;
    struct place *place = w->priv;
    struct pair p;
    struct stranger s[20];
    size_t answered = 0;
    pair_listen(&p, w);
    for (size_t i = 0; i < 20; i++) {
        stranger_open(&s[i], w); /* one address, ever new ports */
        say(&s[i], &p.at, UTP_SYN, 5, 1, 0, 0);
    }
    sim_run_for(place->sim, SEC);
    for (size_t i = 0; i < 20; i++)
        answered += s[i].packets;
    assert_int_equal(answered, UTP_KNOCKS_PER_IP_MAX);
    sim_run_for(place->sim, UTP_KNOCK_US);
    say(&s[19], &p.at, UTP_SYN, 5, 1, 0, 0);
    sim_run_for(place->sim, SEC);
    assert_int_equal(s[19].packets, 1); /* the others are forgotten */
    for (size_t i = 0; i < 20; i++)
        udp_close(s[i].socket);
    pair_close(&p);
}

static void a_guess_is_no_proof(void **state)
{
    struct world *w = *state;
    struct place *place = w->priv;
    struct pair p;
    struct stranger s;
    pair_listen(&p, w);
    stranger_open(&s, w);
    say(&s, &p.at, UTP_SYN, 5, 1, 0, 0);
    sim_run_for(place->sim, SEC);
    uint16_t ours = (uint16_t)(s.last[16] << 8 | s.last[17]);
    say(&s, &p.at, UTP_DATA, 6, 2, (uint16_t)(ours + 1), 10);
    say(&s, &p.at, UTP_DATA, 6, 2, (uint16_t)(ours - 2), 10);
    sim_run_for(place->sim, SEC);
    assert_null(p.server.c);
    say(&s, &p.at, UTP_STATE, 6, 2, (uint16_t)(ours - 1), 0);
    sim_run_for(place->sim, SEC);
    assert_non_null(p.server.c);
    udp_close(s.socket);
    pair_close(&p);
}

/* What an attacker who guessed address, port and id says to the client of an open connection. */
static void forge(struct place *place, enum utp_type type, int seq, int ack, size_t payload)
{
    struct utp_end *a = &place->ends[0];
    uint8_t bytes[UTP_HEADER + 1000] = {0};
    struct utp_packet p, last;
    a->last[0] = UTP_STATE << 4 | 1; /* what it was does not matter, nor what was behind it */
    a->last[1] = 0;
    assert_int_equal(utp_read(cur_of(a->last, sizeof a->last), &last, NULL), OK);
    p = last;
    p.type = type;
    p.seq = (uint16_t)(last.seq + seq);
    p.ack = (uint16_t)(last.ack + ack);
    utp_write(bytes, &p, false);
    utp_packet(a->u, &a->last_from, bytes, UTP_HEADER + payload);
    utp_pause(a->u);
}

static void forged_numbers_change_nothing(void **state)
{
    struct world *w = *state;
    struct place *place = w->priv;
    struct pair p;
    pair_open(&p, w);
    p.client.to_send = 10;
    end_send(&p.client);
    world_run(w, pair_has_all, &p);
    world_settle(w);
    forge(place, UTP_STATE, 0, 1, 0); /* acknowledges what was not sent */
    forge(place, UTP_STATE, 0, 3000, 0);
    forge(place, UTP_DATA, 2016, 0, 100); /* outside the window */
    forge(place, UTP_DATA, -1, 0, 100);   /* before it */
    forge(place, UTP_RESET, 0, 5, 0);     /* of what was not sent */
    forge(place, UTP_RESET, 0, -5, 0);
    forge(place, UTP_SYN, 0, 0, 0);
    world_settle(w);
    assert_int_equal(p.client.got, 0);
    assert_int_equal(p.client.seen[CONN_CLOSED] + p.server.seen[CONN_CLOSED], 0);
    p.client.to_send = p.server.to_send = 100000;
    end_send(&p.client);
    end_send(&p.server);
    world_run(w, pair_has_all, &p);
    world_settle(w);
    forge(place, UTP_RESET, 0, 0, 0); /* who knows what was sent is believed */
    world_settle(w);
    assert_int_equal(p.client.seen[CONN_CLOSED], 1);
    pair_close(&p);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world),
#define OWN_CHECKS(CASE)                                                                           \
    CASE(a_machine_that_is_gone_is_noticed)                                                        \
    CASE(a_cut_that_heals_is_survived)                                                             \
    CASE(nobody_there_is_a_timeout)                                                                \
    CASE(connections_that_said_goodbye_leave_nothing)                                              \
    CASE(an_idle_connection_is_kept_alive)                                                         \
    CASE(an_unproven_address_gets_no_more_than_it_gives)                                           \
    CASE(an_address_has_few_unproven_connections)                                                  \
    CASE(a_guess_is_no_proof)                                                                      \
    CASE(forged_numbers_change_nothing)
    const struct CMUnitTest tests[] = {
        CONN_CHECKS(CASE) OWN_CHECKS(CASE)
            cmocka_unit_test(loss_reordering_and_doubles_change_no_byte),
        cmocka_unit_test(the_same_seed_gives_the_same_run),
        cmocka_unit_test(one_loss_costs_no_timeout),
        cmocka_unit_test(the_length_of_the_path_is_found),
        cmocka_unit_test(a_line_is_filled_and_its_queue_stays_at_the_target),
        cmocka_unit_test(other_traffic_is_let_past),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
