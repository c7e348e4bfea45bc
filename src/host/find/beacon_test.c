#include "host/find/beacon.h"

#include "base/mem.h"
#include "base/test.h"
#include "host/name/envelope.h"
#include "sim/sim.h"

#include <string.h>

enum { ANN, BOB, NODES };

/* A table that one machine keeps, as the DHT does, but of one place. */
struct crowd {
    struct kit *kit;
    const struct keys *keys; /* whose */
    struct loop *loop;
};

struct kit {
    struct sim *sim;
    struct node {
        struct sim_node *sim;
        struct loop *loop;
        struct keys *keys;
        struct host *host;
        struct beacon *beacon;
        struct crowd crowd;
    } n[NODES];
    /* What is kept, of Ann's. */
    struct buf kept;
    int64_t seq;
    unsigned puts, refused, open;
    unsigned told;
    bool found;
    struct why why;
};

struct items_op {
    struct crowd *crowd;
    struct timer *timer;
    items_got_cb *got;
    items_put_cb *put;
    void *arg;
    bool stored;
};

static void on_answer(void *arg)
{
    struct items_op op = *(struct items_op *)arg;
    struct kit *k = op.crowd->kit;
    struct why why;
    bool none = buf_len(&k->kept) == 0;
    free(arg);
    k->open--;
    why_set(&why, ERR_NOT_FOUND, "nobody has it");
    if (op.got)
        op.got(op.arg, none ? cur_of(NULL, 0) : buf_cur(&k->kept), none ? 0 : k->seq,
               none ? &why : NULL);
    else
        op.put(op.arg, op.stored ? 8 : 0, op.stored ? NULL : &why);
}

static struct items_op *op_new(struct crowd *c)
{
    struct items_op *op = MEM_NEW(struct items_op);
    op->crowd = c;
    op->timer = timer_start(c->loop, 50 * MSEC, on_answer, op);
    c->kit->open++;
    return op;
}

static struct items_op *get(void *app, const uint8_t key[KEYS_PUB_LEN], const char *salt,
                            items_got_cb *cb, void *arg, struct why *why)
{
    struct crowd *c = app;
    (void)why;
    assert_memory_equal(key, keys_peer_public(c->kit->n[ANN].keys), KEYS_PUB_LEN);
    assert_string_equal(salt, BEACON_SALT);
    struct items_op *op = op_new(c);
    op->got = cb;
    op->arg = arg;
    return op;
}

static struct items_op *put(void *app, const char *salt, struct cur value, int64_t seq,
                            items_put_cb *cb, void *arg, struct why *why)
{
    struct crowd *c = app;
    struct kit *k = c->kit;
    struct items_op *op = op_new(c);
    (void)why;
    assert_string_equal(salt, BEACON_SALT);
    assert_in_range(value.n, 1, ITEMS_VALUE_MAX);
    op->put = cb;
    op->arg = arg;
    op->stored = seq > k->seq; /* BEP 44: "sequence number less than current" */
    k->refused += !op->stored;
    if (!op->stored)
        return op;
    k->puts++;
    k->seq = seq;
    buf_clear(&k->kept);
    buf_put(&k->kept, value.p, value.n);
    return op;
}

static void cancel(struct items_op *op)
{
    timer_cancel(op->timer);
    op->crowd->kit->open--;
    free(op);
}

static struct items_port port_of(struct kit *k, unsigned i)
{
    return (struct items_port){.app = &k->n[i].crowd, .get = get, .put = put, .cancel = cancel};
}

