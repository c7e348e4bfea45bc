/* Three machines in the simulator: their nodes, the private network between them, and programs that
 * are made of packets. */
#include "tunnel/tun/mesh.h"

#include "base/mem.h"
#include "base/test.h"
#include "core/policy.h"
#include "host/trust.h"
#include "sim/sim.h"
#include "sim/sim_tun.h"
#include "tunnel/tun/packet_test.h"
#include "tunnel/tun/ula.h"

enum { NODES = 3, HEARD_MAX = 4096 };

struct node {
    struct kit *k;
    struct sim_node *sim;
    struct loop *loop;
    struct keys *keys;
    struct trust_book *trust;
    struct host *host;
    struct wall *wall;
    struct mesh *mesh;
    struct policy *policy;
    uint8_t ula[IP_LEN];
    bool up;
    struct why why;
    unsigned strangers;
    size_t heard;          /* packets that its programs got */
    struct ip_packet last; /* of them */
};

struct kit {
    struct sim *sim;
    struct node n[NODES];
};

static struct addr ip_of(unsigned i, uint16_t port)
{
    return addr_v4(8, 0, (uint8_t)i, 1, port);
}

static void on_program(void *arg, struct cur packet)
{
    struct node *n = arg;
    n->heard++;
    assert_int_equal(ip_read(&n->last, packet, NULL), OK);
}

static void on_up(void *arg, const char *name)
{
    struct node *n = arg;
    assert_string_equal(name, "sim0");
    n->up = true;
}

static void on_down(void *arg, const struct why *why)
{
    struct node *n = arg;
    n->why = *why;
    mesh_free(n->mesh); /* allowed in here */
    n->mesh = NULL;
}

static void on_stranger(void *arg, const struct peer_id *peer)
{
    struct node *n = arg;
    assert_true(peer->len > 0);
    n->strangers++;
}

static void begin(struct node *n)
{
    struct mesh_cfg cfg = {.loop = n->loop,
                           .host = n->host,
                           .policy = n->policy,
                           .wall = n->wall,
                           .up = on_up,
                           .down = on_down,
                           .stranger = on_stranger,
                           .arg = n};
    n->mesh = mesh_new(&cfg);
}

/* All others are members. */
static void trust_all(struct node *n)
{
    struct peer_id ids[NODES];
    size_t count = 0;
    for (unsigned i = 0; i < NODES; i++)
        if (&n->k->n[i] != n)
            ids[count++] = *host_id(n->k->n[i].host);
    mesh_set(n->mesh, ids, count);
}

static int open_kit_by(void **state, enum reach reach)
{
    struct kit *k = *state = MEM_NEW(struct kit);
    struct sim_link line = {.latency_us = 5 * MSEC, .up_rate = 1250000, .down_rate = 1250000};
    struct why why;
    k->sim = sim_new(1);
    for (unsigned i = 0; i < NODES; i++) {
        struct node *n = &k->n[i];
        uint8_t entropy[16] = {(uint8_t)(i + 1)};
        char name[] = {(char)('a' + i), 0};
        struct addr at = ip_of(i, 4001);
        struct multiaddr here;
        n->k = k;
        n->sim = sim_node_add(k->sim, name, ip_of(i, 0), line);
        n->loop = sim_node_loop(n->sim);
        n->keys = keys_of_entropy(entropy, sizeof entropy);
        n->trust = trust_open(NULL, &why);
        n->policy = policy_new();
        multiaddr_of_addr(&here, &at, reach);
        struct host_cfg cfg = {.loop = n->loop,
                               .keys = n->keys,
                               .agent = "shoal/test",
                               .listen = &here,
                               .listen_count = 1,
                               .trust = n->trust};
        n->host = host_new(&cfg, &why);
        assert_non_null(n->host);
        ula_of_peer(host_id(n->host), n->ula);
        n->wall = wall_new(n->ula, i);
        sim_tun_hear(n->sim, on_program, n);
        begin(n);
    }
    for (unsigned i = 0; i < NODES; i++) {
        trust_all(&k->n[i]);
        for (unsigned j = 0; j < NODES; j++) {
            struct multiaddr at;
            struct addr ip = ip_of(j, 4001);
            multiaddr_of_addr(&at, &ip, reach);
            if (i != j)
                host_learn(k->n[i].host, host_id(k->n[j].host), &at, 1);
        }
    }
    sim_run_for(k->sim, SEC);
    return 0;
}

