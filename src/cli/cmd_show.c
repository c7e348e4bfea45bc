/* One torrent as a person reads it: what is known in words, and its long parts as tables. */
#include "base/text.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/out.h"

#include <stdio.h>
#include <string.h>

/* A long part: the flag that asks for it alone, the member that holds it, how it is shown. */
struct part {
    const char *flag, *member;
    const char *const (*columns)[3]; /* field, title, format; ends with NULL */
};

static const char *const peer_columns[][3] = {
    {"addr", "ADDRESS", "text"},      {"client", "CLIENT", "text"},
    {"progress", "HAS", "percent"},   {"down_rate", "DOWN", "rate"},
    {"up_rate", "UP", "rate"},        {"downloaded", "GOT", "bytes"},
    {"uploaded", "GIVEN", "bytes"},   {"transport", "BY", "text"},
    {"encrypted", "CIPHER", "text"},  {"incoming", "CAME", "text"},
    {"connected", "TALKING", "text"}, {NULL, NULL, NULL}};

static const char *const seed_columns[][3] = {
    {"url", "WEB SEED", "text"}, {"state", "STATE", "text"}, {NULL, NULL, NULL}};

static const char *const tracker_columns[][3] = {
    {"url", "TRACKER", "text"},      {"tier", "TIER", "int"},
    {"state", "STATE", "text"},      {"seeders", "SEEDS", "count"},
    {"leechers", "OTHERS", "count"}, {"next_s", "NEXT IN", "duration"},
    {"error", "ERROR", "text"},      {NULL, NULL, NULL}};

static const char *const file_columns[][3] = {{"index", "#", "int"},
                                              {"path", "PATH", "text"},
                                              {"size", "SIZE", "bytes"},
                                              {"progress", "DONE", "percent"},
                                              {"priority", "PRIORITY", "text"},
                                              {"denied", "DENIED", "text"},
                                              {NULL, NULL, NULL}};

static const struct part parts[] = {
    {"trackers", "trackers", tracker_columns},
    {"files", "files", file_columns},
    {"peers", "peer_list", peer_columns},
    {"peers", "web_seeds", seed_columns},
};
enum { PARTS = sizeof parts / sizeof parts[0] };

static void show_part(const struct cli *cli, const json_t *row, const struct part *p)
{
    const json_t *rows = json_object_get(row, p->member);
    json_t *columns = json_array();
    for (size_t i = 0; p->columns[i][0]; i++)
        json_array_append_new(columns,
                              json_pack("{s:s, s:s, s:s}", "field", p->columns[i][0], "title",
                                        p->columns[i][1], "format", p->columns[i][2]));
    if (json_array_size(rows) > 0)
        out_result(cli, rows, columns);
    json_decref(columns);
}

static void show_pieces(const struct cli *cli, const json_t *row)
{
    const json_t *p = json_object_get(row, "pieces");
    unsigned long long have = cli_number(p, "have"), count = cli_number(p, "count"),
                       size = cli_number(p, "size");
    if (cli->tty)
        printf("%llu of %llu pieces of %s are here\n", have, count, text_bytes(size).s);
    else
        printf("%llu\t%llu\t%llu\n", have, count, size);
}

/* A line of the summary, when there is anything to say. */
static void say(const char *title, const char *text)
{
    if (*text) {
        printf("%-10s  ", title);
        out_text(text);
        putchar('\n');
    }
}

static void say_limits(const json_t *row)
{
    uint64_t up = cli_number(row, "up_limit"), down = cli_number(row, "down_limit");
    if (up || down)
        printf("%-10s  up %s, down %s\n", "limits", up ? text_rate(up).s : "none",
               down ? text_rate(down).s : "none");
}

static void summary(const json_t *row)
{
    const char *reason = cli_text(row, "reason"), *v1 = cli_text(row, "infohash_v1"),
               *v2 = cli_text(row, "infohash_v2");
    say("name", cli_text(row, "name"));
    printf("%-10s  %s%s", "state", cli_text(row, "state"), *reason ? ": " : "");
    out_text(reason);
    printf("\n%-10s  %s, of it here %s (%.1f%% of what is wanted)\n", "size",
           text_bytes(cli_number(row, "size")).s, text_bytes(cli_number(row, "done")).s,
           json_number_value(json_object_get(row, "progress")) * 100);
    printf("%-10s  down %s, up %s\n", "now", text_rate(cli_number(row, "down_rate")).s,
           text_rate(cli_number(row, "up_rate")).s);
    printf("%-10s  down %s, up %s, ratio %.2f\n", "ever",
           text_bytes(cli_number(row, "downloaded")).s, text_bytes(cli_number(row, "uploaded")).s,
           json_number_value(json_object_get(row, "ratio")));
    printf("%-10s  %llu connected, %llu of them with all of it; %llu known\n", "peers",
           (unsigned long long)cli_number(row, "peers"),
           (unsigned long long)cli_number(row, "seeds"),
           (unsigned long long)cli_number(row, "known_peers"));
    say_limits(row);
    say("folder", cli_text(row, "dir"));
    say("added", cli_text(row, "added"));
    say("comment", cli_text(row, "comment"));
    say("group", cli_text(row, "group"));
    const json_t *item;
    size_t i;
    json_array_foreach(json_object_get(row, "labels"), i, item)
        say("label", json_string_value(item));
    json_array_foreach(json_object_get(row, "signers"), i, item)
        say(json_is_true(json_object_get(item, "valid")) ? "signed by" : "NOT signed",
            cli_text(item, "peer_id"));
    say("infohash", v1);
    say(*v1 ? "" : "infohash", v2);
    say("magnet", cli_text(row, "magnet"));
}

/* Without a flag: words, then all parts that are there; with flags: those parts alone. */
static void show(const struct cli *cli, const json_t *params, const json_t *row, bool chosen)
{
    if (!chosen)
        summary(row);
    for (size_t i = 0; i < PARTS; i++) {
        bool wanted = !chosen || json_is_true(json_object_get(params, parts[i].flag));
        if (!chosen && json_array_size(json_object_get(row, parts[i].member)) > 0)
            putchar('\n');
        if (wanted)
            show_part(cli, row, &parts[i]);
    }
    if (json_is_true(json_object_get(params, "pieces")))
        show_pieces(cli, row);
}

int cmd_file_show(struct cli *cli)
{
    json_t *row = NULL;
    json_t *params = args_parse(cli, cli_method(cli, "file.show"), cli->argv, cli->argc);
    if (!params)
        return EXIT_USAGE;
    bool chosen = json_object_size(params) > 1;
    int status = client_call(cli, "file.show", params, &row);
    if (status == EXIT_OK && (cli->json || cli->quiet || (!chosen && !cli->tty)))
        out_result(cli, row, NULL);
    else if (status == EXIT_OK)
        show(cli, params, row, chosen);
    json_decref(row);
    json_decref(params);
    return status;
}
