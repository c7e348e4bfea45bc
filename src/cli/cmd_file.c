/* Sharing and fetching: start the work in the daemon, watch it, say how it ended. */
#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/out.h"
#include "cli/progress.h"
#include "crypto/base64.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define POLL_US UINT64_C(150000)
enum {
    TORRENT_MAX = 32 * 1024 * 1024,
    SIGNER_POLLS = 100, /* about fifteen seconds */
};

/* A copy of a method's table with one parameter changed or added: what only the CLI has. */
static json_t *method_with(const struct cli *cli, const char *name, json_t *extra)
{
    json_t *m = json_deep_copy(cli_method(cli, name));
    size_t i;
    json_t *p, *e;
    size_t k;
    json_array_foreach(extra, k, e) {
        bool known = false;
        json_array_foreach(json_object_get(m, "params"), i, p)
            if (!strcmp(cli_text(p, "name"), cli_text(e, "name"))) {
                json_object_update(p, e);
                known = true;
            }
        if (!known)
            json_array_append(json_object_get(m, "params"), e);
    }
    json_decref(extra);
    return m;
}

/* --- share ------------------------------------------------------------------------------- */

/* Watch a job to its end; on success *result is its result. */
static int watch_job(struct cli *cli, const char *id, const char *what, json_t **result)
{
    json_t *params = json_pack("{s:s}", "id", id), *job = NULL;
    int status;
    for (;;) {
        status = client_call(cli, "job.show", params, &job);
        if (status != EXIT_OK)
            break;
        const char *state = cli_text(job, "state");
        struct progress p = {.what = what,
                             .done = cli_number(job, "done"),
                             .total = cli_number(job, "total"),
                             .rate = cli_number(job, "rate"),
                             .eta_s = -1,
                             .reason = "",
                             .extra = "hashing"};
        if (p.rate > 0 && p.total >= p.done)
            p.eta_s = (int64_t)((p.total - p.done) / p.rate);
        if (!strcmp(state, "done")) {
            *result = json_incref(json_object_get(job, "result"));
            break;
        }
        if (!strcmp(state, "failed")) {
            const json_t *e = json_object_get(job, "error");
            progress_end(cli->talk);
            const char *kind = cli_text(e, "kind");
            status = cli_fail_json(cli,
                                   !strcmp(kind, "not_found") ? EXIT_NOT_FOUND
                                   : !strcmp(kind, "state")   ? EXIT_STATE
                                   : !strcmp(kind, "denied")  ? EXIT_REFUSED
                                   : !strcmp(kind, "full")    ? EXIT_FULL
                                                              : EXIT_FAILED,
                                   e);
            break;
        }
        progress_draw(cli->talk, &p);
        json_decref(job);
        job = NULL;
        if (!client_pause(cli, POLL_US)) {
            status = EXIT_INTERRUPTED;
            break;
        }
    }
    progress_end(cli->talk);
    if (status == EXIT_INTERRUPTED) { /* hashing for nobody would be waste */
        fprintf(stderr, "stopped; nothing is shared\n");
    }
    json_decref(job);
    json_decref(params);
    return status;
}

static int add_one(struct cli *cli, json_t *params, const char *path)
{
    json_t *answer, *result = NULL;
    json_object_set_new(params, "path", json_string(path));
    int status = client_call(cli, "file.add", params, &answer);
    if (status == EXIT_OK)
        status = watch_job(cli, cli_text(answer, "job"), path, &result);
    if (status == EXIT_OK) {
        if (cli->json)
            out_json(result);
        else
            puts(cli_text(result, cli->quiet ? "id" : "magnet"));
    }
    json_decref(result);
    json_decref(answer);
    return status;
}

static void print_why(const json_t *row, const json_t *policy)
{
    const char *reason = cli_text(row, "reason");
    size_t i;
    const json_t *limit;
    printf("%s: %s%s%s\n", cli_text(row, "name"), cli_text(row, "state"), *reason ? ": " : "",
           reason);
    json_array_foreach(json_object_get(policy, "now"), i, limit)
        puts(cli_text(limit, "why"));
}

