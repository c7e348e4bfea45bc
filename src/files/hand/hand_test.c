/* Whole nodes in the simulator that hand files over, over lines and disks that fail. */
#include "files/hand/hand_world_test.h"

static int open_world(void **state)
{
    *state = MEM_NEW(struct kit);
    kit_open(*state);
    return 0;
}

static int close_world(void **state)
{
    kit_close(*state);
    free(*state);
    return 0;
}

/* --- it works -----------------------------------------------------------------------------------
 */

static void a_file_goes_to_who_has_the_code(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    receive(k, BOB, o.code, "/got", id);
    until(k, BOB, id, "done", 60);
    assert_true(node_has(k->n[BOB], "/got/film.mkv", k->film, sizeof k->film));
    until(k, ANN, o.id, "done", 10);
    receive(k, BOB, o.code, "/got", id); /* a code is good once */
    ended_with(k, BOB, id, "timeout", "nobody who offers something");
}

static void a_folder_goes_with_what_is_in_it(void **state)
{
    struct kit *k = *state;
    char id[HAND_ID_TEXT];
    struct vfs_stat st;
    node_write(k->n[ANN], "/have/all/a", k->film, 10);
    node_write(k->n[ANN], "/have/all/deep/er/b", k->film, HAND_CHUNK);
    node_write(k->n[ANN], "/have/all/deep/none", "", 0);
    assert_int_equal(vfs_mkdirs(k->n[ANN]->disk, "/have/all/empty/too", 0777, NULL), OK);
    vfile_close(
        vfs_open(k->n[ANN]->disk, "/have/all/run", VFS_WRITE | VFS_CREATE | VFS_EXEC, NULL));
    struct offered o = send_it(k, ANN, "/have/all");
    receive(k, BOB, o.code, "/got", id);
    until(k, BOB, id, "done", 60);
    assert_true(node_has(k->n[BOB], "/got/all/a", k->film, 10));
    assert_true(node_has(k->n[BOB], "/got/all/deep/er/b", k->film, HAND_CHUNK));
    assert_true(node_has(k->n[BOB], "/got/all/deep/none", "", 0));
    assert_int_equal(vfs_stat(k->n[BOB]->disk, "/got/all/empty/too", &st, NULL), OK);
    assert_true(st.is_dir);
    assert_int_equal(vfs_stat(k->n[BOB]->disk, "/got/all/run", &st, NULL), OK);
    assert_true(st.is_exec);
}

/* --- guesses ------------------------------------------------------------------------------------
 */

static void four_wrong_guesses_end_a_code_over_a_restart_too(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char wrong[HAND_CODE_TEXT], id[HAND_ID_TEXT];
    wrong_words(o.code, wrong);
    for (int left = HAND_GUESSES - 1; left >= 0; left--) {
        receive(k, BOB, wrong, "/got", id);
        ended_with(k, BOB, id, "denied", "the words do not fit");
        if (left == 1) {
            stop(k, ANN);
            start(k, ANN);
            dial(k, BOB, k->host[ANN], ANN);
        }
        assert_int_equal(show_number(k, ANN, o.id, "guesses"), left);
    }
    ended_with(k, ANN, o.id, "denied", "wrong words were tried");
    receive(k, BOB, o.code, "/got", id); /* the right ones come too late */
    ended_with(k, BOB, id, "timeout", "nobody");
    assert_true(is_empty(k, BOB, "/got"));
}

static void a_code_ends_in_time(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    sim_run_for(k->sim, 3540 * SEC);
    assert_true(is(k, ANN, o.id, "waiting"));
    sim_run_for(k->sim, 70 * SEC);
    ended_with(k, ANN, o.id, "timeout", "nobody came");
    receive(k, BOB, o.code, "/got", id);
    ended_with(k, BOB, id, "timeout", "nobody");
}