static int open_tcp(void **state)
{
    return open_kit_by(state, REACH_TCP);
}

static int open_quic(void **state)
{
    return open_kit_by(state, REACH_QUIC);
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < NODES; i++) {
        struct node *n = &k->n[i];
        mesh_free(n->mesh);
        wall_free(n->wall);
        host_free(n->host);
        trust_free(n->trust);
        keys_free(n->keys);
        policy_free(n->policy);
    }
    sim_free(k->sim);
    free(k);
    return 0;
}

/* --- programs --------------------------------------------------------------------------------- */

static void put(struct node *n, struct buf *packet)
{
    sim_tun_put(n->sim, buf_bytes(packet), buf_len(packet));
    buf_done(packet);
}

static void ping(struct node *from, const struct node *to)
{
    struct buf b = {0};
    put_icmp(&b, from->ula, to->ula, 128);
    put(from, &b);
}

static void say(struct node *from, unsigned src_port, const struct node *to, unsigned dst_port,
                size_t n)
{
    struct buf b = {0};
    put_udp(&b, from->ula, (uint16_t)src_port, to->ula, (uint16_t)dst_port, n);
    put(from, &b);
}

static void dial(struct node *from, unsigned src_port, const struct node *to, unsigned dst_port)
{
    struct buf b = {0};
    put_tcp(&b, from->ula, (uint16_t)src_port, to->ula, (uint16_t)dst_port, T_SYN);
    put(from, &b);
}

static void allow(struct node *n, const struct node *peer, unsigned port)
{
    struct wall_grant g = {.kind = IP_UDP, .first = (uint16_t)port, .last = (uint16_t)port};
    memcpy(g.peer, peer->ula, IP_LEN);
    assert_int_equal(wall_grant(n->wall, &g, NULL), OK);
}

struct look {
    const struct node *of;
    struct mesh_member found;
};

static void on_member(void *arg, const struct mesh_member *m)
{
    struct look *l = arg;
    if (memcmp(m->ula, l->of->ula, IP_LEN) == 0)
        l->found = *m;
}

static struct mesh_member member(const struct node *n, const struct node *of)
{
    struct look l = {.of = of};
    mesh_each(n->mesh, on_member, &l);
    return l.found;
}

/* --- tests ------------------------------------------------------------------------------------ */

static void a_packet_arrives_at_its_member_and_nowhere_else(void **state)
{
    struct kit *k = *state;
    struct node *a = &k->n[0], *b = &k->n[1], *c = &k->n[2];
    ping(a, b);
    sim_run_for(k->sim, SEC);
    assert_int_equal(b->heard, 1);
    assert_int_equal(b->last.ends.kind, IP_ECHO);
    assert_memory_equal(b->last.ends.src, a->ula, IP_LEN);
    assert_int_equal(c->heard, 0);
    assert_true(member(a, b).carrier.open);
    assert_false(member(a, c).carrier.open);
}

static void what_is_not_allowed_is_refused_in_words_that_programs_know(void **state)
{
    struct kit *k = *state;
    struct node *a = &k->n[0], *b = &k->n[1];
    dial(a, 50000, b, 22);
    sim_run_for(k->sim, SEC);
    assert_int_equal(b->heard, 0);
    assert_int_equal(a->heard, 1);
    assert_int_equal(a->last.ends.kind, IP_ERROR);
    assert_int_equal(a->last.about.dst_port, 22);
    assert_int_equal(member(b, a).refused, 1);
    for (unsigned i = 0; i < 1000; i++) /* a scan is not answered for ever */
        dial(a, 50000, b, i + 1);
    sim_run_for(k->sim, SEC / 2);
    assert_int_equal(b->heard, 0);
    assert_true(a->heard <= 1 + 2 * MESH_REFUSALS_MAX);
}

