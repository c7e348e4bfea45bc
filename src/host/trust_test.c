#include "host/trust.h"

#include "base/test.h"

static struct peer_id somebody(uint8_t seed)
{
    struct peer_id id = {.len = 38, .bytes = {0, 36, 8, 1, 18, 32}};
    id.bytes[10] = seed;
    return id;
}

static struct db *fresh(void)
{
    struct why why;
    struct db *db = db_open(":memory:", trust_migrations, TRUST_MIGRATIONS, &why);
    assert_non_null(db);
    return db;
}

static void everybody_is_a_stranger_at_first(void **state)
{
    (void)state;
    struct peer_id ann = somebody(1);
    struct trust_book *b = trust_open(NULL, NULL);
    assert_int_equal(trust_of(b, &ann), TRUST_STRANGER);
    assert_int_equal(trust_of(NULL, &ann), TRUST_STRANGER);
    assert_string_equal(trust_name(b, &ann), "");
    assert_null(trust_at(b, 0));
    trust_free(b);
}

static void what_was_said_of_a_peer_is_kept(void **state)
{
    (void)state;
    struct db *db = fresh();
    struct why why;
    struct peer_id ann = somebody(1), bob = somebody(2), eve = somebody(3), found;
    struct trust_book *b = trust_open(db, &why);
    assert_int_equal(trust_set(b, &eve, TRUST_BLOCKED, NULL, &why), OK);
    assert_int_equal(trust_set(b, &bob, TRUST_TRUSTED, "bob", &why), OK);
    assert_int_equal(trust_set(b, &ann, TRUST_TRUSTED, "", &why), OK);
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(trust_of(b, &eve), TRUST_BLOCKED);
        assert_int_equal(trust_of(b, &bob), TRUST_TRUSTED);
        assert_int_equal(trust_of(b, &ann), TRUST_TRUSTED);
        assert_true(trust_find(b, "bob", &found) && peer_id_equal(&found, &bob));
        assert_false(trust_find(b, "", &found));
        assert_true(peer_id_equal(&trust_at(b, 0)->peer, &ann)); /* by id */
        assert_true(peer_id_equal(&trust_at(b, 2)->peer, &eve));
        assert_null(trust_at(b, 3));
        trust_free(b);
        b = trust_open(db, &why);
    }
    trust_free(b);
    db_close(db);
}

static void a_name_stays_until_another_is_given(void **state)
{
    (void)state;
    struct why why;
    struct peer_id bob = somebody(2);
    struct trust_book *b = trust_open(NULL, &why);
    assert_int_equal(trust_set(b, &bob, TRUST_TRUSTED, "bob", &why), OK);
    assert_int_equal(trust_set(b, &bob, TRUST_BLOCKED, NULL, &why), OK);
    assert_string_equal(trust_name(b, &bob), "bob");
    assert_int_equal(trust_set(b, &bob, TRUST_TRUSTED, "robert", &why), OK);
    assert_string_equal(trust_name(b, &bob), "robert");
    assert_int_equal(trust_set(b, &bob, TRUST_TRUSTED, "", &why), OK);
    assert_string_equal(trust_name(b, &bob), "");
    trust_free(b);
}

static void who_is_forgotten_is_a_stranger_again(void **state)
{
    (void)state;
    struct db *db = fresh();
    struct why why;
    struct peer_id bob = somebody(2);
    struct trust_book *b = trust_open(db, &why);
    assert_int_equal(trust_set(b, &bob, TRUST_TRUSTED, "bob", &why), OK);
    assert_int_equal(trust_set(b, &bob, TRUST_STRANGER, NULL, &why), OK);
    for (unsigned round = 0; round < 2; round++) {
        assert_int_equal(trust_of(b, &bob), TRUST_STRANGER);
        assert_string_equal(trust_name(b, &bob), "");
        trust_free(b);
        b = trust_open(db, &why);
    }
    trust_free(b);
    db_close(db);
}

static void a_name_is_one_peers_and_no_id(void **state)
{
    (void)state;
    struct why why;
    struct peer_id ann = somebody(1), bob = somebody(2);
    char id[PEER_ID_FORMAT], longest[TRUST_NAME_MAX + 2];
    struct trust_book *b = trust_open(NULL, &why);
    assert_int_equal(trust_set(b, &bob, TRUST_TRUSTED, "bob", &why), OK);
    assert_int_equal(trust_set(b, &bob, TRUST_TRUSTED, "bob", &why), OK);
    assert_int_equal(trust_set(b, &ann, TRUST_TRUSTED, "bob", &why), ERR_STATE);
    assert_int_equal(trust_set(b, &ann, TRUST_TRUSTED, "a/b", &why), ERR_INVALID);
    assert_int_equal(trust_set(b, &ann, TRUST_TRUSTED, "a b", &why), ERR_INVALID);
    assert_int_equal(trust_set(b, &ann, TRUST_TRUSTED, "a\x7f", &why), ERR_INVALID);
    assert_int_equal(trust_set(b, &ann, TRUST_TRUSTED, peer_id_format(&bob, id), &why),
                     ERR_INVALID);
    memset(longest, 'x', sizeof longest);
    longest[TRUST_NAME_MAX + 1] = 0;
    assert_int_equal(trust_set(b, &ann, TRUST_TRUSTED, longest, &why), ERR_LIMIT);
    assert_int_equal(trust_of(b, &ann), TRUST_STRANGER);
    longest[TRUST_NAME_MAX] = 0;
    assert_int_equal(trust_set(b, &ann, TRUST_TRUSTED, longest, &why), OK);
    trust_free(b);
}

static void the_book_is_bounded(void **state)
{
    (void)state;
    struct why why;
    struct trust_book *b = trust_open(NULL, &why);
    struct peer_id id = somebody(1);
    for (unsigned i = 0; i < TRUST_MAX; i++) {
        id.bytes[20] = (uint8_t)(i >> 8);
        id.bytes[21] = (uint8_t)i;
        assert_int_equal(trust_set(b, &id, TRUST_BLOCKED, NULL, &why), OK);
    }
    assert_int_equal(trust_set(b, &id, TRUST_TRUSTED, NULL, &why), OK);
    id.bytes[22] = 1;
    assert_int_equal(trust_set(b, &id, TRUST_BLOCKED, NULL, &why), ERR_FULL);
    trust_free(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(everybody_is_a_stranger_at_first),
        cmocka_unit_test(what_was_said_of_a_peer_is_kept),
        cmocka_unit_test(a_name_stays_until_another_is_given),
        cmocka_unit_test(who_is_forgotten_is_a_stranger_again),
        cmocka_unit_test(a_name_is_one_peers_and_no_id),
        cmocka_unit_test(the_book_is_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
