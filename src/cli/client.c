#include "cli/client.h"

#include "base/buf.h"
#include "base/mem.h"
#include "net/http.h"
#include "net/uv/uv_loop.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

enum { ANSWER_MAX = 64 * 1024 * 1024, DAEMON_ARGS = 8 };

struct client {
    struct loop *loop;
    char *socket;
    bool started; /* a daemon was started in this run */
    bool interrupted;
    bool waiting; /* for an answer or a pause */

    unsigned status; /* of the last answer; 0: none came */
    json_t *answer;
    struct why why;

    struct buf line; /* of the event stream, not yet whole */
    char *event_type;
    bool (*on_event)(void *arg, const char *type, const json_t *data);
    void *event_arg;
};

/* --- the loop ---------------------------------------------------------------------------- */

static void on_interrupt(void *arg)
{
    struct client *c = arg;
    c->interrupted = true;
}

/* The same rules as node/paths.c, which this side may not include: a test holds them together. */
char *client_socket_path(const struct cli *cli)
{
    const char *home = getenv("HOME"), *run = getenv("XDG_RUNTIME_DIR");
    const char *data = getenv("XDG_DATA_HOME");
    char cwd[PATH_MAX];
    if (cli->home && cli->home[0] != '/' && getcwd(cwd, sizeof cwd))
        return mem_printf("%s/%s/run/api.sock", cwd, cli->home);
    if (cli->home)
        return mem_printf("%s/run/api.sock", cli->home);
    if (run && *run)
        return mem_printf("%s/shoal/api.sock", run);
    if (data && data[0] == '/')
        return mem_printf("%s/shoal/run/api.sock", data);
    return mem_printf("%s/.local/share/shoal/run/api.sock", home ? home : "/");
}

struct client *client_open(const struct cli *cli)
{
    struct client *c = MEM_NEW(struct client);
    c->socket = client_socket_path(cli);
    c->loop = uv_loop_open(NULL);
    uv_loop_on_signal(c->loop, SIGINT, on_interrupt, c);
    return c;
}

void client_close(struct client *c)
{
    if (!c)
        return;
    uv_loop_finish(c->loop);
    json_decref(c->answer);
    buf_done(&c->line);
    free(c->event_type);
    free(c->socket);
    free(c);
}

static bool no_longer_waiting(void *arg)
{
    const struct client *c = arg;
    return !c->waiting || c->interrupted;
}

static void on_pause_over(void *arg)
{
    struct client *c = arg;
    c->waiting = false;
}

bool client_pause(struct cli *cli, uint64_t us)
{
    struct client *c = cli->client;
    c->waiting = true;
    struct timer *t = timer_start(c->loop, us, on_pause_over, c);
    uv_loop_run_until(c->loop, no_longer_waiting, c, UINT64_MAX);
    if (c->waiting)
        timer_cancel(t);
    return !c->interrupted;
}

/* --- one request ------------------------------------------------------------------------- */

