#include "cli/args.h"

#include "base/buf.h"
#include "base/conf.h"
#include "base/mem.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool flag(const json_t *o, const char *name)
{
    return json_is_true(json_object_get(o, name));
}

/* --- which method ------------------------------------------------------------------------ */

/* How many words of argv the name "policy.schedule-add" takes, or 0. */
static int match(const char *name, char *const *argv, int argc)
{
    int used = 0;
    while (*name) {
        size_t len = strcspn(name, ".-");
        if (used == argc || strlen(argv[used]) != len || strncmp(argv[used], name, len))
            return 0;
        used++;
        name += len;
        name += *name != '\0';
    }
    return used;
}

const json_t *args_find(const json_t *faces, char *const *argv, int argc, int *used)
{
    const json_t *best = NULL;
    size_t i;
    json_t *m;
    *used = 0;
    json_array_foreach(json_object_get(faces, "methods"), i, m) {
        int n = flag(m, "hidden") ? 0 : match(cli_text(m, "name"), argv, argc);
        if (n > *used) {
            *used = n;
            best = m;
        }
    }
    return best;
}

static const char *word_at(const void *arg, size_t i)
{
    const json_t *faces = arg, *methods = json_object_get(faces, "methods");
    json_t *commands = json_object_get(faces, "commands");
    if (i < json_array_size(methods))
        return cli_text(json_array_get(methods, i), "name");
    i -= json_array_size(methods);
    void *it = json_object_iter(commands);
    for (; it && i > 0; i--)
        it = json_object_iter_next(commands, it);
    return it ? json_object_iter_key(it) : NULL;
}

const char *args_nearest(const json_t *faces, const char *word)
{
    return conf_nearest(word, word_at, faces);
}

/* " low|high", " URL", " BYTES": what follows a flag. */
static void put_value_name(struct buf *out, const json_t *p)
{
    const char *type = cli_text(p, "type"), *unit = cli_text(p, "unit");
    if (*cli_text(p, "choices")) {
        buf_printf(out, " %s", cli_text(p, "choices"));
        return;
    }
    buf_u8(out, ' ');
    for (const char *c = !strcmp(type, "text") && *unit ? unit : type; *c; c++)
        buf_u8(out, *c >= 'a' && *c <= 'z' ? (uint8_t)(*c - 32) : (uint8_t)*c);
}

char *args_usage(const json_t *method)
{
    struct buf out = {0};
    buf_str(&out, "shoal ");
    for (const char *p = cli_text(method, "name"); *p; p++)
        buf_u8(&out, *p == '.' || *p == '-' ? ' ' : (uint8_t)*p);
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(method, "params"), i, p) {
        const char *name = cli_text(p, "name"), *many = flag(p, "many") ? "..." : "";
        if (flag(p, "hidden"))
            continue;
        buf_str(&out, flag(p, "required") ? " " : " [");
        if (!flag(p, "positional"))
            buf_str(&out, "--");
        for (const char *c = name; *c; c++)
            buf_u8(&out, *c == '_'                                         ? '-'
                         : flag(p, "positional") && *c >= 'a' && *c <= 'z' ? (uint8_t)(*c - 32)
                                                                           : (uint8_t)*c);
        if (!flag(p, "positional") && strcmp(cli_text(p, "type"), "bool") != 0)
            put_value_name(&out, p);
        buf_printf(&out, "%s%s", flag(p, "required") ? "" : "]", many);
    }
    return buf_take_str(&out);
}

/* --- parameters -------------------------------------------------------------------------- */

struct parse {
    const struct cli *cli;
    const json_t *method;
    json_t *out;
};

static void *wrong(const struct parse *ps, const char *what, const char *word)
{
    char *usage = args_usage(ps->method);
    char *next = mem_printf("usage: %s", usage);
    cli_fail(ps->cli, EXIT_USAGE, "usage", next, "%s %s", what, word);
    free(next);
    free(usage);
    return NULL;
}

static json_t *absolute(const char *path)
{
    char cwd[PATH_MAX];
    if (path[0] == '/' || !getcwd(cwd, sizeof cwd))
        return json_string(path);
    return json_sprintf("%s/%s", cwd, path);
}

/* An unset variable of a script must neither mean this folder nor another route. */
static bool may_be_empty(const struct parse *ps, const json_t *param)
{
    char *in_route = mem_printf("{%s}", cli_text(param, "name"));
    bool routed = strstr(cli_text(ps->method, "route"), in_route) != NULL;
    free(in_route);
    return !routed && strcmp(cli_text(param, "type"), "path") != 0;
}

