/* Bare nodes of the DHT in the simulator: what they do for each other. */
#include "files/find/dht.h"
#include "files/find/dht_table.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/test.h"
#include "crypto/ed25519.h"
#include "crypto/sha1.h"
#include "support/dht_host.h"

#include <stdio.h>

enum { NODES = 30 };

static const struct sim_link line = {
    .latency_us = 20 * MSEC, .jitter_us = 5 * MSEC, .up_rate = 1000000, .down_rate = 1000000};

struct world {
    struct sim *sim;
    struct dht_host *n[NODES];
    size_t count;
};

static struct addr at(unsigned i)
{
    return addr_v4((uint8_t)(20 + i), 1, (uint8_t)i, 1, 6881);
}

static struct addr at6(unsigned i)
{
    uint8_t ip[16] = {0x20, 0x01, 0x0d, (uint8_t)i, 0, 0, 0, (uint8_t)i};
    ip[15] = 1;
    return addr_of_bytes(ip, sizeof ip, 6881);
}

static struct world *world_new(size_t count, struct addr (*where)(unsigned))
{
    struct world *w = MEM_NEW(struct world);
    w->sim = sim_new(7);
    w->count = count;
    for (unsigned i = 0; i < count; i++) {
        char name[16];
        snprintf(name, sizeof name, "n%02u", i);
        w->n[i] = dht_host_new(w->sim, name, where(i), line);
        dht_host_start(w->n[i], cur_of(NULL, 0));
        if (i > 0)
            dht_add_router(w->n[i]->d, &w->n[0]->at, true);
    }
    sim_run_for(w->sim, 120 * SEC);
    return w;
}

static void world_free(struct world *w)
{
    for (size_t i = 0; i < w->count; i++)
        dht_host_free(w->n[i]);
    sim_free(w->sim);
    free(w);
}

/* What an operation told. */
struct told {
    bool done;
    size_t peers;
    struct addr last;
    struct dht_result r;
    char value[64];
    int64_t seq;
    bool item;
};

static void on_peers(void *arg, const struct addr *peers, size_t n)
{
    struct told *t = arg;
    t->peers += n;
    t->last = peers[n - 1];
}

static void on_done(void *arg, const struct dht_result *r)
{
    struct told *t = arg;
    t->done = true;
    t->r = *r;
}

static void on_item(void *arg, const struct dht_item *item, const struct dht_result *r)
{
    struct told *t = arg;
    on_done(t, r);
    t->item = item != NULL;
    if (item) {
        snprintf(t->value, sizeof t->value, "%.*s", (int)item->v.n, (const char *)item->v.p);
        t->seq = item->seq;
    }
}

static bool is_done(void *arg)
{
    return ((struct told *)arg)->done;
}

static void finish(struct world *w, struct told *t)
{
    assert_true(sim_run_until(w->sim, is_done, t, 60 * SEC));
}

static struct dht_id hash_of(const char *text)
{
    struct dht_id id;
    sha1(text, strlen(text), id.b);
    return id;
}

static void announce(struct world *w, struct dht_host *h, const char *what, uint16_t port,
                     bool seed)
{
    struct dht_id id = hash_of(what);
    struct dht_announce a = {.port = port ? port : 1, .implied = port == 0, .seed = seed};
    struct told t = {0};
    dht_peers(h->d, &id, &a, false, on_peers, on_done, &t);
    finish(w, &t);
    assert_int_equal(t.r.stored, DHT_K);
    assert_int_equal(t.r.why.code, OK);
}

static void nodes_find_each_other_through_one(void **state)
{
    (void)state;
    struct world *w = world_new(NODES, at);
    for (size_t i = 0; i < w->count; i++)
        assert_true(dht_stats(w->n[i]->d).good4 >= DHT_K);
    world_free(w);
}

static void who_announces_is_found(void **state)
{
    (void)state;
    struct world *w = world_new(NODES, at);
    struct told t = {0};
    announce(w, w->n[3], "film", 0, false);
    announce(w, w->n[4], "film", 7000, true);
    struct dht_id id = hash_of("film");
    dht_peers(w->n[20]->d, &id, NULL, true, on_peers, on_done, &t);
    finish(w, &t);
    assert_int_equal(t.peers, 2);
    assert_int_equal(t.r.why.code, OK);
    /* A seed does not want seeds (BEP 33). */
    struct dht_announce seed = {.port = 1, .seed = true};
    t = (struct told){0};
    dht_peers(w->n[21]->d, &id, &seed, true, on_peers, on_done, &t);
    finish(w, &t);
    assert_int_equal(t.peers, 1);
    assert_true(addr_equal(&t.last, &w->n[3]->at));
    /* And of another torrent nobody knows. */
    id = hash_of("song");
    t = (struct told){0};
    dht_peers(w->n[20]->d, &id, NULL, true, on_peers, on_done, &t);
    finish(w, &t);
    assert_int_equal(t.r.why.code, ERR_NOT_FOUND);
    world_free(w);
}

