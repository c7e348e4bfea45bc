/* Backups: shoald reads and writes them, since only it knows what a home is made of. */
#include "base/mem.h"
#include "cli/client.h"
#include "cli/commands.h"

#include <limits.h>
#include <stdio.h>
#include <unistd.h>

static int run(struct cli *cli, const char *flag, const char *what)
{
    if (cli->argc != 1)
        return cli_fail(cli, EXIT_USAGE, "usage", "shoal help backup",
                        "want one file: shoal backup %s FILE", what);
    const char *args[] = {flag, cli->argv[0]};
    return client_run_daemon(cli, args, 2);
}

int cmd_backup_create(struct cli *cli)
{
    return run(cli, "--backup", "create");
}

int cmd_backup_check(struct cli *cli)
{
    return run(cli, "--backup-check", "check");
}

int cmd_backup_restore(struct cli *cli)
{
    return run(cli, "--backup-restore", "restore");
}

int cmd_backup_phrase(struct cli *cli)
{
    static const char *const args[] = {"--show-phrase"};
    if (isatty(STDOUT_FILENO))
        fprintf(stderr, "whoever has these words is this node; write them on paper:\n");
    return client_run_daemon(cli, args, 1);
}
