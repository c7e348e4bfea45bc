#include "tunnel/tunnel_kit_test.h"

#include "net/udp.h"
#include "tunnel/dgram.h"

/* A service that answers each datagram with what it was and from where it seems to come. */
struct answerer {
    struct udp *socket;
    size_t heard, ports;
    uint16_t seen[64];
    char last[64];
};

static void on_question(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct answerer *a = arg;
    bool known = false;
    a->heard++;
    snprintf(a->last, sizeof a->last, "%.*s", (int)(n < 60 ? n : 60), (const char *)bytes);
    for (size_t i = 0; i < a->ports; i++)
        known |= a->seen[i] == from->port;
    if (!known && a->ports < 64)
        a->seen[a->ports++] = from->port;
    udp_send(a->socket, from, bytes, n);
}

/* A program that asks. */
struct asker {
    struct udp *socket;
    struct addr to;
    size_t heard;
    char first[64], last[64];
    size_t last_len;
};

static void on_reply(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct asker *a = arg;
    assert_true(addr_equal(from, &a->to)); /* or a resolver would not take it */
    snprintf(a->last, sizeof a->last, "%.*s", (int)(n < 60 ? n : 60), (const char *)bytes);
    if (a->heard++ == 0)
        memcpy(a->first, a->last, sizeof a->first);
    a->last_len = n;
}

static void asker_open(struct kit *k, unsigned i, struct asker *a)
{
    struct addr at = addr_v4(127, 0, 0, 1, 0);
    struct why why;
    *a = (struct asker){.to = addr_v4(127, 0, 0, 1, 5353)};
    a->socket = udp_open(k->n[i].loop, &at, on_reply, a, &why);
    assert_non_null(a->socket);
}

static void ask_text(struct asker *a, const char *text)
{
    udp_send(a->socket, &a->to, text, strlen(text));
}

/* Node 0 offers a service of UDP to node 1, which has it at 5353/udp. */
static void offer_udp(struct kit *k, struct answerer *a)
{
    char path[PEER_ID_FORMAT + 8];
    struct addr at = addr_v4(127, 0, 0, 1, 53);
    struct why why;
    *a = (struct answerer){0};
    a->socket = udp_open(k->n[0].loop, &at, on_question, a, &why);
    assert_non_null(a->socket);
    ask_well(k, 0, "connect.expose",
             json_pack("{s:s, s:s, s:[s]}", "port", "53/udp", "as", "dns", "to", k->n[1].id));
    snprintf(path, sizeof path, "%s/dns", k->n[0].id);
    ask_well(k, 1, "connect.forward", json_pack("{s:s, s:s}", "service", path, "port", "5353/udp"));
}

static const struct forward *only_forward(struct kit *k)
{
    return LIST_FIRST(&k->n[1].app->forwards, struct forward, link);
}

static void each_program_has_its_own_flow_and_its_own_answers(void **state)
{
    struct kit *k = *state;
    struct answerer service;
    struct asker one, two;
    uint8_t large[1400] = {7};
    offer_udp(k, &service);
    asker_open(k, 1, &one);
    asker_open(k, 1, &two);
    ask_text(&one, "one");
    ask_text(&two, "two");
    udp_send(two.socket, &two.to, "", 0);
    sim_run_for(k->sim, 2 * SEC);
    assert_string_equal(one.last, "one");
    assert_int_equal(one.heard, 1);
    assert_string_equal(two.first, "two");
    assert_int_equal(two.heard, 2);
    assert_int_equal(two.last_len, 0); /* an empty one is one too */
    udp_send(one.socket, &one.to, large, sizeof large);
    sim_run_for(k->sim, SEC);
    assert_int_equal(one.last_len, sizeof large);
    assert_int_equal(service.ports, 2); /* the service tells them apart */
    assert_int_equal(only_forward(k)->caller_count, 2);
    /* Another program of the service's machine is not the service. */
    struct asker stranger;
    size_t before = one.heard + two.heard;
    asker_open(k, 0, &stranger);
    for (size_t i = 0; i < service.ports; i++) {
        stranger.to = addr_v4(127, 0, 0, 1, service.seen[i]);
        ask_text(&stranger, "it was me");
    }
    sim_run_for(k->sim, SEC);
    assert_int_equal(one.heard + two.heard, before);
    udp_close(stranger.socket);
    udp_close(one.socket);
    udp_close(two.socket);
    udp_close(service.socket);
}

static void a_flow_without_a_word_ends_and_begins_again(void **state)
{
    struct kit *k = *state;
    struct answerer service;
    struct asker one;
    offer_udp(k, &service);
    asker_open(k, 1, &one);
    ask_text(&one, "one");
    sim_run_for(k->sim, DGRAM_IDLE_US - SEC);
    assert_int_equal(only_forward(k)->caller_count, 1);
    sim_run_for(k->sim, 10 * SEC);
    assert_int_equal(only_forward(k)->caller_count, 0);
    assert_true(list_empty(&k->n[0].app->visits));
    ask_text(&one, "again");
    sim_run_for(k->sim, 2 * SEC);
    assert_string_equal(one.last, "again");
    udp_close(one.socket);
    udp_close(service.socket);
}

