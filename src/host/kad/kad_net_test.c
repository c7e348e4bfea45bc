/* Thirty hosts in the simulator and their table. */
#include "host/kad/kad.h"

#include "base/mem.h"
#include "base/test.h"
#include "host/kad/ipns.h"
#include "host/kad/ipns_test.h"
#include "host/kad/kad_in.h"
#include "host/kad/kad_table.h"
#include "host/net_test.h"

#include <string.h>

enum { NODES = 30 };

struct node {
    struct sim_node *sim;
    struct loop *loop;
    struct keys *keys;
    struct host *host;
    struct kad *kad;
};

struct kit {
    struct sim *sim;
    struct node n[NODES];
    /* what the callbacks were told */
    unsigned told;
    bool found;
    size_t kept, count;
    struct peer_id peers[64];
    struct buf value;
    struct why why;
};

static void begin(struct kit *k, unsigned i, bool server)
{
    struct node *n = &k->n[i];
    struct multiaddr here = net_at(i);
    n->host = net_host(n->loop, n->keys, &here, true);
    struct kad_cfg kc = {.host = n->host, .protocol = KAD_PROTOCOL, .server = server, .lab = true};
    n->kad = kad_new(&kc);
}

static void end(struct node *n)
{
    kad_free(n->kad);
    host_free(n->host);
    n->kad = NULL;
    n->host = NULL;
}

/* All know the first; the last is a client. */
static int open_kit(void **state)
{
    struct kit *k = *state = mem_zalloc(sizeof *k);
    k->sim = sim_new(1);
    for (unsigned i = 0; i < NODES; i++) {
        k->n[i].sim = net_machine(k->sim, i, 5 * MSEC);
        k->n[i].loop = sim_node_loop(k->n[i].sim);
        k->n[i].keys = net_keys(i);
        begin(k, i, i != NODES - 1);
    }
    for (unsigned i = 1; i < NODES; i++)
        net_dial(k->n[i].host, k->n[0].host);
    sim_run_for(k->sim, 60 * SEC);
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < NODES; i++) {
        end(&k->n[i]);
        keys_free(k->n[i].keys);
    }
    buf_done(&k->value);
    sim_run_for(k->sim, 60 * SEC);
    sim_free(k->sim);
    free(k);
    return 0;
}

static void on_put(void *arg, size_t kept, const struct why *why)
{
    struct kit *k = arg;
    k->told++;
    k->kept = kept;
    if (why)
        k->why = *why;
}

static void on_get(void *arg, struct cur value, const struct why *why)
{
    struct kit *k = arg;
    k->told++;
    k->found = value.p != NULL;
    buf_clear(&k->value);
    if (value.p)
        buf_put(&k->value, value.p, value.n);
    if (why)
        k->why = *why;
}

static void on_peers(void *arg, const struct peer_id *near, size_t n)
{
    struct kit *k = arg;
    k->told++;
    k->count = n;
    memcpy(k->peers, near, n * sizeof *near);
}

static void on_find(void *arg, bool found, const struct why *why)
{
    struct kit *k = arg;
    k->told++;
    k->found = found;
    if (why)
        k->why = *why;
}

static struct cur text(const char *s)
{
    return cur_of(s, strlen(s));
}

static void everybody_comes_to_know_many(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < NODES; i++)
        if (kad_known(k->n[i].kad) < 15)
            fail_msg("n%02u knows %zu", i, kad_known(k->n[i].kad));
}

static void a_client_is_in_nobodys_table(void **state)
{
    struct kit *k = *state;
    kad_near(k->n[3].kad,
             cur_of(host_id(k->n[NODES - 1].host)->bytes, host_id(k->n[NODES - 1].host)->len),
             on_peers, k);
    sim_run_for(k->sim, 20 * SEC);
    assert_int_equal(k->count, KAD_K);
    for (size_t i = 0; i < k->count; i++)
        assert_false(peer_id_equal(&k->peers[i], host_id(k->n[NODES - 1].host)));
}

