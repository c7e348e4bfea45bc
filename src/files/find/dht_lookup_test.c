#include "files/find/dht_lookup.h"

#include "base/test.h"

static const struct dht_id target = {{0x80}};
static const struct dht_id own = {{0x01}};

/* A node at home, `far` away: the smaller, the nearer. */
static struct dht_node node(uint8_t far)
{
    struct dht_node n = {target, addr_v4(10, 0, 0, far, 6881)};
    n.id.b[DHT_ID_LEN - 1] = far;
    return n;
}

static struct dht_msg reply(const struct dht_node *from)
{
    return (struct dht_msg){.kind = DHT_REPLY, .id = from->id, .token = cur_of("tok", 3)};
}

static void tell(struct dht_msg *m, struct dht_node n)
{
    m->nodes[m->node_count++] = n;
}

static bool next(struct dht_lookup *l, struct dht_node *out)
{
    bool has_id;
    return dht_lookup_next(l, out, &has_id);
}

static void answers(struct dht_lookup *l, const struct dht_node *n)
{
    struct dht_msg m = reply(n);
    dht_lookup_replied(l, &n->addr, &m, false);
}

static void asks_the_nearest_first_and_alpha_at_once(void **state)
{
    (void)state;
    struct dht_lookup *l = dht_lookup_new(&target, &own);
    struct dht_node n;
    for (uint8_t far = 20; far > 0; far--) {
        n = node(far);
        dht_lookup_seed(l, &n);
    }
    for (uint8_t i = 1; i <= DHT_ALPHA; i++) {
        assert_true(next(l, &n));
        assert_int_equal(n.addr.ip[3], i);
    }
    assert_false(next(l, &n));
    struct dht_node slow = node(1);
    dht_lookup_slow(l, &slow.addr); /* another has its turn */
    assert_true(next(l, &n));
    assert_false(next(l, &n));
    assert_false(dht_lookup_done(l));
    dht_lookup_free(l);
}

static void is_over_when_the_nearest_eight_have_answered(void **state)
{
    (void)state;
    struct dht_lookup *l = dht_lookup_new(&target, &own);
    struct dht_node n;
    for (uint8_t far = 1; far <= 20; far++) {
        n = node(far);
        dht_lookup_seed(l, &n);
    }
    unsigned asked = 0;
    while (!dht_lookup_done(l)) {
        assert_true(next(l, &n));
        asked++;
        if (n.addr.ip[3] == 3)
            dht_lookup_failed(l, &n.addr); /* the ninth stands in for it */
        else
            answers(l, &n);
    }
    assert_int_equal(asked, DHT_K + 1);
    struct dht_found found[2 * DHT_K];
    assert_int_equal(dht_lookup_found(l, found, 2 * DHT_K), DHT_K);
    static const uint8_t expected[DHT_K] = {1, 2, 4, 5, 6, 7, 8, 9};
    for (size_t i = 0; i < DHT_K; i++) {
        assert_int_equal(found[i].node.addr.ip[3], expected[i]);
        assert_memory_equal(found[i].token, "tok", 3);
    }
    dht_lookup_free(l);
}

static void follows_those_that_it_is_told_of(void **state)
{
    (void)state;
    struct dht_lookup *l = dht_lookup_new(&target, &own);
    struct dht_node n = node(200);
    dht_lookup_seed(l, &n);
    unsigned asked = 0;
    while (next(l, &n)) {
        struct dht_msg m = reply(&n);
        uint8_t far = n.addr.ip[3];
        if (far > 10)
            tell(&m, node((uint8_t)(far - 10)));
        struct dht_node us = {own, addr_v4(10, 9, 9, 9, 1)};
        tell(&m, us); /* ourselves: passed over */
        dht_lookup_replied(l, &n.addr, &m, false);
        asked++;
    }
    assert_true(dht_lookup_done(l));
    assert_int_equal(asked, 20);
    assert_int_equal(dht_lookup_replies(l), 20);
    struct dht_found found[1];
    assert_int_equal(dht_lookup_found(l, found, 1), 1);
    assert_int_equal(found[0].node.addr.ip[3], 10);
    dht_lookup_free(l);
}

static void who_is_slow_is_waited_for_when_there_is_nobody_else(void **state)
{
    (void)state;
    struct dht_lookup *l = dht_lookup_new(&target, &own);
    struct dht_node n = node(1), out;
    dht_lookup_seed(l, &n);
    assert_true(next(l, &out));
    dht_lookup_slow(l, &n.addr);
    assert_false(dht_lookup_done(l));
    answers(l, &n);
    assert_true(dht_lookup_done(l));
    answers(l, &n); /* once */
    assert_int_equal(dht_lookup_replies(l), 1);
    dht_lookup_free(l);
}