/* Before there is a stream, and when it is slow: what is newest counts. */
static void the_oldest_are_dropped_where_too_many_wait(void **state)
{
    struct kit *k = *state;
    struct answerer service;
    struct asker one;
    offer_udp(k, &service);
    asker_open(k, 1, &one);
    for (unsigned i = 0; i < 200; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u", i);
        ask_text(&one, text);
    }
    sim_run_for(k->sim, 5 * SEC);
    assert_int_equal(one.heard, DGRAM_QUEUED_MAX);
    assert_string_equal(one.first, "136");
    assert_string_equal(one.last, "199");
    udp_close(one.socket);
    udp_close(service.socket);
}

static void there_are_only_so_many_flows(void **state)
{
    struct kit *k = *state;
    struct answerer service;
    struct asker many[FLOWS_MAX + 10];
    size_t heard = 0;
    offer_udp(k, &service);
    for (size_t i = 0; i < FLOWS_MAX + 10; i++) {
        asker_open(k, 1, &many[i]);
        ask_text(&many[i], "x");
        sim_run_for(k->sim, SEC);
        assert_in_range(only_forward(k)->caller_count, 1, FLOWS_MAX);
    }
    for (size_t i = 0; i < FLOWS_MAX + 10; i++) {
        heard += many[i].heard;
        udp_close(many[i].socket);
    }
    assert_int_equal(heard, FLOWS_MAX + 10); /* the silent made room */
    udp_close(service.socket);
}

static void after_a_lost_connection_the_next_datagram_asks_again(void **state)
{
    struct kit *k = *state;
    struct answerer service;
    struct asker one;
    offer_udp(k, &service);
    asker_open(k, 1, &one);
    ask_text(&one, "one");
    sim_run_for(k->sim, 2 * SEC);
    host_hang_up(k->n[0].host, host_id(k->n[1].host));
    sim_run_for(k->sim, 2 * SEC);
    ask_text(&one, "two");
    sim_run_for(k->sim, 5 * SEC);
    assert_string_equal(one.last, "two");
    ask_well(k, 0, "connect.rm", json_pack("{s:s}", "id", "dns"));
    sim_run_for(k->sim, 2 * SEC);
    ask_text(&one, "three");
    sim_run_for(k->sim, 5 * SEC);
    assert_string_equal(one.last, "two");
    assert_string_equal(service.last, "two");
    udp_close(one.socket);
    udp_close(service.socket);
}

static void who_takes_one_kind_for_the_other_is_told(void **state)
{
    struct kit *k = *state;
    struct answerer service;
    struct asker one;
    char path[PEER_ID_FORMAT + 8];
    offer_udp(k, &service);
    snprintf(path, sizeof path, "%s/dns", k->n[0].id);
    ask_well(k, 1, "connect.forward", json_pack("{s:s, s:s}", "service", path, "port", "5353"));
    use_port(k, 1, 5353);
    assert_true(k->user.ended || k->user.closed);
    const struct forward *tcp = forward_find(k->n[1].app, 5353, false);
    assert_non_null(strstr(tcp->why.text, "/udp"));
    ask_well(k, 0, "connect.expose",
             json_pack("{s:s, s:s, s:[s]}", "port", "8080", "as", "dns", "to", k->n[1].id));
    asker_open(k, 1, &one);
    ask_text(&one, "x");
    sim_run_for(k->sim, 2 * SEC);
    assert_non_null(strstr(forward_find(k->n[1].app, 5353, true)->why.text, "without /udp"));
    assert_int_equal(service.heard, 0);
    udp_close(one.socket);
    udp_close(service.socket);
}

static void both_kinds_come_back_after_a_restart(void **state)
{
    struct kit *k = *state;
    struct answerer service;
    struct asker one;
    char path[PEER_ID_FORMAT + 8];
    offer_udp(k, &service);
    snprintf(path, sizeof path, "%s/dns", k->n[0].id);
    ask_well(k, 1, "connect.forward", json_pack("{s:s, s:s}", "service", path, "port", "5353"));
    asker_open(k, 1, &one);
    ask_text(&one, "one");
    sim_run_for(k->sim, 2 * SEC);
    for (unsigned i = 0; i < 2; i++)
        end(&k->n[i]);
    sim_run_for(k->sim, 60 * SEC);
    for (unsigned i = 0; i < 2; i++)
        begin(&k->n[i], i);
    ask_text(&one, "two");
    sim_run_for(k->sim, 5 * SEC);
    assert_string_equal(one.last, "two");
    assert_int_equal(json_array_size(ask_well(k, 1, "connect.ls", json_object())), 2);
    ask_well(k, 1, "connect.rm", json_pack("{s:s}", "id", "5353/udp"));
    assert_non_null(forward_find(k->n[1].app, 5353, false));
    assert_null(forward_find(k->n[1].app, 5353, true));
    udp_close(one.socket);
    udp_close(service.socket);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(each_program_has_its_own_flow_and_its_own_answers),
        TEST(a_flow_without_a_word_ends_and_begins_again),
        TEST(the_oldest_are_dropped_where_too_many_wait),
        TEST(there_are_only_so_many_flows),
        TEST(after_a_lost_connection_the_next_datagram_asks_again),
        TEST(who_takes_one_kind_for_the_other_is_told),
        TEST(both_kinds_come_back_after_a_restart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
