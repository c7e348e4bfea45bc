#include "tunnel/lasting.h"

#include "tunnel/tunnel_kit_test.h"

/* What was said by both ends so far, and how it is checked. */
struct talk {
    struct kit *k;
    struct hand *ends[2]; /* the program, the service */
    size_t said[2], heard[2];
    size_t last[2]; /* so much in all, and then an end */
    bool ended[2];
};

static uint8_t byte_of(unsigned i, size_t at)
{
    return (uint8_t)(at * 131 + (at >> 8) * 7 + (at >> 16) + i);
}

static void say_on(struct talk *t, unsigned i)
{
    uint8_t bytes[5000];
    ssize_t n = 1;
    while (n > 0 && t->said[i] < t->last[i]) {
        size_t want = t->last[i] - t->said[i];
        want = want < sizeof bytes ? want : sizeof bytes;
        for (size_t b = 0; b < want; b++)
            bytes[b] = byte_of(i, t->said[i] + b);
        n = conn_send(t->ends[i]->c, bytes, want);
        t->said[i] += n > 0 ? (size_t)n : 0;
    }
    if (t->said[i] == t->last[i] && !t->ended[i]) {
        t->ended[i] = true;
        conn_shut(t->ends[i]->c);
    }
}

static void check(struct talk *t, unsigned i)
{
    struct buf *got = &t->ends[i]->got;
    for (size_t b = 0; b < buf_len(got); b++)
        if (buf_bytes(got)[b] != byte_of(1 - i, t->heard[i] + b))
            fail_msg("end %u: byte %zu is another", i, t->heard[i] + b);
    t->heard[i] += buf_len(got);
    buf_clear(got);
    assert_false(t->ends[i]->closed);
}

static bool all_heard(const struct talk *t)
{
    return t->heard[0] == t->last[1] && t->heard[1] == t->last[0] && t->ends[0]->ended &&
           t->ends[1]->ended;
}

static struct talk begin_talk(struct kit *k, size_t up, size_t down)
{
    offer(k);
    use_port(k, 1, 7000);
    assert_int_equal(k->n[0].served_count, 1);
    return (struct talk){.k = k, .ends = {&k->user, &k->n[0].served[0]}, .last = {up, down}};
}

static void go_on_for(struct talk *t, uint64_t us)
{
    for (unsigned i = 0; i < 2; i++)
        say_on(t, i);
    sim_run_for(t->k->sim, us);
    for (unsigned i = 0; i < 2; i++)
        check(t, i);
}

static bool nothing_left(struct kit *k)
{
    return list_empty(&k->n[0].app->lastings.list) && list_empty(&k->n[1].app->lastings.list) &&
           list_empty(&k->n[0].app->visits);
}

/* By who uses, by who serves, in turn; every so many ms another moment. */
static void a_connection_lives_through_lost_ones(void **state)
{
    struct kit *k = *state;
    struct talk t = begin_talk(k, 3000000, 2000000);
    unsigned cuts = 0;
    for (; !all_heard(&t) && cuts < 2000; cuts++) {
        go_on_for(&t, (40 + cuts * 7 % 130) * MSEC);
        unsigned who = cuts & 1;
        host_hang_up(k->n[who].host, host_id(k->n[1 - who].host));
    }
    assert_true(all_heard(&t));
    assert_in_range(cuts, 10, 1999);
    sim_run_for(k->sim, 10 * SEC);
    assert_true(nothing_left(k));
}

/* It is quiet; one end has ended, the connection goes, and the other end is still heard. */
static void an_end_is_no_end_of_the_other_way_through_a_cut(void **state)
{
    struct kit *k = *state;
    struct talk t = begin_talk(k, 1000, 5000000);
    go_on_for(&t, 20 * MSEC);
    host_hang_up(k->n[1].host, host_id(k->n[0].host));
    for (unsigned i = 0; i < 100 && !all_heard(&t); i++)
        go_on_for(&t, 100 * MSEC);
    assert_true(all_heard(&t));
}

