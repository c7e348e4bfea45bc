/* Documents: their text as it is, an editor on it, and answers of one word. */
#include "base/buf.h"
#include "base/mem.h"
#include "cli/args.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/out.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TEXT_MAX = 8 * 1024 * 1024 /* as the method's table has it */ };

/* Ask, by the words of the command line. */
static int ask(struct cli *cli, const char *name, json_t **result)
{
    json_t *params = args_parse(cli, cli_method(cli, name), cli->argv, cli->argc);
    if (!params)
        return EXIT_USAGE;
    int status = client_call(cli, name, params, result);
    json_decref(params);
    return status;
}

/* The answer's one field, which is all that a script wants. */
static int ask_one(struct cli *cli, const char *name, const char *field)
{
    json_t *result = NULL;
    int status = ask(cli, name, &result);
    if (status == EXIT_OK && cli->json)
        out_json(result);
    else if (status == EXIT_OK && field)
        puts(cli_text(result, cli->quiet ? "id" : field));
    json_decref(result);
    return status;
}

int cmd_doc_new(struct cli *cli)
{
    return ask_one(cli, "doc.new", "id");
}

int cmd_doc_join(struct cli *cli)
{
    return ask_one(cli, "doc.join", "id");
}

int cmd_doc_share(struct cli *cli)
{
    return ask_one(cli, "doc.share", "link");
}

/* What is added may begin with a dash, as items of a list do. */
int cmd_doc_append(struct cli *cli)
{
    static char end_of_flags[] = "--";
    char *argv[8], **given = cli->argv;
    int n = cli->argc, status;
    bool item =
        n >= 2 && n <= 6 && given[n - 1][0] == '-' && strcmp(given[n - 1], "--no-newline") != 0;
    if (item) {
        memcpy(argv, given, (size_t)n * sizeof *argv);
        argv[n - 1] = end_of_flags;
        argv[n] = given[n - 1];
        cli->argv = argv;
        cli->argc = n + 1;
    }
    status = ask_one(cli, "doc.append", NULL);
    cli->argv = given;
    return status;
}

/* What it did, and how it is undone. */
int cmd_doc_restore(struct cli *cli)
{
    json_t *result = NULL;
    int status = ask(cli, "doc.restore", &result);
    unsigned long long revision = cli_number(result, "revision");
    if (status == EXIT_OK && cli->json)
        out_json(result);
    else if (status == EXIT_OK && json_is_true(json_object_get(result, "restored")))
        fprintf(stderr,
                "it reads as revision %llu again; `shoal doc restore %.8s@%llu` undoes it\n",
                revision, cli_text(result, "id"), (unsigned long long)cli_number(result, "before"));
    else if (status == EXIT_OK)
        fprintf(stderr, "it reads as revision %llu already: nothing was changed\n", revision);
    json_decref(result);
    return status;
}

/* --- text as it is ---------------------------------------------------------------------------- */

/* Its bytes and nothing else: also a NUL and a last line without an end. */
static void print_text(const struct cli *cli, const json_t *result)
{
    const json_t *text = json_object_get(result, "text");
    if (cli->json)
        out_json(result);
    else
        fwrite(json_string_value(text), 1, json_string_length(text), stdout);
}

static int ask_text(struct cli *cli, const char *method)
{
    json_t *result = NULL;
    int status = ask(cli, method, &result);
    if (status == EXIT_OK)
        print_text(cli, result);
    json_decref(result);
    return status;
}

int cmd_doc_cat(struct cli *cli)
{
    return ask_text(cli, "doc.cat");
}

int cmd_doc_export(struct cli *cli)
{
    for (int i = 0; i < cli->argc; i++)
        if (!strcmp(cli->argv[i], "-f"))
            cli->argv[i] = "--format";
    return ask_text(cli, "doc.export");
}

/* --- an editor -------------------------------------------------------------------------------- */
/* A new file of the owner alone, beside the daemon's socket; the title's ending tells editors what
 * it is.  NULL: errno says why. */
