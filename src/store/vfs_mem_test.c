/* What only the disk in memory does: losing power, and being as small as we like. */
#include "store/vfs.h"

#include "base/mem.h"
#include "base/test.h"

#include <pthread.h>
#include <stdio.h>

static int set_up(void **state)
{
    *state = vfs_mem_new();
    return 0;
}

static int tear_down(void **state)
{
    vfs_free(*state);
    return 0;
}

static struct vfile *make(struct vfs *v, const char *path, const char *text)
{
    struct vfile *f = vfs_open(v, path, VFS_WRITE | VFS_CREATE, NULL);
    assert_non_null(f);
    assert_int_equal(vfile_pwrite(f, text, strlen(text), 0, NULL), OK);
    return f;
}

/* As a careful program does it. */
static void make_durable(struct vfs *v, const char *dir, const char *path, const char *text)
{
    struct vfile *f = make(v, path, text);
    assert_int_equal(vfile_sync(f, NULL), OK);
    vfile_close(f);
    assert_int_equal(vfs_sync_dir(v, dir, NULL), OK);
}

/* The file's text, or "(none)"; valid until the next call. */
static const char *text_of(const struct vfs *v, const char *path)
{
    static char text[256];
    struct buf b = {0};
    if (vfs_read_all(v, path, sizeof text - 1, &b, NULL) != OK)
        return "(none)";
    memcpy(text, buf_bytes(&b), buf_len(&b));
    text[buf_len(&b)] = '\0';
    buf_done(&b);
    return text;
}

static void a_new_file_lasts_by_its_sync_and_its_folders(void **state)
{
    struct vfs *v = *state;
    vfile_close(make(v, "/nothing", "text"));
    struct vfile *f = make(v, "/synced", "text");
    assert_int_equal(vfile_sync(f, NULL), OK);
    vfile_close(f);
    vfs_mem_power_cut(v);
    assert_string_equal(text_of(v, "/nothing"), "(none)");
    assert_string_equal(text_of(v, "/synced"), "(none)"); /* its name was not */
    vfile_close(make(v, "/named", "text"));
    assert_int_equal(vfs_sync_dir(v, "/", NULL), OK);
    make_durable(v, "/", "/both", "text");
    vfs_mem_power_cut(v);
    assert_string_equal(text_of(v, "/named"), ""); /* the well-known empty file */
    assert_string_equal(text_of(v, "/both"), "text");
}

static void what_was_not_synced_is_undone(void **state)
{
    struct vfs *v = *state;
    make_durable(v, "/", "/a", "old text");
    struct vfile *f = vfs_open(v, "/a", VFS_WRITE, NULL);
    assert_int_equal(vfile_pwrite(f, "new", 3, 0, NULL), OK);
    assert_int_equal(vfile_truncate(f, 5, NULL), OK);
    assert_int_equal(vfile_pwrite(f, "far", 3, 1 << 20, NULL), OK);
    vfile_close(f);
    vfs_mem_power_cut(v);
    assert_string_equal(text_of(v, "/a"), "old text");
    vfs_mem_power_cut(v);
    assert_string_equal(text_of(v, "/a"), "old text");
}

static void the_last_sync_is_what_comes_back(void **state)
{
    struct vfs *v = *state;
    make_durable(v, "/", "/a", "");
    struct vfile *f = vfs_open(v, "/a", VFS_WRITE, NULL);
    for (char c = 'a'; c <= 'e'; c++) { /* in the same chunk, shared with the disk each time */
        assert_int_equal(vfile_pwrite(f, &c, 1, (uint64_t)(c - 'a'), NULL), OK);
        if (c == 'c')
            assert_int_equal(vfile_sync(f, NULL), OK);
    }
    vfs_mem_power_cut(v);
    assert_string_equal(text_of(v, "/a"), "abc");
    vfile_close(f);
}

static void names_come_and_go_with_their_folder(void **state)
{
    struct vfs *v = *state;
    make_durable(v, "/", "/a", "a");
    make_durable(v, "/", "/b", "b");
    assert_int_equal(vfs_unlink(v, "/a", NULL), OK);
    assert_int_equal(vfs_rename(v, "/b", "/c", NULL), OK);
    assert_string_equal(text_of(v, "/a"), "(none)");
    vfs_mem_power_cut(v);
    assert_string_equal(text_of(v, "/a"), "a");
    assert_string_equal(text_of(v, "/b"), "b");
    assert_string_equal(text_of(v, "/c"), "(none)");
    assert_int_equal(vfs_unlink(v, "/a", NULL), OK);
    assert_int_equal(vfs_rename(v, "/b", "/c", NULL), OK);
    assert_int_equal(vfs_sync_dir(v, "/", NULL), OK);
    vfs_mem_power_cut(v);
    assert_string_equal(text_of(v, "/a"), "(none)");
    assert_string_equal(text_of(v, "/b"), "(none)");
    assert_string_equal(text_of(v, "/c"), "b");
}

