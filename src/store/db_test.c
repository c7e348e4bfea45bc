#include "store/db.h"

#include "base/mem.h"
#include "base/test.h"
#include "store/vfs.h"

#include <stdio.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const struct migration first[] = {
    {"notes", "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, data BLOB);"},
};
static const struct migration both[] = {
    {"notes", "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT NOT NULL UNIQUE, data BLOB);"},
    {"tags", "CREATE TABLE tag (note INTEGER NOT NULL REFERENCES note (id), name TEXT);"},
};

struct env {
    char root[32], path[64];
};

static int set_up(void **state)
{
    struct env *e = MEM_NEW(struct env);
    snprintf(e->root, sizeof e->root, "/tmp/shoal-db-XXXXXX");
    if (!mkdtemp(e->root))
        return -1;
    snprintf(e->path, sizeof e->path, "%s/notes.db", e->root);
    *state = e;
    return 0;
}

static int tear_down(void **state)
{
    struct env *e = *state;
    char **names;
    size_t n;
    if (vfs_list(vfs_os(), e->root, &names, &n, NULL) != OK)
        return -1;
    for (size_t i = 0; i < n; i++) {
        char *path = mem_printf("%s/%s", e->root, names[i]);
        unlink(path);
        free(path);
    }
    vfs_list_free(names, n);
    int r = rmdir(e->root);
    free(e);
    return r;
}

static struct db *open_ok(const char *path, const struct migration *m, size_t n)
{
    struct why why;
    struct db *db = db_open(path, m, n, &why);
    if (!db)
        fail_msg("%s", why.text);
    return db;
}

static enum err add(struct db *db, const char *text, struct why *why)
{
    struct db_stmt *q = db_prepare(db, "INSERT INTO note (text) VALUES (?1)");
    db_bind_text(q, 1, text);
    return db_run(q, why);
}

static int64_t number(struct db *db, const char *sql)
{
    struct db_stmt *q = db_prepare(db, sql);
    assert_int_equal(db_step(q, NULL), DB_ROW);
    int64_t n = db_int(q, 0);
    db_finish(q);
    return n;
}

static int64_t count(struct db *db)
{
    return number(db, "SELECT count(*) FROM note");
}

static void values_come_back_as_they_went(void **state)
{
    (void)state;
    struct db *db = open_ok(":memory:", both, 2);
    struct db_stmt *q = db_prepare(db, "INSERT INTO note VALUES (?1, ?2, ?3)");
    db_bind_int(q, 1, INT64_MIN);
    db_bind_text(q, 2, "caf\xc3\xa9");
    db_bind_blob(q, 3, "a\0b", 3);
    assert_int_equal(db_run(q, NULL), OK);
    assert_true(db_last_id(db) == INT64_MIN);
    q = db_prepare(db, "SELECT id, text, data, NULL FROM note");
    assert_int_equal(db_step(q, NULL), DB_ROW);
    assert_true(db_int(q, 0) == INT64_MIN);
    assert_string_equal(db_text(q, 1), "caf\xc3\xa9");
    size_t n;
    assert_memory_equal(db_blob(q, 2, &n), "a\0b", 3);
    assert_int_equal(n, 3);
    assert_string_equal(db_text(q, 3), "");
    assert_int_equal(db_step(q, NULL), DB_END);
    assert_int_equal(db_step(q, NULL), DB_END); /* and does not begin again */
    db_finish(q);
    db_close(db);
}

static void an_empty_blob_is_not_null(void **state)
{
    (void)state;
    struct db *db = open_ok(":memory:", both, 2);
    struct db_stmt *q = db_prepare(db, "INSERT INTO note (text, data) VALUES ('a', ?1)");
    db_bind_blob(q, 1, NULL, 0);
    assert_int_equal(db_run(q, NULL), OK);
    assert_int_equal(number(db, "SELECT data IS NULL FROM note"), 0);
    assert_int_equal(number(db, "SELECT length(data) FROM note"), 0);
    db_close(db);
}

static void a_cached_statement_forgets_its_values(void **state)
{
    (void)state;
    struct db *db = open_ok(":memory:", both, 2);
    assert_int_equal(add(db, "one", NULL), OK);
    struct why why;
    struct db_stmt *q = db_prepare(db, "INSERT INTO note (text) VALUES (?1)");
    assert_int_equal(db_run(q, &why), ERR_STATE); /* text is NULL: NOT NULL holds */
    assert_non_null(strstr(why.text, "NOT NULL"));
    assert_int_equal(add(db, "two", NULL), OK); /* and the failure does not stick */
    assert_int_equal(count(db), 2);
    db_close(db);
}

