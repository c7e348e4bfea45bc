/* Files that are not wanted are not made, and nothing that came of them is lost. */
#include "files/disk/data.h"

#include "files/disk/data_testkit.h"

/* By number: 0 empty, 1 a/b/c (pieces 0 to 2), 2 one (in 2), 4 a/big (3 to 8), 5 z, 6 last. */
static const uint8_t only_one[] = {0xde}, only_c_and_one[] = {0x9e}, none[] = {0};

static bool there(const struct kit *k, const char *path)
{
    struct vfs_stat st;
    return vfs_stat(k->mem, path, &st, NULL) == OK;
}

static void assert_only_one_is_there(const struct kit *k)
{
    assert_true(there(k, "/home/ann/down/t/one"));
    assert_false(there(k, "/home/ann/down/t/a"));
    assert_false(there(k, "/home/ann/down/t/empty"));
    assert_false(there(k, "/home/ann/down/t/z"));
}

static void kit_of_one(struct kit *k)
{
    kit_init(k);
    k->skip = only_one;
    kit_open(k, "boot");
    kit_put_all(k, 2, 3, 1);
    sim_run_for(k->sim, 10 * SEC); /* and it is synced */
    assert_int_equal(k->ok[2], 1);
}

static void an_unwanted_file_is_not_made(void **state)
{
    (void)state;
    struct kit k;
    kit_of_one(&k);
    assert_only_one_is_there(&k);
    assert_true(there(&k, "/home/ann/state/x.parts"));
    kit_assert_had_is_right(&k);
    kit_close(&k);
    assert_only_one_is_there(&k);
    kit_done(&k);
}

static void what_was_put_aside_is_had_after_a_restart(void **state)
{
    (void)state;
    static const char *const boots[] = {"boot", "another boot"};
    for (size_t i = 0; i < 2; i++) {
        struct kit k;
        kit_of_one(&k);
        kit_close(&k);
        if (i == 1)
            vfs_mem_power_cut(k.mem);
        kit_open(&k, boots[i]);
        assert_false(k.checked); /* not by hashing */
        assert_int_equal(data_have_count(k.d), 1);
        kit_assert_had_is_right(&k);
        data_verify(k.d);
        sim_run_for(k.sim, 1 * SEC);
        assert_true(k.checked);
        assert_int_equal(data_have_count(k.d), 1);
        kit_close(&k);
        kit_done(&k);
    }
}

static void without_the_parts_it_is_not_had(void **state)
{
    (void)state;
    struct kit k;
    kit_of_one(&k);
    kit_close(&k);
    assert_int_equal(vfs_unlink(k.mem, "/home/ann/state/x.parts", NULL), OK);
    kit_open(&k, "boot");
    assert_int_equal(data_have_count(k.d), 0);
    kit_done(&k);
}

static void a_file_that_is_wanted_later_gets_its_bytes(void **state)
{
    (void)state;
    struct kit k;
    kit_of_one(&k);
    data_skip(k.d, only_c_and_one);
    sim_run_for(k.sim, 1 * SEC);
    assert_true(there(&k, "/home/ann/down/t/a/b/c"));
    assert_false(there(&k, "/home/ann/down/t/a/big"));
    assert_false(there(&k, "/home/ann/state/x.parts"));
    kit_assert_had_is_right(&k);
    data_skip(k.d, NULL);
    kit_put_all(&k, 0, KIT_PIECES, 3);
    sim_run_for(k.sim, 1 * SEC);
    assert_int_equal(data_have_count(k.d), KIT_PIECES);
    kit_close(&k);
    kit_assert_files_are_right(&k);
    k.skip = NULL;
    kit_open(&k, "another boot");
    assert_int_equal(data_have_count(k.d), KIT_PIECES);
    assert_false(k.checked);
    kit_done(&k);
}

static void what_became_wanted_while_it_was_closed_too(void **state)
{
    (void)state;
    struct kit k;
    kit_of_one(&k);
    kit_close(&k);
    k.skip = none;
    kit_open(&k, "boot");
    assert_true(there(&k, "/home/ann/down/t/a/b/c"));
    assert_true(there(&k, "/home/ann/down/t/empty"));
    kit_assert_had_is_right(&k);
    kit_put_all(&k, 0, KIT_PIECES, 3);
    kit_close(&k);
    kit_assert_files_are_right(&k);
    kit_done(&k);
}

static void a_file_that_is_there_is_written_though_it_is_skipped(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 0, 1, 1);
    sim_run_for(k.sim, 1 * SEC);
    data_skip(k.d, only_one);
    kit_put_all(&k, 2, 3, 1);
    sim_run_for(k.sim, 1 * SEC);
    assert_int_equal(data_have_count(k.d), 2);
    assert_false(there(&k, "/home/ann/state/x.parts"));
    kit_assert_had_is_right(&k);
    kit_close(&k);
    kit_open(&k, "boot");
    assert_int_equal(data_have_count(k.d), 2);
    kit_done(&k);
}

/* Killed at each file operation of a change of mind, and at some with the power gone too. */
static void a_kill_while_the_bytes_move_loses_nothing(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 60; nth++) {
        for (int cut = 0; cut < 2; cut++) {
            struct kit k;
            kit_of_one(&k);
            vfs_fault_set(k.fault, VFS_OP_ANY, nth, 0, ERR_IO);
            data_skip(k.d, only_c_and_one);
            sim_run_for(k.sim, 20 * SEC);
            kit_kill(&k);
            if (cut)
                vfs_mem_power_cut(k.mem);
            k.skip = only_c_and_one;
            kit_open(&k, cut ? "another boot" : "boot");
            sim_run_for(k.sim, 1 * SEC);
            assert_int_equal(data_have_count(k.d), 1);
            kit_assert_had_is_right(&k);
            assert_true(there(&k, "/home/ann/down/t/a/b/c"));
            data_skip(k.d, NULL);
            kit_put_all(&k, 0, KIT_PIECES, 3);
            kit_close(&k);
            kit_assert_files_are_right(&k);
            kit_done(&k);
        }
    }
}

static void a_full_disk_is_told_and_tried_again(void **state)
{
    (void)state;
    struct kit k;
    kit_of_one(&k);
    vfs_fault_set(k.fault, VFS_OP_WRITE, 1, 0, ERR_FULL);
    data_skip(k.d, only_c_and_one);
    sim_run_for(k.sim, 1 * SEC);
    assert_true(k.failed);
    assert_false(there(&k, "/home/ann/down/t/a/b/c"));
    kit_assert_had_is_right(&k);
    vfs_fault_set(k.fault, VFS_OP_WRITE, 0, 0, OK);
    data_retry(k.d);
    sim_run_for(k.sim, 1 * SEC);
    assert_true(there(&k, "/home/ann/down/t/a/b/c"));
    kit_assert_had_is_right(&k);
    kit_done(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unwanted_file_is_not_made),
        cmocka_unit_test(what_was_put_aside_is_had_after_a_restart),
        cmocka_unit_test(without_the_parts_it_is_not_had),
        cmocka_unit_test(a_file_that_is_wanted_later_gets_its_bytes),
        cmocka_unit_test(what_became_wanted_while_it_was_closed_too),
        cmocka_unit_test(a_file_that_is_there_is_written_though_it_is_skipped),
        cmocka_unit_test(a_kill_while_the_bytes_move_loses_nothing),
        cmocka_unit_test(a_full_disk_is_told_and_tried_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
