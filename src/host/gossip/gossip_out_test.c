/* What waits while there is no stream; streams are in gossip_foe_test.c. */
#include "host/gossip/gossip_out.h"

#include "base/mem.h"
#include "base/test.h"

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

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(so_many_messages_wait),
        CASE(so_many_bytes_of_them_wait),
        CASE(so_many_names_wait),
        CASE(without_a_stream_the_rest_is_bounded_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
