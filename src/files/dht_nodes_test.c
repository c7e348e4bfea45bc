/* Whole nodes that have nothing but the DHT: no tracker, no address by hand, no local discovery. */
#include "files/files.h"

#include "base/mem.h"
#include "base/test.h"
#include "core/keys.h"
#include "crypto/ed25519.h"
#include "crypto/hex.h"
#include "crypto/sha1.h"
#include "files/meta/sign.h"
#include "support/dht_host.h"
#include "support/sim_node.h"

#include <stdio.h>
#include <string.h>

enum { SIZE = 512 * 1024, PIECE = 64 * 1024, HOSTS = 12 };

static const struct sim_link lan = {
    .latency_us = 5 * MSEC, .up_rate = 12500000, .down_rate = 12500000};

struct net {
    struct sim *sim;
    struct dht_host *hosts[HOSTS]; /* others of the DHT, without an app */
    struct node *seed, *ann;
    uint8_t bytes[SIZE];
    char *id, *link;
};

static struct net *net_new(uint64_t seed)
{
    struct net *n = MEM_NEW(struct net);
    n->sim = sim_new(seed);
    for (size_t i = 0; i < SIZE; i++)
        n->bytes[i] = (uint8_t)(i * 7 + i / 251);
    for (unsigned i = 0; i < HOSTS; i++) {
        char name[16];
        snprintf(name, sizeof name, "host%u", i);
        n->hosts[i] = dht_host_new(n->sim, name, addr_v4(10, 0, 1, (uint8_t)(i + 1), 6881), lan);
        dht_host_start(n->hosts[i], cur_of(NULL, 0));
        if (i > 0)
            dht_add_router(n->hosts[i]->d, &n->hosts[0]->at, true);
    }
    sim_run_for(n->sim, 60 * SEC);
    return n;
}

static void net_free(struct net *n)
{
    node_free(n->seed);
    node_free(n->ann);
    for (size_t i = 0; i < HOSTS; i++)
        dht_host_free(n->hosts[i]);
    sim_free(n->sim);
    free(n->id);
    free(n->link);
    free(n);
}

static struct node *start(struct net *n, const char *name, uint8_t last, const char *more)
{
    static const char bootstrap[] = "files.dht-bootstrap=10.0.1.1:6881,10.0.1.2:6881";
    const char *const sets[] = {"files.lsd=off", more ? more : bootstrap, NULL};
    struct node *node = node_new(n->sim, name, addr_v4(10, 0, 0, last, 0), lan);
    node_start(node, &files_app, sets);
    return node;
}

static void share_so(struct net *n, bool private_, bool sign, const char *more)
{
    n->seed = start(n, "seed", 1, more);
    node_write(n->seed, "/stuff/film.bin", n->bytes, SIZE);
    json_t *r = node_call(n->seed, "file.add",
                          json_pack("{s:s, s:i, s:b, s:b}", "path", "/stuff/film.bin", "piece_size",
                                    PIECE, "private", private_, "sign", sign),
                          NULL);
    json_t *added = node_job(n->seed, json_string_value(json_object_get(r, "job")));
    n->id = mem_strdup(json_string_value(json_object_get(added, "id")));
    n->link = mem_printf("magnet:?xt=urn:btih:%s", n->id);
    json_decref(r);
    json_decref(added);
}

static void share_with(struct net *n, bool private_, const char *more)
{
    share_so(n, private_, false, more);
}

static void share(struct net *n, bool private_)
{
    share_with(n, private_, NULL);
}

static void get(struct net *n, struct node *who)
{
    json_decref(node_call(who, "file.get", json_pack("{s:s}", "link", n->link), NULL));
}

static bool ann_has_it(void *arg)
{
    struct net *n = arg;
    return node_has(n->ann, "/downloads/film.bin", n->bytes, SIZE);
}

static json_t *dht_status(struct node *node)
{
    json_t *st = node->ops->status(node->app), *dht = json_incref(json_object_get(st, "dht"));
    json_decref(st);
    return dht;
}

static json_int_t number(struct node *node, const char *key)
{
    json_t *dht = dht_status(node);
    json_int_t v = json_integer_value(json_object_get(dht, key));
    json_decref(dht);
    return v;
}

