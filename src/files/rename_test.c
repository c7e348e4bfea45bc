/* Files and folders of torrents get other names, in the simulator. */
#include "base/mem.h"
#include "base/test.h"
#include "files/files.h"
#include "store/vfs.h"
#include "support/sim_node.h"

#include <stdlib.h>
#include <string.h>

enum { SIZE = 300000, PIECE = 32 * 1024 };

static const struct sim_link slow = {
    .latency_us = 5 * MSEC, .up_rate = 100000, .down_rate = 100000};

struct world {
    struct sim *sim;
    struct node *ann;
    uint8_t *bytes;
    char *id, *link;
};

static json_t *call(struct node *n, const char *method, json_t *params)
{
    return node_call(n, method, params, NULL);
}

static struct world world_new(struct sim_link link)
{
    struct world w = {.sim = sim_new(1), .bytes = mem_zalloc(SIZE)};
    w.ann = node_new(w.sim, "ann", addr_v4(10, 0, 0, 1, 0), link);
    node_start(w.ann, &files_app, NULL);
    node_noise(w.bytes, SIZE, 1);
    node_write(w.ann, "/stuff/box/a.bin", w.bytes, SIZE);
    node_write(w.ann, "/stuff/box/b/c.bin", w.bytes + 1, SIZE - 1);
    node_share(w.ann, json_pack("{s:s, s:i}", "path", "/stuff/box", "piece_size", PIECE), &w.id,
               &w.link);
    sim_run_for(w.sim, 10 * SEC); /* all is synced */
    return w;
}

static void world_free(struct world *w)
{
    node_free(w->ann);
    sim_free(w->sim);
    free(w->bytes);
    free(w->id);
    free(w->link);
}

static bool exists(struct node *n, const char *path)
{
    struct vfs_stat st;
    return vfs_stat(n->disk, path, &st, NULL) == OK;
}

struct wait {
    struct node *n;
    const char *id, *state;
};

static bool in_state(void *arg)
{
    struct wait *u = arg;
    json_t *j = call(u->n, "file.show", json_pack("{s:s}", "id", u->id));
    bool same = strcmp(json_string_value(json_object_get(j, "state")), u->state) == 0;
    json_decref(j);
    return same;
}

static void wait_for(struct world *w, struct node *n, const char *state)
{
    struct wait u = {n, w->id, state};
    if (!in_state(&u) && !sim_run_until(w->sim, in_state, &u, 300 * SEC))
        fail_msg("never %s", state);
}

static json_t *naming(const struct world *w, const char *path, const char *name)
{
    return json_pack("{s:s, s:s, s:s}", "id", w->id, "path", path, "name", name);
}

static void name_it(struct world *w, struct node *n, const char *path, const char *name)
{
    json_decref(call(n, "file.rename", naming(w, path, name)));
}

static void assert_refused(struct world *w, const char *path, const char *name, const char *code,
                           const char *words)
{
    json_t *error = NULL;
    assert_null(node_call(w->ann, "file.rename", naming(w, path, name), &error));
    assert_string_equal(json_string_value(json_object_get(error, "code")), code);
    const char *text = json_string_value(json_object_get(error, "message"));
    if (!strstr(text, words))
        fail_msg("%s", text);
    json_decref(error);
}

static struct node *join(struct world *w, const char *name, uint8_t last, struct sim_link link)
{
    struct node *n = node_new(w->sim, name, addr_v4(10, 0, 0, last, 0), link);
    node_start(n, &files_app, NULL);
    json_decref(
        call(n, "file.get", json_pack("{s:s, s:[s]}", "link", w->link, "peer", "10.0.0.1:6881")));
    return n;
}

static bool shows_path(struct node *n, const char *id, const char *path)
{
    json_t *j = call(n, "file.show", json_pack("{s:s, s:b}", "id", id, "files", 1));
    const json_t *f;
    size_t i;
    bool found = false;
    json_array_foreach(json_object_get(j, "files"), i, f)
        found = found || strcmp(json_string_value(json_object_get(f, "path")), path) == 0;
    json_decref(j);
    return found;
}

