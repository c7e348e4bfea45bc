/* A node, some honest ones, and peers that speak by hand, in the simulator. */
#include "host/gossip/gossip.h"

#include "base/mem.h"
#include "base/test.h"
#include "host/gossip/gossip_out.h"
#include "host/mux/messages.h"
#include "host/net_test.h"

#include <stdio.h>
#include <stdlib.h>

enum { HONEST = 5, FOES = 20, KINDS = 256 };

/* Number 0 is the one that is attacked. */
struct node {
    struct sim_node *sim;
    struct loop *loop;
    struct keys *keys;
    struct host *host;
    struct gossip *gossip;
    struct gossip_sub *sub;
    unsigned heard[KINDS], all;
    uint64_t seqno; /* of the last one */
    bool fell;
};

struct foe {
    struct loop *loop;
    struct keys *keys;
    struct host *host;
    struct messages *to; /* it is open: what we say */
    struct messages *from;
    bool deaf; /* reads nothing of what it is told */
    struct conn *unread;
    bool lost;
    unsigned rpcs, subs, subs_at_once; /* in the first RPC */
    unsigned grafts, prunes, ihaves, asked, messages;
    uint64_t seqno;
};

struct kit {
    struct sim *sim;
    struct node n[HONEST];
    struct foe f[FOES];
    unsigned foes;
};

static struct cur text(const char *s)
{
    return cur_of(s, strlen(s));
}

static struct host *host_at(struct loop *loop, const struct keys *keys, unsigned i)
{
    struct multiaddr here = net_at(i);
    return net_host(loop, keys, &here, true);
}

static enum gossip_verdict on_news(void *arg, const struct gossip_news *news)
{
    struct node *n = arg;
    struct cur data = news->data;
    n->fell |= news->seqno <= n->seqno;
    n->seqno = news->seqno;
    n->heard[cur_u8(&data)]++;
    n->all++;
    return GOSSIP_ACCEPT;
}

static int open_kit(void **state)
{
    struct kit *k = *state = mem_zalloc(sizeof *k);
    k->sim = sim_new(1);
    for (unsigned i = 0; i < HONEST; i++) {
        struct node *n = &k->n[i];
        n->sim = net_machine(k->sim, i, 5 * MSEC);
        n->loop = sim_node_loop(n->sim);
        n->keys = net_keys(i);
        n->host = host_at(n->loop, n->keys, i);
        struct gossip_cfg gc = {.host = n->host, .keys = n->keys, .lab = true};
        n->gossip = gossip_new(&gc);
        n->sub = gossip_subscribe(n->gossip, "news", on_news, n, NULL);
        for (unsigned j = 0; j < i; j++)
            net_dial(n->host, k->n[j].host);
    }
    sim_run_for(k->sim, 5 * SEC);
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < HONEST; i++) {
        gossip_free(k->n[i].gossip);
        host_free(k->n[i].host);
        keys_free(k->n[i].keys);
    }
    for (unsigned i = 0; i < k->foes; i++) {
        messages_free(k->f[i].to);
        messages_free(k->f[i].from);
        conn_close(k->f[i].unread);
        host_free(k->f[i].host);
        keys_free(k->f[i].keys);
    }
    sim_run_for(k->sim, 60 * SEC);
    sim_free(k->sim);
    free(k);
    return 0;
}

/* --- foes ----------------------------------------------------------------------------------- */

static void on_told(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct foe *f = arg;
    struct gossip_rpc rpc;
    struct gossip_item it;
    struct cur id;
    (void)why;
    if (ev != MESSAGES_ONE)
        return;
    assert_int_equal(gossip_rpc_open(&rpc, msg, NULL), OK);
    f->rpcs++;
    while (gossip_rpc_next(&rpc, &it)) {
        f->subs += it.kind == GOSSIP_SUBSCRIBE;
        f->subs_at_once += it.kind == GOSSIP_SUBSCRIBE && f->rpcs == 1;
        f->grafts += it.kind == GOSSIP_GRAFT;
        f->prunes += it.kind == GOSSIP_PRUNE;
        f->ihaves += it.kind == GOSSIP_IHAVE;
        f->messages += it.kind == GOSSIP_MESSAGE;
        while (it.kind == GOSSIP_IWANT && gossip_ids_next(&it, &id))
            f->asked++;
    }
}

static void on_said(void *arg, enum messages_event ev, struct cur msg, const struct why *why)
{
    struct foe *f = arg;
    (void)msg;
    (void)why;
    if (ev == MESSAGES_GONE)
        f->lost = true;
}

static void on_unread(void *arg, enum conn_event ev, const struct why *why)
{
    (void)arg;
    (void)ev;
    (void)why;
}

