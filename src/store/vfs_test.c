/* What holds for every vfs: each test runs on the machine's files and on those in memory. */
#include "store/vfs.h"

#include "base/mem.h"
#include "base/test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct env {
    const struct vfs *v;
    struct vfs *mem; /* NULL on the machine's */
    char root[64];
};

static int with_mem(void **state)
{
    struct env *e = MEM_NEW(struct env);
    e->v = e->mem = vfs_mem_new();
    snprintf(e->root, sizeof e->root, "/root");
    *state = e;
    return vfs_mkdirs(e->v, e->root, 0700, NULL) == OK ? 0 : -1;
}

static int with_os(void **state)
{
    struct env *e = MEM_NEW(struct env);
    e->v = vfs_os();
    snprintf(e->root, sizeof e->root, "/tmp/shoal-vfs-XXXXXX");
    *state = e;
    return mkdtemp(e->root) ? 0 : -1;
}

static void remove_all(const struct vfs *v, const char *path)
{
    char **names;
    size_t n;
    assert_int_equal(vfs_list(v, path, &names, &n, NULL), OK);
    for (size_t i = 0; i < n; i++) {
        char *inner = mem_printf("%s/%s", path, names[i]);
        if (vfs_unlink(v, inner, NULL) != OK)
            remove_all(v, inner);
        free(inner);
    }
    vfs_list_free(names, n);
    assert_int_equal(vfs_rmdir(v, path, NULL), OK);
}

static int without(void **state)
{
    struct env *e = *state;
    remove_all(e->v, e->root);
    vfs_free(e->mem);
    free(e);
    return 0;
}

/* A path below the root of the test; one of eight buffers that take turns. */
static const char *at(const struct env *e, const char *name)
{
    static char paths[8][512];
    static unsigned turn;
    char *out = paths[turn++ % 8];
    snprintf(out, sizeof paths[0], "%s/%s", e->root, name);
    return out;
}

static struct vfile *make(const struct env *e, const char *name, const char *text)
{
    struct vfile *f = vfs_open(e->v, at(e, name), VFS_WRITE | VFS_CREATE, NULL);
    assert_non_null(f);
    assert_int_equal(vfile_pwrite(f, text, strlen(text), 0, NULL), OK);
    return f;
}

static void assert_text(const struct env *e, const char *name, const char *text)
{
    struct buf b = {0};
    struct why why;
    if (vfs_read_all(e->v, at(e, name), 1000, &b, &why) != OK)
        fail_msg("%s", why.text);
    assert_int_equal(buf_len(&b), strlen(text));
    assert_memory_equal(buf_bytes(&b), text, strlen(text));
    buf_done(&b);
}

static void reads_what_was_written_and_no_more(void **state)
{
    struct env *e = *state;
    struct vfile *f = make(e, "a", "hello");
    char got[16];
    assert_int_equal(vfile_pread(f, got, 5, 0, NULL), 5);
    assert_memory_equal(got, "hello", 5);
    assert_int_equal(vfile_pread(f, got, sizeof got, 3, NULL), 2);
    assert_memory_equal(got, "lo", 2);
    assert_int_equal(vfile_pread(f, got, sizeof got, 5, NULL), 0);
    assert_int_equal(vfile_pread(f, got, sizeof got, 500, NULL), 0);
    assert_int_equal(vfile_pwrite(f, "p me", 4, 3, NULL), OK);
    assert_text(e, "a", "help me");
    vfile_close(f);
}

static void pieces_are_written_in_order_also_empty_ones(void **state)
{
    struct env *e = *state;
    struct vfile *f = make(e, "a", "");
    struct iovec iov[150];
    for (int i = 0; i < 150; i++) /* more than one pwritev of the machine's takes from us */
        iov[i] = (struct iovec){i % 3 ? "xy" : NULL, i % 3 ? 2 : 0};
    assert_int_equal(vfile_pwritev(f, iov, 150, 1, NULL), OK);
    struct vfs_stat st;
    assert_int_equal(vfile_stat(f, &st, NULL), OK);
    assert_int_equal(st.size, 201);
    char all[201];
    assert_int_equal(vfile_pread(f, all, 201, 0, NULL), 201);
    assert_int_equal(all[0], 0);
    for (int i = 1; i < 201; i++)
        assert_int_equal(all[i], i % 2 ? 'x' : 'y');
    vfile_close(f);
}

