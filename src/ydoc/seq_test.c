#include "ydoc/seq.h"

#include "base/test.h"

#define MANY 5000

/* The list beside it: an array of items in order, moved by memmove. */
struct world {
    uint32_t leaf[MANY], units[MANY], list[MANY], n;
    struct seq_pool pool;
    uint32_t root, random;
};

static uint32_t *leaf(void *arg, uint32_t item)
{
    return &((struct world *)arg)->leaf[item];
}

static uint32_t units(void *arg, uint32_t item)
{
    return ((struct world *)arg)->units[item];
}

static uint32_t pick(struct world *w, uint32_t below)
{
    w->random = w->random * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)w->random * below >> 32);
}

static void put(struct world *w, uint32_t place, uint32_t item)
{
    w->units[item] = pick(w, 4); /* tombstones among them */
    seq_put(&w->pool, &w->root, place == 0 ? SEQ_NONE : w->list[place - 1], item);
    memmove(w->list + place + 1, w->list + place, (w->n - place) * sizeof *w->list);
    w->list[place] = item;
    w->n++;
}

static void drop(struct world *w, uint32_t place)
{
    seq_drop(&w->pool, &w->root, w->list[place]);
    w->n--;
    memmove(w->list + place, w->list + place + 1, (w->n - place) * sizeof *w->list);
}

static void check(struct world *w)
{
    uint64_t index = 0, offset;
    for (uint32_t i = 0; i < w->n; i++) {
        assert_true(seq_index(&w->pool, w->list[i]) == index);
        for (uint32_t k = 0; k < w->units[w->list[i]]; k++, index++) {
            assert_int_equal(seq_at(&w->pool, w->root, index, &offset), w->list[i]);
            assert_true(offset == k);
        }
    }
    assert_true(seq_at(&w->pool, w->root, index, &offset) == SEQ_NONE);
}

static struct world *fresh(void)
{
    static struct world w;
    memset(&w, 0, sizeof w);
    w.pool = (struct seq_pool){.free = SEQ_NONE, .leaf = leaf, .units = units, .arg = &w};
    w.root = SEQ_NONE;
    w.random = 5;
    return &w;
}

static void finds_items_by_index_and_indices_by_item(void **state)
{
    (void)state;
    struct world *w = fresh();
    for (uint32_t i = 0; i < MANY; i++)
        put(w, pick(w, w->n + 1), i);
    check(w);
    for (uint32_t i = 0; i < MANY; i++) { /* what is visible changes */
        uint32_t next = pick(w, 4);
        seq_grow(&w->pool, i, (int64_t)next - (int64_t)w->units[i]);
        w->units[i] = next;
    }
    check(w);
    while (w->n > MANY / 10)
        drop(w, pick(w, w->n));
    check(w);
    while (w->n > 0)
        drop(w, pick(w, w->n));
    assert_true(w->root == SEQ_NONE);
    seq_done(&w->pool);
}

static void typing_at_the_end_and_at_the_start_is_in_order(void **state)
{
    (void)state;
    struct world *w = fresh();
    for (uint32_t i = 0; i < MANY; i++)
        put(w, i % 2 ? w->n : 0, i);
    check(w);
    seq_done(&w->pool);
}

static void nodes_that_are_given_back_are_used_again(void **state)
{
    (void)state;
    struct world *w = fresh();
    uint32_t used = 0;
    for (int round = 0; round < 5; round++) {
        for (uint32_t i = 0; i < MANY; i++)
            put(w, pick(w, w->n + 1), i);
        if (round == 0)
            used = w->pool.used;
        seq_free(&w->pool, &w->root);
        w->n = 0;
    }
    assert_true(w->pool.used < used + used / 4); /* the order differs a little */
    seq_done(&w->pool);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_items_by_index_and_indices_by_item),
        cmocka_unit_test(typing_at_the_end_and_at_the_start_is_in_order),
        cmocka_unit_test(nodes_that_are_given_back_are_used_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
