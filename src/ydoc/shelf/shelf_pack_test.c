#include "base/mem.h"
#include "base/test.h"
#include "ydoc/any.h"
#include "ydoc/doc.h"
#include "ydoc/shelf/shelf_in.h"

enum { EDITORS = 4, EDITS = 120 };

struct luck {
    uint64_t state;
};

static uint64_t draw(struct luck *l, uint64_t n)
{
    l->state = l->state * 6364136223846793005u + 1442695040888963407u;
    return (l->state >> 33) % n;
}

/* One change of any kind: letters one after the other, words, halves of a pair, marks, values. */
static void edit(struct ydoc *d, struct luck *l, uint64_t *at, struct buf *update)
{
    static const char *const words[] = {"a", "b", "word ", "\xc3\xa9", "\xf0\x9f\x98\x80", "x\ny"};
    struct buf value = {0};
    uint64_t len = ydoc_length(d, "text"), what = draw(l, 12);
    *at = *at > len || draw(l, 4) == 0 ? draw(l, len + 1) : *at;
    const char *word = words[draw(l, 6)];
    ydoc_begin(d);
    if (what < 8) {
        assert_int_equal(ytext_insert(d, "text", *at, word, strlen(word), NULL, NULL), OK);
        *at += ydoc_length(d, "text") - len;
    } else if (what == 8) {
        ytext_delete(d, "text", *at, 1 + draw(l, 5));
    } else if (what == 9) {
        const char *bold = draw(l, 2) ? "{\"b\":true}" : "{\"b\":null}";
        assert_int_equal(any_from_json(bold, strlen(bold), &value, NULL), OK);
        assert_int_equal(
            ytext_format(d, "text", *at, draw(l, len - *at + 1), buf_cur(&value), NULL), OK);
    } else if (what == 10) {
        any_put_number(&value, (double)draw(l, 9));
        ymap_set(d, "meta", word, strlen(word), buf_cur(&value));
    } else {
        assert_int_equal(any_from_json("[1,\"two\"]", 9, &value, NULL), OK);
        assert_int_equal(
            yarray_insert(d, "list", draw(l, ydoc_length(d, "list") + 1), buf_cur(&value), NULL),
            OK);
    }
    ydoc_commit(d, UPDATE_V1, update);
    buf_done(&value);
}

static void same_state(struct ydoc *a, struct ydoc *b)
{
    struct buf x = {0}, y = {0};
    ydoc_encode(a, UPDATE_V1, NULL, &x);
    ydoc_encode(b, UPDATE_V1, NULL, &y);
    assert_int_equal(buf_len(&x), buf_len(&y));
    assert_memory_equal(buf_bytes(&x), buf_bytes(&y), buf_len(&x));
    buf_done(&x);
    buf_done(&y);
}

/* Some write at once and hear of each other now and then; what all of them wrote is cut in pieces,
 * each piece packed, some joined, and a document made of that. */
static void session(uint64_t seed, size_t *loose, size_t *packed)
{
    struct luck l = {seed};
    struct buf update[EDITS] = {0};
    struct ydoc *d[EDITORS], *whole = ydoc_new(77, true, 1), *again = ydoc_new(78, true, 1);
    uint64_t at[EDITORS] = {0};
    size_t heard[EDITORS] = {0};
    for (size_t i = 0; i < EDITORS; i++)
        d[i] = ydoc_new(100 + i, true, 1);
    for (size_t n = 0; n < EDITS; n++) {
        size_t who = draw(&l, 3) ? 0 : draw(&l, EDITORS);
        for (; draw(&l, 3) == 0 && heard[who] < n; heard[who]++)
            assert_int_equal(ydoc_apply(d[who], UPDATE_V1, buf_cur(&update[heard[who]]), NULL), OK);
        do
            edit(d[who], &l, &at[who], &update[n]);
        while (buf_len(&update[n]) == 0);
        assert_int_equal(ydoc_apply(whole, UPDATE_V1, buf_cur(&update[n]), NULL), OK);
    }
    struct buf before = {0};
    for (size_t n = 0; n < EDITS;) {
        struct cur piece[EDITS];
        size_t k = 0, want = 1 + draw(&l, 40);
        for (; k < want && n < EDITS; k++, n++) {
            *loose += buf_len(&update[n]);
            piece[k] = buf_cur(&update[n]);
        }
        struct buf one = {0}, both = {0};
        enum update_format format;
        assert_int_equal(shelf_pack(piece, k, &one, &format, NULL), OK);
        assert_int_equal(format, UPDATE_V2);
        if (buf_len(&before) > 0 && draw(&l, 2)) {
            assert_true(shelf_join(UPDATE_V2, buf_cur(&before), UPDATE_V2, buf_cur(&one), &both));
            buf_clear(&one);
            buf_put(&one, buf_bytes(&both), buf_len(&both));
        }
        *packed += buf_len(&one);
        assert_int_equal(ydoc_apply(again, UPDATE_V2, buf_cur(&one), NULL), OK);
        buf_done(&before);
        buf_done(&both);
        before = one;
    }
    same_state(whole, again);
    buf_done(&before);
    for (size_t n = 0; n < EDITS; n++)
        buf_done(&update[n]);
    for (size_t i = 0; i < EDITORS; i++)
        ydoc_free(d[i]);
    ydoc_free(whole);
    ydoc_free(again);
}

static void what_is_packed_says_the_same(void **state)
{
    (void)state;
    size_t loose = 0, packed = 0;
    for (uint64_t seed = 1; seed <= 200; seed++)
        session(seed, &loose, &packed);
    assert_true(packed < loose);
}

