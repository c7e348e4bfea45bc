/* A folder whose .torrent files are added. */
#include "files/owner/watch.h"

#include "base/mem.h"
#include "base/test.h"
#include "crypto/base64.h"
#include "files/files.h"
#include "support/sim_node.h"

#include <stdlib.h>
#include <string.h>

static const char *const watching[] = {"files.watch=/watch", NULL};

static bool exists(struct node *n, const char *path)
{
    struct vfs_stat st;
    return vfs_stat(n->disk, path, &st, NULL) == OK;
}

static size_t torrents(struct node *n)
{
    json_t *list = node_call(n, "file.ls", NULL, NULL);
    size_t count = json_array_size(list);
    json_decref(list);
    return count;
}

/* The .torrent of something that ann shares. */
static struct buf make_torrent(struct node *ann)
{
    node_write(ann, "/stuff/a.bin", "hello", 5);
    json_t *r = node_call(ann, "file.add", json_pack("{s:s}", "path", "/stuff/a.bin"), NULL);
    json_t *added = node_job(ann, json_string_value(json_object_get(r, "job")));
    json_t *file =
        node_call(ann, "file.export",
                  json_pack("{s:s}", "id", json_string_value(json_object_get(added, "id"))), NULL);
    const char *text = json_string_value(json_object_get(file, "torrent"));
    struct buf b = {0};
    assert_true(base64_decode(&b, text, strlen(text)));
    json_decref(r);
    json_decref(added);
    json_decref(file);
    return b;
}

struct world {
    struct sim *sim;
    struct node *ann, *bob;
    struct buf torrent;
};

static struct world world_new(void)
{
    struct world w = {.sim = sim_new(1)};
    w.ann = node_new(w.sim, "ann", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0});
    w.bob = node_new(w.sim, "bob", addr_v4(10, 0, 0, 2, 0), (struct sim_link){0});
    node_start(w.ann, &files_app, NULL);
    w.torrent = make_torrent(w.ann);
    node_write(w.bob, "/watch/readme", "x", 1);
    node_start(w.bob, &files_app, watching);
    return w;
}

static void world_free(struct world *w)
{
    node_free(w->ann);
    node_free(w->bob);
    sim_free(w->sim);
    buf_done(&w->torrent);
}

static void put(struct world *w, const char *path)
{
    node_write(w->bob, path, buf_bytes(&w->torrent), buf_len(&w->torrent));
}

static void what_appears_is_added_and_renamed(void **state)
{
    (void)state;
    struct world w = world_new();
    put(&w, "/watch/a.torrent");
    put(&w, "/watch/folder.torrent/b.torrent");
    put(&w, "/watch/.hidden.torrent");
    sim_run_for(w.sim, 30 * SEC);
    assert_int_equal(torrents(w.bob), 1);
    assert_false(exists(w.bob, "/watch/a.torrent"));
    assert_true(exists(w.bob, "/watch/a.torrent.added"));
    assert_true(exists(w.bob, "/watch/folder.torrent/b.torrent"));
    assert_true(exists(w.bob, "/watch/.hidden.torrent"));
    put(&w, "/watch/again.TORRENT");
    sim_run_for(w.sim, 30 * SEC);
    assert_int_equal(torrents(w.bob), 1);
    assert_true(exists(w.bob, "/watch/again.TORRENT.added"));
    world_free(&w);
}

static void what_is_none_is_renamed_too(void **state)
{
    (void)state;
    struct world w = world_new();
    node_write(w.bob, "/watch/bad.torrent", "d4:infoi1ee", 11);
    sim_run_for(w.sim, 30 * SEC);
    assert_int_equal(torrents(w.bob), 0);
    assert_true(exists(w.bob, "/watch/bad.torrent.invalid"));
    world_free(&w);
}

static void a_file_that_is_being_written_is_left_alone(void **state)
{
    (void)state;
    struct world w = world_new();
    for (size_t n = 1; n < 6; n++) {
        node_write(w.bob, "/watch/a.torrent", buf_bytes(&w.torrent), buf_len(&w.torrent) - 10 + n);
        sim_run_for(w.sim, 4 * SEC);
        assert_true(exists(w.bob, "/watch/a.torrent"));
    }
    put(&w, "/watch/a.torrent");
    sim_run_for(w.sim, 30 * SEC);
    assert_int_equal(torrents(w.bob), 1);
    world_free(&w);
}

static void a_crash_forgets_none(void **state)
{
    (void)state;
    for (uint64_t ms = 9000; ms < 17000; ms += 500) {
        struct world w = world_new();
        put(&w, "/watch/a.torrent");
        sim_run_for(w.sim, ms * MSEC);
        node_crash(w.bob);
        node_write(w.bob, "/watch/readme", "x", 1);
        node_start(w.bob, &files_app, watching);
        sim_run_for(w.sim, 30 * SEC);
        if (exists(w.bob, "/watch/a.torrent.added"))
            assert_int_equal(torrents(w.bob), 1);
        world_free(&w);
    }
}

static void a_folder_that_is_not_there_may_come(void **state)
{
    (void)state;
    struct world w = world_new();
    node_stop(w.bob);
    node_start(w.bob, &files_app, (const char *const[]){"files.watch=/later", NULL});
    sim_run_for(w.sim, 20 * SEC);
    put(&w, "/later/a.torrent");
    sim_run_for(w.sim, 30 * SEC);
    assert_int_equal(torrents(w.bob), 1);
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_appears_is_added_and_renamed),
        cmocka_unit_test(what_is_none_is_renamed_too),
        cmocka_unit_test(a_file_that_is_being_written_is_left_alone),
        cmocka_unit_test(a_crash_forgets_none),
        cmocka_unit_test(a_folder_that_is_not_there_may_come),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