static void what_one_puts_another_gets(void **state)
{
    struct kit *k = *state;
    kad_put(k->n[1].kad, text("/v/hello"), text("world"), on_put, k);
    sim_run_for(k->sim, 20 * SEC);
    assert_int_equal(k->told, 1);
    assert_in_range(k->kept, KAD_K, KAD_NEAREST_MAX);
    end(&k->n[1]); /* it does not hang on who put it */
    kad_get(k->n[NODES - 1].kad, text("/v/hello"), on_get, k);
    sim_run_for(k->sim, 30 * SEC);
    assert_true(k->found);
    assert_int_equal(buf_len(&k->value), 5);
    assert_memory_equal(buf_bytes(&k->value), "world", 5);
}

static void what_nobody_put_is_not_found_with_words(void **state)
{
    struct kit *k = *state;
    kad_get(k->n[2].kad, text("/v/nothing"), on_get, k);
    sim_run_for(k->sim, 30 * SEC);
    assert_int_equal(k->told, 1);
    assert_false(k->found);
    assert_int_equal(k->why.code, ERR_NOT_FOUND);
}

static void who_has_a_thing_is_found_and_reached(void **state)
{
    struct kit *k = *state;
    kad_provide(k->n[4].kad, text("a multihash"), on_put, k);
    sim_run_for(k->sim, 20 * SEC);
    kad_providers(k->n[NODES - 1].kad, text("a multihash"), 1, on_peers, k);
    sim_run_for(k->sim, 20 * SEC);
    assert_int_equal(k->told, 2);
    assert_int_equal(k->count, 1);
    assert_true(peer_id_equal(&k->peers[0], host_id(k->n[4].host)));
    struct host_peer p;
    assert_true(host_peer(k->n[NODES - 1].host, &k->peers[0], &p));
    assert_true(p.addr_count > 0);
}

static void a_peer_is_found_by_its_id_alone(void **state)
{
    struct kit *k = *state;
    struct host_peer p;
    kad_find_peer(k->n[5].kad, host_id(k->n[NODES - 1].host), on_find, k); /* the client too */
    sim_run_for(k->sim, 20 * SEC);
    assert_true(k->found);
    assert_true(host_peer(k->n[5].host, host_id(k->n[NODES - 1].host), &p));
    assert_true(p.addr_count > 0);
}

static void a_value_that_is_not_what_its_key_says_is_not_kept(void **state)
{
    struct kit *k = *state;
    struct buf key = {0};
    buf_str(&key, "/pk/");
    buf_put(&key, host_id(k->n[7].host)->bytes, host_id(k->n[7].host)->len);
    kad_put(k->n[6].kad, buf_cur(&key), text("no key"), on_put, k);
    sim_run_for(k->sim, 20 * SEC);
    kad_get(k->n[8].kad, buf_cur(&key), on_get, k);
    sim_run_for(k->sim, 20 * SEC);
    assert_false(k->found);
    buf_done(&key);
}

static void with_a_third_of_them_gone_values_are_found(void **state)
{
    struct kit *k = *state;
    kad_put(k->n[1].kad, text("/v/stays"), text("here"), on_put, k);
    sim_run_for(k->sim, 20 * SEC);
    for (unsigned i = 2; i < 12; i++)
        end(&k->n[i]);
    kad_get(k->n[20].kad, text("/v/stays"), on_get, k);
    sim_run_for(k->sim, 60 * SEC);
    assert_true(k->found);
}

static void name_it(struct kit *k, unsigned by, const struct buf *key, uint64_t sequence)
{
    struct buf record = {0};
    ipns_test_make(k->n[1].keys, "/ipfs/a", sequence, "2026-02-01T00:00:00Z", &record);
    kad_put(k->n[by].kad, buf_cur(key), buf_cur(&record), on_put, k);
    sim_run_for(k->sim, 120 * SEC);
    buf_done(&record);
}

static uint64_t sequence_of(const struct kit *k)
{
    struct ipns r;
    return ipns_decode(&r, buf_cur(&k->value), NULL) == OK ? r.sequence : 0;
}

