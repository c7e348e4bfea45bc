/* api/transmission_world_test.h - the Transmission face over methods that note what was asked.
 *
 * Bodies and expectations are written with ' for ". */
#ifndef SHOAL_API_TRANSMISSION_WORLD_TEST_H
#define SHOAL_API_TRANSMISSION_WORLD_TEST_H

#include "api/fake_files_test.h"
#include "api/transmission.h"

#define A40 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B40 "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define C40 "cccccccccccccccccccccccccccccccccccccccc"

struct world {
    struct loop loop;
    struct vfs *vfs;
    struct fake_files files;
    struct routes *routes;
    struct transmission *t;
    json_t *reply; /* the last one */
    unsigned replies;
};

static inline int setup(void **state)
{
    struct world *w = MEM_NEW(struct world);
    struct why why;
    fake_init(&w->loop);
    fake_files_init(&w->files);
    w->vfs = vfs_mem_new();
    struct api_app app = {fake_files_methods, &w->files};
    w->routes = routes_new(&app, 1, &why);
    assert_non_null(w->routes);
    w->t = transmission_new(&(struct transmission_cfg){.loop = &w->loop,
                                                       .vfs = w->vfs,
                                                       .routes = w->routes,
                                                       .version = "9.9",
                                                       .download_dir = "/downloads"});
    *state = w;
    return 0;
}

static inline int teardown(void **state)
{
    struct world *w = *state;
    transmission_free(w->t);
    routes_free(w->routes);
    fake_files_done(&w->files);
    json_decref(w->reply);
    vfs_free(w->vfs);
    free(w);
    return 0;
}

static inline void on_reply(void *arg, const char *reply, size_t n)
{
    struct world *w = arg;
    json_decref(w->reply);
    w->reply = reply ? json_loadb(reply, n, JSON_REJECT_DUPLICATES, NULL) : NULL;
    if (reply)
        assert_non_null(w->reply);
    w->replies++;
}

/* Asks with ' for "; each is answered at once, once. */
static inline void ask(struct world *w, const char *body)
{
    char *text = mem_strdup(body);
    unsigned before = w->replies;
    for (char *p = text; (p = strchr(p, '\''));)
        *p = '"';
    assert_null(transmission_ask(w->t, cur_of(text, strlen(text)), on_reply, w));
    assert_int_equal(w->replies, before + 1);
    free(text);
}

static inline void is_json(const json_t *have, const char *want_text)
{
    char *text = mem_strdup(want_text);
    for (char *p = text; (p = strchr(p, '\''));)
        *p = '"';
    json_t *want = json_loads(text, JSON_DECODE_ANY, NULL);
    assert_non_null(want);
    if (!json_equal(have, want)) {
        char *dump = json_dumps(have, JSON_COMPACT | JSON_ENCODE_ANY);
        print_message("%s\nwanted %s\n", dump ? dump : "nothing", text);
        free(dump);
    }
    assert_true(json_equal(have, want));
    json_decref(want);
    free(text);
}

/* A legacy request's result and arguments must be these. */
static inline void answers(struct world *w, const char *body, const char *result,
                           const char *arguments)
{
    ask(w, body);
    assert_string_equal(json_string_value(json_object_get(w->reply, "result")), result);
    is_json(json_object_get(w->reply, "arguments"), arguments);
}

/* What was done since the last time begins so; a line each, ' for ". */
static inline void did(struct world *w, const char *want_text)
{
    char *want = mem_strdup(want_text), *have = fake_did(&w->files);
    for (char *p = want; (p = strchr(p, '\''));)
        *p = '"';
    assert_string_equal(have, want);
    free(want);
    free(have);
}

/* Asks for what is answered later. */
static inline void ask_later(struct world *w, const char *body)
{
    unsigned before = w->replies;
    assert_non_null(transmission_ask(w->t, cur_of(body, strlen(body)), on_reply, w));
    fake_run_for(&w->loop, SEC);
    assert_int_equal(w->replies, before + 1);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