static void on_stream(void *arg, const struct host_stream *hs)
{
    struct foe *f = arg;
    if (f->deaf) {
        conn_close(f->unread);
        f->unread = hs->conn;
        conn_watch(hs->conn, on_unread, f);
        return;
    }
    messages_free(f->from);
    f->from = messages_new(hs->conn, GOSSIP_RPC_MAX, on_told, f);
}

static void on_open(void *arg, const struct host_stream *hs, const struct why *why)
{
    struct foe *f = arg;
    (void)why;
    assert_non_null(hs);
    f->to = messages_new(hs->conn, GOSSIP_RPC_MAX, on_said, f);
}

static void say_again(struct kit *k, struct foe *f)
{
    static const char *const names[] = {"/meshsub/1.2.0"};
    messages_free(f->to);
    f->to = NULL;
    f->lost = false;
    host_open(f->host, host_id(k->n[0].host), names, 1, on_open, f);
    sim_run_for(k->sim, 2 * SEC);
    assert_non_null(f->to);
}

static struct foe *foe(struct kit *k, bool deaf)
{
    unsigned i = k->foes++;
    struct foe *f = &k->f[i];
    f->deaf = deaf;
    f->loop = sim_node_loop(net_machine(k->sim, HONEST + i, 5 * MSEC));
    f->keys = net_keys(HONEST + i);
    f->host = host_at(f->loop, f->keys, HONEST + i);
    host_handle(f->host,
                &(struct host_protocol){.name = "/meshsub/1.2.0", .cb = on_stream, .arg = f});
    net_dial(f->host, k->n[0].host);
    sim_run_for(k->sim, 2 * SEC);
    say_again(k, f);
    return f;
}

static void say(struct foe *f, struct buf *rpc)
{
    if (!f->lost)
        assert_int_equal(messages_send(f->to, buf_bytes(rpc), buf_len(rpc), NULL), OK);
    buf_done(rpc);
}

static void say_control(struct foe *f, struct buf *control)
{
    struct buf rpc = {0};
    gossip_put_control(&rpc, control);
    buf_done(control);
    say(f, &rpc);
}

static void subscribe(struct foe *f)
{
    struct buf rpc = {0};
    gossip_put_sub(&rpc, text("news"), true);
    say(f, &rpc);
}

static void graft(struct foe *f)
{
    struct buf c = {0};
    gossip_put_graft(&c, text("news"));
    say_control(f, &c);
}

/* kind: the first byte of its data. */
static void publish(struct foe *f, uint8_t kind, bool forged)
{
    struct buf msg = {0}, rpc = {0};
    gossip_sign(f->keys, host_id(f->host), ++f->seqno, text("news"), cur_of(&kind, 1), &msg);
    if (forged)
        buf_bytes(&msg)[buf_len(&msg) - 1] ^= 1;
    gossip_put_msg(&rpc, buf_cur(&msg));
    buf_done(&msg);
    say(f, &rpc);
}

static void all_still_hear(struct kit *k, uint8_t kind)
{
    size_t peers;
    assert_int_equal(
        gossip_publish(k->n[HONEST - 1].gossip, "news", cur_of(&kind, 1), &peers, NULL), OK);
    sim_run_for(k->sim, 5 * SEC);
    for (unsigned i = 0; i < HONEST; i++)
        assert_int_equal(k->n[i].heard[kind], 1);
}

/* --- what they do --------------------------------------------------------------------------- */

static void an_honest_stranger_is_heard(void **state)
{
    struct kit *k = *state;
    struct foe *f = foe(k, false);
    subscribe(f);
    publish(f, 7, false);
    sim_run_for(k->sim, 5 * SEC);
    for (unsigned i = 0; i < HONEST; i++)
        assert_int_equal(k->n[i].heard[7], 1);
    assert_true(f->grafts > 0);
    all_still_hear(k, 8);
    assert_int_equal(f->messages, 1);
}

static void forged_and_repeated_messages_are_heard_by_nobody(void **state)
{
    struct kit *k = *state;
    struct foe *f = foe(k, false);
    subscribe(f);
    publish(f, 7, false);
    for (unsigned i = 0; i < 20; i++) { /* replays */
        f->seqno--;
        publish(f, 7, false);
    }
    for (unsigned i = 0; i < 20; i++)
        publish(f, 9, true);
    sim_run_for(k->sim, 5 * SEC);
    for (unsigned i = 0; i < HONEST; i++) {
        assert_int_equal(k->n[i].heard[7], 1);
        assert_int_equal(k->n[i].heard[9], 0);
    }
    publish(f, 10, false); /* what it says now is not listened to */
    sim_run_for(k->sim, 5 * SEC);
    assert_int_equal(k->n[0].heard[10], 0);
    all_still_hear(k, 11);
}