/* No Yjs writes so, but whoever is hostile may: two sections of one client with a gap between them,
 * and deletions in any order. */
static void strange_updates_keep_their_meaning(void **state)
{
    (void)state;
    static const uint8_t strange[] = {
        2, 1, 5, 0,    4, 1, 4, 't', 'e', 'x', 't', 2, 'a', 'b', /* "ab" at 0 */
        1, 5, 3, 0x84, 5, 2, 3, 'd', 'e', 'f',                   /* "def" at 3 */
        1, 5, 3, 5,    1, 0, 1, 3,   1,                          /* f, a, d are deleted */
    };
    static const uint8_t middle[] = {1, 1, 5, 2, 0x84, 5, 1, 1, 'c', 0};
    struct ydoc *loose = ydoc_new(1, true, 1), *packed = ydoc_new(1, true, 1);
    struct cur all = cur_of(strange, sizeof strange), last = cur_of(middle, sizeof middle);
    struct buf one = {0}, text = {0};
    enum update_format format;
    assert_int_equal(shelf_pack(&all, 1, &one, &format, NULL), OK);
    assert_int_equal(format, UPDATE_V2);
    assert_int_equal(ydoc_apply(loose, UPDATE_V1, all, NULL), OK);
    assert_int_equal(ydoc_apply(packed, format, buf_cur(&one), NULL), OK);
    assert_int_equal(ydoc_apply(loose, UPDATE_V1, last, NULL), OK);
    assert_int_equal(ydoc_apply(packed, UPDATE_V1, last, NULL), OK);
    ydoc_text(packed, "text", &text);
    assert_int_equal(buf_len(&text), 3);
    assert_memory_equal(buf_bytes(&text), "bce", 3);
    same_state(loose, packed);
    buf_done(&one);
    buf_done(&text);
    ydoc_free(loose);
    ydoc_free(packed);
}

static void a_run_of_typing_is_one_struct(void **state)
{
    (void)state;
    struct buf update[100] = {0}, one = {0}, sink = {0};
    struct cur all[100];
    struct ydoc *d = ydoc_new(5, true, 1);
    for (size_t i = 0; i < 100; i++) {
        ydoc_begin(d);
        assert_int_equal(ytext_insert(d, "text", i, "k", 1, NULL, NULL), OK);
        ydoc_commit(d, UPDATE_V1, &update[i]);
        all[i] = buf_cur(&update[i]);
    }
    enum update_format format;
    assert_int_equal(shelf_pack(all, 100, &one, &format, NULL), OK);
    struct update_reader r;
    struct ystruct s;
    update_read(&r, format, buf_cur(&one), &sink);
    assert_true(update_next(&r, &s));
    assert_int_equal(s.len, 100);
    assert_false(update_next(&r, &s));
    struct ranges none = {0};
    update_read_deletes(&r, &none);
    assert_int_equal(update_done(&r, NULL), OK);
    ranges_done(&none);
    for (size_t i = 0; i < 100; i++)
        buf_done(&update[i]);
    buf_done(&one);
    buf_done(&sink);
    ydoc_free(d);
}

/* Format 2 says a hundred thousand structs in a few bytes, and then nobody may read it. */
static void what_format_2_packs_too_tightly_stays_in_format_1(void **state)
{
    (void)state;
    enum { MANY = 300000 };
    struct buf update = {0}, one = {0}, sink = {0};
    struct update_writer w;
    update_write(&w, UPDATE_V1, &update);
    update_put_clients(&w, 1);
    update_put_section(&w, MANY, (struct yid){7, 0});
    for (uint64_t i = 0; i < MANY; i++) { /* no two are one: each stands left of another place */
        struct ystruct s = {.kind = CONTENT_DELETED,
                            .id = {7, i},
                            .len = 1,
                            .left = {9, i},
                            .right.client = NO_CLIENT,
                            .parent.client = NO_CLIENT};
        update_put(&w, &s, NULL);
    }
    struct ranges none = {0};
    update_put_deletes(&w, &none);
    update_end(&w);
    struct cur all = buf_cur(&update);
    enum update_format format;
    assert_int_equal(shelf_pack(&all, 1, &one, &format, NULL), OK);
    assert_int_equal(format, UPDATE_V1);
    assert_int_equal(shelf_check(format, buf_cur(&one), NULL), OK);
    assert_false(shelf_join(format, buf_cur(&one), format, buf_cur(&one), &sink));
    buf_done(&update);
    buf_done(&one);
    buf_done(&sink);
}

static void what_is_broken_is_refused(void **state)
{
    (void)state;
    struct buf out = {0};
    struct cur broken[2] = {cur_of("\x00\x00", 2), cur_of("\x01\x01\x05", 3)};
    enum update_format format;
    struct why why;
    assert_int_equal(shelf_pack(broken, 2, &out, &format, &why), ERR_INVALID);
    assert_int_equal(shelf_pack(broken + 1, 1, &out, &format, &why), ERR_INVALID);
    assert_int_equal(buf_len(&out), 0);
    assert_int_equal(shelf_check(UPDATE_V1, broken[1], &why), ERR_INVALID);
    buf_done(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_packed_says_the_same),
        cmocka_unit_test(strange_updates_keep_their_meaning),
        cmocka_unit_test(a_run_of_typing_is_one_struct),
        cmocka_unit_test(what_format_2_packs_too_tightly_stays_in_format_1),
        cmocka_unit_test(what_is_broken_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
