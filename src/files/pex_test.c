/* Peer exchange between whole nodes in the simulator, and with one that does not keep its rules. */
#include "files/files.h"

#include "base/mem.h"
#include "base/test.h"
#include "crypto/hex.h"
#include "files/peer/pex_state.h"
#include "files/peer/torrent_peers.h"
#include "files/peer/wire_msg.h"
#include "net/conn.h"
#include "support/sim_node.h"

enum { SIZE = 2 * 1024 * 1024, PIECE = 64 * 1024, CROWD = 10 };

static const struct sim_link lan = {
    .latency_us = 2 * MSEC, .up_rate = 12500000, .down_rate = 12500000};
/* The seed takes four minutes to give it all, so that there is time to hear of others. */
static const struct sim_link slow = {
    .latency_us = 2 * MSEC, .up_rate = 8 * 1024, .down_rate = 12500000};

struct net {
    struct sim *sim;
    struct node *seed, *ann, *cat;
    struct node *crowd[CROWD];
    uint8_t *bytes;
    char *id, *link;
    struct sim_node *machine; /* of a scripted peer */
    struct conn *conn;
    struct buf out;
    bool ended;
};

static struct node *start(struct sim *sim, const char *name, uint8_t last, struct sim_link link,
                          const char *set)
{
    struct node *n = node_new(sim, name, addr_v4(10, 0, 0, last, 0), link);
    const char *const sets[] = {"files.dht=off", set, NULL};
    node_start(n, &files_app, sets);
    return n;
}

static void get(struct net *n, struct node *who, const char *peer)
{
    json_decref(
        node_call(who, "file.get", json_pack("{s:s, s:[s]}", "link", n->link, "peer", peer), NULL));
}

/* 10.0.0.1 shares slowly; 10.0.0.2, Ann, knows it, and is set as told. */
static struct net *net_new(uint64_t seed, bool private_, const char *set)
{
    struct net *n = MEM_NEW(struct net);
    n->sim = sim_new(seed);
    n->seed = start(n->sim, "seed", 1, slow, NULL);
    n->bytes = mem_zalloc(SIZE);
    for (size_t i = 0; i < SIZE; i++)
        n->bytes[i] = (uint8_t)(i * 7 + i / 251 + i / 65536);
    node_write(n->seed, "/stuff/film.bin", n->bytes, SIZE);
    node_share(n->seed,
               json_pack("{s:s, s:i, s:b}", "path", "/stuff/film.bin", "piece_size", PIECE,
                         "private", private_),
               &n->id, &n->link);
    n->ann = start(n->sim, "ann", 2, lan, set);
    get(n, n->ann, "10.0.0.1:6881");
    sim_run_for(n->sim, SEC);
    return n;
}

static void net_free(struct net *n)
{
    conn_close(n->conn);
    buf_done(&n->out);
    node_free(n->seed);
    node_free(n->ann);
    node_free(n->cat);
    for (size_t i = 0; i < CROWD; i++)
        node_free(n->crowd[i]);
    sim_free(n->sim);
    free(n->bytes);
    free(n->id);
    free(n->link);
    free(n);
}

static json_t *show(const struct net *n, struct node *who)
{
    return node_call(who, "file.show", json_pack("{s:s}", "id", n->id), NULL);
}

static json_int_t number(const struct net *n, struct node *who, const char *key)
{
    json_t *j = show(n, who);
    json_int_t v = json_integer_value(json_object_get(j, key));
    json_decref(j);
    return v;
}

/* Is `who` connected to the machine with this IP? */
static bool knows(const struct net *n, struct node *who, const char *ip)
{
    json_t *j = show(n, who), *list = json_object_get(j, "peer_list");
    bool yes = false;
    for (size_t i = 0; i < json_array_size(list); i++) {
        json_t *peer = json_array_get(list, i);
        const char *at = json_string_value(json_object_get(peer, "addr"));
        yes = yes || (strncmp(at, ip, strlen(ip)) == 0 && at[strlen(ip)] == ':' &&
                      json_is_true(json_object_get(peer, "connected")));
    }
    json_decref(j);
    return yes;
}

static bool is_whole(struct net *n, struct node *who)
{
    return node_has(who, "/downloads/film.bin", n->bytes, SIZE);
}

static void a_peer_is_found_by_asking_another(void **state)
{
    (void)state;
    struct net *n = net_new(1, false, NULL);
    n->cat = start(n->sim, "cat", 3, lan, NULL);
    get(n, n->cat, "10.0.0.2:6881");
    sim_run_for(n->sim, SEC);
    assert_true(knows(n, n->cat, "10.0.0.2"));
    assert_false(knows(n, n->cat, "10.0.0.1"));
    sim_run_for(n->sim, 6 * SEC);
    assert_true(knows(n, n->cat, "10.0.0.1"));
    assert_true(knows(n, n->seed, "10.0.0.3"));
    net_free(n);
}

static void all_of_a_star_find_each_other(void **state)
{
    (void)state;
    struct net *n = net_new(2, false, NULL);
    for (uint8_t i = 0; i < CROWD; i++) {
        n->crowd[i] = start(n->sim, "crowd", (uint8_t)(10 + i), lan, NULL);
        get(n, n->crowd[i], "10.0.0.2:6881");
    }
    sim_run_for(n->sim, 30 * SEC);
    for (size_t i = 0; i < CROWD; i++) /* the other nine, Ann, the seed */
        assert_int_equal(number(n, n->crowd[i], "peers"), CROWD + 1);
    net_free(n);
}