static void begin(struct kit *k, unsigned i, bool light)
{
    struct node *n = &k->n[i];
    uint8_t entropy[16] = {(uint8_t)(i + 1)};
    struct addr at = addr_v4(198, 51, 100, (uint8_t)(i + 1), 4001);
    struct multiaddr here;
    multiaddr_of_addr(&here, &at, REACH_TCP);
    n->sim = sim_node_add(k->sim, i ? "bob" : "ann", at, (struct sim_link){0});
    n->loop = sim_node_loop(n->sim);
    n->keys = keys_of_entropy(entropy, sizeof entropy);
    struct host_cfg cfg = {.loop = n->loop,
                           .keys = n->keys,
                           .agent = "shoal/test",
                           .listen = &here,
                           .listen_count = 1};
    n->host = host_new(&cfg, NULL);
    assert_non_null(n->host);
    n->beacon = beacon_new(
        &(struct beacon_cfg){.host = n->host, .keys = n->keys, .light = light && i == ANN});
    n->crowd = (struct crowd){.kit = k, .keys = n->keys, .loop = n->loop};
    struct items_port port = port_of(k, i);
    beacon_set_items(n->beacon, &port);
}

static struct kit *open_with(void **state, bool light)
{
    struct kit *k = *state = mem_zalloc(sizeof *k);
    k->sim = sim_new(1);
    for (unsigned i = 0; i < NODES; i++)
        begin(k, i, light);
    return k;
}

static int open_kit(void **state)
{
    open_with(state, true);
    return 0;
}

static int open_dark(void **state)
{
    open_with(state, false);
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < NODES; i++) {
        beacon_free(k->n[i].beacon);
        host_free(k->n[i].host);
        keys_free(k->n[i].keys);
    }
    assert_int_equal(k->open, 0);
    sim_free(k->sim);
    buf_done(&k->kept);
    free(k);
    return 0;
}

static void on_found(void *arg, bool found, const struct why *why)
{
    struct kit *k = arg;
    k->told++;
    k->found = found;
    assert_true(found == (why == NULL));
    if (why)
        k->why = *why;
}

static void look(struct kit *k)
{
    k->told = 0;
    beacon_find(k->n[BOB].beacon, host_id(k->n[ANN].host), on_found, k);
    assert_int_equal(k->told, 0);
    sim_run_for(k->sim, 1 * SEC);
    assert_int_equal(k->told, 1);
}

static size_t known_addrs(const struct kit *k)
{
    struct host_peer p;
    return host_peer(k->n[BOB].host, host_id(k->n[ANN].host), &p) ? p.addr_count : 0;
}

static void who_is_kept_there_is_found(void **state)
{
    struct kit *k = *state;
    look(k);
    assert_false(k->found);
    sim_run_for(k->sim, BEACON_FIRST_US + SEC);
    assert_int_equal(k->puts, 1);
    look(k);
    assert_true(k->found);
    assert_int_equal(known_addrs(k), 1);
}

static void it_is_put_again_before_it_is_forgotten(void **state)
{
    struct kit *k = *state;
    sim_run_for(k->sim, 7200 * SEC);
    assert_int_equal(k->puts, 3);
    assert_int_equal(k->refused, 0);
}

static void a_clock_that_jumps_back_puts_nothing_that_is_too_old(void **state)
{
    struct kit *k = *state;
    sim_run_for(k->sim, BEACON_FIRST_US + SEC);
    int64_t before = k->seq;
    sim_node_jump_wall(k->n[ANN].sim, -INT64_C(86400) * 365 * 1000000);
    sim_run_for(k->sim, BEACON_AGAIN_US + SEC);
    assert_int_equal(k->puts, 2);
    assert_int_equal(k->seq, before + 1);
    /* A new life, which remembers nothing: what is there tells it. */
    k->seq += 100000;
    struct items_port port = port_of(k, ANN);
    beacon_set_items(k->n[ANN].beacon, NULL);
    beacon_set_items(k->n[ANN].beacon, &port);
    sim_run_for(k->sim, BEACON_FIRST_US + SEC);
    assert_int_equal(k->puts, 3);
    assert_int_equal(k->refused, 0);
}

static void switched_off_it_tells_nothing(void **state)
{
    struct kit *k = *state;
    sim_run_for(k->sim, 7200 * SEC);
    assert_int_equal(k->puts, 0);
}

