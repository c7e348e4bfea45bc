/* A list from a file and from a server, on a disk that fails. */
#include "files/owner/feed.h"

#include "base/mem.h"
#include "base/test.h"
#include "net/http.h"
#include "sim/sim.h"

#include <stdlib.h>
#include <string.h>

enum { NTH_MAX = 60 };

static const char url[] = "http://10.0.0.9/list", path[] = "/lists/own.txt";

struct world {
    struct sim *sim;
    struct loop *loop;
    struct vfs *mem, *fault;
    struct log *log;
    struct feed *feed;
    char *text; /* in force; NULL: none */
    unsigned ready;
};

/* The server that is asked: one for the program, as its functions stand in for the simulator's. */
static struct {
    const char *list; /* NULL: it is down; "v1 ..." has the tag "v1" */
    unsigned asked, given;
} server;

struct http_fetch {
    struct loop *loop;
    struct timer *timer;
    http_cb *done;
    void *arg;
    char *known; /* what If-None-Match says */
};

static const char *header(const struct http_answer *a, const char *name)
{
    (void)a;
    return strcmp(name, "ETag") == 0 ? "v1" : "";
}

static void on_served(void *arg)
{
    struct http_fetch *f = arg;
    struct http_answer a = {.header = header};
    struct why why = {0};
    http_cb *done = f->done;
    void *to = f->arg;
    bool same = server.list && f->known && strcmp(f->known, "v1") == 0;
    free(f->known);
    free(f);
    server.asked++;
    if (!server.list) {
        why_set(&why, ERR_CLOSED, "the server is down");
        done(to, NULL, &why);
        return;
    }
    a.status = same ? 304 : 200;
    a.body = same ? cur_of(NULL, 0) : cur_of(server.list, strlen(server.list));
    server.given += !same;
    done(to, &a, &why);
}

struct http_fetch *__wrap_http_start(struct loop *loop, const struct http_request *rq,
                                     http_cb *done, void *arg);
void __wrap_http_cancel(struct http_fetch *f);

struct http_fetch *__wrap_http_start(struct loop *loop, const struct http_request *rq,
                                     http_cb *done, void *arg)
{
    static const char match[] = "If-None-Match: ";
    struct http_fetch *f = MEM_NEW(struct http_fetch);
    *f = (struct http_fetch){.loop = loop, .done = done, .arg = arg};
    for (size_t i = 0; rq->headers && rq->headers[i]; i++)
        if (strncmp(rq->headers[i], match, sizeof match - 1) == 0)
            f->known = mem_strdup(rq->headers[i] + sizeof match - 1);
    f->timer = timer_start(loop, MSEC, on_served, f);
    return f;
}

void __wrap_http_cancel(struct http_fetch *f)
{
    if (!f)
        return;
    timer_cancel(f->timer);
    free(f->known);
    free(f);
}

static void *parse(struct cur text, struct why *why)
{
    if (text.n == 0 || text.p[0] != 'v') {
        why_set(why, ERR_INVALID, "it is no list");
        return NULL;
    }
    return mem_strndup((const char *)text.p, text.n);
}

static void on_loaded(void *arg, void *parsed)
{
    struct world *w = arg;
    free(w->text);
    w->text = parsed;
}

static void on_ready(void *arg)
{
    struct world *w = arg;
    w->ready++;
}

static void start(struct world *w, const char *source)
{
    struct feed_cfg cfg = {.loop = w->loop,
                           .vfs = w->fault,
                           .log = w->log,
                           .source = source,
                           .keep_dir = "/data/lists",
                           .max_bytes = 1000,
                           .parse = parse,
                           .drop = free,
                           .loaded = on_loaded,
                           .ready = on_ready,
                           .arg = w};
    w->feed = feed_new(&cfg);
    sim_run_for(w->sim, SEC);
}

static void stop(struct world *w)
{
    feed_free(w->feed);
    w->feed = NULL;
    sim_run_for(w->sim, SEC);
    free(w->text);
    w->text = NULL;
}

