#include "cli/help.h"

#include "base/mem.h"
#include "cli/args.h"

#include <stdio.h>
#include <string.h>

static bool of_noun(const char *name, const char *noun)
{
    size_t len = noun ? strlen(noun) : 0;
    return !noun || (!strncmp(name, noun, len) && strchr(". ", name[len]));
}

bool help_is_noun(const struct cli *cli, const char *word)
{
    size_t i;
    json_t *m;
    json_array_foreach(json_object_get(cli->faces, "methods"), i, m)
        if (!json_is_true(json_object_get(m, "hidden")) && of_noun(cli_text(m, "name"), word))
            return true;
    return json_object_get(json_object_get(cli->faces, "commands"), word) != NULL;
}

int help_noun(const struct cli *cli, const char *noun)
{
    if (noun && noun[0] == '-')
        noun = NULL;
    if (!noun)
        puts("Examples:\n  shoal share holiday/\n  shoal get 'magnet:?xt=urn:btih:...' -o .\n\n"
             "usage: shoal NOUN VERB [ARGUMENTS] [--home DIR] [--json] [-q] [--no-start]\n");
    const char *name;
    json_t *c, *m;
    size_t i;
    json_object_foreach(json_object_get(cli->faces, "commands"), name, c)
        if (of_noun(name, noun))
            printf("  %-24s %s\n", name, cli_text(c, "summary"));
    json_array_foreach(json_object_get(cli->faces, "methods"), i, m) {
        if (json_is_true(json_object_get(m, "hidden")) || !of_noun(cli_text(m, "name"), noun))
            continue;
        char *words = mem_strdup(cli_text(m, "name"));
        for (char *p = words; *p; p++)
            *p = *p == '.' || *p == '-' ? ' ' : *p;
        if (!json_object_get(json_object_get(cli->faces, "commands"), words)) /* said above */
            printf("  %-24s %s\n", words, cli_text(m, "summary"));
        free(words);
    }
    if (!noun)
        puts("\n`shoal COMMAND --help` says more.  Manual: man shoal");
    return EXIT_OK;
}

int help_method(const json_t *method)
{
    if (*cli_text(method, "example"))
        printf("Example:\n  %s\n\n", cli_text(method, "example"));
    char *usage = args_usage(method);
    printf("usage: %s\n\n%s.\n", usage, cli_text(method, "summary"));
    free(usage);
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(method, "params"), i, p) {
        if (json_is_true(json_object_get(p, "hidden")))
            continue;
        const char *unit = cli_text(p, "unit");
        printf("  %s%-16s %s%s%s%s\n", json_is_true(json_object_get(p, "positional")) ? "  " : "--",
               cli_text(p, "name"), cli_text(p, "help"), *unit ? " (" : "", unit, *unit ? ")" : "");
    }
    if (*cli_text(method, "result"))
        printf("\n--json gives: %s\n", cli_text(method, "result"));
    return EXIT_OK;
}

int help_command(const struct cli *cli, const char *words)
{
    const json_t *c = json_object_get(json_object_get(cli->faces, "commands"), words);
    if (!c)
        return help_noun(cli, NULL);
    if (*cli_text(c, "example"))
        printf("Example:\n  %s\n\n", cli_text(c, "example"));
    printf("usage: %s\n\n%s.\n", cli_text(c, "usage"), cli_text(c, "summary"));
    return EXIT_OK;
}
