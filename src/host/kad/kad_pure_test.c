/* Table, lookup and store, without a connection. */
#include "host/kad/kad_lookup.h"
#include "host/kad/kad_store.h"
#include "host/kad/kad_table.h"

#include "base/test.h"

#include <string.h>

static struct peer_id peer(uint32_t which)
{
    struct peer_id id = {.len = 34, .bytes = {0x12, 0x20}};
    memcpy(id.bytes + 2, &which, sizeof which);
    return id;
}

/* One whose key shares exactly so many bits with ours, the n-th such. */
static struct peer_id peer_in(const struct peer_id *self, unsigned bucket, unsigned n)
{
    struct kad_key ours = kad_key_of(self->bytes, self->len);
    for (uint32_t i = 1;; i++) {
        struct peer_id id = peer(i);
        struct kad_key key = kad_key_of(id.bytes, id.len);
        if (kad_key_shared(&ours, &key) == bucket && n-- == 0)
            return id;
    }
}

/* --- keys ----------------------------------------------------------------------------------- */

static void shared_bits_are_counted(void **state)
{
    (void)state;
    struct kad_key a = {{0}}, b = {{0}};
    assert_int_equal(kad_key_shared(&a, &b), 256);
    b.bytes[0] = 0x80;
    assert_int_equal(kad_key_shared(&a, &b), 0);
    b.bytes[0] = 0x01;
    assert_int_equal(kad_key_shared(&a, &b), 7);
    b.bytes[0] = 0;
    b.bytes[31] = 0x01;
    assert_int_equal(kad_key_shared(&a, &b), 255);
}

static void nearer_is_by_xor(void **state)
{
    (void)state;
    struct kad_key target = {{0x0f}}, a = {{0x0e}}, b = {{0x1f}};
    assert_true(kad_key_nearer(&target, &a, &b) < 0);
    assert_true(kad_key_nearer(&target, &b, &a) > 0);
    assert_int_equal(kad_key_nearer(&target, &a, &a), 0);
}

/* --- the table ------------------------------------------------------------------------------ */

static void we_are_never_in_our_table(void **state)
{
    (void)state;
    struct peer_id self = peer(0);
    struct kad_table *t = kad_table_new(&self);
    assert_false(kad_table_seen(t, &self, 1, NULL));
    assert_int_equal(kad_table_count(t), 0);
    kad_table_free(t);
}

static void who_answers_stays_and_who_failed_twice_makes_room(void **state)
{
    (void)state;
    struct peer_id self = peer(0);
    struct kad_table *t = kad_table_new(&self);
    for (unsigned i = 0; i < KAD_K; i++) {
        struct peer_id id = peer_in(&self, 0, i);
        assert_true(kad_table_seen(t, &id, 1, NULL));
        assert_true(kad_table_seen(t, &id, 2, NULL)); /* the same once more */
    }
    struct peer_id newcomer = peer_in(&self, 0, KAD_K), weak = peer_in(&self, 0, 3);
    assert_int_equal(kad_table_count(t), KAD_K);
    assert_false(kad_table_seen(t, &newcomer, 3, NULL));
    kad_table_failed(t, &weak);
    assert_false(kad_table_seen(t, &newcomer, 3, NULL));
    kad_table_failed(t, &weak);
    assert_true(kad_table_seen(t, &newcomer, 3, NULL));
    assert_false(kad_table_has(t, &weak));
    assert_int_equal(kad_table_count(t), KAD_K);
    kad_table_drop(t, &newcomer);
    assert_int_equal(kad_table_count(t), KAD_K - 1);
    kad_table_free(t);
}

