/* Lookups among liars, and the size of a network, without a connection. */
#include "host/kad/kad_paths.h"

#include "base/mem.h"
#include "base/test.h"
#include "host/kad/kad_size.h"

#include <string.h>

enum { NODES = 400, HOSTILE_OF_TEN = 2, TARGETS = 50, SEEDS = 20 };

static struct peer_id peer(uint64_t which)
{
    struct peer_id id = {.len = 34, .bytes = {0x12, 0x20}};
    memcpy(id.bytes + 2, &which, sizeof which);
    return id;
}

static struct kad_key key_of(const struct peer_id *id)
{
    return kad_key_of(id->bytes, id->len);
}

/* --- a network of tables ------------------------------------------------------------------- */

/* Two of ten, spread as evenly as the hashes of the names are, and those around a target, are one
 * conspiracy: they are all there, they answer, and they know nobody but those around the target. */
struct world {
    struct peer_id id[NODES];
    struct kad_table *table[NODES];
    struct peer_id target;
    struct peer_id sybils[KAD_K], holders[KAD_K]; /* the honest nearest have what is looked for */
    uint64_t names;
};

static bool is_hostile(size_t node)
{
    return node % 10 < HOSTILE_OF_TEN;
}

static struct world *world_new(void)
{
    struct world *w = MEM_NEW(struct world);
    for (size_t i = 0; i < NODES; i++) {
        w->id[i] = peer(w->names++);
        w->table[i] = kad_table_new(&w->id[i]);
    }
    for (size_t i = 0; i < NODES; i++) {
        for (size_t k = 1; k < NODES; k++)
            kad_table_seen(w->table[i], &w->id[(i + k * 7) % NODES], 1, NULL);
    }
    return w;
}

static void world_free(struct world *w)
{
    for (size_t i = 0; i < NODES; i++)
        kad_table_free(w->table[i]);
    free(w);
}

static bool is_among(const struct peer_id *list, size_t n, const struct peer_id *id)
{
    for (size_t i = 0; i < n; i++)
        if (peer_id_equal(&list[i], id))
            return true;
    return false;
}

/* Another target, the honest nodes that are nearest to it, and twenty liars nearer than any. */
static void set_target(struct world *w, uint64_t which)
{
    w->target = peer(1000000 + which);
    struct kad_key at = key_of(&w->target);
    size_t n = 0;
    while (n < KAD_K) {
        const struct peer_id *best = NULL;
        for (size_t i = 0; i < NODES; i++) {
            if (is_hostile(i) || is_among(w->holders, n, &w->id[i]))
                continue;
            struct kad_key a = key_of(&w->id[i]), b = best ? key_of(best) : a;
            if (!best || kad_key_nearer(&at, &a, &b) < 0)
                best = &w->id[i];
        }
        w->holders[n++] = *best;
    }
    struct kad_key nearest = key_of(&w->holders[0]);
    for (n = 0; n < KAD_K;) {
        struct peer_id sybil = peer(2000000 + w->names++);
        struct kad_key key = key_of(&sybil);
        if (kad_key_nearer(&at, &key, &nearest) < 0)
            w->sybils[n++] = sybil;
    }
}

/* What this peer tells of who is near the target; returns how many. */
static size_t ask(const struct world *w, const struct peer_id *who, struct peer_id out[KAD_K])
{
    struct kad_key at = key_of(&w->target);
    for (size_t i = 0; i < NODES; i++)
        if (peer_id_equal(&w->id[i], who) && !is_hostile(i))
            return kad_table_nearest(w->table[i], &at, out, KAD_K);
    memcpy(out, w->sybils, sizeof w->sybils);
    return KAD_K;
}

/* A newcomer who knows some looks for the target: whether he comes upon an honest one of those who
 * are to have it; near: whom he would bring it to. */
static bool look(const struct world *w, size_t paths, uint64_t from, struct peer_id *near,
                 size_t *n, unsigned *asked)
{
    struct peer_id self = peer(3000000 + from), next[KAD_ALPHA], told[KAD_K];
    struct kad_key at = key_of(&w->target);
    struct kad_paths *p = kad_paths_new(&at, &self, paths, KAD_K);
    bool found = false;
    size_t some;
    for (uint64_t i = 0, seeds = 0; seeds < SEEDS; i++) {
        const struct peer_id *seed = &w->id[(from * 31 + i * 37) % NODES];
        if (is_among(w->holders, KAD_K, seed)) /* in a larger world it is far from the target */
            continue;
        kad_paths_heard(p, NULL, seed);
        seeds++;
    }
    while ((some = kad_paths_next(p, next, KAD_ALPHA)) > 0)
        for (size_t i = 0; i < some; i++) {
            size_t tells = ask(w, &next[i], told);
            found |= is_among(w->holders, KAD_K, &next[i]);
            for (size_t k = 0; k < tells; k++)
                kad_paths_heard(p, &next[i], &told[k]);
            kad_paths_answered(p, &next[i]);
        }
    assert_true(kad_paths_over(p));
    *n = kad_paths_nearest(p, near);
    *asked += kad_paths_cost(p).asked;
    kad_paths_free(p);
    return found;
}

static void disjoint_paths_find_what_a_single_one_does_not_among_a_fifth_of_liars(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer_id near[KAD_NEAREST_MAX];
    unsigned single = 0, disjoint = 0, asked_single = 0, asked = 0;
    size_t n;
    for (uint64_t i = 0; i < TARGETS; i++) {
        set_target(w, i);
        single += look(w, 1, i, near, &n, &asked_single);
        disjoint += look(w, KAD_PATHS, i, near, &n, &asked);
    }
    print_message("# of %d lookups %u succeed on one path (%u questions each), %u on ten (%u)\n",
                  TARGETS, single, asked_single / TARGETS, disjoint, asked / TARGETS);
    assert_true(single * 4 < TARGETS);
    assert_true(disjoint * 100 >= TARGETS * 98);
    world_free(w);
}

