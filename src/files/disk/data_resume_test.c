#include "files/disk/data_resume.h"

#include "base/test.h"
#include "files/meta/bits.h"

static const uint8_t HASH[] = "hhhhhhhhhhhhhhhhhhhh";

/* A torrent of 20 pieces and 3 files that has lived a little. */
static struct resume *lived(struct buf *file)
{
    struct resume *r = resume_new(HASH, 20, 3, "boot-1");
    resume_writing(r, file, 0);
    resume_proven(r, file, 3, 2);
    resume_mark(r, file);
    resume_proven(r, file, 19, 1);
    resume_synced(r, file);
    resume_quiet(r, file, 1, 77, -5);
    buf_clear(file);
    resume_write(r, file);
    return r;
}

static struct resume *fresh(void)
{
    return resume_new(HASH, 20, 3, "boot-2");
}

static void a_file_reads_as_what_was_written(void **state)
{
    (void)state;
    struct buf file = {0};
    struct resume *r = lived(&file), *got = fresh();
    assert_int_equal(resume_read(got, buf_cur(&file), NULL), OK);
    assert_false(got->torn);
    assert_string_equal(got->boot_id, "boot-1");
    assert_memory_equal(got->proven, "\x18\x00\x10", 3);
    assert_memory_equal(got->synced, "\x18\x00\x00", 3); /* 19 came after the mark */
    assert_int_equal(got->files[0].state, RESUME_FILE_WRITING);
    assert_int_equal(got->files[1].state, RESUME_FILE_QUIET);
    assert_int_equal(got->files[1].size, 77);
    assert_int_equal(got->files[1].mtime_ns, -5);
    assert_int_equal(got->files[2].state, RESUME_FILE_UNKNOWN);
    resume_free(got);
    resume_free(r);
    buf_done(&file);
}

static void each_record_says_what_its_verb_did(void **state)
{
    (void)state;
    struct buf file = {0};
    struct resume *r = lived(&file);
    for (unsigned step = 0; step < 8; step++) {
        switch (step) {
        case 0:
            resume_proven(r, &file, 0, 3);
            break;
        case 1:
            resume_lost(r, &file, 4);
            break;
        case 2:
            resume_writing(r, &file, 1);
            break;
        case 3:
            resume_quiet(r, &file, 0, 9, 10);
            break;
        case 4:
            resume_mark(r, &file);
            break;
        case 5:
            resume_synced(r, &file);
            break;
        case 6:
            resume_unsynced(r, &file);
            break;
        case 7:
            resume_checked(r, &file);
            break;
        }
        struct resume *got = fresh();
        assert_int_equal(resume_read(got, buf_cur(&file), NULL), OK);
        assert_false(got->torn);
        assert_memory_equal(got->proven, r->proven, 3);
        assert_memory_equal(got->synced, r->synced, 3);
        assert_memory_equal(got->files, r->files, 3 * sizeof *r->files);
        assert_int_equal(got->hash_rest, r->hash_rest);
        resume_free(got);
    }
    resume_free(r);
    buf_done(&file);
}

static void a_file_written_anew_during_a_sync_knows_what_the_sync_covers(void **state)
{
    (void)state;
    struct buf file = {0};
    struct resume *r = lived(&file), *got = fresh();
    resume_mark(r, &file);
    resume_proven(r, &file, 7, 1); /* behind the mark */
    buf_clear(&file);
    resume_write(r, &file);
    resume_synced(r, &file);
    assert_int_equal(resume_read(got, buf_cur(&file), NULL), OK);
    assert_memory_equal(got->synced, "\x18\x00\x10", 3);
    assert_memory_equal(got->proven, "\x19\x00\x10", 3);
    assert_memory_equal(got->synced, r->synced, 3);
    resume_free(got);
    resume_free(r);
    buf_done(&file);
}

static void a_failed_sync_takes_back_what_was_not_synced(void **state)
{
    (void)state;
    struct buf file = {0};
    struct resume *r = lived(&file);
    resume_unsynced(r, &file);
    assert_memory_equal(r->proven, "\x18\x00\x00", 3);
    assert_true(r->hash_rest);
    resume_free(r);
    buf_done(&file);
}

/* Cut anywhere in the snapshot it is no resume file; cut anywhere behind it, what is whole counts.
 */