static void expect_nearest(const struct kad_table *t, const struct peer_id *target)
{
    struct peer_id out[KAD_K];
    struct kad_key at = kad_key_of(target->bytes, target->len);
    size_t n = kad_table_nearest(t, &at, out, KAD_K);
    assert_int_equal(n, KAD_K);
    for (size_t i = 1; i < n; i++) {
        struct kad_key a = kad_key_of(out[i - 1].bytes, out[i - 1].len);
        struct kad_key b = kad_key_of(out[i].bytes, out[i].len);
        assert_true(kad_key_nearer(&at, &a, &b) < 0);
    }
    for (uint32_t i = 1; i < 200; i++) { /* nobody nearer was left out */
        struct peer_id id = peer(i);
        struct kad_key k = kad_key_of(id.bytes, id.len);
        struct kad_key last = kad_key_of(out[n - 1].bytes, out[n - 1].len);
        bool among = false;
        for (size_t m = 0; m < n; m++)
            among |= peer_id_equal(&out[m], &id);
        assert_true(among || !kad_table_has(t, &id) || kad_key_nearer(&at, &last, &k) < 0);
    }
}

static void the_nearest_come_nearest_first(void **state)
{
    (void)state;
    struct peer_id self = peer(0);
    struct kad_table *t = kad_table_new(&self);
    for (uint32_t i = 1; i < 200; i++) {
        struct peer_id id = peer(i);
        kad_table_seen(t, &id, 1, NULL);
    }
    expect_nearest(t, &self);
    for (uint32_t i = 5000; i < 5040; i++) {
        struct peer_id target = peer(i);
        expect_nearest(t, &target);
    }
    for (uint32_t i = 1; i < 8; i++) {
        struct peer_id target = peer_in(&self, i, 0); /* deep, where there are few */
        expect_nearest(t, &target);
    }
    kad_table_free(t);
}

static void who_failed_twice_is_not_told_of_unless_all_did(void **state)
{
    (void)state;
    struct peer_id self = peer(0), out[KAD_K], one = peer(1), other = peer(2);
    struct kad_key at = kad_key_of("x", 1);
    struct kad_table *t = kad_table_new(&self);
    kad_table_seen(t, &one, 1, NULL);
    kad_table_seen(t, &other, 1, NULL);
    kad_table_failed(t, &one);
    assert_int_equal(kad_table_nearest(t, &at, out, KAD_K), 2);
    kad_table_failed(t, &one);
    assert_int_equal(kad_table_nearest(t, &at, out, KAD_K), 1);
    assert_true(peer_id_equal(&out[0], &other));
    assert_int_equal(kad_table_good(t), 1);
    kad_table_failed(t, &other);
    kad_table_failed(t, &other);
    assert_int_equal(kad_table_nearest(t, &at, out, KAD_K), 2);
    kad_table_seen(t, &one, 2, NULL); /* it is there again */
    assert_int_equal(kad_table_nearest(t, &at, out, KAD_K), 1);
    kad_table_free(t);
}

/* --- a lookup ------------------------------------------------------------------------------- */

static struct kad_lookup *look(size_t want)
{
    struct peer_id self = peer(0);
    struct kad_key at = kad_key_of("x", 1);
    struct kad_effort effort = {want, KAD_ALPHA, LOOKUP_ASKED_MAX};
    return kad_lookup_new(&at, &self, &effort);
}

static void at_most_ten_are_asked_at_once_and_no_one_twice(void **state)
{
    (void)state;
    struct kad_lookup *l = look(KAD_K);
    struct peer_id out[64];
    for (uint32_t i = 0; i < 50; i++) { /* 0 is ourselves */
        struct peer_id id = peer(i);
        kad_lookup_heard(l, NULL, &id);
        kad_lookup_heard(l, NULL, &id);
    }
    assert_int_equal(kad_lookup_next(l, out, 64), KAD_ALPHA);
    assert_int_equal(kad_lookup_next(l, out + KAD_ALPHA, 64), 0);
    kad_lookup_answered(l, &out[0]);
    kad_lookup_answered(l, &out[0]);
    assert_int_equal(kad_lookup_next(l, out + KAD_ALPHA, 64), 1);
    for (size_t i = 0; i < KAD_ALPHA; i++)
        assert_false(peer_id_equal(&out[i], &out[KAD_ALPHA]));
    kad_lookup_free(l);
}