static void flags_mean_what_they_say(void **state)
{
    struct env *e = *state;
    struct why why;
    assert_null(vfs_open(e->v, at(e, "a"), VFS_READ, &why));
    assert_int_equal(why.code, ERR_NOT_FOUND);
    assert_non_null(strstr(why.text, at(e, "a")));
    vfile_close(make(e, "a", "text"));
    assert_null(vfs_open(e->v, at(e, "a"), VFS_WRITE | VFS_CREATE | VFS_EXCL, &why));
    assert_int_equal(why.code, ERR_STATE);
    struct vfile *f = vfs_open(e->v, at(e, "a"), VFS_READ, NULL);
    assert_int_equal(vfile_pwrite(f, "x", 1, 0, &why), ERR_IO);
    vfile_close(f);
    assert_text(e, "a", "text");
    vfile_close(vfs_open(e->v, at(e, "a"), VFS_WRITE | VFS_TRUNCATE, NULL));
    assert_text(e, "a", "");
}

static void folders_and_absent_folders_are_no_files(void **state)
{
    struct env *e = *state;
    struct why why;
    assert_null(vfs_open(e->v, e->root, VFS_READ, &why));
    assert_int_equal(why.code, ERR_IO);
    assert_null(vfs_open(e->v, at(e, "no/a"), VFS_WRITE | VFS_CREATE, &why));
    assert_int_equal(why.code, ERR_NOT_FOUND);
    vfile_close(make(e, "a", ""));
    assert_null(vfs_open(e->v, at(e, "a/b"), VFS_WRITE | VFS_CREATE, &why));
    assert_int_equal(why.code, ERR_IO);
    assert_int_equal(vfs_unlink(e->v, e->root, &why), ERR_IO);
    assert_int_equal(vfs_rmdir(e->v, at(e, "a"), &why), ERR_IO);
}

static void a_sparse_gibibyte_costs_little(void **state)
{
    struct env *e = *state;
    const uint64_t gib = 1 << 30;
    struct vfile *f = make(e, "a", "start");
    assert_int_equal(vfile_truncate(f, gib, NULL), OK);
    assert_int_equal(vfile_pwrite(f, "end", 3, gib - 3, NULL), OK);
    struct vfs_stat st;
    assert_int_equal(vfile_stat(f, &st, NULL), OK);
    assert_true(st.size == gib);
    assert_in_range(st.disk_bytes, 1, 1 << 20);
    char got[8];
    assert_int_equal(vfile_pread(f, got, 8, 0, NULL), 8);
    assert_memory_equal(got, "start\0\0\0", 8);
    assert_int_equal(vfile_pread(f, got, 8, gib / 2, NULL), 8);
    assert_memory_equal(got, "\0\0\0\0\0\0\0\0", 8);
    assert_int_equal(vfile_pread(f, got, 8, gib - 3, NULL), 3);
    assert_memory_equal(got, "end", 3);
    vfile_close(f);
}

static void what_was_cut_off_comes_back_as_zeros(void **state)
{
    struct env *e = *state;
    struct vfile *f = make(e, "a", "secret");
    assert_int_equal(vfile_truncate(f, 2, NULL), OK);
    assert_int_equal(vfile_truncate(f, 6, NULL), OK);
    char got[6];
    assert_int_equal(vfile_pread(f, got, 6, 0, NULL), 6);
    assert_memory_equal(got, "se\0\0\0\0", 6);
    vfile_close(f);
}

