/* What waits while there is no stream, and when it is said; more of streams is in
 * gossip_foe_test.c. */
#include "host/gossip/gossip_out.h"

#include "base/mem.h"
#include "base/test.h"
#include "host/mux/purse.h"
#include "sim/sim.h"

#include <stdlib.h>

struct kit {
    struct gossip_out *out;
    struct gossip_cache *cache;
    uint64_t seqno;
};

static bool wants(void *arg, const struct gossip_held *m)
{
    (void)arg;
    (void)m;
    return true;
}

static int open_kit(void **state)
{
    struct kit *k = *state = MEM_NEW(struct kit);
    k->out = gossip_out_new(&(struct gossip_out_cfg){.wants = wants});
    k->cache = gossip_cache_new(1);
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    gossip_out_free(k->out);
    gossip_cache_free(k->cache);
    free(k);
    return 0;
}

static void message(struct kit *k, size_t len)
{
    static const uint8_t pub[32] = {9};
    struct gossip_author a = {.seqno = ++k->seqno};
    uint8_t *bytes = mem_zalloc(len);
    pubkey_of_ed25519(&a.key, pub);
    peer_id_of_key(&a.key, &a.id);
    struct gossip_held *m =
        gossip_cache_add(k->cache, &a, NULL, cur_of("t", 1), cur_of(bytes, len), 0);
    gossip_out_act(k->out, &(struct gossip_action){.act = GOSSIP_SAY_MESSAGE, .message = m});
    gossip_held_drop(m);
    free(bytes);
}

static void so_many_messages_wait(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < GOSSIP_OUT_MESSAGES; i++)
        message(k, 10);
    assert_int_equal(gossip_out_dropped(k->out), 0);
    message(k, 10);
    assert_int_equal(gossip_out_dropped(k->out), 1);
    assert_int_equal(gossip_out_waiting(k->out), 10 * GOSSIP_OUT_MESSAGES);
}

static void so_many_bytes_of_them_wait(void **state)
{
    struct kit *k = *state;
    message(k, GOSSIP_OUT_BYTES - 10);
    message(k, 10);
    assert_int_equal(gossip_out_dropped(k->out), 0);
    message(k, 1);
    assert_int_equal(gossip_out_dropped(k->out), 1);
}

static void so_many_names_wait(void **state)
{
    struct kit *k = *state;
    struct buf ids = {0};
    memset(buf_room(&ids, GOSSIP_OUT_IDS_BYTES / 4), 0, GOSSIP_OUT_IDS_BYTES / 4);
    buf_grew(&ids, GOSSIP_OUT_IDS_BYTES / 4);
    for (unsigned i = 0; i < 5; i++)
        gossip_out_act(k->out, &(struct gossip_action){
                                   .act = GOSSIP_SAY_IDS, .kind = GOSSIP_IWANT, .ids = &ids});
    assert_int_equal(gossip_out_dropped(k->out), 2); /* each is a little longer than a quarter */
    assert_true(gossip_out_waiting(k->out) <= GOSSIP_OUT_IDS_BYTES);
    buf_done(&ids);
}

/* There is nobody to be given up on: what a new stream begins with is told anew. */
static void without_a_stream_the_rest_is_bounded_too(void **state)
{
    struct kit *k = *state;
    for (unsigned i = 0; i < 100000; i++) {
        gossip_out_sub(k->out, cur_of("topic", 5), i % 2 == 0);
        gossip_out_act(
            k->out, &(struct gossip_action){.act = GOSSIP_SAY_PRUNE, .topic = cur_of("topic", 5)});
    }
    assert_true(gossip_out_dropped(k->out) > 0);
    assert_true(gossip_out_waiting(k->out) <= 2 * GOSSIP_OUT_MUST_BYTES);
}

/* --- when it is said ------------------------------------------------------------------------ */

/* A stream that takes all, and counts how often. */
struct sink {
    struct conn conn;
    unsigned writes;
    uint64_t last_us;
};

static ssize_t sink_recv(struct conn *c, void *to, size_t n)
{
    (void)c, (void)to, (void)n;
    return CONN_AGAIN;
}

static ssize_t sink_sendv(struct conn *c, const struct iovec *iov, int count)
{
    struct sink *s = (struct sink *)c;
    size_t n = 0;
    for (int i = 0; i < count; i++)
        n += iov[i].iov_len;
    s->writes++;
    s->last_us = loop_now_us(c->loop);
    return (ssize_t)n;
}

static void sink_nothing(struct conn *c)
{
    (void)c;
}