static void on_answer(void *arg, const struct http_answer *a, const struct why *why)
{
    struct client *c = arg;
    c->waiting = false;
    c->status = a ? a->status : 0;
    if (a)
        c->answer =
            json_loadb((const char *)a->body.p, a->body.n, JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
    else
        c->why = *why;
}

/* The route with {id} filled in from the parameters, and for GET and DELETE the rest as a query.
 */
static char *url_of(const json_t *method, json_t *params, bool query)
{
    struct buf url = {0};
    buf_str(&url, "http://localhost/api/v1");
    const char *p = json_string_value(json_object_get(method, "route"));
    while (*p) {
        size_t plain = strcspn(p, "{");
        buf_put(&url, p, plain);
        p += plain;
        if (*p != '{')
            continue;
        size_t len = strcspn(++p, "}");
        char *name = mem_strndup(p, len);
        json_t *v = json_object_get(params, name);
        char *text = json_is_string(v) ? mem_strdup(json_string_value(v))
                                       : mem_printf("%lld", (long long)json_integer_value(v));
        char *escaped = http_escape(text, strlen(text));
        buf_str(&url, escaped);
        json_object_del(params, name);
        free(escaped);
        free(text);
        free(name);
        p += len + 1;
    }
    const char *key;
    json_t *v;
    char mark = '?';
    json_object_foreach(params, key, v) {
        if (!query)
            break;
        char *text =
            json_is_string(v) ? mem_strdup(json_string_value(v)) : json_dumps(v, JSON_ENCODE_ANY);
        char *escaped = http_escape(text, strlen(text));
        buf_printf(&url, "%c%s=%s", mark, key, escaped);
        mark = '&';
        free(escaped);
        free(text);
    }
    return buf_take_str(&url);
}

/* Leaves status, answer and why in the client. */
static void ask(struct client *c, const json_t *method, const json_t *params)
{
    static const char *const headers[] = {"Content-Type: application/json",
                                          "Accept: application/json", NULL};
    const char *verb = json_string_value(json_object_get(method, "http"));
    bool in_query = !strcmp(verb, "GET") || !strcmp(verb, "DELETE");
    json_t *rest = params ? json_deep_copy(params) : json_object();
    char *url = url_of(method, rest, in_query);
    char *body = in_query ? NULL : json_dumps(rest, JSON_COMPACT);
    struct http_request rq = {.method = verb,
                              .url = url,
                              .unix_path = c->socket,
                              .headers = headers,
                              .body = body,
                              .body_len = body ? strlen(body) : 0,
                              .max_body = ANSWER_MAX};
    json_decref(c->answer);
    c->answer = NULL;
    c->status = 0;
    c->waiting = true;
    struct http_fetch *f = http_start(c->loop, &rq, on_answer, c);
    uv_loop_run_until(c->loop, no_longer_waiting, c, UINT64_MAX);
    if (c->waiting) {
        http_cancel(f);
        c->waiting = false;
    }
    json_decref(rest);
    free(url);
    free(body);
}

static int exit_of_status(unsigned status)
{
    switch (status) {
    case 404:
        return EXIT_NOT_FOUND;
    case 401:
    case 403:
    case 421:
        return EXIT_REFUSED;
    case 409:
        return EXIT_STATE;
    case 504:
        return EXIT_PENDING;
    case 507:
        return EXIT_FULL;
    default:
        return EXIT_FAILED;
    }
}

static int judge(struct client *c, json_t **result, json_t **error)
{
    *result = *error = NULL;
    if (c->interrupted)
        return EXIT_INTERRUPTED;
    if (c->status == 0) {
        *error = json_pack("{s:s, s:o, s:s}", "code", "daemon.unreachable", "message",
                           json_sprintf("no daemon answers at %s: %s", c->socket, c->why.text),
                           "next", "shoal up");
        return EXIT_NO_DAEMON;
    }
    if (c->status < 300 && c->answer) {
        *result = json_incref(c->answer);
        return EXIT_OK;
    }
    json_t *e = json_object_get(c->answer, "error");
    *error = e ? json_incref(e)
               : json_pack("{s:s, s:o}", "code", "daemon.answer", "message",
                           json_sprintf("the daemon answered with status %u", c->status));
    const char *code = json_string_value(json_object_get(*error, "code"));
    return code && !strcmp(code, "usage") ? EXIT_USAGE : exit_of_status(c->status);
}

static int try_method(struct cli *cli, const json_t *method, const json_t *params, json_t **result,
                      json_t **error)
{
    if (!cli->client)
        cli->client = client_open(cli);
    struct client *c = cli->client;
    ask(c, method, params);
    if (c->status == 0 && !c->interrupted && !c->started && !cli->no_start) {
        int status = client_start_daemon(cli);
        if (status != EXIT_OK) {
            *result = NULL;
            *error = json_pack("{s:s, s:s, s:s}", "code", "daemon.start", "message",
                               "the daemon did not start", "next", "shoald --foreground");
            return status == EXIT_STATE ? EXIT_STATE : EXIT_NO_DAEMON;
        }
        ask(c, method, params);
    }
    return judge(c, result, error);
}

static int call_method(struct cli *cli, const json_t *method, const json_t *params, json_t **result)
{
    json_t *error;
    int status = try_method(cli, method, params, result, &error);
    if (status != EXIT_OK && status != EXIT_INTERRUPTED)
        status = cli_fail_json(cli, status, error);
    json_decref(error);
    return status;
}

int client_call(struct cli *cli, const char *name, const json_t *params, json_t **result)
{
    return call_method(cli, cli_method(cli, name), params, result);
}

int client_post(struct cli *cli, const char *route, json_t **result)
{
    json_t *method = json_pack("{s:s, s:s}", "http", "POST", "route", route);
    int status = call_method(cli, method, NULL, result);
    json_decref(method);
    return status;
}

bool client_ping(struct cli *cli)
{
    if (!cli->client)
        cli->client = client_open(cli);
    ask(cli->client, cli_method(cli, "node.id"), NULL);
    return cli->client->status == 200;
}

/* --- events ------------------------------------------------------------------------------ */

/* Server-sent events (HTML, "Parsing an event stream"): we use event: and data:, one line each. */
static bool take_event_line(struct client *c, const char *line)
{
    if (!strncmp(line, "event:", 6)) {
        free(c->event_type);
        c->event_type = mem_strdup(line + 6 + strspn(line + 6, " "));
    } else if (!strncmp(line, "data:", 5)) {
        json_t *data = json_loads(line + 5, JSON_DECODE_ANY, NULL);
        bool more = c->on_event(c->event_arg, c->event_type ? c->event_type : "", data);
        json_decref(data);
        return more;
    }
    return true;
}

static bool on_stream(void *arg, const uint8_t *bytes, size_t n)
{
    struct client *c = arg;
    buf_put(&c->line, bytes, n);
    for (;;) {
        const uint8_t *p = buf_bytes(&c->line);
        const uint8_t *end = p ? memchr(p, '\n', buf_len(&c->line)) : NULL;
        if (!end)
            return buf_len(&c->line) <= ANSWER_MAX;
        char *line = mem_strndup((const char *)p, (size_t)(end - p));
        buf_eat(&c->line, (size_t)(end - p) + 1);
        bool more = take_event_line(c, line);
        free(line);
        if (!more)
            return false;
    }
}

void client_resume(struct cli *cli)
{
    if (cli->client)
        cli->client->interrupted = false;
}

int client_events(struct cli *cli, const char *type,
                  bool (*on_event)(void *arg, const char *type, const json_t *data), void *arg)
{
    if (!cli->client)
        cli->client = client_open(cli);
    struct client *c = cli->client;
    if (!client_ping(cli) && client_start_daemon(cli) != EXIT_OK)
        return EXIT_NO_DAEMON;
    c->on_event = on_event;
    c->event_arg = arg;
    char *escaped = http_escape(type ? type : "", strlen(type ? type : ""));
    char *url = mem_printf("http://localhost/api/v1/events?type=%s", escaped);
    struct http_request rq = {.url = url, .unix_path = c->socket, .on_body = on_stream};
    c->waiting = true;
    c->status = 0;
    struct http_fetch *f = http_start(c->loop, &rq, on_answer, c);
    uv_loop_run_until(c->loop, no_longer_waiting, c, UINT64_MAX);
    if (c->waiting)
        http_cancel(f);
    c->waiting = false;
    free(url);
    free(escaped);
    return c->interrupted ? EXIT_INTERRUPTED : EXIT_OK;
}

/* --- the daemon -------------------------------------------------------------------------- */

/* shoald beside this program, so that a build folder and a package both find their own. */
static char *daemon_path(void)
{
    char self[PATH_MAX];
    ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
    if (n <= 0)
        return mem_strdup("shoald");
    self[n] = '\0';
    char *slash = strrchr(self, '/');
    char *path = mem_printf("%.*s/shoald", (int)(slash - self), self);
    if (access(path, X_OK) == 0)
        return path;
    free(path);
    return mem_strdup("shoald");
}

static int run(const char *program, const char *const *argv)
{
    pid_t child;
    int rc = posix_spawnp(&child, program, NULL, NULL, (char **)(void *)argv, environ);
    if (rc != 0) {
        fprintf(stderr, "error: cannot run %s: %s\n", program, strerror(rc));
        return EXIT_NO_DAEMON;
    }
    int how = 0;
    while (waitpid(child, &how, 0) < 0 && errno == EINTR)
        ;
    return WIFEXITED(how) ? WEXITSTATUS(how) : EXIT_FAILED;
}

int client_run_on(const char *program, const char *what)
{
    const char *argv[] = {program, what, NULL};
    return run(program, argv);
}

const char *client_editor(void)
{
    const char *visual = getenv("VISUAL"), *editor = getenv("EDITOR");
    return visual && *visual ? visual : editor && *editor ? editor : "editor";
}

int client_edit(const char *path)
{
    char *line = mem_printf("%s \"$1\"", client_editor());
    const char *argv[] = {"sh", "-c", line, "sh", path, NULL};
    int status = run("sh", argv);
    free(line);
    return status;
}

int client_run_daemon(const struct cli *cli, const char *const *args, size_t n)
{
    char *program = daemon_path();
    const char *argv[DAEMON_ARGS + 4] = {program};
    size_t at = 1;
    if (cli->home) {
        argv[at++] = "--home";
        argv[at++] = cli->home;
    }
    for (size_t i = 0; i < n && i < DAEMON_ARGS; i++)
        argv[at++] = args[i];
    int status = run(program, argv);
    free(program);
    return status;
}

int client_start_daemon(struct cli *cli)
{
    if (cli->no_start)
        return cli_fail(cli, EXIT_NO_DAEMON, "daemon.unreachable", "shoal up",
                        "no daemon runs for this home");
    fprintf(stderr, "starting the daemon (it goes on after this command; `shoal down` ends it)\n");
    if (cli->client)
        cli->client->started = true;
    return client_run_daemon(cli, NULL, 0);
}