/* The node of a member is changed: it carries what its own programs did not send. */
static void a_forged_source_is_dropped_by_who_gets_it(void **state)
{
    struct kit *k = *state;
    struct node *a = &k->n[0], *b = &k->n[1], *c = &k->n[2];
    struct carrier_cfg cfg = {.host = a->host, .peer = *host_id(b->host)};
    struct carrier *liar = carrier_new(&cfg);
    struct buf forged = {0}, other = {0}, rubbish = {0};
    put_icmp(&forged, c->ula, b->ula, 128); /* from another */
    put_icmp(&other, a->ula, c->ula, 128);  /* to another */
    for (unsigned i = 0; i < 60; i++)
        buf_u8(&rubbish, (uint8_t)(i * 7));
    carrier_send(liar, buf_cur(&forged));
    carrier_send(liar, buf_cur(&other));
    carrier_send(liar, buf_cur(&rubbish));
    sim_run_for(k->sim, SEC);
    assert_int_equal(b->heard, 0);
    assert_int_equal(c->heard, 0);
    assert_int_equal(member(b, a).forged, 2);
    assert_int_equal(member(b, a).refused, 1);
    carrier_free(liar);
    buf_done(&forged);
    buf_done(&other);
    buf_done(&rubbish);
}

static void the_kernels_own_talk_and_foreign_sources_do_not_leave(void **state)
{
    struct kit *k = *state;
    struct node *a = &k->n[0], *b = &k->n[1], *c = &k->n[2];
    static const uint8_t link_local[IP_LEN] = {0xfe, 0x80}, routers[IP_LEN] = {0xff, 2};
    struct buf solicit = {0}, mdns = {0}, forged = {0};
    put_icmp(&solicit, link_local, routers, 133);
    put(a, &solicit);
    put_udp(&mdns, link_local, 5353, routers, 5353, 40);
    put(a, &mdns);
    put_icmp(&forged, c->ula, b->ula, 128);
    put(a, &forged);
    sim_run_for(k->sim, SEC);
    assert_int_equal(a->heard + b->heard, 0);
    assert_int_equal(member(a, b).carrier.sent.packets, 0);
}

static void an_address_of_nobody_is_told_at_once(void **state)
{
    struct kit *k = *state;
    struct node *a = &k->n[0], nobody = {.ula = {0xfd, 0xd8, 0x51, 0x22, 0x9d, 0xa1, 1}};
    dial(a, 50000, &nobody, 80);
    sim_run_for(k->sim, MSEC);
    assert_int_equal(a->heard, 1);
    assert_int_equal(a->last.ends.kind, IP_ERROR);
}

static void a_member_that_is_away_is_told_and_tried_again(void **state)
{
    struct kit *k = *state;
    struct node *a = &k->n[0], *b = &k->n[1];
    sim_cut(b->sim, NULL);
    dial(a, 50000, b, 80);
    sim_run_for(k->sim, 60 * SEC);
    assert_int_equal(a->heard, 1);
    assert_int_equal(a->last.ends.kind, IP_ERROR);
    assert_non_null(member(a, b).carrier.why);
    sim_heal(b->sim, NULL);
    sim_run_for(k->sim, CARRIER_RETRY_MAX_US);
    a->heard = 0;
    ping(a, b);
    sim_run_for(k->sim, 5 * SEC);
    assert_int_equal(b->heard, 1);
    assert_null(member(a, b).carrier.why);
}

static void who_is_no_member_is_refused_and_told_of(void **state)
{
    struct kit *k = *state;
    struct node *a = &k->n[0], *b = &k->n[1], *c = &k->n[2];
    ping(a, b);
    sim_run_for(k->sim, SEC);
    assert_int_equal(b->heard, 1);
    mesh_set(b->mesh, host_id(c->host), 1); /* and a no more */
    ping(a, b);
    sim_run_for(k->sim, 20 * SEC);
    ping(a, b);
    sim_run_for(k->sim, 5 * SEC);
    assert_int_equal(b->heard, 1);
    assert_true(b->strangers > 0);
    trust_all(b);
    sim_run_for(k->sim, CARRIER_RETRY_MAX_US);
    ping(a, b);
    sim_run_for(k->sim, 5 * SEC);
    assert_int_equal(b->heard, 2);
}

