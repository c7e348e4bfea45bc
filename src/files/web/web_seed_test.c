/* One web seed and a server on this machine that answers well, badly or not at all. */
#include "files/web/web_seed.h"

#include "base/mem.h"
#include "base/test.h"
#include "core/policy.h"
#include "net/httpd.h"
#include "net/uv/uv_loop.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIECE = 4 * BLOCK_LEN, FILE_A = 6 * BLOCK_LEN + 100, FILE_B = BLOCK_LEN, PAD = 5000 };
enum { TOTAL = FILE_A + PAD + FILE_B, PIECES = (TOTAL + PIECE - 1) / PIECE };
#define LIMIT_US (20 * SEC)

static const struct mi_file files[] = {
    {.path = "film/a", .len = FILE_A},
    {.path = "film/pad", .len = PAD, .offset = FILE_A, .pad = true},
    {.path = "film/b", .len = FILE_B, .offset = FILE_A + PAD},
};

enum manner { SERVE, NO_RANGES, OTHER_RANGE, SHORT, MISSING, BUSY, FORBIDDEN, REDIRECT, MUTE };

struct world {
    struct loop *loop;
    struct httpd *httpd;
    struct metainfo mi;
    struct limit down;
    struct policy *policy;
    struct web_seed *s;
    char url[100];
    uint8_t stream[TOTAL]; /* as the torrent has it, zeros for the padding */
    uint8_t got[TOTAL];
    enum manner manner;
    unsigned asked, blocks, lost, idle;
    long lacks;
    bool busy;
    struct httpd_call *held;
};

static void on_gone(void *arg)
{
    ((struct world *)arg)->held = NULL;
}

static void serve(struct world *w, struct httpd_call *c, size_t file)
{
    const struct mi_file *f = &files[file];
    uint64_t first = 0, last = f->len - 1;
    char range[100];
    const char *wanted = httpd_header(c, "Range");
    assert_non_null(wanted);
    assert_memory_equal(wanted, "bytes=", 6);
    char *rest;
    first = strtoull(wanted + 6, &rest, 10);
    last = strtoull(rest + 1, &rest, 10);
    assert_string_equal(rest, "");
    assert_true(last < f->len);
    if (w->manner == OTHER_RANGE)
        first++;
    snprintf(range, sizeof range, "Content-Range: bytes %" PRIu64 "-%" PRIu64 "/%" PRIu64, first,
             last, f->len);
    const char *const headers[] = {range, NULL};
    if (w->manner == NO_RANGES)
        httpd_reply(c, 200, NULL, w->stream + f->offset, f->len);
    else
        httpd_reply(c, 206, headers, w->stream + f->offset + first,
                    last - first + 1 - (w->manner == SHORT));
}

static void on_request(void *arg, struct httpd_call *c)
{
    struct world *w = arg;
    static const char *const soon[] = {"Retry-After: 77", NULL};
    char where[200];
    const char *path = httpd_path(c);
    size_t file = path[strlen(path) - 1] == 'b' ? 2 : 0;
    w->asked++;
    if (!strstr(path, "/else"))
        assert_string_equal(path, file ? "/dir/film/b" : "/dir/film/a");
    snprintf(where, sizeof where, "Location: %s/else%s", w->url, path + 4);
    const char *const moved[] = {where, NULL};
    switch (w->manner) {
    case SERVE:
    case NO_RANGES:
    case OTHER_RANGE:
    case SHORT:
        serve(w, c, file);
        return;
    case MISSING:
        httpd_reply(c, 404, NULL, "no", 2);
        return;
    case BUSY:
        httpd_reply(c, 503, soon, "busy", 4);
        return;
    case FORBIDDEN:
        httpd_reply(c, 403, NULL, NULL, 0);
        return;
    case REDIRECT:
        w->manner = SERVE;
        httpd_reply(c, 302, moved, NULL, 0);
        return;
    case MUTE:
        w->held = c;
        httpd_on_gone(c, on_gone, w);
        return;
    }
}

static void on_block(void *arg, struct web_seed *s, uint32_t piece, uint32_t block,
                     struct cur bytes)
{
    struct world *w = arg;
    size_t at = piece * PIECE + block * BLOCK_LEN;
    (void)s;
    assert_true(at + bytes.n <= TOTAL);
    assert_true(bytes.n == BLOCK_LEN || at + bytes.n == TOTAL);
    memcpy(w->got + at, bytes.p, bytes.n);
    w->blocks++;
}

static void on_lost(void *arg, struct web_seed *s, uint32_t piece, uint32_t block)
{
    (void)s;
    (void)piece;
    (void)block;
    ((struct world *)arg)->lost++;
}

static void on_lacks(void *arg, struct web_seed *s, size_t file)
{
    (void)s;
    ((struct world *)arg)->lacks = (long)file;
}

