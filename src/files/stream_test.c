/* Reading a file of a torrent while it downloads, in the simulator. */
#include "base/mem.h"
#include "base/test.h"
#include "core/content.h"
#include "files/files.h"
#include "support/sim_node.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 64 * 1024, SIZE = 8 * 1024 * 1024 + 777 };

static const struct sim_link lan = {
    .latency_us = 5 * MSEC, .up_rate = 12500000, .down_rate = 12500000};

struct pair {
    struct sim *sim;
    struct node *ann, *bob;
    uint8_t *bytes;
    char *id, *path;
};

static char *text_of(json_t *j, const char *key)
{
    return mem_strdup(json_string_value(json_object_get(j, key)));
}

static json_t *call(struct node *n, const char *method, json_t *params)
{
    return node_call(n, method, params, NULL);
}

/* Ann gives `rate` bytes a second, 0: as fast as it goes. */
static struct pair pair_new(uint64_t seed, int rate)
{
    struct pair p = {.sim = sim_new(seed)};
    p.ann = node_new(p.sim, "ann", addr_v4(10, 0, 0, 1, 0), lan);
    p.bob = node_new(p.sim, "bob", addr_v4(10, 0, 0, 2, 0), lan);
    node_start(p.ann, &files_app, NULL);
    node_start(p.bob, &files_app, NULL);
    p.bytes = mem_zalloc(SIZE);
    node_noise(p.bytes, SIZE, 1);
    node_write(p.ann, "/stuff/box/film.mkv", p.bytes, SIZE);
    node_write(p.ann, "/stuff/box/a \"b\".txt", "hello", 5);
    json_t *r =
        call(p.ann, "file.add", json_pack("{s:s, s:i}", "path", "/stuff/box", "piece_size", PIECE));
    json_t *added = node_job(p.ann, json_string_value(json_object_get(r, "job")));
    json_decref(r);
    p.id = text_of(added, "id");
    json_t *file = call(p.ann, "file.export", json_pack("{s:s}", "id", p.id));
    json_decref(call(p.bob, "file.get",
                     json_pack("{s:O, s:[s]}", "torrent", json_object_get(file, "torrent"), "peer",
                               "10.0.0.1:6881")));
    json_decref(call(p.ann, "file.limit", json_pack("{s:s, s:i}", "id", p.id, "up", rate)));
    json_decref(file);
    json_decref(added);
    p.path = mem_printf("%s/box/film.mkv", p.id);
    return p;
}

static void pair_free(struct pair *p)
{
    node_free(p->ann);
    node_free(p->bob);
    sim_free(p->sim);
    free(p->bytes);
    free(p->id);
    free(p->path);
}

/* A player: reads in order, and checks what it gets. */
struct player {
    struct pair *p;
    struct content_reader *r;
    uint64_t from, pos, stop; /* stop: asks for no more there */
    bool ended;
    struct why why;
};

static void on_part(void *arg, const uint8_t *bytes, size_t n)
{
    struct player *y = arg;
    assert_true(n > 0 && n <= CONTENT_PART_MAX);
    assert_memory_equal(bytes, y->p->bytes + y->pos, n);
    y->pos += n;
    if (y->pos < y->stop)
        files_app.content->more(y->r);
}

static void on_ended(void *arg, const struct why *why)
{
    struct player *y = arg;
    y->ended = true;
    y->why = *why;
    y->r = NULL;
}

static const struct content_sink sink = {on_part, on_ended};

static void play(struct player *y, struct pair *p, uint64_t from, uint64_t stop)
{
    struct why why;
    *y = (struct player){.p = p, .from = from, .pos = from, .stop = stop};
    y->r = files_app.content->open(p->bob->app, p->path, from, SIZE - from, &sink, y, &why);
    if (!y->r)
        fail_msg("%s", why.text);
    files_app.content->more(y->r);
}

static bool is_ended(void *arg)
{
    return ((struct player *)arg)->ended;
}

static bool has_begun(void *arg)
{
    const struct player *y = arg;
    return y->pos > y->from;
}

static double progress(struct pair *p)
{
    json_t *j = call(p->bob, "file.show", json_pack("{s:s}", "id", p->id));
    double v = json_real_value(json_object_get(j, "progress"));
    json_decref(j);
    return v;
}

static void a_film_plays_while_it_downloads(void **state)
{
    (void)state;
    struct pair p = pair_new(1, 1000000);
    struct player y;
    play(&y, &p, 0, SIZE + 1);
    assert_true(sim_run_until(p.sim, has_begun, &y, 5 * SEC));
    assert_true(progress(&p) < 0.2);
    assert_true(sim_run_until(p.sim, is_ended, &y, 60 * SEC));
    assert_int_equal(y.why.code, OK);
    assert_int_equal(y.pos, SIZE);
    pair_free(&p);
}

