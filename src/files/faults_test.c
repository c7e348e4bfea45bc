/* Each disk operation of a deed fails once: the deed succeeds or says why not, nothing that was
 * said to be done is lost, also in a power cut, and a second try succeeds. */
#include "base/mem.h"
#include "base/test.h"
#include "files/files.h"
#include "store/db.h"
#include "store/vfs.h"
#include "support/sim_node.h"

#include <stdlib.h>
#include <string.h>

enum { SIZE = 300000, PIECE = 32 * 1024, NTH_MAX = 400 };

static const char *const names[] = {"a.bin", "b/c.bin"};

/* Ann has a torrent of two files. */
struct world {
    struct sim *sim;
    struct node *ann;
    uint8_t *bytes;
    char *id, *link;
};

/* What fails: the nth operation, with a code. */
struct fault {
    uint64_t nth, before;
    enum err code;
};

static void arm(struct node *n, struct fault *f)
{
    f->before = vfs_fault_calls(n->gate, VFS_OP_ANY);
    vfs_fault_set(n->gate, VFS_OP_ANY, f->nth, 1, f->code);
}

/* Whether it has failed by now. */
static bool disarm(struct node *n, const struct fault *f)
{
    vfs_fault_set(n->gate, VFS_OP_ANY, 0, 0, OK);
    return vfs_fault_calls(n->gate, VFS_OP_ANY) - f->before >= f->nth;
}

static struct world world_new(void)
{
    struct world w = {.sim = sim_new(1), .bytes = mem_zalloc(SIZE)};
    w.ann = node_new(w.sim, "ann", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0});
    node_start(w.ann, &files_app, NULL);
    for (uint32_t i = 0, x = 1; i < SIZE; i++)
        w.bytes[i] = (uint8_t)((x = x * 1664525 + 1013904223) >> 24);
    node_write(w.ann, "/stuff/box/a.bin", w.bytes, SIZE);
    node_write(w.ann, "/stuff/box/b/c.bin", w.bytes + 1, SIZE - 1);
    json_t *r = node_call(w.ann, "file.add",
                          json_pack("{s:s, s:i}", "path", "/stuff/box", "piece_size", PIECE), NULL);
    json_t *added = node_job(w.ann, json_string_value(json_object_get(r, "job")));
    w.id = mem_strdup(json_string_value(json_object_get(added, "id")));
    w.link = mem_strdup(json_string_value(json_object_get(added, "magnet")));
    json_decref(r);
    json_decref(added);
    sim_run_for(w.sim, 10 * SEC); /* all is synced */
    node_stop(w.ann);             /* from now on closing it writes nothing */
    node_start(w.ann, &files_app, NULL);
    sim_run_for(w.sim, SEC);
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

static bool is_in(struct world *w, const char *dir)
{
    bool all = true;
    for (size_t i = 0; i < 2; i++) {
        char *path = mem_printf("%s/box/%s", dir, names[i]);
        all = all && node_has(w->ann, path, w->bytes + i, SIZE - i);
        free(path);
    }
    return all;
}

static bool exists(struct world *w, const char *path)
{
    struct vfs_stat st;
    return vfs_stat(w->ann->disk, path, &st, NULL) == OK;
}

static bool shows(struct world *w, const char *key, const char *want)
{
    json_t *j = node_call(w->ann, "file.show", json_pack("{s:s}", "id", w->id), NULL);
    bool same = strcmp(json_string_value(json_object_get(j, key)), want) == 0;
    json_decref(j);
    return same;
}

static bool is_seeding(void *arg)
{
    return shows(arg, "state", "seeding");
}

static bool seeds(struct world *w)
{
    return is_seeding(w) || sim_run_until(w->sim, is_seeding, w, 60 * SEC);
}

/* A method; true when it succeeds.  One that fails says why. */
static bool try_call(struct node *n, const char *method, json_t *params)
{
    json_t *error = NULL;
    json_t *r = node_call(n, method, params, &error);
    assert_true(r || strlen(json_string_value(json_object_get(error, "message"))) > 10);
    if (getenv("SIM_LOG") && error)
        json_dumpf(error, stderr, 0);
    json_decref(r);
    json_decref(error);
    return r != NULL;
}

static void power_cut(struct world *w)
{
    node_crash(w->ann);
    node_start(w->ann, &files_app, NULL);
}

/* --- moving --------------------------------------------------------------------------------- */

