#include "cli/commands.h"

#include "cli/faces.h"
#include "cli/help.h"
#include "cli/out.h"

#include <stdio.h>
#include <string.h>

static int cmd_help(struct cli *cli)
{
    return help_noun(cli, NULL); /* with a topic: shoal.c */
}

static int cmd_version(struct cli *cli)
{
    const char *version = json_string_value(json_object_get(cli->faces, "version"));
    if (!cli->json) {
        printf("shoal %s\n", version);
        return EXIT_OK;
    }
    json_t *v = json_pack("{s:s}", "version", version);
    out_json(v);
    json_decref(v);
    return EXIT_OK;
}

static int cmd_completion(struct cli *cli)
{
    const char *shell = cli->argc == 1 ? cli->argv[0] : "";
    const char *script = !strcmp(shell, "bash")   ? cli_completion_bash
                         : !strcmp(shell, "zsh")  ? cli_completion_zsh
                         : !strcmp(shell, "fish") ? cli_completion_fish
                                                  : NULL;
    if (!script)
        return cli_fail(cli, EXIT_USAGE, "usage", "shoal completion bash",
                        "completions are there for bash, zsh and fish, not for `%s`", shell);
    fputs(script, stdout);
    return EXIT_OK;
}

const struct command cli_commands[] = {
    {"init", cmd_init},
    {"up", cmd_up},
    {"down", cmd_down},
    {"status", cmd_status},
    {"id", cmd_id},
    {"paths", cmd_paths},
    {"open", cmd_open},
    {"doctor", cmd_doctor},
    {"share", cmd_file_add},
    {"get", cmd_file_get},
    {"file add", cmd_file_add},
    {"file send", cmd_file_send},
    {"file receive", cmd_file_receive},
    {"file get", cmd_file_get},
    {"policy why", cmd_policy_why},
    {"file show", cmd_file_show},
    {"file export", cmd_file_export},
    {"file stream", cmd_file_stream},
    {"net subscribe", cmd_net_subscribe},
    {"doc new", cmd_doc_new},
    {"doc cat", cmd_doc_cat},
    {"doc append", cmd_doc_append},
    {"doc edit", cmd_doc_edit},
    {"doc export", cmd_doc_export},
    {"doc restore", cmd_doc_restore},
    {"doc share", cmd_doc_share},
    {"doc join", cmd_doc_join},
    {"log", cmd_log},
    {"events", cmd_events},
    {"config edit", cmd_config_edit},
    {"backup create", cmd_backup_create},
    {"backup check", cmd_backup_check},
    {"backup restore", cmd_backup_restore},
    {"backup phrase", cmd_backup_phrase},
    {"completion", cmd_completion},
    {"help", cmd_help},
    {"version", cmd_version},
    {"--version", cmd_version},
    {NULL, NULL},
};