static void it_ends_when_the_nearest_that_live_have_answered(void **state)
{
    (void)state;
    struct kad_lookup *l = look(5);
    struct peer_id out[64];
    for (uint32_t i = 1; i < 9; i++) {
        struct peer_id id = peer(i);
        kad_lookup_heard(l, NULL, &id);
    }
    assert_int_equal(kad_lookup_next(l, out, 64), 5);
    kad_lookup_failed(l, &out[1]);
    assert_int_equal(kad_lookup_next(l, out + 5, 64), 1); /* in its place */
    for (size_t i = 0; i < 6; i++) {
        assert_false(kad_lookup_over(l));
        kad_lookup_answered(l, &out[i]);
    }
    assert_true(kad_lookup_over(l));
    assert_int_equal(kad_lookup_nearest(l, out, 64), 5);
    kad_lookup_free(l);
}

static void who_is_told_of_ever_nearer_liars_gives_up(void **state)
{
    (void)state;
    struct kad_lookup *l = look(KAD_K);
    struct peer_id out[64];
    uint32_t next = 1;
    struct peer_id id = peer(next++);
    kad_lookup_heard(l, NULL, &id);
    for (unsigned round = 0; round < 100000 && !kad_lookup_over(l); round++) {
        size_t n = kad_lookup_next(l, out, 64);
        for (size_t i = 0; i < n; i++) {
            for (unsigned k = 0; k < 20; k++) {
                struct peer_id liar = peer(next++);
                kad_lookup_heard(l, NULL, &liar);
            }
            kad_lookup_answered(l, &out[i]);
        }
    }
    assert_true(kad_lookup_over(l));
    assert_true(kad_lookup_cost(l).asked <= LOOKUP_ASKED_MAX);
    kad_lookup_free(l);
}

static void who_lets_wait_is_not_waited_for_but_heard(void **state)
{
    (void)state;
    struct kad_lookup *l = look(2);
    struct peer_id out[8], a = peer(1), b = peer(2), c = peer(3);
    kad_lookup_heard(l, NULL, &a);
    kad_lookup_heard(l, NULL, &b);
    kad_lookup_heard(l, NULL, &c);
    assert_int_equal(kad_lookup_next(l, out, 8), 2);
    kad_lookup_slow(l, &out[0]);
    assert_int_equal(kad_lookup_next(l, out + 2, 8), 1);
    kad_lookup_answered(l, &out[1]);
    kad_lookup_answered(l, &out[2]);
    assert_true(kad_lookup_over(l));
    assert_int_equal(kad_lookup_cost(l).failed, 1);
    kad_lookup_answered(l, &out[0]);
    assert_int_equal(kad_lookup_cost(l).failed, 0);
    assert_int_equal(kad_lookup_nearest(l, out, 8), 3);
    kad_lookup_free(l);
}

static void who_tells_of_three_that_are_not_there_is_believed_no_more(void **state)
{
    (void)state;
    struct kad_lookup *l = look(KAD_K);
    struct peer_id out[64], liar = peer(1), honest = peer(2);
    size_t n;
    kad_lookup_heard(l, NULL, &liar);
    kad_lookup_heard(l, NULL, &honest);
    assert_int_equal(kad_lookup_next(l, out, 64), 2);
    for (uint32_t i = 10; i < 30; i++) {
        struct peer_id id = peer(i);
        kad_lookup_heard(l, &liar, &id);
    }
    kad_lookup_answered(l, &liar);
    n = kad_lookup_next(l, out, 3);
    for (size_t i = 0; i < n; i++)
        kad_lookup_failed(l, &out[i]);
    assert_int_equal(kad_lookup_next(l, out, 64), 0);
    struct peer_id again = peer(10);
    for (uint32_t i = 10; i < 15; i++) { /* one of them is there: another says so */
        again = peer(i);
        kad_lookup_heard(l, &honest, &again);
    }
    assert_in_range(kad_lookup_next(l, out, 64), 2, 5);
    assert_int_equal(kad_lookup_cost(l).failed, 3);
    kad_lookup_free(l);
}