static void an_older_value_does_not_replace_a_newer(void **state)
{
    struct kit *k = *state;
    struct buf key = {0};
    buf_str(&key, "/ipns/");
    buf_put(&key, host_id(k->n[1].host)->bytes, host_id(k->n[1].host)->len);
    name_it(k, 1, &key, 5);
    name_it(k, 2, &key, 4);
    kad_get(k->n[20].kad, buf_cur(&key), on_get, k);
    sim_run_for(k->sim, 30 * SEC);
    assert_int_equal(sequence_of(k), 5);
    buf_done(&key);
}

static void who_gave_an_older_value_is_brought_the_newer(void **state)
{
    struct kit *k = *state;
    struct buf key = {0};
    unsigned one = 0;
    buf_str(&key, "/ipns/");
    buf_put(&key, host_id(k->n[1].host)->bytes, host_id(k->n[1].host)->len);
    kad_near(k->n[1].kad, buf_cur(&key), on_peers, k);
    sim_run_for(k->sim, 20 * SEC);
    while (one == 1 || one == 20 || !peer_id_equal(host_id(k->n[one].host), &k->peers[0]))
        if (++one == NODES) { /* the nearest is the first or the twentieth */
            k->peers[0] = k->peers[1];
            one = 0;
        }
    name_it(k, 1, &key, 1);
    sim_cut(k->n[one].sim, NULL);
    name_it(k, 1, &key, 2);
    sim_heal(k->n[one].sim, NULL);
    net_dial(k->n[20].host, k->n[one].host); /* the connection was lost */
    sim_run_for(k->sim, 60 * SEC);
    kad_get(k->n[20].kad, buf_cur(&key), on_get, k);
    sim_run_for(k->sim, 30 * SEC);
    assert_int_equal(sequence_of(k), 2);
    for (unsigned i = 0; i < NODES; i++)
        if (i != one)
            end(&k->n[i]);
    kad_get(k->n[one].kad, buf_cur(&key), on_get, k); /* what it has itself */
    sim_run_for(k->sim, 120 * SEC);
    assert_int_equal(sequence_of(k), 2);
    buf_done(&key);
}

/* The others end: a day and a half of thirty nodes is long. */
static void leave_four(struct kit *k)
{
    for (unsigned i = 4; i < NODES; i++)
        end(&k->n[i]);
}

static bool can_get(struct kit *k, unsigned by, const char *key)
{
    kad_get(k->n[by].kad, text(key), on_get, k);
    sim_run_for(k->sim, 120 * SEC);
    return k->found;
}

static bool has_provider(struct kit *k, const char *key)
{
    kad_providers(k->n[2].kad, text(key), 1, on_peers, k);
    sim_run_for(k->sim, 20 * SEC);
    return k->count == 1;
}

static void what_is_kept_is_told_again_until_it_is_taken_back(void **state)
{
    struct kit *k = *state;
    leave_four(k);
    kad_put(k->n[1].kad, text("/v/once"), text("a"), on_put, k);
    kad_keep(k->n[1].kad, text("/v/again"), text("b"), on_put, k);
    kad_keep(k->n[1].kad, text("/v/back"), text("c"), on_put, k);
    kad_provide(k->n[1].kad, text("a thing"), on_put, k);
    kad_provide(k->n[1].kad, text("another"), on_put, k);
    sim_run_for(k->sim, 60 * SEC);
    assert_int_equal(k->told, 5);
    assert_true(can_get(k, 2, "/v/back") && has_provider(k, "another"));
    kad_unkeep(k->n[1].kad, text("/v/back"));
    kad_unprovide(k->n[1].kad, text("another"));
    sim_run_for(k->sim, KAD_VALUE_KEPT_US);
    assert_false(can_get(k, 2, "/v/once"));
    assert_false(can_get(k, 2, "/v/back"));
    assert_true(can_get(k, 2, "/v/again"));
    sim_run_for(k->sim, KAD_PROVIDER_KEPT_US - KAD_VALUE_KEPT_US);
    assert_true(has_provider(k, "a thing"));
    assert_false(has_provider(k, "another"));
}

