/* cli/cli.h - one run of the command line: what was asked for, and how to answer.
 *
 * shoal.c takes the global flags off, finds the command (hand-written in commands.c, else a method
 * of the table) and calls it.  Data goes to stdout, talk to stderr.  A command returns the exit
 * status of CLI.md. */
#ifndef SHOAL_CLI_CLI_H
#define SHOAL_CLI_CLI_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum cli_exit {
    EXIT_OK = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_NOT_FOUND = 3,
    EXIT_REFUSED = 4,
    EXIT_NO_DAEMON = 5,
    EXIT_PENDING = 6,
    EXIT_STATE = 7,
    EXIT_FULL = 8,
    EXIT_INTERRUPTED = 130,
};

struct client;

struct cli {
    const char *home; /* --home or SHOAL_HOME; NULL: XDG */
    bool json, quiet, plain, no_start, yes;
    bool tty;    /* stdout is a terminal, and not --json */
    bool colour; /* on it, and NO_COLOR is not set */
    bool talk;   /* stderr is a terminal: progress bars */
    json_t *faces;
    struct client *client; /* made when first needed */
    char **argv;           /* the command's arguments, after its words */
    int argc;
};

/* A command written by hand: its words, and what it does. */
struct command {
    const char *words; /* "file add" */
    int (*run)(struct cli *cli);
};
extern const struct command cli_commands[]; /* ends with NULL words */

/* "error: ...", "next: ..." on stderr (or the JSON form on stdout); returns status. */
int cli_fail(const struct cli *cli, int status, const char *code, const char *next, const char *fmt,
             ...) PRINTF_LIKE(5, 6);

/* The same from the daemon's {"code","message","next"}. */
int cli_fail_json(const struct cli *cli, int status, const json_t *error);

/* A member of a JSON object: "" or 0 when it is absent, null, negative or of another type. */
const char *cli_text(const json_t *object, const char *name);
uint64_t cli_number(const json_t *object, const char *name);

/* A method of the table by its name, borrowed; NULL when there is none. */
const json_t *cli_method(const struct cli *cli, const char *name);

#endif