static void on_idle(void *arg, struct web_seed *s)
{
    (void)s;
    ((struct world *)arg)->idle++;
}

static bool on_busy(void *arg)
{
    return ((struct world *)arg)->busy;
}

static const struct web_seed_ops ops = {
    .block = on_block, .lost = on_lost, .lacks = on_lacks, .idle = on_idle, .busy = on_busy};

static int open_world(void **state)
{
    struct why why;
    char text[ADDR_TEXT];
    struct world *w = MEM_NEW(struct world);
    struct addr at = addr_v4(127, 0, 0, 1, 0);
    w->loop = uv_loop_open(NULL);
    w->httpd = httpd_open(w->loop, &at, NULL, on_request, w, &why);
    assert_non_null(w->httpd);
    at = httpd_addr(w->httpd);
    snprintf(w->url, sizeof w->url, "http://%s/dir", addr_format(&at, text));
    for (size_t i = 0; i < TOTAL; i++)
        if (i < FILE_A || i >= FILE_A + PAD)
            w->stream[i] = (uint8_t)(i * 7 + i / 251);
    w->mi = (struct metainfo){.name = "film",
                              .multi = true,
                              .total = TOTAL,
                              .piece_len = PIECE,
                              .piece_count = PIECES,
                              .files = files,
                              .file_count = 3};
    w->policy = policy_new();
    w->lacks = -1;
    const struct web_seed_cfg cfg = {.loop = w->loop,
                                     .mi = &w->mi,
                                     .down = &w->down,
                                     .policy = w->policy,
                                     .ops = &ops,
                                     .arg = w};
    w->s = web_seed_new(&cfg, w->url, false);
    *state = w;
    return 0;
}

static int close_world(void **state)
{
    struct world *w = *state;
    web_seed_free(w->s);
    httpd_close(w->httpd);
    uv_loop_finish(w->loop);
    policy_free(w->policy);
    limit_done(&w->down);
    free(w);
    return 0;
}

/* The blocks from `from` to `to`, counted through the stream. */
static void fetch(struct world *w, uint32_t from, uint32_t to)
{
    struct picker_block run[WEB_RUN_MAX];
    for (uint32_t i = from; i < to; i++)
        run[i - from] = (struct picker_block){i / 4, i % 4};
    web_seed_fetch(w->s, run, to - from);
}

static bool is_idle(void *arg)
{
    return ((struct world *)arg)->idle > 0;
}

static void run(struct world *w)
{
    assert_true(uv_loop_run_until(w->loop, is_idle, w, LIMIT_US));
}

enum { BLOCKS = (TOTAL + BLOCK_LEN - 1) / BLOCK_LEN };

static void assert_state(struct world *w, const char *state, const char *words)
{
    json_t *j = web_seed_status(w->s);
    assert_string_equal(json_string_value(json_object_get(j, "state")), state);
    assert_non_null(strstr(json_string_value(json_object_get(j, "error")), words));
    json_decref(j);
}

static void a_run_over_files_and_padding_comes_whole(void **state)
{
    struct world *w = *state;
    assert_int_equal(web_seed_room(w->s), WEB_FETCHES);
    fetch(w, 0, BLOCKS);
    assert_int_equal(w->blocks, 0);
    run(w);
    assert_int_equal(w->asked, 2); /* one for each file, none for the padding */
    assert_int_equal(w->blocks, BLOCKS);
    assert_int_equal(w->lost, 0);
    assert_memory_equal(w->got, w->stream, TOTAL);
    assert_state(w, "idle", "");
}

static void a_part_is_asked_for_by_its_range(void **state)
{
    struct world *w = *state;
    fetch(w, 2, 5);
    run(w);
    assert_int_equal(w->blocks, 3);
    assert_memory_equal(w->got + 2 * BLOCK_LEN, w->stream + 2 * BLOCK_LEN, 3 * BLOCK_LEN);
}

static void a_server_without_ranges_will_do_from_a_files_beginning(void **state)
{
    struct world *w = *state;
    w->manner = NO_RANGES;
    fetch(w, 0, 2);
    run(w);
    assert_int_equal(w->blocks, 2);
    w->idle = 0;
    fetch(w, 2, 4);
    run(w);
    assert_int_equal(w->blocks, 2);
    assert_int_equal(w->lost, 2);
    assert_state(w, "resting", "another part");
    assert_int_equal(web_seed_room(w->s), 0);
}

static void what_is_no_answer_makes_it_rest_and_gives_all_back(void **state)
{
    struct world *w = *state;
    static const struct {
        enum manner manner;
        const char *words;
    } cases[] = {{OTHER_RANGE, "another part"},
                 {SHORT, "too soon"},
                 {BUSY, "status 503"},
                 {FORBIDDEN, "status 403"}};
    w->manner = cases[0].manner;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        w->manner = cases[i].manner;
        w->lost = w->blocks = w->idle = 0;
        fetch(w, 0, 4);
        run(w);
        assert_int_equal(w->lost + w->blocks, 4);
        assert_true(w->lost > 0);
        assert_state(w, "resting", cases[i].words);
    }
}