/* Until Cat has it all, nobody but Ann is known to her. */
static void only_ann(struct net *n)
{
    for (int i = 0; i < 400 && !is_whole(n, n->cat); i++) {
        sim_run_for(n->sim, SEC);
        assert_true(number(n, n->cat, "known_peers") <= 1);
        assert_false(knows(n, n->seed, "10.0.0.3"));
    }
    assert_true(is_whole(n, n->cat));
}

static void of_a_private_torrent_nobody_is_told(void **state)
{
    (void)state;
    struct net *n = net_new(3, true, NULL);
    n->cat = start(n->sim, "cat", 3, lan, NULL);
    get(n, n->cat, "10.0.0.2:6881");
    only_ann(n);
    net_free(n);
}

static void switched_off_nobody_is_told(void **state)
{
    (void)state;
    struct net *n = net_new(4, false, "files.pex=off");
    n->cat = start(n->sim, "cat", 3, lan, NULL);
    get(n, n->cat, "10.0.0.2:6881");
    only_ann(n);
    net_free(n);
}

/* The scripted peer */

static void on_conn(void *arg, enum conn_event ev, const struct why *why)
{
    struct net *n = arg;
    uint8_t heard[4096];
    ssize_t got;
    (void)why;
    if (ev == CONN_READABLE) {
        do
            got = conn_recv(n->conn, heard, sizeof heard);
        while (got > 0);
        n->ended = n->ended || got == CONN_END;
    }
    n->ended = n->ended || ev == CONN_CLOSED;
}

static void flush(struct net *n)
{
    if (!n->ended && buf_len(&n->out) > 0)
        conn_send(n->conn, buf_bytes(&n->out), buf_len(&n->out));
    buf_clear(&n->out);
}

static void dial_ann(struct net *n, unsigned last)
{
    struct addr to = addr_v4(10, 0, 0, 2, 6881);
    uint8_t infohash[SHA1_LEN];
    assert_true(hex_decode(n->id, 40, infohash, SHA1_LEN));
    n->ended = false;
    n->machine = sim_node_add(n->sim, "mallory", addr_v4(10, 0, 0, (uint8_t)last, 0), lan);
    n->conn = tcp_dial(sim_node_loop(n->machine), &to, NULL, on_conn, n);
    sim_run_for(n->sim, 100 * MSEC);
    wire_put_handshake(&n->out, infohash, (const uint8_t *)"-MA0001-abcdefghijkl");
    wire_put_simple(&n->out, WIRE_HAVE_NONE);
    wire_put_ext_handshake(
        &n->out, &(struct wire_ext_own){.ut_metadata = 1, .ut_pex = 1, .client = "Mallory"});
    flush(n);
    sim_run_for(n->sim, 100 * MSEC);
}

static void say_pex(struct net *n, const void *payload, size_t len)
{
    wire_put_extended(&n->out, 2, payload, len);
    flush(n);
    sim_run_for(n->sim, 100 * MSEC);
}

static void a_flood_ends_the_session(void **state)
{
    (void)state;
    struct net *n = net_new(5, false, NULL);
    dial_ann(n, 66);
    for (int i = 0; i < PEX_FLOOD; i++)
        say_pex(n, "de", 2);
    assert_false(n->ended);
    say_pex(n, "de", 2);
    assert_true(n->ended);
    net_free(n);
}

static void half_an_address_ends_the_session(void **state)
{
    (void)state;
    struct net *n = net_new(6, false, NULL);
    dial_ann(n, 66);
    say_pex(n, "d5:added5:aaaaae", 16);
    assert_true(n->ended);
    net_free(n);
}

/* 47 where nobody is, and three that a stranger has no business with. */
static void lie(struct net *n, unsigned round)
{
    struct pex_msg m = {.added_count = PEX_ADDED_MAX};
    struct buf b = {0};
    for (unsigned i = 0; i < PEX_ADDED_MAX; i++)
        m.added[i].addr = addr_v4(10, 9, (uint8_t)round, (uint8_t)(i + 1), 6881);
    m.added[0].addr = addr_v4(127, 0, 0, 1, 6881);
    m.added[1].addr = addr_v4(169, 254, 169, 254, 80);
    m.added[2].addr = addr_v4(224, 0, 0, 1, 6881);
    pex_put(&b, &m);
    say_pex(n, buf_bytes(&b), buf_len(&b));
    buf_done(&b);
}

static void a_liar_fills_no_table_and_delays_nobody(void **state)
{
    (void)state;
    struct net *n = net_new(7, false, NULL);
    dial_ann(n, 66);
    json_int_t before = number(n, n->ann, "known_peers"), most = 0;
    lie(n, 0);
    assert_int_equal(number(n, n->ann, "known_peers"), before + 47);
    for (unsigned round = 1; round <= 4; round++) {
        sim_run_for(n->sim, 60 * SEC);
        lie(n, round);
        json_int_t now = number(n, n->ann, "known_peers");
        most = now > most ? now : most;
    }
    assert_false(n->ended);
    assert_int_equal(most, before + TORRENT_PEERS_TELLER_MAX);
    sim_run_for(n->sim, 40 * SEC); /* 280 s; alone it takes 260 */
    assert_true(is_whole(n, n->ann));
    net_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_peer_is_found_by_asking_another),
        cmocka_unit_test(all_of_a_star_find_each_other),
        cmocka_unit_test(of_a_private_torrent_nobody_is_told),
        cmocka_unit_test(switched_off_nobody_is_told),
        cmocka_unit_test(a_flood_ends_the_session),
        cmocka_unit_test(half_an_address_ends_the_session),
        cmocka_unit_test(a_liar_fills_no_table_and_delays_nobody),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
