/* The daemon itself: begin, end, look. */
#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/out.h"
#include "cli/qr.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SECOND UINT64_C(1000000)

static bool has_flag(const struct cli *cli, const char *name)
{
    for (int i = 0; i < cli->argc; i++)
        if (!strcmp(cli->argv[i], name))
            return true;
    return false;
}

/* --- up, down, init ---------------------------------------------------------------------- */

int cmd_up(struct cli *cli)
{
    if (client_ping(cli)) {
        fprintf(stderr, "already running\n");
        return EXIT_OK;
    }
    return client_start_daemon(cli);
}

int cmd_down(struct cli *cli)
{
    if (!client_ping(cli)) {
        fprintf(stderr, "no daemon runs for this home\n");
        return EXIT_OK;
    }
    json_t *result;
    int status = client_call(cli, "node.stop", NULL, &result);
    json_decref(result);
    for (int i = 0; status == EXIT_OK && client_ping(cli); i++) {
        if (i == 100)
            return cli_fail(cli, EXIT_PENDING, "daemon.slow", "shoal log",
                            "the daemon was told to end and still runs after 10 s");
        if (!client_pause(cli, SECOND / 10))
            return EXIT_INTERRUPTED;
    }
    return status;
}

static int set_name(struct cli *cli, const char *name)
{
    json_t *params = json_pack("{s:s, s:s}", "key", "node.name", "value", name), *result;
    int status = client_call(cli, "config.set", params, &result);
    json_decref(result);
    json_decref(params);
    return status;
}

int cmd_init(struct cli *cli)
{
    const char *name = NULL;
    bool restore = false;
    for (int i = 0; i < cli->argc; i++) {
        if (!strcmp(cli->argv[i], "--name") && i + 1 < cli->argc)
            name = cli->argv[++i];
        else if (!strcmp(cli->argv[i], "--restore"))
            restore = true;
        else
            return cli_fail(cli, EXIT_USAGE, "usage", "usage: shoal init [--name N] [--restore]",
                            "init does not know `%s`", cli->argv[i]);
    }
    if (restore) {
        static const char *const args[] = {"--restore-phrase"};
        if (isatty(STDIN_FILENO))
            fprintf(stderr, "recovery phrase (12 or 24 words): ");
        int status = client_run_daemon(cli, args, 1);
        if (status != EXIT_OK)
            return status;
    }
    json_t *id, *st;
    int status = client_call(cli, "node.id", NULL, &id);
    json_decref(id);
    if (status == EXIT_OK && name)
        status = set_name(cli, name);
    if (status != EXIT_OK || (status = client_call(cli, "node.status", NULL, &st)) != EXIT_OK)
        return status;
    if (cli->json) {
        out_json(st);
    } else {
        const json_t *api = json_object_get(st, "api");
        printf("This node is %s\n", cli_text(st, "peer_id"));
        fprintf(stderr,
                "It runs as \"%s\".  API: http://%s/\n"
                "next: shoal share FILE     give something to others\n"
                "      shoal get LINK       fetch something\n"
                "      shoal backup phrase  write down the words that are this node\n",
                cli_text(st, "name"), cli_text(api, "http"));
    }
    json_decref(st);
    return EXIT_OK;
}

/* --- status, id -------------------------------------------------------------------------- */

static void print_status(const json_t *st)
{
    const json_t *api = json_object_get(st, "api"), *files = json_object_get(st, "files");
    const json_t *traffic = json_object_get(st, "traffic");
    printf("name      %s\npeer id   %s\nversion   %s, up for %s\n", cli_text(st, "name"),
           cli_text(st, "peer_id"), cli_text(st, "version"),
           text_duration(cli_number(st, "uptime_s")).s);
    printf("api       http://%s/ and %s\n", cli_text(api, "http"), cli_text(api, "socket"));
    if (files)
        printf("files     port %llu, %llu torrent%s, %llu peer%s\n",
               (unsigned long long)cli_number(files, "port"),
               (unsigned long long)cli_number(files, "torrents"),
               cli_number(files, "torrents") == 1 ? "" : "s",
               (unsigned long long)cli_number(files, "peers"),
               cli_number(files, "peers") == 1 ? "" : "s");
    printf("traffic   down %s, up %s (in this run %s down, %s up)\n",
           text_rate(cli_number(traffic, "down_rate")).s,
           text_rate(cli_number(traffic, "up_rate")).s,
           text_bytes(cli_number(traffic, "downloaded")).s,
           text_bytes(cli_number(traffic, "uploaded")).s);
}