static void folders_from_mkdirs_are_there_to_stay(void **state)
{
    struct vfs *v = *state;
    assert_int_equal(vfs_mkdirs(v, "/x/y/z", 0700, NULL), OK);
    make_durable(v, "/x/y/z", "/x/y/z/a", "deep");
    vfs_mem_power_cut(v);
    assert_string_equal(text_of(v, "/x/y/z/a"), "deep");
    assert_int_equal(vfs_rename(v, "/x/y", "/w", NULL), OK); /* in one place, cut or not */
    vfs_mem_power_cut(v);
    assert_string_equal(text_of(v, "/w/z/a"), "deep");
    assert_string_equal(text_of(v, "/x/y/z/a"), "(none)");
}

static void open_files_go_bad_and_locks_go_free(void **state)
{
    struct vfs *v = *state;
    make_durable(v, "/", "/lock", "");
    struct vfile *old, *new;
    assert_int_equal(vfs_lock(v, "/lock", &old, NULL), OK);
    vfs_mem_power_cut(v);
    struct why why;
    struct vfs_stat st;
    char c;
    assert_int_equal(vfile_pread(old, &c, 1, 0, &why), -1);
    assert_int_equal(why.code, ERR_IO);
    assert_int_equal(vfile_pwrite(old, "x", 1, 0, NULL), ERR_IO);
    assert_int_equal(vfile_sync(old, NULL), ERR_IO);
    assert_int_equal(vfile_truncate(old, 0, NULL), ERR_IO);
    assert_int_equal(vfile_stat(old, &st, NULL), ERR_IO);
    assert_int_equal(vfs_lock(v, "/lock", &new, NULL), OK);
    vfile_close(old); /* which must not let go of the new one's lock */
    assert_int_equal(vfs_lock(v, "/lock", &old, NULL), ERR_STATE);
    vfile_close(new);
}

static void a_full_disk_takes_nothing_more_and_gives_back(void **state)
{
    struct vfs *v = *state;
    vfs_mem_set_size(v, 100 << 10);
    struct vfile *f = make(v, "/a", "");
    char *much = mem_zalloc(90 << 10);
    assert_int_equal(vfile_pwrite(f, much, 90 << 10, 0, NULL), OK);
    struct why why;
    assert_int_equal(vfile_pwrite(f, much, 20 << 10, 90 << 10, &why), ERR_FULL);
    assert_non_null(strstr(why.text, "/a"));
    assert_int_equal(vfile_pwrite(f, "over", 4, 0, NULL), OK); /* what is there may be changed */
    assert_int_equal(vfile_truncate(f, 1 << 30, NULL), OK);    /* and holes cost nothing */
    assert_int_equal(vfile_truncate(f, 1, NULL), OK);
    assert_int_equal(vfile_pwrite(f, much, 80 << 10, 0, NULL), OK);
    vfile_close(f);
    assert_int_equal(vfs_unlink(v, "/a", NULL), OK);
    uint64_t left;
    assert_int_equal(vfs_free_bytes(v, "/", &left, NULL), OK);
    assert_int_equal(left, 100 << 10);
    free(much);
}

static void room_is_counted_right_through_a_cut(void **state)
{
    struct vfs *v = *state;
    uint64_t before, after;
    make_durable(v, "/", "/a", "kept");
    assert_int_equal(vfs_free_bytes(v, "/", &before, NULL), OK);
    struct vfile *f = vfs_open(v, "/a", VFS_WRITE, NULL);
    assert_int_equal(vfile_pwrite(f, "lost", 4, 5 << 20, NULL), OK);
    assert_int_equal(vfile_truncate(f, 0, NULL), OK);
    assert_int_equal(vfile_pwrite(f, "lost", 4, 9 << 20, NULL), OK);
    vfile_close(f);
    vfile_close(make(v, "/b", "lost"));
    vfs_mem_power_cut(v);
    assert_int_equal(vfs_free_bytes(v, "/", &after, NULL), OK);
    assert_true(before == after);
}

