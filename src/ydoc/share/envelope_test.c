#include "ydoc/share/envelope.h"

#include "ydoc/share/share_roster_test.h"

static const uint8_t key[ROSTER_KEY_LEN] = {1, 2, 3};

static struct envelope_key some_key(void)
{
    return (struct envelope_key){.doc = test_doc(1).id, .author = test_peer(2), .key = key};
}

static struct buf some_envelope(void)
{
    struct envelope e = {.seq = 5, .epoch = 2, .nonce = {9}};
    struct envelope_key k = some_key();
    struct buf batch = {0}, out = {0};
    uint8_t digest[ENVELOPE_DIGEST_LEN] = {4};
    envelope_put_message(&batch, cur_of("one", 3));
    envelope_put_message(&batch, cur_of("two", 3));
    envelope_put_digest(&batch, digest);
    envelope_seal(&e, &k, buf_cur(&batch), &out);
    buf_done(&batch);
    return out;
}

static bool opens(const struct buf *b, const struct envelope_key *k, struct envelope_batch *batch,
                  struct buf *plain)
{
    struct envelope e;
    return envelope_read(&e, buf_cur(b), NULL) == OK && envelope_open(&e, k, plain) &&
           envelope_read_batch(batch, buf_cur(plain), NULL) == OK;
}

static void what_is_sealed_comes_out(void **state)
{
    (void)state;
    struct envelope_key k = some_key();
    struct envelope_batch batch;
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
    struct envelope_key k = some_key(), wrong = k;
    struct envelope e;
    struct buf b = some_envelope(), plain = {0};
    assert_int_equal(envelope_read(&e, buf_cur(&b), NULL), OK);
    wrong.key = other;
    assert_false(envelope_open(&e, &wrong, &plain));
    wrong = k;
    wrong.doc = test_doc(2).id;
    assert_false(envelope_open(&e, &wrong, &plain));
    wrong = k;
    wrong.author = test_peer(3);
    assert_false(envelope_open(&e, &wrong, &plain));
    e.seq++;
    assert_false(envelope_open(&e, &k, &plain));
    e.seq--;
    e.epoch++;
    assert_false(envelope_open(&e, &k, &plain));
    e.epoch--;
    assert_true(envelope_open(&e, &k, &plain));
    buf_done(&plain);
    buf_done(&b);
}

static void an_envelope_cut_or_changed_anywhere_is_refused(void **state)
{
    (void)state;
    struct envelope_key k = some_key();
    struct envelope_batch batch;
    struct buf b = some_envelope(), plain = {0};
    struct envelope e;
    for (size_t i = 0; i < buf_len(&b); i++) {
        assert_int_equal(envelope_read(&e, cur_of(buf_bytes(&b), i), NULL), ERR_INVALID);
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
    struct envelope_batch batch;
    struct envelope e;
    struct buf b = {0};
    for (unsigned i = 0; i < ENVELOPE_MESSAGES_MAX; i++)
        envelope_put_message(&b, cur_of("x", 1));
    assert_int_equal(envelope_read_batch(&batch, buf_cur(&b), NULL), OK);
    assert_int_equal(batch.count, ENVELOPE_MESSAGES_MAX);
    envelope_put_message(&b, cur_of("x", 1));
    assert_int_equal(envelope_read_batch(&batch, buf_cur(&b), NULL), ERR_LIMIT);
    buf_clear(&b);
    for (size_t i = 0; i <= ENVELOPE_MAX; i++)
        buf_u8(&b, 0);
    assert_int_equal(envelope_read(&e, buf_cur(&b), NULL), ERR_LIMIT);
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
