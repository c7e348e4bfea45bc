/* Files that others change while we seed them. */
#include "files/disk/data_testkit.h"

#include <string.h>

#define BIG "/home/ann/down/t/a/big" /* pieces 3 to 8 */

/* All is had, and has come to rest. */
static void seed(struct kit *k)
{
    kit_init(k);
    kit_open(k, "boot");
    kit_put_all(k, 0, KIT_PIECES, 1);
    sim_run_for(k->sim, 20 * SEC);
    assert_int_equal(data_have_count(k->d), KIT_PIECES);
    kit_forget(k);
}

static void scribble(struct kit *k, const char *path, const char *text, uint64_t at)
{
    struct vfile *f = vfs_open(k->mem, path, VFS_WRITE, NULL);
    assert_non_null(f);
    assert_int_equal(vfile_pwrite(f, text, strlen(text), at, NULL), OK);
    vfile_close(f);
}

static void read_block(struct kit *k, uint32_t piece, struct kit_got *g)
{
    *g = (struct kit_got){0};
    assert_non_null(data_get(k->d, piece, 0, BLOCK_LEN, kit_on_got, g));
    sim_run_for(k->sim, 5 * SEC);
    assert_int_equal(g->calls, 1);
}

static void a_byte_changed_in_place_is_noticed_before_it_is_served(void **state)
{
    (void)state;
    struct kit k;
    struct kit_got g;
    seed(&k);
    scribble(&k, BIG, "x", 0); /* in piece 3 */
    read_block(&k, 3, &g);
    assert_null(g.bytes);
    assert_int_equal(g.why.code, ERR_NOT_FOUND);
    assert_int_equal(k.lost[3], 1);
    assert_int_equal(k.changed, 1);
    assert_non_null(strstr(k.said.text, "t/a/big was changed"));
    assert_true(k.checked);
    assert_int_equal(data_have_count(k.d), KIT_PIECES - 1);
    kit_assert_had_is_right(&k);
    assert_int_equal(k.changed, 1); /* it is known now */
    kit_close(&k);
    kit_open(&k, "boot");
    assert_false(k.checked); /* and remembered */
    assert_int_equal(data_have_count(k.d), KIT_PIECES - 1);
    kit_done(&k);
}

static void it_is_noticed_too_when_the_file_is_open_and_in_memory(void **state)
{
    (void)state;
    struct kit k;
    struct kit_got g;
    seed(&k);
    read_block(&k, 4, &g);
    assert_non_null(g.bytes);
    free(g.bytes);
    scribble(&k, BIG, "xyz", 30000); /* in piece 3 */
    read_block(&k, 7, &g);           /* another piece of the file */
    assert_memory_equal(g.bytes, k.bytes + (size_t)7 * KIT_PIECE, BLOCK_LEN);
    free(g.bytes);
    assert_int_equal(k.changed, 1);
    assert_int_equal(data_have_count(k.d), KIT_PIECES - 1);
    kit_assert_had_is_right(&k);
    kit_done(&k);
}

static void a_file_that_was_only_touched_is_served_again(void **state)
{
    (void)state;
    struct kit k;
    struct kit_got g;
    seed(&k);
    char same[2] = {(char)k.bytes[k.files[4].offset], '\0'};
    scribble(&k, BIG, same, 0);
    read_block(&k, 5, &g);
    assert_memory_equal(g.bytes, k.bytes + (size_t)5 * KIT_PIECE, BLOCK_LEN);
    free(g.bytes);
    assert_int_equal(k.changed, 1);
    assert_true(k.checked);
    assert_int_equal(data_have_count(k.d), KIT_PIECES);
    kit_done(&k);
}

static void a_file_put_in_its_place_is_noticed_within_seconds(void **state)
{
    (void)state;
    struct kit k;
    struct kit_got g;
    seed(&k);
    read_block(&k, 5, &g); /* it is open now */
    free(g.bytes);
    struct buf other = {0};
    for (size_t i = 0; i < k.files[4].len; i++)
        buf_u8(&other, (uint8_t)i);
    assert_int_equal(vfs_replace(k.mem, BIG, buf_bytes(&other), buf_len(&other), 0, NULL), OK);
    buf_done(&other);
    for (uint32_t p = 6; p < 9; p++) {
        read_block(&k, p, &g);
        free(g.bytes);
    }
    assert_int_equal(k.changed, 1);
    assert_int_equal(data_have_count(k.d), 4);
    kit_assert_had_is_right(&k);
    kit_done(&k);
}

