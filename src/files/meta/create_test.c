#include "files/meta/create.h"

#include "base/mem.h"
#include "files/meta/create_walk.h"
#include "sim/sim.h"

#include "base/test.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

struct kit {
    struct sim *sim;
    struct loop *loop;
    struct vfs *mem;
    unsigned done, progressed;
    uint64_t hashed, total;
    struct metainfo *mi; /* what came out */
    unsigned skipped;
    struct why why;
};

static void kit_init(struct kit *k)
{
    *k = (struct kit){.sim = sim_new(1), .mem = vfs_mem_new()};
    struct sim_node *n = sim_node_add(k->sim, "ann", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0});
    k->loop = sim_node_loop(n);
}

static void kit_done(struct kit *k)
{
    sim_run_for(k->sim, 10 * SEC);
    sim_free(k->sim);
    vfs_free(k->mem);
    metainfo_free(k->mi);
}

static void put_file(struct kit *k, const char *path, const void *bytes, size_t n)
{
    char dir[200];
    snprintf(dir, sizeof dir, "%s", path);
    *strrchr(dir, '/') = '\0';
    assert_int_equal(vfs_mkdirs(k->mem, dir, 0777, NULL), OK);
    struct vfile *f = vfs_open(k->mem, path, VFS_WRITE | VFS_CREATE | VFS_TRUNCATE, NULL);
    assert_non_null(f);
    assert_int_equal(vfile_pwrite(f, bytes, n, 0, NULL), OK);
    vfile_close(f);
}

static void on_progress(void *arg, uint64_t done, uint64_t total)
{
    struct kit *k = arg;
    k->progressed++;
    assert_true(done >= k->hashed && done <= total);
    k->hashed = done;
    k->total = total;
}

static void on_done(void *arg, struct cur torrent, struct metainfo *mi, unsigned skipped,
                    const struct why *why)
{
    struct kit *k = arg;
    k->done++;
    k->skipped = skipped;
    k->why = *why;
    assert_int_equal(mi != NULL, torrent.n > 0);
    metainfo_free(mi);
    if (torrent.n > 0) { /* as others read it */
        k->mi = metainfo_parse(torrent, NULL);
        assert_non_null(k->mi);
    }
}

static struct create_cfg cfg_of(struct kit *k, const char *path, uint32_t piece_len)
{
    return (struct create_cfg){.loop = k->loop,
                               .vfs = k->mem,
                               .path = path,
                               .piece_len = piece_len,
                               .comment = "",
                               .created_by = "test"};
}

static void run(struct kit *k, const char *path, uint32_t piece_len)
{
    struct create_cfg cfg = cfg_of(k, path, piece_len);
    create_start(&cfg, on_progress, on_done, k);
    assert_int_equal(k->done, 0);
    sim_run_for(k->sim, 60 * SEC);
    assert_int_equal(k->done, 1);
}

/* What the tree of a hundred files holds: file i, of len[i] bytes, in the order of its name. */
static size_t tree_len(unsigned i)
{
    return i % 10 == 0 ? 0 : i * 137;
}

/* The info dictionary is put together here a second time, from the specification. */
static void a_tree_of_a_hundred_files_has_the_infohash_that_bep_3_says(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    struct buf stream = {0}, info = {0};
    buf_str(&info, "d5:filesl");
    /* Made in falling order; "d0/f00", "d0/f01", .. "d9/f99" rise by bytes. */
    for (unsigned i = 100; i-- > 0;) {
        char path[100];
        uint8_t bytes[100 * 137];
        memset(bytes, (int)i + 1, sizeof bytes);
        snprintf(path, sizeof path, "/home/ann/tree/d%u/f%02u", i / 10, i);
        put_file(&k, path, bytes, tree_len(i));
    }
    for (unsigned i = 0; i < 100; i++) {
        uint8_t bytes[100 * 137];
        memset(bytes, (int)i + 1, sizeof bytes);
        buf_put(&stream, bytes, tree_len(i));
        buf_printf(&info, "d6:lengthi%zue4:pathl2:d%u3:f%02uee", tree_len(i), i / 10, i);
    }
    size_t total = buf_len(&stream), pieces = (total + 32767) / 32768;
    buf_printf(&info, "e4:name4:tree12:piece lengthi32768e6:pieces%zu:", pieces * SHA1_LEN);
    for (size_t at = 0; at < total; at += 32768) {
        uint8_t digest[SHA1_LEN];
        sha1(buf_bytes(&stream) + at, total - at < 32768 ? total - at : 32768, digest);
        buf_put(&info, digest, SHA1_LEN);
    }
    buf_str(&info, "e");

    run(&k, "/home/ann/tree/", 32768);
    assert_non_null(k.mi);
    assert_int_equal(k.mi->info.n, buf_len(&info));
    assert_memory_equal(k.mi->info.p, buf_bytes(&info), buf_len(&info));
    uint8_t infohash[SHA1_LEN];
    sha1(buf_bytes(&info), buf_len(&info), infohash);
    assert_memory_equal(k.mi->infohash, infohash, SHA1_LEN);
    assert_true(k.progressed > 0);
    assert_int_equal(k.hashed, total);
    assert_int_equal(k.total, total);
    assert_int_equal(k.skipped, 0);
    buf_done(&stream);
    buf_done(&info);
    kit_done(&k);
}

