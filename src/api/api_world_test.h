/* api/api_world_test.h - for tests of the whole server over real sockets: an API on a port of
 * loopback, with one app of a few methods, one that talks by WebSockets (it says back what it
 * hears, and more of it than anybody can take), and a token of each scope.
 *
 * Each test has its world in *state (TEST()).  Included by one .c file of a program. */
#ifndef SHOAL_API_API_WORLD_TEST_H
#define SHOAL_API_API_WORLD_TEST_H

#include "api/api.h"

#include "api/keyring.h"
#include "api/web.h"
#include "crypto/base64.h"
#include "net/uv/raw_test.h"
#include "net/ws_msg.h"

struct world {
    struct loop *loop;
    struct vfs *vfs;
    struct bus *bus;
    struct jobs *jobs;
    struct metrics *metrics;
    struct api *api;
    struct addr at;
    char path[64], read[KEYRING_KEY], write[KEYRING_KEY], money[KEYRING_KEY];
    struct call *held;
    unsigned calls, gone, talks, pauses;
    struct app_socket *came_last; /* who talks */
};

static inline void do_echo(void *app, struct call *c)
{
    struct world *w = app;
    w->calls++;
    call_ok(c, json_incref(call_params(c)));
}

static inline void do_fail(void *app, struct call *c)
{
    (void)app;
    call_failf(c, "thing.locked", ERR_STATE, "unlock it", "the thing is locked");
}

static inline void on_held_gone(void *arg)
{
    struct world *w = arg;
    w->gone++;
    struct call *c = w->held;
    w->held = NULL;
    call_ok(c, json_object());
}

static inline void do_hold(void *app, struct call *c)
{
    struct world *w = app;
    w->held = c;
    call_gone(c, on_held_gone, w);
}

static inline void do_job(void *app, struct call *c)
{
    (void)app;
    call_ok(c, json_pack("{s:s}", "job", "j1"));
}

static const struct param thing_params[] = {
    {.name = "id", .type = PARAM_TEXT, .flags = PARAM_REQUIRED},
    {.name = "n", .type = PARAM_INT, .min = 0, .max = 9},
    {0},
};

static const struct method things[] = {
    {.name = "thing.show",
     .http = "GET",
     .route = "/things/{id}",
     .params = thing_params,
     .call = do_echo},
    {.name = "thing.set",
     .http = "POST",
     .route = "/things/{id}",
     .flags = METHOD_WRITE,
     .params = thing_params,
     .call = do_echo},
    {.name = "thing.pay",
     .http = "POST",
     .route = "/things/{id}/pay",
     .flags = METHOD_WRITE | METHOD_MONEY,
     .params = thing_params,
     .call = do_echo},
    {.name = "thing.fail", .http = "GET", .route = "/fail", .call = do_fail},
    {.name = "thing.hold", .http = "GET", .route = "/hold", .call = do_hold},
    {.name = "thing.job", .http = "POST", .route = "/job", .flags = METHOD_WRITE, .call = do_job},
    {0},
};

struct app_socket {
    struct world *w;
    socket_send_cb *send;
    socket_end_cb *end;
    void *arg;
    bool paused;
};

static inline enum err talk_find(void *app, const char *path, struct why *why)
{
    (void)app;
    return strcmp(path, "room one") == 0 ? OK : why_set(why, ERR_NOT_FOUND, "no such room");
}

static inline struct app_socket *talk_open(void *app, const char *path, bool writes,
                                           socket_send_cb *send, socket_end_cb *end, void *arg,
                                           struct why *why)
{
    struct app_socket *s = MEM_NEW(struct app_socket);
    (void)why;
    assert_string_equal(path, "room one");
    *s = (struct app_socket){.w = app, .send = send, .end = end, .arg = arg};
    s->w->talks++;
    s->w->came_last = s;
    send(arg, writes ? cur_of("you write", 9) : cur_of("you read", 8));
    return s;
}

/* Whoever still sits there hears that there is nothing more to hear. */
static inline void talk_end(struct app_socket *s)
{
    struct why why;
    why_set(&why, ERR_NOT_FOUND, "the room is gone");
    s->end(s->arg, &why);
}

static inline enum err talk_take(struct app_socket *s, struct cur message, struct why *why)
{
    static const char block[64 * 1024];
    if (message.n == 4 && memcmp(message.p, "shoo", 4) == 0)
        return why_set(why, ERR_DENIED, "go away");
    if (message.n == 4 && memcmp(message.p, "much", 4) == 0)
        for (int i = 0; i < 1000 && !s->paused; i++)
            s->send(s->arg, cur_of(block, sizeof block));
    s->send(s->arg, message);
    return OK;
}