/* Both offer under one number; the words say who is meant, and cost the other one guess. */
static void of_two_with_one_number_the_right_one_gives(void **state)
{
    struct kit *k = *state;
    node_write(k->n[CID], "/have/other", "other", 5);
    struct offered a = send_it(k, ANN, "/have/film.mkv"), c = send_it(k, CID, "/have/other");
    char sql[100], id[HAND_ID_TEXT];
    struct why why;
    stop(k, CID);
    snprintf(sql, sizeof sql, "UPDATE hand_give SET number = %d", (int)number_in(a.code));
    assert_int_equal(db_exec(k->n[CID]->db, sql, &why), OK);
    start(k, CID);
    dial(k, BOB, k->host[CID], CID);
    receive(k, BOB, a.code, "/got", id);
    until(k, BOB, id, "done", 60);
    assert_true(node_has(k->n[BOB], "/got/film.mkv", k->film, sizeof k->film));
    assert_in_range(show_number(k, CID, c.id, "guesses"), HAND_GUESSES - 1, HAND_GUESSES);
    assert_true(is(k, CID, c.id, "waiting"));
}

/* --- cuts ---------------------------------------------------------------------------------------
 */

static void a_line_cut_at_many_places_loses_nothing(void **state)
{
    struct kit *k = *state;
    for (unsigned ms = 20; ms < 2000; ms += 160) {
        struct offered o = send_it(k, ANN, "/have/film.mkv");
        char id[HAND_ID_TEXT], dir[16];
        snprintf(dir, sizeof dir, "/got%u", ms);
        receive(k, BOB, o.code, dir, id);
        for (int cut = 0; cut < 3; cut++) {
            sim_run_for(k->sim, ms * MSEC);
            sim_cut(k->n[BOB]->machine, NULL);
            host_hang_up(k->host[BOB], host_id(k->host[ANN])); /* as when a cable is pulled */
            host_hang_up(k->host[ANN], host_id(k->host[BOB]));
            sim_run_for(k->sim, SEC);
            sim_heal(k->n[BOB]->machine, NULL);
            dial(k, BOB, k->host[ANN], ANN);
        }
        until(k, BOB, id, "done", 120);
        char path[40];
        snprintf(path, sizeof path, "%s/film.mkv", dir);
        assert_true(node_has(k->n[BOB], path, k->film, sizeof k->film));
        until(k, ANN, o.id, "done", 60);
    }
}

static void run_until_done(struct kit *k, unsigned i, const char *id, int64_t bytes)
{
    for (int t = 0; t < 600 && show_number(k, i, id, "done") < bytes; t++)
        sim_run_for(k->sim, 100 * MSEC);
    assert_true(show_number(k, i, id, "done") >= bytes);
}

static void crash(struct kit *k, unsigned i)
{
    struct node *n = k->n[i];
    sim_cut(n->machine, NULL); /* as node_crash(), which knows of no host */
    for (int op = 0; op < VFS_OP_COUNT; op++)
        vfs_fault_set(n->gate, (enum vfs_op)op, 1, 0, ERR_IO);
    stop(k, i);
    vfs_mem_power_cut(n->disk);
    sim_node_crash(n->machine);
    sim_heal(n->machine, NULL);
    sim_node_restart(n->machine);
    start(k, i);
}

/* What was not synced is lost with the power; what is there is proven, and the rest fetched. */
static void the_power_goes_at_who_gets(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    receive(k, BOB, o.code, "/got", id);
    run_until_done(k, BOB, id, 2 * HAND_CHUNK);
    crash(k, BOB);
    dial(k, BOB, k->host[ANN], ANN);
    until(k, BOB, id, "done", 200);
    assert_true(node_has(k->n[BOB], "/got/film.mkv", k->film, sizeof k->film));
    vfs_mem_power_cut(k->n[BOB]->disk); /* what is said to be here is on the disk */
    assert_true(node_has(k->n[BOB], "/got/film.mkv", k->film, sizeof k->film));
}

static void a_restart_of_who_gets_fetches_only_the_rest(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    receive(k, BOB, o.code, "/got", id);
    run_until_done(k, BOB, id, 3 * HAND_CHUNK);
    stop(k, BOB);
    sim_cut(k->n[BOB]->machine, NULL);
    start(k, BOB);
    run_until_done(k, BOB, id, 3 * HAND_CHUNK); /* proven without a word of hers */
    sim_heal(k->n[BOB]->machine, NULL);
    dial(k, BOB, k->host[ANN], ANN);
    until(k, BOB, id, "done", 100);
    assert_true(node_has(k->n[BOB], "/got/film.mkv", k->film, sizeof k->film));
}