static void paths_that_climb_are_refused(void **state)
{
    struct vfs *v = *state;
    struct why why;
    assert_null(vfs_open(v, "/x/../a", VFS_WRITE | VFS_CREATE, &why));
    assert_null(vfs_open(v, "", VFS_WRITE | VFS_CREATE, &why));
    assert_int_equal(vfs_rename(v, "/", "/a", &why), ERR_IO);
    assert_int_equal(vfs_rmdir(v, "/", &why), ERR_IO);
}

/* --- vfs_replace, stopped at each of its calls ----------------------------------------------- */

enum { KILLED_LATE = 100 };

/* Replace "old" by "new text", from the nth call on every call failing; then the power goes. */
static enum err replace_until(uint64_t nth, char text[64], uint64_t *calls)
{
    struct vfs *disk = vfs_mem_new();
    assert_int_equal(vfs_mkdirs(disk, "/d", 0700, NULL), OK);
    assert_int_equal(vfs_replace(disk, "/d/a", "old", 3, 0, NULL), OK);
    struct vfs *v = vfs_fault_new(disk);
    vfs_fault_set(v, VFS_OP_ANY, nth, 0, ERR_IO);
    enum err err = vfs_replace(v, "/d/a", "new text", 8, 0, NULL);
    *calls = vfs_fault_calls(v, VFS_OP_ANY);
    vfs_free(v);
    vfs_mem_power_cut(disk);
    snprintf(text, 64, "%s", text_of(disk, "/d/a"));
    /* And the node that starts again can go on. */
    assert_int_equal(vfs_replace(disk, "/d/a", "third", 5, 0, NULL), OK);
    assert_string_equal(text_of(disk, "/d/a"), "third");
    vfs_free(disk);
    return err;
}

static void replace_gives_the_old_or_the_new_wherever_it_stops(void **state)
{
    (void)state;
    char text[64];
    uint64_t all, calls;
    assert_int_equal(replace_until(KILLED_LATE, text, &all), OK);
    assert_string_equal(text, "new text"); /* what was answered OK lasts */
    assert_in_range(all, 6, KILLED_LATE - 1);
    unsigned old = 0;
    for (uint64_t nth = 1; nth <= all; nth++) {
        assert_int_equal(replace_until(nth, text, &calls), ERR_IO);
        old += !strcmp(text, "old");
        if (strcmp(text, "old") != 0)
            assert_string_equal(text, "new text");
    }
    assert_true(old > 0);
}

/* --- threads --------------------------------------------------------------------------------- */

struct worker {
    struct vfs *v;
    unsigned number, failures;
};

static void *work(void *arg)
{
    struct worker *w = arg;
    char path[32], text[32];
    for (unsigned i = 0; i < 200; i++) {
        snprintf(path, sizeof path, "/own%u", w->number);
        int n = snprintf(text, sizeof text, "%u of %u", i, w->number);
        w->failures += vfs_replace(w->v, path, text, (size_t)n, 0, NULL) != OK;
        struct buf b = {0};
        w->failures += vfs_read_all(w->v, path, 100, &b, NULL) != OK;
        w->failures += buf_len(&b) != (size_t)n || memcmp(buf_bytes(&b), text, (size_t)n) != 0;
        buf_done(&b);
        char **names;
        size_t count;
        w->failures += vfs_list(w->v, "/", &names, &count, NULL) != OK;
        vfs_list_free(names, count);
    }
    return NULL;
}

static void four_threads_do_not_disturb_each_other(void **state)
{
    struct worker workers[4];
    pthread_t threads[4];
    for (unsigned i = 0; i < 4; i++) {
        workers[i] = (struct worker){*state, i, 0};
        assert_int_equal(pthread_create(&threads[i], NULL, work, &workers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], NULL), 0);
        assert_int_equal(workers[i].failures, 0);
    }
}

#define TEST(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_new_file_lasts_by_its_sync_and_its_folders),
        TEST(what_was_not_synced_is_undone),
        TEST(the_last_sync_is_what_comes_back),
        TEST(names_come_and_go_with_their_folder),
        TEST(folders_from_mkdirs_are_there_to_stay),
        TEST(open_files_go_bad_and_locks_go_free),
        TEST(a_full_disk_takes_nothing_more_and_gives_back),
        TEST(room_is_counted_right_through_a_cut),
        TEST(paths_that_climb_are_refused),
        TEST(replace_gives_the_old_or_the_new_wherever_it_stops),
        TEST(four_threads_do_not_disturb_each_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