/* What a torrent waits for, in the words of who decides: its queue and peers, and the limits. */
int cmd_policy_why(struct cli *cli)
{
    json_t *row = NULL, *policy = NULL;
    json_t *params = args_parse(cli, cli_method(cli, "file.show"), cli->argv, cli->argc);
    if (!params)
        return EXIT_USAGE;
    int status = client_call(cli, "file.show", params, &row);
    if (status == EXIT_OK)
        status = client_call(cli, "policy.show", NULL, &policy);
    if (status == EXIT_OK && cli->json) {
        json_t *out =
            json_pack("{s:O, s:O, s:O, s:O}", "id", json_object_get(row, "id"), "state",
                      json_object_get(row, "state"), "reason", json_object_get(row, "reason"),
                      "limits", json_object_get(policy, "now"));
        out_json(out);
        json_decref(out);
    } else if (status == EXIT_OK) {
        print_why(row, policy);
    }
    json_decref(row);
    json_decref(policy);
    json_decref(params);
    return status;
}

int cmd_file_add(struct cli *cli)
{
    json_t *method =
        method_with(cli, "file.add", json_pack("[{s:s, s:b}]", "name", "path", "many", 1));
    json_t *params = args_parse(cli, method, cli->argv, cli->argc);
    json_decref(method);
    if (!params)
        return EXIT_USAGE;
    json_t *paths = json_incref(json_object_get(params, "path")), *path;
    int status = EXIT_OK;
    size_t i;
    json_array_foreach(paths, i, path) {
        int one = add_one(cli, params, json_string_value(path));
        if (one != EXIT_OK)
            status = one;
        if (one == EXIT_INTERRUPTED || one == EXIT_NO_DAEMON)
            break;
    }
    json_decref(paths);
    json_decref(params);
    return status;
}

/* --- get --------------------------------------------------------------------------------- */

static bool is_infohash(const char *word)
{
    size_t n = strlen(word); /* of v1, of v2 */
    return (n == 40 || n == 64) && strspn(word, "0123456789abcdefABCDEF") == n;
}

/* A .torrent on this machine goes along as bytes; anything else is a link. */
static int read_torrent(const struct cli *cli, json_t *params)
{
    const char *path = json_string_value(json_object_get(params, "link"));
    struct stat st;
    if (strchr(path, ':') || is_infohash(path))
        return EXIT_OK;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode))
        return cli_fail(cli, EXIT_NOT_FOUND, "file.no_such_torrent",
                        "give a .torrent file, a magnet link (in quotes) or an infohash",
                        "cannot fetch %s: it is neither a file here nor a magnet link", path);
    if (st.st_size > TORRENT_MAX)
        return cli_fail(cli, EXIT_FAILED, "file.torrent_too_large", "is it really a .torrent?",
                        "%s has %lld bytes, a .torrent at most %d", path, (long long)st.st_size,
                        TORRENT_MAX);
    FILE *f = fopen(path, "rb");
    struct buf raw = {0}, text = {0};
    size_t n = f ? fread(buf_room(&raw, (size_t)st.st_size + 1), 1, (size_t)st.st_size, f) : 0;
    if (f)
        fclose(f);
    if (n != (size_t)st.st_size) {
        buf_done(&raw);
        return cli_fail(cli, EXIT_FAILED, "file.unreadable", "look at its permissions",
                        "cannot read %s", path);
    }
    buf_grew(&raw, n);
    base64_encode(&text, buf_bytes(&raw), buf_len(&raw));
    json_object_set_new(params, "torrent",
                        json_stringn((const char *)buf_bytes(&text), buf_len(&text)));
    json_object_del(params, "link");
    buf_done(&raw);
    buf_done(&text);
    return EXIT_OK;
}

static void draw_row(const struct cli *cli, const json_t *row)
{
    char peers[64];
    uint64_t n = cli_number(row, "peers");
    snprintf(peers, sizeof peers, "%llu peer%s", (unsigned long long)n, n == 1 ? "" : "s");
    const json_t *eta = json_object_get(row, "eta_s");
    struct progress p = {.what = cli_text(row, "name"),
                         .done = cli_number(row, "wanted") - cli_number(row, "left"),
                         .total = cli_number(row, "wanted"),
                         .rate = cli_number(row, "down_rate"),
                         .eta_s = json_is_integer(eta) ? json_integer_value(eta) : -1,
                         .reason = cli_text(row, "reason"),
                         .extra = peers};
    progress_draw(cli->talk, &p);
}

