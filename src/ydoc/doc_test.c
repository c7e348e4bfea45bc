#include "ydoc/doc.h"

#include "base/mem.h"
#include "base/test.h"
#include "ydoc/hex_test.h"
#include "ydoc/lib0.h"

#define SEED 1

static void insert(struct ydoc *d, uint64_t pos, const char *text, struct buf *update)
{
    ydoc_begin(d);
    assert_int_equal(ytext_insert(d, "t", pos, text, strlen(text), NULL, NULL), OK);
    ydoc_commit(d, UPDATE_V1, update);
}

static void delete (struct ydoc *d, uint64_t pos, uint64_t n, struct buf *update)
{
    ydoc_begin(d);
    ytext_delete(d, "t", pos, n);
    ydoc_commit(d, UPDATE_V1, update);
}

static enum err apply(struct ydoc *d, const struct buf *update)
{
    return ydoc_apply(d, UPDATE_V1, buf_cur(update), NULL);
}

static void text_is(struct ydoc *d, const char *want)
{
    struct buf text = {0};
    ydoc_text(d, "t", &text);
    buf_u8(&text, 0);
    assert_string_equal(buf_bytes(&text), want);
    buf_done(&text);
}

static void state_is(struct ydoc *d, const char *hex)
{
    struct buf state = {0};
    ydoc_encode(d, UPDATE_V1, NULL, &state);
    assert_true(buf_is(&state, hex));
    buf_done(&state);
}

/* yjs-format section 4.2. */
static void what_is_typed_has_the_published_bytes(void **state)
{
    (void)state;
    struct ydoc *d = ydoc_new(5, true, SEED);
    struct buf sv = {0};
    insert(d, 0, "abc", NULL);
    state_is(d, "01 01 05 00 04 01 01 74 03 61 62 63 00");
    ydoc_state(d, &sv);
    assert_true(buf_is(&sv, "01 05 03"));
    delete (d, 1, 1, NULL);
    state_is(d, "01 03 05 00 04 01 01 74 01 61 81 05 00 01 84 05 01 01 63 01 05 01 01 01");
    struct buf update = {0};
    insert(d, 1, "X", &update);
    assert_true(buf_is(&update, "01 01 05 03 c4 05 01 05 02 01 58 00"));
    text_is(d, "aXc");
    ydoc_free(d);
    buf_done(&sv);
    buf_done(&update);
}

static void a_map_has_the_published_bytes(void **state)
{
    (void)state;
    struct ydoc *d = ydoc_new(5, true, SEED);
    struct buf one = {0}, v = {0}, json = {0};
    any_put_number(&one, 1);
    any_put_text(&v, "v", 1);
    ydoc_begin(d);
    ymap_set(d, "m", "k", 1, buf_cur(&one));
    ydoc_commit(d, UPDATE_V1, NULL);
    ydoc_begin(d);
    ymap_set(d, "m", "k", 1, buf_cur(&v));
    ydoc_commit(d, UPDATE_V1, NULL);
    state_is(d, "01 02 05 00 21 01 01 6d 01 6b 01 a8 05 00 01 77 01 76 01 05 01 00 01");
    ydoc_map(d, "m", &json);
    assert_int_equal(buf_len(&json), 9);
    assert_memory_equal(buf_bytes(&json), "{\"k\":\"v\"}", 9);
    ydoc_free(d);
    buf_done(&one);
    buf_done(&v);
    buf_done(&json);
}

