/* Torrents that do not fit into memory, have more files than may be open, or tiny pieces. */
#include "files/disk/data.h"

#include "base/buf.h"
#include "base/mem.h"
#include "files/disk/openfiles.h"
#include "files/meta/bits.h"
#include "sim/sim.h"

#include "base/test.h"

#include <stdio.h>

struct kit {
    struct sim *sim;
    struct sim_node *node;
    struct loop *loop;
    struct vfs *mem;
    struct metainfo mi;
    struct mi_file *files;
    uint8_t *hashes;
    struct data *d;
    bool opened, closed, drained, failed, checked;
    unsigned ok, bad, lost;
};

/* Byte i of the stream: cheap, and different for each block. */
static void fill(uint8_t *to, uint64_t at, size_t n)
{
    for (size_t i = 0; i < n; i += 8) {
        uint64_t v = (at + i) * UINT64_C(0x9e3779b97f4a7c15);
        memcpy(to + i, &v, n - i < 8 ? n - i : 8);
    }
}

/* `count` files of `len` bytes each. */
static void kit_init(struct kit *k, size_t count, uint64_t len, uint32_t piece_len)
{
    *k = (struct kit){.sim = sim_new(1), .mem = vfs_mem_new()};
    k->node = sim_node_add(k->sim, "ann", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0});
    k->loop = sim_node_loop(k->node);
    k->files = mem_array(count, sizeof *k->files);
    for (size_t i = 0; i < count; i++)
        k->files[i] =
            (struct mi_file){.path = mem_printf("t/%zu", i), .len = len, .offset = len * i};
    k->mi = (struct metainfo){.name = "t",
                              .multi = true,
                              .total = len * count,
                              .piece_len = piece_len,
                              .piece_count = (uint32_t)((len * count + piece_len - 1) / piece_len),
                              .files = k->files,
                              .file_count = count};
    k->hashes = mem_array(k->mi.piece_count, SHA1_LEN);
    k->mi.pieces = k->hashes;
    uint8_t *piece = mem_zalloc(piece_len);
    for (uint32_t i = 0; i < k->mi.piece_count; i++) {
        uint64_t at = (uint64_t)i * piece_len;
        size_t m = k->mi.total - at < piece_len ? (size_t)(k->mi.total - at) : piece_len;
        fill(piece, at, m);
        sha1(piece, m, k->hashes + (size_t)i * SHA1_LEN);
    }
    free(piece);
}

/* What is said to be had is on disk by then. */
static void assert_on_disk(const struct kit *k, uint32_t piece)
{
    uint8_t got[8], want[8];
    uint64_t at = (uint64_t)piece * k->mi.piece_len;
    fill(want, at, sizeof want);
    struct vfile *f = vfs_open(k->mem, "/down/t/0", VFS_READ, NULL);
    assert_non_null(f);
    assert_int_equal(vfile_pread(f, got, sizeof got, at, NULL), sizeof got);
    assert_memory_equal(got, want, sizeof got);
    vfile_close(f);
}

static void on_event(void *arg, enum data_event ev, uint32_t piece, const struct why *why)
{
    struct kit *k = arg;
    (void)why;
    if (ev == DATA_PIECE_OK && k->mi.file_count == 1)
        assert_on_disk(k, piece);
    k->opened |= ev == DATA_OPENED;
    k->drained |= ev == DATA_DRAINED;
    k->failed |= ev == DATA_FAILED;
    k->ok += ev == DATA_PIECE_OK;
    k->bad += ev == DATA_PIECE_BAD || ev == DATA_PIECE_DOUBT;
    if (ev == DATA_PIECE_DOUBT)
        data_mend(k->d, piece, NULL);
    k->lost += ev == DATA_PIECE_LOST;
    k->checked |= ev == DATA_CHECKED;
}

static void kit_open(struct kit *k, bool check_all)
{
    struct data_cfg cfg = {.loop = k->loop,
                           .vfs = k->mem,
                           .mi = &k->mi,
                           .dir = "/down",
                           .resume_path = "/x.resume",
                           .boot_id = "boot",
                           .check_all = check_all,
                           .cb = on_event,
                           .arg = k};
    k->ok = k->bad = 0;
    k->d = data_open(&cfg);
    sim_run_for(k->sim, 1 * SEC);
    assert_true(k->opened);
}

