#include "base/arena.h"

#include "base/test.h"

#include <stdalign.h>

static void what_it_gives_is_zero_aligned_and_apart(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    uint8_t *last = NULL;
    for (size_t n = 0; n < 300; n++) {
        uint8_t *p = arena_zalloc(a, n);
        assert_int_equal((uintptr_t)p % alignof(max_align_t), 0);
        for (size_t i = 0; i < n; i++)
            assert_int_equal(p[i], 0);
        memset(p, 0xff, n); /* the next must not see it */
        assert_true(n < 2 || p != last);
        last = p;
    }
    arena_free(a);
    arena_free(NULL);
}

static void sizes_around_a_block_all_fit(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    assert_int_equal(arena_size(a), 0);
    for (size_t n = 3900; n < 4100; n++) {
        uint8_t *p = arena_zalloc(a, n);
        p[0] = p[n - 1] = 1;
    }
    uint8_t *big = arena_zalloc(a, 1 << 20);
    big[(1 << 20) - 1] = 1;
    assert_true(arena_size(a) > (1 << 20) + 200 * 3900);
    arena_free(a);
}

static void what_holds_little_takes_little(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    for (size_t n = 0; n < 10; n++)
        arena_zalloc(a, 40);
    assert_true(arena_size(a) < 600);
    arena_free(a);
}

static void copies_are_copies(void **state)
{
    (void)state;
    struct arena *a = arena_new();
    char text[] = "hello";
    char *s = arena_strndup(a, text, 4);
    char *d = arena_dup(a, text, sizeof text);
    uint32_t *array = arena_array(a, 5, sizeof *array);
    array[4] = 7;
    memset(text, 'x', 5);
    assert_string_equal(s, "hell");
    assert_string_equal(d, "hello");
    assert_int_equal(array[0], 0);
    assert_string_equal(arena_strndup(a, NULL, 0), "");
    assert_non_null(arena_dup(a, NULL, 0));
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_it_gives_is_zero_aligned_and_apart),
        cmocka_unit_test(sizes_around_a_block_all_fit),
        cmocka_unit_test(what_holds_little_takes_little),
        cmocka_unit_test(copies_are_copies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
