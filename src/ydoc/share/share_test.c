#include "ydoc/share/share.h"

#include "ydoc/share/share_kit_test.h"

static void two_who_share_a_document_read_what_either_types(void **state)
{
    struct kit *k = *state;
    create(&k->n[ANN]);
    type(&k->n[ANN], "before ");
    join(&k->n[ANN], &k->n[BOB], DOC_WRITER);
    assert_true(has(&k->n[BOB], "before "));
    type(&k->n[ANN], "by ann ");
    reads(&k->n[BOB], "by ann ", SEC);
    type(&k->n[BOB], "by bob ");
    reads(&k->n[ANN], "by bob ", SEC);
}

/* Ann and bob and cat. */
static void three(struct kit *k)
{
    create(&k->n[ANN]);
    join(&k->n[ANN], &k->n[BOB], DOC_WRITER);
    join(&k->n[ANN], &k->n[CAT], DOC_WRITER);
    sim_run_for(k->sim, SEC);
}

static void three_converge_though_two_of_them_do_not_know_each_others_address(void **state)
{
    struct kit *k = *state;
    three(k);
    for (unsigned i = 0; i < 20; i++) {
        char text[16];
        snprintf(text, sizeof text, "%u by %u ", i, i % 3);
        type(&k->n[i % 3], text);
        sim_run_for(k->sim, 20 * MSEC);
    }
    sim_run_for(k->sim, 5 * SEC);
    assert_true(same_bytes(&k->n[ANN], &k->n[BOB]));
    assert_true(same_bytes(&k->n[ANN], &k->n[CAT]));
    assert_true(has(&k->n[BOB], "17 by 2 "));
}

static void who_was_away_catches_up_and_brings_what_he_typed_there(void **state)
{
    struct kit *k = *state;
    three(k);
    stop(&k->n[BOB]);
    type(&k->n[ANN], "while bob was away ");
    reads(&k->n[CAT], "while bob was away ", 2 * SEC);
    cut(&k->n[ANN], &k->n[BOB]);
    cut(&k->n[CAT], &k->n[BOB]);
    start(&k->n[BOB]);
    assert_false(has(&k->n[BOB], "while bob was away "));
    type(&k->n[BOB], "on the train ");
    sim_run_for(k->sim, 30 * SEC);
    heal(&k->n[ANN], &k->n[BOB]);
    heal(&k->n[CAT], &k->n[BOB]);
    reads(&k->n[BOB], "while bob was away ", 120 * SEC);
    reads(&k->n[ANN], "on the train ", SEC);
    reads(&k->n[CAT], "on the train ", SEC);
}

static void two_sides_of_a_parted_network_come_together_again(void **state)
{
    struct kit *k = *state;
    three(k);
    join(&k->n[ANN], &k->n[DAN], DOC_WRITER);
    for (unsigned a = ANN; a <= BOB; a++)
        for (unsigned b = CAT; b <= DAN; b++)
            cut(&k->n[a], &k->n[b]);
    type(&k->n[ANN], "left ");
    type(&k->n[DAN], "right ");
    reads(&k->n[BOB], "left ", 60 * SEC);
    never_reads(&k->n[BOB], "right ", 30 * SEC);
    for (unsigned a = ANN; a <= BOB; a++)
        for (unsigned b = CAT; b <= DAN; b++)
            heal(&k->n[a], &k->n[b]);
    for (unsigned i = 0; i < NODES; i++) {
        reads(&k->n[i], "left ", 180 * SEC);
        reads(&k->n[i], "right ", 180 * SEC);
    }
    sim_run_for(k->sim, 5 * SEC);
    for (unsigned i = 1; i < NODES; i++)
        assert_true(same_bytes(&k->n[ANN], &k->n[i]));
}

static void who_has_met_one_member_meets_the_others(void **state)
{
    struct kit *k = *state;
    three(k);
    sim_run_for(k->sim, 30 * SEC);
    stop(&k->n[ANN]);
    type(&k->n[BOB], "without ann ");
    reads(&k->n[CAT], "without ann ", SEC);
    assert_non_null(stream_with(&k->n[BOB], &k->n[CAT]));
}

