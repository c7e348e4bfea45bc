#include "ydoc/shelf/shelf.h"

#include "base/mem.h"
#include "base/test.h"
#include "sim/sim.h"
#include "ydoc/shelf/shelf_world_test.h"

#include <sys/stat.h>

static uint64_t wal_bytes(const struct world *w)
{
    char path[80];
    struct stat st;
    snprintf(path, sizeof path, "%s-wal", w->path);
    assert_int_equal(stat(path, &st), 0);
    return (uint64_t)st.st_size;
}

static void what_is_appended_is_there_when_loaded(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    type(w, d, 0, "hello");
    type(w, d, 5, " world");
    assert_int_equal(w->kept, 0); /* not from inside */
    sim_run_for(w->sim, SHELF_GATHER_US);
    assert_int_equal(w->kept, 2);
    text_is(w, "hello world");
    reopen(w);
    text_is(w, "hello world");
    ydoc_free(d);
}

static void what_waits_is_loaded_too(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    type(w, d, 0, "now");
    text_is(w, "now");
    ydoc_free(d);
}

static void what_waits_is_written_at_the_end(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    type(w, d, 0, "late");
    reopen(w);
    text_is(w, "late");
    assert_int_equal(w->kept + w->failed, 0); /* nobody is told any more */
    ydoc_free(d);
}

/* What a writer appends to the -wal file ends with the pages that each commit changed. */
static void what_comes_together_is_one_commit(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    uint64_t before = wal_bytes(w);
    for (int i = 0; i < 100; i++)
        type(w, d, 0, "x");
    sim_run_for(w->sim, SHELF_GATHER_US);
    uint64_t together = wal_bytes(w) - before;
    assert_int_equal(w->kept, 100);
    for (int i = 0; i < 100; i++) {
        type(w, d, 0, "x");
        sim_run_for(w->sim, SHELF_GATHER_US);
    }
    assert_int_equal(w->kept, 200);
    assert_true(wal_bytes(w) - before > 20 * together);
    ydoc_free(d);
}

static void a_document_is_there_once(void **state)
{
    struct world *w = *state;
    struct why why;
    assert_int_equal(shelf_add(w->shelf, &w->id, "again", &why), ERR_STATE);
    assert_non_null(strstr(why.text, "\"Notes\" is there already"));
    struct shelf_doc doc;
    assert_true(shelf_get(w->shelf, &w->id, &doc));
    assert_string_equal(doc.title, "Notes");
    assert_int_equal(doc.created_us, SIM_WALL_US);
    assert_int_equal(shelf_drop(w->shelf, &w->id, NULL), OK);
    assert_false(shelf_get(w->shelf, &w->id, &doc));
    assert_int_equal(shelf_drop(w->shelf, &w->id, &why), ERR_NOT_FOUND);
    assert_int_equal(shelf_add(w->shelf, &w->id, "anew", &why), OK);
}

static void what_is_dropped_leaves_nothing(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    type(w, d, 0, "a");
    sim_run_for(w->sim, SEC);
    assert_int_equal(shelf_fold(w->shelf, &w->id, d, NULL), OK);
    type(w, d, 0, "b");
    sim_run_for(w->sim, SEC);
    type(w, d, 0, "c");
    assert_int_equal(shelf_drop(w->shelf, &w->id, NULL), OK);
    sim_run_for(w->sim, SEC);
    assert_int_equal(w->kept, 2);
    assert_int_equal(w->failed, 1);
    assert_int_equal(w->why.code, ERR_NOT_FOUND);
    assert_int_equal(number(w, "SELECT (SELECT count(*) FROM doc_log) +"
                               " (SELECT count(*) FROM doc_state) +"
                               " (SELECT count(*) FROM doc_revision)"),
                     0);
    ydoc_free(d);
}