static void what_is_seeded_goes_on_by_its_new_names(void **state)
{
    (void)state;
    struct world w = world_new((struct sim_link){0});
    name_it(&w, w.ann, "box/b/c.bin", "see.bin");
    name_it(&w, w.ann, "box/b", "bee");
    name_it(&w, w.ann, "box", "chest");
    wait_for(&w, w.ann, "seeding");
    assert_true(node_has(w.ann, "/stuff/chest/a.bin", w.bytes, SIZE));
    assert_true(node_has(w.ann, "/stuff/chest/bee/see.bin", w.bytes + 1, SIZE - 1));
    assert_false(exists(w.ann, "/stuff/box"));
    assert_true(shows_path(w.ann, w.id, "chest/bee/see.bin"));
    struct node *bob = join(&w, "bob", 2, (struct sim_link){0});
    wait_for(&w, bob, "seeding"); /* peers get it by the names in the torrent */
    assert_true(node_has(bob, "/downloads/box/b/c.bin", w.bytes + 1, SIZE - 1));
    json_t *j = call(w.ann, "file.show", json_pack("{s:s}", "id", w.id));
    assert_string_equal(json_string_value(json_object_get(j, "name")), "chest");
    assert_string_equal(json_string_value(json_object_get(j, "magnet")), w.link);
    json_decref(j);
    node_free(bob);
    world_free(&w);
}

/* Reads of the disk that a start takes. */
static uint64_t reads_of_a_start(struct world *w)
{
    node_stop(w->ann);
    uint64_t before = vfs_fault_calls(w->ann->gate, VFS_OP_READ);
    node_start(w->ann, &files_app, NULL);
    sim_run_for(w->sim, 5 * SEC);
    wait_for(w, w->ann, "seeding");
    return vfs_fault_calls(w->ann->gate, VFS_OP_READ) - before;
}

static void neither_a_rename_nor_the_next_start_hashes_anything(void **state)
{
    (void)state;
    struct world w = world_new((struct sim_link){0});
    uint64_t usual = reads_of_a_start(&w);
    uint64_t before = vfs_fault_calls(w.ann->gate, VFS_OP_READ);
    name_it(&w, w.ann, "box", "chest");
    name_it(&w, w.ann, "chest/a.bin", "b.bin");
    wait_for(&w, w.ann, "seeding");
    assert_in_range(vfs_fault_calls(w.ann->gate, VFS_OP_READ) - before, 0, 2 * usual);
    assert_int_equal(reads_of_a_start(&w), usual);
    assert_true(shows_path(w.ann, w.id, "chest/b.bin"));
    json_decref(call(w.ann, "file.verify", json_pack("{s:s}", "id", w.id)));
    sim_run_for(w.sim, SEC);
    wait_for(&w, w.ann, "seeding"); /* and a check finds all */
    world_free(&w);
}

static void a_download_goes_on_into_its_new_names(void **state)
{
    (void)state;
    struct world w = world_new(slow);
    struct node *bob = join(&w, "bob", 2, slow);
    sim_run_for(w.sim, 3 * SEC);
    wait_for(&w, bob, "downloading");
    assert_true(exists(bob, "/downloads/box"));
    name_it(&w, bob, "box", "kiste");
    name_it(&w, bob, "kiste/a.bin", "A.BIN");
    name_it(&w, bob, "kiste/b/c.bin", "later.bin");
    wait_for(&w, bob, "seeding");
    assert_true(node_has(bob, "/downloads/kiste/A.BIN", w.bytes, SIZE));
    assert_true(node_has(bob, "/downloads/kiste/b/later.bin", w.bytes + 1, SIZE - 1));
    assert_false(exists(bob, "/downloads/box"));
    node_free(bob);
    world_free(&w);
}

