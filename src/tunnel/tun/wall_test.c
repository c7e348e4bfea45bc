#include "tunnel/tun/wall.h"

#include "base/test.h"
#include "tunnel/tun/packet_test.h"

static const uint8_t us[IP_LEN] = {0xfd, 0xd8, 1}, ann[IP_LEN] = {0xfd, 0xd8, 2},
                     bob[IP_LEN] = {0xfd, 0xd8, 3};
enum { NOW = 1000000 };

static struct ip_packet tcp(const uint8_t *src, unsigned sp, const uint8_t *dst, unsigned dp,
                            uint8_t flags)
{
    struct buf b = {0};
    struct ip_packet p;
    put_tcp(&b, src, (uint16_t)sp, dst, (uint16_t)dp, flags);
    assert_int_equal(ip_read(&p, buf_cur(&b), NULL), OK);
    buf_done(&b);
    return p;
}

static struct ip_packet udp(const uint8_t *src, unsigned sp, const uint8_t *dst, unsigned dp)
{
    struct buf b = {0};
    struct ip_packet p;
    put_udp(&b, src, (uint16_t)sp, dst, (uint16_t)dp, 4);
    assert_int_equal(ip_read(&p, buf_cur(&b), NULL), OK);
    buf_done(&b);
    return p;
}

static struct ip_packet icmp(const uint8_t *src, const uint8_t *dst, uint8_t type)
{
    struct buf b = {0};
    struct ip_packet p;
    put_icmp(&b, src, dst, type);
    assert_int_equal(ip_read(&p, buf_cur(&b), NULL), OK);
    buf_done(&b);
    return p;
}

/* `from` says: unreachable, about a segment of ours to `to`. */
static struct ip_packet error_about(const uint8_t *from, const uint8_t *src, unsigned sp,
                                    const uint8_t *to, unsigned dp)
{
    struct buf b = {0}, r = {0};
    struct ip_packet p;
    put_tcp(&b, src, (uint16_t)sp, to, (uint16_t)dp, T_SYN);
    ip_put_refusal(&r, IP_PROHIBITED, buf_cur(&b), from);
    assert_int_equal(ip_read(&p, buf_cur(&r), NULL), OK);
    memcpy(p.ends.dst, us, IP_LEN);
    buf_done(&b);
    buf_done(&r);
    return p;
}

static int open_wall(void **state)
{
    *state = wall_new(us, 1);
    return 0;
}

static int close_wall(void **state)
{
    wall_free(*state);
    return 0;
}

#define IN(w, packet, peer, now) wall_in(w, &(struct ip_packet[1]){packet}[0], peer, now)
#define OUT(w, packet, peer, now) wall_out(w, &(struct ip_packet[1]){packet}[0], peer, now)

static void grant(struct wall *w, const uint8_t *peer, enum ip_kind kind, unsigned first,
                  unsigned last)
{
    struct wall_grant g = {.kind = kind, .first = (uint16_t)first, .last = (uint16_t)last};
    struct why why;
    memcpy(g.peer, peer, IP_LEN);
    assert_int_equal(wall_grant(w, &g, &why), OK);
}

static void by_default_only_echoes_come_in(void **state)
{
    struct wall *w = *state;
    assert_int_equal(IN(w, icmp(ann, us, 128), ann, NOW), WALL_PASS);
    assert_int_equal(IN(w, icmp(ann, us, 129), ann, NOW), WALL_PASS);
    for (unsigned port = 1; port < 65536; port += 97) {
        assert_int_equal(IN(w, tcp(ann, 50000, us, port, T_SYN), ann, NOW), WALL_CLOSED);
        assert_int_equal(IN(w, tcp(ann, 50000, us, port, T_ACK), ann, NOW), WALL_CLOSED);
        assert_int_equal(IN(w, udp(ann, 50000, us, port), ann, NOW), WALL_CLOSED);
    }
    assert_int_equal(wall_flows(w), 0); /* a peer makes none */
}

static void a_packet_must_be_from_its_peer_and_to_us(void **state)
{
    struct wall *w = *state;
    assert_int_equal(IN(w, icmp(bob, us, 128), ann, NOW), WALL_FORGED);
    assert_int_equal(IN(w, icmp(us, us, 128), ann, NOW), WALL_FORGED);
    assert_int_equal(IN(w, icmp(ann, bob, 128), ann, NOW), WALL_FORGED);
    assert_int_equal(OUT(w, icmp(bob, ann, 128), ann, NOW), WALL_FORGED);
    assert_int_equal(OUT(w, icmp(us, bob, 128), ann, NOW), WALL_FORGED);
}

