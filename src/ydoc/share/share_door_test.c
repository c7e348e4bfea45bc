/* Links, and who comes by them. */
#include "ydoc/share/share.h"

#include "ydoc/share/share_kit_test.h"

static void a_link_opens_to_many_until_the_door_is_closed(void **state)
{
    struct kit *k = *state;
    create(&k->n[ANN]);
    char *link = link_of(&k->n[ANN], NULL, DOC_WRITER);
    assert_int_equal(join_by(&k->n[BOB], link), OK);
    assert_int_equal(join_by(&k->n[CAT], link), OK);
    assert_int_equal(share_close_door(k->n[ANN].share, &k->doc, NULL), OK);
    assert_int_equal(join_by(&k->n[DAN], link), ERR_DENIED);
    assert_int_equal(join_by(&k->n[BOB], link), OK); /* who is a member stays one */
    free(link);
}

static void a_link_for_one_opens_to_no_other(void **state)
{
    struct kit *k = *state;
    create(&k->n[ANN]);
    char *link = link_of(&k->n[ANN], host_id(k->n[BOB].host), DOC_WRITER);
    assert_int_equal(join_by(&k->n[CAT], link), ERR_DENIED);
    assert_int_equal(join_by(&k->n[BOB], link), OK);
    assert_int_equal(share_role(k->n[BOB].share, &k->doc), DOC_WRITER);
    free(link);
}

static void a_link_is_no_good_after_a_week(void **state)
{
    struct kit *k = *state;
    create(&k->n[ANN]);
    char *link = link_of(&k->n[ANN], NULL, DOC_WRITER);
    sim_node_jump_wall(k->n[ANN].sim, SHARE_INVITE_US + 1);
    assert_int_equal(join_by(&k->n[BOB], link), ERR_DENIED);
    free(link);
}

static void a_link_raises_a_reader_and_lowers_nobody(void **state)
{
    struct kit *k = *state;
    create(&k->n[ANN]);
    join(&k->n[ANN], &k->n[BOB], DOC_READER);
    join(&k->n[ANN], &k->n[BOB], DOC_WRITER);
    assert_int_equal(share_role(k->n[BOB].share, &k->doc), DOC_WRITER);
    join(&k->n[ANN], &k->n[BOB], DOC_READER);
    assert_int_equal(share_role(k->n[BOB].share, &k->doc), DOC_WRITER);
}

static void who_guesses_is_not_heard_after_a_few_wrong_ones_though_one_is_right(void **state)
{
    struct kit *k = *state;
    struct doc_link l;
    create(&k->n[ANN]);
    char *link = link_of(&k->n[ANN], NULL, DOC_WRITER);
    assert_int_equal(doc_link_parse(&l, link, NULL), OK);
    for (uint8_t i = 0; i < SHARE_GUESSES_MAX; i++) {
        struct doc_link wrong = l;
        struct buf text = {0};
        wrong.token[0] ^= (uint8_t)(i + 1);
        doc_link_format(&wrong, &text);
        char *guess = buf_take_str(&text);
        assert_int_equal(join_by(&k->n[BOB], guess), ERR_DENIED);
        free(guess);
    }
    assert_int_equal(join_by(&k->n[BOB], link), ERR_TIMEOUT); /* it is told to come later */
    assert_int_equal(join_by(&k->n[CAT], link), OK);
    sim_run_for(k->sim, SHARE_GUESS_US + 600 * SEC);
    assert_int_equal(share_role(k->n[BOB].share, &k->doc), DOC_WRITER); /* it went on asking */
    free(link);
}

static void so_many_links_may_be_good_at_once(void **state)
{
    struct kit *k = *state;
    struct buf link = {0};
    create(&k->n[ANN]);
    for (unsigned i = 0; i < SHARE_INVITES_MAX; i++)
        free(link_of(&k->n[ANN], NULL, DOC_WRITER));
    assert_int_equal(share_invite(k->n[ANN].share, &k->doc, NULL, DOC_WRITER, &link, NULL),
                     ERR_LIMIT);
    assert_int_equal(share_close_door(k->n[ANN].share, &k->doc, NULL), OK);
    assert_int_equal(share_invite(k->n[ANN].share, &k->doc, NULL, DOC_WRITER, &link, NULL), OK);
    buf_clear(&link);
    assert_int_equal(share_invite(k->n[ANN].share, &k->doc, NULL, DOC_OWNER, &link, NULL),
                     ERR_INVALID);
    buf_done(&link);
}

