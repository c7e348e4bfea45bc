/* Whom a message goes to, and what a wrong one costs. */
#include "host/gossip/gossip_state_test.h"

static void a_message_goes_to_the_mesh_but_not_back_nor_to_its_author(void **state)
{
    struct kit *k = *state;
    crowd(k, 6);
    beats(k, 1);
    assert_true(bring(k, 1, 2, 100, GOSSIP_ACCEPT, false));
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, NULL), 4);
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, k->p[1]), 0);
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, k->p[2]), 0);
    k->seqno--; /* once more, by another */
    assert_false(bring(k, 3, 2, 100, GOSSIP_ACCEPT, false));
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, NULL), 4);
}

static void a_forged_message_costs_its_bringer_and_hides_nothing(void **state)
{
    struct kit *k = *state;
    crowd(k, 6);
    beats(k, 1);
    k->count = 0;
    assert_false(bring(k, 1, 2, 5000, GOSSIP_ACCEPT, true));
    assert_int_equal(k->count, 0); /* no IDONTWANT for it either */
    assert_true(gossip_peer_score(k->state, k->p[1], k->now_us) < 0);
    k->seqno--; /* the real one */
    assert_true(bring(k, 3, 2, 5000, GOSSIP_ACCEPT, false));
    for (unsigned i = 0; i < 3; i++)
        bring(k, 1, 2, 10, GOSSIP_ACCEPT, true);
    assert_false(gossip_peer_heard(k->state, k->p[1], k->now_us));
}

static void what_an_app_rejects_goes_no_further_and_costs(void **state)
{
    struct kit *k = *state;
    crowd(k, 6);
    beats(k, 1);
    assert_true(bring(k, 1, 2, 10, GOSSIP_REJECT, false));
    assert_true(gossip_peer_score(k->state, k->p[1], k->now_us) < 0);
    assert_true(bring(k, 3, 2, 10, GOSSIP_IGNORE, false));
    assert_true(gossip_peer_score(k->state, k->p[3], k->now_us) >= 0);
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, NULL), 0);
    beats(k, 1);
    assert_int_equal(told_ids(k, GOSSIP_IHAVE, NULL), 0);
}

static void what_we_said_ourselves_is_not_news(void **state)
{
    struct kit *k = *state;
    crowd(k, 2);
    beats(k, 1);
    assert_false(bring(k, 1, 0, 10, GOSSIP_ACCEPT, false));
}

static void ours_goes_to_all_who_listen(void **state)
{
    struct kit *k = *state;
    crowd(k, 20);
    here(k, 30, GOSSIP_V12, true); /* listens to nothing */
    gossip_peer_rate(k->p[5], GOSSIP_SCORE_PUBLISH - 1);
    beats(k, 1);
    struct gossip_author self = {.id = id_of(k, 0), .seqno = 1};
    pubkey_of_ed25519(&self.key, keys_peer_public(k->keys[0]));
    assert_int_equal(
        gossip_state_publish(k->state, &self, text(NEWS), text("m"), text("m"), k->now_us), 19);
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, k->p[5]), 0);
    self.seqno++;
    assert_int_equal(
        gossip_state_publish(k->state, &self, text("olds"), text("m"), text("m"), k->now_us), 0);
    assert_int_equal(gossip_state_size(k->state).topics, 1); /* nobody listens: not kept */
}

static void a_fanout_is_kept_for_a_minute_where_ours_goes_to_some(void **state)
{
    struct kit *k = *state;
    struct gossip_author self = {.id = id_of(k, 0), .seqno = 1};
    pubkey_of_ed25519(&self.key, keys_peer_public(k->keys[0]));
    gossip_state_free(k->state);
    struct gossip_state_cfg cfg = {.seed = 3,
                                   .self = id_of(k, 0),
                                   .weights = &gossip_weights,
                                   .mesh_only = true,
                                   .act = on_act,
                                   .arg = k};
    k->state = gossip_state_new(&cfg);
    crowd(k, 20);
    size_t n = gossip_state_publish(k->state, &self, text(NEWS), text("m"), text("m"), k->now_us);
    assert_int_equal(n, GOSSIP_D);
    size_t first[20] = {0}, again = 0;
    for (unsigned i = 1; i <= 20; i++)
        first[i - 1] = told(k, GOSSIP_SAY_MESSAGE, k->p[i]);
    k->count = 0;
    beats(k, 30);
    self.seqno++;
    gossip_state_publish(k->state, &self, text(NEWS), text("m"), text("m"), k->now_us);
    for (unsigned i = 1; i <= 20; i++)
        again += first[i - 1] && told(k, GOSSIP_SAY_MESSAGE, k->p[i]);
    assert_int_equal(again, GOSSIP_D); /* the same ones */
    k->count = 0;
    assert_int_equal(gossip_state_join(k->state, text(NEWS), k->now_us, NULL), OK);
    for (unsigned i = 1; i <= 20; i++)
        assert_int_equal(told(k, GOSSIP_SAY_GRAFT, k->p[i]), first[i - 1]);
}