static void bold_has_the_published_bytes(void **state)
{
    (void)state;
    struct ydoc *d = ydoc_new(300, true, SEED);
    struct buf bold = {0}, delta = {0};
    assert_int_equal(any_from_json("{\"b\":true}", 10, &bold, NULL), OK);
    insert(d, 0, "hello", NULL);
    ydoc_begin(d);
    assert_int_equal(ytext_format(d, "t", 0, 2, buf_cur(&bold), NULL), OK);
    ydoc_commit(d, UPDATE_V1, NULL);
    ydoc_delta(d, "t", &delta);
    buf_u8(&delta, 0);
    assert_string_equal(buf_bytes(&delta),
                        "[{\"insert\":\"he\",\"attributes\":{\"b\":true}},{\"insert\":\"llo\"}]");
    insert(d, 2, "!", NULL); /* it looks like what stands to its left */
    buf_clear(&delta);
    ydoc_delta(d, "t", &delta);
    buf_u8(&delta, 0);
    assert_string_equal(buf_bytes(&delta),
                        "[{\"insert\":\"he!\",\"attributes\":{\"b\":true}},{\"insert\":\"llo\"}]");
    ydoc_free(d);
    buf_done(&bold);
    buf_done(&delta);
}

static void what_depends_on_something_missing_waits_and_is_passed_on(void **state)
{
    (void)state;
    struct ydoc *a = ydoc_new(1, true, SEED), *b = ydoc_new(2, true, SEED),
                *c = ydoc_new(3, true, SEED);
    struct buf first = {0}, second = {0}, third = {0}, all = {0};
    insert(a, 0, "one ", &first);
    insert(a, 4, "two", &second);
    delete (a, 0, 1, &third);
    assert_int_equal(apply(b, &third), OK);
    assert_int_equal(apply(b, &second), OK);
    assert_true(ydoc_pending(b));
    text_is(b, "");
    ydoc_encode(b, UPDATE_V1, NULL, &all); /* what waits is in the state */
    assert_int_equal(apply(c, &all), OK);
    assert_int_equal(apply(b, &first), OK);
    assert_int_equal(apply(c, &first), OK);
    assert_false(ydoc_pending(b));
    assert_false(ydoc_pending(c));
    text_is(b, "ne two");
    text_is(c, "ne two");
    ydoc_free(a);
    ydoc_free(b);
    ydoc_free(c);
    buf_done(&first);
    buf_done(&second);
    buf_done(&third);
    buf_done(&all);
}

static void a_pair_cut_in_two_is_two_replacements_on_both_sides(void **state)
{
    (void)state;
    struct ydoc *a = ydoc_new(1, true, SEED), *b = ydoc_new(2, true, SEED);
    struct buf first = {0}, second = {0};
    insert(a, 0, "\xf0\x9f\x98\x80", &first);
    insert(a, 1, "x", &second);
    assert_int_equal(apply(b, &first), OK);
    assert_int_equal(apply(b, &second), OK);
    text_is(a, "\xef\xbf\xbdx\xef\xbf\xbd");
    text_is(b, "\xef\xbf\xbdx\xef\xbf\xbd");
    ydoc_free(a);
    ydoc_free(b);
    buf_done(&first);
    buf_done(&second);
}

static void a_pair_that_nothing_was_written_into_stays_whole(void **state)
{
    (void)state;
    struct ydoc *d = ydoc_new(1, true, SEED);
    struct buf plain = {0}, told = {0};
    any_put_head(&plain, ANY_OBJECT, 1);
    lib0_put_bytes(&plain, "bold", 4);
    buf_u8(&plain, ANY_NULL);
    insert(d, 0, "a\xf0\x9f\x98\x80\xf0\x9f\x98\x81z", NULL);
    ydoc_begin(d);
    assert_int_equal(ytext_format(d, "t", 2, 2, buf_cur(&plain), NULL), OK);
    ydoc_commit(d, UPDATE_V1, &told);
    assert_int_equal(buf_len(&told), 0);
    text_is(d, "a\xf0\x9f\x98\x80\xf0\x9f\x98\x81z");
    insert(d, 6, "!", NULL); /* what is written behind it stands where it should */
    text_is(d, "a\xf0\x9f\x98\x80\xf0\x9f\x98\x81z!");
    insert(d, 2, "-", NULL); /* and this does tear it, for all */
    text_is(d, "a\xef\xbf\xbd-\xef\xbf\xbd\xf0\x9f\x98\x81z!");
    ydoc_free(d);
    buf_done(&plain);
    buf_done(&told);
}