static void every_truncation_keeps_the_good_prefix(void **state)
{
    (void)state;
    struct buf file = {0};
    struct resume *r = lived(&file);
    size_t snapshot = 4 + 1 + 20 + 4 + 4 + 1 + 1 + 6 + 3 + 3 * 17 + 4;
    for (size_t n = 0; n <= buf_len(&file); n++) {
        struct resume *got = fresh();
        struct why why = {0};
        enum err err = resume_read(got, cur_of(buf_bytes(&file), n), &why);
        assert_int_equal(err, n < snapshot ? ERR_INVALID : OK);
        if (err != OK) {
            assert_string_not_equal(why.text, "");
            assert_string_equal(got->boot_id, "boot-2"); /* untouched */
        } else {
            assert_int_equal(got->torn, n > snapshot && n < buf_len(&file));
            assert_memory_equal(got->synced, "\x18\x00\x00", 3);
            assert_int_equal(bits_get(got->proven, 19), n == buf_len(&file));
        }
        resume_free(got);
    }
    resume_free(r);
    buf_done(&file);
}

static void every_flipped_bit_is_noticed(void **state)
{
    (void)state;
    struct buf file = {0};
    struct resume *r = lived(&file);
    for (size_t bit = 0; bit < buf_len(&file) * 8; bit++) {
        buf_bytes(&file)[bit / 8] ^= (uint8_t)(1 << bit % 8);
        struct resume *got = fresh();
        assert_true(resume_read(got, buf_cur(&file), NULL) != OK || got->torn);
        resume_free(got);
        buf_bytes(&file)[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    resume_free(r);
    buf_done(&file);
}

static void another_torrent_or_version_is_refused(void **state)
{
    (void)state;
    struct buf file = {0};
    struct resume *r = lived(&file);
    struct resume *fewer = resume_new(HASH, 19, 3, "b");
    struct resume *files = resume_new(HASH, 20, 2, "b");
    struct resume *other = resume_new((const uint8_t *)"hhhhhhhhhhhhhhhhhhhx", 20, 3, "b");
    struct why why = {0};
    assert_int_equal(resume_read(fewer, buf_cur(&file), &why), ERR_INVALID);
    assert_int_equal(resume_read(files, buf_cur(&file), &why), ERR_INVALID);
    assert_int_equal(resume_read(other, buf_cur(&file), &why), ERR_INVALID);
    buf_bytes(&file)[4] = RESUME_VERSION + 1;
    assert_int_equal(resume_read(r, buf_cur(&file), &why), ERR_INVALID);
    assert_string_equal(why.text, "resume file: version 2, only 1 is known");
    resume_free(fewer);
    resume_free(files);
    resume_free(other);
    resume_free(r);
    buf_done(&file);
}

static void a_record_out_of_range_ends_the_file(void **state)
{
    (void)state;
    /* Written for a torrent of 24 pieces and 4 files, read for one of 20 and 3. */
    struct resume *big = resume_new(HASH, 24, 4, "b");
    for (unsigned i = 0; i < 5; i++) {
        struct buf file = {0};
        struct resume *r = lived(&file), *got = fresh();
        switch (i) {
        case 0:
            resume_proven(big, &file, 19, 2);
            break;
        case 1:
            resume_proven(big, &file, 21, 0);
            break;
        case 2:
            resume_lost(big, &file, 20);
            break;
        case 3:
            resume_writing(big, &file, 3);
            break;
        case 4:
            resume_quiet(big, &file, 3, 0, 0);
            break;
        }
        assert_int_equal(resume_read(got, buf_cur(&file), NULL), OK);
        assert_true(got->torn);
        assert_memory_equal(got->proven, r->proven, 3);
        resume_free(got);
        resume_free(r);
        buf_done(&file);
    }
    resume_free(big);
}

static void a_boot_id_that_is_too_long_is_cut(void **state)
{
    (void)state;
    char id[RESUME_BOOT_MAX + 10];
    memset(id, 'x', sizeof id - 1);
    id[sizeof id - 1] = '\0';
    struct resume *r = resume_new(HASH, 20, 3, id), *got = fresh();
    struct buf file = {0};
    resume_write(r, &file);
    assert_int_equal(resume_read(got, buf_cur(&file), NULL), OK);
    assert_int_equal(strlen(got->boot_id), RESUME_BOOT_MAX);
    resume_free(got);
    resume_free(r);
    buf_done(&file);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_file_reads_as_what_was_written),
        cmocka_unit_test(each_record_says_what_its_verb_did),
        cmocka_unit_test(a_file_written_anew_during_a_sync_knows_what_the_sync_covers),
        cmocka_unit_test(a_failed_sync_takes_back_what_was_not_synced),
        cmocka_unit_test(every_truncation_keeps_the_good_prefix),
        cmocka_unit_test(every_flipped_bit_is_noticed),
        cmocka_unit_test(another_torrent_or_version_is_refused),
        cmocka_unit_test(a_record_out_of_range_ends_the_file),
        cmocka_unit_test(a_boot_id_that_is_too_long_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
