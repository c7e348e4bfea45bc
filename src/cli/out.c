#include "cli/out.h"

#include "base/buf.h"
#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"

#include <stdio.h>
#include <string.h>

enum { COLUMNS_MAX = 16 };
enum { CELL_MAX = 60, ID_SHORT = 8 }; /* characters; longer is cut on a terminal */

void out_json(const json_t *v)
{
    char *text = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
    puts(text);
    free(text);
}

void out_text(const char *text)
{
    struct buf safe = {0};
    utf8_escape(&safe, text, strlen(text));
    fwrite(buf_bytes(&safe), 1, buf_len(&safe), stdout);
    buf_done(&safe);
}

static const json_t *dig(const json_t *row, const char *path)
{
    size_t len = strcspn(path, ".");
    char *name = mem_strndup(path, len);
    const json_t *v = json_object_get(row, name);
    free(name);
    return path[len] ? dig(v, path + len + 1) : v;
}

/* A value in words; people: with units.  free it. */
static char *cell(const json_t *v, const char *format, bool people)
{
    if (!v || json_is_null(v))
        return mem_strdup(people ? "-" : "");
    if (json_is_string(v)) {
        struct buf safe = {0};
        utf8_escape(&safe, json_string_value(v), json_string_length(v));
        return buf_take_str(&safe);
    }
    if (json_is_boolean(v))
        return mem_strdup(json_is_true(v) ? "yes" : "no");
    if (!json_is_number(v)) {
        char *dump = json_dumps(v, JSON_ENCODE_ANY | JSON_COMPACT);
        return dump;
    }
    double real = json_number_value(v);
    if (people && !strcmp(format, "bytes"))
        return mem_strdup(text_bytes((uint64_t)(real > 0 ? real : 0)).s);
    if (people && !strcmp(format, "rate"))
        return mem_strdup(real > 0 ? text_rate((uint64_t)real).s : "-");
    if (people && !strcmp(format, "percent"))
        return mem_printf("%.1f%%", real * 100);
    if (!strcmp(format, "count") && real < 0) /* nobody has said yet */
        return mem_strdup(people ? "-" : "");
    if (people && !strcmp(format, "duration"))
        return mem_strdup(real < 0 ? "-" : text_duration((uint64_t)real).s);
    if (json_is_integer(v))
        return mem_printf("%lld", (long long)json_integer_value(v));
    return mem_printf("%.4g", real);
}

/* Characters on the screen, near enough: every code point is one wide. */
static size_t width(const char *s)
{
    size_t n = 0;
    for (; *s; s++)
        n += ((unsigned char)*s & 0xc0) != 0x80;
    return n;
}

static void cut(char *s, size_t most)
{
    size_t n = 0;
    for (; *s; s++) {
        n += ((unsigned char)*s & 0xc0) != 0x80;
        if (n > most) {
            *s = '\0';
            return;
        }
    }
}

static void print_row(char **cells, const size_t *widths, size_t n, bool people)
{
    for (size_t i = 0; i < n; i++) {
        if (!people)
            printf("%s%s", i ? "\t" : "", cells[i]);
        else if (i + 1 == n)
            printf("%s", cells[i]);
        else
            printf("%s%*s", cells[i], (int)(widths[i] - width(cells[i]) + 2), "");
    }
    putchar('\n');
}

static void table(const struct cli *cli, const json_t *rows, const json_t *columns)
{
    size_t n = json_array_size(columns), count = json_array_size(rows);
    if (n > COLUMNS_MAX)
        n = COLUMNS_MAX;
    bool head = cli->tty;
    char **cells = mem_array((count + 1) * n, sizeof *cells);
    size_t widths[COLUMNS_MAX] = {0};
    for (size_t r = 0; r <= count; r++)
        for (size_t i = 0; i < n; i++) {
            const json_t *c = json_array_get(columns, i);
            char *text = r == 0 ? mem_strdup(json_string_value(json_object_get(c, "title")))
                                : cell(dig(json_array_get(rows, r - 1),
                                           json_string_value(json_object_get(c, "field"))),
                                       json_string_value(json_object_get(c, "format")), cli->tty);
            if (cli->tty && r > 0 && !strcmp(json_string_value(json_object_get(c, "field")), "id"))
                cut(text, ID_SHORT);
            else if (cli->tty && i + 1 < n)
                cut(text, CELL_MAX);
            cells[r * n + i] = text;
            if (width(text) > widths[i])
                widths[i] = width(text);
        }
    for (size_t r = head && count > 0 ? 0 : 1; r <= count; r++)
        print_row(cells + r * n, widths, n, cli->tty);
    if (count == 0 && head)
        fprintf(stderr, "nothing here yet\n");
    for (size_t i = 0; i < (count + 1) * n; i++)
        free(cells[i]);
    free(cells);
}

/* An object inside another, on one line; long texts (a bitfield) are for --json. */
static void members(const json_t *object, bool people)
{
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)object, key, v) {
        char *text = cell(v, "text", false);
        if (!people || width(text) <= CELL_MAX)
            printf("  %s=%s", key, text);
        free(text);
    }
    putchar('\n');
}

/* A list inside an object: its name, then a line a member. */
static void sublist(const char *name, const json_t *list, bool people)
{
    size_t i;
    json_t *row;
    printf("%s:\n", name);
    json_array_foreach(list, i, row) {
        if (json_is_object(row)) {
            members(row, people);
            continue;
        }
        char *text = cell(row, "text", false);
        printf("  %s\n", text);
        free(text);
    }
}

/* One object: a line a member. */
static void pairs(const struct cli *cli, const json_t *object, const json_t *columns)
{
    const char *key;
    json_t *v;
    json_object_foreach((json_t *)object, key, v) {
        const char *format = "text";
        size_t i;
        json_t *c;
        if (json_is_array(v)) {
            sublist(key, v, cli->tty);
            continue;
        }
        if (json_is_object(v)) {
            printf("%s:", key);
            members(v, cli->tty);
            continue;
        }
        json_array_foreach(columns, i, c)
            if (!strcmp(json_string_value(json_object_get(c, "field")), key))
                format = json_string_value(json_object_get(c, "format"));
        char *text = cell(v, format, cli->tty);
        printf(cli->tty ? "%-14s  %s\n" : "%s\t%s\n", key, text);
        free(text);
    }
}

static void ids(const json_t *result)
{
    size_t i;
    json_t *row;
    if (json_is_object(result) && json_object_get(result, "id"))
        puts(json_string_value(json_object_get(result, "id")));
    json_array_foreach(result, i, row)
        if (json_object_get(row, "id"))
            puts(json_string_value(json_object_get(row, "id")));
}

void out_result(const struct cli *cli, const json_t *result, const json_t *columns)
{
    if (cli->json)
        out_json(result);
    else if (cli->quiet)
        ids(result);
    else if (json_is_array(result) && json_array_size(columns) > 0)
        table(cli, result, columns);
    else if (json_is_array(result))
        for (size_t i = 0; i < json_array_size(result); i++)
            out_json(json_array_get(result, i));
    else if (json_is_object(result))
        pairs(cli, result, columns);
}