/* 16 Mbit/s into a line of 10: what is above it is lost, and what is held stays little. */
static void too_much_is_dropped_and_nothing_waits_for_long(void **state)
{
    struct kit *k = *state;
    struct node *a = &k->n[0], *b = &k->n[1];
    allow(b, a, 9);
    for (unsigned ms = 0; ms < 5000; ms++) {
        say(a, 1000, b, 9, 1000);
        say(a, 1000, b, 9, 1000);
        sim_run_for(k->sim, MSEC);
    }
    assert_in_range(b->heard, 5 * 1250000 / 1100 / 2, 5 * 1250000 / 1000);
    b->heard = 0;
    sim_run_for(k->sim, 10 * SEC);
    size_t late = b->heard;
    assert_true(late < 2500); /* two seconds of the line at most, where TCP's window is between */
    ping(a, b);
    sim_run_for(k->sim, SEC);
    assert_int_equal(b->heard, late + 1);
}

static void the_owners_limit_counts(void **state)
{
    struct kit *k = *state;
    struct node *a = &k->n[0], *b = &k->n[1];
    allow(b, a, 9);
    policy_set_rate(a->policy, POLICY_UP, 50000);
    for (unsigned ms = 0; ms < 10000; ms++) {
        if (ms % 5 == 0)
            say(a, 1000, b, 9, 1000);
        sim_run_for(k->sim, MSEC);
    }
    assert_in_range(b->heard, 300, 650); /* 10 s of 50,000 bytes, and a bucket that was full */
}

static void an_idle_stream_is_closed_and_opened_anew(void **state)
{
    struct kit *k = *state;
    struct node *a = &k->n[0], *b = &k->n[1];
    ping(a, b);
    sim_run_for(k->sim, SEC);
    assert_true(member(a, b).carrier.open);
    sim_run_for(k->sim, CARRIER_IDLE_US + 20 * SEC);
    assert_false(member(a, b).carrier.open);
    assert_false(member(b, a).carrier.open);
    ping(a, b);
    sim_run_for(k->sim, SEC);
    assert_int_equal(b->heard, 2);
}

static void an_interface_that_is_not_to_be_had_is_said(void **state)
{
    struct kit *k = *state;
    struct node *a = &k->n[0];
    assert_true(a->up);
    sim_tun_forbid(a->sim);
    sim_run_for(k->sim, SEC);
    assert_null(a->mesh);
    assert_int_equal(a->why.code, ERR_DENIED);
    begin(a);
    sim_run_for(k->sim, SEC);
    assert_null(a->mesh);
}

#define TCP(name) cmocka_unit_test_setup_teardown(name, open_tcp, close_kit)
#define QUIC(name)                                                                                 \
    {                                                                                              \
#name " (quic)", name, open_quic, close_kit, NULL                                          \
    }
#define BOTH(name) TCP(name), QUIC(name)
int main(void)
{
    const struct CMUnitTest tests[] = {
        BOTH(a_packet_arrives_at_its_member_and_nowhere_else),
        BOTH(what_is_not_allowed_is_refused_in_words_that_programs_know),
        BOTH(a_forged_source_is_dropped_by_who_gets_it),
        TCP(the_kernels_own_talk_and_foreign_sources_do_not_leave),
        TCP(an_address_of_nobody_is_told_at_once),
        BOTH(a_member_that_is_away_is_told_and_tried_again),
        BOTH(who_is_no_member_is_refused_and_told_of),
        BOTH(too_much_is_dropped_and_nothing_waits_for_long),
        TCP(the_owners_limit_counts),
        BOTH(an_idle_stream_is_closed_and_opened_anew),
        TCP(an_interface_that_is_not_to_be_had_is_said),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