/* Who hears of it from somebody for whom it was cut, though he lacks what was written there. */
static void a_pair_that_is_cut_elsewhere_is_cut_here(void **state)
{
    (void)state;
    struct ydoc *a = ydoc_new(1, true, SEED), *b = ydoc_new(2, true, SEED);
    struct buf typed = {0}, between = {0}, cut = {0};
    struct states lacks = {0};
    insert(a, 0, "\xf0\x9f\x98\x80", &typed);
    assert_int_equal(apply(b, &typed), OK);
    struct ydoc *other = ydoc_new(3, true, SEED);
    assert_int_equal(apply(other, &typed), OK);
    insert(other, 1, "-", &between);
    assert_int_equal(apply(a, &between), OK);
    states_add(&lacks, 3, 1);
    ydoc_encode(a, UPDATE_V1, &lacks, &cut); /* without what client 3 wrote */
    text_is(b, "\xf0\x9f\x98\x80");
    assert_int_equal(apply(b, &cut), OK);
    text_is(b, "\xef\xbf\xbd\xef\xbf\xbd");
    assert_int_equal(apply(b, &between), OK);
    text_is(b, "\xef\xbf\xbd-\xef\xbf\xbd");
    ydoc_free(a);
    ydoc_free(b);
    ydoc_free(other);
    states_done(&lacks);
    buf_done(&typed);
    buf_done(&between);
    buf_done(&cut);
}

static void a_broken_update_changes_nothing(void **state)
{
    (void)state;
    struct ydoc *d = ydoc_new(5, true, SEED);
    struct buf before = {0}, after = {0}, bad = {0};
    struct why why;
    insert(d, 0, "abc", NULL);
    ydoc_encode(d, UPDATE_V2, NULL, &before);
    buf_hex(&bad, "01 02 09 00 04 01 01 74 03 61 62 63 04 01 01 74 63");
    assert_int_equal(ydoc_apply(d, UPDATE_V1, buf_cur(&bad), &why), ERR_INVALID);
    ydoc_encode(d, UPDATE_V2, NULL, &after);
    assert_int_equal(buf_len(&before), buf_len(&after));
    assert_memory_equal(buf_bytes(&before), buf_bytes(&after), buf_len(&before));
    insert(d, 3, "d", NULL);
    text_is(d, "abcd");
    ydoc_free(d);
    buf_done(&before);
    buf_done(&after);
    buf_done(&bad);
}

static void a_tree_of_types_too_deep_to_recurse_into_is_read_and_deleted(void **state)
{
    (void)state;
    enum { DEEP = 200000 };
    struct update_writer w;
    struct buf update = {0}, json = {0};
    struct ydoc *d = ydoc_new(1, true, SEED);
    uint8_t kind = TYPE_ARRAY;
    update_write(&w, UPDATE_V1, &update);
    update_put_clients(&w, 1);
    update_put_section(&w, DEEP, (struct yid){5, 0});
    for (uint64_t i = 0; i < DEEP; i++) {
        struct ystruct s = {.kind = CONTENT_TYPE,
                            .len = 1,
                            .left.client = NO_CLIENT,
                            .right.client = NO_CLIENT,
                            .parent = {i == 0 ? NO_CLIENT : 5, i - 1},
                            .root = i == 0 ? cur_of("a", 1) : (struct cur){0},
                            .content = {0, 1}};
        update_put(&w, &s, &kind);
    }
    update_put_deletes(&w, &(struct ranges){0});
    update_end(&w);
    assert_int_equal(apply(d, &update), OK);
    ydoc_array(d, "a", &json);
    assert_true(buf_len(&json) < 1000);
    ydoc_begin(d);
    yarray_delete(d, "a", 0, 1);
    ydoc_commit(d, UPDATE_V1, NULL);
    buf_clear(&json);
    ydoc_array(d, "a", &json);
    assert_int_equal(buf_len(&json), 2);
    ydoc_free(d);
    buf_done(&update);
    buf_done(&json);
}

