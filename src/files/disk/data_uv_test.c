/* The same over libuv's threads and the machine's own disk: what the simulator cannot show. */
#include "files/disk/data.h"

#include "base/mem.h"
#include "files/meta/create.h"
#include "net/uv/uv_loop.h"

#include "base/test.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FILES = 5, FILE_LEN = 3000000, PIECE = 1 << 18 };

struct kit {
    struct loop *loop;
    char dir[40], down[50], resume[60], share[50];
    struct metainfo *mi;
    uint8_t *bytes;
    struct data *d;
    bool opened, closed, created, removed;
    uint32_t ok, got;
};

static void on_created(void *arg, struct cur torrent, struct metainfo *mi, unsigned skipped,
                       const struct why *why)
{
    struct kit *k = arg;
    if (torrent.n == 0)
        fail_msg("%s", why->text);
    assert_int_equal(skipped, 0);
    k->mi = mi;
    k->created = true;
}

static bool is_created(void *arg)
{
    return ((struct kit *)arg)->created;
}

static bool is_opened(void *arg)
{
    return ((struct kit *)arg)->opened;
}

static bool is_closed(void *arg)
{
    return ((struct kit *)arg)->closed;
}

static bool is_removed(void *arg)
{
    return ((struct kit *)arg)->removed;
}

static bool is_complete(void *arg)
{
    struct kit *k = arg;
    return k->ok == k->mi->piece_count;
}

static bool is_read(void *arg)
{
    struct kit *k = arg;
    return k->got == k->mi->piece_count;
}

static void wait_for(struct kit *k, bool (*until)(void *))
{
    assert_true(uv_loop_run_until(k->loop, until, k, 60 * SEC));
}

static void on_event(void *arg, enum data_event ev, uint32_t piece, const struct why *why)
{
    struct kit *k = arg;
    (void)piece;
    if (ev == DATA_FAILED || ev == DATA_PIECE_BAD || ev == DATA_PIECE_DOUBT ||
        ev == DATA_PIECE_LOST)
        fail_msg("event %d: %s", (int)ev, why->text);
    k->opened |= ev == DATA_OPENED;
    k->ok += ev == DATA_PIECE_OK;
}

static void on_closed(void *arg)
{
    struct kit *k = arg;
    k->closed = true;
}

static void on_removed(void *arg, const struct why *why)
{
    struct kit *k = arg;
    assert_int_equal(why->code, OK);
    k->removed = true;
}

static void on_got(void *arg, const uint8_t *bytes, size_t len, const struct why *why)
{
    struct kit *k = arg;
    assert_int_equal(why->code, OK);
    assert_memory_equal(bytes, k->bytes + (size_t)k->got * PIECE, len);
    k->got++;
}

static void open_it(struct kit *k)
{
    struct data_cfg cfg = {.loop = k->loop,
                           .vfs = vfs_os(),
                           .mi = k->mi,
                           .dir = k->down,
                           .resume_path = k->resume,
                           .boot_id = "boot",
                           .cb = on_event,
                           .arg = k};
    k->opened = k->closed = false;
    k->ok = 0;
    k->d = data_open(&cfg);
    wait_for(k, is_opened);
}

static void close_it(struct kit *k)
{
    data_close(k->d, on_closed, k);
    wait_for(k, is_closed);
}

/* Files to share, in k->share, and their torrent. */
static void make_torrent(struct kit *k)
{
    assert_int_equal(vfs_mkdirs(vfs_os(), k->share, 0700, NULL), OK);
    k->bytes = mem_zalloc((size_t)FILES * FILE_LEN);
    for (size_t i = 0; i < (size_t)FILES * FILE_LEN; i++)
        k->bytes[i] = (uint8_t)(i * 2654435761u >> 13);
    for (unsigned i = 0; i < FILES; i++) {
        char path[80];
        snprintf(path, sizeof path, "%s/%u", k->share, i);
        assert_int_equal(
            vfs_replace(vfs_os(), path, k->bytes + (size_t)i * FILE_LEN, FILE_LEN, 0, NULL), OK);
    }
    struct create_cfg cfg = {.loop = k->loop,
                             .vfs = vfs_os(),
                             .path = k->share,
                             .piece_len = PIECE,
                             .comment = "",
                             .created_by = ""};
    create_start(&cfg, NULL, on_created, k);
    wait_for(k, is_created);
}

static void shared_downloaded_served_and_removed(void **state)
{
    (void)state;
    struct kit k = {.loop = uv_loop_open(NULL)};
    snprintf(k.dir, sizeof k.dir, "/tmp/shoal_data_XXXXXX");
    assert_non_null(mkdtemp(k.dir));
    snprintf(k.down, sizeof k.down, "%s/down", k.dir);
    snprintf(k.resume, sizeof k.resume, "%s/state/x.resume", k.dir);
    snprintf(k.share, sizeof k.share, "%s/t", k.dir);
    make_torrent(&k);

    open_it(&k);
    for (uint32_t p = 0; p < k.mi->piece_count; p++) {
        uint32_t len = metainfo_piece_len(k.mi, p);
        for (uint32_t b = (len - 1) / BLOCK_LEN + 1; b-- > 0;) /* backwards, to hash late */
            assert_true(
                data_put(k.d, p, b * BLOCK_LEN, k.bytes + (size_t)p * PIECE + (size_t)b * BLOCK_LEN,
                         len - b * BLOCK_LEN < BLOCK_LEN ? len - b * BLOCK_LEN : BLOCK_LEN));
    }
    wait_for(&k, is_complete);
    data_verify(k.d);
    for (uint32_t p = 0; p < k.mi->piece_count; p++) {
        uint32_t len = metainfo_piece_len(k.mi, p);
        assert_non_null(data_get(k.d, p, 0, len < PIECE / 2 ? len : PIECE / 2, on_got, &k));
        uint32_t want = k.got + 1;
        while (k.got < want)
            assert_false(uv_loop_run_until(k.loop, is_closed, &k, 1 * MSEC));
    }
    wait_for(&k, is_read);
    close_it(&k);
    open_it(&k);
    assert_int_equal(data_have_count(k.d), k.mi->piece_count);
    close_it(&k);
    data_remove(k.loop, vfs_os(), k.mi, k.down, on_removed, &k);
    wait_for(&k, is_removed);
    k.removed = false; /* and what was shared has the same names */
    data_remove(k.loop, vfs_os(), k.mi, k.dir, on_removed, &k);
    wait_for(&k, is_removed);

    uv_loop_finish(k.loop);
    assert_int_equal(rmdir(k.down), 0); /* nothing is left in it */
    assert_int_equal(unlink(k.resume), 0);
    *strrchr(k.resume, '/') = '\0';
    assert_int_equal(rmdir(k.resume), 0);
    assert_int_equal(rmdir(k.dir), 0);
    metainfo_free(k.mi);
    free(k.bytes);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shared_downloaded_served_and_removed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
