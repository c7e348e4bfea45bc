/* shoal - everything that a person types. */
#include "base/buf.h"
#include "base/mem.h"
#include "cli/args.h"
#include "cli/cli.h"
#include "cli/client.h"
#include "cli/faces.h"
#include "cli/help.h"
#include "cli/out.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* --- which command ----------------------------------------------------------------------- */

static int words_in(const char *words, char *const *argv, int argc)
{
    int used = 0;
    for (const char *w = words; *w; used++) {
        size_t len = strcspn(w, " ");
        if (used == argc || strlen(argv[used]) != len || strncmp(argv[used], w, len) != 0)
            return 0;
        w += len;
        w += *w == ' ';
    }
    return used;
}

static const struct command *find_command(char *const *argv, int argc, int *used)
{
    const struct command *best = NULL;
    *used = 0;
    for (const struct command *c = cli_commands; c->words; c++) {
        int n = words_in(c->words, argv, argc);
        if (n > *used) {
            *used = n;
            best = c;
        }
    }
    return best;
}

/* The columns of NOUN.ls, which is what people know a thing by. */
static const json_t *list_columns(const struct cli *cli, const char *name)
{
    char *ls = mem_printf("%.*s.ls", (int)strcspn(name, "."), name);
    const json_t *columns = json_object_get(cli_method(cli, ls), "columns");
    free(ls);
    return columns;
}

/* To a person, a thing that a verb changed is its line of the list; to a script, all of it. */
static void print_result(const struct cli *cli, const json_t *method, json_t *result)
{
    const char *name = cli_text(method, "name");
    const json_t *columns = json_object_get(method, "columns");
    bool thing = cli->tty && json_is_object(result) && json_object_get(result, "state");
    if (!thing) {
        out_result(cli, result, columns);
    } else if (!strcmp(name + strcspn(name, "."), ".show") || cli->quiet) {
        out_result(cli, result, list_columns(cli, name));
    } else {
        json_t *rows = json_pack("[O]", result);
        out_result(cli, rows, list_columns(cli, name));
        json_decref(rows);
    }
}

static int run_method(struct cli *cli, const json_t *method)
{
    json_t *params = args_parse(cli, method, cli->argv, cli->argc), *result;
    if (!params)
        return EXIT_USAGE;
    int status = client_call(cli, cli_text(method, "name"), params, &result);
    json_decref(params);
    if (status == EXIT_OK)
        print_result(cli, method, result);
    json_decref(result);
    return status;
}

static int unknown(struct cli *cli)
{
    struct buf said = {0};
    for (int i = 0; i < cli->argc && i < 3 && cli->argv[i][0] != '-'; i++)
        buf_printf(&said, "%s%s", i ? " " : "", cli->argv[i]);
    char *words = buf_take_str(&said);
    char *dotted = mem_strdup(words);
    for (char *p = dotted; *p; p++)
        *p = *p == ' ' ? '.' : *p;
    const char *near = args_nearest(cli->faces, dotted);
    if (!near)
        near = args_nearest(cli->faces, words);
    char *hint = near ? mem_printf("did you mean `shoal %s`?", near) : mem_strdup("shoal help");
    for (char *p = hint; near && *p; p++)
        *p = strchr(near, '.') && (*p == '.' || *p == '-') ? ' ' : *p;
    cli_fail(cli, EXIT_USAGE, "usage", hint, "there is no command `%s`", words);
    free(hint);
    free(dotted);
    free(words);
    return EXIT_USAGE;
}

/* "--help", "-h", or NULL. */
static const char *help_flag(const struct cli *cli)
{
    for (int i = 0; i < cli->argc && strcmp(cli->argv[i], "--") != 0; i++)
        if (!strcmp(cli->argv[i], "--help") || !strcmp(cli->argv[i], "-h"))
            return cli->argv[i];
    return NULL;
}

static int dispatch(struct cli *cli)
{
    int hand_used, table_used;
    const char *help = help_flag(cli);
    if (cli->argc > 1 && !strcmp(cli->argv[0], "help") && !help) { /* shoal help file get */
        cli->argv++;
        cli->argc--;
        help = "--help";
    }
    const struct command *command = find_command(cli->argv, cli->argc, &hand_used);
    const json_t *method = args_find(cli->faces, cli->argv, cli->argc, &table_used);
    bool hand = command && hand_used >= table_used;
    if (!hand && !method)
        return cli->argc == 0 || cli->argv[0] == help ? help_noun(cli, NULL)
               : (cli->argc == 1 || cli->argv[1] == help) && help_is_noun(cli, cli->argv[0])
                   ? help_noun(cli, cli->argv[0])
                   : unknown(cli);
    if (help) {
        bool brief = !strcmp(help, "-h");
        return hand ? help_command(cli, command->words, brief) : help_method(method, brief);
    }
    int used = hand ? hand_used : table_used;
    cli->argv += used;
    cli->argc -= used;
    return hand ? command->run(cli) : run_method(cli, method);
}

/* --- global flags ------------------------------------------------------------------------ */

static bool is(const char *word, const char *a, const char *b)
{
    return !strcmp(word, a) || (b && !strcmp(word, b));
}

/* Takes the flags that every command has out of argv; those after "--" stay. */
static int take_globals(struct cli *cli, int argc, char **argv)
{
    int kept = 0;
    bool flags = true;
    for (int i = 0; i < argc; i++) {
        const char *w = argv[i];
        flags = flags && strcmp(w, "--") != 0;
        if (!flags)
            argv[kept++] = argv[i];
        else if (is(w, "--json", NULL))
            cli->json = true;
        else if (is(w, "-q", "--quiet"))
            cli->quiet = true;
        else if (is(w, "--plain", NULL))
            cli->plain = true;
        else if (is(w, "--no-start", NULL))
            cli->no_start = true;
        else if (is(w, "--yes", "-y"))
            cli->yes = true;
        else if (!strncmp(w, "--home=", 7))
            cli->home = w + 7;
        else if (is(w, "--home", NULL) && i + 1 < argc)
            cli->home = argv[++i];
        else
            argv[kept++] = argv[i];
    }
    argv[kept] = NULL;
    return kept;
}

int main(int argc, char **argv)
{
    struct cli cli = {.home = getenv("SHOAL_HOME")};
    if (cli.home && !*cli.home)
        cli.home = NULL;
    cli.argc = take_globals(&cli, argc - 1, argv + 1);
    cli.argv = argv + 1;
    cli.tty = isatty(STDOUT_FILENO) && !cli.json && !cli.plain;
    cli.talk = isatty(STDERR_FILENO) && !cli.json && !cli.plain;
    cli.colour = cli.tty && !getenv("NO_COLOR");
    cli.faces = json_loads(cli_faces, 0, NULL);
    int status = dispatch(&cli);
    client_close(cli.client);
    json_decref(cli.faces);
    if (fflush(stdout) != 0 && status == EXIT_OK)
        status = EXIT_FAILED; /* a full disk or a closed pipe is a failure to print */
    return status;
}
