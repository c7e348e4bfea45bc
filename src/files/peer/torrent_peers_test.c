#include "files/peer/torrent_peers.h"

#include "base/test.h"

static struct addr host(unsigned i)
{
    return addr_v4(10, (uint8_t)(i >> 16), (uint8_t)(i >> 8), (uint8_t)i, 6881);
}

static struct peer_entry *add(struct torrent_peers *t, unsigned i, enum peer_source source,
                              uint64_t now_us)
{
    struct addr a = host(i);
    return torrent_peers_add(t, &a, source, now_us, NULL);
}

static void a_failed_dial_waits_longer_each_time(void **state)
{
    (void)state;
    struct torrent_peers *t = torrent_peers_new(1);
    uint64_t now = 100 * SEC, wait = 0, before = 0;
    struct peer_entry *e = add(t, 1, PEER_TRACKER, now);
    for (int i = 0; i < 12; i++) {
        assert_ptr_equal(torrent_peers_next(t, false, now, &wait), e);
        e->connected = true;
        assert_null(torrent_peers_next(t, false, now, &wait));
        assert_int_equal(wait, UINT64_MAX);
        torrent_peers_closed(t, e, false, now);
        assert_null(torrent_peers_next(t, false, now, &wait));
        assert_true(wait >= TORRENT_PEERS_PAUSE_US && wait <= TORRENT_PEERS_PAUSE_MAX_US);
        assert_true(wait >= before);
        before = wait;
        now += wait;
    }
    assert_int_equal(before, TORRENT_PEERS_PAUSE_MAX_US);
    torrent_peers_free(t);
}

static void by_hand_is_tried_at_once(void **state)
{
    (void)state;
    struct torrent_peers *t = torrent_peers_new(1);
    uint64_t wait;
    struct peer_entry *e = add(t, 1, PEER_TRACKER, SEC);
    e->connected = true;
    torrent_peers_closed(t, e, false, SEC);
    assert_null(torrent_peers_next(t, false, 2 * SEC, &wait));
    assert_ptr_equal(add(t, 1, PEER_TRACKER, 2 * SEC), e);
    assert_null(torrent_peers_next(t, false, 2 * SEC, &wait));
    assert_ptr_equal(add(t, 1, PEER_BY_HAND, 2 * SEC), e);
    assert_ptr_equal(torrent_peers_next(t, false, 2 * SEC, &wait), e);
    torrent_peers_free(t);
}

static void whom_a_person_named_last_is_next(void **state)
{
    (void)state;
    struct torrent_peers *t = torrent_peers_new(1);
    uint64_t wait;
    for (unsigned i = 1; i <= 100; i++)
        add(t, i, PEER_BY_HAND, SEC);
    struct peer_entry *e = add(t, 50, PEER_BY_HAND, SEC);
    assert_ptr_equal(torrent_peers_next(t, false, SEC, &wait), e);
    e->connected = true;
    assert_ptr_equal(torrent_peers_next(t, false, SEC, &wait), add(t, 100, PEER_TRACKER, SEC));
    torrent_peers_free(t);
}

static void who_gets_another_address_is_still_the_one_that_he_was(void **state)
{
    (void)state;
    struct torrent_peers *t = torrent_peers_new(1);
    struct peer_entry *before = add(t, 1, PEER_INCOMING, SEC), *now = add(t, 2, PEER_TRACKER, SEC);
    uint32_t id = before->id, other = now->id;
    before->suspicion = 2;
    now->suspicion = 1;
    torrent_peers_become(now, before);
    assert_ptr_equal(torrent_peers_by_id(t, id), now);
    assert_ptr_equal(torrent_peers_by_id(t, other), before);
    assert_int_equal(now->suspicion, 3); /* coming anew sheds nothing */
    assert_int_equal(before->suspicion, 0);
    torrent_peers_free(t);
}

static void seeds_do_not_dial_seeds(void **state)
{
    (void)state;
    struct torrent_peers *t = torrent_peers_new(1);
    uint64_t wait;
    struct peer_entry *e = add(t, 1, PEER_TRACKER, SEC);
    e->known_seed = true;
    assert_null(torrent_peers_next(t, true, SEC, &wait));
    assert_ptr_equal(torrent_peers_next(t, false, SEC, &wait), e);
    torrent_peers_free(t);
}

static void who_came_to_us_is_not_dialled_until_it_says_where(void **state)
{
    (void)state;
    struct torrent_peers *t = torrent_peers_new(1);
    uint64_t wait;
    struct peer_entry *e = add(t, 1, PEER_INCOMING, SEC);
    assert_null(torrent_peers_next(t, false, SEC, &wait));
    add(t, 1, PEER_ITSELF, SEC);
    assert_ptr_equal(torrent_peers_next(t, false, SEC, &wait), e);
    torrent_peers_free(t);
}