static char *reason(struct net *n, struct node *node)
{
    json_t *j = node_call(node, "file.show", json_pack("{s:s}", "id", n->id), NULL);
    char *s = mem_strdup(json_string_value(json_object_get(j, "reason")));
    json_decref(j);
    return s;
}

static void an_infohash_is_enough(void **state)
{
    (void)state;
    struct net *n = net_new(1);
    share(n, false);
    sim_run_for(n->sim, 30 * SEC);
    n->ann = start(n, "ann", 2, NULL);
    get(n, n->ann);
    assert_true(sim_run_until(n->sim, ann_has_it, n, 120 * SEC));
    assert_true(number(n->ann, "nodes") >= 8);
    net_free(n);
}

static void who_comes_first_is_found_later(void **state)
{
    (void)state;
    struct net *n = net_new(2);
    share_with(n, false, "files.dht=off");
    node_stop(n->seed);
    n->ann = start(n, "ann", 2, NULL);
    get(n, n->ann);
    sim_run_for(n->sim, 20 * SEC);
    char *why = reason(n, n->ann);
    assert_non_null(strstr(why, "nodes of the DHT were asked, and none knows another"));
    free(why);
    const char *const sets[] = {"files.lsd=off", "files.dht-bootstrap=10.0.1.3:6881", NULL};
    node_start(n->seed, &files_app, sets);
    assert_true(sim_run_until(n->sim, ann_has_it, n, 300 * SEC));
    net_free(n);
}

static bool somebody_stores(const struct net *n)
{
    size_t stored = 0;
    for (size_t i = 0; i < HOSTS; i++)
        stored += dht_stats(n->hosts[i]->d).peers;
    return stored > 0;
}

static void a_private_torrent_is_not_announced(void **state)
{
    (void)state;
    struct net *n = net_new(3);
    share(n, true);
    sim_run_for(n->sim, 3600 * SEC);
    assert_false(somebody_stores(n));
    net_free(n);
    n = net_new(3);
    share(n, false);
    sim_run_for(n->sim, 60 * SEC);
    assert_true(somebody_stores(n)); /* so the test can tell */
    net_free(n);
}

static void a_paused_torrent_is_forgotten(void **state)
{
    (void)state;
    struct net *n = net_new(4);
    share(n, false);
    sim_run_for(n->sim, 60 * SEC);
    json_decref(node_call(n->seed, "file.pause", json_pack("{s:s}", "id", n->id), NULL));
    sim_run_for(n->sim, 50 * 60 * SEC);
    assert_false(somebody_stores(n));
    json_decref(node_call(n->seed, "file.resume", json_pack("{s:s}", "id", n->id), NULL));
    sim_run_for(n->sim, 60 * SEC);
    assert_true(somebody_stores(n));
    net_free(n);
}

static void a_seed_is_announced_for_hours(void **state)
{
    (void)state;
    struct net *n = net_new(5);
    share(n, false);
    sim_run_for(n->sim, 60 * SEC);
    for (int i = 0; i < 40; i++) {
        sim_run_for(n->sim, 6 * 60 * SEC);
        assert_true(somebody_stores(n));
    }
    net_free(n);
}

static void a_restart_goes_on_without_a_bootstrap(void **state)
{
    (void)state;
    struct net *n = net_new(6);
    share(n, false);
    n->ann = start(n, "ann", 2, NULL);
    sim_run_for(n->sim, 700 * SEC); /* kept every ten minutes */
    node_crash(n->ann);
    const char *const sets[] = {"files.lsd=off", "files.dht-bootstrap=", NULL};
    node_start(n->ann, &files_app, sets);
    get(n, n->ann);
    assert_true(sim_run_until(n->sim, ann_has_it, n, 120 * SEC));
    net_free(n);
}