static struct world world_new(void)
{
    struct world w = {
        .sim = sim_new(1), .mem = vfs_mem_new(), .log = log_new(LOG_NONE, NULL, NULL)};
    w.loop =
        sim_node_loop(sim_node_add(w.sim, "ann", addr_v4(10, 0, 0, 1, 0), (struct sim_link){0}));
    w.fault = vfs_fault_new(w.mem);
    memset(&server, 0, sizeof server);
    server.list = "v1 of the list";
    return w;
}

static void world_free(struct world *w)
{
    stop(w);
    sim_free(w->sim);
    vfs_free(w->fault);
    vfs_free(w->mem);
    log_free(w->log);
}

static void put_file(struct world *w, const char *text)
{
    assert_int_equal(vfs_mkdirs(w->mem, "/lists", 0700, NULL), OK);
    assert_int_equal(vfs_replace(w->mem, path, text, strlen(text), 0, NULL), OK);
}

static void assert_text(const struct world *w, const char *want)
{
    assert_non_null(w->text);
    assert_string_equal(w->text, want);
}

/* True when it has an error to show. */
static bool has_error(const struct world *w)
{
    json_t *j = feed_status(w->feed);
    bool has = json_is_string(json_object_get(j, "error"));
    json_decref(j);
    return has;
}

static void an_unchanged_list_is_given_once(void **state)
{
    (void)state;
    struct world w = world_new();
    start(&w, url);
    assert_text(&w, "v1 of the list");
    sim_run_for(w.sim, FEED_DAY_US);
    assert_int_equal(server.asked, 2);
    assert_int_equal(server.given, 1);
    stop(&w);
    server.list = NULL;
    start(&w, url); /* what was kept is in force while the server is down */
    assert_text(&w, "v1 of the list");
    assert_true(has_error(&w));
    world_free(&w);
}

/* Each operation of keeping what came fails once. */
static void a_list_that_could_not_be_kept_is_in_force_and_fetched_again(void **state)
{
    (void)state;
    bool hit = true;
    for (uint64_t nth = 1; hit; nth++) {
        struct world w = world_new();
        assert_true(nth < NTH_MAX);
        vfs_fault_set(w.fault, VFS_OP_ANY, nth, 1, ERR_FULL);
        start(&w, url);
        hit = vfs_fault_calls(w.fault, VFS_OP_ANY) >= nth;
        vfs_fault_set(w.fault, VFS_OP_ANY, 0, 0, OK);
        assert_text(&w, "v1 of the list");
        sim_run_for(w.sim, FEED_RETRY_US + SEC);
        assert_false(has_error(&w));
        stop(&w);
        vfs_mem_power_cut(w.mem);
        server.list = NULL;
        start(&w, url);
        if (!w.text)
            fail_msg("operation %u failed: the list was never kept", (unsigned)nth);
        assert_int_equal(w.ready, 2);
        world_free(&w);
    }
}

/* At the start, and when the file has changed. */
static void a_file_that_could_not_be_read_is_read_at_the_next_look(void **state)
{
    (void)state;
    bool hit = true;
    for (uint64_t nth = 1; hit; nth++) {
        struct world w = world_new();
        assert_true(nth < NTH_MAX);
        put_file(&w, "v1");
        vfs_fault_set(w.fault, VFS_OP_ANY, nth, 1, ERR_IO);
        start(&w, path);
        sim_run_for(w.sim, FEED_LOOK_US);
        put_file(&w, "v2");
        sim_run_for(w.sim, FEED_LOOK_US);
        hit = vfs_fault_calls(w.fault, VFS_OP_ANY) >= nth;
        sim_run_for(w.sim, FEED_LOOK_US);
        if (!w.text || strcmp(w.text, "v2") != 0 || has_error(&w))
            fail_msg("operation %u failed: the list is %s", (unsigned)nth, w.text);
        if (nth > 8)
            hit = false; /* it looks for ever */
        world_free(&w);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_unchanged_list_is_given_once),
        cmocka_unit_test(a_list_that_could_not_be_kept_is_in_force_and_fetched_again),
        cmocka_unit_test(a_file_that_could_not_be_read_is_read_at_the_next_look),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
