/* Members and strangers whose programs are not ours. */
#include "ydoc/share/share.h"

#include "crypto/sha256.h"
#include "ydoc/lib0.h"
#include "ydoc/share/share_kit_test.h"
#include "ydoc/sync.h"

/* A node that speaks the protocol by hand, with all that it knew as a member. */
struct foe {
    struct node *n;
    struct doc_id doc;
    uint8_t key[ROSTER_KEY_LEN];
    uint64_t seq, epoch;
    struct buf roster;
    struct messages *m;
    struct conn *deaf;  /* in its place: a stream that is never read */
    bool greeted, over; /* answered; the stream ended */
    enum greet_code code;
    size_t heard; /* messages after the greeting */
    struct buf updates;
    struct part_msg have; /* of an answer of ours, as we were told last */
    struct gossip_sub *sub;
    size_t news, opened; /* of the topic: messages; those that its key opens */
    struct buf said;     /* what was in them */
};

/* What ran on the node is gone; its keys, its host and its place in topics are the foe's. */
static void possess(struct foe *f, struct node *n)
{
    const struct shared *d = shared_find(n->share, &n->kit->doc);
    *f = (struct foe){.n = n, .doc = n->kit->doc};
    if (d) {
        memcpy(f->key, d->key, sizeof f->key);
        f->seq = d->roster.seq;
        f->epoch = d->roster.epoch;
        buf_put(&f->roster, buf_bytes(&d->signed_roster), buf_len(&d->signed_roster));
    }
    sim_run_for(n->kit->sim, 50 * MSEC);
    if (n->room)
        room_done(n->room);
    n->room = NULL;
    share_free(n->share);
    rooms_free(n->rooms);
    shelf_free(n->shelf);
    n->share = NULL;
    n->rooms = NULL;
    n->shelf = NULL;
}

static void hang_up(struct foe *f)
{
    messages_free(f->m);
    conn_close(f->deaf);
    f->m = NULL;
    f->deaf = NULL;
    f->greeted = f->over = false;
    f->heard = 0;
    buf_done(&f->updates);
}

static void exorcise(struct foe *f)
{
    hang_up(f);
    gossip_unsubscribe(f->sub);
    buf_done(&f->roster);
    buf_done(&f->said);
}

/* --- by stream ------------------------------------------------------------------------------ */

static void on_foe_message(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct foe *f = arg;
    struct greet g;
    (void)why;
    if (ev != MESSAGES_ONE) {
        f->over = true;
    } else if (!f->greeted) {
        assert_int_equal(greet_read(&g, msg, NULL), OK);
        f->greeted = true;
        f->code = g.code;
    } else {
        f->heard++;
        buf_put(&f->updates, msg.p, msg.n);
        if (lib0_uint(&msg) == DOC_PART_HAVE)
            assert_int_equal(part_read_have(&f->have, msg, NULL), OK);
    }
}

static void on_foe_stream(void *arg, const struct host_stream *s, const struct why *why)
{
    struct foe *f = arg;
    (void)why;
    if (s)
        f->m = messages_new(s->conn, SHARE_MESSAGE_MAX, on_foe_message, f);
    else
        f->over = true;
}

static bool has_stream(void *arg)
{
    const struct foe *f = arg;
    return f->m || f->over;
}

static bool is_answered(void *arg)
{
    const struct foe *f = arg;
    return f->greeted || f->over;
}

static void call(struct foe *f, struct node *to)
{
    static const char *const protocols[] = {DOC_PROTOCOL};
    struct multiaddr at = net_at(to->number);
    hang_up(f);
    host_learn(f->n->host, host_id(to->host), &at, 1);
    host_open(f->n->host, host_id(to->host), protocols, 1, on_foe_stream, f);
    assert_true(sim_run_until(f->n->kit->sim, has_stream, f, 20 * SEC));
    assert_non_null(f->m);
}

static void say_bytes(struct foe *f, const void *bytes, size_t n)
{
    assert_int_equal(messages_send(f->m, bytes, n, NULL), OK);
}