static void one_file_is_a_torrent_by_itself(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    put_file(&k, "/home/ann/x.txt", "hello", 5);
    const char *trackers[] = {"udp://a.example:1", "udp://b.example:2"};
    struct create_cfg cfg = cfg_of(&k, "/home/ann/x.txt", 0);
    cfg.trackers = trackers;
    cfg.tracker_count = 2;
    cfg.private_ = true;
    cfg.comment = "a word";
    cfg.created_s = 1234;
    create_start(&cfg, NULL, on_done, &k);
    trackers[0] = "copied before";
    sim_run_for(k.sim, 1 * SEC);
    assert_non_null(k.mi);
    assert_false(k.mi->multi);
    assert_string_equal(k.mi->files[0].path, "x.txt");
    assert_int_equal(k.mi->piece_len, 16384);
    uint8_t digest[SHA1_LEN];
    sha1("hello", 5, digest);
    assert_memory_equal(k.mi->pieces, digest, SHA1_LEN);
    assert_true(k.mi->private_);
    assert_string_equal(k.mi->comment, "a word");
    assert_int_equal(k.mi->created_s, 1234);
    assert_int_equal(k.mi->tracker_count, 2);
    assert_string_equal(k.mi->trackers[0].url, "udp://a.example:1");
    assert_int_equal(k.mi->trackers[1].tier, 1);
    kit_done(&k);
}

static void a_file_that_changes_while_it_is_hashed_is_refused(void **state)
{
    (void)state;
    for (unsigned how = 0; how < 4; how++) {
        struct kit k;
        kit_init(&k);
        uint8_t bytes[100000] = {1};
        put_file(&k, "/home/ann/t/a", bytes, sizeof bytes);
        put_file(&k, "/home/ann/t/b", bytes, sizeof bytes);
        struct create_cfg cfg = cfg_of(&k, "/home/ann/t", 16384);
        create_start(&cfg, on_progress, on_done, &k);
        sim_run_for(k.sim, 450); /* walked, and being read */
        assert_int_equal(k.done, 0);
        struct vfile *f = vfs_open(k.mem, "/home/ann/t/b", VFS_WRITE, NULL);
        if (how == 0)
            assert_int_equal(vfile_pwrite(f, "x", 1, 99999, NULL), OK);
        else if (how == 1)
            assert_int_equal(vfile_pwrite(f, "x", 1, 100000, NULL), OK);
        else if (how == 2)
            assert_int_equal(vfile_truncate(f, 50000, NULL), OK);
        else
            assert_int_equal(vfs_unlink(k.mem, "/home/ann/t/b", NULL), OK);
        vfile_close(f);
        sim_run_for(k.sim, 1 * SEC);
        assert_int_equal(k.done, 1);
        assert_null(k.mi);
        assert_int_equal(k.why.code, ERR_STATE);
        assert_non_null(strstr(k.why.text, "t/b"));
        assert_non_null(strstr(k.why.text, "changed while it was hashed"));
        kit_done(&k);
    }
}

static void assert_refused(const char *path, enum err code, const char *words)
{
    struct kit k;
    kit_init(&k);
    put_file(&k, "/home/ann/bad\nname", "hello", 5);
    put_file(&k, "/home/ann/case/A", "hello", 5);
    put_file(&k, "/home/ann/case/a", "hello", 5);
    put_file(&k, "/home/ann/void/a", "", 0);
    run(&k, path, 0);
    assert_null(k.mi);
    assert_int_equal(k.why.code, code);
    if (!strstr(k.why.text, words))
        fail_msg("%s", k.why.text);
    kit_done(&k);
}

