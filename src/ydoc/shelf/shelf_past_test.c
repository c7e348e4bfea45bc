#include "base/mem.h"
#include "base/test.h"
#include "ydoc/shelf/shelf.h"
#include "ydoc/shelf/shelf_world_test.h"

static void pass(struct world *w, uint64_t us)
{
    sim_run_for(w->sim, us);
}

/* Typed at the start, and a second goes by. */
static void edit(struct world *w, struct ydoc *d, const char *text, const char *author)
{
    type_as(w, d, 0, text, author);
    pass(w, SEC);
}

static void revision_reads(struct world *w, int64_t number, const char *want)
{
    struct ydoc *d = ydoc_new(9, true, 1);
    struct why why;
    if (shelf_revision(w->shelf, &w->id, number, d, &why) != OK)
        fail_msg("%s", why.text);
    reads(d, want);
    ydoc_free(d);
}

static size_t history(struct world *w, struct shelf_revision **out)
{
    return shelf_history(w->shelf, &w->id, out);
}

static size_t count(struct world *w)
{
    struct shelf_revision *r;
    size_t n = history(w, &r);
    free(r);
    return n;
}

static void edits_of_one_author_within_a_while_are_one_revision(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    struct shelf_revision *r;
    assert_int_equal(count(w), 0);
    edit(w, d, "c", "ann");
    edit(w, d, "b", "ann");
    pass(w, SHELF_REVISION_US - 3 * SEC);
    edit(w, d, "a", "ann");
    assert_int_equal(history(w, &r), 1);
    assert_int_equal(r[0].number, 1);
    assert_string_equal(r[0].author, "ann");
    assert_int_equal(r[0].at_us, SIM_WALL_US + (int64_t)(SHELF_REVISION_US - SEC));
    assert_int_equal(r[0].bytes, 3);
    free(r);
    edit(w, d, "z", "ann");
    assert_int_equal(history(w, &r), 2);
    assert_int_equal(r[0].number, 2);
    assert_int_equal(r[0].bytes, 4);
    free(r);
    revision_reads(w, 1, "abc");
    revision_reads(w, 2, "zabc");
    ydoc_free(d);
}

static void another_author_begins_another_revision(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    struct shelf_revision *r;
    edit(w, d, "one ", "ann");
    edit(w, d, "two ", "bob");
    edit(w, d, "three ", "bob");
    edit(w, d, "four ", "ann");
    assert_int_equal(history(w, &r), 3);
    assert_string_equal(r[0].author, "ann");
    assert_string_equal(r[1].author, "bob");
    assert_string_equal(r[2].author, "ann");
    free(r);
    revision_reads(w, 1, "one ");
    revision_reads(w, 2, "three two one ");
    revision_reads(w, 3, "four three two one ");
    ydoc_free(d);
}

static void who_type_at_once_share_a_revision(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    for (int i = 0; i < 100; i++)
        edit(w, d, "x", i % 2 ? "ann" : "bob");
    assert_int_equal(count(w), 8);
    pass(w, SHELF_REVISION_US);
    edit(w, d, "x", "bob");
    edit(w, d, "x", "ann");
    assert_int_equal(count(w), 10);
    ydoc_free(d);
}

static void history_asked_for_in_between_says_the_same(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    edit(w, d, "a", "ann");
    assert_int_equal(count(w), 1);
    edit(w, d, "b", "ann");
    revision_reads(w, 1, "a"); /* as it was listed */
    assert_int_equal(count(w), 1);
    revision_reads(w, 1, "ba");
    assert_int_equal(shelf_fold(w->shelf, &w->id, d, NULL), OK);
    assert_int_equal(number(w, "SELECT count(*) FROM doc_log"), 0);
    edit(w, d, "c", "ann");
    assert_int_equal(shelf_fold(w->shelf, &w->id, d, NULL), OK);
    edit(w, d, "d", "ann");
    reopen(w);
    struct shelf_revision *r;
    assert_int_equal(history(w, &r), 1);
    assert_int_equal(r[0].bytes, 4);
    free(r);
    revision_reads(w, 1, "dcba");
    ydoc_free(d);
}

static void a_closed_revision_gets_no_more_but_for_a_busy_author(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    shelf_close(w->shelf, &w->id); /* nothing to close */
    edit(w, d, "a", "ann");
    type_as(w, d, 0, "b", "ann");
    shelf_close(w->shelf, &w->id); /* with what waits */
    shelf_close(w->shelf, &w->id);
    edit(w, d, "c", "ann");
    assert_int_equal(shelf_fold(w->shelf, &w->id, d, NULL), OK);
    assert_int_equal(count(w), 2);
    revision_reads(w, 1, "ba");
    revision_reads(w, 2, "cba");
    reopen(w);
    for (int i = 0; i < 20; i++) {
        shelf_close(w->shelf, &w->id);
        edit(w, d, "x", "ann");
    }
    assert_int_equal(count(w), 9); /* eight, and one that goes on */
    revision_reads(w, 1, "ba");
    int64_t last = shelf_close_surely(w->shelf, &w->id);
    edit(w, d, "y", "ann");
    assert_int_equal(count(w), 10);
    revision_reads(w, last, "xxxxxxxxxxxxxxxxxxxxcba");
    ydoc_free(d);
}

static void what_waits_is_history_too(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    type(w, d, 0, "soon");
    assert_int_equal(count(w), 1);
    revision_reads(w, 1, "soon");
    assert_int_equal(w->kept, 0);
    pass(w, SEC);
    assert_int_equal(w->kept, 1);
    ydoc_free(d);
}

