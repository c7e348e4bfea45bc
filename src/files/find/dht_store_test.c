#include "files/find/dht_store.h"

#include "base/mem.h"
#include "base/test.h"
#include "crypto/ed25519.h"

#include <math.h>
#include <stdio.h>

#define NOW (1000 * SEC)

static const struct dht_id own = {{0}};

static struct dht_store *store_new(void)
{
    return dht_store_new(&own, 7, NOW);
}

static struct dht_id id_of(unsigned n)
{
    struct dht_id id = {{0}};
    id.b[0] = 0x80; /* far */
    id.b[18] = (uint8_t)(n >> 8);
    id.b[19] = (uint8_t)n;
    return id;
}

static struct addr peer(unsigned n)
{
    return addr_v4((uint8_t)(20 + n / 62500), (uint8_t)(n / 250 % 250), (uint8_t)(n % 250), 1,
                   6881);
}

static enum err announce(struct dht_store *s, unsigned hash, unsigned who, bool seed)
{
    struct dht_id id = id_of(hash);
    struct addr a = peer(who);
    return dht_store_announce(s, &id, &a, seed, NOW);
}

static size_t peers_of(struct dht_store *s, unsigned hash, bool noseed)
{
    struct addr out[DHT_VALUES_MAX];
    struct dht_id id = id_of(hash);
    return dht_store_peers(s, &id, noseed, out, DHT_VALUES_MAX);
}

static void keeps_one_peer_for_an_address(void **state)
{
    (void)state;
    struct dht_store *s = store_new();
    struct dht_id id = id_of(1);
    struct addr a = peer(1), out[4];
    for (uint16_t port = 1; port < 50; port++) {
        a.port = port;
        assert_int_equal(dht_store_announce(s, &id, &a, false, NOW), OK);
    }
    assert_int_equal(dht_store_peers(s, &id, false, out, 4), 1);
    assert_int_equal(out[0].port, 49);
    assert_int_equal(announce(s, 1, 2, true), OK);
    assert_int_equal(peers_of(s, 1, false), 2);
    assert_int_equal(peers_of(s, 1, true), 1);
    assert_int_equal(peers_of(s, 2, false), 0);
    dht_store_free(s);
}

static void forgets_after_its_time(void **state)
{
    (void)state;
    struct dht_store *s = store_new();
    assert_int_equal(announce(s, 1, 1, false), OK);
    dht_store_tick(s, 1, NOW + DHT_PEER_TTL_US - 1);
    assert_int_equal(dht_store_peer_count(s), 1);
    dht_store_tick(s, 1, NOW + DHT_PEER_TTL_US);
    assert_int_equal(dht_store_peer_count(s), 0);
    assert_int_equal(dht_store_swarms(s), 0);
    dht_store_free(s);
}

static void a_swarm_and_a_stranger_have_their_limits(void **state)
{
    (void)state;
    struct dht_store *s = store_new();
    struct dht_id id = id_of(1);
    for (unsigned i = 0; i < DHT_SWARM_PEERS_MAX; i++) {
        assert_false(dht_store_is_full(s, &id));
        assert_int_equal(announce(s, 1, i, false), OK);
    }
    assert_true(dht_store_is_full(s, &id));
    assert_int_equal(announce(s, 1, DHT_SWARM_PEERS_MAX, false), ERR_LIMIT);
    assert_int_equal(announce(s, 1, 5, true), OK); /* who is there may announce again */
    for (unsigned i = 0; i < DHT_STRANGER_SWARMS_MAX; i++)
        assert_int_equal(announce(s, 10 + i, 2000, false), OK);
    assert_int_equal(announce(s, 9, 2000, false), ERR_LIMIT);
    assert_int_equal(announce(s, 9, 2001, false), OK);
    dht_store_tick(s, 1, NOW + DHT_PEER_TTL_US);
    assert_int_equal(announce(s, 9, 2000, false), OK); /* and its share is free again */
    dht_store_free(s);
}

static void when_full_the_farthest_goes(void **state)
{
    (void)state;
    struct dht_store *s = store_new();
    for (unsigned i = 0; i < DHT_SWARMS_MAX; i++)
        assert_int_equal(announce(s, i + 100, i, false), OK);
    assert_int_equal(dht_store_swarms(s), DHT_SWARMS_MAX);
    assert_int_equal(announce(s, 65000, 5000, false), ERR_LIMIT); /* farther than all */
    assert_int_equal(announce(s, 5, 5000, false), OK);
    assert_int_equal(dht_store_swarms(s), DHT_SWARMS_MAX);
    assert_int_equal(peers_of(s, 5, false), 1);
    assert_int_equal(peers_of(s, 99 + DHT_SWARMS_MAX, false), 0);
    dht_store_free(s);
}

