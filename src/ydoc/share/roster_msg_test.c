#include "ydoc/share/roster_msg.h"

#include "ydoc/share/share_roster_test.h"

static void a_roster_is_read_as_it_was_signed(void **state)
{
    (void)state;
    struct doc_key k = test_doc(1);
    struct roster r = test_roster(&k, 7), got;
    struct buf b = {0};
    struct why why;
    roster_sign(&r, k.secret, &b);
    assert_int_equal(roster_read(&got, &k.id, buf_cur(&b), &why), OK);
    assert_int_equal(got.seq, 7);
    assert_int_equal(got.count, 3);
    struct peer_id owner = test_peer(1), writer = test_peer(2), reader = test_peer(3);
    struct peer_id nobody = test_peer(4);
    assert_int_equal(roster_find(&got, &owner)->role, DOC_OWNER);
    assert_string_equal(roster_find(&got, &owner)->name, "ann");
    assert_true(roster_writes(&got, &writer));
    assert_true(roster_writes(&got, &owner));
    assert_false(roster_writes(&got, &reader));
    assert_false(roster_writes(&got, &nobody));
    roster_done(&got);
    roster_done(&r);
    buf_done(&b);
}

static void what_its_owner_did_not_sign_is_refused_whichever_byte_was_changed(void **state)
{
    (void)state;
    struct doc_key k = test_doc(1), other = test_doc(2);
    struct roster r = test_roster(&k, 7), got;
    struct buf b = {0};
    roster_sign(&r, k.secret, &b);
    for (size_t i = 0; i < buf_len(&b); i++) {
        buf_bytes(&b)[i] ^= 1;
        assert_int_not_equal(roster_read(&got, &k.id, buf_cur(&b), NULL), OK);
        assert_null(got.members);
        buf_bytes(&b)[i] ^= 1;
        assert_int_not_equal(roster_read(&got, &k.id, cur_of(buf_bytes(&b), i), NULL), OK);
    }
    assert_int_equal(roster_read(&got, &other.id, buf_cur(&b), NULL), ERR_DENIED);
    buf_clear(&b);
    roster_sign(&r, other.secret, &b);
    assert_int_equal(roster_read(&got, &k.id, buf_cur(&b), NULL), ERR_DENIED);
    /* It signs a roster that names another document. */
    assert_int_equal(roster_read(&got, &other.id, buf_cur(&b), NULL), ERR_INVALID);
    roster_done(&r);
    buf_done(&b);
}

static enum err parsed(const struct roster *r)
{
    struct roster got;
    struct buf b = {0};
    roster_put(r, &b);
    enum err err = roster_parse(&got, buf_cur(&b), NULL);
    roster_done(&got);
    buf_done(&b);
    return err;
}

static void a_roster_has_one_owner_a_number_and_an_epoch(void **state)
{
    (void)state;
    struct doc_key k = test_doc(1);
    struct roster r = test_roster(&k, 7);
    assert_int_equal(parsed(&r), OK);
    r.seq = 0;
    assert_int_equal(parsed(&r), ERR_INVALID);
    r.seq = UINT64_MAX;
    assert_int_equal(parsed(&r), ERR_INVALID);
    r.seq = 7;
    r.epoch = 0;
    assert_int_equal(parsed(&r), ERR_INVALID);
    r.epoch = 1;
    test_member(&r, 2, DOC_OWNER);
    assert_int_equal(parsed(&r), ERR_INVALID);
    test_member(&r, 1, DOC_WRITER);
    assert_int_equal(parsed(&r), OK);
    test_member(&r, 2, DOC_READER);
    assert_int_equal(parsed(&r), ERR_INVALID);
    roster_done(&r);
}

static void members_out_of_order_or_twice_are_refused(void **state)
{
    (void)state;
    struct doc_key k = test_doc(1);
    struct roster r = test_roster(&k, 7);
    struct roster_member first = r.members[0];
    r.members[0] = r.members[1];
    r.members[1] = first;
    assert_int_equal(parsed(&r), ERR_INVALID);
    r.members[0] = r.members[1];
    assert_int_equal(parsed(&r), ERR_INVALID);
    roster_done(&r);
}

static void a_member_to_whom_nothing_can_be_sealed_is_refused(void **state)
{
    (void)state;
    struct doc_key k = test_doc(1);
    struct roster r = test_roster(&k, 7);
    struct roster_member m = {.peer = {.len = 34, .bytes = {0x12, 0x20, 5}}, .role = DOC_WRITER};
    assert_int_equal(roster_set(&r, &m, NULL), OK);
    assert_int_equal(parsed(&r), ERR_UNSUPPORTED);
    roster_done(&r);
}

static void there_is_room_for_so_many_members_and_no_more(void **state)
{
    (void)state;
    struct doc_key k = test_doc(1);
    struct roster r = {.doc = k.id, .seq = INT64_MAX, .epoch = INT64_MAX}, got;
    struct buf b = {0};
    for (unsigned i = 0; i < SHARE_MEMBERS_MAX; i++)
        test_member(&r, (uint8_t)i, i == 0 ? DOC_OWNER : DOC_WRITER);
    for (size_t i = 0; i < r.count; i++)
        memset(r.members[i].name, 'x', ROSTER_NAME_MAX);
    roster_sign(&r, k.secret, &b);
    assert_true(buf_len(&b) <= ROSTER_MAX);
    assert_int_equal(roster_read(&got, &k.id, buf_cur(&b), NULL), OK);
    assert_int_equal(got.count, SHARE_MEMBERS_MAX);
    struct roster_member last = got.members[SHARE_MEMBERS_MAX - 1], more = last;
    more.peer.bytes[more.peer.len - 1]++;
    assert_int_equal(roster_set(&got, &more, NULL), ERR_LIMIT);
    assert_int_equal(roster_set(&got, &last, NULL), OK); /* in its own place */
    roster_drop(&got, &last.peer);
    assert_int_equal(got.count, SHARE_MEMBERS_MAX - 1);
    assert_null(roster_find(&got, &last.peer));
    roster_done(&got);
    buf_clear(&b);
    for (size_t i = 0; i <= ROSTER_MAX; i++)
        buf_u8(&b, 0);
    assert_int_equal(roster_read(&got, &k.id, buf_cur(&b), NULL), ERR_LIMIT);
    roster_done(&r);
    buf_done(&b);
}

static void a_name_is_text_that_drives_no_terminal(void **state)
{
    (void)state;
    char name[ROSTER_NAME_MAX + 1];
    roster_name(name, cur_of("a\x1b[2J\xff\xc3\xa9", 8));
    assert_string_equal(name, "a [2J \xc3\xa9");
    char lengthy[100];
    memset(lengthy, 'x', sizeof lengthy);
    roster_name(name, cur_of(lengthy, sizeof lengthy));
    assert_int_equal(strlen(name), ROSTER_NAME_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_roster_is_read_as_it_was_signed),
        cmocka_unit_test(what_its_owner_did_not_sign_is_refused_whichever_byte_was_changed),
        cmocka_unit_test(a_roster_has_one_owner_a_number_and_an_epoch),
        cmocka_unit_test(members_out_of_order_or_twice_are_refused),
        cmocka_unit_test(a_member_to_whom_nothing_can_be_sealed_is_refused),
        cmocka_unit_test(there_is_room_for_so_many_members_and_no_more),
        cmocka_unit_test(a_name_is_text_that_drives_no_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