static void a_file_that_is_not_wanted_yet_is_made_by_its_new_name(void **state)
{
    (void)state;
    struct world w = world_new((struct sim_link){0});
    struct node *bob = node_new(w.sim, "bob", addr_v4(10, 0, 0, 2, 0), (struct sim_link){0});
    node_start(bob, &files_app, NULL);
    json_decref(call(bob, "file.get",
                     json_pack("{s:s, s:[s], s:[s]}", "link", w.link, "peer", "10.0.0.1:6881",
                               "skip", "a.bin")));
    wait_for(&w, bob, "seeding");
    name_it(&w, bob, "box/a.bin", "z.bin");
    wait_for(&w, bob, "seeding");
    assert_false(exists(bob, "/downloads/box/z.bin"));
    json_decref(call(bob, "file.set", json_pack("{s:s, s:[s]}", "id", w.id, "normal", "z.bin")));
    sim_run_for(w.sim, SEC);
    wait_for(&w, bob, "seeding");
    assert_true(node_has(bob, "/downloads/box/z.bin", w.bytes, SIZE));
    assert_false(exists(bob, "/downloads/box/a.bin"));
    node_free(bob);
    world_free(&w);
}

static void moving_and_removing_know_the_new_names(void **state)
{
    (void)state;
    struct world w = world_new((struct sim_link){0});
    name_it(&w, w.ann, "box", "chest");
    name_it(&w, w.ann, "chest/b/c.bin", "d.bin");
    json_decref(call(w.ann, "file.move", json_pack("{s:s, s:s}", "id", w.id, "dir", "/mnt")));
    wait_for(&w, w.ann, "seeding");
    assert_true(node_has(w.ann, "/mnt/chest/b/d.bin", w.bytes + 1, SIZE - 1));
    assert_false(exists(w.ann, "/stuff/chest"));
    json_decref(call(w.ann, "file.rm", json_pack("{s:s, s:b}", "id", w.id, "with_data", 1)));
    sim_run_for(w.sim, SEC);
    assert_false(exists(w.ann, "/mnt/chest"));
    struct db_stmt *q = db_prepare(w.ann->db, "SELECT count(*) FROM renamed");
    assert_int_equal(db_step(q, NULL), DB_ROW);
    assert_int_equal(db_int(q, 0), 0);
    db_finish(q);
    world_free(&w);
}

static void what_cannot_be_is_refused_and_nothing_changes(void **state)
{
    (void)state;
    struct world w = world_new((struct sim_link){0});
    node_write(w.ann, "/stuff/box/mine.txt", "mine", 4);
    assert_refused(&w, "box/a.bin", "x/y", "file.bad_name", "one part of a path");
    assert_refused(&w, "box/a.bin", "..", "file.bad_name", "one part of a path");
    assert_refused(&w, "box/a.bin", "aux", "file.bad_name", "some machines cannot have");
    assert_refused(&w, "box/a.bin", "B", "file.bad_name", "'box/b' is there already");
    assert_refused(&w, "box/c.bin", "x", "file.no_match", "is not in this torrent");
    assert_refused(&w, "../stuff/box", "x", "file.no_match", "is not in this torrent");
    assert_refused(&w, "box/a.bin", "mine.txt", "file.not_renamed", "is there already");
    wait_for(&w, w.ann, "seeding");
    assert_true(node_has(w.ann, "/stuff/box/mine.txt", "mine", 4));
    assert_true(node_has(w.ann, "/stuff/box/a.bin", w.bytes, SIZE));
    name_it(&w, w.ann, "box/a.bin", "a.bin"); /* as it is */
    assert_true(shows_path(w.ann, w.id, "box/a.bin"));
    world_free(&w);
}

