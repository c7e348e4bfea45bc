#include "cli/help.h"

#include "base/mem.h"
#include "cli/args.h"

#include <stdio.h>
#include <string.h>

static const char *text_of(const json_t *o, const char *name)
{
    const char *s = json_string_value(json_object_get(o, name));
    return s ? s : "";
}

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
        if (!json_is_true(json_object_get(m, "hidden")) && of_noun(text_of(m, "name"), word))
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
            printf("  %-24s %s\n", name, text_of(c, "summary"));
    json_array_foreach(json_object_get(cli->faces, "methods"), i, m) {
        if (json_is_true(json_object_get(m, "hidden")) || !of_noun(text_of(m, "name"), noun))
            continue;
        char *words = mem_strdup(text_of(m, "name"));
        for (char *p = words; *p; p++)
            *p = *p == '.' || *p == '-' ? ' ' : *p;
        if (!json_object_get(json_object_get(cli->faces, "commands"), words)) /* said above */
            printf("  %-24s %s\n", words, text_of(m, "summary"));
        free(words);
    }
    if (!noun)
        puts("\n`shoal COMMAND --help` says more.  Manual: man shoal");
    return EXIT_OK;
}

int help_method(const json_t *method)
{
    if (*text_of(method, "example"))
        printf("Example:\n  %s\n\n", text_of(method, "example"));
    char *usage = args_usage(method);
    printf("usage: %s\n\n%s.\n", usage, text_of(method, "summary"));
    free(usage);
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(method, "params"), i, p) {
        if (json_is_true(json_object_get(p, "hidden")))
            continue;
        const char *unit = text_of(p, "unit");
        printf("  %s%-16s %s%s%s%s\n", json_is_true(json_object_get(p, "positional")) ? "  " : "--",
               text_of(p, "name"), text_of(p, "help"), *unit ? " (" : "", unit, *unit ? ")" : "");
    }
    if (*text_of(method, "result"))
        printf("\n--json gives: %s\n", text_of(method, "result"));
    return EXIT_OK;
}

int help_command(const struct cli *cli, const char *words)
{
    const json_t *c = json_object_get(json_object_get(cli->faces, "commands"), words);
    if (!c)
        return help_noun(cli, NULL);
    if (*text_of(c, "example"))
        printf("Example:\n  %s\n\n", text_of(c, "example"));
    printf("usage: %s\n\n%s.\n", text_of(c, "usage"), text_of(c, "summary"));
    return EXIT_OK;
}
