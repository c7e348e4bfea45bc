/* From hand to hand: print the code and wait; or find who has it, ask, and wait. */
#include "base/text.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/out.h"
#include "cli/progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define POLL_US UINT64_C(150000)
enum { ANSWER_MAX = 64 };

static bool is(const json_t *row, const char *state)
{
    return !strcmp(cli_text(row, "state"), state);
}

static void draw(const struct cli *cli, const json_t *row)
{
    const json_t *eta = json_object_get(row, "eta_s");
    struct progress p = {.what = cli_text(row, "name"),
                         .done = cli_number(row, "done"),
                         .total = cli_number(row, "size"),
                         .rate = cli_number(row, "rate"),
                         .eta_s = json_is_integer(eta) ? json_integer_value(eta) : -1,
                         .reason = cli_text(row, "reason"),
                         .extra = is(row, "checking") ? "checking" : ""};
    if (is(row, "running") || is(row, "checking"))
        progress_draw(cli->talk, &p);
}

static int ended(const struct cli *cli, const json_t *row, const char *next)
{
    const char *error = cli_text(row, "error");
    int status = !strcmp(error, "timeout")     ? EXIT_PENDING
                 : !strcmp(error, "denied")    ? EXIT_REFUSED
                 : !strcmp(error, "not_found") ? EXIT_NOT_FOUND
                 : !strcmp(error, "state")     ? EXIT_STATE
                 : !strcmp(error, "full")      ? EXIT_FULL
                                               : EXIT_FAILED;
    return cli_fail(cli, status, "file.transfer_ended", next, "it came to nothing: %s",
                    cli_text(row, "reason"));
}

/* Until its state is one of `until` ("done offered"), or it has ended; *row is what it is then. */
static int watch(struct cli *cli, const char *id, const char *until, const char *next, json_t **row)
{
    json_t *params = json_pack("{s:s}", "id", id);
    int status;
    for (;;) {
        json_decref(*row);
        *row = NULL;
        status = client_call(cli, "file.transfer-show", params, row);
        if (status != EXIT_OK || strstr(until, cli_text(*row, "state")))
            break;
        if (is(*row, "ended")) {
            progress_end(cli->talk);
            status = ended(cli, *row, next);
            break;
        }
        draw(cli, *row);
        if (!client_pause(cli, POLL_US)) {
            status = EXIT_INTERRUPTED;
            break;
        }
    }
    progress_end(cli->talk);
    json_decref(params);
    return status;
}

static json_t *with_background(const struct cli *cli, const char *name)
{
    json_t *m = json_deep_copy(cli_method(cli, name));
    json_array_append_new(json_object_get(m, "params"),
                          json_pack("{s:s, s:s, s:s}", "name", "background", "type", "bool", "help",
                                    "return at once; the daemon goes on"));
    return m;
}

/* --- send ---------------------------------------------------------------------------------- */

static void show_code(const struct cli *cli, const json_t *row)
{
    uint64_t left_out = cli_number(row, "left_out");
    if (cli->json)
        out_json(row);
    else
        puts(cli_text(row, "code"));
    fflush(stdout);
    if (cli->json || cli->quiet)
        return;
    fprintf(stderr, "the other side runs: shoal file receive %s\n", cli_text(row, "code"));
    fprintf(stderr, "the code is good once, until %s\n", cli_text(row, "until"));
    if (left_out > 0)
        fprintf(stderr, "left out: %llu symlinks or devices\n", (unsigned long long)left_out);
}

int cmd_file_send(struct cli *cli)
{
    json_t *method = with_background(cli, "file.send"), *row = NULL;
    json_t *params = args_parse(cli, method, cli->argv, cli->argc);
    json_decref(method);
    if (!params)
        return EXIT_USAGE;
    bool background = json_is_true(json_object_get(params, "background"));
    json_object_del(params, "background");
    int status = client_call(cli, "file.send", params, &row);
    if (status == EXIT_OK) {
        char id[16];
        snprintf(id, sizeof id, "%s", cli_text(row, "id"));
        show_code(cli, row);
        if (!background)
            status = watch(cli, id, "done", "send it again, for another code", &row);
        if (status == EXIT_INTERRUPTED)
            fprintf(stderr, "it stays offered; end it with: shoal file transfer cancel %s\n", id);
        if (status == EXIT_OK && !background && cli->json)
            out_json(row);
        else if (status == EXIT_OK && !background && !cli->quiet)
            fprintf(stderr, "%s was taken\n", cli_text(row, "name"));
    }
    json_decref(row);
    json_decref(params);
    return status;
}

