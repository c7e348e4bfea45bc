#include "tunnel/tunnel.h"

#include "tunnel/tunnel_in.h"

#include "base/mem.h"
#include "base/test.h"
#include "core/bus.h"
#include "host/mux/duo_test.h"
#include "host/trust.h"
#include "sim/sim.h"
#include "tunnel/pipe.h"

#include <stdio.h>

enum { NODES = 3 };

/* A node with a public address, its overlay and the app. */
struct node {
    struct sim_node *sim;
    struct loop *loop;
    struct keys *keys;
    struct conf *conf;
    struct bus *bus;
    struct db *db, *trust_db;
    struct trust_book *trust;
    struct host *host;
    struct tunnel *app;
    char id[PEER_ID_FORMAT];
    struct listener *web; /* a service of its machine */
    struct hand served[4];
    size_t served_count;
};

struct kit {
    struct sim *sim;
    struct node n[NODES];
    struct hand user; /* a program on node 1 */
    bool told;
    json_t *answer;
    char error[64];
    unsigned requests;
};

static struct addr ip_of(unsigned i, uint16_t port)
{
    return addr_v4(8, 0, (uint8_t)i, 1, port);
}

static void begin(struct node *n, unsigned i)
{
    struct multiaddr here;
    struct addr at = ip_of(i, 4001);
    struct why why;
    multiaddr_of_addr(&here, &at, REACH_TCP);
    n->trust = trust_open(n->trust_db, &why);
    struct host_cfg cfg = {.loop = n->loop,
                           .keys = n->keys,
                           .agent = "shoal/test",
                           .listen = &here,
                           .listen_count = 1,
                           .trust = n->trust};
    n->host = host_new(&cfg, &why);
    assert_non_null(n->host);
    peer_id_format(host_id(n->host), n->id);
    struct app_env env = {
        .loop = n->loop, .conf = n->conf, .db = n->db, .bus = n->bus, .host = n->host};
    n->app = tunnel_app.start(&env, &why);
    assert_non_null(n->app);
}

static void end(struct node *n)
{
    tunnel_app.free(n->app);
    host_free(n->host);
    trust_free(n->trust);
    n->app = NULL;
    n->host = NULL;
}

static void on_request(void *arg, const struct bus_event *ev)
{
    struct kit *k = arg;
    (void)ev;
    k->requests++;
}

static void meet(struct kit *k, unsigned from, unsigned to)
{
    struct multiaddr at;
    struct addr ip = ip_of(to, 4001);
    multiaddr_of_addr(&at, &ip, REACH_TCP);
    host_learn(k->n[from].host, host_id(k->n[to].host), &at, 1);
}

static int open_kit(void **state)
{
    struct kit *k = *state = MEM_NEW(struct kit);
    struct sim_link line = {.latency_us = 5 * MSEC, .up_rate = 10000000, .down_rate = 10000000};
    struct why why;
    size_t keys = 0;
    while (tunnel_settings[keys].name)
        keys++;
    k->sim = sim_new(1);
    for (unsigned i = 0; i < NODES; i++) {
        struct node *n = &k->n[i];
        uint8_t entropy[16] = {(uint8_t)(i + 1)};
        char name[] = {(char)('a' + i), 0};
        n->sim = sim_node_add(k->sim, name, ip_of(i, 0), line);
        n->loop = sim_node_loop(n->sim);
        n->keys = keys_of_entropy(entropy, sizeof entropy);
        n->conf = conf_new(tunnel_settings, keys);
        n->bus = bus_new();
        n->db = db_open(":memory:", tunnel_migrations, TUNNEL_MIGRATIONS, &why);
        n->trust_db = db_open(":memory:", trust_migrations, TRUST_MIGRATIONS, &why);
        begin(n, i);
    }
    bus_subscribe(k->n[0].bus, "connect.request", on_request, k);
    for (unsigned i = 1; i < NODES; i++)
        meet(k, i, 0);
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    hand_drop(&k->user);
    json_decref(k->answer);
    for (unsigned i = 0; i < NODES; i++) {
        struct node *n = &k->n[i];
        for (size_t s = 0; s < n->served_count; s++)
            hand_drop(&n->served[s]);
        listener_close(n->web);
        end(n);
        db_close(n->db);
        db_close(n->trust_db);
        bus_free(n->bus);
        conf_free(n->conf);
        keys_free(n->keys);
    }
    sim_run_for(k->sim, 60 * SEC);
    sim_free(k->sim);
    free(k);
    return 0;
}

