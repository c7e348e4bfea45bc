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

static void sequential_blocks_come_from_one_read(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 4, 5, 1);
    sim_run_for(k.sim, 1 * SEC);
    uint64_t reads = vfs_fault_calls(k.fault, VFS_OP_READ);
    struct kit_got g[3] = {0};
    for (uint32_t b = 0; b < 3; b++) {
        uint32_t len = b < 2 ? BLOCK_LEN : KIT_PIECE - 2 * BLOCK_LEN;
        assert_non_null(data_get(k.d, 4, b * BLOCK_LEN, len, kit_on_got, &g[b]));
        assert_int_equal(g[b].calls, 0); /* never from inside */
        if (b == 1)                      /* the third comes when the window is there already */
            sim_run_for(k.sim, 1 * SEC);
    }
    sim_run_for(k.sim, 1 * SEC);
    assert_int_equal(vfs_fault_calls(k.fault, VFS_OP_READ), reads + 1);
    for (uint32_t b = 0; b < 3; b++) {
        assert_int_equal(g[b].calls, 1);
        assert_memory_equal(g[b].bytes, k.bytes + 4 * KIT_PIECE + b * BLOCK_LEN, g[b].len);
        free(g[b].bytes);
    }
    kit_done(&k);
}

/* Also when the bytes of it that came lie on the disk already, and when it is lost meanwhile. */
static void what_is_not_proven_is_given_to_nobody(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 0, KIT_PIECES, 1);
    kit_close(&k);
    struct vfile *f = vfs_open(k.mem, "/home/ann/down/t/a/big", VFS_WRITE, NULL);
    assert_int_equal(vfile_pwrite(f, "wrong", 5, 60000, NULL), OK); /* in piece 4, by somebody */
    vfile_close(f);
    kit_open(&k, "next boot");
    assert_int_equal(data_have_count(k.d), KIT_PIECES - 1);
    struct kit_got g = {0};
    uint32_t gone = 0;
    while (data_has(k.d, gone))
        gone++;
    assert_non_null(data_get(k.d, gone, 0, BLOCK_LEN, kit_on_got, &g));
    sim_run_for(k.sim, 1 * SEC);
    assert_int_equal(g.calls, 1);
    assert_null(g.bytes);
    assert_int_equal(g.why.code, ERR_NOT_FOUND);
    kit_done(&k);
}

static void a_read_can_be_taken_back_at_each_stage(void **state)
{
    (void)state;
    for (unsigned stage = 0; stage < 2; stage++) {
        struct kit k;
        kit_init(&k);
        kit_open(&k, "boot");
        kit_put_all(&k, 4, 5, 1);
        sim_run_for(k.sim, 1 * SEC);
        struct kit_got g = {0}, other = {0};
        if (stage == 1) { /* in memory already: it waits for its turn only */
            data_get(k.d, 4, 0, BLOCK_LEN, kit_on_got, &other);
            sim_run_for(k.sim, 1 * SEC);
        }
        struct data_read *r = data_get(k.d, 4, 0, BLOCK_LEN, kit_on_got, &g);
        data_get(k.d, 4, BLOCK_LEN, BLOCK_LEN, kit_on_got, &other);
        data_read_cancel(r);
        sim_run_for(k.sim, 1 * SEC);
        assert_int_equal(g.calls, 0);
        assert_int_equal(other.calls, 1 + stage);
        free(other.bytes);
        kit_done(&k);
    }
}

static void reads_have_a_limit_and_are_answered_at_close(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 4, 5, 1);
    sim_run_for(k.sim, 1 * SEC);
    struct kit_got g = {0};
    for (unsigned i = 0; i < DATA_READS_MAX; i++)
        assert_non_null(data_get(k.d, 4, BLOCK_LEN, 1 + i, kit_on_got, &g));
    assert_null(data_get(k.d, 4, 0, BLOCK_LEN, kit_on_got, &g));
    kit_close(&k);
    assert_int_equal(g.calls, DATA_READS_MAX);
    assert_null(g.bytes);
    assert_int_equal(g.why.code, ERR_CLOSED);
    kit_done(&k);
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
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(blocks_in_any_order_make_the_files),
        cmocka_unit_test(what_was_closed_is_had_without_hashing),
        cmocka_unit_test(opening_a_finished_torrent_writes_nothing),
        cmocka_unit_test(a_bad_piece_is_dropped_and_can_come_again),
        cmocka_unit_test(a_block_counts_once),
        cmocka_unit_test(unsynced_work_is_synced_within_five_seconds),
        cmocka_unit_test(a_full_disk_stops_writing_and_a_retry_goes_on),
        cmocka_unit_test(a_file_changed_underneath_is_hashed_again),
        cmocka_unit_test(a_file_cut_short_gives_an_error_and_the_piece_is_lost),
        cmocka_unit_test(verify_tells_each_difference),
        cmocka_unit_test(files_that_are_there_already_are_found_without_a_resume_file),
        cmocka_unit_test(what_is_found_waits_for_no_disk_and_is_synced_later),
        cmocka_unit_test(on_a_busy_disk_only_what_we_wrote_is_synced_at_close),
        cmocka_unit_test(a_torrent_at_rest_asks_nothing_of_the_disk_at_close),
        cmocka_unit_test(a_damaged_resume_file_costs_hashing_and_nothing_else),
        cmocka_unit_test(a_piece_written_to_while_it_is_checked_is_not_believed),
        cmocka_unit_test(after_a_kill_nothing_is_hashed_in_the_same_boot),
        cmocka_unit_test(a_boot_without_a_name_is_never_the_same),
        cmocka_unit_test(sequential_blocks_come_from_one_read),
        cmocka_unit_test(what_is_not_proven_is_given_to_nobody),
        cmocka_unit_test(a_read_can_be_taken_back_at_each_stage),
        cmocka_unit_test(reads_have_a_limit_and_are_answered_at_close),
        cmocka_unit_test(to_remove_what_is_not_there_is_no_failure),
        cmocka_unit_test(remove_takes_the_files_and_leaves_the_owners_own),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