static void grafts_in_the_backoff_end_in_silence(void **state)
{
    struct kit *k = *state;
    struct foe *f = foe(k, false);
    struct buf c = {0};
    subscribe(f);
    sim_run_for(k->sim, 3 * SEC);
    gossip_put_prune(&c, text("news"), UINT64_MAX, NULL);
    say_control(f, &c);
    for (unsigned i = 0; i < 50; i++)
        graft(f);
    sim_run_for(k->sim, 3 * SEC);
    assert_in_range(f->prunes, 5, 20); /* then it is on the graylist */
    publish(f, 7, false);
    sim_run_for(k->sim, 3 * SEC);
    assert_int_equal(k->n[0].heard[7], 0);
    all_still_hear(k, 8);
}

static void floods_of_ihave_and_iwant_cost_little(void **state)
{
    struct kit *k = *state;
    struct foe *f = foe(k, false);
    subscribe(f);
    for (unsigned r = 0; r < 40; r++) {
        struct buf c = {0}, ids = {0}, wants = {0};
        for (unsigned i = 0; i < 2000; i++) {
            unsigned id = r * 2000 + i;
            gossip_put_id(&ids, GOSSIP_IHAVE, cur_of(&id, sizeof id));
            gossip_put_id(&wants, GOSSIP_IWANT, cur_of(&id, sizeof id));
        }
        gossip_put_ids(&c, GOSSIP_IHAVE, text("news"), &ids);
        gossip_put_ids(&c, GOSSIP_IWANT, text(""), &wants);
        gossip_put_ids(&c, GOSSIP_IDONTWANT, text(""), &wants);
        buf_done(&ids);
        buf_done(&wants);
        say_control(f, &c);
        if (r % 10 == 9)
            sim_run_for(k->sim, 500 * MSEC);
    }
    sim_run_for(k->sim, 3 * SEC);
    assert_true(f->asked > 0 && f->asked <= 4 * GOSSIP_ASKED_MAX);
    all_still_hear(k, 8);
}

static void a_flood_of_subscriptions_is_survived(void **state)
{
    struct kit *k = *state;
    struct foe *f = foe(k, false);
    char topic[32];
    for (unsigned r = 0; r < 20; r++) {
        struct buf rpc = {0};
        for (unsigned i = 0; i < 1000; i++) {
            snprintf(topic, sizeof topic, "topic %u", r * 1000 + i);
            gossip_put_sub(&rpc, text(topic), true);
        }
        say(f, &rpc);
        sim_run_for(k->sim, 100 * MSEC);
    }
    subscribe(f); /* ours is noted all the same */
    sim_run_for(k->sim, 3 * SEC);
    assert_int_equal(gossip_listeners(k->n[0].gossip, "news", NULL, 0), HONEST);
    all_still_hear(k, 8);
}

static void an_rpc_that_is_too_long_or_malformed_ends_the_stream(void **state)
{
    struct kit *k = *state;
    struct foe *f = foe(k, false);
    struct buf rpc = {0}, wire = {0};
    buf_str(&rpc, "\x0a\x7f");
    say(f, &rpc);
    sim_run_for(k->sim, 2 * SEC);
    assert_true(f->lost);
    say_again(k, f);
    struct conn *raw = messages_take(f->to);
    f->to = NULL;
    conn_watch(raw, on_unread, f);
    buf_uvarint(&wire, GOSSIP_RPC_MAX + 1);
    assert_int_equal(conn_send(raw, buf_bytes(&wire), buf_len(&wire)), (int)buf_len(&wire));
    sim_run_for(k->sim, 2 * SEC);
    assert_int_equal(conn_send(raw, "more", 4), CONN_FAILED);
    conn_close(raw);
    buf_done(&wire);
    say_again(k, f); /* it may come back */
    subscribe(f);
    publish(f, 7, false);
    sim_run_for(k->sim, 3 * SEC);
    assert_int_equal(k->n[0].heard[7], 1);
    all_still_hear(k, 8);
}

static void an_rpc_of_many_messages_is_worked_on_in_turns(void **state)
{
    struct kit *k = *state;
    struct foe *f = foe(k, false);
    struct buf rpc = {0};
    uint8_t kind = 7;
    subscribe(f);
    for (unsigned i = 0; i < 500; i++) {
        struct buf msg = {0};
        gossip_sign(f->keys, host_id(f->host), ++f->seqno, text("news"), cur_of(&kind, 1), &msg);
        gossip_put_msg(&rpc, buf_cur(&msg));
        buf_done(&msg);
    }
    say(f, &rpc);
    publish(f, 8, false);
    sim_run_for(k->sim, 5 * SEC);
    for (unsigned i = 0; i < HONEST; i++) {
        assert_int_equal(k->n[i].heard[7], 500);
        assert_int_equal(k->n[i].heard[8], 1);
    }
}

