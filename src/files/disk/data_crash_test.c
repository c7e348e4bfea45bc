/* Kill and power cut at every file operation of a torrent's life. */
#include "files/disk/data_testkit.h"

static bool any_ok(const struct kit *k)
{
    for (uint32_t p = 0; p < KIT_PIECES; p++)
        if (k->ok[p])
            return true;
    return false;
}

/* Pieces that were said to be had so far. */
static void note_ok(const struct kit *k, bool said[KIT_PIECES])
{
    for (uint32_t p = 0; p < KIT_PIECES; p++)
        said[p] = said[p] || k->ok[p] > 0;
}

/* A life: some pieces, time for a sync, more pieces and a bad one, a lost one, a close.  Of those
 * that were had before the first sync ended, `synced` says so.  Returns whether it came to its end;
 * the plan of k->fault may stop it anywhere, as a kill would. */
static bool live(struct kit *k, uint32_t seed, bool said[KIT_PIECES], bool synced[KIT_PIECES])
{
    kit_put_all(k, 0, 4, seed);
    sim_run_for(k->sim, 1 * SEC);
    note_ok(k, said);
    if (k->failed)
        return false;
    sim_run_for(k->sim, 10 * SEC);
    if (k->failed)
        return false;
    memcpy(synced, said, KIT_PIECES * sizeof *said);
    k->bytes[5 * KIT_PIECE] ^= 1;
    kit_put_all(k, 5, 6, seed);
    k->bytes[5 * KIT_PIECE] ^= 1;
    sim_run_for(k->sim, 1 * SEC);
    for (uint32_t p = 4; p < KIT_PIECES; p++) {
        kit_put_all(k, p, p + 1, seed);
        if (p % 2 == 0)
            sim_run_for(k->sim, 2 * SEC);
    }
    sim_run_for(k->sim, 1 * SEC);
    note_ok(k, said);
    if (k->failed)
        return false;
    data_close(k->d, kit_on_closed, k);
    sim_run_for(k->sim, 1 * SEC);
    assert_true(k->closed); /* whatever the disk does */
    return true;
}

/* One life, ended at the nth file operation.  False when it ended by itself. */
static bool one_death(uint64_t nth, uint32_t seed, bool power_cut)
{
    struct kit k;
    kit_init(&k);
    bool said[KIT_PIECES] = {0}, synced[KIT_PIECES] = {0};
    kit_open(&k, "boot");
    uint64_t before = vfs_fault_calls(k.fault, VFS_OP_ANY);
    vfs_fault_set(k.fault, VFS_OP_ANY, nth, 0, ERR_IO);
    live(&k, seed, said, synced);
    bool hit = vfs_fault_calls(k.fault, VFS_OP_ANY) - before >= nth;
    if (k.d)
        kit_kill(&k);
    if (power_cut)
        vfs_mem_power_cut(k.mem);
    vfs_fault_set(k.fault, VFS_OP_ANY, 0, 0, OK);

    kit_open(&k, power_cut ? "next boot" : "boot");
    for (uint32_t p = 0; p < KIT_PIECES; p++)
        if (power_cut ? synced[p] : said[p])
            assert_true(data_has(k.d, p));
    kit_assert_had_is_right(&k);
    kit_put_all(&k, 0, KIT_PIECES, seed); /* and it can be finished */
    sim_run_for(k.sim, 1 * SEC);
    assert_false(k.failed);
    assert_int_equal(data_have_count(k.d), KIT_PIECES);
    kit_close(&k);
    kit_assert_files_are_right(&k);
    kit_open(&k, "later boot");
    assert_int_equal(data_have_count(k.d), KIT_PIECES);
    assert_false(k.checked || any_ok(&k));
    kit_done(&k);
    return hit;
}

static void killed_at_each_operation_it_loses_nothing_that_it_said(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 2; seed++) {
        uint64_t n = 1;
        while (one_death(n, seed, false))
            n++;
        assert_true(n > 100); /* the life is worth the sweep */
    }
}

static void a_power_cut_at_each_operation_loses_nothing_synced(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 2; seed++) {
        uint64_t n = 1;
        while (one_death(n, seed, true))
            n++;
        assert_true(n > 100);
    }
}

