/* files/disk/data_testkit.h - a torrent of known bytes on a disk in memory, for the tests of data.
 *
 * Each test file has its own copy of these functions (they are static); nothing but tests includes
 * this. */
#ifndef SHOAL_FILES_DISK_DATA_TESTKIT_H
#define SHOAL_FILES_DISK_DATA_TESTKIT_H

#include "files/disk/data.h"

#include "base/mem.h"
#include "files/meta/bits.h"
#include "sim/sim.h"

#include "base/test.h"

#include <stdio.h>

/* Seven files, one in folders, two empty, one of padding; pieces of two blocks and a half. */
enum { KIT_PIECE = 40960, KIT_FILES = 7, KIT_PIECES = 10 };

struct kit {
    struct sim *sim;
    struct loop *loop;
    struct vfs *mem, *fault; /* the fault in front of mem */
    struct metainfo mi;
    struct mi_file files[KIT_FILES];
    uint8_t *bytes; /* the stream */
    uint8_t hashes[KIT_PIECES * SHA1_LEN];

    struct data *d;
    const uint8_t *skip; /* of kit_open() */
    bool opened, closed, checked, failed, drained;
    unsigned ok[KIT_PIECES], bad[KIT_PIECES], lost[KIT_PIECES];
    struct why why; /* of the failure */
    unsigned changed;
    struct why said; /* of the change */
};

__attribute__((unused)) static void kit_init(struct kit *k)
{
    *k = (struct kit){.sim = sim_new(1)};
    struct sim_node *node =
        sim_node_add(k->sim, "ann", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0});
    k->loop = sim_node_loop(node);
    k->mem = vfs_mem_new();
    k->fault = vfs_fault_new(k->mem);
    static const struct mi_file files[KIT_FILES] = {
        {.path = "t/empty", .len = 0},      {.path = "t/a/b/c", .len = 100000},
        {.path = "t/one", .len = 1},        {.path = "t/pad", .len = 22879, .pad = true},
        {.path = "t/a/big", .len = 245760}, {.path = "t/z", .len = 777},
        {.path = "t/a/last", .len = 0},
    };
    memcpy(k->files, files, sizeof files);
    uint64_t total = 0;
    for (size_t i = 0; i < KIT_FILES; i++) {
        k->files[i].offset = total;
        total += files[i].len;
    }
    k->bytes = mem_zalloc(total);
    for (uint64_t i = 0; i < total; i++)
        k->bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    memset(k->bytes + k->files[3].offset, 0, k->files[3].len);
    k->mi = (struct metainfo){.name = "t",
                              .multi = true,
                              .total = total,
                              .piece_len = KIT_PIECE,
                              .piece_count = KIT_PIECES,
                              .pieces = k->hashes,
                              .files = k->files,
                              .file_count = KIT_FILES};
    assert_int_equal((total + KIT_PIECE - 1) / KIT_PIECE, KIT_PIECES);
    for (uint32_t i = 0; i < KIT_PIECES; i++) {
        size_t at = (size_t)i * KIT_PIECE;
        sha1(k->bytes + at, total - at < KIT_PIECE ? total - at : KIT_PIECE,
             k->hashes + (size_t)i * SHA1_LEN);
    }
}

__attribute__((unused)) static void kit_done(struct kit *k)
{
    data_free(k->d);
    sim_run_for(k->sim, 1 * SEC); /* the lanes let go */
    sim_free(k->sim);
    vfs_free(k->fault);
    vfs_free(k->mem);
    free(k->bytes);
}

static void kit_on_event(void *arg, enum data_event ev, uint32_t piece, const struct why *why)
{
    struct kit *k = arg;
    switch (ev) {
    case DATA_OPENED:
        k->opened = true;
        break;
    case DATA_PIECE_OK:
        assert_true(data_has(k->d, piece));
        k->ok[piece]++;
        break;
    case DATA_PIECE_DOUBT:
        data_mend(k->d, piece, NULL);
        k->bad[piece]++;
        break;
    case DATA_PIECE_BAD:
        k->bad[piece]++;
        break;
    case DATA_PIECE_LOST:
        assert_false(data_has(k->d, piece));
        k->lost[piece]++;
        break;
    case DATA_CHANGED:
        k->changed++;
        k->said = *why;
        break;
    case DATA_CHECKED:
        k->checked = true;
        break;
    case DATA_FAILED:
        k->failed = true;
        k->why = *why;
        break;
    case DATA_DRAINED:
        k->drained = true;
        break;
    }
}

/* Events so far are forgotten. */
__attribute__((unused)) static void kit_forget(struct kit *k)
{
    k->changed = 0;
    k->opened = k->closed = k->checked = k->failed = k->drained = false;
    memset(k->ok, 0, sizeof k->ok);
    memset(k->bad, 0, sizeof k->bad);
    memset(k->lost, 0, sizeof k->lost);
}

