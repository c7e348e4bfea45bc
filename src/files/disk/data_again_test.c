/* What is believed at the next start, what is hashed again, and what is found without a record. */
#include "files/disk/data_testkit.h"

static void what_was_closed_is_had_without_hashing(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 0, 7, 1);
    kit_close(&k); /* also what is whole and not yet written is had then */
    kit_open(&k, "another boot");
    uint32_t done, total;
    assert_false(data_checking(k.d, &done, &total));
    assert_false(k.checked);
    assert_int_equal(data_have_count(k.d), 7);
    kit_assert_had_is_right(&k);
    kit_put_all(&k, 0, KIT_PIECES, 2);
    kit_close(&k);
    kit_assert_files_are_right(&k);
    kit_done(&k);
}

static void opening_a_finished_torrent_writes_nothing(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 0, KIT_PIECES, 1);
    kit_close(&k);
    uint64_t writes = vfs_fault_calls(k.fault, VFS_OP_WRITE);
    uint64_t syncs = vfs_fault_calls(k.fault, VFS_OP_SYNC);
    kit_open(&k, "another boot");
    sim_run_for(k.sim, 60 * SEC);
    kit_close(&k);
    assert_int_equal(vfs_fault_calls(k.fault, VFS_OP_WRITE), writes);
    assert_int_equal(vfs_fault_calls(k.fault, VFS_OP_SYNC), syncs);
    kit_done(&k);
}

static void a_file_changed_underneath_is_hashed_again(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 0, KIT_PIECES, 1);
    kit_close(&k);
    struct vfile *f = vfs_open(k.mem, "/home/ann/down/t/a/big", VFS_WRITE, NULL);
    assert_int_equal(vfile_pwrite(f, "x", 1, 0, NULL), OK); /* its first byte, in piece 3 */
    vfile_close(f);
    kit_open(&k, "boot");
    assert_true(k.checked);
    assert_false(data_has(k.d, 3));
    assert_int_equal(data_have_count(k.d), KIT_PIECES - 1);
    kit_close(&k);
    kit_open(&k, "boot"); /* and what was found is remembered */
    assert_false(k.checked);
    assert_int_equal(data_have_count(k.d), KIT_PIECES - 1);
    kit_done(&k);
}

static void verify_tells_each_difference(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 0, KIT_PIECES - 1, 1);
    sim_run_for(k.sim, 1 * SEC);
    struct vfile *f = vfs_open(k.mem, "/home/ann/down/t/a/b/c", VFS_WRITE, NULL);
    assert_int_equal(vfile_pwrite(f, "????", 4, 50000, NULL), OK); /* piece 1 */
    vfile_close(f);
    f = vfs_open(k.mem, "/home/ann/down/t/a/big", VFS_WRITE,
                 NULL); /* the missing piece: its part */
    uint64_t at = 9u * KIT_PIECE - k.files[4].offset;
    assert_int_equal(vfile_pwrite(f, k.bytes + 9 * KIT_PIECE, k.files[4].len - at, at, NULL), OK);
    vfile_close(f);
    f = vfs_open(k.mem, "/home/ann/down/t/z", VFS_WRITE | VFS_CREATE, NULL); /* and the rest */
    assert_int_equal(vfile_pwrite(f, k.bytes + k.files[5].offset, 777, 0, NULL), OK);
    vfile_close(f);
    kit_forget(&k);
    data_verify(k.d);
    uint32_t done, total;
    assert_true(data_checking(k.d, &done, &total));
    assert_int_equal(total, KIT_PIECES);
    sim_run_for(k.sim, 1 * SEC);
    assert_false(data_checking(k.d, &done, &total));
    assert_int_equal(done, total);
    assert_true(k.checked);
    for (uint32_t p = 0; p < KIT_PIECES; p++) {
        assert_int_equal(k.lost[p], p == 1);
        assert_int_equal(k.ok[p], p == 9);
    }
    kit_close(&k);
    kit_open(&k, "boot");
    assert_false(k.checked);
    assert_int_equal(data_have_count(k.d), KIT_PIECES - 1);
    assert_false(data_has(k.d, 1));
    kit_done(&k);
}