static void a_granted_port_is_open_to_whom_it_was_granted(void **state)
{
    struct wall *w = *state;
    grant(w, ann, IP_TCP, 80, 90);
    for (unsigned port = 78; port < 93; port++) {
        bool open = port >= 80 && port <= 90;
        assert_int_equal(IN(w, tcp(ann, 5, us, port, T_SYN), ann, NOW),
                         open ? WALL_PASS : WALL_CLOSED);
        assert_int_equal(IN(w, udp(ann, 5, us, port), ann, NOW), WALL_CLOSED);
        assert_int_equal(IN(w, tcp(bob, 5, us, port, T_SYN), bob, NOW), WALL_CLOSED);
    }
    /* What it answers begins no flow, which the peer could fill the table with. */
    assert_int_equal(OUT(w, tcp(us, 80, ann, 5, T_SYN | T_ACK), ann, NOW), WALL_PASS);
    assert_int_equal(wall_flows(w), 0);
}

static void a_grant_that_is_taken_back_is_closed_at_once(void **state)
{
    struct wall *w = *state;
    struct wall_grant all = {.kind = IP_TCP, .first = 1, .last = 65535};
    memcpy(all.peer, ann, IP_LEN);
    grant(w, ann, IP_TCP, 80, 80);
    grant(w, ann, IP_TCP, 80, 80); /* once is enough */
    grant(w, bob, IP_TCP, 80, 80);
    assert_non_null(wall_grant_at(w, 1));
    assert_null(wall_grant_at(w, 2));
    wall_revoke(w, &all);
    assert_int_equal(IN(w, tcp(ann, 5, us, 80, T_ACK), ann, NOW), WALL_CLOSED);
    assert_int_equal(IN(w, tcp(bob, 5, us, 80, T_SYN), bob, NOW), WALL_PASS);
}

static void what_we_began_is_answered(void **state)
{
    struct wall *w = *state;
    assert_int_equal(OUT(w, tcp(us, 50000, ann, 22, T_SYN), ann, NOW), WALL_PASS);
    assert_int_equal(OUT(w, udp(us, 50001, ann, 53), ann, NOW), WALL_PASS);
    assert_int_equal(IN(w, tcp(ann, 22, us, 50000, T_SYN | T_ACK), ann, NOW), WALL_PASS);
    assert_int_equal(IN(w, udp(ann, 53, us, 50001), ann, NOW), WALL_PASS);
    /* From another port, to another, from another peer, of another kind: no. */
    assert_int_equal(IN(w, tcp(ann, 23, us, 50000, T_ACK), ann, NOW), WALL_CLOSED);
    assert_int_equal(IN(w, tcp(ann, 22, us, 50001, T_ACK), ann, NOW), WALL_CLOSED);
    assert_int_equal(IN(w, tcp(bob, 22, us, 50000, T_ACK), bob, NOW), WALL_CLOSED);
    assert_int_equal(IN(w, udp(ann, 22, us, 50000), ann, NOW), WALL_CLOSED);
    /* It may not begin one by our ports. */
    assert_int_equal(IN(w, tcp(ann, 22, us, 50000, T_SYN), ann, NOW), WALL_CLOSED);
}

static void a_flow_ends_by_its_own_end_or_by_silence(void **state)
{
    struct wall *w = *state;
    uint64_t now = NOW;
    OUT(w, udp(us, 1, ann, 53), ann, now);
    assert_int_equal(IN(w, udp(ann, 53, us, 1), ann, now += WALL_UDP_US), WALL_PASS);
    assert_int_equal(IN(w, udp(ann, 53, us, 1), ann, now += WALL_UDP_US + 1), WALL_CLOSED);

    OUT(w, tcp(us, 2, ann, 22, T_SYN), ann, now);
    assert_int_equal(IN(w, tcp(ann, 22, us, 2, T_ACK), ann, now += WALL_TCP_US), WALL_PASS);
    assert_int_equal(IN(w, tcp(ann, 22, us, 2, T_FIN | T_ACK), ann, now), WALL_PASS);
    assert_int_equal(IN(w, tcp(ann, 22, us, 2, T_ACK), ann, now += WALL_CLOSED_US + 1), WALL_PASS);
    OUT(w, tcp(us, 2, ann, 22, T_FIN | T_ACK), ann, now);
    assert_int_equal(IN(w, tcp(ann, 22, us, 2, T_ACK), ann, now += WALL_CLOSED_US), WALL_PASS);
    assert_int_equal(IN(w, tcp(ann, 22, us, 2, T_ACK), ann, now += WALL_CLOSED_US + 1),
                     WALL_CLOSED);

    OUT(w, tcp(us, 3, ann, 22, T_ACK), ann, now); /* older than this process */
    assert_int_equal(IN(w, tcp(ann, 22, us, 3, T_RST), ann, now), WALL_PASS);
    assert_int_equal(IN(w, tcp(ann, 22, us, 3, T_ACK), ann, now += WALL_CLOSED_US), WALL_PASS);
    assert_int_equal(IN(w, tcp(ann, 22, us, 3, T_ACK), ann, now += WALL_CLOSED_US + 1),
                     WALL_CLOSED);
    OUT(w, tcp(us, 4, ann, 22, T_SYN), ann, now);
    OUT(w, tcp(us, 4, ann, 22, T_RST), ann, now);
    assert_int_equal(IN(w, tcp(ann, 22, us, 4, T_ACK), ann, now += WALL_CLOSED_US + 1),
                     WALL_CLOSED);
    OUT(w, tcp(us, 5, ann, 22, T_RST), ann, now); /* begins nothing */
    assert_int_equal(IN(w, tcp(ann, 22, us, 5, T_ACK), ann, now), WALL_CLOSED);
}

