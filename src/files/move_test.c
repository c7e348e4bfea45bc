/* A torrent's files go to another folder, in the simulator. */
#include "files/box_world_test.h"

#include <stdlib.h>
#include <string.h>

static json_t *call(struct node *n, const char *method, json_t *params)
{
    return node_call(n, method, params, NULL);
}

static void wait_seeding(struct world *w)
{
    assert_true(is_seeding(w) || sim_run_until(w->sim, is_seeding, w, 60 * SEC));
}

static json_t *move_to(struct world *w, const char *dir)
{
    return json_pack("{s:s, s:s}", "id", w->id, "dir", dir);
}

static void it_is_seeded_from_the_new_place(void **state)
{
    (void)state;
    struct world w = world_new();
    json_decref(call(w.ann, "file.move", move_to(&w, "/mnt/big")));
    wait_seeding(&w);
    assert_true(shows(&w, "dir", "/mnt/big"));
    assert_true(is_in(&w, "/mnt/big"));
    assert_false(exists(&w, "/stuff/box"));
    struct node *bob = node_new(w.sim, "bob", addr_v4(10, 0, 0, 2, 0), (struct sim_link){0});
    node_start(bob, &files_app, NULL);
    json_decref(
        call(bob, "file.get", json_pack("{s:s, s:[s]}", "link", w.link, "peer", "10.0.0.1:6881")));
    sim_run_for(w.sim, 20 * SEC);
    assert_true(node_has(bob, "/downloads/box/a.bin", w.bytes, SIZE));
    node_free(bob);
    node_stop(w.ann);
    node_start(w.ann, &files_app, NULL);
    wait_seeding(&w);
    assert_true(shows(&w, "dir", "/mnt/big"));
    world_free(&w);
}

static void to_another_disk_it_is_copied(void **state)
{
    (void)state;
    struct world w = world_new();
    vfs_fault_set(w.ann->gate, VFS_OP_RENAME, 1, 1, ERR_IO); /* as EXDEV */
    uint64_t writes = vfs_fault_calls(w.ann->gate, VFS_OP_WRITE);
    json_decref(call(w.ann, "file.move", move_to(&w, "/mnt/big")));
    wait_seeding(&w);
    assert_true(is_in(&w, "/mnt/big"));
    sim_run_for(w.sim, SEC);
    assert_false(exists(&w, "/stuff/box"));
    assert_false(exists(&w, "/mnt/big/box/a.bin.moving"));
    assert_true(vfs_fault_calls(w.ann->gate, VFS_OP_WRITE) > writes);
    world_free(&w);
}

static bool bob_seeds(void *arg)
{
    struct world *w = arg, as_bob = *w;
    as_bob.ann = w->bob;
    return is_seeding(&as_bob);
}

/* The blocks of unfinished pieces are fetched again. */
static void a_download_goes_on_at_the_new_place(void **state)
{
    (void)state;
    static const struct sim_link slow = {
        .latency_us = 5 * MSEC, .up_rate = 100000, .down_rate = 100000};
    struct world w = world_new();
    w.bob = node_new(w.sim, "bob", addr_v4(10, 0, 0, 2, 0), slow);
    node_start(w.bob, &files_app, NULL);
    json_decref(call(w.bob, "file.get",
                     json_pack("{s:s, s:[s]}", "link", w.link, "peer", "10.0.0.1:6881")));
    for (int i = 0; i < 3; i++) {
        char *dir = mem_printf("/mnt/%d", i);
        sim_run_for(w.sim, 2 * SEC);
        json_decref(call(w.bob, "file.move", move_to(&w, dir)));
        free(dir);
    }
    assert_false(bob_seeds(&w));
    assert_true(sim_run_until(w.sim, bob_seeds, &w, 120 * SEC));
    assert_true(node_has(w.bob, "/mnt/2/box/a.bin", w.bytes, SIZE));
    node_free(w.bob);
    world_free(&w);
}

static void nothing_is_overwritten(void **state)
{
    (void)state;
    struct world w = world_new();
    json_t *error = NULL;
    node_write(w.ann, "/mnt/big/box/b/c.bin", "mine", 4);
    assert_null(node_call(w.ann, "file.move", move_to(&w, "/mnt/big"), &error));
    assert_string_equal(json_string_value(json_object_get(error, "code")), "file.not_moved");
    json_decref(error);
    wait_seeding(&w);
    assert_true(is_in(&w, "/stuff"));
    assert_true(node_has(w.ann, "/mnt/big/box/b/c.bin", "mine", 4));
    assert_false(exists(&w, "/mnt/big/box/a.bin"));
    world_free(&w);
}

static void a_full_disk_puts_all_back(void **state)
{
    (void)state;
    struct world w = world_new();
    json_t *error = NULL;
    vfs_fault_set(w.ann->gate, VFS_OP_RENAME, 2, 1, ERR_IO);
    vfs_fault_set(w.ann->gate, VFS_OP_WRITE, 1, 1, ERR_FULL);
    assert_null(node_call(w.ann, "file.move", move_to(&w, "/mnt/big"), &error));
    json_decref(error);
    wait_seeding(&w);
    assert_true(is_in(&w, "/stuff"));
    assert_false(exists(&w, "/mnt/big/box/a.bin"));
    world_free(&w);
}

/* At each file operation the machine dies; with and without a second disk. */
static void a_kill_in_the_middle_goes_on_at_the_start(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 40; nth += 3) {
        for (int disks = 1; disks <= 2; disks++) {
            struct world w = world_new();
            json_t *error = NULL;
            if (disks == 2)
                vfs_fault_set(w.ann->gate, VFS_OP_RENAME, 1, 1, ERR_IO);
            vfs_fault_set(w.ann->gate, VFS_OP_ANY, nth, 0, ERR_IO);
            json_t *r = node_call(w.ann, "file.move", move_to(&w, "/mnt/big"), &error);
            json_decref(r);
            json_decref(error);
            node_crash(w.ann);
            vfs_fault_set(w.ann->gate, VFS_OP_ANY, 0, 0, OK);
            vfs_fault_set(w.ann->gate, VFS_OP_RENAME, 0, 0, OK);
            node_start(w.ann, &files_app, NULL);
            wait_seeding(&w);
            sim_run_for(w.sim, SEC);
            wait_seeding(&w);
            if (shows(&w, "dir", "/mnt/big") ? !is_in(&w, "/mnt/big") : !is_in(&w, "/stuff"))
                fail_msg("killed at %u", (unsigned)nth);
            world_free(&w);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_seeded_from_the_new_place),
        cmocka_unit_test(to_another_disk_it_is_copied),
        cmocka_unit_test(a_download_goes_on_at_the_new_place),
        cmocka_unit_test(nothing_is_overwritten),
        cmocka_unit_test(a_full_disk_puts_all_back),
        cmocka_unit_test(a_kill_in_the_middle_goes_on_at_the_start),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
