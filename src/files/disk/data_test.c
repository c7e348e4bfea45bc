#include "files/disk/data.h"

#include "files/disk/data_testkit.h"

static void blocks_in_any_order_make_the_files(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 8; seed++) {
        struct kit k;
        kit_init(&k);
        kit_open(&k, "boot");
        assert_int_equal(data_have_count(k.d), 0);
        kit_put_all(&k, 0, KIT_PIECES, seed);
        assert_int_equal(data_have_count(k.d), 0); /* not before it is recorded */
        sim_run_for(k.sim, 1 * SEC);
        for (uint32_t p = 0; p < KIT_PIECES; p++)
            assert_int_equal(k.ok[p], 1);
        assert_int_equal(data_have_count(k.d), KIT_PIECES);
        assert_memory_equal(data_have(k.d), "\xff\xc0", 2);
        for (size_t i = 0; i < KIT_FILES; i++)
            assert_int_equal(data_file_done(k.d, i), k.files[i].len);
        kit_assert_had_is_right(&k);
        kit_close(&k);
        kit_assert_files_are_right(&k);
        kit_done(&k);
    }
}

static void a_bad_piece_is_dropped_and_can_come_again(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    k.bytes[KIT_PIECE + 5] ^= 1;
    kit_put_all(&k, 1, 2, 1);
    k.bytes[KIT_PIECE + 5] ^= 1;
    assert_true(data_has_block(k.d, 1, 0));
    sim_run_for(k.sim, 1 * SEC);
    assert_int_equal(k.bad[1], 1);
    assert_int_equal(k.ok[1], 0);
    assert_false(data_has_block(k.d, 1, 0));
    kit_put_all(&k, 0, KIT_PIECES, 1);
    sim_run_for(k.sim, 1 * SEC);
    assert_int_equal(k.ok[1], 1);
    kit_close(&k);
    kit_assert_files_are_right(&k);
    kit_done(&k);
}

static void a_block_counts_once(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    assert_false(data_has_block(k.d, 0, 1));
    assert_true(kit_put(&k, 0, 1));
    assert_true(data_has_block(k.d, 0, 1));
    assert_false(data_has_block(k.d, 0, 0));
    assert_false(kit_put(&k, 0, 1));
    kit_put_all(&k, 0, 1, 1);
    assert_false(kit_put(&k, 0, 0));
    sim_run_for(k.sim, 1 * SEC);
    assert_true(data_has(k.d, 0));
    assert_false(kit_put(&k, 0, 0));
    assert_true(data_has_block(k.d, 0, 2));
    kit_done(&k);
}

static void unsynced_work_is_synced_within_five_seconds(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 0, 3, 1);
    sim_run_for(k.sim, 6 * SEC);
    vfs_mem_power_cut(k.mem);
    kit_kill(&k);
    kit_open(&k, "next boot");
    assert_int_equal(data_have_count(k.d), 3);
    assert_false(k.checked); /* believed, not hashed */
    kit_assert_had_is_right(&k);
    kit_done(&k);
}

static void a_full_disk_stops_writing_and_a_retry_goes_on(void **state)
{
    (void)state;
    for (uint64_t nth = 1; nth < 12; nth++) {
        struct kit k;
        kit_init(&k);
        kit_open(&k, "boot");
        vfs_fault_set(k.fault, VFS_OP_WRITE, nth, 0, ERR_FULL);
        for (uint32_t p = 0; p < KIT_PIECES; p++) {
            kit_put_all(&k, p, p + 1, p);
            sim_run_for(k.sim, 1 * SEC);
        }
        assert_true(k.failed);
        assert_int_equal(k.why.code, ERR_FULL);
        uint32_t had = data_have_count(k.d);
        assert_true(had < KIT_PIECES);
        kit_assert_had_is_right(&k); /* it still serves */
        uint64_t writes = vfs_fault_calls(k.fault, VFS_OP_WRITE);
        sim_run_for(k.sim, 60 * SEC);
        assert_int_equal(vfs_fault_calls(k.fault, VFS_OP_WRITE), writes);
        for (uint32_t p = 0; p < KIT_PIECES; p++)
            assert_true(data_has_block(k.d, p, 0)); /* kept */
        vfs_fault_set(k.fault, VFS_OP_WRITE, 0, 0, OK);
        data_retry(k.d);
        sim_run_for(k.sim, 1 * SEC);
        for (uint32_t p = 0; p < KIT_PIECES; p++)
            assert_int_equal(k.ok[p], 1);
        kit_close(&k);
        kit_assert_files_are_right(&k);
        kit_open(&k, "boot");
        assert_int_equal(data_have_count(k.d), KIT_PIECES);
        kit_done(&k);
    }
}