static void peers_tell_each_other_of_their_nodes(void **state)
{
    (void)state;
    struct net *n = net_new(7);
    share(n, false);
    n->ann = start(n, "ann", 2, "files.dht-bootstrap=");
    get(n, n->ann);
    sim_run_for(n->sim, 60 * SEC);
    assert_int_equal(number(n->ann, "nodes"), 0);
    char *why = reason(n, n->ann);
    assert_string_equal(why, "waiting for metadata: no peers; no node of the DHT is known yet");
    free(why);
    json_decref(node_call(n->ann, "file.peer",
                          json_pack("{s:s, s:s}", "id", n->id, "addr", "10.0.0.1:6881"), NULL));
    sim_run_for(n->sim, 60 * SEC);
    assert_true(number(n->ann, "nodes") >= 8); /* by the port message (BEP 5) */
    net_free(n);
}

static void on_put(void *arg, const struct dht_result *r)
{
    *(size_t *)arg = r->stored;
}

/* Bob's key publishes what he says of a torrent. */
static void publish_item(struct net *n, struct cur v, struct cur salt, uint8_t pub[ED25519_PUB_LEN])
{
    static const uint8_t seed[ED25519_SEED_LEN] = {9};
    uint8_t secret[ED25519_SECRET_LEN], sig[ED25519_SIG_LEN];
    struct buf signed_ = {0};
    struct why why;
    size_t stored = 0;
    ed25519_secret(seed, secret, pub);
    struct dht_item item = {
        .v = v, .is_mutable = true, .key = pub, .sig = sig, .salt = salt, .seq = 1};
    dht_item_signed(&signed_, &item);
    ed25519_sign(secret, buf_bytes(&signed_), buf_len(&signed_), sig);
    assert_non_null(dht_put(n->hosts[5]->d, &item, NULL, on_put, &stored, &why));
    sim_run_for(n->sim, 10 * SEC);
    assert_true(stored >= 8);
    buf_done(&signed_);
}

/* Which torrent is meant now (BEP 46). */
static void publish(struct net *n, uint8_t pub[ED25519_PUB_LEN])
{
    uint8_t ih[SHA1_LEN];
    struct buf v = {0};
    hex_decode(n->id, 2 * SHA1_LEN, ih, sizeof ih);
    buf_str(&v, "d2:ih20:");
    buf_put(&v, ih, sizeof ih);
    buf_str(&v, "e");
    publish_item(n, buf_cur(&v), cur_of("n", 1), pub);
    buf_done(&v);
}

static void a_mutable_torrent_is_followed_to_its_infohash(void **state)
{
    (void)state;
    struct net *n = net_new(9);
    uint8_t pub[ED25519_PUB_LEN];
    char key[2 * ED25519_PUB_LEN + 1];
    share(n, false);
    publish(n, pub);
    n->ann = start(n, "ann", 2, NULL);
    free(n->link);
    n->link = mem_printf("magnet:?xs=urn:btpk:%s&s=6e", hex_encode(pub, sizeof pub, key));
    get(n, n->ann);
    assert_true(sim_run_until(n->sim, ann_has_it, n, 120 * SEC));
    json_t *error, *r = node_call(n->ann, "dht.get",
                                  json_pack("{s:s, s:s}", "target", key, "salt", "n"), NULL);
    assert_int_equal(json_integer_value(json_object_get(r, "seq")), 1);
    json_decref(r);
    pub[0] ^= 1;
    free(n->link);
    n->link = mem_printf("magnet:?xs=urn:btpk:%s", hex_encode(pub, sizeof pub, key));
    assert_null(node_call(n->ann, "file.get", json_pack("{s:s}", "link", n->link), &error));
    assert_string_equal(json_string_value(json_object_get(error, "code")), "file.bad_link");
    json_decref(error);
    net_free(n);
}

static void a_text_is_put_and_got(void **state)
{
    (void)state;
    struct net *n = net_new(10);
    n->seed = start(n, "seed", 1, NULL);
    n->ann = start(n, "ann", 2, NULL);
    sim_run_for(n->sim, 10 * SEC);
    json_t *r = node_call(n->seed, "dht.put", json_pack("{s:s}", "text", "Hello World!"), NULL);
    const char *target = json_string_value(json_object_get(r, "target"));
    assert_string_equal(target, "e5f96f6f38320f0f33959cb4d3d656452117aadb");
    json_t *got = node_call(n->ann, "dht.get", json_pack("{s:s}", "target", target), NULL);
    assert_string_equal(json_string_value(json_object_get(got, "value")), "MTI6SGVsbG8gV29ybGQh");
    json_decref(r);
    json_decref(got);
    net_free(n);
}

