#include "ydoc/share/topic_msg.h"

#include "ydoc/share/share_roster_test.h"

static const uint8_t key[ROSTER_KEY_LEN] = {1, 2, 3};

static struct topic_key some_key(void)
{
    return (struct topic_key){.doc = test_doc(1).id, .author = test_peer(2), .key = key};
}

static struct buf some_envelope(void)
{
    struct topic_msg e = {.seq = 5, .epoch = 2, .nonce = {9}};
    struct topic_key k = some_key();
    struct buf batch = {0}, out = {0};
    uint8_t digest[TOPIC_MSG_DIGEST_LEN] = {4};
    topic_batch_put(&batch, cur_of("one", 3));
    topic_batch_put(&batch, cur_of("two", 3));
    topic_batch_digest(&batch, digest);
    topic_msg_seal(&e, &k, buf_cur(&batch), &out);
    buf_done(&batch);
    return out;
}

static bool opens(const struct buf *b, const struct topic_key *k, struct topic_batch *batch,
                  struct buf *plain)
{
    struct topic_msg e;
    return topic_msg_read(&e, buf_cur(b), NULL) == OK && topic_msg_open(&e, k, plain) &&
           topic_batch_read(batch, buf_cur(plain), NULL) == OK;
}

static void what_is_sealed_comes_out(void **state)
{
    (void)state;
    struct topic_key k = some_key();
    struct topic_batch batch;
    struct buf b = some_envelope(), plain = {0};
    assert_true(opens(&b, &k, &batch, &plain));
    assert_int_equal(batch.count, 2);
    assert_memory_equal(batch.messages[1].p, "two", 3);
    assert_true(batch.has_digest);
    assert_int_equal(batch.digest[0], 4);
    buf_done(&plain);
    buf_done(&b);
}

static void an_envelope_fits_its_key_document_author_and_numbers_alone(void **state)
{
    (void)state;
    static const uint8_t other[ROSTER_KEY_LEN] = {1, 2, 4};
    struct topic_key k = some_key(), wrong = k;
    struct topic_msg e;
    struct buf b = some_envelope(), plain = {0};
    assert_int_equal(topic_msg_read(&e, buf_cur(&b), NULL), OK);
    wrong.key = other;
    assert_false(topic_msg_open(&e, &wrong, &plain));
    wrong = k;
    wrong.doc = test_doc(2).id;
    assert_false(topic_msg_open(&e, &wrong, &plain));
    wrong = k;
    wrong.author = test_peer(3);
    assert_false(topic_msg_open(&e, &wrong, &plain));
    e.seq++;
    assert_false(topic_msg_open(&e, &k, &plain));
    e.seq--;
    e.epoch++;
    assert_false(topic_msg_open(&e, &k, &plain));
    e.epoch--;
    assert_true(topic_msg_open(&e, &k, &plain));
    buf_done(&plain);
    buf_done(&b);
}

static void an_envelope_cut_or_changed_anywhere_is_refused(void **state)
{
    (void)state;
    struct topic_key k = some_key();
    struct topic_batch batch;
    struct buf b = some_envelope(), plain = {0};
    struct topic_msg e;
    for (size_t i = 0; i < buf_len(&b); i++) {
        assert_int_equal(topic_msg_read(&e, cur_of(buf_bytes(&b), i), NULL), ERR_INVALID);
        buf_bytes(&b)[i] ^= 1;
        assert_false(opens(&b, &k, &batch, &plain));
        buf_bytes(&b)[i] ^= 1;
    }
    buf_done(&plain);
    buf_done(&b);
}

static void it_holds_so_many_messages_and_bytes(void **state)
{
    (void)state;
    struct topic_batch batch;
    struct topic_msg e;
    struct buf b = {0};
    for (unsigned i = 0; i < TOPIC_MSG_MESSAGES_MAX; i++)
        topic_batch_put(&b, cur_of("x", 1));
    assert_int_equal(topic_batch_read(&batch, buf_cur(&b), NULL), OK);
    assert_int_equal(batch.count, TOPIC_MSG_MESSAGES_MAX);
    topic_batch_put(&b, cur_of("x", 1));
    assert_int_equal(topic_batch_read(&batch, buf_cur(&b), NULL), ERR_LIMIT);
    buf_clear(&b);
    for (size_t i = 0; i <= TOPIC_MSG_MAX; i++)
        buf_u8(&b, 0);
    assert_int_equal(topic_msg_read(&e, buf_cur(&b), NULL), ERR_LIMIT);
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_comes_out),
        cmocka_unit_test(an_envelope_fits_its_key_document_author_and_numbers_alone),
        cmocka_unit_test(an_envelope_cut_or_changed_anywhere_is_refused),
        cmocka_unit_test(it_holds_so_many_messages_and_bytes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