static void on_closed(void *arg)
{
    struct kit *k = arg;
    k->closed = true;
    k->d = NULL;
}

static void kit_close(struct kit *k)
{
    data_close(k->d, on_closed, k);
    sim_run_for(k->sim, 60 * SEC);
    assert_true(k->closed);
    k->closed = false;
}

static void kit_done(struct kit *k)
{
    data_free(k->d);
    sim_run_for(k->sim, 60 * SEC);
    sim_free(k->sim);
    vfs_free(k->mem);
    for (size_t i = 0; i < k->mi.file_count; i++)
        free((char *)k->files[i].path);
    free(k->files);
    free(k->hashes);
}

static bool put(struct kit *k, uint32_t piece, uint32_t block)
{
    uint8_t bytes[BLOCK_LEN];
    uint64_t at = (uint64_t)piece * k->mi.piece_len + (uint64_t)block * BLOCK_LEN;
    size_t left = metainfo_piece_len(&k->mi, piece) - (size_t)block * BLOCK_LEN;
    size_t n = left < BLOCK_LEN ? left : BLOCK_LEN;
    fill(bytes, at, n);
    return data_put(k->d, piece, block * BLOCK_LEN, bytes, n);
}

/* A piece twice as large as all that may be held, its first block last: nothing can be hashed on
 * the way, so it is written, read back, and found good (or bad). */
static void a_piece_larger_than_memory_is_spilled_and_read_back(void **state)
{
    (void)state;
    for (unsigned bad = 0; bad < 2; bad++) {
        struct kit k;
        kit_init(&k, 1, 64 * 1024 * 1024 + 5000, MI_PIECE_MAX);
        kit_open(&k, false);
        k.hashes[0] ^= (uint8_t)bad;
        uint32_t blocks = MI_PIECE_MAX / BLOCK_LEN;
        bool was_busy = false;
        for (uint32_t b = blocks; b-- > 0;) {
            while (!put(&k, 0, b)) /* DATA_HELD_MAX: a peer that is not read from waits */
                sim_run_for(k.sim, 1 * MSEC);
            was_busy |= data_busy(k.d);
        }
        assert_true(was_busy);
        sim_run_for(k.sim, 60 * SEC);
        assert_true(k.drained && !data_busy(k.d));
        assert_int_equal(k.ok, !bad);
        assert_int_equal(k.bad, bad);
        assert_false(k.failed);
        assert_int_equal(data_has(k.d, 0), !bad);
        kit_done(&k);
    }
}

static void in_order_a_large_piece_is_never_read_back(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k, 1, 40 * 1024 * 1024, 40 * 1024 * 1024);
    struct vfs *mem = k.mem, *fault = vfs_fault_new(mem);
    k.mem = fault;
    kit_open(&k, false);
    uint64_t reads = vfs_fault_calls(fault, VFS_OP_READ),
             writes = vfs_fault_calls(fault, VFS_OP_WRITE);
    for (uint32_t b = 0; b < 40 * 64; b++) {
        assert_true(put(&k, 0, b));
        if (b % 16 == 15)
            sim_run_for(k.sim, 1 * MSEC);
    }
    sim_run_for(k.sim, 1 * SEC);
    assert_int_equal(k.ok, 1);
    assert_int_equal(vfs_fault_calls(fault, VFS_OP_READ), reads + 1); /* assert_on_disk */
    /* 256 KiB and more in one call, and a few for the resume file */
    assert_in_range(vfs_fault_calls(fault, VFS_OP_WRITE) - writes, 20, 40 * 4 + 10);
    kit_close(&k);
    kit_done(&k);
    vfs_free(mem);
}

