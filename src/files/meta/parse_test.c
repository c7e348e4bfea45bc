#include "files/meta/parse.h"

#include "base/test.h"
#include "sim/sim.h"
#include "store/vfs.h"

#include <string.h>

static const char torrent[] = "d4:infod6:lengthi5e4:name1:a12:piece lengthi16384e"
                              "6:pieces20:xxxxxxxxxxxxxxxxxxxxee";
static const char as_text[] = "ZDQ6aW5mb2Q2Omxlbmd0aGk1ZTQ6bmFtZTE6YTEyOnBpZWNlIGxlbmd0aGkx"
                              "NjM4NGU2OnBpZWNlczIwOnh4eHh4eHh4eHh4eHh4eHh4eHh4ZWU=";

struct kit {
    struct sim *sim;
    struct loop *loop;
    unsigned calls;
    struct metainfo *mi;
    struct why why;
};

static struct kit kit_new(void)
{
    struct kit k = {.sim = sim_new(1)};
    k.loop =
        sim_node_loop(sim_node_add(k.sim, "ann", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0}));
    return k;
}

static void kit_done(struct kit *k)
{
    parse_drop(k->loop, k->mi);
    sim_run_for(k->sim, SEC);
    sim_free(k->sim);
}

static void on_parsed(void *arg, struct metainfo *mi, const struct why *why)
{
    struct kit *k = arg;
    k->calls++;
    k->mi = mi;
    k->why = *why;
}

static struct buf bytes_of(const char *s)
{
    struct buf b = {0};
    buf_str(&b, s);
    return b;
}

static void bytes_text_and_files_are_read_and_told_later(void **state)
{
    (void)state;
    for (int how = 0; how < 3; how++) {
        struct kit k = kit_new();
        struct vfs *disk = vfs_mem_new();
        struct buf b = bytes_of(how == 1 ? as_text : torrent);
        if (how == 2) {
            assert_int_equal(vfs_replace(disk, "/x", torrent, strlen(torrent), 0, NULL), OK);
            parse_file(k.loop, disk, "/x", true, on_parsed, &k);
        } else {
            parse_start(k.loop, how == 1 ? PARSE_BASE64 : PARSE_TORRENT, &b, on_parsed, &k);
            assert_int_equal(buf_len(&b), 0); /* taken */
        }
        assert_int_equal(k.calls, 0);
        sim_run_for(k.sim, SEC);
        assert_int_equal(k.calls, 1);
        assert_non_null(k.mi);
        assert_string_equal(k.mi->name, "a");
        assert_int_equal(k.mi->own, how == 2);
        kit_done(&k);
        vfs_free(disk);
        buf_done(&b);
    }
}

static void what_is_wrong_is_told(void **state)
{
    (void)state;
    struct kit k = kit_new();
    struct buf not_text = bytes_of("%%%%"), not_torrent = bytes_of("i1e");
    struct vfs *disk = vfs_mem_new();
    parse_start(k.loop, PARSE_BASE64, &not_text, on_parsed, &k);
    sim_run_for(k.sim, SEC);
    assert_null(k.mi);
    assert_int_equal(k.why.code, ERR_INVALID);
    parse_start(k.loop, PARSE_TORRENT, &not_torrent, on_parsed, &k);
    sim_run_for(k.sim, SEC);
    assert_null(k.mi);
    assert_int_equal(k.why.code, ERR_INVALID);
    parse_file(k.loop, disk, "/none", false, on_parsed, &k);
    sim_run_for(k.sim, SEC);
    assert_null(k.mi);
    assert_int_equal(k.why.code, ERR_NOT_FOUND);
    assert_int_equal(k.calls, 3);
    vfs_free(disk);
    kit_done(&k);
}

static void cancelled_at_any_moment_it_is_silent(void **state)
{
    (void)state;
    for (uint64_t us = 0; us < 1000; us += 50) {
        struct kit k = kit_new();
        struct buf b = bytes_of(torrent);
        struct parse *p = parse_start(k.loop, PARSE_TORRENT, &b, on_parsed, &k);
        sim_run_for(k.sim, us);
        if (k.calls == 0) {
            parse_cancel(p);
            sim_run_for(k.sim, SEC);
            assert_int_equal(k.calls, 0);
        }
        kit_done(&k);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_text_and_files_are_read_and_told_later),
        cmocka_unit_test(what_is_wrong_is_told),
        cmocka_unit_test(cancelled_at_any_moment_it_is_silent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