static char *make_file(struct cli *cli, const json_t *doc, FILE **out)
{
    char *socket = client_socket_path(cli);
    *strrchr(socket, '/') = '\0';
    const char *dot = strrchr(cli_text(doc, "title"), '.');
    bool plain =
        dot && strlen(dot) <= 8 && strspn(dot + 1, "abcdefghijklmnopqrstuvwxyz") + 1 == strlen(dot);
    const char *ending = plain ? dot : ".md";
    char *path = mem_printf("%s/edit-%.8s-XXXXXX%s", socket, cli_text(doc, "id"), ending);
    int fd = mkstemps(path, (int)strlen(ending)); /* 0600 */
    free(socket);
    *out = fd >= 0 ? fdopen(fd, "wb") : NULL;
    if (*out)
        return path;
    free(path);
    return NULL;
}

static bool write_text(FILE *f, const json_t *text)
{
    size_t n = json_string_length(text);
    bool whole = fwrite(json_string_value(text), 1, n, f) == n;
    return fclose(f) == 0 && whole;
}

static bool read_file(const char *path, struct buf *out)
{
    FILE *f = fopen(path, "rb");
    size_t n = f ? fread(buf_room(out, TEXT_MAX + 1), 1, TEXT_MAX + 1, f) : 0;
    bool good = f && !ferror(f) && n <= TEXT_MAX;
    if (f)
        fclose(f);
    buf_grew(out, n);
    return good;
}

/* What was written is kept where it is, whatever fails. */
static int keep_file(const struct cli *cli, int status, const char *path, const char *what)
{
    char *next = mem_printf("your text is kept: %s", path);
    if (what)
        cli_fail(cli, status, "doc.not_edited", next, "the document is as it was: %s", what);
    else
        fprintf(stderr, "%s\n", next);
    free(next);
    return status;
}

static int send(struct cli *cli, const json_t *doc, const char *path, const struct buf *text)
{
    json_t *given = json_stringn((const char *)buf_bytes(text), buf_len(text)), *result = NULL;
    if (!given)
        return keep_file(cli, EXIT_FAILED, path, "what the editor wrote is not UTF-8");
    json_t *params = json_pack("{s:O, s:o, s:O}", "id", json_object_get(doc, "id"), "text", given,
                               "base", json_object_get(doc, "base"));
    int status = client_call(cli, "doc.edit", params, &result);
    json_decref(params);
    if (status != EXIT_OK)
        return keep_file(cli, status, path, NULL);
    unlink(path);
    if (cli->json) {
        json_object_del(result, "text");
        out_json(result);
    }
    json_decref(result);
    return EXIT_OK;
}

static int edit_file(struct cli *cli, const json_t *doc, const char *path)
{
    const json_t *was = json_object_get(doc, "text");
    struct buf text = {0};
    int status = client_edit(path);
    if (status != EXIT_OK) {
        char *what = mem_printf("%s ended with %d", client_editor(), status);
        status = keep_file(cli, EXIT_FAILED, path, what);
        free(what);
    } else if (!read_file(path, &text)) {
        status = keep_file(cli, EXIT_FAILED, path, "the file cannot be read, or has over 8 MiB");
    } else if (buf_len(&text) == json_string_length(was) &&
               (buf_len(&text) == 0 ||
                !memcmp(buf_bytes(&text), json_string_value(was), buf_len(&text)))) {
        fprintf(stderr, "nothing was changed\n");
        unlink(path);
    } else {
        status = send(cli, doc, path, &text);
    }
    buf_done(&text);
    return status;
}

int cmd_doc_edit(struct cli *cli)
{
    FILE *f;
    json_t *doc = NULL;
    if (cli->argc != 1)
        return cli_fail(cli, EXIT_USAGE, "usage", "usage: shoal doc edit ID",
                        "want one word: which document");
    json_t *params = json_pack("{s:s, s:b}", "id", cli->argv[0], "base", 1);
    int status = client_call(cli, "doc.cat", params, &doc);
    json_decref(params);
    if (status != EXIT_OK)
        return status;
    char *path = make_file(cli, doc, &f);
    if (!path)
        status = cli_fail(cli, EXIT_FAILED, "doc.no_file", "look at the folder of shoal paths",
                          "cannot make a file to edit: %s", strerror(errno));
    else if (!write_text(f, json_object_get(doc, "text")))
        status = cli_fail(cli, EXIT_FULL, "doc.no_file", "make room", "cannot write %s", path);
    else
        status = edit_file(cli, doc, path);
    free(path);
    json_decref(doc);
    return status;
}