static void a_file_that_is_gone_takes_its_pieces_with_it_at_once(void **state)
{
    (void)state;
    struct kit k;
    struct kit_got g;
    seed(&k);
    assert_int_equal(vfs_unlink(k.mem, BIG, NULL), OK);
    read_block(&k, 5, &g);
    assert_null(g.bytes);
    assert_int_equal(k.changed, 1);
    assert_non_null(strstr(k.said.text, "t/a/big was removed"));
    assert_int_equal(data_have_count(k.d), 4);
    kit_put_all(&k, 3, KIT_PIECES, 1); /* and can be fetched again */
    sim_run_for(k.sim, 10 * SEC);
    assert_int_equal(data_have_count(k.d), KIT_PIECES);
    kit_assert_had_is_right(&k);
    assert_int_equal(k.changed, 1); /* what we write ourselves is no change */
    kit_done(&k);
}

/* A piece that went into a file without a name is not there, whatever its hash was. */
static void a_file_removed_while_it_is_written_is_noticed_at_the_next_sync(void **state)
{
    (void)state;
    struct kit k;
    kit_init(&k);
    kit_open(&k, "boot");
    kit_put_all(&k, 3, 6, 1);
    sim_run_for(k.sim, 1 * SEC);
    assert_int_equal(data_have_count(k.d), 3);
    assert_int_equal(vfs_unlink(k.mem, BIG, NULL), OK);
    kit_put_all(&k, 6, 8, 1);
    sim_run_for(k.sim, 10 * SEC);
    assert_int_equal(data_have_count(k.d), 0);
    assert_int_equal(k.changed, 1);
    kit_put_all(&k, 0, KIT_PIECES, 1);
    sim_run_for(k.sim, 10 * SEC);
    kit_assert_had_is_right(&k);
    kit_close(&k);
    kit_assert_files_are_right(&k);
    kit_done(&k);
}

static void a_change_while_its_pieces_are_hashed_has_them_hashed_once_more(void **state)
{
    (void)state;
    for (unsigned step = 0; step < 40; step++) {
        struct kit k;
        struct kit_got g = {0};
        seed(&k);
        scribble(&k, BIG, "x", 0);
        assert_non_null(data_get(k.d, 8, 0, BLOCK_LEN, kit_on_got, &g));
        sim_run_for(k.sim, step * 200);
        scribble(&k, BIG, "x", (uint64_t)4 * KIT_PIECE); /* in piece 7 */
        sim_run_for(k.sim, 5 * SEC);
        free(g.bytes);
        read_block(&k, 5, &g);
        free(g.bytes);
        assert_int_equal(data_have_count(k.d), KIT_PIECES - 2);
        kit_assert_had_is_right(&k);
        kit_done(&k);
    }
}

static void own_writing_is_no_change(void **state)
{
    (void)state;
    struct kit k;
    struct kit_got g;
    kit_init(&k);
    kit_open(&k, "boot");
    for (uint32_t p = 0; p < KIT_PIECES; p++) { /* read as it comes, as peers do */
        kit_put_all(&k, p, p + 1, 1);
        sim_run_for(k.sim, 3 * SEC);
        for (uint32_t had = 0; had <= p; had++) {
            g = (struct kit_got){0};
            data_get(k.d, had, 0, 500, kit_on_got, &g);
            sim_run_for(k.sim, 100 * MSEC);
            assert_non_null(g.bytes);
            free(g.bytes);
        }
    }
    sim_run_for(k.sim, 20 * SEC);
    kit_assert_had_is_right(&k);
    assert_int_equal(k.changed, 0);
    assert_false(k.checked);
    kit_done(&k);
}

static void who_waits_for_a_doubtful_piece_can_go(void **state)
{
    (void)state;
    for (unsigned step = 0; step < 20; step++) {
        struct kit k;
        struct kit_got g = {0}, h = {0};
        seed(&k);
        scribble(&k, BIG, "x", 0);
        struct data_read *r = data_get(k.d, 8, 0, BLOCK_LEN, kit_on_got, &g);
        data_get(k.d, 7, 0, BLOCK_LEN, kit_on_got, &h);
        sim_run_for(k.sim, step * 100);
        if (g.calls == 0)
            data_read_cancel(r);
        kit_close(&k); /* answers the other */
        assert_int_equal(h.calls, 1);
        free(g.bytes);
        free(h.bytes);
        kit_done(&k);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_byte_changed_in_place_is_noticed_before_it_is_served),
        cmocka_unit_test(it_is_noticed_too_when_the_file_is_open_and_in_memory),
        cmocka_unit_test(a_file_that_was_only_touched_is_served_again),
        cmocka_unit_test(a_file_put_in_its_place_is_noticed_within_seconds),
        cmocka_unit_test(a_file_that_is_gone_takes_its_pieces_with_it_at_once),
        cmocka_unit_test(a_file_removed_while_it_is_written_is_noticed_at_the_next_sync),
        cmocka_unit_test(a_change_while_its_pieces_are_hashed_has_them_hashed_once_more),
        cmocka_unit_test(own_writing_is_no_change),
        cmocka_unit_test(who_waits_for_a_doubtful_piece_can_go),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