static void chooses_by_chance_when_there_are_many(void **state)
{
    (void)state;
    struct dht_store *s = store_new();
    enum { ALL = 200, SOME = 50 };
    unsigned seen[ALL] = {0};
    struct dht_id id = id_of(1);
    struct addr out[SOME];
    for (unsigned i = 0; i < ALL; i++)
        assert_int_equal(announce(s, 1, i, false), OK);
    for (int round = 0; round < 100; round++) {
        assert_int_equal(dht_store_peers(s, &id, false, out, SOME), SOME);
        for (size_t k = 0; k < SOME; k++)
            seen[out[k].ip[2]]++;
    }
    for (unsigned i = 0; i < ALL; i++)
        assert_in_range(seen[i], 5, 60); /* 25 on average */
    dht_store_free(s);
}

static void a_token_is_good_until_the_secret_changed_twice(void **state)
{
    (void)state;
    struct dht_store *s = store_new();
    struct addr a = peer(1), b = peer(2), other_port = a;
    struct dht_id id = id_of(1), other = id_of(2);
    uint8_t token[DHT_STORE_TOKEN_LEN];
    dht_store_token(s, &a, &id, token);
    struct cur c = cur_of(token, sizeof token);
    other_port.port = 1;
    assert_true(dht_store_token_ok(s, &a, &id, c));
    assert_true(dht_store_token_ok(s, &other_port, &id, c));
    assert_false(dht_store_token_ok(s, &b, &id, c));
    assert_false(dht_store_token_ok(s, &a, &other, c));
    assert_false(dht_store_token_ok(s, &a, &id, cur_of(token, sizeof token - 1)));
    assert_false(dht_store_token_ok(s, &a, &id, cur_of(NULL, 0)));
    dht_store_tick(s, 11, NOW + DHT_SECRET_US - 1);
    dht_store_tick(s, 12, NOW + DHT_SECRET_US);
    assert_true(dht_store_token_ok(s, &a, &id, c));
    dht_store_tick(s, 13, NOW + 2 * DHT_SECRET_US);
    assert_false(dht_store_token_ok(s, &a, &id, c));
    dht_store_free(s);
}

/* BEP 33, "test vectors". */
static void knows_the_bloom_filter_of_bep_33(void **state)
{
    (void)state;
    static const uint8_t begins[] = {0xF6, 0xC3, 0xF5, 0xEA, 0xA0, 0x7F, 0xFD, 0x91,
                                     0xBD, 0xE8, 0x9F, 0x77, 0x7F, 0x26, 0xFB, 0x2B};
    static const uint8_t ends[] = {0xFB, 0x73, 0x7F, 0xFF, 0xFB, 0xFD, 0x9F, 0x6A, 0xEF,
                                   0xFE, 0xEE, 0x76, 0xB6, 0xFD, 0x8F, 0x72, 0xEF};
    uint8_t bloom[DHT_BLOOM_LEN] = {0};
    assert_true(dht_bloom_size(bloom) < 0.5);
    for (unsigned i = 0; i < 256; i++) {
        struct addr a = addr_v4(192, 0, 2, (uint8_t)i, 1);
        dht_bloom_add(bloom, &a);
    }
    for (unsigned i = 0; i <= 0x3e7; i++) {
        uint8_t ip[16] = {0x20, 0x01, 0x0d, 0xb8};
        ip[14] = (uint8_t)(i >> 8);
        ip[15] = (uint8_t)i;
        struct addr a = addr_of_bytes(ip, sizeof ip, 1);
        dht_bloom_add(bloom, &a);
    }
    assert_memory_equal(bloom, begins, sizeof begins);
    assert_memory_equal(bloom + DHT_BLOOM_LEN - sizeof ends, ends, sizeof ends);
    assert_true(fabs(dht_bloom_size(bloom) - 1224.9308) < 0.0001);
}

static void a_scrape_is_at_most_a_minute_old(void **state)
{
    (void)state;
    struct dht_store *s = store_new();
    uint8_t seeds[DHT_BLOOM_LEN], peers[DHT_BLOOM_LEN];
    struct dht_id id = id_of(1);
    assert_false(dht_store_scrape(s, &id, NOW, seeds, peers));
    assert_int_equal(announce(s, 1, 1, true), OK);
    assert_true(dht_store_scrape(s, &id, NOW, seeds, peers));
    assert_int_equal(lround(dht_bloom_size(seeds)), 1);
    assert_int_equal(lround(dht_bloom_size(peers)), 0);
    assert_int_equal(announce(s, 1, 2, false), OK);
    assert_true(dht_store_scrape(s, &id, NOW + 59 * SEC, seeds, peers));
    assert_int_equal(lround(dht_bloom_size(peers)), 0);
    assert_true(dht_store_scrape(s, &id, NOW + 60 * SEC, seeds, peers));
    assert_int_equal(lround(dht_bloom_size(peers)), 1);
    dht_store_free(s);
}