/* Open itself, after a kill that left something to hash, killed again at each of its operations. */
static void killed_while_hashing_at_open_it_still_loses_nothing(void **state)
{
    (void)state;
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        struct kit k;
        kit_init(&k);
        kit_open(&k, "boot");
        kit_put_all(&k, 0, 6, 1);
        sim_run_for(k.sim, 1 * SEC);
        kit_kill(&k);
        uint64_t before = vfs_fault_calls(k.fault, VFS_OP_ANY);
        vfs_fault_set(k.fault, VFS_OP_ANY, n, 0, ERR_IO);
        kit_open(&k, "next boot"); /* not synced: what is proven is hashed */
        hit = vfs_fault_calls(k.fault, VFS_OP_ANY) - before >= n;
        kit_kill(&k);
        kit_open(&k, "next boot");
        assert_int_equal(data_have_count(k.d), 6);
        kit_assert_had_is_right(&k);
        kit_done(&k);
    }
}

static void each_failed_call_alone_costs_no_more_than_a_retry(void **state)
{
    (void)state;
    bool hit = true;
    for (uint64_t n = 1; hit; n++) {
        struct kit k;
        kit_init(&k);
        kit_open(&k, "boot");
        uint64_t before = vfs_fault_calls(k.fault, VFS_OP_ANY);
        vfs_fault_set(k.fault, VFS_OP_ANY, n, 1, ERR_FULL);
        for (unsigned i = 0; i < 3; i++) {
            kit_put_all(&k, 0, i < 1 ? 5 : KIT_PIECES, 3);
            sim_run_for(k.sim, 10 * SEC);
            if (k.failed)
                data_retry(k.d);
            k.failed = false;
        }
        sim_run_for(k.sim, 10 * SEC);
        hit = vfs_fault_calls(k.fault, VFS_OP_ANY) - before >= n;
        vfs_fault_set(k.fault, VFS_OP_ANY, 0, 0, OK);
        assert_int_equal(data_have_count(k.d), KIT_PIECES);
        kit_assert_had_is_right(&k);
        kit_close(&k);
        kit_assert_files_are_right(&k);
        kit_open(&k, "boot");
        assert_int_equal(data_have_count(k.d), KIT_PIECES);
        kit_done(&k);
    }
}

/* fdatasync(2) may fail once and succeed the next time although the bytes are gone, so nothing that
 * it failed for may be called synced later. */
static void after_a_failed_sync_nothing_unsynced_is_believed(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 0, 6, 1);
    sim_run_for(k.sim, 1 * SEC);
    vfs_fault_set(k.fault, VFS_OP_SYNC, 1, 1, ERR_IO);
    sim_run_for(k.sim, 10 * SEC);
    assert_true(k.failed);
    data_retry(k.d);
    sim_run_for(k.sim, 20 * SEC);
    kit_close(&k);
    kit_open(&k, "next boot");
    assert_true(k.checked); /* hashed, not believed */
    assert_int_equal(data_have_count(k.d), 6);
    kit_done(&k);
}

static void it_can_be_closed_or_let_go_at_any_moment(void **state)
{
    (void)state;
    for (uint64_t us = 0; us < 6000; us += 50) {
        for (unsigned how = 0; how < 3; how++) {
            struct kit k;
            kit_init(&k);
            kit_open(&k, "boot");
            kit_put_all(&k, 0, KIT_PIECES, 1);
            if (how == 1)
                data_verify(k.d);
            struct kit_got g = {0};
            sim_run_for(k.sim, us);
            data_get(k.d, 0, 0, 1, kit_on_got, &g);
            if (how < 2) {
                kit_close(&k);
                kit_assert_files_are_right(&k);
                assert_int_equal(g.calls, 1);
            } else {
                data_close(k.d, kit_on_closed, &k);
                sim_run_for(k.sim, us / 2);
                if (!k.closed)
                    data_free(k.d);
                k.d = NULL;
            }
            free(g.bytes);
            kit_done(&k);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(killed_at_each_operation_it_loses_nothing_that_it_said),
        cmocka_unit_test(a_power_cut_at_each_operation_loses_nothing_synced),
        cmocka_unit_test(killed_while_hashing_at_open_it_still_loses_nothing),
        cmocka_unit_test(each_failed_call_alone_costs_no_more_than_a_retry),
        cmocka_unit_test(after_a_failed_sync_nothing_unsynced_is_believed),
        cmocka_unit_test(it_can_be_closed_or_let_go_at_any_moment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