static void the_table_is_bounded_and_keeps_those_that_never_failed(void **state)
{
    (void)state;
    struct torrent_peers *t = torrent_peers_new(1);
    for (unsigned i = 1; i <= TORRENT_PEERS_MAX; i++)
        assert_non_null(add(t, i, PEER_TRACKER, SEC));
    assert_null(add(t, 5000, PEER_TRACKER, SEC));
    struct addr a = host(7);
    struct peer_entry *e = torrent_peers_find(t, &a);
    e->connected = true;
    torrent_peers_closed(t, e, false, SEC);
    assert_non_null(add(t, 5000, PEER_TRACKER, SEC));
    assert_null(torrent_peers_find(t, &a));
    assert_int_equal(torrent_peers_count(t), TORRENT_PEERS_MAX);
    torrent_peers_free(t);
}

static void the_banned_stay_out_and_the_oldest_ban_goes_first(void **state)
{
    (void)state;
    struct torrent_peers *t = torrent_peers_new(1);
    struct peer_entry *e = add(t, 1, PEER_TRACKER, SEC);
    uint32_t id = e->id;
    e->connected = true;
    struct addr a = host(1);
    torrent_peers_ban(t, &a);
    assert_ptr_equal(torrent_peers_by_id(t, id), e); /* while it is connected */
    torrent_peers_closed(t, e, true, SEC);
    assert_null(torrent_peers_by_id(t, id));
    assert_null(add(t, 1, PEER_BY_HAND, SEC));
    assert_null(add(t, 1, PEER_INCOMING, SEC));
    for (unsigned i = 2; i <= TORRENT_BANS_MAX; i++) {
        struct addr b = host(i);
        torrent_peers_ban(t, &b);
    }
    assert_true(torrent_peers_is_banned(t, &a));
    struct addr last = host(9999);
    torrent_peers_ban(t, &last);
    assert_false(torrent_peers_is_banned(t, &a));
    torrent_peers_free(t);
}

/* A liar comes back from another port; but behind a NAT not all are liars. */
static void a_ban_is_of_the_ip_unless_somebody_else_of_it_has_proven_himself(void **state)
{
    (void)state;
    struct torrent_peers *t = torrent_peers_new(1);
    struct addr liar = addr_v4(192, 0, 2, 1, 1000), other = addr_v4(192, 0, 2, 1, 2000),
                near = addr_v4(127, 0, 0, 1, 1000), nearby = addr_v4(127, 0, 0, 1, 2000);
    torrent_peers_add(t, &other, PEER_TRACKER, SEC, NULL)->proven = 1;
    assert_false(torrent_peers_ban(t, &liar));
    assert_true(torrent_peers_is_banned(t, &liar));
    assert_false(torrent_peers_is_banned(t, &other));
    assert_false(torrent_peers_ban(t, &near)); /* this machine: many programs */
    assert_false(torrent_peers_is_banned(t, &nearby));
    torrent_peers_free(t);
    t = torrent_peers_new(1);
    torrent_peers_add(t, &other, PEER_TRACKER, SEC, NULL);
    assert_true(torrent_peers_ban(t, &liar));
    assert_true(torrent_peers_is_banned(t, &other));
    assert_null(torrent_peers_find(t, &other));
    torrent_peers_ban_port(t, &near);
    assert_false(torrent_peers_is_banned(t, &nearby));
    torrent_peers_free(t);
}

static void what_cannot_be_dialled_is_not_kept(void **state)
{
    (void)state;
    struct torrent_peers *t = torrent_peers_new(1);
    struct addr none = addr_v4(10, 0, 0, 1, 0), any = addr_v4(0, 0, 0, 0, 80);
    assert_null(torrent_peers_add(t, &none, PEER_TRACKER, SEC, NULL));
    assert_null(torrent_peers_add(t, &any, PEER_BY_HAND, SEC, NULL));
    assert_int_equal(torrent_peers_count(t), 0);
    torrent_peers_free(t);
}

static struct peer_entry *told(struct torrent_peers *t, unsigned i, uint32_t teller)
{
    struct addr a = host(i);
    return torrent_peers_told(t, &a, teller, SEC);
}

static void dial_fails(struct torrent_peers *t, struct peer_entry *e)
{
    e->connected = true;
    torrent_peers_closed(t, e, false, SEC);
}

static void what_peers_told_has_a_share_of_its_own(void **state)
{
    (void)state;
    struct torrent_peers *t = torrent_peers_new(1);
    for (unsigned i = 0; i < TORRENT_PEERS_TELLER_MAX; i++)
        assert_non_null(told(t, i, 1));
    assert_null(told(t, 5000, 1)); /* this teller has told enough */
    for (unsigned i = 1000; i < 1000 + TORRENT_PEERS_TOLD_MAX; i++)
        told(t, i, i); /* many tellers */
    assert_int_equal(torrent_peers_count(t), TORRENT_PEERS_TOLD_MAX);
    assert_null(told(t, 6000, 6000));
    struct addr a = host(7);
    dial_fails(t, torrent_peers_find(t, &a));
    assert_non_null(told(t, 6000, 6000)); /* in place of one that failed */
    assert_null(torrent_peers_find(t, &a));
    assert_int_equal(torrent_peers_count(t), TORRENT_PEERS_TOLD_MAX);
    torrent_peers_free(t);
}