static void greet_with(struct foe *f, const struct greet *g)
{
    struct buf b = {0};
    greet_put(g, &b);
    say_bytes(f, buf_bytes(&b), buf_len(&b));
    buf_done(&b);
    assert_true(sim_run_until(f->n->kit->sim, is_answered, f, 20 * SEC));
}

/* As a member does; false: it was sent away. */
static bool comes_in(struct foe *f, struct node *to)
{
    call(f, to);
    greet_with(f, &(struct greet){.doc = f->doc, .roster = buf_cur(&f->roster)});
    return f->greeted && f->code == GREET_OK;
}

/* An update by nobody's program. */
static struct buf forged(const char *text)
{
    struct buf update = {0}, message = {0};
    struct ydoc *d = ydoc_new(map_hash(1, text, strlen(text)) >> 32, true, 1);
    ydoc_begin(d);
    assert_int_equal(ytext_insert(d, "text", 0, text, strlen(text), NULL, NULL), OK);
    ydoc_commit(d, UPDATE_V1, &update);
    sync_update(buf_cur(&update), &message);
    buf_done(&update);
    ydoc_free(d);
    return message;
}

static void says_by_stream(struct foe *f, const char *text)
{
    struct buf message = forged(text);
    say_bytes(f, buf_bytes(&message), buf_len(&message));
    buf_bytes(&message)[1] = 1; /* and as a step 2 */
    say_bytes(f, buf_bytes(&message), buf_len(&message));
    buf_done(&message);
}

/* --- by topic ------------------------------------------------------------------------------- */

static const char *topic_of(const struct foe *f, const struct node *member)
{
    return shared_find(member->share, &f->doc)->topic;
}

static enum gossip_verdict on_foe_news(void *arg, const struct gossip_news *n)
{
    struct foe *f = arg;
    struct topic_msg e;
    struct topic_key k = {.doc = f->doc, .author = *n->from, .key = f->key};
    f->news++;
    assert_int_equal(topic_msg_read(&e, n->data, NULL), OK);
    f->opened += topic_msg_open(&e, &k, &f->said);
    e.epoch = f->epoch; /* perhaps only the number is another */
    f->opened += topic_msg_open(&e, &k, &f->said);
    return GOSSIP_ACCEPT;
}

static void listens(struct foe *f, const struct node *member)
{
    f->sub = gossip_subscribe(f->n->gossip, topic_of(f, member), on_foe_news, f, NULL);
    assert_non_null(f->sub);
    sim_run_for(f->n->kit->sim, 3 * SEC);
}

static void says_by_topic(struct foe *f, const struct node *member, const char *text, uint64_t seq)
{
    struct topic_msg e = {.seq = seq, .epoch = f->epoch};
    struct topic_key k = {.doc = f->doc, .author = *host_id(f->n->host), .key = f->key};
    struct buf message = forged(text), batch = {0}, out = {0};
    size_t peers;
    loop_random(f->n->loop, e.nonce, sizeof e.nonce);
    topic_batch_put(&batch, buf_cur(&message));
    topic_msg_seal(&e, &k, buf_cur(&batch), &out);
    assert_int_equal(gossip_publish(f->n->gossip, topic_of(f, member), buf_cur(&out), &peers, NULL),
                     OK);
    assert_true(peers > 0);
    buf_done(&message);
    buf_done(&batch);
    buf_done(&out);
}

static size_t refused_at(const struct node *n)
{
    return gossip_stat(n->gossip).refused;
}

/* --- tests ---------------------------------------------------------------------------------- */

/* Ann owns it, bob writes, cat is `role`. */
static void three(struct kit *k, enum doc_role role)
{
    create(&k->n[ANN]);
    join(&k->n[ANN], &k->n[BOB], DOC_WRITER);
    join(&k->n[ANN], &k->n[CAT], role);
    meet(&k->n[BOB], &k->n[CAT]);
    sim_run_for(k->sim, 3 * SEC);
}