/* Open over the vfs that may fail, and run until what open does is over. */
__attribute__((unused)) static void kit_open(struct kit *k, const char *boot_id)
{
    kit_forget(k);
    struct data_cfg cfg = {.loop = k->loop,
                           .vfs = k->fault,
                           .mi = &k->mi,
                           .dir = "/home/ann/down",
                           .resume_path = "/home/ann/state/x.resume",
                           .boot_id = boot_id,
                           .skip = k->skip,
                           .cb = kit_on_event,
                           .arg = k};
    k->d = data_open(&cfg);
    sim_run_for(k->sim, 1 * SEC);
    assert_true(k->opened);
}

static void kit_on_closed(void *arg)
{
    struct kit *k = arg;
    k->closed = true;
    k->d = NULL;
}

__attribute__((unused)) static void kit_close(struct kit *k)
{
    data_close(k->d, kit_on_closed, k);
    sim_run_for(k->sim, 1 * SEC);
    assert_true(k->closed);
}

/* The process is killed: nothing that it still wanted to write is written. */
__attribute__((unused)) static void kit_kill(struct kit *k)
{
    vfs_fault_set(k->fault, VFS_OP_ANY, 1, 0, ERR_IO);
    data_free(k->d);
    k->d = NULL;
    sim_run_for(k->sim, 1 * SEC);
    vfs_fault_set(k->fault, VFS_OP_ANY, 0, 0, OK);
}

__attribute__((unused)) static uint32_t kit_piece_len(const struct kit *k, uint32_t piece)
{
    uint64_t left = k->mi.total - (uint64_t)piece * KIT_PIECE;
    return left < KIT_PIECE ? (uint32_t)left : KIT_PIECE;
}

__attribute__((unused)) static bool kit_put(struct kit *k, uint32_t piece, uint32_t block)
{
    uint32_t begin = block * BLOCK_LEN, left = kit_piece_len(k, piece) - begin;
    return data_put(k->d, piece, begin, k->bytes + (size_t)piece * KIT_PIECE + begin,
                    left < BLOCK_LEN ? left : BLOCK_LEN);
}

__attribute__((unused)) static uint32_t kit_blocks(const struct kit *k, uint32_t piece)
{
    return (kit_piece_len(k, piece) + BLOCK_LEN - 1) / BLOCK_LEN;
}

/* All blocks of the pieces [from, to) that are not here, in an order that differs by `seed`. */
__attribute__((unused)) static void kit_put_all(struct kit *k, uint32_t from, uint32_t to,
                                                uint32_t seed)
{
    struct {
        uint32_t piece, block;
    } all[KIT_PIECES * 3];
    uint32_t n = 0;
    for (uint32_t p = from; p < to; p++) {
        for (uint32_t b = 0; b < kit_blocks(k, p); b++) {
            all[n].piece = p;
            all[n++].block = b;
        }
    }
    for (; n > 0; n--) {
        uint32_t i = (seed = seed * 1664525 + 1013904223) % n;
        kit_put(k, all[i].piece, all[i].block);
        all[i] = all[n - 1];
    }
}

struct kit_got {
    unsigned calls;
    uint8_t *bytes;
    size_t len;
    struct why why;
};

static void kit_on_got(void *arg, const uint8_t *bytes, size_t len, const struct why *why)
{
    struct kit_got *g = arg;
    g->calls++;
    free(g->bytes);
    g->bytes = bytes ? mem_dup(bytes, len) : NULL;
    g->len = len;
    g->why = *why;
}

/* Each piece that is said to be had can be read and is right. */
__attribute__((unused)) static void kit_assert_had_is_right(struct kit *k)
{
    for (uint32_t p = 0; p < KIT_PIECES; p++) {
        struct kit_got g = {0};
        if (!data_has(k->d, p))
            continue;
        uint32_t len = kit_piece_len(k, p);
        assert_non_null(data_get(k->d, p, 0, len, kit_on_got, &g));
        sim_run_for(k->sim, 100 * MSEC);
        assert_int_equal(g.calls, 1);
        assert_non_null(g.bytes);
        assert_int_equal(g.len, len);
        assert_memory_equal(g.bytes, k->bytes + (size_t)p * KIT_PIECE, len);
        free(g.bytes);
    }
}

/* What is on the disk, by name, is the torrent's files. */
__attribute__((unused)) static void kit_assert_files_are_right(const struct kit *k)
{
    for (size_t i = 0; i < KIT_FILES; i++) {
        char path[100];
        snprintf(path, sizeof path, "/home/ann/down/%s", k->files[i].path);
        struct buf got = {0};
        enum err err = vfs_read_all(k->mem, path, 1000000, &got, NULL);
        assert_int_equal(err, k->files[i].pad ? ERR_NOT_FOUND : OK);
        if (err == OK) {
            assert_int_equal(buf_len(&got), k->files[i].len);
            assert_true(k->files[i].len == 0 ||
                        memcmp(buf_bytes(&got), k->bytes + k->files[i].offset, k->files[i].len) ==
                            0);
        }
        buf_done(&got);
    }
}

#endif