/* It stands in error: say why, and how to go on. */
static int stopped(const struct cli *cli, const json_t *row)
{
    char next[80];
    bool full = strstr(cli_text(row, "error"), "space") != NULL;
    snprintf(next, sizeof next, "%s, then: shoal file resume %.8s",
             full ? "make room" : "mend the cause", cli_text(row, "id"));
    return cli_fail(cli, full ? EXIT_FULL : EXIT_FAILED, "file.failed", next,
                    "cannot go on fetching %s: %s", cli_text(row, "name"), cli_text(row, "error"));
}

/* Until everything is there and checked, or it cannot go on. */
static int watch_download(struct cli *cli, const char *id, json_t **row)
{
    json_t *params = json_pack("{s:s, s:b}", "id", id, "peers", 0); /* the row alone */
    int status;
    for (;;) {
        status = client_call(cli, "file.show", params, row);
        if (status != EXIT_OK)
            break;
        const char *state = cli_text(*row, "state");
        uint64_t size = cli_number(*row, "size");
        bool whole = size > 0 && cli_number(*row, "left") == 0;
        if (!strcmp(state, "seeding") || (whole && !strcmp(state, "paused")))
            break;
        if (json_is_string(json_object_get(*row, "blocked"))) {
            progress_end(cli->talk);
            status = cli_fail(cli, EXIT_REFUSED, "file.blocked",
                              "shoal file blocklist shows what is blocked", "%s is %s",
                              cli_text(*row, "name"), cli_text(*row, "blocked"));
            break;
        }
        if (!strcmp(state, "error")) {
            progress_end(cli->talk);
            status = stopped(cli, *row);
            break;
        }
        draw_row(cli, *row);
        json_decref(*row);
        *row = NULL;
        if (!client_pause(cli, POLL_US)) {
            status = EXIT_INTERRUPTED;
            break;
        }
    }
    progress_end(cli->talk);
    json_decref(params);
    return status;
}

/* Whose it is, in words: only a signature that holds names anybody. */
static void tell_signers(const json_t *row)
{
    const json_t *s;
    size_t i;
    json_array_foreach(json_object_get(row, "signers"), i, s)
        if (json_is_true(json_object_get(s, "valid")))
            fprintf(stderr, "signed by %s\n", cli_text(s, "peer_id"));
        else
            fprintf(stderr, "NOT signed by %s: that signature does not hold\n",
                    cli_text(s, "peer_id"));
}

/* Whom the link names, where nothing that holds is here of him. */
static void tell_link_signer(const json_t *row)
{
    const json_t *s = json_object_get(row, "link_signer");
    const char *state = cli_text(s, "state"), *by = cli_text(s, "peer_id");
    if (!strcmp(state, "invalid"))
        fprintf(stderr, "NOT signed by %s, as the link says: %s\n", by, cli_text(s, "reason"));
    else if (!strcmp(state, "not found") || !strcmp(state, "waiting"))
        fprintf(stderr, "no signature of %s, whom the link names, was found: %s\n", by,
                cli_text(s, "reason"));
}

/* The signature of a small torrent may take longer than the torrent. */
static void await_signer(struct cli *cli, const char *id, json_t **row)
{
    json_t *params = json_pack("{s:s, s:b}", "id", id, "peers", 0), *now;
    for (int i = 0; i < SIGNER_POLLS; i++) {
        if (strcmp(cli_text(json_object_get(*row, "link_signer"), "state"), "waiting") != 0 ||
            !client_pause(cli, POLL_US) || client_call(cli, "file.show", params, &now) != EXIT_OK)
            break;
        json_decref(*row);
        *row = now;
    }
    json_decref(params);
}