static void a_writers_update_by_hand_is_taken_in_by_all(void **state)
{
    struct kit *k = *state;
    struct foe cat;
    three(k, DOC_WRITER);
    possess(&cat, &k->n[CAT]);
    assert_true(comes_in(&cat, &k->n[ANN]));
    says_by_stream(&cat, "by stream ");
    reads(&k->n[BOB], "by stream ", 2 * SEC);
    listens(&cat, &k->n[ANN]);
    says_by_topic(&cat, &k->n[ANN], "by topic ", cat.seq);
    reads(&k->n[ANN], "by topic ", 2 * SEC);
    reads(&k->n[BOB], "by topic ", 2 * SEC);
    exorcise(&cat);
}

static void a_readers_forged_update_is_refused_by_all(void **state)
{
    struct kit *k = *state;
    struct foe cat;
    three(k, DOC_READER);
    possess(&cat, &k->n[CAT]);
    for (unsigned i = ANN; i <= BOB; i++) {
        assert_true(comes_in(&cat, &k->n[i]));
        says_by_stream(&cat, "forged by stream ");
        sim_run_for(k->sim, SEC);
    }
    listens(&cat, &k->n[ANN]);
    size_t before = refused_at(&k->n[ANN]) + refused_at(&k->n[BOB]);
    says_by_topic(&cat, &k->n[ANN], "forged by topic ", cat.seq);
    says_by_topic(&cat, &k->n[ANN], "forged by topic ", cat.seq + 1);
    sim_run_for(k->sim, 40 * SEC);
    for (unsigned i = ANN; i <= BOB; i++)
        assert_false(has(&k->n[i], "forged"));
    assert_true(refused_at(&k->n[ANN]) + refused_at(&k->n[BOB]) > before);
    exorcise(&cat);
}

static void a_removed_member_can_read_nothing_written_afterwards(void **state)
{
    struct kit *k = *state;
    struct foe cat;
    three(k, DOC_WRITER);
    join(&k->n[ANN], &k->n[DAN], DOC_WRITER); /* who is away, so that the topic is used */
    sim_run_for(k->sim, SEC);
    stop(&k->n[DAN]);
    char *old_link = link_of(&k->n[ANN], NULL, DOC_WRITER);
    possess(&cat, &k->n[CAT]);
    listens(&cat, &k->n[ANN]);
    assert_true(comes_in(&cat, &k->n[BOB]));
    type(&k->n[ANN], "may be read ");
    sim_run_for(k->sim, 2 * SEC);
    assert_true(cat.opened > 0); /* it can listen */
    assert_true(cat.heard > 0);

    assert_int_equal(share_remove(k->n[ANN].share, &k->doc, host_id(cat.n->host), NULL), OK);
    sim_run_for(k->sim, 100 * MSEC);
    assert_true(cat.over); /* bob has shown it out, too */
    size_t opened = cat.opened, news = cat.news;
    type(&k->n[ANN], "not to be read ");
    type(&k->n[BOB], "nor this ");
    sim_run_for(k->sim, 60 * SEC);
    assert_true(has(&k->n[BOB], "not to be read "));
    assert_true(cat.news > news); /* it was said, in the topic */
    assert_int_equal(cat.opened, opened);
    for (unsigned i = ANN; i <= BOB; i++) {
        assert_false(comes_in(&cat, &k->n[i]));
        sim_run_for(k->sim, SEC);
        assert_int_equal(cat.heard, 0);
    }
    struct doc_link l; /* by the link that it knows */
    assert_int_equal(doc_link_parse(&l, old_link, NULL), OK);
    struct greet g = {.doc = cat.doc, .joins = true};
    memcpy(g.token, l.token, sizeof g.token);
    call(&cat, &k->n[ANN]);
    greet_with(&cat, &g);
    assert_int_equal(cat.code, GREET_TOKEN);
    free(old_link);
    exorcise(&cat);
}

