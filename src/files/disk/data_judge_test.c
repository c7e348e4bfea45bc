#include "files/disk/data_judge.h"

#include "base/test.h"

/* Pieces of 10: a holds 0 and 1, b the rest of 1 and 2, the pad 3. */
static const struct mi_file files[] = {
    {.path = "a", .len = 15, .offset = 0},
    {.path = "b", .len = 15, .offset = 15},
    {.path = "p", .len = 10, .offset = 30, .pad = true},
};
static const struct layout layout = {
    .files = files, .file_count = 3, .total = 40, .piece_len = 10, .piece_count = 4};
static const uint8_t HASH[20];

struct scene {
    struct resume *r;
    struct judge_file now[3];
    struct judge_case c;
    uint8_t check[1];
    uint32_t count;
};

/* All is proven, 0 is synced, and the files are as they were left: a quiet, b being written. */
static struct scene scene(void)
{
    struct scene s = {.r = resume_new(HASH, 4, 3, "boot")};
    struct buf file = {0};
    resume_proven(s.r, &file, 0, 1);
    resume_mark(s.r, &file);
    resume_synced(s.r, &file);
    resume_proven(s.r, &file, 1, 3);
    resume_quiet(s.r, &file, 0, 15, 1000);
    resume_writing(s.r, &file, 1);
    buf_done(&file);
    s.now[0] = (struct judge_file){true, 15, 1000};
    s.now[1] = (struct judge_file){true, 15, 5000};
    s.c = (struct judge_case){.layout = &layout, .resume_mtime_ns = 2000, .same_boot = true};
    return s;
}

/* Bits as 0b for pieces 0 to 3 from the left. */
static void assert_judged(struct scene *s, unsigned have, unsigned check)
{
    s->c.now = s->now;
    s->count = judge(s->r, &s->c, s->check);
    assert_int_equal(s->r->proven[0] >> 4, have);
    assert_int_equal(s->check[0] >> 4, check);
    assert_int_equal(s->count, __builtin_popcount(check));
    assert_int_equal(s->r->hash_rest, check != 0);
    resume_free(s->r);
}

static void what_is_as_we_left_it_is_believed_in_the_same_boot(void **state)
{
    (void)state;
    struct scene s = scene();
    assert_judged(&s, 0xf, 0);
}

static void after_another_boot_only_what_is_synced_is_believed(void **state)
{
    (void)state;
    struct scene s = scene();
    s.c.same_boot = false;
    assert_judged(&s, 0x8, 0x7);
}

static void a_changed_size_or_mtime_has_the_pieces_hashed(void **state)
{
    (void)state;
    struct scene s = scene();
    s.now[0].mtime_ns++;
    assert_judged(&s, 0x3, 0xc);
    s = scene();
    s.now[0].size++;
    assert_judged(&s, 0x3, 0xc);
    s = scene();
    s.now[1].mtime_ns = 2000 + JUDGE_SLACK_NS;
    assert_judged(&s, 0xf, 0);
    s = scene();
    s.now[1].mtime_ns = 2000 + JUDGE_SLACK_NS + 1;
    assert_judged(&s, 0x9, 0x6);
}

static void what_is_not_within_the_files_is_missing(void **state)
{
    (void)state;
    struct scene s = scene();
    s.now[1].size = 14;
    assert_judged(&s, 0xd, 0);
    s = scene();
    s.now[1].there = false;
    assert_judged(&s, 0x9, 0);
    s = scene(); /* one that is too short, and not ours either */
    s.now[0].size = 12;
    assert_judged(&s, 0x3, 0x8);
}

static void pieces_never_proven_are_hashed_only_when_told(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 3; i++) {
        struct scene s = scene();
        struct buf file = {0};
        resume_lost(s.r, &file, 2);
        buf_done(&file);
        s.r->hash_rest = i == 1;
        s.r->torn = i == 2;
        assert_judged(&s, 0xd, i == 0 ? 0 : 0x2);
    }
}

static void without_a_resume_file_all_that_can_be_there_is_hashed(void **state)
{
    (void)state;
    struct scene s = scene();
    s.c.hash_all = true;
    s.now[1].size = 14;
    assert_judged(&s, 0, 0xd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_as_we_left_it_is_believed_in_the_same_boot),
        cmocka_unit_test(after_another_boot_only_what_is_synced_is_believed),
        cmocka_unit_test(a_changed_size_or_mtime_has_the_pieces_hashed),
        cmocka_unit_test(what_is_not_within_the_files_is_missing),
        cmocka_unit_test(pieces_never_proven_are_hashed_only_when_told),
        cmocka_unit_test(without_a_resume_file_all_that_can_be_there_is_hashed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