/* ---- many replicas ---- */

enum { REPLICAS = 8, STEPS = 400 };

struct crowd {
    struct ydoc *d[REPLICAS];
    struct buf update[STEPS];
    int updates;
    uint32_t random;
};

static uint32_t pick(struct crowd *c, uint64_t below)
{
    c->random = c->random * 1664525u + 1013904223u;
    return (uint32_t)((uint64_t)c->random * below >> 32);
}

static void edit(struct crowd *c)
{
    static const char *const words[] = {"a", "some words ", "\xc3\xa9", "\xf0\x9f\x98\x80", "\n"};
    struct ydoc *d = c->d[pick(c, REPLICAS)];
    uint64_t len = ydoc_length(d, "t");
    struct buf *out = &c->update[c->updates];
    if (len > 0 && pick(c, 4) == 0)
        delete (d, pick(c, len), 1 + pick(c, 5), out);
    else
        insert(d, pick(c, len + 1), words[pick(c, 5)], out);
    c->updates += buf_len(out) > 0;
}

static void whoever_has_the_same_updates_has_the_same_bytes(void **state)
{
    (void)state;
    for (uint32_t seed = 1; seed <= 8; seed++) {
        struct crowd c = {.random = seed};
        struct buf first = {0};
        for (int i = 0; i < REPLICAS; i++)
            c.d[i] = ydoc_new(1 + 1000 * (uint64_t)pick(&c, 1000) + (uint64_t)i, true, SEED);
        while (c.updates < STEPS) {
            edit(&c);
            if (c.updates > 0) /* some of it reaches some of them, in any order */
                assert_int_equal(
                    apply(c.d[pick(&c, REPLICAS)], &c.update[pick(&c, (uint64_t)c.updates)]), OK);
        }
        for (int i = 0; i < REPLICAS; i++) {
            struct buf all = {0};
            for (int k = 0; k < STEPS; k++)
                assert_int_equal(apply(c.d[i], &c.update[(k * 7 + i) % STEPS]), OK);
            assert_false(ydoc_pending(c.d[i]));
            ydoc_encode(c.d[i], UPDATE_V2, NULL, i == 0 ? &first : &all);
            if (i > 0) {
                assert_int_equal(buf_len(&all), buf_len(&first));
                assert_memory_equal(buf_bytes(&all), buf_bytes(&first), buf_len(&first));
            }
            buf_done(&all);
        }
        for (int i = 0; i < REPLICAS; i++)
            ydoc_free(c.d[i]);
        for (int k = 0; k < STEPS; k++)
            buf_done(&c.update[k]);
        buf_done(&first);
    }
}

static void deletes_of_what_is_not_here_are_kept_once(void **state)
{
    (void)state;
    struct ydoc *a = ydoc_new(1, true, SEED), *b = ydoc_new(2, true, SEED);
    struct buf first = {0}, gone = {0}, all = {0};
    insert(a, 0, "abcdef", &first);
    delete (a, 1, 2, &gone);
    for (int i = 0; i < 10000; i++)
        assert_int_equal(apply(b, &gone), OK);
    ydoc_encode(b, UPDATE_V1, NULL, &all);
    assert_true(buf_len(&all) < 20);
    assert_int_equal(apply(b, &first), OK);
    text_is(b, "adef");
    assert_false(ydoc_pending(b));
    ydoc_free(a);
    ydoc_free(b);
    buf_done(&first);
    buf_done(&gone);
    buf_done(&all);
}

/* Who never asked for a position has no tree; the first question makes it, also for a position that
 * somebody else told. */