/* A value as its type wants it; NULL after saying what is wrong. */
static json_t *value_of(const struct parse *ps, const json_t *param, const char *text)
{
    const char *type = cli_text(param, "type");
    enum conf_type number = !strcmp(type, "bytes")  ? CONF_BYTES
                            : !strcmp(type, "rate") ? CONF_RATE
                                                    : CONF_INT;
    if (!*text && !may_be_empty(ps, param))
        return wrong(ps, "this is empty:", cli_text(param, "name"));
    if (!strcmp(type, "path"))
        return absolute(text);
    if (!strcmp(type, "bool"))
        return json_boolean(!strcmp(text, "true") || !strcmp(text, "on") || !strcmp(text, "yes"));
    if (number == CONF_INT && strcmp(type, "int") != 0) {
        json_t *s = json_string(text);
        return s ? s : wrong(ps, "this is not UTF-8:", cli_text(param, "name"));
    }
    int64_t n;
    struct why why;
    if (conf_parse_number(number, text, &n, &why) != OK)
        return wrong(ps, why.text, "");
    return json_integer(n);
}

static bool put(const struct parse *ps, const json_t *param, const char *text)
{
    json_t *v = value_of(ps, param, text);
    if (!v)
        return false;
    const char *name = cli_text(param, "name");
    if (!flag(param, "many"))
        return json_object_set_new(ps->out, name, v) == 0;
    json_t *all = json_object_get(ps->out, name);
    if (!all) {
        all = json_array();
        json_object_set_new(ps->out, name, all);
    }
    return json_array_append_new(all, v) == 0;
}

/* The parameter that "--piece-size" (len characters after the dashes) or "-o" means. */
static const json_t *param_of_flag(const json_t *method, const char *word, size_t len)
{
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(method, "params"), i, p) {
        const char *name = cli_text(p, "name");
        bool same = strlen(name) == len && !flag(p, "hidden");
        for (size_t k = 0; same && k < len; k++)
            same = name[k] == word[k] || (name[k] == '_' && word[k] == '-');
        if (same || (len == 1 && *word == 'o' && !strcmp(name, "dir")))
            return p;
    }
    return NULL;
}

/* One flag, with its value in the same word or the next; returns words taken, 0 when wrong. */
static int take_flag(const struct parse *ps, char *const *argv, int argc)
{
    const char *word = argv[0] + strspn(argv[0], "-");
    size_t len = strcspn(word, "=");
    const json_t *p = param_of_flag(ps->method, word, len);
    if (!p) {
        wrong(ps, "there is no option", argv[0]);
        return 0;
    }
    if (!strcmp(cli_text(p, "type"), "bool"))
        return put(ps, p, word[len] ? word + len + 1 : "true");
    if (word[len])
        return put(ps, p, word + len + 1);
    if (argc < 2) {
        wrong(ps, "a value is missing after", argv[0]);
        return 0;
    }
    return put(ps, p, argv[1]) ? 2 : 0;
}

/* The next positional parameter that still has room. */
static const json_t *next_positional(const struct parse *ps)
{
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(ps->method, "params"), i, p)
        if (flag(p, "positional") &&
            (flag(p, "many") || !json_object_get(ps->out, cli_text(p, "name"))))
            return p;
    return NULL;
}

static bool all_there(const struct parse *ps)
{
    size_t i;
    json_t *p;
    json_array_foreach(json_object_get(ps->method, "params"), i, p)
        if (flag(p, "required") && !json_object_get(ps->out, cli_text(p, "name"))) {
            wrong(ps, "missing:", cli_text(p, "name"));
            return false;
        }
    return true;
}

json_t *args_parse(const struct cli *cli, const json_t *method, char *const *argv, int argc)
{
    struct parse ps = {cli, method, json_object()};
    bool flags = true;
    for (int i = 0; i < argc;) {
        int took = 1;
        if (flags && !strcmp(argv[i], "--")) {
            flags = false;
        } else if (flags && argv[i][0] == '-' && argv[i][1]) {
            took = take_flag(&ps, argv + i, argc - i);
        } else {
            const json_t *p = next_positional(&ps);
            if (!p)
                wrong(&ps, "one word too many:", argv[i]);
            took = p && put(&ps, p, argv[i]);
        }
        if (!took) {
            json_decref(ps.out);
            return NULL;
        }
        i += took;
    }
    if (all_there(&ps))
        return ps.out;
    json_decref(ps.out);
    return NULL;
}