int cmd_status(struct cli *cli)
{
    bool watch = has_flag(cli, "--watch");
    for (;;) {
        json_t *st;
        int status = client_call(cli, "node.status", NULL, &st);
        if (status != EXIT_OK)
            return status;
        if (watch && cli->tty)
            fputs("\033[H\033[2J", stdout);
        if (cli->json || !cli->tty)
            out_json(st);
        else
            print_status(st);
        fflush(stdout);
        json_decref(st);
        if (!watch)
            return EXIT_OK;
        if (!client_pause(cli, SECOND))
            return EXIT_INTERRUPTED;
    }
}

int cmd_id(struct cli *cli)
{
    json_t *id;
    bool qr = cli->argc == 1 && !strcmp(cli->argv[0], "--qr");
    if (cli->argc > 0 && !qr)
        return cli_fail(cli, EXIT_USAGE, "usage", "usage: shoal id [--qr] [--json]",
                        "id does not know `%s`", cli->argv[0]);
    int status = client_call(cli, "node.id", NULL, &id);
    if (status == EXIT_OK && cli->json)
        out_json(id);
    else if (status == EXIT_OK)
        puts(cli_text(id, "peer_id"));
    if (status == EXIT_OK && qr && !cli->json &&
        !qr_print(stdout, cli_text(id, "peer_id"), qr_columns(stdout)))
        fprintf(stderr, "the terminal is too narrow for a QR code\n");
    json_decref(id);
    return status;
}

int cmd_paths(struct cli *cli)
{
    json_t *paths;
    int status = client_call(cli, "node.paths", NULL, &paths);
    if (status == EXIT_OK)
        out_result(cli, paths, NULL);
    json_decref(paths);
    return status;
}

/* --- open -------------------------------------------------------------------------------- */

/* A person at a terminal of a desktop: a browser can be opened for him. */
static bool has_display(void)
{
    const char *x11 = getenv("DISPLAY"), *wayland = getenv("WAYLAND_DISPLAY");
    return isatty(STDOUT_FILENO) && ((x11 && *x11) || (wayland && *wayland));
}

/* Not the link itself: every user of the machine sees what programs are started with. */
static bool open_page(const json_t *link)
{
    char *page = realpath(cli_text(link, "page"), NULL);
    bool opened = page && client_run_on("xdg-open", page) == EXIT_OK;
    free(page);
    return opened;
}

int cmd_open(struct cli *cli)
{
    json_t *link;
    bool only_print = has_flag(cli, "--print");
    if (cli->argc > only_print)
        return cli_fail(cli, EXIT_USAGE, "usage", "usage: shoal open [--print] [--json]",
                        "open does not know `%s`", cli->argv[cli->argc - 1]);
    bool browser = !cli->json && !only_print && has_display();
    int status = client_post(cli, browser ? "/login?page=1" : "/login", &link);
    if (status == EXIT_OK && cli->json) {
        out_json(link);
    } else if (status == EXIT_OK && browser && open_page(link)) {
        fprintf(stderr, "opened in the browser, signed in; should it show nothing: "
                        "shoal open --print\n");
    } else if (status == EXIT_OK) {
        puts(cli_text(link, "url"));
        fprintf(stderr, "open this in a browser on this machine; it works once\n");
    }
    json_decref(link);
    return status;
}