static void a_seek_is_answered_at_once(void **state)
{
    (void)state;
    struct pair p = pair_new(2, 500000);
    struct player y;
    play(&y, &p, 0, SIZE + 1);
    assert_true(sim_run_until(p.sim, has_begun, &y, 5 * SEC));
    sim_run_for(p.sim, 2 * SEC);
    files_app.content->close(y.r);
    uint64_t began = sim_now_us(p.sim);
    play(&y, &p, SIZE / 2 + 33, SIZE + 1);
    assert_true(sim_run_until(p.sim, has_begun, &y, 5 * SEC));
    assert_true(sim_now_us(p.sim) - began < SEC); /* 500 kB/s: a piece takes 130 ms */
    assert_true(progress(&p) < 0.4);
    assert_true(sim_run_until(p.sim, is_ended, &y, 60 * SEC));
    assert_int_equal(y.pos, SIZE);
    pair_free(&p);
}

static void who_takes_nothing_gets_nothing_more(void **state)
{
    (void)state;
    struct pair p = pair_new(3, 0);
    struct player y;
    play(&y, &p, 100, 101);
    sim_run_for(p.sim, 20 * SEC);
    assert_true(y.pos > 100 && y.pos <= 100 + CONTENT_PART_MAX);
    assert_false(y.ended);
    files_app.content->close(y.r);
    pair_free(&p);
}

static void two_read_at_two_places(void **state)
{
    (void)state;
    struct pair p = pair_new(4, 2000000);
    struct player a, b;
    play(&a, &p, 0, SIZE + 1);
    play(&b, &p, SIZE - 1000000, SIZE + 1);
    assert_true(sim_run_until(p.sim, is_ended, &b, 60 * SEC));
    assert_false(a.ended);
    assert_true(sim_run_until(p.sim, is_ended, &a, 60 * SEC));
    assert_int_equal(b.pos, SIZE);
    pair_free(&p);
}

static void pause_and_removal_end_it(void **state)
{
    (void)state;
    struct pair p = pair_new(5, 100000);
    struct player y;
    struct why why;
    play(&y, &p, SIZE - 10, SIZE + 1);
    json_decref(call(p.bob, "file.pause", json_pack("{s:s}", "id", p.id)));
    assert_true(sim_run_until(p.sim, is_ended, &y, SEC));
    assert_int_equal(y.why.code, ERR_CLOSED);
    assert_null(files_app.content->open(p.bob->app, p.path, 0, 1, &sink, &y, &why));
    assert_int_equal(why.code, ERR_STATE);
    json_decref(call(p.bob, "file.resume", json_pack("{s:s}", "id", p.id)));
    play(&y, &p, SIZE / 2, SIZE + 1);
    json_decref(call(p.bob, "file.rm", json_pack("{s:s}", "id", p.id)));
    assert_true(y.ended);
    assert_null(files_app.content->open(p.bob->app, p.path, 0, 1, &sink, &y, &why));
    assert_int_equal(why.code, ERR_NOT_FOUND);
    pair_free(&p);
}

static void a_link_opens_its_file_and_no_other(void **state)
{
    (void)state;
    struct pair p = pair_new(6, 0);
    sim_run_for(p.sim, 10 * SEC);
    json_t *j = call(p.bob, "file.stream", json_pack("{s:s, s:s}", "id", p.id, "file", "a *"));
    const char *link = json_string_value(json_object_get(j, "path")), *key = strstr(link, "?key=");
    char *want = mem_printf("/files/%s/box/a%%20%%22b%%22.txt", p.id);
    assert_int_equal(strncmp(link, want, strlen(want)), 0);
    char *txt = mem_printf("%s/box/a \"b\".txt", p.id);
    assert_non_null(key);
    assert_true(files_app.content->opens(p.bob->app, txt, key + 5));
    assert_false(files_app.content->opens(p.bob->app, p.path, key + 5));
    assert_false(files_app.content->opens(p.bob->app, txt, ""));
    /* After a restart too. */
    node_stop(p.bob);
    node_start(p.bob, &files_app, NULL);
    assert_true(files_app.content->opens(p.bob->app, txt, key + 5));
    assert_false(files_app.content->opens(p.ann->app, txt, key + 5));
    struct content_info info;
    struct why why;
    sim_run_for(p.sim, SEC);
    assert_int_equal(files_app.content->find(p.bob->app, txt, &info, &why), OK);
    assert_string_equal(info.name, "a \"b\".txt");
    assert_int_equal(info.size, 5);
    static const char *const bad[] = {"", "/", "x/y", "../../etc/passwd"};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++)
        assert_int_equal(files_app.content->find(p.bob->app, bad[i], &info, &why), ERR_NOT_FOUND);
    json_decref(j);
    free(want);
    free(txt);
    pair_free(&p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_film_plays_while_it_downloads),
        cmocka_unit_test(a_seek_is_answered_at_once),
        cmocka_unit_test(who_takes_nothing_gets_nothing_more),
        cmocka_unit_test(two_read_at_two_places),
        cmocka_unit_test(pause_and_removal_end_it),
        cmocka_unit_test(a_link_opens_its_file_and_no_other),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