static void a_denied_name_is_refused(void **state)
{
    (void)state;
    static const char *const set[] = {"files.deny=*.exe", NULL};
    struct world w = world_new((struct sim_link){0});
    node_stop(w.ann);
    node_start(w.ann, &files_app, set);
    sim_run_for(w.sim, SEC);
    assert_refused(&w, "box/a.bin", "setup.exe", "file.not_renamed", "files.deny has *.exe");
    world_free(&w);
}

static void the_files_of_another_torrent_stay_where_they_are(void **state)
{
    (void)state;
    struct world w = world_new((struct sim_link){0});
    node_write(w.ann, "/stuff/box/extra.bin", w.bytes, 1000);
    json_t *r = call(w.ann, "file.add", json_pack("{s:s}", "path", "/stuff/box"));
    json_decref(node_job(w.ann, json_string_value(json_object_get(r, "job"))));
    json_decref(r);
    assert_refused(&w, "box", "chest", "file.not_renamed", "has files there");
    world_free(&w);
}

static void a_name_that_another_torrent_will_want_is_taken(void **state)
{
    (void)state;
    struct world w = world_new((struct sim_link){0});
    node_write(w.ann, "/stuff/chest/x.bin", w.bytes, 1000);
    json_t *r = call(w.ann, "file.add", json_pack("{s:s}", "path", "/stuff/chest"));
    json_decref(node_job(w.ann, json_string_value(json_object_get(r, "job"))));
    json_decref(r);
    assert_int_equal(vfs_rename(w.ann->disk, "/stuff/chest", "/away", NULL), OK);
    assert_refused(&w, "box", "chest", "file.not_renamed", "has files there");
    world_free(&w);
}

static void what_the_disk_refuses_keeps_its_name(void **state)
{
    (void)state;
    struct world w = world_new((struct sim_link){0});
    name_it(&w, w.ann, "box/a.bin", "x.bin");
    json_t *error = NULL;
    vfs_fault_set(w.ann->gate, VFS_OP_RENAME, 1, 0, ERR_IO);
    assert_null(node_call(w.ann, "file.rename", naming(&w, "box/x.bin", "y.bin"), &error));
    json_decref(error);
    vfs_fault_set(w.ann->gate, VFS_OP_RENAME, 0, 0, OK);
    sim_run_for(w.sim, 60 * SEC); /* tries again what else it had to record */
    wait_for(&w, w.ann, "seeding");
    assert_true(shows_path(w.ann, w.id, "box/x.bin"));
    assert_true(node_has(w.ann, "/stuff/box/x.bin", w.bytes, SIZE));
    world_free(&w);
}

/* At each file operation the machine dies. */
static void killed_anywhere_it_has_one_name_or_the_other(void **state)
{
    (void)state;
    unsigned olds = 0, news = 0;
    for (uint64_t nth = 1; nth < 24; nth++) {
        struct world w = world_new((struct sim_link){0});
        json_t *error = NULL;
        vfs_fault_set(w.ann->gate, VFS_OP_ANY, nth, 0, ERR_IO);
        json_t *said = node_call(w.ann, "file.rename", naming(&w, "box", "chest"), &error);
        bool told = said != NULL;
        json_decref(said);
        json_decref(error);
        node_crash(w.ann);
        vfs_fault_set(w.ann->gate, VFS_OP_ANY, 0, 0, OK);
        node_start(w.ann, &files_app, NULL);
        sim_run_for(w.sim, SEC);
        wait_for(&w, w.ann, "seeding");
        bool is_new = shows_path(w.ann, w.id, "chest/a.bin");
        if (told && !is_new)
            fail_msg("said to be done and lost, killed at %u", (unsigned)nth);
        if (!node_has(w.ann, is_new ? "/stuff/chest/a.bin" : "/stuff/box/a.bin", w.bytes, SIZE) ||
            exists(w.ann, is_new ? "/stuff/box" : "/stuff/chest"))
            fail_msg("killed at %u", (unsigned)nth);
        olds += !is_new;
        news += is_new;
        world_free(&w);
    }
    assert_true(olds > 0 && news > 0);
}