static void a_file_cut_short_gives_an_error_and_the_piece_is_lost(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 0, KIT_PIECES, 1);
    sim_run_for(k.sim, 1 * SEC);
    struct vfile *f = vfs_open(k.mem, "/home/ann/down/t/a/big", VFS_WRITE, NULL);
    assert_int_equal(vfile_truncate(f, 100, NULL), OK);
    vfile_close(f);
    struct kit_got g = {0};
    data_get(k.d, 5, 0, BLOCK_LEN, kit_on_got, &g);
    sim_run_for(k.sim, 1 * SEC);
    assert_int_equal(g.calls, 1);
    assert_null(g.bytes);
    assert_int_equal(g.why.code, ERR_NOT_FOUND);
    assert_int_equal(k.lost[5], 1);
    assert_false(data_has(k.d, 5));
    assert_false(data_has_block(k.d, 5, 0));
    kit_put_all(&k, 5, 6, 1); /* it can be fetched again, and stays had */
    kit_close(&k);
    kit_open(&k, "boot");
    assert_true(data_has(k.d, 5));
    kit_done(&k);
}

static void nothing(void *arg)
{
    (void)arg;
}

/* As when a node with thousands of torrents stops. */
static void on_a_busy_disk_only_what_we_wrote_is_synced_at_close(void **state)
{
    (void)state;
    for (int wrote = 0; wrote < 2; wrote++) {
        struct kit k;
        kit_init(&k);
        kit_open(&k, "boot");
        kit_put_all(&k, 0, KIT_PIECES, 1);
        sim_run_for(k.sim, 1 * SEC);
        if (!wrote) { /* what was written before is but found now */
            kit_close(&k);
            assert_int_equal(vfs_unlink(k.mem, "/home/ann/state/x.resume", NULL), OK);
            kit_open(&k, "boot");
        }
        uint64_t before = vfs_fault_calls(k.fault, VFS_OP_SYNC);
        for (int i = 0; i < 1000; i++)
            lane_run(k.loop, LANE_DISK, nothing, nothing, NULL);
        kit_close(&k);
        assert_int_equal(vfs_fault_calls(k.fault, VFS_OP_SYNC) > before, wrote);
        kit_open(&k, "boot");
        assert_int_equal(data_have_count(k.d), KIT_PIECES);
        assert_false(k.checked); /* in the same boot it is believed all the same */
        kit_done(&k);
    }
}

static void a_torrent_at_rest_asks_nothing_of_the_disk_at_close(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 0, KIT_PIECES, 1);
    sim_run_for(k.sim, 20 * SEC);
    uint64_t before = vfs_fault_calls(k.fault, VFS_OP_ANY);
    kit_close(&k);
    assert_int_equal(vfs_fault_calls(k.fault, VFS_OP_ANY), before);
    kit_open(&k, "next boot");
    assert_int_equal(data_have_count(k.d), KIT_PIECES);
    assert_false(k.checked);
    kit_done(&k);
}

/* A peer's bad blocks must not slip in behind a hash that was right a moment ago. */
static void a_piece_written_to_while_it_is_checked_is_not_believed(void **state)
{
    (void)state;
    for (uint64_t us = 0; us < 3000; us += 50) {
        struct kit k;
        kit_init(&k);
        kit_open(&k, "boot");
        kit_put_all(&k, 0, KIT_PIECES, 1);
        kit_close(&k);
        assert_int_equal(vfs_unlink(k.mem, "/home/ann/state/x.resume", NULL), OK);
        struct data_cfg cfg = {.loop = k.loop,
                               .vfs = k.fault,
                               .mi = &k.mi,
                               .dir = "/home/ann/down",
                               .resume_path = "/home/ann/state/x.resume",
                               .boot_id = "boot",
                               .cb = kit_on_event,
                               .arg = &k};
        k.d = data_open(&cfg);
        sim_run_for(k.sim, us);
        for (uint32_t p = 0; p < KIT_PIECES; p++) {
            k.bytes[p * KIT_PIECE] ^= 1;
            kit_put_all(&k, p, p + 1, 1);
            k.bytes[p * KIT_PIECE] ^= 1;
        }
        sim_run_for(k.sim, 1 * SEC);
        assert_true(k.checked);
        kit_assert_had_is_right(&k);
        kit_done(&k);
    }
}