static void ports_are_used_again_after_an_end(void **state)
{
    struct wall *w = *state;
    uint64_t now = NOW;
    OUT(w, tcp(us, 2, ann, 22, T_SYN), ann, now);
    OUT(w, tcp(us, 2, ann, 22, T_FIN | T_ACK), ann, now);
    IN(w, tcp(ann, 22, us, 2, T_FIN | T_ACK), ann, now);
    OUT(w, tcp(us, 2, ann, 22, T_SYN), ann, now);
    assert_int_equal(IN(w, tcp(ann, 22, us, 2, T_ACK), ann, now += WALL_TCP_US), WALL_PASS);
}

static void errors_come_in_about_what_we_sent(void **state)
{
    struct wall *w = *state;
    assert_int_equal(IN(w, error_about(ann, us, 50000, ann, 22), ann, NOW), WALL_CLOSED);
    OUT(w, tcp(us, 50000, ann, 22, T_SYN), ann, NOW);
    assert_int_equal(IN(w, error_about(ann, us, 50000, ann, 22), ann, NOW), WALL_PASS);
    assert_int_equal(IN(w, error_about(ann, us, 50000, ann, 23), ann, NOW), WALL_CLOSED);
    assert_int_equal(IN(w, error_about(bob, us, 50000, ann, 22), bob, NOW), WALL_CLOSED);
    assert_int_equal(IN(w, error_about(ann, ann, 50000, us, 22), ann, NOW), WALL_CLOSED);
}

static void of_too_many_flows_the_quietest_is_forgotten(void **state)
{
    struct wall *w = *state;
    for (unsigned i = 0; i < WALL_FLOWS_MAX; i++)
        OUT(w, udp(us, i + 1, ann, 53), ann, NOW);
    IN(w, udp(ann, 53, us, 1), ann, NOW); /* the oldest has a word */
    assert_int_equal(wall_flows(w), WALL_FLOWS_MAX);
    OUT(w, udp(us, 60000, ann, 53), ann, NOW);
    assert_int_equal(wall_flows(w), WALL_FLOWS_MAX);
    assert_int_equal(IN(w, udp(ann, 53, us, 1), ann, NOW), WALL_PASS);
    assert_int_equal(IN(w, udp(ann, 53, us, 2), ann, NOW), WALL_CLOSED);
    assert_int_equal(IN(w, udp(ann, 53, us, 60000), ann, NOW), WALL_PASS);
}

static void so_many_grants_and_no_more(void **state)
{
    struct wall *w = *state;
    struct why why;
    for (unsigned i = 0; i < WALL_GRANTS_MAX; i++)
        grant(w, ann, IP_TCP, i + 1, i + 1);
    struct wall_grant g = {.kind = IP_TCP, .first = 60000, .last = 60000};
    memcpy(g.peer, ann, IP_LEN);
    assert_int_equal(wall_grant(w, &g, &why), ERR_LIMIT);
}

int main(void)
{
#define WALL_TEST(f) cmocka_unit_test_setup_teardown(f, open_wall, close_wall)
    const struct CMUnitTest tests[] = {
        WALL_TEST(by_default_only_echoes_come_in),
        WALL_TEST(a_packet_must_be_from_its_peer_and_to_us),
        WALL_TEST(a_granted_port_is_open_to_whom_it_was_granted),
        WALL_TEST(a_grant_that_is_taken_back_is_closed_at_once),
        WALL_TEST(what_we_began_is_answered),
        WALL_TEST(a_flow_ends_by_its_own_end_or_by_silence),
        WALL_TEST(ports_are_used_again_after_an_end),
        WALL_TEST(errors_come_in_about_what_we_sent),
        WALL_TEST(of_too_many_flows_the_quietest_is_forgotten),
        WALL_TEST(so_many_grants_and_no_more),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
