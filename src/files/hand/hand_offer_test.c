#include "files/hand/hand_offer.h"

#include "base/pb.h"
#include "base/test.h"

#include <stdio.h>

static void put_entry(struct buf *out, const char *path, uint64_t size, uint64_t kind)
{
    struct buf one = {0};
    pb_put_str(&one, 1, path);
    pb_put_uint(&one, 2, size);
    pb_put_uint(&one, 3, kind);
    pb_put_buf(out, 3, &one);
    buf_done(&one);
}

static void put_head(struct buf *out, const char *name)
{
    pb_put_str(out, 1, name);
    pb_put_uint(out, 2, 1);
}

static struct hand_offer *well(const struct buf *b, enum mi_names names)
{
    struct why why = {0};
    struct hand_offer *o = hand_offer_read(buf_cur(b), names, &why);
    if (!o)
        fail_msg("%s", why.text);
    return o;
}

static void an_offer_reads_back(void **state)
{
    (void)state;
    struct hand_offer *o = hand_offer_new("holiday", true), *back;
    struct buf b = {0};
    struct why why;
    assert_int_equal(hand_offer_add(o, "a.jpg", 2 * HAND_CHUNK + 5, HAND_FILE, &why), OK);
    assert_int_equal(hand_offer_add(o, "sub/none", 0, HAND_FILE, &why), OK);
    assert_int_equal(hand_offer_add(o, "sub/nothing", 0, HAND_FOLDER, &why), OK);
    assert_int_equal(hand_offer_add(o, "sub/run", 7, HAND_PROGRAM, &why), OK);
    assert_int_equal(hand_offer_put(&b, o, &why), OK);
    back = well(&b, MI_FOREIGN);
    assert_string_equal(back->name, "holiday");
    assert_true(back->folder);
    assert_int_equal(back->count, 4);
    assert_int_equal(back->files, 3);
    assert_int_equal(back->size, 2 * HAND_CHUNK + 12);
    assert_int_equal(back->chunks, 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(back->entries[i].path, o->entries[i].path);
        assert_int_equal(back->entries[i].size, o->entries[i].size);
        assert_int_equal(back->entries[i].kind, o->entries[i].kind);
    }
    hand_offer_free(o);
    hand_offer_free(back);
    buf_done(&b);
}

static void each_chunk_has_its_file_and_place(void **state)
{
    (void)state;
    struct hand_offer *o = hand_offer_new("x", true);
    struct why why;
    const uint64_t sizes[] = {0, HAND_CHUNK, 0, 0, HAND_CHUNK + 1, 3, 0};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        char name[8];
        snprintf(name, sizeof name, "%zu", i);
        assert_int_equal(hand_offer_add(o, name, sizes[i], HAND_FILE, &why), OK);
    }
    static const struct {
        size_t entry;
        uint64_t at;
        size_t len;
    } want[] = {{1, 0, HAND_CHUNK}, {4, 0, HAND_CHUNK}, {4, HAND_CHUNK, 1}, {5, 0, 3}};
    uint64_t before = 0;
    assert_int_equal(o->chunks, 4);
    for (uint64_t c = 0; c < 4; c++) {
        uint64_t at;
        size_t len;
        assert_int_equal(hand_offer_at(o, c, &at, &len), want[c].entry);
        assert_int_equal(at, want[c].at);
        assert_int_equal(len, want[c].len);
        assert_int_equal(hand_offer_before(o, c), before);
        before += len;
    }
    assert_int_equal(hand_offer_before(o, 4), o->size);
    hand_offer_free(o);
}

static bool is_safe(const char *path)
{
    for (const char *p = path; p; p = strchr(p, '/') ? strchr(p, '/') + 1 : NULL)
        if (!p[0] || p[0] == '/' || strcmp(p, "..") == 0 || strncmp(p, "../", 3) == 0)
            return false;
    return !strchr(path, '\\') && !strchr(path, '\033');
}

/* Each is made into something harmless, and none is another's. */
static void names_that_lead_elsewhere_are_made_safe(void **state)
{
    (void)state;
    static const char *const bad[] = {"../up", "/etc/passwd", "a/../../b", "..",       "",
                                      "a//b",  "CON",         "a\\b",      "\033[2J",  "a/b/",
                                      "same",  "Same",        "same/x",    "\xff\xfe", "/"};
    struct buf b = {0};
    put_head(&b, "../..");
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        put_entry(&b, bad[i], 1, HAND_FILE);
    struct hand_offer *o = well(&b, MI_FOREIGN);
    assert_true(is_safe(o->name) && !strchr(o->name, '/'));
    for (size_t i = 0; i < o->count; i++) {
        assert_true(is_safe(o->entries[i].path));
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(o->entries[i].path, o->entries[k].path);
    }
    hand_offer_free(o);
    buf_done(&b);
}

