#include "files/disk/diskpath.h"

#include "base/mem.h"

#include "base/test.h"

#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The machine's own files, since the disk in memory has no links: DIR/in is the torrent's folder,
 * DIR/out is where nothing may be written. */
struct place {
    char dir[32], in[40], out[40];
};

static void place_init(struct place *p)
{
    snprintf(p->dir, sizeof p->dir, "/tmp/shoal_path_XXXXXX");
    assert_non_null(mkdtemp(p->dir));
    snprintf(p->in, sizeof p->in, "%s/in", p->dir);
    snprintf(p->out, sizeof p->out, "%s/out", p->dir);
    assert_int_equal(mkdir(p->in, 0700), 0);
    assert_int_equal(mkdir(p->out, 0700), 0);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
    (void)st;
    (void)type;
    (void)at;
    return remove(path);
}

static void place_done(struct place *p)
{
    assert_int_equal(nftw(p->dir, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static bool out_is_empty(const struct place *p)
{
    return rmdir(p->out) == 0 && mkdir(p->out, 0700) == 0;
}

static void link_in(const struct place *p, const char *name, const char *to)
{
    char *at = diskpath_join(p->in, name);
    assert_int_equal(symlink(to, at), 0);
    free(at);
}

static void folders_are_made_on_the_way(void **state)
{
    (void)state;
    struct place p;
    place_init(&p);
    struct why why;
    assert_null(diskpath_open(vfs_os(), p.in, "a/b/c", VFS_WRITE, &why));
    assert_int_equal(why.code, ERR_NOT_FOUND);
    struct vfile *f = diskpath_open(vfs_os(), p.in, "a/b/c", VFS_WRITE | VFS_CREATE, &why);
    assert_non_null(f);
    vfile_close(f);
    struct vfs_stat st;
    assert_int_equal(diskpath_stat(vfs_os(), p.in, "a/b/c", &st, NULL), OK);
    place_done(&p);
}

static void no_symlink_below_the_folder_is_followed(void **state)
{
    (void)state;
    static const char *const paths[] = {"link", "link/x", "sub/link/x", "sub/link/deep/er/x"};
    for (size_t i = 0; i < 4; i++) {
        struct place p;
        place_init(&p);
        struct vfile *f = diskpath_open(vfs_os(), p.in, "sub/y", VFS_WRITE | VFS_CREATE, NULL);
        vfile_close(f);
        char *target = i == 0 ? diskpath_join(p.out, "x") : mem_strdup(p.out);
        link_in(&p, i < 2 ? "link" : "sub/link", target);
        free(target);
        struct why why = {0};
        assert_null(diskpath_open(vfs_os(), p.in, paths[i], VFS_WRITE | VFS_CREATE, &why));
        assert_int_equal(why.code, ERR_DENIED);
        assert_non_null(strstr(why.text, "link"));
        struct vfs_stat st;
        assert_int_equal(diskpath_stat(vfs_os(), p.in, paths[i], &st, NULL), ERR_DENIED);
        assert_true(out_is_empty(&p));
        place_done(&p);
    }
}

static void the_owners_own_folder_may_be_a_symlink(void **state)
{
    (void)state;
    struct place p;
    place_init(&p);
    link_in(&p, "disk2", p.out);
    char *dir = diskpath_join(p.in, "disk2");
    struct vfile *f = diskpath_open(vfs_os(), dir, "t/x", VFS_WRITE | VFS_CREATE, NULL);
    assert_non_null(f);
    vfile_close(f);
    free(dir);
    place_done(&p);
}

static void a_file_where_a_folder_should_be_is_refused(void **state)
{
    (void)state;
    struct place p;
    place_init(&p);
    vfile_close(diskpath_open(vfs_os(), p.in, "a", VFS_WRITE | VFS_CREATE, NULL));
    struct why why = {0};
    assert_null(diskpath_open(vfs_os(), p.in, "a/b", VFS_WRITE | VFS_CREATE, &why));
    assert_int_equal(why.code, ERR_DENIED);
    assert_non_null(strstr(why.text, "is no folder"));
    place_done(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(folders_are_made_on_the_way),
        cmocka_unit_test(no_symlink_below_the_folder_is_followed),
        cmocka_unit_test(the_owners_own_folder_may_be_a_symlink),
        cmocka_unit_test(a_file_where_a_folder_should_be_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