static void titles_are_text_of_some_length(void **state)
{
    struct world *w = *state;
    struct why why;
    char title[SHELF_TITLE_MAX + 2];
    memset(title, 't', sizeof title);
    title[SHELF_TITLE_MAX] = '\0';
    assert_int_equal(shelf_rename(w->shelf, &w->id, title, &why), OK);
    struct shelf_doc doc;
    assert_true(shelf_get(w->shelf, &w->id, &doc));
    assert_string_equal(doc.title, title);
    title[SHELF_TITLE_MAX] = 't';
    title[SHELF_TITLE_MAX + 1] = '\0';
    assert_int_equal(shelf_rename(w->shelf, &w->id, title, &why), ERR_LIMIT);
    assert_int_equal(shelf_rename(w->shelf, &w->id, "\xc3(", &why), ERR_INVALID);
    struct doc_id other = an_id(7);
    assert_int_equal(shelf_add(w->shelf, &other, "\xff", &why), ERR_INVALID);
    assert_int_equal(shelf_add(w->shelf, &other, title, &why), ERR_LIMIT);
    assert_int_equal(shelf_rename(w->shelf, &other, "none", &why), ERR_NOT_FOUND);
    assert_false(shelf_get(w->shelf, &other, &doc));
}

static void the_last_changed_is_listed_first_whatever_the_clock_says(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    struct doc_id other = an_id(7);
    assert_int_equal(shelf_add(w->shelf, &other, "Other", NULL), OK);
    struct shelf_doc *docs;
    assert_int_equal(shelf_list(w->shelf, &docs), 2);
    assert_string_equal(docs[0].title, "Other");
    free(docs);
    sim_node_jump_wall(w->node, -3600 * (int64_t)SEC);
    type(w, d, 0, "later, an hour ago");
    sim_run_for(w->sim, SEC);
    assert_int_equal(shelf_list(w->shelf, &docs), 2);
    assert_string_equal(docs[0].title, "Notes");
    assert_string_equal(docs[0].author, "ann");
    assert_true(docs[0].changed_us < docs[0].created_us);
    assert_true(docs[0].bytes > 18 && docs[0].bytes < 60);
    free(docs);
    ydoc_free(d);
}

static void a_document_is_found_by_its_title_or_the_start_of_its_id(void **state)
{
    struct world *w = *state;
    struct shelf_doc doc;
    struct why why;
    struct doc_id other = w->id, third = an_id(9);
    other.key[DOC_ID_LEN - 1] ^= 1; /* alike but for the last digit */
    assert_int_equal(shelf_add(w->shelf, &other, "Other", NULL), OK);
    assert_int_equal(shelf_add(w->shelf, &third, "Notes", NULL), OK);
    char text[DOC_ID_TEXT];
    doc_id_text(&other, text);
    assert_int_equal(shelf_find(w->shelf, text, &doc, &why), OK);
    assert_string_equal(doc.title, "Other");
    text[10] = '\0';
    assert_int_equal(shelf_find(w->shelf, text, &doc, &why), ERR_INVALID);
    assert_non_null(strstr(why.text, "2 documents"));
    doc_id_text(&third, text);
    text[5] = '\0';
    assert_int_equal(shelf_find(w->shelf, text, &doc, &why), OK);
    assert_memory_equal(&doc.id, &third, sizeof third);
    text[3] = '\0';
    assert_int_equal(shelf_find(w->shelf, text, &doc, &why), ERR_NOT_FOUND);
    assert_int_equal(shelf_find(w->shelf, "Other", &doc, &why), OK);
    assert_memory_equal(&doc.id, &other, sizeof other);
    assert_int_equal(shelf_find(w->shelf, "Notes", &doc, &why), ERR_INVALID);
    assert_int_equal(shelf_find(w->shelf, "Not", &doc, &why), ERR_NOT_FOUND);
    assert_int_equal(shelf_rename(w->shelf, &other, "", &why), OK);
    assert_int_equal(shelf_find(w->shelf, "", &doc, &why), ERR_NOT_FOUND);
}

static void a_long_log_is_folded(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    struct shelf_doc doc;
    int n = 0;
    for (; !shelf_is_long(w->shelf, &w->id); n++) {
        assert_true(n < 20000);
        type(w, d, 0, "x");
        if (n % 100 == 0)
            sim_run_for(w->sim, SEC);
    }
    assert_true(shelf_get(w->shelf, &w->id, &doc));
    assert_true(doc.bytes > SHELF_LOG_MIN && doc.bytes < SHELF_LOG_MIN + 4000);
    assert_int_equal(shelf_fold(w->shelf, &w->id, d, NULL), OK);
    assert_false(shelf_is_long(w->shelf, &w->id));
    assert_int_equal(number(w, "SELECT count(*) FROM doc_log"), 0);
    assert_true(shelf_get(w->shelf, &w->id, &doc));
    assert_true(doc.bytes > 0 && doc.bytes < 40000);
    same_as(w, d);
    type(w, d, 0, "and on");
    sim_run_for(w->sim, SEC);
    reopen(w);
    same_as(w, d);
    ydoc_free(d);
}

