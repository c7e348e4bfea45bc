/* Each disk operation of a deed fails once: the deed succeeds or says why not, nothing that was
 * said to be done is lost, also in a power cut, and a second try succeeds. */
#include "files/box_world_test.h"

#include "crypto/base64.h"
#include "store/db.h"

#include <stdlib.h>
#include <string.h>

enum { NTH_MAX = 400 };

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

static void sweep(bool (*one)(struct fault *f, bool way), bool way, enum err code,
                  uint64_t at_least)
{
    struct fault f = {.nth = 1, .code = code};
    while (one(&f, way))
        assert_true(++f.nth < NTH_MAX);
    assert_true(f.nth > at_least); /* it was worth the sweep */
}

static void a_move_on_one_disk(void **state)
{
    (void)state;
    sweep(one_move, false, ERR_IO, 15);
}

static void a_move_to_another_disk(void **state)
{
    (void)state;
    sweep(one_move, true, ERR_FULL, 15);
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

/* --- another name --------------------------------------------------------------------------- */

static bool renames(struct world *w)
{
    return try_call(
        w->ann, "file.rename",
        json_pack("{s:s, s:s, s:s}", "id", w->id, "path", "box/a.bin", "name", "x.bin"));
}

static bool is_at(struct world *w, const char *path)
{
    return node_has(w->ann, path, w->bytes, SIZE);
}

static bool one_rename(struct fault *f, bool cut)
{
    struct world w = world_new();
    arm(w.ann, f);
    bool renamed = renames(&w);
    sim_run_for(w.sim, SEC);
    bool hit = disarm(w.ann, f);
    if (cut)
        power_cut(&w);
    if (is_at(&w, "/stuff/box/a.bin") == is_at(&w, "/stuff/box/x.bin"))
        fail_msg("operation %u failed: it has two names, or none", (unsigned)f->nth);
    if (!seeds(&w) || (renamed && !is_at(&w, "/stuff/box/x.bin")))
        fail_msg("operation %u failed: it is not where it should be", (unsigned)f->nth);
    if (!renamed && is_at(&w, "/stuff/box/a.bin") && !renames(&w))
        fail_msg("operation %u failed: it could not be renamed again", (unsigned)f->nth);
    if (!seeds(&w) || !is_at(&w, "/stuff/box/x.bin"))
        fail_msg("operation %u failed: it is not renamed", (unsigned)f->nth);
    world_free(&w);
    return hit;
}

static void a_file_gets_another_name(void **state)
{
    (void)state;
    sweep(one_rename, false, ERR_IO, 5);
}

static void a_file_gets_another_name_and_a_power_cut(void **state)
{
    (void)state;
    sweep(one_rename, true, ERR_FULL, 5);
}

/* --- getting -------------------------------------------------------------------------------- */

struct getter {
    struct world w;
    struct node *bob;
    const char *const *set; /* of bob */
};

static bool bob_shows(struct getter *g, const char *key, const char *want)
{
    json_t *error = NULL;
    json_t *j = node_call(g->bob, "file.show", json_pack("{s:s}", "id", g->w.id), &error);
    const char *got = json_string_value(json_object_get(j, key));
    bool same = got && strcmp(got, want) == 0;
    json_decref(j);
    json_decref(error);
    return same;
}

static bool bob_seeds(void *arg)
{
    return bob_shows(arg, "state", "seeding");
}

static bool bob_finishes(struct getter *g)
{
    return bob_seeds(g) || sim_run_until(g->w.sim, bob_seeds, g, 300 * SEC);
}

static void bob_starts(struct getter *g)
{
    node_start(g->bob, &files_app, g->set);
    sim_run_for(g->w.sim, SEC);
}

static void getter_new(struct getter *g, const char *const *set, const char *kind)
{
    static const struct sim_link lan = {.latency_us = MSEC};
    *g = (struct getter){.w = world_new(), .set = set};
    if (kind) { /* the same files, as another torrent */
        json_t *r = node_call(g->w.ann, "file.add",
                              json_pack("{s:s, s:i, s:b, s:b}", "path", "/stuff/box", "piece_size",
                                        PIECE, kind, 1, "sign", 1),
                              NULL);
        json_t *added = node_job(g->w.ann, json_string_value(json_object_get(r, "job")));
        free(g->w.id);
        free(g->w.link);
        g->w.id = mem_strdup(json_string_value(json_object_get(added, "id")));
        g->w.link = mem_strdup(json_string_value(json_object_get(added, "magnet")));
        json_decref(r);
        json_decref(added);
    }
    g->bob = node_new(g->w.sim, "bob", addr_v4(10, 0, 0, 2, 0), lan);
    bob_starts(g);
}

static void getter_free(struct getter *g)
{
    node_free(g->bob);
    world_free(&g->w);
}

static bool bob_gets(struct getter *g)
{
    return try_call(g->bob, "file.get",
                    json_pack("{s:s, s:[s]}", "link", g->w.link, "peer", "10.0.0.1:6881"));
}

static bool bob_has(struct getter *g, const char *dir)
{
    bool all = true;
    for (size_t i = 0; i < 2; i++) {
        char *path = mem_printf("%s/box/%s", dir, box_names[i]);
        all = all && node_has(g->bob, path, g->w.bytes + i, SIZE - i);
        free(path);
    }
    return all;
}

static void bob_loses_power(struct getter *g)
{
    node_crash(g->bob);
    bob_starts(g);
}

/* By a link: metadata and, of v2, hash trees come from a peer; the .torrent, the resume file and
 * the files are written.  Ann goes then: what bob was told to have he has without her. */
static bool one_get(struct fault *f, const char *kind)
{
    struct getter g;
    getter_new(&g, NULL, kind);
    arm(g.bob, f);
    (void)bob_gets(&g); /* else the second try, below */
    sim_run_for(g.w.sim, 20 * SEC);
    bool hit = disarm(g.bob, f);
    if (!bob_seeds(&g) && !bob_gets(&g))
        fail_msg("operation %u failed: it could not be got again", (unsigned)f->nth);
    if (!bob_finishes(&g) || !bob_has(&g, "/downloads"))
        fail_msg("operation %u failed: it was never got", (unsigned)f->nth);
    sim_run_for(g.w.sim, 300 * SEC);
    node_stop(g.w.ann);
    bob_loses_power(&g);
    if (!bob_finishes(&g) || !bob_has(&g, "/downloads"))
        fail_msg("operation %u failed: it was lost in a power cut", (unsigned)f->nth);
    node_start(g.w.ann, &files_app, NULL);
    getter_free(&g);
    return hit;
}

static void sweep_get(const char *kind, uint64_t step)
{
    struct fault f = {.nth = 1, .code = ERR_FULL};
    while (one_get(&f, kind))
        assert_true((f.nth += step) < NTH_MAX);
    assert_true(f.nth > 30);
}

static void a_download_by_a_link(void **state)
{
    (void)state;
    sweep_get(NULL, 1);
}

static void a_signed_download_of_v2(void **state)
{
    (void)state;
    sweep_get("v2", 3);
}

static void a_signed_download_of_a_hybrid(void **state)
{
    (void)state;
    sweep_get("hybrid", 5);
}

/* --- choosing ------------------------------------------------------------------------------- */

static bool chooses(struct getter *g, const char *verb, const char *glob)
{
    return try_call(g->bob, "file.set", json_pack("{s:s, s:[s]}", "id", g->w.id, verb, glob));
}

/* One file was not wanted, so its part of a shared piece was put aside; now it is wanted, and what
 * was put aside goes into it while the rest comes. */
static bool one_choice(struct fault *f, bool cut)
{
    struct getter g;
    getter_new(&g, NULL, NULL);
    assert_true(try_call(g.bob, "file.get",
                         json_pack("{s:s, s:[s], s:[s]}", "link", g.w.link, "peer", "10.0.0.1:6881",
                                   "skip", "a.bin")));
    sim_run_for(g.w.sim, 30 * SEC);
    arm(g.bob, f);
    bool chosen = chooses(&g, "normal", "a.bin");
    sim_run_for(g.w.sim, 10 * SEC);
    bool hit = disarm(g.bob, f);
    if (cut)
        bob_loses_power(&g);
    if (!chosen && !chooses(&g, "normal", "a.bin"))
        fail_msg("operation %u failed: it could not be chosen again", (unsigned)f->nth);
    if (cut)
        (void)try_call(g.bob, "file.peer",
                       json_pack("{s:s, s:s}", "id", g.w.id, "addr", "10.0.0.1:6881"));
    if (!bob_finishes(&g) || !bob_has(&g, "/downloads"))
        fail_msg("operation %u failed: it was never got", (unsigned)f->nth);
    sim_run_for(g.w.sim, 60 * SEC);
    bob_loses_power(&g);
    if (!bob_finishes(&g) || !bob_has(&g, "/downloads"))
        fail_msg("operation %u failed: it was lost in a power cut", (unsigned)f->nth);
    getter_free(&g);
    return hit;
}

static void a_file_that_is_wanted_after_all(void **state)
{
    (void)state;
    sweep(one_choice, false, ERR_IO, 15);
}

static void a_file_that_is_wanted_after_all_and_a_power_cut(void **state)
{
    (void)state;
    sweep(one_choice, true, ERR_FULL, 15);
}

/* --- sharing -------------------------------------------------------------------------------- */

static bool is_signed(struct world *w)
{
    json_t *row = node_call(w->ann, "file.show", json_pack("{s:s}", "id", w->id), NULL);
    bool is = json_array_size(json_object_get(row, "signers")) == 1;
    json_decref(row);
    return is;
}

/* Adds and signs what is shared already, under its other name.  true: it was reported. */
static bool shares(struct world *w, char **id)
{
    json_t *r = node_call(w->ann, "file.add",
                          json_pack("{s:s, s:i, s:b, s:b}", "path", "/stuff/box", "piece_size",
                                    PIECE, "v2", 1, "sign", 1),
                          NULL);
    const char *job = json_string_value(json_object_get(r, "job"));
    sim_run_for(w->sim, 20 * SEC);
    json_t *j = jobs_get(w->ann->jobs, job), *added = json_object_get(j, "result");
    const char *made = json_string_value(json_object_get(added, "id"));
    assert_string_not_equal(json_string_value(json_object_get(j, "state")), "running");
    if (made) {
        free(*id);
        *id = mem_strdup(made);
    }
    json_decref(j);
    json_decref(r);
    return made != NULL;
}

static bool one_share(struct fault *f, bool way)
{
    (void)way;
    struct world w = world_new();
    arm(w.ann, f);
    bool shared = shares(&w, &w.id);
    bool hit = disarm(w.ann, f);
    if (shared)
        power_cut(&w);
    if (!shared && !shares(&w, &w.id))
        fail_msg("operation %u failed: it could not be shared again", (unsigned)f->nth);
    if (!seeds(&w) || !is_signed(&w))
        fail_msg("operation %u failed: it is not shared, or not signed", (unsigned)f->nth);
    world_free(&w);
    return hit;
}

static void what_is_shared_and_signed(void **state)
{
    (void)state;
    sweep(one_share, false, ERR_FULL, 10);
}

/* --- leaving quarantine --------------------------------------------------------------------- */

static bool release(struct getter *g)
{
    return try_call(g->bob, "file.release", json_pack("{s:s}", "id", g->w.id));
}

static bool is_held(struct getter *g)
{
    return bob_has(g, "/downloads/.shoal-quarantine");
}

static bool one_release(struct fault *f, bool cut)
{
    static const char *const set[] = {"files.scan=/run/none", NULL};
    struct getter g;
    getter_new(&g, set, NULL);
    assert_true(bob_gets(&g));
    sim_run_for(g.w.sim, 30 * SEC);
    assert_true(is_held(&g));
    node_stop(g.bob);
    bob_starts(&g);
    arm(g.bob, f);
    assert_true(release(&g));
    sim_run_for(g.w.sim, 5 * SEC);
    bool hit = disarm(g.bob, f);
    if (!is_held(&g) && !bob_has(&g, "/downloads"))
        fail_msg("operation %u failed: it is nowhere", (unsigned)f->nth);
    if (cut)
        bob_loses_power(&g);
    (void)release(&g); /* which may have been done */
    if (!bob_finishes(&g) || !bob_has(&g, "/downloads") || !bob_shows(&g, "dir", "/downloads"))
        fail_msg("operation %u failed: it is not released", (unsigned)f->nth);
    getter_free(&g);
    return hit;
}

static void a_release_from_quarantine(void **state)
{
    (void)state;
    sweep(one_release, false, ERR_IO, 5);
}

static void a_release_from_quarantine_and_a_power_cut(void **state)
{
    (void)state;
    sweep(one_release, true, ERR_FULL, 5);
}

/* --- the watched folder --------------------------------------------------------------------- */

static size_t torrents(struct node *n)
{
    json_t *list = node_call(n, "file.ls", NULL, NULL);
    size_t count = json_array_size(list);
    json_decref(list);
    return count;
}

static struct buf torrent_of(struct world *w)
{
    struct buf b = {0};
    json_t *file = node_call(w->ann, "file.export", json_pack("{s:s}", "id", w->id), NULL);
    const char *text = json_string_value(json_object_get(file, "torrent"));
    assert_true(base64_decode(&b, text, strlen(text)));
    json_decref(file);
    return b;
}

/* It is looked at for ever, so there is no last operation: enough of them until it is added. */
static void a_torrent_in_the_watched_folder(void **state)
{
    (void)state;
    static const char *const set[] = {"files.watch=/watch", NULL};
    enum { OPERATIONS = 50 };
    static const enum err codes[] = {ERR_IO, ERR_FULL, ERR_LIMIT, ERR_DENIED};
    for (uint64_t nth = 1; nth <= OPERATIONS; nth++) {
        struct fault f = {.nth = nth, .code = codes[nth % 4]};
        struct getter g;
        getter_new(&g, set, NULL);
        struct buf torrent = torrent_of(&g.w);
        node_write(g.bob, "/watch/a.torrent", buf_bytes(&torrent), buf_len(&torrent));
        arm(g.bob, &f);
        sim_run_for(g.w.sim, 60 * SEC);
        disarm(g.bob, &f);
        struct vfs_stat st;
        if (vfs_stat(g.bob->disk, "/watch/a.torrent.added", &st, NULL) || torrents(g.bob) != 1)
            fail_msg("operation %u failed: it was not added", (unsigned)nth);
        bob_loses_power(&g);
        if (torrents(g.bob) != 1 || bob_shows(&g, "state", "error"))
            fail_msg("operation %u failed: it was lost in a power cut", (unsigned)nth);
        buf_done(&torrent);
        getter_free(&g);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_move_on_one_disk),
        cmocka_unit_test(a_move_to_another_disk),
        cmocka_unit_test(a_move_that_cannot_be_recorded),
        cmocka_unit_test(a_move_to_where_they_are_removes_nothing),
        cmocka_unit_test(a_file_gets_another_name),
        cmocka_unit_test(a_file_gets_another_name_and_a_power_cut),
        cmocka_unit_test(a_download_by_a_link),
        cmocka_unit_test(a_signed_download_of_v2),
        cmocka_unit_test(a_signed_download_of_a_hybrid),
        cmocka_unit_test(a_file_that_is_wanted_after_all),
        cmocka_unit_test(a_file_that_is_wanted_after_all_and_a_power_cut),
        cmocka_unit_test(what_is_shared_and_signed),
        cmocka_unit_test(a_release_from_quarantine),
        cmocka_unit_test(a_release_from_quarantine_and_a_power_cut),
        cmocka_unit_test(a_torrent_in_the_watched_folder),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
