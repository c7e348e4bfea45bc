#include "tunnel/exit.h"

#include "tunnel/tunnel_kit_test.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_peers_exit_reaches_the_world),
        TEST(a_name_with_one_bad_address_is_refused),
        TEST(the_exits_own_addresses_are_refused),
        TEST(an_exit_ends_at_its_last_day_and_its_log_after_thirty),
        TEST(an_exit_gives_no_more_than_its_rate),
        TEST(new_connections_through_an_exit_take_their_turn),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
