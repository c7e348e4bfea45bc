/* cli/help.h - help, made from the tables. */
#ifndef SHOAL_CLI_HELP_H
#define SHOAL_CLI_HELP_H

#include "cli/cli.h"

/* Each prints to stdout and returns the exit status.  noun NULL: everything. */
int help_noun(const struct cli *cli, const char *noun);
bool help_is_noun(const struct cli *cli, const char *word);
/* brief: what -h says, without examples and parameters. */
int help_method(const json_t *method, bool brief);
int help_command(const struct cli *cli, const char *words, bool brief);

#endif
