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
             "usage: shoal NOUN VERB [ARGUMENTS] [--home DIR] [--json] [-q] [--no-start] "
             "[--plain]\n");
    else
        printf("usage: shoal %s VERB [ARGUMENTS]\n\n", noun);
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
    else
        printf("\n`shoal %s VERB --help` says more.\n", noun);
    return EXIT_OK;
}

/* One line each in the tables. */
static void print_examples(const char *lines)
{
    if (!*lines)
        return;
    puts(strchr(lines, '\n') ? "Examples:" : "Example:");
    for (size_t len; *lines; lines += len + (lines[len] == '\n')) {
        len = strcspn(lines, "\n");
        printf("  %.*s\n", (int)len, lines);
    }
    putchar('\n');
}

static void print_param(const json_t *p)
{
    bool positional = json_is_true(json_object_get(p, "positional"));
    const char *unit = cli_text(p, "unit"), *name = cli_text(p, "name");
    if (!strcmp(cli_text(p, "type"), "text"))
        unit = ""; /* it stands in the usage */
    char *flag = positional ? mem_strdup(name)
                            : mem_printf("%s--%s", strcmp(name, "dir") ? "" : "-o, ", name);
    for (char *c = flag; *c; c++)
        *c = positional && *c >= 'a' && *c <= 'z' ? (char)(*c - 32) : *c == '_' ? '-' : *c;
    printf("  %-16s  %s%s%s%s\n", flag, cli_text(p, "help"), *unit ? " (" : "", unit,
           *unit ? ")" : "");
    free(flag);
}

/* entry: a method or a command, which have the same members. */
static int print_entry(const json_t *entry, const char *usage, bool brief)
{
    if (!brief)
        print_examples(cli_text(entry, "example"));
    printf("usage: %s\n\n%s.\n", usage, cli_text(entry, "summary"));
    if (brief)
        return EXIT_OK;
    size_t i;
    const json_t *p;
    json_array_foreach(json_object_get(entry, "params"), i, p)
        if (!json_is_true(json_object_get(p, "hidden")))
            print_param(p);
    if (*cli_text(entry, "result"))
        printf("\n--json gives: %s\n", cli_text(entry, "result"));
    return EXIT_OK;
}

int help_method(const json_t *method, bool brief)
{
    char *usage = args_usage(method);
    int status = print_entry(method, usage, brief);
    free(usage);
    return status;
}

int help_command(const struct cli *cli, const char *words, bool brief)
{
    const json_t *c = json_object_get(json_object_get(cli->faces, "commands"), words);
    return c ? print_entry(c, cli_text(c, "usage"), brief) : help_noun(cli, NULL);
}