static void private_addresses_are_not_told(void **state)
{
    struct kit *k = *state;
    sim_node_add_ip(k->n[ANN].sim, addr_v4(10, 0, 0, 1, 0));
    struct host_cfg cfg = {.loop = k->n[ANN].loop, .keys = k->n[ANN].keys, .agent = "shoal/test"};
    struct multiaddr here;
    struct addr at = addr_v4(10, 0, 0, 1, 4002);
    multiaddr_of_addr(&here, &at, REACH_TCP);
    cfg.listen = &here;
    cfg.listen_count = 1;
    struct host *hidden = host_new(&cfg, NULL);
    struct beacon *b =
        beacon_new(&(struct beacon_cfg){.host = hidden, .keys = k->n[ANN].keys, .light = true});
    struct items_port port = port_of(k, ANN);
    beacon_set_items(k->n[ANN].beacon, NULL);
    beacon_set_items(b, &port);
    sim_run_for(k->sim, 3600 * SEC);
    assert_int_equal(k->puts, 0);
    beacon_free(b);
    host_free(hidden);
}

/* What is kept under Ann's key, sealed by this node's and about that one. */
static void forge(struct kit *k, unsigned by, unsigned about)
{
    struct peer_record r = {.peer = *host_id(k->n[about].host), .seq = 1, .count = 1};
    struct addr at = addr_v4(203, 0, 113, 9, 1);
    multiaddr_of_addr(&r.addrs[0], &at, REACH_TCP);
    buf_clear(&k->kept);
    peer_record_seal(&r, &k->kept, k->n[by].keys);
    k->seq = 1;
}

static void a_record_of_somebody_else_is_refused(void **state)
{
    struct kit *k = *state;
    forge(k, BOB, BOB);
    look(k);
    assert_false(k->found);
    assert_non_null(strstr(k->why.text, "somebody else"));
    forge(k, BOB, ANN);
    look(k);
    assert_false(k->found);
    buf_clear(&k->kept);
    buf_str(&k->kept, "no record");
    look(k);
    assert_false(k->found);
    assert_int_equal(known_addrs(k), 0);
    forge(k, ANN, ANN);
    look(k);
    assert_true(k->found);
}

static void who_has_no_such_key_or_no_table_is_told_so(void **state)
{
    struct kit *k = *state;
    struct peer_id rsa;
    assert_int_equal(peer_id_parse(&rsa, "QmYyQSo1c1Ym7orWxLYvCrM2EmxFTANf8wXmmE7DWjhx5N", NULL),
                     OK);
    beacon_find(k->n[BOB].beacon, &rsa, on_found, k);
    sim_run_for(k->sim, SEC);
    assert_int_equal(k->told, 1);
    assert_int_equal(k->why.code, ERR_UNSUPPORTED);
    beacon_set_items(k->n[BOB].beacon, NULL);
    look(k);
    assert_int_equal(k->why.code, ERR_STATE);
}

static void a_table_that_goes_ends_what_is_asked(void **state)
{
    struct kit *k = *state;
    beacon_find(k->n[BOB].beacon, host_id(k->n[ANN].host), on_found, k);
    struct beacon_find *quiet = beacon_find(k->n[BOB].beacon, host_id(k->n[ANN].host), on_found, k);
    beacon_set_items(k->n[BOB].beacon, NULL);
    assert_int_equal(k->open, 0);
    assert_int_equal(k->told, 0);
    beacon_find_cancel(quiet);
    beacon_find_cancel(NULL);
    sim_run_for(k->sim, SEC);
    assert_int_equal(k->told, 1);
    assert_int_equal(k->why.code, ERR_CLOSED);
}

int main(void)
{
#define CASE(name, open) cmocka_unit_test_setup_teardown(name, open, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(who_is_kept_there_is_found, open_kit),
        CASE(it_is_put_again_before_it_is_forgotten, open_kit),
        CASE(a_clock_that_jumps_back_puts_nothing_that_is_too_old, open_kit),
        CASE(switched_off_it_tells_nothing, open_dark),
        CASE(private_addresses_are_not_told, open_kit),
        CASE(a_record_of_somebody_else_is_refused, open_dark),
        CASE(who_has_no_such_key_or_no_table_is_told_so, open_dark),
        CASE(a_table_that_goes_ends_what_is_asked, open_dark),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