static void a_folder_lists_its_names_by_bytes(void **state)
{
    struct env *e = *state;
    const char *const names[] = {"b", "B", "\xc3\xa9", "a", "aa"};
    const char *const sorted[] = {"B", "a", "aa", "b", "\xc3\xa9"};
    for (size_t i = 0; i < 5; i++)
        vfile_close(make(e, names[i], ""));
    char **got;
    size_t n;
    assert_int_equal(vfs_list(e->v, e->root, &got, &n, NULL), OK);
    assert_int_equal(n, 5);
    for (size_t i = 0; i < n; i++)
        assert_string_equal(got[i], sorted[i]);
    vfs_list_free(got, n);
    assert_int_equal(vfs_list(e->v, at(e, "no"), &got, &n, NULL), ERR_NOT_FOUND);
    assert_int_equal(vfs_list(e->v, at(e, "a"), &got, &n, NULL), ERR_IO);
}

static void folders_are_made_as_deep_as_asked(void **state)
{
    struct env *e = *state;
    assert_int_equal(vfs_mkdirs(e->v, at(e, "x/y/z/"), 0700, NULL), OK);
    assert_int_equal(vfs_mkdirs(e->v, at(e, "x/y/z"), 0700, NULL), OK); /* again */
    assert_int_equal(vfs_mkdirs(e->v, at(e, "x//y/w"), 0700, NULL), OK);
    struct vfs_stat st;
    assert_int_equal(vfs_stat(e->v, at(e, "x/y/w"), &st, NULL), OK);
    assert_true(st.is_dir);
    vfile_close(make(e, "x/file", ""));
    struct why why;
    assert_int_equal(vfs_mkdirs(e->v, at(e, "x/file"), 0700, &why), ERR_STATE);
    assert_int_not_equal(vfs_mkdirs(e->v, at(e, "x/file/deeper"), 0700, &why), OK);
    assert_int_equal(vfs_rmdir(e->v, at(e, "x/y"), &why), ERR_STATE); /* not empty */
    assert_int_equal(vfs_rmdir(e->v, at(e, "x/y/w"), &why), OK);
    assert_int_equal(vfs_stat(e->v, at(e, "x/y/w"), &st, &why), ERR_NOT_FOUND);
}

static void a_path_of_countless_folders_is_refused(void **state)
{
    struct env *e = *state;
    char deep[1400];
    for (size_t i = 0; i < sizeof deep - 1; i++)
        deep[i] = i % 2 ? '/' : 'd';
    deep[sizeof deep - 1] = '\0';
    struct why why;
    assert_int_equal(vfs_mkdirs(e->v, deep, 0700, &why), ERR_LIMIT);
}

static void rename_replaces_files_but_no_full_folder(void **state)
{
    struct env *e = *state;
    vfile_close(make(e, "a", "one"));
    vfile_close(make(e, "b", "two"));
    assert_int_equal(vfs_rename(e->v, at(e, "a"), at(e, "b"), NULL), OK);
    assert_text(e, "b", "one");
    struct why why;
    assert_int_equal(vfs_rename(e->v, at(e, "a"), at(e, "c"), &why), ERR_NOT_FOUND);
    assert_int_equal(vfs_rename(e->v, at(e, "b"), at(e, "b"), &why), OK);
    assert_int_equal(vfs_mkdirs(e->v, at(e, "d/inner"), 0700, NULL), OK);
    assert_int_equal(vfs_mkdirs(e->v, at(e, "full/inner"), 0700, NULL), OK);
    assert_int_equal(vfs_rename(e->v, at(e, "d"), at(e, "full"), &why), ERR_STATE);
    assert_int_equal(vfs_rename(e->v, at(e, "d"), at(e, "d/inner/d"), &why), ERR_IO);
    assert_int_equal(vfs_rename(e->v, at(e, "b"), at(e, "d/inner/b"), &why), OK);
    assert_int_equal(vfs_rename(e->v, at(e, "d"), at(e, "moved"), &why), OK);
    assert_text(e, "moved/inner/b", "one");
}