static void a_removed_member_is_heard_by_nobody(void **state)
{
    struct kit *k = *state;
    struct foe cat;
    three(k, DOC_WRITER);
    possess(&cat, &k->n[CAT]);
    listens(&cat, &k->n[ANN]);
    assert_int_equal(share_remove(k->n[ANN].share, &k->doc, host_id(cat.n->host), NULL), OK);
    sim_run_for(k->sim, SEC);
    says_by_topic(&cat, &k->n[ANN], "by nobody ", cat.seq);
    says_by_topic(&cat, &k->n[ANN], "by nobody ", cat.seq + 1);
    cat.epoch++;
    says_by_topic(&cat, &k->n[ANN], "by nobody ", cat.seq + 1);
    sim_run_for(k->sim, 40 * SEC);
    assert_false(has(&k->n[ANN], "by nobody "));
    assert_false(has(&k->n[BOB], "by nobody "));
    exorcise(&cat);
}

static void an_old_roster_is_not_believed_again_not_even_after_a_restart(void **state)
{
    struct kit *k = *state;
    struct foe cat;
    three(k, DOC_WRITER);
    possess(&cat, &k->n[CAT]);
    assert_int_equal(share_remove(k->n[ANN].share, &k->doc, host_id(cat.n->host), NULL), OK);
    sim_run_for(k->sim, SEC);
    assert_false(comes_in(&cat, &k->n[BOB]));
    stop(&k->n[BOB]);
    start(&k->n[BOB]);
    sim_run_for(k->sim, 60 * SEC); /* until cat knows that the old connection is dead */
    assert_false(comes_in(&cat, &k->n[BOB]));
    assert_int_equal(cat.code, GREET_DENIED);
    exorcise(&cat);
}

static void a_roster_that_the_owner_did_not_sign_changes_nothing(void **state)
{
    struct kit *k = *state;
    struct foe dan;
    struct roster r;
    uint8_t secret[ED25519_SECRET_LEN], pub[ED25519_PUB_LEN];
    const uint8_t seed[ED25519_SEED_LEN] = {1};
    three(k, DOC_WRITER);
    const struct shared *d = shared_find(k->n[BOB].share, &k->doc);
    struct roster_member m = d->roster.members[0];
    m.peer = *host_id(k->n[DAN].host);
    m.role = DOC_WRITER;
    roster_copy(&r, &d->roster);
    assert_int_equal(roster_set(&r, &m, NULL), OK);
    r.seq += 10;
    possess(&dan, &k->n[DAN]);
    ed25519_secret(seed, secret, pub);
    roster_sign(&r, secret, &dan.roster);
    assert_false(comes_in(&dan, &k->n[BOB]));
    assert_int_equal(dan.code, GREET_DENIED);
    assert_int_equal(d->roster.seq + 10, r.seq);
    roster_done(&r);
    exorcise(&dan);
}

static void a_member_cannot_make_himself_more_by_a_roster_on_a_stream(void **state)
{
    struct kit *k = *state;
    struct foe cat;
    struct roster r;
    struct buf b = {0};
    uint8_t secret[ED25519_SECRET_LEN], pub[ED25519_PUB_LEN];
    const uint8_t seed[ED25519_SEED_LEN] = {1};
    three(k, DOC_READER);
    const struct shared *d = shared_find(k->n[ANN].share, &k->doc);
    roster_copy(&r, &d->roster);
    roster_find(&r, host_id(k->n[CAT].host))->role = DOC_WRITER;
    r.seq++;
    possess(&cat, &k->n[CAT]);
    assert_true(comes_in(&cat, &k->n[ANN]));
    ed25519_secret(seed, secret, pub);
    lib0_put_uint(&b, DOC_ROSTER);
    roster_sign(&r, secret, &b);
    say_bytes(&cat, buf_bytes(&b), buf_len(&b));
    says_by_stream(&cat, "forged ");
    sim_run_for(k->sim, 5 * SEC);
    assert_true(cat.over);
    assert_false(has(&k->n[ANN], "forged "));
    assert_int_equal(roster_find(&d->roster, host_id(k->n[CAT].host))->role, DOC_READER);
    roster_done(&r);
    buf_done(&b);
    exorcise(&cat);
}