static void a_log_shorter_than_its_state_is_not_long(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    char *text = mem_zalloc(200001);
    memset(text, 'x', 200000);
    type(w, d, 0, text);
    sim_run_for(w->sim, SEC);
    assert_true(shelf_is_long(w->shelf, &w->id));
    assert_int_equal(shelf_fold(w->shelf, &w->id, d, NULL), OK);
    text[150000] = '\0';
    type(w, d, 0, text);
    sim_run_for(w->sim, SEC);
    assert_false(shelf_is_long(w->shelf, &w->id));
    type(w, d, 0, text);
    sim_run_for(w->sim, SEC);
    assert_true(shelf_is_long(w->shelf, &w->id));
    free(text);
    ydoc_free(d);
}

static void what_waits_is_folded_too(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    type(w, d, 0, "soon");
    assert_int_equal(shelf_fold(w->shelf, &w->id, d, NULL), OK);
    assert_int_equal(w->kept, 0); /* not from inside */
    sim_run_for(w->sim, SEC);
    assert_int_equal(w->kept, 1);
    assert_int_equal(number(w, "SELECT count(*) FROM doc_log"), 0);
    assert_int_equal(number(w, "SELECT count(*) FROM doc_revision"), 1);
    same_as(w, d);
    ydoc_free(d);
}

static void what_waits_for_other_changes_stays(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1), *here = ydoc_new(2, true, 1);
    struct buf first = {0}, second = {0};
    write_text(d, 0, "one", &first);
    write_text(d, 3, "two", &second);
    append(w, &second, "ann");
    assert_int_equal(ydoc_apply(here, UPDATE_V1, buf_cur(&second), NULL), OK);
    sim_run_for(w->sim, SEC);
    assert_int_equal(shelf_fold(w->shelf, &w->id, here, NULL), OK);
    text_is(w, "");
    append(w, &first, "ann");
    text_is(w, "onetwo");
    ydoc_free(d);
    ydoc_free(here);
    buf_done(&first);
    buf_done(&second);
}

static void what_cannot_be_kept_is_said_and_the_rest_goes_on(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    struct doc_id home = w->id;
    struct buf large = {0};
    memset(buf_room(&large, SHELF_UPDATE_MAX + 1), 0, SHELF_UPDATE_MAX + 1);
    buf_grew(&large, SHELF_UPDATE_MAX + 1);
    type(w, d, 0, "a");
    w->id = an_id(77);
    append(w, &large, "ann");
    append(w, &(struct buf){0}, "ann");
    w->id = home;
    type(w, d, 1, "b");
    sim_run_for(w->sim, SEC);
    assert_int_equal(w->kept, 2);
    assert_int_equal(w->failed, 2);
    text_is(w, "ab");
    append(w, &large, "ann");
    sim_run_for(w->sim, SEC);
    assert_int_equal(w->why.code, ERR_LIMIT);
    char long_name[PEER_ID_TEXT + 1];
    memset(long_name, 'p', sizeof long_name);
    long_name[PEER_ID_TEXT] = '\0';
    append(w, &(struct buf){0}, long_name);
    sim_run_for(w->sim, SEC);
    assert_int_equal(w->why.code, ERR_INVALID);
    buf_done(&large);
    ydoc_free(d);
}

static void many_bytes_do_not_wait_in_memory(void **state)
{
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    char *text = mem_zalloc(1000001);
    memset(text, 'x', 1000000);
    for (int i = 0; i < 12; i++)
        type(w, d, 0, text);
    assert_true(number(w, "SELECT count(*) FROM doc_log") >= 8);
    assert_int_equal(w->kept, 0);
    sim_run_for(w->sim, SEC);
    assert_int_equal(w->kept, 12);
    same_as(w, d);
    free(text);
    ydoc_free(d);
}

