#include "host/gossip/gossip_cache.h"

#include "base/mem.h"
#include "base/test.h"

#include <stdlib.h>

struct kit {
    struct gossip_cache *cache;
    struct gossip_author author;
};

static struct cur text(const char *s)
{
    return cur_of(s, strlen(s));
}

static int open_kit(void **state)
{
    struct kit *k = *state = MEM_NEW(struct kit);
    static const uint8_t pub[32] = {9};
    k->cache = gossip_cache_new(1);
    pubkey_of_ed25519(&k->author.key, pub);
    peer_id_of_key(&k->author.key, &k->author.id);
    return 0;
}

static int close_kit(void **state)
{
    struct kit *k = *state;
    gossip_cache_free(k->cache);
    free(k);
    return 0;
}

static void add(struct kit *k, uint64_t seqno, size_t len, uint64_t now_us)
{
    uint8_t *bytes = mem_zalloc(len + 1);
    k->author.seqno = seqno;
    gossip_held_drop(
        gossip_cache_add(k->cache, &k->author, NULL, text("news"), cur_of(bytes, len), now_us));
    free(bytes);
}

static struct gossip_id name(struct kit *k, uint64_t seqno, enum gossip_form form)
{
    struct gossip_id id;
    k->author.seqno = seqno;
    gossip_name(&k->author, form, &id);
    return id;
}

static bool has(struct kit *k, uint64_t seqno, uint64_t now_us)
{
    struct gossip_id id = name(k, seqno, GOSSIP_GO);
    return gossip_cache_has(k->cache, cur_of(id.bytes, id.len), now_us, NULL);
}

static struct gossip_held *ask(struct kit *k, uint64_t seqno, enum gossip_form form, uint64_t who)
{
    struct gossip_id id = name(k, seqno, form);
    return gossip_cache_ask(k->cache, cur_of(id.bytes, id.len), who);
}

static void a_message_is_found_by_each_of_its_names(void **state)
{
    struct kit *k = *state;
    add(k, 5, 10, 0);
    for (int f = 0; f < GOSSIP_FORMS; f++) {
        enum gossip_form form = GOSSIP_FORMS;
        struct gossip_id id = name(k, 5, (enum gossip_form)f);
        assert_true(gossip_cache_has(k->cache, cur_of(id.bytes, id.len), 1, &form));
        assert_int_equal(form, f);
        assert_non_null(ask(k, 5, (enum gossip_form)f, (uint64_t)f));
    }
}

static void it_is_known_for_two_minutes(void **state)
{
    struct kit *k = *state;
    add(k, 5, 10, 1000);
    assert_true(has(k, 5, 1000 + GOSSIP_SEEN_US - 1));
    assert_false(has(k, 5, 1000 + GOSSIP_SEEN_US));
    gossip_cache_shift(k->cache, 1000 + GOSSIP_SEEN_US);
    assert_int_equal(gossip_cache_seen(k->cache), 0);
}

static void it_is_given_for_five_heartbeats_and_told_of_for_three(void **state)
{
    struct kit *k = *state;
    struct gossip_held *out[4];
    add(k, 5, 10, 0);
    for (unsigned beat = 0; beat < GOSSIP_HISTORY; beat++) {
        assert_int_equal(gossip_cache_recent(k->cache, text("news"), out, 4),
                         beat < GOSSIP_GOSSIP ? 1 : 0);
        assert_int_equal(gossip_cache_recent(k->cache, text("olds"), out, 4), 0);
        assert_non_null(ask(k, 5, GOSSIP_GO, beat));
        gossip_cache_shift(k->cache, 0);
    }
    assert_null(ask(k, 5, GOSSIP_GO, 99));
    assert_true(has(k, 5, 0));
    assert_int_equal(gossip_cache_bytes(k->cache), 0);
}

