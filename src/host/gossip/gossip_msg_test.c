#include "host/gossip/gossip_msg.h"

#include "base/mem.h"
#include "base/pb.h"
#include "base/test.h"

#include <stdlib.h>

static struct cur text(const char *s)
{
    return cur_of(s, strlen(s));
}

static void is_text(struct cur c, const char *want)
{
    assert_int_equal(c.n, strlen(want));
    assert_memory_equal(c.p, want, c.n);
}

/* One of each. */
static void put_all(struct buf *rpc)
{
    struct buf control = {0}, ids = {0}, msg = {0};
    gossip_put_sub(rpc, text("a"), true);
    gossip_put_sub(rpc, text("b"), false);
    pb_put_str(&msg, 1, "from");
    pb_put_str(&msg, 2, "data");
    pb_put_str(&msg, 3, "seqno");
    pb_put_str(&msg, 4, "topic");
    pb_put_str(&msg, 5, "sig");
    pb_put_str(&msg, 6, "key");
    gossip_put_msg(rpc, buf_cur(&msg));
    gossip_put_graft(&control, text("g"));
    gossip_put_prune(&control, text("p"), 60, NULL);
    gossip_put_id(&ids, GOSSIP_IHAVE, text("id1"));
    gossip_put_id(&ids, GOSSIP_IHAVE, text("id2"));
    gossip_put_ids(&control, GOSSIP_IHAVE, text("h"), &ids);
    buf_clear(&ids);
    gossip_put_id(&ids, GOSSIP_IWANT, text("id3"));
    gossip_put_ids(&control, GOSSIP_IWANT, text(""), &ids);
    gossip_put_ids(&control, GOSSIP_IDONTWANT, text(""), &ids);
    gossip_put_control(rpc, &control);
    buf_done(&control);
    buf_done(&ids);
    buf_done(&msg);
}

static void what_is_written_is_read(void **state)
{
    (void)state;
    static const enum gossip_item_kind order[] = {
        GOSSIP_SUBSCRIBE, GOSSIP_UNSUBSCRIBE, GOSSIP_MESSAGE, GOSSIP_GRAFT,
        GOSSIP_PRUNE,     GOSSIP_IHAVE,       GOSSIP_IWANT,   GOSSIP_IDONTWANT};
    static const char *const topics[] = {"a", "b", NULL, "g", "p", "h", NULL, NULL};
    struct buf b = {0};
    struct gossip_rpc rpc;
    struct gossip_item it;
    struct cur id;
    put_all(&b);
    assert_int_equal(gossip_rpc_open(&rpc, buf_cur(&b), NULL), OK);
    for (size_t i = 0; i < sizeof order / sizeof order[0]; i++) {
        assert_true(gossip_rpc_next(&rpc, &it));
        assert_int_equal(it.kind, order[i]);
        if (topics[i])
            is_text(it.topic, topics[i]);
        if (it.kind == GOSSIP_MESSAGE) {
            is_text(it.msg.from, "from");
            is_text(it.msg.data, "data");
            is_text(it.msg.seqno, "seqno");
            is_text(it.msg.topic, "topic");
            is_text(it.msg.signature, "sig");
            is_text(it.msg.key, "key");
        }
        if (it.kind == GOSSIP_PRUNE)
            assert_int_equal(it.backoff_s, 60);
        if (it.kind == GOSSIP_IHAVE) {
            assert_true(gossip_ids_next(&it, &id));
            is_text(id, "id1");
            assert_true(gossip_ids_next(&it, &id));
            is_text(id, "id2");
            assert_false(gossip_ids_next(&it, &id));
        }
    }
    assert_false(gossip_rpc_next(&rpc, &it));
    buf_done(&b);
}

static void a_prune_names_peers_and_what_is_wrong_among_them_is_passed_over(void **state)
{
    (void)state;
    struct buf b = {0}, control = {0}, peers = {0};
    struct gossip_rpc rpc;
    struct gossip_item it;
    struct cur id, record;
    gossip_put_px(&peers, text("ann"), text("her record"));
    pb_put_str(&peers, 2,
               "\x0a\x03"
               "eve\x12\x7f"); /* longer than it is */
    gossip_put_px(&peers, text(""), text("nobody's"));
    gossip_put_px(&peers, text("bob"), text(""));
    gossip_put_prune(&control, text("p"), 60, &peers);
    gossip_put_control(&b, &control);
    assert_int_equal(gossip_rpc_open(&rpc, buf_cur(&b), NULL), OK);
    assert_true(gossip_rpc_next(&rpc, &it));
    assert_int_equal(it.kind, GOSSIP_PRUNE);
    assert_int_equal(it.backoff_s, 60);
    assert_true(gossip_px_next(&it, &id, &record));
    is_text(id, "ann");
    is_text(record, "her record");
    assert_true(gossip_px_next(&it, &id, &record));
    is_text(id, "bob");
    assert_int_equal(record.n, 0);
    assert_false(gossip_px_next(&it, &id, &record));
    buf_done(&b);
    buf_done(&control);
    buf_done(&peers);
}