static void who_greets_with_garbage_or_not_at_all_is_hung_up_on(void **state)
{
    struct kit *k = *state;
    struct foe dan;
    uint8_t garbage[400];
    three(k, DOC_WRITER);
    possess(&dan, &k->n[DAN]);
    for (unsigned i = 0; i < 20; i++) {
        call(&dan, &k->n[ANN]);
        loop_random(dan.n->loop, garbage, sizeof garbage);
        say_bytes(&dan, garbage, sizeof garbage);
        assert_true(sim_run_until(k->sim, is_answered, &dan, 5 * SEC));
        assert_true(dan.over);
    }
    call(&dan, &k->n[ANN]);
    char *large = mem_zalloc(GREET_MAX + 1);
    say_bytes(&dan, large, GREET_MAX + 1);
    assert_true(sim_run_until(k->sim, is_answered, &dan, 5 * SEC));
    assert_true(dan.over);
    free(large);
    call(&dan, &k->n[ANN]);
    assert_true(sim_run_until(k->sim, is_answered, &dan, SHARE_GREET_US + 5 * SEC));
    assert_true(dan.over);
    assert_int_equal(k->n[ANN].share->stranger_count, 0);
    assert_false(comes_in(&dan, &k->n[ANN])); /* a greeting without anything */
    assert_int_equal(dan.code, GREET_DENIED);
    exorcise(&dan);
}

static void a_member_who_speaks_nonsense_is_shown_out(void **state)
{
    struct kit *k = *state;
    struct foe cat;
    three(k, DOC_WRITER);
    possess(&cat, &k->n[CAT]);
    assert_true(comes_in(&cat, &k->n[ANN]));
    say_bytes(&cat, "\x00\x02\x7fxx", 5);
    sim_run_for(k->sim, SEC);
    assert_true(cat.over);
    exorcise(&cat);
}

/* --- one who does not read ------------------------------------------------------------------ */

static void ignore(void *arg, enum conn_event ev, const struct why *why)
{
    (void)arg, (void)ev, (void)why;
}

static void a_member_who_takes_nothing_is_shown_out_and_holds_nobody_up(void **state)
{
    struct kit *k = *state;
    struct foe cat;
    enum { PIECE = 200000 };
    char *text = mem_zalloc(PIECE + 1);
    three(k, DOC_WRITER);
    possess(&cat, &k->n[CAT]);
    assert_true(comes_in(&cat, &k->n[ANN]));
    cat.deaf = messages_take(cat.m);
    cat.m = NULL;
    conn_watch(cat.deaf, ignore, NULL);
    for (unsigned i = 0; i < 20; i++) {
        memset(text, 'a' + (char)i, PIECE);
        type(&k->n[ANN], text);
        sim_run_for(k->sim, SEC);
        enter(&k->n[BOB]);
        assert_int_equal(ydoc_length(room_doc(k->n[BOB].room), "text"), (i + 1) * PIECE);
    }
    const struct session *x = stream_with(&k->n[ANN], cat.n);
    assert_non_null(x);
    assert_true(messages_queued(x->m) < SHARE_QUEUED_MAX + 2 * PIECE);
    sim_run_for(k->sim, SHARE_SLOW_US + 10 * SEC);
    x = stream_with(&k->n[ANN], cat.n);
    assert_true(!x || !x->live);
    free(text);
    exorcise(&cat);
}

/* Bytes of a long answer from `at` on, `n` of them. */
static void says_a_piece(struct foe *f, const struct buf *whole, size_t at, size_t n)
{
    struct part_msg p = {
        .at = at, .total = buf_len(whole), .bytes = cur_of(buf_bytes(whole) + at, n)};
    struct buf b = {0};
    uint8_t hash[SHA256_LEN];
    sha256(buf_bytes(whole), buf_len(whole), hash);
    memcpy(p.name, hash, sizeof p.name);
    lib0_put_uint(&b, DOC_PART);
    part_put(&p, &b);
    say_bytes(f, buf_bytes(&b), buf_len(&b));
    buf_done(&b);
    sim_run_for(f->n->kit->sim, SEC);
}