static void who_knows_only_floodsub_gets_everything(void **state)
{
    struct kit *k = *state;
    crowd(k, 1);
    here(k, 2, GOSSIP_FLOODSUB, true);
    subscribe(k, 2, NEWS, true);
    beats(k, 1);
    assert_false(in_mesh(k, 2));
    assert_true(bring(k, 1, 1, 10, GOSSIP_ACCEPT, false));
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, k->p[2]), 1);
}

static void a_message_goes_on_though_its_bringer_left_before_it_was_judged(void **state)
{
    struct kit *k = *state;
    struct buf b = {0};
    struct gossip_msg m;
    struct gossip_author a;
    struct gossip_held *held;
    struct peer_id id = id_of(k, 9);
    crowd(k, 3);
    beats(k, 1);
    gossip_sign(k->keys[9], &id, 1, text(NEWS), text("m"), &b);
    assert_int_equal(gossip_msg_decode(&m, buf_cur(&b), NULL), OK);
    assert_int_equal(gossip_state_take(k->state, k->p[1], &m, k->now_us, &a, &held), GOSSIP_NEW);
    gossip_peer_gone(k->state, k->p[1], k->now_us);
    gossip_state_judge(k->state, NULL, held, GOSSIP_ACCEPT, k->now_us);
    assert_int_equal(told(k, GOSSIP_SAY_MESSAGE, NULL), 2);
    buf_done(&b);
}

/* By what it says. */
static bool by_data(void *arg, const struct gossip_author *author, struct cur data,
                    struct gossip_id *out)
{
    (void)arg, (void)author;
    out->len = (uint16_t)data.n;
    if (data.n > 0 && data.n <= sizeof out->bytes)
        memcpy(out->bytes, data.p, data.n);
    return data.n <= sizeof out->bytes;
}

static void what_an_app_names_alike_is_one_message(void **state)
{
    struct kit *k = *state;
    crowd(k, 40);
    beats(k, 1);
    gossip_state_namer(k->state, text(NEWS), by_data, NULL);
    assert_true(bring(k, 1, 50, 10, GOSSIP_ACCEPT, false));
    assert_false(bring(k, 2, 51, 10, GOSSIP_ACCEPT, false)); /* another's, with another number */
    assert_true(bring(k, 2, 51, 11, GOSSIP_ACCEPT, false));
    assert_false(bring(k, 3, 52, GOSSIP_ID_MAX + 1, GOSSIP_ACCEPT, false));
    assert_true(gossip_peer_score(k->state, k->p[3], k->now_us) < 0); /* it has no name */
    k->count = 0;
    beats(k, 1);
    assert_true(told_ids(k, GOSSIP_IHAVE, NULL) >= 2); /* by that name, whoever is told */
    gossip_state_leave(k->state, text(NEWS), k->now_us);
    assert_int_equal(gossip_state_join(k->state, text(NEWS), k->now_us, NULL), OK);
    assert_true(bring(k, 2, 53, 10, GOSSIP_ACCEPT, false)); /* by its author again */
}

static void while_something_waits_for_a_peer_what_it_gives_us_is_not_given_to_it(void **state)
{
    struct kit *k = *state;
    crowd(k, 3);
    beats(k, 1);
    bring(k, 1, 9, 10, GOSSIP_ACCEPT, false);
    k->seqno--;
    bring(k, 2, 9, 10, GOSSIP_ACCEPT, false);
    assert_int_equal(gossip_peer_declined(k->p[2]), 0);
    gossip_peer_waits(k->p[3], true);
    k->seqno--;
    bring(k, 3, 9, 10, GOSSIP_ACCEPT, false);
    assert_int_equal(gossip_peer_declined(k->p[3]), 1);
}

static void what_waited_too_long_is_not_sent(void **state)
{
    struct kit *k = *state;
    struct gossip_held m = {.at_us = k->now_us};
    crowd(k, 1);
    assert_true(gossip_peer_wants(k->state, k->p[1], &m, k->now_us + GOSSIP_STALE_US));
    assert_false(gossip_peer_wants(k->state, k->p[1], &m, k->now_us + GOSSIP_STALE_US + 1));
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(a_message_goes_to_the_mesh_but_not_back_nor_to_its_author),
        CASE(a_forged_message_costs_its_bringer_and_hides_nothing),
        CASE(what_an_app_rejects_goes_no_further_and_costs),
        CASE(what_we_said_ourselves_is_not_news),
        CASE(ours_goes_to_all_who_listen),
        CASE(a_fanout_is_kept_for_a_minute_where_ours_goes_to_some),
        CASE(who_knows_only_floodsub_gets_everything),
        CASE(a_message_goes_on_though_its_bringer_left_before_it_was_judged),
        CASE(what_an_app_names_alike_is_one_message),
        CASE(while_something_waits_for_a_peer_what_it_gives_us_is_not_given_to_it),
        CASE(what_waited_too_long_is_not_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