static void nothing_that_is_cut_short_is_acted_on(void **state)
{
    (void)state;
    struct buf b = {0};
    struct gossip_rpc rpc;
    unsigned whole = 0;
    put_all(&b);
    for (size_t n = 0; n < buf_len(&b); n++) {
        uint8_t *exact = mem_dup(buf_bytes(&b), n);
        whole += gossip_rpc_open(&rpc, cur_of(exact, n), NULL) == OK;
        free(exact);
    }
    assert_int_equal(whole, 4); /* behind nothing, the first, the second, and the message */
    buf_done(&b);
}

static void too_many_items_are_refused(void **state)
{
    (void)state;
    struct buf b = {0};
    struct gossip_rpc rpc;
    struct why why;
    for (unsigned i = 0; i < GOSSIP_ITEMS_MAX; i++)
        gossip_put_sub(&b, text("t"), true);
    assert_int_equal(gossip_rpc_open(&rpc, buf_cur(&b), &why), OK);
    gossip_put_sub(&b, text("t"), true);
    assert_int_equal(gossip_rpc_open(&rpc, buf_cur(&b), &why), ERR_LIMIT);
    buf_done(&b);
}

static void topics_and_ids_that_are_too_long_are_passed_over(void **state)
{
    (void)state;
    struct buf b = {0}, control = {0}, ids = {0};
    struct gossip_rpc rpc;
    struct gossip_item it;
    struct cur id;
    char *long_one = mem_zalloc(GOSSIP_ID_MAX + 1);
    memset(long_one, 'x', GOSSIP_ID_MAX + 1);
    gossip_put_sub(&b, cur_of(long_one, GOSSIP_TOPIC_MAX + 1), true);
    gossip_put_sub(&b, cur_of(long_one, GOSSIP_TOPIC_MAX), true);
    gossip_put_id(&ids, GOSSIP_IWANT, cur_of(long_one, GOSSIP_ID_MAX + 1));
    gossip_put_id(&ids, GOSSIP_IWANT, cur_of(long_one, GOSSIP_ID_MAX));
    gossip_put_ids(&control, GOSSIP_IWANT, text(""), &ids);
    gossip_put_control(&b, &control);
    assert_int_equal(gossip_rpc_open(&rpc, buf_cur(&b), NULL), OK);
    assert_true(gossip_rpc_next(&rpc, &it));
    assert_int_equal(it.topic.n, GOSSIP_TOPIC_MAX);
    assert_true(gossip_rpc_next(&rpc, &it));
    assert_int_equal(it.kind, GOSSIP_IWANT);
    assert_true(gossip_ids_next(&it, &id));
    assert_int_equal(id.n, GOSSIP_ID_MAX);
    assert_false(gossip_ids_next(&it, &id));
    assert_false(gossip_rpc_next(&rpc, &it));
    free(long_one);
    buf_done(&b);
    buf_done(&control);
    buf_done(&ids);
}

static void what_later_versions_say_is_passed_over(void **state)
{
    (void)state;
    struct buf b = {0}, control = {0};
    struct gossip_rpc rpc;
    struct gossip_item it;
    pb_put_uint(&b, 77, 1);
    pb_put_str(&control, 9, "later");
    gossip_put_graft(&control, text("g"));
    gossip_put_control(&b, &control);
    pb_put_str(&b, 78, "later");
    gossip_put_sub(&b, text("t"), true);
    assert_int_equal(gossip_rpc_open(&rpc, buf_cur(&b), NULL), OK);
    assert_true(gossip_rpc_next(&rpc, &it));
    assert_int_equal(it.kind, GOSSIP_GRAFT);
    assert_true(gossip_rpc_next(&rpc, &it));
    assert_int_equal(it.kind, GOSSIP_SUBSCRIBE);
    assert_false(gossip_rpc_next(&rpc, &it));
    buf_done(&b);
    buf_done(&control);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_written_is_read),
        cmocka_unit_test(a_prune_names_peers_and_what_is_wrong_among_them_is_passed_over),
        cmocka_unit_test(nothing_that_is_cut_short_is_acted_on),
        cmocka_unit_test(too_many_items_are_refused),
        cmocka_unit_test(topics_and_ids_that_are_too_long_are_passed_over),
        cmocka_unit_test(what_later_versions_say_is_passed_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