static void a_scrape_counts_seeds_and_peers(void **state)
{
    (void)state;
    struct world *w = world_new(NODES, at);
    for (unsigned i = 1; i <= 9; i++)
        announce(w, w->n[i], "film", 0, i <= 3);
    struct dht_id id = hash_of("film");
    struct told t = {0};
    dht_scrape(w->n[20]->d, &id, on_done, &t);
    finish(w, &t);
    assert_true(t.r.scraped);
    assert_true(t.r.seeds > 2.5 && t.r.seeds < 3.5);
    assert_true(t.r.peers > 5.5 && t.r.peers < 6.5);
    world_free(w);
}

static void it_lives_on_ipv6_too(void **state)
{
    (void)state;
    struct world *w = world_new(NODES, at6);
    struct told t = {0};
    assert_true(dht_stats(w->n[9]->d).good6 >= DHT_K);
    announce(w, w->n[3], "film", 0, false);
    struct dht_id id = hash_of("film");
    dht_peers(w->n[20]->d, &id, NULL, true, on_peers, on_done, &t);
    finish(w, &t);
    assert_int_equal(t.peers, 1);
    assert_true(addr_equal(&t.last, &w->n[3]->at));
    world_free(w);
}

static void an_immutable_item_is_put_and_got(void **state)
{
    (void)state;
    struct world *w = world_new(NODES, at);
    struct told t = {0};
    struct why why;
    struct dht_item item = {.v = cur_of("12:Hello World!", 15)};
    assert_non_null(dht_put(w->n[3]->d, &item, NULL, on_done, &t, &why));
    finish(w, &t);
    assert_int_equal(t.r.stored, DHT_K);
    struct dht_id id = dht_item_target(&item);
    t = (struct told){0};
    dht_get_immutable(w->n[20]->d, &id, on_item, &t);
    finish(w, &t);
    assert_true(t.item);
    assert_string_equal(t.value, "12:Hello World!");
    id.b[0] ^= 1;
    t = (struct told){0};
    dht_get_immutable(w->n[20]->d, &id, on_item, &t);
    finish(w, &t);
    assert_false(t.item);
    assert_int_equal(t.r.why.code, ERR_NOT_FOUND);
    world_free(w);
}

struct signer {
    uint8_t secret[ED25519_SECRET_LEN], pub[ED25519_PUB_LEN], sig[ED25519_SIG_LEN];
};

static struct dht_item sign(struct signer *s, const char *v, int64_t seq, const char *salt)
{
    static const uint8_t seed[ED25519_SEED_LEN] = {7};
    struct buf b = {0};
    ed25519_secret(seed, s->secret, s->pub);
    struct dht_item item = {.v = cur_of(v, strlen(v)),
                            .is_mutable = true,
                            .key = s->pub,
                            .sig = s->sig,
                            .salt = cur_of(salt, strlen(salt)),
                            .seq = seq};
    dht_item_signed(&b, &item);
    ed25519_sign(s->secret, buf_bytes(&b), buf_len(&b), s->sig);
    buf_done(&b);
    return item;
}

static struct told put(struct world *w, unsigned from, const struct dht_item *item,
                       const int64_t *cas)
{
    struct told t = {0};
    struct why why;
    assert_non_null(dht_put(w->n[from]->d, item, cas, on_done, &t, &why));
    finish(w, &t);
    return t;
}