static void what_is_put_on_disjoint_paths_comes_to_honest_ones_too(void **state)
{
    (void)state;
    struct world *w = world_new();
    struct peer_id near[KAD_NEAREST_MAX];
    unsigned asked = 0, kept_single = 0, kept = 0;
    size_t n;
    for (uint64_t i = 0; i < TARGETS; i++) {
        unsigned honest = 0;
        set_target(w, i);
        look(w, 1, i, near, &n, &asked);
        for (size_t k = 0; k < n; k++)
            kept_single += is_among(w->holders, KAD_K, &near[k]);
        look(w, KAD_PATHS, i, near, &n, &asked);
        for (size_t k = 0; k < n; k++)
            honest += is_among(w->holders, KAD_K, &near[k]);
        assert_true(honest >= 4);
        kept += honest;
    }
    print_message("# on one path %.1f of twenty honest ones are found, on ten %.1f\n",
                  (double)kept_single / TARGETS, (double)kept / TARGETS);
    assert_true(kept > 4 * kept_single);
    world_free(w);
}

static void nobody_is_asked_on_two_paths(void **state)
{
    (void)state;
    struct peer_id self = peer(0), out[64], seeds[KAD_PATHS];
    struct kad_key at = kad_key_of("x", 1);
    struct kad_paths *p = kad_paths_new(&at, &self, KAD_PATHS, KAD_K);
    for (uint32_t i = 0; i < KAD_PATHS; i++) {
        seeds[i] = peer(i + 1);
        kad_paths_heard(p, NULL, &seeds[i]);
    }
    assert_int_equal(kad_paths_next(p, out, 64), KAD_PATHS);
    for (uint32_t i = 0; i < KAD_PATHS; i++) { /* all tell of the same two */
        for (uint32_t k = 100; k < 102; k++) {
            struct peer_id id = peer(k);
            kad_paths_heard(p, &seeds[i], &id);
        }
        kad_paths_answered(p, &seeds[i]);
    }
    assert_int_equal(kad_paths_next(p, out, 64), 2);
    assert_false(kad_paths_over(p));
    kad_paths_answered(p, &out[0]);
    kad_paths_failed(p, &out[1]);
    assert_int_equal(kad_paths_next(p, out, 64), 0);
    assert_true(kad_paths_over(p));
    assert_int_equal(kad_paths_cost(p).asked, KAD_PATHS + 2);
    assert_int_equal(kad_paths_cost(p).failed, 1);
    assert_int_equal(kad_paths_nearest(p, out), KAD_PATHS + 1);
    kad_paths_free(p);
}

/* --- how many there are --------------------------------------------------------------------- */

/* The nearest of `many` to a key, nearest first. */
static void nearest_of(uint64_t many, const struct kad_key *at,
                       struct peer_id out[KAD_SIZE_NEAREST])
{
    size_t n = 0;
    for (uint64_t i = 0; i < many; i++) {
        struct peer_id id = peer(i);
        struct kad_key key = key_of(&id);
        size_t place = n;
        for (; place > 0; place--) {
            struct kad_key other = key_of(&out[place - 1]);
            if (kad_key_nearer(at, &other, &key) < 0)
                break;
        }
        if (place == KAD_SIZE_NEAREST)
            continue;
        n = n < KAD_SIZE_NEAREST ? n + 1 : n;
        memmove(&out[place + 1], &out[place], (n - 1 - place) * sizeof *out);
        out[place] = id;
    }
}

static void the_size_is_told_by_how_near_the_nearest_are(void **state)
{
    (void)state;
    struct kad_size s = {.count = 0};
    struct peer_id near[KAD_SIZE_NEAREST];
    struct kad_key at = kad_key_of("x", 1);
    for (char c = 'a'; c < 'a' + KAD_SIZE_SAMPLES; c++) {
        at = kad_key_of(&c, 1);
        nearest_of(1000, &at, near);
        assert_int_equal(kad_size_get(&s) > 0, c - 'a' >= KAD_SIZE_SURE);
        kad_size_note(&s, &at, near, KAD_SIZE_NEAREST);
        kad_size_note(&s, &at, near, KAD_SIZE_NEAREST - 1); /* too few */
    }
    assert_in_range(kad_size_get(&s), 700, 1400);
    assert_true(kad_size_is_near(&s, &at, &near[0]));
    assert_true(kad_size_is_near(&s, &at, &near[KAD_SIZE_NEAREST / 2]));
    unsigned believed = 0;
    for (uint64_t i = 0; i < 1000; i++) {
        struct peer_id id = peer(i);
        believed += kad_size_is_near(&s, &at, &id);
    }
    assert_in_range(believed, 5, KAD_K + 5);
}

static void where_nothing_is_known_nobody_is_surely_near(void **state)
{
    (void)state;
    struct kad_size s = {.count = 0};
    struct peer_id id = peer(1);
    struct kad_key at = key_of(&id);
    assert_false(kad_size_is_near(&s, &at, &id));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(disjoint_paths_find_what_a_single_one_does_not_among_a_fifth_of_liars),
        cmocka_unit_test(what_is_put_on_disjoint_paths_comes_to_honest_ones_too),
        cmocka_unit_test(nobody_is_asked_on_two_paths),
        cmocka_unit_test(the_size_is_told_by_how_near_the_nearest_are),
        cmocka_unit_test(where_nothing_is_known_nobody_is_surely_near),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