static void what_peers_told_pushes_nobody_out_and_makes_room_for_others(void **state)
{
    (void)state;
    struct torrent_peers *t = torrent_peers_new(1);
    struct peer_entry *first = told(t, 1, 1);
    for (unsigned i = 2; i <= TORRENT_PEERS_MAX; i++)
        assert_non_null(add(t, i, PEER_TRACKER, SEC));
    struct addr a = host(1), failed = host(2);
    dial_fails(t, torrent_peers_find(t, &failed));
    assert_null(told(t, 5000, 1)); /* not even those who failed */
    assert_non_null(torrent_peers_find(t, &failed));
    assert_ptr_equal(torrent_peers_find(t, &a), first);
    assert_non_null(add(t, 5000, PEER_TRACKER, SEC)); /* the one that failed goes first, */
    assert_null(torrent_peers_find(t, &failed));
    assert_non_null(add(t, 5001, PEER_TRACKER, SEC)); /* and then the one that was told */
    assert_null(torrent_peers_find(t, &a));
    assert_int_equal(torrent_peers_count(t), TORRENT_PEERS_MAX);
    torrent_peers_free(t);
}

static void a_tracker_is_believed_before_a_peer(void **state)
{
    (void)state;
    struct torrent_peers *t = torrent_peers_new(1);
    uint64_t wait;
    struct peer_entry *e = told(t, 1, 1);
    struct peer_entry *f = add(t, 2, PEER_TRACKER, SEC);
    assert_ptr_equal(torrent_peers_next(t, false, SEC, &wait), f);
    assert_null(told(t, 2, 1)); /* known already */
    assert_int_equal(f->source, PEER_TRACKER);
    assert_ptr_equal(add(t, 1, PEER_TRACKER, SEC), e); /* and now the tracker says so too */
    assert_int_equal(e->source, PEER_TRACKER);
    assert_ptr_equal(torrent_peers_next(t, false, SEC, &wait), e);
    struct addr banned = host(3);
    torrent_peers_ban(t, &banned);
    assert_null(told(t, 3, 1));
    torrent_peers_free(t);
}

static void of_equals_the_higher_priority_is_dialled_first(void **state)
{
    (void)state;
    struct torrent_peers *t = torrent_peers_new(1);
    uint64_t wait;
    struct addr first = addr_v4(98, 76, 54, 33, 6881), ours = addr_v4(123, 213, 32, 10, 6881);
    struct peer_entry *a = torrent_peers_add(t, &first, PEER_TRACKER, 0, NULL), *best = a;
    for (uint8_t i = 0; i < 20; i++) {
        struct addr other = addr_v4(10, i, 4, 5, 6881);
        torrent_peers_add(t, &other, PEER_TRACKER, 0, NULL);
    }
    assert_ptr_equal(torrent_peers_next(t, false, SEC, &wait), a); /* not known who we are */
    torrent_peers_we_are(t, &ours);
    for (uint32_t id = 1; id <= 21; id++) {
        struct peer_entry *e = torrent_peers_by_id(t, id);
        assert_true(e->priority > 0);
        best = e->priority > best->priority ? e : best;
    }
    assert_ptr_not_equal(best, a);
    assert_ptr_equal(torrent_peers_next(t, false, SEC, &wait), best);
    torrent_peers_free(t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_failed_dial_waits_longer_each_time),
        cmocka_unit_test(by_hand_is_tried_at_once),
        cmocka_unit_test(whom_a_person_named_last_is_next),
        cmocka_unit_test(who_gets_another_address_is_still_the_one_that_he_was),
        cmocka_unit_test(seeds_do_not_dial_seeds),
        cmocka_unit_test(who_came_to_us_is_not_dialled_until_it_says_where),
        cmocka_unit_test(the_table_is_bounded_and_keeps_those_that_never_failed),
        cmocka_unit_test(the_banned_stay_out_and_the_oldest_ban_goes_first),
        cmocka_unit_test(a_ban_is_of_the_ip_unless_somebody_else_of_it_has_proven_himself),
        cmocka_unit_test(what_cannot_be_dialled_is_not_kept),
        cmocka_unit_test(what_peers_told_has_a_share_of_its_own),
        cmocka_unit_test(what_peers_told_pushes_nobody_out_and_makes_room_for_others),
        cmocka_unit_test(a_tracker_is_believed_before_a_peer),
        cmocka_unit_test(of_equals_the_higher_priority_is_dialled_first),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