/* The disk, or somebody, changed a byte of what is there: it is fetched again from there on. */
static void what_is_damaged_meanwhile_is_fetched_again(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT], part[64];
    receive(k, BOB, o.code, "/got", id);
    run_until_done(k, BOB, id, 3 * HAND_CHUNK);
    stop(k, BOB);
    snprintf(part, sizeof part, "/got/film.mkv.%s.part", id);
    struct vfile *f = vfs_open(k->n[BOB]->disk, part, VFS_WRITE, NULL);
    assert_non_null(f);
    assert_int_equal(vfile_pwrite(f, "not it", 6, HAND_CHUNK + 100, NULL), OK);
    vfile_close(f);
    sim_cut(k->n[BOB]->machine, NULL);
    start(k, BOB);
    run_until_done(k, BOB, id, HAND_CHUNK);
    assert_int_equal(show_number(k, BOB, id, "done"), HAND_CHUNK);
    sim_heal(k->n[BOB]->machine, NULL);
    dial(k, BOB, k->host[ANN], ANN);
    until(k, BOB, id, "done", 100);
    assert_true(node_has(k->n[BOB], "/got/film.mkv", k->film, sizeof k->film));
}

static void a_file_that_changed_is_not_sent(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    node_write(k->n[ANN], "/have/film.mkv", k->film + 1, sizeof k->film - 1);
    receive(k, BOB, o.code, "/got", id);
    ended_with(k, BOB, id, "closed", "was changed after it was offered");
    ended_with(k, ANN, o.id, "state", "was changed after it was offered");
    sim_run_for(k->sim, 5 * SEC);
    assert_true(is_empty(k, BOB, "/got"));
}

static void the_power_goes_at_who_gives(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    struct vfile *f = vfs_open(k->n[ANN]->disk, "/have/film.mkv", VFS_WRITE, NULL);
    assert_int_equal(vfile_sync(f, NULL), OK);
    vfile_close(f);
    assert_int_equal(vfs_sync_dir(k->n[ANN]->disk, "/have", NULL), OK);
    receive(k, BOB, o.code, "/got", id);
    run_until_done(k, BOB, id, 2 * HAND_CHUNK);
    crash(k, ANN);
    until(k, BOB, id, "done", 300);
    assert_true(node_has(k->n[BOB], "/got/film.mkv", k->film, sizeof k->film));
    until(k, ANN, o.id, "done", 60);
}

/* --- disks --------------------------------------------------------------------------------------
 */

/* It is tried again, and comes right; nothing is left beside it. */
static void any_disk_operation_may_fail_once(void **state)
{
    struct kit *k = *state;
    for (unsigned nth = 1; nth < 60; nth += 3) {
        struct offered o = send_it(k, ANN, "/have/film.mkv");
        char id[HAND_ID_TEXT], path[40], dir[16];
        snprintf(dir, sizeof dir, "/got%u", nth);
        snprintf(path, sizeof path, "%s/film.mkv", dir);
        vfs_fault_set(k->n[BOB]->gate, VFS_OP_ANY, nth, 1, ERR_IO);
        receive(k, BOB, o.code, dir, id);
        until(k, BOB, id, "done", 300);
        vfs_fault_set(k->n[BOB]->gate, VFS_OP_ANY, 0, 0, OK);
        assert_true(node_has(k->n[BOB], path, k->film, sizeof k->film));
        sim_run_for(k->sim, 40 * SEC);
    }
}

static void a_disk_that_cannot_be_read_once_is_asked_again(void **state)
{
    struct kit *k = *state;
    for (unsigned nth = 1; nth < 24; nth += 2) {
        struct offered o = send_it(k, ANN, "/have/film.mkv");
        char id[HAND_ID_TEXT], path[40], dir[16];
        snprintf(dir, sizeof dir, "/got%u", nth);
        snprintf(path, sizeof path, "%s/film.mkv", dir);
        vfs_fault_set(k->n[ANN]->gate, VFS_OP_ANY, nth, 1, ERR_IO);
        receive(k, BOB, o.code, dir, id);
        until(k, BOB, id, "done", 100);
        assert_true(node_has(k->n[BOB], path, k->film, sizeof k->film));
        until(k, ANN, o.id, "done", 60);
        vfs_fault_set(k->n[ANN]->gate, VFS_OP_ANY, 0, 0, OK);
    }
}

