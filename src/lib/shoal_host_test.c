#include "lib/shoal_kit_test.h"

static void peers_meet_are_known_and_part(void **state)
{
    struct kit *k = *state;
    char all[4][SHOAL_PEER_ID_TEXT];
    struct shoal_peer p = {.size = sizeof p};
    serve(k);
    assert_int_equal(shoal_host_peers(k->a, all, 4), 0);
    shoal_host_watch(k->a, on_event, k);
    assert_non_null(shoal_host_dial(k->a, shoal_host_address(k->b, 0), on_dial, k, NULL));
    run(k);
    assert_string_equal(k->peer, shoal_host_id(k->b));
    while (k->identified == 0)
        run(k);
    assert_int_equal(k->connected, 1);
    assert_int_equal(shoal_host_peers(k->a, all, 4), 1);
    assert_int_equal(shoal_host_peers(k->a, all, 0), 0);
    assert_string_equal(all[0], shoal_host_id(k->b));
    assert_int_equal(shoal_host_peer(k->a, all[0], &p, NULL), SHOAL_OK);
    assert_int_equal(p.connections, 1);
    assert_int_equal(p.inbound, 0);
    assert_string_equal(p.agent, "test/1");
    assert_string_equal(p.path, "direct");
    unsigned speaks = 0;
    for (size_t i = 0; i < p.protocol_count; i++)
        speaks += strcmp(p.protocols[i], echo_name[0]) == 0;
    assert_int_equal(speaks, 1);
    assert_non_null(shoal_host_ping(k->a, all[0], on_ping, k, NULL));
    run(k);
    assert_true(k->rtt_us > 0);
    shoal_host_hang_up(k->a, all[0]);
    shoal_host_hang_up(k->a, "nobody");
    assert_int_equal(k->gone, 1);
    assert_int_equal(shoal_host_peers(k->a, all, 4), 0);
}

static void a_struct_of_another_version_is_read_as_far_as_it_goes(void **state)
{
    struct kit *k = *state;
    struct {
        struct shoal_host_cfg cfg;
        uint64_t more;
    } newer = {.cfg = {.size = sizeof newer}};
    struct shoal_err err;
    struct shoal_host *h = shoal_host_new(k->loop, &newer.cfg, &err);
    assert_non_null(h);
    newer.more = 1; /* of a later version, and we cannot do it */
    assert_null(shoal_host_new(k->loop, &newer.cfg, &err));
    assert_int_equal(err.code, SHOAL_ERR_UNSUPPORTED);
    newer.cfg.size = sizeof newer.cfg;
    newer.cfg.flags = 1U << 31;
    assert_null(shoal_host_new(k->loop, &newer.cfg, &err));
    assert_int_equal(err.code, SHOAL_ERR_UNSUPPORTED);
    newer.cfg.size = 0;
    assert_null(shoal_host_new(k->loop, &newer.cfg, &err));
    assert_int_equal(err.code, SHOAL_ERR_INVALID);
    assert_null(shoal_host_new(k->loop, &newer.cfg, NULL));

    assert_int_equal(shoal_host_learn(k->a, shoal_host_id(k->b), "/ip4/127.0.0.1/tcp/1", &err), 0);
    struct shoal_peer p = {.size = offsetof(struct shoal_peer, agent), .agent = "untouched"};
    assert_int_equal(shoal_host_peer(k->a, shoal_host_id(k->b), &p, &err), SHOAL_OK);
    assert_string_equal(p.agent, "untouched");
    p.size = 0;
    assert_int_equal(shoal_host_peer(k->a, shoal_host_id(k->b), &p, &err), SHOAL_ERR_INVALID);
    shoal_host_free(h);
}

