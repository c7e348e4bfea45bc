/* cli/args.h - words of the command line to a method and its parameters. */
#ifndef SHOAL_CLI_ARGS_H
#define SHOAL_CLI_ARGS_H

#include "cli/cli.h"

/* The method whose words argv begins with ("file ls", "policy schedule add"); *used: how many.
 * NULL: none. */
const json_t *args_find(const json_t *faces, char *const *argv, int argc, int *used);

/* argv after the words, read by the method's table: flags (--piece-size 4M, --tracker=URL, -o DIR
 * for the parameter "dir"), then positional ones in table order.  NULL: said what is wrong on
 * stderr.  A new reference. */
json_t *args_parse(const struct cli *cli, const json_t *method, char *const *argv, int argc);

/* The name nearest to a mistyped command, or NULL. */
const char *args_nearest(const json_t *faces, const char *word);

/* "shoal file ls [--state STATE]", for help; free it. */
char *args_usage(const json_t *method);

#endif