/* --- calls ---------------------------------------------------------------------------------- */

static void on_answer(void *arg, enum err err, json_t *result, json_t *error)
{
    struct kit *k = arg;
    k->told = true;
    json_decref(k->answer);
    k->answer = json_incref(result ? result : error);
    snprintf(k->error, sizeof k->error, "%s",
             err ? json_string_value(json_object_get(error, "code")) : "");
}

/* The result; parameters as json_pack() has them.  Takes params. */
static json_t *ask(struct kit *k, unsigned i, const char *method, json_t *params)
{
    const struct method *m = tunnel_methods;
    while (m->name && strcmp(m->name, method) != 0)
        m++;
    assert_non_null(m->name);
    assert_non_null(params);
    k->told = false;
    call_start(m, k->n[i].app, params, on_answer, k);
    json_decref(params);
    assert_true(k->told);
    return k->answer;
}

static json_t *ask_well(struct kit *k, unsigned i, const char *method, json_t *params)
{
    json_t *answer = ask(k, i, method, params);
    if (k->error[0])
        fail_msg("%s: %s", method, json_dumps(answer, 0));
    return answer;
}

/* As the overlay does when the owner says so. */
static void set_trust(struct node *n, const struct node *whom, enum trust t)
{
    assert_int_equal(trust_set(n->trust, host_id(whom->host), t, NULL, NULL), OK);
    bus_post(n->bus, BUS_STATE, "peer.trust", whom->id, json_object());
}

/* --- a service and who uses it --------------------------------------------------------------- */

static void on_served(void *arg, struct conn *c)
{
    struct node *n = arg;
    if (n->served_count == sizeof n->served / sizeof n->served[0]) {
        conn_close(c);
        return;
    }
    hand_take(&n->served[n->served_count++], c);
}

static void serve(struct node *n, struct addr at)
{
    struct why why;
    n->web = tcp_listen(n->loop, &at, on_served, n, &why);
    if (!n->web)
        fail_msg("%s", why.text);
}

static void on_dialled(void *arg, enum conn_event ev, const struct why *why)
{
    struct hand *h = arg;
    if (ev == CONN_CLOSED) {
        h->closed = true;
        h->why = *why;
    }
    if (ev == CONN_READABLE && !h->deaf)
        hand_read(h);
}

static void use(struct kit *k, unsigned i, struct addr at)
{
    hand_drop(&k->user);
    k->user.c = tcp_dial(k->n[i].loop, &at, NULL, on_dialled, &k->user);
    sim_run_for(k->sim, SEC);
}

static void use_port(struct kit *k, unsigned i, uint16_t port)
{
    use(k, i, addr_v4(127, 0, 0, 1, port));
}

static bool user_heard(void *arg)
{
    const struct kit *k = arg;
    return buf_len(&k->user.got) > 0 || k->user.ended || k->user.closed;
}

static void hears(struct hand *h, const char *text)
{
    assert_int_equal(buf_len(&h->got), strlen(text));
    assert_memory_equal(buf_bytes(&h->got), text, strlen(text));
    buf_clear(&h->got);
}

