/* What happens in the daemon, as it happens: its log, its events, what is said to a topic. */
#include "base/buf.h"
#include "base/mem.h"
#include "base/utf8.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/out.h"

#include <stdio.h>
#include <string.h>

#define SECOND UINT64_C(1000000)

static void print_line(const struct cli *cli, const json_t *line)
{
    if (cli->json)
        out_json(line);
    else
        printf("%s %-5s %s\n", cli_text(line, "time"), cli_text(line, "level"),
               cli_text(line, "text"));
}

/* One more look at the log; *after moves past what was printed. */
static int print_log(struct cli *cli, const char *level, json_int_t *after)
{
    json_t *params = json_pack("{s:I}", "after", *after), *lines, *line;
    if (level)
        json_object_set_new(params, "level", json_string(level));
    int status = client_call(cli, "node.log", params, &lines);
    size_t i;
    json_array_foreach(lines, i, line) {
        print_line(cli, line);
        *after = json_integer_value(json_object_get(line, "n"));
    }
    fflush(stdout);
    json_decref(lines);
    json_decref(params);
    return status;
}

int cmd_log(struct cli *cli)
{
    bool follow = false;
    const char *level = NULL;
    for (int i = 0; i < cli->argc; i++) {
        if (!strcmp(cli->argv[i], "-f") || !strcmp(cli->argv[i], "--follow"))
            follow = true;
        else if (!strcmp(cli->argv[i], "--level") && i + 1 < cli->argc)
            level = cli->argv[++i];
        else
            return cli_fail(cli, EXIT_USAGE, "usage", "usage: shoal log [-f] [--level L]",
                            "log does not know `%s`", cli->argv[i]);
    }
    json_int_t after = 0;
    int status = print_log(cli, level, &after);
    while (follow && status == EXIT_OK) {
        if (!client_pause(cli, SECOND))
            return EXIT_INTERRUPTED;
        status = print_log(cli, level, &after);
    }
    return status;
}

static bool print_event(void *arg, const char *type, const json_t *data)
{
    (void)arg;
    if (json_object_get(data, "type")) { /* it says itself what it is */
        out_json(data);
    } else {
        json_t *e = json_pack("{s:s, s:O}", "type", type, "data", data);
        out_json(e);
        json_decref(e);
    }
    return fflush(stdout) == 0;
}

int cmd_events(struct cli *cli)
{
    const char *type = NULL;
    if (cli->argc == 2 && !strcmp(cli->argv[0], "--type"))
        type = cli->argv[1];
    else if (cli->argc != 0)
        return cli_fail(cli, EXIT_USAGE, "usage", "usage: shoal events [--type T]",
                        "events does not know `%s`", cli->argv[0]);
    return client_events(cli, type, print_event, NULL);
}

/* --- a topic -------------------------------------------------------------------------------- */

static bool print_message(void *arg, const char *type, const json_t *event)
{
    const struct cli *cli = arg;
    const json_t *m = json_object_get(event, "data");
    if (strcmp(type, "net.message") || strcmp(cli_text(m, "topic"), cli->argv[0]))
        return true;
    if (cli->json) {
        out_json(m);
    } else {
        printf("%s\t", cli_text(m, "from"));
        if (json_object_get(m, "size"))
            printf("(%llu bytes)", (unsigned long long)cli_number(m, "size"));
        else
            out_text(cli_text(m, json_object_get(m, "data") ? "data" : "base64"));
        putchar('\n');
    }
    return fflush(stdout) == 0;
}

int cmd_net_subscribe(struct cli *cli)
{
    json_t *result = NULL;
    if (cli->argc != 1)
        return cli_fail(cli, EXIT_USAGE, "usage", "usage: shoal net subscribe TOPIC",
                        "net subscribe wants one topic");
    json_t *params = json_pack("{s:s}", "topic", cli->argv[0]);
    int status = params ? client_call(cli, "net.subscribe", params, &result)
                        : cli_fail(cli, EXIT_USAGE, "usage", NULL, "the topic is no UTF-8");
    json_decref(result);
    if (status == EXIT_OK) {
        status = client_events(cli, "net.message", print_message, cli);
        client_resume(cli);
        cli->no_start = true; /* if the daemon ended it is not to be woken */
        if (client_ping(cli) && client_call(cli, "net.unsubscribe", params, &result) == EXIT_OK)
            json_decref(result);
    }
    json_decref(params);
    return status;
}