static void packets_that_are_lost_lose_nothing(void **state)
{
    struct kit *k = *state;
    struct sim_link bad = {.latency_us = 30 * MSEC, .jitter_us = 20 * MSEC, .loss_ppm = 50000};
    three(k);
    for (unsigned i = 0; i < 3; i++)
        sim_node_set_link(k->n[i].sim, bad);
    for (unsigned i = 0; i < 60; i++) {
        type(&k->n[i % 3], "x");
        sim_run_for(k->sim, 100 * MSEC);
    }
    sim_run_for(k->sim, 60 * SEC);
    char *text = text_of(&k->n[ANN]);
    assert_int_equal(strlen(text), 60);
    free(text);
    assert_true(same_bytes(&k->n[ANN], &k->n[BOB]));
    assert_true(same_bytes(&k->n[ANN], &k->n[CAT]));
}

static enum gossip_verdict pass_on(void *arg, const struct gossip_news *n)
{
    (void)arg, (void)n;
    return GOSSIP_ACCEPT;
}

static void a_member_without_a_stream_hears_by_the_topic(void **state)
{
    struct kit *k = *state;
    create(&k->n[ANN]);
    join(&k->n[ANN], &k->n[CAT], DOC_WRITER);
    cut(&k->n[ANN], &k->n[CAT]);
    /* Bob, who is no member, listens to the topic and so passes on what he cannot read. */
    const char *topic = shared_find(k->n[ANN].share, &k->doc)->topic;
    struct gossip_sub *sub = gossip_subscribe(k->n[BOB].gossip, topic, pass_on, NULL, NULL);
    meet(&k->n[BOB], &k->n[ANN]);
    meet(&k->n[BOB], &k->n[CAT]);
    sim_run_for(k->sim, 5 * SEC);
    type(&k->n[ANN], "by the topic ");
    reads(&k->n[CAT], "by the topic ", 2 * SEC);
    const struct session *x = stream_with(&k->n[CAT], &k->n[ANN]);
    assert_true(!x || !x->live);
    gossip_unsubscribe(sub);
}

static void a_reader_reads_and_what_he_types_stays_with_him(void **state)
{
    struct kit *k = *state;
    create(&k->n[ANN]);
    join(&k->n[ANN], &k->n[BOB], DOC_READER);
    assert_int_equal(share_role(k->n[BOB].share, &k->doc), DOC_READER);
    type(&k->n[ANN], "to be read ");
    reads(&k->n[BOB], "to be read ", SEC);
    assert_false(room_writable(k->n[BOB].room));
    type(&k->n[BOB], "by a reader "); /* his program is not ours */
    never_reads(&k->n[ANN], "by a reader ", 60 * SEC);
}

static void a_reader_who_becomes_a_writer_is_heard_and_the_other_way_round(void **state)
{
    struct kit *k = *state;
    create(&k->n[ANN]);
    join(&k->n[ANN], &k->n[BOB], DOC_READER);
    free(link_of(&k->n[ANN], host_id(k->n[BOB].host), DOC_WRITER));
    sim_run_for(k->sim, SEC);
    assert_int_equal(share_role(k->n[BOB].share, &k->doc), DOC_WRITER);
    type(&k->n[BOB], "by a writer ");
    reads(&k->n[ANN], "by a writer ", SEC);
    free(link_of(&k->n[ANN], host_id(k->n[BOB].host), DOC_READER));
    sim_run_for(k->sim, SEC);
    assert_int_equal(share_role(k->n[BOB].share, &k->doc), DOC_READER);
    type(&k->n[BOB], "too late ");
    never_reads(&k->n[ANN], "too late ", 60 * SEC);
}