static void files_that_are_there_already_are_found_without_a_resume_file(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 0, KIT_PIECES, 1);
    kit_close(&k);
    assert_int_equal(vfs_unlink(k.mem, "/home/ann/state/x.resume", NULL), OK);
    kit_open(&k, "boot");
    assert_true(k.checked);
    assert_int_equal(data_have_count(k.d), KIT_PIECES);
    kit_kill(&k);
    kit_open(&k, "boot");
    assert_false(k.checked);
    assert_int_equal(data_have_count(k.d), KIT_PIECES);
    kit_done(&k);
}

static void what_is_found_waits_for_no_disk_and_is_synced_later(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 0, KIT_PIECES, 1);
    kit_close(&k);
    assert_int_equal(vfs_unlink(k.mem, "/home/ann/state/x.resume", NULL), OK);
    uint64_t before = vfs_fault_calls(k.fault, VFS_OP_SYNC);
    kit_open(&k, "boot");
    assert_int_equal(data_have_count(k.d), KIT_PIECES);
    assert_int_equal(vfs_fault_calls(k.fault, VFS_OP_SYNC), before);
    sim_run_for(k.sim, 10 * SEC);
    assert_true(vfs_fault_calls(k.fault, VFS_OP_SYNC) > before);
    vfs_mem_power_cut(k.mem); /* the name of the resume file is synced too */
    kit_kill(&k);
    kit_open(&k, "next boot");
    assert_int_equal(data_have_count(k.d), KIT_PIECES);
    assert_false(k.checked);
    kit_done(&k);
}

static void a_damaged_resume_file_costs_hashing_and_nothing_else(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 0, 5, 1);
    sim_run_for(k.sim, 1 * SEC);
    kit_kill(&k);
    struct buf file = {0};
    const char *path = "/home/ann/state/x.resume";
    assert_int_equal(vfs_read_all(k.mem, path, 100000, &file, NULL), OK);
    for (size_t n = 0; n < buf_len(&file); n += 7) {
        /* Cut short between two records it is a file that knows less, and that is all. */
        assert_int_equal(vfs_replace(k.mem, path, buf_bytes(&file), n, 0, NULL), OK);
        kit_open(&k, "boot");
        if (k.checked)
            assert_int_equal(data_have_count(k.d), 5);
        kit_assert_had_is_right(&k);
        kit_kill(&k);
        buf_bytes(&file)[n] ^= 0x40;
        assert_int_equal(vfs_replace(k.mem, path, buf_bytes(&file), buf_len(&file), 0, NULL), OK);
        buf_bytes(&file)[n] ^= 0x40;
        kit_open(&k, "boot");
        assert_int_equal(data_have_count(k.d), 5);
        kit_kill(&k);
    }
    buf_done(&file);
    kit_done(&k);
}

static void after_a_kill_nothing_is_hashed_in_the_same_boot(void **state)
{
    (void)state;
    for (uint64_t us = 0; us < 2000; us += 100) {
        struct kit k;
        kit_init(&k);
        kit_open(&k, "boot");
        kit_put_all(&k, 0, 5, 1);
        sim_run_for(k.sim, 1 * SEC);
        kit_put_all(&k, 5, KIT_PIECES, 1);
        sim_run_for(k.sim, us);
        kit_kill(&k);
        kit_open(&k, "boot");
        assert_false(k.checked);
        assert_true(data_have_count(k.d) >= 5);
        kit_done(&k);
    }
}

static void a_boot_without_a_name_is_never_the_same(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "");
    kit_put_all(&k, 0, 5, 1);
    sim_run_for(k.sim, 1 * SEC);
    kit_kill(&k);
    kit_open(&k, "");
    sim_run_for(k.sim, 1 * SEC);
    assert_true(k.checked);
    kit_assert_had_is_right(&k);
    kit_done(&k);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_was_closed_is_had_without_hashing),
        cmocka_unit_test(opening_a_finished_torrent_writes_nothing),
        cmocka_unit_test(a_file_changed_underneath_is_hashed_again),
        cmocka_unit_test(verify_tells_each_difference),
        cmocka_unit_test(files_that_are_there_already_are_found_without_a_resume_file),
        cmocka_unit_test(what_is_found_waits_for_no_disk_and_is_synced_later),
        cmocka_unit_test(a_damaged_resume_file_costs_hashing_and_nothing_else),
        cmocka_unit_test(after_a_kill_nothing_is_hashed_in_the_same_boot),
        cmocka_unit_test(a_boot_without_a_name_is_never_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