static void a_mutable_item_only_goes_forward(void **state)
{
    (void)state;
    struct world *w = world_new(NODES, at);
    struct signer s;
    struct dht_item item = sign(&s, "3:one", 1, "salt");
    assert_int_equal(put(w, 3, &item, NULL).r.stored, DHT_K);
    item = sign(&s, "3:two", 2, "salt");
    int64_t wrong = 7, right = 1;
    struct told t = put(w, 4, &item, &wrong);
    assert_int_equal(t.r.stored, 0);
    assert_int_equal(t.r.why.code, ERR_STATE);
    t = put(w, 4, &item, &right);
    assert_int_equal(t.r.stored, DHT_K);
    item = sign(&s, "3:old", 1, "salt");
    /* One who lies beside the nearest eight may not know of the newer one. */
    assert_in_range(put(w, 5, &item, NULL).r.stored, 0, 1);

    t = (struct told){0};
    dht_get_mutable(w->n[20]->d, s.pub, cur_of("salt", 4), on_item, &t);
    finish(w, &t);
    assert_true(t.item);
    assert_string_equal(t.value, "3:two");
    assert_int_equal(t.seq, 2);
    t = (struct told){0}; /* another salt is another item */
    dht_get_mutable(w->n[20]->d, s.pub, cur_of(NULL, 0), on_item, &t);
    finish(w, &t);
    assert_false(t.item);
    s.sig[0] ^= 1;
    struct why why;
    assert_null(dht_put(w->n[3]->d, &item, NULL, on_done, &t, &why));
    world_free(w);
}

static void what_was_known_is_known_after_a_restart(void **state)
{
    (void)state;
    struct world *w = world_new(NODES, at);
    struct buf saved = {0};
    struct dht_id before = dht_own_id(w->n[5]->d, ADDR_V4), after;
    dht_save(w->n[5]->d, &saved);
    assert_true(buf_len(&saved) <= DHT_SAVED_BYTES_MAX);
    dht_host_crash(w->n[5]);
    dht_host_start(w->n[5], buf_cur(&saved));
    sim_run_for(w->sim, 60 * SEC);
    after = dht_own_id(w->n[5]->d, ADDR_V4);
    assert_true(dht_id_equal(&before, &after));
    assert_true(dht_stats(w->n[5]->d).good4 >= DHT_K);
    /* Every truncation of it is a fresh start. */
    for (size_t n = 0; n < buf_len(&saved); n += 7) {
        dht_host_crash(w->n[5]);
        dht_host_start(w->n[5], cur_of(buf_bytes(&saved), n));
        assert_int_equal(dht_stats(w->n[5]->d).nodes4, 0);
    }
    buf_done(&saved);
    world_free(w);
}

static void the_others_say_what_our_address_is_and_the_id_follows(void **state)
{
    (void)state;
    struct world *w = world_new(NODES, at);
    for (size_t i = 0; i < w->count; i++) {
        struct dht_id id = dht_own_id(w->n[i]->d, ADDR_V4);
        struct dht_stats st = dht_stats(w->n[i]->d);
        assert_true(addr_same_ip(&st.seen4, &w->n[i]->at));
        assert_true(dht_id_is_secure(&id, &w->n[i]->at));
    }
    world_free(w);
}

static void an_operation_waits_until_somebody_is_known(void **state)
{
    (void)state;
    struct world *w = world_new(2, at);
    struct dht_host *h = dht_host_new(w->sim, "late", at(99), line);
    struct dht_id id = hash_of("film");
    struct told t = {0}, cancelled = {0};
    dht_host_start(h, cur_of(NULL, 0));
    dht_peers(h->d, &id, NULL, true, on_peers, on_done, &t);
    struct dht_op *op = dht_peers(h->d, &id, NULL, true, on_peers, on_done, &cancelled);
    sim_run_for(w->sim, 600 * SEC);
    assert_false(t.done);
    assert_int_equal(dht_stats(h->d).waiting, 2);
    dht_cancel(op);
    dht_hint(h->d, &w->n[1]->at);
    finish(w, &t);
    assert_int_equal(t.r.why.code, ERR_NOT_FOUND);
    assert_true(t.r.replies >= 2);
    sim_run_for(w->sim, 60 * SEC);
    assert_false(cancelled.done);
    dht_host_free(h);
    world_free(w);
}

static void cancelled_operations_are_silent_at_every_step(void **state)
{
    (void)state;
    struct world *w = world_new(12, at);
    struct dht_id id = hash_of("film");
    struct dht_announce a = {.port = 1};
    for (unsigned ms = 0; ms < 600; ms += 13) {
        struct told t = {0};
        struct dht_op *op = dht_peers(w->n[3]->d, &id, &a, true, on_peers, on_done, &t);
        sim_run_for(w->sim, ms * MSEC);
        if (t.done)
            continue;
        dht_cancel(op);
        sim_run_for(w->sim, 30 * SEC);
        assert_false(t.done);
    }
    assert_int_equal(dht_stats(w->n[3]->d).active, 0);
    world_free(w);
}