static void a_clock_that_jumps_makes_revisions_and_no_confusion(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    struct shelf_revision *r;
    edit(w, d, "a", "ann");
    sim_node_jump_wall(w->node, -86400 * (int64_t)SEC);
    edit(w, d, "b", "ann");
    edit(w, d, "c", "ann");
    sim_node_jump_wall(w->node, 365 * 86400 * (int64_t)SEC);
    edit(w, d, "d", "ann");
    assert_int_equal(history(w, &r), 3);
    assert_true(r[1].at_us < r[2].at_us);
    free(r);
    revision_reads(w, 1, "a");
    revision_reads(w, 2, "cba");
    revision_reads(w, 3, "dcba");
    ydoc_free(d);
}

static void a_revision_that_is_not_there_says_so(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1), *into = ydoc_new(2, true, 1);
    struct why why;
    edit(w, d, "a", "ann");
    assert_int_equal(count(w), 1);
    for (int64_t n = -1; n < 5; n++)
        if (n != 1)
            assert_int_equal(shelf_revision(w->shelf, &w->id, n, into, &why), ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "\"Notes\" has no revision 4"));
    w->id = an_id(5);
    assert_int_equal(count(w), 0);
    assert_int_equal(shelf_revision(w->shelf, &w->id, 1, into, &why), ERR_NOT_FOUND);
    ydoc_free(into);
    ydoc_free(d);
}

/* One in ten folds between, and something is deleted now and then. */
static void old_revisions_grow_sparse_and_each_that_stays_reads_as_it_did(void **state)
{
    enum { MANY = 700 };
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    char *text[MANY + 1] = {0};
    for (int i = 1; i <= MANY; i++) {
        struct buf update = {0}, now = {0};
        char word[16];
        snprintf(word, sizeof word, "%d ", i);
        ydoc_begin(d);
        assert_int_equal(ytext_insert(d, "text", 0, word, strlen(word), NULL, NULL), OK);
        if (i % 7 == 0)
            ytext_delete(d, "text", i, 5);
        ydoc_commit(d, UPDATE_V1, &update);
        append(w, &update, "ann");
        ydoc_text(d, "text", &now);
        text[i] = buf_take_str(&now);
        buf_done(&update);
        pass(w, SHELF_REVISION_US);
        if (i % 10 == 0)
            assert_int_equal(shelf_fold(w->shelf, &w->id, d, NULL), OK);
    }
    struct shelf_revision *r;
    assert_int_equal(history(w, &r), SHELF_REVISIONS_MAX);
    assert_int_equal(r[0].number, MANY);
    assert_int_equal(r[SHELF_REVISIONS_MAX - 1].number, 1);
    assert_int_equal(r[10].number, MANY - 10);
    int64_t late = r[40].number - r[60].number, early = r[170].number - r[190].number;
    assert_true(late >= 20 && early > 2 * late);
    for (size_t i = 0; i < SHELF_REVISIONS_MAX; i++) {
        assert_int_equal(r[i].bytes, strlen(text[r[i].number]));
        if (i % 20 == 19)
            revision_reads(w, r[i].number, text[r[i].number]);
    }
    for (int i = 1; i <= MANY; i++)
        free(text[i]);
    free(r);
    ydoc_free(d);
}

static void a_damaged_change_does_not_stop_the_history_nor_the_document(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    edit(w, d, "a", "ann");
    assert_int_equal(count(w), 1);
    edit(w, d, "b", "bob");
    edit(w, d, "c", "bob");
    assert_int_equal(db_exec(w->db, "UPDATE doc_log SET bytes = x'00' WHERE seq = 3", NULL), OK);
    assert_int_equal(count(w), 1);
    assert_int_equal(shelf_fold(w->shelf, &w->id, d, NULL), OK); /* who had loaded it before */
    text_is(w, "cba");
    struct shelf_revision *r;
    assert_int_equal(history(w, &r), 2);
    assert_string_equal(r[0].author, "bob");
    free(r);
    revision_reads(w, 1, "a");
    revision_reads(w, 2, "cba");
    edit(w, d, "d", "ann");
    assert_int_equal(count(w), 3);
    revision_reads(w, 3, "dcba");
    ydoc_free(d);
}

static void a_damaged_revision_names_its_document(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1), *into = ydoc_new(2, true, 1);
    edit(w, d, "a", "ann");
    edit(w, d, "b", "bob");
    assert_int_equal(count(w), 2);
    assert_int_equal(db_exec(w->db,
                             "UPDATE doc_revision SET bytes = substr(bytes, 2), text_bytes = NULL"
                             " WHERE number = 2",
                             NULL),
                     OK);
    struct why why;
    assert_int_equal(shelf_revision(w->shelf, &w->id, 2, into, &why), ERR_INVALID);
    assert_non_null(strstr(why.text, "\"Notes\": revision 2"));
    revision_reads(w, 1, "a");
    assert_int_equal(count(w), 2);
    edit(w, d, "c", "bob"); /* does not become part of it */
    assert_int_equal(count(w), 3);
    text_is(w, "cba");
    ydoc_free(into);
    ydoc_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(edits_of_one_author_within_a_while_are_one_revision),
        TEST(another_author_begins_another_revision),
        TEST(who_type_at_once_share_a_revision),
        TEST(history_asked_for_in_between_says_the_same),
        TEST(a_closed_revision_gets_no_more_but_for_a_busy_author),
        TEST(what_waits_is_history_too),
        TEST(a_clock_that_jumps_makes_revisions_and_no_confusion),
        TEST(a_revision_that_is_not_there_says_so),
        TEST(old_revisions_grow_sparse_and_each_that_stays_reads_as_it_did),
        TEST(a_damaged_change_does_not_stop_the_history_nor_the_document),
        TEST(a_damaged_revision_names_its_document),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