/* Signatures */

static char *show(struct net *n, struct node *who, const char *object, const char *member)
{
    json_t *j = node_call(who, "file.show", json_pack("{s:s}", "id", n->id), NULL);
    json_t *v =
        object ? json_object_get(json_object_get(j, object), member) : json_object_get(j, member);
    char *s = mem_strdup(json_is_string(v) ? json_string_value(v) : "");
    json_decref(j);
    return s;
}

static bool says(struct net *n, const char *member, const char *text)
{
    char *s = show(n, n->ann, "link_signer", member);
    bool yes = strcmp(s, text) == 0;
    free(s);
    return yes;
}

static bool signer_is_known(void *arg)
{
    return says(arg, "state", "valid");
}

static bool signer_is_not_found(void *arg)
{
    return says(arg, "state", "not found");
}

static bool signature_is_false(void *arg)
{
    return says(arg, "state", "invalid");
}

static bool some_item_is_stored(const struct net *n)
{
    size_t stored = 0;
    for (size_t i = 0; i < HOSTS; i++)
        stored += dht_stats(n->hosts[i]->d).items;
    return stored > 0;
}

static bool first_signer_holds(struct net *n, struct node *who)
{
    json_t *j = node_call(who, "file.show", json_pack("{s:s}", "id", n->id), NULL);
    const json_t *s = json_array_get(json_object_get(j, "signers"), 0);
    bool yes =
        json_is_true(json_object_get(s, "valid")) &&
        strcmp(json_string_value(json_object_get(s, "peer_id")), keys_peer_id(n->seed->keys)) == 0;
    json_decref(j);
    return yes;
}

static void a_links_signer_is_asked_in_the_dht(void **state)
{
    (void)state;
    struct net *n = net_new(11);
    share_so(n, false, true, NULL);
    sim_run_for(n->sim, 30 * SEC);
    free(n->link);
    n->link = show(n, n->seed, NULL, "magnet");
    assert_non_null(strstr(n->link, "&xs=urn:btpk:"));
    n->ann = start(n, "ann", 2, NULL);
    get(n, n->ann);
    assert_true(says(n, "state", "waiting"));
    assert_true(sim_run_until(n->sim, signer_is_known, n, 120 * SEC));
    assert_true(first_signer_holds(n, n->ann));
    sim_run_for(n->sim, 60 * SEC);
    node_stop(n->ann);
    const char *const sets[] = {"files.lsd=off", "files.dht=off", NULL};
    node_start(n->ann, &files_app, sets); /* it is in the .torrent now */
    assert_true(first_signer_holds(n, n->ann));
    assert_true(signer_is_known(n));
    net_free(n);
}

static void a_signature_that_comes_late_is_found(void **state)
{
    (void)state;
    struct net *n = net_new(12);
    share(n, false);
    n->ann = start(n, "ann", 2, NULL);
    char key[2 * ED25519_PUB_LEN + 1];
    hex_encode(keys_peer_public(n->seed->keys), ED25519_PUB_LEN, key);
    free(n->link);
    n->link = mem_printf("magnet:?xt=urn:btih:%s&xs=urn:btpk:%s&s=%s", n->id, key, n->id);
    get(n, n->ann);
    node_crash(n->ann); /* before the metadata came */
    const char *const sets[] = {"files.lsd=off", "files.dht-bootstrap=10.0.1.1:6881", NULL};
    node_start(n->ann, &files_app, sets); /* the row names the key still */
    assert_true(sim_run_until(n->sim, signer_is_not_found, n, 120 * SEC));
    json_t *r = node_call(
        n->seed, "file.add",
        json_pack("{s:s, s:i, s:b}", "path", "/stuff/film.bin", "piece_size", PIECE, "sign", 1),
        NULL);
    json_decref(node_job(n->seed, json_string_value(json_object_get(r, "job"))));
    json_decref(r);
    assert_true(sim_run_until(n->sim, signer_is_known, n, 1200 * SEC));
    net_free(n);
}