static bool move(struct world *w, const char *dir)
{
    return try_call(w->ann, "file.move", json_pack("{s:s, s:s}", "id", w->id, "dir", dir));
}

/* Files that are moved are whole, in the place that is shown; and so they are after a power cut. */
static void assert_somewhere(struct world *w, const struct fault *f, const char *when)
{
    if (!seeds(w) || !is_in(w, shows(w, "dir", "/mnt/big") ? "/mnt/big" : "/stuff"))
        fail_msg("operation %u failed with %s: the files are not there %s", (unsigned)f->nth,
                 err_name(f->code), when);
}

static bool one_move(struct fault *f, bool other_disk)
{
    struct world w = world_new();
    if (other_disk)
        vfs_fault_set(w.ann->gate, VFS_OP_RENAME, 1, 1, ERR_IO); /* as EXDEV */
    arm(w.ann, f);
    bool moved = move(&w, "/mnt/big");
    bool there = shows(&w, "dir", "/mnt/big");
    sim_run_for(w.sim, SEC);
    bool hit = disarm(w.ann, f);
    vfs_fault_set(w.ann->gate, VFS_OP_RENAME, 0, 0, OK);
    assert_true(!moved || there);
    assert_somewhere(&w, f, "afterwards");
    power_cut(&w);
    assert_true(shows(&w, "dir", there ? "/mnt/big" : "/stuff"));
    assert_somewhere(&w, f, "after a power cut");
    if (!move(&w, "/mnt/big") || !seeds(&w) || !is_in(&w, "/mnt/big"))
        fail_msg("operation %u failed: it could not be moved again", (unsigned)f->nth);
    sim_run_for(w.sim, SEC);
    assert_false(exists(&w, "/mnt/big/box/a.bin.moving"));
    world_free(&w);
    return hit;
}

static void sweep(bool (*one)(struct fault *f, bool way), bool way, uint64_t at_least)
{
    static const enum err codes[] = {ERR_IO, ERR_FULL};
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        struct fault f = {.nth = 1, .code = codes[i]};
        while (one(&f, way))
            assert_true(++f.nth < NTH_MAX);
        assert_true(f.nth > at_least); /* it was worth the sweep */
    }
}

static void a_move_on_one_disk(void **state)
{
    (void)state;
    sweep(one_move, false, 15);
}

static void a_move_to_another_disk(void **state)
{
    (void)state;
    sweep(one_move, true, 15);
}

static void sql(struct world *w, const char *text)
{
    struct why why = {0};
    if (db_exec(w->ann->db, text, &why))
        fail_msg("%s", why.text);
}

/* The files are moved and the database takes nothing: the next start finds them all the same. */
static void a_move_that_cannot_be_recorded(void **state)
{
    (void)state;
    struct world w = world_new();
    sql(&w, "CREATE TRIGGER full BEFORE UPDATE ON torrent"
            " BEGIN SELECT RAISE(FAIL, 'database or disk is full'); END");
    assert_false(move(&w, "/mnt/big"));
    assert_true(seeds(&w));
    assert_true(is_in(&w, "/mnt/big"));
    assert_false(move(&w, "/mnt/big"));
    node_crash(w.ann);
    sql(&w, "DROP TRIGGER full");
    node_start(w.ann, &files_app, NULL);
    sim_run_for(w.sim, SEC);
    assert_true(seeds(&w));
    assert_true(shows(&w, "dir", "/mnt/big"));
    assert_true(is_in(&w, "/mnt/big"));
    world_free(&w);
}

/* Killed before it was found out that both names are one folder. */
static void a_move_to_where_they_are_removes_nothing(void **state)
{
    (void)state;
    struct world w = world_new();
    node_stop(w.ann);
    sql(&w, "INSERT INTO moving (infohash, dir) SELECT infohash, '/stuff/.' FROM torrent");
    node_start(w.ann, &files_app, NULL);
    sim_run_for(w.sim, 10 * SEC);
    assert_true(is_in(&w, "/stuff"));
    assert_true(seeds(&w));
    assert_false(move(&w, "/stuff/."));
    sim_run_for(w.sim, 10 * SEC);
    assert_true(is_in(&w, "/stuff"));
    world_free(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_move_on_one_disk),
        cmocka_unit_test(a_move_to_another_disk),
        cmocka_unit_test(a_move_that_cannot_be_recorded),
        cmocka_unit_test(a_move_to_where_they_are_removes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