static void what_nobody_took_is_told_again_soon(void **state)
{
    struct kit *k = *state;
    leave_four(k);
    sim_cut(k->n[1].sim, NULL);
    sim_run_for(k->sim, 300 * SEC);
    kad_keep(k->n[1].kad, text("/v/again"), text("b"), on_put, k);
    sim_run_for(k->sim, 60 * SEC);
    sim_heal(k->n[1].sim, NULL);
    sim_run_for(k->sim, 2 * KAD_GIVE_SOON_US);
    sim_cut(k->n[1].sim, NULL);
    assert_true(can_get(k, 2, "/v/again"));
}

/* Three of them have a second table, under our own name and outside of laboratories' rules. */
enum { OURS = 3 };
static void open_ours(struct kit *k, struct kad *ours[OURS])
{
    for (unsigned i = 0; i < OURS; i++) {
        struct kad_cfg cfg = {.host = k->n[i].host,
                              .protocol = KAD_PROTOCOL_SHOAL,
                              .server = true,
                              .neighbours = true};
        ours[i] = kad_new(&cfg);
        host_set_table(k->n[i].host, ours[i]);
    }
    sim_run_for(k->sim, 60 * SEC);
}

static void close_ours(struct kad *ours[OURS])
{
    for (unsigned i = 0; i < OURS; i++)
        kad_free(ours[i]);
}

static void two_tables_do_not_know_each_others_peers(void **state)
{
    struct kit *k = *state;
    struct kad *ours[OURS];
    open_ours(k, ours);
    for (unsigned i = 0; i < OURS; i++)
        assert_in_range(kad_known(ours[i]), 1, OURS - 1);
    kad_provide(host_table(k->n[1].host), text("a thing"), on_put, k);
    sim_run_for(k->sim, 20 * SEC);
    assert_in_range(k->kept, 2, OURS);
    kad_providers(host_table(k->n[2].host), text("a thing"), 1, on_peers, k);
    sim_run_for(k->sim, 20 * SEC);
    assert_int_equal(k->count, 1);
    assert_true(peer_id_equal(&k->peers[0], host_id(k->n[1].host)));
    kad_providers(k->n[2].kad, text("a thing"), 1, on_peers, k);
    sim_run_for(k->sim, 20 * SEC);
    assert_int_equal(k->count, 0);
    close_ours(ours);
}

static void private_addresses_are_a_matter_between_neighbours(void **state)
{
    struct kit *k = *state;
    struct kad *ours[OURS];
    struct multiaddr here = net_at(7), there;
    struct addr public = addr_v4(8, 8, 8, 8, 4001), loop = addr_v4(127, 0, 0, 1, 4001);
    open_ours(k, ours);
    assert_true(host_connected(k->n[0].host, host_id(k->n[1].host)));
    assert_true(kad_is_neighbour(ours[0], host_id(k->n[1].host)));
    host_hang_up(k->n[0].host, host_id(k->n[1].host));
    assert_false(kad_is_neighbour(ours[0], host_id(k->n[1].host)));
    assert_true(kad_may_tell(ours[0], &here, true));
    assert_false(kad_may_tell(ours[0], &here, false));
    multiaddr_of_addr(&there, &public, REACH_TCP);
    assert_true(kad_may_tell(ours[0], &there, false));
    multiaddr_of_addr(&there, &loop, REACH_TCP);
    assert_false(kad_may_tell(ours[0], &there, true));
    close_ours(ours);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(everybody_comes_to_know_many),
        CASE(a_client_is_in_nobodys_table),
        CASE(what_one_puts_another_gets),
        CASE(what_nobody_put_is_not_found_with_words),
        CASE(who_has_a_thing_is_found_and_reached),
        CASE(a_peer_is_found_by_its_id_alone),
        CASE(a_value_that_is_not_what_its_key_says_is_not_kept),
        CASE(with_a_third_of_them_gone_values_are_found),
        CASE(an_older_value_does_not_replace_a_newer),
        CASE(who_gave_an_older_value_is_brought_the_newer),
        CASE(what_is_kept_is_told_again_until_it_is_taken_back),
        CASE(what_nobody_took_is_told_again_soon),
        CASE(two_tables_do_not_know_each_others_peers),
        CASE(private_addresses_are_a_matter_between_neighbours),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