static void damage_names_its_document_and_others_go_on(void **state)
{
    static const char *const damage[] = {
        "UPDATE doc_log SET bytes = x'0101' WHERE seq % 2 = 0",
        "UPDATE doc_log SET bytes = zeroblob(0)",
        "UPDATE doc_log SET bytes = 'text, and not short'",
        "UPDATE doc_state SET bytes = zeroblob(9); UPDATE doc_revision SET bytes = zeroblob(9)",
    };
    struct world *w = *state;
    struct doc_id home = w->id, other = an_id(9);
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        struct ydoc *d = ydoc_new(1 + i, true, 1), *into = ydoc_new(9, true, 1);
        assert_int_equal(shelf_drop(w->shelf, &home, NULL), OK);
        assert_int_equal(shelf_add(w->shelf, &home, "Notes", NULL), OK);
        type(w, d, 0, "folded");
        sim_run_for(w->sim, SEC);
        assert_int_equal(shelf_fold(w->shelf, &w->id, d, NULL), OK);
        for (int k = 0; k < 3; k++)
            type(w, d, 0, "log");
        sim_run_for(w->sim, SEC);
        assert_int_equal(db_exec(w->db, damage[i], NULL), OK);
        struct why why;
        if (shelf_load(w->shelf, &home, into, &why) == OK)
            fail_msg("read in spite of: %s", damage[i]);
        assert_non_null(strstr(why.text, "\"Notes\" cannot be read"));
        ydoc_free(d);
        ydoc_free(into);
        d = ydoc_new(100 + i, true, 1);
        w->id = other;
        assert_int_equal(shelf_add(w->shelf, &other, "Fine", NULL), OK);
        type(w, d, 0, "on");
        sim_run_for(w->sim, SEC);
        assert_int_equal(w->failed, 0);
        struct ydoc *fine = ydoc_new(9, true, 1);
        assert_int_equal(shelf_load(w->shelf, &other, fine, &why), OK);
        assert_int_equal(shelf_drop(w->shelf, &other, NULL), OK);
        ydoc_free(d);
        ydoc_free(fine);
        w->id = home;
    }
    assert_int_equal(shelf_add(w->shelf, &other, "Fine", NULL), OK);
    assert_int_equal(db_exec(w->db, "UPDATE doc SET key = x'00' WHERE title = 'Notes'", NULL), OK);
    assert_int_equal(db_exec(w->db, "UPDATE doc SET title = CAST(x'ff' AS TEXT)", NULL), OK);
    struct shelf_doc *docs;
    assert_int_equal(shelf_list(w->shelf, &docs), 1);
    assert_string_equal(docs[0].title, "");
    free(docs);
}

static void a_damaged_state_is_read_from_the_history(void **state)
{
    static const char *const damage[] = {
        "UPDATE doc_state SET bytes = substr(bytes, 1, length(bytes) / 2)",
        "UPDATE doc_state SET format = 3 - format",
        "UPDATE doc_state SET bytes = randomblob(50)",
    };
    struct world *w = *state;
    struct ydoc *d = ydoc_new(1, true, 1);
    for (size_t i = 0; i < sizeof damage / sizeof *damage; i++) {
        type_as(w, d, 0, "folded ", i % 2 ? "ann" : "bob");
        assert_int_equal(shelf_fold(w->shelf, &w->id, d, NULL), OK);
        type(w, d, 0, "log ");
        sim_run_for(w->sim, SEC);
        assert_int_equal(db_exec(w->db, damage[i], NULL), OK);
        same_as(w, d);
    }
    assert_int_equal(shelf_fold(w->shelf, &w->id, d, NULL), OK);
    assert_int_equal(db_exec(w->db, "DELETE FROM doc_revision", NULL), OK);
    same_as(w, d);
    ydoc_free(d);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_is_appended_is_there_when_loaded),
        TEST(what_waits_is_loaded_too),
        TEST(what_waits_is_written_at_the_end),
        TEST(what_comes_together_is_one_commit),
        TEST(a_document_is_there_once),
        TEST(what_is_dropped_leaves_nothing),
        TEST(titles_are_text_of_some_length),
        TEST(the_last_changed_is_listed_first_whatever_the_clock_says),
        TEST(a_document_is_found_by_its_title_or_the_start_of_its_id),
        TEST(a_long_log_is_folded),
        TEST(a_log_shorter_than_its_state_is_not_long),
        TEST(what_waits_is_folded_too),
        TEST(what_waits_for_other_changes_stays),
        TEST(what_cannot_be_kept_is_said_and_the_rest_goes_on),
        TEST(many_bytes_do_not_wait_in_memory),
        TEST(damage_names_its_document_and_others_go_on),
        TEST(a_damaged_state_is_read_from_the_history),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