/* Node 0 offers its web to node 1, which has it at port 7000. */
static void offer(struct kit *k)
{
    char path[PEER_ID_FORMAT + 8];
    serve(&k->n[0], addr_v4(127, 0, 0, 1, 8080));
    ask_well(k, 0, "connect.expose",
             json_pack("{s:s, s:s, s:[s]}", "port", "8080", "as", "web", "to", k->n[1].id));
    snprintf(path, sizeof path, "%s/web", k->n[0].id);
    ask_well(k, 1, "connect.forward", json_pack("{s:s, s:i}", "service", path, "port", 7000));
}

static void a_connection_is_a_stream_and_each_end_its_own(void **state)
{
    struct kit *k = *state;
    struct hand *served = k->n[0].served;
    offer(k);
    use_port(k, 1, 7000);
    assert_int_equal(k->n[0].served_count, 1);
    assert_int_equal(conn_send(k->user.c, "question", 8), 8);
    conn_shut(k->user.c);
    sim_run_for(k->sim, SEC);
    hears(served, "question");
    assert_true(served->ended && !served->closed);
    assert_int_equal(conn_send(served->c, "answer", 6), 6); /* the other way stays open */
    sim_run_for(k->sim, SEC);
    hears(&k->user, "answer");
    assert_false(k->user.ended);
    conn_shut(served->c);
    sim_run_for(k->sim, SEC);
    assert_true(k->user.ended && !k->user.closed);
    assert_true(list_empty(&k->n[0].app->visits));
}

static void what_waits_for_a_slow_reader_is_bounded(void **state)
{
    struct kit *k = *state;
    struct hand *served = k->n[0].served;
    uint8_t many[65536] = {0};
    size_t took = 0;
    offer(k);
    use_port(k, 1, 7000);
    served->deaf = true;
    for (unsigned i = 0; i < 200; i++) {
        ssize_t n;
        while ((n = conn_send(k->user.c, many, sizeof many)) > 0)
            took += (size_t)n;
        sim_run_for(k->sim, 100 * MSEC);
    }
    assert_true(took > 2 * PIPE_BUFFER && took < (4 << 20));
    served->deaf = false;
    hand_read(served);
    sim_run_for(k->sim, 20 * SEC);
    assert_int_equal(buf_len(&served->got), took);
}

static void when_one_end_fails_the_other_is_told(void **state)
{
    struct kit *k = *state;
    offer(k);
    use_port(k, 1, 7000);
    tcp_reset(k->n[0].served[0].c);
    k->n[0].served[0].c = NULL;
    sim_run_for(k->sim, 5 * SEC);
    assert_true(k->user.closed && !k->user.ended); /* not as if it had been all */
}

/* The line is cut; when it is whole again, new connections dial anew. */
static void a_peer_that_was_away_is_dialled_again(void **state)
{
    struct kit *k = *state;
    offer(k);
    use_port(k, 1, 7000);
    sim_cut(k->n[1].sim, k->n[0].sim);
    conn_send(k->user.c, "x", 1);
    sim_run_for(k->sim, 300 * SEC);
    assert_true(k->user.ended || k->user.closed);
    use_port(k, 1, 7000);
    sim_run_for(k->sim, 60 * SEC);
    assert_true(k->user.ended || k->user.closed);
    const json_t *row = json_array_get(ask_well(k, 1, "connect.ls", json_object()), 0);
    assert_null(strstr(json_string_value(json_object_get(row, "state")), "ready"));
    sim_heal(k->n[1].sim, k->n[0].sim);
    use_port(k, 1, 7000);
    sim_run_for(k->sim, 30 * SEC);
    assert_false(k->user.ended || k->user.closed);
    assert_int_equal(k->n[0].served_count, 2);
}

static void all_comes_back_after_a_restart(void **state)
{
    struct kit *k = *state;
    offer(k);
    use_port(k, 1, 7000); /* so that it knows where the other is */
    for (unsigned i = 0; i < 2; i++)
        end(&k->n[i]);
    sim_run_for(k->sim, 60 * SEC);
    for (unsigned i = 0; i < 2; i++)
        begin(&k->n[i], i);
    use_port(k, 1, 7000);
    sim_run_for(k->sim, 5 * SEC);
    assert_int_equal(k->n[0].served_count, 2);
}

