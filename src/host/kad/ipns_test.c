#include "host/kad/ipns.h"

#include "base/test.h"
#include "host/kad/ipns_test.h"
#include "host/kad/kad_record.h"
#include "net/loop.h"

#define WALL (INT64_C(1767225600) * 1000000) /* 2026-01-01 */
#define UNTIL "2026-01-02T03:04:05.000000006Z"

struct kit {
    struct keys *keys;
    struct peer_id name;
    struct buf record;
};

static int open_kit(void **state)
{
    static struct kit kit;
    uint8_t entropy[16] = {7};
    struct pubkey pk;
    struct kit *k = *state = &kit;
    *k = (struct kit){.keys = keys_of_entropy(entropy, sizeof entropy)};
    pubkey_of_ed25519(&pk, keys_peer_public(k->keys));
    peer_id_of_key(&pk, &k->name);
    ipns_test_make(k->keys, "/ipfs/a", 3, UNTIL, &k->record);
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    keys_free(k->keys);
    buf_done(&k->record);
    return 0;
}

static void what_its_owner_signed_is_believed(void **state)
{
    struct kit *k = *state;
    struct ipns r;
    assert_int_equal(ipns_check(&k->name, buf_cur(&k->record), WALL, NULL), OK);
    assert_int_equal(ipns_decode(&r, buf_cur(&k->record), NULL), OK);
    assert_int_equal(r.sequence, 3);
    assert_int_equal(r.ttl_ns, 3600000000000);
    assert_int_equal(r.until_us, WALL + (INT64_C(24) * 3600 + 3 * 3600 + 4 * 60 + 5) * 1000000);
    assert_int_equal(r.value.n, 7);
    assert_memory_equal(r.value.p, "/ipfs/a", 7);
}

static void no_byte_of_it_may_be_another(void **state)
{
    struct kit *k = *state;
    for (size_t i = 0; i < buf_len(&k->record); i++) {
        buf_bytes(&k->record)[i] ^= 1;
        assert_int_not_equal(ipns_check(&k->name, buf_cur(&k->record), WALL, NULL), OK);
        buf_bytes(&k->record)[i] ^= 1;
        assert_int_not_equal(ipns_check(&k->name, cur_of(buf_bytes(&k->record), i), WALL, NULL),
                             OK);
    }
}

static void what_is_valid_no_more_is_not_believed(void **state)
{
    struct kit *k = *state;
    struct ipns r;
    assert_int_equal(ipns_decode(&r, buf_cur(&k->record), NULL), OK);
    assert_int_equal(ipns_check(&k->name, buf_cur(&k->record), r.until_us, NULL), OK);
    assert_int_equal(ipns_check(&k->name, buf_cur(&k->record), r.until_us + 1, NULL), ERR_INVALID);
}

static void times_that_are_none_are_refused(void **state)
{
    static const char *const bad[] = {"",
                                      "2026-01-02",
                                      "2026-13-02T03:04:05Z",
                                      "2026-01-00T03:04:05Z",
                                      "2026-01-02T24:04:05Z",
                                      "2026-01-02T03:04:05",
                                      "2026-01-02T03:04:05+01:00",
                                      "2026-01-02T03:04:05Z ",
                                      "x026-01-02T03:04:05Z"};
    struct kit *k = *state;
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct ipns r;
        buf_clear(&k->record);
        ipns_test_make(k->keys, "/ipfs/a", 3, bad[i], &k->record);
        assert_int_equal(ipns_decode(&r, buf_cur(&k->record), NULL), ERR_INVALID);
    }
}

static void somebody_elses_name_is_not_pointed_anywhere(void **state)
{
    struct kit *k = *state;
    uint8_t entropy[16] = {8};
    struct keys *other = keys_of_entropy(entropy, sizeof entropy);
    buf_clear(&k->record);
    ipns_test_make(other, "/ipfs/a", 3, UNTIL, &k->record);
    assert_int_equal(ipns_check(&k->name, buf_cur(&k->record), WALL, NULL), ERR_INVALID);
    keys_free(other);
}

static void what_the_first_version_says_must_be_the_same(void **state)
{
    struct kit *k = *state;
    pb_put_str(&k->record, 1, "/ipfs/a");
    pb_put_str(&k->record, 4, UNTIL);
    pb_put_uint(&k->record, 3, 0);
    pb_put_uint(&k->record, 5, 3);
    pb_put_uint(&k->record, 6, 3600000000000);
    assert_int_equal(ipns_check(&k->name, buf_cur(&k->record), WALL, NULL), OK);
    pb_put_str(&k->record, 1, "/ipfs/b");
    assert_int_equal(ipns_check(&k->name, buf_cur(&k->record), WALL, NULL), ERR_INVALID);
}

static void one_too_long_is_refused(void **state)
{
    struct kit *k = *state;
    struct ipns r;
    static const char filler[IPNS_MAX];
    pb_put_bytes(&k->record, 20, filler, IPNS_MAX - buf_len(&k->record) - 4);
    assert_int_equal(buf_len(&k->record), IPNS_MAX);
    assert_int_equal(ipns_decode(&r, buf_cur(&k->record), NULL), OK);
    buf_clear(&k->record);
    buf_put(&k->record, filler, sizeof filler);
    buf_u8(&k->record, 0);
    assert_int_equal(ipns_decode(&r, buf_cur(&k->record), NULL), ERR_LIMIT);
}

static void the_later_is_chosen_by_sequence_then_by_validity(void **state)
{
    struct kit *k = *state;
    struct buf more = {0}, longer = {0}, key = {0};
    ipns_test_make(k->keys, "/ipfs/b", 4, "2026-01-01T10:00:00Z", &more);
    ipns_test_make(k->keys, "/ipfs/c", 3, "2026-02-01T10:00:00Z", &longer);
    struct cur a = buf_cur(&k->record), b = buf_cur(&more), c = buf_cur(&longer);
    assert_true(ipns_later(a, b));
    assert_false(ipns_later(b, a));
    assert_true(ipns_later(a, c));
    assert_false(ipns_later(c, a));
    assert_false(ipns_later(a, a));
    assert_true(ipns_later(c, b));
    buf_str(&key, "/ipns/");
    buf_put(&key, k->name.bytes, k->name.len);
    assert_int_equal(kad_record_check(buf_cur(&key), a, WALL, false, NULL), OK);
    assert_int_equal(kad_record_check(buf_cur(&key), cur_of("x", 1), WALL, true, NULL),
                     ERR_INVALID);
    assert_true(kad_record_better(buf_cur(&key), a, b));
    assert_false(kad_record_better(buf_cur(&key), b, a));
    buf_done(&more);
    buf_done(&longer);
    buf_done(&key);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(what_its_owner_signed_is_believed),
        CASE(no_byte_of_it_may_be_another),
        CASE(what_is_valid_no_more_is_not_believed),
        CASE(times_that_are_none_are_refused),
        CASE(somebody_elses_name_is_not_pointed_anywhere),
        CASE(what_the_first_version_says_must_be_the_same),
        CASE(one_too_long_is_refused),
        CASE(the_later_is_chosen_by_sequence_then_by_validity),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