static void positions_are_right_in_what_was_only_passed_on(void **state)
{
    (void)state;
    struct ydoc *a = ydoc_new(5, true, SEED);
    struct buf one = {0}, before = {0};
    uint64_t index;
    for (int i = 0; i < 300; i++) { /* none joins another */
        buf_clear(&one);
        insert(a, 0, i % 3 ? "ab" : "\xe2\x82\xac", &one);
        if (i == 150)
            ydoc_relative(a, "t", 1, 0, &before);
    }
    delete (a, 100, 50, NULL);
    buf_clear(&one);
    ydoc_encode(a, UPDATE_V1, NULL, &one);
    for (int which = 0; which < 2; which++) {
        struct ydoc *b = ydoc_new(6, true, SEED);
        assert_int_equal(apply(b, &one), OK);
        uint64_t want;
        assert_int_equal(ydoc_absolute(a, buf_cur(&before), &want, NULL), OK);
        if (which == 0) {
            assert_int_equal(ydoc_absolute(b, buf_cur(&before), &index, NULL), OK);
            assert_int_equal(index, want);
        }
        struct buf edited = {0}, wanted = {0};
        insert(b, 333, "here", NULL);
        ydoc_text(a, "t", &wanted);
        ydoc_text(b, "t", &edited);
        uint64_t at =
            (uint64_t)((const char *)memmem(buf_bytes(&edited), buf_len(&edited), "here", 4) -
                       (const char *)buf_bytes(&edited));
        assert_int_equal(lib0_units(buf_bytes(&edited), at), 333);
        assert_memory_equal(buf_bytes(&edited), buf_bytes(&wanted), at);
        buf_done(&edited);
        buf_done(&wanted);
        ydoc_free(b);
    }
    ydoc_free(a);
    buf_done(&one);
    buf_done(&before);
}

static void a_position_stays_with_its_text(void **state)
{
    (void)state;
    struct ydoc *d = ydoc_new(5, true, SEED);
    struct buf before = {0}, after = {0}, end = {0};
    uint64_t index;
    insert(d, 0, "hello", NULL);
    ydoc_relative(d, "t", 2, 0, &after);
    ydoc_relative(d, "t", 2, -1, &before);
    ydoc_relative(d, "t", 5, 0, &end);
    insert(d, 2, "--", NULL);
    assert_int_equal(ydoc_absolute(d, buf_cur(&after), &index, NULL), OK);
    assert_int_equal(index, 4);
    assert_int_equal(ydoc_absolute(d, buf_cur(&before), &index, NULL), OK);
    assert_int_equal(index, 2);
    assert_int_equal(ydoc_absolute(d, buf_cur(&end), &index, NULL), OK);
    assert_int_equal(index, 7);
    delete (d, 3, 3, NULL);
    assert_int_equal(ydoc_absolute(d, buf_cur(&after), &index, NULL), OK);
    assert_int_equal(index, 3);
    struct ydoc *other = ydoc_new(6, true, SEED);
    assert_int_equal(ydoc_absolute(other, buf_cur(&after), &index, NULL), ERR_NOT_FOUND);
    assert_int_equal(ydoc_absolute(other, cur_of("\x00", 1), &index, NULL), ERR_INVALID);
    ydoc_free(d);
    ydoc_free(other);
    buf_done(&before);
    buf_done(&after);
    buf_done(&end);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_typed_has_the_published_bytes),
        cmocka_unit_test(a_map_has_the_published_bytes),
        cmocka_unit_test(bold_has_the_published_bytes),
        cmocka_unit_test(what_depends_on_something_missing_waits_and_is_passed_on),
        cmocka_unit_test(a_pair_cut_in_two_is_two_replacements_on_both_sides),
        cmocka_unit_test(a_pair_that_nothing_was_written_into_stays_whole),
        cmocka_unit_test(a_pair_that_is_cut_elsewhere_is_cut_here),
        cmocka_unit_test(a_broken_update_changes_nothing),
        cmocka_unit_test(a_tree_of_types_too_deep_to_recurse_into_is_read_and_deleted),
        cmocka_unit_test(whoever_has_the_same_updates_has_the_same_bytes),
        cmocka_unit_test(deletes_of_what_is_not_here_are_kept_once),
        cmocka_unit_test(positions_are_right_in_what_was_only_passed_on),
        cmocka_unit_test(a_position_stays_with_its_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