static void hops_are_those_to_the_nearest(void **state)
{
    (void)state;
    struct kad_lookup *l = look(KAD_K);
    struct peer_id out[4], a = peer(1), b = peer(2);
    struct kad_key at = kad_key_of("x", 1), ka = kad_key_of(a.bytes, a.len);
    struct kad_key kb = kad_key_of(b.bytes, b.len);
    for (uint32_t i = 3; kad_key_nearer(&at, &kb, &ka) > 0; i++) { /* until it is the nearer */
        b = peer(i);
        kb = kad_key_of(b.bytes, b.len);
    }
    kad_lookup_heard(l, NULL, &a);
    assert_int_equal(kad_lookup_next(l, out, 4), 1);
    kad_lookup_heard(l, &a, &b);
    kad_lookup_answered(l, &a);
    assert_int_equal(kad_lookup_cost(l).hops, 1);
    assert_int_equal(kad_lookup_next(l, out, 4), 1);
    kad_lookup_answered(l, &b);
    assert_int_equal(kad_lookup_cost(l).hops, 2);
    kad_lookup_free(l);
}

static void a_bucket_grows_old_unless_it_is_among_the_nearest(void **state)
{
    (void)state;
    struct peer_id self = peer(0);
    struct kad_table *t = kad_table_new(&self);
    unsigned bucket = 99;
    for (unsigned i = 0; i < KAD_K; i++) {
        struct peer_id far = peer_in(&self, 0, i), near = peer_in(&self, 1 + i / 10, i % 10);
        kad_table_seen(t, &far, 1, NULL);
        kad_table_seen(t, &near, 1, NULL);
    }
    assert_true(kad_table_stale(t, 1000, &bucket));
    assert_int_equal(bucket, 0);
    struct peer_id there = peer_in(&self, 0, 50);
    struct kad_key key = kad_key_of(there.bytes, there.len);
    kad_table_looked(t, &key, 1000);
    assert_false(kad_table_stale(t, 1000, &bucket)); /* the other twenty are the nearest */
    kad_table_free(t);
}

/* --- what others left here ------------------------------------------------------------------ */

static struct cur key(uint32_t *which)
{
    return cur_of(which, sizeof *which);
}

static void a_value_is_kept_for_its_time(void **state)
{
    (void)state;
    struct kad_store *s = kad_store_new(1);
    struct peer_id who = peer(1);
    uint32_t k = 7;
    assert_int_equal(kad_store_put(s, key(&k), cur_of("a", 1), &who, 1, NULL), OK);
    assert_int_equal(kad_store_put(s, key(&k), cur_of("bc", 2), &who, 2, NULL), OK);
    assert_int_equal(kad_store_get(s, key(&k), 3).n, 2);
    assert_non_null(kad_store_get(s, key(&k), 2 + KAD_VALUE_KEPT_US).p);
    assert_null(kad_store_get(s, key(&k), 3 + KAD_VALUE_KEPT_US).p);
    kad_store_free(s);
}

static void one_peer_may_leave_so_much_and_all_so_much(void **state)
{
    (void)state;
    struct kad_store *s = kad_store_new(1);
    uint32_t k = 0;
    size_t kept = 0;
    for (uint32_t who = 1; who < 40; who++) {
        struct peer_id id = peer(who);
        size_t of_one = 0;
        for (unsigned i = 0; i <= KAD_VALUES_OF_ONE_MAX; i++, k++)
            of_one += kad_store_put(s, key(&k), cur_of("v", 1), &id, 1, NULL) == OK;
        assert_true(of_one <= KAD_VALUES_OF_ONE_MAX);
        kept += of_one;
    }
    assert_int_equal(kept, KAD_VALUES_MAX);
    struct peer_id late = peer(50); /* when the old ones are gone there is room */
    assert_int_equal(kad_store_put(s, key(&k), cur_of("v", 1), &late, 2 + KAD_VALUE_KEPT_US, NULL),
                     OK);
    kad_store_free(s);
}