static void an_open_file_outlives_its_name(void **state)
{
    struct env *e = *state;
    struct vfile *f = make(e, "a", "still");
    assert_int_equal(vfs_unlink(e->v, at(e, "a"), NULL), OK);
    struct why why;
    assert_int_equal(vfs_unlink(e->v, at(e, "a"), &why), ERR_NOT_FOUND);
    char got[5];
    assert_int_equal(vfile_pread(f, got, 5, 0, NULL), 5);
    assert_memory_equal(got, "still", 5);
    vfile_close(f);
}

static void names_have_a_longest(void **state)
{
    struct env *e = *state;
    char name[300];
    memset(name, 'n', sizeof name);
    name[255] = '\0';
    vfile_close(make(e, name, ""));
    name[255] = 'n', name[256] = '\0';
    struct why why;
    assert_null(vfs_open(e->v, at(e, name), VFS_WRITE | VFS_CREATE, &why));
    assert_int_equal(why.code, ERR_LIMIT);
    assert_non_null(strstr(why.text, "too long")); /* the words fit, however long the path is */
}

static void a_change_changes_the_time(void **state)
{
    struct env *e = *state;
    struct vfile *f = make(e, "a", "x");
    struct vfs_stat before, after;
    assert_int_equal(vfile_stat(f, &before, NULL), OK);
    do { /* the machine's clock has ticks, and two writes may fall into one */
        assert_int_equal(vfile_pwrite(f, "y", 1, 0, NULL), OK);
        assert_int_equal(vfile_stat(f, &after, NULL), OK);
    } while (after.mtime_ns == before.mtime_ns);
    assert_true(after.mtime_ns > before.mtime_ns);
    vfile_close(f);
}

static void a_program_is_made_and_seen_as_one(void **state)
{
    struct env *e = *state;
    struct vfs_stat st;
    vfile_close(make(e, "text", "x"));
    vfile_close(vfs_open(e->v, at(e, "run"), VFS_WRITE | VFS_CREATE | VFS_EXEC, NULL));
    assert_int_equal(vfs_stat(e->v, at(e, "text"), &st, NULL), OK);
    assert_false(st.is_exec);
    assert_int_equal(vfs_stat(e->v, at(e, "run"), &st, NULL), OK);
    assert_true(st.is_exec);
    assert_int_equal(vfs_stat(e->v, e->root, &st, NULL), OK);
    assert_false(st.is_exec); /* a folder is no program */
}

/* The kernel's files say that they have 0 bytes; the boot id, on which it hangs what is believed
 * after a power cut, is one of them. */
static void a_file_without_a_size_is_read_to_its_end(void **state)
{
    (void)state;
    struct buf b = {0};
    struct why why;
    assert_int_equal(vfs_read_all(vfs_os(), "/proc/sys/kernel/random/boot_id", 100, &b, &why), OK);
    assert_int_equal(buf_len(&b), 37); /* a UUID and a newline */
    buf_clear(&b);
    assert_int_equal(vfs_read_all(vfs_os(), "/proc/self/status", 100, &b, &why), ERR_LIMIT);
    buf_done(&b);
}

static void a_whole_file_is_bounded(void **state)
{
    struct env *e = *state;
    vfile_close(make(e, "a", "12345"));
    struct buf b = {0};
    struct why why;
    buf_str(&b, "so far:");
    assert_int_equal(vfs_read_all(e->v, at(e, "a"), 4, &b, &why), ERR_LIMIT);
    assert_int_equal(vfs_read_all(e->v, at(e, "no"), 4, &b, NULL), ERR_NOT_FOUND);
    assert_int_equal(vfs_read_all(e->v, at(e, "a"), 5, &b, &why), OK);
    assert_int_equal(buf_len(&b), 12);
    assert_memory_equal(buf_bytes(&b), "so far:12345", 12);
    buf_done(&b);
}