static void a_control_of_many_parts_is_worked_on_in_turns(void **state)
{
    struct kit *k = *state;
    struct foe *f = foe(k, false);
    struct buf rpc = {0}, c = {0};
    char topic[32];
    for (unsigned i = 0; i < 2000; i++) {
        snprintf(topic, sizeof topic, "topic %u", i);
        gossip_put_prune(&c, text(topic), 60, NULL);
    }
    gossip_put_graft(&c, text("news"));
    gossip_put_control(&rpc, &c);
    gossip_put_sub(&rpc, text("other"), true);
    buf_done(&c);
    say(f, &rpc);
    sim_run_for(k->sim, 500 * MSEC);
    assert_int_equal(gossip_mesh(k->n[0].gossip, "news", NULL, 0), HONEST);
    assert_int_equal(gossip_listeners(k->n[0].gossip, "other", NULL, 0), 1);
}

static void all_our_topics_are_told_at_once(void **state)
{
    struct kit *k = *state;
    char topic[32];
    for (unsigned i = 0; i < 100; i++) {
        snprintf(topic, sizeof topic, "topic %u", i);
        assert_non_null(gossip_subscribe(k->n[0].gossip, topic, on_news, &k->n[0], NULL));
    }
    struct foe *f = foe(k, false);
    assert_int_equal(f->subs_at_once, 101);
    assert_int_equal(f->subs, 101);
}

/* Others throw away what does not rise (go-libp2p-pubsub's BasicSeqnoValidator). */
static void numbers_of_ours_rise_though_the_clock_is_set_back(void **state)
{
    struct kit *k = *state;
    size_t peers;
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(gossip_publish(k->n[0].gossip, "news", text("n"), &peers, NULL), OK);
        sim_run_for(k->sim, SEC);
        if (i == 4)
            sim_node_jump_wall(k->n[0].sim, -(int64_t)(3600 * SEC));
    }
    assert_int_equal(k->n[1].all, 10);
    assert_false(k->n[1].fell);
    assert_true(k->n[1].seqno > (uint64_t)SIM_WALL_US * 1000);
}

/* It reads nothing of what we send: it loses messages, we do not lose memory. */
static void a_deaf_peer_is_given_up_on_before_memory_is(void **state)
{
    struct kit *k = *state;
    struct foe *f = foe(k, true);
    size_t peers;
    subscribe(f);
    sim_run_for(k->sim, 3 * SEC);
    uint8_t *large = mem_zalloc(100 << 10);
    for (unsigned i = 0; i < 60; i++) {
        large[0] = (uint8_t)i;
        assert_int_equal(
            gossip_publish(k->n[0].gossip, "news", cur_of(large, 100 << 10), &peers, NULL), OK);
        sim_run_for(k->sim, 200 * MSEC);
    }
    free(large);
    sim_run_for(k->sim, 5 * SEC);
    assert_in_range(gossip_stat(k->n[0].gossip).dropped, 30, 60);
    assert_true(gossip_waiting(k->n[0].gossip) <=
                GOSSIP_OUT_BYTES + GOSSIP_OUT_IDS_BYTES + GOSSIP_OUT_MUST_BYTES + GOSSIP_RPC_MAX);
    for (unsigned i = 1; i < HONEST; i++)
        assert_int_equal(k->n[i].all, 60);
}

/* Twenty that listen, graft, and pass nothing on. */
static void those_who_only_take_do_not_keep_messages_from_us(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < FOES; i++) {
        struct foe *f = foe(k, false);
        subscribe(f);
        graft(f);
    }
    sim_run_for(k->sim, 100 * SEC);
    for (uint8_t i = 0; i < 10; i++)
        all_still_hear(k, (uint8_t)(100 + i));
    struct peer_id mesh[64];
    size_t n = gossip_mesh(k->n[0].gossip, "news", mesh, 64);
    assert_true(n <= GOSSIP_D_HIGH);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(an_honest_stranger_is_heard),
        CASE(forged_and_repeated_messages_are_heard_by_nobody),
        CASE(grafts_in_the_backoff_end_in_silence),
        CASE(floods_of_ihave_and_iwant_cost_little),
        CASE(a_flood_of_subscriptions_is_survived),
        CASE(an_rpc_that_is_too_long_or_malformed_ends_the_stream),
        CASE(an_rpc_of_many_messages_is_worked_on_in_turns),
        CASE(a_control_of_many_parts_is_worked_on_in_turns),
        CASE(all_our_topics_are_told_at_once),
        CASE(numbers_of_ours_rise_though_the_clock_is_set_back),
        CASE(a_deaf_peer_is_given_up_on_before_memory_is),
        CASE(those_who_only_take_do_not_keep_messages_from_us),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
