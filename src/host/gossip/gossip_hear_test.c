/* What peers tell of messages, and what a peer makes us hold. */
#include "host/gossip/gossip_state_test.h"

static void others_are_told_for_three_heartbeats(void **state)
{
    struct kit *k = *state;
    crowd(k, 40);
    beats(k, 1);
    bring(k, 1, 50, 10, GOSSIP_ACCEPT, false);
    k->count = 0;
    beats(k, 1);
    assert_int_equal(told_ids(k, GOSSIP_IHAVE, NULL), (40 - GOSSIP_D) / 4);
    for (unsigned i = 1; i <= 40; i++)
        if (in_mesh(k, i))
            assert_int_equal(told_ids(k, GOSSIP_IHAVE, k->p[i]), 0);
    beats(k, 2);
    assert_int_equal(told_ids(k, GOSSIP_IHAVE, NULL), 3 * ((40 - GOSSIP_D) / 4));
    beats(k, 5);
    assert_int_equal(told_ids(k, GOSSIP_IHAVE, NULL), 3 * ((40 - GOSSIP_D) / 4));
}

static void what_we_do_not_have_is_asked_for_so_often(void **state)
{
    struct kit *k = *state;
    crowd(k, 2);
    say_ids(k, 1, GOSSIP_IHAVE, 0, 10);
    assert_int_equal(told_ids(k, GOSSIP_IWANT, k->p[1]), 10);
    for (unsigned i = 1; i < GOSSIP_IHAVES_MAX; i++)
        say_ids(k, 1, GOSSIP_IHAVE, i * 10, 10);
    assert_int_equal(told_ids(k, GOSSIP_IWANT, k->p[1]), 10 * GOSSIP_IHAVES_MAX);
    say_ids(k, 1, GOSSIP_IHAVE, 5000, 10); /* one past */
    assert_int_equal(told_ids(k, GOSSIP_IWANT, k->p[1]), 10 * GOSSIP_IHAVES_MAX);
    say_ids(k, 2, GOSSIP_IHAVE, 10000, GOSSIP_ASKED_MAX + 1);
    assert_int_equal(told_ids(k, GOSSIP_IWANT, k->p[2]), GOSSIP_ASKED_MAX);
}

static void who_promises_and_sends_nothing_is_to_blame(void **state)
{
    struct kit *k = *state;
    crowd(k, 2);
    beats(k, 1);
    for (unsigned i = 0; i < 24; i++) {
        say_ids(k, 1, GOSSIP_IHAVE, i * 10, 1);
        say_ids(k, 2, GOSSIP_IHAVE, i * 10, 1);
        bring(k, 2, 2, 10, GOSSIP_ACCEPT, false); /* that one sends */
        beats(k, 3);
    }
    assert_true(gossip_peer_score(k->state, k->p[1], k->now_us) < GOSSIP_SCORE_GOSSIP);
    assert_true(gossip_peer_score(k->state, k->p[2], k->now_us) > 0);
    k->count = 0;
    say_ids(k, 1, GOSSIP_IHAVE, 5000, 1); /* it is believed no more */
    assert_int_equal(k->count, 0);
}

static void who_asks_is_given_by_any_name_three_times(void **state)
{
    struct kit *k = *state;
    crowd(k, 2);
    bring(k, 1, 5, 10, GOSSIP_ACCEPT, false);
    k->count = 0;
    struct gossip_author a = {.id = id_of(k, 5), .seqno = k->seqno};
    struct gossip_id name;
    pubkey_of_ed25519(&a.key, keys_peer_public(k->keys[5]));
    for (unsigned i = 0; i < 5; i++) {
        struct buf part = {0}, ids = {0};
        gossip_name(&a, (enum gossip_form)(i % GOSSIP_FORMS), &name);
        gossip_put_id(&ids, GOSSIP_IWANT, cur_of(name.bytes, name.len));
        gossip_put_ids(&part, GOSSIP_IWANT, text(""), &ids);
        control(k, 2, &part);
        buf_done(&ids);
    }
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, k->p[2]), GOSSIP_GIVEN_MAX);
}