static void on_removed(void *arg, const struct why *why)
{
    *(struct why *)arg = *why;
}

static void to_remove_what_is_not_there_is_no_failure(void **state)
{
    (void)state;
    struct kit k;
    struct why why = {.code = ERR_STATE};
    kit_init(&k);
    data_remove(k.loop, k.fault, &k.mi, "/home/ann/down", on_removed, &why);
    sim_run_for(k.sim, 1 * SEC);
    assert_int_equal(why.code, OK);
    kit_open(&k, "boot");
    kit_put_all(&k, 0, KIT_PIECES, 1);
    kit_close(&k);
    vfs_fault_set(k.fault, VFS_OP_UNLINK, 2, 1, ERR_IO);
    data_remove(k.loop, k.fault, &k.mi, "/home/ann/down", on_removed, &why);
    sim_run_for(k.sim, 1 * SEC);
    assert_int_equal(why.code, ERR_IO); /* told, and the others are gone */
    data_remove(k.loop, k.fault, &k.mi, "/home/ann/down", on_removed, &why);
    sim_run_for(k.sim, 1 * SEC);
    assert_int_equal(why.code, OK);
    struct vfs_stat st;
    assert_int_equal(vfs_stat(k.mem, "/home/ann/down/t", &st, NULL), ERR_NOT_FOUND);
    kit_done(&k);
}

static void remove_takes_the_files_and_leaves_the_owners_own(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 0, KIT_PIECES, 1);
    kit_close(&k);
    vfile_close(vfs_open(k.mem, "/home/ann/down/t/a/mine", VFS_WRITE | VFS_CREATE, NULL));
    data_remove(k.loop, k.fault, &k.mi, "/home/ann/down", NULL, NULL);
    sim_run_for(k.sim, 1 * SEC);
    struct vfs_stat st;
    assert_int_equal(vfs_stat(k.mem, "/home/ann/down/t/a/b", &st, NULL), ERR_NOT_FOUND);
    assert_int_equal(vfs_stat(k.mem, "/home/ann/down/t/a/big", &st, NULL), ERR_NOT_FOUND);
    assert_int_equal(vfs_stat(k.mem, "/home/ann/down/t/a/mine", &st, NULL), OK);
    vfs_unlink(k.mem, "/home/ann/down/t/a/mine", NULL);
    data_remove(k.loop, k.fault, &k.mi, "/home/ann/down", NULL, NULL);
    sim_run_for(k.sim, 1 * SEC);
    assert_int_equal(vfs_stat(k.mem, "/home/ann/down/t", &st, NULL), ERR_NOT_FOUND);
    assert_int_equal(vfs_stat(k.mem, "/home/ann/down", &st, NULL), OK);
    kit_done(&k);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_in_any_order_make_the_files),
        cmocka_unit_test(a_bad_piece_is_dropped_and_can_come_again),
        cmocka_unit_test(a_block_counts_once),
        cmocka_unit_test(unsynced_work_is_synced_within_five_seconds),
        cmocka_unit_test(a_full_disk_stops_writing_and_a_retry_goes_on),
        cmocka_unit_test(a_file_cut_short_gives_an_error_and_the_piece_is_lost),
        cmocka_unit_test(on_a_busy_disk_only_what_we_wrote_is_synced_at_close),
        cmocka_unit_test(a_torrent_at_rest_asks_nothing_of_the_disk_at_close),
        cmocka_unit_test(a_piece_written_to_while_it_is_checked_is_not_believed),
        cmocka_unit_test(to_remove_what_is_not_there_is_no_failure),
        cmocka_unit_test(remove_takes_the_files_and_leaves_the_owners_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