/* Cat, in Ann's document, has `text` to answer in pieces. */
static struct buf answers(struct foe *cat, struct kit *k, enum doc_role role, const char *text)
{
    three(k, role);
    possess(cat, &k->n[CAT]);
    assert_true(comes_in(cat, &k->n[ANN]));
    struct buf whole = forged(text);
    buf_bytes(&whole)[1] = 1; /* step 2 */
    return whole;
}

static void an_answer_in_pieces_goes_on_where_it_ended_when_they_meet_again(void **state)
{
    struct kit *k = *state;
    struct foe cat;
    struct buf whole = answers(&cat, k, DOC_WRITER, "a long story ");
    says_a_piece(&cat, &whole, 0, 5);
    says_a_piece(&cat, &whole, 5, 5);
    assert_false(has(&k->n[ANN], "a long story "));
    assert_true(comes_in(&cat, &k->n[ANN]));
    sim_run_for(k->sim, SEC);
    assert_int_equal(cat.have.at, 10);
    size_t before = cat.heard;
    says_a_piece(&cat, &whole, 10, buf_len(&whole) - 10);
    reads(&k->n[ANN], "a long story ", SEC);
    reads(&k->n[BOB], "a long story ", SEC);
    assert_true(cat.heard > before); /* asked for what came since */
    assert_false(cat.over);
    cat.have.at = 0;
    assert_true(comes_in(&cat, &k->n[ANN]));
    sim_run_for(k->sim, SEC);
    assert_int_equal(cat.have.at, 0); /* nothing is under way any more */
    buf_done(&whole);
    exorcise(&cat);
}

static void a_readers_answer_in_pieces_is_refused(void **state)
{
    struct kit *k = *state;
    struct foe cat;
    struct buf whole = answers(&cat, k, DOC_READER, "by a reader ");
    says_a_piece(&cat, &whole, 0, 5);
    says_a_piece(&cat, &whole, 5, buf_len(&whole) - 5);
    never_reads(&k->n[ANN], "by a reader ", 5 * SEC);
    buf_done(&whole);
    exorcise(&cat);
}

static void pieces_that_fit_to_nothing_are_shown_out(void **state)
{
    struct kit *k = *state;
    struct foe cat;
    struct buf whole = answers(&cat, k, DOC_WRITER, "not all of it ");
    says_a_piece(&cat, &whole, 5, 5);
    assert_true(cat.over);
    assert_true(comes_in(&cat, &k->n[ANN]));
    says_a_piece(&cat, &whole, 0, 5);
    says_a_piece(&cat, &whole, 6, 5);
    assert_true(cat.over);
    buf_done(&whole);
    exorcise(&cat);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_writers_update_by_hand_is_taken_in_by_all),
        TEST(a_readers_forged_update_is_refused_by_all),
        TEST(a_removed_member_can_read_nothing_written_afterwards),
        TEST(a_removed_member_is_heard_by_nobody),
        TEST(an_old_roster_is_not_believed_again_not_even_after_a_restart),
        TEST(a_roster_that_the_owner_did_not_sign_changes_nothing),
        TEST(a_member_cannot_make_himself_more_by_a_roster_on_a_stream),
        TEST(who_greets_with_garbage_or_not_at_all_is_hung_up_on),
        TEST(a_member_who_speaks_nonsense_is_shown_out),
        TEST(an_answer_in_pieces_goes_on_where_it_ended_when_they_meet_again),
        TEST(a_readers_answer_in_pieces_is_refused),
        TEST(pieces_that_fit_to_nothing_are_shown_out),
        TEST(a_member_who_takes_nothing_is_shown_out_and_holds_nobody_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