static void replace_leaves_the_new_and_nothing_else(void **state)
{
    struct env *e = *state;
    assert_int_equal(vfs_replace(e->v, at(e, "a"), "old", 3, 0, NULL), OK);
    vfile_close(make(e, "a.tmp", "left behind by a crash"));
    assert_int_equal(vfs_replace(e->v, at(e, "a"), "new", 3, VFS_PRIVATE, NULL), OK);
    assert_text(e, "a", "new");
    char **names;
    size_t n;
    assert_int_equal(vfs_list(e->v, e->root, &names, &n, NULL), OK);
    assert_int_equal(n, 1);
    vfs_list_free(names, n);
    struct why why;
    assert_int_equal(vfs_replace(e->v, at(e, "no/a"), "new", 3, 0, &why), ERR_NOT_FOUND);
}

static void only_one_holds_the_lock_and_the_other_learns_who(void **state)
{
    struct env *e = *state;
    struct vfile *first, *second;
    struct why why;
    assert_int_equal(vfs_lock(e->v, at(e, "lock"), &first, &why), OK);
    assert_int_equal(vfs_lock(e->v, at(e, "lock"), &second, &why), ERR_STATE);
    assert_null(second);
    char *said = mem_printf("%s is held by process %ld", at(e, "lock"), (long)getpid());
    assert_string_equal(why.text, said);
    free(said);
    vfile_close(first);
    assert_int_equal(vfs_lock(e->v, at(e, "lock"), &second, &why), OK);
    vfile_close(second);
}

static void there_is_room_on_the_disk(void **state)
{
    struct env *e = *state;
    uint64_t n = 0;
    assert_int_equal(vfs_free_bytes(e->v, e->root, &n, NULL), OK);
    assert_true(n > 0);
    struct why why;
    assert_int_equal(vfs_free_bytes(e->v, at(e, "no"), &n, &why), ERR_NOT_FOUND);
    assert_int_equal(vfs_sync_dir(e->v, e->root, &why), OK);
    assert_int_equal(vfs_sync_dir(e->v, at(e, "no"), &why), ERR_NOT_FOUND);
}

static void links_are_seen_and_not_followed_when_asked(void **state)
{
    struct env *e = *state;
    vfile_close(make(e, "a", "text"));
    assert_int_equal(symlink("a", at(e, "link")), 0);
    struct vfs_stat st;
    assert_int_equal(vfs_stat(e->v, at(e, "link"), &st, NULL), OK);
    assert_true(st.is_symlink);
    assert_text(e, "link", "text");
    struct why why;
    assert_null(vfs_open(e->v, at(e, "link"), VFS_READ | VFS_NOFOLLOW, &why));
    assert_int_equal(why.code, ERR_DENIED);
    assert_int_equal(mkdir(at(e, "real"), 0700), 0);
    assert_int_equal(symlink("real", at(e, "linked")), 0);
    assert_int_equal(vfs_mkdirs(e->v, at(e, "linked"), 0700, &why), OK);
    assert_int_equal(vfs_mkdirs(e->v, at(e, "linked/in"), 0700, &why), OK);
}

static void a_folder_is_found_once_and_its_names_opened(void **state)
{
    struct env *e = *state;
    struct why why;
    struct vfs_stat st;
    assert_int_equal(vfs_mkdirs(e->v, at(e, "a/b"), 0700, &why), OK);
    vfile_close(make(e, "a/b/c", "text"));
    struct vfolder *top = vfs_folder(e->v, e->root);
    assert_null(vfolder_enter(top, "a/x", &why));
    assert_int_equal(why.code, ERR_NOT_FOUND);
    assert_null(vfolder_enter(top, "a/b/c", &why));
    assert_int_equal(why.code, ERR_DENIED);
    struct vfolder *d = vfolder_enter(top, "a/b", &why);
    vfolder_close(top);
    assert_int_equal(vfolder_stat(d, "c", &st, &why), OK);
    assert_int_equal(st.size, 4);
    struct vfile *f = vfolder_open(d, "new", VFS_WRITE | VFS_CREATE | VFS_EXCL, &why);
    assert_non_null(f);
    vfile_close(f);
    assert_text(e, "a/b/new", "");
    assert_null(vfolder_open(d, "c", VFS_WRITE | VFS_CREATE | VFS_EXCL, &why));
    assert_int_equal(why.code, ERR_STATE);
    vfolder_close(d);
}