/* Trap of the field: ids that a js or rust peer cannot match. */
static void who_names_messages_as_js_does_is_told_of_them_so(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    prune(k, 1, 60); /* not in the mesh: it is told of messages */
    here(k, 2, GOSSIP_V12, true);
    subscribe(k, 2, NEWS, true);
    bring(k, 2, 5, 10, GOSSIP_ACCEPT, false);
    struct gossip_author a = {.id = id_of(k, 5), .seqno = k->seqno};
    struct gossip_id js;
    pubkey_of_ed25519(&a.key, keys_peer_public(k->keys[5]));
    gossip_name(&a, GOSSIP_JS, &js);
    struct buf part = {0}, ids = {0};
    gossip_put_id(&ids, GOSSIP_IHAVE, cur_of(js.bytes, js.len));
    gossip_put_ids(&part, GOSSIP_IHAVE, text(NEWS), &ids);
    k->count = 0;
    control(k, 1, &part);
    assert_int_equal(told_ids(k, GOSSIP_IWANT, k->p[1]), 0); /* we have it, by another name */
    beats(k, 1);
    assert_int_equal(told_ids(k, GOSSIP_IHAVE, k->p[1]), 1);
    buf_done(&ids);
}

static void a_long_message_is_declined_before_it_is_judged_and_a_short_one_is_not(void **state)
{
    struct kit *k = *state;
    crowd(k, 4);
    here(k, 5, GOSSIP_V11, true);
    subscribe(k, 5, NEWS, true);
    beats(k, 1);
    k->count = 0;
    bring(k, 1, 9, 100, GOSSIP_ACCEPT, false);
    assert_int_equal(told_ids(k, GOSSIP_IDONTWANT, NULL), 0);
    bring(k, 1, 9, GOSSIP_DONTWANT_BYTES, GOSSIP_IGNORE, false);
    assert_int_equal(told_ids(k, GOSSIP_IDONTWANT, NULL), 3);
    assert_int_equal(told_ids(k, GOSSIP_IDONTWANT, k->p[5]), 0); /* it would not understand */
}

static void who_declined_a_message_is_not_sent_it_for_three_heartbeats(void **state)
{
    struct kit *k = *state;
    crowd(k, 3);
    beats(k, 1);
    struct gossip_author a = {.id = id_of(k, 9), .seqno = k->seqno + 1};
    struct gossip_id go;
    struct buf part = {0}, ids = {0};
    pubkey_of_ed25519(&a.key, keys_peer_public(k->keys[9]));
    gossip_name(&a, GOSSIP_GO, &go);
    gossip_put_id(&ids, GOSSIP_IDONTWANT, cur_of(go.bytes, go.len));
    gossip_put_ids(&part, GOSSIP_IDONTWANT, text(""), &ids);
    control(k, 2, &part);
    k->count = 0;
    bring(k, 1, 9, 5000, GOSSIP_ACCEPT, false);
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, k->p[2]), 0);
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, k->p[3]), 1);
    buf_done(&ids);
}

/* What is noted of declined messages is bounded, and whoever says them again does not keep them. */
static void so_many_declined_messages_are_noted(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    for (unsigned beat = 0; beat < 20; beat++) {
        say_ids(k, 1, GOSSIP_IDONTWANT, 0, 1); /* always the same first */
        say_ids(k, 1, GOSSIP_IDONTWANT, beat * 5000, GOSSIP_DONTWANT_MAX + 500);
        assert_true(gossip_peer_declined(k->p[1]) <= 4 * GOSSIP_DONTWANT_MAX);
        beats(k, 1);
    }
    beats(k, 4);
    assert_int_equal(gossip_peer_declined(k->p[1]), 0);
}

/* --- what a peer makes us hold -------------------------------------------------------------- */

/* CVE-2026-46679 */
static void subscriptions_of_a_peer_are_bounded(void **state)
{
    struct kit *k = *state;
    char topic[32];
    crowd(k, 1);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(topic, sizeof topic, "topic %u", i);
        subscribe(k, 1, topic, true);
    }
    assert_int_equal(gossip_state_size(k->state).ties, GOSSIP_PEER_TOPICS_MAX);
    assert_int_equal(gossip_state_size(k->state).topics, GOSSIP_PEER_TOPICS_MAX);
    assert_int_equal(gossip_state_join(k->state, text("ours"), k->now_us, NULL), OK);
    subscribe(k, 1, "ours", true); /* what is ours is noted all the same */
    assert_int_equal(gossip_state_listeners(k->state, text("ours"), NULL, 0), 1);
    gossip_peer_gone(k->state, k->p[1], k->now_us);
    assert_int_equal(gossip_state_size(k->state).ties, 0);
    assert_int_equal(gossip_state_size(k->state).topics, 2);
    assert_int_equal(gossip_state_size(k->state).peers, 0);
}