static void what_cannot_be_shared_is_refused_with_words(void **state)
{
    (void)state;
    assert_refused("/home/ann/none", ERR_NOT_FOUND, "none");
    assert_refused("/home/ann/void", ERR_INVALID, "no bytes in it");
    assert_refused("/home/ann/bad\nname", ERR_INVALID, "rename it");
    assert_refused("/", ERR_INVALID, "no name");
}

static void names_that_only_other_systems_cannot_have_are_shared(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    put_file(&k, "/home/ann/case/A", "hello", 5);
    put_file(&k, "/home/ann/case/a", "world", 5);
    put_file(&k, "/home/ann/case/aux.c", "int x;", 6);
    run(&k, "/home/ann/case", 0);
    assert_non_null(k.mi);
    assert_int_equal(k.mi->file_count, 3);
    kit_done(&k);
}

static void a_piece_length_past_the_limit_is_refused(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    put_file(&k, "/home/ann/x", "hello", 5);
    run(&k, "/home/ann/x", MI_PIECE_MAX + 1);
    assert_int_equal(k.why.code, ERR_LIMIT);
    kit_done(&k);
}

static void cancelled_at_any_moment_it_is_silent(void **state)
{
    (void)state;
    for (uint64_t us = 0; us < 2000; us += 50) {
        struct kit k;
        kit_init(&k);
        uint8_t bytes[100000] = {1};
        put_file(&k, "/home/ann/t/a", bytes, sizeof bytes);
        struct create_cfg cfg = cfg_of(&k, "/home/ann/t", 16384);
        struct create *c = create_start(&cfg, NULL, on_done, &k);
        sim_run_for(k.sim, us);
        if (!k.done) {
            create_cancel(c);
            sim_run_for(k.sim, 10 * SEC);
            assert_int_equal(k.done, 0);
        }
        kit_done(&k);
    }
}

/* On the machine's own files, since the disk in memory has no links. */
static void symlinks_and_special_files_are_passed_over_and_counted(void **state)
{
    (void)state;
    char dir[] = "/tmp/shoal_create_XXXXXX", path[200], to[200];
    assert_non_null(mkdtemp(dir));
    snprintf(path, sizeof path, "%s/file", dir);
    FILE *f = fopen(path, "w");
    fputs("hello", f);
    fclose(f);
    snprintf(to, sizeof to, "%s/link", dir);
    assert_int_equal(symlink(path, to), 0);
    snprintf(path, sizeof path, "%s/pipe", dir);
    assert_int_equal(mkfifo(path, 0600), 0);
    struct arena *a = arena_new();
    struct walked w;
    assert_int_equal(create_walk(vfs_os(), "/tmp", dir + 5, a, &w, NULL), OK);
    assert_int_equal(w.count, 1);
    assert_int_equal(w.skipped, 2);
    walked_done(&w);
    struct why why;
    snprintf(path, sizeof path, "%s/link", dir + 5);
    assert_int_equal(create_walk(vfs_os(), "/tmp", path, a, &w, &why), ERR_INVALID);
    assert_non_null(strstr(why.text, "symlink"));
    walked_done(&w);
    arena_free(a);
    unlink(to);
    snprintf(path, sizeof path, "%s/pipe", dir);
    unlink(path);
    snprintf(path, sizeof path, "%s/file", dir);
    unlink(path);
    assert_int_equal(rmdir(dir), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_tree_of_a_hundred_files_has_the_infohash_that_bep_3_says),
        cmocka_unit_test(one_file_is_a_torrent_by_itself),
        cmocka_unit_test(a_file_that_changes_while_it_is_hashed_is_refused),
        cmocka_unit_test(what_cannot_be_shared_is_refused_with_words),
        cmocka_unit_test(names_that_only_other_systems_cannot_have_are_shared),
        cmocka_unit_test(a_piece_length_past_the_limit_is_refused),
        cmocka_unit_test(cancelled_at_any_moment_it_is_silent),
        cmocka_unit_test(symlinks_and_special_files_are_passed_over_and_counted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