static void who_is_removed_is_cut_off_at_once_by_all(void **state)
{
    struct kit *k = *state;
    struct why why;
    three(k);
    meet(&k->n[BOB], &k->n[CAT]);
    sim_run_for(k->sim, 5 * SEC);
    assert_non_null(stream_with(&k->n[BOB], &k->n[CAT]));
    assert_int_equal(share_remove(k->n[ANN].share, &k->doc, host_id(k->n[CAT].host), &why), OK);
    sim_run_for(k->sim, 100 * MSEC);
    assert_null(stream_with(&k->n[ANN], &k->n[CAT]));
    assert_null(stream_with(&k->n[BOB], &k->n[CAT]));
    type(&k->n[ANN], "not for cat ");
    type(&k->n[BOB], "nor this ");
    reads(&k->n[BOB], "not for cat ", SEC);
    type(&k->n[CAT], "by nobody ");
    never_reads(&k->n[CAT], "not for cat ", 120 * SEC);
    assert_false(has(&k->n[CAT], "nor this "));
    assert_false(has(&k->n[ANN], "by nobody "));
    assert_false(has(&k->n[BOB], "by nobody "));
    assert_int_equal(share_role(k->n[CAT].share, &k->doc), DOC_READER); /* ann told it */
    stop(&k->n[CAT]);
    start(&k->n[CAT]);
    assert_int_equal(share_role(k->n[CAT].share, &k->doc), DOC_READER);
}

static void who_was_removed_and_is_a_member_again_hears_of_it(void **state)
{
    struct kit *k = *state;
    three(k);
    const struct peer_id *cat = host_id(k->n[CAT].host);
    assert_int_equal(share_remove(k->n[ANN].share, &k->doc, cat, NULL), OK);
    sim_run_for(k->sim, 60 * SEC);
    assert_int_equal(share_role(k->n[CAT].share, &k->doc), DOC_READER);
    type(&k->n[ANN], "meanwhile ");
    free(link_of(&k->n[ANN], cat, DOC_WRITER));
    reads(&k->n[CAT], "meanwhile ", 30 * SEC);
    assert_int_equal(share_role(k->n[CAT].share, &k->doc), DOC_WRITER);
    type(&k->n[CAT], "here again ");
    reads(&k->n[BOB], "here again ", 30 * SEC);
}

static void members_are_listed_with_their_roles_and_whether_they_are_here(void **state)
{
    struct kit *k = *state;
    struct share_member *m;
    create(&k->n[ANN]);
    join(&k->n[ANN], &k->n[BOB], DOC_READER);
    assert_int_equal(share_members(k->n[BOB].share, &k->doc, &m), 2);
    for (unsigned i = 0; i < 2; i++) {
        bool ann = peer_id_equal(&m[i].peer, host_id(k->n[ANN].host));
        assert_int_equal(m[i].role, ann ? DOC_OWNER : DOC_READER);
        assert_int_equal(m[i].connected, ann);
        assert_true((m[i].seen_us > 0) == ann);
    }
    free(m);
}

static void only_its_owner_says_who_its_members_are(void **state)
{
    struct kit *k = *state;
    struct why why;
    struct buf link = {0};
    create(&k->n[ANN]);
    join(&k->n[ANN], &k->n[BOB], DOC_WRITER);
    const struct peer_id *cat = host_id(k->n[CAT].host);
    assert_int_equal(share_invite(k->n[BOB].share, &k->doc, cat, DOC_READER, &link, &why),
                     ERR_DENIED);
    assert_int_equal(share_remove(k->n[BOB].share, &k->doc, cat, &why), ERR_DENIED);
    assert_int_equal(share_close_door(k->n[BOB].share, &k->doc, &why), ERR_DENIED);
    assert_int_equal(share_remove(k->n[ANN].share, &k->doc, cat, &why), ERR_NOT_FOUND);
    assert_int_equal(share_remove(k->n[ANN].share, &k->doc, host_id(k->n[ANN].host), &why),
                     ERR_INVALID);
}

static void what_is_shared_is_shared_after_a_restart_of_both(void **state)
{
    struct kit *k = *state;
    create(&k->n[ANN]);
    join(&k->n[ANN], &k->n[BOB], DOC_WRITER);
    sim_run_for(k->sim, SEC);
    stop(&k->n[ANN]);
    stop(&k->n[BOB]);
    start(&k->n[ANN]);
    start(&k->n[BOB]);
    type(&k->n[ANN], "a new day ");
    reads(&k->n[BOB], "a new day ", 30 * SEC);
    join(&k->n[ANN], &k->n[CAT], DOC_WRITER); /* its secret was kept */
    reads(&k->n[CAT], "a new day ", SEC);
}