static void a_false_signature_names_nobody(void **state)
{
    (void)state;
    struct net *n = net_new(13);
    uint8_t pub[ED25519_PUB_LEN], ih[SHA1_LEN], sig[ED25519_SIG_LEN] = {1};
    char key[2 * ED25519_PUB_LEN + 1];
    struct buf v = {0};
    share(n, false);
    hex_decode(n->id, 2 * SHA1_LEN, ih, sizeof ih);
    sign_put_item(&v, ih, sig);
    publish_item(n, buf_cur(&v), cur_of(ih, sizeof ih), pub);
    buf_done(&v);
    free(n->link);
    n->link = mem_printf("magnet:?xt=urn:btih:%s&xs=urn:btpk:%s&s=%s", n->id,
                         hex_encode(pub, sizeof pub, key), n->id);
    n->ann = start(n, "ann", 2, NULL);
    get(n, n->ann);
    assert_true(sim_run_until(n->sim, signature_is_false, n, 120 * SEC));
    assert_false(first_signer_holds(n, n->ann));
    assert_true(sim_run_until(n->sim, ann_has_it, n, 120 * SEC));
    net_free(n);
}

static void a_signature_stays_in_the_dht_for_hours(void **state)
{
    (void)state;
    struct net *n = net_new(14);
    share_so(n, false, true, NULL);
    sim_run_for(n->sim, 60 * SEC);
    for (int i = 0; i < 40; i++) {
        sim_run_for(n->sim, 9 * 60 * SEC);
        assert_true(some_item_is_stored(n));
    }
    json_decref(node_call(n->seed, "file.pause", json_pack("{s:s}", "id", n->id), NULL));
    sim_run_for(n->sim, 3 * 3600 * SEC);
    assert_false(some_item_is_stored(n)); /* who does not seed does not vouch */
    net_free(n);
}

static void a_private_torrents_signature_is_not_published(void **state)
{
    (void)state;
    struct net *n = net_new(15);
    share_so(n, true, true, NULL);
    sim_run_for(n->sim, 3 * 3600 * SEC);
    assert_true(first_signer_holds(n, n->seed));
    assert_false(some_item_is_stored(n));
    net_free(n);
}

/* Neither knows of a third; the one who shares was told of nobody. */
static void two_nodes_are_enough(void **state)
{
    (void)state;
    struct net *n = net_new(17);
    share_with(n, false, "files.dht-bootstrap=");
    n->ann = start(n, "ann", 2, "files.dht-bootstrap=10.0.0.1:6881");
    get(n, n->ann);
    assert_true(sim_run_until(n->sim, ann_has_it, n, 20 * SEC));
    net_free(n);
}

static void switched_off_it_says_nothing(void **state)
{
    (void)state;
    struct net *n = net_new(8);
    share(n, false);
    sim_run_for(n->sim, 30 * SEC);
    n->ann = start(n, "ann", 2, "files.dht=off");
    get(n, n->ann);
    sim_run_for(n->sim, 600 * SEC);
    assert_false(ann_has_it(n));
    json_t *dht = dht_status(n->ann);
    assert_true(json_is_false(json_object_get(dht, "enabled")));
    json_decref(dht);
    net_free(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_infohash_is_enough),
        cmocka_unit_test(who_comes_first_is_found_later),
        cmocka_unit_test(a_private_torrent_is_not_announced),
        cmocka_unit_test(a_paused_torrent_is_forgotten),
        cmocka_unit_test(a_seed_is_announced_for_hours),
        cmocka_unit_test(a_restart_goes_on_without_a_bootstrap),
        cmocka_unit_test(peers_tell_each_other_of_their_nodes),
        cmocka_unit_test(a_mutable_torrent_is_followed_to_its_infohash),
        cmocka_unit_test(a_text_is_put_and_got),
        cmocka_unit_test(a_links_signer_is_asked_in_the_dht),
        cmocka_unit_test(a_signature_that_comes_late_is_found),
        cmocka_unit_test(a_false_signature_names_nobody),
        cmocka_unit_test(a_signature_stays_in_the_dht_for_hours),
        cmocka_unit_test(a_private_torrents_signature_is_not_published),
        cmocka_unit_test(two_nodes_are_enough),
        cmocka_unit_test(switched_off_it_says_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