static void the_same_sql_nests(void **state)
{
    (void)state;
    struct db *db = open_ok(":memory:", both, 2);
    assert_int_equal(add(db, "one", NULL), OK);
    assert_int_equal(add(db, "two", NULL), OK);
    const char *sql = "SELECT id FROM note ORDER BY id";
    struct db_stmt *outer = db_prepare(db, sql);
    for (int64_t i = 1; i <= 2; i++) {
        assert_int_equal(db_step(outer, NULL), DB_ROW);
        assert_int_equal(db_int(outer, 0), i);
        assert_int_equal(number(db, sql), 1);
    }
    db_finish(outer);
    db_close(db);
}

static void more_statements_than_are_cached_work_too(void **state)
{
    (void)state;
    struct db *db = open_ok(":memory:", both, 2);
    for (int i = 0; i < 300; i++) {
        char sql[40];
        snprintf(sql, sizeof sql, "SELECT %d", i);
        assert_int_equal(number(db, sql), i);
    }
    db_close(db);
}

static void rules_of_the_tables_hold(void **state)
{
    (void)state;
    struct db *db = open_ok(":memory:", both, 2);
    struct why why;
    assert_int_equal(add(db, "one", NULL), OK);
    assert_int_equal(add(db, "one", &why), ERR_STATE);
    assert_non_null(strstr(why.text, "UNIQUE"));
    assert_int_equal(db_exec(db, "INSERT INTO tag VALUES (77, 'x')", &why), ERR_STATE);
    assert_non_null(strstr(why.text, "FOREIGN KEY"));
    db_close(db);
}

static void what_is_rolled_back_was_never_there(void **state)
{
    (void)state;
    struct db *db = open_ok(":memory:", both, 2);
    assert_int_equal(db_begin(db, NULL), OK);
    assert_int_equal(add(db, "one", NULL), OK);
    db_rollback(db);
    db_rollback(db); /* nothing to do */
    assert_int_equal(count(db), 0);
    assert_int_equal(db_begin(db, NULL), OK);
    assert_int_equal(add(db, "two", NULL), OK);
    assert_int_equal(db_commit(db, NULL), OK);
    assert_int_equal(count(db), 1);
    db_close(db);
}

static void a_commit_that_fails_is_rolled_back(void **state)
{
    (void)state;
    static const struct migration m[] = {
        {"later", "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a INTEGER REFERENCES "
                  "a (id) DEFERRABLE INITIALLY DEFERRED);"}};
    struct db *db = open_ok(":memory:", m, 1);
    assert_int_equal(db_begin(db, NULL), OK);
    assert_int_equal(db_exec(db, "INSERT INTO b VALUES (5)", NULL), OK);
    struct why why;
    assert_int_equal(db_commit(db, &why), ERR_STATE);
    assert_int_equal(number(db, "SELECT count(*) FROM b"), 0);
    assert_int_equal(db_begin(db, &why), OK); /* no transaction is left open */
    db_rollback(db);
    db_close(db);
}