static void a_document_that_is_at_rest_is_in_nobodys_memory(void **state)
{
    struct kit *k = *state;
    three(k);
    for (unsigned i = 0; i < 3; i++) {
        struct node *n = &k->n[i];
        if (n->room)
            room_done(n->room);
        n->room = NULL;
    }
    sim_run_for(k->sim, 300 * SEC);
    for (unsigned i = 0; i < 3; i++) {
        const struct shared *d = shared_find(k->n[i].share, &k->doc);
        assert_null(d->room);
        assert_int_equal(d->session_count, 0);
    }
    type(&k->n[ANN], "awake ");
    reads(&k->n[BOB], "awake ", 2 * SEC);
}

static void a_document_that_nobody_else_has_is_held_for_nobody(void **state)
{
    struct kit *k = *state;
    create(&k->n[ANN]);
    type(&k->n[ANN], "mine alone ");
    sim_run_for(k->sim, SEC);
    assert_null(shared_find(k->n[ANN].share, &k->doc)->room);
    join(&k->n[ANN], &k->n[BOB], DOC_WRITER);
    reads(&k->n[BOB], "mine alone ", SEC);
}

static void of_more_documents_than_are_held_the_quietest_is_let_go(void **state)
{
    enum { MANY = SHARE_HELD_MAX + 3 };
    struct kit *k = *state;
    struct node *ann = &k->n[ANN];
    struct peer_id away;
    struct why why;
    assert_int_equal(peer_id_parse(&away, keys_peer_id(k->n[DAN].keys), &why), OK);
    stop(&k->n[DAN]);
    struct doc_id ids[MANY];
    for (size_t i = 0; i < MANY; i++) {
        create(ann);
        ids[i] = k->doc;
        free(link_of(ann, &away, DOC_WRITER));
        type(ann, "one of many ");
        room_done(ann->room);
        ann->room = NULL;
        sim_run_for(k->sim, 10 * MSEC);
    }
    size_t held = 0;
    for (size_t i = 0; i < MANY; i++)
        held += shared_find(ann->share, &ids[i])->room != NULL;
    assert_int_equal(held, SHARE_HELD_MAX);
    assert_null(shared_find(ann->share, &ids[0])->room);
    assert_non_null(shared_find(ann->share, &ids[MANY - 1])->room);
}

static void a_large_document_goes_by_stream(void **state)
{
    struct kit *k = *state;
    enum { LARGE = 3 << 20 };
    char *text = mem_zalloc(LARGE + 1);
    for (size_t i = 0; i < LARGE; i++)
        text[i] = (char)('a' + loop_random_u64(k->n[ANN].loop) % 26);
    create(&k->n[ANN]);
    type(&k->n[ANN], text);
    join(&k->n[ANN], &k->n[BOB], DOC_WRITER);
    assert_int_equal(ydoc_length(room_doc(k->n[ANN].room), "text"), LARGE);
    reads(&k->n[BOB], text, SEC);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(two_who_share_a_document_read_what_either_types),
        TEST(three_converge_though_two_of_them_do_not_know_each_others_address),
        TEST(who_was_away_catches_up_and_brings_what_he_typed_there),
        TEST(two_sides_of_a_parted_network_come_together_again),
        TEST(who_has_met_one_member_meets_the_others),
        TEST(packets_that_are_lost_lose_nothing),
        TEST(a_member_without_a_stream_hears_by_the_topic),
        TEST(a_reader_reads_and_what_he_types_stays_with_him),
        TEST(a_reader_who_becomes_a_writer_is_heard_and_the_other_way_round),
        TEST(who_is_removed_is_cut_off_at_once_by_all),
        TEST(who_was_removed_and_is_a_member_again_hears_of_it),
        TEST(members_are_listed_with_their_roles_and_whether_they_are_here),
        TEST(only_its_owner_says_who_its_members_are),
        TEST(what_is_shared_is_shared_after_a_restart_of_both),
        TEST(a_document_that_is_at_rest_is_in_nobodys_memory),
        TEST(a_document_that_nobody_else_has_is_held_for_nobody),
        TEST(of_more_documents_than_are_held_the_quietest_is_let_go),
        TEST(a_large_document_goes_by_stream),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