static void coming_and_going_subscriptions_leave_nothing(void **state)
{
    struct kit *k = *state;
    char topic[32];
    crowd(k, 1);
    for (unsigned i = 0; i < 5000; i++) {
        snprintf(topic, sizeof topic, "topic %u", i);
        subscribe(k, 1, topic, true);
        subscribe(k, 1, topic, false);
    }
    assert_int_equal(gossip_state_size(k->state).topics, 1);
    assert_int_equal(gossip_state_size(k->state).ties, 1);
}

static void what_was_bad_is_remembered_over_a_new_connection_and_forgotten_in_time(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    gossip_peer_blame(k->p[1], 10);
    gossip_peer_gone(k->state, k->p[1], k->now_us);
    assert_int_equal(gossip_state_size(k->state).gone, 1);
    here(k, 1, GOSSIP_V12, false);
    assert_false(gossip_peer_heard(k->state, k->p[1], k->now_us));
    gossip_peer_gone(k->state, k->p[1], k->now_us);
    beats(k, 1000);
    assert_int_equal(gossip_state_size(k->state).peers, 0);
}

static void of_those_who_left_so_many_are_remembered(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < GOSSIP_GONE_MAX + 50; i++) {
        struct gossip_peer_cfg cfg = {.version = GOSSIP_V12};
        cfg.id.len = 2;
        cfg.id.bytes[0] = (uint8_t)(i >> 8);
        cfg.id.bytes[1] = (uint8_t)i;
        struct gossip_peer *p = gossip_peer_here(k->state, &cfg, k->now_us);
        gossip_peer_blame(p, 100);
        gossip_peer_gone(k->state, p, k->now_us);
    }
    assert_int_equal(gossip_state_size(k->state).gone, GOSSIP_GONE_MAX);
}

static void our_topics_are_bounded(void **state)
{
    struct kit *k = *state;
    char topic[GOSSIP_TOPIC_MAX + 2];
    for (unsigned i = 1; i < GOSSIP_TOPICS_MAX; i++) {
        snprintf(topic, sizeof topic, "topic %u", i);
        assert_int_equal(gossip_state_join(k->state, text(topic), k->now_us, NULL), OK);
    }
    assert_int_equal(gossip_state_join(k->state, text("more"), k->now_us, NULL), ERR_LIMIT);
    gossip_state_leave(k->state, text(NEWS), k->now_us);
    memset(topic, 'x', sizeof topic);
    assert_int_equal(
        gossip_state_join(k->state, cur_of(topic, GOSSIP_TOPIC_MAX + 1), k->now_us, NULL),
        ERR_LIMIT);
    assert_int_equal(gossip_state_join(k->state, text(""), k->now_us, NULL), ERR_LIMIT);
    assert_int_equal(gossip_state_join(k->state, cur_of(topic, GOSSIP_TOPIC_MAX), k->now_us, NULL),
                     OK);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(others_are_told_for_three_heartbeats),
        CASE(what_we_do_not_have_is_asked_for_so_often),
        CASE(who_promises_and_sends_nothing_is_to_blame),
        CASE(who_asks_is_given_by_any_name_three_times),
        CASE(who_names_messages_as_js_does_is_told_of_them_so),
        CASE(a_long_message_is_declined_before_it_is_judged_and_a_short_one_is_not),
        CASE(who_declined_a_message_is_not_sent_it_for_three_heartbeats),
        CASE(so_many_declined_messages_are_noted),
        CASE(subscriptions_of_a_peer_are_bounded),
        CASE(coming_and_going_subscriptions_leave_nothing),
        CASE(what_was_bad_is_remembered_over_a_new_connection_and_forgotten_in_time),
        CASE(of_those_who_left_so_many_are_remembered),
        CASE(our_topics_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
