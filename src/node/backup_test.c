#include "node/backup.h"

#include "base/mem.h"
#include "base/test.h"
#include "core/keys.h"
#include "store/db.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NTH_MAX = 200 };

struct world {
    char root[64];
    char *home, *other, *file;
    struct vfs *fault; /* in front of the machine's files */
};

static void put(const char *dir, const char *name, const char *text)
{
    char *path = mem_printf("%s/%s", dir, name);
    assert_int_equal(vfs_mkdirs(vfs_os(), dir, 0700, NULL), OK);
    assert_int_equal(vfs_replace(vfs_os(), path, text, strlen(text), 0, NULL), OK);
    free(path);
}

static bool has(const char *dir, const char *name, const char *text)
{
    char *path = mem_printf("%s/%s", dir, name);
    struct buf b = {0};
    bool same = vfs_read_all(vfs_os(), path, 1000, &b, NULL) == OK && buf_len(&b) == strlen(text) &&
                memcmp(buf_bytes(&b), text, strlen(text)) == 0;
    buf_done(&b);
    free(path);
    return same;
}

static void make_home(const char *home)
{
    static const uint8_t entropy[16] = {7};
    static const struct migration m[] = {{"words", "CREATE TABLE word (text TEXT)"}};
    struct keys *k = keys_of_entropy(entropy, sizeof entropy);
    char *data = mem_printf("%s/data", home), *torrents = mem_printf("%s/torrents", data);
    char *path = mem_printf("%s/files.db", data);
    put(home, "shoal.conf", "[files]\n");
    put(data, "policy.json", "{}");
    put(torrents, "a.torrent", "de");
    put(torrents, "b.resume", "bytes");
    assert_int_equal(keys_save(k, vfs_os(), data, NULL), OK);
    struct db *db = db_open(path, m, 1, NULL);
    assert_non_null(db);
    assert_int_equal(db_exec(db, "INSERT INTO word VALUES ('kept')", NULL), OK);
    db_close(db);
    keys_free(k);
    free(path);
    free(torrents);
    free(data);
}

static void world_new(struct world *w)
{
    snprintf(w->root, sizeof w->root, "/tmp/shoal-backup-XXXXXX");
    assert_non_null(mkdtemp(w->root));
    w->home = mem_printf("%s/home", w->root);
    w->other = mem_printf("%s/other", w->root);
    w->file = mem_printf("%s/backup.tar", w->root);
    w->fault = vfs_fault_new(vfs_os());
    make_home(w->home);
}

static void remove_tree(const char *dir)
{
    char **names;
    size_t n;
    assert_int_equal(vfs_list(vfs_os(), dir, &names, &n, NULL), OK);
    for (size_t i = 0; i < n; i++) {
        struct vfs_stat st;
        char *path = mem_printf("%s/%s", dir, names[i]);
        assert_int_equal(vfs_stat(vfs_os(), path, &st, NULL), OK);
        if (st.is_dir)
            remove_tree(path);
        else
            assert_int_equal(vfs_unlink(vfs_os(), path, NULL), OK);
        free(path);
    }
    vfs_list_free(names, n);
    assert_int_equal(vfs_rmdir(vfs_os(), dir, NULL), OK);
}

static void world_free(struct world *w)
{
    remove_tree(w->root);
    vfs_free(w->fault);
    free(w->home);
    free(w->other);
    free(w->file);
}

/* The other home is the first, all of it. */
static bool is_restored(const struct world *w)
{
    char *data = mem_printf("%s/data", w->other), *torrents = mem_printf("%s/torrents", data);
    char *path = mem_printf("%s/files.db", data), *from = mem_printf("%s/data", w->home);
    struct keys *k = keys_load(vfs_os(), data, NULL), *was = keys_load(vfs_os(), from, NULL);
    bool all = k && strcmp(keys_peer_id(k), keys_peer_id(was)) == 0 &&
               has(w->other, "shoal.conf", "[files]\n") && has(data, "policy.json", "{}") &&
               has(torrents, "a.torrent", "de") && has(torrents, "b.resume", "bytes");
    struct db *db = all ? db_open(path, NULL, 1, NULL) : NULL;
    struct db_stmt *q = db ? db_prepare(db, "SELECT text FROM word") : NULL;
    all = q && db_step(q, NULL) == DB_ROW && strcmp(db_text(q, 0), "kept") == 0;
    if (q)
        db_finish(q);
    db_close(db);
    keys_free(k);
    keys_free(was);
    free(data);
    free(torrents);
    free(path);
    free(from);
    return all;
}

