#include "tunnel/tunnel.h"

#include "host/host_in.h"
#include "tunnel/lasting_state.h"
#include "tunnel/tunnel_kit_test.h"

/* The purse that node i has of the other one. */
static struct purse *purse_of(struct kit *k, unsigned i)
{
    return peer_find(k->n[i].host, host_id(k->n[1 - i].host))->purse;
}

static uint64_t drawn(struct kit *k, unsigned i)
{
    return purse_of(k, i)->budget.used[BUDGET_BYTES];
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
    for (unsigned i = 0; i < 2; i++) /* here what nobody took, there what was not acknowledged */
        assert_true(drawn(k, i) >= LASTING_WAITING_MAX && drawn(k, i) < (4 << 20));
    served->deaf = false;
    hand_read(served);
    sim_run_for(k->sim, 20 * SEC);
    assert_int_equal(buf_len(&served->got), took);
    hand_drop(&k->user);
    hand_drop(served);
    sim_run_for(k->sim, 60 * SEC);
    assert_int_equal(drawn(k, 0) + drawn(k, 1), 0);
}

static void with_an_empty_purse_a_forward_waits_and_goes_on(void **state)
{
    struct kit *k = *state;
    struct hand *served = k->n[0].served;
    offer(k);
    use_port(k, 1, 7000);
    uint64_t *limit = &purse_of(k, 1)->budget.limit[BUDGET_BYTES], was = *limit;
    *limit = drawn(k, 1);
    assert_int_equal(conn_send(k->user.c, "question", 8), 8);
    sim_run_for(k->sim, 5 * SEC);
    assert_int_equal(buf_len(&served->got), 0);
    *limit = was;
    sim_run_for(k->sim, SEC);
    hears(served, "question");
    assert_false(k->user.closed || served->closed);
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
    ask_well(k, 2, "connect.forward", json_pack("{s:s, s:s}", "service", path, "port", "7000"));
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
        ask_well(k, 2, "connect.forward", json_pack("{s:s, s:s}", "service", path, "port", "7001"));
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_connection_is_a_stream_and_each_end_its_own),
        TEST(what_waits_for_a_slow_reader_is_bounded),
        TEST(with_an_empty_purse_a_forward_waits_and_goes_on),
        TEST(when_one_end_fails_the_other_is_told),
        TEST(a_peer_that_was_away_is_dialled_again),
        TEST(all_comes_back_after_a_restart),
        TEST(a_stranger_is_a_card_until_he_is_trusted),
        TEST(a_stranger_learns_nothing_of_what_there_is),
        TEST(the_blocked_cannot_come),
        TEST(what_is_removed_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