static bool is_member(void *arg)
{
    const struct node *n = arg;
    return shared_find(n->share, &n->kit->doc) && has((struct node *)(uintptr_t)arg, "later ");
}

static void who_joins_while_the_owner_is_away_is_let_in_later_even_after_a_restart(void **state)
{
    struct kit *k = *state;
    create(&k->n[ANN]);
    char *link = link_of(&k->n[ANN], NULL, DOC_WRITER);
    type(&k->n[ANN], "later ");
    stop(&k->n[ANN]);
    assert_int_equal(join_by(&k->n[BOB], link), ERR_TIMEOUT);
    stop(&k->n[BOB]);
    start(&k->n[BOB]);
    sim_run_for(k->sim, 60 * SEC);
    start(&k->n[ANN]);
    assert_true(sim_run_until(k->sim, is_member, &k->n[BOB], 600 * SEC));
    assert_true(list_empty(&k->n[BOB].share->joins));
    free(link);
}

static void nobody_is_told_after_he_cancelled(void **state)
{
    struct kit *k = *state;
    create(&k->n[ANN]);
    char *link = link_of(&k->n[ANN], NULL, DOC_WRITER);
    struct share_join *j = share_join(k->n[BOB].share, link, on_joined, k, NULL);
    assert_non_null(j);
    share_join_cancel(j);
    sim_run_for(k->sim, 60 * SEC);
    assert_false(k->told);
    free(link);
}

static void what_is_no_link_is_said_to_be_none(void **state)
{
    struct kit *k = *state;
    struct why why;
    assert_null(share_join(k->n[BOB].share, "shoal:doc/nonsense", on_joined, k, &why));
    assert_int_equal(why.code, ERR_INVALID);
}

static void a_blocked_peer_is_not_let_in(void **state)
{
    struct kit *k = *state;
    create(&k->n[ANN]);
    char *link = link_of(&k->n[ANN], NULL, DOC_WRITER);
    assert_int_equal(trust_set(k->n[ANN].trust, host_id(k->n[BOB].host), TRUST_BLOCKED, NULL, NULL),
                     OK);
    assert_int_equal(join_by(&k->n[BOB], link), ERR_TIMEOUT);
    free(link);
}

static void what_is_forgotten_is_gone_and_may_be_joined_again(void **state)
{
    struct kit *k = *state;
    struct why why;
    create(&k->n[ANN]);
    type(&k->n[ANN], "here ");
    char *link = link_of(&k->n[ANN], NULL, DOC_WRITER);
    assert_int_equal(join_by(&k->n[BOB], link), OK);
    sim_run_for(k->sim, 5 * SEC);
    if (share_forget(k->n[BOB].share, &k->doc, &why) != OK)
        fail_msg("%s", why.text);
    assert_null(shared_find(k->n[BOB].share, &k->doc));
    sim_run_for(k->sim, 60 * SEC);
    assert_int_equal(join_by(&k->n[BOB], link), OK);
    assert_true(has(&k->n[BOB], "here "));
    free(link);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_link_opens_to_many_until_the_door_is_closed),
        TEST(a_link_for_one_opens_to_no_other),
        TEST(a_link_is_no_good_after_a_week),
        TEST(a_link_raises_a_reader_and_lowers_nobody),
        TEST(who_guesses_is_not_heard_after_a_few_wrong_ones_though_one_is_right),
        TEST(so_many_links_may_be_good_at_once),
        TEST(who_joins_while_the_owner_is_away_is_let_in_later_even_after_a_restart),
        TEST(nobody_is_told_after_he_cancelled),
        TEST(what_is_no_link_is_said_to_be_none),
        TEST(a_blocked_peer_is_not_let_in),
        TEST(what_is_forgotten_is_gone_and_may_be_joined_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
