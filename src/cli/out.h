/* cli/out.h - print results: JSON as it is, tables for people, tab-separated for pipes. */
#ifndef SHOAL_CLI_OUT_H
#define SHOAL_CLI_OUT_H

#include "cli/cli.h"

/* A result, as the flags ask: --json: as it is; -q: ids; a terminal: aligned, with units; a pipe:
 * tab-separated, plain numbers.  columns: the method's, or empty for key and value. */
void out_result(const struct cli *cli, const json_t *result, const json_t *columns);

/* JSON and a newline on stdout. */
void out_json(const json_t *v);

/* Text from a stranger, fit for a terminal. */
void out_text(const char *text);

#endif