static void a_value_too_long_is_refused(void **state)
{
    (void)state;
    static uint8_t bytes[KAD_VALUE_MAX + 1];
    struct kad_store *s = kad_store_new(1);
    struct peer_id who = peer(1);
    uint32_t k = 1;
    assert_int_equal(kad_store_put(s, key(&k), cur_of(bytes, KAD_VALUE_MAX), &who, 1, NULL), OK);
    assert_int_equal(kad_store_put(s, key(&k), cur_of(bytes, sizeof bytes), &who, 1, NULL),
                     ERR_LIMIT);
    kad_store_free(s);
}

static void providers_are_told_newest_first_and_once(void **state)
{
    (void)state;
    struct kad_store *s = kad_store_new(1);
    struct peer_id a = peer(1), b = peer(2), out[8];
    uint32_t k = 1;
    assert_int_equal(kad_store_provide(s, key(&k), &a, 1, NULL), OK);
    assert_int_equal(kad_store_provide(s, key(&k), &b, 2, NULL), OK);
    assert_int_equal(kad_store_provide(s, key(&k), &a, 3, NULL), OK);
    assert_int_equal(kad_store_providers(s, key(&k), 4, out, 8), 2);
    assert_true(peer_id_equal(&out[0], &a));
    assert_int_equal(kad_store_providers(s, key(&k), 3 + KAD_PROVIDER_KEPT_US, out, 8), 1);
    kad_store_expire(s, 4 + KAD_PROVIDER_KEPT_US);
    assert_int_equal(kad_store_providers(s, key(&k), 4, out, 8), 0);
    kad_store_free(s);
}

static void one_peer_provides_so_much(void **state)
{
    (void)state;
    struct kad_store *s = kad_store_new(1);
    struct peer_id a = peer(1), b = peer(2);
    size_t kept = 0;
    for (uint32_t k = 0; k < KAD_PROVIDES_OF_ONE_MAX + 10; k++)
        kept += kad_store_provide(s, key(&k), &a, 1, NULL) == OK;
    assert_int_equal(kept, KAD_PROVIDES_OF_ONE_MAX);
    uint32_t k = 0;
    assert_int_equal(kad_store_provide(s, key(&k), &b, 1, NULL), OK);
    kad_store_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_bits_are_counted),
        cmocka_unit_test(nearer_is_by_xor),
        cmocka_unit_test(we_are_never_in_our_table),
        cmocka_unit_test(who_answers_stays_and_who_failed_twice_makes_room),
        cmocka_unit_test(the_nearest_come_nearest_first),
        cmocka_unit_test(who_failed_twice_is_not_told_of_unless_all_did),
        cmocka_unit_test(at_most_ten_are_asked_at_once_and_no_one_twice),
        cmocka_unit_test(it_ends_when_the_nearest_that_live_have_answered),
        cmocka_unit_test(who_is_told_of_ever_nearer_liars_gives_up),
        cmocka_unit_test(who_lets_wait_is_not_waited_for_but_heard),
        cmocka_unit_test(who_tells_of_three_that_are_not_there_is_believed_no_more),
        cmocka_unit_test(hops_are_those_to_the_nearest),
        cmocka_unit_test(a_bucket_grows_old_unless_it_is_among_the_nearest),
        cmocka_unit_test(a_value_is_kept_for_its_time),
        cmocka_unit_test(one_peer_may_leave_so_much_and_all_so_much),
        cmocka_unit_test(a_value_too_long_is_refused),
        cmocka_unit_test(providers_are_told_newest_first_and_once),
        cmocka_unit_test(one_peer_provides_so_much),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