static void the_file_is_private_and_synced_fully(void **state)
{
    struct env *e = *state;
    struct db *db = open_ok(e->path, both, 2);
    struct stat st;
    assert_int_equal(stat(e->path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(number(db, "PRAGMA synchronous"), 2);
    assert_int_equal(number(db, "PRAGMA foreign_keys"), 1);
    struct db_stmt *q = db_prepare(db, "PRAGMA journal_mode");
    assert_int_equal(db_step(q, NULL), DB_ROW);
    assert_string_equal(db_text(q, 0), "wal");
    db_finish(q);
    db_close(db);
}

static void migrations_run_once_and_in_order(void **state)
{
    struct env *e = *state;
    struct db *db = open_ok(e->path, first, 1);
    assert_int_equal(number(db, "PRAGMA user_version"), 1);
    assert_int_equal(add(db, "kept", NULL), OK);
    db_close(db);
    db = open_ok(e->path, both, 2);
    assert_int_equal(number(db, "PRAGMA user_version"), 2);
    assert_int_equal(count(db), 1);
    assert_int_equal(number(db, "SELECT count(*) FROM tag"), 0);
    db_close(db);
    db_close(open_ok(e->path, both, 2));
}

static void a_migration_that_fails_leaves_the_version_before(void **state)
{
    struct env *e = *state;
    static const struct migration broken[] = {
        {"notes", "CREATE TABLE note (id INTEGER PRIMARY KEY, text TEXT);"},
        {"half", "CREATE TABLE half (x); INSERT INTO note VALUES (9, 'half'); NONSENSE;"}};
    struct why why;
    assert_null(db_open(e->path, broken, 2, &why));
    assert_int_equal(why.code, ERR_INVALID);
    assert_non_null(strstr(why.text, "migration 2 (half)"));
    struct db *db = open_ok(e->path, first, 1);
    assert_int_equal(count(db), 0);
    assert_int_equal(number(db, "SELECT count(*) FROM sqlite_schema WHERE name = 'half'"), 0);
    db_close(db);
}

static void a_migration_may_not_leave_orphans(void **state)
{
    struct env *e = *state;
    static const struct migration orphans[] = {
        {"rows", "CREATE TABLE a (id INTEGER PRIMARY KEY); CREATE TABLE b (a REFERENCES a (id));"
                 "INSERT INTO b VALUES (1);"}};
    struct why why;
    assert_null(db_open(e->path, orphans, 1, &why));
    assert_int_equal(why.code, ERR_INVALID);
    assert_non_null(strstr(why.text, "table b"));
}

static void read_file(const char *path, struct buf *out)
{
    assert_int_equal(vfs_read_all(vfs_os(), path, 1 << 20, out, NULL), OK);
}

static void a_newer_file_is_refused_and_left_as_it_was(void **state)
{
    struct env *e = *state;
    db_close(open_ok(e->path, both, 2));
    struct buf before = {0}, after = {0};
    read_file(e->path, &before);
    struct why why;
    assert_null(db_open(e->path, first, 1, &why));
    assert_int_equal(why.code, ERR_STATE);
    assert_non_null(strstr(why.text, "made by a newer Shoal"));
    read_file(e->path, &after);
    assert_int_equal(buf_len(&before), buf_len(&after));
    assert_memory_equal(buf_bytes(&before), buf_bytes(&after), buf_len(&after));
    buf_done(&before);
    buf_done(&after);
}

static void write_at(const char *path, long at, const char *bytes, size_t n)
{
    struct vfile *f = vfs_open(vfs_os(), path, VFS_WRITE | VFS_CREATE, NULL);
    assert_int_equal(vfile_pwrite(f, bytes, n, (uint64_t)at, NULL), OK);
    vfile_close(f);
}

static void damage_is_found_when_opening(void **state)
{
    struct env *e = *state;
    db_close(open_ok(e->path, both, 2));
    char junk[512];
    memset(junk, 0x5a, sizeof junk);
    write_at(e->path, 4096, junk, sizeof junk); /* the second page: a table's root */
    struct why why;
    assert_null(db_open(e->path, both, 2, &why));
    assert_int_equal(why.code, ERR_INVALID);
    assert_non_null(strstr(why.text, "is damaged"));
    assert_non_null(strstr(why.text, "backup"));
}

static void another_kind_of_file_is_refused(void **state)
{
    struct env *e = *state;
    char text[200];
    memset(text, 't', sizeof text);
    write_at(e->path, 0, text, sizeof text);
    struct why why;
    assert_null(db_open(e->path, both, 2, &why));
    assert_int_equal(why.code, ERR_INVALID);
    assert_non_null(strstr(why.text, "is damaged"));
}

static void a_folder_that_is_not_there_says_so(void **state)
{
    (void)state;
    struct why why;
    assert_null(db_open("/nonexistent/shoal/notes.db", both, 2, &why));
    assert_int_equal(why.code, ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, "/nonexistent/shoal/notes.db"));
    assert_null(db_open("/nonexistent/shoal/notes.db", both, 2, NULL));
}

/* The child commits, tells us, begins another transaction and dies without a goodbye. */
static void what_was_committed_outlives_the_process(void **state)
{
    struct env *e = *state;
    pid_t child = fork();
    if (child == 0) {
        struct db *db = db_open(e->path, both, 2, NULL);
        bool fine = db && add(db, "committed", NULL) == OK && db_begin(db, NULL) == OK &&
                    add(db, "not yet", NULL) == OK;
        _exit(fine ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    struct db *db = open_ok(e->path, both, 2);
    assert_int_equal(count(db), 1);
    assert_int_equal(number(db, "SELECT text = 'committed' FROM note"), 1);
    db_close(db);
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(values_come_back_as_they_went),
        TEST(an_empty_blob_is_not_null),
        TEST(a_cached_statement_forgets_its_values),
        TEST(the_same_sql_nests),
        TEST(more_statements_than_are_cached_work_too),
        TEST(rules_of_the_tables_hold),
        TEST(what_is_rolled_back_was_never_there),
        TEST(a_commit_that_fails_is_rolled_back),
        TEST(the_file_is_private_and_synced_fully),
        TEST(migrations_run_once_and_in_order),
        TEST(a_migration_that_fails_leaves_the_version_before),
        TEST(a_migration_may_not_leave_orphans),
        TEST(a_newer_file_is_refused_and_left_as_it_was),
        TEST(damage_is_found_when_opening),
        TEST(another_kind_of_file_is_refused),
        TEST(a_folder_that_is_not_there_says_so),
        TEST(what_was_committed_outlives_the_process),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