static void a_backup_makes_the_same_home_elsewhere(void **state)
{
    (void)state;
    struct world w;
    struct why why;
    unsigned members = 0;
    world_new(&w);
    assert_int_equal(backup_create(vfs_os(), w.home, w.file, &why), OK);
    assert_int_equal(backup_create(vfs_os(), w.home, w.file, &why), ERR_STATE); /* never over one */
    assert_int_equal(backup_check(vfs_os(), w.file, &members, &why), OK);
    assert_int_equal(members, 6);
    assert_int_equal(backup_restore(vfs_os(), w.home, w.file, &why), ERR_STATE);
    assert_int_equal(backup_restore(vfs_os(), w.other, w.file, &why), OK);
    assert_true(is_restored(&w));
    world_free(&w);
}

static void each_changed_byte_and_each_cut_is_found(void **state)
{
    (void)state;
    struct world w;
    struct why why;
    struct buf b = {0};
    unsigned members;
    world_new(&w);
    assert_int_equal(backup_create(vfs_os(), w.home, w.file, &why), OK);
    assert_int_equal(vfs_read_all(vfs_os(), w.file, 1000000, &b, &why), OK);
    struct vfs *mem = vfs_mem_new();
    for (size_t i = 0; i < buf_len(&b); i += 509) {
        assert_int_equal(vfs_replace(mem, "/cut", buf_bytes(&b), i, 0, NULL), OK);
        /* The zeros behind the last member are padding. */
        if (backup_check(mem, "/cut", &members, &why) == OK)
            assert_true(i >= buf_len(&b) - 10240);
        else
            assert_true(why.text[0] != '\0');
    }
    vfs_free(mem);
    buf_done(&b);
    world_free(&w);
}

static void a_backup_whose_disk_fails_says_so_and_leaves_none(void **state)
{
    (void)state;
    bool hit = true;
    for (uint64_t nth = 1; hit; nth++) {
        struct world w;
        struct why why = {0};
        struct vfs_stat st;
        unsigned members;
        assert_true(nth < NTH_MAX);
        world_new(&w);
        vfs_fault_set(w.fault, VFS_OP_ANY, nth, 1, nth % 2 ? ERR_FULL : ERR_IO);
        bool done = backup_create(w.fault, w.home, w.file, &why) == OK;
        hit = vfs_fault_calls(w.fault, VFS_OP_ANY) >= nth;
        vfs_fault_set(w.fault, VFS_OP_ANY, 0, 0, OK);
        if (!done) {
            assert_true(why.text[0] != '\0');
            if (vfs_stat(vfs_os(), w.file, &st, NULL) != ERR_NOT_FOUND)
                fail_msg("operation %u failed and half a backup is there", (unsigned)nth);
            assert_int_equal(backup_create(w.fault, w.home, w.file, &why), OK);
        }
        assert_int_equal(backup_check(vfs_os(), w.file, &members, &why), OK);
        assert_int_equal(members, 6);
        world_free(&w);
    }
}

static void a_restore_whose_disk_fails_can_be_done_again(void **state)
{
    (void)state;
    bool hit = true;
    for (uint64_t nth = 1; hit; nth++) {
        struct world w;
        struct why why = {0};
        assert_true(nth < NTH_MAX);
        world_new(&w);
        assert_int_equal(backup_create(vfs_os(), w.home, w.file, &why), OK);
        vfs_fault_set(w.fault, VFS_OP_ANY, nth, 1, nth % 2 ? ERR_FULL : ERR_IO);
        bool done = backup_restore(w.fault, w.other, w.file, &why) == OK;
        hit = vfs_fault_calls(w.fault, VFS_OP_ANY) >= nth;
        vfs_fault_set(w.fault, VFS_OP_ANY, 0, 0, OK);
        assert_true(done || why.text[0]);
        if (!done && backup_restore(w.fault, w.other, w.file, &why))
            fail_msg("operation %u failed, and then: %s", (unsigned)nth, why.text);
        assert_true(is_restored(&w));
        world_free(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_backup_makes_the_same_home_elsewhere),
        cmocka_unit_test(each_changed_byte_and_each_cut_is_found),
        cmocka_unit_test(a_backup_whose_disk_fails_says_so_and_leaves_none),
        cmocka_unit_test(a_restore_whose_disk_fails_can_be_done_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