static inline void talk_pause(struct app_socket *s)
{
    s->paused = true;
    s->w->pauses++;
}

static inline void talk_resume(struct app_socket *s)
{
    s->paused = false;
    s->send(s->arg, cur_of("all that you missed", 19));
}

static inline void talk_close(struct app_socket *s)
{
    s->w->talks--;
    free(s);
}

static const struct sockets_ops talk = {1000,       talk_find,   talk_open, talk_take,
                                        talk_pause, talk_resume, talk_close};

static inline json_t *status(void *arg)
{
    (void)arg;
    return json_pack("{s:s}", "version", "test");
}

static inline void read_token(struct world *w, const char *scope, char out[KEYRING_KEY])
{
    struct buf text = {0};
    struct why why;
    assert_int_equal(vfs_read_all(w->vfs, "tokens", 4096, &text, &why), OK);
    char *whole = buf_take_str(&text);
    const char *at = strstr(whole, scope);
    assert_non_null(at);
    memcpy(out, at + strlen(scope), KEYRING_KEY - 1);
    free(whole);
}

static inline struct world *open_world(bool auth_off)
{
    struct world *w = MEM_NEW(struct world);
    w->loop = uv_loop_open(NULL);
    w->vfs = vfs_mem_new();
    w->bus = bus_new();
    w->jobs = jobs_new(w->bus);
    w->metrics = metrics_new();
    metric_add(metrics_get(w->metrics, METRIC_COUNTER, "shoal_test_total", "A test."), 7);
    char folder[] = "/tmp/api-XXXXXX";
    assert_non_null(mkdtemp(folder));
    snprintf(w->path, sizeof w->path, "%s/api.sock", folder);
    struct addr at = addr_v4(127, 0, 0, 1, 0);
    struct api_app app = {things, w};
    struct api_cfg cfg = {.loop = w->loop,
                          .vfs = w->vfs,
                          .at = &at,
                          .unix_path = w->path,
                          .token_file = "tokens",
                          .session_file = "sessions",
                          .auth_off = auth_off,
                          .bus = w->bus,
                          .jobs = w->jobs,
                          .metrics = w->metrics,
                          .apps = &app,
                          .app_count = 1,
                          .sockets = {"talk", &talk, w},
                          .version = "test",
                          .download_dir = "/tmp",
                          .status = status};
    struct why why;
    w->api = api_open(&cfg, &why);
    assert_non_null(w->api);
    w->at = api_addr(w->api);
    read_token(w, "\nread ", w->read);
    read_token(w, "\nwrite ", w->write);
    read_token(w, "\nmoney ", w->money);
    return w;
}

static inline int setup(void **state)
{
    *state = open_world(false);
    return 0;
}

static inline int setup_without_auth(void **state)
{
    *state = open_world(true);
    return 0;
}

static inline int teardown(void **state)
{
    struct world *w = *state;
    api_close(w->api);
    jobs_free(w->jobs);
    bus_free(w->bus);
    metrics_free(w->metrics);
    uv_loop_finish(w->loop);
    vfs_free(w->vfs);
    *strrchr(w->path, '/') = '\0';
    rmdir(w->path);
    free(w);
    return 0;
}

/* "GET /x" with our Host, these headers ("A: b\r\n") and body; the whole answer, free(). */
static inline char *ask(struct world *w, const char *line, const char *headers, const char *body)
{
    char *request =
        mem_printf("%s HTTP/1.1\r\nHost: 127.0.0.1:%u\r\nConnection: close\r\n%sContent-Length: %zu"
                   "\r\n\r\n%s",
                   line, (unsigned)w->at.port, headers, strlen(body), body);
    char *answer = raw_ask(raw_tcp(w->loop, &w->at), request);
    free(request);
    return answer;
}

static inline void gives(struct world *w, const char *line, const char *headers, const char *body,
                         unsigned status_, const char *text)
{
    char *answer = ask(w, line, headers, body);
    raw_status_is(answer, status_);
    if (text && !strstr(answer, text))
        print_message("no %s in %s\n", text, answer);
    assert_true(!text || strstr(answer, text));
    assert_null(strstr(answer, "Access-Control"));
    free(answer);
}

/* "Authorization: Bearer TOKEN" and JSON; of static storage for one call. */
static inline const char *with(struct world *w, const char *token)
{
    (void)w;
    static char text[200];
    snprintf(text, sizeof text, "Authorization: Bearer %s\r\nContent-Type: application/json\r\n",
             token);
    return text;
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

#endif
