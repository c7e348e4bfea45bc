/* core/call.h - the methods of the node: one table, from which every face is made.
 *
 * A struct method says its name, its REST route, its parameters with units and limits, what it
 * gives and an example.  The HTTP routes, the command line's parsing and help, the man pages, the
 * completions, the reference page and the TypeScript types all come from these tables
 * (node/faces.c prints them), so they cannot disagree.
 *
 * A call arrives with its parameters checked against the table: every required one is there, types
 * and ranges hold, unknown ones were refused.  It is answered exactly once, at once or later:
 *     static void file_pause(void *app, struct call *c) { ... call_ok(c, json_object()); }
 * A handler that answers later keeps `c`, and may ask with call_gone() to be told when the client
 * left (a call must be answered even then; the answer goes nowhere). */
#ifndef SHOAL_CORE_CALL_H
#define SHOAL_CORE_CALL_H

#include "base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum param_type {
    PARAM_TEXT,   /* UTF-8, at most `max` bytes (0: 4096) */
    PARAM_INT,    /* min..max (0 and 0: any >= 0; so BYTES and RATE too) */
    PARAM_BYTES,  /* JSON integer; the CLI also reads "5M" */
    PARAM_RATE,   /* bytes a second; 0: no limit; the CLI also reads "5M" and "off" */
    PARAM_BOOL,   /* the CLI: a flag without a value */
    PARAM_CHOICE, /* one of `choices` "a|b|c" */
    PARAM_PATH,   /* a file or folder of the caller's machine, absolute (the CLI makes it so) */
    PARAM_BASE64, /* bytes, standard alphabet with padding; at most `max` bytes of text (0: 4096) */
};

enum param_flags {
    PARAM_REQUIRED = 1,
    PARAM_MANY = 2,       /* an array of at most CALL_MANY_MAX; the CLI: repeatable */
    PARAM_POSITIONAL = 4, /* the CLI: without a flag's name, in table order; id in the route too */
    PARAM_HIDDEN = 8,     /* not on the command line */
};

struct param {
    const char *name; /* as in JSON: "piece_size"; the CLI says --piece-size */
    enum param_type type;
    unsigned flags;
    const char *unit; /* "bytes", "bytes/s", "" */
    int64_t min, max;
    const char *choices;
    const char *help; /* one line */
};

enum method_flags {
    METHOD_WRITE = 1,  /* changes something: POST/PUT/DELETE, needs write scope */
    METHOD_MONEY = 2,  /* spends: needs money scope and an Idempotency-Key */
    METHOD_HIDDEN = 4, /* not a command of its own (the CLI has a hand-written one) */
};

struct column {         /* how the CLI prints a list or an object on a terminal */
    const char *field;  /* of the JSON object; "a.b" goes down */
    const char *title;  /* "SIZE" */
    const char *format; /* "text", "bytes", "rate", "percent", "time", "duration", "int" */
};

enum { CALL_MANY_MAX = 10000 };

struct call;
typedef void method_fn(void *app, struct call *c);

struct method {
    const char *name;  /* "file.add": noun, verb */
    const char *http;  /* "POST" */
    const char *route; /* "/files/{id}/pause", under /api/v1 */
    unsigned flags;
    const struct param *params;   /* ends with a NULL name; NULL: none */
    const char *summary;          /* one line, an imperative */
    const char *result;           /* what comes back: "{id, magnet}: ..." */
    const char *errors;           /* stable codes it can give: "file.not_found, file.exists" */
    const char *example;          /* a command line */
    const struct column *columns; /* ends with a NULL field; NULL: print key and value */
    const char *also;             /* short forms: "share" */
    method_fn *call;
};

/* Parameters.  The object is the call's; absent optional ones (a null counts as absent) are NULL, 0
 * or `fallback`. */
json_t *call_params(const struct call *c);
const char *call_text(const struct call *c, const char *name); /* NULL when absent */
int64_t call_int(const struct call *c, const char *name, int64_t fallback);
bool call_bool(const struct call *c, const char *name);
json_t *call_array(const struct call *c, const char *name); /* NULL when absent; borrowed */
bool call_has(const struct call *c, const char *name);

/* Answer.  Takes `result`. */
void call_ok(struct call *c, json_t *result);
/* code: stable, "file.not_found".  next: what to do now, or NULL. */
void call_fail(struct call *c, const char *code, const struct why *why, const char *next);
void call_failf(struct call *c, const char *code, enum err err, const char *next, const char *fmt,
                ...) PRINTF_LIKE(5, 6);

/* `gone` is called at most once, when the client has left and the call is not answered; never from
 * inside call_gone.  A later call replaces it; NULL takes it back. */
void call_gone(struct call *c, void (*gone)(void *arg), void *arg);

/* A call that is not answered: its handler is called once more, as if it came now. */
void call_again(struct call *c);

/* One mapping of enum err to HTTP status and CLI exit code.  Every code has an HTTP status of its
 * own, so that a client can tell them apart; the exit codes are CLI.md's.  ERR_INVALID is 1, since
 * what is wrong may be a file; where the parameters of the call are wrong the stable code is
 * CALL_USAGE, and only that makes the exit code 2. */
#define CALL_USAGE "usage"
unsigned err_http_status(enum err code);
int err_exit_code(enum err code);
const char *err_name(enum err code); /* "not_found" */

/* The making of calls, for the API and for tests.  `answer` comes exactly once, unless the call was
 * dropped; result or error ({"code","message","next"}, next only where there is one) is borrowed,
 * the other NULL.  Parameters are checked here: ERR_INVALID answers, with the code CALL_USAGE, come
 * through `answer` too.  params is borrowed (NULL: none).  Returns the call while it is not
 * answered, for call_drop; NULL when it already was. */
typedef void call_answer(void *arg, enum err err, json_t *result, json_t *error);
struct call *call_start(const struct method *m, void *app, json_t *params, call_answer *answer,
                        void *arg);

/* The client left: the handler is told if it asked, and `answer` will not come. */
void call_drop(struct call *c);

#endif