static void nothing_past_the_limit_is_held(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k, 1, 64 * 1024 * 1024, 16384);
    struct vfs *mem = k.mem, *fault = vfs_fault_new(mem);
    k.mem = fault;
    kit_open(&k, false);
    vfs_fault_set(fault, VFS_OP_WRITE, 1, 0, ERR_FULL);
    uint32_t taken = 0;
    while (taken < k.mi.piece_count && put(&k, taken, 0))
        taken++;
    sim_run_for(k.sim, 1 * SEC);
    assert_int_equal(taken, DATA_HELD_MAX / BLOCK_LEN);
    assert_true(k.failed && data_busy(k.d));
    assert_false(put(&k, taken, 0));
    assert_false(data_has_block(k.d, taken, 0));
    vfs_fault_set(fault, VFS_OP_WRITE, 0, 0, OK);
    data_retry(k.d);
    sim_run_for(k.sim, 1 * SEC);
    assert_int_equal(k.ok, taken);
    assert_true(k.drained && !data_busy(k.d));
    assert_true(put(&k, taken, 0));
    kit_close(&k);
    kit_done(&k);
    vfs_free(mem);
}

static void pieces_that_come_within_milliseconds_share_a_write(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k, 1, 100 * 16384, 16384);
    struct vfs *mem = k.mem, *fault = vfs_fault_new(mem);
    k.mem = fault;
    kit_open(&k, false);
    uint64_t writes = vfs_fault_calls(fault, VFS_OP_WRITE);
    for (uint32_t p = 0; p < 100; p++) {
        assert_true(put(&k, p, 0));
        sim_run_for(k.sim, MSEC / 10);
    }
    sim_run_for(k.sim, 15 * MSEC);
    assert_int_equal(k.ok, 100);
    assert_in_range(vfs_fault_calls(fault, VFS_OP_WRITE) - writes, 1, 20);
    kit_done(&k);
    vfs_free(mem);
}

static void who_sends_faster_than_the_disk_writes_is_not_read_from(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k, 1, 64 * 1024 * 1024, 16384);
    kit_open(&k, false);
    sim_node_set_lane(k.node, LANE_DISK_ORDERED, 1 * SEC);
    uint32_t p = 0;
    while (!data_busy(k.d))
        assert_true(put(&k, p++, 0));
    assert_in_range(p, 100, DATA_HELD_MAX / BLOCK_LEN / 2);
    assert_false(k.drained);
    sim_run_for(k.sim, 60 * SEC);
    assert_true(k.drained && !data_busy(k.d));
    assert_int_equal(k.ok, p);
    kit_done(&k);
}

static void more_files_than_may_be_open_in_tiny_pieces(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k, OPENFILES_MAX * 5, 999, 700);
    kit_open(&k, false);
    for (uint32_t p = 0; p < k.mi.piece_count; p++)
        assert_true(put(&k, p * 7 % k.mi.piece_count, 0) || k.mi.piece_count % 7 == 0);
    sim_run_for(k.sim, 10 * SEC);
    assert_int_equal(data_have_count(k.d), k.mi.piece_count);
    kit_close(&k);
    kit_open(&k, true); /* all of it is read, many files in one read */
    sim_run_for(k.sim, 10 * SEC);
    assert_int_equal(k.ok, k.mi.piece_count);
    kit_close(&k);
    kit_open(&k, false); /* a file that is gone takes its own pieces with it, no others */
    assert_int_equal(vfs_unlink(k.mem, "/down/t/50", NULL), OK);
    k.checked = false;
    data_verify(k.d);
    sim_run_for(k.sim, 10 * SEC);
    assert_true(k.checked);
    uint32_t first = 50 * 999 / 700, last = (51 * 999 - 1) / 700;
    for (uint32_t p = 0; p < k.mi.piece_count; p++)
        assert_int_equal(data_has(k.d, p), p < first || p > last);
    assert_int_equal(k.lost, last - first + 1);
    kit_done(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_piece_larger_than_memory_is_spilled_and_read_back),
        cmocka_unit_test(in_order_a_large_piece_is_never_read_back),
        cmocka_unit_test(nothing_past_the_limit_is_held),
        cmocka_unit_test(pieces_that_come_within_milliseconds_share_a_write),
        cmocka_unit_test(who_sends_faster_than_the_disk_writes_is_not_read_from),
        cmocka_unit_test(more_files_than_may_be_open_in_tiny_pieces),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