static void an_empty_one_is_over(void **state)
{
    (void)state;
    struct dht_lookup *l = dht_lookup_new(&target, &own);
    assert_true(dht_lookup_done(l));
    dht_lookup_free(l);
}

static void a_router_leads_on_and_is_not_stored_on(void **state)
{
    (void)state;
    struct dht_lookup *l = dht_lookup_new(&target, &own);
    struct dht_node router = {.id = node(5).id, .addr = addr_v4(10, 0, 0, 5, 1)}, n;
    bool has_id;
    dht_lookup_seed_addr(l, &router.addr, true);
    assert_true(dht_lookup_next(l, &n, &has_id));
    assert_false(has_id);
    struct dht_msg m = reply(&router);
    tell(&m, node(9));
    dht_lookup_replied(l, &router.addr, &m, false);
    assert_true(dht_lookup_next(l, &n, &has_id));
    assert_true(has_id);
    answers(l, &n);
    assert_true(dht_lookup_done(l));
    struct dht_found found[DHT_K];
    assert_int_equal(dht_lookup_found(l, found, DHT_K), 1);
    assert_int_equal(found[0].node.addr.ip[3], 9);
    dht_lookup_free(l);
}

/* Poison */

/* Out in the world: an address for which the id is or is not secure. */
static struct dht_node world_node(unsigned i, bool secure)
{
    struct dht_node n = {.addr = addr_v4((uint8_t)(11 + i / 250), (uint8_t)(i % 250), 3, 4, 6881)};
    struct dht_id chance = {{0}};
    chance.b[10] = (uint8_t)i;
    if (secure) {
        n.id = dht_id_for(&n.addr, &chance);
    } else {
        n.id = target;
        n.id.b[18] = (uint8_t)(i >> 8);
        n.id.b[19] = (uint8_t)i;
    }
    return n;
}

static void invented_neighbours_do_not_end_it(void **state)
{
    (void)state;
    struct dht_lookup *l = dht_lookup_new(&target, &own);
    struct dht_node n;
    for (unsigned i = 0; i < 12; i++) {
        n = world_node(i, true);
        dht_lookup_seed(l, &n);
    }
    unsigned sybil = 100, asked = 0;
    while (next(l, &n)) {
        struct dht_msg m = reply(&n);
        for (int i = 0; i < DHT_K; i++) /* each tells of eight more, beside the target */
            tell(&m, world_node(sybil++, false));
        dht_lookup_replied(l, &n.addr, &m, false);
        asked++;
    }
    assert_true(dht_lookup_done(l));
    assert_true(asked <= DHT_LOOSE_MAX + 12);
    struct dht_found found[2 * DHT_K];
    size_t count = dht_lookup_found(l, found, 2 * DHT_K), secure = 0;
    for (size_t i = 0; i < count; i++)
        secure += dht_id_is_secure(&found[i].node.id, &found[i].node.addr);
    assert_int_equal(secure, DHT_K); /* all that count are among those stored on */
    dht_lookup_free(l);
}

/* The list is full: who does not count gives way, however far those are who do. */
static void a_crowd_that_does_not_count_drives_nobody_out(void **state)
{
    (void)state;
    struct dht_lookup *l = dht_lookup_new(&target, &own);
    struct dht_node first = world_node(0, true), second = world_node(1, true), n;
    bool asked_first = false, asked_second = false;
    if (dht_id_nearer(&target, &first.id, &second.id) < 0) { /* the nearer comes last */
        n = first;
        first = second;
        second = n;
    }
    dht_lookup_seed(l, &first);
    for (unsigned i = 2; i < DHT_HELD_MAX + 20; i++) {
        n = world_node(i, false);
        dht_lookup_seed(l, &n);
    }
    dht_lookup_seed(l, &second);
    while (next(l, &n)) {
        asked_first |= addr_equal(&n.addr, &first.addr);
        asked_second |= addr_equal(&n.addr, &second.addr);
        answers(l, &n);
    }
    assert_true(asked_first && asked_second);
    dht_lookup_free(l);
}