/* --- doctor ------------------------------------------------------------------------------ */

static void say(bool good, const char *what, const char *next, bool *all_good)
{
    printf("%s  %s\n", good ? "ok     " : "PROBLEM", what);
    if (!good && next)
        printf("         next: %s\n", next);
    *all_good = *all_good && good;
}

/* A router that does not forward is no trouble of ours: peers are dialled all the same. */
static void say_port_mapping(const json_t *files, bool *all_good)
{
    char line[400];
    const json_t *m = json_object_get(files, "port_mapping");
    const char *state = cli_text(m, "state");
    if (!strcmp(state, "mapped"))
        snprintf(line, sizeof line, "files: the router forwards the port to us (%s), %s",
                 cli_text(m, "how"), cli_text(m, "external"));
    else if (!strcmp(state, "failed"))
        snprintf(
            line, sizeof line,
            "files: the router does not forward the port to us: %s; peers reach us only when we "
            "dial them",
            cli_text(m, "error"));
    else
        snprintf(line, sizeof line, "files: the router is %s",
                 strcmp(state, "asking") ? "not asked to forward the port" : "being asked");
    say(true, line, NULL, all_good);
}

int cmd_doctor(struct cli *cli)
{
    bool good = true;
    char line[400];
    bool runs = client_ping(cli);
    say(runs, runs ? "the daemon runs" : "no daemon runs for this home", "shoal up", &good);
    if (!runs)
        return EXIT_NO_DAEMON;
    json_t *st, *ls = NULL;
    int status = client_call(cli, "node.status", NULL, &st);
    if (status != EXIT_OK)
        return status;
    const char *version = cli_text(st, "version"),
               *ours = json_string_value(json_object_get(cli->faces, "version"));
    snprintf(line, sizeof line, "the daemon is version %s, this program %s", version, ours);
    say(!strcmp(version, ours), line, "shoal down, then shoal up", &good);
    struct stat sock;
    const char *path = cli_text(json_object_get(st, "api"), "socket");
    bool closed = stat(path, &sock) == 0 && (sock.st_mode & 077) == 0;
    snprintf(line, sizeof line, "%s is %s", path,
             closed ? "for its owner only" : "open to other users");
    say(closed, line, "shoal down, chmod 600 it, shoal up", &good);
    const json_t *files = json_object_get(st, "files");
    snprintf(line, sizeof line, "files: listening for peers on port %llu",
             (unsigned long long)cli_number(files, "port"));
    say(files && cli_number(files, "port"), files ? line : "files are switched off",
        "shoal config set files.enabled on", &good);
    if (files)
        say_port_mapping(files, &good);
    status = client_call(cli, "file.ls", NULL, &ls);
    size_t i;
    json_t *row;
    json_array_foreach(ls, i, row)
        if (!strcmp(cli_text(row, "state"), "error")) {
            snprintf(line, sizeof line, "%s: %s", cli_text(row, "name"), cli_text(row, "error"));
            say(false, line, "mend the cause, then: shoal file resume", &good);
        }
    json_decref(ls);
    json_decref(st);
    return status != EXIT_OK ? status : good ? EXIT_OK : EXIT_FAILED;
}

/* --- config edit ------------------------------------------------------------------------- */

int cmd_config_edit(struct cli *cli)
{
    json_t *where;
    int status = client_call(cli, "config.check", NULL, &where);
    if (status != EXIT_OK)
        return status;
    if (!isatty(STDIN_FILENO)) {
        puts(cli_text(where, "file"));
        json_decref(where);
        return EXIT_OK;
    }
    status = client_edit(cli_text(where, "file"));
    json_decref(where);
    if (status != EXIT_OK)
        return cli_fail(cli, EXIT_FAILED, "config.editor", "set EDITOR", "%s ended with %d",
                        client_editor(), status);
    status = client_call(cli, "config.check", NULL, &where);
    json_decref(where);
    return status;
}