/* Each moment of a short conversation: at its beginning, in it, at its ends. */
static void the_last_words_arrive_whenever_it_is_cut(void **state)
{
    struct kit *k = *state;
    offer(k);
    for (uint64_t at = 0; at < 120 * MSEC; at += 3 * MSEC) {
        k->n[0].served_count = 0;
        use_port(k, 1, 7000);
        assert_int_equal(k->n[0].served_count, 1);
        struct talk t = {.k = k, .ends = {&k->user, &k->n[0].served[0]}, .last = {100, 70000}};
        go_on_for(&t, at);
        host_hang_up(k->n[at & 1].host, host_id(k->n[1 - (at & 1)].host));
        for (unsigned i = 0; i < 50; i++)
            go_on_for(&t, 100 * MSEC);
        assert_true(all_heard(&t));
        hand_drop(&k->n[0].served[0]);
    }
    sim_run_for(k->sim, LASTING_WAIT_US); /* who missed the very last word waits for it */
    assert_true(nothing_left(k));
}

/* A cable is pulled for 20 s: noticed, dialled again, and bytes move within 10 s after. */
static void a_pulled_cable_is_waited_out(void **state)
{
    struct kit *k = *state;
    struct talk t = begin_talk(k, 1000000000, 1000000000);
    for (uint64_t phase = 0; phase < 10; phase++) {
        go_on_for(&t, (3 + phase) * SEC + phase * 370 * MSEC);
        sim_cut(k->n[0].sim, k->n[1].sim);
        for (unsigned i = 0; i < 20; i++)
            go_on_for(&t, SEC);
        for (unsigned i = 0; i < 2; i++) /* it is known to be dead, on both sides */
            assert_false(host_connected(k->n[i].host, host_id(k->n[1 - i].host)));
        sim_heal(k->n[0].sim, k->n[1].sim);
        size_t up = t.heard[1], down = t.heard[0];
        for (unsigned i = 0; i < 100 && (t.heard[0] == down || t.heard[1] == up); i++)
            go_on_for(&t, 100 * MSEC);
        assert_true(t.heard[1] > up && t.heard[0] > down);
    }
}

static void who_is_away_for_too_long_is_given_up(void **state)
{
    struct kit *k = *state;
    struct talk t = begin_talk(k, 10000000, 1000);
    go_on_for(&t, 50 * MSEC);
    sim_cut(k->n[0].sim, k->n[1].sim);
    sim_run_for(k->sim, 100 * SEC);
    assert_false(k->user.closed || k->n[0].served[0].closed);
    sim_run_for(k->sim, 100 * SEC);
    assert_true(k->user.closed && k->n[0].served[0].closed);
    assert_true(nothing_left(k));
}

/* Whoever holds the other end now never heard of it: that is no end of the bytes. */
static void a_peer_that_began_anew_ends_it(void **state)
{
    struct kit *k = *state;
    struct talk t = begin_talk(k, 100000000, 100000000);
    go_on_for(&t, 50 * MSEC);
    sim_cut(k->n[0].sim, k->n[1].sim); /* so that it cannot say so */
    end(&k->n[0]);
    sim_run_for(k->sim, 5 * SEC);
    begin(&k->n[0], 0);
    sim_heal(k->n[0].sim, k->n[1].sim);
    assert_false(k->user.closed);
    sim_run_for(k->sim, 40 * SEC);
    assert_true(k->user.closed && !k->user.ended);
    assert_true(nothing_left(k));
}

static void who_lost_his_trust_while_away_finds_nothing(void **state)
{
    struct kit *k = *state;
    struct talk t = begin_talk(k, 100000000, 100000000);
    go_on_for(&t, 50 * MSEC);
    sim_cut(k->n[0].sim, k->n[1].sim);
    ask_well(k, 0, "connect.rm", json_pack("{s:s}", "id", "web"));
    assert_true(list_empty(&k->n[0].app->lastings.list));
    sim_run_for(k->sim, SEC);
    assert_true(k->n[0].served[0].closed);
    sim_heal(k->n[0].sim, k->n[1].sim);
    sim_run_for(k->sim, 60 * SEC);
    assert_true(k->user.closed && !k->user.ended);
}