/* One who speaks to a node by hand. */
struct stranger {
    struct udp *udp;
    struct addr to;
    unsigned answers;
    size_t bytes;
    struct dht_msg m;
    char token[DHT_TOKEN_MAX];
    size_t token_len;
    struct arena *arena;
};

static void on_answer(void *arg, const struct addr *from, const uint8_t *bytes, size_t n)
{
    struct stranger *s = arg;
    (void)from;
    void *copy = arena_dup(s->arena, bytes, n);
    assert_int_equal(dht_msg_read(s->arena, cur_of(copy, n), &s->m, NULL), OK);
    if (s->m.kind == DHT_QUERY)
        return; /* it pings who asks it */
    s->answers++;
    s->bytes += n;
    if (s->m.token.n > 0) {
        memcpy(s->token, s->m.token.p, s->m.token.n);
        s->token_len = s->m.token.n;
    }
}

static struct stranger *stranger_new(struct world *w, const char *name, struct addr from,
                                     const struct dht_host *to)
{
    struct stranger *s = MEM_NEW(struct stranger);
    struct why why;
    struct sim_node *machine = sim_node_add(w->sim, name, from, line);
    s->udp = udp_open(sim_node_loop(machine), &from, on_answer, s, &why);
    s->to = to->at;
    s->arena = arena_new();
    return s;
}

static void stranger_free(struct stranger *s)
{
    udp_close(s->udp);
    arena_free(s->arena);
    free(s);
}

static size_t ask(struct stranger *s, struct dht_msg *m)
{
    struct buf b = {0};
    m->kind = DHT_QUERY;
    m->tid = cur_of("aa", 2);
    m->read_only = true;
    memset(m->id.b, 0x42, DHT_ID_LEN);
    dht_msg_put(&b, m);
    udp_send(s->udp, &s->to, buf_bytes(&b), buf_len(&b));
    size_t n = buf_len(&b);
    buf_done(&b);
    return n;
}

static void a_token_is_needed_and_is_for_one_address(void **state)
{
    (void)state;
    struct world *w = world_new(12, at);
    struct stranger *ann = stranger_new(w, "ann", at(101), w->n[0]);
    struct stranger *bob = stranger_new(w, "bob", at(102), w->n[0]);
    struct dht_id id = hash_of("film");
    struct dht_msg want = {.method = DHT_GET_PEERS, .has_target = true, .target = id};
    struct dht_msg tell = {
        .method = DHT_ANNOUNCE_PEER, .has_target = true, .target = id, .port = 9};
    ask(ann, &want);
    sim_run_for(w->sim, SEC);
    tell.token = cur_of(ann->token, ann->token_len);
    ask(bob, &tell);
    sim_run_for(w->sim, SEC);
    assert_int_equal(bob->m.kind, DHT_ERROR);
    assert_int_equal(bob->m.error, DHT_E_PROTOCOL);
    assert_int_equal(dht_stats(w->n[0]->d).peers, 0);
    ask(ann, &tell);
    sim_run_for(w->sim, SEC);
    assert_int_equal(ann->m.kind, DHT_REPLY);
    assert_int_equal(dht_stats(w->n[0]->d).peers, 1);
    sim_run_for(w->sim, 16 * 60 * SEC); /* and it is good for ten minutes or a little more */
    ask(ann, &tell);
    sim_run_for(w->sim, SEC);
    assert_int_equal(ann->m.kind, DHT_ERROR);
    sim_run_for(w->sim, 45 * 60 * SEC);
    assert_int_equal(dht_stats(w->n[0]->d).peers, 0); /* forgotten */
    stranger_free(ann);
    stranger_free(bob);
    world_free(w);
}

static void an_item_is_put_with_a_token_of_the_same_address_only(void **state)
{
    (void)state;
    struct world *w = world_new(12, at);
    struct stranger *ann = stranger_new(w, "ann", at(101), w->n[0]);
    struct stranger *bob = stranger_new(w, "bob", at(102), w->n[0]);
    struct dht_msg put = {.method = DHT_PUT, .item = {.v = cur_of("5:hello", 7)}};
    struct dht_msg get = {
        .method = DHT_GET, .has_target = true, .target = dht_item_target(&put.item)};
    ask(ann, &get);
    sim_run_for(w->sim, SEC);
    assert_true(ann->token_len > 0);
    ask(bob, &put); /* none */
    sim_run_for(w->sim, SEC);
    assert_int_equal(bob->m.error, DHT_E_PROTOCOL);
    put.token = cur_of(ann->token, ann->token_len);
    ask(bob, &put); /* another's */
    sim_run_for(w->sim, SEC);
    assert_int_equal(bob->m.kind, DHT_ERROR);
    assert_int_equal(bob->m.error, DHT_E_PROTOCOL);
    assert_int_equal(dht_stats(w->n[0]->d).items, 0);
    ask(ann, &put);
    sim_run_for(w->sim, SEC);
    assert_int_equal(ann->m.kind, DHT_REPLY);
    assert_int_equal(dht_stats(w->n[0]->d).items, 1);
    stranger_free(ann);
    stranger_free(bob);
    world_free(w);
}