static json_int_t rest_s(struct world *w)
{
    json_t *j = web_seed_status(w->s);
    json_int_t s = json_integer_value(json_object_get(j, "rest_s"));
    json_decref(j);
    return s;
}

/* What it rests is not waited for here. */
static void it_rests_longer_each_time_up_to_half_an_hour(void **state)
{
    struct world *w = *state;
    json_int_t before = 0, most = (json_int_t)(WEB_REST_MAX_US / SEC);
    w->manner = SHORT;
    for (int i = 0; i < 12; i++) {
        w->idle = 0;
        fetch(w, 0, 4);
        run(w);
        json_int_t now = rest_s(w);
        if (i == 0)
            assert_in_range(now, WEB_REST_US / SEC - 1, WEB_REST_US / SEC + 1);
        assert_true(now >= before - 1 && now <= most + 1);
        before = now;
    }
    assert_true(before >= most - 1);
}

static void it_rests_as_long_as_it_is_told(void **state)
{
    struct world *w = *state;
    w->manner = BUSY;
    fetch(w, 0, 4);
    run(w);
    json_t *j = web_seed_status(w->s);
    assert_in_range(json_integer_value(json_object_get(j, "rest_s")), 70, 77);
    json_decref(j);
}

static void a_file_that_is_not_there_is_told_of_and_no_trouble(void **state)
{
    struct world *w = *state;
    w->manner = MISSING;
    fetch(w, 0, 4);
    run(w);
    assert_int_equal(w->lacks, 0);
    assert_int_equal(w->lost, 4);
    assert_int_equal(web_seed_room(w->s), WEB_FETCHES);
}

static void a_redirect_on_the_same_network_is_followed(void **state)
{
    struct world *w = *state;
    w->manner = REDIRECT;
    fetch(w, 0, 2);
    run(w);
    assert_int_equal(w->asked, 2);
    assert_int_equal(w->blocks, 2);
}

static bool is_held(void *arg)
{
    return ((struct world *)arg)->held != NULL;
}

static void stop_gives_back_and_is_silent(void **state)
{
    struct world *w = *state;
    w->manner = MUTE;
    fetch(w, 0, 4);
    assert_true(uv_loop_run_until(w->loop, is_held, w, LIMIT_US));
    assert_int_equal(web_seed_room(w->s), WEB_FETCHES - 1);
    web_seed_stop(w->s);
    assert_int_equal(w->lost, 4);
    assert_int_equal(w->idle, 0);
    fetch(w, 0, 4);
    web_seed_ban(w->s, "lied");
    assert_int_equal(w->lost, 8);
    assert_int_equal(web_seed_room(w->s), 0);
    assert_state(w, "banned", "lied");
}

static bool has_one(void *arg)
{
    return ((struct world *)arg)->blocks > 0;
}

static void a_busy_disk_holds_the_stream(void **state)
{
    struct world *w = *state;
    w->busy = true;
    fetch(w, 0, BLOCKS);
    uv_loop_run_until(w->loop, is_idle, w, 300 * MSEC);
    assert_int_equal(w->idle, 0);
    w->busy = false;
    web_seed_resume(w->s);
    run(w);
    assert_int_equal(w->blocks, BLOCKS);
}

static void a_rate_limit_holds_it_too(void **state)
{
    struct world *w = *state;
    limit_set(&w->down, 40000, loop_now_us(w->loop));
    uint64_t began = loop_now_us(w->loop);
    fetch(w, 0, 6);
    assert_true(uv_loop_run_until(w->loop, has_one, w, LIMIT_US));
    run(w);
    assert_int_equal(w->blocks, 6);
    /* 98,304 bytes less a second's burst of 40,000. */
    assert_true(loop_now_us(w->loop) - began > SEC);
}

int main(void)
{
#define CASE(name) cmocka_unit_test_setup_teardown(name, open_world, close_world)
    const struct CMUnitTest tests[] = {
        CASE(a_run_over_files_and_padding_comes_whole),
        CASE(a_part_is_asked_for_by_its_range),
        CASE(a_server_without_ranges_will_do_from_a_files_beginning),
        CASE(what_is_no_answer_makes_it_rest_and_gives_all_back),
        CASE(it_rests_longer_each_time_up_to_half_an_hour),
        CASE(it_rests_as_long_as_it_is_told),
        CASE(a_file_that_is_not_there_is_told_of_and_no_trouble),
        CASE(a_redirect_on_the_same_network_is_followed),
        CASE(stop_gives_back_and_is_silent),
        CASE(a_busy_disk_holds_the_stream),
        CASE(a_rate_limit_holds_it_too),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
