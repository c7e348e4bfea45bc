/* Torrents that are too large to be read on the loop: whole nodes in the simulator. */
#include "files/files.h"

#include "base/mem.h"
#include "base/test.h"
#include "crypto/base64.h"
#include "files/meta/parse.h"
#include "support/sim_node.h"

#include <stdlib.h>
#include <string.h>

enum { PIECES = 4096, FILES = 1200 };

static const struct sim_link lan = {
    .latency_us = 2 * MSEC, .up_rate = 12500000, .down_rate = 12500000};

static struct node *start(struct sim *sim, const char *name, uint8_t last)
{
    struct node *n = node_new(sim, name, addr_v4(10, 0, 0, last, 0), lan);
    node_start(n, &files_app, NULL);
    return n;
}

static void end(struct sim *sim)
{
    sim_run_for(sim, SEC); /* what lanes still do */
    sim_free(sim);
}

/* --- given as a file -------------------------------------------------------------------------- */

/* A .torrent of 80 KiB as text; of a file that is nowhere. */
static json_t *large_torrent(void)
{
    struct buf info = {0}, all = {0}, text = {0};
    buf_printf(&info, "d6:lengthi%de4:name3:big12:piece lengthi16384e6:pieces%d:", PIECES * 16384,
               PIECES * 20);
    for (int i = 0; i < PIECES * 20; i++)
        buf_u8(&info, 'x');
    buf_str(&all, "d4:info");
    buf_put(&all, buf_bytes(&info), buf_len(&info));
    buf_str(&all, "ee");
    assert_true(buf_len(&all) > PARSE_SMALL);
    base64_encode(&text, buf_bytes(&all), buf_len(&all));
    char *s = buf_take_str(&text);
    json_t *j = json_pack("{s:s}", "torrent", s);
    free(s);
    buf_done(&info);
    buf_done(&all);
    return j;
}

struct told {
    bool done;
    char code[40];
};

static void on_told(void *arg, enum err err, json_t *result, json_t *error)
{
    struct told *t = arg;
    (void)err;
    (void)result;
    t->done = true;
    snprintf(t->code, sizeof t->code, "%s",
             error ? json_string_value(json_object_get(error, "code")) : "");
}

/* A call that goes on by itself; takes params. */
static void ask(struct node *n, const char *method, json_t *params, struct told *told)
{
    const struct method *m = n->ops->methods;
    while (strcmp(m->name, method) != 0)
        m++;
    call_start(m, n->app, params, on_told, told);
    json_decref(params);
}

static void give(struct node *n, struct told *told)
{
    ask(n, "file.get", large_torrent(), told);
}

static size_t count(struct node *n)
{
    json_t *list = node_call(n, "file.ls", NULL, NULL);
    size_t all = json_array_size(list);
    json_decref(list);
    return all;
}

static void a_large_torrent_is_read_beside_the_loop(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1);
    struct node *ann = start(sim, "ann", 1);
    struct told told = {0};
    give(ann, &told);
    assert_int_equal(count(ann), 0); /* other calls are answered meanwhile */
    sim_run_for(sim, SEC);
    assert_true(told.done);
    assert_string_equal(told.code, "");
    assert_int_equal(count(ann), 1);
    node_stop(ann);
    node_start(ann, &files_app, NULL);
    sim_run_for(sim, SEC);
    assert_int_equal(count(ann), 1);
    node_free(ann);
    end(sim);
}

static void given_twice_at_once_it_is_one(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1);
    struct node *ann = start(sim, "ann", 1);
    struct told told[2] = {0};
    give(ann, &told[0]);
    give(ann, &told[1]);
    sim_run_for(sim, SEC);
    assert_true(told[0].done && told[1].done);
    assert_string_equal(told[1].code, "");
    assert_int_equal(count(ann), 1);
    node_free(ann);
    end(sim);
}

static void who_waits_for_it_is_told_when_the_node_stops(void **state)
{
    (void)state;
    for (uint64_t us = 0; us < 3000; us += 300) {
        struct sim *sim = sim_new(1);
        struct node *ann = start(sim, "ann", 1);
        struct told told = {0};
        give(ann, &told);
        sim_run_for(sim, us);
        if (!told.done) {
            node_stop(ann);
            assert_true(told.done);
            node_start(ann, &files_app, NULL);
            assert_true(told.code[0] || count(ann) == 1); /* what was acknowledged is there */
        }
        node_free(ann);
        end(sim);
    }
}

/* --- at a restart ------------------------------------------------------------------------------
 */

static bool text_is(json_t *row, const char *key, const char *want)
{
    const char *v = json_string_value(json_object_get(row, key));
    return v && strcmp(v, want) == 0;
}

static void after_a_restart_calls_wait_until_it_is_read(void **state)
{
    (void)state;
    struct sim *sim = sim_new(1);
    struct node *ann = start(sim, "ann", 1);
    struct told told = {0};
    give(ann, &told);
    sim_run_for(sim, SEC);
    json_decref(node_call(ann, "file.pause", json_pack("{s:s}", "id", "big"), NULL));
    struct told ls[10] = {0}, again[10] = {0};
    for (unsigned i = 0; i < 10; i++) {
        node_stop(ann);
        node_start(ann, &files_app, NULL);
        ask(ann, "file.ls", NULL, &ls[i]);
        assert_false(ls[i].done); /* the start has not read it */
        give(ann, &again[i]);
        sim_run_for(sim, i * 300);
        if (!ls[i].done) {
            node_stop(ann);
            assert_string_equal(ls[i].code, "file.stopped");
            node_start(ann, &files_app, NULL);
        }
        json_t *row = node_call(ann, "file.show", json_pack("{s:s}", "id", "big"), NULL);
        assert_true(text_is(row, "state", "paused") || again[i].done);
        json_decref(row);
        assert_int_equal(count(ann), 1);
        json_decref(node_call(ann, "file.pause", json_pack("{s:s}", "id", "big"), NULL));
    }
    node_free(ann);
    end(sim);
}