/* --- who may -------------------------------------------------------------------------------- */

static void a_stranger_is_a_card_until_he_is_trusted(void **state)
{
    struct kit *k = *state;
    char path[PEER_ID_FORMAT + 8];
    offer(k);
    ask_well(k, 0, "connect.expose", json_pack("{s:s, s:s}", "port", "8080", "as", "all"));
    snprintf(path, sizeof path, "%s/all", k->n[0].id);
    ask_well(k, 2, "connect.forward", json_pack("{s:s, s:i}", "service", path, "port", 7000));
    for (unsigned i = 0; i < 20; i++) {
        use_port(k, 2, 7000);
        assert_true(k->user.ended || k->user.closed);
    }
    assert_int_equal(k->n[0].served_count, 0);
    assert_int_equal(k->requests, 1); /* however often he asks */
    json_t *cards = json_object_get(ask_well(k, 0, "connect.status", json_object()), "requests");
    assert_int_equal(json_array_size(cards), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(cards, 0), "peer")),
                        k->n[2].id);
    set_trust(&k->n[0], &k->n[2], TRUST_TRUSTED);
    cards = json_object_get(ask_well(k, 0, "connect.status", json_object()), "requests");
    assert_int_equal(json_array_size(cards), 0);
    use_port(k, 2, 7000);
    assert_int_equal(k->n[0].served_count, 1);
    set_trust(&k->n[0], &k->n[2], TRUST_STRANGER); /* what he has is cut */
    sim_run_for(k->sim, SEC);
    assert_true(k->user.ended || k->user.closed);
}

/* The words are the same, so that nobody can look for services. */
static void a_stranger_learns_nothing_of_what_there_is(void **state)
{
    struct kit *k = *state;
    char path[PEER_ID_FORMAT + 8], words[2][240];
    static const char *const names[] = {"web", "nothing"};
    offer(k);
    for (unsigned i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/%s", k->n[0].id, names[i]);
        ask_well(k, 2, "connect.forward", json_pack("{s:s, s:i}", "service", path, "port", 7001));
        use_port(k, 2, 7001);
        const json_t *row = json_array_get(ask_well(k, 2, "connect.ls", json_object()), 0);
        snprintf(words[i], sizeof words[i], "%s", json_string_value(json_object_get(row, "state")));
        ask_well(k, 2, "connect.rm", json_pack("{s:s}", "id", "7001"));
    }
    assert_string_equal(words[0], words[1]);
    assert_non_null(strstr(words[0], "not trusted"));
}

static void the_blocked_cannot_come(void **state)
{
    struct kit *k = *state;
    offer(k);
    set_trust(&k->n[0], &k->n[1], TRUST_BLOCKED);
    use_port(k, 1, 7000);
    sim_run_for(k->sim, 20 * SEC);
    assert_true(k->user.ended || k->user.closed);
    assert_false(host_connected(k->n[0].host, host_id(k->n[1].host)));
    assert_int_equal(k->n[0].served_count, 0);
}

static void what_is_removed_is_cut(void **state)
{
    struct kit *k = *state;
    offer(k);
    use_port(k, 1, 7000);
    ask_well(k, 0, "connect.rm", json_pack("{s:s}", "id", "web"));
    sim_run_for(k->sim, SEC);
    assert_true(k->user.ended || k->user.closed);
    use_port(k, 1, 7000);
    assert_true(k->user.ended || k->user.closed);
    ask(k, 0, "connect.rm", json_pack("{s:s}", "id", "web"));
    assert_string_equal(k->error, "connect.not_found");
}

/* --- exits ---------------------------------------------------------------------------------- */

