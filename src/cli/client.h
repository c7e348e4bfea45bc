/* cli/client.h - talk to the daemon over its Unix socket, and start it if none runs. */
#ifndef SHOAL_CLI_CLIENT_H
#define SHOAL_CLI_CLIENT_H

#include "cli/cli.h"

#include <stdint.h>

/* A client of this home's daemon; never NULL, and nothing is connected before the first call. */
struct client *client_open(const struct cli *cli);
void client_close(struct client *c); /* NULL: nothing */

/* Call a method of the table with these parameters (borrowed; NULL: none) and wait for the answer.
 * Starts the daemon when none answers, unless --no-start.  On success *result is a new reference
 * and EXIT_OK is returned; otherwise the failure was told and its exit status is returned. */
int client_call(struct cli *cli, const char *method, const json_t *params, json_t **result);

/* The same for a route that is in no table ("/login"). */
int client_post(struct cli *cli, const char *route, json_t **result);

/* The event stream, until on_event returns false, it ends, or an interrupt.  data is borrowed. */
int client_events(struct cli *cli, const char *type,
                  bool (*on_event)(void *arg, const char *type, const json_t *data), void *arg);

/* Let `us` microseconds pass; false when the user interrupted. */
bool client_pause(struct cli *cli, uint64_t us);

/* An interrupt was seen to; what is called next goes out again. */
void client_resume(struct cli *cli);

/* Is a daemon there? */
bool client_ping(struct cli *cli);

/* Run shoald (the one beside this program, else of the PATH) with these arguments and wait;
 * returns its exit status, or EXIT_NO_DAEMON. */
int client_run_daemon(const struct cli *cli, const char *const *args, size_t n);

/* Start it in the background and say so. */
int client_start_daemon(struct cli *cli);

/* Run a program on something, as xdg-open on an address, and wait; its exit status. */
int client_run_on(const char *program, const char *what);
/* $VISUAL, else $EDITOR, else Debian's "editor"; it on a file.  It may have arguments ("code
 * --wait"), as git and others take it. */
const char *client_editor(void);
int client_edit(const char *path);

/* run/api.sock of the home; free it. */
char *client_socket_path(const struct cli *cli);

#endif