static void who_tells_of_the_dead_is_believed_no_more(void **state)
{
    (void)state;
    struct dht_lookup *l = dht_lookup_new(&target, &own);
    struct dht_node liar = node(100), n;
    dht_lookup_seed(l, &liar);
    for (uint8_t far = 101; far < 101 + DHT_K; far++) {
        n = node(far);
        dht_lookup_seed(l, &n);
    }
    unsigned dead = 0;
    while (next(l, &n)) {
        if (n.addr.ip[3] < 100) {
            dht_lookup_failed(l, &n.addr);
            dead++;
            continue;
        }
        struct dht_msg m = reply(&n);
        for (uint8_t i = 1; i <= 30 && n.addr.ip[3] == 100; i++)
            tell(&m, node(i));
        dht_lookup_replied(l, &n.addr, &m, false);
    }
    assert_true(dht_lookup_done(l));
    assert_int_equal(dead, DHT_BLAME_AFTER);
    assert_int_equal(dht_lookup_replies(l), DHT_K);
    dht_lookup_free(l);
}

static void one_owner_is_two_nodes_at_most(void **state)
{
    (void)state;
    struct dht_lookup *l = dht_lookup_new(&target, &own);
    struct dht_node n;
    for (uint16_t i = 0; i < 50; i++) {
        n = world_node(i, false);
        n.addr = addr_v4(99, 1, 2, 3, (uint16_t)(1000 + i));
        dht_lookup_seed(l, &n);
    }
    unsigned asked = 0;
    for (; next(l, &n); asked++)
        answers(l, &n);
    assert_int_equal(asked, DHT_PER_STRANGER);
    for (uint8_t i = 0; i < 50; i++) {
        n = world_node(i, false);
        n.addr = addr_v4(99, 5, 5, i, 1000);
        dht_lookup_seed(l, &n);
    }
    for (asked = 0; next(l, &n); asked++)
        answers(l, &n);
    assert_int_equal(asked, DHT_PER_NET);
    dht_lookup_free(l);
}

static void an_answer_counts_under_its_own_id(void **state)
{
    (void)state;
    struct dht_lookup *l = dht_lookup_new(&target, &own);
    struct dht_node said = node(1), real = node(77), out;
    real.addr = said.addr;
    dht_lookup_seed(l, &said);
    assert_true(next(l, &out));
    answers(l, &real);
    struct dht_found found[1];
    assert_int_equal(dht_lookup_found(l, found, 1), 1);
    assert_true(dht_id_equal(&found[0].node.id, &real.id));
    dht_lookup_free(l);
}

/* Numerical Recipes' generator: any will do. */
static unsigned roll(unsigned *at, unsigned sides)
{
    *at = *at * 1664525 + 1013904223;
    return (*at >> 8) % sides;
}

static void it_ends_whatever_is_told(void **state)
{
    (void)state;
    unsigned at = 1;
    for (int round = 0; round < 200; round++) {
        struct dht_lookup *l = dht_lookup_new(&target, &own);
        struct dht_node n = world_node(roll(&at, 1000), roll(&at, 2));
        unsigned asked = 0;
        dht_lookup_seed(l, &n);
        while (!dht_lookup_done(l)) {
            assert_true(next(l, &n));
            assert_true(++asked <= DHT_ASKED_MAX);
            struct dht_msg m = reply(&n);
            if (roll(&at, 3) == 0)
                m.id.b[roll(&at, DHT_ID_LEN)] = (uint8_t)roll(&at, 256);
            for (unsigned i = roll(&at, DHT_NODES_MAX); i > 0; i--)
                tell(&m, world_node(roll(&at, 3000), roll(&at, 2)));
            if (roll(&at, 4) == 0)
                dht_lookup_failed(l, &n.addr);
            else
                dht_lookup_replied(l, &n.addr, &m, false);
        }
        dht_lookup_free(l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(asks_the_nearest_first_and_alpha_at_once),
        cmocka_unit_test(is_over_when_the_nearest_eight_have_answered),
        cmocka_unit_test(follows_those_that_it_is_told_of),
        cmocka_unit_test(who_is_slow_is_waited_for_when_there_is_nobody_else),
        cmocka_unit_test(an_empty_one_is_over),
        cmocka_unit_test(a_router_leads_on_and_is_not_stored_on),
        cmocka_unit_test(invented_neighbours_do_not_end_it),
        cmocka_unit_test(a_crowd_that_does_not_count_drives_nobody_out),
        cmocka_unit_test(who_tells_of_the_dead_is_believed_no_more),
        cmocka_unit_test(one_owner_is_two_nodes_at_most),
        cmocka_unit_test(an_answer_counts_under_its_own_id),
        cmocka_unit_test(it_ends_whatever_is_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
