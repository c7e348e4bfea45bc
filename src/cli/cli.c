#include "cli/cli.h"

#include "cli/out.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *cli_text(const json_t *object, const char *name)
{
    const char *s = json_string_value(json_object_get(object, name));
    return s ? s : "";
}

uint64_t cli_number(const json_t *object, const char *name)
{
    json_int_t n = json_integer_value(json_object_get(object, name));
    return n > 0 ? (uint64_t)n : 0;
}

static void print_error(const struct cli *cli, const char *code, const char *message,
                        const char *next)
{
    if (cli->json) {
        json_t *e = json_pack("{s:{s:s, s:s, s:s}}", "error", "code", code, "message", message,
                              "next", next ? next : "");
        out_json(e);
        json_decref(e);
        return;
    }
    bool red = cli->talk && !getenv("NO_COLOR");
    fprintf(stderr, "%serror:%s %s\n", red ? "\033[31m" : "", red ? "\033[0m" : "", message);
    if (next && *next)
        fprintf(stderr, "next: %s\n", next);
}

int cli_fail(const struct cli *cli, int status, const char *code, const char *next, const char *fmt,
             ...)
{
    char message[1024];
    va_list args;
    va_start(args, fmt);
    vsnprintf(message, sizeof message, fmt, args);
    va_end(args);
    print_error(cli, code, message, next);
    return status;
}

int cli_fail_json(const struct cli *cli, int status, const json_t *error)
{
    print_error(cli, cli_text(error, "code"), cli_text(error, "message"), cli_text(error, "next"));
    return status;
}

const json_t *cli_method(const struct cli *cli, const char *name)
{
    size_t i;
    json_t *m;
    json_array_foreach(json_object_get(cli->faces, "methods"), i, m)
        if (!strcmp(cli_text(m, "name"), name))
            return m;
    return NULL;
}