static void samples_change_only_after_the_interval(void **state)
{
    (void)state;
    struct dht_store *s = store_new();
    uint8_t first[DHT_SAMPLES_MAX * DHT_ID_LEN], then[sizeof first];
    assert_int_equal(dht_store_samples(s, NOW, first), 0);
    for (unsigned i = 0; i < 100; i++)
        assert_int_equal(announce(s, i, i, false), OK);
    assert_int_equal(dht_store_samples(s, NOW + SEC, first), 0);
    uint64_t later = NOW + DHT_SAMPLE_INTERVAL_S * SEC;
    assert_int_equal(dht_store_samples(s, later, first), DHT_SAMPLES_MAX);
    assert_int_equal(dht_store_samples(s, later + SEC, then), DHT_SAMPLES_MAX);
    assert_memory_equal(first, then, sizeof first);
    dht_store_samples(s, later + DHT_SAMPLE_INTERVAL_S * SEC, then);
    assert_memory_not_equal(first, then, sizeof first);
    dht_store_free(s);
}

/* Items */

static uint8_t pub[ED25519_PUB_LEN], sig[ED25519_SIG_LEN]; /* of the item made last */

static struct dht_item mutable_item(const char *v, int64_t seq)
{
    return (struct dht_item){
        .v = cur_of(v, strlen(v)), .is_mutable = true, .key = pub, .sig = sig, .seq = seq};
}

static int put(struct dht_store *s, struct dht_item item, const int64_t *cas, unsigned who)
{
    struct addr a = peer(who);
    return dht_store_put(s, &item, cas, &a, NOW);
}

static void a_mutable_item_only_goes_forward(void **state)
{
    (void)state;
    struct dht_store *s = store_new();
    int64_t three = 3, four = 4;
    assert_int_equal(put(s, mutable_item("1:a", 3), &four, 1), 0); /* cas: nothing is there yet */
    assert_int_equal(put(s, mutable_item("1:a", 3), NULL, 1), 0);  /* again: kept longer */
    assert_int_equal(put(s, mutable_item("1:b", 3), NULL, 1), DHT_E_SEQ);
    assert_int_equal(put(s, mutable_item("1:b", 2), NULL, 1), DHT_E_SEQ);
    assert_int_equal(put(s, mutable_item("1:b", 5), &four, 1), DHT_E_CAS);
    assert_int_equal(put(s, mutable_item("1:b", 5), &three, 1), 0);
    struct dht_item out, item = mutable_item("", 0);
    struct dht_id at = dht_item_target(&item);
    assert_true(dht_store_get(s, &at, &out));
    assert_int_equal(out.seq, 5);
    assert_memory_equal(out.v.p, "1:b", 3);
    assert_int_equal(dht_store_items(s), 1);
    dht_store_tick(s, 1, NOW + DHT_ITEM_TTL_US);
    assert_int_equal(dht_store_items(s), 0);
    assert_false(dht_store_get(s, &at, &out));
    dht_store_free(s);
}

static void items_have_their_limits(void **state)
{
    (void)state;
    struct dht_store *s = store_new();
    char v[32];
    unsigned refused = 0;
    for (unsigned i = 0; i < DHT_STRANGER_ITEMS_MAX + 5; i++) {
        snprintf(v, sizeof v, "i%ue", i);
        struct dht_item item = {.v = cur_of(v, strlen(v))};
        refused += put(s, item, NULL, 1) != 0;
    }
    assert_int_equal(refused, 5);
    for (unsigned i = 0; i < DHT_STORED_ITEMS_MAX + 500; i++) {
        snprintf(v, sizeof v, "i%ue", 1000 + i);
        struct dht_item item = {.v = cur_of(v, strlen(v))};
        (void)put(s, item, NULL, 2 + i);
    }
    assert_int_equal(dht_store_items(s), DHT_STORED_ITEMS_MAX);
    dht_store_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(keeps_one_peer_for_an_address),
        cmocka_unit_test(forgets_after_its_time),
        cmocka_unit_test(a_swarm_and_a_stranger_have_their_limits),
        cmocka_unit_test(when_full_the_farthest_goes),
        cmocka_unit_test(chooses_by_chance_when_there_are_many),
        cmocka_unit_test(a_token_is_good_until_the_secret_changed_twice),
        cmocka_unit_test(knows_the_bloom_filter_of_bep_33),
        cmocka_unit_test(a_scrape_is_at_most_a_minute_old),
        cmocka_unit_test(samples_change_only_after_the_interval),
        cmocka_unit_test(a_mutable_item_only_goes_forward),
        cmocka_unit_test(items_have_their_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