static void no_link_is_followed_below_a_folder(void **state)
{
    struct env *e = *state;
    struct why why;
    struct vfs_stat st;
    assert_int_equal(vfs_mkdirs(e->v, at(e, "real/deep"), 0700, &why), OK);
    assert_int_equal(symlink("real", at(e, "link")), 0);
    struct vfolder *top = vfs_folder(e->v, e->root);
    assert_null(vfolder_enter(top, "link/deep", &why));
    assert_int_equal(why.code, ERR_DENIED);
    vfolder_close(top);
    /* The folder to begin with is the owner's choice. */
    top = vfs_folder(e->v, at(e, "link"));
    struct vfolder *d = vfolder_enter(top, "deep", &why);
    vfolder_close(top);
    assert_non_null(d);
    assert_int_equal(symlink("x", at(e, "real/deep/x")), 0);
    assert_null(vfolder_open(d, "x", VFS_READ, &why));
    assert_int_equal(why.code, ERR_DENIED);
    assert_int_equal(vfolder_stat(d, "x", &st, &why), OK);
    assert_true(st.is_symlink);
    vfolder_close(d);
}

static void a_private_file_is_ours_alone_and_a_pipe_is_none(void **state)
{
    struct env *e = *state;
    vfile_close(make(e, "key.tmp", "of another mode"));
    assert_int_equal(vfs_replace(e->v, at(e, "key"), "k", 1, VFS_PRIVATE, NULL), OK);
    struct stat st;
    assert_int_equal(stat(at(e, "key"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(mkfifo(at(e, "pipe"), 0600), 0);
    struct why why;
    assert_null(vfs_open(e->v, at(e, "pipe"), VFS_READ, &why)); /* and does not wait */
    assert_int_equal(why.code, ERR_IO);
}

#define ON_OS(test)                                                                                \
    {                                                                                              \
#test " (os)", test, with_os, without, NULL                                                \
    }
#define ON_BOTH(test)                                                                              \
    ON_OS(test),                                                                                   \
    {                                                                                              \
#test " (mem)", test, with_mem, without, NULL                                              \
    }

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(reads_what_was_written_and_no_more),
        ON_BOTH(pieces_are_written_in_order_also_empty_ones),
        ON_BOTH(flags_mean_what_they_say),
        ON_BOTH(folders_and_absent_folders_are_no_files),
        ON_BOTH(a_sparse_gibibyte_costs_little),
        ON_BOTH(what_was_cut_off_comes_back_as_zeros),
        ON_BOTH(a_folder_lists_its_names_by_bytes),
        ON_BOTH(folders_are_made_as_deep_as_asked),
        ON_BOTH(a_path_of_countless_folders_is_refused),
        ON_BOTH(rename_replaces_files_but_no_full_folder),
        ON_BOTH(an_open_file_outlives_its_name),
        ON_BOTH(names_have_a_longest),
        ON_BOTH(a_change_changes_the_time),
        ON_BOTH(a_program_is_made_and_seen_as_one),
        ON_BOTH(a_whole_file_is_bounded),
        ON_BOTH(replace_leaves_the_new_and_nothing_else),
        ON_BOTH(only_one_holds_the_lock_and_the_other_learns_who),
        ON_BOTH(there_is_room_on_the_disk),
        ON_BOTH(a_folder_is_found_once_and_its_names_opened),
        ON_OS(no_link_is_followed_below_a_folder),
        ON_OS(a_file_without_a_size_is_read_to_its_end),
        ON_OS(links_are_seen_and_not_followed_when_asked),
        ON_OS(a_private_file_is_ours_alone_and_a_pipe_is_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