static void sql(struct kit *k, unsigned i, const char *text)
{
    struct why why;
    if (db_exec(k->n[i]->db, text, &why) != OK)
        fail_msg("%s", why.text);
}

/* The name was taken, and the node killed before it wrote that down. */
static void a_kill_while_it_is_named_makes_no_second_one(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    struct vfs_stat st;
    receive(k, BOB, o.code, "/got", id);
    run_until_done(k, BOB, id, HAND_CHUNK);
    sql(k, BOB, "CREATE TABLE spare AS SELECT * FROM hand_get");
    until(k, BOB, id, "done", 60);
    until(k, ANN, o.id, "done", 10);
    stop(k, BOB);
    sql(k, BOB, "DELETE FROM hand_get");
    sql(k, BOB, "INSERT INTO hand_get SELECT * FROM spare");
    sql(k, BOB, "UPDATE hand_get SET accepted = 2"); /* HAND_NAMING */
    start(k, BOB);
    assert_true(is(k, BOB, id, "done"));
    sim_run_for(k->sim, 60 * SEC);
    assert_int_equal(vfs_stat(k->n[BOB]->disk, "/got/film (2).mkv", &st, NULL), ERR_NOT_FOUND);
    assert_true(node_has(k->n[BOB], "/got/film.mkv", k->film, sizeof k->film));
}

static void a_full_disk_is_told_and_waited_for(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    vfs_mem_set_size(k->n[BOB]->disk, HAND_RESERVE + SIZE / 2);
    receive(k, BOB, o.code, "/got", id);
    sim_run_for(k->sim, 20 * SEC);
    json_t *row = show(k, BOB, id);
    assert_non_null(strstr(text_of(row, "reason"), "MiB are needed"));
    json_decref(row);
    vfs_mem_set_size(k->n[BOB]->disk, UINT64_C(1) << 40);
    until(k, BOB, id, "done", 120);
}

static void the_owners_quota_is_kept(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    policy_set_storage(k->n[BOB]->policy, SIZE - 1);
    receive(k, BOB, o.code, "/got", id);
    ended_with(k, BOB, id, "full", "");
    assert_true(is_empty(k, BOB, "/got"));
    ended_with(k, ANN, o.id, "denied", "does not want it");
}

static void who_gives_may_end_it_on_the_way(void **state)
{
    struct kit *k = *state;
    struct offered o = send_it(k, ANN, "/have/film.mkv");
    char id[HAND_ID_TEXT];
    receive(k, BOB, o.code, "/got", id);
    run_until_done(k, BOB, id, HAND_CHUNK);
    json_decref(node_call(k->n[ANN], "file.transfer-cancel", json_pack("{s:s}", "id", o.id), NULL));
    ended_with(k, BOB, id, "closed", "no longer offered");
    sim_run_for(k->sim, 5 * SEC);
    assert_true(is_empty(k, BOB, "/got"));
}

int main(void)
{
#define WORLD(test) cmocka_unit_test_setup_teardown(test, open_world, close_world)
    const struct CMUnitTest tests[] = {
        WORLD(a_file_goes_to_who_has_the_code),
        WORLD(a_folder_goes_with_what_is_in_it),
        WORLD(four_wrong_guesses_end_a_code_over_a_restart_too),
        WORLD(a_code_ends_in_time),
        WORLD(of_two_with_one_number_the_right_one_gives),
        WORLD(a_line_cut_at_many_places_loses_nothing),
        WORLD(the_power_goes_at_who_gets),
        WORLD(a_restart_of_who_gets_fetches_only_the_rest),
        WORLD(what_is_damaged_meanwhile_is_fetched_again),
        WORLD(a_file_that_changed_is_not_sent),
        WORLD(the_power_goes_at_who_gives),
        WORLD(any_disk_operation_may_fail_once),
        WORLD(a_disk_that_cannot_be_read_once_is_asked_again),
        WORLD(a_kill_while_it_is_named_makes_no_second_one),
        WORLD(a_full_disk_is_told_and_waited_for),
        WORLD(the_owners_quota_is_kept),
        WORLD(who_gives_may_end_it_on_the_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