static void refused(const struct buf *b, enum err want)
{
    struct why why = {0};
    assert_null(hand_offer_read(buf_cur(b), MI_FOREIGN, &why));
    assert_int_equal(why.code, want);
}

static void what_makes_no_sense_is_refused(void **state)
{
    (void)state;
    struct buf b = {0};
    pb_put_str(&b, 1, "one.txt"); /* a file without an entry, with two, with a path, a folder */
    refused(&b, ERR_INVALID);
    put_entry(&b, "", 1, HAND_FILE);
    hand_offer_free(well(&b, MI_FOREIGN));
    put_entry(&b, "", 1, HAND_FILE);
    refused(&b, ERR_INVALID);
    buf_clear(&b);
    put_entry(&b, "path", 1, HAND_FILE);
    refused(&b, ERR_INVALID);
    buf_clear(&b);
    put_head(&b, "x");
    put_entry(&b, "d", 1, HAND_FOLDER); /* a folder of one byte */
    refused(&b, ERR_INVALID);
    buf_clear(&b);
    put_head(&b, "x");
    put_entry(&b, "d", HAND_SIZE_MAX + 1, HAND_FILE);
    refused(&b, ERR_LIMIT);
    buf_clear(&b);
    put_head(&b, "x"); /* sums do not run over */
    put_entry(&b, "a", HAND_SIZE_MAX, HAND_FILE);
    hand_offer_free(well(&b, MI_FOREIGN));
    put_entry(&b, "b", 1, HAND_FILE);
    refused(&b, ERR_LIMIT);
    buf_done(&b);
}

static void as_many_as_the_limit_and_no_more(void **state)
{
    (void)state;
    struct hand_offer *o = hand_offer_new("x", true);
    struct buf b = {0};
    struct why why;
    char name[16];
    for (int i = 0; i < HAND_ENTRIES_MAX; i++) {
        snprintf(name, sizeof name, "%d", i);
        assert_int_equal(hand_offer_add(o, name, 1, HAND_FILE, &why), OK);
    }
    assert_int_equal(hand_offer_add(o, "more", 1, HAND_FILE, &why), ERR_LIMIT);
    assert_int_equal(hand_offer_put(&b, o, &why), OK);
    hand_offer_free(well(&b, MI_FOREIGN));
    put_entry(&b, "more", 1, HAND_FILE);
    refused(&b, ERR_LIMIT);
    hand_offer_free(o);
    buf_done(&b);
}

static void names_of_more_bytes_than_an_offer_has_are_refused(void **state)
{
    (void)state;
    struct hand_offer *o = hand_offer_new("x", true);
    struct buf b = {0};
    struct why why;
    char name[256];
    memset(name, 'n', sizeof name - 1);
    name[sizeof name - 1] = 0;
    for (int i = 0; i < HAND_OFFER_MAX / 255; i++)
        assert_int_equal(hand_offer_add(o, name, 1, HAND_FILE, &why), OK);
    assert_int_equal(hand_offer_put(&b, o, &why), ERR_LIMIT);
    refused(&b, ERR_LIMIT);
    hand_offer_free(o);
    buf_done(&b);
}

static void an_offer_cut_short_is_refused_or_smaller(void **state)
{
    (void)state;
    struct buf b = {0};
    put_head(&b, "x");
    put_entry(&b, "a", 1, HAND_FILE);
    put_entry(&b, "b", 1, HAND_FILE);
    for (size_t n = 0; n < buf_len(&b); n++) {
        struct why why = {0};
        struct hand_offer *o = hand_offer_read(cur_of(buf_bytes(&b), n), MI_FOREIGN, &why);
        assert_true(o ? o->count < 2 : why.text[0] != 0);
        hand_offer_free(o);
    }
    buf_done(&b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_offer_reads_back),
        cmocka_unit_test(each_chunk_has_its_file_and_place),
        cmocka_unit_test(names_that_lead_elsewhere_are_made_safe),
        cmocka_unit_test(what_makes_no_sense_is_refused),
        cmocka_unit_test(as_many_as_the_limit_and_no_more),
        cmocka_unit_test(names_of_more_bytes_than_an_offer_has_are_refused),
        cmocka_unit_test(an_offer_cut_short_is_refused_or_smaller),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