static void one_peer_gets_it_three_times_for_asking(void **state)
{
    struct kit *k = *state;
    add(k, 5, 10, 0);
    for (unsigned i = 0; i < GOSSIP_GIVEN_MAX; i++)
        assert_non_null(ask(k, 5, GOSSIP_GO, 1));
    assert_null(ask(k, 5, GOSSIP_GO, 1));
    assert_null(ask(k, 5, GOSSIP_JS, 1)); /* by whatever name */
    assert_non_null(ask(k, 5, GOSSIP_GO, 2));
}

static void what_is_hidden_is_known_and_not_given(void **state)
{
    struct kit *k = *state;
    struct gossip_held *out[1];
    add(k, 5, 10, 0);
    struct gossip_id id = name(k, 5, GOSSIP_GO);
    gossip_cache_hide(k->cache, cur_of(id.bytes, id.len));
    assert_true(has(k, 5, 0));
    assert_null(ask(k, 5, GOSSIP_GO, 1));
    assert_int_equal(gossip_cache_recent(k->cache, text("news"), out, 1), 0);
}

static void the_oldest_is_forgotten_where_there_are_too_many(void **state)
{
    struct kit *k = *state;
    for (uint64_t i = 0; i < GOSSIP_SEEN_MAX; i++)
        add(k, i, 1, 0);
    assert_true(has(k, 0, 0));
    add(k, GOSSIP_SEEN_MAX, 1, 0);
    assert_false(has(k, 0, 0));
    assert_true(has(k, 1, 0));
    assert_int_equal(gossip_cache_seen(k->cache), GOSSIP_SEEN_MAX);
}

static void bytes_are_bounded_and_the_newest_stay(void **state)
{
    struct kit *k = *state;
    for (uint64_t i = 0; i < 20; i++)
        add(k, i, 1 << 20, 0);
    assert_true(gossip_cache_bytes(k->cache) <= GOSSIP_CACHED_BYTES);
    assert_null(ask(k, 0, GOSSIP_GO, 1));
    assert_non_null(ask(k, 19, GOSSIP_GO, 1));
    assert_true(has(k, 0, 0)); /* known all the same */
}

static void what_somebody_holds_outlives_the_cache(void **state)
{
    struct kit *k = *state;
    add(k, 5, 10, 0);
    struct gossip_held *m = gossip_held_keep(ask(k, 5, GOSSIP_GO, 1));
    gossip_cache_free(k->cache);
    k->cache = NULL;
    assert_int_equal(m->whole.n, 10);
    gossip_held_drop(m);
}

/* Whoever uses the name that an app gives does not say by it how it names the others. */
static void a_name_of_an_app_is_the_only_one_and_teaches_nothing(void **state)
{
    struct kit *k = *state;
    struct gossip_id own = {.len = 3, .bytes = "own"};
    enum gossip_form form = GOSSIP_JS;
    k->author.seqno = 1;
    struct gossip_held *m =
        gossip_cache_add(k->cache, &k->author, &own, text("news"), text("m"), 0);
    assert_true(gossip_cache_has(k->cache, text("own"), 0, &form));
    assert_int_equal(form, GOSSIP_JS);
    assert_false(has(k, 1, 0));
    assert_int_equal(gossip_held_name(m, GOSSIP_JS).n, 3);
    gossip_held_drop(m);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_kit, close_kit)
    const struct CMUnitTest tests[] = {
        CASE(a_message_is_found_by_each_of_its_names),
        CASE(a_name_of_an_app_is_the_only_one_and_teaches_nothing),
        CASE(it_is_known_for_two_minutes),
        CASE(it_is_given_for_five_heartbeats_and_told_of_for_three),
        CASE(one_peer_gets_it_three_times_for_asking),
        CASE(what_is_hidden_is_known_and_not_given),
        CASE(the_oldest_is_forgotten_where_there_are_too_many),
        CASE(bytes_are_bounded_and_the_newest_stay),
        CASE(what_somebody_holds_outlives_the_cache),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