int cmd_file_get(struct cli *cli)
{
    json_t *method = method_with(cli, "file.get",
                                 json_pack("[{s:s, s:b, s:b}, {s:s, s:b}, {s:s, s:s, s:s}]", "name",
                                           "link", "required", 1, "positional", 1, "name",
                                           "torrent", "hidden", 1, "name", "detach", "type", "bool",
                                           "help", "return at once; the daemon goes on"));
    json_t *params = args_parse(cli, method, cli->argv, cli->argc), *answer = NULL, *row = NULL;
    json_decref(method);
    if (!params)
        return EXIT_USAGE;
    bool detach = json_is_true(json_object_get(params, "detach"));
    json_object_del(params, "detach");
    int status = read_torrent(cli, params);
    if (status == EXIT_OK)
        status = client_call(cli, "file.get", params, &answer);
    if (status == EXIT_OK && detach)
        out_result(cli, answer, NULL);
    else if (status == EXIT_OK)
        status = watch_download(cli, cli_text(answer, "id"), &row);
    if (status == EXIT_OK && json_is_true(json_object_get(answer, "existing")) && !cli->json)
        fprintf(stderr, "already known; it stays where it was\n");
    if (status == EXIT_OK && row)
        await_signer(cli, cli_text(answer, "id"), &row);
    if (status == EXIT_OK && row && !cli->json && !cli->quiet) {
        tell_signers(row);
        tell_link_signer(row);
    }
    if (status == EXIT_INTERRUPTED)
        fprintf(stderr,
                "the daemon goes on fetching; see `shoal file ls`, stop it with `shoal file "
                "pause %.8s`\n",
                cli_text(answer, "id"));
    if (status == EXIT_OK && row && cli->json)
        out_json(row);
    else if (status == EXIT_OK && row && cli->quiet)
        puts(cli_text(row, "id"));
    else if (status == EXIT_OK && row)
        printf("%s/%s\n", cli_text(row, "dir"), cli_text(row, "name"));
    json_decref(row);
    json_decref(answer);
    json_decref(params);
    return status;
}

/* --- stream ------------------------------------------------------------------------------ */

int cmd_file_stream(struct cli *cli)
{
    json_t *params = args_parse(cli, cli_method(cli, "file.stream"), cli->argv, cli->argc);
    json_t *answer = NULL, *node = NULL;
    if (!params)
        return EXIT_USAGE;
    int status = client_call(cli, "file.stream", params, &answer);
    if (status == EXIT_OK)
        status = client_call(cli, "node.status", NULL, &node);
    const char *http = cli_text(json_object_get(node, "api"), "http");
    if (status == EXIT_OK && !http[0])
        status = cli_fail(cli, EXIT_STATE, "api.no_http", "shoal config set api.http 127.0.0.1:0",
                          "this node serves nothing by HTTP: api.http is not set");
    if (status == EXIT_OK) {
        char *url = mem_printf("http://%s%s", http, cli_text(answer, "path"));
        json_object_set_new(answer, "url", json_string(url));
        if (cli->json)
            out_json(answer);
        else
            puts(url);
        free(url);
    }
    json_decref(node);
    json_decref(answer);
    json_decref(params);
    return status;
}

/* --- export ------------------------------------------------------------------------------ */

static int write_file(const struct cli *cli, const char *path, const struct buf *bytes)
{
    FILE *f = strcmp(path, "-") ? fopen(path, "wb") : stdout;
    bool whole = f && fwrite(buf_bytes(bytes), 1, buf_len(bytes), f) == buf_len(bytes);
    if (f && f != stdout)
        whole = fclose(f) == 0 && whole;
    return whole ? EXIT_OK
                 : cli_fail(cli, EXIT_FAILED, "file.not_written", "look at the folder and the disk",
                            "cannot write %s", path);
}

int cmd_file_export(struct cli *cli)
{
    if (cli->argc != 2)
        return cli_fail(cli, EXIT_USAGE, "usage", "usage: shoal file export ID FILE.torrent",
                        "want two words: which, and where to");
    json_t *params = json_pack("{s:s}", "id", cli->argv[0]), *result;
    int status = client_call(cli, "file.export", params, &result);
    struct buf raw = {0};
    const char *text = cli_text(result, "torrent");
    if (status == EXIT_OK && !base64_decode(&raw, text, strlen(text)))
        status = cli_fail(cli, EXIT_FAILED, "daemon.answer", "shoal version", "no .torrent came");
    if (status == EXIT_OK)
        status = write_file(cli, cli->argv[1], &raw);
    buf_done(&raw);
    json_decref(result);
    json_decref(params);
    return status;
}