static void wrong_arguments_are_refused_at_once(void **state)
{
    struct kit *k = *state;
    struct shoal_err err;
    static const char *const none[SHOAL_OPEN_NAMES_MAX + 1] = {"/x", "/x", "/x", "/x", "/x",
                                                               "/x", "/x", "/x", "/x"};
    const char *b = shoal_host_id(k->b);
    char longest[SHOAL_PROTOCOL_NAME_MAX + 2];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_null(shoal_host_dial(k->a, "12D3nobody", on_dial, k, &err));
    assert_int_equal(err.code, SHOAL_ERR_INVALID);
    assert_null(shoal_host_dial(k->a, "/ip4/1.2.3.4", on_dial, k, NULL));
    assert_null(shoal_host_dial(k->a, "", on_dial, k, NULL));
    assert_null(shoal_host_ping(k->a, "/ip4/1.2.3.4/tcp/1", on_ping, k, NULL));
    assert_null(shoal_host_open(k->a, b, none, 0, on_open, k, NULL));
    assert_null(shoal_host_open(k->a, b, none, SHOAL_OPEN_NAMES_MAX + 1, on_open, k, NULL));
    assert_null(shoal_host_open(k->a, b, (const char *[]){""}, 1, on_open, k, &err));
    assert_int_equal(err.code, SHOAL_ERR_INVALID);
    assert_int_equal(shoal_host_handle(k->a, longest, on_asked, k, NULL), SHOAL_ERR_INVALID);
    assert_int_equal(shoal_host_handle(k->a, "/two\nlines", on_asked, k, &err), SHOAL_ERR_INVALID);
    assert_int_equal(shoal_host_handle(k->a, "/ipfs/ping/1.0.0", on_asked, k, NULL),
                     SHOAL_ERR_INVALID);
    longest[SHOAL_PROTOCOL_NAME_MAX] = '\0';
    assert_int_equal(shoal_host_handle(k->a, longest, on_asked, k, NULL), SHOAL_OK);
    assert_int_equal(shoal_host_learn(k->a, b, b, NULL), SHOAL_ERR_INVALID);
    assert_int_equal(shoal_host_learn(k->a, shoal_host_id(k->a), shoal_host_address(k->b, 0), NULL),
                     SHOAL_ERR_INVALID); /* of another peer */
    assert_null(shoal_host_address(k->b, 2));
    assert_null(shoal_host_address(k->a, 0));
}

static void names_are_counted(void **state)
{
    struct kit *k = *state;
    char name[16];
    for (int i = 0; i < SHOAL_PROTOCOLS_MAX; i++) {
        snprintf(name, sizeof name, "/n/%d", i);
        assert_int_equal(shoal_host_handle(k->a, name, on_asked, k, NULL), SHOAL_OK);
    }
    assert_int_equal(shoal_host_handle(k->a, name, on_asked, k, NULL), SHOAL_OK);
    assert_int_equal(shoal_host_handle(k->a, "/one/more", on_asked, k, NULL), SHOAL_ERR_LIMIT);
}

static void what_is_cancelled_is_silent_and_so_is_what_a_host_leaves(void **state)
{
    struct kit *k = *state;
    serve(k);
    const char *b = shoal_host_address(k->b, 0);
    shoal_op_cancel(NULL);
    shoal_op_cancel(shoal_host_dial(k->a, b, on_dial, k, NULL));
    shoal_op_cancel(shoal_host_open(k->a, b, echo_name, 1, on_open, k, NULL));
    assert_int_equal(shoal_host_learn(k->a, shoal_host_id(k->b), b, NULL), SHOAL_OK);
    shoal_op_cancel(shoal_host_ping(k->a, shoal_host_id(k->b), on_ping, k, NULL));
    shoal_host_watch(k->a, on_event, k);
    while (k->identified == 0)
        run(k); /* the dial goes on for others */
    assert_int_equal(k->told, 0);
    shoal_host_open(k->a, shoal_host_id(k->b), echo_name, 1, on_open, k, NULL);
    shoal_host_dial(k->a, shoal_host_id(k->b), on_dial, k, NULL);
    shoal_host_ping(k->a, shoal_host_id(k->b), on_ping, k, NULL);
    shoal_host_free(k->a);
    k->a = NULL;
    shoal_timer_start(k->loop, 20000, stop_loop, k->loop);
    run(k);
    assert_int_equal(k->told, 0);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        CASE(peers_meet_are_known_and_part),
        CASE(a_struct_of_another_version_is_read_as_far_as_it_goes),
        CASE(wrong_arguments_are_refused_at_once),
        CASE(names_are_counted),
        CASE(what_is_cancelled_is_silent_and_so_is_what_a_host_leaves),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
