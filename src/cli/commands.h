/* cli/commands.h - the commands written by hand: those that wait, watch or touch local files. */
#ifndef SHOAL_CLI_COMMANDS_H
#define SHOAL_CLI_COMMANDS_H

#include "cli/cli.h"

/* cmd_file.c: hash and wait, fetch and wait, write a .torrent. */
int cmd_file_add(struct cli *cli);
int cmd_file_get(struct cli *cli);
int cmd_policy_why(struct cli *cli);
int cmd_file_export(struct cli *cli);
int cmd_file_stream(struct cli *cli);

/* cmd_hand.c: from hand to hand, by a code. */
int cmd_file_send(struct cli *cli);
int cmd_file_receive(struct cli *cli);

/* cmd_show.c: one torrent for a person. */
int cmd_file_show(struct cli *cli);

/* cmd_node.c: the daemon itself. */
int cmd_init(struct cli *cli);
int cmd_up(struct cli *cli);
int cmd_down(struct cli *cli);
int cmd_status(struct cli *cli);
int cmd_id(struct cli *cli);
int cmd_paths(struct cli *cli);
int cmd_open(struct cli *cli);
int cmd_doctor(struct cli *cli);
int cmd_config_edit(struct cli *cli);

/* cmd_watch.c: the log, the event stream, and a topic. */
int cmd_log(struct cli *cli);
int cmd_events(struct cli *cli);
int cmd_net_subscribe(struct cli *cli);

/* cmd_doc.c: documents. */
int cmd_doc_new(struct cli *cli);
int cmd_doc_cat(struct cli *cli);
int cmd_doc_append(struct cli *cli);
int cmd_doc_edit(struct cli *cli);
int cmd_doc_export(struct cli *cli);
int cmd_doc_restore(struct cli *cli);
int cmd_doc_share(struct cli *cli);
int cmd_doc_join(struct cli *cli);

/* cmd_backup.c */
int cmd_backup_create(struct cli *cli);
int cmd_backup_check(struct cli *cli);
int cmd_backup_restore(struct cli *cli);
int cmd_backup_phrase(struct cli *cli);

#endif