/* --- by a link -------------------------------------------------------------------------------- */

struct pair {
    struct sim *sim;
    struct node *ann, *bob;
    char *id, *link;
};

/* Ann shares a folder of many small files, bob has asked for it. */
static struct pair pair_new(void)
{
    struct pair p = {.sim = sim_new(1)};
    p.ann = start(p.sim, "ann", 1);
    p.bob = start(p.sim, "bob", 2);
    for (int i = 0; i < FILES; i++) {
        char *path = mem_printf("/stuff/box/a-file-of-which-there-are-really-many-%05d", i);
        node_write(p.ann, path, path, 5);
        free(path);
    }
    node_share(p.ann, json_pack("{s:s}", "path", "/stuff/box"), &p.id, &p.link);
    json_decref(node_call(p.bob, "file.get",
                          json_pack("{s:s, s:[s]}", "link", p.link, "peer", "10.0.0.1:6881"),
                          NULL));
    return p;
}

static void pair_free(struct pair *p)
{
    node_free(p->ann);
    node_free(p->bob);
    end(p->sim);
    free(p->id);
    free(p->link);
}

static bool has_metadata(void *arg)
{
    struct pair *p = arg;
    json_t *row = node_call(p->bob, "file.show", json_pack("{s:s}", "id", p->id), NULL);
    bool yes = json_integer_value(json_object_get(row, "size")) > 0;
    json_decref(row);
    return yes;
}

static bool is_whole(void *arg)
{
    struct pair *p = arg;
    json_t *row = node_call(p->bob, "file.show", json_pack("{s:s}", "id", p->id), NULL);
    bool yes = strcmp(json_string_value(json_object_get(row, "state")), "seeding") == 0;
    json_decref(row);
    return yes;
}

static void large_metadata_comes_and_the_files_too(void **state)
{
    (void)state;
    struct pair p = pair_new();
    assert_true(sim_run_until(p.sim, is_whole, &p, 60 * SEC));
    pair_free(&p);
}

static void it_can_be_removed_or_stopped_while_its_metadata_is_read(void **state)
{
    (void)state;
    struct pair p = pair_new();
    uint64_t began = sim_now_us(p.sim);
    assert_true(sim_run_until(p.sim, has_metadata, &p, 60 * SEC));
    uint64_t at = sim_now_us(p.sim) - began;
    pair_free(&p);
    for (uint64_t i = 0; i < 8; i++) {
        p = pair_new();
        sim_run_for(p.sim, at - i / 2 * 200);
        if (i % 2) {
            json_decref(node_call(p.bob, "file.rm", json_pack("{s:s}", "id", p.id), NULL));
            assert_int_equal(count(p.bob), 0);
        } else {
            node_stop(p.bob);
            node_start(p.bob, &files_app, NULL);
            assert_true(sim_run_until(p.sim, is_whole, &p, 60 * SEC));
        }
        pair_free(&p);
    }
}

static void what_is_asked_of_it_right_after_a_restart_is_done(void **state)
{
    (void)state;
    struct pair p = pair_new();
    const char *path = "/downloads/box/a-file-of-which-there-are-really-many-00001";
    assert_true(sim_run_until(p.sim, is_whole, &p, 60 * SEC));
    assert_true(node_has(p.bob, path, "/stuf", 5));
    node_stop(p.bob);
    node_start(p.bob, &files_app, NULL);
    json_decref(
        node_call(p.bob, "file.rm", json_pack("{s:s, s:b}", "id", p.id, "with_data", 1), NULL));
    assert_int_equal(count(p.bob), 0);
    assert_false(node_has(p.bob, path, "/stuf", 5));
    pair_free(&p);
}

static void a_damaged_torrent_is_an_error_and_no_crash(void **state)
{
    (void)state;
    struct pair p = pair_new();
    assert_true(sim_run_until(p.sim, is_whole, &p, 60 * SEC));
    node_stop(p.bob);
    char *kept = mem_printf("/data/torrents/%s.torrent", p.id), *junk = mem_zalloc(PARSE_SMALL + 9);
    node_write(p.bob, kept, junk, PARSE_SMALL + 9);
    free(kept);
    free(junk);
    node_start(p.bob, &files_app, NULL);
    json_t *row = node_call(p.bob, "file.show", json_pack("{s:s}", "id", p.id), NULL);
    assert_true(text_is(row, "state", "error"));
    json_decref(row);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_large_torrent_is_read_beside_the_loop),
        cmocka_unit_test(given_twice_at_once_it_is_one),
        cmocka_unit_test(who_waits_for_it_is_told_when_the_node_stops),
        cmocka_unit_test(after_a_restart_calls_wait_until_it_is_read),
        cmocka_unit_test(large_metadata_comes_and_the_files_too),
        cmocka_unit_test(it_can_be_removed_or_stopped_while_its_metadata_is_read),
        cmocka_unit_test(what_is_asked_of_it_right_after_a_restart_is_done),
        cmocka_unit_test(a_damaged_torrent_is_an_error_and_no_crash),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