static void it_is_written_down_before_it_is_done(void **state)
{
    (void)state;
    struct world w = world_new((struct sim_link){0});
    struct why why;
    assert_int_equal(db_exec(w.ann->db,
                             "CREATE TRIGGER t BEFORE INSERT ON renamed BEGIN SELECT RAISE(ABORT, "
                             "'unannounced') WHERE NOT EXISTS (SELECT 1 FROM renaming); END",
                             &why),
                     OK);
    name_it(&w, w.ann, "box", "chest");
    world_free(&w);
}

/* The name is changed, but the disk does not promise to keep that: as it was. */
static void a_folder_that_cannot_be_synced_keeps_the_old_name(void **state)
{
    (void)state;
    struct world w = world_new((struct sim_link){0});
    json_t *error = NULL;
    node_stop(w.ann); /* from now on closing it writes nothing */
    node_start(w.ann, &files_app, NULL);
    sim_run_for(w.sim, SEC);
    vfs_fault_set(w.ann->gate, VFS_OP_SYNC, 1, 1, ERR_IO);
    assert_null(node_call(w.ann, "file.rename", naming(&w, "box", "chest"), &error));
    json_decref(error);
    wait_for(&w, w.ann, "seeding");
    assert_true(shows_path(w.ann, w.id, "box/a.bin"));
    assert_true(node_has(w.ann, "/stuff/box/a.bin", w.bytes, SIZE));
    world_free(&w);
}

/* As if killed between rename(2) and the row: the start finds what was done. */
static void a_start_looks_at_the_disk_for_what_was_done(void **state)
{
    (void)state;
    for (int done = 0; done < 2; done++) {
        struct world w = world_new((struct sim_link){0});
        node_stop(w.ann);
        struct why why;
        char *sql = mem_printf("INSERT INTO renaming VALUES (x'%s', 'box', 'chest')", w.id);
        assert_int_equal(db_exec(w.ann->db, sql, &why), OK);
        free(sql);
        if (done)
            assert_int_equal(vfs_rename(w.ann->disk, "/stuff/box", "/stuff/chest", &why), OK);
        uint64_t before = vfs_fault_calls(w.ann->gate, VFS_OP_READ);
        node_start(w.ann, &files_app, NULL);
        sim_run_for(w.sim, SEC);
        wait_for(&w, w.ann, "seeding");
        assert_in_range(vfs_fault_calls(w.ann->gate, VFS_OP_READ) - before, 0, 10);
        assert_int_equal(shows_path(w.ann, w.id, "chest/a.bin"), done);
        node_stop(w.ann);
        node_start(w.ann, &files_app, NULL);
        assert_int_equal(shows_path(w.ann, w.id, "chest/a.bin"), done);
        world_free(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_seeded_goes_on_by_its_new_names),
        cmocka_unit_test(neither_a_rename_nor_the_next_start_hashes_anything),
        cmocka_unit_test(a_download_goes_on_into_its_new_names),
        cmocka_unit_test(a_file_that_is_not_wanted_yet_is_made_by_its_new_name),
        cmocka_unit_test(moving_and_removing_know_the_new_names),
        cmocka_unit_test(what_cannot_be_is_refused_and_nothing_changes),
        cmocka_unit_test(a_denied_name_is_refused),
        cmocka_unit_test(the_files_of_another_torrent_stay_where_they_are),
        cmocka_unit_test(a_name_that_another_torrent_will_want_is_taken),
        cmocka_unit_test(what_the_disk_refuses_keeps_its_name),
        cmocka_unit_test(killed_anywhere_it_has_one_name_or_the_other),
        cmocka_unit_test(it_is_written_down_before_it_is_done),
        cmocka_unit_test(a_folder_that_cannot_be_synced_keeps_the_old_name),
        cmocka_unit_test(a_start_looks_at_the_disk_for_what_was_done),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
