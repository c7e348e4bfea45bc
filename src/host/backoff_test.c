#include "host/backoff.h"

#include "base/mem.h"
#include "base/test.h"
#include "host/net_test.h"

#include <stdlib.h>
#include <string.h>

#define S UINT64_C(1000000)

static uint64_t left(const struct backoff *b, const char *to, uint64_t now_us)
{
    return backoff_left_us(b, to, strlen(to), now_us);
}

static void each_failure_lasts_twice_as_long(void **state)
{
    (void)state;
    static const uint64_t waits_s[] = {2, 4, 8, 16, 32, 64, 64};
    struct backoff *b = backoff_new(1);
    uint64_t now_us = 7 * S;
    assert_int_equal(left(b, "a", now_us), 0);
    for (size_t i = 0; i < sizeof waits_s / sizeof *waits_s; i++) {
        backoff_failed(b, "a", 1, now_us);
        assert_int_equal(left(b, "a", now_us), waits_s[i] * S);
        now_us += waits_s[i] * S;
        assert_int_equal(left(b, "a", now_us - 1), 1);
        assert_int_equal(left(b, "a", now_us), 0);
    }
    assert_int_equal(left(b, "b", now_us), 0);
    backoff_free(b);
}

static void who_is_reached_begins_anew(void **state)
{
    (void)state;
    struct backoff *b = backoff_new(1);
    backoff_failed(b, "a", 1, 0);
    backoff_failed(b, "a", 1, 0);
    backoff_reached(b, "a", 1);
    backoff_reached(b, "b", 1);
    assert_int_equal(left(b, "a", 0), 0);
    backoff_failed(b, "a", 1, 0);
    assert_int_equal(left(b, "a", 0), BACKOFF_FIRST_US);
    backoff_free(b);
}

static void so_many_are_remembered(void **state)
{
    (void)state;
    struct backoff *b = backoff_new(1);
    uint32_t first = 0, second = 1;
    for (uint32_t i = 0; i < BACKOFF_MAX; i++)
        backoff_failed(b, &i, sizeof i, 0);
    backoff_failed(b, &first, sizeof first, 0); /* the longest ago is now the second */
    uint32_t more = BACKOFF_MAX;
    backoff_failed(b, &more, sizeof more, 0);
    assert_int_equal(backoff_count(b), BACKOFF_MAX);
    assert_int_equal(backoff_left_us(b, &second, sizeof second, 0), 0);
    assert_int_equal(backoff_left_us(b, &first, sizeof first, 0), 2 * BACKOFF_FIRST_US);
    backoff_free(b);
}

/* --- a host that dials ---------------------------------------------------------------------- */

struct kit {
    struct sim *sim;
    struct keys *keys[2];
    struct host *host;
    struct peer_id away; /* nobody is where it was */
    struct why why;
    bool told;
};

static int open_kit(void **state)
{
    struct kit *k = *state = MEM_NEW(struct kit);
    struct multiaddr here = net_at(0), there = net_at(1);
    k->sim = sim_new(1);
    struct loop *loop = sim_node_loop(net_machine(k->sim, 0, 5 * MSEC));
    (void)net_machine(k->sim, 1, 5 * MSEC); /* and nobody listens there */
    for (unsigned i = 0; i < 2; i++)
        k->keys[i] = net_keys(i);
    k->host = net_host(loop, k->keys[0], &here, true);
    assert_int_equal(peer_id_parse(&k->away, keys_peer_id(k->keys[1]), NULL), OK);
    host_learn(k->host, &k->away, &there, 1);
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    host_free(k->host);
    for (unsigned i = 0; i < 2; i++)
        keys_free(k->keys[i]);
    sim_free(k->sim);
    free(k);
    return 0;
}

static void on_open(void *arg, const struct host_stream *s, const struct why *why)
{
    struct kit *k = arg;
    assert_null(s);
    k->why = *why;
    k->told = true;
}

static void on_dial(void *arg, const struct peer_id *peer, const struct why *why)
{
    struct kit *k = arg;
    assert_null(peer);
    k->why = *why;
    k->told = true;
}

/* Whether the dial was left out. */
static bool is_left_out(struct kit *k)
{
    assert_true(k->told);
    k->told = false;
    return k->why.code == ERR_STATE && strstr(k->why.text, "again in");
}

static bool asks(struct kit *k)
{
    static const char *const names[] = {"/test/1.0.0"};
    host_open(k->host, &k->away, names, 1, on_open, k);
    sim_run_for(k->sim, 3 * SEC / 2);
    return !is_left_out(k);
}

static void who_is_away_is_not_asked_again_and_again(void **state)
{
    struct kit *k = *state;
    assert_true(asks(k)); /* this takes a second and a half, and then 2 s are waited, */
    assert_false(asks(k));
    assert_true(asks(k)); /* and then 4 */
    assert_false(asks(k));
    assert_false(asks(k));
    assert_true(asks(k));
}

static void who_is_needed_is_asked_all_the_same(void **state)
{
    struct kit *k = *state;
    assert_true(asks(k));
    host_tag(k->host, &k->away, "test", 1);
    assert_true(asks(k));
    host_tag(k->host, &k->away, "test", 0);
    assert_false(asks(k));
    host_dial(k->host, &k->away, NULL, 0, on_dial, k); /* who says so means it */
    sim_run_for(k->sim, SEC);
    assert_false(is_left_out(k));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_failure_lasts_twice_as_long),
        cmocka_unit_test(who_is_reached_begins_anew),
        cmocka_unit_test(so_many_are_remembered),
        CASE(who_is_away_is_not_asked_again_and_again),
        CASE(who_is_needed_is_asked_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