/* All was said and the programs are gone; what is still on its way is a peer's that is trusted. */
static void what_still_goes_out_is_cut_too(void **state)
{
    struct kit *k = *state;
    struct talk t = begin_talk(k, 1000, 30000);
    say_on(&t, 0);
    sim_run_for(k->sim, SEC);
    sim_cut(k->n[0].sim, k->n[1].sim);
    say_on(&t, 1);
    sim_run_for(k->sim, SEC);
    assert_true(list_empty(&k->n[0].app->visits));
    assert_false(list_empty(&k->n[0].app->lastings.list));
    set_trust(&k->n[0], &k->n[1], TRUST_BLOCKED);
    assert_true(list_empty(&k->n[0].app->lastings.list));
}

struct asking {
    struct hand end; /* its stream, where it was let in */
    bool told;
    uint8_t session[HEAD_SESSION_LEN];
};

static void on_asked(void *arg, const struct ask_answer *answer, const struct why *why)
{
    struct asking *a = arg;
    (void)why;
    a->told = true;
    if (!answer->stream)
        return;
    memcpy(a->session, answer->session, sizeof a->session);
    hand_take(&a->end, answer->stream);
}

static bool is_let_in(struct kit *k, unsigned i, const struct head_ask *what, struct asking *a)
{
    ask_start(k->n[i].host, host_id(k->n[0].host), FORWARD_PROTOCOL, what, on_asked, a);
    sim_run_for(k->sim, SEC);
    assert_true(a->told);
    return a->end.c != NULL;
}

/* Not even by one who is welcome too, and knows what it is called. */
static void a_session_is_taken_up_again_by_its_own_peer_alone(void **state)
{
    struct kit *k = *state;
    struct asking first = {0}, thief = {0}, own = {0};
    struct head_ask service = {.service = "web"}, again = {.resumes = true};
    offer(k);
    ask_well(k, 0, "connect.expose",
             json_pack("{s:s, s:s, s:[s]}", "port", "8080", "as", "other", "to", k->n[2].id));
    assert_true(is_let_in(k, 1, &service, &first));
    memcpy(again.session, first.session, sizeof again.session);
    assert_false(is_let_in(k, 2, &again, &thief));
    assert_true(is_let_in(k, 1, &again, &own));
    hand_drop(&own.end);
    hand_drop(&first.end);
}

/* Sessions of a peer that comes and goes without a goodbye. */
static void a_peer_has_only_so_many_sessions(void **state)
{
    struct kit *k = *state;
    offer(k);
    struct addr at = addr_v4(127, 0, 0, 1, 7000);
    for (unsigned life = 0; life < 3; life++) {
        struct hand users[50] = {0};
        for (size_t i = 0; i < 50; i++)
            users[i].c = tcp_dial(k->n[1].loop, &at, NULL, on_dialled, &users[i]);
        sim_run_for(k->sim, SEC);
        for (size_t i = 0; i < 50; i++)
            conn_send(users[i].c, "x", 1);
        sim_run_for(k->sim, SEC);
        sim_cut(k->n[0].sim, k->n[1].sim);
        end(&k->n[1]);
        for (size_t i = 0; i < 50; i++)
            hand_drop(&users[i]);
        sim_run_for(k->sim, 15 * SEC);
        sim_heal(k->n[0].sim, k->n[1].sim);
        begin(&k->n[1], 1);
        sim_run_for(k->sim, SEC);
    }
    assert_int_equal(lasting_count(&k->n[0].app->lastings, host_id(k->n[1].host)),
                     LASTING_OF_PEER_MAX);
    sim_run_for(k->sim, LASTING_WAIT_US);
    assert_int_equal(lasting_count(&k->n[0].app->lastings, host_id(k->n[1].host)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_connection_lives_through_lost_ones),
        TEST(an_end_is_no_end_of_the_other_way_through_a_cut),
        TEST(the_last_words_arrive_whenever_it_is_cut),
        TEST(a_pulled_cable_is_waited_out),
        TEST(who_is_away_for_too_long_is_given_up),
        TEST(a_peer_that_began_anew_ends_it),
        TEST(who_lost_his_trust_while_away_finds_nothing),
        TEST(what_still_goes_out_is_cut_too),
        TEST(a_session_is_taken_up_again_by_its_own_peer_alone),
        TEST(a_peer_has_only_so_many_sessions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
