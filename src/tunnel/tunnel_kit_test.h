/* tunnel/tunnel_kit_test.h - for tests: three nodes in the simulator with the app `connect`, and
 * programs that use it. */
#ifndef SHOAL_TUNNEL_TUNNEL_KIT_TEST_H
#define SHOAL_TUNNEL_TUNNEL_KIT_TEST_H

#include "tunnel/tunnel_in.h"

#include "base/mem.h"
#include "base/test.h"
#include "core/bus.h"
#include "host/mux/duo_test.h"
#include "host/trust.h"
#include "sim/sim.h"
#include "tunnel/pipe.h"

#include <stdio.h>

enum { NODES = 3, SERVED_MAX = 160 };

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
    struct hand served[SERVED_MAX];
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

static inline struct addr ip_of(unsigned i, uint16_t port)
{
    return addr_v4(8, 0, (uint8_t)i, 1, port);
}

static inline void begin(struct node *n, unsigned i)
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

static inline void end(struct node *n)
{
    tunnel_app.free(n->app);
    host_free(n->host);
    trust_free(n->trust);
    n->app = NULL;
    n->host = NULL;
}

static inline void on_request(void *arg, const struct bus_event *ev)
{
    struct kit *k = arg;
    (void)ev;
    k->requests++;
}

static inline void meet(struct kit *k, unsigned from, unsigned to)
{
    struct multiaddr at;
    struct addr ip = ip_of(to, 4001);
    multiaddr_of_addr(&at, &ip, REACH_TCP);
    host_learn(k->n[from].host, host_id(k->n[to].host), &at, 1);
}

static inline int open_kit(void **state)
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

static inline int close_kit(void **state)
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

static inline void on_answer(void *arg, enum err err, json_t *result, json_t *error)
{
    struct kit *k = arg;
    k->told = true;
    json_decref(k->answer);
    k->answer = json_incref(result ? result : error);
    snprintf(k->error, sizeof k->error, "%s",
             err ? json_string_value(json_object_get(error, "code")) : "");
}

/* The result; parameters as json_pack() has them.  Takes params. */
static inline json_t *ask(struct kit *k, unsigned i, const char *method, json_t *params)
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

static inline json_t *ask_well(struct kit *k, unsigned i, const char *method, json_t *params)
{
    json_t *answer = ask(k, i, method, params);
    if (k->error[0])
        fail_msg("%s: %s", method, json_dumps(answer, 0));
    return answer;
}

/* As the overlay does when the owner says so. */
static inline void set_trust(struct node *n, const struct node *whom, enum trust t)
{
    assert_int_equal(trust_set(n->trust, host_id(whom->host), t, NULL, NULL), OK);
    bus_post(n->bus, BUS_STATE, "peer.trust", whom->id, json_object());
}

/* --- a service and who uses it --------------------------------------------------------------- */

static inline void on_served(void *arg, struct conn *c)
{
    struct node *n = arg;
    if (n->served_count == sizeof n->served / sizeof n->served[0]) {
        conn_close(c);
        return;
    }
    hand_take(&n->served[n->served_count++], c);
}

static inline void serve(struct node *n, struct addr at)
{
    struct why why;
    n->web = tcp_listen(n->loop, &at, on_served, n, &why);
    if (!n->web)
        fail_msg("%s", why.text);
}

static inline void on_dialled(void *arg, enum conn_event ev, const struct why *why)
{
    struct hand *h = arg;
    if (ev == CONN_CLOSED) {
        h->closed = true;
        h->why = *why;
    }
    if (ev == CONN_READABLE && !h->deaf)
        hand_read(h);
}

static inline void use(struct kit *k, unsigned i, struct addr at)
{
    hand_drop(&k->user);
    k->user.c = tcp_dial(k->n[i].loop, &at, NULL, on_dialled, &k->user);
    sim_run_for(k->sim, SEC);
}

static inline void use_port(struct kit *k, unsigned i, uint16_t port)
{
    use(k, i, addr_v4(127, 0, 0, 1, port));
}

static inline bool user_heard(void *arg)
{
    const struct kit *k = arg;
    return buf_len(&k->user.got) > 0 || k->user.ended || k->user.closed;
}

static inline void hears(struct hand *h, const char *text)
{
    assert_int_equal(buf_len(&h->got), strlen(text));
    assert_memory_equal(buf_bytes(&h->got), text, strlen(text));
    buf_clear(&h->got);
}

/* Node 0 offers its web to node 1, which has it at port 7000. */
static inline void offer(struct kit *k)
{
    char path[PEER_ID_FORMAT + 8];
    serve(&k->n[0], addr_v4(127, 0, 0, 1, 8080));
    ask_well(k, 0, "connect.expose",
             json_pack("{s:s, s:s, s:[s]}", "port", "8080", "as", "web", "to", k->n[1].id));
    snprintf(path, sizeof path, "%s/web", k->n[0].id);
    ask_well(k, 1, "connect.forward", json_pack("{s:s, s:s}", "service", path, "port", "7000"));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)

#endif