/* --- receive ------------------------------------------------------------------------------- */

static void show_offer(const json_t *row)
{
    const char *who = cli_text(row, "peer_name");
    uint64_t files = cli_number(row, "files");
    out_text(cli_text(row, "name"));
    printf(" (%llu file%s, %s)\nfrom ", (unsigned long long)files, files == 1 ? "" : "s",
           text_bytes(cli_number(row, "size")).s);
    out_text(*who ? who : cli_text(row, "peer"));
    printf("\nto   ");
    out_text(cli_text(row, "dir"));
    printf("\n");
}

static bool says_yes(void)
{
    char answer[ANSWER_MAX];
    fprintf(stderr, "take it? [y/N] ");
    return fgets(answer, sizeof answer, stdin) && (answer[0] == 'y' || answer[0] == 'Y');
}

/* Asks; what is not wanted is declined. */
static int decide(struct cli *cli, const char *id, const json_t *row)
{
    json_t *params = json_pack("{s:s}", "id", id), *answer = NULL;
    show_offer(row);
    fflush(stdout);
    bool wanted = says_yes();
    int status =
        client_call(cli, wanted ? "file.transfer-accept" : "file.transfer-cancel", params, &answer);
    json_decref(answer);
    json_decref(params);
    if (status == EXIT_OK && !wanted)
        status =
            cli_fail(cli, EXIT_REFUSED, "file.declined", "ask for another code, if it was wanted",
                     "declined; the other side is told");
    return status;
}

static int await(struct cli *cli, const char *id, json_t **row)
{
    int status = EXIT_OK;
    if (cli->talk)
        fprintf(stderr, "looking for who has it\n");
    if (!cli->yes)
        status =
            watch(cli, id, "offered", "look at the code, and whether the other side runs", row);
    if (status == EXIT_INTERRUPTED) { /* nobody would answer the question */
        json_t *cancel = json_pack("{s:s}", "id", id), *answer = NULL;
        client_resume(cli);
        (void)client_call(cli, "file.transfer-cancel", cancel, &answer);
        json_decref(answer);
        json_decref(cancel);
        return status;
    }
    if (status == EXIT_OK && !cli->yes)
        status = decide(cli, id, *row);
    if (status == EXIT_OK)
        status = watch(cli, id, "done", "ask for another code", row);
    if (status == EXIT_INTERRUPTED)
        fprintf(stderr, "the daemon goes on; end it with: shoal file transfer cancel %s\n", id);
    return status;
}

static bool may_begin(const struct cli *cli, bool background)
{
    if (cli->yes || (isatty(STDIN_FILENO) && !cli->json && !background))
        return true;
    cli_fail(cli, EXIT_USAGE, "usage", "shoal file receive CODE --yes",
             "nobody can be asked whether it is wanted: say --yes");
    return false;
}

int cmd_file_receive(struct cli *cli)
{
    json_t *method = with_background(cli, "file.receive"), *row = NULL;
    json_t *params = args_parse(cli, method, cli->argv, cli->argc);
    char id[16];
    json_decref(method);
    bool background = json_is_true(json_object_get(params, "background"));
    if (!params || !may_begin(cli, background)) {
        json_decref(params);
        return EXIT_USAGE;
    }
    json_object_del(params, "background");
    json_object_set_new(params, "accept", json_boolean(cli->yes));
    int status = client_call(cli, "file.receive", params, &row);
    snprintf(id, sizeof id, "%s", cli_text(row, "id"));
    if (status == EXIT_OK && !background)
        status = await(cli, id, &row);
    if (status == EXIT_OK && cli->json)
        out_json(row);
    else if (status == EXIT_OK)
        puts(background ? id : cli_text(row, "path"));
    json_decref(row);
    json_decref(params);
    return status;
}