static void one_stranger_gets_so_many_answers_and_others_theirs(void **state)
{
    (void)state;
    struct world *w = world_new(12, at);
    struct stranger *flood = stranger_new(w, "flood", at(101), w->n[0]);
    struct stranger *bob = stranger_new(w, "bob", at(102), w->n[0]);
    struct dht_msg q = {.method = DHT_PING};
    for (int i = 0; i < 1000; i++)
        ask(flood, &q);
    ask(bob, &q);
    sim_run_for(w->sim, 2 * SEC);
    assert_in_range(flood->answers, DHT_ASKS_BURST, DHT_ASKS_BURST + 3 * DHT_ASKS_PER_S);
    assert_int_equal(bob->answers, 1);
    assert_true(dht_stats(w->n[0]->d).dropped > 900);
    stranger_free(flood);
    stranger_free(bob);
    world_free(w);
}

static void a_forged_flood_is_not_amplified(void **state)
{
    (void)state;
    struct world *w = world_new(NODES, at);
    enum { MANY = 400 };
    struct dht_id id = hash_of("film");
    for (unsigned i = 1; i < 25; i++)
        announce(w, w->n[i], "film", 0, false);
    sim_run_for(w->sim, 60 * SEC);
    size_t sent = 0, got = 0;
    struct stranger *s[MANY];
    for (unsigned i = 0; i < MANY; i++) {
        char name[16];
        snprintf(name, sizeof name, "s%u", i);
        s[i] = stranger_new(w, name, addr_v4(99, (uint8_t)(i / 200), (uint8_t)(i % 200), 1, 5000),
                            w->n[1]);
    }
    struct dht_msg q = {.method = DHT_GET_PEERS, .has_target = true, .target = id, .scrape = true};
    for (int second = 0; second < 20; second++) {
        for (unsigned i = 0; i < MANY; i++)
            sent += ask(s[i], &q);
        sim_run_for(w->sim, SEC);
    }
    for (unsigned i = 0; i < MANY; i++) {
        got += s[i]->bytes;
        stranger_free(s[i]);
    }
    /* The buckets' rate and burst are all that anybody gets. */
    assert_true(got <= (size_t)DHT_ANSWER_RATE * 22);
    assert_true(got < 3 * sent);
    world_free(w);
}

static void a_reply_from_another_address_is_none(void **state)
{
    (void)state;
    struct world *w = world_new(2, at);
    /* Nobody knows our transactions, but even with them the address must be the one asked. */
    static const char forged[] = "d1:rd2:id20:mnopqrstuvwxyz123456e1:t4:aaaa1:y1:re";
    struct addr from = at(66);
    size_t before = dht_stats(w->n[0]->d).nodes4;
    dht_packet(w->n[0]->d, &from, (const uint8_t *)forged, sizeof forged - 1);
    assert_int_equal(dht_stats(w->n[0]->d).nodes4, before);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nodes_find_each_other_through_one),
        cmocka_unit_test(who_announces_is_found),
        cmocka_unit_test(a_scrape_counts_seeds_and_peers),
        cmocka_unit_test(it_lives_on_ipv6_too),
        cmocka_unit_test(an_immutable_item_is_put_and_got),
        cmocka_unit_test(a_mutable_item_only_goes_forward),
        cmocka_unit_test(what_was_known_is_known_after_a_restart),
        cmocka_unit_test(the_others_say_what_our_address_is_and_the_id_follows),
        cmocka_unit_test(an_operation_waits_until_somebody_is_known),
        cmocka_unit_test(cancelled_operations_are_silent_at_every_step),
        cmocka_unit_test(a_token_is_needed_and_is_for_one_address),
        cmocka_unit_test(an_item_is_put_with_a_token_of_the_same_address_only),
        cmocka_unit_test(one_stranger_gets_so_many_answers_and_others_theirs),
        cmocka_unit_test(a_forged_flood_is_not_amplified),
        cmocka_unit_test(a_reply_from_another_address_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