static void be_exit(struct kit *k, json_t *more)
{
    json_t *params = json_pack("{s:s, s:[s]}", "state", "on", "to", k->n[1].id);
    json_object_update(params, more);
    json_decref(more);
    ask_well(k, 0, "connect.exit", params);
    ask_well(k, 1, "connect.socks", json_pack("{s:s}", "via", k->n[0].id));
}

/* By the proxy on node 1; the code of SOCKS' reply. */
static int go(struct kit *k, const char *host, uint16_t port)
{
    struct buf b = {0};
    use_port(k, 1, 1080);
    buf_put(&b, "\5\1\0", 3);
    buf_put(&b, "\5\1\0\3", 4);
    buf_u8(&b, (uint8_t)strlen(host));
    buf_str(&b, host);
    buf_be16(&b, port);
    assert_int_equal(conn_send(k->user.c, buf_bytes(&b), buf_len(&b)), buf_len(&b));
    buf_done(&b);
    sim_run_for(k->sim, 3 * SEC);
    assert_true(sim_run_until(k->sim, user_heard, k, 60 * SEC));
    if (buf_len(&k->user.got) < 12)
        return -1;
    int code = buf_bytes(&k->user.got)[3];
    buf_eat(&k->user.got, 12);
    return code;
}

static const char *last_verdict(struct kit *k)
{
    const json_t *log = ask_well(k, 0, "connect.log", json_object());
    return json_string_value(json_object_get(json_array_get(log, 0), "verdict"));
}

static void a_peers_exit_reaches_the_world(void **state)
{
    struct kit *k = *state;
    serve(&k->n[2], ip_of(2, 80));
    sim_name_add(k->sim, "shop.example", ip_of(2, 0));
    be_exit(k, json_object());
    assert_int_equal(go(k, "shop.example", 80), 0);
    struct hand *served = k->n[2].served;
    struct addr from = ip_of(0, 0);
    assert_true(addr_same_ip(&served->c->peer, &from)); /* it really leaves there */
    conn_send(k->user.c, "hello", 5);
    sim_run_for(k->sim, SEC);
    hears(served, "hello");
    ask_well(k, 0, "connect.exit", json_pack("{s:s}", "state", "off"));
    sim_run_for(k->sim, SEC);
    assert_true(k->user.ended || k->user.closed);
    assert_true(served->ended || served->closed);
    assert_string_equal(last_verdict(k), "cut");
    assert_int_not_equal(go(k, "shop.example", 80), 0);
}

static void a_name_with_one_bad_address_is_refused(void **state)
{
    struct kit *k = *state;
    serve(&k->n[2], ip_of(2, 80));
    sim_name_add(k->sim, "mixed.example", ip_of(2, 0));
    sim_name_add(k->sim, "mixed.example", addr_v4(192, 168, 0, 1, 0));
    sim_name_add(k->sim, "inside.example", addr_v4(127, 0, 0, 1, 0));
    be_exit(k, json_object());
    assert_int_equal(go(k, "mixed.example", 80), 2);
    assert_non_null(strstr(last_verdict(k), "192.168.0.1"));
    assert_int_equal(go(k, "inside.example", 80), 2);
    assert_int_equal(go(k, "no.example", 80), 4);
    assert_int_equal(go(k, "8.0.2.1", 25), 2);
    assert_int_equal(k->n[2].served_count, 0);
}

/* One that the overlay does not listen on, so that only the connection tells. */
static void the_exits_own_addresses_are_refused(void **state)
{
    struct kit *k = *state;
    sim_node_add_ip(k->n[0].sim, addr_v4(8, 9, 9, 9, 0));
    serve(&k->n[0], addr_v4(8, 9, 9, 9, 80));
    be_exit(k, json_object());
    assert_int_equal(go(k, "8.0.0.1", 443), 2);
    assert_int_equal(go(k, "8.9.9.9", 80), 2);
    assert_non_null(strstr(last_verdict(k), "refused"));
    for (size_t i = 0; i < k->n[0].served_count; i++)
        assert_int_equal(buf_len(&k->n[0].served[i].got), 0);
}