static const struct conn_ops sink_ops = {.name = "sink",
                                         .recv = sink_recv,
                                         .sendv = sink_sendv,
                                         .close = sink_nothing,
                                         .shut = sink_nothing};

struct said {
    struct kit kit;
    struct sim *sim;
    struct sink sink;
};

static int open_said(void **state)
{
    struct said *s = *state = MEM_NEW(struct said);
    s->sim = sim_new(1);
    struct loop *loop =
        sim_node_loop(sim_node_add(s->sim, "ann", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0}));
    s->sink.conn = (struct conn){.ops = &sink_ops, .loop = loop};
    s->kit.out = gossip_out_new(&(struct gossip_out_cfg){.loop = loop, .wants = wants});
    s->kit.cache = gossip_cache_new(1);
    gossip_out_stream(s->kit.out, &s->sink.conn);
    sim_run_for(s->sim, SEC);
    return 0;
}

static int close_said(void **state)
{
    struct said *s = *state;
    gossip_out_free(s->kit.out);
    gossip_cache_free(s->kit.cache);
    sim_free(s->sim);
    free(s);
    return 0;
}

static void what_comes_alone_is_said_at_once(void **state)
{
    struct said *s = *state;
    for (unsigned i = 1; i <= 3; i++) {
        uint64_t now_us = sim_now_us(s->sim);
        message(&s->kit, 10);
        sim_run_for(s->sim, GOSSIP_OUT_APART_US);
        assert_int_equal(s->sink.writes, i);
        assert_int_equal(s->sink.last_us, now_us);
    }
}

static void what_comes_soon_after_is_said_together(void **state)
{
    struct said *s = *state;
    uint64_t now_us = sim_now_us(s->sim);
    message(&s->kit, 10);
    for (unsigned i = 1; i < 10; i++) {
        sim_run_for(s->sim, GOSSIP_OUT_APART_US / 10);
        message(&s->kit, 10);
    }
    assert_int_equal(s->sink.writes, 1);
    sim_run_for(s->sim, SEC);
    assert_int_equal(s->sink.writes, 2);
    assert_int_equal(s->sink.last_us, now_us + GOSSIP_OUT_APART_US);
}

static void where_much_waits_it_is_said_in_the_next_turn(void **state)
{
    struct said *s = *state;
    message(&s->kit, 10);
    sim_run_for(s->sim, 1);
    message(&s->kit, GOSSIP_OUT_FULL_BYTES - 1);
    sim_run_for(s->sim, 1);
    assert_int_equal(s->sink.writes, 1);
    message(&s->kit, 1);
    sim_run_for(s->sim, 1);
    assert_int_equal(s->sink.writes, 2);
    assert_int_equal(gossip_out_waiting(s->kit.out), 0);
}

static void what_waits_is_on_the_peer_s_purse(void **state)
{
    struct said *s = *state;
    struct purse *purse = purse_new(NULL, 1);
    struct tab tab;
    tab_open(&tab, purse);
    s->sink.conn.tab = &tab;
    message(&s->kit, 1000);
    message(&s->kit, 24);
    assert_int_equal(tab.bytes, 1024);
    sim_run_for(s->sim, SEC);
    assert_int_equal(tab.bytes, 0);
    /* A peer that has nothing left is told no more of this, but what it must be told. */
    struct why why;
    assert_int_equal(tab_take(&tab, PURSE_BYTES_MAX - 10, "other things", &why), OK);
    message(&s->kit, 11);
    gossip_out_sub(s->kit.out, cur_of("a topic of ours", 15), true);
    assert_int_equal(gossip_out_dropped(s->kit.out), 1);
    assert_int_equal(tab.bytes, PURSE_BYTES_MAX - 10);
    assert_true(gossip_out_waiting(s->kit.out) > 15);
    tab_give(&tab, PURSE_BYTES_MAX - 10);
    message(&s->kit, 7);
    gossip_out_stream(s->kit.out, NULL); /* and what waits when the stream goes is given back */
    assert_int_equal(tab.bytes, 0);
    tab_close(&tab);
    purse_drop(purse);
}

int main(void)
{
#define SAID(name) cmocka_unit_test_setup_teardown(name, open_said, close_said)
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(so_many_messages_wait),
        CASE(so_many_bytes_of_them_wait),
        CASE(so_many_names_wait),
        CASE(without_a_stream_the_rest_is_bounded_too),
        SAID(what_comes_alone_is_said_at_once),
        SAID(what_comes_soon_after_is_said_together),
        SAID(where_much_waits_it_is_said_in_the_next_turn),
        SAID(what_waits_is_on_the_peer_s_purse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
