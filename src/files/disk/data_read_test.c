/* Who may read which bytes, and when; reads taken back, counted and answered at the end. */
#include "files/disk/data_testkit.h"

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

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(sequential_blocks_come_from_one_read),
        cmocka_unit_test(what_is_not_proven_is_given_to_nobody),
        cmocka_unit_test(a_read_can_be_taken_back_at_each_stage),
        cmocka_unit_test(reads_have_a_limit_and_are_answered_at_close),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