static void an_exit_ends_at_its_last_day_and_its_log_after_thirty(void **state)
{
    struct kit *k = *state;
    serve(&k->n[2], ip_of(2, 80));
    be_exit(k, json_pack("{s:i}", "days", 2));
    assert_int_equal(go(k, "8.0.2.1", 80), 0);
    sim_run_for(k->sim, 2 * 86400 * SEC);
    assert_true(k->user.ended || k->user.closed);
    assert_int_not_equal(go(k, "8.0.2.1", 80), 0);
    assert_false(json_is_true(json_object_get(
        json_object_get(ask_well(k, 0, "connect.status", json_object()), "exit"), "on")));
    assert_int_equal(json_array_size(ask_well(k, 0, "connect.log", json_object())), 1);
    sim_run_for(k->sim, 31 * 86400 * SEC);
    assert_int_equal(json_array_size(ask_well(k, 0, "connect.log", json_object())), 0);
}

static void an_exit_gives_no_more_than_its_rate(void **state)
{
    struct kit *k = *state;
    uint8_t many[65536] = {0};
    serve(&k->n[2], ip_of(2, 80));
    be_exit(k, json_pack("{s:i}", "rate", 100000));
    assert_int_equal(go(k, "8.0.2.1", 80), 0);
    for (unsigned i = 0; i < 200; i++) {
        while (conn_send(k->n[2].served[0].c, many, sizeof many) > 0)
            ;
        sim_run_for(k->sim, 100 * MSEC);
    }
    size_t got = buf_len(&k->user.got); /* in 20 s, and a burst */
    assert_true(got > 1900000 && got < 2000000 + (256 << 10) + (128 << 10));
}

static void new_connections_through_an_exit_take_their_turn(void **state)
{
    struct kit *k = *state;
    struct hand users[20];
    struct addr at = addr_v4(127, 0, 0, 1, 1080);
    static const char request[] = "\5\1\0\5\1\0\3\0078.0.2.1\0\120";
    serve(&k->n[2], ip_of(2, 80));
    be_exit(k, json_object());
    sim_run_for(k->sim, 10 * SEC);
    for (size_t i = 0; i < 20; i++) {
        users[i] = (struct hand){0};
        users[i].c = tcp_dial(k->n[1].loop, &at, NULL, on_dialled, &users[i]);
    }
    sim_run_for(k->sim, 10 * MSEC);
    for (size_t i = 0; i < 20; i++)
        conn_send(users[i].c, request, sizeof request - 1);
    sim_run_for(k->sim, 1900 * MSEC);
    size_t through = 0, later = 0;
    for (size_t i = 0; i < 20; i++)
        through += buf_len(&users[i].got) >= 12;
    sim_run_for(k->sim, 3 * SEC);
    for (size_t i = 0; i < 20; i++) {
        later += buf_len(&users[i].got) >= 12;
        hand_drop(&users[i]);
    }
    assert_in_range(through, 8, 15); /* 5 at once, then 5 a second */
    assert_int_equal(later, 20);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_connection_is_a_stream_and_each_end_its_own),
        TEST(what_waits_for_a_slow_reader_is_bounded),
        TEST(when_one_end_fails_the_other_is_told),
        TEST(a_peer_that_was_away_is_dialled_again),
        TEST(all_comes_back_after_a_restart),
        TEST(a_stranger_is_a_card_until_he_is_trusted),
        TEST(a_stranger_learns_nothing_of_what_there_is),
        TEST(the_blocked_cannot_come),
        TEST(what_is_removed_is_cut),
        TEST(a_peers_exit_reaches_the_world),
        TEST(a_name_with_one_bad_address_is_refused),
        TEST(the_exits_own_addresses_are_refused),
        TEST(an_exit_ends_at_its_last_day_and_its_log_after_thirty),
        TEST(an_exit_gives_no_more_than_its_rate),
        TEST(new_connections_through_an_exit_take_their_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
